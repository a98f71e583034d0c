// The AWS SDK for JavaScript: statements of PartiQL, with the client and the
// document client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	BatchExecuteStatementCommand, ConditionalCheckFailedException, DuplicateItemException,
	ExecuteStatementCommand, ExecuteTransactionCommand, GetItemCommand,
	IdempotentParameterMismatchException, ResourceNotFoundException,
	TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import * as lib from '@aws-sdk/lib-dynamodb';
import { client, createTable, fails, failsWith, indexedBy } from './common.mjs';

const TableName = await createTable('partiql', indexedBy('kind'));
const table = `"${TableName}"`;
const run = (Statement, Parameters, more = {}) =>
	client.send(new ExecuteStatementCommand({ Statement, Parameters, ...more }));
const get = async (pk, sk) => (await client.send(new GetItemCommand({
	TableName, Key: { pk: { S: pk }, sk: { N: String(sk) } },
}))).Item;

test('INSERT, and no second one', async () => {
	const { Items } = await run(
		`INSERT INTO ${table} VALUE {'pk': ?, 'sk': 1, 'kind': 'x', 'l': [1, {'a': <<'b'>>}], 'B': ?}`,
		[{ S: 'it\'s' }, { B: Buffer.from([0, 255]) }]);
	assert.deepEqual(Items, []);
	const item = await get('it\'s', 1);
	assert.deepEqual(item.l, { L: [{ N: '1' }, { M: { a: { SS: ['b'] } } }] });
	assert.deepEqual([...item.B.B], [0, 255]);
	await fails(run(`INSERT INTO ${table} VALUE {'pk': 'it''s', 'sk': 1}`),
		DuplicateItemException, 'Duplicate primary key exists in table');
	assert.equal((await get('it\'s', 1)).kind.S, 'x');
});

test('SELECT: paths, conditions, indexes, order', async () => {
	for (let i = 0; i < 5; i++)
		await run(`INSERT INTO ${table} VALUE {'pk': 'select', 'sk': ${i}, 'kind': 'k${i % 2}', 'a': {'b': ${i}}}`);
	const of = async (...args) => (await run(...args)).Items.map((item) => item.sk.N).join(' ');
	assert.deepEqual((await run(`SELECT a.b, kind FROM ${table} WHERE pk = ? AND sk = ?`,
		[{ S: 'select' }, { N: '3' }])).Items, [{ b: { N: '3' }, kind: { S: 'k1' } }]);
	assert.equal(await of(`SELECT sk FROM ${table} WHERE pk = 'select' AND sk BETWEEN 1 AND 3`), '1 2 3');
	assert.equal(await of(`SELECT sk FROM ${table} WHERE pk = 'select' AND sk IN [4, 0]`), '4 0');
	assert.equal(await of(`SELECT sk FROM ${table} WHERE pk = 'select' AND a.b > 2 ORDER BY sk DESC`), '4 3');
	assert.equal(await of(`SELECT sk FROM ${table}."by-kind" WHERE kind = 'k1' AND pk = 'select'`), '1 3');
	assert.equal(await of(`SELECT sk FROM ${table} WHERE pk = 'none'`), '');
});

test('pages', async () => {
	const Statement = `SELECT sk FROM ${table} WHERE pk IN ['select', 'none'] AND sk >= 0`;
	const seen = [];
	let NextToken;
	do {
		const page = await run(Statement, undefined, { Limit: 2, NextToken });
		seen.push(...page.Items.map((item) => item.sk.N));
		NextToken = page.NextToken;
		if (NextToken)
			assert.equal(page.LastEvaluatedKey.sk.N, seen.at(-1));
	} while (NextToken);
	assert.equal(seen.join(' '), '0 1 2 3 4');
	await failsWith(run(Statement, undefined, { NextToken: 'x' }), 'ValidationException',
		'Invalid NextToken');
});

test('UPDATE and DELETE', async () => {
	await run(`INSERT INTO ${table} VALUE {'pk': 'update', 'sk': 1, 'n': 1, 's': <<'a'>>}`);
	assert.deepEqual((await run(`UPDATE ${table} SET n = n + ?, s = set_add(s, ?) REMOVE x
		WHERE pk = 'update' AND sk = 1 AND n = 1 RETURNING MODIFIED NEW *`,
	[{ N: '10' }, { SS: ['b'] }])).Items, [{ n: { N: '11' }, s: { SS: ['a', 'b'] } }]);
	const failed = await fails(run(`UPDATE ${table} SET n = 0 WHERE pk = 'update' AND sk = 1 AND n = 1`,
		undefined, { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
	ConditionalCheckFailedException, 'The conditional request failed');
	assert.equal(failed.Item.n.N, '11');
	await fails(run(`UPDATE ${table} SET n = 0 WHERE pk = 'absent' AND sk = 1`),
		ConditionalCheckFailedException, 'The conditional request failed');
	const { Items, ConsumedCapacity } = await run(
		`DELETE FROM ${table} WHERE pk = 'update' AND sk = 1 RETURNING ALL OLD *`, undefined,
		{ ReturnConsumedCapacity: 'TOTAL' });
	assert.equal(Items[0].n.N, '11');
	assert.equal(ConsumedCapacity.CapacityUnits, 1);
	assert.equal(await get('update', 1), undefined);
});

test('errors', async () => {
	await failsWith(run('SELECT * FROM'), 'ValidationException',
		/^Statement wasn't well formed, can't be processed: /);
	await failsWith(run(`DELETE FROM ${table} WHERE pk = 'x'`), 'ValidationException',
		'Where clause does not contain a mandatory equality on all key attributes');
	await failsWith(run(`SELECT * FROM ${table} WHERE pk = ?`), 'ValidationException',
		'Number of parameters in request and statement don\'t match.');
	await fails(run('SELECT * FROM "js-no-such-table"'), ResourceNotFoundException,
		'Requested resource not found');
});

test('batches', async () => {
	const batch = async (...statements) => (await client.send(new BatchExecuteStatementCommand({
		Statements: statements.map((Statement) => ({ Statement })),
	}))).Responses;
	assert.deepEqual(await batch(
		`INSERT INTO ${table} VALUE {'pk': 'batch', 'sk': 1}`,
		`INSERT INTO ${table} VALUE {'pk': 'select', 'sk': 1}`,
		`UPDATE "js-no-such-table" SET a = 1 WHERE pk = 'x'`), [
		{ TableName },
		{ TableName, Error: { Code: 'DuplicateItem', Message: 'Duplicate primary key exists in table' } },
		{ Error: { Code: 'ResourceNotFound', Message: 'Requested resource not found' } },
	]);
	assert.deepEqual(await batch(
		`SELECT sk FROM ${table} WHERE pk = 'batch' AND sk = 1`,
		`SELECT sk FROM ${table} WHERE pk = 'batch' AND sk = 2`), [
		{ TableName, Item: { sk: { N: '1' } } }, { TableName },
	]);
	await failsWith(batch(`SELECT sk FROM ${table} WHERE pk = 'batch' AND sk = 1`,
		`DELETE FROM ${table} WHERE pk = 'batch' AND sk = 1`), 'ValidationException',
	'Read and write requests together in the same batch is not supported.');
});

test('transactions', async () => {
	const transact = async (statements, more = {}) => (await client.send(new ExecuteTransactionCommand({
		TransactStatements: statements.map((Statement) => ({ Statement })), ...more,
	}))).Responses;
	const statements = [
		`EXISTS(SELECT * FROM ${table} WHERE pk = 'select' AND sk = 1 AND kind = 'k1')`,
		`INSERT INTO ${table} VALUE {'pk': 'transact', 'sk': 1}`,
	];
	const ClientRequestToken = `partiql-${process.pid}`;
	await transact(statements, { ClientRequestToken });
	await transact(statements, { ClientRequestToken });
	await fails(transact([statements[0]], { ClientRequestToken }), IdempotentParameterMismatchException,
		'Specified idempotent token was used with different request parameters within the idempotency window');
	const canceled = await fails(transact([`INSERT INTO ${table} VALUE {'pk': 'transact', 'sk': 2}`, statements[1]]),
		TransactionCanceledException,
		'Transaction cancelled, please refer cancellation reasons for specific reasons [None, DuplicateItem]');
	assert.deepEqual(canceled.CancellationReasons.map((reason) => reason.Code), ['None', 'DuplicateItem']);
	assert.equal(await get('transact', 2), undefined);
	assert.deepEqual(await transact([
		`SELECT sk FROM ${table} WHERE pk = 'transact' AND sk = 1`,
		`SELECT sk FROM ${table} WHERE pk = 'transact' AND sk = 2`]), [{ Item: { sk: { N: '1' } } }, {}]);
});

test('the document client', async () => {
	const documents = lib.DynamoDBDocumentClient.from(client);
	await documents.send(new lib.ExecuteStatementCommand({
		Statement: `INSERT INTO ${table} VALUE {'pk': ?, 'sk': ?, 'v': ?}`,
		Parameters: ['document', 1, { list: [1, 'two', null, true] }],
	}));
	const { Items } = await documents.send(new lib.ExecuteStatementCommand({
		Statement: `SELECT v FROM ${table} WHERE pk = ? AND sk = ?`, Parameters: ['document', 1],
	}));
	assert.deepEqual(Items, [{ v: { list: [1, 'two', null, true] } }]);
	const { Responses } = await documents.send(new lib.BatchExecuteStatementCommand({
		Statements: [{ Statement: `SELECT v FROM ${table} WHERE pk = ? AND sk = ?`, Parameters: ['document', 1] }],
	}));
	assert.deepEqual(Responses[0].Item.v.list[1], 'two');
	await documents.send(new lib.ExecuteTransactionCommand({
		TransactStatements: [{
			Statement: `UPDATE ${table} SET v = ? WHERE pk = ? AND sk = ?`, Parameters: [new Set(['a']), 'document', 1],
		}],
	}));
	assert.deepEqual((await get('document', 1)).v, { SS: ['a'] });
});
