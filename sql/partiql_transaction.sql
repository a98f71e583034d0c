\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Music",
	"AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL,
	dynamo.create_table('{"TableName": "Plain", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL;
CREATE FUNCTION pg_temp.request(statements text[], more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('TransactStatements', (SELECT jsonb_agg(jsonb_build_object('Statement', s)) FROM unnest(statements) AS s)) || more
$$;
CREATE FUNCTION pg_temp.outcome(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	RETURN dynamo.execute_transaction(request)::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN sqlstate || ': ' || sqlerrm || coalesce(E'\n' || nullif(detail, ''), '');
END $$;
CREATE FUNCTION pg_temp.outcome(VARIADIC statements text[]) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.outcome(pg_temp.request(statements)) $$;

-- writes
SELECT pg_temp.outcome('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s1'', ''n'': 1}', 'INSERT INTO Plain VALUE {''id'': 1}', 'INSERT INTO Plain VALUE {''id'': 2}');
SELECT pg_temp.outcome('UPDATE Music SET n = n + 1 WHERE Artist = ''A'' AND Song = ''s1'' AND n = 1', 'DELETE FROM Plain WHERE id = 2', 'DELETE FROM Plain WHERE id = 99', 'INSERT INTO Plain VALUE {''id'': 3}',
	'EXISTS(SELECT * FROM Plain WHERE id = 1 AND n IS MISSING)');
CREATE VIEW pg_temp.items AS SELECT item FROM dynamo_data."Music" UNION ALL SELECT item FROM dynamo_data."Plain";
SELECT item FROM pg_temp.items ORDER BY item::text;
-- all or nothing, with reasons
SELECT pg_temp.outcome('INSERT INTO Plain VALUE {''id'': 4}', 'INSERT INTO Plain VALUE {''id'': 1}');
SELECT pg_temp.outcome('INSERT INTO Plain VALUE {''id'': 4}', 'UPDATE Music SET n = 0 WHERE Artist = ''A'' AND Song = ''s1'' AND n = 1', 'UPDATE Plain SET n = 0 WHERE id = 99', 'EXISTS(SELECT * FROM Plain WHERE id = 3 AND n = 1)', 'DELETE FROM Plain WHERE id = 1 AND n = 1');
SELECT pg_temp.outcome('INSERT INTO Plain VALUE {''id'': 4}', 'UPDATE Plain SET n = nope WHERE id = 1', 'UPDATE Plain SET n = id + 1 WHERE id = 3');
SELECT pg_temp.outcome('INSERT INTO Plain VALUE {''id'': 4}', 'INSERT INTO Plain VALUE {''id'': ''x''}', 'UPDATE Plain SET n = 1 WHERE id = ''x''', 'UPDATE Plain SET n = 1', 'UPDATE Plain SET id = 1 WHERE id = 1', 'INSERT INTO Plain VALUE {''x'': 1}');
SELECT pg_temp.outcome('{"TransactStatements": [{"Statement": "INSERT INTO Plain VALUE {''id'': ?}", "Parameters": [{"N": "4"}]},
	{"Statement": "UPDATE Music SET n = 0 WHERE Artist = ? AND Song = ? AND n = ?", "Parameters": [{"S": "A"}, {"S": "s1"}, {"N": "1"}], "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}]}'::jsonb);
SELECT item FROM pg_temp.items ORDER BY item::text;

-- reads
SELECT pg_temp.outcome('SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''s1''', 'SELECT n FROM Music WHERE Artist = ''A'' AND Song = ''none''', 'SELECT nope FROM Plain WHERE id = 1', 'SELECT id FROM Plain WHERE id = 3.0');
SELECT pg_temp.outcome('SELECT * FROM Plain WHERE id = 1', 'SELECT * FROM Plain WHERE id = ''x''', 'SELECT id.x FROM Plain WHERE id = 3');
BEGIN READ ONLY;
SELECT pg_temp.outcome('SELECT * FROM Plain WHERE id = 1');
SELECT pg_temp.outcome('DELETE FROM Plain WHERE id = 1');
ROLLBACK;

-- requests that are none
SELECT s, pg_temp.outcome(VARIADIC string_to_array(s, '|')) FROM unnest(ARRAY['SELECT * FROM Plain', 'SELECT * FROM Plain WHERE id = 1|SELECT * FROM Plain WHERE id IN (1)', 'SELECT * FROM Plain WHERE id = 1 AND n = 1', 'SELECT * FROM Music WHERE Artist = ''A''',
	'SELECT * FROM Plain WHERE id = 1|DELETE FROM Plain WHERE id = 2', 'SELECT * FROM Plain WHERE id = 1|EXISTS(SELECT * FROM Plain WHERE id = 1 AND n = 1)', 'DELETE FROM Plain WHERE id = 1 RETURNING ALL OLD *',
	'DELETE FROM Plain WHERE id = 9|DELETE FROM Plain WHERE id = 9.0', 'SELECT * FROM Plain WHERE id = 9|SELECT * FROM Plain WHERE id = 9.0', 'EXISTS(SELECT * FROM Plain WHERE id = 1)', 'EXISTS(SELECT * FROM Plain WHERE n = 1)', 'EXISTS(SELECT * FROM Plain)',
	'NOT EXISTS(SELECT * FROM Plain WHERE id = 1 AND n = 1)', 'EXISTS(DELETE FROM Plain WHERE id = 1)', 'DELETE FROM Plain WHERE id = 9|DELETE FROM', 'DELETE FROM Plain WHERE id = 9|DELETE FROM Plain WHERE id = ?', 'DELETE FROM Plain WHERE id = 9|UPDATE Plain SET a = 1 + ''x'' WHERE id = 1',
	'DELETE FROM Plain WHERE id = 9|DELETE FROM Other WHERE id = 9', 'SELECT * FROM Other WHERE id = 9', 'DELETE FROM Plain WHERE id = 9 AND a > true', 'INSERT INTO Plain VALUE {''id'': 9} RETURNING ALL OLD *']) AS s;
SELECT pg_temp.outcome('{}'::jsonb), pg_temp.outcome('{"TransactStatements": []}'::jsonb), left(pg_temp.outcome(VARIADIC (SELECT array_agg('DELETE FROM Plain WHERE id = ' || n) FROM generate_series(101, 201) AS n)), 40);
SELECT pg_temp.outcome(VARIADIC (SELECT array_agg('INSERT INTO Plain VALUE {''id'': ' || n || '}') FROM generate_series(101, 200) AS n)), pg_temp.outcome(VARIADIC (SELECT array_agg('DELETE FROM Plain WHERE id = ' || n) FROM generate_series(101, 200) AS n));

-- a token has it happen once
SELECT n, pg_temp.outcome(pg_temp.request('{"UPDATE Plain SET n = if_not_exists(n, 0) + 1 WHERE id = 1"}', '{"ClientRequestToken": "partiql-1"}')) FROM generate_series(1, 2) AS n;
SELECT item FROM dynamo_data."Plain" WHERE item->'id'->>'N' = '1';
SELECT pg_temp.outcome(pg_temp.request('{"UPDATE Plain SET n = 0 WHERE id = 1"}', '{"ClientRequestToken": "partiql-1"}'));
SELECT dynamo.transact_write_items('{"ClientRequestToken": "partiql-1", "TransactItems": [{"Delete": {"TableName": "Plain", "Key": {"id": {"N": "77"}}}}]}');
-- one that failed can come again
SELECT pg_temp.outcome(pg_temp.request('{"UPDATE Plain SET n = 7 WHERE id = 88"}', '{"ClientRequestToken": "partiql-2"}')) LIKE 'DY010%';
SELECT pg_temp.outcome('INSERT INTO Plain VALUE {''id'': 88}');
SELECT pg_temp.outcome(pg_temp.request('{"UPDATE Plain SET n = 7 WHERE id = 88"}', '{"ClientRequestToken": "partiql-2"}'));

-- consumed capacity
SELECT pg_temp.outcome(pg_temp.request('{"UPDATE Plain SET n = 8 WHERE id = 88","DELETE FROM Plain WHERE id = 5"}', '{"ReturnConsumedCapacity": "TOTAL"}'));
SELECT pg_temp.outcome(pg_temp.request('{"SELECT * FROM Plain WHERE id = 88","SELECT * FROM Plain WHERE id = 5"}', '{"ReturnConsumedCapacity": "TOTAL"}'));
SELECT r->'ConsumedCapacity' FROM dynamo.execute_statement('{"Statement": "SELECT * FROM Plain WHERE id IN (88, 1)", "ReturnConsumedCapacity": "INDEXES"}'::jsonb) AS r;
SELECT r->'ConsumedCapacity' FROM dynamo.execute_statement('{"Statement": "UPDATE Plain SET n = 9 WHERE id = 88", "ReturnConsumedCapacity": "TOTAL"}'::jsonb) AS r;
SELECT dynamo.batch_execute_statement('{"ReturnConsumedCapacity": "TOTAL", "Statements": [{"Statement": "DELETE FROM Plain WHERE id = 88"}, {"Statement": "INSERT INTO Plain VALUE {''id'': 1}"}, {"Statement": "DELETE"}]}');
SELECT dynamo.batch_execute_statement('{"ReturnConsumedCapacity": "TOTAL", "Statements": [{"Statement": "SELECT * FROM Plain WHERE id = 1", "ConsistentRead": true}, {"Statement": "SELECT * FROM Plain WHERE id = 3"}]}');
DELETE FROM dynamo.request_tokens WHERE token LIKE 'partiql-%';
DROP VIEW pg_temp.items;
SELECT dynamo.delete_table('{"TableName": "Plain"}') IS NOT NULL, dynamo.delete_table('{"TableName": "Music"}') IS NOT NULL;
