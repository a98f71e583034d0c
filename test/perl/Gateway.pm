# Gateway - a dynamo-gateway process for tests.
#
#     my $gateway = Gateway->new($node, 'no-auth' => 'on', 'pool-size' => 2);
#     my $client = $gateway->connect;     # an HttpClient
#     my $response = $gateway->request('POST', '/', \@headers, $body);
#     my $metrics = $gateway->metrics;    # { 'name{label="x"}' => value }
#     $gateway->reload;                   # SIGHUP, and its end awaited
#     $gateway->stop;                     # SIGTERM; its exit status is tested
#
# It listens on a free port and `database` is the node's postgres, unless options
# say otherwise; an empty one of these two is left to the file of settings,
# `config`.  Options that are undef stand without a value.  The log of all runs is
# one file.
package Gateway;

use strict;
use warnings;

use HttpClient qw(http_request);
use JSON::PP;
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my %running;
my $count = 0;

# The program that GATEWAY names, such as one with sanitizers, else that of the
# server's installation, else the one on the PATH
sub program
{
	return $ENV{GATEWAY} if $ENV{GATEWAY};

	my $bindir = `pg_config --bindir`;

	chomp $bindir;
	return -x "$bindir/dynamo-gateway" ? "$bindir/dynamo-gateway" : 'dynamo-gateway';
}

sub new
{
	my ($class, $node, %options) = @_;
	my $name = basename_of($0) . '_gateway' . ++$count . '.log';
	my $self = bless {
		node => $node,
		options => {
			listen => '127.0.0.1:0',
			database => $node->connstr('postgres'),
			%options
		},
		log_file => "$PostgreSQL::Test::Utils::log_path/$name"
	}, $class;

	foreach my $name ('listen', 'database')
	{
		delete $self->{options}{$name} if $self->{options}{$name} eq '';
	}
	$self->start;
	return $self;
}

sub basename_of
{
	my ($path) = @_;

	$path =~ s{.*/|\.pl$}{}g;
	return $path;
}

# Options as arguments, with = because a switch takes its value only so
sub _arguments
{
	my ($self) = @_;

	return map {
		my $value = $self->{options}{$_};
		defined $value ? "--$_=$value" : "--$_"
	} sort keys %{ $self->{options} };
}

sub start
{
	my ($self) = @_;
	my $from = -s $self->{log_file} // 0;
	my $pid = fork // die "fork: $!";

	if ($pid == 0)
	{
		# the node's, for psql; the gateway has a name of its own
		delete $ENV{PGAPPNAME};
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $self->{log_file};
		open STDERR, '>>', $self->{log_file};
		exec program(), $self->_arguments or POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	$running{$pid} = 1;
	my $line = $self->wait_for_log(qr/"msg":"listening"/, $from);
	$self->{port} = decode_json($line)->{port};
	return;
}

# Start, and wait until the database is there.
sub wait_healthy
{
	my ($self) = @_;

	for (1 .. 600)
	{
		return if $self->request('GET', '/', [ Host => 'x' ])->{status} == 200;
		usleep(50_000);
	}
	die 'the gateway does not become healthy';
}

sub port
{
	my ($self) = @_;

	return $self->{port};
}

sub pid
{
	my ($self) = @_;

	return $self->{pid};
}

sub log
{
	my ($self) = @_;

	return slurp_file($self->{log_file});
}

# The size of the log now, from which wait_for_log can look
sub log_position
{
	my ($self) = @_;

	return -s $self->{log_file};
}

# Wait for a line in the log and return it.
sub wait_for_log
{
	my ($self, $pattern, $from) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $end)
	{
		my $log = -e $self->{log_file} ? slurp_file($self->{log_file}, $from // 0) : '';

		foreach my $line (split /\n/, $log)
		{
			return $line if $line =~ $pattern;
		}
		die 'the gateway has ended: ' . $log if waitpid($self->{pid}, WNOHANG) > 0;
		usleep(10_000);
	}
	die "nothing in the log is like $pattern";
}

sub signal
{
	my ($self, $signal) = @_;

	kill $signal, $self->{pid};
	return;
}

# SIGHUP; true if the settings were taken
sub reload
{
	my ($self) = @_;
	my $from = $self->log_position;

	$self->signal('HUP');
	my $line =
	  $self->wait_for_log(qr/"msg":"the settings were (?:not )?read again"/, $from);
	return $line !~ /were not/;
}

# Wait for the end; the status as of waitpid
sub wait_for_end
{
	my ($self) = @_;
	my $end = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $end)
	{
		if (waitpid($self->{pid}, WNOHANG) > 0)
		{
			my $status = $?;

			delete $running{ $self->{pid} };
			return $status;
		}
		usleep(5_000);
	}
	return 'still running';
}

sub stop
{
	my ($self, $name) = @_;

	$self->signal('TERM');
	is($self->wait_for_end, 0, $name // 'the gateway ends with status 0');
	return;
}

sub restart
{
	my ($self) = @_;

	$self->stop('the gateway ends with status 0 before it is started again');
	$self->start;
	return;
}

sub connect
{
	my ($self) = @_;

	return HttpClient->new($self->{port});
}

# One request on a connection of its own
sub request
{
	my ($self, $method, $uri, $headers, $body) = @_;
	my $client = $self->connect;

	$client->send(http_request($method, $uri, $headers, $body));
	return $client->read_response(without_body => $method eq 'HEAD');
}

sub metrics
{
	my ($self) = @_;
	my $response = $self->request('GET', '/metrics', [ Host => 'x' ]);

	return { map { /^([^#].*) (\S+)$/ ? ($1 => $2) : () } split /\n/, $response->{body} };
}

END
{
	my $status = $?;

	foreach my $pid (keys %running)
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
	}
	$? = $status;
}

1;
