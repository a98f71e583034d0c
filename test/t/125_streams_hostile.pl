# Streams against those who mean no good: what users without privileges can
# bring about, and item tables that their owners have altered.

use strict;
use warnings;

use FeedServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PsqlSession;
use Test::More;

my $node = FeedServer::start('hostile', 'max_prepared_transactions = 5', 'autovacuum = off');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# What psql says of a statement that fails
sub failure
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");

	return $rc == 0 ? "no error: $out" : $err;
}

# The SQL to create a table with a stream
sub creation
{
	my ($name) = @_;

	return qq(SELECT dynamo.create_table('{"TableName": "$name",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
		"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
		"BillingMode": "PAY_PER_REQUEST",
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}}'::jsonb)
			#>> '{TableDescription,LatestStreamArn}');
}

sub enabling
{
	my ($name) = @_;

	return qq(SELECT dynamo.update_table('{"TableName": "$name",
		"StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"}}') IS NOT NULL);
}

sub slots { return sql(q(SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'dynamo%')) }

# ---- without a worker, whoever enables a stream makes the slot ----

sql('CREATE ROLE nobody');
sql(creation('Plain') =~ s/"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"/"StreamEnabled": false/r);
like(failure('SET ROLE nobody; ' . enabling('Missing')), qr/DY005/, 'a table that is missing');
like(failure('SET ROLE nobody; ' . enabling('Plain')), qr/42501/, 'the table of somebody else');
like(failure('SET ROLE nobody; ' . creation('Mine')), qr/42501/, 'who may not create tables');
is(slots(), 0, 'no slot remains of what was refused');
sql(enabling('Plain'));
is(slots(), 1, 'but of what was done');

# ---- streams end while a reader's transaction notes since when there are records ----

sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
sql(q(BEGIN; CREATE TABLE written (); ) . join('; ', map { creation($_) } qw(Read Ended Dropped)) . '; COMMIT');
is(slots(), 0, 'no slot in a transaction that has written');
my $reader = PsqlSession->new($node);
$reader->query(q(BEGIN; SELECT count(*) FROM dynamo.stream_records('Read')));
my @enders = map { PsqlSession->new($node) } 1 .. 2;
$enders[0]->send(q(SELECT dynamo.update_table('{"TableName": "Ended", "StreamSpecification": {"StreamEnabled": false}}') IS NOT NULL));
$enders[1]->send('DROP TABLE dynamo_data."Dropped"');
ok($node->poll_query_until('postgres',
	q(SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock')), 'they wait for it');
$reader->query('COMMIT');
is(join('', map { $_->finish } @enders), "t\n", 'and end');
is(sql(q(SELECT string_agg(table_name, ' ' ORDER BY table_name) FROM dynamo.streams WHERE ended_at IS NOT NULL)),
	'Dropped Ended', 'the streams have ended');
$reader->finish;

# ---- who waits for a stream need not read it ----

sub status
{
	my ($name) = @_;

	return sql(qq(SELECT dynamo.describe_stream(jsonb_build_object('StreamArn', s -> 'StreamArn'))
		#>> '{StreamDescription,StreamStatus}'
		FROM jsonb_array_elements(dynamo.list_streams('{"TableName": "$name"}') -> 'Streams') AS s));
}

sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
sql('BEGIN; CREATE TABLE written_too (); ' . creation('Waited') . '; COMMIT');
is(slots(), 0, 'no slot yet');
status('Waited');
is(status('Waited'), 'ENABLED', 'DescribeStream enables');
sql(q(SELECT dynamo.put_item('Waited', '{"id": {"S": "a"}}')));
is(sql(q(SELECT count(*) FROM dynamo.stream_records('Waited'))), 1, 'a stream that has records');
sql('DROP TABLE dynamo_data."Waited"');
is(status('Waited'), 'DISABLED', 'DescribeStream disables');

# ---- an error that is caught leaves the slot to others ----

sql('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
status('Read');
my $writer = PsqlSession->new($node);
$writer->query('BEGIN; CREATE TABLE being_written ()');
my $catcher = PsqlSession->new($node);
like($catcher->query(q(SET lock_timeout = '100ms';
	DO $$ BEGIN
		PERFORM count(*) FROM dynamo.stream_records('Read');
	EXCEPTION WHEN lock_not_available THEN
		RAISE NOTICE 'caught';
	END $$)), qr/caught/, 'a slot that is not made in time');
$writer->query('COMMIT');
is(slots(), 0, 'is not there');
status('Read');
is(status('Read'), 'ENABLED', 'another session makes it');
is($catcher->query(q(DO $$ BEGIN
		PERFORM count(*) FROM dynamo.stream_records('Read');
	END $$)), '', 'and that one goes on');
$_->finish foreach $writer, $catcher;

$node->stop;
done_testing();
