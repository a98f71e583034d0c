# Indexes are added to tables full of items: in the background, beside reads
# and writes, through crashes in every phase, or within the call.

use strict;
use warnings;

use IPC::Run qw(start);
use KillServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Test::More;

my $items = 200_000;

my $node = PostgreSQL::Test::Cluster->new('index_build');
$node->init;
$node->append_conf(
	'postgresql.conf', q(
shared_preload_libraries = 'dynamo'
dynamo.worker_naptime = 1
autovacuum = off
log_statement = none
));
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo; CREATE EXTENSION amcheck');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# The row of pg_stat_activity shows that the server is up to it.
sub wait_for_launcher
{
	$node->poll_query_until('postgres',
		q(SELECT count(*) = 1 FROM pg_stat_activity
		   WHERE application_name = 'dynamo launcher' AND pid IS NOT NULL))
	  or die 'no launcher';
	return;
}

sub create_table
{
	my ($name, $count) = @_;

	sql(qq(SELECT dynamo.create_table('{"TableName": "$name",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST"}'::jsonb)));

	# Of a hundred items 85 can be in an index on "group": ten have a number
	# there, two nothing, two an empty string, one a string that is too long.
	sql(qq(INSERT INTO dynamo_data."$name" (item)
		SELECT jsonb_build_object('id', jsonb_build_object('S', 'item ' || i)) ||
			CASE WHEN i % 10 = 0 THEN jsonb_build_object('group', jsonb_build_object('N', i::text))
				WHEN i % 50 = 1 THEN '{}'
				WHEN i % 50 = 2 THEN jsonb_build_object('group', jsonb_build_object('S', ''))
				WHEN i % 100 = 3 THEN jsonb_build_object('group', jsonb_build_object('S', repeat('long', 600)))
				ELSE jsonb_build_object('group', jsonb_build_object('S', 'group ' || i % 1000)) END
		  FROM generate_series(1, $count) i));
	return;
}

sub update_request
{
	my ($table, $update) = @_;

	return qq(dynamo.update_table('{"TableName": "$table",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"},
			{"AttributeName": "group", "AttributeType": "S"}],
		"GlobalSecondaryIndexUpdates": [$update]}'::jsonb));
}

# Gives the status that the index has when the call is over.
sub create_request
{
	my ($table) = @_;

	return 'DO $do$ BEGIN PERFORM '
	  . update_request($table, qq({"Create": {"IndexName": "by-group",
		"KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}],
		"Projection": {"ProjectionType": "ALL"}}}))
	  . qq(; END \$do\$;
		SELECT status FROM dynamo.indexes WHERE table_name = '$table' AND index_name = 'by-group');
}

sub delete_request
{
	my ($table) = @_;

	return 'SELECT ' . update_request($table, q({"Delete": {"IndexName": "by-group"}}));
}

sub put_request
{
	my ($table, $id, $group) = @_;

	return qq(SELECT dynamo.put_item('{"TableName": "$table",
		"Item": {"id": {"S": "$id"}, "group": {"S": "$group"}}}'::jsonb));
}

sub delete_item_request
{
	my ($table, $id) = @_;

	return qq(SELECT dynamo.delete_item('{"TableName": "$table",
		"Key": {"id": {"S": "$id"}}}'::jsonb));
}

sub wait_until_active
{
	my ($table) = @_;

	return $node->poll_query_until('postgres',
		qq(SELECT count(*) > 0 AND bool_and(status = 'ACTIVE') FROM dynamo.indexes
		    WHERE table_name = '$table'));
}

# Wait until the worker waits in the creation of the B-tree for old snapshots.
sub wait_for_btree
{
	my ($table) = @_;

	return $node->poll_query_until('postgres',
		qq(SELECT count(*) = 1 FROM dynamo.index_builds
		    WHERE table_name = '$table' AND phase = 'building'
		      AND btree_phase = 'waiting for old snapshots'));
}

# A session whose snapshot the creation of B-trees has to wait for
sub hold_snapshot
{
	my $session = PsqlSession->new($node);

	$session->query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
	return $session;
}

my $belongs = q(octet_length(item -> 'group' ->> 'S') BETWEEN 1 AND 2048);

# The index has what belongs into it, and nothing else.
sub check_index
{
	my ($table, $what) = @_;
	my $column = sql(qq(SELECT column_name FROM dynamo.indexes WHERE table_name = '$table'));

	is( sql(qq(SELECT count(*) FROM dynamo_data."$table"
		WHERE ($column IS NOT NULL) IS DISTINCT FROM coalesce($belongs, false))),
		0,
		"$what: the items that belong into the index have a key");
	is( sql(qq(SELECT string_agg(indisvalid || ' ' || (bt_index_check(indexrelid, true) IS NOT NULL), ', ')
		  FROM pg_index JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = indkey[0]
		 WHERE indrelid = 'dynamo_data."$table"'::regclass AND a.attname = '$column')),
		'true true',
		"$what: one B-tree, valid and complete");
	is( sql(qq(
		WITH there AS (SELECT item FROM dynamo.scan_items('$table', index_name => 'by-group') item),
			wanted AS (SELECT item FROM dynamo_data."$table" WHERE $belongs),
			missing AS (SELECT * FROM wanted EXCEPT ALL SELECT * FROM there),
			spurious AS (SELECT * FROM there EXCEPT ALL SELECT * FROM wanted)
		SELECT (SELECT count(*) > 0 FROM wanted), (SELECT count(*) FROM missing), (SELECT count(*) FROM spurious))),
		't|0|0',
		"$what: a Scan of the index gives just these items");
	is( sql(qq(
		SELECT count(*) FROM generate_series(4, 994, 90) g
		 WHERE (SELECT count(*) FROM dynamo.query_items('$table', '#g = :g', '{"#g": "group"}',
					jsonb_build_object(':g', jsonb_build_object('S', 'group ' || g)), index_name => 'by-group'))
			<> (SELECT count(*) FROM dynamo_data."$table" WHERE item -> 'group' ->> 'S' = 'group ' || g))),
		0,
		"$what: a Query of the index gives the items of a partition");
	return;
}

# The item at an offset in the order of the filling: its key, and its id
sub key_at
{
	my ($table, $offset) = @_;

	return sql(qq(SELECT quote_literal(key) FROM dynamo_data."$table" ORDER BY key OFFSET $offset LIMIT 1));
}

sub id_at
{
	my ($table, $offset) = @_;

	return sql(qq(SELECT item -> 'id' ->> 'S' FROM dynamo_data."$table" ORDER BY key OFFSET $offset LIMIT 1));
}

# Add an index, and change a row as soon as it has been added, so that the
# filling has to wait there.  Returns the session that has changed the row.
sub build_until_locked
{
	my ($table, $key, $change) = @_;
	my $creator = PsqlSession->new($node);
	my $locker = PsqlSession->new($node);

	$creator->query('BEGIN');
	is($creator->query(create_request($table)), 'CREATING', "$table: an index is added in the background");
	is(sql(q(SELECT count(*) FROM dynamo.index_builds)), 0, "$table: nobody sees it before the commit");
	$locker->send("BEGIN; $change");
	$node->poll_query_until('postgres',
		qq(SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'dynamo_data."$table"'::regclass))
	  or die 'the table is not locked';
	$creator->query('COMMIT');
	$creator->finish;
	ok( $node->poll_query_until('postgres',
			q(SELECT count(*) = 1 FROM pg_stat_activity
			   WHERE backend_type = 'dynamo worker' AND wait_event_type = 'Lock')),
		"$table: the worker waits for a row that another transaction has changed");
	return $locker;
}

# ---- a crash while the column is filled ----

wait_for_launcher();
create_table('Crash', $items);

# The row is within what would be a batch of its own neighbours.
my $offset = $items / 2 + 500;
my $middle = key_at('Crash', $offset);
my $locker = build_until_locked('Crash', $middle,
	qq(UPDATE dynamo_data."Crash" SET item = item || '{"new": {"S": "x"}}' WHERE key = $middle));
is( sql(qq(SELECT phase, items_done, items_total BETWEEN $items / 2 AND $items * 2, btree_pid IS NULL FROM dynamo.index_builds)),
	"filling|$offset|t|t",
	'the view says how far it came');
is( sql(q(SELECT dynamo.describe_table('{"TableName": "Crash"}'::jsonb)
		#>> '{Table,GlobalSecondaryIndexes,0}')) =~ /"Backfilling": true/ ? 1 : 0,
	1, 'so does DescribeTable');

# Nobody else has to wait, before the row or after it
my $before = id_at('Crash', $offset - 1);
my $after = id_at('Crash', $offset + 1);
my $writer = PsqlSession->new($node);
$writer->query("SET statement_timeout = '20s'");
is($writer->query(put_request('Crash', $before, 'moved')), '{}', 'a write of an item that has been filled');
is($writer->query(put_request('Crash', $after, 'moved')), '{}', 'a write of an item that has not');
is($writer->query(put_request('Crash', 'new item', 'group 4')), '{}', 'a new item');
is($writer->query(delete_item_request('Crash', 'item 104')), '{}', 'a deletion');
is($writer->query(qq(SELECT count(dynamo.get_item(jsonb_build_object('TableName', 'Crash',
		'Key', jsonb_build_object('id', item -> 'id')))) FROM dynamo_data."Crash" WHERE key = $middle)),
	1, 'a read of the item that is waited for');
like(
	$writer->query(q(SELECT dynamo.scan('{"TableName": "Crash", "IndexName": "by-group"}'::jsonb))),
	qr/ERROR: /, 'the index cannot be read yet');

cmp_ok(kill_everything($node), '>=', 8, 'killed the server during the filling');
$_->abandon foreach $locker, $writer;

# Writers go on while the filling goes on
$node->start;
my $script = join '', map {
	my $id = 'item ' . ($_ * 7919) % $items;
	($_ % 3 == 0 ? delete_item_request('Crash', $id)
	  : put_request('Crash', $_ % 3 == 1 ? $id : "other $_", 'group ' . $_ % 1000)) . ";\n"
} 1 .. 1000;
$node->safe_psql('postgres', "\\o /dev/null\n$script");

ok(wait_until_active('Crash'), 'the build goes on after the restart');
check_index('Crash', 'after a crash during the filling');
my $done = sql(q(SELECT items_done FROM dynamo.indexes));
cmp_ok($done, '>=', $items - 1000, 'all items have been looked at');
cmp_ok($done, '<=', $items + 1000, 'none of those that were filled before the crash again');
is(sql(q(SELECT count(*) FROM dynamo.index_builds)), 0, 'nothing is being built any more');

# ---- crashes while the B-tree is created, and other interruptions ----

sql(delete_request('Crash'));
my $holder = hold_snapshot();
is(sql(create_request('Crash')), 'CREATING', 'an index is added again');
ok(wait_for_btree('Crash'), 'the creation of the B-tree waits for an old snapshot');
is( sql(q(SELECT string_agg(indisvalid::text, ',') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	WHERE indrelid = 'dynamo_data."Crash"'::regclass AND NOT indisprimary)),
	'false', 'the B-tree is not valid yet');
$writer = PsqlSession->new($node);
$writer->query("SET statement_timeout = '20s'");
$writer->query(put_request('Crash', "late $_", 'group ' . $_ * 7)) foreach 1 .. 100;
$writer->query(put_request('Crash', 'item ' . $_ * 100 + 4, 'moved')) foreach 1 .. 20;
$writer->query(delete_item_request('Crash', 'item ' . $_ * 100 + 5)) foreach 1 .. 20;
is($writer->query(q(SELECT 'done')), 'done', 'writes do not wait for the B-tree');
is(sql(q(SELECT status FROM dynamo.indexes)), 'CREATING', 'the index is not active yet');
cmp_ok(kill_everything($node), '>=', 8, 'killed the server during the creation of the B-tree');
$_->abandon foreach $holder, $writer;
$node->start;
ok(wait_until_active('Crash'), 'the B-tree is created after the restart');
check_index('Crash', 'after a crash during the creation of the B-tree');

# The DBA cancels it: it is tried again
sql(delete_request('Crash'));
$holder = hold_snapshot();
sql(create_request('Crash'));
wait_for_btree('Crash');
is( sql(q(SELECT count(pg_cancel_backend(btree_pid)) FROM dynamo.index_builds)),
	1, 'cancelled the creation of the B-tree');
ok( $node->poll_query_until('postgres',
		q(SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'dynamo worker'
			AND query_start < now() - interval '0.5 s')),
	'that is the end of the worker');
$holder->finish;
ok(wait_until_active('Crash'), 'another one goes on');
check_index('Crash', 'after a cancellation');

# ---- rows that change while the filling waits for them ----

foreach my $change ('update', 'delete')
{
	foreach my $end ('COMMIT', 'ROLLBACK')
	{
		my $table = "$change.$end";
		create_table($table, 3000);
		my $key = sql(qq(SELECT quote_literal(key) FROM dynamo_data."$table" WHERE item -> 'id' ->> 'S' = 'item 4'));
		my $session = build_until_locked($table, $key, $change eq 'update'
			? put_request($table, 'item 4', 'group 1004') : delete_item_request($table, 'item 4'));

		$session->query($end);
		$session->finish;
		ok(wait_until_active($table), "$table: the index is built then");
		check_index($table, $table);
		is( sql(qq(SELECT item -> 'group' ->> 'S' FROM dynamo.scan_items('$table', index_name => 'by-group') item
				WHERE item -> 'id' ->> 'S' = 'item 4')),
			$end eq 'ROLLBACK' ? 'group 4' : $change eq 'update' ? 'group 1004' : '',
			"$table: the row is in the index as it was left");
		sql(qq(SELECT dynamo.delete_table('{"TableName": "$table"}'::jsonb)));
	}
}

# ---- indexes and tables that come and go meanwhile ----

sql(delete_request('Crash'));
$holder = hold_snapshot();
sql(create_request('Crash'));
wait_for_btree('Crash');
sql("SET statement_timeout = '20s'; " . delete_request('Crash'));
is( sql(q(SELECT count(*) FROM dynamo.indexes)) . ' '
	  . sql(q(SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = 'dynamo_data."Crash"'::regclass AND attnum > 0 AND NOT attisdropped)),
	'0 key item',
	'an index is deleted while its B-tree is created');
sql(create_request('Crash'));
wait_for_btree('Crash');
sql(q(SET statement_timeout = '20s'; SELECT dynamo.delete_table('{"TableName": "Crash"}'::jsonb)));
is( sql(q(SELECT (SELECT count(*) FROM dynamo.indexes) + (SELECT count(*) FROM dynamo.tables))),
	0, 'a table is deleted while a B-tree is created on it');
$holder->finish;

create_table('Crash', $items);
sql(create_request('Crash'));
sql(q(DROP TABLE dynamo_data."Crash"));
is( sql(q(SELECT (SELECT count(*) FROM dynamo.indexes) + (SELECT count(*) FROM dynamo.tables))),
	0, 'a table is dropped while its column is filled');

# ---- tables of others ----

# What the owner's indexes call is called as the owner, also in the
# background; an error of one build is not in the way of the others.
sql(q(
	CREATE ROLE alice;
	GRANT CREATE ON SCHEMA public, dynamo_data TO alice;
	CREATE FUNCTION public.check_user(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
	BEGIN
		IF current_user <> 'alice' THEN
			RAISE 'called as %', current_user;
		END IF;
		RETURN $1;
	END $$));
foreach my $name ('Alice', 'Broken', 'Later')
{
	create_table($name, 3000);
	sql(qq(ALTER TABLE dynamo_data."$name" OWNER TO alice));
}
sql(q(SET ROLE alice; CREATE INDEX ON dynamo_data."Alice" (public.check_user(item ->> 'group'))));
sql(q(SET ROLE alice;
	CREATE FUNCTION public.fail(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
	CREATE INDEX ON dynamo_data."Broken" (public.fail(item ->> 'group'));
	CREATE OR REPLACE FUNCTION public.fail(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken index'; END $$));
sql('SET ROLE alice; BEGIN; ' . join('; ', map { create_request($_) } 'Alice', 'Broken', 'Later') . '; COMMIT');
ok(wait_until_active('Alice'), "an index on somebody's table");
ok(wait_until_active('Later'), 'one after another that cannot be built');
is( sql(q(SELECT phase FROM dynamo.index_builds WHERE table_name = 'Broken')),
	'filling', 'the failed one is still to be built');
like(
	slurp_file($node->logfile),
	qr/ERROR:  broken index\n.*CONTEXT: .*\n.*building index "by-group" of table "Broken"/,
	'its error is in the log');
is( sql(q(SET ROLE alice; SELECT phase, items_done FROM dynamo.index_builds)),
	'filling|0', 'every role can see that it is being built');
like(
	($node->psql('postgres', 'SET ROLE alice; SELECT filled_to FROM dynamo.indexes'))[2],
	qr/permission denied/, 'but not the keys of items');
check_index('Alice', 'with an index of the owner');
sql(q(DROP INDEX dynamo_data."Broken_fail_idx"));
ok(wait_until_active('Broken'), 'it is built as soon as that is possible');
check_index('Broken', 'after errors');
sql(q(SELECT dynamo.delete_table(jsonb_build_object('TableName', t))
		FROM unnest('{Alice,Broken,Later}'::text[]) t));

# ---- databases and the extension come and go ----

sql('CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION dynamo');
sql('DROP DATABASE other');
sql('CREATE DATABASE copied TEMPLATE template1');
pass('workers are not in the way of databases');

create_table('Gone', 3000);
$holder = hold_snapshot();
sql(create_request('Gone'));
wait_for_btree('Gone');
my $dropper = PsqlSession->new($node);
$dropper->send('DROP EXTENSION dynamo CASCADE');
$node->poll_query_until('postgres',
	q(SELECT count(*) = 1 FROM pg_stat_activity WHERE query ~ '^DROP EXTENSION' AND wait_event_type = 'Lock'))
  or die 'DROP EXTENSION does not wait';
$holder->finish;
unlike($dropper->query('SELECT 1'), qr/ERROR/, 'the extension is dropped after the creation of the B-tree');
$dropper->finish;
sql('CREATE EXTENSION dynamo');

# ---- within the call ----

$node->append_conf('postgresql.conf', 'dynamo.max_workers = 0');
$node->reload;
create_table('Call', 20_000);
is(sql(create_request('Call')), 'ACTIVE', 'without workers an index is built within the call');
check_index('Call', 'without workers');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
$node->restart;
sql(delete_request('Call'));
like(
	sql('BEGIN; ' . put_request('Call', 'earlier', 'group 4') . '; ' . create_request('Call') . '; COMMIT'),
	qr/^ACTIVE$/m, 'also where the library is not preloaded');
sql(put_request('Call', 'later', 'group 4'));
check_index('Call', 'without a launcher');

unlike(slurp_file($node->logfile), qr/was terminated by signal (?!9)|PANIC|TRAP:/, 'nothing crashed by itself');
$node->stop;
done_testing();
