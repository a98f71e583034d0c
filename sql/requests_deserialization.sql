-- Requests, first stage: kinds of JSON, and the normal form of what is good.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
\pset format unaligned
\pset tuples_only on

--
-- normal form
--

-- unknown and null members go, at any depth
SELECT dynamo.validate_request('GetItem',
	'{"TableName": "abc", "Key": {"a": {"S": "x", "Foo": 1, "N": null}, "b": {}}, "Bar": [{}], "ConsistentRead": null}');
SELECT dynamo.validate_request('PutItem',
	'{"Item": {"a": {"M": {"b": {"L": [{"SS": null, "S": "x", "T": 0}], "Q": {}}}}}, "TableName": "abc"}');
-- all that is unknown
SELECT dynamo.validate_request('ListTables', '{"a": 1, "b": {"c": []}, "limit": "x"}');
SELECT dynamo.validate_request('DescribeEndpoints', '{"a": 1}');
-- a member that occurs twice: the last one counts
SELECT dynamo.validate_request('ListTables', '{"Limit": "x", "Limit": 5}');
-- booleans in all their spellings
SELECT dynamo.validate_request('GetItem',
	format('{"TableName": "abc", "Key": {}, "ConsistentRead": %s}', spelling))
	FROM unnest('{true,false,"true","FALSE","Yes","nO","1","0"}'::text[]) WITH ORDINALITY AS t(s, i),
		LATERAL (SELECT CASE WHEN i > 2 THEN '"' || s || '"' ELSE s END) AS q(spelling);
SELECT dynamo.validate_request('PutItem',
	'{"TableName": "abc", "Item": {"a": {"BOOL": "no"}, "b": {"NULL": "YES"}, "c": {"NULL": false}}}');
-- decimals for integers are cut, integers clamped
SELECT dynamo.validate_request('Scan',
	'{"TableName": "abc", "Limit": 12.99, "Segment": -0.9, "TotalSegments": 1e2}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Segment": -0}');
SELECT dynamo.validate_request('Scan',
	'{"TableName": "abc", "Limit": 123456789012345678901234567890}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Limit": 1e400}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Limit": 2147483648}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Limit": 2147483647}');
SELECT dynamo.validate_request('UpdateTable',
	'{"TableName": "abc", "WarmThroughput": {"ReadUnitsPerSecond": 2147483648, "WriteUnitsPerSecond": 9223372036854775808}}');
SELECT dynamo.validate_request('UpdateTable',
	'{"TableName": "abc", "WarmThroughput": {"ReadUnitsPerSecond": -9223372036854775809, "WriteUnitsPerSecond": -1e19}}');
-- doubles and timestamps stay as they are
SELECT dynamo.validate_request('RestoreTableToPointInTime',
	'{"TargetTableName": "abc", "RestoreDateTime": 1.5e9}');
-- base64
SELECT dynamo.validate_request('GetItem',
	'{"TableName": "abc", "Key": {"a": {"B": "AAEC"}, "b": {"B": "/+8="}, "c": {"B": "AA=="}, "d": {"B": ""}, "e": {"BS": ["AA==", "AAE="]}}}');
-- what a value means is not looked at here
SELECT dynamo.validate_request('GetItem',
	'{"TableName": "abc", "Key": {"a": {"N": "dog"}, "b": {"S": "x", "N": "1"}, "c": {"SS": []}, "": {"S": ""}}}');
-- strings of any content
SELECT dynamo.validate_request('GetItem',
	'{"TableName": "abc", "Key": {"a\u0000b": {"S": "\u0000\"\\"}}}');
-- null elements: collections become empty, so that nothing disappears
SELECT dynamo.validate_request('PutItem',
	'{"TableName": "abc", "Item": {"a": null, "b": {"L": [null, {"S": "x"}]}, "c": {"M": {"d": null}}}}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [null]}}}');
-- an ARN stands for its table
SELECT dynamo.validate_request('GetItem',
	'{"TableName": "arn:aws:dynamodb:us-east-1:123456789012:table/abc", "Key": {}}');
SELECT dynamo.validate_request('TransactGetItems',
	'{"TransactItems": [{"Get": {"TableName": "arn:aws-cn:dynamodb:cn-north-1:000000000000:table/abc", "Key": {}}}]}');

--
-- what is no request
--
SELECT dynamo.validate_request('GetItem', '[]');
SELECT dynamo.validate_request('GetItem', '[{"TableName": "abc"}]');
SELECT dynamo.validate_request('GetItem', '"x"');
SELECT dynamo.validate_request('GetItem', '1');
SELECT dynamo.validate_request('GetItem', 'null');
SELECT dynamo.validate_request('GetItem', '{"TableName"');
SELECT dynamo.validate_request('GetItem', '');
SELECT dynamo.validate_request('getItem', '{}');
SELECT dynamo.validate_request('GetItemX', '{}');
SELECT dynamo.validate_request('GetIte', '{}');
SELECT dynamo.validate_request('', '{}');

--
-- wrong kinds: the text follows from what was wanted and what came
--

-- string
SELECT dynamo.validate_request('GetItem', '{"TableName": true}');
SELECT dynamo.validate_request('GetItem', '{"TableName": false}');
SELECT dynamo.validate_request('GetItem', '{"TableName": 1}');
SELECT dynamo.validate_request('GetItem', '{"TableName": 1.5}');
SELECT dynamo.validate_request('GetItem', '{"TableName": []}');
SELECT dynamo.validate_request('GetItem', '{"TableName": {}}');
-- integer
SELECT dynamo.validate_request('Scan', '{"Limit": true}');
SELECT dynamo.validate_request('Scan', '{"Limit": false}');
SELECT dynamo.validate_request('Scan', '{"Limit": "1"}');
SELECT dynamo.validate_request('Scan', '{"Limit": [1]}');
SELECT dynamo.validate_request('Scan', '{"Limit": {}}');
-- long
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": {"ReadCapacityUnits": true}}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": {"ReadCapacityUnits": "1"}}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": {"ReadCapacityUnits": []}}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": {"ReadCapacityUnits": {}}}');
-- timestamp
SELECT dynamo.validate_request('RestoreTableToPointInTime', '{"RestoreDateTime": "now"}');
-- boolean
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": 1}');
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": 0.5}');
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": "on"}');
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": ""}');
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": []}');
SELECT dynamo.validate_request('GetItem', '{"ConsistentRead": {}}');
-- blob
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": true}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": 12}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": []}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": {}}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "A"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "AAAAA"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "AAAA="}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "\u0000"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "\ud83d\ude00\u00e9"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "AAA!"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "AAE==="}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "AAF="}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "===="}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"B": "\u00e9\u00e9\u00e9\u00e9"}}}');
-- list
SELECT dynamo.validate_request('GetItem', '{"AttributesToGet": true}');
SELECT dynamo.validate_request('GetItem', '{"AttributesToGet": 1}');
SELECT dynamo.validate_request('GetItem', '{"AttributesToGet": "a"}');
SELECT dynamo.validate_request('GetItem', '{"AttributesToGet": {}}');
-- map
SELECT dynamo.validate_request('GetItem', '{"Key": true}');
SELECT dynamo.validate_request('GetItem', '{"Key": 1.5}');
SELECT dynamo.validate_request('GetItem', '{"Key": "a"}');
SELECT dynamo.validate_request('GetItem', '{"Key": []}');
SELECT dynamo.validate_request('GetItem', '{"ExpressionAttributeNames": []}');
SELECT dynamo.validate_request('PutItem', '{"Expected": []}');
SELECT dynamo.validate_request('UpdateItem', '{"AttributeUpdates": []}');
SELECT dynamo.validate_request('Query', '{"KeyConditions": []}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": []}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": []}');
-- structure as a member
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": true}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": 1}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": "a"}');
SELECT dynamo.validate_request('CreateTable', '{"ProvisionedThroughput": []}');
SELECT dynamo.validate_request('PutItem', '{"Expected": {"a": {"Value": "x"}}}');
SELECT dynamo.validate_request('PutItem', '{"Expected": {"a": {"Value": []}}}');
-- structure as an element or a value
SELECT dynamo.validate_request('CreateTable', '{"KeySchema": ["a"]}');
SELECT dynamo.validate_request('CreateTable', '{"KeySchema": [[]]}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": "x"}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": true}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": []}}');
SELECT dynamo.validate_request('PutItem', '{"Expected": {"a": 1}}');
SELECT dynamo.validate_request('PutItem', '{"Expected": {"a": []}}');
-- collections in collections
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [1]}}}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [[]]}}}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": []}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": {}}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": "x"}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": ["x"]}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": [[]]}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": [{"PutRequest": []}]}}');
-- each type of an attribute value
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"S": 1}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"N": 1}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"N": 1.5}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"BOOL": 1}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"NULL": "x"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"SS": "x"}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"SS": [1]}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"NS": [1]}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"BS": ["AA=="," "]}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"L": {}}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"L": ["x"]}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"M": []}}}');
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"M": {"b": "x"}}}}');
-- deep inside
SELECT dynamo.validate_request('GetItem',
	'{"Key": {"a": {"L": [{"M": {"b": {"L": [{"M": {"c": {"B": "x"}}}]}}}]}}}');
SELECT dynamo.validate_request('TransactWriteItems',
	'{"TransactItems": [{"Update": {"ExpressionAttributeNames": {"#a": 1}}}]}');

--
-- the first one is reported, before any constraint
--
SELECT dynamo.validate_request('GetItem', '{"Key": {"a": {"S": 1}}, "TableName": 2.5}');
SELECT dynamo.validate_request('GetItem', '{"TableName": 2.5, "Key": {"a": {"S": 1}}}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "a", "KeySchema": {}}');
-- nothing is wrong with what is unknown
SELECT dynamo.validate_request('GetItem', '{"tablename": 2, "Key": {"a": {"s": 1}}}');

-- hostile nesting ends in an error, not in a crash
SELECT length(dynamo.validate_request('PutItem',
	'{"TableName": "abc", "Item": {"a": ' || repeat('{"L": [', 100) || repeat(']}', 100) || '}}'));
SELECT length(dynamo.validate_request('PutItem',
	'{"TableName": "abc", "Item": {"a": ' || repeat('{"L": [', 100000) || repeat(']}', 100000) || '}}'));
-- nor do many members take long
SELECT dynamo.validate_request('ListTables', '{"Limit": 1' || string_agg(format(',"a%s": null', i), '') || '}')
	FROM generate_series(1, 100000) AS i;

-- not for everybody
SELECT has_function_privilege('public', 'dynamo.validate_request(text, text)', 'EXECUTE');
