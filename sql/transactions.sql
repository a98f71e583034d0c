\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "trans_a",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "ix", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_ix", "KeySchema": [{"AttributeName": "ix", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "ALL"}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.create_table('{"TableName": "trans_b",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}, {"AttributeName": "sk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
CREATE VIEW trans_all AS
	SELECT 'a' AS t, item FROM dynamo_data.trans_a UNION ALL
	SELECT 'b', item FROM dynamo_data.trans_b;

-- what a transaction raises: message, and the reasons one by one
CREATE FUNCTION trans_write(request jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	RETURN NEXT dynamo.transact_write_items(request);
EXCEPTION WHEN SQLSTATE 'DY010' THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN NEXT message;
	RETURN QUERY SELECT reason::text FROM jsonb_array_elements(detail::jsonb->'CancellationReasons') AS reason;
END $$;

--
-- TransactWriteItems: all four actions, several tables
--
SELECT trans_write('{"TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}, "v": {"N": "01.0"}}}},
	{"Put": {"TableName": "trans_b", "Item": {"pk": {"N": "1"}, "sk": {"S": "x"}}}},
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "UpdateExpression": "ADD v :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}},
	{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "nowhere"}}}},
	{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}, "sk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
SELECT t, item FROM trans_all ORDER BY t, item::text;
SELECT trans_write('{"TransactItems": [
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "v = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}},
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "UpdateExpression": "SET v = v + :one, ix = :i", "ConditionExpression": "v = :one", "ExpressionAttributeValues": {":one": {"N": "1"}, ":i": {"S": "i"}}}},
	{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}, "sk": {"S": "x"}}, "ConditionExpression": "attribute_exists(sk)"}},
	{"Put": {"TableName": "trans_b", "Item": {"pk": {"N": "2"}, "sk": {"S": "x"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
SELECT t, item FROM trans_all ORDER BY t, item::text;
SELECT dynamo.query('trans_a', 'ix = :i', expression_attribute_values => '{":i": {"S": "i"}}', index_name => 'by_ix')->'Items' AS by_index;

--
-- cancellation: every member is evaluated, in the order of the request, and nothing is written
--
SELECT trans_write('{"TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "new"}}}},
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
	{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "2"}}}},
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_exists(pk)"}},
	{"Update": {"TableName": "trans_b", "Key": {"pk": {"N": "2"}, "sk": {"S": "x"}}, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}}]}');
-- the item, if it is there and asked for
SELECT trans_write('{"TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
	{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "ConditionExpression": "v = :v", "ExpressionAttributeValues": {":v": {"N": "99"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
	{"Update": {"TableName": "trans_b", "Key": {"pk": {"N": "2"}, "sk": {"S": "x"}}, "UpdateExpression": "SET a = :a", "ConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}, "ReturnValuesOnConditionCheckFailure": "NONE"}},
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]}');
-- faults that the item, the table or the size of the result show
SELECT trans_write(jsonb_build_object('TransactItems', jsonb_build_array(
	'{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "UpdateExpression": "SET v = nothing"}}'::jsonb,
	'{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "UpdateExpression": "SET v = v + ix"}}'::jsonb,
	'{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "3"}}, "UpdateExpression": "SET m.x = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}}'::jsonb,
	'{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "4"}}, "UpdateExpression": "SET pk = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}}'::jsonb,
	'{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "5"}}, "UpdateExpression": "SET ix = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}}}'::jsonb,
	'{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "6"}, "ix": {"N": "1"}}}}'::jsonb,
	'{"Put": {"TableName": "trans_a", "Item": {"x": {"S": "6"}}}}'::jsonb,
	'{"Put": {"TableName": "trans_a", "Item": {"pk": {"N": "6"}}}}'::jsonb,
	'{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}}}}'::jsonb,
	'{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"S": "1"}, "sk": {"S": "x"}}, "ConditionExpression": "attribute_exists(pk)"}}'::jsonb,
	'{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}, "sk": {"S": "x"}}, "ConditionExpression": "pk.a = pk"}}'::jsonb,
	jsonb_build_object('Update', jsonb_build_object('TableName', 'trans_a', 'Key', '{"pk": {"S": "7"}}'::jsonb, 'UpdateExpression', 'SET a = :v, b = :v',
		'ExpressionAttributeValues', jsonb_build_object(':v', jsonb_build_object('S', repeat('x', 300000))))),
	'{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "8"}}}}'::jsonb)));
SELECT t, item FROM trans_all ORDER BY t, item::text;
-- characters that JSON escapes
SELECT dynamo.put_item('{"TableName": "trans_a", "Item": {"pk": {"S": "escapes"}, "v": {"S": "\"\\\u0001\n"}}}');
SELECT trans_write('{"TransactItems": [{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "escapes"}},
	"ConditionExpression": "attribute_not_exists(v)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}}]}');
SELECT trans_write('{"TransactItems": [{"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "escapes"}}}}]}');
-- a failed action keeps later ones from being written, and is undone itself: row triggers tell
CREATE FUNCTION trans_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '% %', tg_op, coalesce(new.item, old.item);
	RETURN coalesce(new, old);
END $$;
CREATE TRIGGER r BEFORE INSERT OR UPDATE OR DELETE ON dynamo_data.trans_b FOR EACH ROW EXECUTE FUNCTION trans_row();
SELECT trans_write('{"TransactItems": [
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(pk)"}},
	{"Put": {"TableName": "trans_b", "Item": {"pk": {"N": "7"}, "sk": {"S": "y"}}}},
	{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "2"}, "sk": {"S": "x"}}}}]}');
SELECT trans_write('{"TransactItems": [
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_exists(pk)"}},
	{"Put": {"TableName": "trans_b", "Item": {"pk": {"N": "7"}, "sk": {"S": "y"}}}}]}');
DROP TRIGGER r ON dynamo_data.trans_b;

--
-- exceptions of the request as a whole
--
-- none or several of the four; before the tables are looked up
SELECT dynamo.transact_write_items('{"TransactItems": [{}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "none", "Item": {}}, "Delete": {"TableName": "none", "Key": {}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": []}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"ConditionCheck": {"TableName": "none", "Key": {}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Update": {"TableName": "none", "Key": {}}}]}');
-- expressions and values
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "none", "Item": {"pk": {}}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "none", "Item": {"pk": {"S": "1"}}, "ConditionExpression": "a ="}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "none", "Item": {"pk": {"S": "1"}}, "ExpressionAttributeValues": {":a": {"S": "x"}}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Update": {"TableName": "none", "Key": {"pk": {"S": "1"}}, "UpdateExpression": "SET a = :a"}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Delete": {"TableName": "none", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}, ":b": {"S": "x"}}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Update": {"TableName": "none", "Key": {"pk": {"S": "1"}}, "UpdateExpression": "SET #a = :a", "ExpressionAttributeNames": {"#a": 1}}}]}');
SELECT dynamo.transact_write_items(jsonb_build_object('TransactItems', jsonb_build_array(jsonb_build_object('Put', jsonb_build_object('TableName', 'none', 'Item',
	jsonb_build_object('pk', jsonb_build_object('S', repeat('x', 409599))))))));
-- 4 MB of payload: items, keys, values of expressions
CREATE FUNCTION pg_temp.payload(bytes int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('TransactItems', jsonb_agg(jsonb_build_object('Update', jsonb_build_object('TableName', 'trans_a',
		'Key', jsonb_build_object('pk', jsonb_build_object('S', 'payload' || to_char(i, 'FM00'))),
		'UpdateExpression', 'SET v = :v', 'ExpressionAttributeValues', jsonb_build_object(':v', jsonb_build_object('S', repeat('x', bytes / 20))))))) FROM generate_series(1, 20) AS i $$;
SELECT dynamo.transact_write_items(pg_temp.payload(4200000));
SELECT dynamo.transact_write_items(pg_temp.payload(3500000));
-- the items that are updated do not count
SELECT dynamo.transact_write_items(jsonb_build_object('TransactItems', jsonb_agg(jsonb_build_object('Update', jsonb_build_object('TableName', 'trans_a',
	'Key', jsonb_build_object('pk', jsonb_build_object('S', 'payload' || to_char(i, 'FM00'))), 'UpdateExpression', 'SET w = v, x = :x',
	'ExpressionAttributeValues', jsonb_build_object(':x', jsonb_build_object('S', repeat('x', 50000))))))))  FROM generate_series(1, 20) AS i;
SELECT count(*), min(dynamo.item_size(item)) FROM dynamo_data.trans_a WHERE item->'pk'->>'S' LIKE 'payload%';
SELECT dynamo.transact_write_items(jsonb_build_object('TransactItems', jsonb_agg(jsonb_build_object('Delete', jsonb_build_object('TableName', 'trans_a',
	'Key', jsonb_build_object('pk', jsonb_build_object('S', 'payload' || to_char(i, 'FM00'))))))))  FROM generate_series(1, 100) AS i;
-- a table that is not there, before whatever keys show
SELECT trans_write('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"x": {"S": "1"}}}}, {"Delete": {"TableName": "none", "Key": {"pk": {"S": "1"}}}}]}');
-- empty key values; one item twice, however its key is spelt, whatever else is wrong; the same key in two tables is two items
SELECT trans_write('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": ""}}}}]}');
SELECT trans_write('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}, "ix": {"S": ""}}}}]}');
SELECT trans_write('{"TransactItems": [{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}, "sk": {"S": ""}}}}]}');
SELECT trans_write('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}}}}, {"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}]}');
SELECT trans_write('{"TransactItems": [
	{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "1000"}, "sk": {"S": "x"}}, "ConditionExpression": "attribute_exists(pk)"}},
	{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}}}},
	{"Update": {"TableName": "trans_b", "Key": {"sk": {"S": "x"}, "pk": {"N": "1e3"}}, "UpdateExpression": "SET a = a"}}]}');

--
-- ClientRequestToken
--
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-1", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}');
-- again, with members in another order: nothing happens
SELECT dynamo.transact_write_items('{"TransactItems": [
	{"Update": {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}, "Key": {"pk": {"S": "counter"}}, "TableName": "trans_a"}}], "ClientRequestToken": "token-1"}');
SELECT item FROM dynamo_data.trans_a WHERE item->'pk'->>'S' = 'counter';
-- the same token, but something else
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-1", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "2"}}}}]}');
-- another token, as well as another role's token, is another request
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-2", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}');
CREATE ROLE trans_user;
GRANT SELECT, INSERT, UPDATE ON dynamo_data.trans_a TO trans_user;
SELECT dynamo.invoke_as('trans_user', 'TransactWriteItems', '{"ClientRequestToken": "token-1", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}');
SELECT dynamo.invoke_as('trans_user', 'TransactWriteItems', '{"ClientRequestToken": "token-1", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}}]}');
SELECT item FROM dynamo_data.trans_a WHERE item->'pk'->>'S' = 'counter';
-- a transaction that is cancelled has not happened: its token goes with it
SELECT trans_write('{"ClientRequestToken": "token-3", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ConditionExpression": "n = :four", "ExpressionAttributeValues": {":one": {"N": "1"}, ":four": {"N": "4"}}}}]}');
SELECT dynamo.update_item('trans_a', '{"pk": {"S": "counter"}}', 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}');
SELECT trans_write('{"ClientRequestToken": "token-3", "TransactItems": [
	{"Update": {"TableName": "trans_a", "Key": {"pk": {"S": "counter"}}, "UpdateExpression": "ADD n :one", "ConditionExpression": "n = :four", "ExpressionAttributeValues": {":one": {"N": "1"}, ":four": {"N": "4"}}}}]}');
BEGIN;
SELECT trans_write('{"ClientRequestToken": "token-4", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "rolled back"}}}}]}');
SELECT trans_write('{"ClientRequestToken": "token-4", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "rolled back"}}}}]}');
ROLLBACK;
SELECT token, role_id::regrole, length(request_hash), age(created_at) < '1 minute' AS recent FROM dynamo.request_tokens ORDER BY role_id::regrole::text COLLATE "C", token;
-- after ten minutes it is a new request, and what has expired goes
UPDATE dynamo.request_tokens SET created_at = created_at - interval '11 minutes';
INSERT INTO dynamo.request_tokens SELECT 0, i, '', now() - interval '1 hour' FROM generate_series(1, 9) AS i;
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-1", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "other"}}}}]}');
SELECT count(*) FILTER (WHERE created_at < now() - interval '10 minutes') AS expired, count(*) AS all FROM dynamo.request_tokens;
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-5", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "other"}}}}]}');
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-6", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "other"}}}}]}');
SELECT dynamo.transact_write_items('{"ClientRequestToken": "token-7", "TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "other"}}}}]}');
SELECT token FROM dynamo.request_tokens ORDER BY token;
-- nobody else sees or writes the table; its rows are not dumped
SET ROLE trans_user;
SELECT * FROM dynamo.request_tokens;
INSERT INTO dynamo.request_tokens VALUES (10, 'token-8', '', now());
RESET ROLE;
SELECT 'dynamo.request_tokens'::regclass = ANY (extconfig) AS dumped, (SELECT relpersistence FROM pg_class WHERE oid = 'dynamo.request_tokens'::regclass) FROM pg_extension WHERE extname = 'dynamo';

--
-- TransactGetItems
--
SELECT dynamo.transact_get_items('{"TransactItems": [
	{"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "ProjectionExpression": "#v", "ExpressionAttributeNames": {"#v": "v"}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ProjectionExpression": "x"}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [
	{"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "2"}}, "ProjectionExpression": "#v", "ExpressionAttributeNames": {"#v": "v"}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ProjectionExpression": "x"}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "none", "Key": {"pk": {}}}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "none", "Key": {"pk": {"S": "x"}}, "ProjectionExpression": "a, a"}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "none", "Key": {"pk": {"S": "x"}}, "ExpressionAttributeNames": {"#a": "a"}}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "none", "Key": {"pk": {"S": "x"}}}}]}');
\set VERBOSITY default
SELECT dynamo.transact_get_items('{"TransactItems": [
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"N": "1"}}}},
	{"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}}}},
	{"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "1"}, "sk": {"S": "x"}}, "ProjectionExpression": "pk.a"}}]}');
\set VERBOSITY terse
SELECT dynamo.transact_get_items(jsonb_build_object('TransactItems', jsonb_agg('{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}'::jsonb))) FROM generate_series(1, 2);
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "trans_a", "Key": {"pk": {"N": "1"}}}}, {"Get": {"TableName": "trans_a", "Key": {"pk": {"S": ""}}}}]}');
-- 4 MB of items
SELECT count(dynamo.put_item('trans_a', jsonb_build_object('pk', jsonb_build_object('S', 'big' || i), 'v', jsonb_build_object('S', repeat('x', 400000))))) FROM generate_series(1, 11) AS i;
SELECT jsonb_array_length(dynamo.transact_get_items(jsonb_build_object('TransactItems', jsonb_agg(jsonb_build_object('Get', jsonb_build_object(
	'TableName', 'trans_a', 'Key', jsonb_build_object('pk', jsonb_build_object('S', 'big' || i)), 'ProjectionExpression', 'pk')))))->'Responses') FROM generate_series(1, 10) AS i;
SELECT dynamo.transact_get_items(jsonb_build_object('TransactItems', jsonb_agg(jsonb_build_object('Get', jsonb_build_object(
	'TableName', 'trans_a', 'Key', jsonb_build_object('pk', jsonb_build_object('S', 'big' || i)), 'ProjectionExpression', 'pk'))))) FROM generate_series(1, 11) AS i;
-- reads work where nothing can be written
BEGIN READ ONLY;
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "1"}}}}]}');
ROLLBACK;

--
-- consumed capacity: double, reads and writes apart; a replay reads
--
SELECT jsonb_pretty(dynamo.transact_write_items('{"ReturnConsumedCapacity": "INDEXES", "ClientRequestToken": "capacity", "TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "capacity"}, "ix": {"S": "i"}}}},
	{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}, "ConditionExpression": "attribute_exists(pk)"}},
	{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "8"}, "sk": {"S": "y"}}}}]}'));
SELECT dynamo.transact_write_items('{"ReturnConsumedCapacity": "INDEXES", "ClientRequestToken": "capacity", "TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "capacity"}, "ix": {"S": "i"}}}},
	{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}, "ConditionExpression": "attribute_exists(pk)"}},
	{"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "8"}, "sk": {"S": "y"}}}}]}');
SELECT dynamo.transact_get_items('{"ReturnConsumedCapacity": "TOTAL", "TransactItems": [
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "capacity"}}, "ProjectionExpression": "pk"}},
	{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}}},
	{"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}}}]}');

--
-- privileges, of all tables before anything is done
--
SET ROLE trans_user;
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "role"}}}}, {"Delete": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "role"}}}}, {"Delete": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}]}');
SELECT dynamo.transact_get_items('{"TransactItems": [{"Get": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}}}, {"Get": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}}}]}');
RESET ROLE;
-- a check takes what SELECT ... FOR SHARE takes
GRANT SELECT ON dynamo_data.trans_b TO trans_user;
SET ROLE trans_user;
SELECT dynamo.transact_write_items('{"TransactItems": [{"ConditionCheck": {"TableName": "trans_b", "Key": {"pk": {"N": "7"}, "sk": {"S": "y"}}, "ConditionExpression": "attribute_exists(pk)"}}]}');
SELECT dynamo.transact_write_items('{"TransactItems": [{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "1"}}, "ConditionExpression": "attribute_exists(pk)"}}]}');
RESET ROLE;
SELECT count(*) FROM dynamo_data.trans_a WHERE item->'pk'->>'S' = 'role';

-- locks on keys are of a class that pg_advisory_lock() does not reach, and end with the transaction
BEGIN;
SELECT dynamo.transact_write_items('{"ClientRequestToken": "locks", "TransactItems": [
	{"Put": {"TableName": "trans_a", "Item": {"pk": {"S": "locked"}}}},
	{"ConditionCheck": {"TableName": "trans_a", "Key": {"pk": {"S": "absent"}}, "ConditionExpression": "attribute_not_exists(pk)"}}]}');
SELECT objsubid, mode, classid = 'dynamo_data.trans_a'::regclass AS item_table FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY objsubid, mode;
ROLLBACK;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
-- single writes and batches take none
BEGIN;
SELECT dynamo.put_item('trans_a', '{"pk": {"S": "single"}}'), dynamo.batch_write_item('{"RequestItems": {"trans_a": [{"PutRequest": {"Item": {"pk": {"S": "batch"}}}}]}}');
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;

DROP OWNED BY trans_user;
DROP ROLE trans_user;
DROP VIEW trans_all;
SELECT dynamo.delete_table('{"TableName": "trans_a"}') IS NOT NULL, dynamo.delete_table('{"TableName": "trans_b"}') IS NOT NULL;
DROP FUNCTION trans_row(), trans_write(jsonb);
DELETE FROM dynamo.request_tokens;
