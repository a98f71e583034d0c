\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "items",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.create_table('{"TableName": "items_sorted",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}, {"AttributeName": "sk", "AttributeType": "B"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;

-- PutItem and GetItem, all ten types, in normal form
SELECT dynamo.put_item('{"TableName": "items", "Item": {
	"pk": {"S": "all"}, "s": {"S": "text \u00e9 \u20ac"}, "n": {"N": "+001200.00"}, "b": {"B": "AP8="},
	"t": {"BOOL": true}, "f": {"BOOL": false}, "z": {"NULL": true},
	"l": {"L": [{"S": "x"}, {"N": "1e2"}, {"L": []}, {"M": {}}]},
	"m": {"M": {"a.b": {"S": ""}, "c": {"M": {"d": {"N": "-0"}}}}},
	"ss": {"SS": ["b", "a"]}, "ns": {"NS": ["10", "9", "-1"]}, "bs": {"BS": ["/w==", "AA=="]}, "e": {"S": ""}, "eb": {"B": ""}}}');
SELECT jsonb_pretty(dynamo.get_item('{"TableName": "items", "Key": {"pk": {"S": "all"}}}'));
-- what is stored is what is returned
SELECT item = dynamo.get_item('{"TableName": "items", "Key": {"pk": {"S": "all"}}}')->'Item' AS same FROM dynamo_data.items;
-- an absent item, a key as another spelling of the same number
SELECT dynamo.get_item('{"TableName": "items", "Key": {"pk": {"S": "absent"}}}');
SELECT dynamo.put_item('{"TableName": "items_sorted", "Item": {"pk": {"N": "1.50"}, "sk": {"B": "AQ=="}, "a": {"S": "x"}}}');
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"N": "15e-1"}, "sk": {"B": "AQ=="}}}');
-- a put replaces the whole item, and returns the old one if asked
SELECT dynamo.put_item('{"TableName": "items_sorted", "Item": {"pk": {"N": "1.5"}, "sk": {"B": "AQ=="}, "b": {"S": "y"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.put_item('{"TableName": "items_sorted", "Item": {"pk": {"N": "2"}, "sk": {"B": "AQ=="}}, "ReturnValues": "ALL_OLD"}');
SELECT item FROM dynamo_data.items_sorted ORDER BY key;

-- keys: missing, superfluous, wrong type, empty, too long
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"N": "1"}}}');
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"N": "1"}, "sk": {"B": "AQ=="}, "x": {"S": "a"}}}');
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"N": "1"}, "other": {"B": "AQ=="}}}');
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"S": "1"}, "sk": {"B": "AQ=="}}}');
SELECT dynamo.get_item('{"TableName": "items_sorted", "Key": {"pk": {"N": "1"}, "sk": {"B": ""}}}');
SELECT dynamo.delete_item('{"TableName": "items", "Key": {"pk": {"S": ""}}}');
SELECT dynamo.update_item('{"TableName": "items", "Key": {"other": {"S": "a"}}}');
SELECT dynamo.put_item('{"TableName": "items", "Item": {"a": {"S": "x"}}}');
SELECT dynamo.put_item('{"TableName": "items", "Item": {"pk": {"N": "1"}}}');
SELECT dynamo.put_item('{"TableName": "items", "Item": {"pk": {"S": ""}}}');
SELECT dynamo.put_item('items', jsonb_build_object('pk', jsonb_build_object('S', repeat('k', 2049))));
SELECT dynamo.put_item('items', jsonb_build_object('pk', jsonb_build_object('S', repeat('k', 2048))));
SELECT dynamo.put_item('items', jsonb_build_object('pk', jsonb_build_object('S', repeat('k', 2047) || 'l')));
SELECT length(dynamo.get_item('items', jsonb_build_object('pk', jsonb_build_object('S', repeat('k', 2048))))#>>'{Item,pk,S}');
SELECT right(dynamo.get_item('items', jsonb_build_object('pk', jsonb_build_object('S', repeat('k', 2047) || 'l')))#>>'{Item,pk,S}', 2);
SELECT dynamo.put_item('items_sorted', jsonb_build_object('pk', '{"N": "1"}'::jsonb, 'sk', jsonb_build_object('B', encode(decode(repeat('00', 1024), 'hex'), 'base64'))));
SELECT dynamo.put_item('items_sorted', jsonb_build_object('pk', '{"N": "1"}'::jsonb, 'sk', jsonb_build_object('B', replace(encode(decode(repeat('00', 1024), 'hex'), 'base64'), E'\n', ''))));
SELECT dynamo.put_item('items_sorted', jsonb_build_object('pk', '{"N": "1"}'::jsonb, 'sk', jsonb_build_object('B', replace(encode(decode(repeat('00', 1025), 'hex'), 'base64'), E'\n', ''))));

-- item size: 400 KB including names, to the byte
SELECT dynamo.put_item('items', jsonb_build_object('pk', '{"S": "big"}'::jsonb, 'a', jsonb_build_object('S', repeat('x', 409600 - 6))));
SELECT dynamo.put_item('items', jsonb_build_object('pk', '{"S": "big"}'::jsonb, 'a', jsonb_build_object('S', repeat('x', 409600 - 5))));
SELECT dynamo.update_item('items', '{"pk": {"S": "big"}}', 'SET b = :v', expression_attribute_values => '{":v": {"S": "x"}}');
SELECT length(dynamo.get_item('items', '{"pk": {"S": "big"}}')#>>'{Item,a,S}');

-- UpdateItem: creates, merges, all return modes
SELECT dynamo.update_item('{"TableName": "items", "Key": {"pk": {"S": "u"}}}');
SELECT dynamo.get_item('items', '{"pk": {"S": "u"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET a = :a, m = :m', expression_attribute_values => '{":a": {"N": "1"}, ":m": {"M": {"x": {"N": "1"}, "y": {"N": "2"}}}}', return_values => 'ALL_OLD');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET m.x = :a ADD a :a', expression_attribute_values => '{":a": {"N": "5"}}', return_values => 'UPDATED_OLD');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET m.x = m.x + :a ADD a :a', expression_attribute_values => '{":a": {"N": "5"}}', return_values => 'UPDATED_NEW');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET c = :a', expression_attribute_values => '{":a": {"N": "5"}}', return_values => 'UPDATED_OLD');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'REMOVE c', return_values => 'UPDATED_NEW');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'REMOVE m', return_values => 'ALL_NEW');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'REMOVE m', return_values => 'ALL_OLD');
SELECT dynamo.update_item('items', '{"pk": {"S": "new"}}', 'SET a = :a', expression_attribute_values => '{":a": {"N": "5"}}', return_values => 'ALL_OLD');
-- removing from an absent item makes none
SELECT dynamo.update_item('items', '{"pk": {"S": "none"}}', 'REMOVE a, b.c', return_values => 'ALL_NEW');
SELECT dynamo.get_item('items', '{"pk": {"S": "none"}}');
-- key attributes cannot be updated, nor reached into
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET pk = :a', expression_attribute_values => '{":a": {"S": "u"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'REMOVE pk');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET pk.a = :a', expression_attribute_values => '{":a": {"S": "u"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "u"}}', 'SET a = pk[0]');
-- an item that is created has its key when the update runs
SELECT dynamo.update_item('items', '{"pk": {"S": "created"}}', 'SET a = pk, b = if_not_exists(pk, :b)', expression_attribute_values => '{":b": {"S": "b"}}', return_values => 'ALL_NEW');
SELECT dynamo.delete_item('items', '{"pk": {"S": "created"}}');
SELECT dynamo.get_item('items', '{"pk": {"S": "u"}}', 'pk.a');
-- the failed update left nothing behind
SELECT dynamo.get_item('items', '{"pk": {"S": "u"}}');

-- conditions
SELECT dynamo.put_item('items', '{"pk": {"S": "c"}, "v": {"N": "1"}}', 'attribute_not_exists(pk)');
SELECT dynamo.put_item('items', '{"pk": {"S": "c"}, "v": {"N": "2"}}', 'attribute_not_exists(pk)');
\set VERBOSITY default
SELECT dynamo.put_item('items', '{"pk": {"S": "c"}, "v": {"N": "2"}}', 'attribute_not_exists(pk)', return_values_on_condition_check_failure => 'ALL_OLD');
\set VERBOSITY terse
SELECT dynamo.put_item('items', '{"pk": {"S": "c"}, "v": {"N": "2"}}', 'v = :one', expression_attribute_values => '{":one": {"N": "1.0"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "c"}}', 'SET v = v + :one', 'v = :one', expression_attribute_values => '{":one": {"N": "1"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "c"}}', 'SET v = v + :one', 'v > :one', expression_attribute_values => '{":one": {"N": "1"}}', return_values => 'UPDATED_NEW');
SELECT dynamo.delete_item('items', '{"pk": {"S": "c"}}', 'v = :one', expression_attribute_values => '{":one": {"N": "1"}}');
SELECT dynamo.delete_item('items', '{"pk": {"S": "c"}}', 'v = :three', expression_attribute_values => '{":three": {"N": "3"}}', return_values => 'ALL_OLD');
SELECT dynamo.delete_item('items', '{"pk": {"S": "c"}}', return_values => 'ALL_OLD');
SELECT dynamo.delete_item('items', '{"pk": {"S": "c"}}', 'attribute_exists(pk)');
DO $$
BEGIN
	PERFORM dynamo.delete_item('items', '{"pk": {"S": "c"}}', 'attribute_exists(pk)');
EXCEPTION WHEN SQLSTATE 'DY009' THEN
	RAISE INFO 'caught %: %', SQLSTATE, SQLERRM;
END $$;

-- parameters that do not go together, in the order of checks
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ConditionExpression": "a = b", "Expected": {}}');
SELECT dynamo.update_item('{"TableName": "missing", "Key": {"pk": {"S": "x"}}, "UpdateExpression": "", "AttributeUpdates": {}, "Expected": {}, "ExpressionAttributeNames": {"#a": "b"}}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ExpressionAttributeNames": {"#a": "b"}, "ExpressionAttributeValues": {":a": {"S": "b"}}}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ExpressionAttributeValues": {":a": {"S": "b"}}}');
SELECT dynamo.update_item('{"TableName": "missing", "Key": {"pk": {"S": "x"}}, "ExpressionAttributeValues": {":a": {"S": "b"}}}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"N": "x"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ConditionExpression": "a = :b", "ExpressionAttributeNames": {"#a": "b"}, "ExpressionAttributeValues": {":b": {"S": "b"}}}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": {"S": "b"}, ":c": {"S": "b"}}}');
SELECT dynamo.put_item('{"TableName": "missing", "Item": {"pk": {"S": "x"}}, "ConditionExpression": "a = :b", "ExpressionAttributeValues": {":b": {"S": "b"}}}');
SELECT dynamo.get_item('{"TableName": "missing", "Key": {"pk": {"S": "x"}}, "AttributesToGet": ["a", "b", "a"]}');
SELECT dynamo.get_item('{"TableName": "missing", "Key": {"pk": {"S": "x"}}, "AttributesToGet": ["a"], "ProjectionExpression": "a"}');
SELECT dynamo.get_item('{"TableName": "missing", "Key": {"pk": {"S": "x"}}, "ExpressionAttributeNames": {"#a": "b"}}');

-- projections
SELECT dynamo.get_item('items', '{"pk": {"S": "all"}}', 'm.c.d, l[1], l[0], #s, nothing', '{"#s": "s"}');
SELECT dynamo.get_item('items', '{"pk": {"S": "all"}}', 'nothing');
SELECT dynamo.get_item('{"TableName": "items", "Key": {"pk": {"S": "all"}}, "AttributesToGet": ["n", "pk", "absent"]}');

-- characters that jsonb cannot hold, and the one that stands for them
SELECT dynamo.invoke('PutItem', '{"TableName": "items", "Item": {"pk": {"S": "nul"}, "a\u0000": {"S": "x\u0000y\u0000"}, "b": {"S": "' || chr(1114111) || '"}}}');
SELECT dynamo.invoke('GetItem', '{"TableName": "items", "Key": {"pk": {"S": "nul"}}}') =
	'{"Item":{"b":{"S":"' || chr(1114111) || '"},"pk":{"S":"nul"},"a\u0000":{"S":"x\u0000y\u0000"}}}' AS same;
SELECT dynamo.invoke('PutItem', '{"TableName": "items", "Item": {"pk": {"S": "\u0000"}}}');
SELECT dynamo.invoke('GetItem', '{"TableName": "items", "Key": {"pk": {"S": "\u0000"}}}');
SELECT get_byte(key, 4) AS key_length, get_byte(key, 5) AS key_byte FROM dynamo_data.items WHERE item->'pk'->>'S' = chr(1114111) || '0';

-- no attribute has an empty name, or one of more than 65535 bytes
SELECT dynamo.put_item('items', '{"pk": {"S": "names"}, "": {"N": "x"}}');
SELECT dynamo.put_item('items', '{"pk": {"S": "names"}, "l": {"L": [{"M": {"": {"S": "x"}}}]}}');
SELECT dynamo.put_item('items', '{"pk": {"S": "names"}, "a": {"N": "x"}, "m": {"M": {"": {"S": "x"}}}}');
SELECT dynamo.put_item('items', jsonb_build_object('pk', '{"S": "names"}'::jsonb, 'm', jsonb_build_object('M', jsonb_build_object(repeat('é', 32768), '{"S": "x"}'::jsonb))));
SELECT dynamo.put_item('items', jsonb_build_object('pk', '{"S": "names"}'::jsonb, repeat('é', 32767) || 'e', '{"S": "x"}'::jsonb));
SELECT dynamo.get_item('items', '{"": {"S": "x"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "names"}}', 'SET a = :v', expression_attribute_values => '{":v": {"M": {"": {"S": "x"}}}}');
SELECT dynamo.get_item('{"TableName": "items", "Key": {"pk": {"S": "x"}}, "AttributesToGet": ["a", ""]}');
INSERT INTO dynamo_data.items (item) VALUES ('{"pk": {"S": "names"}, "m": {"M": {"": {"S": "x"}}}}');

-- several writes of one statement see each other
SELECT dynamo.update_item('items', '{"pk": {"S": "counter"}}', 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}', return_values => 'UPDATED_NEW')#>>'{Attributes,n,N}' AS n
FROM generate_series(1, 3);
-- a write that changes nothing writes nothing
SELECT xmin AS x, ctid AS t FROM dynamo_data.items WHERE item->'pk'->>'S' = 'counter' \gset
SELECT dynamo.put_item('items', '{"n": {"N": "3.0"}, "pk": {"S": "counter"}}');
SELECT dynamo.update_item('items', '{"pk": {"S": "counter"}}', 'SET n = :n REMOVE absent', expression_attribute_values => '{":n": {"N": "3"}}', return_values => 'ALL_NEW');
SELECT xmin = :'x' AND ctid = :'t' AS untouched FROM dynamo_data.items WHERE item->'pk'->>'S' = 'counter';

SELECT count(*) FROM (SELECT dynamo.delete_table(jsonb_build_object('TableName', name)) FROM unnest('{items,items_sorted}'::text[]) AS name) AS d;
