\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- What differs from run to run: ids, times, sizes.
CREATE FUNCTION pg_temp.stable(description jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT description
		- '{TableId,CreationDateTime,TableSizeBytes,ItemCount}'::text[]
		#- '{BillingModeSummary,LastUpdateToPayPerRequestDateTime}'
		#- '{ProvisionedThroughput,LastIncreaseDateTime}'
		#- '{ProvisionedThroughput,LastDecreaseDateTime}'
		#- '{TableClassSummary,LastUpdateDateTime}'
$$;

-- CreateTable, partition key only, on demand
SELECT jsonb_pretty(pg_temp.stable(dynamo.create_table('{
	"TableName": "t.simple-1",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}')->'TableDescription'));
-- partition and sort key, provisioned, with settings
SELECT jsonb_pretty(pg_temp.stable(dynamo.create_table('{
	"TableName": "t_composite",
	"AttributeDefinitions": [{"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "pk", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6},
	"TableClass": "STANDARD_INFREQUENT_ACCESS",
	"DeletionProtectionEnabled": true}')->'TableDescription'));
-- DescribeTable says the same, and ACTIVE; identifiers have their shapes
SELECT d->>'TableStatus' AS status,
	d->>'TableId' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AS id_is_uuid,
	abs((d->>'CreationDateTime')::numeric - extract(epoch FROM now())) < 60 AS created_now,
	scale((d->>'CreationDateTime')::numeric) AS fraction_digits,
	d->'BillingModeSummary'->'LastUpdateToPayPerRequestDateTime' = d->'CreationDateTime' AS on_demand_since,
	d->>'ItemCount' AS items, d->>'TableSizeBytes' AS bytes
FROM (SELECT dynamo.describe_table('{"TableName": "t.simple-1"}')->'Table' AS d) AS s;
SELECT jsonb_pretty(pg_temp.stable(dynamo.describe_table('{"TableName": "t_composite"}')->'Table'));

-- a name is taken, and is looked up exactly
SELECT dynamo.create_table('{"TableName": "t_composite",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}');
SELECT dynamo.describe_table('{"TableName": "T_composite"}');
SELECT dynamo.get_item('{"TableName": "T_composite", "Key": {"pk": {"S": "a"}}}');
SELECT dynamo.delete_table('{"TableName": "t_missing"}');
SELECT dynamo.update_table('{"TableName": "t_missing", "DeletionProtectionEnabled": true}');

-- rules of CreateTable, in their order
CREATE FUNCTION pg_temp.create_error(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.create_table('{"TableName": "t_wrong"}'::jsonb || request);
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT pg_temp.create_error(r) FROM (VALUES
	-- no throughput though provisioned (the default), before everything else
	(1, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}]}'::jsonb),
	(2, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PROVISIONED"}'),
	(3, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST",
		"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}'),
	(4, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}],
		"ProvisionedThroughput": {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 1000000000001}}'),
	(5, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}],
		"ProvisionedThroughput": {"ReadCapacityUnits": 1000000000000, "WriteCapacityUnits": 1000000000001}}'),
	(6, '{"AttributeDefinitions": [], "KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(7, '{"AttributeDefinitions": [{"AttributeName": "b", "AttributeType": "S"}, {"AttributeName": "c", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}, {"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(8, '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "c", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}, {"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(9, '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "a", "KeyType": "RANGE"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(10, '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "RANGE"}, {"AttributeName": "b", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(11, '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}, {"AttributeName": "b", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}'),
	(12, '{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}, {"AttributeName": "b", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}')
) AS t(n, r) ORDER BY n;

-- names: up to 255 characters, none confused with another
SELECT dynamo.create_table(jsonb_build_object('TableName', repeat('n', 62 + i) || 'x',
	'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::jsonb,
	'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::jsonb,
	'BillingMode', 'PAY_PER_REQUEST'))->'TableDescription'->>'TableName' = repeat('n', 62 + i) || 'x' AS created
FROM (VALUES (0), (1), (2), (192)) AS v(i);
SELECT dynamo.put_item(repeat('n', 62 + i) || 'x', jsonb_build_object('pk', jsonb_build_object('S', i::text)))
FROM (VALUES (0), (1), (2), (192)) AS v(i);
SELECT i, dynamo.scan(repeat('n', 62 + i) || 'x')->'Items' FROM (VALUES (0), (1), (2), (192)) AS v(i);
SELECT count(*) AS tables, count(DISTINCT relation_name) AS relations, max(length(relation_name)) AS longest
FROM dynamo.tables WHERE table_name LIKE 'nnn%';

-- ListTables: byte order, pages
SELECT dynamo.list_tables('{"Limit": 2, "ExclusiveStartTableName": "nnn"}')->'TableNames'->>1 = repeat('n', 64) || 'x' AS second;
SELECT jsonb_agg(name) FROM jsonb_array_elements_text(dynamo.list_tables()->'TableNames') AS name WHERE name NOT LIKE 'nn%';
SELECT dynamo.list_tables('{"Limit": 1, "ExclusiveStartTableName": "ooo"}');
SELECT dynamo.list_tables('{"Limit": 2, "ExclusiveStartTableName": "ooo"}');
SELECT dynamo.list_tables('{"Limit": 1, "ExclusiveStartTableName": "t.simple-1"}');
SELECT dynamo.list_tables('{"ExclusiveStartTableName": "tzz"}');

-- UpdateTable
SELECT dynamo.update_table('{"TableName": "t_composite"}');
SELECT dynamo.update_table('{"TableName": "t_composite", "BillingMode": "PROVISIONED"}');
SELECT dynamo.update_table('{"TableName": "t_composite", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}');
SELECT dynamo.update_table('{"TableName": "t_composite", "ProvisionedThroughput": {"ReadCapacityUnits": 1000000000001, "WriteCapacityUnits": 6}}');
SELECT dynamo.update_table('{"TableName": "t.simple-1", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}');
SELECT pg_temp.stable(d), d->'ProvisionedThroughput' ? 'LastIncreaseDateTime' AS rose, d->'ProvisionedThroughput' ? 'LastDecreaseDateTime' AS fell
FROM (SELECT dynamo.update_table('{"TableName": "t_composite", "ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 6}}')->'TableDescription' AS d) AS s;
SELECT pg_temp.stable(dynamo.update_table('{"TableName": "t_composite", "BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD"}')->'TableDescription');
SELECT pg_temp.stable(dynamo.describe_table('{"TableName": "t_composite"}')->'Table')->'BillingModeSummary' AS now_on_demand;
SELECT dynamo.update_table('{"TableName": "t_composite", "BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}')
	->'TableDescription'->'BillingModeSummary'->>'BillingMode' AS mode;

-- deletion protection, DeleteTable
SELECT dynamo.delete_table('{"TableName": "t_composite"}');
SELECT dynamo.update_table('{"TableName": "t_composite", "DeletionProtectionEnabled": false}')->'TableDescription'->'DeletionProtectionEnabled' AS protected;
SELECT pg_temp.stable(dynamo.delete_table('{"TableName": "t_composite"}')->'TableDescription');
SELECT dynamo.describe_table('{"TableName": "t_composite"}');
SELECT to_regclass('dynamo_data.t_composite') IS NULL AS gone;
-- the name is free again, and means the new table
SELECT dynamo.create_table('{"TableName": "t_composite",
	"AttributeDefinitions": [{"AttributeName": "other", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}')->'TableDescription'->'KeySchema' AS key_schema;
SELECT dynamo.put_item('t_composite', '{"other": {"S": "x"}}');
SELECT dynamo.get_item('t_composite', '{"other": {"S": "x"}}');

-- tables come and go with the transaction
BEGIN;
SELECT dynamo.create_table('{"TableName": "t_rolled_back",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.put_item('t_rolled_back', '{"pk": {"S": "x"}}');
ROLLBACK;
SELECT dynamo.put_item('t_rolled_back', '{"pk": {"S": "x"}}');
BEGIN;
SELECT dynamo.delete_table('{"TableName": "t_composite"}') IS NOT NULL AS deleted;
SELECT dynamo.get_item('t_composite', '{"other": {"S": "x"}}');
ROLLBACK;
SELECT dynamo.get_item('t_composite', '{"other": {"S": "x"}}');

-- plain DROP TABLE is noticed
DROP TABLE dynamo_data.t_composite;
SELECT dynamo.describe_table('{"TableName": "t_composite"}');
SELECT count(*) FROM dynamo.tables WHERE table_name = 't_composite';

-- read-only transactions
BEGIN READ ONLY;
SELECT dynamo.create_table('{"TableName": "t_read_only",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}');
ROLLBACK;

SELECT count(*) FROM (SELECT dynamo.delete_table(jsonb_build_object('TableName', name))
	FROM jsonb_array_elements_text(dynamo.list_tables()->'TableNames') AS name) AS d;
SELECT dynamo.list_tables();

-- what belongs to later versions is refused, not passed over
SELECT pg_temp.create_error('{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}'::jsonb || extra)
FROM (VALUES (1, '{"ResourcePolicy": "{}"}'::jsonb),
	(2, '{"GlobalTableSourceArn": "arn:aws:dynamodb:eu-west-1:000000000000:table/abc"}'),
	(3, '{"GlobalTableSettingsReplicationMode": "ENABLED"}')) AS t(n, extra) ORDER BY n;
-- ... what is switched off is not missed
SELECT pg_temp.create_error('{"AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
	"StreamSpecification": {"StreamEnabled": false}, "SSESpecification": {"Enabled": false}}');
-- the size counts what is stored apart
SELECT dynamo.put_item('t_wrong', jsonb_build_object('a', '{"S": "x"}'::jsonb,
	'b', jsonb_build_object('S', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 10000) AS i))));
SELECT (dynamo.describe_table('{"TableName": "t_wrong"}')#>>'{Table,TableSizeBytes}')::int BETWEEN 300000 AND 400000 AS counted;
SELECT dynamo.delete_table('{"TableName": "t_wrong"}') IS NOT NULL AS deleted;
