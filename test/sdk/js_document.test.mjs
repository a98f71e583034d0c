// The AWS SDK for JavaScript: the document client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
	DeleteCommand, DynamoDBDocumentClient, GetCommand, NumberValue, PutCommand, QueryCommand,
	ScanCommand, UpdateCommand, paginateQuery, paginateScan,
} from '@aws-sdk/lib-dynamodb';
import { client, createTable, fails, indexedBy, newClient } from './common.mjs';

const TableName = await createTable('document', indexedBy('status'));
const documents = DynamoDBDocumentClient.from(client, {
	marshallOptions: { removeUndefinedValues: true },
});

test('put and get: the types of JavaScript', async () => {
	const Item = {
		pk: 'types', sk: 1, text: 'ñ\0\u{1F600}', empty: '', float: -0.5, big: 2 ** 53 - 1,
		yes: true, nothing: null, list: [1, 'two', [null, { three: 3 }]],
		map: { a: { b: { c: false } } }, bytes: Uint8Array.of(0, 127, 255),
		strings: new Set(['a', 'b']), numbers: new Set([1, 2.5]),
		binaries: new Set([Uint8Array.of(1)]),
	};
	await documents.send(new PutCommand({ TableName, Item: { ...Item, missing: undefined } }));
	const { Item: got } = await documents.send(new GetCommand({ TableName, Key: { pk: 'types', sk: 1 } }));
	assert.deepEqual(got, Item);
	const { Item: part } = await documents.send(new GetCommand({
		TableName, Key: { pk: 'types', sk: 1 }, ProjectionExpression: '#l[2][1].three, #m.a',
		ExpressionAttributeNames: { '#l': 'list', '#m': 'map' },
	}));
	assert.deepEqual(part, { list: [[{ three: 3 }]], map: { a: { b: { c: false } } } });
});

test('numbers beyond doubles, by NumberValue and BigInt', async () => {
	// A client of its own, since the options stay with the client
	const exact = DynamoDBDocumentClient.from(newClient(), { unmarshallOptions: { wrapNumbers: true } });
	const Item = {
		pk: 'numbers', sk: 1, n: NumberValue.from('0.12345678901234567890123456789012345678'),
		i: 123456789012345678901234567890n,
	};
	await exact.send(new PutCommand({ TableName, Item }));
	const { Item: got } = await exact.send(new GetCommand({ TableName, Key: { pk: 'numbers', sk: 1 } }));
	assert.equal(got.n.toString(), '0.12345678901234567890123456789012345678');
	assert.equal(got.i.toString(), '123456789012345678901234567890');
});

test('update, and the item of a condition that failed', async () => {
	const Key = { pk: 'update', sk: 1 };
	let { Attributes } = await documents.send(new UpdateCommand({
		TableName, Key, ReturnValues: 'ALL_NEW',
		UpdateExpression: 'SET tags = :t, visits = if_not_exists(visits, :zero) + :one',
		ExpressionAttributeValues: { ':t': new Set(['x']), ':zero': 0, ':one': 1 },
	}));
	assert.deepEqual(Attributes, { ...Key, tags: new Set(['x']), visits: 1 });
	const error = await fails(documents.send(new UpdateCommand({
		TableName, Key, UpdateExpression: 'SET visits = visits + :one',
		ConditionExpression: 'visits > :five',
		ExpressionAttributeValues: { ':one': 1, ':five': 5 },
		ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
	})), ConditionalCheckFailedException, 'The conditional request failed');
	assert.deepEqual(error.Item.visits, { N: '1' });
	({ Attributes } = await documents.send(new DeleteCommand({ TableName, Key, ReturnValues: 'ALL_OLD' })));
	assert.equal(Attributes.visits, 1);
});

test('query and scan with paginators', async () => {
	for (let sk = 0; sk < 25; sk++) {
		await documents.send(new PutCommand({
			TableName, Item: { pk: 'pages', sk, status: sk % 2 ? 'open' : 'done', nested: { sk } },
		}));
	}
	const collect = async (pages) => {
		const found = [];
		for await (const page of pages)
			found.push(...page.Items);
		return found;
	};
	let found = await collect(paginateQuery({ client: documents, pageSize: 4 }, {
		TableName, KeyConditionExpression: 'pk = :p', ScanIndexForward: false,
		FilterExpression: 'nested.sk >= :ten', ExpressionAttributeValues: { ':p': 'pages', ':ten': 10 },
	}));
	assert.deepEqual(found.map((i) => i.sk), Array.from({ length: 15 }, (_, i) => 24 - i));
	found = await collect(paginateQuery({ client: documents, pageSize: 5 }, {
		TableName, IndexName: 'by-status', KeyConditionExpression: '#s = :s',
		ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues: { ':s': 'open' },
	}));
	assert.deepEqual(found.map((i) => i.sk), Array.from({ length: 12 }, (_, i) => 2 * i + 1));
	found = await collect(paginateScan({ client: documents, pageSize: 6 },
		{ TableName, IndexName: 'by-status' }));
	assert.equal(found.length, 25);
	const { Count } = await documents.send(new ScanCommand({ TableName, Select: 'COUNT', IndexName: 'by-status' }));
	assert.equal(Count, 25);
	const { Items, LastEvaluatedKey } = await documents.send(new QueryCommand({
		TableName, KeyConditionExpression: 'pk = :p AND sk < :sk', Limit: 1,
		ExpressionAttributeValues: { ':p': 'pages', ':sk': 3 },
	}));
	assert.deepEqual(LastEvaluatedKey, { pk: 'pages', sk: 0 });
	assert.deepEqual(Items[0].nested, { sk: 0 });
});
