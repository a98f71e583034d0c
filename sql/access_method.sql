\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
CREATE SCHEMA am;
SET search_path = am, public;

CREATE FUNCTION make_key(collection int, sort int) RETURNS bytea
	LANGUAGE sql IMMUTABLE AS
	$$SELECT substr(sha256(int4send(collection)), 1, 4) || '\x04'
		|| int4send(collection) || int4send(sort)$$;
CREATE FUNCTION methods(relation regclass) RETURNS text
	LANGUAGE sql AS
	$$SELECT am.amname || ', toast ' || coalesce(tam.amname, 'none')
		FROM pg_class c JOIN pg_am am ON am.oid = c.relam
			LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
			LEFT JOIN pg_am tam ON tam.oid = t.relam
		WHERE c.oid = relation$$;

SELECT amtype, amhandler FROM pg_am WHERE amname = 'dynamo';
SELECT obj_description(oid, 'pg_am') FROM pg_am WHERE amname = 'dynamo';

CREATE TABLE items (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
SELECT methods('items');
INSERT INTO items
	SELECT make_key(c, i), jsonb_build_object('n', i, 'c', c)
	FROM generate_series(1, 50) i, generate_series(1, 40) c;
SELECT count(*), count(DISTINCT key) FROM items;

-- a value that is toasted
INSERT INTO items SELECT make_key(1, 100), jsonb_build_object('big',
	(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 4000) i));
SELECT length(item->>'big') FROM items WHERE key = make_key(1, 100);

-- update, delete, upsert, locking, returning
UPDATE items SET item = item || '{"u": 1}' WHERE (item->>'n')::int = 7;
DELETE FROM items WHERE (item->>'n')::int = 8;
INSERT INTO items VALUES (make_key(1, 1), '{"upsert": true}')
	ON CONFLICT (key) DO UPDATE SET item = EXCLUDED.item RETURNING item;
INSERT INTO items VALUES (make_key(1, 1), '{}') ON CONFLICT DO NOTHING;
INSERT INTO items VALUES (make_key(2, 200), '{"upsert": true}')
	ON CONFLICT (key) DO UPDATE SET item = EXCLUDED.item RETURNING item;
INSERT INTO items VALUES (make_key(1, 1), '{}');
SELECT count(*) FROM (SELECT FROM items WHERE (item->>'n')::int < 3 FOR UPDATE) AS locked;
MERGE INTO items USING (VALUES (make_key(3, 300), 'new'), (make_key(3, 1), 'old')) AS v (k, t) ON key = k
	WHEN MATCHED THEN UPDATE SET item = '{"merge": "matched"}'
	WHEN NOT MATCHED THEN INSERT VALUES (k, '{"merge": "not matched"}');
SELECT item FROM items WHERE item ? 'merge' ORDER BY key;
SELECT count(*) FROM items;

-- an index build, and one that fails: the table keeps its access method
CREATE INDEX items_n ON items (((item->>'n')::int));
CREATE FUNCTION fail(jsonb) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN RAISE 'no index'; END$$;
CREATE INDEX ON items (fail(item));
CREATE INDEX CONCURRENTLY items_fail ON items (fail(item));
DROP INDEX items_fail;
-- a build in which a function inserts into another item table
CREATE TABLE log (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
CREATE FUNCTION write_log(k bytea) RETURNS void LANGUAGE sql VOLATILE AS
	$$INSERT INTO am.log VALUES (k, '{}') ON CONFLICT DO NOTHING$$;
CREATE FUNCTION busy(k bytea) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN
		PERFORM am.write_log(k);
		RETURN (SELECT count(*) FROM am.log WHERE key = k);
	END$$;
CREATE INDEX items_busy ON items (busy(key)) WHERE (item->>'n')::int < 3;
SELECT count(*) FROM log;
DROP INDEX items_busy;
-- an error while BRIN summarizes does not even invalidate the relcache entry
CREATE FUNCTION fail_if_set(bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS
	$$BEGIN PERFORM 1 / current_setting('am.divisor')::int; RETURN $1; END$$;
SET am.divisor = 1;
CREATE INDEX items_brin ON items USING brin (fail_if_set(key)) WITH (pages_per_range = 1);
INSERT INTO items
	SELECT make_key(c, i), jsonb_build_object('n', i, 'x', repeat('x', 360))
	FROM generate_series(1, 10) i, generate_series(51, 90) c;
SET am.divisor = 0;
SELECT brin_summarize_new_values('items_brin') > 0;
SET am.divisor = 1;
-- still placed: collections are together only on the dynamo access method
INSERT INTO items
	SELECT make_key(c, i), jsonb_build_object('n', i, 'x', repeat('x', 360))
	FROM generate_series(1, 50) i, generate_series(101, 140) c ORDER BY i, c;
SELECT avg(n) < 12 AS placed FROM (
	SELECT count(DISTINCT (ctid::text::point)[0]) n
	FROM items WHERE substr(key, 6, 4) > int4send(100) GROUP BY substr(key, 1, 9)) AS c;
SELECT brin_summarize_new_values('items_brin') > 0 AS summarized;
DROP INDEX items_brin;
TRUNCATE items;
INSERT INTO items
	SELECT make_key(c, i), jsonb_build_object('n', i, 'x', repeat('x', 360))
	FROM generate_series(1, 50) i, generate_series(1, 40) c;
SELECT methods('items');

-- concurrent builds, each kind of index
CREATE INDEX CONCURRENTLY items_c ON items ((item->>'n'));
CREATE INDEX CONCURRENTLY items_gin ON items USING gin (item);
CREATE INDEX items_brin ON items USING brin (key);
CREATE INDEX items_hash ON items USING hash (key);
REINDEX INDEX CONCURRENTLY items_pkey;
REINDEX TABLE CONCURRENTLY items;
REINDEX TABLE items;
SET enable_seqscan = off;
SELECT count(*) FROM items WHERE (item->>'n')::int = 9;
SELECT count(*) FROM items WHERE item @> '{"n": 9}';
SELECT count(*) FROM items WHERE key = make_key(5, 5);
RESET enable_seqscan;
INSERT INTO items SELECT make_key(c, 60), '{"n": 60}' FROM generate_series(1, 40) c;
SELECT count(*) FROM items WHERE item @> '{"n": 60}';
-- an index that is there but not valid does not show the way
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_pkey'::regclass;
INSERT INTO items SELECT make_key(c, 61), '{"n": 61}' FROM generate_series(1, 40) c;
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'items_pkey'::regclass;
INSERT INTO items SELECT make_key(c, 62), '{"n": 62}' FROM generate_series(1, 40) c;
ALTER TABLE items DROP CONSTRAINT items_pkey;
INSERT INTO items SELECT make_key(c, 63), '{"n": 63}' FROM generate_series(1, 40) c;
ALTER TABLE items ADD PRIMARY KEY (key);
INSERT INTO items SELECT make_key(c, 64), '{"n": 64}' FROM generate_series(1, 40) c;
SELECT count(*) FROM items;

-- maintenance and rewrites
DELETE FROM items WHERE (item->>'n')::int % 5 = 0;
VACUUM (FREEZE, INDEX_CLEANUP on) items;
ANALYZE items;
SELECT reltuples FROM pg_class WHERE oid = 'items'::regclass;
SELECT count(*) > 0 AS sampled FROM items TABLESAMPLE system (50) REPEATABLE (1);
SELECT count(*) > 0 AS sampled FROM items TABLESAMPLE bernoulli (50) REPEATABLE (1);
VACUUM FULL items;
CLUSTER items USING items_pkey;
ALTER TABLE items ADD COLUMN ix1 bytea;
ALTER TABLE items ADD COLUMN stamp timestamptz DEFAULT clock_timestamp();
INSERT INTO items (key, item) SELECT make_key(c, 65), '{"n": 65}' FROM generate_series(1, 40) c;
ALTER TABLE items SET UNLOGGED;
INSERT INTO items (key, item) SELECT make_key(c, 66), '{"n": 66}' FROM generate_series(1, 40) c;
ALTER TABLE items SET LOGGED;
SELECT methods('items'), count(*) FROM items;
ALTER TABLE items SET ACCESS METHOD heap;
INSERT INTO items (key, item) SELECT make_key(c, 67), '{"n": 67}' FROM generate_series(1, 40) c;
ALTER TABLE items SET ACCESS METHOD dynamo;
INSERT INTO items (key, item) SELECT make_key(c, 68), '{"n": 68}' FROM generate_series(1, 40) c;
SELECT methods('items'), count(*) FROM items;
BEGIN;
DECLARE backwards SCROLL CURSOR FOR SELECT key FROM items;
MOVE FORWARD ALL IN backwards;
MOVE BACKWARD ALL IN backwards;
COMMIT;
SELECT count(*) BETWEEN 1 AND 300 AS range_of_tids FROM items WHERE ctid >= '(0,1)' AND ctid < '(1,0)';

-- tables of other shapes are plain heaps
SET default_table_access_method = dynamo;
CREATE TABLE made AS SELECT i, i::text AS t FROM generate_series(1, 1000) i;
CREATE MATERIALIZED VIEW seen AS SELECT * FROM made WHERE i > 10;
REFRESH MATERIALIZED VIEW seen;
CREATE TABLE no_columns ();
INSERT INTO no_columns DEFAULT VALUES;
CREATE TABLE no_key (key bytea, item jsonb);
INSERT INTO no_key VALUES (make_key(1, 1), '{}'), (NULL, NULL);
CREATE TABLE other_key (key bytea, id int PRIMARY KEY);
INSERT INTO other_key SELECT make_key(1, i), i FROM generate_series(1, 100) i;
CREATE TABLE null_key (key bytea, id int, PRIMARY KEY (id, key));
INSERT INTO null_key SELECT make_key(1, i), i FROM generate_series(1, 100) i;
CREATE TABLE wide_key (key bytea, id int, PRIMARY KEY (key, id));
INSERT INTO wide_key SELECT make_key(1, i), i FROM generate_series(1, 100) i;
CREATE TABLE late_key (key bytea, item jsonb, PRIMARY KEY (key) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO late_key SELECT make_key(1, i), '{}' FROM generate_series(1, 100) i;
CREATE UNLOGGED TABLE fast (key bytea PRIMARY KEY, item jsonb);
INSERT INTO fast SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 40) c;
CREATE TEMP TABLE own (key bytea PRIMARY KEY, item jsonb);
INSERT INTO own SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 40) c;
CREATE TABLE sparse (key bytea PRIMARY KEY, item jsonb) WITH (fillfactor = 50);
INSERT INTO sparse SELECT make_key(c, i), jsonb_build_object('x', repeat('x', 360))
	FROM generate_series(1, 50) i, generate_series(1, 40) c;
CREATE TABLE plain_big (key bytea PRIMARY KEY, item text);
ALTER TABLE plain_big ALTER item SET STORAGE PLAIN;
INSERT INTO plain_big SELECT make_key(c, i), repeat('x', 5000) FROM generate_series(1, 5) i, generate_series(1, 4) c;
INSERT INTO plain_big VALUES (make_key(1, 9), repeat('x', 9000));
CREATE TABLE inherited () INHERITS (fast);
INSERT INTO inherited SELECT * FROM fast;
RESET default_table_access_method;
CREATE TABLE parted (key bytea, item jsonb, PRIMARY KEY (key)) PARTITION BY HASH (key);
CREATE TABLE parted0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0) USING dynamo;
CREATE TABLE parted1 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 1) USING heap;
INSERT INTO parted SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 40) c;
SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM seen), (SELECT count(*) FROM no_columns),
	(SELECT count(*) FROM no_key), (SELECT count(*) FROM other_key), (SELECT count(*) FROM wide_key),
	(SELECT count(*) FROM late_key), (SELECT count(*) FROM fast), (SELECT count(*) FROM own),
	(SELECT count(*) FROM sparse), (SELECT count(*) FROM plain_big), (SELECT count(*) FROM parted);
SELECT methods('made'), methods('seen'), methods('own');
SELECT pg_relation_size('sparse') > 1.8 * (SELECT sum(pg_column_size(s)) FROM sparse s) AS fillfactor;

-- COPY: into a new table, frozen, with triggers, with a duplicate
BEGIN;
CREATE TABLE copied (key bytea PRIMARY KEY, item jsonb) USING dynamo;
COPY copied FROM stdin (FREEZE);
\\x0000000201620000	{"n": 4}
\\x0000000101610002	{"n": 2}
\\x00000001016100	{"n": 1}
\\x0000000101	{"n": 0}
\\x0000000101610003	{"n": 3}
\.
COMMIT;
SELECT item, ctid FROM copied ORDER BY ctid;
COPY copied FROM stdin;
\\x0000000101620001	{"n": 1}
\\x0000000101620001	{"n": 2}
\.
CREATE TABLE rejected (key bytea, item jsonb) USING dynamo;
ALTER TABLE rejected ADD CONSTRAINT rejected_key UNIQUE (key);
COPY rejected FROM stdin;
\N	{"n": 1}
\\x0000000101620001	{"n": 2}
\.
SELECT count(*) FROM copied, rejected;

DROP SCHEMA am CASCADE;

-- the relcache entry of a table is rebuilt while an index is built on it
CREATE TABLE rebuilt (key bytea PRIMARY KEY, item jsonb) USING dynamo;
INSERT INTO rebuilt SELECT int4send(i), jsonb_build_object('a', i) FROM generate_series(1, 500) i;
CREATE FUNCTION rebuild_entry() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	GRANT SELECT ON public.rebuilt TO PUBLIC;
	REVOKE SELECT ON public.rebuilt FROM PUBLIC;
END $$;
CREATE FUNCTION rebuild_and_get(item jsonb) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
	IF (item->>'a')::int = 100 THEN
		PERFORM public.rebuild_entry();
	END IF;
	RETURN item->>'a';
END $$;
CREATE INDEX rebuilt_1 ON rebuilt (rebuild_and_get(item));
CREATE INDEX rebuilt_2 ON rebuilt (key) WHERE rebuild_and_get(item) > '5';
CREATE INDEX CONCURRENTLY rebuilt_3 ON rebuilt (rebuild_and_get(item));
SELECT count(*) FROM pg_index WHERE indrelid = 'rebuilt'::regclass AND indisvalid;
DROP TABLE rebuilt;
DROP FUNCTION rebuild_entry, rebuild_and_get;
