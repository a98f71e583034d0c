\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Music",
	"AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}, {"AttributeName": "Song", "AttributeType": "S"},
		{"AttributeName": "Genre", "AttributeType": "S"}, {"AttributeName": "Sold", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}, {"AttributeName": "Song", "KeyType": "RANGE"}],
	"LocalSecondaryIndexes": [{"IndexName": "BySold", "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"},
		{"AttributeName": "Sold", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}],
	"GlobalSecondaryIndexes": [{"IndexName": "ByGenre", "KeySchema": [{"AttributeName": "Genre", "KeyType": "HASH"},
		{"AttributeName": "Sold", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["info"]}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT count(dynamo.put_item('Music', jsonb_build_object('Artist', jsonb_build_object('S', a), 'Song', jsonb_build_object('S', 's' || n),
	'Genre', jsonb_build_object('S', CASE WHEN n % 2 = 0 THEN 'pop' ELSE 'jazz' END), 'Sold', jsonb_build_object('N', (n * 10)::text),
	'info', jsonb_build_object('M', jsonb_build_object('x', jsonb_build_object('N', n::text), 'l', '{"L": [{"S": "l0"}, {"M": {"y": {"S": "deep"}}}]}'::jsonb)),
	'tags', '{"SS": ["a", "b"]}'::jsonb, 'none', '{"NULL": true}'::jsonb, 'flag', jsonb_build_object('BOOL', n > 2))))
FROM unnest('{A,B,C}'::text[]) AS a, generate_series(1, 4) AS n;

-- Artists and songs of the answer, in its order
CREATE FUNCTION pg_temp.songs(statement text, parameters jsonb DEFAULT NULL, "limit" int DEFAULT NULL, next_token text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg((i->'Artist'->>'S') || (i->'Song'->>'S'), ' ' ORDER BY n), 'nothing')
	FROM jsonb_array_elements(dynamo.execute_statement(statement, parameters, "limit" => "limit", next_token => next_token)->'Items') WITH ORDINALITY AS t(i, n)
$$;

-- whole items, and columns, which are named by their last parts
SELECT dynamo.execute_statement('SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''s1''');
SELECT dynamo.execute_statement('select Song, info.x, "info"."l"[0], info[''l''][1].y, nope FROM "Music" WHERE Artist=''A'' AND Song=''s1''');
SELECT dynamo.execute_statement('SELECT nope.nope FROM Music WHERE Artist = ''A'' AND Song = ''s1''');
SELECT dynamo.execute_statement('SELECT Song FROM Music WHERE Artist = ''nobody''');
SELECT dynamo.execute_statement('{"Statement": "SELECT Song FROM Music WHERE Artist = ? AND Song = ?", "Parameters": [{"S": "B"}, {"S": "s2"}]}');
SELECT dynamo.execute_statement('{"Statement": "SELECT Song FROM Music WHERE Artist = ''A'' AND Song = ''s1''"}'::jsonb);
SELECT dynamo.invoke('ExecuteStatement', '{"Statement": "SELECT Song FROM Music WHERE Artist = ''C'' AND Song = ''s4''", "ConsistentRead": true}');

-- ranges of the sort key, from either side
SELECT w, pg_temp.songs('SELECT * FROM Music WHERE ' || w) AS songs FROM unnest(ARRAY[
	'Artist = ''A''', '''A'' = Artist', '(((Artist = ''A'')))',
	'Artist = ''A'' AND Song > ''s2''', 'Artist = ''A'' AND Song >= ''s2''', 'Artist = ''A'' AND Song < ''s2''',
	'Artist = ''A'' AND Song <= ''s2''', 'Artist = ''A'' AND ''s2'' <= Song', 'Artist = ''A'' AND ''s2'' > Song',
	'Artist = ''A'' AND Song > ''s1'' AND Song < ''s4''', 'Song >= ''s2'' AND Artist = ''A'' AND Song <= ''s3'' AND Song > ''s2''',
	'Artist = ''A'' AND Song > ''s3'' AND Song < ''s2''', 'Artist = ''A'' AND Song = ''s2'' AND Song = ''s2''',
	'Artist = ''A'' AND Song = ''s2'' AND Song = ''s3''', 'Artist = ''A'' AND Artist = ''B''', 'Artist = ''A'' AND Song = ''s2'' AND Song > ''s2''',
	'Artist = ''A'' AND Song = ''s2'' AND Song >= ''s2''',
	'Artist = ''A'' AND Song BETWEEN ''s2'' AND ''s3''', 'Artist = ''A'' AND Song NOT BETWEEN ''s2'' AND ''s3''',
	'Artist = ''A'' AND begins_with(Song, ''s'')', 'Artist = ''A'' AND BEGINS_WITH("Song", ''t'')',
	'Artist = ''A'' AND Song <> ''s2''', 'Artist = ''A'' AND Song != ''s2''', 'Artist = ''A'' AND NOT Song = ''s2''']) AS w;
-- several partitions, several items
SELECT w, pg_temp.songs('SELECT * FROM Music WHERE ' || w) AS songs FROM unnest(ARRAY[
	'Artist IN [''B'', ''A''] AND Song < ''s3''', 'Artist IN (''B'', ''A'', ''B'', ''nobody'') AND Song IN (''s1'', ''s4'')',
	'Artist = ''A'' AND Song IN [''s4'', ''s1'']', 'Artist = ''C'' AND Song = ''s1'' OR Artist = ''B'' AND Song > ''s3''',
	'Artist = ''A'' AND (Song > ''s2'' OR Song <= ''s3'')', 'Artist = ''A'' AND (Song < ''s2'' OR Song > ''s3'')',
	'(Artist = ''A'' OR Artist = ''B'') AND (Song = ''s1'' OR Song = ''s2'')', 'Artist = ''A'' AND (Song > ''s1'' OR Song > ''s2'' OR Song = ''s3'')',
	'Artist = ''A'' AND (Song = ''s1'' OR flag = true)']) AS w;
-- order
SELECT o, pg_temp.songs('SELECT * FROM Music WHERE Artist IN [''B'', ''C'', ''A''] AND Song IN (''s2'', ''s1'') ' || o) AS songs FROM unnest(ARRAY[
	'', 'ORDER BY Artist', 'ORDER BY Artist DESC', 'order by "Artist" asc, Song DESC', 'ORDER BY Song', 'ORDER BY Song DESC']) AS o;
SELECT o, pg_temp.songs('SELECT * FROM Music WHERE Artist = ''B'' ' || o) AS songs FROM unnest(ARRAY['ORDER BY Song', 'ORDER BY Song DESC', 'ORDER BY Artist DESC']) AS o;

-- everything else is a filter; without a key the table is scanned
SELECT w, pg_temp.songs('SELECT * FROM Music WHERE Artist = ''A'' AND ' || w) AS songs FROM unnest(ARRAY[
	'Sold = 20', 'Sold = 2e1', 'Sold <> 20.0', 'Sold > 10 AND Sold < 40', 'Sold IN (10, 30)', 'Sold NOT IN [10, 30]', 'Sold BETWEEN 20 AND 30', 'Sold NOT BETWEEN 20 AND 30',
	'Sold = -20', 'Sold > +30', 'nope IS MISSING', 'nope IS NOT MISSING', 'none IS NULL', 'none IS NOT NULL', 'nope IS NULL', 'none = NULL', 'flag = TRUE', 'flag = false',
	'info.x = 3', 'info.l[1].y = ''deep''', 'info.l[7] IS MISSING', 'tags = <<''b'', ''a''>>', 'tags = <<''a''>>', 'contains(tags, ''b'') AND info.x = 1', 'contains(Genre, ''az'')',
	'size(tags) = 2 AND size(Genre) < 4', 'attribute_type(info, ''M'')', 'attribute_type(info, ''L'')', 'attribute_exists(info.x)', 'attribute_not_exists(info.x)',
	'begins_with(Genre, ''j'')', 'NOT (flag = true OR Sold = 10)', 'NOT flag = true AND Sold = 10', 'info = {''x'': 2, ''l'': [''l0'', {''y'': ''deep''}]}',
	'Genre = ''it''''s''', 'Genre > "Song"', '1 = 1', '1 = 2']) AS w;
SELECT (SELECT string_agg(s, ' ' ORDER BY s) FROM regexp_split_to_table(pg_temp.songs('SELECT * FROM Music WHERE Song = ''s3'''), ' ') AS s) AS by_sort_key,
	(SELECT string_agg(s, ' ' ORDER BY s) FROM regexp_split_to_table(pg_temp.songs('SELECT * FROM Music WHERE Artist > ''A'' AND Song = ''s3'''), ' ') AS s) AS not_equal,
	(SELECT string_agg(s, ' ' ORDER BY s) FROM regexp_split_to_table(pg_temp.songs('SELECT * FROM Music WHERE Artist = ''A'' AND Song = ''s3'' OR Sold = 40'), ' ') AS s) AS either,
	(SELECT count(*) FROM regexp_split_to_table(pg_temp.songs('SELECT * FROM Music'), ' ')) AS "all";
-- comments, a semicolon, white space
SELECT pg_temp.songs(E'-- a comment\nSELECT/* an * other */*\n\tFROM Music WHERE Artist = ''A'' /**/ AND Song = ''s1'' ; -- the end');

-- indexes: what they project
SELECT dynamo.execute_statement('SELECT * FROM Music.ByGenre WHERE Genre = ''pop'' AND Sold > 30 AND Artist = ''A''');
SELECT dynamo.execute_statement('SELECT * FROM "Music"."BySold" WHERE Artist = ''A'' AND Sold = 20');
SELECT dynamo.execute_statement('SELECT tags FROM "Music"."BySold" WHERE Artist = ''A'' AND Sold = 20');
SELECT pg_temp.songs('SELECT * FROM Music.BySold WHERE Artist = ''A'' ORDER BY Sold DESC');
SELECT pg_temp.songs('SELECT * FROM Music.BySold WHERE Artist = ''A'' AND flag = true');

-- keys in WHERE make no difference but to what is read: NOT NOT hides them
CREATE FUNCTION pg_temp.same(source text, w text) RETURNS boolean LANGUAGE sql AS $$
	SELECT (SELECT jsonb_agg(i ORDER BY i) FROM jsonb_array_elements(dynamo.execute_statement('SELECT * FROM ' || source || ' WHERE ' || w)->'Items') AS i)
		IS NOT DISTINCT FROM (SELECT jsonb_agg(i ORDER BY i) FROM jsonb_array_elements(dynamo.execute_statement('SELECT * FROM ' || source || ' WHERE NOT NOT (' || w || ')')->'Items') AS i)
$$;
CREATE TEMP TABLE atoms AS SELECT a, n FROM unnest(ARRAY['Artist = ''A''', '''B'' = Artist', 'Artist IN (''A'', ''C'')', 'Song = ''s2''', 'Song > ''s1''', '''s3'' >= Song', 'Song BETWEEN ''s2'' AND ''s3''',
	'begins_with(Song, ''s'')', 'Song IN [''s1'', ''s3'', ''s4'']', 'Song <> ''s3''', 'flag = true', 'Genre = ''pop''', 'Genre IN [''pop'', ''jazz'']', 'Sold < 30', 'Sold = 20']) WITH ORDINALITY AS t(a, n);
SELECT source, count(*), count(*) FILTER (WHERE NOT pg_temp.same(source, w)) AS different
FROM unnest('{Music,Music.BySold,Music.ByGenre}'::text[]) AS source, (SELECT format(f, x.a, y.a, z.a) AS w FROM atoms AS x, atoms AS y, atoms AS z,
	unnest(ARRAY['%s AND %s AND %s', '%s AND %s OR %s', '%s AND (%s OR %s)', 'NOT (%s OR %s) AND %s']) AS f WHERE (x.n + y.n + z.n) % 5 = 0) AS t GROUP BY 1 ORDER BY 1;
-- so it is with keys of several attributes
SELECT dynamo.create_table('{"TableName": "Multi",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}, {"AttributeName": "a", "AttributeType": "N"}, {"AttributeName": "b", "AttributeType": "S"},
		{"AttributeName": "c", "AttributeType": "S"}, {"AttributeName": "d", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
	"GlobalSecondaryIndexes": [{"IndexName": "multi", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "HASH"},
		{"AttributeName": "c", "KeyType": "RANGE"}, {"AttributeName": "d", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL AS created;
SELECT count(dynamo.put_item('Multi', jsonb_build_object('id', jsonb_build_object('N', (a * 27 + b * 9 + c * 3 + d)::text), 'a', jsonb_build_object('N', a::text), 'b', jsonb_build_object('S', 'b' || b),
	'c', jsonb_build_object('S', 'c' || c), 'd', jsonb_build_object('N', d::text)))) FROM generate_series(0, 2) AS a, generate_series(0, 2) AS b, generate_series(0, 2) AS c, generate_series(0, 2) AS d;
CREATE TEMP TABLE multi_atoms AS SELECT a FROM unnest(ARRAY['a = 1', 'a IN [0, 2]', 'b = ''b1''', 'c = ''c1''', 'c IN (''c0'', ''c2'')', 'c > ''c0''', 'begins_with(c, ''c'')', 'd = 2', 'd BETWEEN 0 AND 1']) AS a;
SELECT count(*), count(*) FILTER (WHERE NOT pg_temp.same('Multi.multi', w)) AS different FROM (SELECT format(f, x.a, y.a, z.a) AS w FROM multi_atoms AS x, multi_atoms AS y, multi_atoms AS z,
	unnest(ARRAY['a = 1 AND b = ''b1'' AND %s AND %s AND %s', 'b = ''b2'' AND %s AND (%s OR %s)', '%s AND %s OR %s']) AS f) AS t;
SELECT string_agg((i->'c'->>'S') || (i->'d'->>'N'), ' ') AS ordered FROM jsonb_array_elements(dynamo.execute_statement('SELECT c, d FROM Multi.multi WHERE a = 1 AND b = ''b1'' AND c >= ''c1'' ORDER BY c DESC, d DESC')->'Items') AS i;
SELECT dynamo.delete_table('{"TableName": "Multi"}') IS NOT NULL AS deleted;

-- pages: Limit counts items read
CREATE FUNCTION pg_temp.pages(statement text, parameters jsonb, "limit" int) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
	token text;
BEGIN
	LOOP
		RETURN NEXT pg_temp.songs(statement, parameters, "limit", token);
		response := dynamo.execute_statement(statement, parameters, "limit" => "limit", next_token => token);
		token := response->>'NextToken';
		EXIT WHEN token IS NULL;
		IF response->'LastEvaluatedKey'->'Artist' IS NULL THEN RAISE 'no position'; END IF;
	END LOOP;
END $$;
SELECT pg_temp.pages('SELECT * FROM Music WHERE Artist = ?', '[{"S": "A"}]', 3);
SELECT pg_temp.pages('SELECT * FROM Music WHERE Artist = ''A'' ORDER BY Song DESC', NULL, 3);
SELECT pg_temp.pages('SELECT * FROM Music WHERE Artist IN [''C'', ''A''] AND Song < ''s4''', NULL, 2);
SELECT pg_temp.pages('SELECT * FROM Music WHERE Artist IN [''A'', ''C''] AND flag = true ORDER BY Artist DESC', NULL, 3);
SELECT pg_temp.pages('SELECT * FROM Music.ByGenre WHERE Genre IN [''jazz'', ''pop''] ORDER BY Sold DESC', NULL, 5);
SELECT count(*), count(DISTINCT s) FROM pg_temp.pages('SELECT * FROM Music WHERE Sold > 0', NULL, 5) AS p, regexp_split_to_table(p, ' ') AS s WHERE s <> 'nothing';
SELECT count(*), count(DISTINCT s) FROM pg_temp.pages('SELECT * FROM Music.ByGenre', NULL, 5) AS p, regexp_split_to_table(p, ' ') AS s WHERE s <> 'nothing';
-- the one item of a key is no page
SELECT dynamo.execute_statement('SELECT Song FROM Music WHERE Artist = ''A'' AND Song = ''s1''', "limit" => 1);
-- a page ends at 1 MB
SELECT count(dynamo.put_item('Music', jsonb_build_object('Artist', '{"S": "big"}'::jsonb, 'Song', jsonb_build_object('S', 's' || n), 'b', jsonb_build_object('S', repeat('x', 300000)))))
FROM generate_series(1, 5) AS n;
SELECT jsonb_array_length(r->'Items') AS items, r->'LastEvaluatedKey' AS last_key, r ? 'NextToken' AS token FROM dynamo.execute_statement('SELECT Song FROM Music WHERE Artist = ''big''') AS r;
SELECT pg_temp.songs('SELECT * FROM Music WHERE Artist = ''big''', next_token => dynamo.execute_statement('SELECT * FROM Music WHERE Artist = ''big''')->>'NextToken');

-- U+0000 and odd characters in keys and names
SELECT dynamo.invoke('ExecuteStatement', '{"Statement": "INSERT INTO Music VALUE {''Artist'': ''n\u0000l'', ''Song'': ''\udbff\udfff'', ''a\u0000b'': ''c\u0000d'', ''q\"'': 1}"}');
SELECT dynamo.invoke('ExecuteStatement', '{"Statement": "SELECT \"a\u0000b\", \"q\"\"\" FROM Music WHERE Artist = ''n\u0000l'' AND begins_with(Song, ?) AND size(\"a\u0000b\") = 3", "Parameters": [{"S": "\udbff\udfff"}]}');

-- a table without a sort key, by its partition key
SELECT dynamo.create_table('{"TableName": "Plain", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT count(dynamo.put_item('Plain', jsonb_build_object('id', jsonb_build_object('N', n::text)))) FROM generate_series(1, 9) AS n;
SELECT w, dynamo.execute_statement('SELECT * FROM Plain WHERE ' || w, "limit" => 2) - 'NextToken' AS answer FROM unnest(ARRAY['id = 3', 'id IN [9, 1, 3, 100]', 'id IN [7, 8] ORDER BY id DESC', 'id = 3 OR id = 3.0']) AS w;
-- a read-only transaction reads
BEGIN READ ONLY;
SELECT dynamo.execute_statement('SELECT id FROM Plain WHERE id = 5');
SELECT dynamo.batch_execute_statement('{"Statements": [{"Statement": "SELECT id FROM Plain WHERE id = 5"}]}');
SELECT dynamo.execute_statement('DELETE FROM Plain WHERE id = 5');
ROLLBACK;
SELECT dynamo.delete_table('{"TableName": "Plain"}') IS NOT NULL, dynamo.delete_table('{"TableName": "Music"}') IS NOT NULL;
