\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- What a function raises, if it does
CREATE FUNCTION pg_temp.try(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
BEGIN
	EXECUTE format('SELECT dynamo.%I($1)', operation) USING request INTO response;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.make(name text, more jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('create_table', jsonb_build_object('TableName', name,
		'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::jsonb,
		'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::jsonb) || more)
$$;
CREATE FUNCTION pg_temp.update(name text, more jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('update_table', jsonb_build_object('TableName', name) || more)
$$;
-- Some members of a table's description
CREATE FUNCTION pg_temp.shown(name text, VARIADIC members text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg(key, value #- '{LastIncreaseDateTime}' #- '{LastDecreaseDateTime}' #- '{LastUpdateToPayPerRequestDateTime}')
	FROM jsonb_each(dynamo.describe_table(jsonb_build_object('TableName', name)) -> 'Table') WHERE key = ANY (members)
$$;
CREATE FUNCTION pg_temp.index_shown(name text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT (index - '{IndexName,IndexArn,KeySchema,Projection,ItemCount,IndexSizeBytes,Backfilling}'::text[])
		#- '{ProvisionedThroughput,LastIncreaseDateTime}' #- '{ProvisionedThroughput,LastDecreaseDateTime}'
	FROM (SELECT dynamo.describe_table(jsonb_build_object('TableName', name)) #> '{Table,GlobalSecondaryIndexes,0}') AS i(index)
$$;

\set on_demand '''{"BillingMode": "PAY_PER_REQUEST"}'''
\set provisioned '''{"ProvisionedThroughput": {"ReadCapacityUnits": 100, "WriteCapacityUnits": 50}}'''

-- OnDemandThroughput: one limit or both, which -1 removes
SELECT pg_temp.make('set_d', :on_demand);
SELECT pg_temp.shown('set_d', 'OnDemandThroughput', 'WarmThroughput', 'SSEDescription');
SELECT pg_temp.make('set_d2', :on_demand::jsonb || '{"OnDemandThroughput": {"MaxReadRequestUnits": 7}}');
SELECT pg_temp.shown('set_d2', 'OnDemandThroughput');
SELECT pg_temp.update('set_d', '{"OnDemandThroughput": {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 1000000000000}}');
SELECT pg_temp.shown('set_d', 'OnDemandThroughput');
SELECT pg_temp.update('set_d', '{"OnDemandThroughput": {"MaxWriteRequestUnits": 9}}');
SELECT pg_temp.shown('set_d', 'OnDemandThroughput');
SELECT pg_temp.update('set_d', '{"OnDemandThroughput": {"MaxReadRequestUnits": -1}}');
SELECT pg_temp.shown('set_d', 'OnDemandThroughput');
SELECT pg_temp.update('set_d', '{"OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}}');
SELECT pg_temp.shown('set_d', 'OnDemandThroughput');
SELECT pg_temp.make('set_no', :on_demand::jsonb || r) FROM (VALUES
	(1, '{"OnDemandThroughput": {}}'::jsonb),
	(2, '{"OnDemandThroughput": {"MaxReadRequestUnits": 0}}'),
	(3, '{"OnDemandThroughput": {"MaxWriteRequestUnits": -2}}'),
	(4, '{"OnDemandThroughput": {"MaxWriteRequestUnits": 1000000000001}}'),
	(5, '{"OnDemandThroughput": {"MaxWriteRequestUnits": 99999999999999999999999}}'),
	(6, '{"OnDemandThroughput": {"MaxWriteRequestUnits": "1"}}'),
	(7, '{"OnDemandThroughput": 1}')) AS t(n, r) ORDER BY n;
SELECT pg_temp.make('set_no', :provisioned::jsonb || '{"OnDemandThroughput": {"MaxReadRequestUnits": 7}}');
SELECT pg_temp.make('set_p', :provisioned);
SELECT pg_temp.update('set_p', '{"OnDemandThroughput": {"MaxReadRequestUnits": 7}}');
SELECT pg_temp.update('set_d2', :provisioned::jsonb || '{"BillingMode": "PROVISIONED", "OnDemandThroughput": {"MaxReadRequestUnits": 7}}');
-- they end with the mode
SELECT pg_temp.update('set_d2', :provisioned::jsonb || '{"BillingMode": "PROVISIONED"}');
SELECT pg_temp.shown('set_d2', 'OnDemandThroughput', 'ProvisionedThroughput', 'BillingModeSummary');
SELECT pg_temp.update('set_d2', :on_demand);
SELECT pg_temp.shown('set_d2', 'OnDemandThroughput', 'ProvisionedThroughput', 'BillingModeSummary');
SELECT pg_temp.update('set_p', :on_demand::jsonb || '{"OnDemandThroughput": {"MaxReadRequestUnits": 7}}');
SELECT pg_temp.shown('set_p', 'OnDemandThroughput');

-- WarmThroughput: at least what is provisioned, or what tables on demand start with
SELECT pg_temp.make('set_w', :provisioned);
SELECT pg_temp.shown('set_w', 'WarmThroughput');
SELECT pg_temp.update('set_w', '{"WarmThroughput": {"ReadUnitsPerSecond": 99}}');
SELECT pg_temp.update('set_w', '{"WarmThroughput": {"WriteUnitsPerSecond": 49}}');
SELECT pg_temp.update('set_w', '{"WarmThroughput": {"ReadUnitsPerSecond": 100, "WriteUnitsPerSecond": 60}}');
SELECT pg_temp.shown('set_w', 'WarmThroughput');
SELECT pg_temp.update('set_w', '{"WarmThroughput": {"WriteUnitsPerSecond": 59}}');
SELECT dynamo.update_table('{"TableName": "set_w", "WarmThroughput": {"WriteUnitsPerSecond": 61}}') #> '{TableDescription,WarmThroughput}' AS updating;
SELECT dynamo.update_table('{"TableName": "set_w", "DeletionProtectionEnabled": false}') #> '{TableDescription,WarmThroughput}' AS active;
SELECT pg_temp.update('set_w', '{"ProvisionedThroughput": {"ReadCapacityUnits": 100, "WriteCapacityUnits": 70}}');
SELECT pg_temp.shown('set_w', 'WarmThroughput');
SELECT pg_temp.update('set_w', :on_demand);
SELECT pg_temp.shown('set_w', 'WarmThroughput');
SELECT pg_temp.make('set_no', :on_demand::jsonb || r) FROM (VALUES
	(1, '{"WarmThroughput": {}}'::jsonb),
	(2, '{"WarmThroughput": {"ReadUnitsPerSecond": 11999, "WriteUnitsPerSecond": 4000}}'),
	(3, '{"WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 3999}}'),
	(4, '{"WarmThroughput": {"ReadUnitsPerSecond": -1, "WriteUnitsPerSecond": 4000}}'),
	(5, '{"WarmThroughput": {"ReadUnitsPerSecond": 1000000000001}}')) AS t(n, r) ORDER BY n;
SELECT dynamo.create_table('{"TableName": "set_w2", "BillingMode": "PAY_PER_REQUEST", "WarmThroughput": {"ReadUnitsPerSecond": 15000},
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}')
	#> '{TableDescription,WarmThroughput}' AS creating;
SELECT pg_temp.shown('set_w2', 'WarmThroughput');
SELECT dynamo.delete_table('{"TableName": "set_w2"}') -> 'TableDescription' ?| '{WarmThroughput,OnDemandThroughput,SSEDescription}' AS shown;

-- the same of indexes
SELECT pg_temp.make('set_i', :on_demand::jsonb || '{
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "a", "AttributeType": "S"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by-a", "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
		"OnDemandThroughput": {"MaxWriteRequestUnits": 5}, "WarmThroughput": {"WriteUnitsPerSecond": 5000}}]}');
SELECT pg_temp.index_shown('set_i');
SELECT pg_temp.update('set_i', jsonb_build_object('GlobalSecondaryIndexUpdates', jsonb_build_array(jsonb_build_object('Update', '{"IndexName": "by-a"}' || r)))) FROM (VALUES
	(1, '{}'::jsonb),
	(2, '{"OnDemandThroughput": {"MaxReadRequestUnits": 0}}'),
	(3, '{"WarmThroughput": {"WriteUnitsPerSecond": 4999}}'),
	(4, '{"OnDemandThroughput": {}}'),
	(5, '{"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}'),
	(6, '{"IndexName": "missing", "OnDemandThroughput": {"MaxReadRequestUnits": 0}}'),
	(7, '{"OnDemandThroughput": {"MaxReadRequestUnits": 6, "MaxWriteRequestUnits": -1}, "WarmThroughput": {"ReadUnitsPerSecond": 13000}}')) AS t(n, r) ORDER BY n;
SELECT pg_temp.index_shown('set_i');
SELECT pg_temp.update('set_i', :provisioned::jsonb || '{"BillingMode": "PROVISIONED"}');
SELECT pg_temp.update('set_i', :provisioned::jsonb || '{"BillingMode": "PROVISIONED", "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-a",
	"ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}}]}');
SELECT pg_temp.index_shown('set_i');
SELECT pg_temp.update('set_i', '{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-a", "OnDemandThroughput": {"MaxReadRequestUnits": 6}}}]}');
SELECT pg_temp.update('set_i', '{"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-a", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}}}]}');
-- the mode changes together with the index going
SELECT pg_temp.update('set_i', :on_demand::jsonb || '{"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-a"}}]}');
SELECT pg_temp.shown('set_i', 'GlobalSecondaryIndexes', 'BillingModeSummary');
SELECT pg_temp.update('set_i', :provisioned::jsonb || '{"BillingMode": "PROVISIONED",
	"AttributeDefinitions": [{"AttributeName": "b", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by-b", "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"},
		"ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}, "WarmThroughput": {"ReadUnitsPerSecond": 30}}}]}');
SELECT pg_temp.index_shown('set_i') - 'IndexStatus' #- '{WarmThroughput,Status}';

-- decreases: four on a day (UTC), then one an hour
SELECT pg_temp.make('set_c', :provisioned);
SELECT pg_temp.update('set_c', jsonb_build_object('ProvisionedThroughput', jsonb_build_object('ReadCapacityUnits', 100 - n, 'WriteCapacityUnits', 50 + n)))
FROM generate_series(1, 4) AS n;
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput');
SELECT regexp_replace(pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 95, "WriteCapacityUnits": 54}}'),
	'at \w+day, \w+ \d{1,2}, \d{4} at \d{1,2}:\d\d:\d\d [AP]M Coordinated Universal Time', 'at <time>', 'g');
-- going up is free, and equal capacity is reported first
SELECT pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 96, "WriteCapacityUnits": 55}}');
SELECT pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 96, "WriteCapacityUnits": 55}}');
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput');
-- an hour later, once (an hour ago may be on the day before)
CREATE FUNCTION pg_temp.last_decrease(at timestamptz, count int) RETURNS void LANGUAGE sql AS $$
	UPDATE dynamo.tables SET last_decrease = at, decreases = count WHERE table_name = 'set_c'
$$;
SELECT now() > date_trunc('day', now(), 'UTC') + interval '61 minutes' AS late_enough \gset
SELECT pg_temp.last_decrease(now() - interval '61 minutes', 5);
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput') #>> '{ProvisionedThroughput,NumberOfDecreasesToday}'
	= CASE WHEN :'late_enough' THEN '5' ELSE '0' END AS counted;
SELECT pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 95, "WriteCapacityUnits": 55}}');
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput') #>> '{ProvisionedThroughput,NumberOfDecreasesToday}'
	= CASE WHEN :'late_enough' THEN '6' ELSE '1' END AS counted;
SELECT pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 94, "WriteCapacityUnits": 56}}') LIKE 'DY008 %' = :'late_enough'::boolean AS refused;
UPDATE dynamo.tables SET read_capacity = 95, write_capacity = 55 WHERE table_name = 'set_c';
SELECT pg_temp.last_decrease(date_trunc('day', now(), 'UTC') - interval '1 minute', 27);
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput');
SELECT pg_temp.update('set_c', '{"ProvisionedThroughput": {"ReadCapacityUnits": 94, "WriteCapacityUnits": 55}}');
SELECT pg_temp.shown('set_c', 'ProvisionedThroughput');
-- indexes count for themselves; one refusal refuses the whole request
SELECT pg_temp.update('set_i', jsonb_build_object('GlobalSecondaryIndexUpdates', jsonb_build_array(jsonb_build_object('Update',
	jsonb_build_object('IndexName', 'by-b', 'ProvisionedThroughput', jsonb_build_object('ReadCapacityUnits', 4 - n % 2, 'WriteCapacityUnits', 4 + n % 2))))))
FROM generate_series(0, 4) AS n;
SELECT pg_temp.index_shown('set_i') -> 'ProvisionedThroughput';
SELECT left(pg_temp.update('set_i', '{"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}, "GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "by-b",
	"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}}]}'), 60);
SELECT pg_temp.shown('set_i', 'ProvisionedThroughput');

-- switches to on demand: four in 24 hours
SELECT pg_temp.make('set_s', :provisioned);
SELECT pg_temp.update('set_s', :on_demand) AS on_demand, pg_temp.update('set_s', :provisioned::jsonb || '{"BillingMode": "PROVISIONED"}') AS provisioned
FROM generate_series(1, 4);
SELECT regexp_replace(pg_temp.update('set_s', :on_demand), 'at \w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}', 'at <time>', 'g');
SELECT pg_temp.shown('set_s', 'BillingModeSummary', 'ProvisionedThroughput');
UPDATE dynamo.tables SET on_demand_switches[4] = now() - interval '24 hours' WHERE table_name = 'set_s';
SELECT pg_temp.update('set_s', :on_demand);
-- already on demand: no switch
SELECT pg_temp.update('set_s', :on_demand);
SELECT cardinality(on_demand_switches) AS kept, on_demand_switches[1] > on_demand_switches[2] AS last_first FROM dynamo.tables WHERE table_name = 'set_s';

-- SSESpecification
SELECT pg_temp.make('set_e', :on_demand::jsonb || '{"SSESpecification": {"Enabled": false}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', '{"SSESpecification": {"Enabled": true}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', '{"SSESpecification": {"Enabled": true, "SSEType": "KMS", "KMSMasterKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', '{"SSESpecification": {"Enabled": true, "KMSMasterKeyId": "alias/mine"}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', '{"SSESpecification": {"Enabled": true, "KMSMasterKeyId": "arn:aws:kms:eu-west-1:111111111111:key/x"}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', '{"DeletionProtectionEnabled": false}');
SELECT pg_temp.shown('set_e', 'SSEDescription') IS NOT NULL AS kept;
SELECT pg_temp.update('set_e', '{"SSESpecification": {}}');
SELECT pg_temp.shown('set_e', 'SSEDescription');
SELECT pg_temp.update('set_e', jsonb_build_object('SSESpecification', r)) FROM (VALUES
	(1, '{"SSEType": "AES256"}'::jsonb), (2, '{"Enabled": true, "SSEType": "AES256"}'), (3, '{"Enabled": true, "SSEType": "aes"}'),
	(4, '{"SSEType": "KMS"}'), (5, '{"Enabled": false, "SSEType": "KMS", "KMSMasterKeyId": "x"}'),
	(6, '{"Enabled": true, "KMSMasterKeyId": ""}'), (7, jsonb_build_object('Enabled', true, 'KMSMasterKeyId', repeat('ż', 2049))),
	(8, jsonb_build_object('Enabled', true, 'KMSMasterKeyId', repeat('ż', 2048))), (9, '{"Enabled": "perhaps"}')) AS t(n, r) ORDER BY n;
SELECT length(pg_temp.shown('set_e', 'SSEDescription') #>> '{SSEDescription,KMSMasterKeyArn}') AS length;

-- refused, with nothing made
SELECT pg_temp.update('set_e', '{"ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}');
SELECT dynamo.describe_table('{"TableName": "set_no"}');

SELECT count(dynamo.delete_table(jsonb_build_object('TableName', table_name)))
FROM (SELECT table_name FROM dynamo.tables WHERE table_name LIKE 'set\_%') AS t;
