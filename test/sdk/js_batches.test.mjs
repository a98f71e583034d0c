// The AWS SDK for JavaScript: batches and transactions, by the client and the
// document client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	BatchGetItemCommand, BatchWriteItemCommand, GetItemCommand,
	IdempotentParameterMismatchException, PutItemCommand, ResourceNotFoundException,
	TransactGetItemsCommand, TransactWriteItemsCommand, TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
	BatchGetCommand, BatchWriteCommand, DynamoDBDocumentClient, TransactGetCommand,
	TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import {
	authenticated, client, createTable, fails, failsWith, newClient, readerCredentials,
} from './common.mjs';

const TableName = await createTable('batches');
const Other = await createTable('batches-other');
const documents = DynamoDBDocumentClient.from(client);
const key = (pk, sk = 1) => ({ pk: { S: pk }, sk: { N: String(sk) } });
const get = async (pk, sk, table = TableName) => (await client.send(
	new GetItemCommand({ TableName: table, Key: key(pk, sk), ConsistentRead: true }))).Item;
const put = (Item, more = {}) => ({ Put: { TableName, Item, ...more } });
const transact = (TransactItems, more = {}) =>
	client.send(new TransactWriteItemsCommand({ TransactItems, ...more }));

test('BatchWriteItem and BatchGetItem, over two tables', async () => {
	const items = Array.from({ length: 15 }, (_, i) => ({ ...key('batch', i), v: { N: String(i) } }));
	const written = await client.send(new BatchWriteItemCommand({
		RequestItems: {
			[TableName]: items.map((Item) => ({ PutRequest: { Item } })),
			[Other]: items.slice(0, 10).map((Item) => ({ PutRequest: { Item } })),
		},
		ReturnConsumedCapacity: 'TOTAL',
	}));
	assert.deepEqual(written.UnprocessedItems, {});
	assert.deepEqual(written.ConsumedCapacity.map((c) => [c.TableName, c.CapacityUnits]).sort(),
		[[TableName, 15], [Other, 10]].sort());

	await client.send(new BatchWriteItemCommand({ RequestItems: {
		[TableName]: [
			{ DeleteRequest: { Key: key('batch', 3) } },
			{ PutRequest: { Item: { ...key('batch', 4), w: { S: 'new' } } } },
		],
	} }));
	const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand({ RequestItems: {
		[TableName]: { Keys: [5, 4, 3].map((sk) => key('batch', sk)), ConsistentRead: true },
		[Other]: {
			Keys: [key('batch', 3), key('absent')], ProjectionExpression: '#v',
			ExpressionAttributeNames: { '#v': 'v' },
		},
	} }));
	assert.deepEqual(Responses, {
		[TableName]: [{ ...key('batch', 5), v: { N: '5' } }, { ...key('batch', 4), w: { S: 'new' } }],
		[Other]: [{ v: { N: '3' } }],
	});
	assert.deepEqual(UnprocessedKeys, {});
});

test('large batches: ten megabytes written, more than sixteen read in parts', async () => {
	const large = await createTable('batches-large');
	const v = { S: 'x'.repeat(400000) };
	for (const first of [0, 25]) {
		await client.send(new BatchWriteItemCommand({ RequestItems: {
			[large]: Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { ...key('l', first + i), v } } })),
		} }));
	}
	let request = { [large]: { Keys: Array.from({ length: 50 }, (_, i) => key('l', i)) } };
	const seen = [];
	let parts = 0;
	while (Object.keys(request).length > 0) {
		const { Responses, UnprocessedKeys } = await client.send(
			new BatchGetItemCommand({ RequestItems: request }));
		seen.push(...Responses[large].map((item) => Number(item.sk.N)));
		request = UnprocessedKeys;
		parts++;
	}
	assert.equal(parts, 2);
	assert.deepEqual(seen, Array.from({ length: 50 }, (_, i) => i));
});

test('what batches refuse', async () => {
	const write = (requests) => client.send(new BatchWriteItemCommand({ RequestItems: requests }));
	const Item = key('refused');
	await failsWith(write({ [TableName]: [{ PutRequest: { Item } }, { DeleteRequest: { Key: key('refused', '1e0') } }] }),
		'ValidationException', 'Provided list of item keys contains duplicates');
	await failsWith(write({ [TableName]: [{ PutRequest: { Item } }, { PutRequest: { Item: { pk: { S: 'a' } } } }] }),
		'ValidationException', 'The provided key element does not match the schema');
	await failsWith(write({ [TableName]: Array.from({ length: 26 }, (_, i) => ({ PutRequest: { Item: key('refused', i) } })) }),
		'ValidationException', /Member must have length less than or equal to 25/);
	await failsWith(client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Item, Item] } } })),
		'ValidationException', 'Provided list of item keys contains duplicates');
	await fails(write({ [TableName]: [{ PutRequest: { Item } }], none: [{ PutRequest: { Item } }] }),
		ResourceNotFoundException, 'Requested resource not found');
	assert.equal(await get('refused'), undefined);
});

test('TransactWriteItems: all four actions, or none', async () => {
	await client.send(new PutItemCommand({ TableName, Item: { ...key('t', 1), n: { N: '1' } } }));
	await client.send(new PutItemCommand({ TableName: Other, Item: key('t', 2) }));
	const actions = (n) => [
		put({ ...key('t', 3), v: { S: 'put' } }, { ConditionExpression: 'attribute_not_exists(pk)' }),
		{ Update: {
			TableName, Key: key('t', 1), UpdateExpression: 'SET n = n + :one',
			ConditionExpression: 'n = :n', ExpressionAttributeValues: { ':one': { N: '1' }, ':n': { N: n } },
			ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
		} },
		{ Delete: { TableName: Other, Key: key('t', 2) } },
		{ ConditionCheck: { TableName, Key: key('t', 4), ConditionExpression: 'attribute_not_exists(pk)' } },
	];
	const error = await fails(transact(actions('7')), TransactionCanceledException,
		'Transaction cancelled, please refer cancellation reasons for specific reasons ' +
		'[None, ConditionalCheckFailed, None, None]');
	assert.deepEqual(error.CancellationReasons.map((r) => r.Code),
		['None', 'ConditionalCheckFailed', 'None', 'None']);
	assert.equal(error.CancellationReasons[1].Message, 'The conditional request failed');
	assert.deepEqual(error.CancellationReasons[1].Item, { ...key('t', 1), n: { N: '1' } });
	assert.equal(await get('t', 3), undefined);

	const { ConsumedCapacity } = await transact(actions('1'), { ReturnConsumedCapacity: 'TOTAL' });
	assert.deepEqual(ConsumedCapacity.map((c) => [c.TableName, c.CapacityUnits, c.WriteCapacityUnits]).sort(),
		[[TableName, 6, 6], [Other, 2, 2]].sort());
	assert.deepEqual(await get('t', 3), { ...key('t', 3), v: { S: 'put' } });
	assert.deepEqual(await get('t', 1), { ...key('t', 1), n: { N: '2' } });
	assert.equal(await get('t', 2, Other), undefined);
});

test('what transactions refuse', async () => {
	await failsWith(transact([put(key('r')), { Delete: { TableName, Key: key('r') } }]),
		'ValidationException', 'Transaction request cannot include multiple operations on one item');
	await failsWith(transact([]), 'ValidationException', /'transactItems' failed to satisfy constraint/);
	await failsWith(transact(Array.from({ length: 101 }, (_, i) => put(key('r', i)))),
		'ValidationException', /Member must have length less than or equal to 100/);
	await fails(transact([put(key('r')), { Put: { TableName: 'none', Item: key('r') } }]),
		ResourceNotFoundException, 'Requested resource not found');
	const error = await fails(transact([put(key('r')), put({ pk: { N: '1' }, sk: { N: '1' } })]),
		TransactionCanceledException, /\[None, ValidationError\]$/);
	assert.equal(error.CancellationReasons[1].Code, 'ValidationError');
	assert.equal(await get('r'), undefined);
});

test('ClientRequestToken', async () => {
	const add = (n) => [{ Update: {
		TableName, Key: key('token'), UpdateExpression: 'ADD n :n', ExpressionAttributeValues: { ':n': { N: n } },
	} }];
	const ClientRequestToken = `token-${process.pid}`;
	const answers = await Promise.all(Array.from({ length: 8 }, () =>
		transact(add('1'), { ClientRequestToken, ReturnConsumedCapacity: 'TOTAL' })));
	assert.deepEqual(await get('token'), { ...key('token'), n: { N: '1' } });
	assert.equal(answers.filter((a) => a.ConsumedCapacity[0].WriteCapacityUnits === 2).length, 1);
	assert.equal(answers.filter((a) => a.ConsumedCapacity[0].ReadCapacityUnits === 2).length, 7);
	await failsWith(transact(add('2'), { ClientRequestToken }), IdempotentParameterMismatchException.name,
		/token was used with different request parameters/);
	// the SDK makes a token for each request of its own
	await transact(add('1'));
	await transact(add('1'));
	assert.deepEqual((await get('token')).n, { N: '3' });
});

test('TransactGetItems', async () => {
	await client.send(new PutItemCommand({ TableName: Other, Item: { ...key('g'), a: { M: { b: { S: 'x' } } } } }));
	const { Responses } = await client.send(new TransactGetItemsCommand({ TransactItems: [
		{ Get: { TableName, Key: key('absent') } },
		{ Get: { TableName: Other, Key: key('g'), ProjectionExpression: 'a.b' } },
	] }));
	assert.deepEqual(Responses, [{}, { Item: { a: { M: { b: { S: 'x' } } } } }]);
	await fails(client.send(new TransactGetItemsCommand({ TransactItems: [
		{ Get: { TableName, Key: key('absent') } }, { Get: { TableName, Key: { pk: { S: 'x' } } } },
	] })), TransactionCanceledException, /\[None, ValidationError\]$/);
});

test('transfers at the same time neither make nor lose money', async () => {
	for (let i = 0; i < 4; i++)
		await client.send(new PutItemCommand({ TableName, Item: { ...key('account', i), n: { N: '10' } } }));
	const change = (sk, n) => ({ Update: {
		TableName, Key: key('account', sk), UpdateExpression: 'SET n = n + :n',
		ConditionExpression: 'n >= :least',
		ExpressionAttributeValues: { ':n': { N: String(n) }, ':least': { N: String(Math.max(-n, 0)) } },
	} });
	const total = async () => (await client.send(new TransactGetItemsCommand({
		TransactItems: [0, 1, 2, 3].map((sk) => ({ Get: { TableName, Key: key('account', sk) } })),
	}))).Responses.reduce((sum, { Item }) => sum + Number(Item.n.N), 0);
	await Promise.all(Array.from({ length: 60 }, async (_, i) => {
		await transact([change(i % 4, -3), change((i + 1 + i % 3) % 4, 3)]).catch((error) =>
			assert.equal(error.name, 'TransactionCanceledException'));
		assert.equal(await total(), 40);
	}));
});

test('a role with SELECT reads in batches and transactions, and does not write',
	{ skip: !authenticated }, async () => {
		const reader = newClient({ credentials: readerCredentials });
		await client.send(new PutItemCommand({ TableName, Item: key('role') }));
		const { Responses } = await reader.send(new BatchGetItemCommand({
			RequestItems: { [TableName]: { Keys: [key('role')] } },
		}));
		assert.deepEqual(Responses[TableName], [key('role')]);
		await reader.send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: key('role') } }] }));
		await failsWith(reader.send(new BatchWriteItemCommand({
			RequestItems: { [TableName]: [{ DeleteRequest: { Key: key('role') } }] },
		})), 'AccessDeniedException', /./);
		await failsWith(reader.send(new TransactWriteItemsCommand({ TransactItems: [put(key('role'))] })),
			'AccessDeniedException', /./);
	});

test('the document client', async () => {
	await documents.send(new BatchWriteCommand({ RequestItems: {
		[TableName]: [{ PutRequest: { Item: { pk: 'doc', sk: 1, tags: new Set(['a']) } } }],
	} }));
	await documents.send(new TransactWriteCommand({ TransactItems: [
		{ Put: { TableName, Item: { pk: 'doc', sk: 2, list: [1, 'x'] } } },
		{ Update: {
			TableName, Key: { pk: 'doc', sk: 1 }, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': 7 },
		} },
	] }));
	const { Responses } = await documents.send(new BatchGetCommand({
		RequestItems: { [TableName]: { Keys: [{ pk: 'doc', sk: 1 }] } },
	}));
	assert.deepEqual(Responses[TableName], [{ pk: 'doc', sk: 1, tags: new Set(['a']), n: 7 }]);
	const { Responses: [one, two] } = await documents.send(new TransactGetCommand({ TransactItems: [
		{ Get: { TableName, Key: { pk: 'doc', sk: 2 } } }, { Get: { TableName, Key: { pk: 'doc', sk: 3 } } },
	] }));
	assert.deepEqual(one.Item, { pk: 'doc', sk: 2, list: [1, 'x'] });
	assert.equal(two.Item, undefined);
	const error = await fails(documents.send(new TransactWriteCommand({ TransactItems: [{ Put: {
		TableName, Item: { pk: 'doc', sk: 2 }, ConditionExpression: 'attribute_not_exists(pk)',
		ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
	} }] })), TransactionCanceledException, /\[ConditionalCheckFailed\]$/);
	assert.equal(error.CancellationReasons[0].Code, 'ConditionalCheckFailed');
});
