# Time to live: the worker deletes what has expired, in the background, at a
# limited rate, past what is locked or fails, and through restarts.

use strict;
use warnings;

use FeedServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = FeedServer::start('ttl',
	q(shared_preload_libraries = 'dynamo'),
	'dynamo.ttl_interval = 1',
	'dynamo.ttl_rate = 0',
	'autovacuum = off',
	'log_statement = none');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Change settings, as ALTER SYSTEM does.
sub configure
{
	my (%settings) = @_;

	sql("ALTER SYSTEM SET $_ = $settings{$_}") foreach sort keys %settings;
	$node->reload;
	return;
}

sub create_table
{
	my ($name) = @_;

	sql(qq(SELECT dynamo.create_table('{"TableName": "$name",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST"}'::jsonb)));
	return;
}

sub set_ttl
{
	my ($name, $enabled) = @_;

	sql(qq(SELECT dynamo.update_time_to_live('{"TableName": "$name",
		"TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": $enabled}}')));
	return;
}

sub status
{
	my ($name, $db) = @_;

	return $node->safe_psql($db // 'postgres',
		qq(SELECT dynamo.describe_time_to_live('{"TableName": "$name"}') #>> '{TimeToLiveDescription,TimeToLiveStatus}'));
}

# Items prefix1, prefix2, ... that expire `seconds` from now.
sub fill
{
	my ($name, $prefix, $count, $seconds, $db) = @_;

	$node->safe_psql($db // 'postgres',
		qq(INSERT INTO dynamo_data."$name" (item)
		SELECT jsonb_build_object('id', jsonb_build_object('S', '$prefix' || i),
			'expires', jsonb_build_object('N', (floor(extract(epoch FROM clock_timestamp())) + $seconds)::text))
		  FROM generate_series(1, $count) i));
	return;
}

sub count
{
	my ($name, $db) = @_;

	return $node->safe_psql($db // 'postgres', qq(SELECT count(*) FROM dynamo_data."$name"));
}

sub wait_for_count
{
	my ($name, $count, $db) = @_;

	return $node->poll_query_until($db // 'postgres',
		qq(SELECT count(*) = $count FROM dynamo_data."$name"));
}

# ---- the worker deletes ----

create_table('Sessions');
set_ttl('Sessions', 'true');
is(status('Sessions'), 'ENABLED', 'TTL of an empty table is ENABLED at once');
fill('Sessions', 'past', 1234, -5);
fill('Sessions', 'future', 10, 3600);
fill('Sessions', 'ancient', 5, -6 * 365 * 86400);
fill('Sessions', 'soon', 3, 3);
ok(wait_for_count('Sessions', 18), 'the worker deletes what has expired');
ok(wait_for_count('Sessions', 15), 'and what expires later');
is( sql(q(SELECT string_agg(DISTINCT rtrim(item #>> '{id,S}', '0123456789'), ' ') FROM dynamo_data."Sessions")),
	'ancient future',
	'it leaves the rest');

# ---- marks in the WAL ----

my @marks = (q(SELECT replace(replace(data, 'COMMIT', 'END'), 'table dynamo_data."Sessions": DELETE:', 'DELETE')
	  FROM pg_logical_slot_get_changes('marks', NULL, NULL, 'include-xids', '0')
	 WHERE data ~ 'message|DELETE'));

sub decoded
{
	return join ' | ', map {
		s/^message: transactional: 1 prefix: dynamo, sz: \d+ content://;
		s/^DELETE .*?'?\{"id": \{"S": "(\w+)".*/$1/s;
		$_
	} split /\n/, sql($marks[0]);
}

SKIP:
{
	skip 'test_decoding is not there', 4
	  unless sql(q(SELECT count(*) FROM pg_ls_dir((SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR')) f
		WHERE f LIKE 'test_decoding.%'));

	sql(q(SELECT pg_create_logical_replication_slot('marks', 'test_decoding')));
	fill('Sessions', 'plain', 1, -5);
	wait_for_count('Sessions', 15);
	unlike(decoded(), qr/ttl/, 'deletions of a table without a stream are not marked');

	sql('ALTER TABLE dynamo_data."Sessions" REPLICA IDENTITY FULL');
	fill('Sessions', 'a', 1, -5);
	wait_for_count('Sessions', 15);
	is(decoded(), 'ttl | a1 | ttl-end', 'those of a table with full replica identity are');
	fill('Sessions', 'b', 2, -5);
	sql('SELECT dynamo.expire_items()');
	wait_for_count('Sessions', 15);
	my $decoded = decoded();
	ok( $decoded =~ /^ttl \| b\d \| b\d \| ttl-end$/ || $decoded =~ /ttl-end \| ttl/,
		"so are those of expire_items: $decoded");
	sql(q(DELETE FROM dynamo_data."Sessions" WHERE item #>> '{id,S}' = 'future1'));
	is(decoded(), 'future1', 'anybody else\'s are not');
	sql(q(SELECT pg_drop_replication_slot('marks')));
	fill('Sessions', 'future', 1, 3600);
}

# ---- records of the output plugin ----

sql('ALTER TABLE dynamo_data."Sessions" REPLICA IDENTITY FULL');
sql(q(SELECT pg_create_logical_replication_slot('feed', 'dynamo')));
fill('Sessions', 'c', 1, -5);
wait_for_count('Sessions', 15);
sql(q(DELETE FROM dynamo_data."Sessions" WHERE item #>> '{id,S}' = 'future1'));
is( sql(q(SELECT string_agg(concat_ws(' ', r ->> 'eventName', r #>> '{dynamodb,Keys,id,S}',
			r #>> '{dynamodb,OldImage,id,S}', r ->> 'userIdentity'), E'\n' ORDER BY r #>> '{dynamodb,SequenceNumber}')
		FROM (SELECT data::jsonb FROM pg_logical_slot_get_changes('feed', NULL, NULL)) AS c(r))),
	qq(INSERT c1\nREMOVE c1 c1 {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}\nREMOVE future1 future1),
	'what expires is removed by the service');
sql(q(SELECT pg_drop_replication_slot('feed')));
fill('Sessions', 'future', 1, 3600);

# ---- records of a stream ----

create_table('Streamed');
sql(q(SELECT dynamo.update_table('{"TableName": "Streamed",
	"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "OLD_IMAGE"}}'::jsonb)));
set_ttl('Streamed', 'true');
fill('Streamed', 'd', 2, -5);
fill('Streamed', 'kept', 1, 3600);
ok(wait_for_count('Streamed', 1), 'items of a table with a stream expire');
sql(q(SELECT dynamo.delete_item('Streamed', '{"id": {"S": "kept1"}}')));
ok( $node->poll_query_until('postgres',
		q(SELECT count(*) = 6 FROM dynamo.stream_records('Streamed'))),
	'the stream has all of it');
is( sql(q(SELECT string_agg(concat_ws(' ', event_name, keys #>> '{id,S}', old_image #>> '{id,S}', by_service),
			', ' ORDER BY keys #>> '{id,S}') FROM dynamo.stream_records('Streamed') WHERE event_name = 'REMOVE')),
	'REMOVE d1 d1 t, REMOVE d2 d2 t, REMOVE kept1 kept1 f',
	'and whose deletions they were');

# ---- off ----

configure('dynamo.ttl_interval' => 0);
sleep 2;
fill('Sessions', 'past', 50, -5);
sleep 3;
is(count('Sessions'), 65, 'with dynamo.ttl_interval = 0 the worker deletes nothing');
is(sql('SELECT dynamo.expire_items(max_items => 20)'), 20, 'expire_items does');
is(count('Sessions'), 45, 'as many as it is told');

# ---- restart ----

configure('dynamo.ttl_interval' => 1);
$node->stop('fast');
$node->start;
ok(wait_for_count('Sessions', 15), 'a restarted server goes on');

# ---- a table that is large: built in the background, read by the index ----

configure('dynamo.ttl_interval' => 0);
create_table('Large');
fill('Large', 'future', 100_000, 3600);
fill('Large', 'past', 3_000, -5);
my $writer = PsqlSession->new($node);
set_ttl('Large', 'true');
my $early = status('Large');
sql(q(SELECT dynamo.update_table('{"TableName": "Large",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "at-once",
		"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "ALL"}}}]}'::jsonb)));
ok($early eq 'ENABLING' || $early eq 'ENABLED', "TTL of a large table is $early first");
$writer->query(q(SELECT dynamo.put_item('Large', '{"id": {"S": "while building"}, "expires": {"N": "1"}}')));
ok( $node->poll_query_until('postgres',
		q(SELECT count(*) = 2 AND bool_and(status = 'ACTIVE') FROM dynamo.indexes WHERE table_name = 'Large')),
	'its index is built, and another one at the same time');
is(status('Large'), 'ENABLED', 'TTL is ENABLED then');
is( sql(q(SELECT count(*) FROM dynamo_data."Large" WHERE ix1 IS NULL)),
	'0', 'and every item is in the index');
$writer->finish;
my $seq_scans = sql(q(SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'Large'));
is(sql(q(SELECT dynamo.expire_items('Large', 1000))), 1000, 'items are deleted');
configure('dynamo.ttl_interval' => 1);
ok( $node->poll_query_until('postgres',
		q(SELECT count(*) = 0
			FROM generate_series(1, 3000) i
			WHERE dynamo.get_item('Large', jsonb_build_object('id', jsonb_build_object('S', 'past' || i))) ? 'Item')),
	'also by the worker');
is( sql(q(SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'Large')),
	$seq_scans, 'without a scan of the table');
cmp_ok(
	sql(q(SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'Large_ix1_key_idx')),
	'>', 20, 'by its index, batch by batch');
is(count('Large'), 100_001, 'all of them, and no others');

# ---- the rate ----

configure('dynamo.ttl_rate' => 100, 'dynamo.ttl_batch' => 10);
create_table('Slow');
fill('Slow', 'past', 500, -5);
my $begun = time();
set_ttl('Slow', 'true');
my $fastest = 0;
my $left = 500;
while ($left > 0 && time() - $begun < 120)
{
	sleep 0.2;
	$left = count('Slow');
	my $elapsed = time() - $begun;
	my $rate = (500 - $left) / $elapsed;
	$fastest = $rate if $rate > $fastest && $elapsed > 0.5;
}
is($left, 0, 'a slow round ends');
cmp_ok($fastest, '<', 130, 'it has kept to dynamo.ttl_rate');
cmp_ok(time() - $begun, '>', 4, 'and taken its time');

# Other jobs do not wait for it
fill('Slow', 'past', 1000, -5);
sleep 2;
sql(q(SELECT dynamo.update_table('{"TableName": "Slow",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "g", "AttributeType": "S"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by-g",
		"KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "ALL"}}}]}'::jsonb)));
ok( $node->poll_query_until('postgres',
		q(SELECT status = 'ACTIVE' FROM dynamo.indexes WHERE index_name = 'by-g')),
	'an index is built beside a slow round');
cmp_ok(count('Slow'), '>', 100, 'before that has ended');
ok(wait_for_count('Slow', 0), 'which ends, too');

# ---- what fails and what is locked ----

configure('dynamo.ttl_rate' => 0, 'dynamo.ttl_batch' => 100, 'dynamo.ttl_interval' => 0);
sleep 1;
create_table('Bad');
set_ttl('Bad', 'true');
sql(q(CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF OLD.item #>> '{id,S}' LIKE 'bad%' THEN
			RAISE EXCEPTION '% is kept', OLD.item #>> '{id,S}';
		END IF;
		RETURN OLD;
	END $$;
	CREATE TRIGGER refuse BEFORE DELETE ON dynamo_data."Bad" FOR EACH ROW EXECUTE FUNCTION refuse()));
fill('Bad', 'bad', 30, -60);
fill('Bad', 'good', 250, -50);
fill('Sessions', 'past', 250, -50);
fill('Slow', 'locked', 5, -70);
fill('Slow', 'past', 250, -50);
my $locker = PsqlSession->new($node);
$locker->query('BEGIN');
$locker->query(q(SELECT count(*) FROM (SELECT FROM dynamo_data."Slow" WHERE item #>> '{id,S}' LIKE 'locked%' FOR UPDATE) x));
my $blocker = PsqlSession->new($node);
$blocker->query('BEGIN');
$blocker->query('LOCK TABLE dynamo_data."Large"');
my $offset = -s $node->logfile;
configure('dynamo.ttl_interval' => 1);
ok(wait_for_count('Bad', 30), 'items behind ones that fail are deleted');
ok(wait_for_count('Sessions', 15), 'so are those of other tables');
ok(wait_for_count('Slow', 5), 'and those behind rows that are locked');
sleep 3;
configure('dynamo.ttl_interval' => 0);
my $log = slurp_file($node->logfile, $offset);
like($log, qr/ERROR:  bad\d+ is kept\n(?:.*\n)*?.*CONTEXT: .*(?:.*\n)*?.*expiring items of table "Bad"/, 'failures are in the log');
like($log, qr/LOG:  31 errors when expiring items of table "Bad", of which the first 10 are logged/, 'not all of them');
like($log, qr/canceling statement due to lock timeout/, 'a table that is locked is not waited for');
$locker->query('COMMIT');
$blocker->query('COMMIT');
$locker->finish;
$blocker->finish;
fill('Large', 'past', 10, -5);
configure('dynamo.ttl_interval' => 1);
ok(wait_for_count('Slow', 0), 'rows that are no longer locked are deleted');
ok(wait_for_count('Large', 100_001), 'and those of a table that is not');
is(count('Bad'), 30, 'what failed is still there');
sql('DROP TRIGGER refuse ON dynamo_data."Bad"');
ok(wait_for_count('Bad', 0), 'until it does not fail');

# A trigger that does not end holds up no other tables, nor building an index
create_table('Endless');
set_ttl('Endless', 'true');
sql(q(CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1000); RETURN OLD; END';
	CREATE TRIGGER sleep BEFORE DELETE ON dynamo_data."Endless" FOR EACH ROW EXECUTE FUNCTION sleep()));
fill('Endless', 'past', 3, -50);
ok($node->poll_query_until('postgres',
	q(SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep')), 'a trigger that sleeps');
$offset = -s $node->logfile;
fill('Sessions', 'past', 20, -5);
ok(wait_for_count('Sessions', 15), 'is not waited for');
like(slurp_file($node->logfile, $offset),
	qr/canceling statement due to statement timeout\n(?:.*\n)*?.*expiring items of table "Endless"/, 'as the log tells');
sql('DROP TRIGGER sleep ON dynamo_data."Endless"');
ok(wait_for_count('Endless', 0), 'and does no harm');

# ---- triggers do not run as the worker ----

sql(q(CREATE ROLE alice; GRANT CREATE ON SCHEMA dynamo_data, public TO alice));
sql(q(SET ROLE alice;
	SELECT dynamo.create_table('{"TableName": "Hers",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST"}'::jsonb);
	CREATE TABLE public.seen (who text, path text);
	CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO seen VALUES (current_user, current_setting('search_path'));
		BEGIN
			SET ROLE NONE;
			INSERT INTO seen VALUES (current_user, 'escaped');
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		RETURN NULL;
	END $$;
	CREATE CONSTRAINT TRIGGER see AFTER DELETE ON dynamo_data."Hers"
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.see()));
set_ttl('Hers', 'true');
fill('Hers', 'past', 2, -5);
ok(wait_for_count('Hers', 0), 'deferred triggers do not keep items from expiring');
is(sql('SELECT DISTINCT who, path FROM seen'), 'alice|"$user", public', 'and run as the owner of the table');

# Nothing expires where the owner may not see everything, but elsewhere
$offset = -s $node->logfile;
sql('ALTER TABLE dynamo_data."Hers" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
fill('Hers', 'past', 20, -50);
fill('Sessions', 'past', 20, -5);
ok(wait_for_count('Sessions', 15), 'a table with row-level security holds nothing up');
sleep 2;
is(count('Hers'), 20, 'and keeps its own items');
my @refused = slurp_file($node->logfile, $offset) =~ /row-level security of table "Hers" applies to role "alice"/g;
cmp_ok(scalar(@refused), '<=', 6, 'of which the log tells once in a round');
cmp_ok(scalar(@refused), '>=', 1, 'and every time');
sql('ALTER TABLE dynamo_data."Hers" NO FORCE ROW LEVEL SECURITY');
ok(wait_for_count('Hers', 0), 'until it is not forced');

# ---- dump and restore; several databases ----

configure('dynamo.ttl_interval' => 0);
sleep 1;
fill('Sessions', 'past', 7, -5);
$node->safe_psql('postgres', 'CREATE DATABASE copy');
my $dump = "$PostgreSQL::Test::Utils::tmp_check/ttl.sql";
$node->command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ], 'dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('copy'), '-f', $dump ], 'restore');
is(status('Sessions', 'copy'), 'ENABLED', 'TTL is dumped');
is(count('Sessions', 'copy'), 22, 'with items that have expired');
configure('dynamo.ttl_interval' => 1);
ok(wait_for_count('Sessions', 15, 'copy'), 'they expire in the copy');
ok(wait_for_count('Sessions', 15), 'as in the original');
$node->safe_psql('postgres', 'DROP DATABASE copy WITH (FORCE)');

# ---- killed while deleting ----

configure('dynamo.ttl_rate' => 100, 'dynamo.ttl_batch' => 10);
fill('Sessions', 'past', 400, -5);
$node->poll_query_until('postgres',
	q(SELECT count(*) BETWEEN 15 AND 400 FROM dynamo_data."Sessions"));
my $pid = sql(q(SELECT pid FROM pg_stat_activity WHERE application_name = 'dynamo worker'));
like($pid, qr/^\d+$/, 'a worker is at it');
is(sql(qq(SELECT pg_terminate_backend($pid))), 't', 'it is terminated');
ok(wait_for_count('Sessions', 15), 'and another one ends its work');

# ---- dropped, disabled while deleting ----

configure('dynamo.ttl_interval' => 0);
sleep 1;
fill('Sessions', 'past', 300, -5);
fill('Slow', 'past', 300, -5);
configure('dynamo.ttl_interval' => 1);
$node->poll_query_until('postgres', q(SELECT count(*) < 300 FROM dynamo_data."Slow"));
sql('DROP TABLE dynamo_data."Slow"');
set_ttl('Sessions', 'false');
my $kept = count('Sessions');
cmp_ok($kept, '>', 15, 'disabled while items were expiring');
sleep 3;
is(count('Sessions'), $kept, 'nothing expires then');
is(status('Sessions'), 'DISABLED', 'TTL is off');
configure('dynamo.ttl_rate' => 0);
set_ttl('Sessions', 'true');
ok(wait_for_count('Sessions', 15), 'enabled again, it goes on');
unlike(slurp_file($node->logfile), qr/TRAP|PANIC|terminated by signal/, 'nothing crashed');

$node->stop('fast');
done_testing();
