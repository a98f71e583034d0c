\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
CREATE SCHEMA placement;
SET search_path = placement, public;

-- keys as the extension encodes them: hash, length, partition key, sort key
CREATE FUNCTION make_key(collection int, sort int) RETURNS bytea
	LANGUAGE sql IMMUTABLE AS
	$$SELECT substr(sha256(int4send(collection)), 1, 4) || '\x08'
		|| convert_to(lpad(collection::text, 8, '0'), 'UTF8') || int4send(sort)$$;

-- a fixed shuffle
CREATE FUNCTION shuffled(text) RETURNS int
	LANGUAGE sql IMMUTABLE AS
	$$SELECT ('x' || substr(md5($1), 1, 7))::bit(28)::int$$;

-- rows of 19 to a page; arrival: all collections in turn, or shuffled
CREATE TABLE workload (collection int, sort int, arrival bigint);
CREATE FUNCTION make_workload(collections int, items int, arrival text,
							  keys text) RETURNS void
	LANGUAGE sql AS $$
	TRUNCATE workload;
	INSERT INTO workload
		SELECT c, CASE keys WHEN 'ascending' THEN i
						ELSE shuffled('key ' || c || '/' || i) END,
			CASE arrival WHEN 'in turn' THEN i * 1000000::bigint + c
				ELSE shuffled('arrival ' || c || '/' || i) END
		FROM generate_series(1, collections) c, generate_series(1, items) i
$$;

-- pages of the table; pages touched by a query of each collection, on average
CREATE FUNCTION measure(method text, OUT pages numeric, OUT touched numeric)
	LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS items;
	EXECUTE format('CREATE TABLE items (key bytea NOT NULL, item jsonb '
				   'NOT NULL, PRIMARY KEY (key)) USING %I', method);
	INSERT INTO items
		SELECT make_key(collection, sort), jsonb_build_object('a', repeat('x', 360))
		FROM workload ORDER BY arrival, collection;
	pages := pg_relation_size('items') / current_setting('block_size')::int;
	SELECT avg(n) INTO touched FROM (
		SELECT count(DISTINCT (ctid::text::point)[0]) n
		FROM items GROUP BY substr(key, 1, 13)) AS c;
END
$$;

CREATE FUNCTION compare(collections int, items int, arrival text, keys text,
						OUT to_ideal numeric, OUT to_heap numeric,
						OUT size numeric)
	LANGUAGE plpgsql AS $$
DECLARE
	heap record;
	dynamo record;
BEGIN
	PERFORM make_workload(collections, items, arrival, keys);
	heap := measure('heap');
	dynamo := measure('dynamo');
	to_ideal := dynamo.touched / (heap.pages / collections);
	to_heap := dynamo.touched / heap.touched;
	size := dynamo.pages / heap.pages;
END
$$;

-- collections of several pages
SELECT to_ideal <= 2.5 AS touched, size <= 1.35 AS size
	FROM compare(200, 100, 'in turn', 'ascending');
SELECT to_ideal <= 2.5 AS touched, size <= 1.35 AS size
	FROM compare(200, 100, 'in turn', 'random');
SELECT to_ideal <= 2.5 AS touched, size <= 1.35 AS size
	FROM compare(200, 100, 'shuffled', 'ascending');
SELECT to_ideal <= 2.5 AS touched, size <= 1.35 AS size
	FROM compare(200, 100, 'shuffled', 'random');

-- of about a page, which are there by the time they could have one
SELECT to_heap <= 0.4 AS touched, size <= 1.35 AS size
	FROM compare(500, 20, 'in turn', 'ascending');
SELECT to_heap <= 0.4 AS touched, size <= 1.35 AS size
	FROM compare(500, 20, 'shuffled', 'random');

-- of ten items
SELECT to_heap <= 0.65 AS touched, size <= 1.35 AS size
	FROM compare(1000, 10, 'in turn', 'ascending');
SELECT to_heap <= 0.65 AS touched, size <= 1.35 AS size
	FROM compare(1000, 10, 'shuffled', 'random');

-- collections that do not grow leave no holes
SELECT size <= 1.35 AS size FROM compare(2500, 4, 'shuffled', 'ascending');
SELECT size <= 1.15 AS size FROM compare(10000, 1, 'in turn', 'ascending');

-- COPY: one batch of a few hundred rows lies in the order of the keys
SELECT make_workload(10, 100, 'shuffled', 'random');
CREATE TABLE copied (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
CREATE TABLE copied_heap (LIKE copied INCLUDING ALL) USING heap;
\getenv abs_builddir PG_ABS_BUILDDIR
\set copy_file :abs_builddir '/results/placement.data'
\set copy_out '\\copy (SELECT make_key(collection, sort), jsonb_build_object(''a'', repeat(''x'', 360)) FROM placement.workload ORDER BY arrival) TO ' :copy_file
:copy_out
\set copy_in '\\copy placement.copied FROM ' :copy_file
:copy_in
\set copy_in '\\copy placement.copied_heap FROM ' :copy_file
:copy_in
SELECT count(*) = 1000 AS complete FROM copied JOIN copied_heap USING (key, item);
SELECT max(n) <= 14 AS touched FROM (
	SELECT count(DISTINCT (ctid::text::point)[0]) n
	FROM copied GROUP BY substr(key, 1, 13)) AS c;
SELECT pg_relation_size('copied') <= 1.35 * pg_relation_size('copied_heap') AS size;

-- an update that does not fit beside its old version stays with the collection
SELECT make_workload(50, 40, 'in turn', 'ascending');
SELECT measure('dynamo') IS NOT NULL AS loaded;
UPDATE items SET item = item || jsonb_build_object('b', repeat('y', 200))
	WHERE shuffled(key::text) % 2 = 0;
SELECT avg(n) <= 12 AS touched FROM (
	SELECT count(DISTINCT (ctid::text::point)[0]) n
	FROM items GROUP BY substr(key, 1, 13)) AS c;

-- room that VACUUM finds is used again
CREATE TABLE reused (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
INSERT INTO reused SELECT make_key(c, i), jsonb_build_object('a', repeat('x', 360))
	FROM generate_series(1, 100) i, generate_series(1, 20) c;
SELECT pg_relation_size('reused') AS size_before \gset
DELETE FROM reused WHERE substr(key, 14) <= int4send(90);
VACUUM reused;
INSERT INTO reused SELECT make_key(c, i), jsonb_build_object('a', repeat('x', 360))
	FROM generate_series(1, 90) i, generate_series(101, 120) c;
SELECT pg_relation_size('reused') <= 1.25 * :size_before AS reused;

-- no sort key: no collections, exactly heap
CREATE TABLE no_sort (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
CREATE TABLE no_sort_heap (LIKE no_sort INCLUDING ALL) USING heap;
INSERT INTO no_sort SELECT substr(make_key(i, 1), 1, 13), '{}' FROM generate_series(1, 3000) i;
INSERT INTO no_sort_heap SELECT substr(make_key(i, 1), 1, 13), '{}' FROM generate_series(1, 3000) i;
SELECT count(*) = 3000 AS same_place FROM no_sort a JOIN no_sort_heap b USING (key)
	WHERE a.ctid = b.ctid;

-- keys that are none: every length up to the shortest real one, and too short
-- for the length they claim
CREATE TABLE odd (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
INSERT INTO odd VALUES ('', '{}'), ('\x00', '{}'), ('\x00000000', '{}'),
	('\x0000000000', '{}'), ('\x000000000000', '{}'), ('\x00000000ff00', '{}'),
	('\x00000000fe00', '{}');
-- a digested partition key, and sort keys long enough to be compressed
INSERT INTO odd SELECT '\x00000001ff' || sha256('x') || int4send(i), '{}' FROM generate_series(1, 500) i;
INSERT INTO odd SELECT '\x0000000201aa' || convert_to(repeat('z', 1000) || lpad(i::text, 4, '0'), 'UTF8'),
	'{}' FROM generate_series(1, 500) i;
SELECT count(*) FROM odd;

-- empty pages, transactions and truncation between insertions
BEGIN;
TRUNCATE items;
INSERT INTO items SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 20) c;
TRUNCATE items;
INSERT INTO items SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 20) c;
SAVEPOINT s;
DELETE FROM items;
INSERT INTO items SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 20) c;
ROLLBACK TO s;
COMMIT;
DELETE FROM items;
VACUUM items;
SELECT pg_relation_size('items') = 0 AS truncated;
INSERT INTO items SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 20) c;
SELECT count(*) FROM items;

-- a table made and truncated in place in the same transaction
BEGIN;
CREATE TABLE in_place (key bytea NOT NULL, item jsonb NOT NULL, PRIMARY KEY (key)) USING dynamo;
INSERT INTO in_place SELECT make_key(c, i), '{}' FROM generate_series(1, 50) i, generate_series(1, 40) c;
TRUNCATE in_place;
INSERT INTO in_place SELECT make_key(c, i), '{}' FROM generate_series(1, 2) i, generate_series(1, 40) c;
COMMIT;
SELECT count(*) FROM in_place;

DROP SCHEMA placement CASCADE;
