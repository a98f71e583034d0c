# HttpClient - HTTP as bytes on a socket, so that a test decides what is sent.
#
#     my $client = HttpClient->new($port);
#     $client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
#     my $response = $client->read_response;
#     # { status, reason, version, headers => { 'lower-case' => value }, body }
#
# read_response gives undef at the end of the connection.  Values of a header
# that comes several times are joined by ", ".
package HttpClient;

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(http_request parse_response);

sub new
{
	my ($class, $port) = @_;
	my $socket = IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $port,
		Proto => 'tcp') or die "could not connect to port $port: $!";

	return bless { socket => $socket, buffer => '', ended => 0 }, $class;
}

# The bytes of a request: headers are a list of names and values.
sub http_request
{
	my ($method, $uri, $headers, $body) = @_;
	my @list = @$headers;
	my $text = "$method $uri HTTP/1.1\r\n";

	while (my ($name, $value) = splice @list, 0, 2)
	{
		$text .= "$name: $value\r\n";
	}
	return $text . "\r\n" . ($body // '');
}

# Send bytes; false if the other side has closed the connection.
sub send
{
	my ($self, $bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';

	while (length $bytes)
	{
		my $n = syswrite $self->{socket}, $bytes;

		return 0 unless defined $n;
		substr($bytes, 0, $n, '');
	}
	return 1;
}

# Nothing more will be sent.
sub finish_sending
{
	my ($self) = @_;

	shutdown $self->{socket}, 1;
	return;
}

# Wait for more bytes; false at the end.
sub _more
{
	my ($self) = @_;
	my $timeout = $PostgreSQL::Test::Utils::timeout_default;

	return 0 if $self->{ended};
	IO::Select->new($self->{socket})->can_read($timeout)
	  or die "no response within $timeout seconds; so far: $self->{buffer}";
	my $n = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
	return 1 if $n;
	$self->{ended} = 1;
	return 0;
}

# Has anything arrived within so many seconds?
sub has_input
{
	my ($self, $seconds) = @_;

	return length $self->{buffer} || IO::Select->new($self->{socket})->can_read($seconds) ? 1 : 0;
}

# Does the other side close the connection without sending any more?
sub is_closed
{
	my ($self) = @_;

	return $self->_more ? 0 : length $self->{buffer} ? 0 : 1;
}

# Take so many bytes, or up to and with a text.
sub _take
{
	my ($self, $what) = @_;

	if (ref $what)
	{
		my $at;

		while (($at = index $self->{buffer}, $$what) < 0)
		{
			$self->_more or return undef;
		}
		return substr $self->{buffer}, 0, $at + length $$what, '';
	}
	while (length $self->{buffer} < $what)
	{
		$self->_more or return undef;
	}
	return substr $self->{buffer}, 0, $what, '';
}

# The next response; without_body is for those to HEAD.
sub read_response
{
	my ($self, %options) = @_;
	my $head = $self->_take(\"\r\n\r\n") // return undef;
	my ($first, @lines) = split /\r\n/, $head;
	my %response = (headers => {}, body => '');

	@response{qw(version status reason)} = $first =~ m{^HTTP/(1\.[01]) (\d{3}) (.*)$}
	  or die "not a status line: $first";
	foreach my $line (@lines)
	{
		my ($name, $value) = $line =~ /^([^\s:]+): ?(.*)$/ or die "not a header: $line";
		my $headers = $response{headers};

		$name = lc $name;
		$headers->{$name} =
		  exists $headers->{$name} ? "$headers->{$name}, $value" : $value;
	}
	return \%response if $options{without_body} || $response{status} < 200;

	if (lc($response{headers}{'transfer-encoding'} // '') eq 'chunked')
	{
		while (my $size = hex $self->_take(\"\r\n"))
		{
			$response{body} .= $self->_take($size);
			$self->_take(2);
		}
		$self->_take(\"\r\n");
	}
	elsif (defined $response{headers}{'content-length'})
	{
		$response{body} = $self->_take($response{headers}{'content-length'})
		  // die "the connection ended within a response";
	}
	else
	{
		1 while $self->_more;
		$response{body} = $self->{buffer};
		$self->{buffer} = '';
	}
	return \%response;
}

# A response out of bytes that have been received otherwise
sub parse_response
{
	my ($bytes) = @_;

	return (bless { buffer => $bytes, ended => 1 })->read_response;
}

sub close
{
	my ($self) = @_;

	close $self->{socket};
	return;
}

1;
