-- Item tables belong to their owners, who may alter them: what the direct
-- path cannot work on is refused, what does not concern it is left alone.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION make_table(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT dynamo.create_table(pg_catalog.jsonb_build_object('TableName', name,
		'AttributeDefinitions', '[{"AttributeName": "id", "AttributeType": "S"}]'::jsonb,
		'KeySchema', '[{"AttributeName": "id", "KeyType": "HASH"}]'::jsonb,
		'BillingMode', 'PAY_PER_REQUEST')) IS NOT NULL;
$$;
SELECT make_table(name) FROM unnest('{Column,ItemType,KeyType,KeyMoved,NoKey,OtherKey,WiderKey,Partitioned,View,Row,Renamed}'::text[]) name;

-- a column more
SELECT dynamo.put_item('Column', '{"id": {"S": "a"}, "n": {"N": "1"}}');
ALTER TABLE dynamo_data."Column" ADD COLUMN owner text DEFAULT 'me', ADD COLUMN n int GENERATED ALWAYS AS ((item->'n'->>'N')::int) STORED;
SELECT dynamo.update_item('Column', '{"id": {"S": "a"}}', 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}');
SELECT dynamo.put_item('Column', '{"id": {"S": "b"}, "n": {"N": "5"}}');
SELECT item->'id'->>'S' AS id, owner, n FROM dynamo_data."Column" ORDER BY 1;

-- item no jsonb
ALTER TABLE dynamo_data."ItemType" ALTER COLUMN item TYPE text;
SELECT dynamo.get_item('ItemType', '{"id": {"S": "a"}}');
SELECT dynamo.put_item('ItemType', '{"id": {"S": "a"}}');
INSERT INTO dynamo_data."ItemType" (item) VALUES ('{"id": {"S": "a"}}');
-- key no bytea
ALTER TABLE dynamo_data."KeyType" ALTER COLUMN key TYPE text;
SELECT dynamo.get_item('KeyType', '{"id": {"S": "a"}}');
SELECT dynamo.put_item('KeyType', '{"id": {"S": "a"}}');
INSERT INTO dynamo_data."KeyType" (item) VALUES ('{"id": {"S": "a"}}');
-- key not the first column any more
ALTER TABLE dynamo_data."KeyMoved" DROP COLUMN key;
ALTER TABLE dynamo_data."KeyMoved" ADD COLUMN key bytea PRIMARY KEY;
SELECT dynamo.put_item('KeyMoved', '{"id": {"S": "a"}}');
INSERT INTO dynamo_data."KeyMoved" (item) VALUES ('{"id": {"S": "a"}}');
-- no primary key, or another
ALTER TABLE dynamo_data."NoKey" DROP CONSTRAINT "NoKey_pkey";
SELECT dynamo.put_item('NoKey', '{"id": {"S": "a"}}');
ALTER TABLE dynamo_data."NoKey" ADD PRIMARY KEY (key) INCLUDE (item);
SELECT dynamo.put_item('NoKey', '{"id": {"S": "a"}}');
SELECT dynamo.get_item('NoKey', '{"id": {"S": "a"}}');
SELECT dynamo.put_item('OtherKey', '{"id": {"S": "a"}}');
ALTER TABLE dynamo_data."OtherKey" DROP CONSTRAINT "OtherKey_pkey", ADD PRIMARY KEY (item);
SELECT dynamo.get_item('OtherKey', '{"id": {"S": "a"}}');
SELECT dynamo.put_item('OtherKey', '{"id": {"S": "a"}}');
SELECT dynamo.scan('OtherKey');
ALTER TABLE dynamo_data."WiderKey" DROP CONSTRAINT "WiderKey_pkey", ADD PRIMARY KEY (key, item);
SELECT dynamo.put_item('WiderKey', '{"id": {"S": "a"}}');

-- another relation in its place
ALTER TABLE dynamo_data."Partitioned" RENAME TO "Partitioned_old";
CREATE TABLE dynamo_data."Partitioned" (key bytea PRIMARY KEY, item jsonb) PARTITION BY RANGE (key);
CREATE TABLE dynamo_data."Partitioned_1" PARTITION OF dynamo_data."Partitioned" DEFAULT;
SELECT dynamo.get_item('Partitioned', '{"id": {"S": "a"}}');
SELECT dynamo.put_item('Partitioned', '{"id": {"S": "a"}}');
ALTER TABLE dynamo_data."View" RENAME TO "View_old";
CREATE VIEW dynamo_data."View" AS SELECT * FROM dynamo_data."View_old";
SELECT dynamo.get_item('View', '{"id": {"S": "a"}}');
SELECT dynamo.scan('View');
-- none in its place
ALTER TABLE dynamo_data."Renamed" RENAME TO "Renamed_away";
SELECT dynamo.get_item('Renamed', '{"id": {"S": "a"}}');
INSERT INTO dynamo_data."Renamed_away" (item) VALUES ('{"id": {"S": "a"}}');
ALTER TABLE dynamo_data."Renamed_away" RENAME TO "Renamed";
INSERT INTO dynamo_data."Renamed" (item) VALUES ('{"id": {"S": "a"}}');
SELECT dynamo.get_item('Renamed', '{"id": {"S": "a"}}');

-- an index column dropped or renamed: the index can be dropped, and then all is well
SELECT dynamo.create_table('{"TableName": "Indexed", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_at", "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}') IS NOT NULL AS created;
SELECT dynamo.update_time_to_live('{"TableName": "Indexed", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "expires"}}') IS NOT NULL AS enabled;
SELECT dynamo.put_item('Indexed', '{"id": {"S": "a"}, "at": {"N": "1"}}');
ALTER TABLE dynamo_data."Indexed" DROP COLUMN ix2;
SELECT dynamo.get_item('Indexed', '{"id": {"S": "a"}}');
SELECT dynamo.update_time_to_live('{"TableName": "Indexed", "TimeToLiveSpecification": {"Enabled": false, "AttributeName": "expires"}}');
SELECT dynamo.get_item('Indexed', '{"id": {"S": "a"}}');
ALTER TABLE dynamo_data."Indexed" RENAME COLUMN ix1 TO other;
SELECT dynamo.get_item('Indexed', '{"id": {"S": "a"}}');
SELECT dynamo.update_table('{"TableName": "Indexed", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by_at"}}]}') IS NOT NULL AS dropped;
SELECT dynamo.get_item('Indexed', '{"id": {"S": "a"}}');
SELECT dynamo.delete_table('{"TableName": "Indexed"}') IS NOT NULL AS deleted;

-- a row of dynamo.tables written by hand
UPDATE dynamo.tables SET key_schema = '[1]' WHERE table_name = 'Row';
SELECT dynamo.get_item('Row', '{"id": {"S": "a"}}');
UPDATE dynamo.tables SET key_schema = '"id"' WHERE table_name = 'Row';
SELECT dynamo.get_item('Row', '{"id": {"S": "a"}}');
UPDATE dynamo.tables SET key_schema = '[{"AttributeName": "other"}]' WHERE table_name = 'Row';
INSERT INTO dynamo_data."Row" (item) VALUES ('{"id": {"S": "a"}}');
UPDATE dynamo.tables SET key_schema = '[{"AttributeName": "id"}]', attribute_definitions = '[{"AttributeName": "id", "AttributeType": "M"}]' WHERE table_name = 'Row';
SELECT dynamo.put_item('Row', '{"id": {"M": {}}}');

-- what cannot be worked on can still be described and dropped
SELECT dynamo.describe_table(jsonb_build_object('TableName', name))->'Table'->>'TableStatus' AS status FROM unnest('{NoKey,View,Partitioned}'::text[]) AS name;
SELECT dynamo.delete_table('{"TableName": "NoKey"}')->'TableDescription'->>'TableStatus' AS status;
DROP VIEW dynamo_data."View";
DROP TABLE dynamo_data."View_old", dynamo_data."Partitioned_old", dynamo_data."Partitioned",
	dynamo_data."Column", dynamo_data."ItemType", dynamo_data."KeyType", dynamo_data."KeyMoved",
	dynamo_data."OtherKey", dynamo_data."WiderKey", dynamo_data."Row", dynamo_data."Renamed";
-- the name is free again even if the table was dropped under another one
SELECT table_name FROM dynamo.tables;
SELECT make_table('View');
SELECT dynamo.delete_table('{"TableName": "View"}') IS NOT NULL;
SELECT table_name FROM dynamo.tables;
DROP FUNCTION make_table;
