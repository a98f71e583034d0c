# FeedServer - a server that can decode, for tests of the change feed.
#
#     my $node = FeedServer::start('name', 'more = settings');
package FeedServer;

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

# A started server with the extension in database postgres.
sub start
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', "$_\n") foreach @settings;
	$node->start;

	# Minor releases from 2026 on load only the plugins that are listed.
	if ($node->safe_psql('postgres',
			q(SELECT 1 FROM pg_settings WHERE name = 'output_plugin_libraries')))
	{
		$node->safe_psql('postgres',
			'ALTER SYSTEM SET output_plugin_libraries = pgoutput, test_decoding, dynamo');
		$node->reload;
	}
	$node->safe_psql('postgres', 'CREATE EXTENSION dynamo');
	return $node;
}

1;
