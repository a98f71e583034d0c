# Thousands of malformed and random requests through dynamo.invoke: each ends
# in an answer that is JSON or in one of DynamoDB's errors (class DY), never
# in an internal error or a crash.
#
# FUZZ_SEED and FUZZ_REQUESTS change the requests and their number.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";

use Encode qw(is_utf8 encode_utf8);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RequestFuzzer;
use Test::More;

my $requests = $ENV{FUZZ_REQUESTS} || 6000;
my $seed = $ENV{FUZZ_SEED} || 20261122;
my $batch_size = 200;

# Shapes that a generator would hardly hit upon
my @by_hand = (
	[ '', '' ],
	[ 'GetItem', '' ],
	[ 'GetItem', ' ' ],
	[ 'getitem', '{}' ],
	[ "GetItem\n", '{}' ],
	[ 'x' x 100_000, '{}' ],
	[ 'PutItem', '[' x 100_000 ],
	[ 'PutItem', '{"a":' x 100_000 ],
	[ 'PutItem', '{"TableName": "' . ('x' x 1_000_000) . '"}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": ' . ('{"M": {"x": ' x 5000) . '1' . ('}}' x 5000) . '}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"N": "' . ('9' x 200_000) . '"}}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"N": "1E' . ('9' x 50_000) . '"}}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"B": "' . ('=' x 10_000) . '"}}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"S": "\u0000\ud800"}}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"S": "x"}}, "ConditionExpression": "' . ('(' x 50_000) . '"}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"S": "x"}}, "ConditionExpression": "' . ('NOT ' x 50_000) . 'a"}' ],
	[ 'Scan', '{"TableName": "Tab", "FilterExpression": "' . ('a.' x 30_000) . 'a = :v"}' ],
	[ 'Scan', '{"TableName": "Tab", "FilterExpression": "a[' . ('9' x 1000) . '] = :v"}' ],
	[ 'Scan', '{"TableName": "Tab", "Limit": 1e400}' ],
	[ 'Scan', '{"TableName": "Tab", "Segment": -2147483649, "TotalSegments": 99999999999999999999}' ],
	[ 'UpdateItem', '{"TableName": "Tab", "Key": {"Id": {"S": "x"}}, "UpdateExpression": "SET ' . ('a = ' x 20_000) . '"}' ],
	[ 'UpdateItem', '{"TableName": "Tab", "Key": {"Id": {"S": "x"}}, "AttributeUpdates": {' . join(',', map { qq("a$_": {"Action": "DELETE"}) } 1 .. 100_000) . '}}' ],
	[ 'DeleteItem', '{"TableName": "Tab", "Key": {"Id": {"S": "x"}}, "Expected": {' . join(',', map { qq("a$_": {"Exists": false}) } 1 .. 100_000) . '}}' ],
	[ 'Scan', '{"TableName": "Tab", "ScanFilter": {"a": {"ComparisonOperator": "IN", "AttributeValueList": [' . join(',', ('{"S": "x"}') x 100_000) . ']}}}' ],
	[ 'Query', '{"TableName": "Tab", "KeyConditions": {' . join(',', map { qq("a$_": {"ComparisonOperator": "NULL"}) } 1 .. 100_000) . '}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"S": "x"}}, "Expected": {"a": {"Value": ' . ('{"L": [' x 5000) . (']}' x 5000) . '}}}' ],
	[ 'TagResource', '{"ResourceArn": "' . (':' x 100_000) . '/", "Tags": []}' ],
	[ 'TagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:' . ('9' x 100_000) . ':table/Tab", "Tags": [{"Key": "k", "Value": "v"}]}' ],
	[ 'UntagResource', '{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/' . ('\u0000' x 100_000) . '", "TagKeys": ["k"]}' ],
	[ 'ListTagsOfResource', '{"ResourceArn": "\u0000"}' ],
	[ 'UpdateTimeToLive', '{"TableName": "Tab", "TimeToLiveSpecification": {"Enabled": false, "AttributeName": "' . ('\u0000' x 100_000) . '"}}' ],
	[ 'UpdateTimeToLive', '{"TableName": "Tab", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "\u0000\ud83d\ude00' . "'" . '\\"}}' ],
	[ 'PutItem', '{"TableName": "Tab", "Item": {"Id": {"S": "ttl"}, "\u0000\ud83d\ude00' . "'" . '\\": {"N": "9999999999999999999999999999999999999e88"}}}' ],
	[ 'UpdateTimeToLive', '{"TableName": "Tab", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "\ud800"}}' ],
	[ 'DescribeTimeToLive', '{"TableName": "' . ('\u0000' x 100_000) . '"}' ],
	[ 'BatchGetItem', '{"RequestItems": {"Tab": {"Keys": [' . join(',', ('{"Id": {"S": "x"}}') x 50_000) . ']}}}' ],
	[ 'BatchGetItem', '{"RequestItems": {' . join(',', map { qq~"Tab$_": {"Keys": [{"Id": {"S": "x"}}]}~ } 1 .. 20_000) . '}}' ],
	[ 'BatchGetItem', '{"RequestItems": {"Tab": {"Keys": [{"Id": {"S": "' . ('x' x 3000) . '"}}]}}}' ],
	[ 'BatchWriteItem', '{"RequestItems": {"Tab": [' . join(',', ('{}') x 50_000) . ']}}' ],
	[ 'BatchWriteItem', '{"RequestItems": {"' . ('x' x 100_000) . '": [{"DeleteRequest": {"Key": {}}}]}}' ],
	[ 'BatchWriteItem', '{"RequestItems": {"Tab": [{"PutRequest": null, "DeleteRequest": null}]}}' ],
	[ 'BatchWriteItem', '{"RequestItems": {"Tab": [{"PutRequest": {"Item": {"Id": {"S": "x"}, "v": ' . ('{"L": [' x 200) . ('{"S": "x"}') . (']}' x 200) . '}}}]}}' ],
	[ 'TransactWriteItems', '{"TransactItems": [' . join(',', ('{"Put": {"TableName": "Tab", "Item": {}}}') x 30_000) . ']}' ],
	[ 'TransactWriteItems', '{"ClientRequestToken": "\u0000\ud83d\ude00' . "'" . '\\", "TransactItems": [{"Put": {"TableName": "Tab", "Item": {"Id": {"S": "t"}}}}]}' ],
	[ 'TransactWriteItems', '{"ClientRequestToken": "' . ('\ud83d\ude00' x 18) . '", "TransactItems": [{"Put": {"TableName": "Tab", "Item": {"Id": {"S": "t"}}}}]}' ],
	[ 'TransactWriteItems', '{"TransactItems": [{"Put": {"TableName": "Tab", "Item": {"Id": {"S": "x"}}, "ConditionExpression": "' . ('NOT ' x 50_000) . 'a"}}]}' ],
	[ 'TransactWriteItems', '{"TransactItems": [{"Update": {"TableName": "Tab", "Key": {"Id": {"S": "x"}}, "UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": {"N": "1E' . ('9' x 50_000) . '"}}}}]}' ],
	[ 'TransactGetItems', '{"TransactItems": [{"Get": {"TableName": "Tab", "Key": {"Id": {"S": "\u0000"}}, "ProjectionExpression": "' . ('a.' x 30_000) . 'a"}}]}' ],
	[ 'Query', 'null' ],
	[ 'Query', '[]' ],
	[ 'Query', '"x"' ],
	[ 'Query', '{"TableName": "Tab"} trailing' ]);

my $node = PostgreSQL::Test::Cluster->new('hostile');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'");
$node->append_conf('postgresql.conf', "log_min_error_statement = panic");
$node->append_conf('postgresql.conf', "log_statement = none");
$node->append_conf('postgresql.conf', "statement_timeout = '120s'");
$node->start;
$node->safe_psql(
	'postgres', q(
CREATE EXTENSION dynamo;
CREATE TABLE requests (id serial PRIMARY KEY, operation text, request bytea);
CREATE TABLE results (id int, outcome text);

-- The answer is cast to json to show that it is, unless it is empty.  Bytes that are not UTF-8
-- cannot arrive as text at all.
CREATE FUNCTION try(operation text, request bytea) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	request_text text;
BEGIN
	BEGIN
		request_text := convert_from(request, 'UTF8');
	EXCEPTION WHEN OTHERS THEN
		RETURN 'not text';
	END;
	PERFORM nullif(dynamo.invoke(operation, request_text), '')::json;
	RETURN 'success';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || left(SQLERRM, 200);
END $$;

SELECT dynamo.create_table('{"TableName": "Tab", "BillingMode": "PAY_PER_REQUEST",
  "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}]}'::jsonb);
));

my $file = "$PostgreSQL::Test::Utils::tmp_check/requests.copy";
my $fuzzer = RequestFuzzer->new(seed => $seed);
my $total = 0;

sub as_bytes
{
	my ($string) = @_;

	$string = '' unless defined $string;
	return is_utf8($string) ? encode_utf8($string) : $string;
}

open my $fh, '>', $file or die "$file: $!";
binmode $fh;
foreach my $pair ($fuzzer->setup, @by_hand,
	map { [ $fuzzer->next ] } 1 .. $requests)
{
	my ($operation, $request) = map { as_bytes($_) } @$pair;

	# an operation's name is not what is tested: keep it to printable text
	$operation =~ s/[^ -~]/?/g;
	$operation =~ s/\\/\\\\/g;
	print $fh $operation, "\t\\\\x", unpack('H*', $request), "\n";
	$total++;
}
close $fh;
$node->safe_psql('postgres',
	"\\copy requests (operation, request) from '$file'");
is($node->safe_psql('postgres', 'SELECT count(*) FROM requests'),
	$total, "$total requests, seed $seed");

# In batches; if one fails as a whole, one by one, to name the culprit.
sub run_requests
{
	my ($first, $last) = @_;

	my ($ret, $stdout, $stderr) = $node->psql(
		'postgres', qq(
INSERT INTO results
SELECT id, try(operation, request) FROM requests
 WHERE id BETWEEN $first AND $last ORDER BY id));
	return 1 if $ret == 0;
	$node->poll_query_until('postgres', 'SELECT true')
	  or die 'the server does not come back';
	if ($first == $last)
	{
		diag("request $first: $stderr");
		diag($node->safe_psql('postgres',
				"SELECT operation, left(encode(request, 'escape'), 500) FROM requests WHERE id = $first"
		));
		return 0;
	}
	my $middle = int(($first + $last) / 2);
	return run_requests($first, $middle) & run_requests($middle + 1, $last);
}

my $survived = 1;
for (my $first = 1; $first <= $total && $survived; $first += $batch_size)
{
	my $last = $first + $batch_size - 1;

	$last = $total if $last > $total;
	$survived = 0 unless run_requests($first, $last);
}
ok($survived, 'no request ended the session');

# Every outcome must be a success or a DynamoDB error.
my $bad = $node->safe_psql(
	'postgres', q(
SELECT format('%s x %s: request %s: %s %s', count(*), min(left(outcome, 120)), min(id),
              min(operation), left(min(encode(request, 'escape')), 300))
  FROM results JOIN requests USING (id)
 WHERE outcome NOT IN ('success', 'not text') AND outcome !~ '^DY'
 GROUP BY left(outcome, 30) ORDER BY count(*) DESC LIMIT 20));
is($bad, '', 'every failure is one of DynamoDB\'s');

# A fuzzer that only ever fails at the first check tests nothing.
my $kinds = $node->safe_psql('postgres',
	q(SELECT count(DISTINCT outcome) FROM results WHERE outcome ~ '^DY'));
cmp_ok($kinds, '>=', 20, "$kinds different errors were seen");
my $successes = $node->safe_psql('postgres',
	q(SELECT count(*) FROM results WHERE outcome = 'success'));
cmp_ok($successes, '>', 0, "$successes requests succeeded");

unlike(
	slurp_file($node->logfile),
	qr/was terminated by signal|PANIC:|TRAP:/,
	'no backend crashed');

$node->stop;
done_testing();
