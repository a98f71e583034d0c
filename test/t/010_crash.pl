# Acknowledged writes survive a crash: writers run while the postmaster and
# all its children are killed with SIGKILL, and after recovery every write
# whose success a client had seen is there, and nothing is there by half.

use strict;
use warnings;

use IPC::Run qw(start);
use KillServer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $writers = 4;
my $rounds = 2;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'dynamo'");
# checkpoints while the writers run, so that recovery starts from one of them
$node->append_conf('postgresql.conf', "max_wal_size = 32MB");
$node->append_conf('postgresql.conf', "log_statement = none");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
$node->safe_psql('postgres', q(CREATE EXTENSION amcheck));
$node->safe_psql(
	'postgres', q(
SELECT dynamo.create_table('{"TableName": "Crash",
  "AttributeDefinitions": [{"AttributeName": "Writer", "AttributeType": "S"},
                           {"AttributeName": "Seq", "AttributeType": "N"}],
  "KeySchema": [{"AttributeName": "Writer", "KeyType": "HASH"},
                {"AttributeName": "Seq", "KeyType": "RANGE"}],
  "BillingMode": "PAY_PER_REQUEST"}'::jsonb)));

# Sequence number 0 of each writer is its counter of items, and the one of
# writer "all" counts the writes of every writer.
sub put
{
	my ($writer, $seq) = @_;
	my $pad = 'x' x (50 + ($seq * 37) % 400);

	return qq~SELECT dynamo.put_item('{"TableName": "Crash", ~
	  . qq~"Item": {"Writer": {"S": "$writer"}, "Seq": {"N": "$seq"}, ~
	  . qq~"Pad": {"S": "$pad"}}}'::jsonb);\n~;
}

sub increment
{
	my ($writer) = @_;

	return qq~SELECT dynamo.update_item('{"TableName": "Crash", ~
	  . qq~"Key": {"Writer": {"S": "$writer"}, "Seq": {"N": "0"}}, ~
	  . q~"UpdateExpression": "ADD Hits :one", ~
	  . qq~"ExpressionAttributeValues": {":one": {"N": "1"}}}'::jsonb);\n~;
}

# Writers of even number put an item and count it in one transaction; those of
# odd number do it in two.  psql prints "ack" only after the server's answer.
sub writer_script
{
	my ($writer, $first, $count) = @_;
	my $script = "\\o /dev/null\n";

	for my $seq ($first .. $first + $count - 1)
	{
		$script .= "BEGIN;\n" if $writer % 2 == 0;
		$script .= put("w$writer", $seq);
		$script .= increment("w$writer");
		$script .= "COMMIT;\n" if $writer % 2 == 0;
		$script .= "\\echo ack $seq\n";
		$script .= increment('all');
		$script .= "\\echo all\n";
	}
	return $script;
}

my %acked;       # writer => sequence numbers acknowledged
my $all_acked = 0;
my $next = 1;

for my $round (1 .. $rounds)
{
	my $count = 20_000;
	my @run;

	foreach my $w (0 .. $writers - 1)
	{
		my $script = "$PostgreSQL::Test::Utils::tmp_check/writer$w.sql";
		my $out = "$PostgreSQL::Test::Utils::tmp_check/writer$w.out";

		open my $fh, '>', $script or die "$script: $!";
		print $fh writer_script($w, $next, $count);
		close $fh;
		unlink $out;
		push @run,
		  start(
			[
				'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $script,
				$node->connstr('postgres')
			],
			'<', \undef, '>', $out,
			'2>', "$out.err");
	}

	# Strike when every writer has been acknowledged often enough.
	my $enough = 150 * $round;
	my $ready = 0;
	for (1 .. 1200)
	{
		$ready = grep {
			my $out = "$PostgreSQL::Test::Utils::tmp_check/writer$_.out";
			-e $out && slurp_file($out) =~ /^ack @{[$next + $enough]}$/m;
		} 0 .. $writers - 1;
		last if $ready == $writers || grep { !$_->pumpable } @run;
		usleep(100_000);
	}
	is($ready, $writers, "round $round: the writers are writing");

	cmp_ok(kill_everything($node), '>=', $writers,
		"round $round: killed the server and its children");
	foreach my $run (@run)
	{
		eval { $run->finish };
	}
	my $complaints = join '',
	  map { slurp_file("$PostgreSQL::Test::Utils::tmp_check/writer$_.out.err") }
	  0 .. $writers - 1;
	unlike($complaints, qr/ERROR:/, "round $round: no write failed before");

	foreach my $w (0 .. $writers - 1)
	{
		my $out = slurp_file("$PostgreSQL::Test::Utils::tmp_check/writer$w.out");

		push @{ $acked{$w} }, $out =~ /^ack (\d+)$/mg;
		$all_acked += () = $out =~ /^all$/mg;
	}

	$node->start;

	foreach my $w (0 .. $writers - 1)
	{
		my $seqs = join ',', @{ $acked{$w} };
		my $n = @{ $acked{$w} };

		is( $node->safe_psql(
				'postgres', qq(
SELECT count(*) FROM unnest(ARRAY[$seqs]) s
 WHERE dynamo.get_item(('{"TableName": "Crash", "Key": {"Writer": {"S": "w$w"}, "Seq": {"N": "'
           || s || '"}}}')::jsonb) #>> '{Item,Seq,N}' = s::text)),
			$n,
			"round $round: writer ${w}'s $n acknowledged items are there");

		# At most one write of each round was carried out without its
		# acknowledgement being seen.
		my ($items, $hits) = split /\|/,
		  $node->safe_psql(
			'postgres', qq(
SELECT count(*) FILTER (WHERE item -> 'Seq' ->> 'N' <> '0'),
       max(item -> 'Hits' ->> 'N') FILTER (WHERE item -> 'Seq' ->> 'N' = '0')
  FROM dynamo_data."Crash" WHERE item -> 'Writer' ->> 'S' = 'w$w'));
		ok( $items >= $n && $items <= $n + $round,
			"round $round: writer $w has $items items, $n acknowledged");
		if ($w % 2 == 0)
		{
			is($hits, $items,
				"round $round: writer ${w}'s counter agrees with its items");
		}
		else
		{
			ok( $hits >= $n && $hits <= $items,
				"round $round: writer $w counted $hits of $items");
		}
	}

	my $all = $node->safe_psql(
		'postgres', q(
SELECT dynamo.get_item('{"TableName": "Crash",
         "Key": {"Writer": {"S": "all"}, "Seq": {"N": "0"}}}'::jsonb)
       #>> '{Item,Hits,N}'));
	ok( $all >= $all_acked && $all <= $all_acked + $writers * $round,
		"round $round: the shared counter is $all, $all_acked acknowledged");

	is( $node->safe_psql(
			'postgres', q(
SELECT count(bt_index_check(i.indexrelid, true))
  FROM pg_index i WHERE i.indrelid = 'dynamo_data."Crash"'::regclass)) > 0,
		1,
		"round $round: the indexes agree with the table");

	$next += $count;
}

$node->stop;
done_testing();
