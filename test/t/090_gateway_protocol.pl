# The gateway's HTTP: order of decisions, exact answers, bodies of all kinds.

use strict;
use warnings;

use Compress::Zlib;
use Gateway;
use HttpClient qw(http_request);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant {
	JSON_1_0 => 'application/x-amz-json-1.0',
	JSON => 'application/json',
	MAX_BODY => 16 * 1024 * 1024,
	CORAL => 'com.amazon.coral.service#',
	VALIDATE => 'com.amazon.coral.validate#',
	DYNAMODB => 'com.amazonaws.dynamodb.v20120810#',
};

my $AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request,'
  . ' SignedHeaders=host;x-amz-date;x-amz-target, Signature=' . 'a' x 64;
my $SERIALIZATION = '{"__type":"' . CORAL . 'SerializationException"}';
my $UNKNOWN_OPERATION = '{"__type":"' . CORAL . 'UnknownOperationException"}';
my $MISSING_TOKEN = '{"__type":"' . CORAL
  . 'MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}';
my $NOT_FOUND = "<UnknownOperationException/>\n";
my $INTERNAL = '{"__type":"' . DYNAMODB . 'InternalServerError"}';

my $node = PostgreSQL::Test::Cluster->new('gateway');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
my $gateway = Gateway->new($node, 'no-auth' => 'on', 'pool-size' => 3, region => 'eu-test-7');
$gateway->wait_healthy;

# ---- helpers ----

# CRC-32 of ISO 3309, bit by bit, from its polynomial
my @crc_table = map {
	my $c = $_;
	$c = $c & 1 ? ($c >> 1) ^ 0xEDB88320 : $c >> 1 for 1 .. 8;
	$c;
} 0 .. 255;

sub crc
{
	my ($bytes) = @_;
	my $crc = 0xFFFFFFFF;

	$crc = ($crc >> 8) ^ $crc_table[ ($crc ^ $_) & 0xFF ] foreach unpack 'C*', $bytes;
	return $crc ^ 0xFFFFFFFF;
}

# Headers of a good request, some of them changed; undef leaves one out.
sub headers_of
{
	my ($target, $body, %changes) = @_;
	my %headers = (
		Host => 'localhost',
		Authorization => $AUTHORIZATION,
		'X-Amz-Date' => '20260101T000000Z',
		'X-Amz-Target' => "DynamoDB_20120810.$target",
		'Content-Type' => JSON_1_0,
		'Content-Length' => length $body,
		%changes);

	return [ map { ($_ => $headers{$_}) } grep { defined $headers{$_} } sort keys %headers ];
}

sub post
{
	my ($target, $body, %changes) = @_;

	return $gateway->request('POST', '/', headers_of($target, $body, %changes), $body);
}

my %request_ids;

# Everything of a response; other headers than these must not be there.
sub answers
{
	my ($response, $status, $body, $name, %headers) = @_;
	my %got = %{ $response->{headers} };
	my $id = delete $got{'x-amzn-requestid'} // 'missing';

	delete $got{date};
	$id = "$id again" if $request_ids{$id}++;
	is_deeply(
		{
			status => $response->{status},
			body => $response->{body},
			headers => \%got,
			id => $id =~ /^[A-Z0-9]{52}$/ ? 'good' : $id
		},
		{
			status => $status,
			body => $body,
			headers => {
				'content-type' => JSON_1_0,
				'content-length' => length $body,
				'x-amz-crc32' => crc($body),
				%headers
			},
			id => 'good'
		},
		$name);
	return;
}

# The same, without a content type
sub is_not_found
{
	my ($response, $name) = @_;

	my %headers = %{ $response->{headers} };
	is_deeply(
		[
			$response->{status}, $response->{body}, @headers{qw(content-length x-amz-crc32)},
			$headers{'x-amzn-requestid'} =~ /^[A-Z0-9]{52}$/
		],
		[ 404, $NOT_FOUND, 29, 3552371480, 1 ],
		$name);
	return;
}

sub validation
{
	my ($message) = @_;

	return '{"__type":"' . VALIDATE . "ValidationException\",\"message\":\"$message\"}";
}

# ---- a table, and operations as dynamo.invoke() does them ----

my $create = '{"TableName":"Things","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],'
  . '"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"}';
my $response = post('CreateTable', $create);
is($response->{status}, 200, 'CreateTable');
like($response->{body}, qr/^\{"TableDescription":\{.*"TableName":"Things"/, 'its description');
answers(post('PutItem', '{"TableName":"Things","Item":{"id":{"S":"a"},"n":{"N":"1"}}}'),
	200, '{}', 'PutItem');
answers(post('GetItem', '{"TableName":"Things","Key":{"id":{"S":"a"}}}'),
	200, '{"Item":{"n":{"N":"1"},"id":{"S":"a"}}}', 'GetItem');
$response = post('GetItem', '{"TableName":"Things","Key":{"id":{"S":"a"}}}');
is($response->{reason}, 'OK', 'its reason phrase');
ok(crc('123456789') == 0xCBF43926, 'the CRC-32 of this file is the common one');

# Each leaves the table as it found it, so that both ways see the same.
my $wide = '"\u00e4\ud83d\ude00"';
foreach my $case (
	[ GetItem => '{"TableName":"Things","Key":{"id":{"S":"a"}}}' ],
	[ GetItem => '{"TableName":"Things","Key":{"id":{"S":"none"}},"ReturnConsumedCapacity":"TOTAL"}' ],
	[ PutItem => '{"TableName":"Things","Item":{"id":{"S":"a"},"n":{"N":"1"}},"ReturnValues":"ALL_OLD"}' ],
	[ UpdateItem => '{"TableName":"Things","Key":{"id":{"S":"a"}},"UpdateExpression":"SET n = :n",'
		  . '"ExpressionAttributeValues":{":n":{"N":"1"}},"ReturnValues":"ALL_NEW"}' ],
	[ DeleteItem => '{"TableName":"Things","Key":{"id":{"S":"none"}},"ReturnValues":"ALL_OLD"}' ],
	[ Query => '{"TableName":"Things","KeyConditionExpression":"id = :a","Select":"COUNT",'
		  . '"ExpressionAttributeValues":{":a":{"S":"a"}},"ReturnConsumedCapacity":"TOTAL"}' ],
	[ DeleteItem => '{"TableName":"Things","Key":{"id":{"S":"none"}}}' ],
	[ Query => '{"TableName":"Things","KeyConditionExpression":"id = :a",'
		  . '"ExpressionAttributeValues":{":a":{"S":"a"}}}' ],
	[ Scan => '{"TableName":"Things","Select":"COUNT"}' ],
	[ DescribeTable => '{"TableName":"Things"}' ],
	[ ListTables => '{}' ],
	[ PutItem => "{\"TableName\":\"Things\",\"Item\":{\"id\":{\"S\":\"wide\"},\"w\":{\"S\":$wide}}}" ],
	[ GetItem => '{"TableName":"Things","Key":{"id":{"S":"wide"}}}' ],
	[ GetItem => '{"TableName":"Things","Key":{"id":{"S":"a\u0000b"}}}' ],
	[ Scan => '{"TableName":"Things","Limit":1}' ],
  )
{
	my ($operation, $request) = @$case;
	my $expected = $node->safe_psql('postgres', "SELECT dynamo.invoke('$operation', \$r\$$request\$r\$)");

	answers(post($operation, $request), 200, $expected, "$operation as dynamo.invoke() does it");
}
foreach my $case (
	[ GetItem => '{"TableName":"None","Key":{"id":{"S":"a"}}}', DYNAMODB . 'ResourceNotFoundException', 'message' ],
	[ CreateTable => $create, DYNAMODB . 'ResourceInUseException', 'message' ],
	[ GetItem => '{"TableName":"Things","Key":{"no":{"S":"a"}}}', VALIDATE . 'ValidationException', 'message' ],
	[ GetItem => '{"TableName":"Things","Key":{"id":{"S":1}}}', CORAL . 'SerializationException', 'Message' ],
	[ GetItem => '{"TableName":["Things"]}', CORAL . 'SerializationException', 'Message' ],
	[ PutItem => '{"TableName":"Things","Item":{"id":{"B":"*"}}}', CORAL . 'SerializationException', 'Message' ],
	[ PutItem => '{"TableName":"x","Item":{}}', VALIDATE . 'ValidationException', 'message' ],
	[ Scan => '{"TableName":"Things","FilterExpression":"a = \"b"}', VALIDATE . 'ValidationException', 'message' ],
  )
{
	my ($operation, $request, $type, $member) = @$case;
	my (undef, undef, $stderr) =
	  $node->psql('postgres', "SELECT dynamo.invoke('$operation', \$r\$$request\$r\$)");
	my ($message) = $stderr =~ /ERROR:  (.*)/;

	$message =~ s/(["\\])/\\$1/g;
	answers(post($operation, $request), 400, "{\"__type\":\"$type\",\"$member\":\"$message\"}",
		"$operation fails as in dynamo.invoke(): $type");
}
my $condition = '{"TableName":"Things","Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"';
answers(post('PutItem', "$condition}"), 400,
	'{"__type":"' . DYNAMODB
	  . 'ConditionalCheckFailedException","message":"The conditional request failed"}',
	'a failed condition');
answers(post('PutItem', "$condition,\"ReturnValuesOnConditionCheckFailure\":\"ALL_OLD\"}"), 400,
	'{"__type":"' . DYNAMODB
	  . 'ConditionalCheckFailedException","message":"The conditional request failed",'
	  . '"Item":{"n":{"N":"1"},"id":{"S":"a"}}}',
	'a failed condition, with the item');

# ---- responses without a body ----

my $arn = '"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Things"';
my $tag = "{$arn,\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"\\u00e4\"}]}";
my $untag = "{$arn,\"TagKeys\":[\"Owner\"]}";

# On one connection: nobody must take what follows for the body.
my $tagger = $gateway->connect;
foreach my $case (
	[ TagResource => $tag, '' ],
	[ ListTagsOfResource => "{$arn}", "{\"Tags\":[{\"Key\":\"Owner\",\"Value\":\"\xc3\xa4\"}]}" ],
	[ UntagResource => $untag, '' ],
	[ ListTagsOfResource => "{$arn}", '{"Tags":[]}' ],
	[ UntagResource => $untag, '' ])
{
	my ($operation, $request, $expected) = @$case;

	$tagger->send(
		http_request('POST', '/', headers_of($operation, $request, 'Accept-Encoding' => 'gzip'), $request));
	answers($tagger->read_response, 200, $expected, $operation);
}
answers(post('TagResource', '{}'), 400, validation('Invalid TableArn'), 'TagResource fails with a body');
answers(post('TagResource', '{"ResourceArn":"x"}'), 400,
	'{"__type":"' . CORAL . 'AccessDeniedException","Message":"User: arn:aws:iam::000000000000:user/'
	  . $node->safe_psql('postgres', 'SELECT current_user')
	  . ' is not authorized to perform: dynamodb:TagResource on resource: x"}',
	'what is no ARN');

# ---- the way to the gateway ----

sub endpoint
{
	my ($address) = @_;

	return "{\"Endpoints\":[{\"Address\":\"$address\",\"CachePeriodInMinutes\":1440}]}";
}

answers(post('DescribeEndpoints', '{}', Host => $_), 200, endpoint($_), "DescribeEndpoints of $_")
  foreach 'db.example.com', 'localhost:8000', '[::1]:' . $gateway->port;
answers(post('DescribeEndpoints', '{}', Host => "a\"\\\xe4"), 200, endpoint('a\\"\\\\\u00e4'),
	'DescribeEndpoints of a strange host');
answers(post('DescribeEndpoints', '{}', Host => ''), 200, endpoint('dynamodb.us-east-1.amazonaws.com'),
	'DescribeEndpoints of no host');
my $here = '127.0.0.1:' . $gateway->port;
$response = post('DescribeEndpoints', '{}', Host => $here);
my ($address) = $response->{body} =~ /"Address":"([^"]*)"/;
is($address, $here, 'DescribeEndpoints tells where the gateway listens');
answers(post('DescribeEndpoints', $_), 400, $SERIALIZATION, "DescribeEndpoints of '$_'")
  foreach '', '{"a';
like(post('DescribeEndpoints', '[]')->{body}, qr/SerializationException/, 'DescribeEndpoints of a list');

# ---- method, path and content type ----

my $get = '{"TableName":"Things","Key":{"id":{"S":"a"}}}';
my $item = '{"Item":{"n":{"N":"1"},"id":{"S":"a"}}}';

answers($gateway->request('GET', '/', [ Host => 'db.example.com:8000' ]),
	200, 'healthy: db.example.com:8000 ', 'the health check names the host', 'content-type' => 'text/plain');
foreach my $host ('127.0.0.1:8000', '127.0.0.1', '[::1]:8000')
{
	answers($gateway->request('GET', '/', [ Host => $host ]),
		200, 'healthy: dynamodb.eu-test-7.amazonaws.com ', "the health check by address $host",
		'content-type' => 'text/plain');
}
is($gateway->request('GET', '/?a=b', [ Host => 'x' ])->{status}, 200, 'the health check with a query');
is_not_found($gateway->request('GET', $_, [ Host => 'x' ]), "GET $_")
  foreach '/x', '/healthy', '/metrics2', '//';
is_not_found($gateway->request($_, '/', [ Host => 'x', 'Content-Length' => 0 ]), "$_ /")
  foreach 'PUT', 'DELETE', 'PATCH', 'OPTIONS';
$response = $gateway->request('HEAD', '/', [ Host => 'x' ]);
is($response->{status}, 404, 'HEAD /');
is_not_found($gateway->request('POST', $_, headers_of('GetItem', $get), $get), "POST $_")
  foreach '/x', '/DynamoDB_20120810.GetItem', '/%00', '/..', '/abc?X-Amz-Algorithm=x';

foreach my $type ('application/x-amz-json-1.1', 'application/jsonasdf', 'text/plain', '', undef,
	'application', 'application/x-amz-json-1.0asdf', ';application/json')
{
	is_not_found(post('GetItem', $get, 'Content-Type' => $type),
		'content type ' . ($type // 'missing'));
}
foreach my $type (
	'application/x-amz-json-1.0',
	'application/x-amz-json-1.0; charset=utf-8',
	'application/x-amz-json-1.0 ;=;;"', ' application/x-amz-json-1.0  ; a=b')
{
	answers(post('GetItem', $get, 'Content-Type' => $type), 200, $item, "content type '$type'");
}
foreach my $type ('application/json', 'application/json;charset=x', ' application/json ')
{
	answers(post('GetItem', $get, 'Content-Type' => $type),
		200, $item, "content type '$type'", 'content-type' => JSON);
	answers(post('None', $get, 'Content-Type' => $type),
		400, $UNKNOWN_OPERATION, "content type '$type' of an error", 'content-type' => JSON);
}

# ---- the order of decisions ----

my @no_auth = (Authorization => undef);

answers(post('None', '{"a', @no_auth), 400, $SERIALIZATION, 'bad JSON comes before target and signature');
answers(post('None', '{}', @no_auth), 400, $UNKNOWN_OPERATION, 'then the target');
answers(post('GetItem', '{"a', @no_auth), 400, $SERIALIZATION, 'bad JSON comes before the signature');
answers(post('GetItem', '{}', @no_auth), 400, $MISSING_TOKEN, 'then the signature');
answers(post('GetItem', '', @no_auth), 400, $MISSING_TOKEN, 'also without a body');
answers(post('GetItem', ''), 400, $SERIALIZATION, 'an empty body comes last');
answers(post('None', ''), 400, $UNKNOWN_OPERATION, 'the target comes before an empty body');
answers(post('GetItem', '', 'Content-Type' => undef), 400, $SERIALIZATION,
	'an empty body needs no content type', 'content-type' => JSON);
answers(post('GetItem', '{"a'), 400, $SERIALIZATION, 'bad JSON in a request that is good otherwise');

foreach my $target (
	undef, '', 'GetItem', 'DynamoDB_20120810', 'DynamoDB_20120810.', 'DynamoDB_20120810.getitem',
	'DynamoDB_20120810.GetItem.', 'DynamoDB_20130810.GetItem', 'DynamoDB_20120810.GetItem2',
	'DynamoDBStreams_20120810.GetItem', 'X.DynamoDB_20120810.GetItem', 'DynamoDB_20120810.' . 'x' x 5000)
{
	answers(post('', $get, 'X-Amz-Target' => $target), 400, $UNKNOWN_OPERATION,
		'target ' . substr($target // 'missing', 0, 50));
}

# ---- signatures, as far as they are looked at ----

sub incomplete
{
	my ($message) = @_;

	return '{"__type":"' . CORAL . "IncompleteSignatureException\",\"message\":\"$message\"}";
}

sub invalid
{
	my ($message) = @_;

	return '{"__type":"' . CORAL . "InvalidSignatureException\",\"message\":\"$message\"}";
}

answers(post('GetItem', $get, Authorization => $_), 400, $MISSING_TOKEN, "Authorization: $_")
  foreach 'AWS4', 'Bearer x', 'aws4-hmac-sha256 Credential=a';
answers(post('GetItem', $get, Authorization => ''), 400, $MISSING_TOKEN, 'an empty Authorization');
my $needs = "Authorization header requires ";
my $date_needed = "${needs}existence of either a 'X-Amz-Date' or a 'Date' header. ";
foreach my $case (
	[ 'AWS4-HMAC-SHA256', qw(Credential Signature SignedHeaders) ],
	[ 'AWS4-HMAC-SHA256 Credential=a', qw(Signature SignedHeaders) ],
	[ 'AWS4-HMAC-SHA256 Signature=a', qw(Credential SignedHeaders) ],
	[ 'AWS4-HMAC-SHA256 SignedHeaders=a', qw(Credential Signature) ],
	[ 'AWS4-HMAC-SHA256 SignedHeaders=a, Signature=b', qw(Credential) ],
	[ 'AWS4-HMAC-SHA256 SignedHeaders=a, Signature=, Credential=', qw(Credential Signature) ],
	[ 'AWS4-HMAC-SHA256 credential=a,Signature=b,SignedHeaders=c', qw(Credential) ],
  )
{
	my ($authorization, @missing) = @$case;
	my $text = join '', map { "${needs}'$_' parameter. " } @missing;

	answers(post('GetItem', $get, Authorization => $authorization),
		400, incomplete("${text}Authorization=$authorization"), "missing: @missing");
	answers(post('GetItem', $get, Authorization => $authorization, 'X-Amz-Date' => undef),
		400, incomplete("$text${date_needed}Authorization=$authorization"), "missing: @missing and the date");
}
answers(
	post('GetItem', $get, Authorization => "AWS4-HMAC-SHA256 \"\\\xc3\xa4\xff\xed\xa0\x80\xf0\x9f"),
	400,
	incomplete(
		join('', map { "${needs}'$_' parameter. " } qw(Credential Signature SignedHeaders))
		  . "Authorization=AWS4-HMAC-SHA256 \\\"\\\\\xc3\xa4" . '\u00ff\u00ed\u00a0\u0080\u00f0\u009f'),
	'bytes of a header in a message');
answers(post('GetItem', $get, 'X-Amz-Date' => undef),
	400, incomplete("${date_needed}Authorization=$AUTHORIZATION"), 'missing: the date');
answers(post('GetItem', $get, 'X-Amz-Date' => undef, Date => 'Thu, 01 Jan 2026 00:00:00 GMT'),
	200, $item, 'a Date header will do');
foreach my $separator (',', ' ', ', ', ' , ', ',,', "\t")
{
	(my $authorization = $AUTHORIZATION) =~ s/, ?/$separator/g;
	answers(post('GetItem', $get, Authorization => $authorization), 200, $item, "separator '$separator'");
}

# In the query string
my %parts = (
	'X-Amz-Algorithm' => 'AWS4-HMAC-SHA256',
	'X-Amz-Credential' => 'a%2F20260101%2Fus-east-1%2Fdynamodb%2Faws4_request',
	'X-Amz-Signature' => 'a' x 64,
	'X-Amz-SignedHeaders' => 'host',
	'X-Amz-Date' => '20260101T000000Z');
my @part_names = map { "X-Amz-$_" } qw(Algorithm Credential Signature SignedHeaders Date);

sub post_presigned
{
	my ($headers, %query) = @_;

	return $gateway->request('POST', '/?' . join('&', map { "$_=$query{$_}" } sort keys %query),
		headers_of('GetItem', $get, Authorization => undef, 'X-Amz-Date' => undef, %$headers), $get);
}

answers(post_presigned({}, %parts), 200, $item, 'a signature in the query string');
foreach my $name (@part_names)
{
	my $text = incomplete("AWS query-string parameters must include '$name'. "
		  . 'Re-examine the query-string parameters.');
	my %fewer = %parts;

	answers(post_presigned({}, %parts, $name => ''), 400, $text, "an empty $name");
	delete $fewer{$name};
	answers(post_presigned({}, %fewer), 400, $name eq 'X-Amz-Algorithm' ? $MISSING_TOKEN : $text,
		"no $name");
}
answers(post_presigned({}, 'X-Amz-Algorithm' => ''), 400,
	incomplete(join '', (map { "AWS query-string parameters must include '$_'. " } @part_names),
		'Re-examine the query-string parameters.'),
	'nothing but an empty X-Amz-Algorithm');
answers(post_presigned({ Authorization => $AUTHORIZATION }, %parts), 400,
	invalid("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."),
	'both ways at once');

# ---- CORS ----

my %cors = (
	'access-control-allow-origin' => '*',
	'access-control-expose-headers' => 'x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date');
my @origin = (Origin => 'http://example.com');

answers(post('GetItem', $get, @origin), 200, $item, 'an origin', %cors);
answers(post('GetItem', '', @origin), 400, $SERIALIZATION, 'an error for an origin', %cors);
answers(post('GetItem', $get, @origin, 'Access-Control-Request-Headers' => 'x',
		'Access-Control-Request-Method' => 'PUT'),
	200, $item, 'only OPTIONS is a preflight', %cors);
answers($gateway->request('GET', '/', [ Host => 'x', @origin ]),
	200, 'healthy: x ', 'the health check of an origin', %cors, 'content-type' => 'text/plain');
$response = $gateway->request('PUT', '/', [ Host => 'x', @origin, 'Content-Length' => 0 ]);
is_not_found($response, 'PUT of an origin');
is($response->{headers}{'access-control-allow-origin'}, '*', 'has the header, too');

sub is_preflight
{
	my ($name, $headers, %expected) = @_;
	my $got = $gateway->request('OPTIONS', '/', [ Host => 'x', @origin, @$headers ]);

	delete @{ $got->{headers} }{qw(date x-amzn-requestid)};
	is_deeply(
		[ $got->{status}, $got->{body}, $got->{headers} ],
		[ 200, '', { 'content-length' => 0, 'access-control-max-age' => 172800, %cors, %expected } ],
		$name);
	return;
}

is_preflight('a preflight', []);
is_preflight(
	'a preflight that asks',
	[
		'Access-Control-Request-Method' => 'DELETE',
		'Access-Control-Request-Headers' => 'x-amz-target, X-Other'
	],
	'access-control-allow-methods' => 'DELETE',
	'access-control-allow-headers' => 'x-amz-target, X-Other');

# ---- compressed requests ----

# A gzip member; Compress::Zlib makes one of what it is given.
sub gzipped
{
	my ($text) = @_;

	return Compress::Zlib::memGzip($text);
}

answers(post('GetItem', gzipped($get), 'Content-Encoding' => 'gzip'), 200, $item, 'a gzip body');
answers(post('GetItem', gzipped($get), 'Content-Encoding' => ' GZip '), 200, $item, 'in any case');
answers(post('GetItem', compress($get), 'Content-Encoding' => 'deflate'), 200, $item, 'a deflate body');
answers(post('GetItem', $get, 'Content-Encoding' => 'identity'), 200, $item, 'an identity body');
answers(
	post('GetItem', gzipped(substr $get, 0, 10) . gzipped('') . gzipped(substr $get, 10),
		'Content-Encoding' => 'gzip'),
	200, $item, 'a body of several gzip members');
answers(post('None', gzipped('{"a'), 'Content-Encoding' => 'gzip'), 400, $SERIALIZATION,
	'bad JSON in a compressed body');
answers(post('GetItem', gzipped(''), 'Content-Encoding' => 'gzip'), 400, $SERIALIZATION,
	'nothing, compressed');
foreach my $case (
	[ 'an unknown coding', $get, 'br' ],
	[ 'x-gzip', gzipped($get), 'x-gzip' ],
	[ 'two codings', gzipped($get), 'gzip, gzip' ],
	[ 'no gzip', $get, 'gzip' ],
	[ 'no deflate', $get, 'deflate' ],
	[ 'gzip as deflate', gzipped($get), 'deflate' ],
	[ 'deflate as gzip', compress($get), 'gzip' ],
	[ 'an empty gzip body', '', 'gzip' ],
	[ 'an empty deflate body', '', 'deflate' ],
	[ 'a truncated gzip body', substr(gzipped($get), 0, -1), 'gzip' ],
	[ 'a gzip body cut short', substr(gzipped($get), 0, 20), 'gzip' ],
	[ 'a truncated deflate body', substr(compress($get), 0, -1), 'deflate' ],
	[ 'garbage after a gzip member', gzipped($get) . 'garbage', 'gzip' ],
	[ 'garbage after a deflate body', compress($get) . 'garbage', 'deflate' ],
	[ 'a truncated second member', gzipped($get) . substr(gzipped($get), 0, 12), 'gzip' ],
  )
{
	my ($what, $body, $coding) = @$case;

	answers(post('GetItem', $body, 'Content-Encoding' => $coding), 500, $INTERNAL, $what);
}
my $bomb = gzipped(' ' x MAX_BODY . ' ');
cmp_ok(length $bomb, '<', 20_000, 'a bomb is small');
is(post('GetItem', $bomb, 'Content-Encoding' => 'gzip')->{status}, 413, 'and refused');
$bomb = gzipped(' ' x (4 * 1024 * 1024)) x 100;
is(post('GetItem', $bomb, 'Content-Encoding' => 'gzip')->{status}, 413, 'one of many members, too');

# ---- compressed responses ----

my $long = 'x' x 4096;
answers(post('PutItem', "{\"TableName\":\"Things\",\"Item\":{\"id\":{\"S\":\"long\"},\"v\":{\"S\":\"$long\"}}}"),
	200, '{}', 'a long item');
my $get_long = '{"TableName":"Things","Key":{"id":{"S":"long"}}}';
my $long_item = "{\"Item\":{\"v\":{\"S\":\"$long\"},\"id\":{\"S\":\"long\"}}}";

# Which coding does a response have?  Its body must be the item.
sub coding_of
{
	my (@accept) = @_;
	my @headers = @{ headers_of('GetItem', $get_long) };
	my $got = $gateway->request('POST', '/', [ @headers, map { ('Accept-Encoding' => $_) } @accept ], $get_long);
	my $coding = $got->{headers}{'content-encoding'} // 'none';
	my $body = $got->{body};

	return 'a wrong checksum' if $got->{headers}{'x-amz-crc32'} != crc($body);
	return 'a wrong length' if $got->{headers}{'content-length'} != length $body;
	$body = Compress::Zlib::memGunzip($body) if $coding eq 'gzip';
	$body = uncompress($body) if $coding eq 'deflate';
	return ($body // '') eq $long_item ? $coding : "$coding, with a wrong body";
}

foreach my $case (
	[ 'none' ],
	[ 'none', '' ],
	[ 'gzip', 'gzip' ],
	[ 'deflate', 'deflate' ],
	[ 'gzip', 'gzip, deflate' ],
	[ 'deflate', 'deflate, gzip' ],
	[ 'deflate', 'br, identity, deflate, gzip' ],
	[ 'gzip', 'identity, gzip' ],
	[ 'gzip', 'identity;q=1, gzip;q=0.1' ],
	[ 'none', 'identity' ],
	[ 'none', 'br' ],
	[ 'none', 'br, zstd, compress, x-gzip' ],
	[ 'gzip', '*' ],
	[ 'deflate', 'deflate, *' ],
	[ 'deflate', 'gzip;q=0, *' ],
	[ 'none', 'gzip;q=0, deflate;q=0, *' ],
	[ 'none', '*;q=0' ],
	[ 'deflate', 'gzip;q=0.5, deflate;q=0.6' ],
	[ 'gzip', 'deflate;q=0.5, gzip;q=0.501' ],
	[ 'none', 'gzip;q=0' ],
	[ 'none', 'gzip;q=0.000' ],
	[ 'deflate', 'gzip;q=0, deflate' ],
	[ 'gzip', 'gzip ; q=0.1' ],
	[ 'gzip', 'GZIP' ],
	[ 'deflate', 'Deflate;Q=0.5' ],
	[ 'gzip', ', ,gzip,,' ],
	[ 'none', '"gzip"' ],
	[ 'none', 'gzip br' ],
	[ 'deflate', '"gzip", gzip br, deflate' ],
	[ 'none', 'gzip2' ],
	[ 'gzip', 'gzip', 'deflate' ],
	[ 'none', 'br', 'gzip' ],
  )
{
	my ($coding, @accept) = @$case;

	is(coding_of(@accept), $coding, 'Accept-Encoding: ' . (@accept ? join ' / ', @accept : 'missing'));
}
answers(post('GetItem', $get, 'Accept-Encoding' => 'gzip'), 200, $item, 'a short response is not compressed');
# {"Item":{"id":{"S":"e"},"v":{"S":"..."}}} around the limit
foreach my $length (4095, 4096)
{
	my $value = 'y' x ($length - length '{"Item":{"id":{"S":"e"},"v":{"S":""}}}');
	my $body = "{\"TableName\":\"Things\",\"Item\":{\"id\":{\"S\":\"e\"},\"v\":{\"S\":\"$value\"}}}";

	post('PutItem', $body);
	$response = post('GetItem', '{"TableName":"Things","Key":{"id":{"S":"e"}}}', 'Accept-Encoding' => 'gzip');
	is($response->{headers}{'content-encoding'} // 'none', $length < 4096 ? 'none' : 'gzip',
		"a response of $length bytes");
}
$response = post('GetItem', "{\"TableName\":\"" . 'x' x 5000 . "\",\"Key\":{}}", 'Accept-Encoding' => 'gzip');
is($response->{status}, 400, 'a long error');
like(Compress::Zlib::memGunzip($response->{body}), qr/^\{"__type":.*ValidationException"/,
	'is compressed, too')
  if defined $response->{headers}{'content-encoding'};

# ---- connections ----

my $good = http_request('POST', '/', headers_of('GetItem', $get), $get);
my $client = $gateway->connect;
foreach my $i (1 .. 3)
{
	$client->send($good);
	answers($client->read_response, 200, $item, "request $i of a connection");
}
$client->send(http_request('POST', '/', headers_of('GetItem', ''), ''));
answers($client->read_response, 400, $SERIALIZATION, 'an error on it');
$client->send($good);
answers($client->read_response, 200, $item, 'the connection stays open after an error');
$client->send(http_request('POST', '/', headers_of('GetItem', $get, Connection => 'close'), $get));
answers($client->read_response, 200, $item, 'Connection: close', connection => 'close');
ok($client->is_closed, 'closes it');

# Pipelined: each asks for another item, or fails in its own way.
my @pipeline = map {
	my $n = $_;
	my $request = "{\"TableName\":\"Things\",\"Key\":{\"id\":{\"S\":\"none$n\"}},\"ReturnConsumedCapacity\":\"TOTAL\"}";
	$n % 4 == 0 ? [ $good, 200, $item ]
	  : $n % 4 == 1 ? [ http_request('POST', '/', headers_of("None$n", '{}'), '{}'), 400, $UNKNOWN_OPERATION ]
	  : $n % 4 == 2 ? [ http_request('POST', '/', headers_of('GetItem', '{'), '{'), 400, $SERIALIZATION ]
	  : [ http_request('POST', '/', headers_of('PutItem', $condition . '}'), $condition . '}'), 400,
		'{"__type":"' . DYNAMODB . 'ConditionalCheckFailedException","message":"The conditional request failed"}' ];
} 0 .. 15;
$client = $gateway->connect;
$client->send(join '', map { $_->[0] } @pipeline);
answers($client->read_response, $_->[1], $_->[2], 'a pipelined request') foreach @pipeline;

# Byte by byte, and in pieces that end within a header
$client = $gateway->connect;
foreach my $byte (split //, $good)
{
	$client->send($byte);
}
answers($client->read_response, 200, $item, 'a request that comes byte by byte');

# HTTP/1.0
(my $old = $good) =~ s{HTTP/1.1}{HTTP/1.0};
$client = $gateway->connect;
$client->send($old);
$response = $client->read_response;
is($response->{status}, 200, 'HTTP/1.0');
is($response->{body}, $item, 'its body');
ok($client->is_closed, 'closes the connection');
$old =~ s{\r\n}{\r\nConnection: keep-alive\r\n};
$client = $gateway->connect;
$client->send($old);
is($client->read_response->{body}, $item, 'HTTP/1.0 with keep-alive');
$client->send($good);
is($client->read_response->{body}, $item, 'keeps it');
$client = $gateway->connect;
$client->send("GET / HTTP/1.0\r\n\r\n");
is($client->read_response->{body}, 'healthy: dynamodb.eu-test-7.amazonaws.com ', 'HTTP/1.0 without a host');

# A client that has sent everything and closes its side
$client = $gateway->connect;
$client->send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
$client->finish_sending;
is($client->read_response->{status}, 200, 'a client that closes its side of the connection');

$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $get, Connection => 'close'), $get));
$client->finish_sending;
$response = $client->read_response;
is($response && $response->{body}, $item, 'also while its request is in the database');

# One that goes away without waiting leaves the gateway as it was.
foreach my $i (1 .. 20)
{
	$client = $gateway->connect;
	$client->send($i % 2 ? $good : substr $good, 0, -$i);
	$client->close;
}
answers(post('GetItem', $get), 200, $item, 'clients that go away');

# More than is read ahead of a connection whose request is being worked on
my $big = '{"TableName":"Things","Key":{"id":{"S":"a"}},"Padding":"' . 'x' x 1_000_000 . '"}';
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $big), $big) x 3 . $good);
answers($client->read_response, 200, $item, 'a pipelined request of a megabyte') for 1 .. 3;
answers($client->read_response, 200, $item, 'and a small one behind them');

# ---- bodies ----

sub chunked
{
	my ($body, $size) = @_;
	my $text = '';

	for (my $i = 0; $i < length $body; $i += $size)
	{
		my $chunk = substr $body, $i, $size;
		$text .= sprintf "%x\r\n%s\r\n", length $chunk, $chunk;
	}
	return "${text}0\r\n\r\n";
}

my @chunked = ('Content-Length' => undef, 'Transfer-Encoding' => 'chunked');

foreach my $size (1, 7, 4096)
{
	answers($gateway->request('POST', '/', headers_of('GetItem', $get, @chunked), chunked($get, $size)),
		200, $item, "a body in chunks of $size");
}
answers($gateway->request('POST', '/', headers_of('GetItem', $get, @chunked), "0\r\n\r\n"),
	400, $SERIALIZATION, 'no chunks at all');
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $get, @chunked), chunked($get, 9)) . $good);
answers($client->read_response, 200, $item, 'chunks, and a request behind them');
answers($client->read_response, 200, $item, 'which is answered');

foreach my $case (
	[ 'chunks and a length', 'Transfer-Encoding' => 'chunked', 'Content-Length' => length(chunked($get, 9)) ],
	[ 'an unknown transfer coding', 'Transfer-Encoding' => 'gzip, chunked', 'Content-Length' => undef ],
	[ 'transfer coding identity and a length', 'Transfer-Encoding' => 'identity' ],
  )
{
	my ($what, %changes) = @$case;

	$client = $gateway->connect;
	$client->send(http_request('POST', '/', headers_of('GetItem', $get, %changes), chunked($get, 9)) . $good);
	$response = $client->read_response;
	is($response->{status}, 400, "$what: refused");
	ok(!$client->read_response, "$what: the connection is closed");
}
foreach my $case (
	[ 'two lengths', "Content-Length: 2\r\nContent-Length: 3\r\n" ],
	[ 'a negative length', "Content-Length: -2\r\n" ],
	[ 'a length that is no number', "Content-Length: 2x\r\n" ],
	[ 'a signed length', "Content-Length: +2\r\n" ],
	[ 'a list of lengths', "Content-Length: 2, 2\r\n" ],
	[ 'the same length twice', "Content-Length: 2\r\nContent-Length: 2\r\n" ],
	[ 'an empty length', "Content-Length: \r\n" ],
	[ 'white space before the colon', "Content-Length : 2\r\n" ],
	[ 'white space in front of the colon of another length', "Content-Length: 2\r\nContent-Length\t: 3\r\n" ],
	[ 'white space before the colon of chunks', "Content-Length: 2\r\nTransfer-Encoding : chunked\r\n" ],
	[ 'a NUL byte in a name', "Content-Length\0: 2\r\n" ],
	[ 'a vertical tab in a transfer coding', "Content-Length: 2\r\nTransfer-Encoding: \x0bchunked\r\n" ],
	[ 'a continued length', "Content-Length: 2\r\n 2\r\n" ],
	[ 'a continued transfer coding', "Content-Length: 2\r\nTransfer-Encoding:\r\n chunked\r\n" ],
	[ 'chunks twice', "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" ],
  )
{
	my ($what, $header) = @$case;
	my $headers = http_request('POST', '/', headers_of('GetItem', '', 'Content-Length' => undef), '');

	$headers =~ s/\r\n\r\n/\r\n$header\r\n/;
	$client = $gateway->connect;
	$client->send($headers . ($header =~ /^T/ ? "2\r\n{}\r\n0\r\n\r\n" : '{}x') . $good);
	$response = $client->read_response;
	ok(!$response || $response->{status} =~ /^4(00|13)$/, "$what: refused");
	ok(!$response || !$client->read_response, "$what: the connection is closed");
}
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', '', @chunked), "zz\r\n{}\r\n0\r\n\r\n") . $good);
$response = $client->read_response;
ok(!$response || $response->{status} =~ /^4(00|13)$/, 'a chunk size that is no number: refused')
  or diag explain $response;
ok(!$response || !$client->read_response, 'and the connection is closed');

# A body where there should be none is not taken for a request.
$client = $gateway->connect;
$client->send(http_request('GET', '/', [ Host => 'x', 'Content-Length' => length $good ], $good));
$response = $client->read_response;
is($response->{status}, 200, 'GET with a body');
is($response->{headers}{connection}, 'close', 'says that it closes');
ok(!$client->read_response, 'and its body is not taken for a request');
foreach my $method ('OPTIONS', 'DELETE')
{
	$client = $gateway->connect;
	$client->send(http_request($method, '/', [ Host => 'x', Origin => 'y', 'Content-Length' => length $good ], $good));
	$response = $client->read_response;
	is($response->{status}, $method eq 'OPTIONS' ? 200 : 404, "$method with a body");
	$response = $client->read_response;
	ok(!$response, "the body of $method is not taken for a request")
	  or diag explain $response;
}

# Expect: 100-continue
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $get, Expect => '100-continue')));
is($client->read_response->{status}, 100, 'Expect: 100-continue is answered');
ok(!$client->has_input(0.1), 'and then the body is awaited');
$client->send($get);
answers($client->read_response, 200, $item, 'which is the request');
$client->send(http_request('POST', '/', headers_of('GetItem', $get, Expect => '100-continue'), $get));
$response = $client->read_response;
$response = $client->read_response if $response->{status} == 100;
answers($response, 200, $item, 'Expect: 100-continue with a body that does not wait');
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', '', Expect => '100-continue',
			'Content-Length' => MAX_BODY + 1)));
$client->send('x' x (MAX_BODY + 1));
is($client->read_response->{status}, 413, 'Expect: 100-continue with too much');

# 16 MiB
my $start = '{"TableName":"Things","Key":{"id":{"S":"a"}},"Padding":"';
my $largest = $start . 'x' x (MAX_BODY - 2 - length $start) . '"}';
is(length $largest, MAX_BODY, 'the largest body has 16 MiB');
answers(post('GetItem', $largest), 200, $item, 'and is accepted');
answers($gateway->request('POST', '/', headers_of('GetItem', $largest, @chunked), chunked($largest, 1_000_000)),
	200, $item, 'and in chunks');
answers(post('GetItem', gzipped($largest), 'Content-Encoding' => 'gzip'), 200, $item, 'and compressed');
$largest =~ s/x"/xx"/;
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $largest), $largest));
is($client->read_response->{status}, 413, 'one byte more is not');
ok(!$client->read_response, 'and the connection is closed');
$client = $gateway->connect;
$client->send(http_request('POST', '/', headers_of('GetItem', $largest, @chunked), chunked($largest, 1_000_000)));
is($client->read_response->{status}, 413, 'nor in chunks');
ok(!$client->read_response, 'and the connection is closed');

# 16 KiB of headers
my $rest = length http_request('POST', '/', headers_of('GetItem', $get, 'X-Padding' => ''));
answers(post('GetItem', $get, 'X-Padding' => 'x' x (16 * 1024 - $rest - 64)), 200, $item,
	'almost 16 KiB of headers');
is(post('GetItem', $get, 'X-Padding' => 'x' x (16 * 1024))->{status}, 400, 'more than 16 KiB of headers');
is($gateway->request('POST', '/', headers_of('GetItem', $get, map { ("X-$_" => 'x' x 100) } 1 .. 200), $get)
	  ->{status}, 400, 'many headers');
is($gateway->request('GET', '/?' . 'x' x (16 * 1024), [ Host => 'x' ])->{status}, 400,
	'a long request line');

# What is no HTTP
foreach my $garbage ("\r\n\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/9.9\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "\0" x 100 . "\r\n\r\n",
	"GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
	"POST / HTTP/1.1\r\nContent-Length : 4\r\n\r\nabcd", "FOO / HTTP/1.1\r\nHost: x\r\n\r\n")
{
	(my $shown = $garbage) =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
	$client = $gateway->connect;
	$client->send($garbage);
	$client->finish_sending;
	$response = $client->read_response;
	ok(!$response || $response->{status} =~ /^(400|404|501)$/, 'no HTTP: ' . substr $shown, 0, 40)
	  or diag explain $response;
}

# Contents
my $put = '{"TableName":"Things","Item":{"id":{"S":"%s"}}}';
foreach my $case (
	[ 'a NUL byte', sprintf $put, "a\0b" ],
	[ 'a NUL byte behind the request', "$get\0" ],
	[ 'a NUL byte and more behind the request', "$get\0{}" ],
	[ 'only a NUL byte', "\0" ],
	[ 'bad UTF-8', sprintf $put, "a\xffb" ],
	[ 'a surrogate in UTF-8', sprintf $put, "\xed\xa0\x80" ],
	[ 'overlong UTF-8', sprintf $put, "\xc0\x80" ],
	[ 'UTF-8 cut short', sprintf $put, "\xf0\x9f\x98" ],
	[ 'no JSON', 'hello' ],
	[ 'an open string', '{"TableName":"T' ],
	[ 'an open object', '{' ],
	[ 'more than an object', "$get$get" ],
	[ 'a comma too many', '{"TableName":"Things",}' ],
	[ 'white space only', "  \n" ],
  )
{
	my ($what, $body) = @$case;

	answers(post('PutItem', $body), 400, $SERIALIZATION, $what);
	answers(post('None', $body), 400, $SERIALIZATION, "$what, for an unknown operation");
}
answers(post('None', sprintf $put, "\xc3\xa4\xe2\x82\xac\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
	400, $UNKNOWN_OPERATION, 'good UTF-8, for an unknown operation');
foreach my $body ('[]', '"x"', '1', 'true')
{
	like(post('GetItem', $body)->{body}, qr/^\{"__type":"com\.amazon\.coral\.service#SerializationException"/,
		"a body that is no object: $body");
}

# Nesting
my $deep = '{"TableName":"Things","Item":{"id":{"S":"deep"},"v":' . '{"L":[' x 200_000 . '{"S":"x"}' . ']}' x 200_000 . '}}';
$response = post('PutItem', $deep);
is($response->{status}, 400, '200000 levels of nesting are refused');
like($response->{body}, qr/^\{"__type":"com\.amazon\.coral\.(service#Serialization|validate#Validation)Exception"/,
	'as an error of the request');
answers(post('None', $deep), 400, $UNKNOWN_OPERATION, 'and for an unknown operation');
answers(post('None', '[' x 200_000), 400, $SERIALIZATION, '200000 open brackets');
is(post('PutItem', '[' x 200_000)->{status}, 400, '200000 open brackets for a known one');
$gateway->wait_healthy;

# ---- what users put on item tables ----

$node->safe_psql(
	'postgres', q(
ALTER TABLE dynamo_data."Things" ADD CONSTRAINT positive CHECK ((item->'n'->>'N')::numeric > 0);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item->'id'->>'S' = 'bad' THEN
		RAISE EXCEPTION 'no "bad" items';
	END IF;
	IF NEW.item->'id'->>'S' = 'ours' THEN
		RAISE EXCEPTION 'with a detail' USING DETAIL = '{"secret": 1}';
	END IF;
	IF NEW.item->'id'->>'S' = 'broken' THEN
		PERFORM 1 / 0;
	END IF;
	IF NEW.item->'id'->>'S' = 'slow' THEN
		PERFORM pg_sleep(0.2);
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON dynamo_data."Things"
	FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE FUNCTION refuse_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item->'id'->>'S' = 'late' THEN
		RAISE EXCEPTION 'refused at the end';
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuse_late AFTER INSERT ON dynamo_data."Things"
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_late()));
answers(
	post('PutItem', '{"TableName":"Things","Item":{"id":{"S":"c"},"n":{"N":"-1"}}}'),
	400,
	validation('One or more parameter values were invalid: '
		  . 'new row for relation \"Things\" violates check constraint \"positive\"'),
	'a CHECK constraint');
answers(post('PutItem', sprintf $put, 'bad'),
	400, validation('One or more parameter values were invalid: no \"bad\" items'), 'RAISE EXCEPTION');
answers(post('PutItem', sprintf $put, 'ours'),
	400, validation('One or more parameter values were invalid: with a detail'),
	'the detail of a user is not in the response');
answers(post('PutItem', sprintf $put, 'late'),
	400, validation('One or more parameter values were invalid: refused at the end'),
	'a deferred constraint that fails at COMMIT');
answers(post('GetItem', '{"TableName":"Things","Key":{"id":{"S":"late"}}}'), 200, '{}',
	'and the item is not there');
answers(post('UpdateTable', '{"TableName":"Things","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"KEYS_ONLY"}}'),
	400,
	validation('One or more parameter values were invalid: streams need logical decoding'),
	'what the server is not set up for');
answers(post('PutItem', sprintf $put, 'broken'),
	500, '{"__type":"' . DYNAMODB . 'InternalServerError","message":"Internal server error"}',
	'an error that is not the request\'s tells nothing');
like($gateway->log, qr/"msg":"a request failed in the database".*"error":"division by zero"/,
	'but the log does');

# What clients do while a request takes its time
my $slow = sprintf $put, 'slow';
my $slow_request = http_request('POST', '/', headers_of('PutItem', $slow), $slow);
$client = $gateway->connect;
$client->send($slow_request . $good);
answers($client->read_response, 200, '{}', 'a slow request');
answers($client->read_response, 200, $item, 'with another behind it');
$client = $gateway->connect;
$client->send($slow_request);
usleep(50_000);
$client->send($good);
answers($client->read_response, 200, '{}', 'a slow request');
answers($client->read_response, 200, $item, 'with another that comes while it runs');
$client = $gateway->connect;
$client->send($slow_request);
$client->finish_sending;
$response = $client->read_response;
is($response && $response->{body}, '{}', 'a client that closes its side while its request runs');
$client = $gateway->connect;
$client->send($slow_request);
$client->close;
answers(post('PutItem', $slow), 200, '{}', 'one that goes away meanwhile');

# Several at once on few connections: a failed commit belongs to its own request.
my @clients = map { $gateway->connect } 1 .. 24;
$clients[$_]->send(http_request('POST', '/', headers_of('PutItem', sprintf $put, $_ % 3 ? "ok$_" : 'late'),
		sprintf $put, $_ % 3 ? "ok$_" : 'late'))
  foreach 0 .. $#clients;
is( join(' ', map { $_->read_response->{status} } @clients),
	join(' ', map { $_ % 3 ? 200 : 400 } 0 .. $#clients),
	'failed commits among others');

# ---- without the database ----

$node->stop;
for (1 .. 200)
{
	$response = $gateway->request('GET', '/', [ Host => 'x' ]);
	last if $response->{status} != 200;
	usleep(20_000);
}
answers($response, 503, 'unhealthy: no connection to the database ', 'the health check when the database has gone',
	'content-type' => 'text/plain');
$gateway->stop;
$gateway->start;
answers($gateway->request('GET', '/', [ Host => 'x' ]),
	503, 'unhealthy: no connection to the database ', 'the health check without a database',
	'content-type' => 'text/plain');
$response = post('GetItem', $get);
is($response->{status}, 503, 'a request without a database');
is($response->{headers}{'retry-after'}, 1, 'is to be retried');
$node->start;
$gateway->wait_healthy;
answers(post('GetItem', $get), 200, $item, 'the database is found when it is there');
$gateway->stop;
$node->stop;
done_testing();
