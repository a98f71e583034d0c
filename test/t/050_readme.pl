# The examples of the documentation run, and give what it says.
#
# Each page gets a database of its own, in which its ```sql blocks run one
# after another in one session; a ```text block that comes next, before any
# other block, is what the block prints with psql -A -t.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use File::Basename;

my $top = dirname(__FILE__) . '/../..';
my @pages = ("$top/README.md", sort glob("$top/docs/*.md"));

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init;
$node->start;

# The fenced blocks of a page: [language, first line, text]
sub blocks
{
	my ($file) = @_;
	my (@blocks, $block);
	my $number = 0;

	foreach my $line (split /^/, slurp_file($file))
	{
		$number++;
		if (!$block && $line =~ /^```(\w*)$/)
		{
			$block = [ $1, $number + 1, '' ];
		}
		elsif ($block && $line =~ /^```$/)
		{
			push @blocks, $block;
			$block = undef;
		}
		elsif ($block)
		{
			$block->[2] .= $line;
		}
	}
	die "$file: a block does not end" if $block;
	return @blocks;
}

my %examples;

for my $i (0 .. $#pages)
{
	my $page = basename($pages[$i]);
	my @blocks = blocks($pages[$i]);
	my $script = '';
	my @examples;

	while (my $block = shift @blocks)
	{
		next if $block->[0] ne 'sql';
		my $expected =
		  @blocks && $blocks[0]->[0] eq 'text' ? $blocks[0]->[2] : undef;

		$script .= "$block->[2]\\echo ---- $block->[1]\n";
		push @examples, [ $block->[1], $expected ];
	}
	$examples{$page} = @examples;
	next if !@examples;

	$node->safe_psql('postgres', "CREATE DATABASE page$i");

	# README.md creates the extension itself
	$node->safe_psql("page$i", 'CREATE EXTENSION dynamo')
	  if $page ne 'README.md';

	my ($ret, $stdout, $stderr) =
	  $node->psql("page$i", $script, on_error_stop => 1);
	is($ret, 0, "$page: every example runs")
	  or diag("$stderr\nafter:\n" . substr($stdout, -1000));

	foreach my $example (@examples)
	{
		my ($line, $expected) = @$example;
		my $printed = $stdout =~ s/\A(.*?)^---- $line(?:\n|\z)//ms ? $1 : undef;

		ok(defined $printed, "$page: example at line $line is reached");
		is($printed, $expected, "$page: example at line $line prints what it says")
		  if defined $expected && defined $printed;
	}
}

# No page has lost its examples without anybody noticing.
foreach my $page (qw(README.md api.md))
{
	cmp_ok($examples{$page} || 0, '>=', 4, "$page has examples");
}

$node->stop;
done_testing();
