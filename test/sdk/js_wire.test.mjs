// The AWS SDK for JavaScript: what its requests and responses are on the wire,
// and what it does when the wire breaks.

import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import {
	ConditionalCheckFailedException, DescribeTableCommand, GetItemCommand, PutItemCommand,
	ScanCommand, UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { client, createTable, endpoint, failsWith, newClient } from './common.mjs';

const TableName = await createTable('wire');
const key = (pk) => ({ pk: { S: pk }, sk: { N: '1' } });
const agent = new http.Agent({ keepAlive: true });
after(() => agent.destroy());

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, n) => {
	for (let k = 0; k < 8; k++)
		n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
	return n;
});

function crc32(bytes) {
	let crc = -1;
	for (const byte of bytes)
		crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
	return (crc ^ -1) >>> 0;
}

// Send a request; returns the status, the headers and the bytes of the body.
async function exchange(options, body) {
	const request = http.request({ agent, ...options });
	request.end(body);
	const [response] = await once(request, 'response');
	const chunks = [];
	for await (const chunk of response)
		chunks.push(chunk);
	return {
		status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks),
		reused: request.reusedSocket,
	};
}

// Send a command of the SDK, signed by it, with headers or a coding of its own.
// Returns the SDK's result or error and the exchange as it was on the wire.
async function send(command, { headers = {}, encode } = {}) {
	let wire;
	const raw = newClient({
		maxAttempts: 1,
		requestHandler: {
			async handle(request) {
				wire = await exchange({
					host: request.hostname, port: request.port, method: request.method,
					path: request.path, headers: request.headers,
				}, request.body);
				const decoders = { gzip: zlib.gunzipSync, deflate: zlib.inflateSync };
				const decode = decoders[wire.headers['content-encoding']] ?? ((b) => b);
				return { response: {
					statusCode: wire.status, headers: wire.headers,
					body: Readable.from([decode(wire.body)]),
				} };
			},
			httpHandlerConfigs: () => ({}),
			updateHttpClientConfig() {},
		},
	});
	raw.middlewareStack.add((next) => (args) => {
		Object.assign(args.request.headers, headers);
		if (encode) {
			args.request.body = encode(args.request.body);
			args.request.headers['content-length'] = String(args.request.body.length);
		}
		return next(args);
	}, { step: 'build', priority: 'low' });
	let result, error;
	try {
		result = await raw.send(command);
	} catch (e) {
		error = e;
	}
	return { result, error, ...wire };
}

function checkHeaders({ headers, body }) {
	assert.equal(headers['x-amz-crc32'], String(crc32(body)));
	assert.equal(headers['content-length'], String(body.length));
	assert.equal(headers['content-type'], 'application/x-amz-json-1.0');
	assert.match(headers['x-amzn-requestid'], /^[A-Z0-9]{52}$/);
}

test('headers of a response and of an error', async () => {
	assert.equal(crc32(Buffer.from('123456789')), 0xcbf43926);
	let sent = await send(new PutItemCommand({ TableName, Item: { ...key('small'), v: { S: 'ä' } } }));
	assert.equal(sent.status, 200);
	assert.equal(sent.body.toString(), '{}');
	checkHeaders(sent);
	sent = await send(new GetItemCommand({ TableName, Key: key('small') }));
	assert.deepEqual(sent.result.Item.v, { S: 'ä' });
	checkHeaders(sent);
	sent = await send(new DescribeTableCommand({ TableName: 'js-none' }));
	assert.equal(sent.status, 400);
	assert.equal(sent.body.toString(),
		'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",' +
		'"message":"Requested resource not found: Table: js-none not found"}');
	checkHeaders(sent);
	sent = await send(new GetItemCommand({ TableName, Key: { pk: { S: 'x' } } }));
	assert.equal(sent.body.toString(),
		'{"__type":"com.amazon.coral.validate#ValidationException",' +
		'"message":"The provided key element does not match the schema"}');
	checkHeaders(sent);
});

test('request ids differ', async () => {
	const ids = new Set();
	for (let i = 0; i < 50; i++) {
		const { $metadata } = await client.send(new GetItemCommand({ TableName, Key: key('small') }));
		ids.add($metadata.requestId);
	}
	assert.equal(ids.size, 50);
});

test('a connection is used again', async () => {
	for (let i = 0; i < 5; i++) {
		const sent = await send(new GetItemCommand({ TableName, Key: key('small') }));
		assert.equal(sent.status, 200);
		assert.ok(i === 0 || sent.reused);
	}
});

test('compressed responses, and the sum over the bytes as they are sent', async () => {
	const Item = { ...key('compressible'), v: { S: 'tell me again '.repeat(1000) } };
	await client.send(new PutItemCommand({ TableName, Item }));
	const get = new GetItemCommand({ TableName, Key: key('compressible') });
	for (const coding of ['gzip', 'deflate']) {
		const sent = await send(get, { headers: { 'accept-encoding': coding } });
		assert.equal(sent.headers['content-encoding'], coding);
		assert.ok(sent.body.length < 2000, `${sent.body.length} bytes`);
		checkHeaders(sent);
		assert.deepEqual(sent.result.Item, Item);
	}
	for (const headers of [{}, { 'accept-encoding': 'identity' }, { 'accept-encoding': 'gzip;q=0, br' }]) {
		const sent = await send(get, { headers });
		assert.equal(sent.headers['content-encoding'], undefined);
		checkHeaders(sent);
		assert.deepEqual(sent.result.Item, Item);
	}
	const sent = await send(new GetItemCommand({ TableName, Key: key('small') }),
		{ headers: { 'accept-encoding': 'gzip' } });
	assert.equal(sent.headers['content-encoding'], undefined);
	checkHeaders(sent);
});

test('compressed requests', async () => {
	for (const [coding, encode] of [['gzip', zlib.gzipSync], ['deflate', zlib.deflateSync]]) {
		const Item = { ...key(coding), v: { S: 'over and over '.repeat(5000) } };
		const sent = await send(new PutItemCommand({ TableName, Item }),
			{ headers: { 'content-encoding': coding }, encode });
		assert.equal(sent.error, undefined);
		const got = await client.send(new GetItemCommand({ TableName, Key: key(coding) }));
		assert.deepEqual(got.Item, Item);
	}
});

test('requests up to 16 MB arrive', async () => {
	for (const size of [127, 128, 129, 256, 400].map((kb) => kb * 1024 - 1000)) {
		const Item = { ...key('size'), v: { S: 'z'.repeat(size) } };
		await client.send(new PutItemCommand({ TableName, Item }));
		const got = await client.send(new GetItemCommand({ TableName, Key: key('size') }));
		assert.equal(got.Item.v.S.length, size);
	}
	// Items of that size are refused, but they are read before
	for (const size of [1e6, 5e6, 16e6]) {
		await failsWith(client.send(new PutItemCommand({
			TableName, Item: { ...key('size'), v: { S: 'z'.repeat(size) } },
		})), 'ValidationException', 'Item size has exceeded the maximum allowed size');
	}
});

test('a page of 1 MB', async () => {
	await Promise.all(Array.from({ length: 12 }, (_, i) => client.send(new PutItemCommand({
		TableName, Item: { ...key(`page ${i}`), v: { S: 'y'.repeat(100000) } },
	}))));
	const sent = await send(new ScanCommand({ TableName }));
	assert.ok(sent.body.length > 1000000);
	assert.ok(sent.result.LastEvaluatedKey);
	checkHeaders(sent);
});

/*
 * A server between the client and the endpoint that treats the first requests
 * as it is told to, and passes on the others.
 */
async function proxyThat(...treatments) {
	const proxy = { requests: 0 };
	proxy.server = http.createServer(async (request, response) => {
		const chunks = [];
		for await (const chunk of request)
			chunks.push(chunk);
		const treatment = treatments[proxy.requests++];
		const forward = () => {
			const { hostname, port } = new URL(endpoint);
			return exchange({
				host: hostname, port, method: request.method, path: request.url,
				headers: request.headers,
			}, Buffer.concat(chunks));
		};
		if (treatment)
			return treatment(response, forward);
		const answer = await forward();
		response.writeHead(answer.status, answer.headers).end(answer.body);
	}).listen(0, '127.0.0.1');
	await once(proxy.server, 'listening');
	proxy.client = newClient({ endpoint: `http://127.0.0.1:${proxy.server.address().port}` });
	proxy.close = () => {
		proxy.client.destroy();
		proxy.server.close();
	};
	return proxy;
}

const answer = (status, name) => (response) => {
	response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
		.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'Not now' }));
};
const cut = (response) => response.socket.destroy();
const cutAfterwards = async (response, forward) => {
	await forward();
	response.socket.destroy();
};

for (const [name, ...treatments] of [
	['status 500', answer(500, 'InternalServerError')],
	['status 503', answer(503, 'ServiceUnavailable')],
	['throttling', answer(400, 'ProvisionedThroughputExceededException')],
	['a connection that is closed', cut],
	['a connection that is closed, then status 500', cut, answer(500, 'InternalServerError')],
	['a connection that is closed after the write', cutAfterwards],
]) {
	test(`the SDK tries again after ${name}`, async () => {
		const proxy = await proxyThat(...treatments);
		const Item = { ...key('retry'), v: { S: name } };
		const { $metadata } = await proxy.client.send(new PutItemCommand({ TableName, Item }));
		assert.equal($metadata.attempts, treatments.length + 1);
		assert.equal(proxy.requests, treatments.length + 1);
		const got = await client.send(new GetItemCommand({ TableName, Key: key('retry') }));
		assert.deepEqual(got.Item, Item);
		proxy.close();
	});
}

test('the SDK gives up after three attempts', async () => {
	const proxy = await proxyThat(...Array(4).fill(answer(500, 'InternalServerError')));
	await assert.rejects(proxy.client.send(new GetItemCommand({ TableName, Key: key('retry') })), (e) => {
		assert.equal(e.name, 'InternalServerError');
		assert.equal(e.$metadata.attempts, 3);
		return true;
	});
	assert.equal(proxy.requests, 3);
	proxy.close();
});

test('the SDK does not try again when the request is at fault', async () => {
	const proxy = await proxyThat();
	const error = await failsWith(proxy.client.send(new UpdateItemCommand({
		TableName, Key: key('retry'), UpdateExpression: 'nonsense',
	})), 'ValidationException', /^Invalid UpdateExpression: Syntax error; token: "nonsense"/);
	assert.equal(error.$metadata.attempts, 1);
	await assert.rejects(proxy.client.send(new PutItemCommand({
		TableName, Item: key('small'), ConditionExpression: 'attribute_not_exists(pk)',
	})), ConditionalCheckFailedException);
	assert.equal(proxy.requests, 2);
	proxy.close();
});

test('a conditional write that is tried again finds its own first attempt', async () => {
	const proxy = await proxyThat(cutAfterwards);
	await assert.rejects(proxy.client.send(new PutItemCommand({
		TableName, Item: key('at most once'), ConditionExpression: 'attribute_not_exists(pk)',
	})), (e) => e instanceof ConditionalCheckFailedException && e.$metadata.attempts === 2);
	proxy.close();
});
