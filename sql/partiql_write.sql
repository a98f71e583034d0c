\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Music",
	"AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"}, {"AttributeName": "Sold", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "BySold", "KeySchema": [{"AttributeName": "Sold", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
CREATE FUNCTION pg_temp.item(song text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT (dynamo.get_item('Music', jsonb_build_object('Artist', '{"S": "A"}'::jsonb, 'Song', jsonb_build_object('S', song)))->'Item') - '{Artist,Song}'::text[]
$$;

-- INSERT
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s1'', ''Sold'': 1.50,
	''s'': ''it''''s'', ''t'': TRUE, ''f'': false, ''n'': null, ''neg'': -5, ''plus'': +.5, ''e'': 1e3,
	''l'': [1, ''a'', [], {''x'': << 2, 1 >>}], ''m'': {''y'': {}}, ''ss'': <<''b'', ''a''>>, ''empty'': ''''}');
SELECT pg_temp.item('s1');
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s1'', ''other'': 1}');
SELECT dynamo.execute_statement('insert into "Music" value {''Artist'': ?, ''Song'': ?, ''p'': ?, ''in'': [?, {''x'': ?}], ''bs'': <<?, ?>>};',
	'[{"S": "A"}, {"S": "s2"}, {"BS": ["AQ==", "AA=="]}, {"N": "01.0"}, {"M": {"a": {"NULL": true}}}, {"B": "AQ=="}, {"B": "AA=="}]');
SELECT pg_temp.item('s2');
SELECT pg_temp.item('s1')->'other' AS not_overwritten;

-- UPDATE: clauses
SELECT u, dynamo.execute_statement('UPDATE Music ' || u || ' WHERE Artist = ''A'' AND Song = ''s1'' RETURNING MODIFIED NEW *')->'Items' AS modified FROM unnest(ARRAY[
	'SET a = 1', 'SET a = 1, b = ''x'' SET c = [1]', 'set a = a + 1', 'SET a = a - 0.5', 'SET a = 1 + 2 - (3 - 4)', 'SET a = s', 'SET m.z = 2', 'SET m.y.deep = {''k'': 1}',
	'SET l[0] = 9', 'SET l[50] = ''end''', 'SET c = list_append(c, [2, 3])', 'SET c = LIST_APPEND([0], c)', 'SET d = if_not_exists(d, 5)', 'SET d = if_not_exists(d, 6) + 1',
	'SET ss = set_add(ss, <<''c'', ''a''>>)', 'SET ss = SET_DELETE(ss, <<''a''>>)', 'SET fresh = set_add(fresh, <<1>>)', 'SET nope = set_delete(nope, <<1>>)', 'SET a = NULL',
	'REMOVE fresh', 'REMOVE b REMOVE c SET e = 2', 'REMOVE m.y REMOVE l[0]', 'REMOVE nope']) AS u;
SELECT pg_temp.item('s1');
-- RETURNING
SELECT r, dynamo.execute_statement('UPDATE Music SET n2 = if_not_exists(n2, 0) + 1, m.z = 3 WHERE Artist = ''A'' AND Song = ''s1'' RETURNING ' || r || ' *') #- '{Items,0,l}' AS answer
FROM unnest(ARRAY['MODIFIED OLD', 'MODIFIED OLD', 'MODIFIED NEW', 'ALL OLD', 'all new']) AS r;
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 0 WHERE Artist = ''A'' AND Song = ''s1''');
-- conditions, and items that are not there
SELECT dynamo.execute_statement('UPDATE Music SET n2 = ? WHERE Artist = ? AND Song = ? AND (n2 = 0 OR nope IS NOT MISSING) RETURNING MODIFIED NEW *', '[{"N": "7"}, {"S": "A"}, {"S": "s1"}]');
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 8 WHERE Artist = ''A'' AND n2 = 0 AND Song = ''s1''');
\set VERBOSITY default
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 8 WHERE Artist = ''A'' AND n2 = 0 AND Song = ''s2''', return_values_on_condition_check_failure => 'ALL_OLD');
\set VERBOSITY terse
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 8 WHERE Artist = ''A'' AND Song = ''absent''');
SELECT dynamo.execute_statement('UPDATE Music REMOVE n2 WHERE Artist = ''A'' AND Song = ''absent''');
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 8 WHERE Artist = ''A'' AND Song = ''absent'' AND n2 IS MISSING');
SELECT pg_temp.item('absent'), pg_temp.item('s1')->'n2' AS n2;
-- conditions on the key beside its equality, and the same equality twice
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 9 WHERE ''A'' = Artist AND Song = ''s1'' AND Song = ''s1'' AND Song > ''s'' RETURNING MODIFIED NEW *');
SELECT dynamo.execute_statement('UPDATE Music SET n2 = 9 WHERE Artist = ''A'' AND Song = ''s1'' AND Song > ''t''');

-- DELETE
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2'' AND p IS MISSING');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2'' RETURNING ALL OLD *');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2'' RETURNING ALL OLD *');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2''');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2'' AND p IS MISSING');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''A'' AND Song = ''s2'' AND p = 1');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ? AND Song = ?', '[{"S": "A"}, {"S": "s1"}]');
SELECT count(*) FROM dynamo_data."Music";

-- values that cannot be written
SELECT dynamo.execute_statement('INSERT INTO Music VALUE ' || i) FROM unnest(ARRAY['{''Artist'': ''A'', ''Song'': ''s'', ''Sold'': ''1''}']) AS i;
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s'', ''v'': ?}', jsonb_build_array(jsonb_build_object('S', repeat('x', 409600))));
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s3'', ''Sold'': 3}');
SELECT dynamo.execute_statement('UPDATE Music SET Sold = ''x'' WHERE Artist = ''A'' AND Song = ''s3''');
SELECT dynamo.execute_statement('UPDATE Music SET v = ? WHERE Artist = ''A'' AND Song = ''s3''', jsonb_build_array(jsonb_build_object('S', repeat('x', 409600))));
SELECT dynamo.execute_statement('UPDATE Music SET v = nope WHERE Artist = ''A'' AND Song = ''s3''');
SELECT dynamo.execute_statement('UPDATE Music SET v = Song + 1 WHERE Artist = ''A'' AND Song = ''s3''');
SELECT dynamo.execute_statement('UPDATE Music SET v.w = 1 WHERE Artist = ''A'' AND Song = ''s3''');
SELECT dynamo.execute_statement('UPDATE Music SET Sold = set_add(Sold, <<1>>) WHERE Artist = ''A'' AND Song = ''s3''');
SELECT dynamo.execute_statement('UPDATE Music SET v = (list_append([1], [2])) + 1 WHERE Artist = ''A'' AND Song = ''s3''');
SELECT pg_temp.item('s3');

-- privileges: each statement takes what it does
CREATE ROLE partiql_user;
GRANT USAGE ON SCHEMA dynamo_data TO partiql_user;
SET ROLE partiql_user;
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''R'', ''Song'': ''1''}');
RESET ROLE;
GRANT INSERT ON dynamo_data."Music" TO partiql_user;
SET ROLE partiql_user;
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''R'', ''Song'': ''1''}');
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''R'', ''Song'': ''1''}');
SELECT dynamo.execute_statement('SELECT * FROM Music');
SELECT dynamo.execute_statement('UPDATE Music SET a = 1 WHERE Artist = ''R'' AND Song = ''1''');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''R'' AND Song = ''1''');
RESET ROLE;
GRANT SELECT, UPDATE ON dynamo_data."Music" TO partiql_user;
REVOKE INSERT ON dynamo_data."Music" FROM partiql_user;
SET ROLE partiql_user;
SELECT dynamo.execute_statement('UPDATE Music SET a = 1 WHERE Artist = ''R'' AND Song = ''1'' RETURNING ALL NEW *');
SELECT dynamo.execute_statement('DELETE FROM Music WHERE Artist = ''R'' AND Song = ''1''');
RESET ROLE;
DROP OWNED BY partiql_user;
DROP ROLE partiql_user;
SELECT dynamo.delete_table('{"TableName": "Music"}') IS NOT NULL;
