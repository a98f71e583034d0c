# KillServer - the end of a server as by a power failure: the postmaster and all
# its children are killed with SIGKILL.
#
#     my $children = kill_everything($node);
#     $node->start;
package KillServer;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(kill_everything);

# The children of a process, from /proc.
sub children_of
{
	my ($parent) = @_;
	my @children;

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open my $fh, '<', $file or next;
		my $stat = <$fh>;
		close $fh;
		# the name in parentheses may contain anything
		push @children, $1
		  if defined $stat && $stat =~ /^(\d+) \(.*\) \S (\d+)/s && $2 == $parent;
	}
	return @children;
}

# Is the process gone, or dead and only waiting for its parent?
sub is_dead
{
	my ($pid) = @_;

	open my $fh, '<', "/proc/$pid/stat" or return 1;
	my $stat = <$fh>;
	close $fh;
	return !defined $stat || $stat =~ /^\d+ \(.*\) Z/s;
}

sub kill_everything
{
	my ($node) = @_;
	my $pid_file = $node->data_dir . '/postmaster.pid';
	my ($postmaster) = split /\n/, slurp_file($pid_file);
	my @children = children_of($postmaster);

	$node->kill9;
	kill 'KILL', @children;
	foreach my $pid ($postmaster, @children)
	{
		for (1 .. 1000)
		{
			last if is_dead($pid);
			usleep(10_000);
		}
	}
	# Where nobody reaps orphans the dead postmaster keeps its process id,
	# and its successor would take it for alive.
	unlink $pid_file, $node->host . '/.s.PGSQL.' . $node->port . '.lock'
	  if -d "/proc/$postmaster";
	return scalar @children;
}

1;
