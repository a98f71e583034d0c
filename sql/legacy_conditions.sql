-- KeyConditions, QueryFilter, ScanFilter and AttributesToGet.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- Tables with a sort key of each type and one without; n has indexes
SELECT count(*) FROM unnest('{S,N,B}'::text[]) t, LATERAL dynamo.create_table(jsonb_build_object('TableName', 'lco_' || lower(t), 'BillingMode', 'PAY_PER_REQUEST',
	'AttributeDefinitions', jsonb_build_array('{"AttributeName": "pk", "AttributeType": "S"}'::jsonb, jsonb_build_object('AttributeName', 'sk', 'AttributeType', t))
		|| CASE t WHEN 'N' THEN '[{"AttributeName": "g", "AttributeType": "S"}, {"AttributeName": "h", "AttributeType": "N"}]'::jsonb ELSE '[]' END,
	'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]'::jsonb)
	|| CASE t WHEN 'N' THEN '{"GlobalSecondaryIndexes": [
			{"IndexName": "by_g", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["s"]}, "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "RANGE"}]},
			{"IndexName": "two_hash", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "HASH"}]},
			{"IndexName": "two_range", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "RANGE"}, {"AttributeName": "sk", "KeyType": "RANGE"}]}],
		"LocalSecondaryIndexes": [{"IndexName": "local", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "h", "KeyType": "RANGE"}]}]}'::jsonb ELSE '{}' END) created;
SELECT FROM dynamo.create_table('{"TableName": "lco_h", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}], "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}');
SELECT count(dynamo.put_item('lco_s', jsonb_build_object('pk', '{"S": "p"}'::jsonb, 'sk', jsonb_build_object('S', s)))) FROM unnest('{a,ab,abc,b,z,é,ÿ}'::text[]) s;
SELECT count(dynamo.put_item('lco_b', jsonb_build_object('pk', '{"S": "p"}'::jsonb, 'sk', jsonb_build_object('B', encode(decode(b, 'hex'), 'base64'))))) FROM unnest('{00,01,0100,7f,80,ff,ff00,ffff}'::text[]) b;
SELECT count(dynamo.put_item('lco_n', jsonb_build_object('pk', jsonb_build_object('S', 'p' || p), 'sk', jsonb_build_object('N', i::text), 'g', '{"S": "red"}'::jsonb, 'h', jsonb_build_object('N', (10 - i)::text),
	's', jsonb_build_object('S', 'item ' || i), 'n', jsonb_build_object('N', (i * i)::text)) || CASE i % 3 WHEN 0 THEN '{"u": {"SS": ["x", "y"]}}' WHEN 1 THEN '{"u": {"S": "xylem"}}' ELSE '{}' END::jsonb))
  FROM generate_series(1, 2) p, generate_series(-2, 9) i;
SELECT dynamo.put_item('lco_h', '{"pk": {"N": "1"}, "a": {"S": "x"}}');

-- What a request answers: sort keys in order, or the message
CREATE FUNCTION answer(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	r jsonb;
BEGIN
	r := dynamo.invoke(operation, ('{"TableName": "lco_n"}'::jsonb || request)::text);
	RETURN (SELECT '{' || coalesce(string_agg(CASE WHEN i->'sk' ? 'B' THEN encode(decode(i #>> '{sk,B}', 'base64'), 'hex') ELSE coalesce(i #>> '{sk,S}', i #>> '{sk,N}', '?') END, ',' ORDER BY o), '') || '}'
		FROM jsonb_array_elements(r -> 'Items') WITH ORDINALITY e(i, o));
EXCEPTION WHEN OTHERS THEN
	RETURN replace(SQLERRM, 'One or more parameter values were invalid: ', 'V: ');
END $$;
CREATE FUNCTION condition(operator text, vals jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('ComparisonOperator', operator, 'AttributeValueList', vals)
$$;
CREATE FUNCTION ask(table_name text, operator text, vals jsonb, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT answer('Query', jsonb_build_object('TableName', table_name, 'KeyConditions', jsonb_build_object('sk', condition(operator, vals), 'pk', condition('EQ', jsonb_build_array(jsonb_build_object('S', CASE table_name WHEN 'lco_n' THEN 'p1' ELSE 'p' END))))) || extra)
$$;

-- every operator that a sort key takes, on every type
SELECT operator, ask('lco_s', operator, '[{"S": "ab"}]') AS s, ask('lco_n', operator, '[{"N": "3.0"}]') AS n, ask('lco_b', operator, '[{"B": "AQA="}]') AS b
  FROM unnest('{EQ,LT,LE,GT,GE}'::text[]) WITH ORDINALITY u(operator, i) ORDER BY i;
SELECT ask('lco_s', 'BETWEEN', '[{"S": "ab"}, {"S": "z"}]') AS s, ask('lco_n', 'BETWEEN', '[{"N": "-1"}, {"N": "20e-1"}]') AS n, ask('lco_b', 'BETWEEN', '[{"B": "AQA="}, {"B": "/w=="}]') AS b;
SELECT ask('lco_s', 'BEGINS_WITH', '[{"S": "ab"}]') AS s, ask('lco_b', 'BEGINS_WITH', '[{"B": "AQ=="}]') AS b, ask('lco_b', 'BEGINS_WITH', '[{"B": "/w=="}]') AS ff, ask('lco_n', 'BEGINS_WITH', '[{"N": "1"}]') AS n;
SELECT ask('lco_n', 'GE', '[{"N": "3"}]', '{"ScanIndexForward": false, "Limit": 3}') AS backward, ask('lco_n', 'GT', '[{"N": "3"}]', '{"ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "6"}}}') AS from_6;
SELECT answer('Query', '{"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p2"}]}}}') AS partition;
SELECT dynamo.query('{"TableName": "lco_h", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1.0"}]}}}');
-- operators that it does not take, or not so
SELECT operator, ask('lco_n', operator, vals) FROM (VALUES (1, 'NE', '[{"N": "1"}]'::jsonb), (2, 'IN', '[{"N": "1"}, {"N": "2"}, {"N": "3"}]'), (3, 'CONTAINS', '[{"N": "1"}]'), (4, 'NOT_CONTAINS', '[{"N": "1"}]'),
	(5, 'NULL', '[]'), (6, 'NOT_NULL', '[]'), (7, 'EQ', '[{"N": "1"}, {"N": "2"}]'), (8, 'EQ', '[]'), (9, 'LT', '[{"S": "1"}]'), (10, 'EQ', '[{"L": []}]'), (11, 'LT', '[{"L": []}]'), (12, 'EQ', '[{"N": "x"}]'),
	(13, 'BETWEEN', '[{"N": "2"}, {"N": "1"}]'), (14, 'BETWEEN', '[{"N": "2"}]'), (15, 'BETWEEN', '[{"N": "2"}, {"S": "3"}]')) v(n, operator, vals) ORDER BY n;
SELECT ask('lco_n', 'eq', '[{"N": "1"}]');
SELECT answer('Query', jsonb_build_object('KeyConditions', jsonb_build_object('pk', condition(operator, '[{"S": "p1"}]')))) FROM unnest('{LT,BEGINS_WITH,NE}'::text[]) operator;
SELECT answer('Query', '{"KeyConditions": {"pk": {"AttributeValueList": [{"S": "p1"}]}}}');
SELECT ask('lco_s', 'GE', '[{"S": ""}]'), ask('lco_s', 'LE', jsonb_build_array(jsonb_build_object('S', repeat('x', 1025))));
-- which attributes, and how many
CREATE FUNCTION keys(names text, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT answer('Query', jsonb_build_object('KeyConditions', (SELECT coalesce(jsonb_object_agg(name, condition('EQ', jsonb_build_array(jsonb_build_object(CASE name WHEN 'sk' THEN 'N' WHEN 'h' THEN 'N' ELSE 'S' END, CASE name WHEN 'pk' THEN 'p1' WHEN 'g' THEN 'red' ELSE '3' END)))), '{}')
		FROM unnest(string_to_array(names, ' ')) name)) || extra)
$$;
SELECT n, keys(n) FROM unnest('{pk,"pk sk",sk,"",s,"pk s","sk s","pk sk s"}'::text[]) WITH ORDINALITY u(n, i) ORDER BY i;
SELECT answer('Query', '{"TableName": "lco_h", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "1"}]}, "a": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "x"}]}}}');
SELECT answer('Query', '{"KeyConditions": {"": {"ComparisonOperator": "NULL"}}}');
-- indexes; not those with several partition or sort attributes
SELECT keys('g', '{"IndexName": "by_g", "Limit": 4}'), keys('g h', '{"IndexName": "by_g"}'), keys('pk h', '{"IndexName": "local"}'), keys('pk sk', '{"IndexName": "local"}');
SELECT keys('g h', '{"IndexName": "two_hash"}') UNION ALL SELECT keys('g h', '{"IndexName": "two_range"}') UNION ALL SELECT keys('g h sk', '{"IndexName": "two_range"}') UNION ALL SELECT keys('g', '{"IndexName": "none"}');
-- start keys
SELECT ask('lco_n', 'GT', '[{"N": "3"}]', '{"ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"N": "3"}}}') UNION ALL SELECT ask('lco_n', 'GT', '[{"N": "3"}]', '{"ExclusiveStartKey": {"pk": {"S": "p2"}, "sk": {"N": "4"}}}')
UNION ALL SELECT keys('pk', '{"ExclusiveStartKey": {"pk": {"S": "p2"}, "sk": {"N": "4"}}}') UNION ALL SELECT keys('pk s', '{"ExclusiveStartKey": {"pk": {"S": "p2"}}}') UNION ALL SELECT ask('lco_n', 'NE', '[{"N": "3"}]', '{"ExclusiveStartKey": {"pk": {"S": "p1"}, "sk": {"S": "3"}}}');

-- filters: all operators; Query's must let alone the keys of what it reads
CREATE FUNCTION filter(conditions jsonb, extra jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN q IS DISTINCT FROM s THEN 'Query: ' || q || ', Scan: ' || s ELSE q END
	  FROM answer('Query', jsonb_build_object('KeyConditions', jsonb_build_object('pk', condition('EQ', '[{"S": "p1"}]')), 'QueryFilter', conditions) || extra) q,
	       answer('Scan', jsonb_build_object('ScanFilter', conditions, 'ExclusiveStartKey', '{"pk": {"S": "p1"}, "sk": {"N": "-9"}}'::jsonb, 'Limit', 12) || extra) s
$$;
SELECT min(item #>> '{pk,S}') AS first_scanned FROM (SELECT item FROM dynamo.scan_items('lco_n') item LIMIT 12) i;
SELECT operator, vals, filter(jsonb_build_object(attribute, condition(operator, vals))) FROM (VALUES (1, 'n', 'EQ', '[{"N": "4.0"}]'::jsonb), (2, 'n', 'NE', '[{"N": "4"}]'), (3, 'n', 'LT', '[{"N": "4"}]'), (4, 'n', 'LE', '[{"N": "4"}]'), (5, 'n', 'GT', '[{"N": "9"}]'),
	(6, 'n', 'GE', '[{"N": "9"}]'), (7, 'n', 'BETWEEN', '[{"N": "2"}, {"N": "16"}]'), (8, 'n', 'IN', '[{"N": "1"}, {"N": "81"}, {"N": "80"}]'), (9, 'u', 'NULL', '[]'), (10, 'u', 'NOT_NULL', '[]'), (11, 'u', 'CONTAINS', '[{"S": "x"}]'), (12, 'u', 'CONTAINS', '[{"S": "xy"}]'),
	(13, 'u', 'NOT_CONTAINS', '[{"S": "xy"}]'), (14, 's', 'BEGINS_WITH', '[{"S": "item -"}]'), (15, 'u', 'EQ', '[{"SS": ["y", "x"]}]'), (16, 'u', 'NE', '[{"SS": ["y", "x"]}]'), (17, 'n', 'EQ', '[{"S": "4"}]'), (18, 'none', 'LT', '[{"N": "4"}]'),
	(19, 'n', 'LT', '[{"SS": ["a"]}]'), (20, 'n', 'IN', '[]'), (21, 'n', 'BETWEEN', '[{"N": "5"}, {"N": "4"}]'), (22, 'n', 'BEGINS_WITH', '[{"N": "4"}]'), (23, 'u', 'CONTAINS', '[{"SS": ["x"]}]'), (24, 'n', 'NULL', '[{"N": "4"}]'), (25, 'n', 'EQ', '[{"N": ""}]'),
	(26, 'n', 'IN', '[{"N": "4"}, {"S": "4"}]')) v(n, attribute, operator, vals) ORDER BY n;
SELECT filter('{"n": {"ComparisonOperator": "lt", "AttributeValueList": [{"N": "4"}]}}');
SELECT filter('{"n": {"ComparisonOperator": "EQ"}}') UNION ALL SELECT filter('{"": {"ComparisonOperator": "NULL"}}') UNION ALL SELECT filter('{}');
SELECT o, filter(jsonb_build_object('n', condition('GT', '[{"N": "4"}]'), 'u', condition('NULL', '[]')), CASE WHEN o IS NULL THEN '{}' ELSE jsonb_build_object('ConditionalOperator', o) END) FROM unnest('{NULL,AND,OR}'::text[]) WITH ORDINALITY u(o, i) ORDER BY i;
SELECT filter('{}', '{"ConditionalOperator": "AND"}') UNION ALL SELECT filter('{"u": {"ComparisonOperator": "NULL"}}', '{"ConditionalOperator": "OR"}') UNION ALL SELECT answer('Scan', '{"ConditionalOperator": "OR"}') UNION ALL SELECT keys('pk', '{"ConditionalOperator": "OR"}') UNION ALL SELECT filter('{}', '{"ConditionalOperator": "or"}');
SELECT filter('{"sk": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "0"}]}}') UNION ALL SELECT filter('{"pk": {"ComparisonOperator": "NOT_NULL"}}');
SELECT keys('g', '{"IndexName": "by_g", "QueryFilter": {"h": {"ComparisonOperator": "NOT_NULL"}}}') UNION ALL SELECT keys('g', '{"IndexName": "by_g", "QueryFilter": {"sk": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "8"}]}}}') UNION ALL SELECT keys('g', '{"IndexName": "by_g", "QueryFilter": {"n": {"ComparisonOperator": "NOT_NULL"}}}')
UNION ALL SELECT keys('g', '{"IndexName": "by_g", "QueryFilter": {"n": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"N": "3"}]}, "u": {"ComparisonOperator": "NULL"}, "s": {"ComparisonOperator": "NOT_NULL"}}}')
UNION ALL SELECT keys('pk', '{"IndexName": "local", "QueryFilter": {"n": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "3"}]}}}');
-- counts are after the filter, Limit and ScannedCount before it
SELECT dynamo.query('{"TableName": "lco_n", "Limit": 5, "Select": "COUNT", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}, "QueryFilter": {"u": {"ComparisonOperator": "NULL"}}}');
SELECT dynamo.query('{"TableName": "lco_n", "Limit": 2, "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}, "QueryFilter": {"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "50"}]}}}');
SELECT dynamo.scan('{"TableName": "lco_n", "Select": "COUNT", "ScanFilter": {"sk": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "3"}, {"N": "5"}]}}}');
-- AttributesToGet: what the filter sees need not be in it
SELECT dynamo.query('{"TableName": "lco_n", "AttributesToGet": ["s", "none", "u"], "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}, "QueryFilter": {"n": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": "4"}]}}}');
SELECT dynamo.scan('{"TableName": "lco_h", "AttributesToGet": ["b"], "Select": "SPECIFIC_ATTRIBUTES", "ScanFilter": {"a": {"ComparisonOperator": "NOT_NULL"}}}');
SELECT keys('pk', '{"AttributesToGet": ["a", "b", "a"]}') UNION ALL SELECT keys('pk', '{"AttributesToGet": []}') UNION ALL SELECT keys('pk', '{"AttributesToGet": ["a"], "Select": "COUNT"}');
-- key conditions of the old kind with a filter expression, which is allowed
SELECT keys('pk', '{"FilterExpression": "n > :n", "ExpressionAttributeValues": {":n": {"N": "40"}}}'), keys('pk', '{"FilterExpression": "sk > :n", "ExpressionAttributeValues": {":n": {"N": "40"}}}');
SELECT (dynamo.query('{"TableName": "lco_n", "Limit": 1, "ProjectionExpression": "n", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}}')) -> 'Items';
SELECT keys('pk', '{"ExpressionAttributeValues": {":n": {"N": "40"}}}');
-- and the others with expressions, which is not
SELECT keys('pk', '{"KeyConditionExpression": ""}');
SELECT keys('pk', '{"QueryFilter": {}, "AttributesToGet": ["a", "a"], "ConditionalOperator": "OR", "KeyConditionExpression": "pk = :p", "FilterExpression": "a", "ProjectionExpression": "b"}');
SELECT keys('pk', '{"QueryFilter": {"a": {"ComparisonOperator": "NULL", "AttributeValueList": [{}]}}, "ProjectionExpression": "b"}');
SELECT keys('pk', '{"ConditionalOperator": "OR", "FilterExpression": "b"}');
SELECT answer('Scan', '{"AttributesToGet": ["a", "a"], "ScanFilter": {}, "ConditionalOperator": "OR", "FilterExpression": "a", "ProjectionExpression": "b"}');

-- order of faults, before the table is looked up: Query and Scan differ in filter versus AttributesToGet
CREATE TABLE faults AS SELECT * FROM (VALUES (1, '{"ConditionalOperator": "AND", "QueryFilter": {}, "ScanFilter": {}}'::jsonb), (2, '{"AttributesToGet": ["a", "a"]}'), (3, '{"ExclusiveStartKey": {"pk": {"S": "a"}, "sk": {"N": "x"}}}'), (4, '{"Segment": 1}')) f(n, fault);
SELECT operation, a.n, b.n, answer(operation, '{"TableName": "missing", "KeyConditions": {}}' || (a.fault || b.fault) - CASE operation WHEN 'Query' THEN '{ScanFilter,Segment}'::text[] ELSE '{QueryFilter,KeyConditions}' END)
  FROM unnest('{Query,Scan}'::text[]) operation, faults a, faults b WHERE a.n < b.n ORDER BY 1, 2, 3;
SELECT answer('Query', '{"TableName": "missing"}') UNION ALL SELECT answer('Query', '{"TableName": "missing", "KeyConditions": {"a": {"ComparisonOperator": "EQ"}}, "FilterExpression": "("}')
UNION ALL SELECT answer('Query', '{"TableName": "missing", "KeyConditions": {"a": {"ComparisonOperator": "EQ"}, "b": {"ComparisonOperator": "NULL"}, "c": {"ComparisonOperator": "NULL"}}}')
UNION ALL SELECT answer('Query', '{"TableName": "missing", "KeyConditions": {"a": {"ComparisonOperator": "NULL"}, "b": {"ComparisonOperator": "NULL"}, "c": {"ComparisonOperator": "NULL"}}}')
UNION ALL SELECT answer('Query', '{"TableName": "missing", "KeyConditions": {"a": {"ComparisonOperator": "NULL"}}}');

-- the forms by rows take them, too
SELECT item #>> '{sk,N}' AS sk FROM dynamo.query_items('{"TableName": "lco_n", "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "p1"}]}}, "QueryFilter": {"u": {"ComparisonOperator": "NULL"}}}') item;
SELECT count(*) FROM dynamo.scan_items('{"TableName": "lco_n", "ScanFilter": {"u": {"ComparisonOperator": "NULL"}}}');
SELECT dynamo.query_items('{"TableName": "lco_n", "KeyConditions": {"pk": {"ComparisonOperator": "eq"}}}');

DROP TABLE faults;
DROP FUNCTION filter, keys, ask, condition, answer;
SELECT count(*) FROM unnest('{lco_s,lco_n,lco_b,lco_h}'::text[]) name, LATERAL dynamo.delete_table(jsonb_build_object('TableName', name)) deleted;
