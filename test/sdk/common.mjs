// common.mjs: what the tests in JavaScript share.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import {
	CreateTableCommand, DeleteTableCommand, DynamoDBClient, waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';

export const endpoint = process.env.DYNAMO_ENDPOINT;
export const region = process.env.AWS_REGION;
export const authenticated = Boolean(process.env.DYNAMO_AUTH);
export const credentials = {
	accessKeyId: process.env.AWS_ACCESS_KEY_ID,
	secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
};
export const readerCredentials = {
	accessKeyId: process.env.READER_ACCESS_KEY_ID,
	secretAccessKey: process.env.READER_SECRET_ACCESS_KEY,
};

const clients = [];
const tables = [];

// A client that is closed when the tests of the file have ended
export function newClient(options = {}) {
	const client = new DynamoDBClient({ endpoint, region, credentials, ...options });
	clients.push(client);
	return client;
}

export const client = newClient();

// A name for a table, which is deleted when the tests of the file have ended
export function tableName(name) {
	const full = `js-${process.pid}-${name}`;
	tables.push(full);
	return full;
}

// The request that creates a table with keys pk (S) and sk (N)
export function tableRequest(TableName, more = {}) {
	const { definitions = [], ...rest } = more;
	return {
		TableName,
		AttributeDefinitions: [
			{ AttributeName: 'pk', AttributeType: 'S' },
			{ AttributeName: 'sk', AttributeType: 'N' },
			...definitions,
		],
		KeySchema: [
			{ AttributeName: 'pk', KeyType: 'HASH' },
			{ AttributeName: 'sk', KeyType: 'RANGE' },
		],
		BillingMode: 'PAY_PER_REQUEST',
		...rest,
	};
}

// What makes it a table with a global index on a string and the sort key
export function indexedBy(attribute) {
	return {
		definitions: [{ AttributeName: attribute, AttributeType: 'S' }],
		GlobalSecondaryIndexes: [{
			IndexName: `by-${attribute}`,
			KeySchema: [
				{ AttributeName: attribute, KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' },
			],
			Projection: { ProjectionType: 'ALL' },
		}],
	};
}

// Create such a table and wait until it is active; returns its name.
export async function createTable(name, more) {
	const TableName = tableName(name);
	await client.send(new CreateTableCommand(tableRequest(TableName, more)));
	await waitFor(waitUntilTableExists, TableName);
	return TableName;
}

// Run one of the SDK's waiters, without its long pauses
export async function waitFor(waiter, TableName) {
	const result = await waiter({ client, minDelay: 0.2, maxDelay: 1, maxWaitTime: 60 },
		{ TableName });
	assert.equal(result.state, 'SUCCESS');
	return result;
}

// The text of an error, or a pattern of it
function hasText(error, message) {
	if (message instanceof RegExp)
		assert.match(error.message, message);
	else
		assert.equal(error.message, message);
}

// The error that the promise must fail with
async function rejection(promise) {
	let error;
	await assert.rejects(promise, (e) => {
		error = e;
		return true;
	});
	return error;
}

// The promise must fail with an error of this class and text; returns it.
export async function fails(promise, Class, message) {
	const error = await rejection(promise);
	assert.ok(error instanceof Class, `${error.name}: ${error.message} is no ${Class.name}`);
	hasText(error, message);
	assert.equal(error.$metadata.httpStatusCode, 400);
	assert.match(error.$metadata.requestId, /^[A-Z0-9]{52}$/);
	return error;
}

// The same for errors that the SDK has no class for
export async function failsWith(promise, name, message) {
	const error = await rejection(promise);
	assert.equal(error.name, name, error.message);
	hasText(error, message);
	assert.equal(error.$metadata.httpStatusCode, 400);
	return error;
}

after(async () => {
	for (const TableName of tables) {
		try {
			await client.send(new DeleteTableCommand({ TableName }));
		} catch (error) {
			if (error.name !== 'ResourceNotFoundException')
				throw error;
		}
	}
	for (const each of clients)
		each.destroy();
});
