# The gateway's signatures, roles, settings, metrics and TLS.

use strict;
use warnings;

use Compress::Zlib;
use Gateway;
use HttpClient qw(http_request parse_response);
use IPC::Run;
use JSON::PP;
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SigV4;
use Test::More;
use Time::HiRes qw(usleep);
use Time::Local qw(timegm);

use constant {
	JSON_1_0 => 'application/x-amz-json-1.0',
	CORAL => 'com.amazon.coral.service#',
};

my $node = PostgreSQL::Test::Cluster->new('auth');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q(
CREATE EXTENSION dynamo;
CREATE ROLE app;
CREATE ROLE second;
CREATE ROLE reader;
CREATE ROLE stranger;
CREATE ROLE gone;
CREATE ROLE gateway LOGIN NOINHERIT;
GRANT SELECT ON dynamo.access_keys TO gateway;
GRANT app, second, reader, gone TO gateway;
GRANT CREATE ON SCHEMA dynamo_data TO app));

my $database = $node->connstr('postgres') . ' user=gateway';
my $gateway = Gateway->new(
	$node,
	database => $database,
	'pool-size' => 1,
	'log-level' => 'debug',
	'log-requests' => 'on');
$gateway->wait_healthy;

# ---- helpers ----

my %secrets;

# A new key of a role; its id
sub new_key
{
	my ($role) = @_;
	my ($id, $secret) = split /\|/,
	  $node->safe_psql('postgres', "SELECT * FROM dynamo.create_access_key('$role')");

	$secrets{$id} = $secret;
	return $id;
}

sub headers_of
{
	my ($operation, @more) = @_;

	return [
		Host => 'db.example.com',
		'Content-Type' => JSON_1_0,
		'X-Amz-Target' => "DynamoDB_20120810.$operation",
		@more
	];
}

# Send what has been signed, or something else.
sub send_signed
{
	my ($signed, $body, %options) = @_;

	return $gateway->request('POST', $options{uri} // '/',
		[ @$signed, 'Content-Length' => length $body ], $body);
}

# A request, signed as the options say (see SigV4.pm)
sub request_as
{
	my ($key, $operation, $body, %options) = @_;
	my $headers = headers_of($operation, @{ delete $options{more} // [] });
	my $uri = delete $options{uri};
	my @signed = SigV4::sign(
		key => $key,
		secret => $secrets{$key},
		headers => $headers,
		body => $body,
		%options);

	return send_signed(\@signed, $body, uri => $uri);
}

sub exception
{
	my ($name, $message) = @_;
	my $member = $name eq 'AccessDeniedException' ? 'Message' : 'message';

	return "400 {\"__type\":\"" . CORAL . "$name\",\"$member\":\"$message\"}";
}

# Status and body in one text
sub answer
{
	my ($response) = @_;

	return "$response->{status} $response->{body}";
}

my $INVALID_TOKEN = exception('UnrecognizedClientException',
	'The security token included in the request is invalid.');
my $MISMATCH = exception('UnrecognizedClientException',
	'The request signature we calculated does not match the signature you provided. '
	  . 'Check your AWS Secret Access Key and signing method. '
	  . 'Consult the service documentation for details.');

# ---- good signatures ----

my $app = new_key('app');
my $get = '{"TableName":"Things","Key":{"id":{"S":"a"}}}';
my $item = '200 {"Item":{"id":{"S":"a"}}}';

is( request_as($app, 'CreateTable',
		'{"TableName":"Things","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],'
		  . '"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}')
	  ->{status}, 200, 'a signed request creates a table');
is($node->safe_psql('postgres', q(SELECT tableowner FROM pg_tables WHERE tablename = 'Things')),
	'app', 'as the role of its key');
is(answer(request_as($app, 'PutItem', '{"TableName":"Things","Item":{"id":{"S":"a"}}}')), '200 {}',
	'a signed PutItem');
is(answer(request_as($app, 'GetItem', $get)), $item, 'a signed GetItem');
is(answer(request_as($app, 'GetItem', $get, separator => $_)), $item, "parts separated by '$_'")
  foreach ',', ' ', ' , ', ",\t";
is(answer(request_as($app, 'GetItem', $get, region => $_)), $item, "region $_")
  foreach 'eu-central-1', 'local';
is(answer(request_as($app, 'GetItem', $get, signed => [ 'Host', 'X-Amz-Date', 'X-Amz-Target' ])),
	$item, 'no more than the headers that must be signed');
is(answer(request_as($app, 'GetItem', $get, more => [ 'X-Other' => "  a   b \t" ])),
	$item, 'white space in a signed header');
is(answer(request_as($app, 'GetItem', $get, more => [ 'X-Other' => 'b', 'X-Between' => 'c', 'X-Other' => ' a' ])),
	$item, 'a signed header that comes twice');
is(answer(request_as($app, 'GetItem', $get, more => [ 'X-Other' => '' ])), $item, 'an empty signed header');
is(answer(request_as($app, 'GetItem', $get, more => [ 'X-Other' => "\xc3\xa4" ])), $item,
	'a signed header of other bytes');
is(answer(request_as($app, 'GetItem', $get, more => [ 'Accept-Encoding' => 'gzip', 'Accept-Encoding' => 'br' ])),
	$item, 'Accept-Encoding twice');
is( answer(request_as($app, 'GetItem', $get, leave_out => ['Date'],
		more => [ Date => strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime) ],
		date => SigV4::timestamp())),
	$item, 'a Date header instead of X-Amz-Date');
is(answer(request_as($app, 'GetItem', $get, uri => '/?b=2&a=1', query => 'a=1&b=2')), $item,
	'a query string is signed sorted');
is(answer(request_as($app, 'GetItem', $get, uri => '/?a=%7e&b=x%20y&A', query => 'A=&a=~&b=x%20y')), $item,
	'and encoded in one way');
is( answer(request_as($app, 'GetItem', $get, time => time - 14 * 60 - 30)),
	$item, 'a date of 14 minutes ago');
is( answer(request_as($app, 'GetItem', $get, time => time + 14 * 60 + 30)),
	$item, 'a date in 14 minutes');

# The order and the case of headers on the wire do not matter.
my @signed = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem'), body => $get);
my (@other_way, @copy);
@copy = @signed;
while (my ($name, $value) = splice @copy, 0, 2)
{
	unshift @other_way, uc $name => $value;
}
is(answer(send_signed(\@other_way, $get)), $item, 'headers in another order and case');
is(answer(send_signed([ @signed, 'X-Added' => 'x' ], $get)), $item, 'a header that is not signed can be added');
is(answer(send_signed(\@signed, $get)), $item, 'a request can be repeated');

my $compressed = Compress::Zlib::memGzip($get);
is(answer(request_as($app, 'GetItem', $compressed, more => [ 'Content-Encoding' => 'gzip' ])),
	$item, 'a compressed body is signed as it is sent');
is( answer(request_as($app, 'GetItem', $compressed, more => [ 'Content-Encoding' => 'gzip' ], sign_body => $get)),
	$MISMATCH, 'not as it is meant');

# ---- good signatures in the query string ----

sub presigned
{
	my ($body, %options) = @_;
	my $uri = SigV4::presign(
		key => $app,
		secret => $secrets{$app},
		headers => headers_of('GetItem'),
		body => $body,
		%options);

	return $gateway->request('POST', $uri, [ @{ headers_of('GetItem') }, 'Content-Length' => length $get ], $get);
}

is(answer(presigned($get)), $item, 'a presigned request');
is(answer(presigned($get, expires => 60)), $item, 'one that expires');
is(answer(presigned($get, expires => 7200, time => time - 3600)), $item, 'one of an hour ago that is still valid');
is(answer(presigned("$get ")), $MISMATCH, 'a presigned request with another body');
is(answer(presigned($get, secret => 'x')), $MISMATCH, 'a presigned request with a wrong secret');
is( answer(presigned($get, signed => ['host'])),
	exception('InvalidSignatureException', "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."),
	'a presigned request whose target is not signed');
is( answer(presigned($get, service => 's3')),
	exception('InvalidSignatureException', "Credential should be scoped to correct service: 'dynamodb'."),
	'a presigned request for another service');
is(answer(presigned($get, key => 'AKIANONE')), $INVALID_TOKEN, 'a presigned request of an unknown key');
like(answer(presigned($get, expires => 60, time => time - 120)),
	qr/^400 .*InvalidSignatureException","message":"Signature expired: \S+ is now earlier than \S+ \(\S+ - 60 sec\.\)"\}$/,
	'a presigned request that has expired');
like(answer(presigned($get, expires => 60, time => time + 3600)),
	qr/^400 .*InvalidSignatureException","message":"Signature not yet current: /, 'one that is not yet valid');
is( answer(presigned($get, leave_out => ['Signature'])),
	exception('IncompleteSignatureException', "AWS query-string parameters must include 'X-Amz-Signature'. "
		  . 'Re-examine the query-string parameters.'),
	'a presigned request without its signature');
{
	my $uri = SigV4::presign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem'),
		body => $get, expires => 60, time => time - 120);

	$uri =~ s/Expires=60/Expires=600/ or die;
	is( answer($gateway->request('POST', $uri, [ @{ headers_of('GetItem') }, 'Content-Length' => length $get ], $get)),
		$MISMATCH, 'the validity cannot be prolonged');
}

# ---- bad signatures ----

is(answer(request_as($app, 'GetItem', $get, secret => "$secrets{$app}x")), $MISMATCH, 'a wrong secret');
is(answer(request_as($app, 'GetItem', $get, secret => '')), $MISMATCH, 'an empty secret');
is(answer(request_as('AKIANONE', 'GetItem', $get, secret => 'x')), $INVALID_TOKEN, 'an unknown key');
is(answer(request_as('', 'GetItem', $get, secret => 'x')), $INVALID_TOKEN, 'an empty key');
is(answer(request_as("' OR true --", 'GetItem', $get, secret => 'x'))
	=~ /IncompleteSignature|security token included in the request is invalid/ ? 'refused' : 'accepted',
	'refused', 'a key that is SQL');
is(answer(request_as('A' x 4000, 'GetItem', $get, secret => 'x')), $INVALID_TOKEN, 'a long key');
is(answer(request_as("$app" . 'A' x 200, 'GetItem', $get, secret => $secrets{$app})), $INVALID_TOKEN,
	'a key that begins like a good one');
is(answer(request_as($_, 'GetItem', $get, secret => 'x')), $INVALID_TOKEN, 'a key of strange bytes')
  foreach "AKIA\xff", "AKIA\xc3\xa4", 'AKIA"\\';
my $longest = 'K' x 128;
$node->safe_psql('postgres', "INSERT INTO dynamo.access_keys VALUES ('$longest', 'long', 'app')");
is(answer(request_as($longest, 'GetItem', $get, secret => 'long')), $item, 'the longest key');
is(answer(request_as("${longest}K", 'GetItem', $get, secret => 'long')), $INVALID_TOKEN, 'a longer one');
is(answer(request_as(lc $app, 'GetItem', $get, secret => $secrets{$app})), $INVALID_TOKEN,
	'a key in another case');
is(answer(request_as($app, 'GetItem', $get, sign_body => "$get ")), $MISMATCH, 'an altered body');
is(answer(send_signed(\@signed, $get =~ s/"a"/"b"/r)), $MISMATCH, 'another key in the body');

sub altered
{
	my ($name, $value) = @_;
	my @headers = @signed;

	for (my $i = 0; $i < @headers; $i += 2)
	{
		next if $headers[$i] ne $name;
		if (defined $value)
		{
			$headers[ $i + 1 ] = $value;
		}
		else
		{
			splice @headers, $i, 2;
		}
		return \@headers;
	}
	die "there is no header $name";
}

is(answer(send_signed(altered('X-Amz-Target', 'DynamoDB_20120810.DeleteItem'), $get)), $MISMATCH,
	'an altered target');
is(answer(send_signed(altered('Host', 'other'), $get)), $MISMATCH, 'an altered host');
is(answer(send_signed(altered('Host', undef), $get)), $MISMATCH, 'no host');
is(answer(send_signed(altered('Content-Type', 'application/json'), $get)), $MISMATCH, 'an altered content type');
is(answer(send_signed(altered('X-Amz-Date', SigV4::timestamp(time - 5)), $get)), $MISMATCH, 'an altered date');
is(answer(send_signed([ @signed, Host => 'other' ], $get)), $MISMATCH, 'another host in addition');
is(answer(send_signed([ @signed, 'X-Amz-Target' => 'DynamoDB_20120810.DeleteItem' ], $get)), $MISMATCH,
	'another target in addition');
is(answer(send_signed([ 'X-Amz-Target' => 'DynamoDB_20120810.DeleteItem', @signed ], $get)), $MISMATCH,
	'another target before it');
is(answer(send_signed(\@signed, $get, uri => '/?a=b')), $MISMATCH, 'a query string that is not signed');
{
	my ($authorization) = @signed[ grep { $signed[ $_ - 1 ] eq 'Authorization' } 1 .. $#signed ];
	my $flipped = $authorization =~ s/Signature=(.)/'Signature=' . ($1 eq '0' ? 1 : 0)/er;

	is(answer(send_signed(altered('Authorization', $flipped), $get)), $MISMATCH, 'one digit of the signature');
	is(answer(send_signed(altered('Authorization', substr $authorization, 0, -1), $get)), $MISMATCH,
		'a signature that is too short');
	is(answer(send_signed(altered('Authorization', "${authorization}0"), $get)), $MISMATCH,
		'a signature that is too long');
	is(answer(send_signed(altered('Authorization', $authorization =~ s/Signature=\K.*/'0' x 64/er), $get)), $MISMATCH,
		'a signature of zeros');
	is(answer(send_signed(altered('Authorization', $authorization =~ s/SHA256/SHA512/r), $get)) =~
		  /^400 .*(IncompleteSignature|InvalidSignature|MissingAuthenticationToken)Exception/ ? 1 : 0,
		1, 'another algorithm');
	is( answer($gateway->request('POST', SigV4::presign(key => $app, secret => $secrets{$app},
				headers => headers_of('GetItem'), body => $get),
			[ @signed, 'Content-Length' => length $get ], $get)),
		exception('InvalidSignatureException',
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
		'both kinds of signature');
}
my @accept = ('Accept-Encoding' => 'gzip');
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem', @accept), body => $get);
is(answer(send_signed([ map { $_ eq 'gzip' ? ' gzip ' : $_ } @copy ], $get)), $item,
	'white space around a signed Accept-Encoding');
is(answer(send_signed([ map { $_ eq 'gzip' ? 'deflate' : $_ } @copy ], $get)), $MISMATCH,
	'an altered Accept-Encoding');

is( answer(request_as($app, 'GetItem', $get, signed => [ 'Host', 'X-Amz-Date' ])),
	exception('InvalidSignatureException', "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."),
	'a target that is not signed');
is( answer(request_as($app, 'GetItem', $get, signed => [ 'X-Amz-Date', 'X-Amz-Target' ])),
	exception('InvalidSignatureException', "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
	'a host that is not signed');
is( answer(request_as($app, 'GetItem', $get, service => 's3')),
	exception('InvalidSignatureException', "Credential should be scoped to correct service: 'dynamodb'."),
	'another service');
is( answer(request_as($app, 'GetItem', $get, terminator => 'aws5_request')),
	exception('InvalidSignatureException',
		"Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."),
	'another terminator');
{
	my $now = SigV4::timestamp();
	my $day = substr $now, 0, 8;

	is( answer(request_as($app, 'GetItem', $get, date => $now, scope_date => '20200101')),
		exception('InvalidSignatureException',
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
			  . "'20200101' != '$day', from '$now'."),
		'another date in the scope');
}
is( answer(request_as($app, 'GetItem', $get, date => $_, scope_date => '20260101')),
	exception('IncompleteSignatureException',
		"Date must be in ISO-8601 'basic format'. Got '$_'. See http://en.wikipedia.org/wiki/ISO_8601"),
	"a malformed date: $_")
  foreach '2026-01-01T00:00:00Z', '20260101', 'yesterday', '20261301T000000Z', '20260101T000000', '1767225600';
like(answer(request_as("$app/x", 'GetItem', $get, secret => $secrets{$app})),
	qr/^400 .*IncompleteSignatureException","message":"Credential must have exactly 5 slash-delimited elements, /,
	'a credential of six parts');

# Times in the texts: the bound, and the gateway's clock
sub seconds
{
	my ($timestamp) = @_;
	my ($year, $month, $day, $hour, $minute, $second) =
	  $timestamp =~ /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/ or die "not a timestamp: $timestamp";

	return timegm($second, $minute, $hour, $day, $month - 1, $year);
}

foreach my $case ([ -16, 'Signature expired', 'now earlier', '-' ], [ 16, 'Signature not yet current', 'still later', '+' ])
{
	my ($minutes, $what, $how, $sign) = @$case;
	my $before = time;
	my $date = SigV4::timestamp($before + 60 * $minutes);

	foreach my $key ($app, 'AKIANONE')
	{
		my $answer = answer(request_as($key, 'GetItem', $get, date => $date, secret => 'wrong'));

		like($answer,
			qr/^400 \{"__type":"\Q@{[CORAL]}\EInvalidSignatureException","message":"$what: $date is $how than \w{16} \(\w{16} \Q$sign\E 15 min\.\)"\}$/,
			"$what, whatever the secret and the key");
		my ($bound, $clock) = map { seconds($_) } $answer =~ /than (\S+) \((\S+)/;
		ok($clock >= $before && $clock <= time, 'it names its clock');
		is($bound, $clock + ($minutes < 0 ? -900 : 900), 'and the bound');
	}
}

foreach my $part ('Credential', 'Signature', 'SignedHeaders')
{
	my @headers = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem'),
		body => $get, leave_out => [$part]);

	is( answer(send_signed(\@headers, $get)),
		exception('IncompleteSignatureException',
			"Authorization header requires '$part' parameter. Authorization=$headers[-1]"),
		"without $part");
}
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem'),
	body => $get, leave_out => ['Date']);
is( answer(send_signed(\@copy, $get)),
	exception('IncompleteSignatureException',
		"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=$copy[-1]"),
	'without a date');
is( answer(send_signed(headers_of('GetItem'), $get)),
	exception('MissingAuthenticationTokenException', 'Request is missing Authentication Token'),
	'without a signature');

# What comes before and after the signature
my $SERIALIZATION = '400 {"__type":"' . CORAL . 'SerializationException"}';
is(answer(request_as($app, 'GetItem', '{', secret => 'wrong')), $SERIALIZATION, 'bad JSON comes before a bad signature');
is(answer(request_as($app, 'GetItem', '', secret => 'wrong')), $MISMATCH, 'an empty body comes after it');
is(answer(request_as($app, 'GetItem', '')), $SERIALIZATION, 'an empty body');
is(answer(request_as($app, 'None', '{}', secret => 'wrong')),
	'400 {"__type":"' . CORAL . 'UnknownOperationException"}', 'an unknown operation comes before a bad signature');

# ---- roles ----

sub denied
{
	my ($role, $operation) = @_;

	return exception('AccessDeniedException', "User: arn:aws:iam::000000000000:user/$role is not authorized to perform: "
		  . "dynamodb:$operation on resource: arn:aws:dynamodb:us-east-1:000000000000:table/Things");
}

my $reader = new_key('reader');
my $put = '{"TableName":"Things","Item":{"id":{"S":"b"}}}';
is(answer(request_as($reader, 'GetItem', $get)), denied('reader', 'GetItem'), 'a role without privileges');
$node->safe_psql('postgres', 'GRANT SELECT ON dynamo_data."Things" TO reader');
is(answer(request_as($reader, 'GetItem', $get)), $item, 'a role that may read');
is(answer(request_as($reader, 'PutItem', $put)), denied('reader', 'PutItem'), 'and not write');
is( answer(request_as($reader, 'DeleteItem', $get)), denied('reader', 'DeleteItem'), 'or delete');
is(request_as($reader, 'DeleteTable', '{"TableName":"Things"}')->{status}, 400, 'or drop');
is(answer(request_as($app, 'PutItem', $put)), '200 {}', 'the owner writes');

my $stranger = new_key('stranger');
is( answer(request_as($stranger, 'GetItem', $get)),
	exception('AccessDeniedException', 'role \"gateway\" cannot act as role \"stranger\"'),
	'a role that the gateway\'s was not granted');
$node->safe_psql('postgres', 'GRANT stranger TO gateway; GRANT SELECT ON dynamo_data."Things" TO stranger');
is(answer(request_as($stranger, 'GetItem', $get)), $item, 'until it is');

my $gone = new_key('gone');
is(answer(request_as($gone, 'GetItem', $get)), denied('gone', 'GetItem'), 'a role');
$node->safe_psql('postgres', 'DROP ROLE gone');
is( answer(request_as($gone, 'GetItem', $get)),
	exception('AccessDeniedException', 'role \"gone\" does not exist'),
	'a role that has been dropped');
$node->safe_psql(
	'postgres', q(
CREATE FUNCTION miss() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_catalog.current_setting('no.such_setting');
	RETURN NEW;
END $$;
CREATE TRIGGER miss BEFORE INSERT ON dynamo_data."Things" FOR EACH ROW EXECUTE FUNCTION miss()));
is( answer(request_as($app, 'PutItem', '{"TableName":"Things","Item":{"id":{"S":"c"}}}')),
	'500 {"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"Internal server error"}',
	'something else that does not exist');
$node->safe_psql('postgres', 'DROP FUNCTION miss() CASCADE');

# The gateway hears of changes by a notification, which takes a moment.
sub becomes
{
	my ($expected, $name, $key, $operation, $body, %options) = @_;
	my $got = '';

	for (1 .. 300)
	{
		$got = answer(request_as($key, $operation, $body, %options));
		last if $got eq $expected;
		usleep(10_000);
	}
	is($got, $expected, $name);
	return;
}

my $fresh = new_key('app');
is(answer(request_as($fresh, 'GetItem', $get)), $item, 'a new key can be used at once');
$node->safe_psql('postgres', "UPDATE dynamo.access_keys SET role_name = 'reader' WHERE access_key_id = '$fresh'");
becomes(denied('reader', 'PutItem'), 'another role for a key', $fresh, 'PutItem', $put);
$node->safe_psql('postgres', "SELECT dynamo.delete_access_key('$fresh')");
becomes($INVALID_TOKEN, 'a deleted key is refused at once', $fresh, 'GetItem', $get);
is(answer(request_as($app, 'GetItem', $get)), $item, 'the others are not');

# While the connection that hears of changes is lost, nothing old is believed.
$fresh = new_key('app');
is(answer(request_as($fresh, 'GetItem', $get)), $item, 'another key');
is( $node->safe_psql(
		'postgres', "
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE application_name = 'dynamo-gateway' AND query LIKE '%dynamo.access_keys%';
SELECT dynamo.delete_access_key('$fresh')"),
	"t\nt", 'it is deleted while the connection that would tell of it is down');
$gateway->wait_for_log(qr/lost the connection to the database","connection":"control"/);
is(answer(request_as($app, 'GetItem', $get)), $item, 'a key that is there is looked up');
is(answer(request_as($fresh, 'GetItem', $get)), $INVALID_TOKEN,
	'the deleted one is refused');

# One connection to the database serves two keys at a time: whose is what?
my $second = new_key('second');
$node->safe_psql(
	'postgres', q(
GRANT SELECT, INSERT, UPDATE ON dynamo_data."Things" TO second;
CREATE TABLE writes (role name, id text);
GRANT INSERT ON writes TO PUBLIC;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.writes VALUES (current_user, NEW.item->'id'->>'S');
	RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON dynamo_data."Things" FOR EACH ROW EXECUTE FUNCTION note()));
my @keys = ([ app => $app ], [ second => $second ], [ reader => $reader ]);
my @clients;
foreach my $i (0 .. 59)
{
	my ($role, $key) = @{ $keys[ $i % 3 ] };
	my $body = "{\"TableName\":\"Things\",\"Item\":{\"id\":{\"S\":\"$role $i\"}}}";
	my @headers = SigV4::sign(key => $key, secret => $secrets{$key}, headers => headers_of('PutItem'), body => $body);

	push @clients, $gateway->connect;
	$clients[-1]->send(http_request('POST', '/', [ @headers, 'Content-Length' => length $body ], $body));
}
is( join(' ', map { $_->read_response->{status} } @clients),
	join(' ', (qw(200 200 400)) x 20),
	'requests of three keys at a time');
is($node->safe_psql('postgres', q(SELECT role, count(*) FROM writes WHERE id LIKE role || ' %' GROUP BY role ORDER BY role)),
	"app|20\nsecond|20", 'each as its own role');
is($node->safe_psql('postgres', 'SELECT count(*) FROM writes'), 40, 'and none as another');
is( $node->safe_psql('postgres',
		q(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dynamo-gateway' AND usename = 'gateway')),
	2, 'over one connection, besides that for the keys');

# ---- the log ----

my $log = $gateway->log;
foreach my $id (sort keys %secrets)
{
	is(index($log, $secrets{$id}), -1, "the secret of $id is not in the log");
	is(index(slurp_file($node->logfile), $secrets{$id}), -1, 'nor in the server\'s');
}
unlike($log, qr/Signature=[0-9a-f]{64}/, 'nor are signatures');
my @lines = grep { length } split /\n/, $log;
is(scalar(grep { !eval { decode_json($_) } } @lines), 0, 'each line of the log is JSON');
my ($line) = grep { /"msg":"request"/ && /"operation":"PutItem"/ && /"status":400/ } @lines;
my %members = %{ decode_json($line) };
is_deeply(
	[ @members{qw(level operation status error access_key_id role)} ],
	[ 'info', 'PutItem', 400, 'AccessDeniedException', $reader, 'reader' ],
	'a request in the log');
like($members{request_id}, qr/^[A-Z0-9]{52}$/, 'with its id');
like($members{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and the time');
$gateway->stop;
like($gateway->log, qr/"msg":"stopped"\}\n\z/, 'the end is in the log');

# ---- metrics ----

$gateway = Gateway->new($node, database => $database, 'pool-size' => 2);
$gateway->wait_healthy;
is(request_as($app, 'GetItem', $get)->{status}, 200, 'GetItem for the metrics') for 1 .. 3;
is(request_as($app, 'GetItem', '{"TableName":"None","Key":{"id":{"S":"a"}}}')->{status}, 400, 'one that fails');
is(request_as($reader, 'PutItem', $put)->{status}, 400, 'a PutItem that is denied') for 1 .. 2;
is(request_as($app, 'PutItem', $put, secret => 'wrong')->{status}, 400, 'one with a wrong signature');
is(request_as($app, 'None', $put)->{status}, 400, 'an unknown operation');
my $response = $gateway->request('GET', '/metrics', [ Host => 'x' ]);
is($response->{headers}{'content-type'}, 'text/plain; version=0.0.4; charset=utf-8', 'the type of the metrics');
foreach (split /\n/, $response->{body})
{
	/^# (HELP|TYPE) [a-z_]+ \S|^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+$/
	  or fail("a line of the metrics: $_");
}
my $metrics = $gateway->metrics;

sub metric
{
	my ($name, %labels) = @_;
	my $labels = join ',', map { "$_=\"$labels{$_}\"" } sort keys %labels;

	return $metrics->{ 'dynamo_gateway_' . $name . ($labels ? "{$labels}" : '') } // 0;
}

is(metric('requests_total', operation => 'GetItem', status => 200), 3, 'requests that succeeded');
is(metric('requests_total', operation => 'GetItem', status => 400), 1, 'requests that failed');
is(metric('requests_total', operation => 'PutItem', status => 400), 3, 'of another operation');
is(metric('requests_total', operation => 'PutItem', status => 200), 0, 'which never succeeded');
is(metric('requests_total', operation => 'None', status => 400), 0, 'unknown operations have no label');
is(metric('errors_total', type => $_->[0]), $_->[1], "$_->[0] in the metrics")
  foreach [ ResourceNotFoundException => 1 ], [ AccessDeniedException => 2 ], [ UnrecognizedClientException => 1 ],
  [ UnknownOperationException => 1 ];
foreach my $operation ('GetItem', 'PutItem')
{
	my @buckets = map { [ /le="([^"]+)"/, $metrics->{$_} ] }
	  grep { /^dynamo_gateway_request_duration_seconds_bucket\{operation="$operation",/ } keys %$metrics;
	my $last = 0;
	my $ordered = 1;

	@buckets = sort { ($a->[0] eq '+Inf') <=> ($b->[0] eq '+Inf') || $a->[0] <=> $b->[0] }
	  map { $_->[0] eq '+Inf' ? $_ : [ $_->[0] + 0, $_->[1] ] } @buckets;
	cmp_ok(scalar @buckets, '>', 10, "the histogram of $operation has buckets");
	foreach my $bucket (@buckets)
	{
		$ordered = 0 if $bucket->[1] < $last;
		$last = $bucket->[1];
	}
	ok($ordered, 'which are cumulative');
	is($buckets[-1][0], '+Inf', 'up to the last');
	is($buckets[-1][1], metric('request_duration_seconds_count', operation => $operation), 'which is the count');
	is( $buckets[-1][1],
		metric('requests_total', operation => $operation, status => 200) +
		  metric('requests_total', operation => $operation, status => 400),
		'of all requests');
	cmp_ok(metric('request_duration_seconds_sum', operation => $operation), '>', 0, 'with a sum');
}
# The second one may still be on its way.
for (1 .. 500)
{
	last if metric('database_connections', pool => 'primary', state => 'ready') == 2;
	usleep(10_000);
	$metrics = $gateway->metrics;
}
is(metric('database_connections', pool => 'primary', state => 'ready'), 2, 'connections in the metrics');
is(metric('database_connections', pool => 'primary', state => 'down'), 0, 'of which none is down');
is(metric('requests_queued'), 0, 'nothing waits');
$gateway->stop;

# ---- options ----

sub fails
{
	my ($arguments, $pattern, $name, $status) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ Gateway::program(), @$arguments ], '<', \undef, '>', \$out, '2>', \$err,
		IPC::Run::timeout(60));
	is($? >> 8, $status // 2, "$name: exit status");
	like($err, $pattern, "$name: message");
	return;
}

my @database = ('--database', $database);
my $config_file = $PostgreSQL::Test::Utils::tmp_check . '/gateway.conf';

sub write_config
{
	my ($text) = @_;

	open my $fh, '>', $config_file or die "$config_file: $!";
	print $fh $text;
	close $fh;
	return;
}

fails([], qr/--database is missing/, 'no database');
fails([ @database, '--nonsense', '1' ], qr/there is no option --nonsense /, 'an unknown option');
fails([ @database, '--pool' ], qr/there is no option --pool /, 'an abbreviation');
fails([ @database, 'x' ], qr/unexpected argument "x"/, 'an argument');
fails([ @database, '-x' ], qr/unexpected argument "-x"/, 'a short option');
fails([ @database, '--pool-size' ], qr/--pool-size needs a value/, 'an option without a value');
fails([ @database, '--pool-size', $_ ], qr/pool-size: "\Q$_\E" is not a number from 1 to 1000/, "pool-size $_")
  foreach '0', '1001', 'x', '', '3x', '99999999999999999999';
fails([ @database, '--log-level', 'loud' ], qr/log-level: "loud" is not one of debug, info, warn, error/, 'a level');
fails([ @database, '--log-requests=maybe' ], qr/log-requests: "maybe" is neither on nor off/, 'a switch');
fails([ @database, '--tls-cert', 'x' ], qr/tls-cert and tls-key must be given together/, 'half of TLS');
fails([ @database, '--config', '/nonexistent' ], qr{could not open /nonexistent: No such file}, 'no such file');
fails([ @database, '--listen', 'nonsense' ], qr/listen: .*nonsense/, 'no address', 1);
fails([ @database, '--listen', '127.0.0.1:0', '--tls-cert', '/nonexistent', '--tls-key', '/nonexistent' ],
	qr{/nonexistent}, 'no certificate', 1);
foreach my $case (
	[ "pool-size = 2\nnonsense = 1\n", 'there is no setting "nonsense"', 2 ],
	[ "# x\n\npool_size 2\n", 'expected name = value', 3 ],
	[ "pool-size = many\n", 'pool-size: "many" is not a number from 1 to 1000', 1 ],
	[ "region = 'a\n", 'region: the quotes do not match', 1 ],
	[ "region = 'a' b\n", 'region: the quotes do not match', 1 ],
  )
{
	my ($text, $message, $number) = @$case;

	write_config($text);
	fails([ @database, '--config', $config_file ], qr/gateway\.conf, line $number: \Q$message\E$/m, $message);
}
foreach my $option ('--help', '--version')
{
	my ($out, $err) = ('', '');

	IPC::Run::run([ Gateway::program(), $option ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, 0, "$option: exit status");
	like($out, $option eq '--help' ? qr/--pool-size +\S.*\[16\]/ : qr/^dynamo-gateway \d+\.\d+$/, "$option: output");
}

# ---- the file of settings ----

(my $quoted = $database) =~ s/'/''/g;
my $settings = <<"CONF";
# The database
   # and more
database = '$quoted'   # behind it

pool_size=2
listen = 127.0.0.1:0
region = 'it''s'
CONF
write_config($settings);

sub from_file
{
	my (%options) = @_;
	my $started = Gateway->new($node, config => $config_file, database => '', listen => '', %options);

	$started->wait_healthy;
	return $started;
}

sub region
{
	return $gateway->request('GET', '/', [ Host => '127.0.0.1' ])->{body} =~ /^healthy: dynamodb\.(.*)\.amazonaws\.com $/
	  ? $1
	  : 'none';
}

# The number of its connections in the end
sub connections_become
{
	my ($expected, $name) = @_;

	ok( $node->poll_query_until(
			'postgres',
			"SELECT count(*) = $expected FROM pg_stat_activity WHERE application_name = 'dynamo-gateway'"),
		$name);
	return;
}

$gateway = from_file();
is(region(), "it's", 'a quoted setting');
connections_become(3, 'a setting with an underscore');
my $position = $gateway->log_position;
request_as($app, 'GetItem', $get);
unlike(substr($gateway->log, $position), qr/"msg":"request"/, 'requests are not logged');

write_config("$settings\npool_size = 4\nlog_requests = on\n");
ok($gateway->reload, 'SIGHUP');
connections_become(5, 'more connections');
request_as($app, 'GetItem', $get);
like(substr($gateway->log, $position), qr/"msg":"request"/, 'requests are logged now');

write_config("$settings\npool_size = 1\nlog-level = error\n");
$gateway->signal('HUP');
connections_become(2, 'fewer connections');
is(answer(request_as($app, 'GetItem', $get)), $item, 'requests go on');
$position = $gateway->log_position;
write_config("$settings\nlog-level = error\npool-size = 3\n");
$gateway->signal('HUP');
connections_become(4, 'more again');
is($gateway->log_position, $position, 'nothing is logged that is no error');

write_config("$settings\nregion = other\nlog-level = loud\n");
ok(!$gateway->reload, 'SIGHUP with a bad file');
like(substr($gateway->log, $position), qr/"level":"error","msg":"the settings were not read again","error":"[^"]*line 10: log-level: /,
	'says so');
is(region(), "it's", 'the settings stay');
unlink $config_file;
ok(!$gateway->reload, 'SIGHUP without the file');
is(region(), "it's", 'the settings stay');
is(answer(request_as($app, 'GetItem', $get)), $item, 'and requests go on');

write_config("$settings\nregion = other\nlisten = 127.0.0.1:1\n");
ok($gateway->reload, 'SIGHUP with another address');
like(substr($gateway->log, $position), qr/"level":"warn","msg":"a setting needs a restart","setting":"listen"/,
	'needs a restart');
is(region(), 'other', 'the rest does not');
$gateway->stop;

write_config("$settings\nmetrics = off\n");
$gateway = from_file('region' => 'mine', 'pool-size' => 3);
is(region(), 'mine', 'the command line wins');
connections_become(4, 'for numbers, too');
is($gateway->request('GET', '/metrics', [ Host => 'x' ])->{status}, 404, 'without metrics');
ok($gateway->reload, 'SIGHUP');
is(region(), 'mine', 'also after SIGHUP');
$gateway->stop;

# ---- TLS ----

my $directory = $PostgreSQL::Test::Utils::tmp_check;

sub make_certificate
{
	my ($name) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(
		[
			'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1',
			'-nodes', '-days', '2', '-subj', "/CN=$name",
			'-keyout', "$directory/$name.key", '-out', "$directory/$name.crt"
		],
		'<', \undef, '>', \$out, '2>', \$err)
	  or die "openssl: $err";
	return;
}

# The certificate that the gateway uses from the next start or SIGHUP on
sub use_certificate
{
	my ($name) = @_;

	foreach my $kind ('crt', 'key')
	{
		my $text = slurp_file("$directory/$name.$kind");

		open my $fh, '>', "$directory/gateway.$kind" or die "gateway.$kind: $!";
		print $fh $text;
		close $fh;
	}
	return;
}

# Send bytes through openssl; what comes back, and what openssl says
sub over_tls
{
	my ($bytes, @options) = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'openssl', 's_client', '-connect', '127.0.0.1:' . $gateway->port, '-quiet', @options ],
		'<', \$bytes, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
	return ($out, $err);
}

# Whose certificate does a new connection get?
sub certificate_in_use
{
	my (undef, $err) = over_tls("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

	return $err =~ /CN ?= ?(\w+)/ ? $1 : $err;
}

make_certificate($_) foreach 'first', 'second';
use_certificate('first');
$gateway = Gateway->new(
	$node,
	database => $database,
	'pool-size' => 2,
	'tls-cert' => "$directory/gateway.crt",
	'tls-key' => "$directory/gateway.key");

# Over TLS: wait_healthy cannot ask.
my $health = http_request('GET', '/', [ Host => 'x', Connection => 'close' ]);
for (1 .. 200)
{
	my ($out) = over_tls($health);
	last if $out =~ m{^HTTP/1.1 200 };
	usleep(50_000);
}
foreach my $version ('-tls1_2', '-tls1_3')
{
	my ($out, $err) = over_tls($health, $version, '-verify_return_error', '-CAfile', "$directory/first.crt");

	is($out =~ /\r\n\r\n(.*)/s ? $1 : "$out$err", 'healthy: x ', "TLS with $version");
}
foreach my $version ('-tls1', '-tls1_1')
{
	my ($out, $err) = over_tls($health, $version, '-cipher', 'ALL:@SECLEVEL=0');

	is($out, '', "nothing comes with $version");
	like($err, qr/alert protocol version/, 'but an alert');
}
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem', Connection => 'close'), body => $get);
my ($out) = over_tls(http_request('POST', '/', [ @copy, 'Content-Length' => length $get ], $get));
is(answer(parse_response($out)), $item, 'a signed request over TLS');

# A long request and a long response, several records each
my $long = 'x' x 300_000;
my $long_put = "{\"TableName\":\"Things\",\"Item\":{\"id\":{\"S\":\"long\"},\"v\":{\"S\":\"$long\"}}}";
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('PutItem', Connection => 'close'), body => $long_put);
($out) = over_tls(http_request('POST', '/', [ @copy, 'Content-Length' => length $long_put ], $long_put));
is(answer(parse_response($out)), '200 {}', 'a long request over TLS');
my $long_get = '{"TableName":"Things","Key":{"id":{"S":"long"}}}';
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem', Connection => 'close'), body => $long_get);
($out) = over_tls(http_request('POST', '/', [ @copy, 'Content-Length' => length $long_get ], $long_get));
ok(answer(parse_response($out)) eq "200 {\"Item\":{\"v\":{\"S\":\"$long\"},\"id\":{\"S\":\"long\"}}}",
	'a long response over TLS');

# Pipelined, the last one closes.
my $many = '';
foreach my $i (1 .. 5)
{
	my @more = $i == 5 ? (Connection => 'close') : ();

	@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem', @more), body => $get);
	$many .= http_request('POST', '/', [ @copy, 'Content-Length' => length $get ], $get);
}
($out) = over_tls($many);
my @bodies = $out =~ /\r\n\r\n(\{"Item":\{"id":\{"S":"a"\}\}\})/g;
is(scalar @bodies, 5, 'pipelined requests over TLS');

my $client = $gateway->connect;
$client->send($health);
$response = eval { $client->read_response };
ok(!$response, 'plain HTTP gets no response');
$client = $gateway->connect;
$client->send("\x16\x03\x01\xff\xff" . "\0" x 100);
$client->finish_sending;
ok(!eval { $client->read_response }, 'nor does a broken handshake');
my $silent = $gateway->connect;
like((over_tls($health))[0], qr{^HTTP/1.1 200 }, 'TLS goes on beside them');

# A connection that stays open over the change of the certificate
my ($in, $open_out, $open_err) = ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", '', '');
my $open = IPC::Run::start([ 'openssl', 's_client', '-connect', '127.0.0.1:' . $gateway->port, '-quiet' ],
	'<', \$in, '>', \$open_out, '2>', \$open_err, IPC::Run::timeout(60));
$open->pump until $open_out =~ /healthy: x /;
is(certificate_in_use(), 'first', 'the first certificate');
use_certificate('second');
ok($gateway->reload, 'SIGHUP');
is(certificate_in_use(), 'second', 'new connections get the new certificate');
$open_out = '';
$in .= "GET / HTTP/1.1\r\nHost: y\r\nConnection: close\r\n\r\n";
$open->pump until $open_out =~ /healthy: y /;
ok(1, 'old ones go on');
$open->finish;

open my $fh, '>', "$directory/gateway.crt" or die;
print $fh "nonsense\n";
close $fh;
$position = $gateway->log_position;
$gateway->reload;
like(substr($gateway->log, $position), qr/"level":"error","msg":"the certificate was not read again"/,
	'a certificate that is none is in the log');
is(certificate_in_use(), 'second', 'and the old one stays');
make_certificate('third');
rename "$directory/third.crt", "$directory/gateway.crt";
$position = $gateway->log_position;
$gateway->reload;
like(substr($gateway->log, $position), qr/"msg":"the certificate was not read again"/,
	'a certificate without its key is not used');
is(certificate_in_use(), 'second', 'and the old one stays');
$gateway->stop;

# A connection that speaks TLS goes on doing so when SIGHUP switches it off.
use_certificate('first');
my @tls = "tls-cert = $directory/gateway.crt\ntls-key = $directory/gateway.key\n";
write_config("pool-size = 2\n@tls");
$gateway = Gateway->new($node, database => $database, config => $config_file);
for (1 .. 200)
{
	last if (over_tls($health))[0] =~ m{^HTTP/1.1 200 };
	usleep(50_000);
}
@copy = SigV4::sign(key => $app, secret => $secrets{$app}, headers => headers_of('GetItem'), body => $get);
my $request = http_request('POST', '/', [ @copy, 'Content-Length' => length $get ], $get);
($in, $open_out, $open_err) = ($request, '', '');
$open = IPC::Run::start([ 'openssl', 's_client', '-connect', '127.0.0.1:' . $gateway->port, '-quiet' ],
	'<', \$in, '>', \$open_out, '2>', \$open_err, IPC::Run::timeout(60));
$open->pump until $open_out =~ /\{"Item":.*\}/;
write_config("pool-size = 2\n");
ok($gateway->reload, 'TLS is switched off');
is(answer(request_as($app, 'GetItem', $get)), $item, 'new connections speak plain HTTP');
$open_out = '';
$in .= $request;
while ($open_out !~ /\{"Item":.*\}/ && $open->pumpable) { $open->pump }
is(answer(parse_response($open_out)), $item, 'open ones go on with TLS')
  or diag($open_err);
$open->kill_kill;
$gateway->stop;
$node->stop;
done_testing();
