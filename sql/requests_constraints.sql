-- Requests, second stage: required members, lengths, ranges, patterns, enums.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
\pset format unaligned
\pset tuples_only on

--
-- TableName in item operations: collected like everything else
--
SELECT dynamo.validate_request('GetItem', '{"Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": null, "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "ab", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "abc;", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "a;", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "' || repeat('a', 256) || '", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "' || repeat('a', 255) || '", "Key": {}}') IS NOT NULL;
SELECT dynamo.validate_request('GetItem', '{"TableName": "aZ09_.-", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "abc\u0000", "Key": {}}') IS NULL;
SELECT dynamo.validate_request('GetItem', '{}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "ab"}');
SELECT dynamo.validate_request('PutItem', '{"TableName": ""}');
SELECT dynamo.validate_request('UpdateItem', '{}');
SELECT dynamo.validate_request('DeleteItem', '{}');
SELECT dynamo.validate_request('Query', '{"TableName": ""}');
SELECT dynamo.validate_request('Scan', '{"TableName": "a"}');
SELECT dynamo.validate_request('UpdateTimeToLive', '{"TableName": "abc"}');
SELECT dynamo.validate_request('DescribeContinuousBackups', '{}');
-- what only looks like an ARN
SELECT dynamo.validate_request('GetItem', '{"TableName": "arn:aws:dynamodb:us-east-1:1:table/", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "arn:aws:s3:us-east-1:1:table/abc", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "arn:aws:dynamodb:us-east-1:table/abc", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "arn:aws:dynamodb:us-east-1:1:table/abc/index/i", "Key": {}}');
SELECT dynamo.validate_request('GetItem', '{"TableName": "arn:", "Key": {}}');

--
-- TableName in table operations: first and alone
--
SELECT dynamo.validate_request('CreateTable', '{}');
SELECT dynamo.validate_request('UpdateTable', '{"BillingMode": "x"}');
SELECT dynamo.validate_request('DeleteTable', '{"TableName": null}');
SELECT dynamo.validate_request('DescribeTable', '{}');
SELECT dynamo.validate_request('DescribeTimeToLive', '{}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "ab"}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": ""}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "a;"}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc;"}');
SELECT dynamo.validate_request('DeleteTable', '{"TableName": "' || repeat('a', 256) || '"}');
SELECT dynamo.validate_request('DescribeTable', '{"TableName": "' || repeat(';', 256) || '"}');
SELECT dynamo.validate_request('DescribeTable', '{"TableName": "\u00e9\u00e9"}') IS NULL;
-- with a good name the rest is collected, and so is a bad pattern
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc"}');
SELECT dynamo.validate_request('UpdateTable', '{"TableName": "abc;", "BillingMode": "x"}');

--
-- CreateTable and UpdateTable
--
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc",
	"KeySchema": [{"AttributeName": "pk", "KeyType": "INVALID"}],
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc",
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "INVALID"}]}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc",
	"KeySchema": [{"KeyType": "HASH", "AttributeName": "pk"}, {"AttributeName": "sk", "KeyType": "RANGE"},
		{"AttributeName": "x", "KeyType": "RANGE"}],
	"AttributeDefinitions": []}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "KeySchema": [], "AttributeDefinitions": [{}]}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "BillingMode": "pay_per_request",
	"KeySchema": [{"AttributeName": "", "KeyType": "HASH"}],
	"AttributeDefinitions": [{"AttributeName": "' || repeat('a', 256) || '", "AttributeType": "S"}],
	"ProvisionedThroughput": {"ReadCapacityUnits": 0}}');
-- indexes: element by element
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "AttributeDefinitions": [],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
	"LocalSecondaryIndexes": [{}, {"IndexName": "i;", "Projection": {"ProjectionType": "x", "NonKeyAttributes": []},
		"KeySchema": [{"AttributeName": "a", "KeyType": "hash"}, {}, {}]}]}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "AttributeDefinitions": [],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [{"IndexName": "' || repeat('i', 256) || '", "KeySchema": [], "Projection": {"NonKeyAttributes": ["", "a"]},
		"ProvisionedThroughput": {}}]}');
-- a global index may have eight key attributes, a local one two
SELECT dynamo.validate_request('CreateTable', format('{"TableName": "abc", "AttributeDefinitions": [],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
	"%s": [{"IndexName": "iii", "Projection": {}, "KeySchema": [%s]}]}', kind,
		(SELECT string_agg('{"AttributeName": "a", "KeyType": "HASH"}', ',') FROM generate_series(1, n))))
		IS NOT NULL
	FROM (VALUES ('GlobalSecondaryIndexes', 8), ('LocalSecondaryIndexes', 2)) AS t(kind, n);
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "AttributeDefinitions": [],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [{"IndexName": "iii", "Projection": {}, "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}'
	|| repeat(',{"AttributeName": "b", "KeyType": "RANGE"}', 8) || ']}]}');
SELECT dynamo.validate_request('CreateTable', '{"TableName": "abc", "AttributeDefinitions": [],
	"KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}], "StreamSpecification": {"StreamViewType": "ALL"},
	"SSESpecification": {"SSEType": "x"}, "TableClass": "x", "Tags": [{"Key": "", "Value": "x"}]}');
SELECT dynamo.validate_request('UpdateTable', '{"TableName": "abc", "BillingMode": "x",
	"ProvisionedThroughput": {"ReadCapacityUnits": -1, "WriteCapacityUnits": -1},
	"GlobalSecondaryIndexUpdates": [{"Create": {}}, {"Update": {"IndexName": "a"}}, {"Delete": {}}, {}]}');

--
-- enums, in the order in which the service prints them
--
SELECT dynamo.validate_request('PutItem', '{"TableName": "abc", "Item": {}, "ReturnConsumedCapacity": "x",
	"ReturnItemCollectionMetrics": "x", "ReturnValues": "x", "ConditionalOperator": "x",
	"ReturnValuesOnConditionCheckFailure": "x", "Expected": {"a": {"ComparisonOperator": "x"}}}');
-- case matters, and so does what stands around
SELECT dynamo.validate_request('DeleteItem', '{"TableName": "abc", "Key": {}, "ReturnValues": "all_old"}');
SELECT dynamo.validate_request('DeleteItem', '{"TableName": "abc", "Key": {}, "ReturnValues": "ALL_OLD "}');
SELECT dynamo.validate_request('DeleteItem', '{"TableName": "abc", "Key": {}, "ReturnValues": ""}');
SELECT dynamo.validate_request('DeleteItem', '{"TableName": "abc", "Key": {}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.validate_request('UpdateItem', '{"TableName": "abc", "Key": {}, "ReturnConsumedCapacity": "x",
	"ReturnItemCollectionMetrics": "x", "ReturnValues": "x",
	"AttributeUpdates": {"a": {"Action": "INSERT"}}, "Expected": {"a": {}}}');
SELECT dynamo.validate_request('UpdateTimeToLive', '{"TableName": "abc", "TimeToLiveSpecification": {"AttributeName": ""}}');

--
-- Query and Scan
--
-- all that can be wrong, in the service's order; the eleventh fault is not reported
SELECT dynamo.validate_request('Query', '{"KeyConditions": {"a": {"ComparisonOperator": "x"}}, "Limit": 0,
	"AttributesToGet": [], "ConditionalOperator": "x", "TableName": "a;", "QueryFilter": {"a": {}},
	"ReturnConsumedCapacity": "x", "IndexName": "i;", "Select": "x"}');
SELECT dynamo.validate_request('Query', '{"TableName": "abc", "KeyConditions": {"a": {"ComparisonOperator": "x"}},
	"Limit": -1, "AttributesToGet": [], "ConditionalOperator": "x"}');
SELECT dynamo.validate_request('Scan', '{"AttributesToGet": [], "Limit": 0, "Segment": -1,
	"ScanFilter": {"a": {"AttributeValueList": []}}, "ConditionalOperator": "x", "TableName": "",
	"ReturnConsumedCapacity": "x", "TotalSegments": 0, "IndexName": "ab", "Select": "INVALID_VALUE"}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Limit": 0}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Segment": 1000000, "TotalSegments": 1000001}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "Segment": 0, "TotalSegments": 1, "Limit": 1}');
SELECT dynamo.validate_request('Scan', '{"TableName": "abc", "IndexName": ""}');
-- at most 255 attributes, of at most 65535 characters
SELECT dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {}, "AttributesToGet": ["a"' || repeat(',"a"', 255) || ']}');
SELECT length(dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {}, "AttributesToGet": ["a"' || repeat(',"a"', 254) || ']}'));
SELECT length(dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {"' || repeat('a', 65535) || '": {}}}'));
DO $$
BEGIN
	PERFORM dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {"' || repeat('a', 65536) || '": {}}}');
EXCEPTION WHEN OTHERS THEN
	-- the echo of a long key is cut
	RAISE WARNING '% %', SQLSTATE, replace(SQLERRM, repeat('a', 1024), '<1024>');
END $$;
DO $$
BEGIN
	PERFORM dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {}, "AttributesToGet": ["' || repeat('a', 65536) || '"]}');
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '% %', SQLSTATE, replace(SQLERRM, repeat('a', 16384), '<16384>');
END $$;

--
-- batches
--
SELECT dynamo.validate_request('BatchGetItem', '{}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {}, "ReturnConsumedCapacity": "x", "ReturnItemCollectionMetrics": "x"}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {}}}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": []}}}');
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [{}' || repeat(',{}', 100) || ']}}}');
SELECT length(dynamo.validate_request('BatchGetItem', '{"RequestItems": {"abc": {"Keys": [{}' || repeat(',{}', 99) || ']}}}'));
SELECT dynamo.validate_request('BatchGetItem', '{"RequestItems": {"ab": {"Keys": [{}], "AttributesToGet": []}, "abc": {"Keys": [{}]}, ";": {"Keys": [{}]}}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": []}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": [{"PutRequest": {"Item": {"a": {"S": "x"}, "b": {"BOOL": true}}}}'
	|| repeat(',{"DeleteRequest": {"Key": {}}}', 25) || ']}}');
SELECT length(dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": [{}' || repeat(',{}', 24) || ']}}'));
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"ab": [], "abc": [{"PutRequest": {}}, {}, {"DeleteRequest": {}}]}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {"abc": [{}], "abd": null}}');
SELECT dynamo.validate_request('BatchWriteItem', '{"RequestItems": {' ||
	string_agg(format('"t%s": [{}]', i), ', ' ORDER BY i) || '}}') FROM generate_series(10, 35) AS i;

--
-- transactions
--
SELECT dynamo.validate_request('TransactWriteItems', '{}');
SELECT dynamo.validate_request('TransactWriteItems', '{"TransactItems": []}');
SELECT dynamo.validate_request('TransactGetItems', '{"TransactItems": []}');
SELECT dynamo.validate_request('TransactGetItems', '{"TransactItems": [{"Get": {"TableName": "abc", "Key": {}}}'
	|| repeat(',{"Get": {"TableName": "t-1", "Key": {}}}', 100) || ']}');
SELECT length(dynamo.validate_request('TransactWriteItems', '{"TransactItems": [{}' || repeat(',{}', 99) || ']}'));
SELECT dynamo.validate_request('TransactWriteItems', '{"TransactItems": [{}' || repeat(',{}', 100) || ']}');
SELECT dynamo.validate_request('TransactGetItems', '{"TransactItems": [{}, null, {"Get": {}}]}');
SELECT dynamo.validate_request('TransactWriteItems', '{"ClientRequestToken": "", "TransactItems": [{"Put": {}}, {"ConditionCheck": {}},
	{"Update": {"TableName": "", "Key": {}, "UpdateExpression": "", "ReturnValuesOnConditionCheckFailure": "x"}}]}');
SELECT dynamo.validate_request('TransactWriteItems', '{"ClientRequestToken": "' || repeat('x', 37) || '", "TransactItems": [{}]}');
SELECT length(dynamo.validate_request('TransactWriteItems', '{"ClientRequestToken": "' || repeat('x', 36) || '", "TransactItems": [{}]}'));

--
-- other operations
--
SELECT dynamo.validate_request('ListTables', '{"Limit": 0, "ExclusiveStartTableName": ""}');
SELECT dynamo.validate_request('ListTables', '{"Limit": 101, "ExclusiveStartTableName": "a;"}');
SELECT dynamo.validate_request('ListTables', '{"Limit": 100, "ExclusiveStartTableName": "abc"}');
SELECT dynamo.validate_request('ExecuteStatement', '{"Statement": "", "Parameters": [], "Limit": 0}');
SELECT dynamo.validate_request('BatchExecuteStatement', '{"Statements": []}');
SELECT dynamo.validate_request('ExecuteTransaction', '{"TransactStatements": [{}]}');
-- the ARN of a tagging operation is looked at later, and so are absent lists
SELECT dynamo.validate_request('TagResource', '{}');
SELECT dynamo.validate_request('UntagResource', '{"ResourceArn": ""}');
SELECT dynamo.validate_request('ListTagsOfResource', '{}');
SELECT dynamo.validate_request('TagResource', '{"Tags": [{}, {"Key": "' || repeat('k', 129) || '", "Value": "' || repeat('v', 257) || '"}]}');
SELECT dynamo.validate_request('TagResource', '{"Tags": [{"Key": "k", "Value": ""}]}');
-- lengths are counted in UTF-16 units
SELECT length(dynamo.validate_request('TagResource', '{"Tags": [{"Value": "", "Key": "' || repeat('\ud83d\ude00', 64) || '"}]}'));
SELECT length(dynamo.validate_request('TagResource', '{"Tags": [{"Value": "", "Key": "' || repeat('\u0000', 128) || '"}]}'));
-- streams
SELECT dynamo.validate_request('ListStreams', '{"TableName": "", "Limit": 101, "ExclusiveStartStreamArn": "x"}');
SELECT dynamo.validate_request('DescribeStream', '{"Limit": 0, "ExclusiveStartShardId": "x", "ShardFilter": {"Type": "x"}}');
SELECT dynamo.validate_request('GetShardIterator', '{"StreamArn": "x", "ShardIteratorType": "x", "SequenceNumber": "1"}');
SELECT dynamo.validate_request('GetRecords', '{"ShardIterator": "", "Limit": 1001}');
SELECT dynamo.validate_request('GetRecords', '{"ShardIterator": "x", "Limit": 1000}');

--
-- nulls where a scalar belongs
--
SELECT dynamo.validate_request('GetItem', '{"TableName": "abc", "Key": {"a": {"SS": ["x", null]}}, "AttributesToGet": [null, "a"],
	"ExpressionAttributeNames": {"#a": null}}');

-- one error class for all of them
DO $$
BEGIN
	PERFORM dynamo.validate_request('GetItem', '{}');
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '% for a constraint', SQLSTATE;
END $$;
DO $$
BEGIN
	PERFORM dynamo.validate_request('GetItem', '{"TableName": 1}');
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING '% for a kind', SQLSTATE;
END $$;
