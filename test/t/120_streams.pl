# Streams: the worker drains within moments and leaves when there is nothing;
# crashes of it and of the server lose and double nothing; retention and the
# limit of WAL trim; databases and extensions go together with their slots; and
# all of it without a worker.

use strict;
use warnings;

use FeedServer;
use IPC::Run qw(start);
use JSON::PP;
use KillServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = FeedServer::start('streams', q(
shared_preload_libraries = 'dynamo'
dynamo.worker_naptime = 1
max_worker_processes = 20
restart_after_crash = on
autovacuum = off
log_statement = none
));
my $server = $node;
my $database = 'postgres';

sub sql { return $server->safe_psql($database, $_[0]) }

# The outcome of a request: its response, or what psql says.
sub outcome
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $server->psql($database, "\\set VERBOSITY verbose\n$sql");

	return $rc == 0 ? $out : $err;
}

sub create_table
{
	my ($name, $view_type) = @_;

	return sql(qq(SELECT dynamo.create_table('{"TableName": "$name",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST",
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "$view_type"}}'::jsonb)
			#>> '{TableDescription,LatestStreamArn}'));
}

sub status
{
	my ($arn) = @_;

	return sql(qq(SELECT dynamo.describe_stream('{"StreamArn": "$arn"}') #>> '{StreamDescription,StreamStatus}'));
}

sub wait_for
{
	my ($name, $what) = @_;
	my $end = time + 60;
	my $done;

	until ($done = $what->() or time > $end)
	{
		usleep(20_000);
	}
	ok($done, $name);
	return;
}

sub put
{
	my ($name, $id) = @_;

	sql(qq(SELECT dynamo.put_item('$name', '{"id": {"S": "$id"}}')));
	return;
}

sub count_records
{
	my ($name) = @_;

	# whatever the worker may use
	return sql("SET temp_file_limit = -1; SELECT count(*) FROM dynamo.stream_records('$name')");
}

sub iterator
{
	my ($arn, $type, $sequence) = @_;
	my $shard = sql(qq(SELECT dynamo.describe_stream('{"StreamArn": "$arn"}') #>> '{StreamDescription,Shards,0,ShardId}'));
	my $extra = $sequence ? qq(, "SequenceNumber": "$sequence") : '';

	return outcome(qq(SELECT dynamo.get_shard_iterator('{"StreamArn": "$arn", "ShardId": "$shard",
		"ShardIteratorType": "$type"$extra}') ->> 'ShardIterator'));
}

sub shard_iterator
{
	my ($arn, $shard, $sequence) = @_;

	return outcome(qq(SELECT dynamo.get_shard_iterator('{"StreamArn": "$arn", "ShardId": "$shard",
		"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "$sequence"}') ->> 'ShardIterator'));
}

sub get_records
{
	my ($iterator) = @_;

	return outcome(qq(SELECT dynamo.get_records('{"ShardIterator": "$iterator"}')));
}

sub feed_workers
{
	return sql(qq(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dynamo feed worker'));
}

sub slots { return sql(q(SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ '^dynamo_')) }

# ---- latency, notifications, leaving ----

my $arn = create_table('Latency', 'NEW_IMAGE');
is(status($arn), 'ENABLED', 'the first stream is ready when its table is');
put('Latency', 'first');
wait_for('... and has what is written then', sub { count_records('Latency') == 1 });
sql(q(SELECT dynamo.delete_item('Latency', '{"id": {"S": "first"}}')));
wait_for('... and deleted', sub { count_records('Latency') == 2 });

my $listener = PsqlSession->new($node);
$listener->query('LISTEN dynamo_stream');
my @latencies;
foreach my $i (1 .. 20)
{
	my $started = time;

	put('Latency', "item $i");
	until (count_records('Latency') == $i + 2 or time > $started + 30)
	{
		usleep(1_000);
	}
	push @latencies, time - $started;
}
@latencies = sort { $a <=> $b } @latencies;
cmp_ok($latencies[-1], '<', 1, 'a record can be read within a second')
  or diag("@latencies");
like($listener->query('SELECT 1'),
	qr/Asynchronous notification "dynamo_stream" with payload "Latency"/,
	'who listens is told of the table');
$listener->finish;

# Whoever does not wait for the flush is not waited for by the worker.
sql(q(SET synchronous_commit = off; SELECT dynamo.put_item('Latency', '{"id": {"S": "unflushed"}}')));
wait_for('a commit without a flush is drained', sub { count_records('Latency') == 23 });

wait_for('a worker with nothing to do leaves', sub { feed_workers() == 0 });
my $before = time;
put('Latency', 'after');
wait_for('a commit brings it back', sub { count_records('Latency') == 24 });
cmp_ok(time - $before, '<', 2, '... at once');
is(sql(q(SELECT last_error IS NULL AND lag_bytes < 1000000 AND lag_seconds = 0 AND pid IS NOT NULL
		AND last_activity > now() - interval '1 minute'
	FROM dynamo.worker_status WHERE kind = 'dynamo feed worker')),
	't', 'worker_status tells of it');

# A transaction as large as several batches, savepoints rolled back within
sql(q(BEGIN;
	INSERT INTO dynamo_data."Latency" (item) SELECT jsonb_build_object('id', jsonb_build_object('S', 'bulk ' || i)) FROM generate_series(1, 15000) i;
	SAVEPOINT s; DELETE FROM dynamo_data."Latency"; ROLLBACK TO s;
	INSERT INTO dynamo_data."Latency" (item) SELECT jsonb_build_object('id', jsonb_build_object('S', 'more ' || i)) FROM generate_series(1, 15000) i;
	COMMIT));
wait_for('a large transaction comes as a whole', sub { count_records('Latency') == 30024 });
is(sql(q(SELECT count(DISTINCT sequence_number), count(DISTINCT keys), count(DISTINCT left(sequence_number, 20))
	FROM dynamo.stream_records('Latency'))), '30024|30023|25', '... once');
# Each drain begins to decode, which the server logs by default
my @begun = slurp_file($node->logfile) =~ /starting logical decoding for slot/g;
cmp_ok(scalar @begun, '<=', 1, 'the server log is not filled with draining');

# ---- errors in the midst of decoding ----

sql(q(ALTER SYSTEM SET temp_file_limit = '1MB'));
sql('SELECT pg_reload_conf()');
my $n_before = count_records('Latency');
sql(q(INSERT INTO dynamo_data."Latency" (item)
	SELECT jsonb_build_object('id', jsonb_build_object('S', 'spilled ' || i), 'v', jsonb_build_object('S', repeat('x', 1000)))
	FROM generate_series(1, 10000) i));
my $failed = q(SELECT last_error FROM dynamo.worker_status
	WHERE kind = 'dynamo feed worker' AND last_error_at > clock_timestamp() - interval '3 seconds');
wait_for('decoding fails', sub { sql($failed) =~ /temporary file size exceeds/ });
sleep 4;
like(sql($failed), qr/temporary file size exceeds/, '... and is tried again');
is(count_records('Latency'), $n_before, '... nothing is stored');
unlike(slurp_file($node->logfile), qr/exited with exit code/, '... in an orderly manner');
sql(q(ALTER SYSTEM RESET temp_file_limit));
sql('SELECT pg_reload_conf()');
wait_for('... until it succeeds', sub { count_records('Latency') == $n_before + 10000 });
sql(q(DELETE FROM dynamo_data."Latency" WHERE item->'id'->>'S' ~ '^spilled'));
$n_before += 20000;
wait_for('... and goes on', sub { count_records('Latency') == $n_before });

# ---- a worker that ends right before its commit ----

# Who notifies holds a lock until its commit is over, and this commit waits for
# a standby that there is not.  The worker notifies, too: it has drained then.
sql('ALTER SYSTEM SET synchronous_commit = local');
sql(q(ALTER SYSTEM SET synchronous_standby_names = 'nobody'));
sql('SELECT pg_reload_conf()');
my $holder = PsqlSession->new($node);
$holder->query('SET synchronous_commit = on');
$holder->send('BEGIN; CREATE TABLE held (); NOTIFY nobody; COMMIT');
wait_for('a commit takes its time', sub {
	sql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')) == 1 });
put('Latency', 'drained twice');
wait_for('a worker waits to commit', sub {
	sql(q(SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'dynamo feed worker' AND wait_event_type = 'Lock')) == 1 });
is(count_records('Latency'), $n_before, '... what it has drained');
sql(q(SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'dynamo feed worker'));
sql(q(SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'));
$holder->finish;
wait_for('the next one drains it again', sub { count_records('Latency') == $n_before + 1 });
sql('ALTER SYSTEM RESET synchronous_commit');
sql('ALTER SYSTEM RESET synchronous_standby_names');
sql('SELECT pg_reload_conf()');

# ---- what has expired ----

my $expiring = create_table('Expiring', 'OLD_IMAGE');
wait_for('a stream of what expires', sub { status($expiring) eq 'ENABLED' });
sql(q(SELECT dynamo.update_time_to_live('{"TableName": "Expiring",
	"TimeToLiveSpecification": {"Enabled": true, "AttributeName": "until"}}')));
sql(q(SELECT dynamo.put_item('Expiring', jsonb_build_object('id', '{"S": "e"}'::jsonb,
	'until', jsonb_build_object('N', (extract(epoch FROM now())::bigint - 100)::text)))));
put('Expiring', 'stays');
wait_for('it is removed', sub { sql('SELECT dynamo.expire_items()'); count_records('Expiring') == 3 });
is(sql(q(SELECT string_agg(event_name || ' ' || by_service, ', ' ORDER BY sequence_number) FROM dynamo.stream_records('Expiring'))),
	'INSERT false, INSERT false, REMOVE true', '... by the service');
like(get_records(iterator($expiring, 'TRIM_HORIZON')),
	qr/"userIdentity": \{"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"\}/, '... as the API says');
sql(q(SELECT dynamo.delete_table('{"TableName": "Expiring"}')));

# ---- a database goes, an extension goes ----

sql('CREATE DATABASE other');
$database = 'other';
sql('CREATE EXTENSION dynamo');
my $other_arn = create_table('Other', 'KEYS_ONLY');
wait_for('a stream in another database', sub { status($other_arn) eq 'ENABLED' });
put('Other', 'a');
wait_for('... has its own records', sub { count_records('Other') == 1 });
sql(q(DROP EXTENSION dynamo CASCADE; DROP SCHEMA IF EXISTS dynamo_data CASCADE; CREATE EXTENSION dynamo));
$other_arn = create_table('Other', 'KEYS_ONLY');
wait_for('the extension dropped and created again', sub { status($other_arn) eq 'ENABLED' });
put('Other', 'b');
wait_for('... has a stream with its own records', sub { count_records('Other') == 1 });
sql('DROP EXTENSION dynamo CASCADE');
$database = 'postgres';
wait_for('the slot of an extension that was dropped is dropped', sub { slots() == 1 });

$database = 'other';
sql('DROP SCHEMA IF EXISTS dynamo_data CASCADE; CREATE EXTENSION dynamo');
$other_arn = create_table('Other', 'KEYS_ONLY');
wait_for('a stream again', sub { status($other_arn) eq 'ENABLED' });
put('Other', 'a');
wait_for('... has records', sub { count_records('Other') == 1 });

# A dump has no stream
my $dump = $node->basedir . '/other.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('other') ], 'dump');
$database = 'postgres';
sql('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'restore');
$database = 'restored';
is(sql(q(SELECT dynamo.describe_table('{"TableName": "Other"}')->'Table' ? 'StreamSpecification', dynamo.list_streams())),
	'f|{"Streams": []}', 'what was restored has no stream');
$other_arn = sql(q(SELECT dynamo.update_table('{"TableName": "Other", "StreamSpecification": {"StreamEnabled": true,
	"StreamViewType": "KEYS_ONLY"}}') #>> '{TableDescription,LatestStreamArn}'));
wait_for('... until one is enabled', sub { status($other_arn) eq 'ENABLED' });
$database = 'postgres';

$before = time;
sql('DROP DATABASE other');
cmp_ok(time - $before, '<', 5, 'the worker is not in the way of DROP DATABASE');
sql('DROP DATABASE restored');
wait_for('... and the slots are gone', sub { slots() == 1 });

# ---- more databases than workers ----

sql('ALTER SYSTEM SET dynamo.max_workers = 1');
sql('SELECT pg_reload_conf()');
sql('CREATE DATABASE second');
$database = 'second';
sql('CREATE EXTENSION dynamo');
my $second_arn = create_table('Latency', 'KEYS_ONLY');
wait_for('a stream in a second database', sub { status($second_arn) eq 'ENABLED' });
$database = 'postgres';
my $puts = $node->basedir . '/puts.sql';
append_to_file($puts, <<'SQL');
\set id random(1, 1000000000)
SELECT dynamo.put_item('Latency', jsonb_build_object('id', jsonb_build_object('S', :id::text)));
SQL
my %busy;
foreach my $name ('postgres', 'second')
{
	$busy{$name} = start([ 'pgbench', '-n', '-R', 100, '-T', 60, '-f', $puts, $node->connstr($name) ],
		'<', \undef, '>', '/dev/null', '2>', '/dev/null');
	$database = $name;
	my $n = count_records('Latency');
	$before = time;
	wait_for("records come in database $name", sub { count_records('Latency') > $n });
	cmp_ok(time - $before, '<', 30, '... while both databases have them');
}
$database = 'postgres';
sql('ALTER SYSTEM RESET dynamo.max_workers');
sql('SELECT pg_reload_conf()');
usleep(500_000);
is(outcome('DROP DATABASE second WITH (FORCE)'), '', 'a database goes in the midst of being drained');
$_->kill_kill foreach values %busy;
wait_for('... and the slot, too', sub { slots() == 1 });

# ---- transactions that the slot has to wait for ----

sql('CREATE DATABASE waiting');
$database = 'waiting';
sql('CREATE EXTENSION dynamo; CREATE TABLE writes (i int)');
my $writer = PsqlSession->new($node);
$writer->query('BEGIN; CREATE TABLE noise (t text)');
$before = time;
my $waiting_arn = create_table('Waiting', 'KEYS_ONLY');
cmp_ok(time - $before, '<', 10, 'who enables a stream does not wait for ever');
is(status($waiting_arn), 'ENABLING', '... but has to wait for the stream');
put('Waiting', 'before');
$writer->query('ROLLBACK');
$writer->finish;
wait_for('... until those that wrote have ended', sub { status($waiting_arn) eq 'ENABLED' });
put('Waiting', 'after');
wait_for('... from when on it has records', sub { count_records('Waiting') == 1 });
is(sql(q(BEGIN; CREATE TABLE t (i int); ) . qq(SELECT dynamo.update_table('{"TableName": "Waiting", "StreamSpecification": {"StreamEnabled": false}}') IS NOT NULL; COMMIT)),
	't', 'it ends in a transaction that has written');
wait_for('... and the slot goes', sub { slots() == 1 });
$waiting_arn = sql(q(BEGIN; INSERT INTO writes VALUES (1);
	SELECT dynamo.update_table('{"TableName": "Waiting", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}')
		#>> '{TableDescription,LatestStreamArn}'; COMMIT));
wait_for('one that is enabled in such a transaction is ready later', sub { status($waiting_arn) eq 'ENABLED' });
sql(q(SELECT dynamo.delete_table('{"TableName": "Waiting"}')));
wait_for('... and the slot goes', sub { slots() == 1 });
is(outcome(q(BEGIN; SELECT dynamo.create_table('{"TableName": "Undone",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}'::jsonb) IS NOT NULL; ROLLBACK)),
	't', 'a first stream that is undone');
wait_for('... leaves no slot for long', sub { slots() == 1 });

# The worker drops the slot that nobody needs while others make it again
create_table('Again', 'KEYS_ONLY');
my ($at_once, $lost) = (0, 0);
foreach my $i (1 .. 30)
{
	sql(q(SELECT dynamo.update_table('{"TableName": "Again", "StreamSpecification": {"StreamEnabled": false}}')));
	usleep(rand 60_000);
	my $again = sql(q(SELECT dynamo.update_table('{"TableName": "Again", "StreamSpecification": {"StreamEnabled": true,
		"StreamViewType": "KEYS_ONLY"}}') #>> '{TableDescription,LatestStreamArn}'));
	my $ready = status($again) eq 'ENABLED';

	put('Again', "put $i");
	next unless $ready;
	$at_once++;
	my $end = time + 30;
	until (count_records('Again') == 1 or time > $end)
	{
		usleep(5_000);
	}
	$lost++ if count_records('Again') != 1;
}
note("$at_once of 30 streams were ready at once");
cmp_ok($at_once, '>', 10, 'streams are ready at once, again and again');
is($lost, 0, '... and lose nothing');
sql(q(SELECT dynamo.delete_table('{"TableName": "Again"}')));
$database = 'postgres';
is(outcome('DROP DATABASE waiting'), '', 'the database can be dropped');

# ---- no slot left ----

sql("SELECT pg_create_physical_replication_slot('taken_' || i) FROM generate_series(1, current_setting('max_replication_slots')::int - " . slots() . ') AS i');
sql('CREATE DATABASE third');
$database = 'third';
sql('CREATE EXTENSION dynamo');
my $third_arn = create_table('Third', 'KEYS_ONLY');
wait_for('without a slot', sub {
	sql(q(SELECT last_error FROM dynamo.worker_status WHERE kind = 'dynamo feed worker')) eq 'all replication slots are in use' });
is(status($third_arn), 'ENABLING', '... a stream stays as it is');
put('Third', 'before');
sql(q(SELECT pg_drop_replication_slot('taken_1')));
wait_for('... until one is free', sub { status($third_arn) eq 'ENABLED' });
put('Third', 'after');
wait_for('... and then has records', sub { count_records('Third') == 1 });
$database = 'postgres';
is(outcome('DROP DATABASE third'), '', 'its database can be dropped');
sql(q(SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name ~ '^taken_'));

# ---- pages of a megabyte ----

$arn = create_table('Large', 'NEW_AND_OLD_IMAGES');
wait_for('a stream of large items', sub { status($arn) eq 'ENABLED' });
sql(q(SELECT dynamo.put_item('Large', jsonb_build_object('id', '{"S": "large"}'::jsonb,
	'v', jsonb_build_object('S', repeat(i::text, 390000)))) FROM generate_series(1, 4) AS i));
wait_for('... has records', sub { count_records('Large') == 4 });
my @sizes;
for (my $iterator = iterator($arn, 'TRIM_HORIZON'); @sizes < 4 && $iterator; )
{
	my $page = decode_json(get_records($iterator));

	push @sizes, scalar @{ $page->{Records} };
	$iterator = $page->{NextShardIterator};
}
is("@sizes", '1 1 1 1', '... of which no two are on a page');
sql(q(SELECT dynamo.delete_table('{"TableName": "Large"}')));

# ---- crashes ----

sql('ALTER SYSTEM SET dynamo.stream_shards = 3');
sql('SELECT pg_reload_conf()');
$arn = create_table('Crash', 'NEW_AND_OLD_IMAGES');
my $script = $node->basedir . '/workload.sql';
append_to_file($script, <<'SQL');
\set id random(1, 40)
\set other random(1, 40)
\set value random(1, 1000000)
\set kind random(1, 7)
\if :kind = 1
SELECT dynamo.put_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 'i:id'::text || :id), 'v', jsonb_build_object('N', :value::text)));
\elif :kind = 2
SELECT dynamo.update_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 'i:id'::text || :id)), 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}');
\elif :kind = 3
SELECT dynamo.delete_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 'i:id'::text || :id)));
\elif :kind = 4
UPDATE dynamo_data."Crash" SET item = item || jsonb_build_object('sql', jsonb_build_object('N', :value::text)) WHERE item->'id'->>'S' = 'i:id'::text || :id;
\elif :kind = 5
BEGIN;
SELECT dynamo.put_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 't'::text || :client_id || '-' || :id), 'v', jsonb_build_object('N', :value::text)));
SAVEPOINT s;
DELETE FROM dynamo_data."Crash" WHERE item->'id'->>'S' = 't'::text || :client_id || '-' || :id;
ROLLBACK TO s;
SELECT dynamo.update_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 't'::text || :client_id || '-' || :id)), 'SET big = :big', expression_attribute_values => jsonb_build_object(':big', jsonb_build_object('S', (SELECT string_agg(md5((:value + i)::text), '') FROM generate_series(1, 200) AS i))));
COMMIT;
\elif :kind = 6
BEGIN;
SELECT dynamo.delete_item('Crash', jsonb_build_object('id', jsonb_build_object('S', 't'::text || :client_id || '-' || :other)));
ROLLBACK;
\else
INSERT INTO dynamo_data."Crash" (item) VALUES (jsonb_build_object('id', jsonb_build_object('S', 'n' || :client_id || '-' || :value))) ON CONFLICT DO NOTHING;
\endif
SQL
wait_for('the stream is ready', sub { status($arn) eq 'ENABLED' });

# Apply all records to nothing: each must find the item as its old image says.
sub replay
{
	my ($name) = @_;
	my (%state, %seen, @faults);

	foreach my $line (split /\n/, sql(qq(SELECT json_build_array(sequence_number, event_name, keys::text, new_image::text, old_image::text)
			FROM dynamo.stream_records('$name') ORDER BY sequence_number)))
	{
		my ($sequence, $event, $key, $new, $old) = @{ decode_json($line) };
		my $present = $state{$key};

		push @faults, "$sequence twice" if $seen{$sequence}++;
		push @faults, "$sequence: $event"
		  if $event ne (defined $new ? defined $old ? 'MODIFY' : 'INSERT' : 'REMOVE');
		push @faults, "$sequence: " . ($present // 'no item') . ' is not ' . ($old // 'no item')
		  if ($present // '') ne ($old // '');
		$state{$key} = $new;
		delete $state{$key} unless defined $new;
	}
	is(join("\n", @faults[ 0 .. ($#faults < 5 ? $#faults : 5) ]), '', 'every record follows from those before');
	is( join("\n", sort values %state),
		join("\n", sort split /\n/, sql(qq(SELECT item FROM dynamo_data."$name"))),
		'all of them make the table');
	return scalar keys %seen;
}

# Everything that has been committed is in the log.
sub drained
{
	my $lsn = sql('SELECT pg_current_wal_insert_lsn()');

	put('Latency', 'mark ' . time);
	wait_for('drained', sub {
		sql(q(SELECT keys->'id'->>'S' ~ '^mark' AND now() - created_at < interval '30 seconds'
				AND left(sequence_number, 20)::numeric > pg_wal_lsn_diff('__', '0/0')
			FROM dynamo.stream_records('Latency') ORDER BY sequence_number DESC LIMIT 1) =~ s/__/$lsn/r) eq 't' });
	return;
}

my $rounds = $ENV{STREAM_ROUNDS} // 20;
my $crashed_worker = 0;
my $terminated = 0;
srand(42);
foreach my $round (1 .. $rounds)
{
	my ($out, $err) = ('', '');
	my $load = start([ 'pgbench', '-n', '-c', 4, '-R', 600, '-T', 30, '-f', $script, $node->connstr('postgres') ],
		'<', \undef, '>', \$out, '2>', \$err);

	usleep(100_000 + rand 900_000);

	# An end that the slot survives with what has been done to it in memory
	for (1 .. 5)
	{
		$terminated++ if sql(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'dynamo feed worker')) =~ /t/;
		usleep(rand 150_000);
	}
	if ($round % 2)
	{
		my $pid;

		for (1 .. 200)
		{
			$pid = sql(q(SELECT pid FROM pg_stat_activity WHERE application_name = 'dynamo feed worker' LIMIT 1));
			last if $pid;
			usleep(10_000);
		}
		if ($pid)
		{
			kill 'KILL', $pid;
			$crashed_worker++;
			# all sessions go with it
			eval { $load->finish };
			for (1 .. 600)
			{
				last if $node->psql('postgres', 'SELECT 1') == 0;
				usleep(100_000);
			}
			next;
		}
	}
	kill_everything($node);
	eval { $load->finish };
	$node->start;
}
cmp_ok($crashed_worker, '>=', $rounds / 4, 'workers have been killed');
cmp_ok($terminated, '>', 0, '... and terminated');
drained();
my $n = replay('Crash');
cmp_ok($n, '>', 100 * $rounds, 'the workload has done something');
note("$n records, $crashed_worker workers killed");

# What the API gives is what the rows are, by shards and pages
my %pages;
my $shards = decode_json(sql(qq(SELECT dynamo.describe_stream('{"StreamArn": "$arn"}') #> '{StreamDescription,Shards}')));
foreach my $shard (@$shards)
{
	my $iterator = sql(qq(SELECT dynamo.get_shard_iterator('{"StreamArn": "$arn", "ShardId": "$shard->{ShardId}",
		"ShardIteratorType": "TRIM_HORIZON"}') ->> 'ShardIterator'));

	for (;;)
	{
		my $page = decode_json(sql(qq(SELECT dynamo.get_records('{"ShardIterator": "$iterator", "Limit": 1000}'))));

		$pages{ $_->{dynamodb}{SequenceNumber} }++ foreach @{ $page->{Records} };
		last unless @{ $page->{Records} };
		$iterator = $page->{NextShardIterator};
	}
}
is(scalar(keys %pages), $n, 'pages of all shards have every record');
is(scalar(grep { $_ != 1 } values %pages), 0, '... once');
is(scalar(@$shards), 3, 'three shards');

# ---- a standby ----

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('streams_standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
$server = $standby;
is(count_records('Crash'), $n, 'a standby has the log');
is(status($arn), 'ENABLED', '... and tells of the stream');
like(get_records(iterator($arn, 'TRIM_HORIZON')), qr/"eventName"/, '... and gives pages');
my $passed = sql(q(SELECT min(sequence_number) FROM dynamo.stream_records('Crash')));
$standby->promote;
wait_for('the slot is made after the promotion', sub { status($arn) eq 'ENABLED' && slots() == 1 &&
	sql(q(SELECT slot_ready FROM dynamo.stream_position)) eq 't' });
like(iterator($arn, 'AFTER_SEQUENCE_NUMBER', $passed), qr/DY018/, 'there may be a gap, and readers are told');
put('Crash', 'promoted');
wait_for('the stream goes on', sub { count_records('Crash') == 1 });
$standby->stop;
$server = $node;

# ---- too much WAL ----

sql('ALTER SYSTEM RESET dynamo.stream_shards');
sql(q(ALTER SYSTEM SET dynamo.stream_max_wal = '32MB'));
sql('SELECT pg_reload_conf()');
my $first = sql(q(SELECT min(sequence_number) FROM dynamo.stream_records('Crash')));
my $horizon = iterator($arn, 'TRIM_HORIZON');
my $last = iterator($arn, 'AFTER_SEQUENCE_NUMBER', $first);
my $blocker = PsqlSession->new($node);
$blocker->query('CREATE TABLE noise (t text); BEGIN; INSERT INTO noise VALUES (1)');
sql(q(CREATE TABLE noise2 AS SELECT repeat(md5(i::text), 10) AS t FROM generate_series(1, 200000) i));
put('Crash', 'while too much is kept');
wait_for('the slot is given up', sub { slots() == 0 || sql(q(SELECT NOT slot_ready FROM dynamo.stream_position)) eq 't' });
$blocker->query('COMMIT');
$blocker->finish;
wait_for('... and made anew when it can be', sub { status($arn) eq 'ENABLED' });
like(get_records($last), qr/DY018.*oldest stream record/s, 'who was in the middle is told');
put('Crash', 'afterwards');
wait_for('records come again', sub { get_records($horizon) =~ /afterwards/ });
unlike(get_records($horizon), qr/"SequenceNumber": "$first"/, 'what was before is trimmed');
is(outcome(qq(SELECT count(*) FROM dynamo.stream_records('Crash', after => '$first'))) =~ /DY018/, 1, '... also for rows');
like(slurp_file($node->logfile), qr/streams keep more WAL than dynamo.stream_max_wal allows/, 'the log says so');
sql('ALTER SYSTEM RESET dynamo.stream_max_wal');
sql('DROP TABLE noise, noise2');

# The server's own limit
sql(q(ALTER SYSTEM SET max_slot_wal_keep_size = '32MB'));
my $before_limit = sql(q(SELECT max(sequence_number) FROM dynamo.stream_records('Crash')));
sql('SELECT pg_reload_conf()');
$blocker = PsqlSession->new($node);
$blocker->query('CREATE TABLE noise (t text); BEGIN; INSERT INTO noise VALUES (1)');
sql(q(CREATE TABLE noise2 AS SELECT repeat(md5(i::text), 10) AS t FROM generate_series(1, 400000) i));
put('Crash', 'while the server keeps too much');
sql('CHECKPOINT');
sql('CHECKPOINT');
wait_for('the server gives the slot up', sub { sql(q(SELECT NOT slot_ready FROM dynamo.stream_position)) eq 't' });
like(slurp_file($node->logfile), qr/the replication slot of streams has become invalid/, '... as the log says');
$blocker->query('COMMIT');
$blocker->finish;
wait_for('... and it is made anew', sub { status($arn) eq 'ENABLED' });
like(iterator($arn, 'AFTER_SEQUENCE_NUMBER', $before_limit), qr/DY018/, '... which readers are told');
put('Crash', 'after the limit');
wait_for('... before records come again', sub { count_records('Crash') == 1 });
sql('ALTER SYSTEM RESET max_slot_wal_keep_size');
sql('DROP TABLE noise, noise2');
sql('SELECT pg_reload_conf()');

# ---- retention ----

sql('ALTER SYSTEM SET dynamo.stream_retention = 12');
sql('SELECT pg_reload_conf()');
my $ended = create_table('Ended', 'NEW_IMAGE');
sql(q(SELECT dynamo.delete_table('{"TableName": "Ended"}')));
put('Crash', 'old');
wait_for('an old record', sub { get_records($horizon) =~ /"old"/ });
my $old = sql(q(SELECT max(sequence_number) FROM dynamo.stream_records('Crash')));
my $quiet_arn = create_table('Quiet', 'NEW_IMAGE');
put('Quiet', $_) foreach 'a', 'b';
wait_for('records of a table that is quiet then', sub { count_records('Quiet') == 2 });
my ($quiet_first, $quiet_last) = split /\n/, sql(q(SELECT sequence_number FROM dynamo.stream_records('Quiet')));

# Of its shards one is quiet
sql('ALTER SYSTEM SET dynamo.stream_shards = 2');
sql('SELECT pg_reload_conf()');
my $partly_arn = create_table('Partly', 'KEYS_ONLY');
sql('ALTER SYSTEM RESET dynamo.stream_shards');
put('Partly', $_) foreach 1 .. 8;
wait_for('records of a table that is partly quiet then', sub { count_records('Partly') == 8 });
my %first = map { split /\|/ } split /\n/, sql(q(SELECT shard_id, min(sequence_number) FROM dynamo.stream_records('Partly') GROUP BY 1));
my %last = map { split /\|/ } split /\n/, sql(q(SELECT shard_id, max(sequence_number) FROM dynamo.stream_records('Partly') GROUP BY 1));
my ($busy_shard, $quiet_shard) = sort { $last{$b} cmp $last{$a} } keys %last;
my ($busy_key) = split /\n/, sql(qq(SELECT keys->'id'->>'S' FROM dynamo.stream_records('Partly') WHERE shard_id = '$busy_shard'));
my $end = time + 25;
my $i = 0;
while (time < $end)
{
	put('Crash', 'young ' . ++$i);
	sql(qq(SELECT dynamo.update_item('Partly', '{"id": {"S": "$busy_key"}}', 'SET n = :n', expression_attribute_values => '{":n": {"N": "$i"}}')));
	usleep(500_000);
}
like(iterator($arn, 'AT_SEQUENCE_NUMBER', $old), qr/DY018/, 'an old record is trimmed');
unlike(get_records(iterator($arn, 'TRIM_HORIZON')), qr/"old"/, '... and not at the horizon');
like(iterator($quiet_arn, 'AFTER_SEQUENCE_NUMBER', $quiet_first), qr/DY018/, 'who has not had what is trimmed is told');
like(outcome(qq(SELECT * FROM dynamo.stream_records('Quiet', after => '$quiet_first'))), qr/DY018/, '... also for rows');
like(iterator($quiet_arn, 'AT_SEQUENCE_NUMBER', $quiet_last), qr/DY018/, '... by its own number, too');
my $quiet = iterator($quiet_arn, 'AFTER_SEQUENCE_NUMBER', $quiet_last);
like(get_records($quiet), qr/"Records": \[\]/, 'who has had all of it has lost nothing');
is(outcome(qq(SELECT count(*) FROM dynamo.stream_records('Quiet', after => '$quiet_last'))), '0', '... also in rows');
put('Quiet', 'c');
wait_for('... and goes on', sub { get_records($quiet) =~ /"S": "c"/ });
is(outcome(qq(SELECT keys->'id'->>'S' FROM dynamo.stream_records('Quiet', after => '$quiet_last'))), 'c', '... also in rows');
sql(q(SELECT dynamo.delete_table('{"TableName": "Quiet"}')));
is(scalar keys %last, 2, 'there are two shards');
like(get_records(shard_iterator($partly_arn, $quiet_shard, $last{$quiet_shard})), qr/"Records": \[\]/,
	'who has had all of a shard has lost nothing');
like(shard_iterator($partly_arn, $quiet_shard, $first{$quiet_shard}), qr/DY018/, '... who has not is told')
  if $first{$quiet_shard} ne $last{$quiet_shard};
like(shard_iterator($partly_arn, $busy_shard, $last{$busy_shard}), qr/DY018/, 'who has not followed the other shard is told');
cmp_ok(count_records('Partly'), '>', 10, '... and rows have what there is');
like(outcome(qq(SELECT count(*) FROM dynamo.stream_records('Partly', after => '$last{$quiet_shard}'))), qr/DY018/,
	'... but after what has been removed');
sql(q(SELECT dynamo.delete_table('{"TableName": "Partly"}')));
my $kept = count_records('Crash');
cmp_ok($kept, '>=', 20, 'young ones are kept');
cmp_ok($kept, '<', $i, '... only');
is(sql(q(SELECT count(*) FROM dynamo.stream_segments) ) <= 8, 1, 'the ring does not grow');
is(sql(q(SELECT count(*) FROM dynamo.streams WHERE table_name = 'Ended')), '0', 'a stream that has ended is forgotten');
like(outcome(qq(SELECT dynamo.describe_stream('{"StreamArn": "$ended"}'))), qr/DY005.*Stream: \Q$ended\E not found/, '... also by the API');
sql('ALTER SYSTEM RESET dynamo.stream_retention');
sql('SELECT pg_reload_conf()');

# ---- the last stream ----

sql(q(SELECT dynamo.delete_table('{"TableName": "Latency"}')));
is(slots(), '1', 'there is a slot as long as there is a stream');
sql(q(SELECT dynamo.update_table('{"TableName": "Crash", "StreamSpecification": {"StreamEnabled": false}}')));
wait_for('no stream, no slot', sub { slots() == 0 });
$node->stop;

# ---- without a worker ----

$server = FeedServer::start('alone', q(autovacuum = off));
$arn = create_table('Alone', 'NEW_AND_OLD_IMAGES');
is(status($arn), 'ENABLED', 'without a worker the stream is ready at once');
put('Alone', 'a');
like(get_records(iterator($arn, 'TRIM_HORIZON')), qr/"eventName": "INSERT"/, 'who reads drains');
is(sql(q(BEGIN; SELECT count(*) FROM dynamo.stream_records('Alone'); ROLLBACK)), 1, 'read again');
sql(q(SELECT dynamo.update_item('Alone', '{"id": {"S": "a"}}', 'SET v = :v', expression_attribute_values => '{":v": {"N": "1"}}')));
my $read_and_fail = q(BEGIN; SELECT count(*) FROM dynamo.stream_records('Alone'); ROLLBACK);
is(sql($read_and_fail), 2, 'a transaction that fails has drained');
is(sql($read_and_fail), 2, '... nothing: the slot stands where it stood');
$server->stop('immediate');
$server->start;
is(sql(q(SELECT string_agg(event_name, ' ') FROM dynamo.stream_records('Alone'))), 'INSERT MODIFY', '... also after a crash');
put('Alone', 'b');
$server->stop('immediate');
$server->start;
is(sql(q(SELECT string_agg(event_name, ' ') FROM dynamo.stream_records('Alone'))), 'INSERT MODIFY INSERT', 'after a crash');
sql('CREATE ROLE reader; GRANT SELECT ON dynamo_data."Alone" TO reader');
put('Alone', 'c');
is(sql(q(SET ROLE reader; SELECT count(*) FROM dynamo.stream_records('Alone'))), 4, 'who may only read drains, too');
$server->append_conf('postgresql.conf', 'wal_level = replica');
sql(q(SELECT dynamo.delete_table('{"TableName": "Alone"}')));
sql(q(SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots));
$server->restart;
like(outcome(q(SELECT dynamo.create_table('{"TableName": "Refused",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
	"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}'::jsonb))),
	qr/0A000.*streams need logical decoding.*HINT:  Set wal_level to logical/s,
	'streams need logical decoding');
$server->stop;

done_testing();
