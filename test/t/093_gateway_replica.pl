# A gateway with a hot standby: which reads go there, and when none do.

use strict;
use warnings;

use Gateway;
use GatewayLoad qw(api item_get item_get_stale item_put wait_for);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

my $LAG = 3;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION dynamo');
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $gateway = Gateway->new($primary,
	'no-auth' => undef,
	replica => $standby->connstr('postgres'),
	'max-replica-lag' => $LAG,
	'queue-timeout' => 1,
	'pool-size' => 2);

sub metric
{
	my ($name) = @_;

	return $gateway->metrics->{"dynamo_gateway_$name"};
}

sub usable
{
	return metric('replica_usable') == 1;
}

# The response to a request on a connection of its own; the body is one line,
# as it is looked for in the logs
sub ask
{
	my ($operation, $body) = @_;

	$body =~ s/\s*\n\s*/ /g;
	return api($gateway->connect, $operation, $body);
}

sub put
{
	my ($table, $key, $value) = @_;

	return ask('PutItem', item_put($table, $key, $value))->{status};
}

# The value of an item, or the status if it is not 200
sub get
{
	my ($request, $table, $key) = @_;
	my $response = ask('GetItem', $request->($table, $key));

	return $response->{status} if $response->{status} != 200;
	return $response->{body} =~ /"v":\s*\{"S":\s*"([^"]*)"/ ? $1 : 'nothing';
}

sub create_table
{
	my ($table) = @_;

	return ask('CreateTable', qq({"TableName": "$table",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST"}))->{status};
}

# How many requests that name something a server has run; they are in its log
sub seen
{
	my ($node, $text) = @_;

	return scalar grep { /parameters: .*\Q$text\E/ } split /\n/, slurp_file($node->logfile);
}

# ---- what goes where ----

$gateway->wait_healthy;
ok(wait_for(10, \&usable), 'the replica serves reads');
is(create_table('Music'), 200, 'a table');
is(put('Music', 'a', 'one'), 200, 'an item');
$primary->wait_for_catchup($standby);

my $reads = metric('replica_reads_total');
is(get(\&item_get_stale, 'Music', 'a'), 'one', 'a read that may be stale') foreach 1 .. 5;
is(ask('GetItem',
		'{"TableName": "Music", "Key": {"id": {"S": "explicit"}}, "ConsistentRead": false}')->{status},
	200, 'one that says so');
is(ask('Query', '{"TableName": "Music", "KeyConditionExpression": "id = :queried",
	"ExpressionAttributeValues": {":queried": {"S": "a"}}}')->{status}, 200, 'Query');
is(ask('Scan', '{"TableName": "Music", "FilterExpression": "id <> :scanned",
	"ExpressionAttributeValues": {":scanned": {"S": "a"}}}')->{status}, 200, 'Scan');
is(metric('replica_reads_total') - $reads, 8, 'they are counted as reads of the replica');
foreach my $what ('explicit', ':queried', ':scanned')
{
	is(seen($standby, $what), 1, "the standby has run the request with $what");
	is(seen($primary, $what), 0, 'and the primary has not');
}

is(get(\&item_get, 'Music', 'consistent'), 'nothing', 'a consistent read');
is(ask('Query', '{"TableName": "Music", "ConsistentRead" : true,
	"KeyConditionExpression": "id = :consistent_query",
	"ExpressionAttributeValues": {":consistent_query": {"S": "a"}}}')->{status}, 200,
	'a consistent query');
is(ask('GetItem', '{"TableName": "Music", "Key": {"id": {"S": "\u0065scaped"}}}')->{status},
	200, 'one with an escape, which nobody looks into');
is(put('Music', 'written', 'x'), 200, 'a write');
is(ask('DescribeTable', '{"TableName": "Music", "unknown": "described"}')->{status},
	200, 'DescribeTable');
is(metric('replica_reads_total') - $reads, 8, 'are not');
foreach my $what ('consistent', ':consistent_query', 'scaped', 'written', 'described')
{
	is(seen($standby, $what), 0, "the standby has not run the request with $what");
	ok(seen($primary, $what) > 0, 'the primary has');
}

# Errors are the primary's
my $fallbacks = metric('replica_fallbacks_total');
my $response = ask('GetItem', item_get_stale('Missing', 'a'));
is($response->{status}, 400, 'a table that is not there');
like($response->{body}, qr/ResourceNotFoundException/, 'is not found');
is(metric('replica_fallbacks_total') - $fallbacks, 1, 'by the primary');

# ---- a replica that is behind ----

# What the replica does not know yet
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
is(create_table('Fresh'), 200, 'a table that the replica does not have');
is(put('Fresh', 'a', 'fresh'), 200, 'an item');
$fallbacks = metric('replica_fallbacks_total');
is(get(\&item_get_stale, 'Fresh', 'a'), 'fresh', 'is found at once');
is(metric('replica_fallbacks_total') - $fallbacks, 1, 'by asking the primary');
is(put('Music', 'a', 'two'), 200, 'a write that the replica does not have');
is(get(\&item_get_stale, 'Music', 'a'), 'one', 'a stale read');
is(get(\&item_get, 'Music', 'a'), 'two', 'a consistent read');

# Writes go on, and the replica does not follow
my $started = time;
my $last_stale = $started;
my $n = 0;
while (time < $started + $LAG + 3)
{
	put('Music', 'counter', ++$n);
	$last_stale = time if get(\&item_get_stale, 'Music', 'a') eq 'one';
	sleep 0.05;
}
my $took = $last_stale - $started;
ok($took <= $LAG + 0.2, "it is not used any more after max-replica-lag ($took s)");
ok(!usable(), 'as the metrics say');
is(get(\&item_get_stale, 'Music', 'a'), 'two', 'reads go to the primary');
is(get(\&item_get_stale, 'Music', 'counter'), $n, 'which knows the latest write');

$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
ok(wait_for(5, \&usable), 'when it has caught up it is used again');
$primary->wait_for_catchup($standby);
$reads = metric('replica_reads_total');
is(get(\&item_get_stale, 'Music', 'a'), 'two', 'and knows the writes');
is(metric('replica_reads_total') - $reads, 1, 'the replica has answered');

# Without writes it is not behind
sleep $LAG + 1;
ok(usable(), 'a replica of an idle primary is used');

# ---- a replica that is gone ----

foreach my $mode ('fast', 'immediate')
{
	my $load = GatewayLoad->start($gateway->port, clients => 4, table => 'Music', stale => 1);

	sleep 0.5;
	$reads = metric('replica_reads_total');
	$standby->stop($mode);
	sleep 1;
	my $while_down = metric('replica_reads_total');
	sleep 0.5;
	is(metric('replica_reads_total'), $while_down, "$mode stop: the primary answers");
	$standby->start;
	ok(wait_for(10, sub { metric('replica_reads_total') > $while_down }),
		"$mode stop: the replica is used again when it is back");
	my @records = $load->stop;
	is_deeply([ grep { ($_->{status} // 'lost') !~ /^(200|400)$/ } @records ],
		[], "$mode stop: nothing fails");
	ok($reads > 0 && @records > 100, "$mode stop: there was a load");
}

# ---- a primary that is gone ----

ok(wait_for(10, \&usable), 'the replica is used');
$primary->stop('fast');
$started = time;
is(get(\&item_get_stale, 'Music', 'a'), 'two', 'without the primary stale reads are served');
is(put('Music', 'a', 'lost'), 503, 'writes are not');
is(get(\&item_get, 'Music', 'a'), 503, 'nor are consistent reads');
my $failed = wait_for($LAG + 3, sub { get(\&item_get_stale, 'Music', 'a') eq '503' });
$took = time - $started;
ok($failed, "after max-replica-lag no read is ($took s)");
ok($took < $LAG + 2.5, 'soon');
$primary->start;
ok(wait_for(5, sub { put('Music', 'a', 'three') == 200 }), 'then the primary is back');
ok(wait_for(5, \&usable), 'and the replica');
$primary->wait_for_catchup($standby);
is(get(\&item_get_stale, 'Music', 'a'), 'three', 'which follows');

# ---- a replica that has become a primary ----

$standby->promote;
ok(wait_for(5, sub { !usable() }), 'a promoted standby is not used');
$standby->safe_psql('postgres',
	q(SELECT dynamo.invoke('PutItem', '{"TableName": "Music", "Item": {"id": {"S": "a"}, "v": {"S": "other"}}}')));
$reads = metric('replica_reads_total');
is(get(\&item_get_stale, 'Music', 'a'), 'three', 'reads are the primary\'s') foreach 1 .. 3;
sleep 2;
is(get(\&item_get_stale, 'Music', 'a'), 'three', 'and stay so');
is(metric('replica_reads_total'), $reads, 'none went to the other');

$gateway->stop;
$standby->stop;
$primary->stop;
done_testing();
