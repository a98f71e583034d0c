// Dynamoose: models that make their own tables, doing ordinary work.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import dynamoose from 'dynamoose';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { client, credentials, endpoint, region, tableName } from './common.mjs';

dynamoose.aws.ddb.set(new dynamoose.aws.ddb.DynamoDB({ endpoint, region, credentials }));

const schema = new dynamoose.Schema({
	author: { type: String, hashKey: true },
	title: { type: String, rangeKey: true },
	genre: { type: String, index: { name: 'by-genre', type: 'global', rangeKey: 'year' } },
	year: Number,
	copies: { type: Number, default: 1 },
	available: Boolean,
	tags: { type: Set, schema: [String] },
	reviews: { type: Array, schema: [{ type: Object, schema: { by: String, stars: Number } }] },
	cover: Buffer,
	added: Date,
}, { saveUnknown: ['extra.**'] });
const Book = dynamoose.model('Book', schema);
const name = tableName('dynamoose');
const waitForActive = { enabled: true, check: { timeout: 60000, frequency: 100 } };
const table = new dynamoose.Table(name, [Book], {
	throughput: 'ON_DEMAND', waitForActive, initialize: false,
});
await table.initialize();

test('the model makes its table', async () => {
	const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
	assert.equal(Table.TableStatus, 'ACTIVE');
	assert.equal(Table.BillingModeSummary.BillingMode, 'PAY_PER_REQUEST');
	assert.deepEqual(Table.GlobalSecondaryIndexes.map((i) => i.IndexName), ['by-genre']);
	assert.deepEqual(Table.GlobalSecondaryIndexes[0].KeySchema.map((k) => k.AttributeName),
		['genre', 'year']);
});

test('create, and not twice', async () => {
	const values = {
		author: 'Shelley', title: 'Frankenstein', genre: 'horror', year: 1818, available: true,
		tags: new Set(['gothic', 'classic']), reviews: [{ by: 'Scott', stars: 5 }],
		cover: Buffer.from([0, 1, 254, 255]), added: new Date(1700000000000),
	};
	await Book.create({ ...values, unknown: 'left out' });
	await assert.rejects(Book.create(values), /The conditional request failed/);
	const got = await Book.get({ author: 'Shelley', title: 'Frankenstein' });
	assert.deepEqual({ ...got, cover: Buffer.from(got.cover) }, { ...values, copies: 1 });
	assert.equal(await Book.get({ author: 'Shelley', title: 'Valperga' }), undefined);
});

test('save and update', async () => {
	const book = await Book.get({ author: 'Shelley', title: 'Frankenstein' });
	book.copies = 3;
	await book.save();
	const updated = await Book.update({ author: 'Shelley', title: 'Frankenstein' }, {
		$SET: { available: false }, $ADD: { copies: 4 }, $REMOVE: ['cover'],
	});
	assert.equal(updated.copies, 7);
	assert.equal(updated.available, false);
	assert.equal(updated.cover, undefined);
	await assert.rejects(Book.update({ author: 'Shelley', title: 'Frankenstein' }, { year: 1831 }, {
		condition: new dynamoose.Condition().filter('copies').gt(7),
	}), /The conditional request failed/);
	assert.equal((await Book.get({ author: 'Shelley', title: 'Frankenstein' })).year, 1818);
});

test('query: sort key, index, filter, pages', async () => {
	for (let i = 0; i < 25; i++) {
		await Book.create({
			author: 'Verne', title: `Voyage ${String(i).padStart(2, '0')}`,
			genre: i % 2 ? 'adventure' : 'science', year: 1863 + i, copies: i,
		});
	}
	const titles = (books) => books.map((b) => b.title);
	assert.deepEqual(titles(await Book.query('author').eq('Verne').where('title')
		.between('Voyage 03', 'Voyage 05').exec()), ['Voyage 03', 'Voyage 04', 'Voyage 05']);
	assert.deepEqual(titles(await Book.query('author').eq('Verne').where('title')
		.beginsWith('Voyage 2').sort('descending').limit(2).exec()), ['Voyage 24', 'Voyage 23']);
	const science = await Book.query('genre').eq('science').where('year').gt(1880).using('by-genre').exec();
	assert.deepEqual(science.map((b) => b.year), [1881, 1883, 1885, 1887]);
	assert.deepEqual(titles(await Book.query('author').eq('Verne').filter('copies').ge(20)
		.and().filter('genre').eq('adventure').all().exec()), ['Voyage 21', 'Voyage 23']);
	assert.equal((await Book.query('author').eq('Verne').count().exec()).count, 25);

	const seen = [];
	let start;
	do {
		const query = Book.query('author').eq('Verne').limit(10);
		const page = await (start ? query.startAt(start) : query).exec();
		seen.push(...titles(page));
		start = page.lastKey;
	} while (start);
	assert.equal(seen.length, 25);
	assert.deepEqual(seen, [...seen].sort());
});

test('scan, also in parallel', async () => {
	const all = await Book.scan().limit(7).all().exec();
	assert.equal(all.length, 26);
	const parallel = await Book.scan('copies').lt(5).parallel(3).exec();
	assert.deepEqual(parallel.map((b) => b.copies).sort(), [0, 1, 2, 3, 4]);
	const some = await Book.scan('tags').contains('gothic').attributes(['title']).exec();
	assert.deepEqual(some.map((b) => b.toJSON()), [{ title: 'Frankenstein' }]);
});

test('batches', async () => {
	const books = Array.from({ length: 25 }, (_, i) => ({ author: 'Batch', title: `B${i}`, copies: 100 + i }));
	assert.deepEqual((await Book.batchPut(books)).unprocessedItems, []);
	const got = await Book.batchGet([...books.slice(0, 3), { author: 'Batch', title: 'none' }]
		.map(({ author, title }) => ({ author, title })));
	assert.deepEqual(got.map((b) => b.copies).sort(), [100, 101, 102]);
	assert.equal(got.unprocessedKeys.length, 0);
	await Book.batchDelete(books.slice(1).map(({ author, title }) => ({ author, title })));
	assert.deepEqual((await Book.query('author').eq('Batch').exec()).map((b) => b.title), ['B0']);
});

test('transactions', async () => {
	const key = { author: 'Batch', title: 'B0' };
	const transfer = (copies) => dynamoose.transaction([
		Book.transaction.update(key, { $ADD: { copies: -1 } },
			{ condition: new dynamoose.Condition('copies').ge(copies) }),
		Book.transaction.create({ author: 'Batch', title: 'lent', copies: 1 }),
		Book.transaction.condition({ author: 'Batch', title: 'B9' }, new dynamoose.Condition('title').not().exists()),
	]);
	await assert.rejects(transfer(1000), (error) => {
		assert.equal(error.name, 'TransactionCanceledException');
		assert.match(error.message, /\[ConditionalCheckFailed, None, None\]$/);
		return true;
	});
	await transfer(100);
	await assert.rejects(transfer(1), /\[None, ConditionalCheckFailed, None\]$/);
	assert.deepEqual((await dynamoose.transaction([
		Book.transaction.get(key), Book.transaction.get({ author: 'Batch', title: 'lent' }),
	])).map((b) => b.copies), [99, 1]);
	await dynamoose.transaction([Book.transaction.delete(key), Book.transaction.delete({ author: 'Batch', title: 'lent' })]);
	assert.equal((await Book.query('author').eq('Batch').exec()).length, 0);
});

test('delete', async () => {
	const key = { author: 'Shelley', title: 'Frankenstein' };
	await assert.rejects(Book.delete(key, { condition: new dynamoose.Condition('copies').eq(0) }),
		/The conditional request failed/);
	await Book.delete(key);
	assert.equal(await Book.get(key), undefined);
});

test('a changed model adds its index and removes the old one', async () => {
	const Changed = dynamoose.model('ChangedBook', new dynamoose.Schema({
		author: { type: String, hashKey: true },
		title: { type: String, rangeKey: true },
		year: { type: Number, index: { name: 'by-year', type: 'global' } },
	}));
	await new dynamoose.Table(name, [Changed], {
		throughput: 'ON_DEMAND', waitForActive, update: ['indexes'], initialize: false,
	}).initialize();
	let books = [];
	for (let i = 0; i < 100 && books.length === 0; i++) {
		books = await Changed.query('year').eq(1870).using('by-year').exec().catch((error) => {
			assert.match(error.message, /Cannot read from backfilling global secondary index|specified index/);
			return [];
		});
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	assert.deepEqual(books.map((b) => b.title), ['Voyage 07']);
	const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
	assert.deepEqual(Table.GlobalSecondaryIndexes.map((i) => i.IndexName), ['by-year']);
});
