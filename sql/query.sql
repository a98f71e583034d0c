\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION pg_temp.make_table(name text, pk_type text, sk_type text) RETURNS boolean LANGUAGE sql AS $$
	SELECT dynamo.create_table(jsonb_build_object('TableName', name,
		'AttributeDefinitions', jsonb_build_array(jsonb_build_object('AttributeName', 'pk', 'AttributeType', pk_type),
			jsonb_build_object('AttributeName', 'sk', 'AttributeType', sk_type)),
		'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]'::jsonb,
		'BillingMode', 'PAY_PER_REQUEST')) IS NOT NULL
$$;
SELECT pg_temp.make_table('q_n', 'S', 'N'), pg_temp.make_table('q_s', 'S', 'S'), pg_temp.make_table('q_b', 'N', 'B');

-- Sort keys of the answer, in its order.
CREATE FUNCTION pg_temp.keys(response jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(i->'sk'->>(SELECT k FROM jsonb_object_keys(i->'sk') AS k), ' ' ORDER BY n)
	FROM jsonb_array_elements(response->'Items') WITH ORDINALITY AS t(i, n)
$$;

-- order: numbers by value, strings by UTF-8 bytes, binaries unsigned
SELECT count(dynamo.put_item('q_n', jsonb_build_object('pk', '{"S": "p"}'::jsonb, 'sk', jsonb_build_object('N', n), 'len', jsonb_build_object('N', length(n)::text))))
FROM unnest('{10,9,-10,-9,0,1e-130,-1e-130,9.9e125,-9.9e125,0.5,1000000000000000000001,1000000000000000000002,100}'::text[]) AS n;
SELECT pg_temp.keys(dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "limit" => 13))
	= '-99' || repeat('0', 124) || ' -10 -9 -0.' || repeat('0', 129) || '1 0 0.' || repeat('0', 129) || '1 0.5 9 10 100 1000000000000000000001 1000000000000000000002 99' || repeat('0', 124) AS numeric_order;
SELECT count(dynamo.put_item('q_s', jsonb_build_object('pk', '{"S": "p"}'::jsonb, 'sk', jsonb_build_object('S', s))))
FROM unnest(ARRAY['a', 'B', 'aa', 'ab', 'b', U&'\00e9', U&'\ffee', U&'\+01F600', '!', 'a!', 'Z']) AS s;
SELECT pg_temp.keys(dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}'));
SELECT pg_temp.keys(dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', scan_index_forward => false));
SELECT count(dynamo.put_item('q_b', jsonb_build_object('pk', '{"N": "7"}'::jsonb, 'sk', jsonb_build_object('B', encode(decode(b, 'hex'), 'base64')))))
FROM unnest('{00,01,0100,7f,80,ff,ff00,ffff,fe}'::text[]) AS b;
SELECT string_agg(encode(decode(k, 'base64'), 'hex'), ' ' ORDER BY n)
FROM unnest(string_to_array(pg_temp.keys(dynamo.query('q_b', 'pk = :p', expression_attribute_values => '{":p": {"N": "7.0"}}')), ' ')) WITH ORDINALITY AS t(k, n);

-- every operator on the sort key
SELECT c, pg_temp.keys(dynamo.query('q_n', 'pk = :p AND ' || c, expression_attribute_values =>
	jsonb_build_object(':p', '{"S": "p"}'::jsonb) || v)) AS keys
FROM (VALUES
	('sk = :a', '{":a": {"N": "9.0"}}'::jsonb), ('sk = :a', '{":a": {"N": "8"}}'),
	('sk < :a', '{":a": {"N": "-9"}}'), ('sk <= :a', '{":a": {"N": "-9"}}'),
	('sk > :a', '{":a": {"N": "1e21"}}'), ('sk >= :a', '{":a": {"N": "1000000000000000000002"}}'),
	(':a > sk', '{":a": {"N": "-9"}}'),
	('sk BETWEEN :a AND :b', '{":a": {"N": "9"}, ":b": {"N": "100"}}'),
	('sk between :a and :b', '{":a": {"N": "11"}, ":b": {"N": "99"}}')) AS t(c, v);
SELECT c, pg_temp.keys(dynamo.query('q_s', c || ' AND :p = pk', expression_attribute_values =>
	jsonb_build_object(':p', '{"S": "p"}'::jsonb) || v)) AS keys
FROM (VALUES
	('begins_with(sk, :a)', '{":a": {"S": "a"}}'::jsonb), ('begins_with ( sk , :a )', '{":a": {"S": "aa"}}'),
	('begins_with(sk, :a)', '{":a": {"S": "x"}}'), ('(sk > :a)', '{":a": {"S": "a"}}'),
	('sk BETWEEN :a AND :b', '{":a": {"S": "a"}, ":b": {"S": "aa"}}')) AS t(c, v);
SELECT v, dynamo.query('q_b', 'pk = :p AND begins_with(sk, :a)', expression_attribute_values =>
	jsonb_build_object(':p', '{"N": "7"}'::jsonb, ':a', jsonb_build_object('B', v)), "select" => 'COUNT')
FROM unnest('{/w==,AQ==,//8=,gIA=}'::text[]) AS v;
-- operands that are no keys, and missing conditions
SELECT dynamo.query('q_n', 'sk = :a', expression_attribute_values => '{":a": {"N": "9"}}');
SELECT dynamo.query('q_n', 'pk = :a AND colour = :a', expression_attribute_values => '{":a": {"S": "9"}}');
SELECT dynamo.query('q_n', 'colour = :a', expression_attribute_values => '{":a": {"S": "9"}}');
SELECT dynamo.query('q_n', 'pk = :a', expression_attribute_values => '{":a": {"N": "9"}}');
SELECT dynamo.query('q_n', 'pk = :a AND sk = :a', expression_attribute_values => '{":a": {"S": "9"}}');
SELECT dynamo.query('q_n', 'pk > :a', expression_attribute_values => '{":a": {"S": "9"}}');
SELECT dynamo.query('q_n', 'pk = :a', expression_attribute_values => '{":a": {"S": ""}}');
SELECT dynamo.query('{"TableName": "q_n"}');
SELECT dynamo.query('missing', 'pk = :a', expression_attribute_values => '{":a": {"S": "9"}}');
SELECT dynamo.query('q_n', 'pk = :a', expression_attribute_values => '{":a": {"S": "9"}}', index_name => 'nosuchindex');
SELECT dynamo.query('q_n', 'pk = :a AND sk = :b', expression_attribute_values => '{":a": {"S": "nobody"}, ":b": {"N": "1"}}');

-- pages: every size gives the whole in order, in both directions
CREATE FUNCTION pg_temp.page_through(request jsonb, OUT keys text, OUT pages int, OUT counts text) LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
	key jsonb;
BEGIN
	keys := ''; pages := 0; counts := '';
	LOOP
		response := dynamo.query(request || CASE WHEN key IS NULL THEN '{}' ELSE jsonb_build_object('ExclusiveStartKey', key) END);
		keys := keys || coalesce(pg_temp.keys(response) || ' ', '');
		counts := counts || (response->>'Count') || '/' || (response->>'ScannedCount') || ' ';
		pages := pages + 1;
		key := response->'LastEvaluatedKey';
		EXIT WHEN key IS NULL;
	END LOOP;
END $$;
SELECT "limit", forward, p.* FROM generate_series(1, 12) AS "limit", (VALUES (true), (false)) AS f(forward),
	pg_temp.page_through(jsonb_build_object('TableName', 'q_s', 'KeyConditionExpression', 'pk = :p',
		'ExpressionAttributeValues', '{":p": {"S": "p"}}'::jsonb, 'Limit', "limit", 'ScanIndexForward', forward)) AS p
WHERE "limit" IN (1, 3, 10, 11, 12) ORDER BY 1, 2;
-- within a range, with a filter: Limit counts what is read
SELECT * FROM pg_temp.page_through('{"TableName": "q_n", "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b", "Limit": 2,
	"FilterExpression": "len > :one", "ExpressionAttributeValues": {":p": {"S": "p"}, ":a": {"N": "-10"}, ":b": {"N": "100"}, ":one": {"N": "1"}}}')
	AS p(keys, pages, counts);
SELECT dynamo.query('q_n', 'pk = :p AND sk BETWEEN :a AND :b', expression_attribute_values =>
	'{":p": {"S": "p"}, ":a": {"N": "-10"}, ":b": {"N": "100"}, ":one": {"N": "2"}}', filter_expression => 'len > :one', "select" => 'COUNT');
-- a start key need not exist, but must fit
SELECT pg_temp.keys(dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"S": "aaa"}}'));
SELECT pg_temp.keys(dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"S": "aaa"}}', scan_index_forward => false));
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "other": {"S": "a"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"N": "1"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"S": "a"}, "x": {"S": "a"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "q"}, "sk": {"S": "a"}}');
SELECT dynamo.query('q_s', 'pk = :p AND sk > :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"S": "b"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"S": "a"}}');
SELECT dynamo.query('q_s', 'pk = :p AND sk > :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"S": "a"}}', exclusive_start_key => '{"pk": {"S": "q"}, "sk": {"S": "b"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"NULL": false}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {"N": "x"}}');
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": "p"}, "sk": {}}');

SELECT dynamo.query('q_s', 'sk = :p', expression_attribute_values => '{":p": {"S": "p"}}', exclusive_start_key => '{"pk": {"S": ""}, "sk": {"S": "a"}}');
-- Select, projection and filter
SELECT dynamo.query('q_n', 'pk = :p AND sk = :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"N": "9"}}', projection_expression => 'len, nothing');
SELECT dynamo.query('{"TableName": "q_n", "KeyConditionExpression": "pk = :p AND sk = :s", "ExpressionAttributeValues": {":p": {"S": "p"}, ":s": {"N": "9"}}, "AttributesToGet": ["len"]}');
SELECT dynamo.query('q_n', 'pk = :p AND sk = :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"N": "9"}}', "select" => s)
FROM unnest('{ALL_ATTRIBUTES,COUNT}'::text[]) AS s;
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "select" => 'SPECIFIC_ATTRIBUTES');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "select" => 'ALL_PROJECTED_ATTRIBUTES');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "select" => 'COUNT', projection_expression => 'len');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "select" => 'ALL_ATTRIBUTES', projection_expression => 'len');
-- expressions are looked at before Select
SELECT dynamo.query('q_n', 'pk = :p OR pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', "select" => 'SPECIFIC_ATTRIBUTES');
SELECT dynamo.scan('missing', 'a = :undefined', "select" => 'SPECIFIC_ATTRIBUTES');
SELECT dynamo.scan('missing', projection_expression => 'a, a', "select" => 'COUNT');
SELECT dynamo.scan('missing', "select" => 'ALL_PROJECTED_ATTRIBUTES');
SELECT dynamo.scan('missing', projection_expression => 'a', "select" => 'ALL_PROJECTED_ATTRIBUTES');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', filter_expression => 'sk = :p');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', filter_expression => 'pk.a = :p');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}', projection_expression => 'sk.a');

-- a table without a sort key
SELECT dynamo.create_table('{"TableName": "q_p", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT count(dynamo.put_item('q_p', jsonb_build_object('pk', jsonb_build_object('S', i::text)))) FROM generate_series(1, 50) AS i;
SELECT dynamo.query('q_p', 'pk = :p', expression_attribute_values => '{":p": {"S": "7"}}');
SELECT dynamo.query('q_p', 'pk = :p AND sk = :p', expression_attribute_values => '{":p": {"S": "7"}}');
-- a page of one item can be gone on from if there is a sort key, and is the last one if there is none
SELECT p->'Count' AS count, dynamo.query('q_s', 'pk = :p AND sk = :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"S": "a"}}', "limit" => 1, scan_index_forward => forward, exclusive_start_key => p->'LastEvaluatedKey')
FROM unnest('{t,f}'::bool[]) AS forward, dynamo.query('q_s', 'pk = :p AND sk = :s', expression_attribute_values => '{":p": {"S": "p"}, ":s": {"S": "a"}}', "limit" => 1) AS p;
SELECT dynamo.query('q_p', 'pk = :p', expression_attribute_values => '{":p": {"S": "7"}}', "limit" => 1, "select" => 'COUNT');
SELECT dynamo.query('q_p', 'pk = :p', expression_attribute_values => '{":p": {"S": "7"}}', exclusive_start_key => '{"pk": {"S": "7"}}');

-- long partition keys are told apart although the index holds their digest
SELECT count(dynamo.put_item('q_s', jsonb_build_object('pk', jsonb_build_object('S', repeat('x', n)), 'sk', jsonb_build_object('S', s))))
FROM unnest('{254,255,256,2048}'::int[]) AS n, unnest('{a,b}'::text[]) AS s;
SELECT n, pg_temp.keys(dynamo.query('q_s', 'pk = :p AND sk >= :a', expression_attribute_values => jsonb_build_object(':p', jsonb_build_object('S', repeat('x', n)), ':a', '{"S": "a"}'::jsonb)))
FROM unnest('{253,254,255,256,257,2048}'::int[]) AS n;

-- the 1 MB page: 20 items of 60 KB
SELECT count(dynamo.put_item('q_n', jsonb_build_object('pk', '{"S": "large"}'::jsonb, 'sk', jsonb_build_object('N', i::text), 'filler', jsonb_build_object('S', repeat('x', 60000)))))
FROM generate_series(1, 20) AS i;
SELECT * FROM pg_temp.page_through('{"TableName": "q_n", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "large"}}}');
SELECT * FROM pg_temp.page_through('{"TableName": "q_n", "KeyConditionExpression": "pk = :p", "ScanIndexForward": false, "ProjectionExpression": "sk", "ExpressionAttributeValues": {":p": {"S": "large"}}}');
SELECT dynamo.query('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "large"}}', "select" => 'COUNT');
-- a page ends with the item that fills it, be it the last one
SELECT count(dynamo.put_item('q_s', jsonb_build_object('pk', '{"S": "full"}'::jsonb, 'sk', jsonb_build_object('S', i::text), 'd', jsonb_build_object('S', repeat('x', 131072 - 10)))))
FROM generate_series(1, 8) AS i;
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "full"}}', "select" => 'COUNT');
SELECT dynamo.put_item('q_s', jsonb_build_object('pk', '{"S": "full"}'::jsonb, 'sk', '{"S": "0"}'::jsonb, 'd', jsonb_build_object('S', repeat('x', 131072 - 11))));
SELECT dynamo.query('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "full"}}', "select" => 'COUNT');
SELECT dynamo.query('q_s', 'pk = :p AND sk < :s', expression_attribute_values => '{":p": {"S": "full"}, ":s": {"S": "8"}}', "select" => 'COUNT');

-- without pages
SELECT count(*), min((i->'sk'->>'N')::int), max((i->'sk'->>'N')::int) FROM dynamo.query_items('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "large"}}') AS i;
SELECT i->'sk'->>'N' AS sk FROM dynamo.query_items('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "large"}, ":n": {"N": "60000"}, ":m": {"N": "17"}}', filter_expression => 'colour = :p OR size(filler) >= :n AND NOT size(filler) < :m', "limit" => 2) AS i;
SELECT i->'sk'->>'N' AS sk FROM dynamo.query_items('q_n', 'pk = :p', expression_attribute_values => '{":p": {"S": "large"}}', scan_index_forward => false, "limit" => 3) AS i;
SELECT dynamo.query_items('{"TableName": "q_n", "KeyConditionExpression": "pk = :p AND sk < :n", "ExpressionAttributeValues": {":p": {"S": "p"}, ":n": {"N": "0"}}, "ProjectionExpression": "len"}');
-- stopping early closes the scan
SELECT dynamo.query_items('q_s', 'pk = :p', expression_attribute_values => '{":p": {"S": "p"}}') LIMIT 2;

-- Scan: everything once, whatever the segments and pages
CREATE FUNCTION pg_temp.scan_through(request jsonb) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
	key jsonb;
BEGIN
	LOOP
		response := dynamo.scan(request || CASE WHEN key IS NULL THEN '{}' ELSE jsonb_build_object('ExclusiveStartKey', key) END);
		RETURN QUERY SELECT jsonb_array_elements(response->'Items');
		key := response->'LastEvaluatedKey';
		EXIT WHEN key IS NULL;
	END LOOP;
END $$;
SELECT total, "limit", count(*) AS items, count(DISTINCT i) AS different
FROM unnest('{1,2,3,7,64,1000000}'::int[]) AS total, unnest('{1,10,1000}'::int[]) AS "limit",
	generate_series(0, least(total, 65) - 1) AS segment,
	pg_temp.scan_through(jsonb_build_object('TableName', 'q_p', 'TotalSegments', total, 'Segment', segment, 'Limit', "limit")) AS i
WHERE total < 1000000 GROUP BY 1, 2 ORDER BY 1, 2;
SELECT (dynamo.scan('q_p', segment => 999999, total_segments => 1000000)->>'Count')::int <= 50 AS ok;
SELECT dynamo.scan('q_p', segment => 1, total_segments => 1);
SELECT dynamo.scan('q_p', segment => 1);
SELECT dynamo.scan('q_p', total_segments => 1);
SELECT dynamo.scan('q_p', exclusive_start_key => '{"sk": {"S": "a"}}');
SELECT dynamo.scan('q_p', exclusive_start_key => '{"pk": {"S": "a"}, "sk": {"S": "a"}}');
SELECT dynamo.scan('q_p', exclusive_start_key => '{"pk": {"N": "1"}}');
SELECT dynamo.scan('q_p', exclusive_start_key => '{"": {"S": "a"}}');
SELECT dynamo.scan('q_p', exclusive_start_key => '{"pk": {"S": ""}}');
SELECT dynamo.scan('q_p', exclusive_start_key => jsonb_build_object('pk', jsonb_build_object('S', repeat('x', 2049))));
-- a start key that is not there divides the table
SELECT count(*) AS items, count(DISTINCT i) AS different
FROM (SELECT jsonb_array_elements(dynamo.scan('q_p', exclusive_start_key => '{"pk": {"S": "not there"}}')->'Items') AS i
	UNION ALL SELECT item FROM dynamo_data.q_p WHERE key < dynamo.key_encode('{S}', 1, '[{"S": "not there"}]')) AS s;
DO $$
BEGIN
	PERFORM dynamo.scan('q_p', exclusive_start_key => '{"pk": {"S": "1"}}', segment => s, total_segments => 2) FROM generate_series(0, 1) AS s;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RAISE INFO '%', regexp_replace(SQLERRM, 'Segment: \d$', 'Segment: n');
END $$;
SELECT dynamo.scan('q_p', 'pk = :a', expression_attribute_values => '{":a": {"S": "7"}}');
SELECT dynamo.scan('{"TableName": "q_p", "FilterExpression": "begins_with(pk, :a)", "ExpressionAttributeValues": {":a": {"S": "4"}}, "Select": "COUNT"}');
SELECT dynamo.scan('q_n', "select" => 'COUNT')->'LastEvaluatedKey' IS NOT NULL AS more_than_a_page;
SELECT count(*) FROM dynamo.scan_items('q_n');
SELECT count(*) FROM dynamo.scan_items('q_p', 'begins_with(pk, :a)', expression_attribute_values => '{":a": {"S": "4"}}', "limit" => 5);
SELECT count(*) FROM (SELECT dynamo.scan_items('{"TableName": "q_p"}') LIMIT 7) AS s;
-- a literal is a request when it looks like one
SELECT dynamo.scan(E'\n {"TableName": "q_p", "Select": "COUNT"}');
SELECT dynamo.scan('{"TableName": "q_p"');
SELECT dynamo.scan(' q_p');

-- rows that are dead, row by row: what the index notes of them outlives a call
SELECT FROM dynamo.create_table('{"TableName": "q_dead", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}');
ALTER TABLE dynamo_data.q_dead SET (autovacuum_enabled = off);
INSERT INTO dynamo_data.q_dead (item) SELECT jsonb_build_object('pk', jsonb_build_object('S', i::text), 'pad', jsonb_build_object('S', repeat('x', 3000 + i * 2)))
  FROM generate_series(1, 3000) i;
DELETE FROM dynamo_data.q_dead WHERE get_byte(key, 0) % 2 = 0;
SELECT count(*) > 1000 AS many, count(*) = (SELECT count(*) FROM dynamo_data.q_dead) AS all FROM dynamo.scan_items('q_dead');
SELECT count(*) > 1000 AS many FROM dynamo.scan_items('q_dead') i WHERE length(i #>> '{pk,S}') < 5;

SELECT count(*) FROM (SELECT dynamo.delete_table(jsonb_build_object('TableName', name)) FROM unnest('{q_dead,q_n,q_s,q_b,q_p}'::text[]) AS name) AS d;
