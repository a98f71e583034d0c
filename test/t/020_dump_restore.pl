# A dump of a database with tables and items restores to one that answers
# alike: as a script, as an archive, and without the table access method.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', 'CREATE EXTENSION dynamo');

# Names that need quoting, that are too long for a relation, and that are the
# same in their first 63 bytes
my $long = 'a.Long-name_' . ('x' x 100);
my %tables = (
	'Simple' => [ ['Id', 'S'] ],
	'with-dots.and-dashes' => [ ['Id', 'N'] ],
	'Binary' => [ ['Id', 'B'], ['At', 'B'] ],
	'Orders' => [ ['Customer', 'S'], ['At', 'N'] ],
	"${long}1" => [ ['Id', 'S'], ['At', 'S'] ],
	"${long}2" => [ ['Id', 'S'], ['At', 'S'] ]);

foreach my $table (sort keys %tables)
{
	my @keys = @{ $tables{$table} };
	my $definitions = join ', ',
	  map { qq({"AttributeName": "$_->[0]", "AttributeType": "$_->[1]"}) } @keys;
	my $schema = qq({"AttributeName": "$keys[0][0]", "KeyType": "HASH"})
	  . (@keys > 1 ? qq(, {"AttributeName": "$keys[1][0]", "KeyType": "RANGE"}) : '');
	my $mode =
	  $table eq 'Orders'
	  ? '"ProvisionedThroughput": {"ReadCapacityUnits": 7, "WriteCapacityUnits": 3}, "DeletionProtectionEnabled": true,'
	  . ' "SSESpecification": {"Enabled": true, "KMSMasterKeyId": "alias/mine"}, "WarmThroughput": {"ReadUnitsPerSecond": 70},'
	  . ' "Tags": [{"Key": "Owner", "Value": "m\u00fcller + sons"}, {"Key": "Empty", "Value": ""}]'
	  : '"BillingMode": "PAY_PER_REQUEST", "OnDemandThroughput": {"MaxWriteRequestUnits": 9}';

	if ($table eq 'Orders')
	{
		$definitions .= ', {"AttributeName": "Number", "AttributeType": "N"}';
		$mode .= ', "LocalSecondaryIndexes": [{"IndexName": "local", "Projection": {"ProjectionType": "KEYS_ONLY"},'
		  . ' "KeySchema": [{"AttributeName": "Customer", "KeyType": "HASH"}, {"AttributeName": "Number", "KeyType": "RANGE"}]}],'
		  . ' "GlobalSecondaryIndexes": [{"IndexName": "global", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["Text", "Map"]},'
		  . ' "KeySchema": [{"AttributeName": "Number", "KeyType": "HASH"}],'
		  . ' "ProvisionedThroughput": {"ReadCapacityUnits": 2, "WriteCapacityUnits": 1}}]';
	}
	$node->safe_psql(
		'source', qq(
SELECT dynamo.create_table('{"TableName": "$table",
  "AttributeDefinitions": [$definitions], "KeySchema": [$schema], $mode}'::jsonb)));

	my %value = (
		S => q('{"S": "k' || n % 7 || '"}'),
		N => q('{"N": "' || (n - 10) * 1.5 || '"}'),
		B => q('{"B": "' || encode(int4send(n % 5), 'base64') || '"}'));
	my %sort_value = (
		S => q('{"S": "s' || n || '"}'),
		N => q('{"N": "' || (n - 10) * 1.5 || '"}'),
		B => q('{"B": "' || encode(int4send(n), 'base64') || '"}'));
	my $key = qq('"$keys[0][0]": ' || $value{$keys[0][1]})
	  . (
		@keys > 1
		? qq( || ', "$keys[1][0]": ' || $sort_value{$keys[1][1]})
		: '');

	$node->safe_psql(
		'source', qq(
SELECT count(dynamo.put_item(('{"TableName": "$table", "Item": {' || $key || ',
   "Text": {"S": "quotes \\" and \\\\\\\\ and tabs \\t and \\u00e9\\u20ac"},
   "Number": {"N": "' || n || '.5000"}, "Big": {"N": "9.9999999999999999999999999999999999999E+125"},
   "Bytes": {"B": "AAECAw=="}, "True": {"BOOL": true}, "Null": {"NULL": true},
   "List": {"L": [{"S": "a"}, {"N": "1"}, {"L": []}]},
   "Map": {"M": {"x": {"M": {"y": {"N": "2"}}}}},
   "Strings": {"SS": ["b", "a"]}, "Numbers": {"NS": ["2", "1.0"]},
   "Binaries": {"BS": ["Ag==", "AQ=="]}}}')::jsonb))
  FROM generate_series(1, 40) n));
}

# What only UpdateTable sets: a decrease, a switch of the billing mode
$node->safe_psql(
	'source', q(
SELECT dynamo.update_table('{"TableName": "Orders", "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 3}}'::jsonb);
SELECT dynamo.update_table('{"TableName": "Binary", "BillingMode": "PROVISIONED",
  "ProvisionedThroughput": {"ReadCapacityUnits": 6, "WriteCapacityUnits": 3}}'::jsonb);
SELECT dynamo.update_table('{"TableName": "Binary", "BillingMode": "PAY_PER_REQUEST"}'::jsonb)));

# Access keys: one as they are made, one by hand of a role that the target
# server need not have
$node->safe_psql(
	'source', q(
CREATE ROLE app LOGIN;
SELECT dynamo.create_access_key('app');
INSERT INTO dynamo.access_keys VALUES ('local', 'secret', 'gone', '2026-01-02 03:04:05+00')));

# Tokens are of requests to this database
$node->safe_psql(
	'source', q(
SELECT dynamo.transact_write_items('{"ClientRequestToken": "before the dump", "TransactItems": [
  {"ConditionCheck": {"TableName": "Simple", "Key": {"Id": {"S": "nowhere"}},
                      "ConditionExpression": "attribute_not_exists(Id)"}}]}'::jsonb)));

# Every answer a database gives, one line each
sub answers
{
	my ($db) = @_;
	my @answers;

	push @answers,
	  $node->safe_psql($db, q(SELECT dynamo.list_tables('{}'::jsonb)));
	foreach my $table (sort keys %tables)
	{
		my @keys = @{ $tables{$table} };

		# the two counts are estimates, as in DynamoDB
		push @answers,
		  $node->safe_psql(
			$db, qq(
SELECT dynamo.describe_table('{"TableName": "$table"}'::jsonb)
       #- '{Table,ItemCount}' #- '{Table,TableSizeBytes}'
       #- '{Table,GlobalSecondaryIndexes,0,ItemCount}' #- '{Table,GlobalSecondaryIndexes,0,IndexSizeBytes}'
       #- '{Table,LocalSecondaryIndexes,0,ItemCount}' #- '{Table,LocalSecondaryIndexes,0,IndexSizeBytes}'));
		push @answers,
		  $node->safe_psql($db,
			qq(SELECT dynamo.list_tags_of_resource('{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/$table"}'::jsonb)));
		push @answers,
		  $node->safe_psql($db,
			qq(SELECT dynamo.scan('{"TableName": "$table"}'::jsonb)));
		# one query for every partition key there is
		push @answers, $node->safe_psql(
			$db, qq(
SELECT dynamo.query(jsonb_build_object('TableName', '$table',
         'KeyConditionExpression', '#k = :v',
         'ExpressionAttributeNames', '{"#k": "$keys[0][0]"}'::jsonb,
         'ExpressionAttributeValues', jsonb_build_object(':v', k)))
  FROM (SELECT DISTINCT i -> '$keys[0][0]' AS k
          FROM jsonb_array_elements(dynamo.scan('{"TableName": "$table"}'::jsonb)
               -> 'Items') i) AS keys
 ORDER BY k));
	}
	push @answers,
	  $node->safe_psql($db,
		qq(SELECT dynamo.scan('{"TableName": "Orders", "IndexName": "$_"}'::jsonb)))
	  foreach qw(global local);
	push @answers,
	  $node->safe_psql($db, "SELECT * FROM dynamo.$_ ORDER BY 1, 2")
	  foreach qw(tables indexes tags access_keys);
	return join "\n", @answers;
}

# What must hold in a restored database
sub check
{
	my ($db, $am, $expected, $what) = @_;

	is(answers($db), $expected, "$what: every request is answered alike");
	is( $node->safe_psql(
			$db, q(
SELECT string_agg(DISTINCT am.amname, ',') FROM pg_class c
  JOIN pg_am am ON am.oid = c.relam
 WHERE c.relnamespace = 'dynamo_data'::regnamespace AND c.relkind = 'r')),
		$am,
		"$what: access method");

	is( $node->safe_psql(
			$db, q(
SELECT string_agg(format('%s %s', tgname, tgenabled), ',' ORDER BY tgname) FROM pg_trigger
 WHERE tgrelid = 'dynamo.access_keys'::regclass;
SELECT has_column_privilege('app', 'dynamo.access_keys', 'access_key_id', 'SELECT'),
       has_column_privilege('app', 'dynamo.access_keys', 'secret_access_key', 'SELECT'))),
		"notify_access_key A,notify_truncate A\nt|f",
		"$what: triggers and privileges of access keys");

	is($node->safe_psql($db, 'SELECT count(*) FROM dynamo.request_tokens'),
		'0', "$what: no tokens of requests to the source");

	# The restored tables go on working: through the API ...
	like(
		$node->safe_psql(
			$db, q(
SELECT dynamo.put_item('{"TableName": "Simple", "Item": {"Id": {"S": "k1"}, "New": {"BOOL": true}},
                         "ReturnValues": "ALL_OLD"}'::jsonb))),
		qr/"Attributes"/,
		"$what: put_item replaces a restored item");
	is( $node->safe_psql(
			$db, q(
SELECT dynamo.get_item('{"TableName": "Simple", "Key": {"Id": {"S": "k1"}}}'::jsonb)
       #>> '{Item,New,BOOL}')),
		'true',
		"$what: and get_item finds the new one");

	# ... in plain SQL, whose trigger makes the key and checks the item ...
	$node->safe_psql($db,
		q(INSERT INTO dynamo_data."Simple" (item) VALUES ('{"Id": {"S": "plain"}}')));
	is( $node->safe_psql(
			$db, q(
SELECT dynamo.get_item('{"TableName": "Simple", "Key": {"Id": {"S": "plain"}}}'::jsonb)
       #>> '{Item,Id,S}')),
		'plain',
		"$what: a plain INSERT is seen by get_item");
	my ($ret, $stdout, $stderr) = $node->psql($db,
		q(INSERT INTO dynamo_data."Simple" (item) VALUES ('{"Other": {"S": "x"}}')));
	isnt($ret, 0, "$what: a plain INSERT without the key is refused");

	# ... indexes are maintained, and found by those who read them ...
	is( $node->safe_psql(
			$db, q(
SELECT dynamo.put_item('{"TableName": "Orders",
         "Item": {"Customer": {"S": "kx"}, "At": {"N": "1"}, "Number": {"N": "4711"}}}'::jsonb);
SELECT dynamo.query('{"TableName": "Orders", "IndexName": "global",
         "KeyConditionExpression": "#n = :n", "ExpressionAttributeNames": {"#n": "Number"},
         "ExpressionAttributeValues": {":n": {"N": "4711"}}}'::jsonb) #>> '{Items,0,Customer,S}')),
		"{}\nkx",
		"$what: an index has a new item");

	# ... tags can be changed, and go with the table ...
	is( $node->safe_psql(
			$db, q(
SELECT dynamo.tag_resource('{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders",
         "Tags": [{"Key": "Owner", "Value": "new"}]}'::jsonb);
SELECT dynamo.untag_resource('{"ResourceArn": "arn:aws:dynamodb:us-east-1:000000000000:table/Orders",
         "TagKeys": ["Empty"]}'::jsonb);
SELECT key, value FROM dynamo.tags;)),
		"{}\n{}\nOwner|new",
		"$what: tags can be changed");

	# ... and their settings and names are theirs.
	($ret, $stdout, $stderr) = $node->psql($db,
		q(SELECT dynamo.delete_table('{"TableName": "Orders"}'::jsonb)));
	isnt($ret, 0, "$what: deletion protection holds");
	$node->safe_psql($db,
		qq(SELECT dynamo.delete_table('{"TableName": "${long}1"}'::jsonb)));
	is( $node->safe_psql(
			$db,
			qq(SELECT dynamo.scan('{"TableName": "${long}2"}'::jsonb) ->> 'Count')
		),
		'40',
		"$what: deleting a table leaves the one of similar name");
}

my $expected = answers('source');
like($expected, qr/"Count": 40/, 'the source has items');
like($expected, qr/"Key": "Owner", "Value": "m\x{c3}\x{bc}ller \+ sons"/, 'the source has tags');
like($expected, qr{^AKIA\w{16}\|[\w+/]{40}\|app\|}m, 'the source has access keys');
like($expected, qr{^local\|secret\|gone\|}m, 'also of a role that there is not');

my $dir = $PostgreSQL::Test::Utils::tmp_check;
my @dump = ('pg_dump', '--no-sync');

# Make a database of the dump NAME.sql.
sub restore_script
{
	my ($name, $what) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->command_ok(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$name.sql",
			$node->connstr($name)
		],
		$what);
	return;
}

$node->command_ok([ @dump, '-f', "$dir/plain.sql", $node->connstr('source') ],
	'pg_dump as a script');
restore_script('plain', 'restore by psql');
check('plain', 'dynamo', $expected, 'script');

$node->command_ok(
	[ @dump, '-Fc', '-f', "$dir/archive", $node->connstr('source') ],
	'pg_dump as an archive');
$node->safe_psql('postgres', 'CREATE DATABASE archive');
$node->command_ok(
	[
		'pg_restore', '--exit-on-error', '-d', $node->connstr('archive'),
		"$dir/archive"
	],
	'pg_restore');
check('archive', 'dynamo', $expected, 'archive');

$node->command_ok(
	[
		@dump, '--no-table-access-method', '-f', "$dir/heap.sql",
		$node->connstr('source')
	],
	'pg_dump without the access method');
restore_script('heap', 'restore on heap');
check('heap', 'heap', $expected, 'heap');

# Who cannot read the secrets cannot dump them.
my ($stdout, $stderr) = run_command([ @dump, '-t', 'dynamo.access_keys',
	$node->connstr('source') . ' user=app' ]);
unlike($stdout, qr/AKIA/, 'a dump by another role has no access keys');
like($stderr, qr/permission denied/, 'and says why');

# A second dump says the same as the first: nothing was lost or added.
is(answers('source'), $expected, 'the source is as it was');

$node->stop;
done_testing();
