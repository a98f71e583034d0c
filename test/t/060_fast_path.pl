# The protocol's function call (libpq's PQfn) has no call expression to take
# argument types from: the forms with named arguments must do without.

use strict;
use warnings;

use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding', 'UTF8', '--locale', 'C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
$node->safe_psql('postgres', q{SELECT dynamo.create_table('{"TableName": "Fast",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}')});
$node->safe_psql('postgres',
	q{SELECT dynamo.put_item('Fast', '{"id": {"S": "a"}, "n": {"N": "1"}}')});

my $oid = $node->safe_psql('postgres',
	q{SELECT 'dynamo.get_item(text, jsonb, text, jsonb, boolean)'::regprocedure::oid});
my $user = $node->safe_psql('postgres', 'SELECT current_user');

my $socket = IO::Socket::UNIX->new($node->host . '/.s.PGSQL.' . $node->port)
  or die "could not connect: $!";

# One message: its type and its body
sub receive
{
	my ($type, $length, $body) = ('', '', '');

	$socket->read($type, 1) or die 'the server closed the connection';
	$socket->read($length, 4);
	$length = unpack('N', $length) - 4;
	$socket->read($body, $length) if $length > 0;
	return ($type, $body);
}

my $startup = pack('N', 196608) . "user\0$user\0database\0postgres\0\0";
$socket->print(pack('N', 4 + length $startup) . $startup);
while ((receive())[0] ne 'Z') { }

# FunctionCall: all arguments in text format, the last two NULL
my @arguments = ('Fast', '{"id": {"S": "a"}}', 'n');
my $call = pack('N n n n', $oid, 1, 0, 5)
  . join('', map { pack('N', length) . $_ } @arguments)
  . pack('N N n', 0xFFFFFFFF, 0xFFFFFFFF, 0);
$socket->print('F' . pack('N', 4 + length $call) . $call);

my ($type, $body) = receive();
is($type, 'V', 'the function call has a response');
is(substr($body, 4), '{"Item": {"n": {"N": "1"}}}', 'it is the item');

$node->stop;
done_testing();
