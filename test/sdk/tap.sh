# tap.sh: TAP from bash, and the AWS CLI; to be sourced.

AWS=/usr/bin/aws
tests=0
failed=0

# The CLI of Debian's package, at the endpoint
aws()
{
	"$AWS" --endpoint-url "$DYNAMO_ENDPOINT" --output json "$@"
}

# ok STATUS NAME: a test that passed if STATUS is 0
ok()
{
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $2"
	fi
}

# is GOT EXPECTED NAME: compare two texts
is()
{
	local status=0

	[ "$1" = "$2" ] || status=1
	ok $status "$3"
	if [ $status != 0 ]; then
		diff -u --label expected <(echo "$2") --label got <(echo "$1") |
			sed 's/^/# /'
	fi
}

# like GOT REGEX NAME: match a text
like()
{
	local status=0

	[[ $1 =~ $2 ]] || status=1
	ok $status "$3"
	[ $status = 0 ] || printf '%s\n' "got: $1" "expected: $2" | sed 's/^/# /'
}

# End with the plan, and with the status that says how it went
done_testing()
{
	echo "1..$tests"
	[ "$failed" = 0 ]
	exit
}
