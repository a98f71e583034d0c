-- AttributeUpdates: PUT, ADD and DELETE.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT FROM dynamo.create_table('{"TableName": "lup", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "N"}, {"AttributeName": "g", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by_g", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}]}');

-- The new item without its key, or the message
CREATE FUNCTION update_with(updates jsonb, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (dynamo.update_item(jsonb_build_object('TableName', 'lup', 'Key', '{"pk": {"S": "a"}, "sk": {"N": "1"}}'::jsonb,
		'AttributeUpdates', updates, 'ReturnValues', 'ALL_NEW') || extra)->'Attributes')::jsonb - 'pk' - 'sk';
EXCEPTION WHEN OTHERS THEN
	RETURN replace(SQLERRM, 'One or more parameter values were invalid: ', 'V: ');
END $$;
-- What one action makes of an attribute of an item that has all types; other attributes must stay as they are
CREATE FUNCTION act(attribute text, action text, value jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	item jsonb := '{"pk": {"S": "a"}, "sk": {"N": "1"}, "s": {"S": "x"}, "n": {"N": "5"}, "b": {"B": "AQ=="}, "t": {"BOOL": true}, "z": {"NULL": true}, "l": {"L": [{"N": "1"}, {"L": []}]},
		"m": {"M": {"k": {"S": "v"}}}, "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AQ==", "Ag=="]}}';
	result text;
	stored jsonb;
BEGIN
	PERFORM dynamo.put_item('lup', item);
	result := update_with(jsonb_build_object(attribute, jsonb_strip_nulls(jsonb_build_object('Action', action, 'Value', value))));
	SELECT lup.item INTO stored FROM dynamo_data.lup WHERE lup.item #>> '{pk,S}' = 'a';
	IF stored - attribute IS DISTINCT FROM item - attribute THEN
		RETURN 'others changed: ' || stored;
	ELSIF left(result, 1) = '{' THEN
		RETURN coalesce((result::jsonb -> attribute)::text, 'gone');
	ELSIF stored IS DISTINCT FROM item THEN
		RETURN 'changed in spite of ' || result;
	END IF;
	RETURN result;
END $$;

-- every action with values of every type, on attributes of every type
CREATE TABLE vals AS SELECT * FROM (VALUES (1, '{"S": "x"}'::jsonb), (2, '{"N": "-1.50"}'), (3, '{"B": "AQ=="}'), (4, '{"BOOL": true}'), (5, '{"NULL": true}'), (6, '{"L": [{"S": "e"}, {"N": "01"}]}'),
	(7, '{"M": {}}'), (8, '{"SS": ["c", "b"]}'), (9, '{"NS": ["2.0", "10"]}'), (10, '{"BS": ["/w==", "AQ=="]}')) v(n, value);
CREATE TABLE attributes AS SELECT * FROM unnest('{s,n,b,t,z,l,m,ss,ns,bs,none}'::text[]) WITH ORDINALITY u(a, i);
SELECT value AS put, string_agg(DISTINCT act(a, 'PUT', value), ' | ') AS always FROM vals, attributes GROUP BY n, value ORDER BY n;
SELECT value, a, act(a, 'ADD', value) AS added FROM vals, attributes WHERE n IN (2, 6, 8, 9, 10) ORDER BY n, i;
SELECT value, a, act(a, 'DELETE', value) AS deleted FROM vals, attributes WHERE n >= 8 ORDER BY n, i;
SELECT string_agg(DISTINCT act(a, 'DELETE', NULL), ' | ') AS always FROM attributes WHERE a <> 'none';
SELECT act('none', 'DELETE', NULL), act('s', NULL, '{"S": "default"}'), act('ss', 'DELETE', '{"SS": ["a", "b", "c"]}') AS emptied;
-- actions without a value, or with one that they do not take
SELECT update_with(jsonb_build_object('a', jsonb_build_object('Action', action))) FROM unnest('{PUT,ADD}'::text[]) action UNION ALL SELECT update_with('{"a": {}}');
SELECT value, act('none', 'ADD', value) AS added, act('none', 'DELETE', value) AS deleted FROM vals ORDER BY n;
SELECT update_with('{"a": {"Action": "APPEND", "Value": {"N": "1"}}}'), update_with('{"a": {"Action": "put", "Value": {"N": "1"}}}');
-- values that are none; lists may be empty
SELECT update_with('{"a": {"Value": {"N": "x"}}}'), update_with('{"a": {"Action": "ADD", "Value": {"SS": []}}}'), update_with('{"a": {"Action": "DELETE", "Value": {"NS": ["1", "1.0"]}}}'), update_with('{"a": {"Value": {}}}');
SELECT act('l', 'ADD', '{"L": []}'), act('none', 'ADD', '{"L": []}'), update_with('{"": {"Action": "DELETE"}}');
-- arithmetic
SELECT act('n', 'ADD', '{"N": "1e125"}'), act('n', 'ADD', '{"N": "1e-130"}'), act('n', 'ADD', '{"N": "-5"}'), act('n', 'ADD', '{"N": "1e126"}');

-- several attributes: attribute by attribute, all or nothing
SELECT act('n', 'PUT', '{"N": "1"}');
SELECT update_with('{"n": {"Action": "ADD", "Value": {"N": "2"}}, "s": {"Action": "DELETE"}, "new": {"Value": {"M": {"x": {"L": []}}}}, "ss": {"Action": "DELETE", "Value": {"SS": ["a"]}}}');
SELECT update_with('{"n": {"Action": "ADD", "Value": {"N": "2"}}, "t": {"Action": "ADD", "Value": {"N": "2"}}}'), update_with('{}');
SELECT update_with('{"a": {"Action": "ADD", "Value": {"S": "x"}}, "b": {"Value": {"N": "x"}}}'), update_with('{"a": {"Value": {"N": "x"}}, "b": {"Action": "ADD", "Value": {"S": "x"}}}');
-- a dot is a dot
SELECT update_with('{"m.k": {"Value": {"S": "dotted"}}, "l[0]": {"Value": {"S": "bracket"}}, "#a": {"Value": {"S": ":a"}}}')::jsonb - '{n,b,t,z,new,ns,bs,ss}'::text[];

-- ReturnValues
CREATE FUNCTION returned(mode text, updates jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.put_item('lup', '{"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": "5"}, "s": {"S": "x"}}');
	SELECT dynamo.update_item(jsonb_build_object('TableName', 'lup', 'Key', '{"pk": {"S": "a"}, "sk": {"N": "1"}}'::jsonb, 'ReturnValues', mode, 'AttributeUpdates', updates));
$$;
SELECT mode, returned(mode, '{"n": {"Action": "ADD", "Value": {"N": "1"}}, "a": {"Value": {"S": "new"}}, "s": {"Action": "DELETE"}, "none": {"Action": "DELETE"}}')
  FROM unnest('{NONE,ALL_OLD,UPDATED_OLD,ALL_NEW,UPDATED_NEW}'::text[]) WITH ORDINALITY u(mode, i) ORDER BY i;
SELECT mode, returned(mode, '{"none": {"Action": "DELETE"}}'), returned(mode, '{}') FROM unnest('{ALL_OLD,UPDATED_OLD,ALL_NEW,UPDATED_NEW}'::text[]) WITH ORDINALITY u(mode, i) ORDER BY i;

-- the item that there is not: created, unless there is only something to take away
CREATE FUNCTION created(sk int, updates jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.update_item(jsonb_build_object('TableName', 'lup', 'Key', jsonb_build_object('pk', '{"S": "new"}'::jsonb, 'sk', jsonb_build_object('N', sk::text)), 'ReturnValues', 'ALL_NEW', 'AttributeUpdates', updates));
$$;
SELECT created(1, '{"a": {"Action": "DELETE"}}'), created(2, '{"a": {"Action": "DELETE", "Value": {"SS": ["x"]}}}'), created(3, '{}'), created(4, '{"a": {"Value": {"S": "x"}}}');
SELECT created(5, '{"a": {"Action": "ADD", "Value": {"N": "3"}}}'), created(6, '{"a": {"Action": "ADD", "Value": {"L": [{"N": "3"}]}}, "b": {"Action": "DELETE"}}'), created(7, '{"a": {"Action": "ADD", "Value": {"NS": ["3"]}}}');
SELECT item->'sk'->>'N' AS sk FROM dynamo_data.lup WHERE item #>> '{pk,S}' = 'new' ORDER BY 1;

-- keys and index keys
SELECT update_with('{"pk": {"Action": "DELETE"}}'), update_with('{"sk": {"Action": "ADD", "Value": {"N": "1"}}, "pk": {"Value": {"S": "a"}}}'), update_with('{"sk": {"Action": "ADD", "Value": {"N": "1"}}}');
SELECT update_with('{"g": {"Value": {"N": "1"}}}'), update_with('{"g": {"Action": "ADD", "Value": {"L": []}}}'), update_with('{"g": {"Value": {"S": ""}}}');
SELECT update_with('{"g": {"Value": {"S": "red"}}}') IS NOT NULL AS set;
SELECT dynamo.query('{"TableName": "lup", "IndexName": "by_g", "Select": "COUNT", "KeyConditions": {"g": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "red"}]}}}');
SELECT update_with('{"g": {"Action": "DELETE"}}') IS NOT NULL AS unset;
SELECT dynamo.query('{"TableName": "lup", "IndexName": "by_g", "Select": "COUNT", "KeyConditions": {"g": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "red"}]}}}');

-- size and depth of what comes out
SELECT update_with(jsonb_build_object('big', jsonb_build_object('Value', jsonb_build_object('S', repeat('x', 409600)))));
SELECT length(update_with(jsonb_build_object('big', jsonb_build_object('Action', 'ADD', 'Value', jsonb_build_object('L', jsonb_build_array(jsonb_build_object('S', repeat('x', 300000)))))))) > 300000 AS fits;
SELECT update_with(jsonb_build_object('big', jsonb_build_object('Action', 'ADD', 'Value', jsonb_build_object('L', jsonb_build_array(jsonb_build_object('S', repeat('x', 300000))))))) AS too_much;
SELECT left(update_with(jsonb_build_object('deep', jsonb_build_object('Action', 'ADD', 'Value', (repeat('{"L": [', n) || repeat(']}', n))::jsonb))), 40) FROM unnest('{32,33}'::int[]) n;

-- hundreds of attributes
SELECT update_with((SELECT jsonb_object_agg('a' || i, jsonb_build_object('Value', jsonb_build_object('N', i::text))) FROM generate_series(1, 2000) i)) IS NOT NULL AS put;
SELECT update_with((SELECT jsonb_object_agg('a' || i, CASE WHEN i % 2 = 0 THEN '{"Action": "DELETE"}'::jsonb ELSE '{"Action": "ADD", "Value": {"N": "1"}}' END) FROM generate_series(1, 2000) i)
	|| '{"a1999": {"Action": "DELETE"}}', '{"ReturnValues": "UPDATED_NEW"}') = (SELECT jsonb_object_agg('a' || i, jsonb_build_object('N', (i + 1)::text)) FROM generate_series(1, 1997, 2) i)::text AS as_added;
SELECT count(*), sum((value->>'N')::int) FROM dynamo_data.lup, jsonb_each(item) AS e(name, value) WHERE item #>> '{pk,S}' = 'a' AND name ~ '^a\d';

-- with Expected; with expressions; before the table is looked up
SELECT act('n', 'PUT', '{"N": "7"}'), update_with('{"n": {"Value": {"N": "8"}}}', '{"Expected": {"n": {"Value": {"N": "6"}}}}'), update_with('{"n": {"Value": {"N": "8"}}}', '{"Expected": {"n": {"Value": {"N": "7"}}}}')::jsonb -> 'n' AS n;
SELECT update_with('{"n": {}}', '{"UpdateExpression": "SET"}');
SELECT update_with('{}', '{"ConditionExpression": "attribute_exists(pk)"}');
SELECT update_with('{"n": {"Value": {"N": "8"}}}', '{"ExpressionAttributeValues": {":a": {"N": "1"}}}');
SELECT update_with('{"a": {}}', '{"TableName": "missing"}'), update_with('{"a": {"Action": "DELETE"}}', '{"TableName": "missing"}');

DROP TABLE vals, attributes;
DROP FUNCTION created, returned, act, update_with;
SELECT dynamo.delete_table('{"TableName": "lup"}') IS NOT NULL AS deleted;
