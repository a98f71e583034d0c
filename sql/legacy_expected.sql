-- Expected and ConditionalOperator, in PutItem, UpdateItem and DeleteItem.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT FROM dynamo.create_table('{"TableName": "lex", "BillingMode": "PAY_PER_REQUEST",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}');
SELECT dynamo.put_item('lex', '{"pk": {"S": "a"}, "s": {"S": "hello"}, "n": {"N": "5"}, "b": {"B": "aGVsbG//"}, "t": {"BOOL": true}, "z": {"NULL": true},
	"l": {"L": [{"S": "hello"}, {"N": "5"}, {"NULL": true}, {"BOOL": true}, {"L": [{"N": "7"}]}]}, "m": {"M": {"k": {"S": "v"}, "q": {"SS": ["x", "y"]}}},
	"ss": {"SS": ["hello", "you"]}, "ns": {"NS": ["5", "6"]}, "bs": {"BS": ["aGVsbG//", "/w=="]}, "m.k": {"S": "dotted"}}');

-- What becomes of a request: true, false (the condition failed), or the message
CREATE FUNCTION outcome(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.invoke(operation, ('{"TableName": "lex"}'::jsonb || request)::text);
	RETURN 'true';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE SQLERRM WHEN 'The conditional request failed' THEN 'false'
		ELSE replace(SQLERRM, 'One or more parameter values were invalid: ', 'V: ') END;
END $$;
CREATE FUNCTION expect(expected jsonb, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT outcome('UpdateItem', jsonb_build_object('Key', '{"pk": {"S": "a"}}'::jsonb, 'Expected', expected) || extra)
$$;
CREATE FUNCTION compare(attribute text, operator text, vals jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT expect(jsonb_build_object(attribute, jsonb_build_object('ComparisonOperator', operator, 'AttributeValueList', vals)))
$$;
-- Which attributes of the item a comparison holds for; or the message that all give
CREATE FUNCTION holds_for(operator text, vals jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN count(*) FILTER (WHERE r NOT IN ('true', 'false')) = 0 THEN '{' || coalesce(string_agg(a, ',' ORDER BY o) FILTER (WHERE r = 'true'), '') || '}'
		ELSE string_agg(DISTINCT r, ' | ') END
	  FROM unnest('{s,n,b,t,z,l,m,ss,ns,bs,none}'::text[]) WITH ORDINALITY u(a, o), LATERAL (SELECT compare(a, operator, vals) AS r OFFSET 0) c
$$;

-- every operator with values of every type, against attributes of every type
CREATE TABLE vals AS SELECT * FROM (VALUES (1, 'S', '{"S": "hello"}'::jsonb), (2, 'S', '{"S": "hell"}'), (3, 'S', '{"S": "z"}'), (4, 'N', '{"N": "5.0"}'), (5, 'N', '{"N": "7"}'),
	(6, 'B', '{"B": "aGVsbG//"}'), (7, 'B', '{"B": "/w=="}'), (8, 'BOOL', '{"BOOL": true}'), (9, 'NULL', '{"NULL": true}'),
	(10, 'L', '{"L": [{"S": "hello"}, {"N": "5"}, {"NULL": true}, {"BOOL": true}, {"L": [{"N": "7.0"}]}]}'), (11, 'M', '{"M": {"q": {"SS": ["y", "x"]}, "k": {"S": "v"}}}'),
	(12, 'SS', '{"SS": ["you", "hello"]}'), (13, 'NS', '{"NS": ["6", "5.0"]}'), (14, 'BS', '{"BS": ["/w==", "aGVsbG//"]}')) v(n, type, value);
SELECT operator, n, type, holds_for(operator, jsonb_build_array(value))
  FROM unnest('{EQ,NE,LT,LE,GT,GE,BEGINS_WITH,CONTAINS,NOT_CONTAINS,IN}'::text[]) WITH ORDINALITY o(operator, i), vals ORDER BY i, n;
SELECT holds_for('NULL', '[]') AS absent, holds_for('NOT_NULL', '[]') AS present;
SELECT v, holds_for('BETWEEN', v) FROM unnest(ARRAY['[{"S": "a"}, {"S": "hello"}]', '[{"N": "5"}, {"N": "5.0"}]', '[{"B": "aA=="}, {"B": "/w=="}]',
	'[{"N": "6"}, {"N": "7"}]', '[{"SS": ["a"]}, {"SS": ["b"]}]', '[{"BOOL": false}, {"BOOL": true}]']::jsonb[]) WITH ORDINALITY u(v, o) ORDER BY o;
SELECT v, holds_for('IN', v) FROM unnest(ARRAY['[{"N": "1"}, {"N": "5"}, {"N": "9"}]', '[{"S": "you"}, {"S": "me"}]', '[{"B": "/w=="}, {"B": "aGVsbG//"}]', '[{"L": []}]',
	'[{"S": "hello"}, {"N": "5"}]']::jsonb[]) WITH ORDINALITY u(v, o) ORDER BY o;
-- more values in IN than an expression could have
SELECT compare('n', 'IN', (SELECT jsonb_agg(jsonb_build_object('N', i::text)) FROM generate_series(5, 500) i)),
	compare('n', 'IN', (SELECT jsonb_agg(jsonb_build_object('N', i::text)) FROM generate_series(6, 500) i));
-- a dot is a dot, a bracket a bracket
SELECT compare('m.k', 'EQ', '[{"S": "dotted"}]'), compare('m.q', 'NULL', '[]'), compare('l[0]', 'NULL', '[]');

-- number of values, types that go together, bounds
SELECT operator, n, compare('n', operator, (SELECT coalesce(jsonb_agg('{"N": "5"}'::jsonb), '[]') FROM generate_series(1, n)))
  FROM unnest('{EQ,NE,LT,LE,GT,GE,BEGINS_WITH,CONTAINS,NOT_CONTAINS,IN,BETWEEN,"NULL",NOT_NULL}'::text[]) WITH ORDINALITY o(operator, i), generate_series(0, 3) n ORDER BY i, n;
SELECT compare('n', 'BETWEEN', '[{"N": "5"}, {"S": "5"}]');
SELECT compare('n', 'BETWEEN', '[{"N": "6"}, {"N": "5"}]'), compare('s', 'BETWEEN', '[{"S": "b"}, {"S": "a"}]'), compare('b', 'BETWEEN', '[{"B": "/w=="}, {"B": "AA=="}]');
SELECT expect('{"a": {"ComparisonOperator": "EQ"}}');
SELECT expect('{"n": {"ComparisonOperator": "LT", "Value": {"N": "6"}}}'), expect('{"n": {"ComparisonOperator": "BETWEEN", "Value": {"N": "6"}}}'), expect('{"n": {"ComparisonOperator": "NULL", "Value": {"N": "6"}}}');
SELECT expect('{"n": {"ComparisonOperator": "NULL"}}'), expect('{"none": {"ComparisonOperator": "NULL"}}'), expect('{"n": {"ComparisonOperator": "NOT_NULL"}}');
SELECT expect('{"n": {"ComparisonOperator": "eq", "Value": {"N": "6"}}}');

-- Value and Exists
SELECT e, expect(jsonb_build_object('n', e)) FROM unnest(ARRAY['{"Value": {"N": "5.00"}}', '{"Value": {"S": "5"}}', '{"Exists": true, "Value": {"N": "5"}}', '{"Exists": true, "Value": {"N": "6"}}',
	'{"Exists": false}', '{"Exists": true}', '{}', '{"Exists": false, "Value": {"N": "5"}}', '{"Exists": "yes", "Value": {"N": "5"}}', '{"Value": null, "Exists": false}']::jsonb[]) WITH ORDINALITY u(e, o) ORDER BY o;
SELECT expect('{"none": {"Exists": false}}'), expect('{"none": {"Value": {"NULL": true}}}'), expect('{"ss": {"Value": {"SS": ["you", "hello"]}}}');

-- values that are none
SELECT expect('{"a": {"Value": {"N": "x"}}}'), expect('{"a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"SS": []}]}}'), expect('{"a": {"Value": {}}}'), expect('{"": {"Exists": false}}');

-- order of the checks within an attribute, and attribute by attribute
SELECT e, expect(jsonb_build_object('a', e)) FROM unnest(ARRAY['{"Value": {"N": "x"}, "AttributeValueList": [], "ComparisonOperator": "EQ", "Exists": true}',
	'{"ComparisonOperator": "EQ", "Exists": true}', '{"AttributeValueList": [], "Exists": true}', '{"Exists": false, "Value": {"N": "x"}}',
	'{"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "x"}]}', '{"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"SS": ["a"]}, {"S": "b"}]}']::jsonb[]) WITH ORDINALITY u(e, o) ORDER BY o;
SELECT expect('{"a": {"Exists": true}, "b": {"Value": {"N": "x"}}}'), expect('{"a": {"Value": {"N": "x"}}, "b": {"Exists": true}}');

-- ConditionalOperator: all or any
SELECT o, a, b, expect(jsonb_build_object('n', jsonb_build_object('Value', jsonb_build_object('N', a)), 's', jsonb_build_object('Value', jsonb_build_object('S', b))),
		CASE WHEN o IS NULL THEN '{}' ELSE jsonb_build_object('ConditionalOperator', o) END)
  FROM unnest('{NULL,AND,OR}'::text[]) WITH ORDINALITY u(o, i), unnest('{5,6}'::text[]) a, unnest('{hello,x}'::text[]) b ORDER BY i, a, b;
SELECT o, expect((SELECT jsonb_object_agg('a' || i, '{"Exists": false}'::jsonb) FROM generate_series(1, 999) i) || '{"n": {"Value": {"N": "6"}}}', jsonb_build_object('ConditionalOperator', o)) FROM unnest('{AND,OR}'::text[]) o;
SELECT expect('{}'), expect('{}', '{"ConditionalOperator": "AND"}'), outcome('UpdateItem', '{"Key": {"pk": {"S": "a"}}, "ConditionalOperator": "OR"}');
SELECT expect('{"n": {"Value": {"N": "5"}}}', '{"ConditionalOperator": "AND"}'), expect('{"n": {"Exists": true}}', '{"ConditionalOperator": "AND"}'), expect('{}', '{"ConditionalOperator": "and"}');

-- all three operations; the item that there is not
SELECT outcome('PutItem', '{"Item": {"pk": {"S": "new"}, "v": {"N": "1"}}, "Expected": {"pk": {"Exists": false}}}') AS put, outcome('PutItem', '{"Item": {"pk": {"S": "new"}}, "Expected": {"pk": {"Exists": false}}}') AS again;
SELECT outcome('DeleteItem', '{"Key": {"pk": {"S": "new"}}, "Expected": {"v": {"Value": {"N": "2"}}}}') AS other, outcome('DeleteItem', '{"Key": {"pk": {"S": "new"}}, "Expected": {"v": {"Value": {"N": "1"}}}}') AS same;
SELECT outcome('DeleteItem', '{"Key": {"pk": {"S": "new"}}, "Expected": {"v": {"ComparisonOperator": "NOT_NULL"}}}') AS gone;
SELECT outcome('UpdateItem', '{"Key": {"pk": {"S": "new"}}, "Expected": {"v": {"Value": {"N": "1"}}}, "AttributeUpdates": {"v": {"Value": {"N": "2"}}}}') AS absent;
SELECT count(*) AS items FROM dynamo_data.lex;
\set VERBOSITY default
SELECT dynamo.delete_item('{"TableName": "lex", "Key": {"pk": {"S": "a"}}, "Expected": {"n": {"Exists": false}}, "ReturnValuesOnConditionCheckFailure": "NONE"}');
SELECT dynamo.put_item('{"TableName": "lex", "Item": {"pk": {"S": "r"}, "v": {"N": "1"}}}');
SELECT dynamo.delete_item('{"TableName": "lex", "Key": {"pk": {"S": "r"}}, "Expected": {"v": {"Exists": false}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
\set VERBOSITY terse

-- with expressions: refused, and before anything else; also when empty
SELECT outcome('PutItem', '{"Item": {"pk": {}}, "Expected": {}, "ConditionExpression": ""}');
SELECT outcome('PutItem', '{"Item": {"pk": {"S": "a"}}, "ConditionalOperator": "AND", "ConditionExpression": "a = b"}');
SELECT outcome('DeleteItem', '{"Key": {"pk": {}}, "Expected": {"a": {}}, "ConditionalOperator": "OR", "ConditionExpression": "a = b"}');
SELECT outcome('UpdateItem', '{"Key": {"pk": {}}, "Expected": {}, "AttributeUpdates": {}, "ConditionalOperator": "OR", "ConditionExpression": "a = b", "UpdateExpression": ""}');
SELECT outcome('UpdateItem', '{"Key": {"pk": {"S": "a"}}, "Expected": {}, "UpdateExpression": "REMOVE a"}');
SELECT outcome('UpdateItem', '{"Key": {"pk": {"S": "a"}}, "Expected": {}, "ExpressionAttributeNames": {"#a": "a"}}'), outcome('UpdateItem', '{"Key": {"pk": {"S": "a"}}, "Expected": {}, "ExpressionAttributeValues": {":a": {"N": "1"}}}');

-- order: values, return mode, size, then Expected, all before the table is looked up; its key after that
SELECT outcome('PutItem', '{"TableName": "missing", "Item": {"pk": {"N": "x"}}, "Expected": {"a": {}}, "ReturnValues": "ALL_NEW"}');
SELECT outcome('PutItem', '{"TableName": "missing", "Item": {"pk": {"N": "1"}}, "Expected": {"a": {}}, "ReturnValues": "ALL_NEW"}');
SELECT outcome('PutItem', jsonb_build_object('TableName', 'missing', 'Item', jsonb_build_object('pk', jsonb_build_object('S', repeat('x', 409600))), 'Expected', '{"a": {}}'::jsonb));
SELECT outcome('PutItem', '{"TableName": "missing", "Item": {"pk": {"N": "1"}}, "Expected": {"a": {}}}');
SELECT outcome('UpdateItem', '{"TableName": "missing", "Key": {"pk": {"N": "x"}}, "AttributeUpdates": {"a": {}}, "Expected": {"a": {}}}');
SELECT outcome('UpdateItem', '{"TableName": "missing", "Key": {"pk": {"N": "1"}}, "AttributeUpdates": {"a": {}}, "Expected": {"a": {}}}');
SELECT outcome('UpdateItem', '{"TableName": "missing", "Key": {"pk": {"N": "1"}}, "Expected": {"a": {}}}');
SELECT outcome('DeleteItem', '{"TableName": "missing", "Key": {"pk": {"N": "x"}}, "Expected": {"a": {}}}'), outcome('DeleteItem', '{"TableName": "missing", "Key": {"pk": {"N": "1"}}, "Expected": {"a": {}}}');
SELECT outcome('DeleteItem', '{"TableName": "missing", "Key": {"pk": {"N": "1"}}, "Expected": {"a": {"Exists": false}}}');
SELECT outcome('DeleteItem', '{"Key": {"pk": {"N": "1"}}, "Expected": {"pk": {"Exists": false}}}');

-- U+0000 and its escape in values and names
SELECT outcome('PutItem', '{"Item": {"pk": {"S": "nul"}, "v": {"S": "a"}}}');
SELECT dynamo.invoke('PutItem', '{"TableName": "lex", "Item": {"pk": {"S": "nul"}, "v\u0000": {"S": "a\u0000b"}}}');
SELECT dynamo.invoke('DeleteItem', '{"TableName": "lex", "Key": {"pk": {"S": "nul"}}, "Expected": {"v\u0000": {"Value": {"S": "ab"}}}}');
SELECT dynamo.invoke('DeleteItem', '{"TableName": "lex", "Key": {"pk": {"S": "nul"}}, "Expected": {"v\u0000": {"Value": {"S": "a\u0000b"}}}}');

DROP TABLE vals;
DROP FUNCTION holds_for, compare, expect, outcome;
SELECT dynamo.delete_table('{"TableName": "lex"}') IS NOT NULL AS deleted;
