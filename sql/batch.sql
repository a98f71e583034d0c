\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "batch_a",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.create_table('{"TableName": "batch_b",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}, {"AttributeName": "sk", "AttributeType": "S"},
		{"AttributeName": "ix", "AttributeType": "S"}, {"AttributeName": "lx", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_ix", "KeySchema": [{"AttributeName": "ix", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "KEYS_ONLY"}}],
	"LocalSecondaryIndexes": [{"IndexName": "by_lx", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "lx", "KeyType": "RANGE"}],
		"Projection": {"ProjectionType": "ALL"}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.create_table('{"TableName": "batch_c",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
CREATE VIEW batch_all AS
	SELECT 'a' AS t, item FROM dynamo_data.batch_a UNION ALL
	SELECT 'b', item FROM dynamo_data.batch_b;

--
-- BatchWriteItem
--
-- puts and deletions, of several tables; a put replaces the whole item
SELECT dynamo.batch_write_item('{"RequestItems": {
	"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "1"}, "v": {"N": "001.0"}}}},
		{"PutRequest": {"Item": {"pk": {"S": "2"}, "v": {"N": "2"}}}},
		{"PutRequest": {"Item": {"pk": {"S": "3"}}}},
		{"DeleteRequest": {"Key": {"pk": {"S": "absent"}}}}],
	"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "1"}, "sk": {"S": "x"}, "ix": {"S": "i"}}}},
		{"PutRequest": {"Item": {"pk": {"N": "1"}, "sk": {"S": "y"}, "lx": {"N": "7"}}}}]}}');
SELECT t, item FROM batch_all ORDER BY t, item::text;
SELECT dynamo.batch_write_item('{"RequestItems": {
	"batch_a": [{"DeleteRequest": {"Key": {"pk": {"S": "3"}}}},
		{"PutRequest": {"Item": {"pk": {"S": "1"}, "w": {"S": "new"}}}}],
	"batch_b": [{"DeleteRequest": {"Key": {"pk": {"N": "1.0"}, "sk": {"S": "x"}}}}]}}');
SELECT t, item FROM batch_all ORDER BY t, item::text;
SELECT dynamo.query('batch_b', 'ix = :i', expression_attribute_values => '{":i": {"S": "i"}}', index_name => 'by_ix')->'Count' AS left_in_index;

-- the same key in two tables is fine, twice in one is not: put, deletion, spelling of a number
SELECT dynamo.batch_write_item('{"RequestItems": {
	"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "same"}}}}],
	"batch_c": [{"PutRequest": {"Item": {"pk": {"S": "same"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "d"}}}},
	{"PutRequest": {"Item": {"pk": {"S": "d"}, "v": {"S": "other"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"DeleteRequest": {"Key": {"pk": {"S": "d"}}}},
	{"DeleteRequest": {"Key": {"pk": {"S": "d"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "1000"}, "sk": {"S": "d"}}}},
	{"DeleteRequest": {"Key": {"pk": {"N": "1e3"}, "sk": {"S": "d"}}}}]}}');

-- one invalid write, and nothing is written
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "9"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"PutRequest": {"Item": {"pk": {"S": "9"}, "sk": {"S": "ok"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": ""}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "x"}, "ix": {"N": "1"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "x"}, "ix": {"S": ""}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"DeleteRequest": {"Key": {"pk": {"N": "9"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}},
	{"DeleteRequest": {"Key": {"pk": {"N": "9"}, "sk": {"S": "a"}, "extra": {"S": "b"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "9"}, "sk": {"S": "ok"}}}}],
	"batch_none": [{"PutRequest": {"Item": {"pk": {"S": "1"}}}}]}}');
SELECT count(*) FROM dynamo_data.batch_b WHERE item->'pk'->>'N' = '9';

-- before the tables are looked up: neither or both, values, item size, number in all
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{"PutRequest": {"Item": {}}, "DeleteRequest": {"Key": {}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{"PutRequest": {"Item": {"pk": {}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{"PutRequest": {"Item": {"pk": {"N": "x"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{"DeleteRequest": {"Key": {"pk": {"SS": []}}}}]}}');
SELECT dynamo.batch_write_item(jsonb_build_object('RequestItems', jsonb_build_object('none', jsonb_build_array(
	jsonb_build_object('PutRequest', jsonb_build_object('Item', jsonb_build_object('pk', jsonb_build_object('S', repeat('x', 409599)))))))));
SELECT dynamo.batch_write_item('{"RequestItems": {"none": [{"PutRequest": {"Item": {"pk": {"S": "1"}}}}]}}');
CREATE FUNCTION pg_temp.puts(n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('PutRequest', jsonb_build_object('Item',
		jsonb_build_object('pk', jsonb_build_object('S', 'p' || i))))) FROM generate_series(1, n) AS i $$;
SELECT dynamo.batch_write_item(jsonb_build_object('RequestItems', jsonb_build_object('batch_a', pg_temp.puts(20), 'batch_c', pg_temp.puts(6))));
SELECT dynamo.batch_write_item(jsonb_build_object('RequestItems', jsonb_build_object('batch_a', pg_temp.puts(19), 'batch_c', pg_temp.puts(6))));
SELECT (SELECT count(*) FROM dynamo_data.batch_a), (SELECT count(*) FROM dynamo_data.batch_c);
SELECT dynamo.batch_write_item('{"RequestItems": {}}');

-- ten megabytes in one request
SELECT dynamo.batch_write_item(jsonb_build_object('RequestItems', jsonb_build_object('batch_c', (
	SELECT jsonb_agg(jsonb_build_object('PutRequest', jsonb_build_object('Item', jsonb_build_object(
		'pk', jsonb_build_object('S', 'large' || i), 'v', jsonb_build_object('S', repeat(md5(i::text), 12500))))))
	FROM generate_series(1, 25) AS i))));
SELECT count(*), min(dynamo.item_size(item)), max(dynamo.item_size(item)) FROM dynamo_data.batch_c WHERE item->'pk'->>'S' LIKE 'large%';

-- consumed capacity, one entry for each table; item collections
SELECT jsonb_pretty(dynamo.batch_write_item('{"ReturnConsumedCapacity": "TOTAL", "ReturnItemCollectionMetrics": "SIZE", "RequestItems": {
	"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "k1"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "k2"}}}}],
	"batch_b": [{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "x"}, "lx": {"N": "1"}}}},
		{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "y"}}}},
		{"PutRequest": {"Item": {"pk": {"N": "6"}, "sk": {"S": "y"}}}}]}}'));

-- statement triggers fire once, with all rows; row triggers for each
CREATE TABLE batch_log (what text);
CREATE FUNCTION batch_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.batch_log SELECT format('%s %s, %s rows', tg_when, tg_op, (SELECT count(*) FROM changed));
	RETURN NULL;
END $$;
CREATE FUNCTION batch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.batch_log SELECT format('row %s %s', tg_op, coalesce(new.item, old.item)->'pk'->>'S');
	RETURN coalesce(new, old);
END $$;
CREATE TRIGGER i AFTER INSERT ON dynamo_data.batch_a REFERENCING NEW TABLE AS changed EXECUTE FUNCTION batch_statement();
CREATE TRIGGER u AFTER UPDATE ON dynamo_data.batch_a REFERENCING NEW TABLE AS changed EXECUTE FUNCTION batch_statement();
CREATE TRIGGER d AFTER DELETE ON dynamo_data.batch_a REFERENCING OLD TABLE AS changed EXECUTE FUNCTION batch_statement();
CREATE TRIGGER r BEFORE INSERT OR UPDATE OR DELETE ON dynamo_data.batch_a FOR EACH ROW EXECUTE FUNCTION batch_row();
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [
	{"DeleteRequest": {"Key": {"pk": {"S": "p1"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "p2"}}}},
	{"PutRequest": {"Item": {"pk": {"S": "p3"}, "v": {"S": "changed"}}}},
	{"PutRequest": {"Item": {"pk": {"S": "t1"}}}}, {"PutRequest": {"Item": {"pk": {"S": "t2"}}}}, {"PutRequest": {"Item": {"pk": {"S": "t3"}}}}]}}');
SELECT what FROM batch_log ORDER BY what;
DROP TRIGGER i ON dynamo_data.batch_a;
DROP TRIGGER u ON dynamo_data.batch_a;
DROP TRIGGER d ON dynamo_data.batch_a;
DROP TRIGGER r ON dynamo_data.batch_a;

-- generated columns and other indexes see every write
ALTER TABLE dynamo_data.batch_b ADD COLUMN ix_len int GENERATED ALWAYS AS (length(ix2)) STORED,
	ADD COLUMN lower_sk text GENERATED ALWAYS AS (lower(item->'sk'->>'S')) STORED;
CREATE UNIQUE INDEX ON dynamo_data.batch_b ((item->'u'->>'S'));
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "x"}, "v": {"S": "1"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "y"}, "ix": {"S": "abc"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "NEW"}, "ix": {"S": "abc"}, "u": {"S": "u"}}}}]}}');
SELECT item, ix_len = length(ix2) AS right_length, lower_sk FROM dynamo_data.batch_b WHERE item->'pk'->>'N' = '5' ORDER BY item->'sk'->>'S' COLLATE "C";
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "x"}, "v": {"S": "2"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "y"}, "u": {"S": "u"}}}}]}}');
-- a unique value can move from a deleted item to a new one
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_b": [
	{"DeleteRequest": {"Key": {"pk": {"N": "5"}, "sk": {"S": "NEW"}}}},
	{"PutRequest": {"Item": {"pk": {"N": "5"}, "sk": {"S": "z"}, "u": {"S": "u"}}}}]}}');
SELECT item->'sk'->>'S' AS sk, item->'v'->>'S' AS v, item->'u'->>'S' AS u FROM dynamo_data.batch_b WHERE item->'pk'->>'N' = '5' ORDER BY 1;

-- what a statement has written is there for its batch, and the other way round
BEGIN;
INSERT INTO dynamo_data.batch_a (item) VALUES ('{"pk": {"S": "in transaction"}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"DeleteRequest": {"Key": {"pk": {"S": "in transaction"}}}}]}}'),
	dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "in transaction"}, "n": {"N": "1"}}}}]}}');
SELECT item FROM dynamo_data.batch_a WHERE item->'pk'->>'S' = 'in transaction';
ROLLBACK;

--
-- BatchGetItem
--
-- in the order of the request; what is not there is left out; projections for each table
SELECT jsonb_pretty(dynamo.batch_get_item('{"RequestItems": {
	"batch_a": {"Keys": [{"pk": {"S": "p9"}}, {"pk": {"S": "nowhere"}}, {"pk": {"S": "p3"}}, {"pk": {"S": "2"}}],
		"ProjectionExpression": "#v, pk", "ExpressionAttributeNames": {"#v": "v"}, "ConsistentRead": true},
	"batch_b": {"Keys": [{"sk": {"S": "y"}, "pk": {"N": "1.00"}}], "AttributesToGet": ["lx"]},
	"batch_c": {"Keys": [{"pk": {"S": "nowhere"}}]}}}'));
-- nothing of an item projected
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"S": "2"}}], "ProjectionExpression": "x.y"}}}');
-- consumed capacity, item by item
SELECT dynamo.batch_get_item('{"ReturnConsumedCapacity": "TOTAL", "RequestItems": {
	"batch_a": {"Keys": [{"pk": {"S": "p9"}}, {"pk": {"S": "nowhere"}}], "ConsistentRead": true},
	"batch_c": {"Keys": [{"pk": {"S": "p1"}}, {"pk": {"S": "large1"}}]}}}') #> '{ConsumedCapacity}' AS consumed;

-- table by table: both families, duplicates in AttributesToGet, expressions, values, duplicate keys; all before the lookup
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{}], "AttributesToGet": ["a", "a"], "ProjectionExpression": ""}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{}], "ExpressionAttributeNames": {"#a": "a"}}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {}}, {"a": {}}], "AttributesToGet": ["a", "a"]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {}}, {"a": {}}], "ProjectionExpression": "a,"}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {}}], "ProjectionExpression": "a", "ExpressionAttributeNames": {"#a": "a"}}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {}}]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {"N": "1"}, "b": {"S": "x"}}, {"b": {"S": "x"}, "a": {"N": "1.0"}}]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"none": {"Keys": [{"a": {"N": "1"}}]}}}');
CREATE FUNCTION pg_temp.keys(n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('pk', jsonb_build_object('S', 'p' || i))) FROM generate_series(1, n) AS i $$;
SELECT dynamo.batch_get_item(jsonb_build_object('RequestItems', jsonb_build_object(
	'batch_a', jsonb_build_object('Keys', pg_temp.keys(60)), 'batch_c', jsonb_build_object('Keys', pg_temp.keys(41)))));
SELECT jsonb_array_length(r->'Responses'->'batch_a'), jsonb_array_length(r->'Responses'->'batch_c'), r->'UnprocessedKeys' FROM dynamo.batch_get_item(jsonb_build_object('RequestItems', jsonb_build_object(
	'batch_a', jsonb_build_object('Keys', pg_temp.keys(60)), 'batch_c', jsonb_build_object('Keys', pg_temp.keys(40))))) AS r;
-- after it
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"other": {"S": "1"}}]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"N": "1"}}]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"S": ""}}]}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"S": "1"}}], "ProjectionExpression": "pk.x"}}}');
SELECT dynamo.batch_get_item('{"RequestItems": {}}');

-- 16 MB at most, the rest comes back with what was asked of it
SELECT count(dynamo.put_item('batch_c', jsonb_build_object('pk', jsonb_build_object('S', 'big' || to_char(i, 'FM00')), 'v', jsonb_build_object('S', repeat('x', 409590)))))
	FROM generate_series(1, 45) AS i;
SELECT jsonb_array_length(r->'Responses'->'batch_c') AS items, jsonb_array_length(r->'Responses'->'batch_a') AS others,
	r->'UnprocessedKeys' AS unprocessed
	FROM dynamo.batch_get_item(jsonb_build_object('RequestItems', jsonb_build_object(
		'batch_c', jsonb_build_object('ConsistentRead', true, 'ProjectionExpression', '#p', 'ExpressionAttributeNames', '{"#p": "pk"}'::jsonb,
			'Keys', (SELECT jsonb_agg(jsonb_build_object('pk', jsonb_build_object('S', 'big' || to_char(i, 'FM00')))) FROM generate_series(1, 45) AS i)),
		'batch_a', '{"Keys": [{"pk": {"S": "2"}}]}'::jsonb))) AS r;

-- reads work where nothing can be written
BEGIN READ ONLY;
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"S": "2"}}]}}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"DeleteRequest": {"Key": {"pk": {"S": "2"}}}}]}}');
ROLLBACK;

-- privileges, for each table as single operations take them, before anything is written
CREATE ROLE batch_user;
GRANT INSERT, UPDATE ON dynamo_data.batch_a TO batch_user;
GRANT DELETE ON dynamo_data.batch_c TO batch_user;
SET ROLE batch_user;
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "role"}}}}], "batch_c": [{"DeleteRequest": {"Key": {"pk": {"S": "p1"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "role 2"}}}}], "batch_c": [{"PutRequest": {"Item": {"pk": {"S": "p1"}}}}]}}');
SELECT dynamo.batch_write_item('{"RequestItems": {"batch_a": [{"PutRequest": {"Item": {"pk": {"S": "role 2"}}}}, {"DeleteRequest": {"Key": {"pk": {"S": "role"}}}}]}}');
SELECT dynamo.batch_get_item('{"RequestItems": {"batch_a": {"Keys": [{"pk": {"S": "1"}}]}}}');
RESET ROLE;
SELECT item FROM dynamo_data.batch_a WHERE item->'pk'->>'S' LIKE 'role%';

DROP OWNED BY batch_user;
DROP ROLE batch_user;
DROP VIEW batch_all;
DROP TABLE batch_log;
SELECT dynamo.delete_table('{"TableName": "batch_a"}') IS NOT NULL, dynamo.delete_table('{"TableName": "batch_b"}') IS NOT NULL, dynamo.delete_table('{"TableName": "batch_c"}') IS NOT NULL;
DROP FUNCTION batch_statement(), batch_row();
