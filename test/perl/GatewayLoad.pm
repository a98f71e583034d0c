# GatewayLoad - clients that keep a gateway without authentication busy.
#
#     my $load = GatewayLoad->start($gateway->port, clients => 6, table => 'T');
#     ...
#     my @records = $load->stop;
#
# Each client is a process with a connection of its own.  In turn it puts an item
# of its own ("put"), claims a key that all the others claim as well, if it does
# not exist yet ("claim"), and reads an item that it has put ("get").  A record is
# { client, op, key, value, start, end, status, found, retry_after }; status is
# undef where there was no response, and 0 where there was no connection.  With
# the option `stale` reads may be answered by a replica.
#
#     my $bytes = api_request('GetItem', $json);
#     my $response = api($client, 'GetItem', $json);
package GatewayLoad;

use strict;
use warnings;

use Exporter 'import';
use HttpClient qw(http_request);
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time sleep usleep);

our @EXPORT_OK = qw(api_request api item_put item_get item_get_stale wait_for);

# Claims for so many keys a second are made
my $CLAIMS_PER_SECOND = 50;

my $count = 0;

# Wait until a condition holds; its last value
sub wait_for
{
	my ($seconds, $condition) = @_;
	my $end = time + $seconds;
	my $value;

	until ($value = $condition->())
	{
		last if time > $end;
		sleep 0.02;
	}
	return $value;
}

sub api_request
{
	my ($operation, $body, @headers) = @_;

	return http_request(
		'POST', '/',
		[
			Host => 'localhost',
			'Content-Type' => 'application/x-amz-json-1.0',
			'X-Amz-Target' => "DynamoDB_20120810.$operation",
			'X-Amz-Date' => '20130524T000000Z',
			Authorization => 'AWS4-HMAC-SHA256 '
			  . 'Credential=key/20130524/us-east-1/dynamodb/aws4_request, '
			  . 'SignedHeaders=host;x-amz-date;x-amz-target, Signature=0',
			'Content-Length' => length $body,
			@headers
		],
		$body);
}

# A response as of HttpClient, or undef
sub api
{
	my ($client, $operation, $body) = @_;

	$client->send(api_request($operation, $body)) or return undef;
	return $client->read_response;
}

sub item_put
{
	my ($table, $key, $value, $more) = @_;

	return
		qq({"TableName": "$table", "Item": {"id": {"S": "$key"}, "v": {"S": "$value"}})
	  . ($more // '') . '}';
}

sub item_get
{
	my ($table, $key) = @_;

	return
	  qq({"TableName": "$table", "Key": {"id": {"S": "$key"}}, "ConsistentRead": true});
}

sub item_get_stale
{
	my ($table, $key) = @_;

	return qq({"TableName": "$table", "Key": {"id": {"S": "$key"}}});
}

# The life of one client
sub _work
{
	my ($port, $number, $options, $stop_file, $out) = @_;
	my ($table, $get) =
	  ($options->{table}, $options->{stale} ? \&item_get_stale : \&item_get);
	my ($client, @mine);
	my $n = 0;

	while (!-e $stop_file)
	{
		my $op = (qw(put claim get))[ $n++ % 3 ];
		my $value = "$number-$n";
		my $key =
			$op eq 'put' ? "p$number-$n"
		  : $op eq 'claim' ? 'c' . int(time * $CLAIMS_PER_SECOND)
		  :                  $mine[ rand @mine ];
		next unless defined $key;
		my $body = $op eq 'get' ? $get->($table, $key) : item_put($table, $key, $value,
			$op eq 'claim' ? ', "ConditionExpression": "attribute_not_exists(id)"' : '');
		my $start = time;
		my ($status, $found, $retry_after) = ('', '', '');

		$client //= eval { HttpClient->new($port) };
		if (!$client)
		{
			$status = 0;
			usleep(20_000);
		}
		else
		{
			my $response = eval { api($client, $op eq 'get' ? 'GetItem' : 'PutItem', $body) };

			if ($response)
			{
				$status = $response->{status};
				$retry_after = $response->{headers}{'retry-after'} // '';
				($found) = $response->{body} =~ /"v":\s*\{"S":\s*"([^"]*)"/ if $op eq 'get';
				$found //= '';
				push @mine, $key if $op eq 'put' && $status == 200;
				$client = undef
				  if lc($response->{headers}{connection} // '') eq 'close';
			}
			else
			{
				$client = undef;
			}
		}
		print $out join("\t",
			$number, $op, $key, $value, $start, time, $status, $found, $retry_after), "\n";
	}
	return;
}

sub start
{
	my ($class, $port, %options) = @_;
	my $base = "$PostgreSQL::Test::Utils::tmp_check/load$$-" . ++$count;
	my $self = bless { base => $base, pids => [] }, $class;

	foreach my $number (1 .. $options{clients})
	{
		my $pid = fork // die "fork: $!";

		if ($pid == 0)
		{
			open my $out, '>', "$base.$number" or POSIX::_exit(2);
			srand $number;
			eval { _work($port, "$count-$number", \%options, "$base.stop", $out); 1 }
			  or print STDERR "client $number: $@";
			close $out;
			POSIX::_exit(0);
		}
		push @{ $self->{pids} }, $pid;
	}
	return $self;
}

sub stop
{
	my ($self) = @_;
	my @records;

	append_to_file("$self->{base}.stop", '');
	foreach my $pid (@{ $self->{pids} })
	{
		waitpid $pid, 0;
	}
	foreach my $number (1 .. @{ $self->{pids} })
	{
		foreach my $line (split /\n/, slurp_file("$self->{base}.$number"))
		{
			my %record;

			@record{qw(client op key value start end status found retry_after)} =
			  split /\t/, $line, -1;
			$record{status} = undef if $record{status} eq '';
			push @records, \%record;
		}
	}
	return sort { $a->{start} <=> $b->{start} } @records;
}

1;
