// The AWS SDK for JavaScript: the client, over every operation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	ConditionalCheckFailedException, CreateTableCommand, DeleteItemCommand,
	DeleteTableCommand, DescribeEndpointsCommand, DescribeLimitsCommand, DescribeTableCommand,
	DescribeTimeToLiveCommand, GetItemCommand, LimitExceededException, ListTablesCommand, ListTagsOfResourceCommand,
	PutItemCommand, QueryCommand, ResourceInUseException, ResourceNotFoundException,
	ScanCommand, TagResourceCommand, UntagResourceCommand, UpdateItemCommand,
	UpdateTableCommand, UpdateTimeToLiveCommand, paginateListTables, paginateQuery, paginateScan,
	waitUntilTableExists, waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import {
	authenticated, client, createTable, credentials, endpoint, fails, failsWith, newClient,
	readerCredentials, tableName, tableRequest, waitFor,
} from './common.mjs';

const TableName = await createTable('client', {
	definitions: [
		{ AttributeName: 'kind', AttributeType: 'S' },
		{ AttributeName: 'at', AttributeType: 'N' },
	],
	LocalSecondaryIndexes: [{
		IndexName: 'by-at',
		KeySchema: [
			{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' },
		],
		Projection: { ProjectionType: 'KEYS_ONLY' },
	}],
	GlobalSecondaryIndexes: [{
		IndexName: 'by-kind',
		KeySchema: [
			{ AttributeName: 'kind', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' },
		],
		Projection: { ProjectionType: 'ALL' },
	}],
});
const key = (pk, sk = 1) => ({ pk: { S: pk }, sk: { N: String(sk) } });
const get = async (pk, sk) =>
	(await client.send(new GetItemCommand({ TableName, Key: key(pk, sk), ConsistentRead: true }))).Item;

test('CreateTable, DescribeTable, waiters, DeleteTable', async () => {
	const name = tableName('life');
	const { TableDescription: made } = await client.send(
		new CreateTableCommand(tableRequest(name)));
	assert.equal(made.TableStatus, 'CREATING');
	assert.ok(made.CreationDateTime instanceof Date);
	assert.ok(Math.abs(made.CreationDateTime - Date.now()) < 60000);
	assert.match(made.TableId, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
	assert.match(made.TableArn, new RegExp(`^arn:aws:dynamodb:[a-z0-9-]+:\\d{12}:table/${name}$`));
	assert.equal(made.BillingModeSummary.BillingMode, 'PAY_PER_REQUEST');
	assert.equal(made.DeletionProtectionEnabled, false);
	assert.deepEqual(
		[made.ItemCount, made.TableSizeBytes, made.ProvisionedThroughput.ReadCapacityUnits],
		[0, 0, 0]);

	const { reason } = await waitFor(waitUntilTableExists, name);
	assert.equal(reason.Table.TableStatus, 'ACTIVE');
	const { Table: table } = await client.send(new DescribeTableCommand({ TableName: name }));
	assert.equal(table.TableStatus, 'ACTIVE');
	assert.deepEqual(table.CreationDateTime, made.CreationDateTime);
	assert.deepEqual(table.KeySchema, made.KeySchema);
	assert.equal(table.TableId, made.TableId);

	await fails(client.send(new CreateTableCommand(tableRequest(name))), ResourceInUseException,
		`Table already exists: ${name}`);

	const { TableDescription: gone } = await client.send(new DeleteTableCommand({ TableName: name }));
	assert.equal(gone.TableStatus, 'DELETING');
	assert.equal(gone.TableId, made.TableId);
	for (const member of ['KeySchema', 'AttributeDefinitions', 'CreationDateTime'])
		assert.equal(gone[member], undefined);
	await waitFor(waitUntilTableNotExists, name);
	await fails(client.send(new DescribeTableCommand({ TableName: name })),
		ResourceNotFoundException, `Requested resource not found: Table: ${name} not found`);
});

test('UpdateTable adds an index to items that are there, and removes it', async () => {
	const name = await createTable('update');
	await Promise.all(Array.from({ length: 50 }, (_, i) => client.send(new PutItemCommand({
		TableName: name,
		Item: { ...key('a', i), ...(i % 2 ? { group: { S: 'odd' } } : {}) },
	}))));
	const { TableDescription: changed } = await client.send(new UpdateTableCommand({
		TableName: name,
		AttributeDefinitions: [{ AttributeName: 'group', AttributeType: 'S' }],
		GlobalSecondaryIndexUpdates: [{ Create: {
			IndexName: 'by-group',
			KeySchema: [{ AttributeName: 'group', KeyType: 'HASH' }],
			Projection: { ProjectionType: 'KEYS_ONLY' },
		} }],
	}));
	assert.equal(changed.TableStatus, 'UPDATING');
	assert.equal(changed.GlobalSecondaryIndexes[0].IndexStatus, 'CREATING');
	assert.deepEqual(changed.AttributeDefinitions.map((d) => d.AttributeName).sort(),
		['group', 'pk', 'sk']);
	let index;
	for (let i = 0; i < 300 && index?.IndexStatus !== 'ACTIVE'; i++) {
		await new Promise((resolve) => setTimeout(resolve, 100));
		const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
		[index] = Table.GlobalSecondaryIndexes;
	}
	assert.equal(index.IndexStatus, 'ACTIVE');
	const query = new QueryCommand({
		TableName: name, IndexName: 'by-group', KeyConditionExpression: '#g = :g',
		ExpressionAttributeNames: { '#g': 'group' },
		ExpressionAttributeValues: { ':g': { S: 'odd' } },
	});
	const { Items } = await client.send(query);
	assert.deepEqual(Items.map((i) => Number(i.sk.N)).sort((a, b) => a - b),
		Array.from({ length: 25 }, (_, i) => 2 * i + 1));
	await client.send(new UpdateTableCommand({
		TableName: name, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-group' } }],
	}));
	for (let i = 0; i < 300; i++) {
		const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
		if (!Table.GlobalSecondaryIndexes)
			break;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	await failsWith(client.send(query), 'ValidationException',
		'The table does not have the specified index: by-group');
});

test('ListTables and its paginator', async () => {
	const names = [];
	for (const name of ['list-a', 'list-b', 'list-c'])
		names.push(await createTable(name));
	const found = [];
	for await (const page of paginateListTables({ client, pageSize: 1 }, {})) {
		assert.ok(page.TableNames.length <= 1);
		found.push(...page.TableNames);
	}
	assert.deepEqual(found.filter((name) => names.includes(name)), names);
	const page = await client.send(new ListTablesCommand(
		{ ExclusiveStartTableName: names[0], Limit: 1 }));
	assert.deepEqual([page.TableNames, page.LastEvaluatedTableName], [[names[1]], names[1]]);
});

test('time to live', async () => {
	const name = await createTable('ttl');
	const ttl = async () => (await client.send(new DescribeTimeToLiveCommand(
		{ TableName: name }))).TimeToLiveDescription;
	const update = (AttributeName, Enabled) => client.send(new UpdateTimeToLiveCommand(
		{ TableName: name, TimeToLiveSpecification: { AttributeName, Enabled } }));
	assert.deepEqual(await ttl(), { TimeToLiveStatus: 'DISABLED' });
	await failsWith(update('expires', false), 'ValidationException', 'TimeToLive is already disabled');
	const { TimeToLiveSpecification } = await update('expires', true);
	assert.deepEqual(TimeToLiveSpecification, { AttributeName: 'expires', Enabled: true });
	assert.deepEqual(await ttl(), { AttributeName: 'expires', TimeToLiveStatus: 'ENABLED' });
	await failsWith(update('expires', true), 'ValidationException', 'TimeToLive is already enabled');
	await failsWith(update('other', true), 'ValidationException',
		'TimeToLive is active on a different AttributeName: current AttributeName is expires');
	const long = 'x'.repeat(256);
	await failsWith(update(long, true), 'ValidationException',
		`1 validation error detected: Value '${long}' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length less than or equal to 255`);
	assert.equal((await update('expires', false)).TimeToLiveSpecification.Enabled, false);
	assert.deepEqual(await ttl(), { TimeToLiveStatus: 'DISABLED' });
	await client.send(new DeleteTableCommand({ TableName: name }));
	await fails(ttl(), ResourceNotFoundException,
		`Requested resource not found: Table: ${name} not found`);
});

test('tags', async () => {
	const name = await createTable('tags', { Tags: [{ Key: 'Owner', Value: 'me' }] });
	const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
	const ResourceArn = Table.TableArn;
	const tags = async () => {
		const response = await client.send(new ListTagsOfResourceCommand({ ResourceArn }));
		assert.equal(response.NextToken, undefined);
		return Object.fromEntries(response.Tags.map((t) => [t.Key, t.Value]));
	};
	assert.deepEqual(await tags(), { Owner: 'me' });
	const tagged = await client.send(new TagResourceCommand({
		ResourceArn, Tags: [{ Key: 'Owner', Value: 'you' }, { Key: 'ключ', Value: '' }],
	}));
	assert.deepEqual(Object.keys(tagged), ['$metadata']);
	assert.deepEqual(await tags(), { Owner: 'you', ключ: '' });
	await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['Owner', 'none'] }));
	assert.deepEqual(await tags(), { ключ: '' });

	await failsWith(client.send(new TagResourceCommand({
		ResourceArn, Tags: Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: 'v' })),
	})), 'ValidationException',
	'One or more parameter values were invalid: Too many tags: a table has at most 50 tags, these are 51');
	await failsWith(client.send(new ListTagsOfResourceCommand({ ResourceArn: `${ResourceArn}/index/x` })),
		'ValidationException', `Invalid TableArn: Invalid ResourceArn provided as input ${ResourceArn}/index/x`);
	await fails(client.send(new ListTagsOfResourceCommand({ ResourceArn: `${ResourceArn}-none` })),
		ResourceNotFoundException, `Requested resource not found: ResourcArn: ${ResourceArn}-none not found`);
	await client.send(new DeleteTableCommand({ TableName: name }));
	await waitFor(waitUntilTableNotExists, name);
	await fails(client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['x'] })),
		ResourceNotFoundException, 'Requested resource not found');
});

test('settings of tables', async () => {
	const name = await createTable('settings', {
		OnDemandThroughput: { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 50 },
		WarmThroughput: { ReadUnitsPerSecond: 12001, WriteUnitsPerSecond: 4001 },
		SSESpecification: { Enabled: true, SSEType: 'KMS' },
		TableClass: 'STANDARD_INFREQUENT_ACCESS',
	});
	const describe = async () =>
		(await client.send(new DescribeTableCommand({ TableName: name }))).Table;
	const table = await describe();
	assert.deepEqual(table.OnDemandThroughput, { MaxReadRequestUnits: 100, MaxWriteRequestUnits: 50 });
	assert.deepEqual(table.WarmThroughput,
		{ ReadUnitsPerSecond: 12001, WriteUnitsPerSecond: 4001, Status: 'ACTIVE' });
	assert.equal(table.SSEDescription.Status, 'ENABLED');
	assert.match(table.SSEDescription.KMSMasterKeyArn, /^arn:aws:kms:/);
	assert.equal(table.TableClassSummary.TableClass, 'STANDARD_INFREQUENT_ACCESS');

	const update = (more) => client.send(new UpdateTableCommand({ TableName: name, ...more }));
	await update({ OnDemandThroughput: { MaxReadRequestUnits: -1, MaxWriteRequestUnits: -1 } });
	assert.equal((await describe()).OnDemandThroughput, undefined);
	const provision = (units) => update({
		ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
	});
	await update({
		BillingMode: 'PROVISIONED',
		ProvisionedThroughput: { ReadCapacityUnits: 9, WriteCapacityUnits: 9 },
	});
	for (let units = 8; units > 4; units--)
		await provision(units);
	assert.equal((await describe()).ProvisionedThroughput.NumberOfDecreasesToday, 4);
	await assert.rejects(provision(4), LimitExceededException);
	await provision(6);
});

test('DescribeLimits and DescribeEndpoints', async () => {
	const limits = await client.send(new DescribeLimitsCommand({}));
	assert.deepEqual([limits.AccountMaxReadCapacityUnits, limits.TableMaxWriteCapacityUnits], [80000, 40000]);
	const { Endpoints } = await client.send(new DescribeEndpointsCommand({}));
	assert.deepEqual(Endpoints, [{ Address: new URL(endpoint).host, CachePeriodInMinutes: 1440 }]);
	const other = newClient({ endpoint: `http://${Endpoints[0].Address}` });
	assert.deepEqual((await other.send(new DescribeEndpointsCommand({}))).Endpoints, Endpoints);
});

test('PutItem and GetItem: all ten types', async () => {
	const Item = {
		...key('types'),
		s: { S: 'ünï \u{1F600} "\\ \u2028 \r\n\t\x7f' },
		empty: { S: '' },
		n: { N: '12345678901234567890123456789012345678' },
		b: { B: Uint8Array.from({ length: 256 }, (_, i) => i) },
		none: { B: new Uint8Array() },
		yes: { BOOL: true },
		null: { NULL: true },
		l: { L: [{ N: '1' }, { L: [{ S: 'x' }] }, { M: {} }] },
		m: { M: { 'a.b': { M: { ' ': { NULL: true } } } } },
		ss: { SS: ['a', 'b', 'ä'] },
		ns: { NS: ['-1', '0', '2.5'] },
		bs: { BS: [Uint8Array.of(0), Uint8Array.of(255)] },
		__proto: { S: 'of no importance' },
	};
	const put = await client.send(new PutItemCommand({ TableName, Item }));
	assert.match(put.$metadata.requestId, /^[A-Z0-9]{52}$/);
	assert.equal(put.$metadata.attempts, 1);
	const got = await get('types');
	for (const set of [got.ss.SS, got.ns.NS])
		set.sort();
	got.bs.BS.sort();
	assert.deepEqual(got, Item);
});

test('U+0000 in strings, names and keys', async () => {
	const nul = 'a\0b\u0001\0';
	const Item = { pk: { S: nul }, sk: { N: '0' }, [`n${nul}`]: { S: nul }, m: { M: { [nul]: { SS: [nul] } } } };
	await client.send(new PutItemCommand({ TableName, Item }));
	assert.deepEqual(await get(nul, 0), Item);
	const { Items } = await client.send(new QueryCommand({
		TableName, KeyConditionExpression: 'pk = :p', FilterExpression: 'contains(#n, :nul)',
		ExpressionAttributeNames: { '#n': `n${nul}` },
		ExpressionAttributeValues: { ':p': { S: nul }, ':nul': { S: '\0b' } },
	}));
	assert.deepEqual(Items, [Item]);
});

test('numbers keep 38 digits and come back in normal form', async () => {
	for (const [sent, stored] of [
		['1E125', '1' + '0'.repeat(125)], ['-1E-130', '-0.' + '0'.repeat(129) + '1'],
		['0.10', '0.1'], ['+007', '7'], ['-0', '0'],
		['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
	]) {
		await client.send(new PutItemCommand({ TableName, Item: { ...key('n'), n: { N: sent } } }));
		assert.deepEqual((await get('n')).n, { N: stored });
	}
	await failsWith(client.send(new PutItemCommand({
		TableName, Item: { ...key('n'), n: { N: '1'.repeat(39) } },
	})), 'ValidationException', 'Attempting to store more than 38 significant digits in a Number');
	await failsWith(client.send(new PutItemCommand({
		TableName, Item: { ...key('n'), n: { N: 'ten' } },
	})), 'ValidationException', /^The parameter cannot be converted to a numeric value/);
});

test('UpdateItem: clauses and return values', async () => {
	const update = (UpdateExpression, values, ReturnValues) => client.send(new UpdateItemCommand({
		TableName, Key: key('update'), UpdateExpression, ReturnValues,
		ExpressionAttributeValues: values,
	}));
	assert.equal((await update('SET a = :a', { ':a': { M: { b: { N: '1' } } } }, 'ALL_OLD')).Attributes,
		undefined);
	assert.deepEqual((await update('SET a.b = a.b + :i, l = :l ADD ss :ss',
		{ ':i': { N: '1' }, ':l': { L: [{ S: 'x' }, { S: 'y' }] }, ':ss': { SS: ['p'] } },
		'UPDATED_NEW')).Attributes,
	{ a: { M: { b: { N: '2' } } }, l: { L: [{ S: 'x' }, { S: 'y' }] }, ss: { SS: ['p'] } });
	assert.deepEqual((await update('REMOVE l[0] DELETE ss :ss', { ':ss': { SS: ['p'] } },
		'ALL_NEW')).Attributes,
	{ ...key('update'), a: { M: { b: { N: '2' } } }, l: { L: [{ S: 'y' }] } });
	await failsWith(update('SET a.c.d = :v', { ':v': { S: '' } }), 'ValidationException',
		'The document path provided in the update expression is invalid for update');
	await failsWith(update('SET pk = :v', { ':v': { S: '' } }), 'ValidationException',
		'One or more parameter values were invalid: Cannot update attribute pk. ' +
		'This attribute is part of the key');
});

test('DeleteItem returns the old item', async () => {
	const Item = { ...key('delete'), v: { BOOL: false } };
	await client.send(new PutItemCommand({ TableName, Item }));
	const request = new DeleteItemCommand({ TableName, Key: key('delete'), ReturnValues: 'ALL_OLD' });
	assert.deepEqual((await client.send(request)).Attributes, Item);
	assert.equal((await client.send(request)).Attributes, undefined);
	assert.equal(await get('delete'), undefined);
});

test('a condition that fails: the class, and the item when asked for', async () => {
	const Item = { ...key('condition'), v: { N: '1' }, b: { B: Uint8Array.of(1, 2) } };
	await client.send(new PutItemCommand({ TableName, Item }));
	const put = {
		TableName, Item: key('condition'), ConditionExpression: 'attribute_not_exists(pk)',
	};
	let error = await fails(client.send(new PutItemCommand(put)), ConditionalCheckFailedException,
		'The conditional request failed');
	assert.equal(error.Item, undefined);
	assert.equal(error.$fault, 'client');
	const more = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' };
	error = await fails(client.send(new PutItemCommand({ ...put, ...more })),
		ConditionalCheckFailedException, 'The conditional request failed');
	assert.deepEqual(error.Item, Item);
	error = await fails(client.send(new UpdateItemCommand({
		TableName, Key: key('condition'), UpdateExpression: 'SET v = :v',
		ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': { N: '2' } }, ...more,
	})), ConditionalCheckFailedException, 'The conditional request failed');
	assert.deepEqual(error.Item, Item);
	error = await fails(client.send(new DeleteItemCommand({
		TableName, Key: key('condition'), ConditionExpression: 'attribute_exists(x)', ...more,
	})), ConditionalCheckFailedException, 'The conditional request failed');
	assert.deepEqual(error.Item, Item);
	assert.deepEqual(await get('condition'), Item);
});

test('consumed capacity and item collections', async () => {
	const put = await client.send(new PutItemCommand({
		TableName, Item: { ...key('capacity'), kind: { S: 'k' }, at: { N: '1' } },
		ReturnConsumedCapacity: 'INDEXES', ReturnItemCollectionMetrics: 'SIZE',
	}));
	assert.deepEqual(put.ConsumedCapacity, {
		TableName, CapacityUnits: 3, Table: { CapacityUnits: 1 },
		LocalSecondaryIndexes: { 'by-at': { CapacityUnits: 1 } },
		GlobalSecondaryIndexes: { 'by-kind': { CapacityUnits: 1 } },
	});
	assert.deepEqual(put.ItemCollectionMetrics,
		{ ItemCollectionKey: { pk: { S: 'capacity' } }, SizeEstimateRangeGB: [0, 1] });
	const read = async (ConsistentRead) => (await client.send(new GetItemCommand({
		TableName, Key: key('capacity'), ConsistentRead, ReturnConsumedCapacity: 'TOTAL',
	}))).ConsumedCapacity;
	assert.deepEqual(await read(true), { TableName, CapacityUnits: 1 });
	assert.deepEqual(await read(false), { TableName, CapacityUnits: 0.5 });
	await client.send(new DeleteItemCommand({ TableName, Key: key('capacity') }));
});

test('classes and texts of errors', async () => {
	await fails(client.send(new GetItemCommand({ TableName: 'js-none', Key: key('a') })),
		ResourceNotFoundException, 'Requested resource not found');
	await failsWith(client.send(new GetItemCommand({ TableName: 'a!', Key: {} })),
		'ValidationException', /'a!' at 'tableName' failed to satisfy constraint/);
	await failsWith(client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } })),
		'ValidationException', 'The provided key element does not match the schema');
	await failsWith(client.send(new QueryCommand({ TableName })), 'ValidationException',
		'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
	await failsWith(client.send(new ScanCommand({ TableName, IndexName: 'none' })),
		'ValidationException', 'The table does not have the specified index: none');
});

test('Query: order, pages, indexes', async () => {
	await Promise.all(Array.from({ length: 30 }, (_, i) => client.send(new PutItemCommand({
		TableName, Item: { ...key('query', i), at: { N: String(100 - i) }, kind: { S: 'q' } },
	}))));
	const query = {
		TableName, KeyConditionExpression: 'pk = :p AND sk BETWEEN :a AND :b',
		ExpressionAttributeValues: { ':p': { S: 'query' }, ':a': { N: '3' }, ':b': { N: '25' } },
	};
	const numbers = async (pages) => {
		const found = [];
		for await (const page of pages)
			found.push(page.Items.map((i) => Number(i.sk.N)));
		return found;
	};
	const expected = Array.from({ length: 23 }, (_, i) => i + 3);
	// The paginator leaves its token in the request
	let pages = await numbers(paginateQuery({ client, pageSize: 10 }, { ...query }));
	assert.deepEqual(pages.flat(), expected);
	assert.deepEqual(pages.map((page) => page.length), [10, 10, 3]);
	pages = await numbers(paginateQuery({ client, pageSize: 4 }, { ...query, ScanIndexForward: false }));
	assert.deepEqual(pages.flat(), expected.reverse());

	const byKind = {
		TableName, IndexName: 'by-kind', KeyConditionExpression: 'kind = :k AND #at <= :at',
		ExpressionAttributeNames: { '#at': 'at' },
		ExpressionAttributeValues: { ':k': { S: 'q' }, ':at': { N: '90' } },
	};
	pages = await numbers(paginateQuery({ client, pageSize: 7 }, byKind));
	assert.deepEqual(pages.flat(), Array.from({ length: 20 }, (_, i) => 29 - i));
	const { Items, LastEvaluatedKey } = await client.send(new QueryCommand({
		TableName, IndexName: 'by-at', KeyConditionExpression: 'pk = :p', Limit: 2,
		ExpressionAttributeValues: { ':p': { S: 'query' } },
	}));
	assert.deepEqual(Items, [
		{ ...key('query', 29), at: { N: '71' } }, { ...key('query', 28), at: { N: '72' } },
	]);
	assert.deepEqual(LastEvaluatedKey, Items[1]);
});

test('Scan: pages and segments', async () => {
	const name = await createTable('scan');
	await Promise.all(Array.from({ length: 60 }, (_, i) => client.send(new PutItemCommand({
		TableName: name, Item: key(`p${i % 12}`, i),
	}))));
	const scan = async (pageSize, more) => {
		const found = [];
		for await (const page of paginateScan({ client, pageSize }, { TableName: name, ...more }))
			found.push(...page.Items.map((i) => Number(i.sk.N)));
		return found;
	};
	const sorted = (list) => list.sort((a, b) => a - b);
	const all = Array.from({ length: 60 }, (_, i) => i);
	assert.deepEqual(sorted(await scan(7, {})), all);
	const parts = await Promise.all([0, 1, 2].map((Segment) => scan(4, { Segment, TotalSegments: 3 })));
	assert.deepEqual(sorted(parts.flat()), all);
	const { Count, ScannedCount, Items } = await client.send(new ScanCommand({
		TableName: name, Select: 'COUNT', FilterExpression: 'sk < :ten',
		ExpressionAttributeValues: { ':ten': { N: '10' } },
	}));
	assert.deepEqual([Count, ScannedCount, Items], [10, 60, undefined]);
});

test('items near 400 KB, of text and of bytes', async () => {
	// 409,600 bytes with the names, and the number 1 takes two
	const room = 409600 - ('pk' + 'large' + 'sk' + 'big').length - 2;
	for (const value of [{ S: 'x'.repeat(room) }, { S: 'ä'.repeat(room / 2) + 'x'.repeat(room % 2) },
		{ B: Uint8Array.from({ length: room }, (_, i) => (i * 7) % 256) }]) {
		const Item = { ...key('large'), big: value };
		await client.send(new PutItemCommand({ TableName, Item }));
		assert.deepEqual(await get('large'), Item);
	}
	await failsWith(client.send(new PutItemCommand({
		TableName, Item: { ...key('large'), big: { S: 'x'.repeat(room + 1) } },
	})), 'ValidationException', 'Item size has exceeded the maximum allowed size');
	const { Items } = await client.send(new QueryCommand({
		TableName, KeyConditionExpression: 'pk = :p', ProjectionExpression: 'sk',
		ExpressionAttributeValues: { ':p': { S: 'large' } },
	}));
	assert.deepEqual(Items, [{ sk: { N: '1' } }]);
});

test('100 puts at once', async () => {
	await Promise.all(Array.from({ length: 100 }, (_, i) => client.send(new PutItemCommand({
		TableName, Item: { ...key('parallel', i), v: { S: `value ${i}` } },
	}))));
	const { Items } = await client.send(new QueryCommand({
		TableName, KeyConditionExpression: 'pk = :p',
		ExpressionAttributeValues: { ':p': { S: 'parallel' } },
	}));
	assert.deepEqual(Items.map((i) => i.v.S), Array.from({ length: 100 }, (_, i) => `value ${i}`));
});

test('counters that are updated at once sum up exactly', async () => {
	const seen = await Promise.all(Array.from({ length: 200 }, async () => {
		const { Attributes } = await client.send(new UpdateItemCommand({
			TableName, Key: key('counter'), UpdateExpression: 'ADD n :one',
			ExpressionAttributeValues: { ':one': { N: '1' } }, ReturnValues: 'UPDATED_NEW',
		}));
		return Number(Attributes.n.N);
	}));
	assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i + 1));
	assert.deepEqual((await get('counter')).n, { N: '200' });
});

test('of 20 conditional puts at once one succeeds', async () => {
	const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => client.send(
		new PutItemCommand({
			TableName, Item: { ...key('once'), winner: { N: String(i) } },
			ConditionExpression: 'attribute_not_exists(pk)',
		}))));
	const winners = results.flatMap((r, i) => (r.status === 'fulfilled' ? [i] : []));
	assert.equal(winners.length, 1);
	for (const result of results) {
		if (result.status === 'rejected')
			assert.ok(result.reason instanceof ConditionalCheckFailedException, result.reason.message);
	}
	assert.deepEqual((await get('once')).winner, { N: String(winners[0]) });
});

const unless = authenticated ? {} : { skip: 'authentication is not tested' };

test('a wrong secret and an unknown key', unless, async () => {
	for (const wrong of [{ ...credentials, secretAccessKey: 'secret' },
		{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' }]) {
		const stranger = newClient({ credentials: wrong });
		const error = await failsWith(stranger.send(new ListTablesCommand({})),
			'UnrecognizedClientException', /./);
		assert.equal(error.$metadata.attempts, 1);
	}
});

test('roles: one that may read does not write, whoever shares its connection', unless, async () => {
	const reader = newClient({ credentials: readerCredentials });
	await client.send(new PutItemCommand({ TableName, Item: key('roles') }));
	await Promise.all(Array.from({ length: 40 }, async (_, i) => {
		const { Item } = await reader.send(new GetItemCommand({ TableName, Key: key('roles') }));
		assert.ok(Item);
		await client.send(new UpdateItemCommand({
			TableName, Key: key('roles'), UpdateExpression: 'SET v = :v',
			ExpressionAttributeValues: { ':v': { N: String(i) } },
		}));
		await failsWith(reader.send(new UpdateItemCommand({
			TableName, Key: key('roles'), UpdateExpression: 'SET stolen = :v',
			ExpressionAttributeValues: { ':v': { N: String(i) } },
		})), 'AccessDeniedException', /./);
	}));
	assert.equal((await get('roles')).stolen, undefined);
});
