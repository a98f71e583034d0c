// The AWS SDK for JavaScript: its client of streams.  js_stream_consumer.test.mjs
// has the consumers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import {
	DescribeStreamCommand, ListStreamsCommand, ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb-streams';
import {
	authenticated, client, fails, failsWith, newClient, readerCredentials,
} from './common.mjs';
import {
	allShards, createStreamTable, describe, describeTable, enabled, getRecords,
	newStreamsClient, shardIterator, sleep, streams,
} from './streams.mjs';

const key = (pk, sk = 1) => ({ pk: { S: pk }, sk: { N: String(sk) } });

test('descriptions and lists', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-described', 'KEYS_ONLY');
	const table = await describeTable(TableName);
	const description = await describe(StreamArn);

	assert.deepEqual(table.StreamSpecification, { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' });
	assert.equal(StreamArn, `${table.TableArn}/stream/${table.LatestStreamLabel}`);
	assert.equal(description.StreamViewType, 'KEYS_ONLY');
	assert.deepEqual(description.KeySchema, table.KeySchema);
	assert.deepEqual(await allShards(StreamArn), description.Shards);
	assert.ok(description.CreationRequestDateTime instanceof Date);
	assert.deepEqual((await streams.send(new ListStreamsCommand({ TableName }))).Streams,
		[{ StreamArn, TableName, StreamLabel: table.LatestStreamLabel }]);
	assert.deepEqual((await describe(StreamArn,
		{ ShardFilter: { Type: 'CHILD_SHARDS', ShardId: description.Shards[0].ShardId } })).Shards, []);

	await client.send(new PutItemCommand({ TableName, Item: { ...key('a'), v: { S: 'x' } } }));
	const iterators = await Promise.all(description.Shards.map(
		({ ShardId }) => shardIterator(StreamArn, ShardId, 'TRIM_HORIZON')));
	let pages = [];
	for (let i = 0; i < 200 && !pages.some((page) => page.Records.length > 0); i++) {
		pages = await Promise.all(iterators.map((iterator) => getRecords(iterator)));
		await sleep(10);
	}
	const records = pages.flatMap((page) => page.Records);
	assert.deepEqual(records.map((r) => [r.eventName, r.dynamodb.Keys, r.dynamodb.NewImage]),
		[['INSERT', key('a'), undefined]]);
	const { ShardId } = description.Shards[pages.findIndex((page) => page.Records.length > 0)];
	const { SequenceNumber } = records[0].dynamodb;
	for (const [type, count] of [['AT_SEQUENCE_NUMBER', 1], ['AFTER_SEQUENCE_NUMBER', 0]]) {
		const page = await getRecords(
			await shardIterator(StreamArn, ShardId, type, { SequenceNumber }));
		assert.equal(page.Records.length, count);
	}
});

test('errors', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-errors', 'NEW_IMAGE');

	await failsWith(client.send(new UpdateTableCommand({ TableName, ...enabled('NEW_IMAGE') })),
		'ValidationException', `Table already has an enabled stream: TableName: ${TableName}`);
	await fails(describe(`${StreamArn.slice(0, -1)}x`), ResourceNotFoundException,
		`Requested resource not found: Stream: ${StreamArn.slice(0, -1)}x not found`);
	await failsWith(getRecords('nonsense'),
		'ValidationException', 'Invalid ShardIterator');
});

test('who may read the table may read its stream', { skip: !authenticated }, async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-read', 'NEW_IMAGE');
	const reader = newStreamsClient({ credentials: readerCredentials });
	const { StreamDescription } = await reader.send(new DescribeStreamCommand({ StreamArn }));

	assert.equal(StreamDescription.TableName, TableName);
	await failsWith(newClient({ credentials: readerCredentials }).send(
		new UpdateTableCommand({ TableName, StreamSpecification: { StreamEnabled: false } })),
	'AccessDeniedException', /is not authorized to perform: dynamodb:UpdateTable/);
});
