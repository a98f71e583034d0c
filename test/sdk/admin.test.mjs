// dynamodb-admin in a real browser: a table, an item, a change of it, a query.
//
// This is version 4, on version 2 of the AWS SDK.  The form of version 5 sends
// capacity units as strings, which DynamoDB refuses.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { DescribeTableCommand, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { client, tableName } from './common.mjs';

const TableName = tableName('admin');
const screenshots = process.env.SDK_OUT ?? tmpdir();
const errors = [];
let admin, scratch, browser, page, url;

before(async () => {
	scratch = await mkdtemp(path.join(tmpdir(), 'dynamo-admin-'));
	admin = spawn(process.execPath,
		['node_modules/dynamodb-admin/bin/dynamodb-admin.js', '--host', '127.0.0.1', '--port', '0'],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	for await (const line of createInterface({ input: admin.stdout })) {
		[, url] = line.match(/listening on (http:\/\/127\.0\.0\.1:\d+)/) ?? [];
		if (url)
			break;
	}
	assert.ok(url, 'dynamodb-admin did not start');
	browser = await puppeteer.launch({
		executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
		userDataDir: path.join(scratch, 'profile'),
		env: { ...process.env, HOME: scratch, XDG_CONFIG_HOME: scratch, XDG_CACHE_HOME: scratch },
		args: [
			'--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
			'--disable-background-networking', '--disable-component-update', '--disable-sync',
			'--disable-dev-shm-usage', '--no-proxy-server',
		],
	});
	page = await browser.newPage();
	await page.setViewport({ width: 1280, height: 800 });
	page.setDefaultTimeout(30000);
	page.on('pageerror', (error) => errors.push(error.message));
	page.on('requestfailed', (request) => {
		// the page leaves without waiting for the rest of the response
		if (request.failure().errorText !== 'net::ERR_ABORTED')
			errors.push(`${request.method()} ${request.url()}: ${request.failure().errorText}`);
	});
	page.on('dialog', (dialog) => dialog.accept());
});

after(async () => {
	await browser?.close();
	admin?.kill();
	if (scratch)
		await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

// Click on what leads to another page, and wait for that
const follow = (selector) => Promise.all([
	page.waitForNavigation({ waitUntil: 'networkidle0' }), page.click(selector),
]);

// What a person reads on the page
const text = () => page.$eval('body', (body) => body.innerText);

// The rows of the table of items, each a list of texts
async function rows() {
	await page.waitForFunction(() => document.querySelector('#table-placeholder') === null ||
		document.querySelector('#table-placeholder').classList.contains('d-none'));
	return page.$$eval('#items-container tr', (all) => all.map((row) =>
		[...row.querySelectorAll('td')].map((cell) => cell.innerText.trim())));
}

// Replace the text in the editor as by a paste, and save
async function saveItem(item) {
	await page.click('.ace_content');
	await page.keyboard.down('Control');
	await page.keyboard.press('a');
	await page.keyboard.up('Control');
	await page.keyboard.sendCharacter(JSON.stringify(item));
	await page.click('#saveButton');
}

const stored = async (sk) => (await client.send(new GetItemCommand({
	TableName, Key: { customer: { S: 'ann' }, order: { N: String(sk) } },
}))).Item;

test('create a table with an index', async () => {
	await page.goto(`${url}/`, { waitUntil: 'networkidle0' });
	await follow('a[href="/create-table"]');
	await page.type('#TableName', TableName);
	await page.type('#HashAttributeName', 'customer');
	await page.type('#RangeAttributeName', 'order');
	await page.select('select[name=RangeAttributeType]', 'N');
	await page.click('#new-index');
	await page.type('input[name=secondary-index-1-IndexName]', 'by-state');
	await page.type('input[name=secondary-index-1-HashAttributeName]', 'state');
	await page.select('select[name=secondary-index-1-HashAttributeType]', 'S');
	await follow('#saveButton');
	assert.match(await text(), new RegExp(TableName));
	const { Table } = await client.send(new DescribeTableCommand({ TableName }));
	assert.equal(Table.ProvisionedThroughput.ReadCapacityUnits, 3);
	assert.deepEqual(Table.KeySchema.map((k) => k.AttributeName), ['customer', 'order']);
	assert.deepEqual(Table.GlobalSecondaryIndexes.map((i) => i.IndexName), ['by-state']);
});

test('put an item', async () => {
	await follow(`#table-list a[href="/tables/${TableName}"]`);
	await follow(`a[href="/tables/${TableName}/add-item"]`);
	await Promise.all([
		page.waitForNavigation({ waitUntil: 'networkidle0' }),
		saveItem({ customer: 'ann', order: 1, state: 'new', lines: [{ what: 'tea', price: 2.5 }] }),
	]);
	assert.deepEqual(await stored(1), {
		customer: { S: 'ann' }, order: { N: '1' }, state: { S: 'new' },
		lines: { L: [{ M: { what: { S: 'tea' }, price: { N: '2.5' } } }] },
	});
});

test('edit it', async () => {
	await page.goto(`${url}/tables/${TableName}/items/${encodeURIComponent('ann,1')}`,
		{ waitUntil: 'networkidle0' });
	assert.match(await text(), /"what": "tea"/);
	await saveItem({ customer: 'ann', order: 1, state: 'paid', note: 'Grüße 😀' });
	await page.waitForSelector('#saveButton.btn-success');
	assert.deepEqual(await stored(1), {
		customer: { S: 'ann' }, order: { N: '1' }, state: { S: 'paid' }, note: { S: 'Grüße 😀' },
	});
	await page.screenshot({ path: path.join(screenshots, 'admin-item.png') });
});

test('see it, scan and query', async () => {
	for (let i = 2; i <= 30; i++) {
		await client.send(new PutItemCommand({ TableName, Item: {
			customer: { S: i % 2 ? 'ann' : 'bob' }, order: { N: String(i) },
			state: { S: i % 3 ? 'new' : 'paid' },
		} }));
	}
	await page.goto(`${url}/tables/${TableName}`, { waitUntil: 'networkidle0' });
	assert.equal((await rows()).length, 25);
	await page.waitForSelector('.page-item-next:not(.disabled)');
	await page.click('.page-link-next');
	await page.waitForFunction(() => document.querySelectorAll('#items-container tr').length === 5);

	// Query the table by both keys
	await page.goto(`${url}/tables/${TableName}`, { waitUntil: 'networkidle0' });
	await page.select('select[name=operationType]', 'query');
	await fillFilter('customer', 'ann');
	await fillFilter('order', '25', { operator: '>=', type: 'N' });
	await follow('#form button[type=submit]');
	assert.deepEqual((await rows()).map((r) => r.slice(0, 3).filter((c) => /^\d+$/.test(c))),
		[['25'], ['27'], ['29']]);
	await page.screenshot({ path: path.join(screenshots, 'admin-query.png'), fullPage: true });

	// ... and the index
	await page.goto(`${url}/tables/${TableName}`, { waitUntil: 'networkidle0' });
	await page.select('select[name=operationType]', 'query');
	await page.select('select[name=queryableSelection]', 'by-state');
	await fillFilter('state', 'paid');
	await follow('#form button[type=submit]');
	assert.equal((await rows()).length, 11);
});

// Fill in the row of the filter on an attribute
async function fillFilter(name, value, { operator, type } = {}) {
	for (const row of await page.$$('#filters-table tr')) {
		if (await row.$eval('.filter-row-key', (e) => e.value) !== name)
			continue;
		if (operator)
			await (await row.$('.filter-row-operator')).select(operator);
		if (type)
			await (await row.$('.filter-row-type')).select(type);
		await (await row.$('.filter-row-value')).type(value);
		return;
	}
	assert.fail(`there is no filter on ${name}`);
}

test('delete the item', async () => {
	await page.goto(`${url}/tables/${TableName}/items/${encodeURIComponent('ann,1')}`,
		{ waitUntil: 'networkidle0' });
	await follow('.btn-danger');
	assert.equal(await stored(1), undefined);
});

test('an error of the service', async () => {
	await page.goto(`${url}/tables/${TableName}/add-item`, { waitUntil: 'networkidle0' });
	const [response] = await Promise.all([
		page.waitForResponse((r) => r.request().method() === 'PUT'),
		saveItem({ customer: 'ann', order: 'one' }),
	]);
	assert.match(await response.text(), /ValidationException.*Type mismatch for key order expected: N actual: S/);
	await page.waitForSelector('#saveButton.btn-warning');
});

test('purge the table', async () => {
	const { Count: before } = await client.send(new ScanCommand({ TableName, Select: 'COUNT' }));
	assert.ok(before > 25, `${before} items are more than one batch`);
	await page.goto(`${url}/`, { waitUntil: 'networkidle0' });
	await Promise.all([
		page.waitForResponse((r) => r.request().method() === 'DELETE' && r.ok()),
		page.click(`#table-list li[data-table-name="${TableName}"] .badge-warning`),
	]);
	await page.waitForNetworkIdle();
	const { Count } = await client.send(new ScanCommand({ TableName, Select: 'COUNT' }));
	assert.equal(Count, 0);
});

test('delete the table', async () => {
	await page.goto(`${url}/`, { waitUntil: 'networkidle0' });
	await Promise.all([
		page.waitForNavigation({ waitUntil: 'networkidle0' }),
		page.click(`#table-list li[data-table-name="${TableName}"] .badge-danger`),
	]);
	assert.doesNotMatch(await text(), new RegExp(TableName));
	await assert.rejects(client.send(new DescribeTableCommand({ TableName })),
		{ name: 'ResourceNotFoundException' });
});

test('no errors in the browser', () => {
	assert.deepEqual(errors, []);
});
