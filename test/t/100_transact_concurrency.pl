# Transactions under concurrency: money is moved between accounts while others
# add it up; transactions check that an item is absent which the others create;
# requests come several times with one token.  All of it goes on beside
# batches and single writes of the same items, and through a crash.

use strict;
use warnings;

use IPC::Run qw(start);
use KillServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $accounts = 12;
my $balance = 100;
my $pairs = 300;
my $tokens = 60;

my $node = PostgreSQL::Test::Cluster->new('transact');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'");
$node->append_conf('postgresql.conf', "deadlock_timeout = 200ms");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
$node->safe_psql(
	'postgres', q(
SELECT dynamo.create_table('{"TableName": "Bank",
  "AttributeDefinitions": [{"AttributeName": "Kind", "AttributeType": "S"},
                           {"AttributeName": "Id", "AttributeType": "N"}],
  "KeySchema": [{"AttributeName": "Kind", "KeyType": "HASH"},
                {"AttributeName": "Id", "KeyType": "RANGE"}],
  "BillingMode": "PAY_PER_REQUEST"}'::jsonb);
SELECT dynamo.create_table('{"TableName": "Ledger",
  "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
  "BillingMode": "PAY_PER_REQUEST"}'::jsonb);

CREATE FUNCTION key(kind text, id int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('Kind', jsonb_build_object('S', kind),
		'Id', jsonb_build_object('N', id::text)) $$;

CREATE FUNCTION change(id int, amount int) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('Update', jsonb_build_object('TableName', 'Bank',
		'Key', public.key('account', id), 'UpdateExpression', 'SET Balance = Balance + :a',
		'ConditionExpression', 'Balance >= :least',
		'ExpressionAttributeValues', jsonb_build_object(
			':a', jsonb_build_object('N', amount::text),
			':least', jsonb_build_object('N', greatest(-amount, 0)::text)))) $$;

-- true: it has happened; false: it was cancelled
CREATE FUNCTION transact(actions jsonb, token text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.transact_write_items(jsonb_strip_nulls(jsonb_build_object(
		'TransactItems', actions, 'ClientRequestToken', token)));
	RETURN true;
EXCEPTION WHEN SQLSTATE 'DY010' THEN
	RETURN false;
END $$;

-- move money, and write down that it was moved
CREATE FUNCTION transfer(a int, b int, amount int, id text) RETURNS boolean LANGUAGE sql AS $$
	SELECT public.transact(jsonb_build_array(public.change(a, -amount),
		jsonb_build_object('Put', jsonb_build_object('TableName', 'Ledger',
			'Item', jsonb_build_object('Id', jsonb_build_object('S', id)),
			'ConditionExpression', 'attribute_not_exists(Id)')),
		public.change(b, amount))) $$;

CREATE FUNCTION total(accounts int) RETURNS bigint LANGUAGE sql AS $$
	SELECT sum((r->'Item'->'Balance'->>'N')::int) FROM jsonb_array_elements(
		dynamo.transact_get_items(jsonb_build_object('TransactItems', (
			SELECT jsonb_agg(jsonb_build_object('Get', jsonb_build_object('TableName', 'Bank',
				'Key', public.key('account', i)))) FROM generate_series(1, accounts) AS i)))->'Responses') AS r $$;

CREATE FUNCTION check_total(accounts int, expected bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	found bigint := public.total(accounts);
BEGIN
	IF found <> expected THEN
		RAISE EXCEPTION 'the total is % instead of %', found, expected;
	END IF;
END $$;

-- create one of two items if the other one is absent
CREATE FUNCTION skew(id int, mine text, other text) RETURNS boolean LANGUAGE sql AS $$
	SELECT public.transact(jsonb_build_array(
		jsonb_build_object('ConditionCheck', jsonb_build_object('TableName', 'Bank',
			'Key', public.key(other, id), 'ConditionExpression', 'attribute_not_exists(Id)')),
		jsonb_build_object('Put', jsonb_build_object('TableName', 'Bank', 'Item', public.key(mine, id))))) $$;

CREATE FUNCTION count_once(id int) RETURNS boolean LANGUAGE sql AS $$
	SELECT public.transact(jsonb_build_array(jsonb_build_object('Update',
		jsonb_build_object('TableName', 'Bank', 'Key', public.key('token', id),
			'UpdateExpression', 'ADD Hits :one',
			'ExpressionAttributeValues', '{":one": {"N": "1"}}'::jsonb))), 'token ' || id) $$;

-- noise in random order, without conditions; and single writes to the accounts
CREATE FUNCTION noise() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dynamo.batch_write_item(jsonb_build_object('RequestItems', jsonb_build_object('Bank', (
		SELECT jsonb_agg(CASE WHEN random() < 0.5
			THEN jsonb_build_object('DeleteRequest', jsonb_build_object('Key', public.key('noise', i)))
			ELSE jsonb_build_object('PutRequest', jsonb_build_object('Item', public.key('noise', i) ||
				jsonb_build_object('v', jsonb_build_object('N', random()::text)))) END ORDER BY random())
		FROM generate_series(1, 12) AS i))));
END $$;
CREATE FUNCTION noise_transaction() RETURNS boolean LANGUAGE sql AS $$
	SELECT public.transact((SELECT jsonb_agg(jsonb_build_object('Update', jsonb_build_object('TableName', 'Bank',
		'Key', public.key(CASE WHEN i <= 6 THEN 'noise' ELSE 'account' END, CASE WHEN i <= 6 THEN i ELSE i - 6 END),
		'UpdateExpression', 'ADD Hits :one',
		'ExpressionAttributeValues', '{":one": {"N": "1"}}'::jsonb)) ORDER BY random()) FROM generate_series(1, 10) AS i)) $$;
CREATE FUNCTION touch(id int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT dynamo.update_item('Bank', public.key('account', id), 'ADD Hits :one',
		expression_attribute_values => '{":one": {"N": "1"}}') $$;
));
$node->safe_psql(
	'postgres', qq(
SELECT dynamo.put_item('Bank', key('account', i) || '{"Balance": {"N": "$balance"}}')
  FROM generate_series(1, $accounts) AS i));

my $total = $accounts * $balance;
my %scripts = (
	transfer => qq(
\\set a random(1, $accounts)
\\set b (:a + random(0, @{[$accounts - 2]})) % $accounts + 1
\\set amount random(1, 40)
SELECT transfer(:a, :b, :amount, gen_random_uuid()::text);
),
	total => qq(
SELECT check_total($accounts, $total);
),
	skew => qq(
\\set id random(1, $pairs)
\\set which random(0, 1)
SELECT skew(:id, CASE :which WHEN 0 THEN 'left' ELSE 'right' END,
	CASE :which WHEN 0 THEN 'right' ELSE 'left' END);
),
	token => qq(
\\set id random(1, $tokens)
SELECT count_once(:id);
),
	noise => qq(
\\set id random(1, $accounts)
SELECT noise();
SELECT noise_transaction();
SELECT touch(:id);
));

# Start one pgbench per script.
sub start_clients
{
	my ($seconds) = @_;
	my %runs;

	foreach my $name (sort keys %scripts)
	{
		my $file = "$PostgreSQL::Test::Utils::tmp_check/$name.sql";
		my $out = "$PostgreSQL::Test::Utils::tmp_check/$name.out";

		open my $fh, '>', $file or die "$file: $!";
		print $fh $scripts{$name};
		close $fh;
		$runs{$name} = {
			out => $out,
			run => start(
				[
					'pgbench', '-n', '-c', '3', '-T', $seconds,
					'-f', $file, $node->connstr('postgres')
				],
				'<', \undef, '>', $out, '2>', "$out.err") };
	}
	return \%runs;
}

# What must hold at any time
sub check_invariants
{
	my ($when) = @_;

	is($node->safe_psql('postgres', "SELECT total($accounts)"),
		$total, "$when: no money was made or lost");
	is( $node->safe_psql('postgres',
			q(SELECT count(*) FROM dynamo_data."Bank" WHERE (item->'Balance'->>'N')::int < 0)),
		'0',
		"$when: no account is overdrawn");
	is( $node->safe_psql(
			'postgres', q(
SELECT count(*) FROM dynamo_data."Bank" a JOIN dynamo_data."Bank" b ON a.item->'Id' = b.item->'Id'
 WHERE a.item->'Kind'->>'S' = 'left' AND b.item->'Kind'->>'S' = 'right')),
		'0',
		"$when: of two items that exclude each other there is one");
	is( $node->safe_psql(
			'postgres', q(
SELECT coalesce(max((item->'Hits'->>'N')::int), 0) FROM dynamo_data."Bank" WHERE item->'Kind'->>'S' = 'token')),
		'1',
		"$when: a request with a token took effect once");
	return;
}

#
# Undisturbed
#
my $runs = start_clients(8);
foreach my $name (sort keys %$runs)
{
	ok($runs->{$name}{run}->finish, "$name: no client failed")
	  or diag(slurp_file("$runs->{$name}{out}.err"));
}
check_invariants('undisturbed');
my $moved = $node->safe_psql('postgres', 'SELECT count(*) FROM dynamo_data."Ledger"');
cmp_ok($moved, '>', 50, "money has been moved ($moved times)");
cmp_ok(
	$node->safe_psql(
		'postgres', q(
SELECT count(*) FROM dynamo_data."Bank" WHERE item->'Kind'->>'S' IN ('left', 'right'))),
	'>', 100, 'many of the pairs were decided');
is( $node->safe_psql('postgres', 'SELECT count(*) FROM dynamo.request_tokens'),
	$node->safe_psql(
		'postgres', q(
SELECT count(*) FROM dynamo_data."Bank" WHERE item->'Kind'->>'S' = 'token')),
	'as many tokens as items made with them');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no deadlocks');

#
# A crash in the middle
#
$runs = start_clients(60);
my $enough = 0;
for (1 .. 600)
{
	$enough = $node->safe_psql('postgres', 'SELECT count(*) FROM dynamo_data."Ledger"') >= $moved + 100;
	last if $enough;
	usleep(100_000);
}
ok($enough, 'money is being moved');
kill_everything($node);
foreach my $name (sort keys %$runs)
{
	eval { $runs->{$name}{run}->finish };
	unlike(
		slurp_file("$runs->{$name}{out}.err"),
		qr/ERROR:/, "$name: no client failed before the crash");
}
$node->start;
check_invariants('after a crash');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no deadlocks');

# Every token that has been recorded still counts
is( $node->safe_psql('postgres', "SELECT bool_and(count_once(i)) FROM generate_series(1, $tokens) AS i"),
	't', 'all tokens once more');
check_invariants('after a replay');

$node->stop;
done_testing();
