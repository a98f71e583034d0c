\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Music",
	"AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"}, {"AttributeName": "Genre", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "ByGenre", "KeySchema": [{"AttributeName": "Genre", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
CREATE FUNCTION pg_temp.outcome(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.execute_statement(request)::text;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ': ' || sqlerrm;
END $$;
CREATE FUNCTION pg_temp.outcome(statement text, parameters jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.outcome(jsonb_strip_nulls(jsonb_build_object('Statement', statement, 'Parameters', parameters)))
$$;

-- the request
SELECT r, pg_temp.outcome(r::jsonb) FROM unnest(ARRAY['{}', '{"Statement": ""}', '{"Statement": 5}', '{"Statement": "SELECT * FROM Music", "Parameters": []}',
	'{"Statement": "SELECT * FROM Music", "Limit": 0}', '{"Statement": "SELECT * FROM Music", "NextToken": ""}']) AS r;
SELECT pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music' || repeat(' ', 8173))), left(pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music' || repeat(' ', 8174))), 80);

-- what is not well formed
SELECT s, pg_temp.outcome(s) FROM unnest(ARRAY['SELECT', 'SELEC * FROM Music', 'SELECT * FROM', 'SELECT FROM Music', 'SELECT *, a FROM Music', 'SELECT * FROM Music WHERE', 'SELECT * FROM Music WHERE a =',
	'SELECT * FROM Music WHERE a = 1 AND', 'SELECT * FROM Music WHERE a == 1', 'SELECT * FROM Music WHERE a IS 5', 'SELECT * FROM Music WHERE (a = 1', 'SELECT * FROM Music WHERE a = ''x',
	'SELECT * FROM Music WHERE a = `x`', 'SELECT * FROM Music; SELECT * FROM Music', 'SELECT * FROM Music /* open', 'SELECT * FROM ''Music''', 'SELECT * FROM Music, Other', 'SELECT * FROM Music.a.b',
	'SELECT * FROM Music GROUP BY a', 'SELECT * FROM Music LIMIT 2', 'SELECT DISTINCT a FROM Music', 'SELECT COUNT(*) FROM Music', 'SELECT 1 FROM Music', 'SELECT a[-1] FROM Music', 'SELECT a[?] FROM Music',
	'SELECT user FROM Music', 'SELECT "" FROM Music', 'SELECT a b c FROM Music', E'SELECT *\nFROM Music\n  WHERE é', 'SELECT * FROM Music WHERE a IN', 'SELECT * FROM Music WHERE a IN b', 'SELECT * FROM Music ORDER Artist',
	'INSERT INTO Music', 'INSERT INTO Music VALUES (1)', 'INSERT INTO Music VALUE {Artist: ''A''}', 'INSERT INTO Music VALUE {"Artist": ''A''}', 'INSERT INTO Music VALUE {''a'': b}', 'INSERT INTO Music VALUE {''a'': MISSING}',
	'INSERT INTO Music VALUE {''a'': 1 + 1}', 'INSERT INTO Music VALUE {''a'': 1} ON CONFLICT DO NOTHING', 'UPDATE Music', 'UPDATE Music WHERE Artist = ''A''', 'UPDATE Music SET WHERE Artist = ''A''',
	'UPDATE Music SET a WHERE Artist = ''A''', 'UPDATE Music REMOVE a, b WHERE Artist = ''A''', 'UPDATE Music SET a = 1 RETURNING ALL', 'UPDATE Music SET a = 1 RETURNING ALL NEW a', 'UPDATE Music SET a = 1 RETURNING ALL OLD *, ALL NEW *',
	'DELETE Music', 'DELETE FROM Music WHERE EXISTS(SELECT * FROM Music)', 'CREATE TABLE Other', 'DROP TABLE Music', '-- nothing', ';']) AS s;
-- what is well formed and means nothing here
SELECT s, pg_temp.outcome(s) FROM unnest(ARRAY['SELECT a AS b FROM Music', 'SELECT m.a FROM Music m', 'SELECT * FROM Music AS m', 'SELECT a, a FROM Music', 'SELECT a.b, b FROM Music', 'SELECT a, a.b FROM Music', 'SELECT a[1.5] FROM Music',
	'SELECT a[2147483647] FROM Music', 'SELECT a[2147483648] FROM Music', 'SELECT * FROM "Mu"', 'SELECT * FROM "a b c"', 'SELECT * FROM Music WHERE a', 'SELECT * FROM Music WHERE true', 'SELECT * FROM Music WHERE size(a)',
	'SELECT * FROM Music WHERE a = 1 OR b', 'SELECT * FROM Music WHERE NOT 5', 'SELECT * FROM Music WHERE (a = 1) = true', 'SELECT * FROM Music WHERE a + 1 = 2', 'SELECT * FROM Music WHERE a * 2 = 2', 'SELECT * FROM Music WHERE a LIKE ''x''',
	'SELECT * FROM Music WHERE foo(a)', 'SELECT * FROM Music WHERE if_not_exists(a, 1) = 1', 'SELECT * FROM Music WHERE begins_with(a)', 'SELECT * FROM Music WHERE begins_with(a, 5)', 'SELECT * FROM Music WHERE size(size(a)) = 1',
	'SELECT * FROM Music WHERE attribute_type(a, ''Q'')', 'SELECT * FROM Music WHERE attribute_type(a, b)', 'SELECT * FROM Music WHERE 5 IS MISSING', 'SELECT * FROM Music WHERE a = MISSING', 'SELECT * FROM Music WHERE a > true',
	'SELECT * FROM Music WHERE a > [1]', 'SELECT * FROM Music WHERE a BETWEEN 3 AND 1', 'SELECT * FROM Music WHERE a BETWEEN 1 AND ''x''', 'SELECT * FROM Music WHERE a IN []', 'SELECT * FROM Music WHERE a IN 5', 'SELECT * FROM Music WHERE a = a',
	'SELECT * FROM Music WHERE a = <<1, ''a''>>', 'SELECT * FROM Music WHERE a = <<>>', 'SELECT * FROM Music WHERE a = <<1, 1.0>>', 'SELECT * FROM Music WHERE a = <<true>>', 'SELECT * FROM Music WHERE a = <<[1]>>',
	'SELECT * FROM Music WHERE a = {''x'': 1, ''x'': 2}', 'SELECT * FROM Music WHERE a = 1e200', 'SELECT * FROM Music WHERE a = 1e-200', 'SELECT * FROM Music WHERE a = 123456789012345678901234567890123456789',
	'INSERT INTO Music VALUE 5', 'INSERT INTO Music VALUE [1]', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''x'', '''': 1}', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''x''} RETURNING ALL OLD *',
	'UPDATE Music SET a = size(b) WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = (b = 1) WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = b * 2 WHERE Artist = ''A'' AND Song = ''x''',
	'UPDATE Music SET a = b || ''x'' WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = foo(b) WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = MISSING WHERE Artist = ''A'' AND Song = ''x''',
	'UPDATE Music SET a = set_add(b, <<1>>) WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = set_delete(a, 1) WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = list_append(b, 1) WHERE Artist = ''A'' AND Song = ''x''',
	'UPDATE Music SET a = 1 + ''x'' WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = 1, a = 2 WHERE Artist = ''A'' AND Song = ''x''', 'UPDATE Music SET a = 1 REMOVE a.b WHERE Artist = ''A'' AND Song = ''x''',
	'DELETE FROM Music WHERE Artist = ''A'' AND Song = ''x'' RETURNING ALL NEW *', 'DELETE FROM Music WHERE Artist = ''A'' AND Song = ''x'' RETURNING MODIFIED OLD *', 'EXISTS(SELECT * FROM Music WHERE Artist = ''A'')']) AS s;

-- against the table
SELECT s, pg_temp.outcome(s) FROM unnest(ARRAY['SELECT * FROM Other', 'SELECT * FROM Music.Other', 'INSERT INTO Other VALUE {''a'': 1}', 'UPDATE Other SET a = 1', 'DELETE FROM Other',
	'SELECT * FROM Music WHERE Artist = 5', 'SELECT * FROM Music WHERE Artist IN (''A'', 5)', 'SELECT * FROM Music WHERE Artist = ''A'' AND Song > 5', 'SELECT * FROM Music WHERE Artist = ''A'' AND Song BETWEEN ''A'' AND 5',
	'SELECT * FROM Music WHERE Artist = ''''', 'SELECT * FROM Music.ByGenre WHERE Genre = ''''', 'SELECT * FROM Music WHERE Artist.x = 1', 'SELECT Artist.x FROM Music', 'SELECT * FROM Music WHERE Genre[0] = 1', 'SELECT a FROM Music.ByGenre',
	'SELECT * FROM Music ORDER BY Song', 'SELECT * FROM Music WHERE Song = ''s'' ORDER BY Song', 'SELECT * FROM Music WHERE Artist = ''A'' ORDER BY a', 'SELECT * FROM Music WHERE Artist = ''A'' ORDER BY Song.x',
	'SELECT * FROM Music WHERE Artist = ''A'' OR a = 1 ORDER BY Song', 'SELECT * FROM Music.ByGenre WHERE Genre = ''A'' ORDER BY Song',
	'INSERT INTO Music VALUE {''Artist'': ''A''}', 'INSERT INTO Music VALUE {}', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': 5}', 'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''''}',
	'INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''s'', ''Genre'': ''''}', 'INSERT INTO Music.ByGenre VALUE {''Artist'': ''A'', ''Song'': ''s''}',
	'UPDATE Music SET a = 1', 'UPDATE Music SET a = 1 WHERE Artist = ''A''', 'UPDATE Music SET a = 1 WHERE Artist = ''A'' AND Song IN (''s'')', 'UPDATE Music SET a = 1 WHERE Artist = ''A'' AND (Song = ''s'' OR Song = ''t'')',
	'UPDATE Music SET a = 1 WHERE Artist = ''A'' AND Song = ''s'' AND Song = ''t''', 'UPDATE Music SET a = 1 WHERE Artist = ''A'' AND Song = 5', 'UPDATE Music SET a = 1 WHERE Artist = ''A'' AND Song = ''''',
	'UPDATE Music SET Song = ''t'' WHERE Artist = ''A'' AND Song = ''s''', 'UPDATE Music REMOVE Artist.x WHERE Artist = ''A'' AND Song = ''s''', 'UPDATE Music SET Genre = 5 WHERE Artist = ''A'' AND Song = ''s''',
	'UPDATE Music.ByGenre SET a = 1 WHERE Artist = ''A'' AND Song = ''s''', 'DELETE FROM Music', 'DELETE FROM Music WHERE Artist = ''A''', 'DELETE FROM Music WHERE NOT (Artist = ''A'' AND Song = ''s'')',
	'DELETE FROM Music.ByGenre WHERE Artist = ''A'' AND Song = ''s''']) AS s;
SELECT pg_temp.outcome('{"Statement": "SELECT * FROM Music.ByGenre", "ConsistentRead": true}'::jsonb);

-- parameters
SELECT pg_temp.outcome('SELECT * FROM Music WHERE a = ?'), pg_temp.outcome('SELECT * FROM Music WHERE a = ?', '[{"N": "1"}, {"N": "1"}]'), pg_temp.outcome('SELECT * FROM Music', '[{"N": "1"}]');
SELECT p, pg_temp.outcome('SELECT * FROM Music WHERE a = ?', p::jsonb) FROM unnest(ARRAY['[{"N": "x"}]', '[{}]', '[{"S": "a", "N": "1"}]', '[{"SS": []}]', '[{"SS": ["a", "a"]}]', '[{"Q": 1}]', '[5]', '[{"N": "1"}]']) AS p;
SELECT pg_temp.outcome('SELECT * FROM Music WHERE a IN ?', '[{"L": [{"N": "1"}]}]'), pg_temp.outcome('INSERT INTO Music VALUE ?', '[{"M": {"Artist": {"S": "A"}, "Song": {"S": "s"}}}]'), pg_temp.outcome('SELECT * FROM ?', '[{"S": "Music"}]');
SELECT pg_temp.outcome('SELECT * FROM Music WHERE a = -?', '[{"N": "1"}]'), pg_temp.outcome('SELECT * FROM Music WHERE a = <<?>>', '[{"L": []}]'), pg_temp.outcome('SELECT * FROM Music WHERE a = <<?, ''x''>>', '[{"S": "x"}]');

-- too much
SELECT pg_temp.outcome('SELECT * FROM Music WHERE ' || repeat('(', 3000) || 'a = 1' || repeat(')', 3000)) AS parentheses,
	pg_temp.outcome('SELECT * FROM Music WHERE ' || repeat('NOT ', 299) || 'a = 1') AS not_too_many, pg_temp.outcome('SELECT * FROM Music WHERE ' || repeat('NOT ', 300) || 'a = 1') AS operators,
	pg_temp.outcome('SELECT * FROM Music WHERE ' || repeat('NOT ', 2000) || 'a = 1') AS more, pg_temp.outcome('SELECT * FROM Music WHERE a = 1' || repeat(' OR a = 1', 600)) AS ors,
	pg_temp.outcome('UPDATE Music SET a = 1' || repeat(' + 1', 600) || ' WHERE Artist = ''A'' AND Song = ''s''') AS sums, pg_temp.outcome('UPDATE Music SET a = ' || repeat('list_append(', 400) || 'a' || repeat(', b)', 400)) AS calls;
SELECT pg_temp.outcome('INSERT INTO Music VALUE {''a'': ' || repeat('[', 32) || repeat(']', 32) || '}') AS levels, pg_temp.outcome('INSERT INTO Music VALUE {''a'': ' || repeat('[', 33) || repeat(']', 33) || '}') AS too_many_levels,
	pg_temp.outcome('INSERT INTO Music VALUE {''a'': ' || repeat('[', 4000) || repeat(']', 4000) || '}') AS many, pg_temp.outcome('INSERT INTO Music VALUE ' || repeat('{''a'':', 1300) || '1' || repeat('}', 1300)) AS maps,
	pg_temp.outcome('SELECT * FROM Music WHERE a = ' || repeat('{''a'':', 1300) || '1' || repeat('}', 1300)) AS compared, pg_temp.outcome('SELECT a' || repeat('.b', 31) || ' FROM Music') AS path, pg_temp.outcome('SELECT a' || repeat('[0]', 32) || ' FROM Music') AS long_path;
SELECT length(pg_temp.outcome('SELECT * FROM Music WHERE a IN (' || (SELECT string_agg(n::text, ',') FROM generate_series(1, 100) AS n) || ')')), pg_temp.outcome('SELECT * FROM Music WHERE a IN [' || (SELECT string_agg(n::text, ',') FROM generate_series(1, 101) AS n) || ']');
-- more alternatives than are worth looking at one by one
SELECT pg_temp.outcome('SELECT * FROM Music WHERE Artist IN (' || l || ') AND Song IN (' || l || ') AND Artist IN (' || l || ')') FROM (SELECT string_agg(quote_literal(n), ',') AS l FROM generate_series(1, 100) AS n) AS s;

-- tokens
SELECT dynamo.execute_statement('INSERT INTO Music VALUE {''Artist'': ''A'', ''Song'': ''' || s || '''}') FROM unnest('{s1,s2}'::text[]) AS s;
CREATE FUNCTION pg_temp.token(statement text) RETURNS text LANGUAGE sql AS $$ SELECT dynamo.execute_statement(statement, "limit" => 1)->>'NextToken' $$;
SELECT t, pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music WHERE Artist = ''A''', 'NextToken', t)) FROM unnest(ARRAY['x', 'abcd', '====', 'AQ==', encode('\x02000000000000000000000000', 'base64'), encode('\x01000000000000000000000000', 'base64'), repeat('A', 32768)]) WITH ORDINALITY AS x(t, n) WHERE n < 7;
SELECT pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music WHERE Artist = ''A''', 'NextToken', repeat('A', 32768)));
SELECT pg_temp.outcome(jsonb_build_object('Statement', s, 'NextToken', pg_temp.token('SELECT * FROM Music WHERE Artist = ''A'''))) FROM unnest(ARRAY['SELECT * FROM Music WHERE Artist = ''A''', 'SELECT * FROM Music WHERE Artist = ''B''', 'SELECT * FROM Music']) AS s;
SELECT left(encode(t, 'hex'), 2) AS version, i, o FROM decode(pg_temp.token('SELECT * FROM Music WHERE Artist = ''A'''), 'base64') AS t, generate_series(0, 14) AS i,
	LATERAL (SELECT pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music WHERE Artist = ''A''', 'NextToken', encode(set_byte(t, i, get_byte(t, i) # 128), 'base64')))) AS x(o) WHERE i IN (0, 1, 9, 10, 11, 12, 13);
SELECT pg_temp.outcome(jsonb_build_object('Statement', 'SELECT * FROM Music WHERE Artist = ''A''', 'NextToken', encode(substr(t, 1, n), 'base64'))) FROM decode(pg_temp.token('SELECT * FROM Music WHERE Artist = ''A'''), 'base64') AS t, generate_series(12, 14) AS n;
SELECT dynamo.delete_table('{"TableName": "Music"}') IS NOT NULL;
