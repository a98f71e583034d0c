# common.sh: what the benchmarks share; to be sourced by bash.
#
# $work is a directory of their own, made by make_work, where start_cluster
# puts a throw-away cluster with a database "bench".

. "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"

unset PGHOST PGPORT PGUSER PGDATABASE PGSERVICE PGOPTIONS PGDATA TMPDIR
export LC_ALL=C

settings="shared_buffers = 512MB
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off"

# What is to be measured, and what measures it
build_for_bench()
{
	(build_and_install) </dev/null || exit 1
	[ -x "$BINDIR/pgbench" ] || die "$BINDIR/pgbench is missing"
}

make_work()
{
	work=$(mktemp -d /tmp/dynamo-bench.XXXXXX) || exit 1
	mkdir "$work/run"
	[ "$(id -u)" != 0 ] || chown -R "$SERVER_USER" "$work"
	chmod 755 "$work"
	export HOME=$work
	cd "$work" || exit 1
}

sql()
{
	"$BINDIR/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$work/run" -p 54327 \
		-U postgres -d bench "$@" || exit 1
}

# start_cluster: with $settings
start_cluster()
{
	say "Starting a throw-away cluster"
	init_cluster "$work/data" 54327 "$work/run" <<<"$settings" ||
		die "initdb failed"
	as_server "$BINDIR/pg_ctl" -D data -l "$work/log" -w start >/dev/null 2>&1 \
		</dev/null || { cat log; die "the server did not start"; }
	"$BINDIR/createdb" -h "$work/run" -p 54327 -U postgres bench || exit 1
}

# create_item_functions: item(keys, n) and item_key(n), in SQL
create_item_functions()
{
	sql <<'SQL'
-- An item of about 350 bytes
CREATE FUNCTION item(keys jsonb, n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT keys || jsonb_build_object(
		'Count', jsonb_build_object('N', n::text),
		'Price', jsonb_build_object('N', (n % 1000 + 0.25)::text),
		'Name', jsonb_build_object('S', 'product number ' || n),
		'Category', jsonb_build_object('S', 'category ' || n % 20),
		'Description', jsonb_build_object('S', repeat(md5(n::text), 3)),
		'Available', jsonb_build_object('BOOL', n % 3 <> 0),
		'Tags', jsonb_build_object('SS', jsonb_build_array('tag ' || n % 7, 'tag x')),
		'Size', jsonb_build_object('M', jsonb_build_object(
			'Width', jsonb_build_object('N', (n % 50)::text),
			'Height', jsonb_build_object('N', (n % 60)::text))))
$$;
CREATE FUNCTION item_key(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('Id', jsonb_build_object('S', 'item-' || n))
$$;
SQL
}

# Stop the cluster and remove $work
remove_work()
{
	as_server "$BINDIR/pg_ctl" -D "$work/data" -m immediate -w stop \
		>/dev/null 2>&1 </dev/null
	cd / && rm -rf "$work"
}

# CPU time of all backends that have ended, in clock ticks
backend_ticks()
{
	awk '{ print $16 + $17 }' "/proc/$(head -n 1 "$work/data/postmaster.pid")/stat"
}

# write_batch_script OPERATION STATEMENT: $work/OPERATION.pgbench, which runs
# the $per_batch requests of a batch in the table "sent" and takes another batch
# after $reload runs.  The i-th request is :r$i in STATEMENT.  pgbench is to be
# told -D run=0, -D clients=N and -D groups=BATCHES/N.
write_batch_script()
{
	local i list=""

	for ((i = 1; i <= per_batch; i++)); do
		list+=", max(request) FILTER (WHERE i = $i) AS r$i"
	done
	{
		echo "\\if :run % $reload = 0"
		# clients do not share batches
		echo "\\set batch :client_id + :clients * random(0, :groups - 1)"
		echo "SELECT ${list#, } FROM sent WHERE operation = '$1' AND batch = :batch \\gset"
		echo "\\endif"
		echo "\\set run :run + 1"
		for ((i = 1; i <= per_batch; i++)); do
			say "${2//\$i/$i}"
		done
	} >"$work/$1.pgbench"
}

# The median of lines that are numbers
median()
{
	sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# The lines of a report about the machine and the server
describe_machine()
{
	local cpu memory

	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	memory=$(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)
	say "- ${cpu:-unknown processor}, $(getconf _NPROCESSORS_ONLN) cores, ${memory:-unknown memory}"
	say "- PostgreSQL $(sql -c 'SHOW server_version'), $(tr '\n' ',' <<<"$settings" | sed 's/,$//; s/, */, /g')"
}

# write_section FILE TEXT: put TEXT, which begins with a line "## ...", in
# place of FILE's section of that heading, or at its end
write_section()
{
	local file=$1 text=$2

	[ -e "$file" ] || say "# Performance" >"$file"
	text=$(HEADING=${text%%$'\n'*} TEXT=$text awk '
		/^## / { skip = ($0 == ENVIRON["HEADING"]) }
		skip && !done { print ENVIRON["TEXT"] "\n"; done = 1 }
		!skip { print }
		END { if (!done) print "\n" ENVIRON["TEXT"] }' "$file") &&
		say "$text" >"$file"
}

# publish TEXT: print it, and make it a section of $output ("-": print only)
publish()
{
	say
	say "$1"
	if [ "$output" != - ]; then
		write_section "$output" "$1"
	fi
}
