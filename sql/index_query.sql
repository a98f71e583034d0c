-- Query and Scan of secondary indexes.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- Items g0 to g29 in three partitions; every third without colour, every
-- fourth without rank, ranks repeated, texts of their own.
SELECT FROM dynamo.create_table('{"TableName": "iqt", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"},
		{"AttributeName": "colour", "AttributeType": "S"}, {"AttributeName": "rang", "AttributeType": "N"}, {"AttributeName": "bin", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [
		{"IndexName": "local_all", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "colour", "KeyType": "RANGE"}]},
		{"IndexName": "local_keys", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "rang", "KeyType": "RANGE"}]},
		{"IndexName": "local_some", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["t"]}, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "bin", "KeyType": "RANGE"}]}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "global_all", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}, {"AttributeName": "rang", "KeyType": "RANGE"}]},
		{"IndexName": "global_keys", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [{"AttributeName": "rang", "KeyType": "HASH"}]},
		{"IndexName": "global_some", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["t"]}, "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]},
		{"IndexName": "swapped", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "sk", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}]}');
SELECT count(dynamo.put_item('iqt', jsonb_build_object('pk', jsonb_build_object('S', 'p' || i % 3), 'sk', jsonb_build_object('N', i::text),
	't', jsonb_build_object('S', 'text ' || i), 'u', jsonb_build_object('S', 'more ' || i))
	|| CASE WHEN i % 3 <> 2 THEN jsonb_build_object('colour', jsonb_build_object('S', (ARRAY['red', 'green'])[1 + i % 2])) ELSE '{}' END
	|| CASE WHEN i % 4 <> 3 THEN jsonb_build_object('rang', jsonb_build_object('N', (i / 6 - 2)::text)) ELSE '{}' END
	|| CASE WHEN i % 5 <> 4 THEN jsonb_build_object('bin', jsonb_build_object('B', encode(int2send((i * 37 % 100)::int2), 'base64'))) ELSE '{}' END))
  FROM generate_series(0, 29) i;

-- Short forms: numbers of the items of an answer, and what else it says
CREATE FUNCTION said(answer jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT answer - 'Items' || jsonb_build_object('sk', (SELECT jsonb_agg((i #>> '{sk,N}')::numeric ORDER BY o) FROM jsonb_array_elements(answer -> 'Items') WITH ORDINALITY u(i, o)))
$$;
CREATE FUNCTION ask(index text, condition text, vals jsonb, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.query(jsonb_build_object('TableName', 'iqt', 'IndexName', index, 'KeyConditionExpression', condition, 'ExpressionAttributeValues', vals) || extra)
$$;
CREATE FUNCTION refused(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.invoke(operation, ('{"TableName": "iqt"}' || request)::text);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- order is that of the index: by sort key, then by the table's key, which is as good as any
SELECT said(ask('global_all', 'colour = :c', '{":c": {"S": "red"}}'));
SELECT item #>> '{rang,N}' AS rang, count(*) FROM dynamo.query_items('iqt', 'colour = :c', NULL, '{":c": {"S": "red"}}', index_name => 'global_all') item GROUP BY 1 ORDER BY min(item #>> '{rang,N}')::numeric;
SELECT said(ask('global_all', 'colour = :c', '{":c": {"S": "red"}}', '{"ScanIndexForward": false}'));
-- conditions on the sort key
SELECT c, said(ask('global_all', 'colour = :c AND ' || c, '{":c": {"S": "green"}, ":a": {"N": "-1"}}')) -> 'sk' AS sk
  FROM unnest(ARRAY['rang = :a', 'rang < :a', 'rang <= :a', 'rang > :a', ':a <= rang']) c;
SELECT said(ask('global_all', 'rang BETWEEN :a AND :b AND colour = :c', '{":c": {"S": "green"}, ":a": {"N": "-1"}, ":b": {"N": "1.0"}}')) -> 'sk' AS sk;
SELECT said(ask('local_all', 'pk = :p AND begins_with(colour, :a)', '{":p": {"S": "p1"}, ":a": {"S": "gr"}}'));
SELECT said(ask('local_some', 'pk = :p AND bin > :a', '{":p": {"S": "p1"}, ":a": {"B": "ACg="}}'));
SELECT said(ask('swapped', 'sk = :s AND pk = :p', '{":s": {"N": "7"}, ":p": {"S": "p1"}}'));
SELECT said(ask('global_all', 'colour = :c', '{":c": {"S": "blue"}}'));

-- what an index projects
SELECT n, i AS index, (ask(i, c, v) #> '{Items,0}') AS item FROM (VALUES
	(1, 'global_all', 'colour = :v', '{":v": {"S": "red"}}'::jsonb), (2, 'global_keys', 'rang = :v', '{":v": {"N": "0"}}'),
	(3, 'global_some', 'colour = :v', '{":v": {"S": "red"}}'), (4, 'local_all', 'pk = :v', '{":v": {"S": "p0"}}'),
	(5, 'local_keys', 'pk = :v', '{":v": {"S": "p0"}}'), (6, 'local_some', 'pk = :v', '{":v": {"S": "p0"}}')) AS t(n, i, c, v) ORDER BY n;
-- Select: a local index fetches what it does not project, a global one does not have it
SELECT s, ask('local_keys', 'pk = :v', '{":v": {"S": "p0"}}', jsonb_build_object('Limit', 1, 'Select', s)) -> 'Items' AS items
  FROM unnest('{ALL_ATTRIBUTES,ALL_PROJECTED_ATTRIBUTES,COUNT}'::text[]) s;
SELECT ask('local_keys', 'pk = :v', '{":v": {"S": "p0"}}', '{"Limit": 1, "Select": "SPECIFIC_ATTRIBUTES", "ProjectionExpression": "u, sk"}') -> 'Items' AS items;
SELECT dynamo.scan('{"TableName": "iqt", "IndexName": "local_keys", "Limit": 1, "AttributesToGet": ["u", "rang"]}') #> '{Items,0}' ?& '{u,rang}' AS has_both;
SELECT ask('global_some', 'colour = :v', '{":v": {"S": "red"}}', '{"Limit": 1, "ProjectionExpression": "t, pk"}') -> 'Items' AS items;
SELECT n, refused('Query', '{"IndexName": "global_some", "KeyConditionExpression": "colour = :v", "ExpressionAttributeValues": {":v": {"S": "red"}}}' || extra) FROM (VALUES
	(1, '{"Select": "ALL_ATTRIBUTES"}'::jsonb), (2, '{"ProjectionExpression": "t, u, rang.x"}'), (3, '{"ProjectionExpression": "t, u, bin.x"}'),
	(4, '{"FilterExpression": "attribute_exists(u) AND t = :v"}'), (5, '{"ConsistentRead": true}'),
	(6, '{"FilterExpression": "colour = :v"}'), (7, '{"FilterExpression": ":v = sk"}'), (8, '{"FilterExpression": "colour.x = :v"}'),
	(9, '{"ProjectionExpression": "colour.x"}'), (10, '{"ProjectionExpression": "pk[0]"}'), (11, '{"FilterExpression": "pk.x = :v"}'), (12, '{"FilterExpression": "bin.x = :v"}')) AS t(n, extra) ORDER BY n;
SELECT n, refused('Query', '{"IndexName": "local_keys", "KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "p1"}}, "Limit": 1}' || extra) FROM (VALUES
	(1, '{"FilterExpression": "attribute_exists(u)"}'::jsonb), (2, '{"ConsistentRead": true}')) AS t(n, extra) ORDER BY n;
SELECT n, refused('Scan', extra) FROM (VALUES
	(1, '{"IndexName": "global_keys", "Select": "ALL_ATTRIBUTES"}'::jsonb), (2, '{"IndexName": "global_keys", "ConsistentRead": true}'),
	(3, '{"IndexName": "none"}'), (4, '{"IndexName": "none", "ConsistentRead": true}'), (5, '{"IndexName": "global_keys", "AttributesToGet": ["t", "u", "pk"]}'),
	(6, '{"IndexName": "x"}')) AS t(n, extra) ORDER BY n;
-- filters see what is projected (Query of an index refuses others), and count as always
SELECT said(ask('global_some', 'colour = :c', '{":c": {"S": "red"}, ":t": {"S": "text 1"}}', '{"FilterExpression": "begins_with(t, :t)"}'));
SELECT said(ask('global_some', 'colour = :c', '{":c": {"S": "red"}, ":p": {"S": "p0"}}', '{"FilterExpression": "pk = :p", "Limit": 4}'));
SELECT said(dynamo.scan('{"TableName": "iqt", "IndexName": "global_keys", "FilterExpression": "attribute_exists(t)"}')) ->> 'Count' AS global,
       said(dynamo.scan('{"TableName": "iqt", "IndexName": "local_keys", "FilterExpression": "attribute_exists(t)"}')) ->> 'Count' AS local;
-- a Scan may name key attributes in its filter
SELECT said(dynamo.scan('{"TableName": "iqt", "IndexName": "global_keys", "FilterExpression": "rang = :r AND sk < :s", "ExpressionAttributeValues": {":r": {"N": "1"}, ":s": {"N": "21"}}}')) ->> 'Count' AS count;

-- key conditions that do not fit
SELECT n, refused('Query', jsonb_build_object('IndexName', i, 'KeyConditionExpression', c, 'ExpressionAttributeValues', v)) FROM (VALUES
	(1, 'global_all', 'rang = :v', '{":v": {"N": "1"}}'::jsonb), (2, 'global_all', 'colour = :v AND sk = :w', '{":v": {"S": "1"}, ":w": {"N": "1"}}'),
	(3, 'global_all', 'colour > :v', '{":v": {"S": "1"}}'), (4, 'global_all', 'colour = :v', '{":v": {"N": "1"}}'),
	(5, 'global_all', 'colour = :v AND rang = :w', '{":v": {"S": "1"}, ":w": {"S": "1"}}'), (6, 'global_keys', 'rang = :v AND pk = :w', '{":v": {"N": "1"}, ":w": {"S": "1"}}'),
	(7, 'global_all', 'colour = :v AND rang = :w AND sk = :w', '{":v": {"S": "1"}, ":w": {"N": "1"}}'), (8, 'global_all', 'colour = :v', '{":v": {"S": ""}}'),
	(9, 'local_keys', 'rang = :v', '{":v": {"N": "1"}}'), (10, 'local_keys', 'pk = :v AND sk = :w', '{":v": {"S": "1"}, ":w": {"N": "1"}}'),
	(11, 'global_all', 'pk = :v AND sk = :w', '{":v": {"S": "1"}, ":w": {"N": "1"}}')) AS t(n, i, c, v) ORDER BY n;

-- Pages: whatever the limit and the direction, together they are the whole.
CREATE FUNCTION pages(operation text, request jsonb, OUT items jsonb, OUT npages int) LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	start jsonb := '{}';
BEGIN
	items := '[]'; npages := 0;
	LOOP
		answer := dynamo.invoke(operation, (request || start)::text);
		items := items || (answer -> 'Items');
		npages := npages + 1;
		EXIT WHEN NOT answer ? 'LastEvaluatedKey';
		start := jsonb_build_object('ExclusiveStartKey', answer -> 'LastEvaluatedKey');
	END LOOP;
END $$;
SELECT index, bool_and(p.items = whole -> 'Items') AS pages_are_the_whole, sum(npages) AS pages, sum((whole ->> 'Count')::int) AS items
  FROM (VALUES ('local_all', 'pk', '["p0", "p1", "p2"]'::jsonb), ('local_keys', 'pk', '["p0", "p1", "p2"]'), ('local_some', 'pk', '["p0", "p1", "p2"]'),
               ('global_all', 'colour', '["red", "green"]'), ('global_some', 'colour', '["red", "green"]')) AS t(index, attribute, keys),
       jsonb_array_elements(keys) k, unnest('{true,false}'::boolean[]) forward, generate_series(1, 7) lim,
       LATERAL (SELECT jsonb_build_object('TableName', 'iqt', 'IndexName', index, 'KeyConditionExpression', attribute || ' = :v',
				'ExpressionAttributeValues', jsonb_build_object(':v', jsonb_build_object('S', k)), 'ScanIndexForward', forward) AS request) r,
       LATERAL dynamo.query(request) whole, LATERAL pages('Query', request || jsonb_build_object('Limit', lim)) p
 GROUP BY index ORDER BY index;
SELECT index, bool_and(p.items = whole -> 'Items') AS pages_are_the_whole, min((whole ->> 'Count')::int) AS items
  FROM unnest('{local_all,local_keys,local_some,global_all,global_keys,global_some,swapped}'::text[]) index, generate_series(1, 7) lim,
       LATERAL (SELECT jsonb_build_object('TableName', 'iqt', 'IndexName', index) AS request) r,
       LATERAL dynamo.scan(request) whole, LATERAL pages('Scan', request || jsonb_build_object('Limit', lim)) p
 GROUP BY index ORDER BY index;
-- segments: disjoint, complete
SELECT index, total, count(*) AS items, count(DISTINCT item) AS different
  FROM unnest('{local_keys,global_all,swapped}'::text[]) index, generate_series(1, 5, 2) total, generate_series(0, total - 1) segment,
       LATERAL pages('Scan', jsonb_build_object('TableName', 'iqt', 'IndexName', index, 'Limit', 2, 'Segment', segment, 'TotalSegments', total)) p, jsonb_array_elements(p.items) item
 GROUP BY 1, 2 ORDER BY 1, 2;
-- items come and go between two pages
SELECT said(ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}'));
SELECT said(ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"Limit": 2}'));
BEGIN;
SELECT dynamo.delete_item('iqt', ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"Limit": 2}') #- '{LastEvaluatedKey,rang}' -> 'LastEvaluatedKey') AS deleted,
       dynamo.put_item('iqt', '{"pk": {"S": "p0"}, "sk": {"N": "12.5"}, "rang": {"N": "0"}}') AS before,
       dynamo.put_item('iqt', '{"pk": {"S": "p0"}, "sk": {"N": "99"}, "rang": {"N": "0"}}') AS after \gset
SELECT said(ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}'));
SELECT said(ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "16"}, "rang": {"N": "0"}}}'));
SELECT said(ask('global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"ScanIndexForward": false, "ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "16"}, "rang": {"N": "0"}}}'));
ROLLBACK;

-- start keys that do not fit
SELECT n, refused('Query', jsonb_build_object('IndexName', i, 'KeyConditionExpression', c, 'ExpressionAttributeValues', v, 'ExclusiveStartKey', k)) FROM (VALUES
	(1, 'global_all', 'colour = :v', '{":v": {"S": "red"}}'::jsonb, '{"pk": {"S": "p0"}, "sk": {"N": "0"}}'::jsonb),
	(2, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}, "x": {"S": "x"}}'),
	(3, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "x": {"N": "0"}}'),
	(4, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"N": "0"}, "rang": {"N": "0"}}'),
	(5, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"N": "0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}}'),
	(6, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"x": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}}'),
	(7, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "green"}, "rang": {"N": "0"}}'),
	(8, 'global_all', 'colour = :v AND rang > :w', '{":v": {"S": "red"}, ":w": {"N": "0"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}}'),
	(9, 'global_all', 'colour = :v AND rang > :w', '{":v": {"S": "red"}, ":w": {"N": "0"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"S": "green"}, "rang": {"N": "1"}}'),
	(10, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"pk": {"S": ""}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}}'),
	(11, 'swapped', 'sk = :v', '{":v": {"N": "1"}}', '{"pk": {"S": "p0"}, "sk": {"N": "0"}}')) AS t(n, i, c, v, k) ORDER BY n;
SELECT n, refused('Scan', e) FROM (VALUES
	(1, '{"IndexName": "global_all", "ExclusiveStartKey": {"pk": {"S": "p0"}, "sk": {"N": "0"}}}'::jsonb),
	(2, '{"IndexName": "global_all", "ExclusiveStartKey": {"pk": {"S": "p0"}, "sk": {"N": "0"}, "colour": {"N": "0"}, "rang": {"N": "0"}}}'),
	(3, '{"IndexName": "global_all", "ExclusiveStartKey": {"pk": {"N": "0"}, "sk": {"N": "0"}, "colour": {"S": "red"}, "rang": {"N": "0"}}}')) AS t(n, e) ORDER BY n;
-- of another segment
SELECT string_agg(regexp_replace(refused('Scan', jsonb_build_object('IndexName', 'global_keys', 'Segment', s, 'TotalSegments', 4, 'ProjectionExpression', 'pk',
	'ExclusiveStartKey', '{"pk": {"S": "p0"}, "sk": {"N": "0"}, "rang": {"N": "0"}}'::jsonb)), '^{.*', 'items'), E'\n' ORDER BY s) FROM generate_series(0, 3) s;

-- Answered by the index alone, once pages are all-visible: the heap is not read.
ALTER TABLE dynamo_data.iqt SET (autovacuum_enabled = off);
CREATE FUNCTION heap_reads() RETURNS bigint LANGUAGE sql AS $$
	SELECT sum(pg_stat_get_xact_tuples_fetched(indexrelid))::bigint FROM pg_index WHERE indrelid = 'dynamo_data.iqt'::regclass
$$;
CREATE FUNCTION fetched(index text, condition text, vals jsonb, extra jsonb, OUT count int, OUT fetched bigint) LANGUAGE plpgsql AS $$
DECLARE
	before bigint := heap_reads();
BEGIN
	count := (ask(index, condition, vals, extra) ->> 'Count')::int;
	fetched := heap_reads() - before;
END $$;
CREATE VIEW reads AS SELECT n, index, extra, f.* FROM (VALUES
	(1, 'global_keys', 'rang = :v', '{":v": {"N": "0"}}'::jsonb, '{}'::jsonb),
	(2, 'global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"Select": "COUNT"}'),
	(3, 'global_keys', 'rang = :v', '{":v": {"N": "0"}, ":p": {"S": "p0"}}', '{"FilterExpression": "pk <> :p"}'),
	(4, 'global_keys', 'rang = :v', '{":v": {"N": "0"}}', '{"ProjectionExpression": "sk", "Limit": 2}'),
	(5, 'local_keys', 'pk = :v', '{":v": {"S": "p0"}}', '{}'),
	(6, 'local_keys', 'pk = :v', '{":v": {"S": "p0"}}', '{"Select": "ALL_ATTRIBUTES"}'),
	(7, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{"Select": "COUNT"}'),
	(8, 'global_all', 'colour = :v', '{":v": {"S": "red"}}', '{}'),
	(9, 'global_all', 'colour = :v', '{":v": {"S": "red"}, ":t": {"S": "text 1"}}', '{"Select": "COUNT", "FilterExpression": "t > :t"}')) AS t(n, index, c, v, extra),
	fetched(index, c, v, extra) f ORDER BY n;
SELECT n, count, fetched FROM reads;
VACUUM dynamo_data.iqt;
SELECT n, index, extra, count, fetched FROM reads;
-- an update makes its page one to be looked at
SELECT dynamo.update_item('iqt', '{"pk": {"S": "p0"}, "sk": {"N": "0"}}', 'SET t = :t', expression_attribute_values => '{":t": {"S": "new"}}');
SELECT n, count, fetched > 0 AS fetched FROM reads WHERE n < 3;
VACUUM dynamo_data.iqt;
-- what an index entry cannot say is fetched: keys that are digests
SELECT dynamo.put_item('iqt', jsonb_build_object('pk', jsonb_build_object('S', repeat('long ', 60)), 'sk', '{"N": "1"}'::jsonb, 'rang', '{"N": "7"}'::jsonb));
VACUUM dynamo_data.iqt;
SELECT (dynamo.scan('{"TableName": "iqt", "IndexName": "global_keys", "FilterExpression": "rang = :r", "ExpressionAttributeValues": {":r": {"N": "7"}}}') #>> '{Items,0,pk,S}') = repeat('long ', 60) AS long_key;
SELECT ask('global_keys', 'rang = :v', '{":v": {"N": "7"}}', '{"Limit": 1, "Select": "COUNT"}') #>> '{LastEvaluatedKey,pk,S}' = repeat('long ', 60) AS long_start_key;

-- The size of a page is that of what the index projects.
SELECT count(dynamo.put_item('iqt', jsonb_build_object('pk', '{"S": "big"}'::jsonb, 'sk', jsonb_build_object('N', i::text), 'colour', '{"S": "big"}'::jsonb, 'rang', '{"N": "50"}'::jsonb,
	't', jsonb_build_object('S', repeat('t', 100000)), 'u', jsonb_build_object('S', repeat('u', 100000))))) FROM generate_series(1, 15) i;
SELECT i, ask(i, c, v, e) ->> 'Count' AS count FROM (VALUES
	('global_all', 'colour = :v', '{":v": {"S": "big"}}'::jsonb, '{"ProjectionExpression": "pk"}'::jsonb), ('global_some', 'colour = :v', '{":v": {"S": "big"}}', '{"ProjectionExpression": "pk"}'),
	('global_keys', 'rang = :v', '{":v": {"N": "50"}}', '{}'), ('local_keys', 'pk = :v', '{":v": {"S": "big"}}', '{}'),
	('local_keys', 'pk = :v', '{":v": {"S": "big"}}', '{"ProjectionExpression": "attr"}')) AS t(i, c, v, e);

DROP VIEW reads;
DROP FUNCTION said, ask, refused, pages, heap_reads, fetched;
SELECT FROM dynamo.delete_table('{"TableName": "iqt"}');
