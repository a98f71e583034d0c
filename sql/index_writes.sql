-- Writes maintain the columns of secondary indexes.  The columns are read back
-- with dynamo.key_decode.

SELECT FROM dynamo.create_table('{"TableName": "Writes", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "s", "AttributeType": "N"},
		{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "n", "AttributeType": "N"},
		{"AttributeName": "b", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [
		{"IndexName": "local", "Projection": {"ProjectionType": "ALL"},
		 "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}]}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "global", "Projection": {"ProjectionType": "KEYS_ONLY"},
		 "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}]},
		{"IndexName": "binary", "Projection": {"ProjectionType": "KEYS_ONLY"},
		 "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}]}]}');

SELECT index_name, column_name, status FROM dynamo.indexes WHERE table_name = 'Writes' ORDER BY position;

CREATE VIEW entries AS
SELECT item -> 's' ->> 'N' AS s,
       dynamo.key_decode('{S,S}', 1, ix1) AS local,
       dynamo.key_decode('{S,N}', 1, ix2) AS global,
       dynamo.key_decode('{B}', 1, ix3) AS binary
  FROM dynamo_data."Writes" ORDER BY key;

-- an item is in an index when it has all attributes of its key
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "1"}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "2"}, "a": {"S": "u"}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "3"}, "n": {"N": "7"}, "b": {"B": "AAE="}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "4"}, "a": {"S": "u"}, "n": {"N": "-1.50"}, "b": {"B": "AAE="}}');
SELECT * FROM entries;

-- updates add, move and remove entries; so do puts
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "1"}}', 'SET a = :a, n = :n',
	expression_attribute_values => '{":a": {"S": "v"}, ":n": {"N": "0"}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "2"}}', 'SET n = if_not_exists(n, :n), b = :b',
	expression_attribute_values => '{":b": {"B": "/w=="}, ":n": {"N": "2"}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "3"}}', 'REMOVE n, b');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "4"}}', 'ADD n :n',
	expression_attribute_values => '{":n": {"N": "10"}}');
SELECT * FROM entries;
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "1"}, "a": {"S": "w"}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "2"}}');
SELECT dynamo.delete_item('Writes', '{"p": {"S": "x"}, "s": {"N": "4"}}');
SELECT * FROM entries;

-- plain SQL: the trigger derives the columns, whatever the statement gives
INSERT INTO dynamo_data."Writes" (item, ix1, ix2) VALUES
	('{"p": {"S": "x"}, "s": {"N": "5"}, "a": {"S": "z"}, "n": {"N": "1"}}', '\x00', NULL);
UPDATE dynamo_data."Writes" SET item = item || '{"b": {"B": "AA=="}}' WHERE item -> 's' ->> 'N' = '5';
UPDATE dynamo_data."Writes" SET item = item - 'a', ix2 = '\x01' WHERE item -> 's' ->> 'N' = '1';
UPDATE dynamo_data."Writes" SET ix1 = NULL, ix2 = NULL, ix3 = NULL;
COPY dynamo_data."Writes" (item) FROM stdin;
{"p": {"S": "x"}, "s": {"N": "6"}, "a": {"S": "y"}, "n": {"N": "6"}}
\.
SELECT * FROM entries;

-- values that cannot be index keys
\set VERBOSITY terse
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "a": {"N": "1"}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "n": {"NULL": true}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "b": {"M": {}}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "a": {"S": ""}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "b": {"B": ""}}');
-- the table's own key is looked at first, and a fault is one though the index would not have the item
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "a": {"N": "1"}}');
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "n": {"S": "no a"}}');
-- before the condition, which would fail
SELECT dynamo.put_item('Writes', '{"p": {"S": "x"}, "s": {"N": "7"}, "a": {"BOOL": true}}', 'attribute_exists(p)');
INSERT INTO dynamo_data."Writes" (item) VALUES ('{"p": {"S": "x"}, "s": {"N": "7"}, "a": {"SS": ["q"]}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a = :a',
	expression_attribute_values => '{":a": {"N": "1"}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a = :a', 'attribute_exists(nothing)',
	expression_attribute_values => '{":a": {"L": []}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a = :a',
	expression_attribute_values => '{":a": {"S": ""}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'ADD a :a',
	expression_attribute_values => '{":a": {"SS": ["q"]}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a = n');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a.b = :a',
	expression_attribute_values => '{":a": {"S": "q"}}');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET copy1 = a[0]');
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'REMOVE copy1', 'attribute_exists(b.c)');
SELECT dynamo.get_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'a.b');
\set VERBOSITY default
-- 2048 and 1024 bytes at most
SELECT FROM dynamo.put_item('Writes', jsonb_build_object('p', '{"S": "x"}'::jsonb, 's', '{"N": "8"}'::jsonb,
	'a', jsonb_build_object('S', repeat('k', 1024)), 'n', '{"N": "1"}'::jsonb, 'b', jsonb_build_object('B', replace(encode(decode(repeat('ab', 2048), 'hex'), 'base64'), E'\n', ''))));
SELECT FROM dynamo.put_item('Writes', jsonb_build_object('p', '{"S": "x"}'::jsonb, 's', '{"N": "8"}'::jsonb,
	'a', jsonb_build_object('S', repeat('k', 1025))));
SELECT FROM dynamo.put_item('Writes', jsonb_build_object('p', '{"S": "x"}'::jsonb, 's', '{"N": "8"}'::jsonb,
	'b', jsonb_build_object('B', replace(encode(decode(repeat('ab', 2049), 'hex'), 'base64'), E'\n', ''))));
SELECT FROM dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "5"}}', 'SET a = :a',
	expression_attribute_values => jsonb_build_object(':a', jsonb_build_object('S', repeat('k', 1025))));
SELECT s, octet_length(ix1), octet_length(ix2), octet_length(ix3)
  FROM (SELECT item -> 's' ->> 'N' AS s, * FROM dynamo_data."Writes") t WHERE s IN ('5', '8') ORDER BY key;

-- What was there before its index was added stays, until it changes.
ALTER TABLE dynamo_data."Writes" DISABLE TRIGGER zz_dynamo_item;
INSERT INTO dynamo_data."Writes" (key, item) VALUES
	(dynamo.key_encode('{S,N}', 1, '[{"S": "x"}, {"N": "9"}]'), '{"p": {"S": "x"}, "s": {"N": "9"}, "a": {"N": "1"}}');
ALTER TABLE dynamo_data."Writes" ENABLE TRIGGER zz_dynamo_item;
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "9"}}', 'SET note = :a',
	expression_attribute_values => '{":a": {"N": "1"}}', return_values => 'ALL_NEW');
UPDATE dynamo_data."Writes" SET item = item || '{"note": {"N": "2"}}' WHERE item -> 's' ->> 'N' = '9';
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "9"}}', 'SET a = a + :a',
	expression_attribute_values => '{":a": {"N": "1"}}');
UPDATE dynamo_data."Writes" SET item = item || '{"a": {"N": "2"}}' WHERE item -> 's' ->> 'N' = '9';
SELECT dynamo.update_item('Writes', '{"p": {"S": "x"}, "s": {"N": "9"}}', 'SET a = :a',
	expression_attribute_values => '{":a": {"S": "fine"}}', return_values => 'ALL_NEW');
SELECT * FROM entries WHERE s = '9';

-- The longest keys of table and index at once, incompressible.
SELECT FROM dynamo.create_table('{"TableName": "Longest", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "B"}, {"AttributeName": "s", "AttributeType": "B"},
		{"AttributeName": "gp", "AttributeType": "B"}, {"AttributeName": "gs", "AttributeType": "B"},
		{"AttributeName": "g1", "AttributeType": "B"}, {"AttributeName": "g2", "AttributeType": "N"},
		{"AttributeName": "g3", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [
		{"IndexName": "local", "Projection": {"ProjectionType": "ALL"},
		 "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "gs", "KeyType": "RANGE"}]}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "global", "Projection": {"ProjectionType": "ALL"},
		 "KeySchema": [{"AttributeName": "gp", "KeyType": "HASH"}, {"AttributeName": "gs", "KeyType": "RANGE"}]},
		{"IndexName": "several", "Projection": {"ProjectionType": "ALL"},
		 "KeySchema": [{"AttributeName": "gp", "KeyType": "HASH"}, {"AttributeName": "g1", "KeyType": "RANGE"},
			{"AttributeName": "g2", "KeyType": "RANGE"}, {"AttributeName": "g3", "KeyType": "RANGE"}]}]}');
CREATE FUNCTION noise(seed text, len int, every int DEFAULT 0) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('B', replace(encode(substr(CASE WHEN every > 0
		THEN decode(regexp_replace(string_agg(encode(sha256((seed || i)::bytea), 'hex'), '' ORDER BY i),
				format('([0-9a-f]{%s})[0-9a-f]{2}', 2 * every - 2), '\100', 'g'), 'hex')
		ELSE string_agg(sha256((seed || i)::bytea), '' ORDER BY i) END, 1, len), 'base64'), E'\n', ''))
	  FROM generate_series(1, 64) i
$$;
-- partition keys of 254 bytes are the longest that are stored as they are
SELECT plen, dynamo.put_item('Longest', jsonb_build_object('p', noise('p', plen), 's', noise('s' || plen, 1024),
		'gp', noise('gp', plen), 'gs', noise('gs', 1024), 'g1', noise('g1', 500), 'g2', '{"N": "1.2345678901234567890123456789012345678E-100"}'::jsonb,
		'g3', noise('g3', 524)))
  FROM unnest(ARRAY[254, 255, 2048]) plen;
SELECT octet_length(key), octet_length(ix1), octet_length(ix2), octet_length(ix3) FROM dynamo_data."Longest" ORDER BY 1, key;
-- the longest that is possible, with some 90 bytes of 00 in a key of several attributes; more do not fit
SELECT FROM dynamo.put_item('Longest', jsonb_build_object('p', noise('p', 254), 's', noise('y', 1024),
		'gp', noise('gp', 254), 'g1', noise('g1', 440, 5), 'g2', '{"N": "1.2345678901234567890123456789012345678E-100"}'::jsonb, 'g3', noise('g3', 584)));
SELECT octet_length(key), octet_length(ix3) FROM dynamo_data."Longest" ORDER BY 2 DESC LIMIT 1;
\set VERBOSITY terse
SELECT FROM dynamo.put_item('Longest', jsonb_build_object('p', noise('p', 254), 's', noise('z', 1024),
		'gp', noise('gp', 254), 'g1', noise('g1', 455, 5), 'g2', '{"N": "1"}'::jsonb, 'g3', noise('g3', 569)));
SELECT FROM dynamo.put_item('Longest', jsonb_build_object('p', noise('p', 254), 's', noise('z', 1024),
		'gp', noise('gp', 254), 'g1', noise('g1', 501), 'g2', '{"N": "1"}'::jsonb, 'g3', noise('g3', 524)));
\set VERBOSITY default

-- An update that changes no index key is HOT, on a table with five indexes;
-- one that changes a key is not, and leaves the other columns as they are.
SELECT FROM dynamo.create_table('{"TableName": "Five", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"},
		{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"},
		{"AttributeName": "c", "AttributeType": "S"}, {"AttributeName": "d", "AttributeType": "S"},
		{"AttributeName": "e", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [
		{"IndexName": "gsi_a", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}]},
		{"IndexName": "gsi_b", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}]},
		{"IndexName": "gsi_c", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}]},
		{"IndexName": "gsi_d", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "d", "KeyType": "HASH"}]},
		{"IndexName": "gsi_e", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "e", "KeyType": "RANGE"}]}]}');
ALTER TABLE dynamo_data."Five" SET (fillfactor = 10, autovacuum_enabled = off);
-- one item has a key long enough to be compressed
SELECT FROM generate_series(1, 50) i, dynamo.put_item('Five', jsonb_build_object(
	'p', jsonb_build_object('S', 'item ' || i), 'a', jsonb_build_object('S', 'a' || i),
	'b', jsonb_build_object('S', CASE i WHEN 50 THEN repeat('long ', 400) ELSE 'b' || i END), 'c', jsonb_build_object('S', 'c' || i),
	'd', jsonb_build_object('S', CASE i WHEN 50 THEN repeat('d', 254) ELSE 'd' || i END),
	'e', jsonb_build_object('N', i::text), 'counter', '{"N": "0"}'::jsonb));
CREATE FUNCTION updates(OUT updated bigint, OUT hot bigint) LANGUAGE sql AS $$
	SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
	  FROM pg_class WHERE oid = 'dynamo_data."Five"'::regclass
$$;
CREATE TEMP TABLE before AS SELECT * FROM dynamo_data."Five";
BEGIN;
SELECT FROM generate_series(1, 50) i, dynamo.update_item('Five', jsonb_build_object('p', jsonb_build_object('S', 'item ' || i)),
	'ADD #c :one', NULL, '{"#c": "counter"}', '{":one": {"N": "1"}}');
SELECT * FROM updates();
-- a put that changes nothing of an index is an update, too
SELECT FROM generate_series(1, 50) i,
	dynamo.put_item('Five', (SELECT item || '{"counter": {"N": "5"}}' FROM before WHERE item -> 'p' ->> 'S' = 'item ' || i));
SELECT * FROM updates();
-- and so is one of plain SQL
UPDATE dynamo_data."Five" SET item = item || '{"counter": {"N": "6"}}';
SELECT * FROM updates();
COMMIT;
BEGIN;
SELECT FROM dynamo.update_item('Five', '{"p": {"S": "item 7"}}', 'SET c = :c', expression_attribute_values => '{":c": {"S": "moved"}}');
SELECT FROM dynamo.update_item('Five', '{"p": {"S": "item 8"}}', 'REMOVE e');
SELECT * FROM updates();
SELECT n.item -> 'p' ->> 'S' AS p, n.ix1 = o.ix1 AS a, n.ix2 = o.ix2 AS b, n.ix3 = o.ix3 AS c, n.ix4 = o.ix4 AS d, n.ix5 = o.ix5 AS e
  FROM dynamo_data."Five" n JOIN before o USING (key)
 WHERE (n.ix1, n.ix2, n.ix3, n.ix4, n.ix5) IS DISTINCT FROM (o.ix1, o.ix2, o.ix3, o.ix4, o.ix5) ORDER BY 1;
COMMIT;

-- generated columns and triggers see the columns change
ALTER TABLE dynamo_data."Five" ADD COLUMN has_e boolean GENERATED ALWAYS AS (ix5 IS NOT NULL) STORED;
SELECT FROM dynamo.update_item('Five', '{"p": {"S": "item 9"}}', 'REMOVE e');
SELECT FROM dynamo.update_item('Five', '{"p": {"S": "item 8"}}', 'SET e = :e', expression_attribute_values => '{":e": {"N": "8"}}');
SELECT item -> 'p' ->> 'S' AS p, has_e FROM dynamo_data."Five" WHERE item -> 'p' ->> 'S' IN ('item 8', 'item 9') ORDER BY 1;

DROP VIEW entries;
DROP TABLE before;
DROP FUNCTION updates, noise;
SELECT FROM dynamo.delete_table('{"TableName": "Five"}');
SELECT FROM dynamo.delete_table('{"TableName": "Longest"}');
-- with the table go the rows of its indexes
DROP TABLE dynamo_data."Writes";
SELECT * FROM dynamo.indexes;
