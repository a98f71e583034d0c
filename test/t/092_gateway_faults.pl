# The gateway when things go wrong: the database dies under load, clients stall,
# everything is in use, signals arrive.

use strict;
use warnings;

use Gateway;
use GatewayLoad qw(api api_request item_get item_put wait_for);
use HttpClient;
use IO::Select;
use IO::Socket::INET;
use KillServer;
use List::Util qw(max);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(time sleep);

my $TABLE = 'Faults';
my $CREATE_TABLE = qq({"TableName": "$TABLE",
  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
  "BillingMode": "PAY_PER_REQUEST"});

my $node = PostgreSQL::Test::Cluster->new('faults');
$node->init;
$node->append_conf('postgresql.conf', 'max_connections = 60');

# Gateways of this file take any signature
sub new_gateway
{
	my (%options) = @_;

	return Gateway->new(
		$node,
		'no-auth' => undef,
		listen => '127.0.0.1:0',
		database => $node->connstr('postgres'),
		%options);
}

# The response to one request on a connection of its own
sub ask
{
	my ($gateway, $operation, $body) = @_;

	return api($gateway->connect, $operation, $body);
}

# Those of the records that were not answered in one of the ways
sub others
{
	my ($pattern, @records) = @_;

	return [ grep { ($_->{status} // 'lost') !~ /^(?:$pattern)$/ } @records ];
}

# How often each status was answered, for messages
sub summary
{
	my %n;

	$n{ $_->{op} . ' ' . ($_->{status} // 'lost') }++ foreach @_;
	return join ', ', map { "$_: $n{$_}" } sort keys %n;
}

# What the database has, by key
sub items
{
	return { map { split /\|/ } split /\n/, $node->safe_psql('postgres',
			qq(SELECT item -> 'id' ->> 'S', item -> 'v' ->> 'S' FROM dynamo_data."$TABLE")) };
}

# What holds of all records whatever happens to the database
sub check_records
{
	my ($what, @records) = @_;
	my $items = items();
	my (%winners, @wrong);

	is_deeply(others('200|400|500|503', @records), [], "$what: every request is answered");
	is_deeply([ grep { ($_->{status} // 0) == 503 && $_->{retry_after} eq '' } @records ],
		[], "$what: 503 says when to try again");
	is_deeply(others('200|503', grep { $_->{op} eq 'get' } @records),
		[], "$what: reads are tried again");
	is_deeply([ grep { $_->{op} eq 'get' && ($_->{status} // 0) == 200 && $_->{found} eq '' } @records ],
		[], "$what: reads see what their client has written");
	is_deeply(
		[
			grep { $_->{op} ne 'get' && ($_->{status} // 0) == 200 && ($items->{ $_->{key} } // '') ne $_->{value} }
			  @records
		],
		[],
		"$what: every write that was acknowledged is there");
	$winners{ $_->{key} }++ foreach grep { $_->{op} eq 'claim' && ($_->{status} // 0) == 200 } @records;
	is_deeply([ grep { $winners{$_} > 1 } keys %winners ],
		[], "$what: no key is claimed by two");
	note "$what: ", summary(@records);
	return;
}

# A transaction that holds the row of an item
sub lock_item
{
	my ($key) = @_;
	my $session = PsqlSession->new($node);

	$session->query('BEGIN');
	$session->query(qq(SELECT 1 FROM dynamo_data."$TABLE" WHERE item -> 'id' ->> 'S' = '$key' FOR UPDATE));
	return $session;
}

# ---- the gateway is there before the database ----

my $gateway = new_gateway('pool-size' => 4, 'queue-timeout' => 1);
is($gateway->request('GET', '/', [ Host => 'x' ])->{status},
	503, 'without a database the gateway is not healthy');
my $response = ask($gateway, 'GetItem', item_get($TABLE, 'a'));
is($response->{status}, 503, 'and refuses requests');
is($response->{headers}{'retry-after'}, 1, 'for now');
like($response->{body}, qr/"__type":"[^"]*#ServiceUnavailable"/, 'with an exception');

$node->start;
sleep 1;
is(ask($gateway, 'GetItem', item_get($TABLE, 'a'))->{status},
	503, 'a database without the extension');
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
ok(wait_for(6, sub { $gateway->request('GET', '/', [ Host => 'x' ])->{status} == 200 }),
	'it becomes healthy by itself');
is(ask($gateway, 'CreateTable', $CREATE_TABLE)->{status}, 200, 'and works');
is(ask($gateway, 'PutItem', item_put($TABLE, 'locked', 'x'))->{status}, 200, 'an item');

# ---- the database dies, and comes back ----

my @disasters = (
	[ 'kill -9' => sub { kill_everything($node); $node->start } ],
	[ 'immediate stop' => sub { $node->stop('immediate'); $node->start } ],
	[ 'fast stop' => sub { $node->stop('fast'); sleep 0.5; $node->start } ],
	[ 'terminated backends' => sub {
			for (1 .. 5)
			{
				is( $node->safe_psql('postgres', q(
SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
 WHERE application_name = 'dynamo-gateway')),
					't', 'connections of the gateway are terminated');
				sleep 0.3;
			}
	} ]);

foreach my $disaster (@disasters)
{
	my ($name, $happen) = @$disaster;
	my $load = GatewayLoad->start($gateway->port, clients => 6, table => $TABLE);

	sleep 0.5;
	$happen->();
	my $over = time;
	sleep 3;
	my @records = $load->stop;

	check_records($name, @records);
	ok((grep { $_->{op} eq 'put' && ($_->{status} // 0) == 200 && $_->{end} < $over } @records) > 0,
		"$name: there was a load");
	foreach my $op (qw(put claim get))
	{
		ok((grep { $_->{op} eq $op && ($_->{status} // 0) == 200 && $_->{start} > $over + 2 } @records) > 0,
			"$name: $op works again within two seconds");
	}
	is_deeply(others('200|400', grep { $_->{start} > $over + 2 } @records),
		[], "$name: and nothing fails any more");
}
ok($gateway->metrics->{'dynamo_gateway_retried_total'} > 0, 'requests were tried again');
is($gateway->metrics->{'dynamo_gateway_requests_running'}, 0, 'nothing is left over');
$gateway->stop;

# ---- clients that stall ----

# How long it takes until a connection is closed, sending `bytes` first and
# then a byte of `trickle` every 0.3 seconds
sub time_to_close
{
	my ($port, $bytes, $trickle) = @_;
	my $client = HttpClient->new($port);
	my $started = time;

	$client->send($bytes) if length $bytes;
	while (time < $started + 15)
	{
		return time - $started if $client->has_input(0.3) && $client->is_closed;
		$client->send($trickle) if defined $trickle;
	}
	return 1000;
}

$gateway = new_gateway('client-timeout' => 2, 'idle-timeout' => 3, 'pool-size' => 4);
$gateway->wait_healthy;
my $big = 'x' x 300_000;
is(ask($gateway, 'PutItem', item_put($TABLE, "big$_", $big))->{status}, 200, "big item $_")
  foreach 1 .. 3;

my @stalling = (
	[ 'nothing', '', undef, 1.5, 4 ],
	[ 'half a request line', 'POST / HT', undef, 1.5, 4 ],
	[ 'half the headers', "POST / HTTP/1.1\r\nHost: x\r\n", undef, 1.5, 4 ],
	[ 'half a body', substr(api_request('PutItem', item_put($TABLE, 'a', 'b')), 0, -10), undef, 1.5, 4 ],
	[ 'a byte of a header now and then', "POST / HTTP/1.1\r\nX: ", 'x', 1.5, 4 ],
	[ 'a byte of a body now and then', "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", 'x', 1.5, 4 ],
	[ 'a chunk now and then', "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 1.5, 4 ]);
my %children;

foreach my $case (@stalling)
{
	pipe my $reader, my $writer or die "pipe: $!";
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		my $took = eval { time_to_close($gateway->port, @$case[ 1, 2 ]) } // 2000;

		syswrite $writer, $took;
		POSIX::_exit(0);
	}
	close $writer;
	$children{ $case->[0] } = [ $pid, $reader ];
}

# One that does not read: more than the kernel's buffers take
my $deaf = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port)
  or die "connect: $!";
setsockopt $deaf, SOL_SOCKET, SO_RCVBUF, pack('i', 4096);
syswrite $deaf, api_request('Scan', qq({"TableName": "$TABLE"})) x 40;

# One that goes away while its request runs
my $locker = lock_item('locked');
my $leaver = $gateway->connect;
$leaver->send(api_request('PutItem', item_put($TABLE, 'locked', 'by the leaver')));
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_running'} > 0 }),
	'a request waits for a lock');
$leaver->close;

# One that stays, longer than a client may be idle
my $patient = $gateway->connect;
$patient->send(api_request('PutItem', item_put($TABLE, 'locked', 'patient')));

# All the while others are served
my ($slowest, $wrong) = (0, 0);
my $client = $gateway->connect;
my $end = time + 5;
while (time < $end)
{
	my $started = time;

	$wrong++ if api($client, 'GetItem', item_get($TABLE, 'locked'))->{status} != 200;
	$slowest = max($slowest, time - $started);
	sleep 0.01;
}
is($wrong, 0, 'while clients stall, others are served');
ok($slowest < 1, "and quickly ($slowest s)");
$locker->query('COMMIT');
$locker->finish;
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_running'} == 0 }),
	'the request of the one that went away comes to an end');
$response = $patient->read_response;
is($response && $response->{status}, 200,
	'a request that takes longer than idle-timeout is answered');
$patient->close;

foreach my $case (@stalling)
{
	my ($name, undef, undef, $least, $most) = @$case;
	my ($pid, $reader) = @{ $children{$name} };
	my $took = <$reader>;

	waitpid $pid, 0;
	ok($took >= $least && $took <= $most, "a client that sends $name is sent away ($took s)");
}
is($gateway->metrics->{'dynamo_gateway_clients_timed_out_total'},
	7, 'they are counted, and the one that does not read as well');
$client->close;
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_client_connections'} == 1 }),
	'no connection is left');
close $deaf;

is(ask($gateway, 'GetItem', item_get($TABLE, 'locked'))->{status}, 200, 'the gateway works on');
$gateway->stop;

# ---- a thousand connections ----

$gateway = new_gateway();
$gateway->wait_healthy;
my @workers;
my $started = time;
foreach my $worker (1 .. 4)
{
	pipe my $reader, my $writer or die "pipe: $!";
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		my $good = 0;

		eval {
			my @clients = map { $gateway->connect } 1 .. 250;

			foreach my $round (1 .. 4)
			{
				foreach my $i (0 .. $#clients)
				{
					$clients[$i]->send($round % 2
						? api_request('PutItem', item_put($TABLE, "many$worker-$i", $round))
						: api_request('GetItem', item_get($TABLE, "many$worker-$i")));
				}
				foreach my $one (@clients)
				{
					my $answer = $one->read_response;

					$good++ if $answer && $answer->{status} == 200;
				}
			}
			1;
		} or print STDERR $@;
		syswrite $writer, $good;
		POSIX::_exit(0);
	}
	close $writer;
	push @workers, [ $pid, $reader ];
}
my $most = 0;
my $good = 0;
while (time < $started + 60 && grep { kill 0, $_->[0] } @workers)
{
	$most = max($most, $gateway->metrics->{'dynamo_gateway_client_connections'});
	waitpid $_->[0], POSIX::WNOHANG foreach @workers;
	sleep 0.05;
}
foreach my $worker (@workers)
{
	my $reader = $worker->[1];

	$good += <$reader>;
}
is($good, 4000, 'a thousand connections do four requests each');
my $took = time - $started;
ok($took < 30, "in $took s");
cmp_ok($most, '>=', 900, 'they were open at the same time');
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_client_connections'} == 1 }),
	'and are gone');
$gateway->stop;

# ---- everything is in use ----

$gateway = new_gateway('pool-size' => 1, 'pipeline-depth' => 1, 'queue-limit' => 2,
	'queue-timeout' => 1);
$gateway->wait_healthy;
$locker = lock_item('locked');
my @waiting = map { $gateway->connect } 1 .. 3;
$waiting[0]->send(api_request('PutItem', item_put($TABLE, 'locked', 'first')));
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_running'} == 1 }),
	'the only connection is in use');
$started = time;
$_->send(api_request('GetItem', item_get($TABLE, 'a'))) foreach @waiting[ 1, 2 ];
ok(wait_for(0.8, sub { $gateway->metrics->{'dynamo_gateway_requests_queued'} == 2 }),
	'two requests wait');
$response = ask($gateway, 'GetItem', item_get($TABLE, 'a'));
is($response->{status}, 503, 'a third is refused');
is($response->{headers}{'retry-after'}, 1, 'for now');
like($response->{body}, qr/"message":"The service is unavailable: too many/, 'for that reason');
ok(time - $started < 1, 'at once');
foreach my $one (@waiting[ 1, 2 ])
{
	$response = $one->read_response;
	is($response->{status}, 503, 'what waits too long is refused');
	is($response->{headers}{'retry-after'}, 1, 'for now');
}
$took = time - $started;
ok($took >= 0.9 && $took < 2, "after queue-timeout ($took s)");
$locker->query('COMMIT');
$locker->finish;
is($waiting[0]->read_response->{status}, 200, 'the first one is answered');
is(api($_, 'GetItem', item_get($TABLE, 'locked'))->{status}, 200, 'then all is normal')
  foreach @waiting;
my $metrics = $gateway->metrics;
is($metrics->{'dynamo_gateway_queue_rejected_total'}, 1, 'refusals are counted');
is($metrics->{'dynamo_gateway_queue_timed_out_total'}, 2, 'so are those that waited');
$gateway->stop;

# ---- a statement that takes too long ----

$gateway = new_gateway('pool-size' => 1, 'request-timeout' => 1);
$gateway->wait_healthy;
$locker = lock_item('locked');
$client = $gateway->connect;
$started = time;
$response = api($client, 'PutItem', item_put($TABLE, 'locked', 'late'));
$took = time - $started;
is($response->{status}, 500, 'request-timeout ends a statement');
like($response->{body}, qr/#InternalServerError"/, 'with an exception');
ok($took >= 0.9 && $took < 3, "in time ($took s)");
$response = api($client, 'GetItem', item_get($TABLE, 'locked'));
is($response && $response->{status}, 200, 'the connection lives on');
unlike($response->{body}, qr/late/, 'and the write has not happened');
is($gateway->metrics->{'dynamo_gateway_database_connections_lost_total'}, 0,
	'so does that to the database');
$locker->query('COMMIT');
$locker->finish;
$gateway->stop;

# ---- nonsense between requests ----

$gateway = new_gateway('pool-size' => 2, 'client-timeout' => 1);
$gateway->wait_healthy;
srand 4711;
my $load = GatewayLoad->start($gateway->port, clients => 3, table => $TABLE);
my $whole = api_request('PutItem', item_put($TABLE, 'nonsense', 'x'));
my @nonsense = (
	"\0" x 100,
	"GET\r\n\r\n",
	"POST / HTTP/9.9\r\n\r\n",
	"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
	"POST / HTTP/1.1\r\nContent-Length: 17000000\r\n\r\n",
	"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
	"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
	"GET / HTTP/1.1\r\nX: " . 'x' x 100_000 . "\r\n\r\n",
	"GET /" . 'x' x 100_000 . " HTTP/1.1\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	map { join '', map { chr rand 256 } 1 .. 1000 } 1 .. 5);
for (1 .. 60)
{
	my $bytes = rand() < 0.5 ? $nonsense[ rand @nonsense ] : substr $whole, 0, rand length $whole;
	my $one = $gateway->connect;

	$one->send($bytes);
	$one->has_input(0.02);
	$one->close;
}
my @records = $load->stop;
is_deeply(others('200|400', @records), [], 'nonsense does not disturb others');
note 'nonsense: ', summary(@records);
$gateway->stop;

# ---- signals ----

my $config = "$PostgreSQL::Test::Utils::tmp_check/gateway_faults.conf";
append_to_file($config, "pool-size = 8\n");
$gateway = new_gateway(config => $config);
$gateway->wait_healthy;
$load = GatewayLoad->start($gateway->port, clients => 6, table => $TABLE);
foreach my $settings ("pool-size = 1", "pool-size = 6\nrequest-timeout = 7", "pool-size = 2",
	"pool-size = 3\nrequest-timeout = 5\nlog-requests = on", "pipeline-depth = 1", "pool-size = 1")
{
	sleep 0.3;
	unlink $config;
	append_to_file($config, "$settings\n");
	ok($gateway->reload, 'the settings are read again: ' . $settings =~ s/\n/, /r);
}
sleep 0.3;
@records = $load->stop;
check_records('SIGHUP', @records);
is_deeply(others('200|400', @records), [], 'SIGHUP: nothing fails');

# What has been sent before the signal is answered
$load = GatewayLoad->start($gateway->port, clients => 6, table => $TABLE);
sleep 0.5;
my $signalled = time;
$gateway->stop('SIGTERM under load: status 0');
$took = time - $signalled;
ok($took < 3, "SIGTERM: soon ($took s)");
@records = $load->stop;
@records = grep { $_->{start} < $signalled } @records;
is_deeply(others('200|400', @records), [], 'SIGTERM: what was under way is answered');
check_records('SIGTERM', @records);

# A request that hangs does not hold the gateway for ever
$gateway = new_gateway('shutdown-timeout' => 2, 'pool-size' => 1, 'pipeline-depth' => 1);
$gateway->wait_healthy;
$locker = lock_item('locked');
$client = $gateway->connect;
$client->send(api_request('PutItem', item_put($TABLE, 'locked', 'hung')));
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_running'} == 1 }),
	'a request hangs');
my $reader = $gateway->connect;
$reader->send(api_request('GetItem', item_get($TABLE, 'locked')));
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_queued'} == 1 }),
	'another one waits');
$started = time;
$gateway->stop('shutdown-timeout: status 0');
$took = time - $started;
ok($took >= 1.9 && $took < 4, "shutdown-timeout holds ($took s)");
is($client->read_response->{status}, 500, 'the outcome of a write is unknown then');
ok($client->is_closed, 'its connection is closed');
is($reader->read_response->{status}, 503, 'a request that waits is refused');
$locker->query('COMMIT');
$locker->finish;

# One that ends in time is answered
$gateway = new_gateway('pool-size' => 2);
$gateway->wait_healthy;
$locker = lock_item('locked');
$client = $gateway->connect;
$client->send(api_request('PutItem', item_put($TABLE, 'locked', 'in time')));
ok(wait_for(5, sub { $gateway->metrics->{'dynamo_gateway_requests_running'} == 1 }),
	'a request waits');
$gateway->signal('TERM');
sleep 1;
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->port),
	'no connection is accepted any more');
$locker->query('COMMIT');
$locker->finish;
$response = $client->read_response;
is($response && $response->{status}, 200, 'SIGTERM waits for a request');
is($gateway->wait_for_end, 0, 'and the gateway ends with status 0');
is(items()->{locked}, 'in time', 'which has happened');

$node->stop;
done_testing();
