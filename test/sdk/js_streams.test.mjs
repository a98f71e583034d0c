// The AWS SDK for JavaScript: a consumer that follows all shards of a stream and
// keeps a copy of the table, while it is written to.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
	BatchWriteItemCommand, DeleteItemCommand, DescribeTableCommand, PutItemCommand,
	ScanCommand, TransactWriteItemsCommand, UpdateItemCommand, UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
	DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand,
	ListStreamsCommand, ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb-streams';
import {
	authenticated, client, createTable, credentials, endpoint, fails, failsWith, newClient,
	readerCredentials, region,
} from './common.mjs';

const streams = new DynamoDBStreamsClient({ endpoint, region, credentials });
after(() => streams.destroy());

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const enabled = (StreamViewType) => ({ StreamSpecification: { StreamEnabled: true, StreamViewType } });
const key = (pk, sk = 1) => ({ pk: { S: pk }, sk: { N: String(sk) } });
const describeTable = async (TableName) =>
	(await client.send(new DescribeTableCommand({ TableName }))).Table;
const describe = async (StreamArn, more = {}) =>
	(await streams.send(new DescribeStreamCommand({ StreamArn, ...more }))).StreamDescription;

async function waitForStatus(StreamArn, status) {
	for (let i = 0; i < 300; i++) {
		if ((await describe(StreamArn)).StreamStatus === status)
			return;
		await sleep(50);
	}
	assert.fail(`the stream did not get ${status}`);
}

// A table with a stream that is ready
async function createStreamTable(name, viewType) {
	const TableName = await createTable(name, enabled(viewType));
	const { LatestStreamArn } = await describeTable(TableName);
	await waitForStatus(LatestStreamArn, 'ENABLED');
	return { TableName, StreamArn: LatestStreamArn };
}

async function shardIterator(StreamArn, ShardId, ShardIteratorType, more = {}) {
	return (await streams.send(new GetShardIteratorCommand({
		StreamArn, ShardId, ShardIteratorType, ...more,
	}))).ShardIterator;
}

// Hand the records of all shards to a function until it returns true.
async function follow(StreamArn, onRecord, Limit = 100) {
	const { Shards } = await describe(StreamArn);
	const iterators = await Promise.all(
		Shards.map((shard) => shardIterator(StreamArn, shard.ShardId, 'TRIM_HORIZON')));
	const end = Date.now() + 60000;

	while (Date.now() < end && iterators.some(Boolean)) {
		let count = 0;
		for (let i = 0; i < iterators.length; i++) {
			if (!iterators[i])
				continue;
			const page = await streams.send(new GetRecordsCommand({ ShardIterator: iterators[i], Limit }));
			iterators[i] = page.NextShardIterator;
			count += page.Records.length;
			for (const record of page.Records)
				onRecord(record);
		}
		if (count === 0)
			await sleep(20);
	}
	assert.ok(!iterators.some(Boolean), 'the shards have been read to their ends');
}

test('a consumer keeps a copy', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-copy', 'NEW_AND_OLD_IMAGES');
	const copy = new Map();
	const sequences = new Set();
	const name = ({ pk, sk }) => `${pk.S}/${sk.N}`;

	const following = follow(StreamArn, (record) => {
		const change = record.dynamodb;
		const id = name(change.Keys);
		assert.ok(!sequences.has(change.SequenceNumber));
		sequences.add(change.SequenceNumber);
		assert.equal(record.eventName,
			change.NewImage ? change.OldImage ? 'MODIFY' : 'INSERT' : 'REMOVE');
		assert.deepEqual(copy.get(id), change.OldImage);
		assert.ok(change.ApproximateCreationDateTime instanceof Date);
		if (change.NewImage)
			copy.set(id, change.NewImage);
		else
			copy.delete(id);
	});

	const work = async (writer) => {
		for (let i = 0; i < 60; i++) {
			const Key = key(`${writer}-${i % 7}`, i % 3);
			switch ((i + writer) % 5) {
				case 0:
					await client.send(new PutItemCommand({
						TableName,
						Item: { ...Key, b: { B: Buffer.from([i, 0, 255]) }, l: { L: [{ NULL: true }, { S: 'z\u0000' }] } },
					}));
					break;
				case 1:
					await client.send(new UpdateItemCommand({
						TableName, Key, UpdateExpression: 'ADD n :one',
						ExpressionAttributeValues: { ':one': { N: '1' } },
					}));
					break;
				case 2:
					await client.send(new DeleteItemCommand({ TableName, Key }));
					break;
				case 3:
					await client.send(new BatchWriteItemCommand({
						RequestItems: {
							[TableName]: [{ PutRequest: { Item: { ...Key, v: { N: String(i) } } } },
								{ DeleteRequest: { Key: key(`${writer}-${(i + 1) % 7}`, i % 3) } }],
						},
					}));
					break;
				default:
					await client.send(new TransactWriteItemsCommand({
						TransactItems: [{ Put: { TableName, Item: { ...Key, t: { BOOL: true } } } },
							{ Put: { TableName, Item: { ...key(`${writer}-t`, i), t: { SS: ['a', 'b'] } } } }],
					}));
			}
		}
	};
	await Promise.all([0, 1, 2, 3].map(work));
	await client.send(new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } }));
	await following;

	const { Items } = await client.send(new ScanCommand({ TableName, ConsistentRead: true }));
	assert.deepEqual(copy, new Map(Items.map((item) => [name(item), item])));
	assert.ok(sequences.size > 150);
	assert.equal((await describe(StreamArn)).StreamStatus, 'DISABLED');
});

test('descriptions and lists', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-described', 'KEYS_ONLY');
	const table = await describeTable(TableName);
	const description = await describe(StreamArn);

	assert.deepEqual(table.StreamSpecification, { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' });
	assert.equal(StreamArn, `${table.TableArn}/stream/${table.LatestStreamLabel}`);
	assert.equal(description.StreamViewType, 'KEYS_ONLY');
	assert.deepEqual(description.KeySchema, table.KeySchema);
	assert.equal(description.Shards.length, 1);
	assert.ok(description.CreationRequestDateTime instanceof Date);
	assert.deepEqual((await streams.send(new ListStreamsCommand({ TableName }))).Streams,
		[{ StreamArn, TableName, StreamLabel: table.LatestStreamLabel }]);
	assert.deepEqual((await describe(StreamArn,
		{ ShardFilter: { Type: 'CHILD_SHARDS', ShardId: description.Shards[0].ShardId } })).Shards, []);

	await client.send(new PutItemCommand({ TableName, Item: { ...key('a'), v: { S: 'x' } } }));
	const iterator = await shardIterator(StreamArn, description.Shards[0].ShardId, 'TRIM_HORIZON');
	let records = [];
	for (let i = 0; i < 200 && records.length === 0; i++) {
		records = (await streams.send(new GetRecordsCommand({ ShardIterator: iterator }))).Records;
		await sleep(10);
	}
	assert.deepEqual(records.map((r) => [r.eventName, r.dynamodb.Keys, r.dynamodb.NewImage]),
		[['INSERT', key('a'), undefined]]);
	const from = records[0].dynamodb.SequenceNumber;
	for (const [type, count] of [['AT_SEQUENCE_NUMBER', 1], ['AFTER_SEQUENCE_NUMBER', 0]]) {
		const page = await streams.send(new GetRecordsCommand({
			ShardIterator: await shardIterator(StreamArn, description.Shards[0].ShardId, type, { SequenceNumber: from }),
		}));
		assert.equal(page.Records.length, count);
	}
});

test('errors', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-errors', 'NEW_IMAGE');

	await failsWith(client.send(new UpdateTableCommand({ TableName, ...enabled('NEW_IMAGE') })),
		'ValidationException', `Table already has an enabled stream: TableName: ${TableName}`);
	await fails(describe(`${StreamArn.slice(0, -1)}x`), ResourceNotFoundException,
		`Requested resource not found: Stream: ${StreamArn.slice(0, -1)}x not found`);
	await failsWith(streams.send(new GetRecordsCommand({ ShardIterator: 'nonsense' })),
		'ValidationException', 'Invalid ShardIterator');
});

test('who may read the table may read its stream', { skip: !authenticated }, async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-read', 'NEW_IMAGE');
	const reader = new DynamoDBStreamsClient({ endpoint, region, credentials: readerCredentials });
	after(() => reader.destroy());
	const { StreamDescription } = await reader.send(new DescribeStreamCommand({ StreamArn }));

	assert.equal(StreamDescription.TableName, TableName);
	await failsWith(newClient({ credentials: readerCredentials }).send(
		new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })),
	'AccessDeniedException', /is not authorized to perform: dynamodb:UpdateTable/);
});
