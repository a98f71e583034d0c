\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Music",
	"AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL,
	dynamo.create_table('{"TableName": "Plain", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL;
CREATE FUNCTION pg_temp.batch(VARIADIC statements text[]) RETURNS SETOF jsonb LANGUAGE sql AS $$
	SELECT jsonb_array_elements(dynamo.batch_execute_statement(jsonb_build_object('Statements', (SELECT jsonb_agg(jsonb_build_object('Statement', s)) FROM unnest(statements) AS s)))->'Responses')
$$;

-- writes: each on its own
SELECT pg_temp.batch('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s1'', ''n'': 1}', 'INSERT INTO Plain VALUE {''id'': 1}', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s2'', ''n'': 2}');
SELECT pg_temp.batch('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s3''}', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s1''}',
	'UPDATE Music SET n = n + 10 WHERE Artist = ''A'' AND Song = ''s2'' RETURNING MODIFIED NEW *', 'UPDATE Plain SET x = 1 WHERE id = 99', 'DELETE FROM Plain WHERE id = 1 RETURNING ALL OLD *', 'DELETE FROM Plain WHERE id = 2',
	'INSERT INTO Other VALUE {''id'': 1}', 'INSERT INTO Plain VALUE {''id'': ''x''}', 'UPDATE Music SET n = 1 WHERE Artist = ''A''', 'DELETE FROM Plain', 'UPDATE Plain SET', 'EXISTS(SELECT * FROM Plain WHERE id = 1)');
SELECT item FROM dynamo_data."Music" ORDER BY item->'Song'->>'S';
SELECT item FROM dynamo_data."Plain";
-- what fails in the middle of a write is undone
SELECT pg_temp.batch('UPDATE Music SET n = n + 1, v = nope WHERE Artist = ''A'' AND Song = ''s1''', 'UPDATE Music SET n = n + 1 WHERE Artist = ''A'' AND Song = ''s2'' RETURNING MODIFIED NEW *');
SELECT item FROM dynamo_data."Music" ORDER BY item->'Song'->>'S';
-- the item of a condition that fails, and parameters
SELECT dynamo.batch_execute_statement('{"Statements": [
	{"Statement": "UPDATE Music SET n = 0 WHERE Artist = ? AND Song = ? AND n = ?", "Parameters": [{"S": "A"}, {"S": "s1"}, {"N": "99"}], "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
	{"Statement": "DELETE FROM Music WHERE Artist = ? AND Song = ? AND n = ?", "Parameters": [{"S": "A"}, {"S": "s2"}, {"N": "99"}]},
	{"Statement": "DELETE FROM Music WHERE Artist = ? AND Song = ?", "Parameters": [{"S": "A"}]}]}');

-- reads: by the key, and nothing else
SELECT pg_temp.batch('SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''s1''', 'SELECT n FROM Music WHERE Song = ''s2'' AND ''A'' = Artist', 'SELECT nope FROM Music WHERE Artist = ''A'' AND Song = ''s3''', 'SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''none''',
	'SELECT * FROM Music WHERE Artist = ''A''', 'SELECT * FROM Music', 'SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''s1'' AND n = 1', 'SELECT * FROM Music WHERE Artist = ''A'' AND Song IN (''s1'')', 'SELECT * FROM Other WHERE id = 1',
	'SELECT * FROM Plain WHERE id = ''x''', 'SELECT a.b, b FROM Plain WHERE id = 1', 'SELECT id.x FROM Plain WHERE id = 1', 'SELEC');

-- the batch as a whole
SELECT pg_temp.batch('SELECT * FROM Plain WHERE id = 1', 'DELETE FROM Plain WHERE id = 2');
SELECT pg_temp.batch('SELECT * FROM Plain WHERE id = 1', 'SELECT * FROM Plain WHERE id = 1.0');
SELECT pg_temp.batch('INSERT INTO Plain VALUE {''id'': 7}', 'DELETE FROM Plain WHERE id = 7');
SELECT dynamo.batch_execute_statement('{"Statements": []}');
SELECT dynamo.batch_execute_statement('{}');
SELECT dynamo.batch_execute_statement(jsonb_build_object('Statements', jsonb_agg(jsonb_build_object('Statement', 'SELECT * FROM Plain WHERE id = ' || n)))) IS NULL FROM generate_series(1, 26) AS n;
SELECT jsonb_array_length(dynamo.batch_execute_statement(jsonb_build_object('Statements', jsonb_agg(jsonb_build_object('Statement', 'SELECT * FROM Plain WHERE id = ' || n))))->'Responses') FROM generate_series(1, 25) AS n;
SELECT count(*) FROM dynamo_data."Plain";
-- a constraint of the user's own
ALTER TABLE dynamo_data."Plain" ADD CHECK (item->'bad' IS NULL);
SELECT pg_temp.batch('INSERT INTO Plain VALUE {''id'': 10}', 'INSERT INTO Plain VALUE {''id'': 11, ''bad'': 1}');
SELECT item FROM dynamo_data."Plain";
-- privileges
CREATE ROLE partiql_reader;
GRANT USAGE ON SCHEMA dynamo_data TO partiql_reader;
GRANT SELECT ON dynamo_data."Music" TO partiql_reader;
SET ROLE partiql_reader;
SELECT pg_temp.batch('SELECT n FROM Music WHERE Artist = ''A'' AND Song = ''s1''', 'SELECT id FROM Plain WHERE id = 1');
RESET ROLE;
DROP OWNED BY partiql_reader;
DROP ROLE partiql_reader;
SELECT dynamo.delete_table('{"TableName": "Plain"}') IS NOT NULL, dynamo.delete_table('{"TableName": "Music"}') IS NOT NULL;
