# The output plugin: every shape of record field by field, from the API and from
# plain SQL; what must make no record; decoding of a past that has been altered
# since; options; and a random workload of several clients, whose records
# applied to an empty map give the table.

use strict;
use warnings;

use FeedServer;
use IPC::Run qw(start);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A small work_mem spills the larger transactions to disk.
my $node = FeedServer::start('feed', 'max_prepared_transactions = 5',
	'logical_decoding_work_mem = 64kB', 'autovacuum = off');
my $canonical = JSON::PP->new->canonical;

sub sql
{
	return $node->safe_psql('postgres', $_[0]);
}

# The lines that wait in the slot, taken out of it.
sub lines
{
	my (%options) = @_;
	my $options = join '', map { ", '$_', '$options{$_}'" } sort keys %options;

	return split /\n/,
	  sql("SELECT data FROM pg_logical_slot_get_changes('feed', NULL, NULL$options)");
}

sub records
{
	return map { decode_json($_) } lines(@_);
}

# A record as [event, keys, new image, old image]
sub shape
{
	my ($record) = @_;
	my $change = $record->{dynamodb};

	return [ $record->{eventName}, @$change{qw(Keys NewImage OldImage)} ];
}

# The records that wait are exactly these shapes.
sub records_are
{
	my ($name, @expected) = @_;
	my @records = records();

	is_deeply([ map { shape($_) } @records ], \@expected, $name)
	  or diag($canonical->encode(\@records));
	return @records;
}

# The same, of items {Id, N} written as [event, id, new N, old N].
sub counters_are
{
	my ($name, @expected) = @_;

	return records_are($name, map {
		my ($event, $id, $new, $old) = @$_;
		[ $event, { Id => { S => $id } }, map {
			defined $_ ? { Id => { S => $id }, N => { N => "$_" } } : undef } $new, $old ]
	} @expected);
}

sub create_table
{
	my ($name, $hash_type, $range_type) = @_;
	my @attributes = ([ Id => $hash_type, 'HASH' ]);

	push @attributes, [ At => $range_type, 'RANGE' ] if $range_type;
	my $request = encode_json({
			TableName => $name,
			AttributeDefinitions => [ map {
				{ AttributeName => $_->[0], AttributeType => $_->[1] } } @attributes ],
			KeySchema => [ map {
				{ AttributeName => $_->[0], KeyType => $_->[2] } } @attributes ],
			BillingMode => 'PAY_PER_REQUEST' });
	sql(qq(SELECT dynamo.create_table('$request'::jsonb);
		ALTER TABLE dynamo_data."$name" REPLICA IDENTITY FULL));
	return;
}

sql("SELECT pg_create_logical_replication_slot('feed', 'dynamo')");
sql(q(
CREATE FUNCTION put(tab text, id text, n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.put_item(jsonb_build_object('TableName', tab, 'Item',
		jsonb_build_object('Id', jsonb_build_object('S', id), 'N', jsonb_build_object('N', n::text)))) $$;
CREATE FUNCTION add(tab text, id text, n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.update_item(jsonb_build_object('TableName', tab, 'Key',
		jsonb_build_object('Id', jsonb_build_object('S', id)), 'UpdateExpression', 'ADD N :n',
		'ExpressionAttributeValues', jsonb_build_object(':n', jsonb_build_object('N', n::text)))) $$;
CREATE FUNCTION del(tab text, id text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.delete_item(jsonb_build_object('TableName', tab, 'Key',
		jsonb_build_object('Id', jsonb_build_object('S', id)))) $$;
));
create_table('Plain', 'S');
create_table('Numbers', 'N', 'B');

# ---- shapes ----

is_deeply([ lines() ], [], 'creating tables makes no records');

my $now = 'SELECT floor(extract(epoch FROM clock_timestamp()))';
my $before = sql($now);
sql("SELECT put('Plain', 'a', 1)");
my $after = sql($now);
my $commit = sql('SELECT pg_current_wal_lsn()');
my $table_id = sql(q(SELECT dynamo.describe_table('{"TableName": "Plain"}')->'Table'->>'TableId'));
my ($record) = records();
my $sequence = delete $record->{dynamodb}{SequenceNumber};
my $id = delete $record->{eventID};
my $created = delete $record->{dynamodb}{ApproximateCreationDateTime};

like($id, qr/^[0-9a-f]{32}$/, 'eventID');
like($sequence, qr/^\d{30}$/, 'SequenceNumber has 30 digits');
cmp_ok(substr($sequence, 0, 20), '<=',
	sql("SELECT '$commit'::pg_lsn - '0/0'"), 'they begin with the LSN of the commit');
ok($created >= $before && $created <= $after, 'ApproximateCreationDateTime')
  or diag("$before $created $after");
is_deeply(
	$record,
	{
		eventName => 'INSERT',
		eventVersion => '1.1',
		eventSource => 'aws:dynamodb',
		awsRegion => 'us-east-1',
		dynamodb => {
			Keys => { Id => { S => 'a' } },
			NewImage => { Id => { S => 'a' }, N => { N => '1' } },
			SizeBytes => 3 + 3 + 3,
			StreamViewType => 'NEW_AND_OLD_IMAGES'
		},
		tableName => 'Plain',
		tableId => $table_id
	},
	'INSERT, every field');

sql("SELECT put('Plain', 'a', 12345)");
($record) = records();
is_deeply(
	$record->{dynamodb}{SizeBytes},
	3 + (3 + 1 + 4) + 6,
	'SizeBytes counts keys and both images');
cmp_ok($record->{dynamodb}{SequenceNumber}, 'gt', $sequence, 'SequenceNumber grows');
isnt($record->{eventID}, $id, 'eventID differs');
is_deeply(shape($record),
	[ 'MODIFY', { Id => { S => 'a' } },
		{ Id => { S => 'a' }, N => { N => '12345' } }, { Id => { S => 'a' }, N => { N => '1' } } ],
	'put over an item is MODIFY');

sql("SELECT add('Plain', 'a', 5), add('Plain', 'b', 2)");
counters_are('UpdateItem', [ MODIFY => a => 12350, 12345 ], [ INSERT => b => 2 ]);

sql("SELECT del('Plain', 'a'), del('Plain', 'b')");
counters_are('DeleteItem', [ REMOVE => a => undef, 12350 ], [ REMOVE => b => undef, 2 ]);

sql(q(
INSERT INTO dynamo_data."Plain" (item) VALUES ('{"Id": {"S": "s"}, "N": {"N": "1.0"}}');
UPDATE dynamo_data."Plain" SET item = item || '{"N": {"N": "2"}}';
DELETE FROM dynamo_data."Plain";
));
counters_are('plain SQL', [ INSERT => s => 1 ], [ MODIFY => s => 2, 1 ], [ REMOVE => s => undef, 2 ]);

my @changes = do
{
	sql(q(
	INSERT INTO dynamo_data."Plain" (item) VALUES ('{"Id": {"S": "s"}, "N": {"N": "1"}}');
	UPDATE dynamo_data."Plain" SET item = '{"Id": {"S": "t"}, "N": {"N": "3"}}';
	));
	counters_are('a key changed by SQL: REMOVE, then INSERT',
		[ INSERT => s => 1 ], [ REMOVE => s => undef, 1 ], [ INSERT => t => 3 ]);
};
cmp_ok($changes[1]{dynamodb}{SequenceNumber}, 'lt', $changes[2]{dynamodb}{SequenceNumber},
	'in this order');
sql("SELECT del('Plain', 't')");
sql(qq(COPY dynamo_data."Plain" (item) FROM PROGRAM 'printf "%s\\n" ''{"Id": {"S": "c1"}, "N": {"N": "1"}}'' ''{"Id": {"S": "c2"}, "N": {"N": "2"}}''';));
counters_are('COPY', [ REMOVE => t => undef, 3 ], [ INSERT => c1 => 1 ], [ INSERT => c2 => 2 ]);

# Text as the API writes it, of values of all types.
my $item = q({"Id":{"N":"-12.5"},"At":{"B":"AP8="},)
  . q("Text":{"S":"nul \u0000 quote \" tab \t \u001f é 😀"},"Empty":{"S":""},)
  . q("Big":{"N":"12345678901234567890123456789012345678"},"Bin":{"B":""},)
  . q("T":{"BOOL":true},"F":{"BOOL":false},"Null":{"NULL":true},)
  . q("SS":{"SS":["b","a"]},"NS":{"NS":["10","9","-1.50"]},"BS":{"BS":["AQ==","AA=="]},)
  . q("L":{"L":[{"S":"x"},{"L":[]},{"M":{}}]},"M":{"M":{"k\u0000":{"N":"1"}}}});
sql(qq(SELECT dynamo.invoke('PutItem', '{"TableName":"Numbers","Item":$item}')));
my $got = sql(q(SELECT dynamo.invoke('GetItem',
	'{"TableName":"Numbers","Key":{"Id":{"N":"-12.5"},"At":{"B":"AP8="}}}')));
my ($line) = lines();
$got =~ s/^\{"Item":(.*)\}$/$1/s or die $got;
like($got, qr/nul \\u0000 quote/, 'the item has U+0000');
ok(index($line, qq("Keys":{"Id":{"N":"-12.5"},"At":{"B":"AP8="}},"NewImage":$got,"SequenceNumber")) > 0,
	'number and binary keys, and an image as the API writes items')
  or diag("$line\n$got");

# ---- no change, no record ----

sql("SELECT put('Plain', 'c1', 1), add('Plain', 'c1', 0), del('Plain', 'absent')");
sql(q(
SELECT dynamo.update_item('{"TableName": "Plain", "Key": {"Id": {"S": "c1"}}, "UpdateExpression": "REMOVE Absent"}');
UPDATE dynamo_data."Plain" SET item = item;
UPDATE dynamo_data."Plain" SET item = item || '{"N": {"N": "1.00"}}' WHERE item->'Id'->>'S' = 'c1';
UPDATE dynamo_data."Plain" SET key = key;
INSERT INTO dynamo_data."Plain" (item) VALUES ('{"Id": {"S": "c1"}}') ON CONFLICT DO NOTHING;
SELECT * FROM dynamo_data."Plain" FOR UPDATE;
));
counters_are('writes that change nothing');
sql(q(
SELECT dynamo.update_item('{"TableName": "Plain", "Key": {"Id": {"S": "c1"}}, "UpdateExpression": "SET Tags = :t", "ExpressionAttributeValues": {":t": {"SS": ["x", "y"]}}}')));
sql(q(UPDATE dynamo_data."Plain" SET item = item || '{"Tags": {"SS": ["y", "x"]}}' WHERE item ? 'Tags'));
sql(q(SELECT dynamo.update_item('{"TableName": "Plain", "Key": {"Id": {"S": "c1"}}, "UpdateExpression": "REMOVE Tags"}')));
is(scalar(my @r = records()), 2, 'a set in another order is the same set');

sql(q(
VACUUM FULL dynamo_data."Plain";
CLUSTER dynamo_data."Plain" USING "Plain_pkey";
VACUUM dynamo_data."Plain";
ALTER TABLE dynamo_data."Plain" ADD COLUMN extra timestamptz DEFAULT clock_timestamp();
ALTER TABLE dynamo_data."Plain" DROP COLUMN extra;
));
counters_are('rewrites of the table');

my $request = q({"TableName": "Plain", "AttributeDefinitions": [{"AttributeName": "N", "AttributeType": "N"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "ByN", "Projection": {"ProjectionType": "ALL"},
	"KeySchema": [{"AttributeName": "N", "KeyType": "HASH"}]}}]});
sql("SELECT dynamo.update_table('$request'::jsonb)");
is(sql(q(SELECT count(*) FROM dynamo_data."Plain" WHERE ix1 IS NOT NULL)), 2, 'an index is built');
counters_are('filling the column of an index');
sql("SELECT put('Plain', 'c2', 3), del('Plain', 'c1'), del('Plain', 'c2')");
counters_are('writes of a table with an index',
	[ MODIFY => c2 => 3, 2 ], [ REMOVE => c1 => undef, 1 ], [ REMOVE => c2 => undef, 3 ]);

# ---- transactions ----

sql(q(
BEGIN;
SELECT put('Plain', 'a', 1), put('Plain', 'a', 2);
SELECT del('Plain', 'a');
SELECT put('Plain', 'a', 3);
SAVEPOINT one;
SELECT put('Plain', 'a', 4), put('Plain', 'b', 1);
SAVEPOINT two;
SELECT del('Plain', 'a');
ROLLBACK TO one;
SELECT add('Plain', 'a', 10);
SAVEPOINT three;
SELECT put('Plain', 'c', 1);
RELEASE three;
COMMIT;
BEGIN;
SELECT put('Plain', 'lost', 1);
ROLLBACK;
));
@changes = counters_are('one item several times, and savepoints',
	[ INSERT => a => 1 ], [ MODIFY => a => 2, 1 ], [ REMOVE => a => undef, 2 ],
	[ INSERT => a => 3 ], [ MODIFY => a => 13, 3 ], [ INSERT => c => 1 ]);
my @sequences = map { $_->{dynamodb}{SequenceNumber} } @changes;
is_deeply([ sort @sequences ], \@sequences, 'sequence numbers in order');
is(scalar(keys %{ { map { substr($_, 0, 20) => 1 } @sequences } }), 1, 'of one commit');
is(scalar(keys %{ { map { $_->{eventID} => 1 } @changes } }), 6, 'each with an id of its own');

sql(q(
BEGIN;
SELECT put('Plain', 'x', 1);
INSERT INTO dynamo_data."Numbers" (item) VALUES ('{"Id": {"N": "1"}, "At": {"B": "AA=="}}');
SELECT del('Plain', 'x');
COMMIT;
SELECT dynamo.transact_write_items('{"TransactItems": [
	{"Put": {"TableName": "Plain", "Item": {"Id": {"S": "x"}, "N": {"N": "2"}}}},
	{"Delete": {"TableName": "Numbers", "Key": {"Id": {"N": "1"}, "At": {"B": "AA=="}}}},
	{"Delete": {"TableName": "Plain", "Key": {"Id": {"S": "a"}}}}]}');
));
is_deeply(
	[ sort map { "$_->{tableName} $_->{eventName} " . $canonical->encode($_->{dynamodb}{Keys}) } splice @{ [ @changes = records() ] }, 3 ],
	[
		'Numbers REMOVE {"At":{"B":"AA=="},"Id":{"N":"1"}}',
		'Plain INSERT {"Id":{"S":"x"}}',
		'Plain REMOVE {"Id":{"S":"a"}}'
	],
	'TransactWriteItems over two tables');
is_deeply(
	[ map { "$_->{tableName} $_->{eventName}" } @changes[ 0 .. 2 ] ],
	[ 'Plain INSERT', 'Numbers INSERT', 'Plain REMOVE' ],
	'a transaction over two tables, in the order of its writes');

# Commits in another order than writes
my $first = $node->background_psql('postgres');
$first->query_safe('BEGIN');
$first->query_safe("SELECT put('Plain', 'early', 1)");
sql("SELECT put('Plain', 'late', 1)");
$first->query_safe('COMMIT');
$first->quit;
counters_are('the order is that of the commits', [ INSERT => late => 1 ], [ INSERT => early => 1 ]);

# Two inserts of one item at a time: the one that loses is undone
$first = $node->background_psql('postgres');
$first->query_safe('BEGIN');
$first->query_safe("SELECT put('Plain', 'race', 1)");
my ($out, $err) = ('', '');
my $second = start [ 'psql', '-XAtq', '-d', $node->connstr('postgres'),
	'-c', "SELECT put('Plain', 'race', 2)" ], '<', \'', '>', \$out, '2>', \$err;
$node->poll_query_until('postgres',
	q(SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'))
  or die 'the second insert does not wait';
$first->query_safe('COMMIT');
$first->quit;
$second->finish or die $err;
counters_are('speculative inserts', [ INSERT => race => 1 ], [ MODIFY => race => 2, 1 ]);

sql(q(
BEGIN;
SELECT put('Plain', 'p', 1);
PREPARE TRANSACTION 'yes';
BEGIN;
SELECT put('Plain', 'q', 1);
PREPARE TRANSACTION 'no';
));
counters_are('prepared transactions have no records');
sql("SELECT put('Plain', 'r', 1); COMMIT PREPARED 'yes'; ROLLBACK PREPARED 'no'");
counters_are('until they are committed', [ INSERT => r => 1 ], [ INSERT => p => 1 ]);

# More than memory may hold
sql(q(
BEGIN;
INSERT INTO dynamo_data."Plain" (item)
	SELECT jsonb_build_object('Id', jsonb_build_object('S', 'many' || i), 'N', jsonb_build_object('N', i::text)) FROM generate_series(1, 3000) AS i;
SAVEPOINT one;
DELETE FROM dynamo_data."Plain" WHERE item->'Id'->>'S' LIKE 'many%';
ROLLBACK TO one;
UPDATE dynamo_data."Plain" SET item = item || '{"N": {"N": "0"}}' WHERE item->'Id'->>'S' LIKE 'many%';
COMMIT;
));
@changes = records();
is_deeply(
	[ map { "$_->{eventName} $_->{dynamodb}{Keys}{Id}{S} $_->{dynamodb}{NewImage}{N}{N} " .
			($_->{dynamodb}{OldImage}{N}{N} // '') } @changes ],
	[ (map { "INSERT many$_ $_ " } 1 .. 3000), map { "MODIFY many$_ 0 $_" } 1 .. 3000 ],
	'a transaction that was spilled to disk');
@sequences = map { $_->{dynamodb}{SequenceNumber} } @changes;
is_deeply([ sort @sequences ], \@sequences, 'its sequence numbers in order');
cmp_ok(sql("SELECT spill_txns FROM pg_stat_replication_slots WHERE slot_name = 'feed'"), '>', 0,
	'it was spilled');

# ---- large items ----

sql(q(
CREATE TABLE texts AS SELECT i, string_agg(md5(i || '/' || j), '') AS body
	FROM generate_series(1, 3) AS i, generate_series(1, 9600) AS j GROUP BY i;
INSERT INTO dynamo_data."Plain" (item) SELECT jsonb_build_object('Id', jsonb_build_object('S', 'big' || i),
	'N', jsonb_build_object('N', '1'), 'Body', jsonb_build_object('S', body)) FROM texts ORDER BY i;
));
my %body = map { split /\|/ } split /\n/, sql('SELECT i, body FROM texts');
sub big
{
	my ($i, $n) = @_;
	return { Id => { S => "big$i" }, N => { N => "$n" }, Body => { S => $body{$i} } };
}
@changes = records_are('large items',
	map { [ INSERT => { Id => { S => "big$_" } }, big($_, 1), undef ] } 1 .. 3);
is($changes[0]{dynamodb}{SizeBytes}, 6 + 6 + 3 + 4 + 32 * 9600, 'of 300 KB');
sql("SELECT add('Plain', 'big1', 1)");
sql(q(UPDATE dynamo_data."Plain" SET item = item || '{"N": {"N": "5"}}' WHERE item->'Id'->>'S' = 'big2'));
sql(q(UPDATE dynamo_data."Plain" SET item = item || '{"Id": {"S": "bigger"}}' WHERE item->'Id'->>'S' = 'big3'));
records_are('small changes of large items',
	[ MODIFY => { Id => { S => 'big1' } }, big(1, 2), big(1, 1) ],
	[ MODIFY => { Id => { S => 'big2' } }, big(2, 5), big(2, 1) ],
	[ REMOVE => { Id => { S => 'big3' } }, undef, big(3, 1) ],
	[ INSERT => { Id => { S => 'bigger' } }, { %{ big(3, 1) }, Id => { S => 'bigger' } }, undef ]);
sql(q(
ALTER TABLE dynamo_data."Plain" ADD COLUMN note text;
UPDATE dynamo_data."Plain" SET note = 'x' WHERE item->'Id'->>'S' LIKE 'big%';
));
counters_are('another column beside a large item');
sql(q(UPDATE dynamo_data."Plain" SET item = '{"Id": {"S": "big1"}}' WHERE item->'Id'->>'S' = 'big1'));
sql("SELECT del('Plain', 'big2')");
sql(q(
BEGIN;
SELECT add('Plain', 'bigger', 1);
UPDATE dynamo_data."Plain" SET note = 'y' WHERE item->'Id'->>'S' = 'bigger';
SELECT add('Plain', 'bigger', 1), del('Plain', 'bigger');
COMMIT;
ALTER TABLE dynamo_data."Plain" DROP COLUMN note;
));
sub bigger
{
	return { %{ big(3, $_[0]) }, Id => { S => 'bigger' } };
}
records_are('large items shrink and go',
	[ MODIFY => { Id => { S => 'big1' } }, { Id => { S => 'big1' } }, big(1, 2) ],
	[ REMOVE => { Id => { S => 'big2' } }, undef, big(2, 5) ],
	[ MODIFY => { Id => { S => 'bigger' } }, bigger(2), bigger(1) ],
	[ MODIFY => { Id => { S => 'bigger' } }, bigger(3), bigger(2) ],
	[ REMOVE => { Id => { S => 'bigger' } }, undef, bigger(3) ]);

# ---- truncation, and what is no item ----

sql(q(TRUNCATE dynamo_data."Plain", dynamo_data."Numbers"));
@changes = records();
is_deeply([ sort map { "$_->{eventName} $_->{tableName}" } @changes ],
	[ 'TRUNCATE Numbers', 'TRUNCATE Plain' ], 'TRUNCATE makes a record per table');
is_deeply([ sort keys %{ $changes[0]{dynamodb} } ],
	[qw(ApproximateCreationDateTime SequenceNumber SizeBytes StreamViewType)],
	'which has no item');

sql(q(
ALTER TABLE dynamo_data."Plain" DISABLE TRIGGER zz_dynamo_item;
INSERT INTO dynamo_data."Plain" (key, item) VALUES ('\x01', '{"Id": {"S": "ok"}, "N": {"N": "1"}}'),
	('\x02', '7'), ('\x03', '[{"Id": {"S": "x"}}]'), ('\x04', '{"Id": 7}'), ('\x05', '{"N": {"N": "1"}}'),
	('\x06', '{"Id": {"S": "x"}, "N": {"N": "1.0"}}'), ('\x07', 'null'),
	('\x08', (repeat('[', 500) || repeat(']', 500))::jsonb);
UPDATE dynamo_data."Plain" SET item = '{"Id": {"S": "ok"}, "N": {"N": "2"}}' WHERE key <> '\x08';
UPDATE dynamo_data."Plain" SET item = '{}';
DELETE FROM dynamo_data."Plain";
ALTER TABLE dynamo_data."Plain" ENABLE TRIGGER zz_dynamo_item;
));
counters_are('what is no item is not there', [ INSERT => ok => 1 ], [ MODIFY => ok => 2, 1 ],
	(map { [ INSERT => ok => 2 ] } 1 .. 6), map { [ REMOVE => ok => undef, 2 ] } 1 .. 7);

# As text it would be longer than a string of the server can be
sql(q(
ALTER TABLE dynamo_data."Plain" DISABLE TRIGGER zz_dynamo_item;
INSERT INTO dynamo_data."Plain" (key, item) VALUES ('\x01', jsonb_build_object('Id', '{"S": "x"}'::jsonb,
	's', jsonb_build_object('S', repeat(E'\\x01', 200000000))));
UPDATE dynamo_data."Plain" SET item = '{"Id": {"S": "x"}, "N": {"N": "1"}}';
DELETE FROM dynamo_data."Plain";
ALTER TABLE dynamo_data."Plain" ENABLE TRIGGER zz_dynamo_item;
));
counters_are('nor what is too large for an item', [ INSERT => x => 1 ], [ REMOVE => x => undef, 1 ]);

# ---- tables with and without records ----

sql(q(
ALTER TABLE dynamo_data."Plain" REPLICA IDENTITY DEFAULT;
SELECT put('Plain', 'a', 1), put('Plain', 'a', 2), del('Plain', 'a');
TRUNCATE dynamo_data."Plain";
SELECT put('Plain', 'a', 1);
ALTER TABLE dynamo_data."Plain" REPLICA IDENTITY FULL;
SELECT put('Plain', 'a', 2);
CREATE TABLE public.other (item jsonb);
ALTER TABLE public.other REPLICA IDENTITY FULL;
CREATE TABLE dynamo_data.other (key bytea PRIMARY KEY, item jsonb);
ALTER TABLE dynamo_data.other REPLICA IDENTITY FULL;
INSERT INTO public.other VALUES ('{"Id": {"S": "x"}}');
INSERT INTO dynamo_data.other VALUES ('\x', '{"Id": {"S": "x"}}');
));
counters_are('only item tables with REPLICA IDENTITY FULL have records', [ MODIFY => a => 2, 1 ]);

# ---- the past is decoded as it was ----

create_table('Gone', 'S');
sql(q(
SELECT put('Gone', 'a', 1);
ALTER TABLE dynamo_data."Gone" ADD COLUMN front int DEFAULT 7;
SELECT put('Gone', 'a', 2);
ALTER TABLE dynamo_data."Gone" DROP COLUMN front;
));
(my $add_index = $request) =~ s/"Plain"/"Gone"/;
sql("SELECT dynamo.update_table('$add_index'::jsonb)");
sql(q(
SELECT put('Gone', 'a', 3);
SELECT dynamo.update_table('{"TableName": "Gone", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "ByN"}}]}'::jsonb);
SELECT put('Gone', 'a', 4);
VACUUM FULL dynamo_data."Gone";
SELECT dynamo.delete_table('{"TableName": "Gone"}'::jsonb);
));
create_table('Gone', 'S');
sql(q(
BEGIN;
SELECT put('Gone', 'b', 5);
DROP TABLE dynamo_data."Gone";
COMMIT;
VACUUM FULL dynamo.tables;
VACUUM dynamo.tables;
REINDEX TABLE dynamo.tables;
VACUUM pg_class;
));
@changes = counters_are('a table altered, dropped and made again',
	[ INSERT => a => 1 ], [ MODIFY => a => 2, 1 ], [ MODIFY => a => 3, 2 ],
	[ MODIFY => a => 4, 3 ], [ INSERT => b => 5 ]);
is($changes[0]{tableId}, $changes[3]{tableId}, 'one table, one id');
isnt($changes[3]{tableId}, $changes[4]{tableId}, 'another table, another id');

my $create = q({"TableName": "Brief", "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"});
sql(qq(
BEGIN;
SELECT dynamo.create_table('$create'::jsonb);
SELECT put('Brief', 'early', 1);
ALTER TABLE dynamo_data."Brief" REPLICA IDENTITY FULL;
SELECT put('Brief', 'a', 1);
SAVEPOINT one;
SELECT put('Brief', 'a', 2);
ROLLBACK TO one;
SELECT dynamo.delete_table('{"TableName": "Brief"}'::jsonb);
SELECT dynamo.create_table('$create'::jsonb);
ALTER TABLE dynamo_data."Brief" REPLICA IDENTITY FULL;
SELECT put('Brief', 'a', 3);
SELECT dynamo.delete_table('{"TableName": "Brief"}'::jsonb);
COMMIT;
));
counters_are('tables that come and go in one transaction', [ INSERT => a => 1 ], [ INSERT => a => 3 ]);

# As a restore does it: items first, then the rows of the catalog
create_table('Restored', 'S');
sql(q(
CREATE TABLE kept AS SELECT * FROM dynamo.tables WHERE table_name = 'Restored';
DELETE FROM dynamo.tables WHERE table_name = 'Restored';
ALTER TABLE dynamo_data."Restored" DISABLE TRIGGER ALL;
INSERT INTO dynamo_data."Restored" (key, item) VALUES ('\x01', '{"Id": {"S": "r"}, "N": {"N": "1"}}');
INSERT INTO dynamo.tables SELECT * FROM kept;
UPDATE dynamo_data."Restored" SET item = '{"Id": {"S": "r"}, "N": {"N": "2"}}';
DELETE FROM dynamo.tables WHERE table_name = 'Restored';
DELETE FROM dynamo_data."Restored";
DROP TABLE dynamo_data."Restored";
));
counters_are('rows of the catalog that come and go by plain SQL', [ MODIFY => r => 2, 1 ]);

# ---- expiry ----

sub identities
{
	return [ map { "$_->{eventName} $_->{dynamodb}{Keys}{Id}{S}" .
		  ($_->{userIdentity} ? ' ' . $canonical->encode($_->{userIdentity}) : '') } records() ];
}
my $service = ' {"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}';
sql("SELECT put('Plain', i::text, 1) FROM generate_series(1, 9) AS i");
records();
sql(q(
BEGIN;
SELECT del('Plain', '1');
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl');
SELECT del('Plain', '2');
SELECT put('Plain', 'new', 1);
SAVEPOINT one;
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl-end');
SELECT del('Plain', '3');
ROLLBACK TO one;
SELECT del('Plain', '4');
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl-end');
SELECT del('Plain', '5');
SAVEPOINT two;
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl');
SELECT del('Plain', '6');
ROLLBACK TO two;
SELECT pg_logical_emit_message(true, 'other', 'ttl');
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl?');
SELECT pg_logical_emit_message(true, 'dynamo', '');
SELECT pg_logical_emit_message(false, 'dynamo', 'ttl');
SELECT del('Plain', '7');
SELECT pg_logical_emit_message(true, 'dynamo', 'ttl');
COMMIT;
SELECT del('Plain', '8');
));
is_deeply(
	identities(),
	[
		'REMOVE 1', "REMOVE 2$service", 'INSERT new', "REMOVE 4$service",
		'REMOVE 5', 'REMOVE 7', 'REMOVE 8'
	],
	'deletions between the markers are the service\'s');

# ---- options ----

sql(q(
SELECT pg_create_logical_replication_slot('again', 'dynamo', false, true);
BEGIN;
SELECT put('Plain', 'o', 1), put('Plain', 'o', 2);
INSERT INTO dynamo_data."Numbers" (item) VALUES ('{"Id": {"N": "1"}, "At": {"B": "AA=="}}');
SELECT put('Plain', 'o', 3);
COMMIT;
CREATE TABLE nothing AS SELECT 1;
));
sub peek
{
	my ($options) = @_;
	return split /\n/,
	  sql("SELECT data FROM pg_logical_slot_peek_changes('again', NULL, NULL$options)");
}
my @all = peek('');
is(scalar @all, 4, 'all tables');
is_deeply([ peek(q(, 'tables', 'Plain')) ], [ @all[ 0, 1, 3 ] ], 'one table, the records being the same');
is_deeply([ peek(q(, 'tables', ' Numbers , Absent.1-x_')) ], [ $all[2] ], 'a list of tables');
is_deeply([ peek(q(, 'tables', 'Plain,Numbers', 'only-local', 'on')) ], \@all, 'several options');
is_deeply([ peek(q(, 'tables', 'plain')) ], [], 'names are case-sensitive');
my @marked = map { decode_json($_) } peek(q(, 'include-transaction', 'true'));
my ($begin, $end) = @marked[ 0, -1 ];
is(scalar @marked, 6, 'markers of the transactions that have records');
is($begin->{transaction}, 'BEGIN', 'begin');
like($begin->{commitLsn}, qr{^[0-9A-F]+/[0-9A-F]+$}, 'with the LSN of the commit');
is(sql("SELECT '$begin->{commitLsn}'::pg_lsn - '0/0'"),
	substr($marked[1]{dynamodb}{SequenceNumber}, 0, 20) + 0, 'that of the sequence numbers');
is_deeply(
	[ @$end{qw(transaction xid commitLsn records)} ],
	[ 'COMMIT', $begin->{xid}, $begin->{commitLsn}, 4 ],
	'commit');
is(sql("SELECT '$end->{endLsn}'::pg_lsn > '$end->{commitLsn}'::pg_lsn"), 't', 'and its end');
$node->restart('immediate');
is_deeply([ peek('') ], \@all, 'the same records after a crash, and without options no markers');

foreach my $case (
	[ q('table', 'Plain'), qr/unrecognized option "table"/ ],
	[ q('include-transaction', 'maybe'), qr/invalid value "maybe" of option "include-transaction"/ ],
	[ q('only-local', ''), qr/invalid value "" of option "only-local"/ ],
	[ q('tables', ''), qr/invalid value "" of option "tables"/ ],
	[ q('tables', 'a,,b'), qr/invalid value "a,,b" of option "tables"/ ],
	[ q('tables', 'a,'), qr/invalid value "a," of option "tables"/ ],
	[ q('tables', 'a b'), qr/invalid value "a b" of option "tables"/ ],
	[ q('tables', '"Plain"'), qr/invalid value ""Plain"" of option "tables"/ ])
{
	my ($ret, $stdout, $stderr) = $node->psql('postgres',
		"SELECT pg_logical_slot_peek_changes('again', NULL, NULL, $case->[0])");
	like($stderr, $case->[1], "refused: $case->[0]");
}

# Two-phase decoding can be asked for, and changes nothing
sql(q(
SELECT pg_replication_slot_advance('again', pg_current_wal_lsn());
BEGIN;
SELECT put('Plain', 'o', 4);
PREPARE TRANSACTION 'two';
));
is_deeply([ peek('') ], [], 'a prepared transaction in a slot with two_phase');
sql("COMMIT PREPARED 'two'");
is(scalar(my @committed = peek('')), 1, 'and after its commit');

sql(q(
SELECT pg_replication_slot_advance('again', pg_current_wal_lsn());
SELECT pg_replication_origin_create('elsewhere');
SELECT put('Plain', 'local', 1);
SELECT pg_replication_origin_session_setup('elsewhere');
SELECT put('Plain', 'foreign', 1);
));
is(scalar(my @both = peek('')), 2, 'changes of all origins');
is_deeply([ peek(q(, 'only-local', 'on')) ], [ $both[0] ], 'only-local');
sql("SELECT pg_drop_replication_slot('again'), pg_replication_origin_drop('elsewhere')");
records();

# ---- a database without the extension ----

$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->safe_psql('bare', q(
SELECT pg_create_logical_replication_slot('bare', 'dynamo');
CREATE SCHEMA dynamo_data;
CREATE TABLE dynamo_data.t (key bytea PRIMARY KEY, item jsonb);
ALTER TABLE dynamo_data.t REPLICA IDENTITY FULL;
INSERT INTO dynamo_data.t VALUES ('\x', '{}');
TRUNCATE dynamo_data.t;
DROP SCHEMA dynamo_data CASCADE;
CREATE EXTENSION dynamo;));
$node->safe_psql('bare', "SELECT dynamo.create_table('$create'::jsonb)");
$node->safe_psql('bare', q(
ALTER TABLE dynamo_data."Brief" REPLICA IDENTITY FULL;
SELECT dynamo.put_item('{"TableName": "Brief", "Item": {"Id": {"S": "x"}}}')));
is($node->safe_psql('bare', q(SELECT count(*) FROM pg_logical_slot_get_changes('bare', NULL, NULL))),
	1, 'the extension is created while the slot is there');
$node->safe_psql('bare', q(
SELECT dynamo.put_item('{"TableName": "Brief", "Item": {"Id": {"S": "y"}}}');
DROP EXTENSION dynamo CASCADE));
is($node->safe_psql('bare', q(SELECT count(*) FROM pg_logical_slot_get_changes('bare', NULL, NULL))),
	0, 'and dropped: what was not read by then is lost, but stops nothing');
$node->safe_psql('bare', "SELECT pg_drop_replication_slot('bare')");

# ---- random writes of several clients, read by pg_recvlogical meanwhile ----

my $clients = 4;
my $steps = 150;
my $seed = $ENV{FEED_SEED} // int(rand(1_000_000));
note("FEED_SEED=$seed");
create_table('Random', 'S', 'N');
sql(q(
CREATE FUNCTION random_key() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('Id', jsonb_build_object('S', 'id' || floor(random() * 4)),
		'At', jsonb_build_object('N', floor(random() * 6)::text)) $$;

-- one item in eight is large
CREATE FUNCTION random_item() RETURNS jsonb LANGUAGE sql AS $$
	SELECT public.random_key() || jsonb_build_object('V', jsonb_build_object('N', floor(random() * 3)::text)) ||
		CASE WHEN random() < 0.125 THEN jsonb_build_object('Body', jsonb_build_object('S',
			(SELECT string_agg(md5(i::text), '') FROM generate_series(1, (random() * 1000)::int + 1) AS i)))
		ELSE '{}' END $$;

CREATE FUNCTION random_write() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	what int := floor(random() * 9);
	k jsonb := public.random_key();
BEGIN
	CASE what
	WHEN 0, 1 THEN
		PERFORM dynamo.put_item(jsonb_build_object('TableName', 'Random', 'Item', public.random_item()));
	WHEN 2, 3 THEN
		PERFORM dynamo.update_item(jsonb_build_object('TableName', 'Random', 'Key', k,
			'UpdateExpression', 'ADD V :v', 'ExpressionAttributeValues',
			jsonb_build_object(':v', jsonb_build_object('N', floor(random() * 2)::text))));
	WHEN 4 THEN
		PERFORM dynamo.delete_item(jsonb_build_object('TableName', 'Random', 'Key', k));
	WHEN 5 THEN
		INSERT INTO dynamo_data."Random" (item) VALUES (public.random_item())
			ON CONFLICT (key) DO UPDATE SET item = excluded.item;
	WHEN 6 THEN
		UPDATE dynamo_data."Random" SET item = item || '{"Flag": {"BOOL": true}}'
			WHERE item @> k;
	WHEN 7 THEN
		-- may hit another item: then it fails
		UPDATE dynamo_data."Random" SET item = item || public.random_key() WHERE item @> k;
	WHEN 8 THEN
		DELETE FROM dynamo_data."Random" WHERE item @> k;
	END CASE;
END $$;

CREATE PROCEDURE random_writes(steps int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. steps LOOP
		BEGIN
			PERFORM public.random_write();
			IF random() < 0.3 THEN
				PERFORM public.random_write();
			END IF;
			IF random() < 0.1 THEN
				RAISE division_by_zero;
			END IF;
		EXCEPTION
			WHEN division_by_zero OR unique_violation OR deadlock_detected OR SQLSTATE 'DY011' THEN
		END;
		IF random() < 0.5 THEN
			COMMIT;
		END IF;
	END LOOP;
END $$;
SELECT pg_create_logical_replication_slot('random', 'dynamo');
));
records();

my $file = "$PostgreSQL::Test::Utils::tmp_check/random.json";
my @recv = ('pg_recvlogical', '-d', $node->connstr('postgres'), '-S', 'random', '-o', 'tables=Random',
	'-F', '1', '-s', '1', '--no-loop', '-f', $file);
my $reader = start [ @recv, '--start' ], '<', \'', '>', \$out, '2>', \$err;
my @writers = map {
	my $number = ($seed + $_) / 2_000_000;
	start [ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		'-c', "SELECT setseed($number)", '-c', "CALL random_writes($steps)" ], '<', \'', '>', \$out, '2>', \$err
} 1 .. $clients;
my $failed = grep { !$_->finish } @writers;
is($failed, 0, 'the writers have succeeded') or diag($err);

# what it has not got by now it gets in a second run
$reader->signal('INT');
$reader->finish;
my $lsn = sql('SELECT pg_current_wal_lsn()');
sql("SELECT put('Plain', 'end', 1)");
command_ok([ @recv, '--start', '--endpos', $lsn ], 'pg_recvlogical');
my @decoded = split /\n/, sql("SELECT data FROM pg_logical_slot_get_changes('feed', '$lsn', NULL)");
chomp(my @received = split /^/, slurp_file($file));
my %seen;
@received = grep { !$seen{$_}++ } @received;
is_deeply(\@received, [ grep { !/"tableName":"Plain"/ } @decoded ],
	'it has got what the slot has, one record per line');

my %items;
my $faults = 0;
my $last = '';
foreach my $change (map { decode_json($_) } @received)
{
	my $key = $canonical->encode($change->{dynamodb}{Keys});
	my $old = $change->{dynamodb}{OldImage};
	my $new = $change->{dynamodb}{NewImage};
	my $event = !$old ? 'INSERT' : $new ? 'MODIFY' : 'REMOVE';

	$old = $canonical->encode($old) if $old;
	$new = $canonical->encode($new) if $new;
	$faults++ if $change->{eventName} ne $event
	  || ($items{$key} // '') ne ($old // '')
	  || ($new // '') eq ($old // '')
	  || $change->{dynamodb}{SequenceNumber} le $last;
	$last = $change->{dynamodb}{SequenceNumber};
	$items{$key} = $new;
	delete $items{$key} unless $new;
}
is($faults, 0, 'each record follows from those before it');
cmp_ok(scalar @received, '>', $clients * $steps / 4, scalar(@received) . ' records');
is_deeply(
	[ sort values %items ],
	[ sort map { $canonical->encode(decode_json($_)) } split /\n/, sql('SELECT item FROM dynamo_data."Random"') ],
	'applied to an empty map they give the table');

$node->stop;
done_testing();
