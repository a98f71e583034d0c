// The AWS SDK for JavaScript: consumers that follow all shards of a stream while
// its table is written to by several clients.  Each keeps a copy of the table,
// which has to be the table in the end.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { test } from 'node:test';
import {
	BatchWriteItemCommand, DeleteItemCommand, PutItemCommand, ScanCommand,
	TransactWriteItemsCommand, UpdateItemCommand, UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { authenticated, client, newClient, region } from './common.mjs';
import {
	allShards, createStreamTable, describe, getRecords, shardIterator, sleep, waitForStatus,
} from './streams.mjs';

const WRITERS = 6;
const WORK_MS = 4000;			// how long they write,
const ENOUGH = 500;				// and how much at least
const LATEST_MS = 2000;			// after which the consumer from LATEST comes
const END_MS = 60000;			// by when everything must have been read
const PARTITIONS = 24;
const SORT_KEYS = 4;
const CHECKPOINT = 100;			// records between two checkpoints
const LOST = 25;				// records after the last one that a crash makes come again

const nameOf = ({ pk, sk }) => `${pk.S}/${sk.N}`;
const keyOf = ({ pk, sk }) => ({ pk, sk });
const mapOf = (items) => new Map(items.map((item) => [nameOf(item), item]));

/* ---- the consumers ---- */

// A consumer of all shards.  What it knows is its state: `copy`, the items by
// name, and `log`, the sequence numbers that it has had of each shard, the last
// of which is the checkpoint.
class Consumer {
	constructor(StreamArn, state = { copy: new Map(), log: new Map() }) {
		this.StreamArn = StreamArn;
		this.copy = new Map(state.copy);
		this.log = new Map([...state.log].map(([shard, numbers]) => [shard, [...numbers]]));
		this.sequences = new Set([...this.log.values()].flat());
		this.events = new Set();
		this.homes = new Map();		// the shard of each partition key
		this.written = [];			// `w` of new images
		this.replaced = [];			// `w` of old images
		this.touched = new Set();
		this.count = 0;
		this.since = Date.now();
		this.fromLatest = false;
	}

	get state() {
		return new Consumer(this.StreamArn, this);
	}

	// Check a record and apply it to the copy.
	apply(shard, record) {
		const change = record.dynamodb;
		const { Keys, NewImage, OldImage, SequenceNumber } = change;
		const name = nameOf(Keys);
		const numbers = this.log.get(shard) ?? [];
		const where = `${name} at ${SequenceNumber}`;

		assert.ok(!this.sequences.has(SequenceNumber), `${where} comes twice`);
		assert.ok(!this.events.has(record.eventID), `${where}: its eventID comes twice`);
		if (numbers.length > 0)
			assert.ok(BigInt(SequenceNumber) > BigInt(numbers.at(-1)), `${where} is out of order`);
		assert.equal(this.homes.get(Keys.pk.S) ?? shard, shard, `${where} is in another shard`);

		// A consumer from LATEST does not know what was there before
		if (this.fromLatest && !this.touched.has(name)) {
			if (OldImage)
				this.copy.set(name, OldImage);
		}
		const old = this.copy.get(name);
		assert.deepEqual(OldImage, old, `the old image of ${where}`);
		assert.equal(record.eventName, old ? NewImage ? 'MODIFY' : 'REMOVE' : 'INSERT', where);
		assert.ok(!isDeepStrictEqual(OldImage, NewImage), `${where} changes nothing`);
		for (const image of [OldImage, NewImage])
			assert.deepEqual(image ? keyOf(image) : Keys, Keys);
		assert.deepEqual([record.eventSource, record.eventVersion, record.awsRegion,
			change.StreamViewType, record.userIdentity],
		['aws:dynamodb', '1.1', region, 'NEW_AND_OLD_IMAGES', undefined]);
		assert.ok(change.SizeBytes > 0);
		assert.ok(change.ApproximateCreationDateTime <= Date.now());

		this.sequences.add(SequenceNumber);
		this.events.add(record.eventID);
		this.log.set(shard, numbers);
		numbers.push(SequenceNumber);
		this.homes.set(Keys.pk.S, shard);
		this.touched.add(name);
		this.count++;
		if (OldImage)
			this.replaced.push(OldImage.w.S);
		if (NewImage) {
			this.written.push(NewImage.w.S);
			this.copy.set(name, NewImage);
		} else
			this.copy.delete(name);
	}

	// Follow the shards to their ends, side by side, each from its iterator,
	// unless `stop` returns true after a record; returns whether it did not.
	async follow(iterators, { Limit, stop = () => false } = {}) {
		const end = this.since + END_MS;
		let stopped = false;

		await Promise.all([...iterators].map(async ([shard, first]) => {
			for (let iterator = first; iterator && !stopped;) {
				assert.ok(Date.now() < end, `${shard} has not come to its end`);
				const page = await getRecords(iterator, { Limit });
				assert.ok(page.Records.length <= (Limit ?? 1000));
				for (const record of page.Records) {
					if (stopped)
						return;
					this.apply(shard, record);
					stopped = stop();
				}
				iterator = page.NextShardIterator;
				if (page.Records.length === 0)
					await sleep(100);
			}
		}));
		return !stopped;
	}

	// An iterator for each shard: after the last record that is known of it,
	// or at the beginning
	async iterators() {
		return new Map(await Promise.all(shards.map(async ({ ShardId }) => {
			const SequenceNumber = this.log.get(ShardId)?.at(-1);
			return [ShardId, SequenceNumber ?
				await shardIterator(this.StreamArn, ShardId, 'AFTER_SEQUENCE_NUMBER', { SequenceNumber }) :
				await shardIterator(this.StreamArn, ShardId, 'TRIM_HORIZON')];
		})));
	}
}

async function consumeAll(StreamArn) {
	const consumer = new Consumer(StreamArn);
	await consumer.follow(await consumer.iterators());
	return consumer;
}

// One that comes halfway; returned with its iterators.  In each shard it has to
// miss what was written before and to see what is written after they were made.
async function comeHalfway(TableName, StreamArn) {
	const mark = (when) => Promise.all(Array.from({ length: PARTITIONS }, (_, i) =>
		client.send(new PutItemCommand({
			TableName,
			Item: { pk: { S: `mark-${when}-${i}` }, sk: { N: '0' }, w: { S: `${when}:${i}` } },
		}))));
	const consumer = new Consumer(StreamArn);

	await sleep(LATEST_MS);
	await mark('before');
	const iterators = new Map(await Promise.all(shards.map(async ({ ShardId }) =>
		[ShardId, await shardIterator(StreamArn, ShardId, 'LATEST')])));
	await mark('after');
	consumer.fromLatest = true;
	return { consumer, iterators };
}

// One that crashes now and then, in the midst of pages, and begins again with
// what it has saved some records earlier
async function consumeWithCrashes(StreamArn) {
	let saved = new Consumer(StreamArn);

	for (let crashes = 0; ; crashes++) {
		const consumer = saved.state;
		const ended = await consumer.follow(await consumer.iterators(), {
			Limit: 64,
			stop: () => {
				if (consumer.count === CHECKPOINT)
					saved = consumer.state;
				return consumer.count === CHECKPOINT + LOST;
			},
		});
		if (ended)
			return { consumer, crashes };
	}
}

/* ---- the writers ---- */

// Numbers in [0, below) that are the same in each run
function randomNumbers(seed) {
	let state = seed * 0x9E3779B9;

	return (below) => {
		state = (state + 0x6D2B79F5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

// What the writers know of their writes.  Each image gets a `w` of its own: of
// writes that succeeded (`done`), failed (`refused`), and of items that were
// replaced or deleted, where the response has told so (`replaced`).
const done = [];
const refused = [];
const replaced = [];
const kinds = {};

// Write to items that other writers write to as well, until `end` or until there
// is enough.
async function write(TableName, writer, end) {
	const connection = newClient({ maxAttempts: 1 });
	const random = randomNumbers(writer + 1);
	let serial = 0;
	let ids = [];

	const id = () => {
		ids.push(`${writer}:${serial++}`);
		return { S: ids.at(-1) };
	};
	const key = () => ({
		pk: { S: `p${random(PARTITIONS)}` }, sk: { N: String(random(SORT_KEYS)) },
	});
	const distinctKeys = (count) => [...mapOf(Array.from({ length: count }, key)).values()];
	const item = (Key) => {
		const all = { ...Key, w: id(), n: { N: String(random(1000)) } };
		switch (random(12)) {
			case 0: return { ...all, long: { S: 'ü'.repeat(20000 + random(10000)) } };
			case 1: return { ...all, b: { B: Buffer.from([random(256), 0, 255]) } };
			case 2: return { ...all, l: { L: [{ NULL: true }, { S: 'z\u0000"\\' }, { M: {} }] } };
			case 3: return { ...all, m: { M: { x: { BOOL: random(2) === 0 }, 'x "y': { L: [] } } } };
			case 4: return { ...all, big: { N: `-1.${random(1e9)}1E-100` }, e: { S: '' } };
			case 5: return { ...all, tags: { SS: ['b', 'a'] }, bytes: { BS: [Buffer.from('x')] } };
			default: return all;
		}
	};
	const update = (Key) => {
		const [UpdateExpression, values] = [
			['SET w = :w ADD n :one', { ':one': { N: '1' } }],
			['SET w = :w REMOVE b, l, big', {}],
			['SET w = :w ADD tags :tags', { ':tags': { SS: [`t${random(9)}`] } }],
		][random(3)];
		return { TableName, Key, UpdateExpression, ExpressionAttributeValues: { ...values, ':w': id() } };
	};

	// Each returns the item that it has replaced, if the response has it.
	const works = {
		put: async () => {
			const { Attributes } = await connection.send(new PutItemCommand({
				TableName, Item: item(key()), ReturnValues: 'ALL_OLD',
			}));
			return Attributes;
		},
		putNew: async () => {
			await connection.send(new PutItemCommand({
				TableName, Item: item(key()), ConditionExpression: 'attribute_not_exists(pk)',
			}));
		},
		update: async () => {
			const { Attributes } = await connection.send(new UpdateItemCommand({
				...update(key()), ReturnValues: 'ALL_OLD',
			}));
			return Attributes;
		},
		// leaves the item as it is
		nothing: async () => {
			await connection.send(new UpdateItemCommand({
				TableName, Key: key(), UpdateExpression: 'SET w = w',
				ConditionExpression: 'attribute_exists(pk)',
			}));
		},
		delete: async () => {
			const { Attributes } = await connection.send(new DeleteItemCommand({
				TableName, Key: key(), ReturnValues: 'ALL_OLD',
			}));
			return Attributes;
		},
		batch: async () => {
			let RequestItems = {
				[TableName]: distinctKeys(10).map((Key) =>
					(random(3) === 0 ? { DeleteRequest: { Key } } : { PutRequest: { Item: item(Key) } })),
			};
			while (Object.keys(RequestItems).length > 0) {
				const { UnprocessedItems } = await connection.send(new BatchWriteItemCommand({ RequestItems }));
				RequestItems = UnprocessedItems;
			}
		},
		transaction: async () => {
			const [one, two, three, four] = distinctKeys(12);
			const check = {
				TableName, Key: four, ConditionExpression: 'attribute_not_exists(pk)',
			};
			await connection.send(new TransactWriteItemsCommand({
				TransactItems: [
					{ Put: { TableName, Item: item(one) } },
					{ Update: update(two) },
					{ Delete: { TableName, Key: three } },
					...random(3) === 0 ? [{ ConditionCheck: check }] : [],
				],
			}));
		},
	};
	const names = ['put', 'put', 'putNew', 'update', 'update', 'nothing', 'delete', 'delete',
		'batch', 'transaction', 'transaction'];

	while (Date.now() < end || (done.length < ENOUGH && Date.now() < end + END_MS)) {
		const kind = names[random(names.length)];
		const count = kinds[kind] ??= { done: 0, refused: 0 };
		ids = [];
		try {
			const old = await works[kind]();
			done.push(...ids);
			if (old)
				replaced.push(old.w.S);
			count.done++;
		} catch (error) {
			if (!['ConditionalCheckFailedException', 'TransactionCanceledException',
				'TransactionConflictException'].includes(error.name) || kind === 'batch')
				throw error;
			refused.push(...ids);
			count.refused++;
		}
	}
}

// The whole table, as of now
async function scan(TableName) {
	const items = [];
	let ExclusiveStartKey;

	do {
		const page = await client.send(new ScanCommand({
			TableName, ConsistentRead: true, ExclusiveStartKey,
		}));
		items.push(...page.Items);
		ExclusiveStartKey = page.LastEvaluatedKey;
	} while (ExclusiveStartKey);
	return mapOf(items);
}

/* ---- the tests ---- */

let shards;
let streamArn;
let table;
let all;
let latest;
let restarted;

test('writers, and consumers to the end of the stream', async () => {
	const { TableName, StreamArn } = await createStreamTable('stream-consumers', 'NEW_AND_OLD_IMAGES');
	streamArn = StreamArn;
	shards = await allShards(StreamArn);
	if (authenticated)
		assert.ok(shards.length > 1, 'the stream has several shards');
	for (const shard of shards)
		assert.equal(shard.SequenceNumberRange.EndingSequenceNumber, undefined);

	const end = Date.now() + WORK_MS;
	const writers = Array.from({ length: WRITERS }, (_, i) => write(TableName, i, end));
	const halfway = comeHalfway(TableName, StreamArn);
	[all, restarted, latest] = await Promise.all([
		consumeAll(StreamArn),
		consumeWithCrashes(StreamArn),
		halfway.then(async ({ consumer, iterators }) => {
			await consumer.follow(iterators);
			return consumer;
		}),
		Promise.all([...writers, halfway]).then(() => client.send(new UpdateTableCommand({
			TableName, StreamSpecification: { StreamEnabled: false },
		}))),
	]);
	table = await scan(TableName);

	// that the tests below are about something
	for (const kind of ['put', 'update', 'delete', 'batch', 'transaction'])
		assert.ok(kinds[kind]?.done > 0, `there were writes of the kind ${kind}`);
	for (const kind of ['putNew', 'transaction'])
		assert.ok(kinds[kind]?.refused > 0, `some of ${kind} were refused`);
	assert.ok(table.size > PARTITIONS);
});

test('a consumer from TRIM_HORIZON has the table', () => {
	assert.deepEqual(all.copy, table);
	assert.deepEqual([...all.log.keys()].sort(), shards.map((shard) => shard.ShardId).sort());
});

test('each write that succeeded is in one record, and no other', () => {
	const marks = ['before', 'after'].flatMap((when) =>
		Array.from({ length: PARTITIONS }, (_, i) => `${when}:${i}`));
	const written = new Set(all.written);
	const gone = new Set(all.replaced);

	assert.equal(written.size, all.written.length);
	assert.equal(gone.size, all.replaced.length);
	assert.deepEqual([...written].sort(), [...done, ...marks].sort());
	assert.deepEqual(refused.filter((w) => written.has(w)), []);
	assert.deepEqual(replaced.filter((w) => !gone.has(w)), []);
	assert.equal(new Set(replaced).size, replaced.length);
});

test('a consumer from LATEST has what came after', () => {
	const writtenTo = (when) => latest.written.filter((w) => w.startsWith(`${when}:`)).length;

	assert.equal(writtenTo('before'), 0);
	assert.equal(writtenTo('after'), PARTITIONS);
	assert.ok(latest.count <= all.count - PARTITIONS);
	for (const { ShardId } of shards) {
		const numbers = latest.log.get(ShardId) ?? [];
		assert.deepEqual(numbers, all.log.get(ShardId).slice(-numbers.length || Infinity));
	}
	for (const name of latest.touched)
		assert.deepEqual(latest.copy.get(name), table.get(name));
});

test('a consumer that was restarted has had every record', () => {
	const { consumer, crashes } = restarted;

	assert.ok(crashes >= 2, `${crashes} crashes`);
	assert.deepEqual(consumer.copy, table);
	assert.deepEqual(new Map([...consumer.log].sort()), new Map([...all.log].sort()));
});

test('shards are closed with the stream', async () => {
	await waitForStatus(streamArn, 'DISABLED');
	const closed = await allShards(streamArn);

	assert.deepEqual(closed.map((shard) => shard.ShardId), shards.map((shard) => shard.ShardId));
	for (const { ShardId, SequenceNumberRange: range } of closed) {
		const numbers = all.log.get(ShardId);
		const from = (type, SequenceNumber) =>
			shardIterator(streamArn, ShardId, type, { SequenceNumber });

		assert.ok(BigInt(range.StartingSequenceNumber) <= BigInt(numbers[0]));
		assert.ok(BigInt(range.EndingSequenceNumber) >= BigInt(numbers.at(-1)));

		// what is kept can be read again, from any record
		const middle = numbers[Math.floor(numbers.length / 2)];
		const again = await getRecords(await from('AT_SEQUENCE_NUMBER', middle), { Limit: 1 });
		assert.deepEqual(again.Records.map((record) => record.dynamodb.SequenceNumber), [middle]);
		const last = await getRecords(await from('AFTER_SEQUENCE_NUMBER', numbers.at(-1)));
		assert.deepEqual(last.Records, []);
		assert.equal(last.NextShardIterator, undefined);
	}
	assert.equal((await describe(streamArn)).StreamStatus, 'DISABLED');
});
