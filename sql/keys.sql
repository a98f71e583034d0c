\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
RESET client_min_messages;

-- hash | length | partition key | sort key
SELECT types, vals, dynamo.key_encode(types::text[], 1, dynamo.json_to_jsonb(vals)) FROM (VALUES
	('{S}', '[{"S":"abc"}]'), ('{B}', '[{"B":"YWJj"}]'), ('{N}', '[{"N":"12.0"}]'), ('{N}', '[{"N":"1.2e1"}]'),
	('{S,S}', '[{"S":"abc"},{"S":"xyz"}]'), ('{S,N}', '[{"S":"abc"},{"N":"-1"}]'), ('{S,B}', '[{"S":"abc"},{"B":"AP8="}]'),
	('{S,S}', '[{"S":"é\u0000"},{"S":"\udbff\udfff\u0000"}]')) v(types, vals);
-- equal partitions start alike
SELECT count(DISTINCT substr(dynamo.key_encode('{S,N}', 1, jsonb_build_array('{"S":"p"}'::jsonb, jsonb_build_object('N', i::text))), 1, 6)) AS one,
	count(DISTINCT dynamo.key_partition_length(dynamo.key_encode('{S,N}', 1, jsonb_build_array('{"S":"p"}'::jsonb, jsonb_build_object('N', i::text))))) AS one_length
	FROM generate_series(1, 100) i;
-- the hash is that of hash_bytes_extended, and spreads keys evenly
SELECT count(*) FILTER (WHERE substr(dynamo.key_encode('{S}', 1, jsonb_build_array(jsonb_build_object('S', t))), 1, 4)
	<> decode(lpad(to_hex(hashtextextended(t, 0) & 4294967295), 8, '0'), 'hex')) AS other_hash
	FROM (SELECT 'key' || i AS t FROM generate_series(1, 1000) i) s;
SELECT min(n) > 200 AND max(n) < 300 AS even FROM (SELECT count(*) AS n FROM generate_series(1, 4000) i
	GROUP BY get_byte(dynamo.key_encode('{S}', 1, jsonb_build_array(jsonb_build_object('S', i::text))), 0) / 16) s;

-- long partition keys become a digest
SELECT n, length(k), get_byte(k, 4) AS length_byte, dynamo.key_partition_length(k), k = set_byte(k, 4, 255) AS digested, dynamo.key_decode('{S,S}', 1, k) IS NULL AS undecodable
	FROM (SELECT n, dynamo.key_encode('{S,S}', 1, jsonb_build_array(jsonb_build_object('S', repeat('x', n)), '{"S":"sort"}'::jsonb)) AS k FROM unnest(ARRAY[1, 253, 254, 255, 256, 2048]) n) s;
SELECT substr(dynamo.key_encode('{S}', 1, jsonb_build_array(jsonb_build_object('S', repeat('x', 1000)))), 6) = sha256(convert_to(repeat('x', 1000), 'UTF8')) AS sha256;
SELECT length(dynamo.key_encode('{S,S}', 1, jsonb_build_array(jsonb_build_object('S', repeat('x', 2048)), jsonb_build_object('S', repeat('y', 1024))))) AS longest,
	length(dynamo.key_encode('{S,S}', 1, jsonb_build_array(jsonb_build_object('S', repeat('x', 254)), jsonb_build_object('S', repeat('y', 1024))))) AS longest_inline;

-- several attributes: all but the last escaped and terminated
SELECT types, npartition, vals, substr(dynamo.key_encode(types::text[], npartition, dynamo.json_to_jsonb(vals)), 5) FROM (VALUES
	('{S,S}', 2, '[{"S":"a"},{"S":"b"}]'), ('{S,S}', 2, '[{"S":"a\u0000"},{"S":"b\u0000"}]'), ('{N,S}', 2, '[{"N":"1"},{"S":"b"}]'), ('{S,N,B}', 2, '[{"S":"a"},{"N":"1"},{"B":"AA=="}]'),
	('{S,S,S}', 1, '[{"S":"p"},{"S":"a"},{"S":"b"}]'), ('{S,B,S}', 1, '[{"S":"p"},{"B":"AAA="},{"S":"b\u0000"}]'), ('{S,N,N}', 1, '[{"S":"p"},{"N":"1"},{"N":"-1"}]')) v(types, npartition, vals);
-- prefixes: complete values end, an open one goes on
SELECT vals, open, substr(dynamo.key_encode('{S,S,S,B}', 1, dynamo.json_to_jsonb(vals), open), 5) FROM (VALUES
	('[{"S":"p"}]', false), ('[{"S":"p"},{"S":"a"}]', false), ('[{"S":"p"},{"S":"a"}]', true), ('[{"S":"p"},{"S":"a\u0000"}]', true), ('[{"S":"p"},{"S":"a"},{"S":"b"}]', true), ('[{"S":"p"},{"S":"a"},{"S":"b"},{"B":"AAA="}]', false), ('[{"S":"p"},{"S":"a"},{"S":"b"},{"B":"AAA="}]', true)) v(vals, open);

-- random keys: decode is the inverse, byte order is the order of the sort keys
CREATE TEMP TABLE words AS SELECT t FROM unnest(ARRAY['a', 'aa', 'b', 'ab', 'é', '€', '😀', '\u0000', 'a\u0000', 'a\u0000a', 'a\u0001', '\u0000\u0000', '\udbff\udfff', '\udbff\udfff0', '\udbff\udffe', 'z', '\u00ff']) t;
CREATE TEMP TABLE values_s AS SELECT dynamo.json_to_jsonb('{"S":"' || a.t || b.t || '"}') AS v FROM words a, (SELECT t FROM words UNION ALL VALUES ('')) b;
CREATE TEMP TABLE values_b AS SELECT jsonb_build_object('B', encode(decode(substr(md5(i::text), 1, 2 + 2 * (i % 4)), 'hex'), 'base64')) AS v FROM generate_series(1, 150) i
	UNION ALL SELECT jsonb_build_object('B', b) FROM unnest(ARRAY['AA==', 'AAA=', 'AAAA', '/w==', '//8=', 'AP8=', 'AQ==']) b;
SELECT setseed(0.1);
CREATE TEMP TABLE values_n AS SELECT jsonb_build_object('N', dynamo.number_normalize(((random() - 0.5) * 10 ^ floor(random() * 20 - 10))::numeric(38, 12)::text)) AS v FROM generate_series(1, 200) i;
CREATE TEMP TABLE values_all AS
	SELECT 'S' AS type, v, row_number() OVER (ORDER BY random()) AS i FROM values_s
	UNION ALL SELECT 'B', v, row_number() OVER (ORDER BY random()) FROM values_b
	UNION ALL SELECT 'N', v, row_number() OVER (ORDER BY random()) FROM values_n;
SELECT type, count(*) > 100 AS many FROM values_all GROUP BY type ORDER BY type;
-- one sort attribute
SELECT a.type, count(*) > 3000 AS many, count(*) FILTER (WHERE dynamo.attribute_value_compare(a.v, b.v) <>
		CASE WHEN a.k < b.k THEN -1 WHEN a.k > b.k THEN 1 ELSE 0 END) AS disordered,
	count(*) FILTER (WHERE dynamo.key_decode(ARRAY['S', a.type], 1, a.k) IS DISTINCT FROM jsonb_build_array('{"S":"p"}'::jsonb, a.v)) AS undecoded
	FROM (SELECT *, dynamo.key_encode(ARRAY['S', type], 1, jsonb_build_array('{"S":"p"}'::jsonb, v)) AS k FROM values_all) a
	JOIN (SELECT *, dynamo.key_encode(ARRAY['S', type], 1, jsonb_build_array('{"S":"p"}'::jsonb, v)) AS k FROM values_all) b
		ON b.type = a.type AND b.i BETWEEN a.i AND a.i + 25
	GROUP BY a.type ORDER BY a.type;
-- tuples of two sort attributes, with many equal first ones
CREATE TEMP TABLE pairs AS
	SELECT row_number() OVER (PARTITION BY a.type, b.type ORDER BY random()) AS i, ARRAY['S', a.type, b.type] AS types, a.v AS v1, b.v AS v2,
		dynamo.key_encode(ARRAY['S', a.type, b.type], 1, jsonb_build_array('{"S":"p"}'::jsonb, a.v, b.v)) AS k,
		dynamo.key_encode(ARRAY[a.type, b.type, 'S'], 2, jsonb_build_array(a.v, b.v, '{"S":"s"}'::jsonb)) AS k2
	FROM values_all a JOIN values_all b ON a.i <= 17 AND b.i <= 17;
SELECT a.types, count(*) > 3000 AS many, count(*) FILTER (WHERE coalesce(nullif(dynamo.attribute_value_compare(a.v1, b.v1), 0), dynamo.attribute_value_compare(a.v2, b.v2)) <>
		CASE WHEN a.k < b.k THEN -1 WHEN a.k > b.k THEN 1 ELSE 0 END) AS disordered,
	count(*) FILTER (WHERE a.v1 = b.v1 AND a.v2 <> b.v2) > 100 AS ties,
	count(*) FILTER (WHERE (a.k2 = b.k2) <> (a.v1 = b.v1 AND a.v2 = b.v2)) AS confused
	FROM pairs a JOIN pairs b ON b.types = a.types AND b.i BETWEEN a.i AND a.i + 12
	GROUP BY a.types ORDER BY a.types;
SELECT count(*) FILTER (WHERE dynamo.key_decode(types, 1, k) IS DISTINCT FROM jsonb_build_array('{"S":"p"}'::jsonb, v1, v2)) AS sort_wrong,
	count(*) FILTER (WHERE dynamo.key_decode(types[2:] || 'S'::text, 2, k2) IS DISTINCT FROM jsonb_build_array(v1, v2, '{"S":"s"}'::jsonb)) AS partition_wrong
	FROM pairs;
-- a prefix matches exactly the keys that have its values
SELECT count(*) FILTER (WHERE matched) > 1000 AS many, count(*) FILTER (WHERE NOT matched) > 1000 AS many_not, count(*) FILTER (WHERE matched <> same) AS wrong FROM (
	SELECT b.k >= p AND b.k < dynamo.key_prefix_successor(p) AS matched, a.v1 = b.v1 AS same
	FROM (SELECT types, v1, dynamo.key_encode(types, 1, jsonb_build_array('{"S":"p"}'::jsonb, v1)) AS p FROM pairs WHERE i <= 40) a
	JOIN pairs b ON b.types = a.types) c;
-- begins_with is a range: on the last attribute and on one before it
SELECT count(*) FILTER (WHERE matched) > 100 AS many, count(*) FILTER (WHERE matched <> begins) AS wrong, count(*) FILTER (WHERE matched2 <> begins) AS wrong_before FROM (
	SELECT dynamo.attribute_value_begins_with(b.v, a.v) AS begins,
		k >= p AND k < dynamo.key_prefix_successor(p) AS matched, k2 >= p2 AND k2 < dynamo.key_prefix_successor(p2) AS matched2
	FROM (SELECT v, dynamo.key_encode('{S,S}', 1, jsonb_build_array('{"S":"p"}'::jsonb, v), true) AS p,
			dynamo.key_encode('{S,S,N}', 1, jsonb_build_array('{"S":"p"}'::jsonb, v), true) AS p2 FROM values_s LIMIT 60) a,
		(SELECT v, dynamo.key_encode('{S,S}', 1, jsonb_build_array('{"S":"p"}'::jsonb, v)) AS k,
			dynamo.key_encode('{S,S,N}', 1, jsonb_build_array('{"S":"p"}'::jsonb, v, '{"N":"1"}'::jsonb)) AS k2 FROM values_s) b) c;

-- successor of a prefix
SELECT b, dynamo.key_prefix_successor(b) FROM (VALUES ('\x'::bytea), ('\x00'), ('\x01ff'), ('\xff'), ('\xffff'), ('\xfeffff'), ('\x616263'), ('\xff00')) v(b);

-- keys of arbitrary bytes
SELECT b, dynamo.key_partition_length(b), dynamo.key_decode('{S,S}', 1, b) IS NULL AS undecodable FROM (VALUES
	(''::bytea), ('\x00'), ('\x00000000'), ('\x0000000000'), ('\x0000000001'), ('\x000000000161'), ('\x000000000161ff'), ('\x00000000ff'), ('\x00000000fe61'), ('\x0000000002ffff62')) v(b);
SELECT dynamo.key_partition_length(('\x00000000ff' || repeat('00', 31))::bytea) AS short, dynamo.key_partition_length(('\x00000000ff' || repeat('00', 32))::bytea) AS digest;
CREATE TEMP TABLE good AS SELECT dynamo.key_encode('{S,S,N}', 1, '[{"S":"partition"},{"S":"sort"},{"N":"1.5"}]') AS k;
SELECT dynamo.key_decode('{S,S,N}', 1, k) IS NOT NULL AS whole,
	(SELECT count(dynamo.key_decode('{S,S,N}', 1, substr(k, 1, i))) FROM generate_series(0, length(k) - 1) i) AS truncated,
	dynamo.key_decode('{S,S,N}', 1, k || '\x00'::bytea) IS NULL AS longer,
	dynamo.key_decode('{S,N,N}', 1, k) IS NULL AS other_types,
	dynamo.key_decode('{S}', 1, k) IS NULL AS no_sort_key,
	(SELECT count(dynamo.key_decode('{S,S,N}', 1, set_byte(k, i, (get_byte(k, i) + 1) % 256))) FROM generate_series(0, 13) i) AS partition_damaged
	FROM good;
-- a sort key that is no UTF-8
SELECT dynamo.key_decode('{S,S}', 1, substr(k, 1, 14) || b) FROM good, (VALUES ('\x61'::bytea), ('\xff'), ('\xc3'), ('\xeda080'), ('\x00'), ('\xf48fbfbf')) v(b);

-- segments of a parallel scan: adjacent ranges over all keys
SELECT t, s, dynamo.key_segment_bounds(s, t) FROM (VALUES (1, 0), (2, 0), (2, 1), (3, 1), (4, 3), (1000000, 0), (1000000, 999999)) v(t, s);
SELECT count(*) FILTER (WHERE (dynamo.key_segment_bounds(s, 7))[1] IS DISTINCT FROM (dynamo.key_segment_bounds(s - 1, 7))[2]) AS gaps FROM generate_series(1, 6) s;
SELECT dynamo.key_segment_bounds(1, 1);
SELECT dynamo.key_segment_bounds(-1, 5);
SELECT dynamo.key_segment_bounds(0, 0);

-- wrong arguments
SELECT dynamo.key_encode('{}', 1, '[]');
SELECT dynamo.key_encode('{S}', 0, '[{"S":"a"}]');
SELECT dynamo.key_encode('{S}', 2, '[{"S":"a"}]');
SELECT dynamo.key_encode('{S,S,S,S,S}', 5, '[]');
SELECT dynamo.key_encode('{S,S,S,S,S,S}', 1, '[]');
SELECT dynamo.key_encode('{S,NULL}', 1, '[{"S":"a"}]');
SELECT dynamo.key_encode('{BOOL}', 1, '[{"BOOL":true}]');
SELECT dynamo.key_encode('{S}', 1, '{}');
SELECT dynamo.key_encode('{S}', 1, '[]');
SELECT dynamo.key_encode('{S}', 1, '[{"S":"a"},{"S":"b"}]');
SELECT dynamo.key_encode('{S}', 1, '[{"N":"1"}]');
SELECT dynamo.key_encode('{S}', 1, '[{"S":""}]');
SELECT dynamo.key_encode('{S}', 1, '[1]');
SELECT dynamo.key_encode('{S}', 1, NULL) IS NULL AS null_argument;
