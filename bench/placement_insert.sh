#!/bin/sh
# Inserts per second into a heap and an item table, alternately.
#   placement_insert.sh [clients [transactions per client [rounds]]]
# Connection through the usual PG* variables; the extension is installed.
set -e
clients=${1:-8} transactions=${2:-5000} rounds=${3:-3}
script=$(mktemp)
trap 'rm -f "$script"' EXIT
cat > "$script" <<'SQL'
\set c random(1, 500)
\set s random(1, 1000000000)
INSERT INTO placement_insert VALUES (substr(sha256(int4send(:c)), 1, 4) || '\x04'::bytea || int4send(:c) || int4send(:s), jsonb_build_object('a', repeat('x', 360))) ON CONFLICT DO NOTHING;
SQL
for round in $(seq "$rounds"); do
	for method in heap dynamo; do
		psql -Xqc "DROP TABLE IF EXISTS placement_insert" \
			-c "CREATE TABLE placement_insert (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING $method" 2>/dev/null
		tps=$(pgbench -n -M prepared -c "$clients" -j 2 -t "$transactions" \
			-f "$script" | sed -n 's/^tps = \([0-9]*\).*/\1/p')
		psql -XAtc "SELECT '$method', $tps || ' tps', pg_relation_size('placement_insert') / 8192 || ' pages',
			(SELECT round(avg(n), 1) || ' touched of ' || round(avg(m), 1) || ' items'
			 FROM (SELECT count(DISTINCT (ctid::text::point)[0]) n, count(*) m
				   FROM placement_insert GROUP BY substr(key, 1, 9)) c)"
	done
done
