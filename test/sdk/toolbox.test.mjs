// dynamodb-toolbox: an entity with its schema, doing ordinary work.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
	$add, $append, $get, $remove, Entity, EntityRepository, Table, QueryCommand, ScanCommand,
	item, list, map, number, record, set, string, boolean, binary, DeleteItemCommand,
	GetItemCommand, PutItemCommand, UpdateItemCommand, BatchDeleteRequest, BatchGetCommand,
	BatchGetRequest, BatchPutRequest, BatchWriteCommand, ConditionCheck, DeleteTransaction,
	GetTransaction, PutTransaction, UpdateTransaction, executeBatchGet, executeBatchWrite,
	executeTransactGet, executeTransactWrite,
} from 'dynamodb-toolbox';
import { client, createTable, indexedBy } from './common.mjs';

const name = await createTable('toolbox', indexedBy('team'));
const table = new Table({
	name,
	documentClient: DynamoDBDocumentClient.from(client),
	partitionKey: { name: 'pk', type: 'string' },
	sortKey: { name: 'sk', type: 'number' },
	indexes: {
		'by-team': {
			type: 'global', partitionKey: { name: 'team', type: 'string' },
			sortKey: { name: 'sk', type: 'number' },
		},
	},
});
const Player = new Entity({
	name: 'Player',
	table,
	timestamps: true,
	schema: item({
		game: string().key().savedAs('pk'),
		number: number().key().savedAs('sk'),
		name: string(),
		team: string().optional(),
		score: number().default(0),
		active: boolean().default(true),
		badges: set(string()).optional(),
		rounds: list(map({ at: string(), points: number() })).default(() => []),
		levels: record(string(), number()).optional(),
		photo: binary().optional(),
	}),
});
const player = (more = {}) => ({ game: 'chess', number: 1, name: 'Ann', ...more });
const key = { game: 'chess', number: 1 };

test('put and get', async () => {
	await Player.build(PutItemCommand).item(player({
		badges: new Set(['fast']), levels: { easy: 1 }, photo: Uint8Array.of(1, 0, 255),
	})).send();
	const { Item } = await Player.build(GetItemCommand).key(key).options({ consistent: true }).send();
	assert.match(Item.created, /^\d{4}-\d\d-\d\dT/);
	assert.deepEqual({ ...Item, created: 0, modified: 0 }, {
		...player(), score: 0, active: true, badges: new Set(['fast']), rounds: [], levels: { easy: 1 },
		photo: Uint8Array.of(1, 0, 255), created: 0, modified: 0,
	});
	const { Item: part } = await Player.build(GetItemCommand).key(key)
		.options({ attributes: ['name', 'levels.easy'] }).send();
	assert.deepEqual(part, { name: 'Ann', levels: { easy: 1 } });
});

test('a condition', async () => {
	const condition = { attr: 'name', exists: false };
	await assert.rejects(Player.build(PutItemCommand).item(player()).options({ condition }).send(),
		{ name: 'ConditionalCheckFailedException' });
	await Player.build(PutItemCommand).item(player({ number: 2, name: 'Bob' })).options({ condition }).send();
});

test('update with operations', async () => {
	const { Attributes } = await Player.build(UpdateItemCommand).item({
		...key, score: $add(7), badges: $add(new Set(['calm'])),
		rounds: $append([{ at: 'noon', points: 7 }]), levels: { hard: $get('levels.easy') },
		photo: $remove(),
	}).options({ returnValues: 'ALL_NEW' }).send();
	assert.equal(Attributes.score, 7);
	assert.deepEqual([...Attributes.badges].sort(), ['calm', 'fast']);
	assert.deepEqual(Attributes.rounds, [{ at: 'noon', points: 7 }]);
	assert.deepEqual(Attributes.levels, { easy: 1, hard: 1 });
	assert.equal(Attributes.photo, undefined);
	await assert.rejects(Player.build(UpdateItemCommand).item({ ...key, score: $add(1) })
		.options({ condition: { and: [{ attr: 'score', gt: 7 }, { attr: 'active', eq: true }] } }).send(),
	{ name: 'ConditionalCheckFailedException' });
});

test('query and scan', async () => {
	const repository = Player.build(EntityRepository);
	for (let number = 10; number < 30; number++) {
		await repository.put(player({
			number, name: `P${number}`, score: number % 4, team: number % 2 ? 'red' : 'blue',
		}));
	}
	const numbers = ({ Items }) => Items.map((i) => i.number);
	assert.deepEqual(numbers(await table.build(QueryCommand).entities(Player)
		.query({ partition: 'chess', range: { between: [12, 14] } }).send()), [12, 13, 14]);
	assert.deepEqual(numbers(await table.build(QueryCommand).entities(Player)
		.query({ index: 'by-team', partition: 'red', range: { gte: 20 } })
		.options({ reverse: true }).send()), [29, 27, 25, 23, 21]);
	assert.deepEqual(numbers(await table.build(QueryCommand).entities(Player)
		.query({ partition: 'chess' })
		.options({ filters: { Player: { attr: 'score', eq: 3 } }, maxPages: Infinity, limit: 4 }).send()),
	[11, 15, 19, 23, 27]);
	const seen = [];
	let exclusiveStartKey;
	do {
		const page = await table.build(QueryCommand).entities(Player).query({ partition: 'chess' })
			.options({ limit: 5, exclusiveStartKey }).send();
		seen.push(...numbers(page));
		exclusiveStartKey = page.LastEvaluatedKey;
	} while (exclusiveStartKey);
	assert.deepEqual(seen, [1, 2, ...Array.from({ length: 20 }, (_, i) => i + 10)]);
	const scanned = await table.build(ScanCommand).entities(Player)
		.options({ maxPages: Infinity, limit: 6 }).send();
	assert.equal(scanned.Items.length, 22);
});

test('batches', async () => {
	const batch = (requests) => executeBatchWrite(table.build(BatchWriteCommand).requests(...requests));
	await batch(Array.from({ length: 20 }, (_, i) =>
		Player.build(BatchPutRequest).item(player({ game: 'batch', number: i, name: `N${i}` }))));
	await batch([
		Player.build(BatchDeleteRequest).key({ game: 'batch', number: 1 }),
		Player.build(BatchPutRequest).item(player({ game: 'batch', number: 2, name: 'other' })),
	]);
	const { Responses: [players] } = await executeBatchGet(table.build(BatchGetCommand).requests(
		...[0, 1, 2].map((number) => Player.build(BatchGetRequest).key({ game: 'batch', number }))));
	assert.deepEqual(players.map((p) => p && p.name), ['N0', undefined, 'other']);
});

test('transactions', async () => {
	const first = { game: 'batch', number: 3 };
	const second = { game: 'batch', number: 4 };
	const write = (score) => executeTransactWrite(
		Player.build(UpdateTransaction).item({ ...first, score: $add(5) })
			.options({ condition: { attr: 'score', eq: score } }),
		Player.build(PutTransaction).item(player({ game: 'transaction', number: 1 }))
			.options({ condition: { attr: 'name', exists: false } }),
		Player.build(DeleteTransaction).key(second),
		Player.build(ConditionCheck).key({ game: 'batch', number: 5 }).condition({ attr: 'name', eq: 'N5' }),
	);
	await assert.rejects(write(1), (error) => {
		assert.equal(error.name, 'TransactionCanceledException');
		assert.deepEqual(error.CancellationReasons.map((r) => r.Code),
			['ConditionalCheckFailed', 'None', 'None', 'None']);
		return true;
	});
	await write(0);
	const { Responses } = await executeTransactGet(
		Player.build(GetTransaction).key(first), Player.build(GetTransaction).key(second),
		Player.build(GetTransaction).key({ game: 'transaction', number: 1 }));
	assert.deepEqual(Responses.map(({ Item }) => Item && Item.score), [5, undefined, 0]);
	await executeTransactWrite(Player.build(DeleteTransaction).key({ game: 'transaction', number: 1 }));
});

test('delete', async () => {
	await assert.rejects(Player.build(DeleteItemCommand).key(key)
		.options({ condition: { attr: 'active', eq: false } }).send(),
	{ name: 'ConditionalCheckFailedException' });
	const { Attributes } = await Player.build(DeleteItemCommand).key(key)
		.options({ returnValues: 'ALL_OLD' }).send();
	assert.equal(Attributes.name, 'Ann');
	assert.equal((await Player.build(GetItemCommand).key(key).send()).Item, undefined);
});
