# Every read works on a hot standby and answers as the primary does; writes
# are refused as Postgres refuses them.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'");
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION dynamo');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Made after the standby started, so that it all arrives by replication
$primary->safe_psql(
	'postgres', q(
SELECT dynamo.create_table('{"TableName": "Music",
  "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"},
                           {"AttributeName": "Year", "AttributeType": "N"}],
  "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"},
                {"AttributeName": "Year", "KeyType": "RANGE"}],
  "BillingMode": "PAY_PER_REQUEST"}'::jsonb)));
$primary->safe_psql(
	'postgres', q(
SELECT count(dynamo.put_item(('{"TableName": "Music", "Item": {
         "Artist": {"S": "artist ' || n % 10 || '"}, "Year": {"N": "' || n || '"},
         "Title": {"S": "' || repeat('la', n % 90) || '"}}}')::jsonb))
  FROM generate_series(1, 300) n));
$primary->wait_for_catchup($standby);

my @reads = (
	[ 'list_tables', '{}' ],
	[ 'describe_table', '{"TableName": "Music"}' ],
	[ 'describe_time_to_live', '{"TableName": "Music"}' ],
	[
		'get_item',
		'{"TableName": "Music", "ConsistentRead": true,
		  "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}'
	],
	[
		'get_item',
		'{"TableName": "Music", "Key": {"Artist": {"S": "nobody"}, "Year": {"N": "1"}}}'
	],
	[
		'query',
		'{"TableName": "Music", "KeyConditionExpression": "Artist = :a AND #y BETWEEN :lo AND :hi",
		  "FilterExpression": "size(Title) > :s", "ScanIndexForward": false,
		  "ExpressionAttributeNames": {"#y": "Year"},
		  "ExpressionAttributeValues": {":a": {"S": "artist 7"}, ":lo": {"N": "50"},
		                                ":hi": {"N": "250"}, ":s": {"N": "20"}}}'
	],
	[ 'scan', '{"TableName": "Music"}' ],
	[ 'scan', '{"TableName": "Music", "Segment": 1, "TotalSegments": 3, "Limit": 50}' ],
	[
		'batch_get_item',
		'{"RequestItems": {"Music": {"Keys": [{"Artist": {"S": "artist 3"}, "Year": {"N": "33"}},
	  {"Artist": {"S": "nobody"}, "Year": {"N": "1"}}]}}}'
	],
	[
		'transact_get_items',
		'{"TransactItems": [{"Get": {"TableName": "Music", "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}},
	  {"Get": {"TableName": "Music", "Key": {"Artist": {"S": "nobody"}, "Year": {"N": "1"}}}}]}'
	]);

foreach my $read (@reads)
{
	my ($operation, $request) = @$read;
	# but for the two estimates, which come from the server's statistics
	my $sql = "SELECT dynamo.$operation(\$request\$$request\$request\$::jsonb)"
	  . q( #- '{Table,ItemCount}' #- '{Table,TableSizeBytes}');
	my $there = $primary->safe_psql('postgres', $sql);

	is($standby->safe_psql('postgres', $sql),
		$there, "$operation answers on the standby as on the primary");
}
is( $standby->safe_psql(
		'postgres', q(
SELECT dynamo.scan('{"TableName": "Music"}'::jsonb) ->> 'Count')),
	'300',
	'and the answer has the items in it');

# As another role, too, and with its privileges
$primary->safe_psql(
	'postgres', q(
CREATE ROLE reader;
GRANT SELECT ON dynamo_data."Music" TO reader;
CREATE ROLE stranger));
$primary->wait_for_catchup($standby);
like(
	$standby->safe_psql(
		'postgres', q(
SELECT dynamo.invoke_as('reader', 'GetItem',
  '{"TableName": "Music", "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}'))),
	qr/"Year":\{"N":"33"\}/,
	'invoke_as reads on the standby');
foreach my $call (
	[ 'DY004', q(invoke_as('stranger', 'Scan', '{"TableName": "Music"}')) ],
	[
		'25006',
		q(invoke_as(NULL, 'DeleteItem', '{"TableName": "Music", "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}'))
	],
	[ '25006', q(expire_items()) ],
	[ '25006', q(create_access_key('reader')) ],
	[ '25006', q(delete_access_key('x')) ])
{
	my ($ret, $stdout, $stderr) = $standby->psql(
		'postgres',
		"SELECT dynamo.$call->[1]",
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	like($stderr, qr/ERROR:  $call->[0]/, "$call->[1] on the standby");
}

my %writes = (
	put_item => '{"TableName": "Music", "Item": {"Artist": {"S": "x"}, "Year": {"N": "1"}}}',
	update_item => '{"TableName": "Music", "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}},
	  "UpdateExpression": "REMOVE Title"}',
	delete_item => '{"TableName": "Music", "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}',
	batch_write_item => '{"RequestItems": {"Music": [{"DeleteRequest": {"Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}}}]}}',
	transact_write_items => '{"TransactItems": [{"ConditionCheck": {"TableName": "Music",
	  "Key": {"Artist": {"S": "artist 3"}, "Year": {"N": "33"}}, "ConditionExpression": "attribute_exists(Artist)"}}]}',
	create_table => '{"TableName": "Other", "BillingMode": "PAY_PER_REQUEST",
	  "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
	  "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}]}',
	delete_table => '{"TableName": "Music"}',
	update_time_to_live => '{"TableName": "Music", "TimeToLiveSpecification": {"AttributeName": "Year", "Enabled": true}}');

foreach my $operation (sort keys %writes)
{
	my ($ret, $stdout, $stderr) = $standby->psql(
		'postgres',
		"\\set VERBOSITY sqlstate\n"
		  . "SELECT dynamo.$operation(\$request\$$writes{$operation}\$request\$::jsonb)"
	);

	# read_only_sql_transaction, as for any write on a standby
	like($stderr, qr/ERROR:  25006/, "$operation is refused on the standby");
}

# What the primary changes is seen by a session that already has the table's
# description in its cache.
my $session = $standby->background_psql('postgres');
like(
	$session->query_safe(
		q(SELECT dynamo.describe_table('{"TableName": "Music"}'::jsonb) #>> '{Table,DeletionProtectionEnabled}')
	),
	qr/false/,
	'the standby has the table\'s description');
$primary->safe_psql(
	'postgres', q(
SELECT dynamo.update_table('{"TableName": "Music", "DeletionProtectionEnabled": true}'::jsonb)));
$primary->wait_for_catchup($standby);
like(
	$session->query_safe(
		q(SELECT dynamo.describe_table('{"TableName": "Music"}'::jsonb) #>> '{Table,DeletionProtectionEnabled}')
	),
	qr/true/,
	'and sees it change');
$session->quit;

# After promotion it takes writes.
$standby->promote;
$standby->safe_psql('postgres',
	"SELECT dynamo.put_item('$writes{put_item}'::jsonb)");
is( $standby->safe_psql(
		'postgres', q(
SELECT dynamo.scan('{"TableName": "Music"}'::jsonb) ->> 'Count')),
	'301',
	'a promoted standby takes writes');

unlike(
	slurp_file($standby->logfile),
	qr/was terminated by signal|PANIC:|TRAP:/,
	'nothing crashed on the standby');

$standby->stop;
$primary->stop;
done_testing();
