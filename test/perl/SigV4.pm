# SigV4 - AWS Signature Version 4 from its description, for tests that break it.
#
#     my @headers = SigV4::sign(key => $id, secret => $secret, body => $body,
#                               headers => [ Host => 'x', 'X-Amz-Target' => $t ]);
#     my $uri = SigV4::presign(...);
#
# What is signed can be made to differ from what is sent:
#
#     time         seconds since the epoch
#     date         the timestamp as text
#     scope_date, region, service, terminator
#                  the parts of the scope
#     signed       names of the headers to sign, else all
#     separator    between the parts of the Authorization header
#     sign_body    the body to sign, if not the one that is sent
#     leave_out    parts to leave out: Credential, Signature, SignedHeaders, Date
#     expires      seconds, presigned only
#
# Description: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
package SigV4;

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use POSIX qw(strftime);

sub timestamp
{
	my ($time) = @_;

	return strftime('%Y%m%dT%H%M%SZ', gmtime($time // time));
}

sub uri_encode
{
	my ($text) = @_;

	$text =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

# The options with their defaults, and what follows from them
sub _settle
{
	my (%o) = @_;

	$o{date} //= timestamp($o{time});
	$o{scope_date} //= substr $o{date}, 0, 8;
	$o{region} //= 'us-east-1';
	$o{service} //= 'dynamodb';
	$o{terminator} //= 'aws4_request';
	$o{body} //= '';
	$o{sign_body} //= $o{body};
	$o{method} //= 'POST';
	$o{query} //= '';
	$o{separator} //= ', ';
	$o{leave_out} = { map { $_ => 1 } @{ $o{leave_out} // [] } };
	$o{scope} = join '/', @o{qw(scope_date region service terminator)};
	return %o;
}

sub _signature
{
	my (%o) = @_;
	my %values;
	my @list = @{ $o{headers} };

	while (my ($name, $value) = splice @list, 0, 2)
	{
		$value =~ s/^\s+|\s+$//g;
		$value =~ s/ +/ /g;
		push @{ $values{ lc $name } }, $value;
	}
	my @names = sort map { lc } @{ $o{signed} // [ keys %values ] };
	my $canonical = join "\n", $o{method}, '/', $o{query},
	  (map { "$_:" . join(',', @{ $values{$_} // [] }) } @names), '',
	  join(';', @names), sha256_hex($o{sign_body});
	my $to_sign = join "\n", 'AWS4-HMAC-SHA256', $o{date}, $o{scope},
	  sha256_hex($canonical);
	my $signing_key = "AWS4$o{secret}";

	$signing_key = hmac_sha256($_, $signing_key)
	  foreach @o{qw(scope_date region service terminator)};
	return (join(';', @names), hmac_sha256_hex($to_sign, $signing_key));
}

# The headers of a request, with those that sign it
sub sign
{
	my %o = _settle(@_);
	my @headers = @{ $o{headers} };

	push @headers, 'X-Amz-Date' => $o{date} unless $o{leave_out}{Date};
	my ($names, $signature) = _signature(%o, headers => \@headers);
	my @parts;
	push @parts, "Credential=$o{key}/$o{scope}" unless $o{leave_out}{Credential};
	push @parts, "SignedHeaders=$names" unless $o{leave_out}{SignedHeaders};
	push @parts, "Signature=$signature" unless $o{leave_out}{Signature};
	return (@headers,
		Authorization => 'AWS4-HMAC-SHA256 ' . join($o{separator}, @parts));
}

# The URI of a request whose signature is in the query string
sub presign
{
	my %o = _settle(@_);
	my @names = sort map { lc } @{ $o{signed} // [ _names($o{headers}) ] };
	my %query = (
		'X-Amz-Algorithm' => 'AWS4-HMAC-SHA256',
		'X-Amz-Credential' => "$o{key}/$o{scope}",
		'X-Amz-Date' => $o{date},
		'X-Amz-SignedHeaders' => join(';', @names));
	$query{'X-Amz-Expires'} = $o{expires} if defined $o{expires};
	my $query = join '&', map { uri_encode($_) . '=' . uri_encode($query{$_}) } sort keys %query;
	my (undef, $signature) = _signature(%o, query => $query);
	my @parts = split /&/, $query;
	@parts = grep { !/^X-Amz-([A-Za-z]+)=/ || !$o{leave_out}{$1} } @parts;
	push @parts, "X-Amz-Signature=$signature" unless $o{leave_out}{Signature};
	return '/?' . join '&', @parts;
}

# The different names in a list of headers
sub _names
{
	my @list = @{ $_[0] };
	my %names;

	while (my ($name) = splice @list, 0, 2)
	{
		$names{ lc $name } = 1;
	}
	return keys %names;
}

1;
