\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION pg_temp.arn(name text) RETURNS text LANGUAGE sql AS $$
	SELECT 'arn:aws:dynamodb:us-east-1:000000000000:table/' || name
$$;
-- What a function raises, or what it returns
CREATE FUNCTION pg_temp.try(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
BEGIN
	EXECUTE format('SELECT dynamo.%I($1)', operation) USING request INTO response;
	RETURN response;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || replace(SQLERRM, 'user/' || current_user || ' ', 'user/<me> ');
END $$;
CREATE FUNCTION pg_temp.tag(name text, tags jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('tag_resource', jsonb_build_object('ResourceArn', pg_temp.arn(name), 'Tags', tags))
$$;
CREATE FUNCTION pg_temp.untag(name text, keys jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('untag_resource', jsonb_build_object('ResourceArn', pg_temp.arn(name), 'TagKeys', keys))
$$;
CREATE FUNCTION pg_temp.tags(name text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('list_tags_of_resource', jsonb_build_object('ResourceArn', pg_temp.arn(name)))
$$;
CREATE FUNCTION pg_temp.make(name text, tags jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(pg_temp.try('create_table', jsonb_build_object('TableName', name, 'Tags', tags,
		'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::jsonb,
		'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::jsonb,
		'BillingMode', 'PAY_PER_REQUEST')), '^\{.*', 'created')
$$;
CREATE FUNCTION pg_temp.many(first int, last int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('Key', 'key' || n, 'Value', n::text) ORDER BY n)
	FROM generate_series(first, last) AS n
$$;

-- tags of a new table are there at once; a table without any has none
SELECT pg_temp.make('tag_a', '[{"Key": "Owner", "Value": "me"}, {"Key": "Empty", "Value": ""}]');
SELECT pg_temp.make('tag_b', NULL);
SELECT pg_temp.make('tag_c', '[]');
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.tags('tag_b');
SELECT pg_temp.tags('tag_c');

-- adding, overwriting, removing; a key that is not there is no fault
SELECT pg_temp.tag('tag_a', '[{"Key": "Stage", "Value": "test"}, {"Key": "Owner", "Value": "you"}]');
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.untag('tag_a', '["Owner", "missing", "Empty", "Owner"]');
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.tag('tag_a', '[{"Key": "Owner", "Value": "they"}]');
SELECT pg_temp.tags('tag_a');
-- case matters
SELECT pg_temp.tag('tag_a', '[{"Key": "owner", "Value": "other"}]');
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.tags('tag_b');

-- invoke: an empty body for two of them, all of it JSON for the third
SELECT '[' || dynamo.invoke('TagResource', format('{"ResourceArn": "%s", "Tags": [{"Key": "k", "Value": "v"}]}', pg_temp.arn('tag_b'))) || ']' AS tag,
	dynamo.invoke('ListTagsOfResource', format('{"ResourceArn": "%s"}', pg_temp.arn('tag_b'))) AS list,
	'[' || dynamo.invoke('UntagResource', format('{"ResourceArn": "%s", "TagKeys": ["k"]}', pg_temp.arn('tag_b'))) || ']' AS untag;

-- characters: letters of any script, digits, spaces, +-=._:/@
SELECT pg_temp.tag('tag_b', jsonb_build_array(jsonb_build_object('Key', k, 'Value', v)))
FROM (VALUES (1, 'Az09 +-=._:/@', 'Az09 +-=._:/@'), (2, 'żółć Ω 鍵', 'значение'), (3, 'x', ''),
	(4, 'a*b', 'v'), (5, 'a', 'b!'), (6, 'a', E'b\tc'), (7, E'a\nb', 'c'), (8, 'a', U&'b\0085'), (9, U&'\+10FFFF0', 'v'), (10, 'a', '"')) AS t(n, k, v) ORDER BY n;
SELECT pg_temp.tags('tag_b');
SELECT pg_temp.untag('tag_b', '["x", "żółć Ω 鍵", "Az09 +-=._:/@", "a*b"]');
SELECT pg_temp.tags('tag_b');

-- lengths are characters
SELECT pg_temp.tag('tag_b', jsonb_build_array(jsonb_build_object('Key', repeat('ż', 128), 'Value', repeat('鍵', 256))));
SELECT length(pg_temp.tags('tag_b')) - length('{"Tags": [{"Key": "", "Value": ""}]}') AS characters;
SELECT left(pg_temp.tag('tag_b', jsonb_build_array(jsonb_build_object('Key', repeat('k', 129), 'Value', 'v'))), 60);
SELECT left(pg_temp.tag('tag_b', jsonb_build_array(jsonb_build_object('Key', 'k', 'Value', repeat('v', 257)))), 60);
SELECT pg_temp.tag('tag_b', '[{"Key": "", "Value": "v"}]');
SELECT pg_temp.tag('tag_b', '[{"Key": "k"}, {"Value": "v"}]');
SELECT pg_temp.tag('tag_b', '[null]');
SELECT pg_temp.untag('tag_b', '["", null]');
SELECT pg_temp.tag('tag_b', '[{"Key": 1, "Value": "v"}]');

-- reserved keys, the same key twice; nothing is changed by what is refused
SELECT pg_temp.tag('tag_b', '[{"Key": "good", "Value": "v"}, {"Key": "aws:x", "Value": "v"}]');
SELECT pg_temp.tag('tag_b', '[{"Key": "AWS:x", "Value": "v"}]');
SELECT pg_temp.tag('tag_b', '[{"Key": "aws", "Value": "aws:x"}]');
SELECT pg_temp.tag('tag_b', '[{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]');
SELECT pg_temp.untag('tag_b', jsonb_build_array(repeat('ż', 128)));
SELECT pg_temp.tags('tag_b');

-- 50 tags in all
SELECT pg_temp.tag('tag_c', pg_temp.many(1, 51));
SELECT pg_temp.tag('tag_c', pg_temp.many(1, 49));
SELECT pg_temp.tag('tag_c', pg_temp.many(49, 51));
SELECT pg_temp.tag('tag_c', pg_temp.many(1, 50));
SELECT pg_temp.tag('tag_c', '[{"Key": "one", "Value": "more"}]');
SELECT pg_temp.tag('tag_c', '[{"Key": "key7", "Value": "again"}]');
SELECT jsonb_array_length(pg_temp.tags('tag_c')::jsonb -> 'Tags') AS tags, pg_temp.tags('tag_c')::jsonb ? 'NextToken' AS more,
	pg_temp.tags('tag_c')::jsonb -> 'Tags' @> '[{"Key": "key7", "Value": "again"}]' AS seven;
SELECT pg_temp.make('tag_d', pg_temp.many(1, 51));
SELECT pg_temp.make('tag_d', '[{"Key": "aws:x", "Value": "v"}]');
SELECT dynamo.describe_table('{"TableName": "tag_d"}');
SELECT pg_temp.make('tag_d', pg_temp.many(1, 50));
SELECT count(*) FROM dynamo.tags WHERE table_name = 'tag_d';
-- tags of a table that exists already are not touched by another CreateTable
SELECT pg_temp.make('tag_a', '[{"Key": "new", "Value": "v"}]');
SELECT pg_temp.tags('tag_a');

-- the ARN, before everything else
\pset format unaligned
SELECT n, pg_temp.try('tag_resource', r) AS tag, pg_temp.try('untag_resource', r) AS untag, pg_temp.try('list_tags_of_resource', r) AS list
FROM (VALUES (1, '{}'::jsonb), (2, '{"Tags": [], "TagKeys": []}'), (3, '{"ResourceArn": ""}'), (4, '{"ResourceArn": "abc"}'),
	(5, '{"ResourceArn": "a:b:c:d:e:f"}'), (6, '{"ResourceArn": "a:b:c:d:e:/g"}'), (7, '{"ResourceArn": "a:b:c:d:e:f/g"}')) AS t(n, r) ORDER BY n;
SELECT n, pg_temp.try('tag_resource', r || '{"Tags": []}') AS tag, pg_temp.try('untag_resource', r || '{"TagKeys": []}') AS untag, pg_temp.try('list_tags_of_resource', r) AS list
FROM (SELECT n, jsonb_build_object('ResourceArn', a) FROM (VALUES
	(1, 'a:b:c:d:e:f/g'), (2, pg_temp.arn('ab')), (3, pg_temp.arn('a b c')), (4, pg_temp.arn(repeat('x', 256))),
	(5, pg_temp.arn('tag_a/index/i')), (6, pg_temp.arn('tag_a/stream/2026-01-01T00:00:00.000')),
	(7, 'arn:aws:s3:us-east-1:000000000000:table/tag_a'), (8, 'arn:aws:dynamodb:us-east-1:zero:table/tag_a'),
	(9, 'arn:aws:dynamodb:us-east-1:000000000000:backup/tag_a'), (10, pg_temp.arn('tag_a'))) AS v(n, a)) AS t(n, r) ORDER BY n;
-- one of any length is refused with a message that is not
SELECT length(pg_temp.try('list_tags_of_resource', jsonb_build_object('ResourceArn', pg_temp.arn(repeat('ż', 100000))))) BETWEEN 600 AND 1400 AS cut,
	length(pg_temp.try('list_tags_of_resource', jsonb_build_object('ResourceArn', repeat('x', 100000)))) BETWEEN 1283 AND 1500 AS cut;
-- then the table: missing, of another region, of another account
SELECT n, pg_temp.try('tag_resource', r || '{"Tags": [{"Key": "k", "Value": "v"}]}') AS tag, pg_temp.try('untag_resource', r || '{"TagKeys": ["k"]}') AS untag, pg_temp.try('list_tags_of_resource', r) AS list
FROM (SELECT n, jsonb_build_object('ResourceArn', a) FROM (VALUES
	(1, pg_temp.arn('tag_missing')), (2, 'arn:aws:dynamodb:eu-west-1:000000000000:table/tag_a'),
	(3, 'arn:aws:dynamodb:us-east-1:111111111111:table/tag_a')) AS v(n, a)) AS t(n, r) ORDER BY n;
SET dynamo.region = 'eu-west-1';
SELECT pg_temp.try('list_tags_of_resource', '{"ResourceArn": "arn:aws:dynamodb:eu-west-1:000000000000:table/tag_a"}');
RESET dynamo.region;
\pset format aligned
SELECT pg_temp.try('list_tags_of_resource', jsonb_build_object('ResourceArn', pg_temp.arn('tag_a'), 'NextToken', 'x'));

-- privileges: who owns the item table may tag it; tags are as public as tables
CREATE ROLE regress_tagger;
SET ROLE regress_tagger;
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.tag('tag_a', '[{"Key": "k", "Value": "v"}]');
SELECT pg_temp.untag('tag_a', '["Stage"]');
DELETE FROM dynamo.tags;
SELECT count(*) FROM dynamo.tags WHERE table_name = 'tag_a';
RESET ROLE;
SELECT dynamo.invoke_as('regress_tagger', 'TagResource', format('{"ResourceArn": "%s", "Tags": [{"Key": "k", "Value": "v"}]}', pg_temp.arn('tag_a')));
ALTER TABLE dynamo_data.tag_a OWNER TO regress_tagger;
SELECT '[' || dynamo.invoke_as('regress_tagger', 'TagResource', format('{"ResourceArn": "%s", "Tags": [{"Key": "k", "Value": "v"}]}', pg_temp.arn('tag_a'))) || ']' AS tag;
SELECT pg_temp.tags('tag_a');
-- one whose item table has gone elsewhere is missed, whoever asks
ALTER TABLE dynamo_data.tag_b RENAME TO tag_b_elsewhere;
SET ROLE regress_tagger;
SELECT pg_temp.tag('tag_b', '[{"Key": "k", "Value": "v"}]');
SELECT pg_temp.tags('tag_b');
SELECT pg_temp.try('update_table', '{"TableName": "tag_b", "DeletionProtectionEnabled": true}');
SELECT pg_temp.try('delete_table', '{"TableName": "tag_b"}');
RESET ROLE;
ALTER TABLE dynamo_data.tag_b_elsewhere RENAME TO tag_b;
BEGIN READ ONLY;
SELECT pg_temp.tag('tag_a', '[{"Key": "k", "Value": "v"}]');
SELECT pg_temp.tags('tag_a');
COMMIT;

-- tags come and go with the transaction
BEGIN;
SELECT pg_temp.untag('tag_a', '["Stage", "owner", "k"]');
SELECT pg_temp.tags('tag_a');
ROLLBACK;
SELECT pg_temp.tags('tag_a');

-- and with the table: DeleteTable, DROP TABLE, the same name again
SELECT dynamo.delete_table('{"TableName": "tag_a"}') IS NOT NULL AS deleted;
DROP TABLE dynamo_data.tag_c;
SELECT DISTINCT table_name FROM dynamo.tags WHERE table_name LIKE 'tag\__' ORDER BY 1;
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.make('tag_a', '[{"Key": "Again", "Value": "1"}]');
SELECT pg_temp.make('tag_c', NULL);
SELECT pg_temp.tags('tag_a');
SELECT pg_temp.tags('tag_c');

-- DescribeLimits, DescribeEndpoints
SELECT dynamo.describe_limits();
SELECT dynamo.describe_endpoints();
SET dynamo.region = 'eu-west-1';
SELECT dynamo.invoke('DescribeEndpoints', '{}');
RESET dynamo.region;

SELECT count(dynamo.delete_table(jsonb_build_object('TableName', table_name)))
FROM (SELECT table_name FROM dynamo.tables WHERE table_name LIKE 'tag\__') AS t;
SELECT count(*) FROM dynamo.tags;
DROP ROLE regress_tagger;
