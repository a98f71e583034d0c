\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- The error of a request: SQLSTATE and message, without labels and ids.
CREATE FUNCTION pg_temp.plain(text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace($1, '\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}', 'LABEL', 'g'),
		'shardId-\d{20}-[0-9a-f]{8}', 'SHARD', 'g') $$;
CREATE FUNCTION pg_temp.error(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN 'no error: ' || pg_temp.plain(dynamo.invoke(operation, request::text));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || regexp_replace(pg_temp.plain(SQLERRM), 'x{100,}', 'xxx...');
END $$;
CREATE FUNCTION pg_temp.create_stream_table(name text, view_type text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.create_table(jsonb_build_object('TableName', name,
		'StreamSpecification', jsonb_build_object('StreamEnabled', true, 'StreamViewType', view_type)) || '{
		"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}],
		"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
		"BillingMode": "PAY_PER_REQUEST"}')->'TableDescription' $$;
CREATE FUNCTION pg_temp.specify(name text, specification jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.update_table(jsonb_build_object('TableName', name,
		'StreamSpecification', specification))->'TableDescription' $$;
CREATE FUNCTION pg_temp.describe(name text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.describe_table(jsonb_build_object('TableName', name))->'Table' $$;
CREATE FUNCTION pg_temp.arn(name text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.describe(name)->>'LatestStreamArn' $$;
CREATE FUNCTION pg_temp.stream(arn text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.describe_stream(jsonb_build_object('StreamArn', arn))->'StreamDescription' $$;

-- The worker makes the slot after commit, and drains some time after a commit.
CREATE PROCEDURE pg_temp.wait_for_status(arn text, status text) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 3000 LOOP
		EXIT WHEN pg_temp.stream(arn)->>'StreamStatus' = status;
		PERFORM pg_sleep(0.01);
		COMMIT;
	END LOOP;
END $$;
CREATE PROCEDURE pg_temp.wait_for_records(name text, n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. 3000 LOOP
		EXIT WHEN (SELECT count(*) FROM dynamo.stream_records(name)) >= n;
		PERFORM pg_sleep(0.01);
		COMMIT;
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.iterator(arn text, type text, sequence text DEFAULT NULL, shard int DEFAULT 0) RETURNS text LANGUAGE sql AS $$
	SELECT dynamo.get_shard_iterator(jsonb_strip_nulls(jsonb_build_object('StreamArn', arn,
		'ShardId', pg_temp.stream(arn)->'Shards'->shard->>'ShardId',
		'ShardIteratorType', type, 'SequenceNumber', sequence)))->>'ShardIterator' $$;
CREATE FUNCTION pg_temp.records(iterator text, max int DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.get_records(jsonb_strip_nulls(jsonb_build_object('ShardIterator', iterator, 'Limit', max))) $$;

-- what CreateTable and DescribeTable tell
SELECT d->'StreamSpecification' AS specification,
	d->>'LatestStreamLabel' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$' AS label,
	d->>'LatestStreamArn' = 'arn:aws:dynamodb:us-east-1:000000000000:table/stream_both/stream/' || (d->>'LatestStreamLabel') AS arn,
	d - 'TableStatus' - 'WarmThroughput' = pg_temp.describe('stream_both') - 'TableStatus' - 'WarmThroughput' AS described
FROM pg_temp.create_stream_table('stream_both', 'NEW_AND_OLD_IMAGES') AS d;
SELECT pg_temp.create_stream_table(name, view_type)->'StreamSpecification'
FROM (VALUES ('stream_keys', 'KEYS_ONLY'), ('stream_new', 'NEW_IMAGE'), ('stream_old', 'OLD_IMAGE')) AS t(name, view_type);
SELECT relname, relreplident FROM pg_class WHERE relname ~ '^stream_(both|keys|new|old)$' ORDER BY 1;
SELECT dynamo.create_table('{"TableName": "stream_none", "StreamSpecification": {"StreamEnabled": false},
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}')->'TableDescription' ?| '{StreamSpecification,LatestStreamArn,LatestStreamLabel}';

-- what is refused
SELECT pg_temp.error('UpdateTable', jsonb_build_object('TableName', name, 'StreamSpecification', specification))
FROM (VALUES (1, 'stream_none', '{}'::jsonb),
	(2, 'stream_none', '{"StreamEnabled": true}'), (3, 'stream_none', '{"StreamEnabled": true, "StreamViewType": "ALL"}'),
	(4, 'stream_none', '{"StreamEnabled": false, "StreamViewType": "NEW_IMAGE"}'),
	(5, 'stream_none', '{"StreamEnabled": false}'),
	(6, 'stream_new', '{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}'),
	(7, 'stream_new', '{"StreamEnabled": true, "StreamViewType": "OLD_IMAGE"}'),
	(8, 'stream_missing', '{"StreamEnabled": true, "StreamViewType": "OLD_IMAGE"}')) AS t(n, name, specification) ORDER BY n;

-- ListStreams, by pages
SELECT s->>'TableName', s->>'StreamArn' = pg_temp.arn(s->>'TableName'),
	s->>'StreamLabel' = pg_temp.describe(s->>'TableName')->>'LatestStreamLabel'
FROM jsonb_array_elements(dynamo.list_streams('{}')->'Streams') AS s;
SELECT dynamo.list_streams('{}') ? 'LastEvaluatedStreamArn' AS more;
SELECT jsonb_path_query_array(page, '$.Streams[*].TableName'), pg_temp.plain(page->>'LastEvaluatedStreamArn')
FROM dynamo.list_streams('{"Limit": 2}') AS page;
SELECT jsonb_path_query_array(page, '$.Streams[*].TableName'), pg_temp.plain(page->>'LastEvaluatedStreamArn')
FROM dynamo.list_streams(jsonb_build_object('Limit', 2, 'ExclusiveStartStreamArn', pg_temp.arn('stream_keys'))) AS page;
SELECT jsonb_path_query_array(page, '$.Streams[*].TableName'), pg_temp.plain(page->>'LastEvaluatedStreamArn')
FROM dynamo.list_streams('{"TableName": "stream_old", "Limit": 1}') AS page;
SELECT dynamo.list_streams('{"TableName": "stream_none"}');
SELECT pg_temp.error('ListStreams', request)
FROM (VALUES (1, '{"Limit": 0}'::jsonb), (2, '{"Limit": 101}'), (3, '{"TableName": "x"}'),
	(4, '{"ExclusiveStartStreamArn": "short"}'),
	(5, '{"ExclusiveStartStreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/stream_none"}')) AS t(n, request) ORDER BY n;
-- a stream makes no table
SELECT dynamo.list_tables()->'TableNames' AS tables;

-- DescribeStream
CALL pg_temp.wait_for_status(pg_temp.arn('stream_both'), 'ENABLED');
SELECT s->>'StreamStatus' AS status, s->>'StreamViewType' AS view_type, s->'KeySchema' AS key_schema, s->>'TableName' AS name,
	s->>'StreamArn' = pg_temp.arn('stream_both') AS arn, s ? 'LastEvaluatedShardId' AS more,
	abs((s->>'CreationRequestDateTime')::numeric - extract(epoch FROM now())) < 60 AS created_now,
	jsonb_array_length(s->'Shards') AS shards,
	s->'Shards'->0->>'ShardId' ~ '^shardId-\d{20}-[0-9a-f]{8}$' AS shard_id,
	length(s#>>'{Shards,0,SequenceNumberRange,StartingSequenceNumber}') AS digits,
	s#>'{Shards,0,SequenceNumberRange}' ? 'EndingSequenceNumber' AS closed
FROM pg_temp.stream(pg_temp.arn('stream_both')) AS s;
SELECT pg_temp.error('DescribeStream', request)
FROM (VALUES (1, '{}'::jsonb), (2, '{"StreamArn": "arn:aws:dynamodb:us-east-1"}'),
	(3, '{"StreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/stream_both"}'),
	(4, '{"StreamArn": "arn:aws:dynamodb:us-east-1:000000000000:table/stream_both/stream/2020-01-01T00:00:00.000"}'),
	(5, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'Limit', 0)),
	(6, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'Limit', 101)),
	(7, jsonb_build_object('StreamArn', replace(pg_temp.arn('stream_both'), 'us-east-1', 'us-east-2'))),
	(8, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'ExclusiveStartShardId', 'shardId-00000000000000000000-00000000')),
	(9, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'ShardFilter', '{"Type": "CHILD_SHARDS"}'::jsonb)),
	(10, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'ShardFilter', '{"Type": "PARENTS"}'::jsonb)),
	(11, jsonb_build_object('StreamArn', pg_temp.arn('stream_both'), 'ShardFilter', '{"Type": "CHILD_SHARDS", "ShardId": "shardId-00000000000000000000-00000000"}'::jsonb))
	) AS t(n, request) ORDER BY n;
SELECT dynamo.describe_stream(jsonb_build_object('StreamArn', s->>'StreamArn', 'ShardFilter',
	jsonb_build_object('Type', 'CHILD_SHARDS', 'ShardId', s->'Shards'->0->>'ShardId')))#>'{StreamDescription,Shards}' AS children
FROM pg_temp.stream(pg_temp.arn('stream_both')) AS s;

-- records of all view types
CREATE FUNCTION pg_temp.write(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.put_item(name, '{"pk": {"S": "a"}, "sk": {"N": "1"}, "v": {"S": "one"}}');
	-- nothing changes
	PERFORM dynamo.put_item(name, '{"pk": {"S": "a"}, "sk": {"N": "1.0"}, "v": {"S": "one"}}');
	PERFORM dynamo.update_item(name, '{"pk": {"S": "a"}, "sk": {"N": "1"}}', 'SET v = :v',
		expression_attribute_values => '{":v": {"S": "two"}}');
	PERFORM dynamo.delete_item(name, '{"pk": {"S": "a"}, "sk": {"N": "1"}}');
	PERFORM dynamo.delete_item(name, '{"pk": {"S": "a"}, "sk": {"N": "2"}}');
END $$;
SELECT pg_temp.write(name) FROM unnest('{stream_both,stream_keys,stream_new,stream_old}'::text[]) AS name;
CALL pg_temp.wait_for_records('stream_both', 3);
CALL pg_temp.wait_for_records('stream_keys', 3);
CALL pg_temp.wait_for_records('stream_new', 3);
CALL pg_temp.wait_for_records('stream_old', 3);
SELECT name, n, r->>'eventName' AS event, r->'dynamodb'->>'StreamViewType' AS view_type,
	r->'dynamodb'->'Keys' AS keys, r->'dynamodb'->'NewImage' AS new_image, r->'dynamodb'->'OldImage' AS old_image,
	r->'dynamodb'->>'SizeBytes' AS size
FROM unnest('{stream_both,stream_keys,stream_new,stream_old}'::text[]) AS name,
	jsonb_array_elements(pg_temp.records(pg_temp.iterator(pg_temp.arn(name), 'TRIM_HORIZON'))->'Records')
	WITH ORDINALITY AS r(r, n)
ORDER BY name, n;
SELECT DISTINCT r->>'eventSource' AS source, r->>'eventVersion' AS version, r->>'awsRegion' AS region,
	r->>'eventID' ~ '^[0-9a-f]{32}$' AS event_id,
	abs((r->'dynamodb'->>'ApproximateCreationDateTime')::numeric - extract(epoch FROM now())) < 60 AS created_now,
	r->'dynamodb'->>'SequenceNumber' ~ '^\d{21,40}$' AS sequence, r ? 'userIdentity' AS by_service,
	r ?| '{tableName,tableId}' AS too_much
FROM jsonb_array_elements(pg_temp.records(pg_temp.iterator(pg_temp.arn('stream_new'), 'TRIM_HORIZON'))->'Records') AS r;
-- as rows
SELECT event_name, keys, new_image, old_image, by_service, abs(extract(epoch FROM created_at - now())) < 60 AS created_now,
	shard_id = pg_temp.stream(pg_temp.arn('stream_both'))->'Shards'->0->>'ShardId' AS shard
FROM dynamo.stream_records('stream_both');
SELECT event_name FROM dynamo.stream_records('stream_both', after => (SELECT min(sequence_number) FROM dynamo.stream_records('stream_both')), max => 1);
SELECT count(*) FROM dynamo.stream_records('stream_both', max => 0);
SELECT count(*) FROM dynamo.stream_records(NULL);
SELECT * FROM dynamo.stream_records('stream_none');
SELECT * FROM dynamo.stream_records('stream_missing');
SELECT * FROM dynamo.stream_records('stream_both', after => 'x');

-- iterators: pages, places
WITH RECURSIVE pages(n, page) AS (
	SELECT 1, pg_temp.records(pg_temp.iterator(pg_temp.arn('stream_both'), 'TRIM_HORIZON'), 2)
	UNION ALL SELECT n + 1, pg_temp.records(page->>'NextShardIterator', 2) FROM pages WHERE n < 3)
SELECT n, jsonb_path_query_array(page, '$.Records[*].eventName') AS events, page ? 'NextShardIterator' AS more,
	length(page->>'NextShardIterator') < 2048 AS fits
FROM pages;
SELECT t.type, jsonb_path_query_array(pg_temp.records(pg_temp.iterator(pg_temp.arn('stream_both'), t.type,
	CASE WHEN t.type ~ 'SEQ' THEN (SELECT sequence_number FROM dynamo.stream_records('stream_both') ORDER BY 1 OFFSET 1 LIMIT 1) END)),
	'$.Records[*].eventName') AS events
FROM unnest('{TRIM_HORIZON,AT_SEQUENCE_NUMBER,AFTER_SEQUENCE_NUMBER,LATEST}'::text[]) AS t(type);
SELECT pg_temp.iterator(pg_temp.arn('stream_both'), 'LATEST') AS latest \gset
SELECT dynamo.put_item('stream_both', '{"pk": {"S": "b"}, "sk": {"N": "1"}}');
CALL pg_temp.wait_for_records('stream_both', 4);
SELECT jsonb_path_query_array(pg_temp.records(:'latest'), '$.Records[*].dynamodb.NewImage') AS latest;
SELECT pg_temp.error('GetShardIterator', jsonb_build_object('StreamArn', arn, 'ShardId', pg_temp.stream(arn)->'Shards'->0->>'ShardId') || request)
FROM (VALUES (1, '{}'::jsonb), (2, '{"ShardIteratorType": "NEXT"}'), (3, '{"ShardIteratorType": "AT_SEQUENCE_NUMBER"}'),
	(4, '{"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "12"}'),
	(5, '{"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "12345678901234567890x"}'),
	(6, '{"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "1234567890123456789012345678901234567890"}'),
	(7, '{"ShardIteratorType": "TRIM_HORIZON", "SequenceNumber": "123456789012345678901234567890"}'),
	(8, '{"ShardIteratorType": "LATEST", "ShardId": "shardId-00000000000000000000-00000000"}'),
	(9, '{"ShardIteratorType": "LATEST", "ShardId": "short"}')) AS t(n, request),
	pg_temp.arn('stream_both') AS arn ORDER BY n;
SELECT pg_temp.error('GetRecords', request)
FROM (VALUES (1, '{}'::jsonb), (2, '{"ShardIterator": "x"}'),
	(3, jsonb_build_object('ShardIterator', pg_temp.arn('stream_both') || '|1|AAAA')),
	(4, jsonb_build_object('ShardIterator', regexp_replace(:'latest', '.$', 'B') || 'x')),
	(5, jsonb_build_object('ShardIterator', replace(:'latest', 'stream_both', 'stream_keys'))),
	(6, jsonb_build_object('ShardIterator', :'latest', 'Limit', 0)),
	(7, jsonb_build_object('ShardIterator', :'latest', 'Limit', 1001)),
	(8, jsonb_build_object('ShardIterator', repeat('x', 2049)))) AS t(n, request) ORDER BY n;

-- an iterator can be used for a quarter of an hour: make one of the past, whose check is a hash
CREATE FUNCTION pg_temp.age(iterator text, by_msecs bigint) RETURNS text LANGUAGE sql AS $$
	SELECT arn || '|1|' || translate(encode(convert_to(state || ':' ||
		lpad(to_hex(a # ((b + 2654435769 + ((a << 6) & 4294967295) + (a >> 2)) & 4294967295)), 8, '0'), 'UTF8'), 'base64'), E'\n', '')
	FROM (SELECT split_part(iterator, '|', 1) AS arn, string_to_array(convert_from(decode(split_part(iterator, '|', 3), 'base64'), 'UTF8'), ':') AS p) AS parts,
		LATERAL (SELECT format('%s:%s:%s:%s', p[1], p[2], p[3], p[4]::bigint - by_msecs) AS state) AS s,
		LATERAL (SELECT hashtext(arn) & 4294967295 AS a, hashtext(state) & 4294967295 AS b) AS h $$;
SELECT pg_temp.age(:'latest', 0) = :'latest' AS same;
SELECT minutes, pg_temp.error('GetRecords', jsonb_build_object('ShardIterator', pg_temp.age(:'latest', minutes * 60000), 'Limit', 1)) ~ '^no error' AS good,
	CASE WHEN minutes = 16 THEN pg_temp.error('GetRecords', jsonb_build_object('ShardIterator', pg_temp.age(:'latest', minutes * 60000))) END AS error
FROM (VALUES (14), (16)) AS t(minutes);

-- disabled: the shard is closed, what is in it can be read to the end
SELECT pg_temp.arn('stream_both') AS first_arn \gset
SELECT d ? 'StreamSpecification' AS specification, d->>'LatestStreamArn' = :'first_arn' AS latest
FROM pg_temp.specify('stream_both', '{"StreamEnabled": false}') AS d;
SELECT relreplident FROM pg_class WHERE relname = 'stream_both';
SELECT dynamo.put_item('stream_both', '{"pk": {"S": "between"}, "sk": {"N": "1"}}');
CALL pg_temp.wait_for_status(:'first_arn', 'DISABLED');
SELECT s->>'StreamStatus' AS status, s#>'{Shards,0,SequenceNumberRange}' ? 'EndingSequenceNumber' AS closed
FROM pg_temp.stream(:'first_arn') AS s;
SELECT jsonb_path_query_array(page, '$.Records[*].eventName') AS events, page ? 'NextShardIterator' AS more
FROM pg_temp.records(pg_temp.iterator(:'first_arn', 'TRIM_HORIZON')) AS page;
-- enabled again: a new stream
SELECT d->'StreamSpecification' AS specification, d->>'LatestStreamArn' = :'first_arn' AS same
FROM pg_temp.specify('stream_both', '{"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}') AS d;
CALL pg_temp.wait_for_status(pg_temp.arn('stream_both'), 'ENABLED');
SELECT dynamo.put_item('stream_both', '{"pk": {"S": "again"}, "sk": {"N": "1"}}');
CALL pg_temp.wait_for_records('stream_both', 1);
SELECT event_name, keys, new_image FROM dynamo.stream_records('stream_both');
SELECT jsonb_path_query_array(pg_temp.records(pg_temp.iterator(:'first_arn', 'TRIM_HORIZON')), '$.Records[*].eventName') AS first;
SELECT jsonb_array_length(dynamo.list_streams('{"TableName": "stream_both"}')->'Streams') AS streams;

-- nor is there a stream of what is not in the WAL
ALTER TABLE dynamo_data.stream_none SET UNLOGGED;
SELECT pg_temp.error('UpdateTable', '{"TableName": "stream_none", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}');
ALTER TABLE dynamo_data.stream_none SET LOGGED;

-- a transaction that fails enables nothing, one that enables has what it writes then
BEGIN;
SELECT pg_temp.specify('stream_none', '{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}') ? 'LatestStreamArn';
ROLLBACK;
SELECT pg_temp.describe('stream_none') ? 'LatestStreamArn' AS enabled;
BEGIN;
SELECT pg_temp.specify('stream_none', '{"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"}') ? 'LatestStreamArn';
SELECT dynamo.put_item('stream_none', '{"pk": {"S": "same transaction"}}');
COMMIT;
CALL pg_temp.wait_for_records('stream_none', 1);
SELECT event_name, new_image FROM dynamo.stream_records('stream_none');

-- several shards: an item is always in the same one
SET dynamo.stream_shards = 4;
SELECT pg_temp.create_stream_table('stream_shards', 'NEW_IMAGE') ? 'LatestStreamArn';
RESET dynamo.stream_shards;
CALL pg_temp.wait_for_status(pg_temp.arn('stream_shards'), 'ENABLED');
INSERT INTO dynamo_data.stream_shards (item)
	SELECT jsonb_build_object('pk', jsonb_build_object('S', 'p' || i % 20), 'sk', jsonb_build_object('N', i::text)) FROM generate_series(1, 100) AS i;
CALL pg_temp.wait_for_records('stream_shards', 100);
SELECT count(*), count(DISTINCT sequence_number) AS sequence_numbers, count(DISTINCT shard_id) AS shards,
	array_agg(keys->'sk'->>'N' ORDER BY sequence_number) = array_agg(keys->'sk'->>'N' ORDER BY ordinality) AS ordered
FROM dynamo.stream_records('stream_shards') WITH ORDINALITY;
SELECT max(shards) FROM (SELECT count(DISTINCT shard_id) AS shards FROM dynamo.stream_records('stream_shards') GROUP BY keys->'pk') AS s;
SELECT sum(jsonb_array_length(pg_temp.records(pg_temp.iterator(pg_temp.arn('stream_shards'), 'TRIM_HORIZON', NULL, shard))->'Records'))
FROM generate_series(0, 3) AS shard;
WITH RECURSIVE pages(n, page) AS (
	SELECT 1, dynamo.describe_stream(jsonb_build_object('StreamArn', pg_temp.arn('stream_shards'), 'Limit', 3))->'StreamDescription'
	UNION ALL SELECT n + 1, dynamo.describe_stream(jsonb_build_object('StreamArn', pg_temp.arn('stream_shards'), 'Limit', 3,
		'ExclusiveStartShardId', page->>'LastEvaluatedShardId'))->'StreamDescription' FROM pages WHERE page ? 'LastEvaluatedShardId')
SELECT n, jsonb_array_length(page->'Shards') AS shards, page ? 'LastEvaluatedShardId' AS more FROM pages;

-- deleted: its stream has ended, and can be read
SELECT pg_temp.arn('stream_old') AS old_arn \gset
SELECT dynamo.delete_table('{"TableName": "stream_old"}')->'TableDescription' ? 'StreamSpecification';
CALL pg_temp.wait_for_status(:'old_arn', 'DISABLED');
SELECT jsonb_path_query_array(page, '$.Records[*].eventName') AS events, page ? 'NextShardIterator' AS more
FROM pg_temp.records(pg_temp.iterator(:'old_arn', 'TRIM_HORIZON')) AS page;
SELECT s->>'TableName' FROM jsonb_array_elements(dynamo.list_streams('{"TableName": "stream_old"}')->'Streams') AS s;
-- a new table of the name is another
SELECT pg_temp.create_stream_table('stream_old', 'OLD_IMAGE')->>'LatestStreamArn' = :'old_arn' AS same;
DROP TABLE dynamo_data.stream_old;
SELECT count(*) FROM dynamo.streams WHERE table_name = 'stream_old' AND ended_at IS NOT NULL;

-- who may read the table may read the stream; nobody the log
CREATE ROLE regress_stream_reader;
SET ROLE regress_stream_reader;
SELECT pg_temp.error('DescribeStream', jsonb_build_object('StreamArn', arn)),
	pg_temp.error('GetShardIterator', jsonb_build_object('StreamArn', arn, 'ShardId', 'shardId-00000000000000000000-00000000', 'ShardIteratorType', 'LATEST')),
	pg_temp.error('GetRecords', jsonb_build_object('ShardIterator', :'latest'))
FROM pg_temp.arn('stream_both') AS arn;
SELECT pg_temp.error('DescribeStream', jsonb_build_object('StreamArn', :'old_arn'));
SELECT * FROM dynamo.stream_records('stream_both');
SELECT * FROM dynamo.stream_segment_0;
SELECT * FROM dynamo.stream_position;
RESET ROLE;
GRANT SELECT ON dynamo_data.stream_both TO regress_stream_reader;
SET ROLE regress_stream_reader;
SELECT event_name FROM dynamo.stream_records('stream_both');
SELECT jsonb_array_length(pg_temp.records(pg_temp.iterator(:'first_arn', 'TRIM_HORIZON'))->'Records') AS records;
RESET ROLE;
DROP OWNED BY regress_stream_reader;
DROP ROLE regress_stream_reader;

-- without streams there is no slot
SELECT count(*) FROM (SELECT dynamo.delete_table(jsonb_build_object('TableName', name))
	FROM jsonb_array_elements_text(dynamo.list_tables()->'TableNames') AS name WHERE name LIKE 'stream_%') AS d;
DO $$
BEGIN
	FOR i IN 1 .. 3000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name LIKE 'dynamo_%' AND database = current_database());
		PERFORM pg_sleep(0.01);
	END LOOP;
END $$;
SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'dynamo_%' AND database = current_database();
