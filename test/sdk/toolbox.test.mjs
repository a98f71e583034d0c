// dynamodb-toolbox: an entity with its schema, doing ordinary work.
//
// Batches (BatchGetCommand, BatchWriteCommand) and transactions (GetTransaction,
// PutTransaction, ...) belong below, under their own tests, once the operations
// exist.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
	$add, $append, $get, $remove, Entity, EntityRepository, Table, QueryCommand, ScanCommand,
	item, list, map, number, record, set, string, boolean, binary, DeleteItemCommand,
	GetItemCommand, PutItemCommand, UpdateItemCommand,
} from 'dynamodb-toolbox';
import { client, createTable } from './common.mjs';

const name = await createTable('toolbox', {
	definitions: [{ AttributeName: 'team', AttributeType: 'S' }],
	GlobalSecondaryIndexes: [{
		IndexName: 'by-team',
		KeySchema: [{ AttributeName: 'team', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
		Projection: { ProjectionType: 'ALL' },
	}],
});
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

test('delete', async () => {
	await assert.rejects(Player.build(DeleteItemCommand).key(key)
		.options({ condition: { attr: 'active', eq: false } }).send(),
	{ name: 'ConditionalCheckFailedException' });
	const { Attributes } = await Player.build(DeleteItemCommand).key(key)
		.options({ returnValues: 'ALL_OLD' }).send();
	assert.equal(Attributes.name, 'Ann');
	assert.equal((await Player.build(GetItemCommand).key(key).send()).Item, undefined);
});
