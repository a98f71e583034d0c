# PsqlSession - a connection that stays open, through psql.
#
#     my $session = PsqlSession->new($node);
#     my $rows = $session->query('SELECT 1');   # waits for the answer
#     $session->send('LOCK TABLE t');           # does not
#     $session->finish;                         # waits for what was sent
#
# Answers contain error messages, too.
package PsqlSession;

use strict;
use warnings;

use IPC::Run qw(start timeout);

sub new
{
	my ($class, $node) = @_;
	my $self = bless { in => '', out => '', marks => 0 }, $class;

	$self->{timer} = timeout($ENV{PG_TEST_TIMEOUT_DEFAULT} // 180);
	$self->{run} = start(
		[ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres') ],
		'<', \$self->{in}, '>', \$self->{out}, '2>&1', $self->{timer});
	return $self;
}

sub send
{
	my ($self, $sql) = @_;

	$self->{in} .= "$sql;\n";
	$self->{run}->pump_nb;
	return;
}

sub query
{
	my ($self, $sql) = @_;
	my $mark = 'mark ' . ++$self->{marks};
	my $answer;

	$self->{out} = '';
	$self->{in} .= "$sql;\n\\echo $mark\n";
	$self->{run}->pump until $self->{out} =~ /^$mark$/m;
	($answer = $self->{out}) =~ s/\n?^$mark\n//m;
	return $answer;
}

sub finish
{
	my ($self) = @_;

	$self->{in} .= "\\q\n";
	$self->{run}->finish;
	return $self->{out};
}

# For a session whose server is gone
sub abandon
{
	my ($self) = @_;

	$self->{run}->kill_kill;
	return;
}

1;
