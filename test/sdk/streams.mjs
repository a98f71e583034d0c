// streams.mjs: what the tests of streams share.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import {
	DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { client, createTable, credentials, endpoint, region } from './common.mjs';

// A client of streams that is closed when the tests of the file have ended
export function newStreamsClient(options = {}) {
	const streams = new DynamoDBStreamsClient({ endpoint, region, credentials, ...options });
	after(() => streams.destroy());
	return streams;
}

export const streams = newStreamsClient();

export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// What a request has to say for a table to get a stream
export const enabled = (StreamViewType) =>
	({ StreamSpecification: { StreamEnabled: true, StreamViewType } });

export const describeTable = async (TableName) =>
	(await client.send(new DescribeTableCommand({ TableName }))).Table;

export const describe = async (StreamArn, more = {}) =>
	(await streams.send(new DescribeStreamCommand({ StreamArn, ...more }))).StreamDescription;

export async function waitForStatus(StreamArn, status) {
	for (let i = 0; i < 300; i++) {
		if ((await describe(StreamArn)).StreamStatus === status)
			return;
		await sleep(50);
	}
	assert.fail(`the stream did not get ${status}`);
}

// Create a table with a stream and wait until the stream is ready.
export async function createStreamTable(name, viewType) {
	const TableName = await createTable(name, enabled(viewType));
	const { LatestStreamArn } = await describeTable(TableName);
	await waitForStatus(LatestStreamArn, 'ENABLED');
	return { TableName, StreamArn: LatestStreamArn };
}

// All shards of a stream, which are asked for page by page
export async function allShards(StreamArn) {
	const shards = [];
	let ExclusiveStartShardId;

	do {
		const page = await describe(StreamArn, { Limit: 3, ExclusiveStartShardId });
		shards.push(...page.Shards);
		ExclusiveStartShardId = page.LastEvaluatedShardId;
	} while (ExclusiveStartShardId);
	return shards;
}

export async function shardIterator(StreamArn, ShardId, ShardIteratorType, more = {}) {
	return (await streams.send(new GetShardIteratorCommand({
		StreamArn, ShardId, ShardIteratorType, ...more,
	}))).ShardIterator;
}

// A page of records: Records and, unless the shard is closed and at its end,
// NextShardIterator
export const getRecords = (ShardIterator, more = {}) =>
	streams.send(new GetRecordsCommand({ ShardIterator, ...more }));
