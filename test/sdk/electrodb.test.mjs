// ElectroDB: an entity of a single-table design doing ordinary work.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateTableCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { Entity, Service } from 'electrodb';
import { client, tableName, waitFor } from './common.mjs';

const table = tableName('electrodb');
await client.send(new CreateTableCommand({
	TableName: table,
	AttributeDefinitions: ['pk', 'sk', 'gsi1pk', 'gsi1sk'].map((AttributeName) => ({
		AttributeName, AttributeType: 'S',
	})),
	KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }, { AttributeName: 'sk', KeyType: 'RANGE' }],
	GlobalSecondaryIndexes: [{
		IndexName: 'gsi1',
		KeySchema: [
			{ AttributeName: 'gsi1pk', KeyType: 'HASH' }, { AttributeName: 'gsi1sk', KeyType: 'RANGE' },
		],
		Projection: { ProjectionType: 'ALL' },
	}],
	BillingMode: 'PAY_PER_REQUEST',
}));
await waitFor(waitUntilTableExists, table);

const Task = new Entity({
	model: { entity: 'task', version: '1', service: 'office' },
	attributes: {
		project: { type: 'string', required: true },
		task: { type: 'string', required: true },
		employee: { type: 'string', required: true },
		status: { type: ['open', 'closed'], required: true, default: () => 'open' },
		points: { type: 'number', default: () => 0 },
		labels: { type: 'set', items: 'string' },
		notes: { type: 'list', items: { type: 'string' } },
		details: { type: 'map', properties: { place: { type: 'string' }, floor: { type: 'number' } } },
		updatedAt: { type: 'number', watch: '*', set: () => 1700000000000 },
	},
	indexes: {
		tasks: {
			pk: { field: 'pk', composite: ['project'] },
			sk: { field: 'sk', composite: ['task'] },
		},
		assigned: {
			collection: 'work',
			index: 'gsi1',
			pk: { field: 'gsi1pk', composite: ['employee'] },
			sk: { field: 'gsi1sk', composite: ['status', 'task'] },
		},
	},
}, { client, table });

const Employee = new Entity({
	model: { entity: 'employee', version: '1', service: 'office' },
	attributes: {
		employee: { type: 'string', required: true },
		name: { type: 'string', required: true },
	},
	indexes: {
		employees: {
			pk: { field: 'pk', composite: ['employee'] },
			sk: { field: 'sk', composite: [] },
		},
		work: {
			collection: 'work',
			index: 'gsi1',
			pk: { field: 'gsi1pk', composite: ['employee'] },
			sk: { field: 'gsi1sk', composite: [] },
		},
	},
}, { client, table });

test('create, and not twice', async () => {
	const { data } = await Task.create({
		project: 'roof', task: 't1', employee: 'ann', labels: ['steep', 'high'],
		notes: ['bring a ladder'], details: { place: 'north', floor: 3 },
	}).go();
	assert.equal(data.status, 'open');
	assert.equal(data.points, 0);
	await assert.rejects(Task.create({ project: 'roof', task: 't1', employee: 'bob' }).go(),
		/The conditional request failed/);
	const { data: got } = await Task.get({ project: 'roof', task: 't1' }).go();
	assert.deepEqual({ ...got, labels: got.labels.sort() }, {
		project: 'roof', task: 't1', employee: 'ann', status: 'open', points: 0,
		labels: ['high', 'steep'], notes: ['bring a ladder'], details: { place: 'north', floor: 3 },
		updatedAt: 1700000000000,
	});
	const { data: none } = await Task.get({ project: 'roof', task: 't99' }).go();
	assert.equal(none, null);
});

test('upsert and put', async () => {
	await Task.put({ project: 'cellar', task: 'c1', employee: 'ann' }).go();
	await Task.upsert({ project: 'cellar', task: 'c1', employee: 'ann', points: 8 }).go();
	const { data } = await Task.get({ project: 'cellar', task: 'c1' }).go({ attributes: ['points', 'status'] });
	assert.deepEqual(data, { points: 8, status: 'open' });
});

test('patch with operations, and with a condition', async () => {
	const key = { project: 'roof', task: 't1' };
	// a set can be in one clause only
	await Task.patch(key).delete({ labels: ['high'] }).go();
	const { data } = await Task.patch(key)
		.set({ employee: 'bob', status: 'closed' })
		.add({ points: 5, labels: ['done'] })
		.append({ notes: ['mind the cat'] })
		.go({ response: 'all_new' });
	assert.deepEqual({ ...data, labels: data.labels.sort() }, {
		...key, employee: 'bob', status: 'closed', points: 5, labels: ['done', 'steep'],
		notes: ['bring a ladder', 'mind the cat'], details: { place: 'north', floor: 3 },
		updatedAt: 1700000000000,
	});
	await assert.rejects(Task.patch(key).set({ points: 9 })
		.where(({ points }, { gt }) => gt(points, 5)).go(), /The conditional request failed/);
	await Task.patch(key).data(({ points, details }, { subtract, set }) => {
		subtract(points, 2);
		set(details.floor, 4);
	}).where(({ points, status }, { eq, exists }) => `${eq(points, 5)} AND ${exists(status)}`).go();
	const { data: got } = await Task.get(key).go();
	assert.deepEqual([got.points, got.details], [3, { place: 'north', floor: 4 }]);
	await assert.rejects(Task.patch({ project: 'none', task: 'x' }).set({ points: 1 }).go(),
		/The conditional request failed/);
});

test('query: sort keys, index, filter, pages', async () => {
	for (let i = 0; i < 30; i++) {
		await Task.put({
			project: 'garden', task: `g${String(i).padStart(2, '0')}`, points: i,
			employee: i % 3 ? 'cleo' : 'dora', status: i % 2 ? 'open' : 'closed',
		}).go();
	}
	const names = ({ data }) => data.map((t) => t.task);
	assert.deepEqual(names(await Task.query.tasks({ project: 'garden' })
		.between({ task: 'g03' }, { task: 'g05' }).go()), ['g03', 'g04', 'g05']);
	assert.deepEqual(names(await Task.query.tasks({ project: 'garden' }).begins({ task: 'g2' })
		.go({ order: 'desc', limit: 3 })), ['g29', 'g28', 'g27']);
	assert.equal((await Task.query.assigned({ employee: 'cleo', status: 'open' }).go({ pages: 'all' })).data.length, 10);
	assert.deepEqual(names(await Task.query.tasks({ project: 'garden' })
		.where(({ points, employee }, { gte, eq }) => `${gte(points, 20)} AND ${eq(employee, 'dora')}`)
		.go({ pages: 'all' })), ['g21', 'g24', 'g27']);

	const seen = [];
	let cursor = null;
	do {
		const page = await Task.query.tasks({ project: 'garden' }).go({ cursor, limit: 7 });
		assert.ok(page.data.length <= 7);
		seen.push(...names(page));
		cursor = page.cursor;
	} while (cursor);
	assert.deepEqual(seen, Array.from({ length: 30 }, (_, i) => `g${String(i).padStart(2, '0')}`));
});

test('scan and match', async () => {
	const { data } = await Task.scan.where(({ points }, { between }) => between(points, 10, 12))
		.go({ pages: 'all' });
	assert.deepEqual(data.map((t) => t.points).sort(), [10, 11, 12]);
	const { data: matched } = await Task.match({ project: 'garden', status: 'closed' }).go({ pages: 'all' });
	assert.equal(matched.length, 15);
});

test('a collection of two entities', async () => {
	await Employee.create({ employee: 'cleo', name: 'Cleo' }).go();
	const office = new Service({ Task, Employee });
	const { data } = await office.collections.work({ employee: 'cleo' }).go({ pages: 'all' });
	assert.deepEqual(data.Employee, [{ employee: 'cleo', name: 'Cleo' }]);
	assert.equal(data.Task.length, 20);
});

test('get, put and delete of several', async () => {
	const tasks = Array.from({ length: 60 }, (_, i) => ({
		project: 'many', task: `m${String(i).padStart(2, '0')}`, points: i, employee: 'eve',
	}));
	const { unprocessed } = await Task.put(tasks).go();
	assert.deepEqual(unprocessed, []);
	const keys = tasks.map(({ project, task }) => ({ project, task }));
	const { data } = await Task.get([...keys, { project: 'many', task: 'none' }]).go({ preserveBatchOrder: true });
	assert.deepEqual(data.map((t) => t && t.points), [...tasks.map((t) => t.points), null]);
	await Task.delete(keys.slice(0, 50)).go();
	assert.equal((await Task.query.tasks({ project: 'many' }).go()).data.length, 10);
});

test('transactions of a service', async () => {
	const office = new Service({ Task, Employee });
	const key = { project: 'many', task: 'm55' };
	const write = (points) => office.transaction.write(({ Task: task, Employee: employee }) => [
		employee.create({ employee: 'eve', name: 'Eve' }).commit({ response: 'all_old' }),
		task.patch(key).set({ points: 100 }).where((attributes, { eq }) => eq(attributes.points, points)).commit(),
		task.check({ project: 'many', task: 'm56' }).where((attributes, { eq }) => eq(attributes.points, 56)).commit(),
	]).go();
	const refused = await write(1);
	assert.equal(refused.canceled, true);
	assert.deepEqual(refused.data.map((d) => [d.rejected, d.code]),
		[[false, 'None'], [true, 'ConditionalCheckFailed'], [false, 'None']]);
	assert.equal((await Employee.get({ employee: 'eve' }).go()).data, null);
	assert.equal((await write(55)).canceled, false);
	const again = await write(100);
	assert.deepEqual(again.data[0].item, { employee: 'eve', name: 'Eve' });
	const { data } = await office.transaction.get(({ Task: task, Employee: employee }) => [
		task.get(key).commit(), employee.get({ employee: 'eve' }).commit(), employee.get({ employee: 'nobody' }).commit(),
	]).go();
	assert.deepEqual([data[0].item.points, data[1].item.name, data[2].item], [100, 'Eve', null]);
});

test('remove and delete', async () => {
	const key = { project: 'garden', task: 'g00' };
	await assert.rejects(Task.delete(key).where(({ points }, { gt }) => gt(points, 0)).go(),
		/The conditional request failed/);
	const { data } = await Task.remove(key).go({ response: 'all_old' });
	assert.equal(data.points, 0);
	await assert.rejects(Task.remove(key).go(), /The conditional request failed/);
	await Task.delete(key).go();
	assert.equal((await Task.get(key).go()).data, null);
});
