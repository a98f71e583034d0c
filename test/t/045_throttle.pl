# dynamo.enforce_capacity: what exceeds the capacity of a table or a global
# index is refused, and let through again when the bucket has filled.
#
# Items of 400 KB take 100 units to read and 400 to write, so that the 300
# seconds of burst are used up in a few requests, long before they come back.

use strict;
use warnings;

use Gateway;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $table_text =
  'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.';
my $index_text =
  'The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1, extra => [ '--encoding', 'UTF8', '--locale', 'C' ]);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'\ndynamo.capacity_buckets = 16");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');

# Run an operation: its SQLSTATE (empty if it went well) and all it said
sub invoke
{
	my ($server, $operation, $request) = @_;
	my ($stdout, $stderr);

	$server->psql(
		'postgres',
		"\\set VERBOSITY verbose\nSELECT dynamo.invoke('$operation', replace(\$\$$request\$\$, 'LARGE', repeat('x', 409590)));",
		stdout => \$stdout,
		stderr => \$stderr);
	return ($stderr =~ /ERROR:  (\w{5}):/ ? $1 : $stderr, $stdout . $stderr);
}

sub state_of
{
	return (invoke(@_))[0];
}

# How many requests of the same kind are let through, of so many
sub count_admitted
{
	my ($server, $tries, @request) = @_;
	my $admitted = 0;

	for (1 .. $tries)
	{
		my $state = state_of($server, @request);

		$admitted++ if $state eq '';
		last if $state =~ /^DY01[49]$/;
		fail("unexpected state $state") unless $state eq '';
	}
	return $admitted;
}

# Seconds until a request is let through
sub wait_admitted
{
	my @request = @_;
	my $start = time();

	while (state_of(@request) ne '' && time() < $start + 80)
	{
		usleep(50_000);
	}
	return time() - $start;
}

sub create_table
{
	my ($name, $reads, $writes) = @_;

	is( state_of(
			$node, 'CreateTable',
			qq({"TableName": "$name", "ProvisionedThroughput": {"ReadCapacityUnits": $reads, "WriteCapacityUnits": $writes},
				"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
				"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]})),
		'',
		"table $name is there");
}

my $put_large = '"Item": {"p": {"S": "a"}, "d": {"S": "LARGE"}}';
my $get_large = '"Key": {"p": {"S": "a"}}, "ConsistentRead": true, "ProjectionExpression": "p"';

# Off by default
create_table('Plain', 1, 1);
is(count_admitted($node, 5, 'PutItem', qq({"TableName": "Plain", $put_large})),
	5, 'nothing is throttled by default');

$node->append_conf('postgresql.conf', 'dynamo.enforce_capacity = on');
$node->reload;
is($node->safe_psql('postgres', 'SHOW dynamo.enforce_capacity'), 'on', 'the setting is reloaded');

# 300 units of burst, the last of which may be overdrawn: after three reads
# of 100 there is only what came in since
my $get = qq({"TableName": "Plain", $get_large});
is(count_admitted($node, 9, 'GetItem', $get), 4, 'a burst of 300 seconds can be read');
my ($state, $text) = invoke($node, 'GetItem', $get);
is($state, 'DY014', 'more is refused with ProvisionedThroughputExceededException');
like($text, qr/\Q$table_text\E/, 'in the words of the service');
like(
	$text,
	qr/\{"ThrottlingReasons":\[\{"reason":"TableReadProvisionedThroughputExceeded","resource":"arn:aws:dynamodb:us-east-1:000000000000:table\/Plain"\}\]\}/,
	'with its reason');
is(state_of($node, 'Query', qq({"TableName": "Plain", "KeyConditionExpression": "p = :p",
	"ExpressionAttributeValues": {":p": {"S": "none"}}})), 'DY014', 'Query is refused');
is(state_of($node, 'Scan', '{"TableName": "Plain", "Limit": 1}'), 'DY014', 'Scan is refused');
is(state_of($node, 'DescribeTable', '{"TableName": "Plain"}'), '', 'DescribeTable consumes nothing');

# Faults of the request come first
is(state_of($node, 'GetItem', '{"TableName": "Plain", "Key": {"x": {"S": "a"}}}'), 'DY001',
	'a wrong key is reported before a lack of capacity');

# Writing has a bucket of its own
is(count_admitted($node, 9, 'PutItem', qq({"TableName": "Plain", $put_large})),
	1, 'one write overdraws it by 100 units');
($state, $text) = invoke($node, 'UpdateItem', '{"TableName": "Plain", "Key": {"p": {"S": "new"}}}');
is($state, 'DY014', 'UpdateItem is refused');
like($text, qr/TableWriteProvisionedThroughputExceeded/, 'for writing');
is(state_of($node, 'DeleteItem', '{"TableName": "Plain", "Key": {"p": {"S": "a"}}}'), 'DY014', 'DeleteItem is refused');
is($node->safe_psql('postgres', q{SELECT string_agg(item #>> '{p,S}', ' ') FROM dynamo_data."Plain"}),
	'a', 'and neither did anything');

# Off for a session
is($node->safe_psql('postgres', q{SET dynamo.enforce_capacity = off; SELECT dynamo.get_item('Plain', '{"p": {"S": "b"}}')}),
	'{}', 'a superuser can go without');
my (undef, $stderr) = ('', '');
$node->psql('postgres', q{CREATE ROLE plain; SET ROLE plain; SET dynamo.enforce_capacity = off}, stderr => \$stderr);
like($stderr, qr/permission denied to set parameter/, 'others cannot');

# A higher rate holds at once: the deficits of 100 units are made up in a
# tenth of a second instead of 100 seconds
is( state_of($node, 'UpdateTable',
		'{"TableName": "Plain", "ProvisionedThroughput": {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1000}}'),
	'', 'throughput is raised');
cmp_ok(wait_admitted($node, 'GetItem', $get), '<', 40, 'reading goes on at once');
cmp_ok(wait_admitted($node, 'PutItem', '{"TableName": "Plain", "Item": {"p": {"S": "b"}}}'), '<', 40, 'and so does writing');

# A bucket fills: 50 units a second, 200 short of what is taken out of it
create_table('Filling', 1, 50);
my $start = time();
is($node->safe_psql('postgres', q{SELECT count(dynamo.invoke('PutItem', '{"TableName": "Filling",
	"Item": {"p": {"S": "a"}, "d": {"S": "' || repeat('x', 409590) || '"}}}')) FROM generate_series(1, 38)}),
	38, 'a burst of 15 000 units can be written');
my $put = '{"TableName": "Filling", "Item": {"p": {"S": "b"}}}';
my $waited = wait_admitted($node, 'PutItem', $put);
cmp_ok(time() - $start, '>', 3.9, 'what was overdrawn has to come back');
cmp_ok($waited, '<', 60, 'and comes back');

# A transaction that is rolled back has consumed, and so has a failed condition
create_table('Rolled', 1, 1);
$node->safe_psql('postgres', q{BEGIN; SELECT dynamo.invoke('PutItem', '{"TableName": "Rolled",
	"Item": {"p": {"S": "a"}, "d": {"S": "' || repeat('x', 409590) || '"}}}'); ROLLBACK});
is(state_of($node, 'PutItem', '{"TableName": "Rolled", "Item": {"p": {"S": "a"}}}'), 'DY014', 'a rollback gives nothing back');
create_table('Failed', 1, 1);
$node->safe_psql('postgres', q{SET dynamo.enforce_capacity = off; SELECT dynamo.invoke('PutItem', '{"TableName": "Failed",
	"Item": {"p": {"S": "a"}, "d": {"S": "' || repeat('x', 409590) || '"}}}')});
my $conditional = '{"TableName": "Failed", "Item": {"p": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(p)"}';
is(state_of($node, 'PutItem', $conditional), 'DY009', 'a condition fails');
is(state_of($node, 'PutItem', $conditional), 'DY014', 'and has consumed what the item takes');

# Indexes: writes are refused when one that they touch has nothing left
is( state_of(
		$node, 'CreateTable',
		'{"TableName": "Indexed", "ProvisionedThroughput": {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 1000},
		"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
		"GlobalSecondaryIndexes": [{"IndexName": "narrow", "Projection": {"ProjectionType": "ALL"},
			"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
			"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}]}'),
	'', 'a table with an index is there');
is(state_of($node, 'PutItem', '{"TableName": "Indexed", "Item": {"p": {"S": "a"}, "g": {"S": "g"}, "d": {"S": "LARGE"}}}'), '', 'the first write');
($state, $text) = invoke($node, 'PutItem', '{"TableName": "Indexed", "Item": {"p": {"S": "b"}, "g": {"S": "g"}}}');
is($state, 'DY014', 'the index has nothing left');
like($text, qr/\Q$index_text\E/, 'in the words of the service');
like($text, qr/"IndexWriteProvisionedThroughputExceeded","resource":"[^"]*:table\/Indexed\/index\/narrow"/, 'with its reason');
is($node->safe_psql('postgres', q{SELECT string_agg(item #>> '{p,S}', ' ') FROM dynamo_data."Indexed"}),
	'a', 'the table was not written either');
is(state_of($node, 'PutItem', '{"TableName": "Indexed", "Item": {"p": {"S": "b"}}}'), '', 'a write that does not touch the index');
my $query = '{"TableName": "Indexed", "IndexName": "narrow", "KeyConditionExpression": "g = :g",
	"ExpressionAttributeValues": {":g": {"S": "g"}}, "FilterExpression": "attribute_not_exists(p2) AND d = :g"}';
is(count_admitted($node, 20, 'Query', $query), 7, 'the index is read for 300 units, of 50');
($state, $text) = invoke($node, 'Query', $query);
like($text, qr/\Q$index_text\E.*IndexReadProvisionedThroughputExceeded/s, 'then it has nothing left');
is(state_of($node, 'GetItem', '{"TableName": "Indexed", "Key": {"p": {"S": "a"}}}'), '', 'the table has');

# Batches do what fits, transactions nothing
create_table('Full', 1, 1);
create_table('Free', 1000, 1000);
my $large_put = '{"PutRequest": {"Item": {"p": {"S": "%s"}, "d": {"S": "LARGE"}}}}';
($state, $text) = invoke($node, 'BatchWriteItem',
	sprintf qq({"RequestItems": {"Full": [$large_put, $large_put]}}), 'a', 'b');
is($state, '', 'a batch goes through in part');
is( $node->safe_psql('postgres', q{SELECT count(*), min(length(item #>> '{d,S}')) FROM dynamo_data."Full"}),
	'1|409590', 'one of two items is written');
my $unprocessed = decode_json($text)->{UnprocessedItems};
is_deeply([ keys %$unprocessed ], ['Full'], 'what is left is of the table');
my ($written) = $node->safe_psql('postgres', q{SELECT item #>> '{p,S}' FROM dynamo_data."Full"});
is_deeply(
	[ map { $_->{PutRequest}{Item}{p}{S} } @{ $unprocessed->{Full} } ],
	[ $written eq 'a' ? 'b' : 'a' ],
	'it is the other item');
my $small_put = '[{"PutRequest": {"Item": {"p": {"S": "c"}}}}]';
($state, $text) = invoke($node, 'BatchWriteItem', qq({"RequestItems": {"Full": $small_put, "Free": $small_put}}));
is_deeply([ $state, decode_json($text)->{UnprocessedItems} ],
	[ '', { Full => decode_json($small_put) } ], 'other tables are not held up');
($state, $text) = invoke($node, 'BatchWriteItem', qq({"RequestItems": {"Full": $small_put}}));
is($state, 'DY014', 'a batch of which nothing fits raises');
like($text, qr/\Q$table_text\E/, 'the exception of the table');

my $actions = '[{"Put": {"TableName": "Free", "Item": {"p": {"S": "d"}}}}, {"Put": {"TableName": "Full", "Item": {"p": {"S": "d"}}}}]';
($state, $text) = invoke($node, 'TransactWriteItems', qq({"TransactItems": $actions}));
is($state, 'DY010', 'a transaction is cancelled');
like($text, qr/specific reasons \[None, ProvisionedThroughputExceeded\]/, 'for its second action');
like($text, qr/\{"Code":"ProvisionedThroughputExceeded","Message":"\Q$table_text\E"\}/, 'with the reason');
is($node->safe_psql('postgres', q{SELECT string_agg(item #>> '{p,S}', ' ') FROM dynamo_data."Free"}),
	'c', 'and has written nothing');

# Reading in a transaction takes twice as much: of 300 units twice 200
my $keys = '{"ConsistentRead": true, "ProjectionExpression": "p", "Keys": [{"p": {"S": "' . $written . '"}}]}';
my $transaction = qq({"TransactItems": [{"Get": {"TableName": "Full", "Key": {"p": {"S": "$written"}}, "ProjectionExpression": "p"}}]});
is(state_of($node, 'TransactGetItems', $transaction), '', "read $_ in a transaction") for 1 .. 2;
($state, $text) = invoke($node, 'TransactGetItems', $transaction);
is($state, 'DY010', 'the third is cancelled');
like($text, qr/specific reasons \[ProvisionedThroughputExceeded\]/, 'for lack of capacity');
is(state_of($node, 'BatchGetItem', qq({"RequestItems": {"Full": $keys}})), 'DY014', 'a batch has nothing to read either');
($state, $text) = invoke($node, 'BatchGetItem', qq({"RequestItems": {"Full": $keys, "Free": {"Keys": [{"p": {"S": "c"}}]}}}));
my $got = decode_json($text);
is_deeply($got->{Responses}{Free}, [ { p => { S => 'c' } } ], 'other tables are read');
is_deeply($got->{UnprocessedKeys}, { Full => decode_json($keys) }, 'what was asked of this one is left');

# Global indexes of a batch's writes
my $indexed = '[{"PutRequest": {"Item": {"p": {"S": "x"}, "g": {"S": "g"}}}}, {"PutRequest": {"Item": {"p": {"S": "y"}}}}]';
($state, $text) = invoke($node, 'BatchWriteItem', qq({"RequestItems": {"Indexed": $indexed}}));
is_deeply([ $state, decode_json($text)->{UnprocessedItems} ],
	[ '', { Indexed => [ decode_json($indexed)->[0] ] } ], 'what an index has no capacity for is left');
is($node->safe_psql('postgres', q{SELECT string_agg(item #>> '{p,S}', ' ' ORDER BY item #>> '{p,S}') FROM dynamo_data."Indexed" WHERE item #>> '{p,S}' > 'b'}),
	'y', 'and only that');

# On demand: only the maxima limit, those of indexes too
is( state_of(
		$node, 'CreateTable',
		'{"TableName": "OnDemand", "BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
		"GlobalSecondaryIndexes": [{"IndexName": "narrow", "Projection": {"ProjectionType": "ALL"},
			"OnDemandThroughput": {"MaxWriteRequestUnits": 1},
			"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}]}]}'),
	'', 'a table on demand is there');
is(count_admitted($node, 5, 'PutItem', qq({"TableName": "OnDemand", $put_large})), 5, 'without a maximum there is no limit');
is(state_of($node, 'PutItem', '{"TableName": "OnDemand", "Item": {"p": {"S": "i"}, "g": {"S": "g"}, "d": {"S": "LARGE"}}}'), '', 'the first write to its index');
($state, $text) = invoke($node, 'UpdateItem', '{"TableName": "OnDemand", "Key": {"p": {"S": "i"}}, "UpdateExpression": "REMOVE g"}');
is($state, 'DY019', 'the second exceeds the maximum of the index');
like($text, qr/Throughput exceeds the maximum OnDemandThroughput configured on table or index/, 'in the words of the service');
like($text, qr/"IndexWriteMaxOnDemandThroughputExceeded","resource":"[^"]*:table\/OnDemand\/index\/narrow"/, 'with its reason');
is( state_of($node, 'UpdateTable',
		'{"TableName": "OnDemand", "OnDemandThroughput": {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 1}}'),
	'', 'maxima are set');
$get = qq({"TableName": "OnDemand", $get_large});
is(state_of($node, 'GetItem', $get), '', "read $_ of a burst") for 1 .. 4;
($state, $text) = invoke($node, 'GetItem', $get);
is($state, 'DY019', 'more is refused with ThrottlingException');
like($text, qr/"TableReadMaxOnDemandThroughputExceeded","resource":"[^"]*:table\/OnDemand"/, 'with its reason');
is(state_of($node, 'PutItem', qq({"TableName": "OnDemand", $put_large})), '', 'the first write');
is(state_of($node, 'PutItem', '{"TableName": "OnDemand", "Item": {"p": {"S": "a"}}}'), 'DY019', 'the second exceeds the maximum');
is( state_of($node, 'UpdateTable', '{"TableName": "OnDemand", "OnDemandThroughput": {"MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1}}'),
	'', 'maxima are removed');
is(state_of($node, 'GetItem', $get), '', 'then nothing limits reading');
is(count_admitted($node, 5, 'PutItem', qq({"TableName": "OnDemand", $put_large})), 5, 'nor writing');

# Over HTTP the reasons are members of the exception
my $gateway = Gateway->new($node, 'no-auth' => 'on', 'pool-size' => 2);
$gateway->wait_healthy;
create_table('Web', 1, 1);
is(count_admitted($node, 9, 'PutItem', qq({"TableName": "Web", $put_large})), 1, 'a table is used up');
my %exceptions = (
	Web => [ 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException', $table_text, 'TableWriteProvisionedThroughputExceeded' ],
	OnDemand => [
		'com.amazon.coral.availability#ThrottlingException',
		'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
		'TableWriteMaxOnDemandThroughputExceeded'
	]);
state_of($node, 'UpdateTable', '{"TableName": "OnDemand", "OnDemandThroughput": {"MaxWriteRequestUnits": 1}}');
cmp_ok(count_admitted($node, 9, 'PutItem', qq({"TableName": "OnDemand", $put_large})), '<', 2, 'a table on demand is used up');
for my $table (sort keys %exceptions)
{
	my ($type, $message, $reason) = @{ $exceptions{$table} };
	my $body = qq({"TableName": "$table", "Item": {"p": {"S": "b"}}});
	my $response = $gateway->request(
		'POST', '/',
		[
			Host => 'localhost',
			'Content-Length' => length $body,
			'Content-Type' => 'application/x-amz-json-1.0',
			'X-Amz-Target' => 'DynamoDB_20120810.PutItem',
			'X-Amz-Date' => '20260101T000000Z',
			Authorization => 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, '
			  . 'SignedHeaders=host;x-amz-date;x-amz-target, Signature=' . 'a' x 64
		],
		$body);

	is($response->{status}, 400, "$table: a client error");
	is_deeply(
		decode_json($response->{body}),
		{
			__type => $type,
			message => $message,
			ThrottlingReasons =>
			  [ { reason => $reason, resource => "arn:aws:dynamodb:us-east-1:000000000000:table/$table" } ]
		},
		"$table: type, message and reasons");
}
$gateway->stop;

# Buckets that are used make those that are not forgotten
create_table('Old', 1, 1);
is(count_admitted($node, 9, 'PutItem', qq({"TableName": "Old", $put_large})), 1, 'a table is used up');
for my $i (1 .. 16)
{
	$node->safe_psql('postgres', qq{SET dynamo.enforce_capacity = off; SELECT FROM dynamo.create_table('{"TableName": "Other$i",
		"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
		"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}]}')});
	is(state_of($node, 'GetItem', qq({"TableName": "Other$i", "Key": {"p": {"S": "a"}}})), '', "table $i of others");
}
is(state_of($node, 'PutItem', '{"TableName": "Old", "Item": {"p": {"S": "a"}}}'), '', 'its bucket is a new one');

# A restart begins with full buckets
create_table('Restarted', 1, 1);
is(count_admitted($node, 9, 'PutItem', qq({"TableName": "Restarted", $put_large})), 1, 'a table is used up');
$node->restart;
is(count_admitted($node, 9, 'PutItem', qq({"TableName": "Restarted", $put_large})), 1, 'it has its burst again');

# A standby has buckets of its own
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$get = qq({"TableName": "Restarted", $get_large, "ReturnConsumedCapacity": "TOTAL"});
is(count_admitted($standby, 9, 'GetItem', $get), 4, 'a standby enforces');
is(state_of($standby, 'GetItem', $get), 'DY014', 'what it serves');
like((invoke($node, 'GetItem', $get))[1], qr/"ConsumedCapacity":\{"TableName":"Restarted","CapacityUnits":100.0\}/,
	'the primary has its own');
$standby->stop;

# Nobody can be throttled without shared memory
$node->adjust_conf('postgresql.conf', 'dynamo.enforce_capacity', undef);
$node->adjust_conf('postgresql.conf', 'dynamo.capacity_buckets', undef);
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
$node->psql('postgres', q{SELECT dynamo.list_tables(); SET dynamo.enforce_capacity = on}, stderr => \$stderr);
like($stderr, qr/dynamo.enforce_capacity needs shared memory\nHINT:  Add dynamo to shared_preload_libraries/,
	'without the library preloaded there is no enforcement');
$node->psql('postgres', q{SET dynamo.enforce_capacity = on; SELECT dynamo.get_item('Restarted', '{"p": {"S": "b"}}')}, stdout => \$text, stderr => \$stderr);
is($text, '{}', 'asked for before the library is loaded, it is left off');
like($stderr, qr/WARNING:.*dynamo.enforce_capacity/, 'with a warning');

$node->stop;
done_testing();
