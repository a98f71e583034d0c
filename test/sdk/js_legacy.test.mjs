// The AWS SDK for JavaScript: the parameters that came before expressions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	ConditionalCheckFailedException, DeleteItemCommand, GetItemCommand, PutItemCommand,
	QueryCommand, ScanCommand, UpdateItemCommand, paginateQuery,
} from '@aws-sdk/client-dynamodb';
import {
	DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand as DocumentQueryCommand,
	UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { client, createTable, fails, failsWith, indexedBy } from './common.mjs';

const TableName = await createTable('legacy', indexedBy('kind'));
const key = (pk, sk = 1) => ({ pk: { S: pk }, sk: { N: String(sk) } });
const get = async (pk, sk) => (await client.send(new GetItemCommand({ TableName, Key: key(pk, sk) }))).Item;
const compare = (ComparisonOperator, ...AttributeValueList) => ({ ComparisonOperator, AttributeValueList });
const failed = (promise) => fails(promise, ConditionalCheckFailedException, 'The conditional request failed');

test('Expected: create once, lock by version, delete what is known', async () => {
	const create = new PutItemCommand({
		TableName, Item: { ...key('lock'), version: { N: '1' } }, Expected: { pk: { Exists: false } },
	});
	await client.send(create);
	await failed(client.send(create));

	const bump = (version) => client.send(new UpdateItemCommand({
		TableName, Key: key('lock'), ReturnValues: 'UPDATED_NEW',
		AttributeUpdates: { version: { Action: 'ADD', Value: { N: '1' } } },
		Expected: { version: { Value: { N: version } } },
	}));
	assert.deepEqual((await bump('1')).Attributes, { version: { N: '2' } });
	await failed(bump('1'));

	const remove = (more) => client.send(new DeleteItemCommand({ TableName, Key: key('lock'), ...more }));
	await failed(remove({ Expected: { version: compare('BETWEEN', { N: '3' }, { N: '4' }), pk: compare('NOT_NULL') } }));
	await remove({
		Expected: { version: compare('BETWEEN', { N: '3' }, { N: '4' }), pk: compare('NOT_NULL') },
		ConditionalOperator: 'OR',
	});
	assert.equal(await get('lock'), undefined);
});

test('AttributeUpdates: every action, all return values', async () => {
	const update = (AttributeUpdates, ReturnValues) => client.send(new UpdateItemCommand({
		TableName, Key: key('update'), AttributeUpdates, ReturnValues,
	}));
	assert.equal((await update({ a: { Action: 'DELETE' } }, 'ALL_NEW')).Attributes, undefined);
	assert.equal(await get('update'), undefined);
	assert.deepEqual((await update({
		n: { Action: 'ADD', Value: { N: '2' } }, s: { Value: { S: 'x' } }, l: { Action: 'PUT', Value: { L: [] } },
		set: { Action: 'ADD', Value: { SS: ['b', 'a'] } }, 'a.b': { Value: { BOOL: true } },
	}, 'ALL_NEW')).Attributes, {
		...key('update'), n: { N: '2' }, s: { S: 'x' }, l: { L: [] }, set: { SS: ['a', 'b'] }, 'a.b': { BOOL: true },
	});
	const second = {
		n: { Action: 'ADD', Value: { N: '-0.5' } }, s: { Action: 'DELETE' },
		l: { Action: 'ADD', Value: { L: [{ N: '1' }] } }, set: { Action: 'DELETE', Value: { SS: ['a', 'c'] } },
	};
	assert.deepEqual((await update(second, 'UPDATED_OLD')).Attributes,
		{ n: { N: '2' }, s: { S: 'x' }, l: { L: [] }, set: { SS: ['a', 'b'] } });
	assert.deepEqual((await update(second, 'UPDATED_NEW')).Attributes,
		{ n: { N: '1' }, l: { L: [{ N: '1' }, { N: '1' }] }, set: { SS: ['b'] } });
	assert.equal((await update({ s: { Action: 'DELETE' } }, 'NONE')).Attributes, undefined);

	await failsWith(update({ n: { Action: 'ADD', Value: { NS: ['1'] } } }), 'ValidationException',
		'Type mismatch for attribute to update');
	await failsWith(update({ n: { Action: 'PUT' } }), 'ValidationException',
		/: Only DELETE action is allowed when no attribute value is specified$/);
	await failsWith(update({ pk: { Action: 'DELETE' } }), 'ValidationException',
		/: Cannot update attribute pk\. This attribute is part of the key$/);
});

test('KeyConditions and QueryFilter, in pages and on an index', async () => {
	await Promise.all(Array.from({ length: 20 }, (_, i) => client.send(new PutItemCommand({
		TableName, Item: { ...key('query', i), kind: { S: i % 2 ? 'odd' : 'even' }, n: { N: String(i * i) } },
	}))));
	const numbers = async (request, pageSize) => {
		const found = [];
		for await (const page of paginateQuery({ client, pageSize }, { TableName, ...request }))
			found.push(page.Items.map((i) => Number(i.sk.N)));
		return found;
	};
	const KeyConditions = { pk: compare('EQ', { S: 'query' }), sk: compare('BETWEEN', { N: '4' }, { N: '12' }) };
	assert.deepEqual(await numbers({ KeyConditions }, 4), [[4, 5, 6, 7], [8, 9, 10, 11], [12]]);
	assert.deepEqual(await numbers({
		KeyConditions, ScanIndexForward: false, AttributesToGet: ['sk'],
		QueryFilter: { n: compare('GT', { N: '80' }), kind: compare('NE', { S: 'odd' }) },
	}, 4), [[12, 10], [], []]);
	assert.deepEqual(await numbers({
		IndexName: 'by-kind', KeyConditions: { kind: compare('EQ', { S: 'odd' }), sk: compare('LE', { N: '5' }) },
	}, 10), [[1, 3, 5]]);
	const { Count, ScannedCount, Items } = await client.send(new QueryCommand({
		TableName, KeyConditions, Select: 'COUNT', ConditionalOperator: 'OR',
		QueryFilter: { n: compare('IN', { N: '16' }, { N: '25' }), kind: compare('BEGINS_WITH', { S: 'ev' }) },
	}));
	assert.deepEqual([Count, ScannedCount, Items], [6, 9, undefined]);
	await failsWith(client.send(new QueryCommand({
		TableName, KeyConditions, QueryFilter: { sk: compare('NOT_NULL') },
	})), 'ValidationException', 'QueryFilter can only contain non-primary key attributes: Primary key attribute: sk');
	await failsWith(client.send(new QueryCommand({
		TableName, KeyConditions: { pk: compare('EQ', { S: 'query' }), sk: compare('NE', { N: '1' }) },
	})), 'ValidationException', 'Attempted conditional constraint is not an indexable operation');
});

test('ScanFilter and AttributesToGet', async () => {
	for (let i = 0; i < 3; i++)
		await client.send(new PutItemCommand({ TableName, Item: { ...key('scan', i), tags: { SS: [`t${i}`, 'all'] } } }));
	const scan = async (ScanFilter, more) => (await client.send(new ScanCommand({
		TableName, ScanFilter: { pk: compare('EQ', { S: 'scan' }), ...ScanFilter }, AttributesToGet: ['sk', 'none'], ...more,
	}))).Items.map((item) => {
		assert.deepEqual(Object.keys(item), ['sk']);
		return Number(item.sk.N);
	}).sort();
	assert.deepEqual(await scan({ tags: compare('CONTAINS', { S: 'all' }) }), [0, 1, 2]);
	assert.deepEqual(await scan({ tags: compare('NOT_CONTAINS', { S: 't1' }), sk: compare('GE', { N: '1' }) }), [2]);
	assert.deepEqual(await scan({ none: compare('NOT_CONTAINS', { S: 't1' }) }), []);
	assert.deepEqual((await client.send(new GetItemCommand({
		TableName, Key: key('scan', 2), AttributesToGet: ['tags'],
	}))).Item, { tags: { SS: ['all', 't2'] } });
});

test('not together with expressions, nor an operator without conditions', async () => {
	const put = (more) => client.send(new PutItemCommand({ TableName, Item: key('mixed'), ...more }));
	await failsWith(put({ Expected: {}, ConditionExpression: 'attribute_exists(pk)' }), 'ValidationException',
		'Can not use both expression and non-expression parameters in the same request: '
		+ 'Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}');
	await failsWith(put({ ConditionalOperator: 'AND' }), 'ValidationException',
		'ConditionalOperator cannot be used without Filter or Expected');
	assert.equal(await get('mixed'), undefined);
});

// The document client translates the values in them, too
test('the document client', async () => {
	const documents = DynamoDBDocumentClient.from(client);
	const Key = { pk: 'document', sk: 1 };
	await documents.send(new PutCommand({
		TableName, Item: { ...Key, n: 1 }, Expected: { pk: { Exists: false } },
	}));
	const { Attributes } = await documents.send(new UpdateCommand({
		TableName, Key, ReturnValues: 'ALL_NEW', Expected: { n: { ComparisonOperator: 'LT', AttributeValueList: [2] } },
		AttributeUpdates: { n: { Action: 'ADD', Value: 1 }, tags: { Action: 'ADD', Value: new Set(['a']) } },
	}));
	assert.deepEqual(Attributes, { ...Key, n: 2, tags: new Set(['a']) });
	const { Items } = await documents.send(new DocumentQueryCommand({
		TableName, KeyConditions: { pk: compare('EQ', 'document'), sk: compare('GT', 0) },
		QueryFilter: { tags: compare('CONTAINS', 'a') },
	}));
	assert.deepEqual(Items, [Attributes]);
	const { Item } = await documents.send(new GetCommand({ TableName, Key, AttributesToGet: ['n'] }));
	assert.deepEqual(Item, { n: 2 });
});
