-- Global indexes with several partition and sort attributes.  Answers are
-- compared with those of plain SQL on typed columns.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT FROM dynamo.create_table('{"TableName": "ima", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"},
		{"AttributeName": "h1", "AttributeType": "S"}, {"AttributeName": "h2", "AttributeType": "N"},
		{"AttributeName": "s", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"}, {"AttributeName": "b", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "snb", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [{"AttributeName": "h1", "KeyType": "HASH"}, {"AttributeName": "h2", "KeyType": "HASH"},
			{"AttributeName": "s", "KeyType": "RANGE"}, {"AttributeName": "n", "KeyType": "RANGE"}, {"AttributeName": "b", "KeyType": "RANGE"}]},
		{"IndexName": "bns", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "h1", "KeyType": "HASH"},
			{"AttributeName": "b", "KeyType": "RANGE"}, {"AttributeName": "n", "KeyType": "RANGE"}, {"AttributeName": "s", "KeyType": "RANGE"}]},
		{"IndexName": "hash_only", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "h2", "KeyType": "HASH"}, {"AttributeName": "h1", "KeyType": "HASH"}]}]}');

-- Values that are prefixes of each other, with 00, 01 and FF bytes, and
-- numbers of every sign and size.  U+0000 is U+10FFFF 0 in jsonb.
CREATE TABLE vals AS
SELECT row_number() OVER ()::int AS id, h1, h2, s, n, b
  FROM unnest('{x,xy}'::text[]) h1, unnest('{1,-1}'::numeric[]) h2,
       unnest(ARRAY['a', E'a\u0001', 'ab', 'abc', 'b', E'\u00e4', 'a' || U&'\+10FFFF' || '0', 'a' || U&'\+10FFFF' || '0b']) s,
       unnest('{-100,-1.5,0,0.001,7,70,1e20}'::numeric[]) n,
       unnest(ARRAY['\x00', '\x0000', '\x0001', '\x00ff', '\x01', '\xff', '\xffff']::bytea[]) b;
-- the order of strings is that of their bytes, with U+0000 for what stands for it
ALTER TABLE vals ADD sbytes bytea;
UPDATE vals SET sbytes = decode(regexp_replace(encode(convert_to(s, 'UTF8'), 'hex'), 'f48fbfbf30', '00'), 'hex');
INSERT INTO dynamo_data.ima (item) SELECT jsonb_build_object('id', jsonb_build_object('N', id::text), 'h1', jsonb_build_object('S', h1), 'h2', jsonb_build_object('N', h2::text),
	's', jsonb_build_object('S', s), 'n', jsonb_build_object('N', n::text), 'b', jsonb_build_object('B', encode(b, 'base64'))) FROM vals;
-- sparse: an item lacking any one key attribute is not in the index
INSERT INTO dynamo_data.ima (item) SELECT item - a || jsonb_build_object('id', jsonb_build_object('N', (-n)::text))
  FROM (SELECT item FROM dynamo_data.ima WHERE item #>> '{h1,S}' = 'x' LIMIT 1) i, unnest('{h1,h2,s,n,b}'::text[]) WITH ORDINALITY u(a, n);
SELECT i, count(*) FROM unnest('{snb,bns,hash_only}'::text[]) i, dynamo.scan_items('ima', index_name => i) GROUP BY 1 ORDER BY 1;
SELECT count(*), count(ix1) AS snb, count(ix2) AS bns, count(ix3) AS hash_only FROM dynamo_data.ima;
DELETE FROM dynamo_data.ima WHERE (item #>> '{id,N}')::int < 0;

-- the whole of a partition, in the order of the tuple of sort attributes
SELECT array_agg(id) = (SELECT array_agg(id ORDER BY sbytes, n, b) FROM vals WHERE h1 = 'x' AND h2 = -1) AS ascending
  FROM (SELECT (i #>> '{id,N}')::int AS id FROM dynamo.query_items('ima', 'h2 = :n AND h1 = :s', NULL, '{":s": {"S": "x"}, ":n": {"N": "-1"}}', index_name => 'snb') i) q;
SELECT array_agg(id) = (SELECT array_agg(id ORDER BY sbytes DESC, n DESC, b DESC) FROM vals WHERE h1 = 'x' AND h2 = -1) AS descending
  FROM (SELECT (i #>> '{id,N}')::int AS id FROM dynamo.query_items('ima', 'h1 = :s AND h2 = :n', NULL, '{":s": {"S": "x"}, ":n": {"N": "-1"}}', index_name => 'snb', scan_index_forward => false) i) q;

-- Conditions: equality on the first sort attributes, a comparison with the
-- value of every item on the last one used, compared with plain SQL.
CREATE FUNCTION answer(index text, condition text, v vals, w vals) RETURNS int[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg((i #>> '{id,N}')::int ORDER BY (i #>> '{id,N}')::int), '{}')
	  FROM dynamo.query_items(jsonb_build_object('TableName', 'ima', 'IndexName', index, 'KeyConditionExpression', condition, 'ExpressionAttributeValues',
		(SELECT jsonb_object_agg(k, x) FROM (VALUES
			(':h1', jsonb_build_object('S', v.h1)), (':h2', jsonb_build_object('N', v.h2::text)), (':s', jsonb_build_object('S', v.s)), (':n', jsonb_build_object('N', v.n::text)),
			(':b', jsonb_build_object('B', encode(v.b, 'base64'))), (':us', jsonb_build_object('S', w.s)), (':un', jsonb_build_object('N', w.n::text)), (':ub', jsonb_build_object('B', encode(w.b, 'base64')))) t(k, x)
		  WHERE condition ~ (k || '\M')))) i
$$;
CREATE FUNCTION expected(condition text, v vals, w vals) RETURNS int[] LANGUAGE plpgsql AS $$
DECLARE
	sql text := condition;
	result int[];
BEGIN
	sql := regexp_replace(sql, 'begins_with\((\w+), (:\w+)\)', 'substr(\1, 1, length(\2)) = \2', 'g');
	sql := regexp_replace(sql, ':us\M', '$6', 'g');
	sql := regexp_replace(sql, ':un\M', '$7', 'g');
	sql := regexp_replace(sql, ':ub\M', '$8', 'g');
	sql := regexp_replace(sql, ':h1\M', '$1', 'g');
	sql := regexp_replace(sql, ':h2\M', '$2', 'g');
	sql := regexp_replace(sql, ':s\M', '$3', 'g');
	sql := regexp_replace(sql, ':n\M', '$4', 'g');
	sql := regexp_replace(sql, ':b\M', '$5', 'g');
	sql := regexp_replace(sql, '\ms\M', 'sbytes', 'g');
	EXECUTE 'SELECT coalesce(array_agg(id::int ORDER BY id), ''{}'') FROM vals WHERE ' || sql INTO result
		USING v.h1, v.h2, v.sbytes, v.n, v.b, w.sbytes, w.n, w.b;
	RETURN result;
END $$;
WITH conditions(index, condition) AS (
	SELECT 'snb', 'h1 = :h1 AND h2 = :h2' || c FROM unnest(ARRAY['', ' AND s = :s', ' AND s < :s', ' AND s <= :s', ' AND s > :s', ' AND s >= :s', ' AND begins_with(s, :s)',
		' AND s = :s AND n = :n', ' AND s = :s AND n < :n', ' AND s = :s AND n <= :n', ' AND s = :s AND n > :n', ' AND s = :s AND n >= :n',
		' AND s = :s AND n = :n AND b = :b', ' AND s = :s AND n = :n AND b < :b', ' AND s = :s AND n = :n AND b <= :b', ' AND s = :s AND n = :n AND b > :b', ' AND s = :s AND n = :n AND b >= :b',
		' AND s = :s AND n = :n AND begins_with(b, :b)']) c
	UNION ALL
	SELECT 'bns', 'h1 = :h1' || c FROM unnest(ARRAY['', ' AND b = :b', ' AND b < :b', ' AND b <= :b', ' AND b > :b', ' AND b >= :b', ' AND begins_with(b, :b)',
		' AND b = :b AND n = :n AND s < :s', ' AND b = :b AND n = :n AND s <= :s', ' AND b = :b AND n = :n AND s > :s', ' AND b = :b AND n = :n AND s >= :s', ' AND b = :b AND n = :n AND begins_with(s, :s)']) c
	UNION ALL SELECT 'hash_only', 'h1 = :h1 AND h2 = :h2')
SELECT index, condition, count(*) AS asked, count(*) FILTER (WHERE answer(index, condition, v, v) IS DISTINCT FROM expected(condition, v, v)) AS wrong
  FROM conditions, vals v WHERE v.id % 11 = 0 GROUP BY 1, 2 ORDER BY 1, 2;
-- BETWEEN at every place
WITH conditions(index, condition) AS (VALUES
	('snb', 'h1 = :h1 AND h2 = :h2 AND s BETWEEN :s AND :us'), ('snb', 'h1 = :h1 AND h2 = :h2 AND s = :s AND n BETWEEN :n AND :un'),
	('snb', 'h1 = :h1 AND h2 = :h2 AND s = :s AND n = :n AND b BETWEEN :b AND :ub'), ('bns', 'h1 = :h1 AND b BETWEEN :b AND :ub'), ('bns', 'h1 = :h1 AND b = :b AND n BETWEEN :n AND :un'))
SELECT index, condition, count(*) AS asked, count(*) FILTER (WHERE answer(index, condition, v, w) IS DISTINCT FROM expected(condition, v, w)) AS wrong
  FROM conditions, vals v, vals w WHERE v.id % 29 = 0 AND w.id % 31 = 0 AND v.sbytes <= w.sbytes AND v.n <= w.n AND v.b <= w.b GROUP BY 1, 2 ORDER BY 1, 2;

-- the order of clauses does not matter, names may stand for attributes, literals may stand left
SELECT dynamo.query('ima', ':b = b AND #n = :n AND :h2 = h2 AND s = :s AND h1 = :h1', '{"#n": "n"}', '{":h1": {"S": "x"}, ":h2": {"N": "1"}, ":s": {"S": "ab"}, ":n": {"N": "7.0"}, ":b": {"B": "AAE="}}', index_name => 'snb');

-- pages hold all attributes, and are exact from any start
SELECT dynamo.query('ima', 'h1 = :h1 AND h2 = :h2 AND s >= :s', NULL, '{":h1": {"S": "x"}, ":h2": {"N": "1"}, ":s": {"S": "ab"}}', index_name => 'snb', "limit" => 1) -> 'LastEvaluatedKey' AS last_key;
WITH all_items AS (
	SELECT array_agg(i) AS items, forward FROM unnest('{true,false}'::boolean[]) forward,
		dynamo.query_items('ima', 'h1 = :h1 AND h2 = :h2', NULL, '{":h1": {"S": "x"}, ":h2": {"N": "1"}}', index_name => 'snb', scan_index_forward => forward) i GROUP BY forward)
SELECT forward, count(*) AS starts, count(*) FILTER (WHERE (dynamo.query('ima', 'h1 = :h1 AND h2 = :h2', NULL, '{":h1": {"S": "x"}, ":h2": {"N": "1"}}', index_name => 'snb',
		scan_index_forward => forward, "limit" => 3, exclusive_start_key => items[p]) -> 'Items') IS DISTINCT FROM to_jsonb(items[p + 1:p + 3])) AS wrong
  FROM all_items, generate_series(1, cardinality(items)) p GROUP BY forward;

CREATE FUNCTION refused(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.invoke(operation, ('{"TableName": "ima"}' || request)::text);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT n, refused('Query', jsonb_build_object('IndexName', 'snb', 'KeyConditionExpression', c, 'ExpressionAttributeValues',
	(SELECT jsonb_object_agg(k, x) FROM (VALUES (':h1', '{"S": "x"}'::jsonb), (':h2', '{"N": "1"}'), (':s', '{"S": "a"}'), (':n', '{"N": "1"}'), (':b', '{"B": "AA=="}')) t(k, x) WHERE c ~ (k || '\M'))) || e)
FROM (VALUES
	(1, 'h1 = :h1', '{}'::jsonb), (2, 'h2 = :h2 AND s = :s', '{}'), (3, 'h1 = :h1 AND h2 > :h2', '{}'),
	-- gaps, and a range before the last
	(4, 'h1 = :h1 AND h2 = :h2 AND n = :n', '{}'), (5, 'h1 = :h1 AND h2 = :h2 AND s = :s AND b = :b', '{}'), (6, 'h1 = :h1 AND h2 = :h2 AND s > :s AND n = :n', '{}'),
	(7, 'h1 = :h1 AND h2 = :h2 AND begins_with(s, :s) AND n = :n AND b = :b', '{}'),
	-- types, other attributes, two conditions on one
	(8, 'h1 = :h1 AND h2 = :s', '{}'), (9, 'h1 = :h1 AND h2 = :h2 AND s = :n', '{}'), (10, 'h1 = :h1 AND h2 = :h2 AND x = :n', '{}'),
	(11, 'h1 = :h1 AND h2 = :h2 AND s = :s AND n = :n AND b = :b AND x = :s', '{}'), (12, 'h1 = :h1 AND h2 = :h2 AND s > :s AND s < :s', '{}'),
	-- filters
	(13, 'h1 = :h1 AND h2 = :h2', '{"FilterExpression": "b = :b", "ExpressionAttributeValues": {":h1": {"S": "x"}, ":h2": {"N": "1"}, ":b": {"B": "AA=="}}}'),
	(14, 'h1 = :h1 AND h2 = :h2', '{"FilterExpression": "#h > :h2", "ExpressionAttributeNames": {"#h": "h2"}}'),
	(15, 'h1 = :h1 AND h2 = :h2', '{"FilterExpression": "id = :h2", "Select": "COUNT"}'),
	-- start keys
	(16, 'h1 = :h1 AND h2 = :h2', '{"ExclusiveStartKey": {"id": {"N": "1"}, "h1": {"S": "x"}, "h2": {"N": "1"}, "s": {"S": "a"}, "n": {"N": "1"}}}'),
	(17, 'h1 = :h1 AND h2 = :h2', '{"ExclusiveStartKey": {"id": {"N": "1"}, "h1": {"S": "x"}, "h2": {"N": "2"}, "s": {"S": "a"}, "n": {"N": "1"}, "b": {"B": "AA=="}}}'),
	(18, 'h1 = :h1 AND h2 = :h2 AND s = :s AND n < :n', '{"ExclusiveStartKey": {"id": {"N": "1"}, "h1": {"S": "x"}, "h2": {"N": "1"}, "s": {"S": "a"}, "n": {"N": "1"}, "b": {"B": "AA=="}}}'),
	(19, 'h1 = :h1 AND h2 = :h2', '{"ExclusiveStartKey": {"id": {"N": "1"}, "h1": {"S": "x"}, "h2": {"N": "1"}, "s": {"S": "a"}, "n": {"N": "1"}, "b": {"B": "AA=="}, "x": {"S": "x"}}}')
) AS t(n, c, e) ORDER BY n;
-- conditions of a table and an index of two attributes stay at two
SELECT refused('Query', '{"KeyConditionExpression": "id = :a AND s = :a AND n = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}');
-- wrong types and empty values at any place
SELECT a, refused('PutItem', jsonb_build_object('Item', jsonb_build_object('id', '{"N": "1"}'::jsonb, a, v))) FROM (VALUES ('h2', '{"S": "x"}'::jsonb), ('s', '{"S": ""}'), ('n', '{"BOOL": true}'), ('b', '{"B": ""}')) t(a, v);

DROP FUNCTION answer, expected, refused;
DROP TABLE vals;
SELECT FROM dynamo.delete_table('{"TableName": "ima"}');
