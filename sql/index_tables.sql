-- Secondary indexes in CreateTable, UpdateTable, DescribeTable and DeleteTable.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- What of a description is about indexes, without what differs from run to run
CREATE FUNCTION pg_temp.indexes(description jsonb) RETURNS TABLE (kind text, index jsonb) LANGUAGE sql AS $$
	SELECT kind, index - '{IndexSizeBytes,ItemCount,Backfilling}'::text[]
			#- '{ProvisionedThroughput,LastIncreaseDateTime}' #- '{ProvisionedThroughput,LastDecreaseDateTime}'
	  FROM unnest('{LocalSecondaryIndexes,GlobalSecondaryIndexes}'::text[]) kind, jsonb_array_elements(description -> kind) index
$$;
-- Status of each index in a description
CREATE FUNCTION pg_temp.statuses(description jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg(index ->> 'IndexName', index -> 'IndexStatus') FROM pg_temp.indexes(description)
$$;
CREATE FUNCTION pg_temp.error(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.invoke(operation, request::text);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.key(VARIADIC names text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('AttributeName', ltrim(name, '>'), 'KeyType',
			CASE WHEN i = 1 AND name !~ '^>' THEN 'HASH' ELSE 'RANGE' END) ORDER BY i)
	  FROM unnest(names) WITH ORDINALITY u(name, i)
$$;
CREATE FUNCTION pg_temp.index(name text, key jsonb, extra jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('IndexName', name, 'KeySchema', key, 'Projection', '{"ProjectionType": "ALL"}'::jsonb) || extra
$$;
-- A table with keys p and s, and a, n and b defined, as far as they are wanted
CREATE FUNCTION pg_temp.tab(name text, attributes text, extra jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('TableName', name, 'BillingMode', 'PAY_PER_REQUEST', 'KeySchema', pg_temp.key('p', 's'),
			'AttributeDefinitions', (SELECT jsonb_agg(jsonb_build_object('AttributeName', a, 'AttributeType',
				CASE a WHEN 'n' THEN 'N' WHEN 'b' THEN 'B' ELSE 'S' END)) FROM regexp_split_to_table(attributes, '') a)) || extra
$$;
CREATE FUNCTION pg_temp.refused(attributes text, extra jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.error('CreateTable', pg_temp.tab('it_bad', attributes, extra))
$$;
CREATE FUNCTION pg_temp.update(updates jsonb, extra jsonb DEFAULT '{}', name text DEFAULT 'it_update') RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.error('UpdateTable', jsonb_build_object('TableName', name, 'GlobalSecondaryIndexUpdates', updates) || extra)
$$;
-- An index that a background worker builds takes a moment.
CREATE PROCEDURE wait_for_indexes(name text) LANGUAGE plpgsql AS $$
BEGIN
	WHILE dynamo.describe_table(jsonb_build_object('TableName', name)) #>> '{Table,TableStatus}' <> 'ACTIVE' LOOP
		COMMIT;
		PERFORM pg_sleep(0.02);
	END LOOP;
END $$;

-- every kind of index, on demand
SELECT kind, jsonb_pretty(index) FROM pg_temp.indexes(dynamo.create_table(pg_temp.tab('it_kinds', 'psanb', jsonb_build_object(
	'LocalSecondaryIndexes', jsonb_build_array(
		pg_temp.index('local_all', pg_temp.key('p', 'a')),
		pg_temp.index('local_include', pg_temp.key('p', 'n'), '{"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "a", "p"]}}')),
	'GlobalSecondaryIndexes', jsonb_build_array(
		pg_temp.index('global.all', pg_temp.key('a')),
		pg_temp.index('global-keys', pg_temp.key('b', 'n'), '{"Projection": {"ProjectionType": "KEYS_ONLY"}}'),
		pg_temp.index('global_several', pg_temp.key('s', 'n', 'b'), '{"Projection": {"ProjectionType": "KEYS_ONLY"}}')))))
	-> 'TableDescription');
SELECT d ->> 'TableStatus' AS status, d -> 'AttributeDefinitions' AS definitions, pg_temp.statuses(d)
  FROM (SELECT dynamo.describe_table('{"TableName": "it_kinds"}') -> 'Table' AS d) t;
-- local indexes have no status and no throughput; sizes are there
SELECT index ->> 'IndexName' AS name, index ? 'IndexStatus' AS status, index ? 'ProvisionedThroughput' AS throughput,
       (index ->> 'IndexSizeBytes')::int % 8192 AS size, index ->> 'ItemCount' AS items, index ? 'Backfilling' AS backfilling
  FROM jsonb_array_elements((dynamo.describe_table('{"TableName": "it_kinds"}') #> '{Table,LocalSecondaryIndexes}')
       || (dynamo.describe_table('{"TableName": "it_kinds"}') #> '{Table,GlobalSecondaryIndexes}')) index;
-- counts follow the statistics
SELECT count(dynamo.put_item('it_kinds', jsonb_build_object('p', '{"S": "x"}'::jsonb, 's', jsonb_build_object('S', i::text)) ||
	CASE WHEN i % 2 = 0 THEN '{"a": {"S": "even"}}'::jsonb ELSE '{}' END)) FROM generate_series(1, 40) i;
VACUUM ANALYZE dynamo_data.it_kinds;
SELECT index ->> 'IndexName' AS name, index ->> 'ItemCount' AS items, (index ->> 'IndexSizeBytes')::int > 0 AS has_size
  FROM jsonb_array_elements(dynamo.describe_table('{"TableName": "it_kinds"}') #> '{Table,GlobalSecondaryIndexes}') index
 WHERE index ->> 'IndexName' <> 'global_several';
-- DeleteTable's description is without indexes; they go with the table
SELECT d ? 'GlobalSecondaryIndexes' AS global, d ? 'LocalSecondaryIndexes' AS local
  FROM (SELECT dynamo.delete_table('{"TableName": "it_kinds"}') -> 'TableDescription' AS d) t;
SELECT count(*) FROM dynamo.indexes;

-- provisioned: every global index has its throughput
SELECT index -> 'ProvisionedThroughput' AS throughput FROM pg_temp.indexes(dynamo.create_table(pg_temp.tab('it_provisioned', 'psa',
	'{"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}' || jsonb_build_object(
	'GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('gsi', pg_temp.key('a'),
		'{"ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2}}'))))) -> 'TableDescription');
SELECT pg_temp.update('[{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 1}}}]', name => 'it_provisioned');
SELECT (index -> 'ProvisionedThroughput') ? 'LastIncreaseDateTime' AS rose, (index -> 'ProvisionedThroughput') ? 'LastDecreaseDateTime' AS fell,
       index #>> '{ProvisionedThroughput,ReadCapacityUnits}' AS r, index #>> '{ProvisionedThroughput,WriteCapacityUnits}' AS w, index ->> 'IndexStatus' AS status
  FROM jsonb_array_elements(dynamo.describe_table('{"TableName": "it_provisioned"}') #> '{Table,GlobalSecondaryIndexes}') index;
SELECT pg_temp.update('[{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 1}}}]', name => 'it_provisioned');
SELECT pg_temp.update('[{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 1000000000001}}}]', name => 'it_provisioned');
SELECT pg_temp.update('[{"Update": {"IndexName": "nope", "ProvisionedThroughput": {"ReadCapacityUnits": 4, "WriteCapacityUnits": 1000000000001}}}]', name => 'it_provisioned');
SELECT pg_temp.update('[{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]', name => 'it_provisioned');
-- on demand and back
SELECT pg_temp.statuses(d), d #> '{GlobalSecondaryIndexes,0,ProvisionedThroughput,ReadCapacityUnits}' AS r
  FROM (SELECT dynamo.update_table('{"TableName": "it_provisioned", "BillingMode": "PAY_PER_REQUEST"}') -> 'TableDescription' AS d) t;
SELECT pg_temp.error('UpdateTable', '{"TableName": "it_provisioned", "BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}');
SELECT pg_temp.update('[{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}}}]', name => 'it_provisioned');
SELECT pg_temp.statuses(d), d #> '{GlobalSecondaryIndexes,0,ProvisionedThroughput,ReadCapacityUnits}' AS r
  FROM (SELECT dynamo.update_table('{"TableName": "it_provisioned", "BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
	"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "gsi", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}}}]}') -> 'TableDescription' AS d) t;

-- CreateTable refuses, first fault first
SELECT n, pg_temp.refused(attributes, extra)
FROM (VALUES
	(1, 'psa', jsonb_build_object('LocalSecondaryIndexes', '[]'::jsonb, 'GlobalSecondaryIndexes', '[]'::jsonb)),
	(2, 'psa', jsonb_build_object('GlobalSecondaryIndexes', '[]'::jsonb)),
	(3, 'pa', jsonb_build_object('KeySchema', pg_temp.key('p'), 'LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'a'))))),
	(4, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'q'))))),
	(5, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'p'))))),
	(6, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('>p', 'a'))))),
	(7, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', '[{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "HASH"}]')))),
	(8, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p'))))),
	(9, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a', 's'))))),
	(10, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'a'), '{"Projection": {}}')))),
	(11, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'a'), '{"Projection": {"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["x"]}}')))),
	(12, 'psa', jsonb_build_object('LocalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index('same', pg_temp.key('p', 'a'))) FROM generate_series(1, 2)))),
	(13, 'psa', jsonb_build_object('LocalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index('lsi' || i, pg_temp.key('p', 'a'))) FROM generate_series(1, 6) i))),
	(14, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'a', 's'))))),
	(21, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('q', 'a'))))),
	(22, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a', 'a'))))),
	(23, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('>a'))))),
	(24, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {}}')))),
	(25, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "ALL", "NonKeyAttributes": ["x"]}}')))),
	(26, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "INCLUDE"}}')))),
	(27, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": []}}')))),
	(28, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y", "x"]}}')))),
	(29, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", 1]}}')))),
	(30, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}')))),
	(31, 'psa', jsonb_build_object('BillingMode', 'PROVISIONED', 'ProvisionedThroughput', '{"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}'::jsonb,
		'GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'))))),
	(32, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('same', pg_temp.key('p', 'a'))),
		'GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('same', pg_temp.key('a'))))),
	(33, 'psa', jsonb_build_object('GlobalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index('gsi' || i, pg_temp.key('a'))) FROM generate_series(1, 21) i))),
	(34, 'psanb', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'))))),
	(35, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), jsonb_build_object('Projection',
		jsonb_build_object('ProjectionType', 'INCLUDE', 'NonKeyAttributes', (SELECT jsonb_agg('x' || i) FROM generate_series(1, 21) i))))))),
	(36, 'psa', jsonb_build_object('GlobalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index('iii' || k, pg_temp.key('a'), jsonb_build_object('Projection',
		jsonb_build_object('ProjectionType', 'INCLUDE', 'NonKeyAttributes', (SELECT jsonb_agg('x' || i) FROM generate_series(1, 17) i))))) FROM generate_series(1, 6) k))),
	(41, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('i', pg_temp.key('a'))))),
	(42, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('i?', pg_temp.key('a'))))),
	(43, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a')) - 'Projection' - 'KeySchema'))),
	(44, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"KeySchema": []}')))),
	(45, 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('p', 'a'), '{"Projection": {"ProjectionType": "SOME"}}')))),
	(46, 'psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'), '{"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": [""]}}'))))
) AS t(n, attributes, extra) ORDER BY n;
SELECT regexp_replace(pg_temp.refused('psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index(repeat('i', 256), pg_temp.key('a'))))), '(i{128}){2}', '...');
SELECT regexp_replace(pg_temp.refused('psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key(repeat('k', 256)))))), '(k{128}){2}', '...');
SELECT regexp_replace(pg_temp.refused('psa', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii', pg_temp.key('a'),
	jsonb_build_object('Projection', jsonb_build_object('ProjectionType', 'INCLUDE', 'NonKeyAttributes', jsonb_build_array(repeat('k', 256)))))))), '(k{128}){2}', '...');
-- nothing of these was made
SELECT count(*) FROM dynamo.tables WHERE table_name = 'it_bad';
-- as many as there may be, under the longest name, two of them the same
SELECT pg_temp.error('CreateTable', pg_temp.tab('it_many', 'psa', jsonb_build_object(
	'LocalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index('lsi' || i, pg_temp.key('p', 'a'))) FROM generate_series(1, 5) i),
	'GlobalSecondaryIndexes', (SELECT jsonb_agg(pg_temp.index(repeat('g', 253) || i, pg_temp.key('a', 's'))) FROM generate_series(10, 29) i))));
SELECT dynamo.put_item('it_many', '{"p": {"S": "x"}, "s": {"S": "y"}, "a": {"S": "z"}}');
SELECT count(*), min((dynamo.scan('it_many', index_name => index_name) ->> 'Count')::int) FROM dynamo.indexes WHERE table_name = 'it_many';
SELECT pg_temp.update(jsonb_build_array(jsonb_build_object('Create', pg_temp.index('more', pg_temp.key('a')))), name => 'it_many');
SELECT FROM dynamo.delete_table('{"TableName": "it_many"}');

-- keys of several attributes: up to four of a kind, HASH before RANGE
SELECT n, pg_temp.refused('psabcdefgh', jsonb_build_object('GlobalSecondaryIndexes', jsonb_build_array(pg_temp.index('iii',
	(SELECT jsonb_agg(jsonb_build_object('AttributeName', lower(k), 'KeyType', CASE WHEN k = upper(k) THEN 'HASH' ELSE 'RANGE' END) ORDER BY i)
	   FROM regexp_split_to_table(keys, '') WITH ORDINALITY u(k, i))))))
FROM (VALUES (1, 'ABCDE'), (2, 'Abcdef'), (3, 'AbC'), (4, 'aB'), (5, 'ABA'), (6, 'AbB'), (7, 'ABCDefghp')) AS t(n, keys) ORDER BY n;
SELECT index -> 'KeySchema' FROM pg_temp.indexes(dynamo.create_table(pg_temp.tab('it_several', 'psabcdefgh', jsonb_build_object('GlobalSecondaryIndexes',
	jsonb_build_array(pg_temp.index('eight', (SELECT jsonb_agg(jsonb_build_object('AttributeName', lower(k), 'KeyType', CASE WHEN k = upper(k) THEN 'HASH' ELSE 'RANGE' END) ORDER BY i)
	   FROM regexp_split_to_table('ABCDefgh', '') WITH ORDINALITY u(k, i))))))) -> 'TableDescription');
SELECT FROM dynamo.delete_table('{"TableName": "it_several"}');

-- UpdateTable: an index on items that are there
SELECT FROM dynamo.create_table(pg_temp.tab('it_update', 'ps', '{}'));
SELECT count(dynamo.put_item('it_update', jsonb_build_object('p', '{"S": "x"}'::jsonb, 's', jsonb_build_object('S', i::text)) || extra)) FROM (VALUES
	(1, '{"a": {"S": "red"}, "n": {"N": "1"}}'::jsonb), (2, '{"a": {"S": "red"}}'), (3, '{}'),
	-- left out: of the wrong type, empty, too long
	(4, '{"a": {"N": "4"}, "n": {"N": "4"}}'), (5, '{"a": {"S": ""}, "n": {"N": "5"}}'), (6, jsonb_build_object('a', jsonb_build_object('S', repeat('r', 2049)))),
	(7, '{"a": {"S": "blue"}, "n": {"S": "no number"}}')) AS t(i, extra);
SELECT d ->> 'TableStatus' AS status, d -> 'AttributeDefinitions' AS definitions, pg_temp.statuses(d)
  FROM (SELECT dynamo.update_table('{"TableName": "it_update",
	"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "unused", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_a", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}')
	-> 'TableDescription' AS d) t;
CALL wait_for_indexes('it_update');
SELECT item -> 's' AS s, left(item #>> '{a,S}', 10) AS a FROM dynamo.scan_items('it_update', index_name => 'by_a') item ORDER BY 1;
SELECT pg_temp.statuses(dynamo.describe_table('{"TableName": "it_update"}') -> 'Table');
-- from then on the type holds
SELECT pg_temp.error('PutItem', '{"TableName": "it_update", "Item": {"p": {"S": "x"}, "s": {"S": "8"}, "a": {"N": "1"}}}');
-- a second index, of which a is a key, too; throughput does no harm on demand
SELECT pg_temp.update('[{"Create": {"IndexName": "by_n", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}],
	"Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["z"]}, "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]',
	'{"AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}], "BillingMode": "PAY_PER_REQUEST"}');
CALL wait_for_indexes('it_update');
SELECT item FROM dynamo.scan_items('it_update', index_name => 'by_n') item;
SELECT table_name, index_name, "position", column_name, projection_type, non_key_attributes, status FROM dynamo.indexes WHERE table_name = 'it_update' ORDER BY "position";
-- deleting: the index is unknown, its column gone, definitions that nothing uses as well
SELECT d -> 'AttributeDefinitions' AS definitions, pg_temp.statuses(d)
  FROM (SELECT dynamo.update_table('{"TableName": "it_update", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_n"}}]}') -> 'TableDescription' AS d) t;
SELECT pg_temp.error('Scan', '{"TableName": "it_update", "IndexName": "by_n"}');
SELECT pg_temp.error('PutItem', '{"TableName": "it_update", "Item": {"p": {"S": "x"}, "s": {"S": "8"}, "n": {"BOOL": true}}}');
SELECT pg_temp.error('PutItem', '{"TableName": "it_update", "Item": {"p": {"S": "x"}, "s": {"S": "8"}, "a": {"N": "1"}}}');
SELECT attname FROM pg_attribute WHERE attrelid = 'dynamo_data.it_update'::regclass AND attnum > 0 AND NOT attisdropped;
-- with another type now
SELECT pg_temp.update('[{"Create": {"IndexName": "by_n", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}], "Projection": {"ProjectionType": "KEYS_ONLY"}}}]',
	'{"AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "S"}]}');
CALL wait_for_indexes('it_update');
SELECT item FROM dynamo.scan_items('it_update', index_name => 'by_n') item;

-- UpdateTable refuses
SELECT n, pg_temp.update(updates, extra) FROM (VALUES
	(1, '[]'::jsonb, '{}'::jsonb),
	(2, '[{}]', '{}'),
	(3, '[{"Something": {}}]', '{}'),
	(4, '[{"Delete": {"IndexName": "by_a"}, "Update": {"IndexName": "by_a", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]', '{}'),
	(5, '[{"Delete": {"IndexName": "by_a"}}, {"Delete": {"IndexName": "by_a"}}]', '{}'),
	(6, '[{"Delete": {"IndexName": "by_a"}}, {"Delete": {"IndexName": "by_n"}}]', '{}'),
	(7, '[{"Delete": {"IndexName": "none"}}]', '{}'),
	(8, '[{"Update": {"IndexName": "none", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]', '{}'),
	(9, '[{"Update": {"IndexName": "by_a", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]', '{}'),
	(10, '[{"Create": {"IndexName": "by_a", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]', '{}'),
	(11, '[{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "q", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]', '{}'),
	(12, '[{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]', '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "N"}]}'),
	(13, '[{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}], "Projection": {"ProjectionType": "ALL"}}}]', '{}'),
	(14, '[{"Create": {"IndexName": "new", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "INCLUDE"}}}]', '{}'),
	(15, '[{"Create": {"IndexName": "new"}}]', '{}'),
	(16, '[{"Delete": {"IndexName": "x"}}]', '{}'),
	(17, '[{"Update": {"IndexName": "by_a"}}]', '{}'),
	(18, '[{"Update": {"IndexName": "by_a"}}]', '{"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}')
) AS t(n, updates, extra) ORDER BY n;
SELECT pg_temp.update('[{"Delete": {"IndexName": "by_a"}}]', name => 'it_nowhere');
-- and left everything as it was
SELECT index_name, status FROM dynamo.indexes WHERE table_name = 'it_update' ORDER BY "position";
-- a local index cannot be deleted
SELECT FROM dynamo.create_table(pg_temp.tab('it_local', 'psa', jsonb_build_object('LocalSecondaryIndexes', jsonb_build_array(pg_temp.index('lsi', pg_temp.key('p', 'a'))))));
SELECT pg_temp.update('[{"Delete": {"IndexName": "lsi"}}]', name => 'it_local');

-- a rolled back change changes nothing
BEGIN;
SELECT pg_temp.update('[{"Delete": {"IndexName": "by_n"}}]');
ROLLBACK;
SELECT item FROM dynamo.scan_items('it_update', index_name => 'by_n') item;

-- an index is found by what it is, whatever its name; without a valid one it cannot be read, but is maintained
REINDEX TABLE dynamo_data.it_update;
SELECT dynamo.scan('it_update', index_name => 'by_a') ->> 'Count' AS count;
DO $$ BEGIN EXECUTE (SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index WHERE indrelid = 'dynamo_data.it_update'::regclass
	AND pg_get_indexdef(indexrelid) ~ '\(ix1, key\)'); END $$;
\set VERBOSITY default
SELECT dynamo.scan('it_update', index_name => 'by_a');
\set VERBOSITY terse
SELECT dynamo.put_item('it_update', '{"p": {"S": "x"}, "s": {"S": "9"}, "a": {"S": "green"}}');
CREATE INDEX whatever ON dynamo_data.it_update (ix1, key) WHERE ix1 IS NOT NULL;
SELECT dynamo.scan('it_update', index_name => 'by_a') ->> 'Count' AS count;

-- who does not own the table cannot change its indexes, but sees them
CREATE ROLE regress_dynamo_reader;
GRANT USAGE ON SCHEMA dynamo, dynamo_data TO regress_dynamo_reader;
GRANT SELECT ON dynamo_data.it_update TO regress_dynamo_reader;
SET ROLE regress_dynamo_reader;
SELECT pg_temp.error('UpdateTable', '{"TableName": "it_update", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_a"}}]}');
SELECT dynamo.scan('it_update', index_name => 'by_a') ->> 'Count' AS count;
RESET ROLE;
REVOKE ALL ON SCHEMA dynamo, dynamo_data FROM regress_dynamo_reader;

SELECT FROM dynamo.delete_table('{"TableName": "it_update"}');
SELECT FROM dynamo.delete_table('{"TableName": "it_provisioned"}');
DROP TABLE dynamo_data.it_local;
SELECT count(*) FROM dynamo.indexes;
DROP ROLE regress_dynamo_reader;
DROP PROCEDURE wait_for_indexes;
