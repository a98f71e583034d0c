-- ReturnConsumedCapacity and ReturnItemCollectionMetrics: the figures of every
-- operation on one item, of Query and Scan.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT FROM dynamo.create_table('{"TableName": "cap_plain", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]}');

-- What a request to a table consumed: units of the table, then of indexes.
-- The parts must add up to the total.
CREATE FUNCTION pg_temp.consumed(operation text, table_name text, request jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', c #>> '{Table,CapacityUnits}',
			(SELECT string_agg(key || '=' || (value ->> 'CapacityUnits'), ' ' ORDER BY key) FROM jsonb_each(c -> 'GlobalSecondaryIndexes')),
			(SELECT string_agg(key || '=' || (value ->> 'CapacityUnits'), ' ' ORDER BY key) FROM jsonb_each(c -> 'LocalSecondaryIndexes')),
			CASE WHEN (c ->> 'CapacityUnits')::numeric <> (c #>> '{Table,CapacityUnits}')::numeric +
				(SELECT coalesce(sum((value ->> 'CapacityUnits')::numeric), 0)
				 FROM jsonb_each(coalesce(c -> 'GlobalSecondaryIndexes', '{}') || coalesce(c -> 'LocalSecondaryIndexes', '{}')))
			THEN 'but total is ' || (c ->> 'CapacityUnits') END)
	FROM CAST(dynamo.invoke(operation, (request || jsonb_build_object('TableName', table_name, 'ReturnConsumedCapacity', 'INDEXES'))::text) AS jsonb) AS r,
		jsonb_extract_path(r, 'ConsumedCapacity') AS c
$$;

-- An item of cap_plain that has exactly so many bytes.
CREATE FUNCTION pg_temp.item(size int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('p', '{"S": "k"}'::jsonb, 'd', jsonb_build_object('S', repeat('x', size - 3)))
$$;

-- the shape of the answer
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_plain", "Item": {"p": {"S": "k"}}}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_plain", "Item": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "NONE"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_plain", "Item": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "TOTAL"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_plain", "Item": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_plain", "Item": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "total"}');
SELECT dynamo.invoke('GetItem', '{"TableName": "cap_plain", "Key": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "TOTAL"}');
SELECT dynamo.invoke('GetItem', '{"TableName": "cap_plain", "Key": {"p": {"S": "absent"}}, "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.invoke('Query', '{"TableName": "cap_plain", "ReturnConsumedCapacity": "TOTAL", "Select": "COUNT",
	"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "k"}}}');
SELECT dynamo.invoke('DeleteItem', '{"TableName": "cap_plain", "Key": {"p": {"S": "k"}}, "ReturnValues": "ALL_OLD", "ReturnConsumedCapacity": "TOTAL"}');
SELECT dynamo.invoke('UpdateItem', '{"TableName": "cap_plain", "Key": {"p": {"S": "k"}}, "ReturnConsumedCapacity": "TOTAL"}');

-- writes: by 1 KB of the larger of the two items
SELECT size, pg_temp.consumed('PutItem', 'cap_plain', jsonb_build_object('Item', pg_temp.item(size))) AS put,
	pg_temp.consumed('DeleteItem', 'cap_plain', '{"Key": {"p": {"S": "k"}}}') AS delete,
	pg_temp.consumed('DeleteItem', 'cap_plain', '{"Key": {"p": {"S": "k"}}}') AS delete_again
FROM unnest('{3,1023,1024,1025,2048,2049,409600}'::int[]) AS size;
SELECT size, pg_temp.consumed('PutItem', 'cap_plain', jsonb_build_object('Item', pg_temp.item(size))) AS put
FROM unnest('{3000,3000,1000,5000,10,10}'::int[]) WITH ORDINALITY AS t(size, n) ORDER BY n;
SELECT pg_temp.consumed('UpdateItem', 'cap_plain', jsonb_build_object('Key', '{"p": {"S": "k"}}'::jsonb,
	'UpdateExpression', 'SET d = :d', 'ExpressionAttributeValues', jsonb_build_object(':d', jsonb_build_object('S', repeat('x', n)))))
FROM unnest('{1021,1022,5,5}'::int[]) WITH ORDINALITY AS t(n, i) ORDER BY i;
SELECT pg_temp.consumed('UpdateItem', 'cap_plain', '{"Key": {"p": {"S": "absent"}}, "UpdateExpression": "REMOVE d"}') AS nothing_removed;
SELECT pg_temp.consumed('UpdateItem', 'cap_plain', '{"Key": {"p": {"S": "absent"}}, "UpdateExpression": "SET d = :d", "ExpressionAttributeValues": {":d": {"S": "x"}}}') AS created;

-- a name counts, UTF-8 counts by bytes, numbers by their digits: around 1024 bytes
SELECT pg_temp.consumed('PutItem', 'cap_plain', jsonb_build_object('Item', jsonb_build_object('p', jsonb_build_object('S', i::text), repeat('n', 1000), jsonb_build_object('S', v))))
FROM unnest(ARRAY[repeat('x', 22), repeat('x', 23), repeat(U&'\00e9', 11), repeat(U&'\00e9', 12)]) WITH ORDINALITY AS t(v, i) ORDER BY i;
SELECT pg_temp.consumed('PutItem', 'cap_plain', jsonb_build_object('Item', jsonb_build_object('p', jsonb_build_object('S', 'n' || i), repeat('n', 1017), jsonb_build_object('N', v))))
FROM unnest('{1,100,123,-12,123456,1234567,-123456}'::text[]) WITH ORDINALITY AS t(v, i) ORDER BY i;

-- reads: by 4 KB, half if eventually consistent; a projection reduces nothing
SELECT size, length(dynamo.invoke('PutItem', jsonb_build_object('TableName', 'cap_plain', 'Item', pg_temp.item(size))::text)) AS put,
	pg_temp.consumed('GetItem', 'cap_plain', '{"Key": {"p": {"S": "k"}}}') AS get,
	pg_temp.consumed('GetItem', 'cap_plain', '{"Key": {"p": {"S": "k"}}, "ConsistentRead": true}') AS consistent,
	pg_temp.consumed('GetItem', 'cap_plain', '{"Key": {"p": {"S": "k"}}, "ConsistentRead": true, "ProjectionExpression": "p"}') AS projected,
	pg_temp.consumed('Query', 'cap_plain', '{"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "k"}}, "ConsistentRead": true}') AS query,
	pg_temp.consumed('Query', 'cap_plain', '{"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "k"}}, "Select": "COUNT", "ConsistentRead": true}') AS count
FROM unnest('{3,4095,4096,4097,8192,8193,409600}'::int[]) AS size;
SELECT pg_temp.consumed('GetItem', 'cap_plain', '{"Key": {"p": {"S": "nobody"}}}') AS get,
	pg_temp.consumed('GetItem', 'cap_plain', '{"Key": {"p": {"S": "nobody"}}, "ConsistentRead": true}') AS consistent,
	pg_temp.consumed('Query', 'cap_plain', '{"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "nobody"}}}') AS query,
	pg_temp.consumed('Query', 'cap_plain', '{"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "nobody"}}, "ConsistentRead": true}') AS query_consistent;

-- a failed condition answers with its exception alone
SELECT pg_temp.consumed('PutItem', 'cap_plain', '{"Item": {"p": {"S": "k"}}, "ConditionExpression": "attribute_not_exists(p)"}');

-- Query: the sum of bytes, before the filter, rounded once
SELECT FROM dynamo.create_table('{"TableName": "cap_range", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}]}');
-- each has p (2), s (3) and d: 1024 bytes
SELECT count(dynamo.put_item('cap_range', jsonb_build_object('p', '{"S": "a"}'::jsonb, 's', jsonb_build_object('N', n::text), 'd', jsonb_build_object('S', repeat('x', 1018)))))
FROM generate_series(1, 9) AS n;
SELECT n AS items, pg_temp.consumed('Query', 'cap_range', q) AS read, pg_temp.consumed('Query', 'cap_range', q || '{"ConsistentRead": true}') AS consistent,
	pg_temp.consumed('Query', 'cap_range', q || '{"ConsistentRead": true, "FilterExpression": "d = :p"}') AS all_filtered,
	pg_temp.consumed('Query', 'cap_range', q || '{"ConsistentRead": true, "ProjectionExpression": "s"}') AS projected,
	pg_temp.consumed('Query', 'cap_range', q || '{"ConsistentRead": true, "Select": "COUNT"}') AS counted
FROM generate_series(1, 9) AS n, LATERAL (SELECT jsonb_build_object('KeyConditionExpression', 'p = :p', 'Limit', n,
	'ExpressionAttributeValues', '{":p": {"S": "a"}}'::jsonb) AS q) AS t;
SELECT pg_temp.consumed('Query', 'cap_range', '{"KeyConditionExpression": "p = :p AND s > :s", "ConsistentRead": true,
	"ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"N": "7"}}}') AS two_items;

-- Scan: likewise, but a unit at least for each partition on the way: four of
-- a table on demand
SELECT FROM dynamo.create_table('{"TableName": "cap_scan", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]}');
SELECT pg_temp.consumed('Scan', 'cap_scan', '{}') AS empty, pg_temp.consumed('Scan', 'cap_scan', '{"ConsistentRead": true}') AS empty_consistent;
SELECT dynamo.put_item('cap_scan', '{"p": {"S": "one"}}');
SELECT pg_temp.consumed('Scan', 'cap_scan', '{}') AS one, pg_temp.consumed('Scan', 'cap_scan', '{"ConsistentRead": true}') AS one_consistent,
	pg_temp.consumed('Scan', 'cap_scan', '{"ConsistentRead": true, "Select": "COUNT"}') AS counted;
SELECT total, string_agg(pg_temp.consumed('Scan', 'cap_scan', jsonb_build_object('Segment', segment, 'TotalSegments', total, 'ConsistentRead', true)), ' ' ORDER BY segment)
FROM unnest('{1,2,3,4,8}'::int[]) AS total, generate_series(0, total - 1) AS segment GROUP BY total ORDER BY total;
SELECT count(dynamo.put_item('cap_scan', jsonb_build_object('p', jsonb_build_object('S', 'key ' || n), 'd', jsonb_build_object('S', repeat('x', 1000)))))
FROM generate_series(1, 40) AS n;
SELECT sum(dynamo.item_size(item)) AS bytes, ceil(sum(dynamo.item_size(item)) / 4096.0) AS units FROM dynamo_data.cap_scan;
SELECT pg_temp.consumed('Scan', 'cap_scan', '{"ConsistentRead": true}') AS consistent, pg_temp.consumed('Scan', 'cap_scan', '{}') AS eventually,
	pg_temp.consumed('Scan', 'cap_scan', '{"FilterExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "one"}}}') AS filtered;
-- by pages of one item: where the page ends, and what is left to the end
WITH RECURSIVE pages AS (
	SELECT 1 AS n, r, r -> 'LastEvaluatedKey' AS last FROM CAST(dynamo.invoke('Scan', '{"TableName": "cap_scan", "Limit": 1, "ConsistentRead": true, "ReturnConsumedCapacity": "TOTAL"}') AS jsonb) AS r
	UNION ALL
	SELECT n + 1, next, next -> 'LastEvaluatedKey'
	FROM pages, LATERAL CAST(dynamo.invoke('Scan', jsonb_build_object('TableName', 'cap_scan', 'Limit', 1, 'ConsistentRead', true, 'ReturnConsumedCapacity', 'TOTAL', 'ExclusiveStartKey', last)::text) AS jsonb) AS next
	WHERE last IS NOT NULL)
SELECT r #>> '{ConsumedCapacity,CapacityUnits}' AS units, count(*) AS pages FROM pages GROUP BY 1 ORDER BY 1;
-- of provisioned throughput, a partition for each 3 000 reads or 1 000 writes
SELECT FROM dynamo.create_table('{"TableName": "cap_provisioned", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]}');
SELECT pg_temp.consumed('Scan', 'cap_provisioned', '{"ConsistentRead": true}');
SELECT FROM dynamo.update_table('{"TableName": "cap_provisioned", "ProvisionedThroughput": {"ReadCapacityUnits": 4500, "WriteCapacityUnits": 500}}');
SELECT pg_temp.consumed('Scan', 'cap_provisioned', '{"ConsistentRead": true}');
SELECT FROM dynamo.update_table('{"TableName": "cap_provisioned", "ProvisionedThroughput": {"ReadCapacityUnits": 4500, "WriteCapacityUnits": 501}}');
SELECT pg_temp.consumed('Scan', 'cap_provisioned', '{"ConsistentRead": true}');

-- indexes
SELECT FROM dynamo.create_table('{"TableName": "cap_index", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "S"},
		{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}, {"AttributeName": "c", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [
		{"IndexName": "l_some", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["y"]},
		 "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "RANGE"}]}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "g_all", "Projection": {"ProjectionType": "ALL"},
		 "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]},
		{"IndexName": "g_keys", "Projection": {"ProjectionType": "KEYS_ONLY"},
		 "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}]},
		{"IndexName": "g_some", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
		 "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]}]}');
-- An UpdateItem of one attribute (NULL: none left) of an item of cap_index.
CREATE FUNCTION pg_temp.set(attribute text, value text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.consumed('UpdateItem', 'cap_index', jsonb_build_object('Key', '{"p": {"S": "1"}, "s": {"S": "1"}}'::jsonb,
		'ExpressionAttributeNames', jsonb_build_object('#a', attribute)) ||
		CASE WHEN value IS NULL THEN '{"UpdateExpression": "REMOVE #a"}'
		ELSE jsonb_build_object('UpdateExpression', 'SET #a = :v', 'ExpressionAttributeValues', jsonb_build_object(':v', jsonb_build_object('S', value))) END)
$$;
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_index", "Item": {"p": {"S": "1"}, "s": {"S": "1"}, "a": {"S": "a"}, "b": {"S": "b"}}, "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_index", "Item": {"p": {"S": "1"}, "s": {"S": "1"}, "a": {"S": "b"}, "b": {"S": "b"}}, "ReturnConsumedCapacity": "TOTAL"}');
SELECT pg_temp.set('a', 'b') AS nothing_changed;
SELECT pg_temp.set('a', 'c') AS key_changed;
SELECT pg_temp.set('z', 'z') AS projected_by_all;
SELECT pg_temp.set('x', 'x') AS projected_by_two;
SELECT pg_temp.set('y', 'y') AS projected_locally;
SELECT pg_temp.set('y', 'y') AS same_again;
SELECT pg_temp.set('c', 'c') AS entry_appears;
SELECT pg_temp.set('c', 'd') AS entry_moves;
SELECT pg_temp.set('a', 'd') AS sort_key_changed;
SELECT pg_temp.set('b', NULL) AS local_entry_goes;
SELECT pg_temp.set('y', NULL) AS not_in_local_index;
SELECT pg_temp.set('c', NULL) AS entry_goes;
SELECT pg_temp.set('c', NULL) AS gone_already;
-- sizes: of what is projected, the larger of old and new; old and new apart if the key changed
SELECT pg_temp.set('z', repeat('z', 3000)) AS large_unprojected;
SELECT pg_temp.set('x', repeat('x', 1500)) AS large_projected;
SELECT pg_temp.set('a', 'e') AS large_moves;
SELECT pg_temp.set('x', 'x') AS shrinks;
-- g_some has a, p, s and x: four names, three values of a byte, and x
SELECT pg_temp.set('x', repeat('x', 1024 - 7)) AS exactly_1024;
SELECT pg_temp.set('x', repeat('x', 1025 - 7)) AS exactly_1025;
SELECT pg_temp.set('z', NULL) AS large_gone;
SELECT pg_temp.consumed('DeleteItem', 'cap_index', '{"Key": {"p": {"S": "1"}, "s": {"S": "1"}}}') AS deleted;
SELECT pg_temp.consumed('DeleteItem', 'cap_index', '{"Key": {"p": {"S": "1"}, "s": {"S": "1"}}}') AS deleted_again;

-- reading them: what the index projects counts
SELECT count(dynamo.put_item('cap_index', jsonb_build_object('p', '{"S": "p"}'::jsonb, 's', jsonb_build_object('S', n::text), 'a', '{"S": "a"}'::jsonb, 'b', '{"S": "b"}'::jsonb,
	'c', '{"S": "c"}'::jsonb, 'x', jsonb_build_object('S', repeat('x', 1000)), 'z', jsonb_build_object('S', repeat('z', 4000)))))
FROM generate_series(1, 5) AS n;
SELECT index, condition, pg_temp.consumed('Query', 'cap_index', q) AS query,
	pg_temp.consumed('Query', 'cap_index', q || '{"Select": "COUNT"}') AS count,
	pg_temp.consumed('Query', 'cap_index', q || '{"Limit": 1}') AS first,
	pg_temp.consumed('Query', 'cap_index', q || '{"ExpressionAttributeValues": {":v": {"S": "none"}}}') AS none,
	pg_temp.consumed('Scan', 'cap_index', jsonb_build_object('IndexName', index)) AS scan
FROM (VALUES ('g_all', 'a'), ('g_keys', 'c'), ('g_some', 'a'), ('l_some', 'p')) AS t(index, condition),
	LATERAL (SELECT jsonb_build_object('IndexName', index, 'KeyConditionExpression', condition || ' = :v',
		'ExpressionAttributeValues', jsonb_build_object(':v', jsonb_build_object('S', condition))) AS q) AS u;
SELECT dynamo.invoke('Query', '{"TableName": "cap_index", "IndexName": "g_keys", "KeyConditionExpression": "c = :c", "Select": "COUNT",
	"ExpressionAttributeValues": {":c": {"S": "c"}}, "ReturnConsumedCapacity": "INDEXES"}');
SELECT dynamo.invoke('Query', '{"TableName": "cap_index", "IndexName": "l_some", "KeyConditionExpression": "p = :p", "Select": "COUNT",
	"ExpressionAttributeValues": {":p": {"S": "p"}}, "ReturnConsumedCapacity": "INDEXES", "ConsistentRead": true}');
-- a local index fetches what it does not project, item by item, from the table: 5 items of two units
SELECT DISTINCT dynamo.item_size(item) FROM dynamo_data.cap_index;
SELECT pg_temp.consumed('Query', 'cap_index', q || '{"ProjectionExpression": "z"}') AS fetched,
	pg_temp.consumed('Query', 'cap_index', q || '{"ProjectionExpression": "z", "ConsistentRead": true}') AS consistent,
	pg_temp.consumed('Query', 'cap_index', q || '{"Select": "ALL_ATTRIBUTES", "ConsistentRead": true}') AS all_attributes,
	pg_temp.consumed('Query', 'cap_index', q || '{"ProjectionExpression": "y, b, p", "ConsistentRead": true}') AS projected,
	pg_temp.consumed('Query', 'cap_index', q || '{"ProjectionExpression": "z", "Limit": 2, "ConsistentRead": true}') AS two
FROM CAST('{"IndexName": "l_some", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}' AS jsonb) AS q;

-- pages that end at 1 MB: each is rounded on its own
SELECT count(dynamo.put_item('cap_range', jsonb_build_object('p', '{"S": "large"}'::jsonb, 's', jsonb_build_object('N', n::text), 'd', jsonb_build_object('S', repeat('x', 400000)))))
FROM generate_series(1, 4) AS n;
SELECT r ->> 'Count' AS count, r #>> '{ConsumedCapacity,CapacityUnits}' AS units, ceil(3 * (400000 + 10) / 4096.0) AS expected
FROM CAST(dynamo.invoke('Query', '{"TableName": "cap_range", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "large"}},
	"ConsistentRead": true, "ReturnConsumedCapacity": "TOTAL"}') AS jsonb) AS r;

-- item collections: of tables with local indexes
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_index", "Item": {"p": {"S": "m"}, "s": {"S": "1"}}, "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_index", "Item": {"p": {"S": "m"}, "s": {"S": "1"}}, "ReturnItemCollectionMetrics": "NONE"}');
SELECT dynamo.invoke('UpdateItem', '{"TableName": "cap_index", "Key": {"p": {"S": "m"}, "s": {"S": "1"}}, "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.invoke('DeleteItem', '{"TableName": "cap_index", "Key": {"p": {"S": "m"}, "s": {"S": "1"}}, "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_range", "Item": {"p": {"S": "m"}, "s": {"N": "1"}}, "ReturnItemCollectionMetrics": "SIZE"}');
SELECT dynamo.invoke('PutItem', '{"TableName": "cap_range", "Item": {"p": {"S": "m"}, "s": {"N": "1"}}, "ReturnItemCollectionMetrics": "size"}');

DROP EXTENSION dynamo CASCADE;
