# common.sh: what the scripts share; to be sourced by bash.
#
# Sets TOP (the checkout), PG_CONFIG and, after need_packages, BINDIR and
# PGXSDIR.  As root the server runs as SERVER_USER.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
DEFAULT_PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# Take PG_CONFIG from the environment, else version 15, else the PATH's.
find_pg_config()
{
	if [ -z "${PG_CONFIG:-}" ] || ! command -v "$PG_CONFIG" >/dev/null; then
		if [ -x "$DEFAULT_PG_CONFIG" ]; then
			case ${PG_CONFIG:-pg_config} in
				pg_config | "$DEFAULT_PG_CONFIG") PG_CONFIG=$DEFAULT_PG_CONFIG ;;
			esac
		fi
		PG_CONFIG=${PG_CONFIG:-pg_config}
	fi
	export PG_CONFIG
}

# need_packages KIND...: install or name what is missing (see ensure-packages).
need_packages()
{
	"$TOP/scripts/ensure-packages" "$@" || exit 1
	find_pg_config
	BINDIR=$("$PG_CONFIG" --bindir) || die "$PG_CONFIG does not work"
	PGXSDIR=$(dirname "$(dirname "$("$PG_CONFIG" --pgxs)")")
	if [ "$(id -u)" = 0 ]; then
		SERVER_USER=nobody
		if id postgres >/dev/null 2>&1; then
			SERVER_USER=postgres
		fi
	else
		SERVER_USER=$(id -un)
	fi
}

# Run a command as the unprivileged user the server runs as.
as_server()
{
	if [ "$(id -u)" = 0 ]; then
		runuser -u "$SERVER_USER" -- "$@"
	else
		"$@"
	fi
}

# Build, and install into the PostgreSQL of PG_CONFIG.
build_and_install()
{
	local lib ext f bindir same=yes

	make -C "$TOP" --no-print-directory -s PG_CONFIG="$PG_CONFIG" all ||
		die "the build failed"

	lib=$("$PG_CONFIG" --pkglibdir)
	ext=$("$PG_CONFIG" --sharedir)/extension
	for f in "$TOP"/dynamo.control "$TOP"/dynamo--*.sql; do
		cmp -s "$f" "$ext/$(basename "$f")" || same=no
	done
	cmp -s "$TOP/dynamo.so" "$lib/dynamo.so" || same=no
	bindir=$("$PG_CONFIG" --bindir)
	cmp -s "$TOP/src/gateway/dynamo-gateway" "$bindir/dynamo-gateway" || same=no
	if [ "$same" = yes ]; then
		return
	fi

	if [ "$(id -u)" != 0 ] &&
		! { [ -w "$lib" ] && [ -w "$ext" ] && [ -w "$bindir" ]; }; then
		say "To install the extension into $lib, run:"
		say "    sudo make -C '$TOP' install PG_CONFIG='$PG_CONFIG'"
		say "and then this command again."
		exit 1
	fi
	# A server that has the library mapped must keep the old file, so it is
	# replaced by rename rather than overwritten.
	rm -f "$lib/dynamo.so"
	make -C "$TOP" --no-print-directory -s PG_CONFIG="$PG_CONFIG" install ||
		die "the installation failed"
}

# init_cluster DATA PORT DIR: a cluster that only a socket in DIR leads to, and
# that asks nobody for a password, with the library preloaded and the settings
# of the standard input.  Output on failure only.
init_cluster()
{
	local output

	output=$({
		as_server "$BINDIR/initdb" -D "$1" -U postgres -A trust -N -E UTF8 \
			--locale=C.UTF-8 </dev/null &&
			cat - <(printf '%s\n' "port = $2" "listen_addresses = ''" \
				"unix_socket_directories = '$3'" \
				"shared_preload_libraries = 'dynamo'") |
			as_server tee -a "$1/postgresql.conf"
	} 2>&1) || { say "$output"; return 1; }
}

# decoding_settings PLUGIN...: settings of a server whose tables can have
# streams, and that other output plugins can be used on.  Minor releases from
# 2026 on load only those that are listed.
decoding_settings()
{
	local plugins="pgoutput, test_decoding, dynamo" plugin

	for plugin; do
		plugins+=", $plugin"
	done
	echo "wal_level = logical"
	if "$BINDIR/postgres" --describe-config | grep -q '^output_plugin_libraries'; then
		echo "output_plugin_libraries = '$plugins'"
	fi
}
