# Access keys as a gateway sees them: a role of its own that logs in, reads the
# secrets, is told of changes and acts as the roles that were granted to it.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('keys');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q(
CREATE EXTENSION dynamo;
CREATE ROLE app LOGIN;
CREATE ROLE gateway LOGIN NOINHERIT;
GRANT SELECT ON dynamo.access_keys TO gateway;
GRANT app TO gateway;
GRANT CREATE ON SCHEMA dynamo_data TO app));

# Run statements as a role
sub as
{
	my ($role, $sql) = @_;

	return $node->psql('postgres', $sql, extra_params => [ '-U', $role ]);
}

my ($ret, $stdout, $stderr) = as('app', q(
LISTEN dynamo_access_keys;
SELECT dynamo.create_access_key('app')));
is($ret, 0, 'a role makes a key for itself');
my ($id, $secret) = $stdout =~ m{^\((AKIA[A-Z2-7]{16}),([A-Za-z0-9+/]{40})\)$}m;
ok($id, 'its id and secret are shown');
like(
	$stdout,
	qr/notification "dynamo_access_keys" with payload "\Q$id\E" received/,
	'a listener is told its id');

($ret, $stdout, $stderr) = as('gateway',
	"SELECT secret_access_key, role_name FROM dynamo.access_keys WHERE access_key_id = '$id'");
is($stdout, "$secret|app", 'the gateway reads the secret');
($ret, $stdout, $stderr) = as('app', 'SELECT secret_access_key FROM dynamo.access_keys');
isnt($ret, 0, 'its role does not');

($ret, $stdout, $stderr) = as('gateway', q(
SELECT dynamo.invoke_as('app', 'CreateTable', '{"TableName": "Keys",
  "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
  "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
  "BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL;
SELECT dynamo.invoke_as('app', 'PutItem', '{"TableName": "Keys", "Item": {"id": {"S": "a"}}}');
SELECT current_user, session_user));
is($stdout, "t\n{}\ngateway|gateway", 'requests as the role');
is( $node->safe_psql('postgres',
		q(SELECT tableowner FROM pg_tables WHERE tablename = 'Keys')),
	'app', 'whose the table is');
($ret, $stdout, $stderr) = as('gateway',
	q(SELECT dynamo.invoke_as(NULL, 'Scan', '{"TableName": "Keys"}')));
like($stderr, qr/user\/gateway is not authorized to perform: dynamodb:Scan/,
	'not as the gateway itself');

# The log is where a secret would stay.
my $log = slurp_file($node->logfile);
is(index($log, $secret), -1, 'the secret is not in the server log');

is( $node->safe_psql('postgres', "SELECT dynamo.delete_access_key('$id')"),
	't', 'the key is deleted');

$node->stop;
done_testing();
