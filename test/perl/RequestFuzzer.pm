# RequestFuzzer - a deterministic stream of good, odd and hostile requests.
#
#     my $fuzzer = RequestFuzzer->new(seed => 42);
#     run(@$_) for $fuzzer->setup;
#     for (1 .. 10_000) {
#         my ($operation, $request) = $fuzzer->next;
#         run($operation, $request);
#     }
#
# Requests are octets: valid UTF-8 without NUL bytes (Postgres takes neither
# otherwise), but not necessarily JSON.  The same seed gives the same requests
# on every Perl: the generator has its own random numbers.
#
# Each request starts as a sensible one (see %templates), so that much of it
# gets past the first checks, is changed at up to four random places, and is
# then sometimes damaged as text.
package RequestFuzzer;

use strict;
use warnings;

# Objects are lists of pairs, so that members have an order and may occur
# twice; JSON tokens other than strings are references to their text.
sub obj
{
	my @pairs;
	push @pairs, [ splice(@_, 0, 2) ] while @_;
	return bless \@pairs, 'RequestFuzzer::Object';
}

sub is_object { return ref $_[0] eq 'RequestFuzzer::Object' }
# An attribute value?
sub is_value
{
	return is_object($_[0]) && @{ $_[0] } == 1
	  && $_[0][0][0] =~ /^(?:[SNB]|[SNB]S|BOOL|NULL|[LM])$/;
}

sub is_list { return ref $_[0] eq 'ARRAY' }

my ($true, $false, $null) = (\'true', \'false', \'null');

my @tables = qw(FuzzHash FuzzRange FuzzIndex);

# What the tables of setup() look like; also CreateTable's template.
sub table
{
	my ($self, $name) = @_;
	my @definitions = (obj(AttributeName => 'pk', AttributeType => 'S'));
	my @keys = (obj(AttributeName => 'pk', KeyType => 'HASH'));
	my @more;

	if ($name ne 'FuzzHash')
	{
		push @definitions, obj(AttributeName => 'sk', AttributeType => 'N');
		push @keys, obj(AttributeName => 'sk', KeyType => 'RANGE');
	}
	if ($name eq 'FuzzIndex')
	{
		push @definitions, obj(AttributeName => 'g', AttributeType => 'B'),
		  obj(AttributeName => 'm', AttributeType => 'S');
		push @more, GlobalSecondaryIndexes => [
			obj(IndexName => 'gsi',
				KeySchema => [ obj(AttributeName => 'g', KeyType => 'HASH'),
					obj(AttributeName => 'sk', KeyType => 'RANGE') ],
				Projection => obj(ProjectionType => 'INCLUDE',
					NonKeyAttributes => [ 'a', 'b' ])),
			obj(IndexName => 'multi',
				KeySchema => [ obj(AttributeName => 'pk', KeyType => 'HASH'),
					obj(AttributeName => 'g', KeyType => 'HASH'),
					obj(AttributeName => 'm', KeyType => 'RANGE'),
					obj(AttributeName => 'sk', KeyType => 'RANGE') ],
				Projection => obj(ProjectionType => 'KEYS_ONLY')) ],
		  LocalSecondaryIndexes => [
			obj(IndexName => 'lsi',
				KeySchema => [ obj(AttributeName => 'pk', KeyType => 'HASH'),
					obj(AttributeName => 'g', KeyType => 'RANGE') ],
				Projection => obj(ProjectionType => 'ALL')) ];
	}
	return obj(TableName => $name, AttributeDefinitions => \@definitions,
		KeySchema => \@keys, BillingMode => 'PAY_PER_REQUEST', @more);
}

# The requests that make the tables which the others are about.
sub setup
{
	my ($self) = @_;
	return map { [ 'CreateTable', octets(to_json($self->table($_))) ] } @tables;
}

# Sensible requests; the number is how often, relative to the others.
my %templates = (
	CreateTable => [ 2, sub {
		my ($self, $table) = @_;
		my $request = $self->table($table);
		$request->[0][1] = $self->pick('Fuzz', 'abc', $table, 'Fuzz.Other');
		push @$request, @{ obj($self->settings, $self->maybe(Tags => $self->tags)) };
		return $request;
	} ],
	UpdateTable => [ 1, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table,
			AttributeDefinitions =>
			  [ obj(AttributeName => 'h', AttributeType => 'S') ],
			$self->maybe(BillingMode => 'PROVISIONED'),
			$self->maybe(ProvisionedThroughput =>
				obj(ReadCapacityUnits => \'5', WriteCapacityUnits => \'5')),
			$self->maybe(StreamSpecification => obj(StreamEnabled => $true,
				StreamViewType => 'NEW_AND_OLD_IMAGES')),
			$self->settings,
			$self->maybe(GlobalSecondaryIndexUpdates => [ obj(
				$self->pick(qw(Create Update Delete)) =>
				obj(IndexName => $self->pick('gsi', 'gsi2', 'lsi'),
					$self->maybe(OnDemandThroughput => $self->limits),
					$self->maybe(WarmThroughput => $self->warm),
					KeySchema => [ obj(AttributeName => 'h', KeyType => 'HASH') ],
					Projection => obj(ProjectionType => 'KEYS_ONLY'))) ]));
	} ],
	DeleteTable => [ 1, sub { obj(TableName => 'Fuzz') } ],
	DescribeTable => [ 1, sub { obj(TableName => $_[1]) } ],
	ListTables => [ 1, sub {
		obj($_[0]->maybe(Limit => \'2'),
			$_[0]->maybe(ExclusiveStartTableName => 'Fuzz'))
	} ],
	DescribeTimeToLive => [ 1, sub { obj(TableName => $_[1]) } ],
	UpdateTimeToLive => [ 1, sub {
		obj(TableName => $_[1], TimeToLiveSpecification =>
			  obj(Enabled => $_[0]->pick($true, $false), AttributeName => 'ttl'))
	} ],
	DescribeContinuousBackups => [ 1, sub { obj(TableName => $_[1]) } ],
	TagResource => [ 1, sub {
		obj(ResourceArn => arn($_[1]), Tags => $_[0]->tags)
	} ],
	UntagResource => [ 1, sub {
		obj(ResourceArn => arn($_[1]), TagKeys => [ $_[0]->pick('k', 'K', 'x') ])
	} ],
	ListTagsOfResource => [ 1, sub { obj(ResourceArn => arn($_[1])) } ],
	DescribeLimits => [ 1, sub { obj() } ],
	DescribeEndpoints => [ 1, sub { obj() } ],
	PutItem => [ 12, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, Item => $self->item($table),
			$self->write_options);
	} ],
	GetItem => [ 8, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, Key => $self->key($table),
			$self->maybe(ConsistentRead => $true),
			$self->maybe(ReturnConsumedCapacity => 'INDEXES'),
			$self->either([ AttributesToGet => [ 'a', 'pk' ] ],
				[ $self->expressions('ProjectionExpression') ]));
	} ],
	UpdateItem => [ 16, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, Key => $self->key($table),
			$self->maybe(ReturnValues =>
				$self->pick(qw(NONE ALL_OLD UPDATED_OLD ALL_NEW UPDATED_NEW))),
			$self->either(
				[ AttributeUpdates => $self->per_attribute('attribute_update'),
					$self->chance(3) ? $self->conditions(Expected => 'expected') : () ],
				[ $self->expressions('UpdateExpression',
					$self->chance(3) ? 'ConditionExpression' : ()) ]));
	} ],
	DeleteItem => [ 5, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, Key => $self->key($table),
			$self->write_options);
	} ],
	Query => [ 12, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, $self->read_options($table),
			$self->either(
				[ KeyConditions => $self->key_conditions,
					$self->chance(2) ? $self->conditions(QueryFilter => 'condition') : (),
					$self->maybe(AttributesToGet => [ 'a', 'pk', 'b.c' ]) ],
				[ $self->expressions('KeyConditionExpression',
					$self->chance(2) ? 'FilterExpression' : (),
					$self->chance(3) ? 'ProjectionExpression' : ()),
					$self->chance(12) ? $self->conditions(QueryFilter => 'condition') : () ]),
			$self->maybe(ScanIndexForward => $false));
	} ],
	Scan => [ 8, sub {
		my ($self, $table) = @_;
		return obj(TableName => $table, $self->read_options($table),
			$self->either([ $self->conditions(ScanFilter => 'condition') ],
				[ $self->expressions('FilterExpression',
					$self->chance(3) ? 'ProjectionExpression' : ()) ]),
			$self->chance(3) ? (Segment => \'1', TotalSegments => \'3') : ());
	} ],
	BatchGetItem => [ 4, sub {
		my ($self) = @_;
		return obj(RequestItems => obj(map {
			my $table = $_;
			$table => obj(Keys => [ map { $self->key($table) } 0 .. $self->number(3) ],
				$self->maybe(ConsistentRead => $true),
				$self->either([ AttributesToGet => [ 'a', 'pk' ] ],
					[ $self->chance(2) ? $self->expressions('ProjectionExpression') : () ]))
		} $self->some_tables),
			$self->capacity);
	} ],
	BatchWriteItem => [ 6, sub {
		my ($self) = @_;
		return obj(RequestItems => obj(map {
			my $table = $_;
			$table => [ map {
				$self->chance(3)
				  ? obj(DeleteRequest => obj(Key => $self->key($table)))
				  : obj(PutRequest => obj(Item => $self->item($table)))
			} 0 .. $self->number(4) ]
		} $self->some_tables),
			$self->capacity, $self->maybe(ReturnItemCollectionMetrics => 'SIZE'));
	} ],
	TransactGetItems => [ 4, sub {
		my ($self) = @_;
		return obj(TransactItems => [ map {
			obj(Get => obj(TableName => $_, Key => $self->key($_),
				$self->maybe($self->expressions('ProjectionExpression'))))
		} $self->some_tables ], $self->capacity);
	} ],
	TransactWriteItems => [ 10, sub {
		my ($self) = @_;
		my %kinds = (
			Put => [ 'Item' ],
			Update => [ 'Key', 'UpdateExpression' ],
			Delete => [ 'Key' ],
			ConditionCheck => [ 'Key', 'ConditionExpression' ]);
		my @actions;
		for my $table ($self->some_tables, $self->some_tables)
		{
			my $kind = $self->pick(sort keys %kinds);
			my ($what, @expressions) = @{ $kinds{$kind} };
			push @expressions, 'ConditionExpression'
			  if $kind ne 'ConditionCheck' && $self->chance(3);
			push @actions, obj($kind => obj(TableName => $table,
				$what => $what eq 'Item' ? $self->item($table) : $self->key($table),
				$self->maybe(ReturnValuesOnConditionCheckFailure => 'ALL_OLD'),
				@expressions ? $self->expressions(@expressions) : ()));
		}
		return obj(TransactItems => \@actions,
			$self->maybe(ClientRequestToken => 'token' . $self->number(3)),
			$self->capacity, $self->maybe(ReturnItemCollectionMetrics => 'SIZE'));
	} ],
	ExecuteStatement => [ 6, sub {
		my ($self, $table) = @_;
		obj($self->statement($table, 6), $self->maybe(Limit => \($self->number(3) + 1)),
			$self->maybe(NextToken => $self->pick('abc', 'AQ==',
				'AQAAAAAAAAAAAAAAAA==', 'AQ' . 'A' x 100)),
			$self->maybe(ReturnConsumedCapacity => 'INDEXES'),
			$self->maybe(ConsistentRead => $true))
	} ],
	BatchExecuteStatement => [ 2, sub {
		my ($self, $table) = @_;
		my $kinds = $self->pick(1, 5, 6);
		obj(Statements => [ map { obj($self->statement($table, $kinds)) } 1 .. 3 ],
			$self->maybe(ReturnConsumedCapacity => 'TOTAL'))
	} ],
	ExecuteTransaction => [ 2, sub {
		my ($self, $table) = @_;
		my $kinds = $self->pick(1, 5, 6);
		obj(TransactStatements =>
			  [ map { obj($self->statement($table, $kinds)) } 1 .. 3 ],
			$self->maybe(ClientRequestToken => 'token'))
	} ],
	ListStreams => [ 1, sub { obj($_[0]->maybe(TableName => $_[1]), Limit => \'5') } ],
	DescribeStream => [ 1, sub {
		obj(StreamArn => arn($_[1]) . '/stream/2024-01-01T00:00:00.000')
	} ],
	GetShardIterator => [ 1, sub {
		obj(StreamArn => arn($_[1]) . '/stream/2024-01-01T00:00:00.000',
			ShardId => 'shardId-00000000000000000000-00000000',
			ShardIteratorType => 'TRIM_HORIZON')
	} ],
	GetRecords => [ 1, sub { obj(ShardIterator => 'x' x 40, Limit => \'10') } ],
);

my @operations =
  map { ($_) x $templates{$_}[0] } sort keys %templates;

sub new
{
	my ($class, %options) = @_;
	my $self = bless { state => ($options{seed} // 1) & 0xFFFFFFFF }, $class;
	$self->number(2) for 1 .. 8;
	return $self;
}

# One request: its operation and its text.
sub next
{
	my ($self) = @_;
	my $operation = $self->pick(@operations);
	my $request = $templates{$operation}[1]->($self, $self->pick(@tables));

	$self->mutate(\$request) for 1 .. $self->pick(0, 0, 1, 1, 1, 2, 3, 4);
	$operation = $self->pick('', 'getItem', "GetItem ", 'DropTable',
		$operation . 'X', $self->pick(@operations))
	  if $self->chance(60);

	my $text = to_json($request);
	$text = $self->damage($text) if $self->chance(8);
	return ($operation, octets($text));
}

# ---- random numbers ----

# An integer from 0 to n - 1 (xorshift of 32 bits).
sub number
{
	my ($self, $n) = @_;
	my $x = $self->{state} || 0x9E3779B9;

	$x ^= ($x << 13) & 0xFFFFFFFF;
	$x ^= $x >> 17;
	$x ^= ($x << 5) & 0xFFFFFFFF;
	$self->{state} = $x;
	return ($x >> 3) % $n;
}

sub pick { my $self = shift; return $_[ $self->number(scalar @_) ] }
sub chance { my ($self, $n) = @_; return $self->number($n) == 0 }
sub maybe { my $self = shift; return $self->chance(4) ? @_ : () }

# One or more of the tables
sub some_tables
{
	my ($self) = @_;
	my $first = $self->number(scalar @tables);

	return @tables[ $first .. $#tables ];
}

sub capacity
{
	my ($self) = @_;
	return $self->maybe(ReturnConsumedCapacity => $self->pick('TOTAL', 'INDEXES'));
}
sub either { my $self = shift; return @{ $self->pick(@_) } }

# ---- parts of sensible requests ----

sub arn { return "arn:aws:dynamodb:us-east-1:000000000000:table/$_[0]" }

sub tags
{
	my ($self) = @_;
	return [ map { obj(Key => $_, Value => $self->pick('v', '', "\x{e4}")) }
		$self->pick([ 'k' ], [ 'k', 'K' ], [ 'k', 'k' ], [ 'aws:k' ], [ map { "k$_" } 1 .. 50 ])->@* ];
}

sub limits
{
	my ($self) = @_;
	return obj(MaxReadRequestUnits => $self->pick(\'-1', \'7', \'0'),
		$self->maybe(MaxWriteRequestUnits => \'9'));
}

sub warm
{
	my ($self) = @_;
	return obj(ReadUnitsPerSecond => $self->pick(\'12000', \'13000', \'1'),
		$self->maybe(WriteUnitsPerSecond => \'4000'));
}

# Members of CreateTable and UpdateTable.
sub settings
{
	my ($self) = @_;
	return ($self->maybe(OnDemandThroughput => $self->limits),
		$self->maybe(WarmThroughput => $self->warm),
		$self->maybe(SSESpecification => obj(Enabled => $self->pick($true, $false),
			$self->maybe(SSEType => 'KMS'),
			$self->maybe(KMSMasterKeyId => $self->pick('', 'alias/x', "\x{0}")))),
		$self->maybe(TableClass => 'STANDARD'));
}

sub key
{
	my ($self, $table) = @_;
	return obj(pk => obj(S => 'p' . $self->number(4)),
		$table eq 'FuzzHash' ? () : (sk => obj(N => $self->number(5) . '')));
}

# Of the table, or of one of its indexes.
sub start_key
{
	my ($self, $table) = @_;
	my $key = $self->key($table);
	push @$key, [ g => obj(B => $self->pick('AA==', 'AQI=')) ] if $self->chance(2);
	push @$key, [ m => obj(S => $self->pick('m', 'n')) ] if $self->chance(4);
	return $key;
}

sub item
{
	my ($self, $table) = @_;
	my $item = $self->key($table);
	push @$item, map { [ $_, $self->value(3) ] }
	  grep { $self->chance(2) } qw(a b c d ttl);
	push @$item, [ g => obj(B => $self->pick('AA==', 'AQI=', '/////w==')) ]
	  if $self->chance(2);
	push @$item, [ m => obj(S => $self->pick('m', 'mm', "m\x{0}", 'n')) ]
	  if $self->chance(2);
	return $item;
}

# An attribute value, nested at most `depth` levels.
sub value
{
	my ($self, $depth) = @_;
	my $type = $self->number($depth > 0 ? 10 : 5);

	return obj(S => $self->pick('x', 'p1', '', 'abc def', "\x{e9}\x{1F600}")) if $type == 0;
	return obj(N => $self->pick('0', '-1.50', '1e125', '3', '00.1E-129')) if $type == 1;
	return obj(B => $self->pick('', 'AA==', 'AAEC', '/////w==')) if $type == 2;
	return obj(BOOL => $self->pick($true, $false)) if $type == 3;
	return obj(NULL => $true) if $type == 4;
	return obj(SS => [ 'a', 'b' ]) if $type == 5;
	return obj(NS => [ '1', '2.0', '-3' ]) if $type == 6;
	return obj(BS => [ 'AA==', 'AQ==' ]) if $type == 7;
	return obj(L => [ map { $self->value($depth - 1) } 1 .. $self->number(4) ])
	  if $type == 8;
	return obj(M => obj(map { $_ => $self->value($depth - 1) }
			  grep { $self->chance(2) } qw(a b c)));
}

# ---- legacy parameters ----

# A map of some attributes, each with what the method makes for it.
sub per_attribute
{
	my ($self, $method) = @_;
	my %names = map { $self->pick(qw(a b c d g m sk b.c)) => 1 }
	  1 .. $self->pick(1, 1, 2, 3);
	return obj(map { $_ => $self->$method } sort keys %names);
}

# A parameter with conditions, and mostly where it belongs ConditionalOperator.
sub conditions
{
	my ($self, $parameter, $method) = @_;
	my $map = $self->per_attribute($method);
	return ($parameter => $map, $self->chance(@$map > 1 ? 2 : 12)
		? (ConditionalOperator => $self->pick('AND', 'OR')) : ());
}

# A comparison; its values are mostly of one type.
sub condition
{
	my ($self) = @_;
	my $operator = $self->pick(qw(EQ NE IN LE LT GE GT BETWEEN NOT_NULL NULL
		  CONTAINS NOT_CONTAINS BEGINS_WITH));
	my $n = $operator =~ /NULL$/ ? 0
	  : $operator eq 'BETWEEN' ? 2 : $operator eq 'IN' ? $self->number(4) : 1;
	my @values = map { $self->value(1) } 1 .. $n;

	@values = map { $values[0] } @values unless $self->chance(4);
	@values = map { obj(N => $_) } sort { $a <=> $b } map { $self->number(9) } @values
	  if $self->chance(3);
	return obj(ComparisonOperator => $operator,
		$n ? (AttributeValueList => \@values) : ());
}

sub expected
{
	my ($self) = @_;
	return $self->pick(obj(Exists => $false), obj(Value => $self->value(2)),
		obj(Exists => $true, Value => $self->value(2)), $self->condition);
}

sub attribute_update
{
	my ($self) = @_;
	my $action = $self->pick(qw(PUT ADD DELETE));
	my $value = $action eq 'PUT' || $self->chance(4) ? $self->value(2)
	  : $self->pick(obj(SS => [ 'a', 'c' ]), obj(NS => [ '2', '7' ]),
		obj(N => '1'), obj(L => [ $self->value(1) ]));
	return obj($self->chance(9) ? () : (Action => $action),
		$action eq 'DELETE' && $self->chance(2) ? () : (Value => $value));
}

sub key_conditions
{
	my ($self) = @_;
	my $equal = sub { obj(ComparisonOperator => 'EQ', AttributeValueList => [@_]) };
	my $sort = obj(
		ComparisonOperator => $self->pick(qw(EQ LT LE GT GE BETWEEN BEGINS_WITH)),
		AttributeValueList => [ $self->pick(obj(N => '2'), obj(B => 'AQI=')) ]);
	push @{ $sort->[1][1] }, $sort->[1][1][0] if $sort->[0][1] eq 'BETWEEN';

	return obj(pk => $equal->(obj(S => 'p1')),
		$self->either([], [ sk => $sort ], [ g => $sort ], [ sk => $self->condition ]))
	  unless $self->chance(4);
	return obj(g => $equal->(obj(B => 'AQI=')), $self->maybe(sk => $sort));
}

sub write_options
{
	my ($self) = @_;
	return ($self->maybe(ReturnValues => 'ALL_OLD'),
		$self->maybe(ReturnConsumedCapacity => 'TOTAL'),
		$self->maybe(ReturnItemCollectionMetrics => 'SIZE'),
		$self->either([], [],
			[ $self->expressions('ConditionExpression') ],
			[ $self->conditions(Expected => 'expected') ]));
}

sub read_options
{
	my ($self, $table) = @_;
	return ($self->maybe(Limit => \($self->number(5) + 1)),
		$self->maybe(IndexName => $self->pick('gsi', 'lsi', 'multi')),
		$self->maybe(Select => $self->pick(qw(COUNT ALL_ATTRIBUTES
				  ALL_PROJECTED_ATTRIBUTES SPECIFIC_ATTRIBUTES))),
		$self->maybe(ExclusiveStartKey => $self->start_key($table)),
		$self->maybe(ConsistentRead => $true));
}

my %expressions = (
	ConditionExpression => [
		'attribute_exists(pk)', 'attribute_not_exists(#n)', '#n = :v',
		'a < :v OR NOT b.c[1] >= :v', 'size(#n) BETWEEN :v AND :w',
		'contains(a, :v) AND (b IN (:v, :w))', 'attribute_type(a, :v)',
		'begins_with(#n, :v)' ],
	UpdateExpression => [
		'SET #n = :v', 'SET a = if_not_exists(a, :v) + :w REMOVE b, c[0].d',
		'ADD #n :v', 'DELETE #n :v', 'SET a[5] = :v, b.c = list_append(a, :w)',
		'REMOVE #n SET d = a - :v' ],
	KeyConditionExpression => [
		'pk = :p', 'pk = :p AND sk > :k', ':k <= sk and pk = :p',
		'pk = :p AND sk BETWEEN :k AND :k', 'pk = :p AND begins_with(sk, :p)',
		'g = :b AND sk = :k', 'pk = :p AND g = :b', 'pk = :p AND g BETWEEN :b AND :b',
		'pk = :p AND g = :b AND m > :p', 'sk <= :k AND m = :p AND g = :b AND pk = :p' ],
	ProjectionExpression => [ 'a', '#n, b.c[3].d, pk', 'a[0], a[1], c' ],
);
$expressions{FilterExpression} = $expressions{ConditionExpression};

# Members for the named expressions, with the names and values they use.
sub expressions
{
	my ($self, @kinds) = @_;
	my (@members, %used);

	for my $kind (@kinds)
	{
		my $text = $self->chance(6) ? $self->soup : $self->pick(@{ $expressions{$kind} });
		push @members, $kind => $text;
		$used{$1} = 1 while $text =~ /([#:]\w+)/g;
	}
	my @names = map { $_ => $self->pick(qw(a b c g)) } grep { /^#/ } sort keys %used;
	my @values = map {
		$_ => $_ eq ':p' ? obj(S => 'p1') : $_ eq ':k' ? obj(N => '2')
		  : $_ eq ':b' ? obj(B => 'AA==') : $self->value(2)
	} grep { /^:/ } sort keys %used;
	push @members, ExpressionAttributeNames => obj(@names) if @names;
	push @members, ExpressionAttributeValues => obj(@values) if @values;
	return @members;
}

# Tokens of the expression language in random order.
sub soup
{
	my ($self) = @_;
	my @tokens = ('a', 'b', 'pk', '#n', ':v', ':w', '(', ')', '(', ')', '[',
		']', '[0]', '[99999999999999999999]', '.', ',', '=', '<>', '<', '<=',
		'>', '>=', '+', '-', 'AND', 'or', 'NOT', 'IN', 'BETWEEN', 'SET',
		'REMOVE', 'ADD', 'DELETE', 'size(', 'contains(', 'begins_with(',
		'attribute_exists(', 'attribute_type(', 'if_not_exists(',
		'list_append(', 'status', '#', ':', '"', "'", "\x{0}", "\x{e9}",
		'1', '1.5', "\n", "\t", '/*', '--', ';', '\\', 'x' x 300);
	my $glue = $self->pick(' ', ' ', '');

	return join($glue, map { $self->pick(@tokens) } 1 .. 1 + $self->number(30))
	  if !$self->chance(10);

	# too much of one thing
	my ($open, $middle, $close) = @{ $self->pick([ '(', 'a = :v', ')' ],
			[ 'NOT ', 'a = :v', '' ], [ '', 'a = :v', ' AND a = :v' ],
			[ 'SET a = list_append(', 'a', ', :v)' ], [ 'a.', 'a', '' ],
			[ '', 'a', '[0]' ], [ '', 'a', ', a' ], [ '', 'SET a = :v', ', b = :v' ]) };
	my $times = $self->pick(2, 33, 150, 301, 1000, 20000);
	return ($open x $times) . $middle . ($close x $times);
}

# Statement and Parameters: SELECT, of the first `kinds` kinds, or damaged.
sub statement
{
	my ($self, $table, $kinds) = @_;
	my $text = $self->statement_text($table, $kinds);

	if ($self->chance(4))
	{
		# drop, double or swap a token, or put in another one
		my @tokens = split /(\s+|[(),.=<>\[\]{}?'"])/, $text;
		for (1 .. 1 + $self->number(3))
		{
			splice @tokens, $self->number(scalar @tokens), $self->number(2),
			  $self->number(2) ? $self->pick(@tokens) : $self->pick('NOT', 'AND', 'IS',
				'MISSING', 'NULL', '?', "'", '"', '<<', '>>', '(', ']', '{', ':', '-',
				'1e400', '--', '/*', ';', '.', '*', '||', "\x{0}", "\x{10FFFF}", "\x{e9}",
				'RETURNING ALL OLD *', 'ORDER BY sk DESC', 'size(', 'begins_with');
		}
		$text = join '', @tokens;
	}
	return (Statement => $text,
		$text =~ /\?/ && !$self->chance(10) ?
		  (Parameters => [ map { $self->value(2) } $text =~ /\?/g ]) : ());
}

sub statement_text
{
	my ($self, $table, $kinds) = @_;
	my $name = $self->pick($table, "\"$table\"");
	my $kind = $self->number($kinds);
	my $key = $table eq 'FuzzHash' ? "pk = 'p1'" : "pk = 'p1' AND sk = 1";
	my $more = $self->chance(2) ? '' : ' AND ' . $self->where(2);

	# only reads of one item
	return "SELECT * FROM $name WHERE $key" if $kinds == 1;
	if ($kind <= 1 && $kinds == 6)
	{
		my $columns = $self->pick('*', '*', 'a', 'pk, a.b[0], "c"', "a['b'], m");
		my $index = $self->chance(3) ? '.' . $self->pick('gsi', 'lsi', '"multi"') : '';
		my $where = $self->chance(5) ? '' : ' WHERE ' .
		  $self->pick($self->where(3), "$key$more", "pk IN ['p1', 'p2'] AND " . $self->where(2));
		return "SELECT $columns FROM $name$index$where" .
		  $self->pick('', '', ' ORDER BY sk DESC', ' ORDER BY pk, sk');
	}
	return "INSERT INTO $name VALUE {'pk': " . $self->pick("'p1'", "'p2'", '?') .
	  ", 'sk': 1, 'a': " . $self->literal(3) . "}" if $kind == 2;
	return "DELETE FROM $name WHERE $key$more" . $self->pick('', ' RETURNING ALL OLD *')
	  if $kind == 3;
	return "EXISTS(SELECT * FROM $name WHERE $key$more)" if $kind == 4 && $self->chance(3);
	return "UPDATE $name " . join(' ', map {
			$self->pick("SET a = " . $self->literal(2), 'SET a = a + 1', 'REMOVE b',
				'SET b.c[1] = if_not_exists(b, ?), c = list_append(a, [1])',
				"SET d = set_add(d, <<'x'>>)", 'SET d = set_delete(d, ?)',
				'SET a = 1 + 2 - (3 - 4)', 'SET m = pk')
		} 1 .. 1 + $self->number(2)) . " WHERE $key$more" .
	  $self->pick('', ' RETURNING ALL NEW *', ' RETURNING MODIFIED OLD *');
}

# A condition, nested at most `depth` levels.
sub where
{
	my ($self, $depth) = @_;
	my $left = $self->pick('a', 'b.c', 'pk', 'sk', 'g', 'm', 'size(a)', "\"d\"", 'c[0]');
	my $right = $self->pick('?', '1', "'p1'", "'x'", 'b', $self->literal(1));

	if ($depth > 0 && $self->chance(2))
	{
		my $operator = $self->pick('AND', 'or', 'AND NOT');
		return '(' . $self->where($depth - 1) . " $operator " . $self->where($depth - 1) . ')';
	}

	# too much of one thing
	return $self->pick('NOT ', '(') x $self->pick(50, 301, 4000) . 'a = 1' if $self->chance(60);
	return 'a IN (' . join(',', 1 .. $self->pick(99, 100, 101, 1500)) . ')' if $self->chance(60);
	return 'a = ' . $self->pick('[', "{'a':") x $self->pick(31, 34, 900) if $self->chance(60);
	return $self->pick("$left = $right", "$left <> $right", "$left < $right",
		"$right >= $left", "$left BETWEEN 1 AND 2", "$left IN ($right, 1)",
		"$left IN ['p1', 'p2', 1]", "$left IS MISSING", "$left IS NOT NULL",
		"contains($left, $right)", "begins_with($left, 'p')",
		"attribute_type($left, 'S')", 'NOT attribute_exists(a)');
}

# A value as statements write it.
sub literal
{
	my ($self, $depth) = @_;
	my $kind = $self->number($depth > 0 ? 8 : 5);

	return $self->pick("'x'", "''", "'it''s'", "'\x{e9}\x{1F600}\x{0}'") if $kind <= 1;
	return $self->pick('1', '-1.50', '+.5', '1e125', '1e400', '123456789012345678901234567890123456789')
	  if $kind == 2;
	return $self->pick('true', 'NULL', 'MISSING', 'false') if $kind == 3;
	return '?' if $kind == 4;
	return $self->pick("<<1, 2>>", "<<'a'>>", '<<>>', "<<1, 'a'>>", '<<?>>') if $kind == 5;
	return '[' . join(', ', map { $self->literal($depth - 1) } 1 .. $self->number(4)) . ']'
	  if $kind == 6;
	return '{' . join(', ', map { "'" . $self->pick('a', 'b', '', 'x' x 300) . "': " .
			$self->literal($depth - 1) } 1 .. $self->number(4)) . '}';
}

# ---- oddities ----

sub odd_string
{
	my ($self) = @_;
	my $kind = $self->number(14);

	return $self->soup if $kind == 0;
	return '' if $kind == 1;
	return 'x' x $self->pick(3, 254, 255, 256, 1025, 2049, 4097, 65535, 65536)
	  if $kind == 2;
	return 'x' x $self->pick(400_000, 409_600, 1_100_000)
	  if $kind == 3 && $self->chance(10);
	return "\x{0}" x (1 + $self->number(3)) if $kind == 4;
	return $self->pick("\x{10FFFF}", "\x{10FFFF}0", "\x{10FFFF}1", "\x{10FFFF}\x{0}2")
	  if $kind == 5;
	return $self->pick("\x{FEFF}a", "e\x{301}", "\x{200B}", "\x{202E}abc",
		"\x{1F468}\x{200D}\x{1F469}", "\x{FFFD}", "\x{7F}\x{80}\x{85}",
		"\x{D7FF}\x{E000}") if $kind == 6;
	return $self->pick(qw(NaN Infinity -Infinity 1e 0x10 + . -. 1_000 +.5e+1
		  1e126 1E-131 99999999999999999999999999999999999999
		  999999999999999999999999999999999999999 -0 1e99999999999), ' 1', "1\n",
		'9' x 5000, '0' x 5000 . '1', '1.' . '0' x 5000) if $kind == 7;
	return $self->pick('A', 'AAA', 'AA=A', '====', 'AAF=', 'AB==', "AAA\n", '-_8=',
		'QUJD' x 1000) if $kind == 8;
	return $self->pick("'; DROP TABLE dynamo.tables; --", '"', '$1', '%s%n%d', "\\",
		'../../etc/passwd', 'dynamo.tables', 'pg_class', "a\"b'c") if $kind == 9;
	return $self->pick(@tables, 'abc', 'a', 'gsi', 'lsi', 'pk', 'sk', 'g',
		arn('FuzzHash'), arn('FuzzIndex') . '/index/gsi', 'arn:', ':::::/', 'x' x 222)
	  if $kind == 10;
	return $self->pick(qw(true FALSE yes 0 1 HASH RANGE NONE ALL_OLD
		  ALL_NEW INDEXES COUNT EQ AND S N B SS)) if $kind == 11;
	return join '', map { chr(1 + $self->number(0x2FF)) } 1 .. 1 + $self->number(20);
}

sub odd_number
{
	my ($self) = @_;
	return \$self->pick('0', '-0', '-1', '1', '2', '1.5', '1e2', '-1e-400', '1e400',
		'2147483648', '-2147483649', '9223372036854775807',
		'9223372036854775808', '-9223372036854775809', '1' . '0' x 400,
		'0.' . '0' x 400 . '1', '99', '101', '1E+2', '1000001');
}

# Any JSON, nested at most `depth` levels.
sub anything
{
	my ($self, $depth) = @_;
	my $kind = $self->number($depth > 0 ? 9 : 6);

	return $self->odd_string if $kind <= 1;
	return $self->odd_number if $kind <= 2;
	return $self->pick($true, $false) if $kind == 3;
	return $null if $kind == 4;
	return $self->pick([], obj()) if $kind == 5;
	return [ map { $self->anything($depth - 1) } 1 .. $self->number(5) ] if $kind == 6;
	return obj(map { $self->name => $self->anything($depth - 1) } 1 .. $self->number(5))
	  if $kind == 7;
	return $self->value($depth);
}

# A name for a member: of the API, of a type, of an attribute, or odd.
sub name
{
	my ($self) = @_;
	return $self->odd_string if $self->chance(4);
	return $self->pick('#n', ':v', ':p', qw(S N B SS NS BS L M BOOL NULL pk sk g a b
		  TableName Key Item Keys Limit Select Expected Value Exists Action
		  AttributeValueList ComparisonOperator IndexName KeySchema
		  AttributeName ConditionExpression ExpressionAttributeValues
		  ExpressionAttributeNames AttributesToGet Segment TotalSegments
		  ReturnValues PutRequest DeleteRequest Put Get Update Delete
		  ProvisionedThroughput ReadCapacityUnits ConditionalOperator
		  ExclusiveStartKey UpdateExpression FilterExpression Action
		  AttributeUpdates KeyConditions QueryFilter ScanFilter));
}

# Something within something, many times over.
sub deep
{
	my ($self) = @_;
	my $levels = $self->pick(5, 30, 31, 32, 33, 34, 100, 520, 3000, 20000);
	my ($open, $close) = @{ $self->pick([ '{"L":[', ']}' ], [ '{"M":{"a":', '}}' ],
			[ '[', ']' ], [ '{"a":', '}' ]) };
	return \(($open x $levels) . '{"S":"x"}' . ($close x $levels));
}

# ---- mutation ----

# Change a tree in one random place.
sub mutate
{
	my ($self, $root) = @_;
	my $place = $root;

	# half of the changes keep the kind of what they change, so that they get
	# past the first check of the request
	my $gentle = $self->chance(2);

	# walk down to a random depth; keep the parent for what changes it
	my ($parent, $index);
	while ($gentle || !$self->chance(6))
	{
		my $node = $$place;
		last if !(is_object($node) || is_list($node)) || !@$node;
		last if $gentle && is_value($node) && $self->chance(2);
		($parent, $index) = ($node, $self->number(scalar @$node));
		$place = is_object($node) ? \$node->[$index][1] : \$node->[$index];
	}

	my $what = $self->number(16);
	my $node = $$place;
	if ($gentle)
	{
		$$place =
		    is_value($node) ? $self->value(4)
		  : !ref $node ? $self->odd_string
		  : ref $node eq 'SCALAR' && $$node =~ /^-?\d/ ? $self->odd_number
		  : ref $node eq 'SCALAR' ? $self->pick($true, $false, $null)
		  : $node;
	}
	elsif ($what == 0 && $parent)
	{
		splice @$parent, $index, 1;
	}
	elsif ($what == 1 && is_object($parent))
	{
		# twice, with the same value or another one
		splice @$parent, $self->number(scalar @$parent + 1), 0,
		  [ $parent->[$index][0],
			$self->chance(2) ? $parent->[$index][1] : $self->anything(2) ];
	}
	elsif ($what == 2 && is_object($parent))
	{
		my $name = $parent->[$index][0];
		$parent->[$index][0] =
		  $self->pick(lc $name, uc $name, "$name ", $self->name, $self->name);
	}
	elsif ($what <= 4 && (is_object($node) || is_list($node)))
	{
		splice @$node, $self->number(scalar @$node + 1), 0,
		  is_object($node) ? [ $self->name, $self->anything(2) ] : $self->anything(2);
	}
	elsif ($what == 5 && is_list($parent))
	{
		my $copies = $self->pick(1, 3, 24, 25, 26, 99, 101, 300);
		splice @$parent, $index, 0, ($node) x $copies;
	}
	elsif ($what == 6 && is_object($node))
	{
		my $count = $self->pick(3, 26, 101, 300);
		push @$node, map { [ "x$_", @$node ? $node->[0][1] : 'x' ] } 1 .. $count;
	}
	elsif ($what == 7)
	{
		$$place = $self->pick([$node], obj(a => $node), obj(S => $node),
			obj(L => [$node]), obj(M => obj(a => $node)));
	}
	elsif ($what == 8)
	{
		$$place = $self->deep;
	}
	elsif ($what == 9)
	{
		$$place = $null;
	}
	elsif ($what <= 11 && !ref $node)
	{
		$$place = $self->odd_string;
	}
	elsif ($what == 12 && ref $node eq 'SCALAR')
	{
		$$place = $self->odd_number;
	}
	elsif ($what == 13)
	{
		$$place = $self->value(4);
	}
	else
	{
		$$place = $self->anything(3);
	}
	return;
}

# Damage the text of a request.
sub damage
{
	my ($self, $text) = @_;
	my $where = $self->number(length($text) + 1);
	my $what = $self->number(10);

	return substr($text, 0, $where) if $what <= 1;
	return '' if $what == 2 && $self->chance(4);
	return join('', map { chr(1 + $self->number(0xD7FE)) } 1 .. 1 + $self->number(200))
	  if $what == 3;
	return $text . $self->pick('}', ']', ',', ' {}', "\x{FEFF}", '//x', $text) if $what == 4;
	return $self->pick("\x{FEFF}", ' ', "\n\t\r", ',', "\x{1}", '[') . $text if $what == 5;
	return '' . ${ $self->deep } if $what == 6;
	for (1 .. 1 + $self->number(4))
	{
		$where = $self->number(length($text) + 1);
		my $length = $self->number(2);
		$length = 0 if $where + $length > length $text;
		substr $text, $where, $length,
		  $self->pick('"', '{', '}', '[', ']', ',', ':', '\\', '\\u00', '\\ud800',
			'\\udc00x', '\\u0000', "\x{1}", "\x{1F}", '0', '-', 'e', '.', 'null',
			'tru', "\x{10FFFF}", "\x{C9}", '');
	}
	return $text;
}

# ---- text ----

sub to_json
{
	my ($node) = @_;

	return '{' . join(',', map { quote($_->[0]) . ':' . to_json($_->[1]) } @$node) . '}'
	  if is_object($node);
	return '[' . join(',', map { to_json($_) } @$node) . ']' if is_list($node);
	return $$node if ref $node;
	return quote($node);
}

sub quote
{
	my ($string) = @_;
	$string =~ s/(["\\])/\\$1/g;
	$string =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;
	return "\"$string\"";
}

# UTF-8 without NUL bytes.
sub octets
{
	my ($text) = @_;
	$text =~ s/\x00/?/g;
	utf8::encode($text);
	return $text;
}

1;
