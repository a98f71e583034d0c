-- projection expressions
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION pg_temp.outcome(expression text, names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.apply_projection('{
		"pk": {"S": "k"}, "n": {"N": "1"}, "a.b": {"S": "dot"}, "e": {"L": []}, "f": {"M": {}},
		"m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"BOOL": true}, "w": {"NULL": true}}},
			"l": {"L": [{"N": "0"}, {"M": {"p": {"S": "p1"}, "q": {"S": "q1"}}}, {"M": {"p": {"S": "p2"}}}, {"L": [{"N": "30"}, {"N": "31"}]}]}}},
		"l": {"L": [{"S": "a"}, {"S": "b"}, {"S": "c"}]}, "ss": {"SS": ["x", "y"]}}',
		expression, names)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

-- what is found keeps its nesting, what is not found leaves nothing
SELECT e, pg_temp.outcome(e)
FROM (VALUES ('pk'), ('pk,n'), ('  n ,' || E'\n\t' || 'pk '), ('nothing'), ('nothing, pk'),
	('m.x'), ('m.y.z'), ('m.y'), ('m.x, m.y.w'), ('m.nothing'), ('m.x.y'), ('pk.x'), ('m[0]'), ('ss[0]'),
	('l[0]'), ('l[2], l[0]'), ('l[3]'), ('l[1], l[7]'), ('l[2147483647]'), ('l.x'), ('e'), ('f'), ('e[0]'), ('f.x'),
	('m.l[1].p'), ('m.l[2].q'), ('m.l[1].p, m.l[1].q'), ('m.l[2].p, m.l[1].q, m.l[0]'), ('m.l[2].q, m.l[1].q'),
	('m.l[3][1]'), ('m.l[3][1], m.l[3][0]'), ('m . l [ 3 ] [ 0 ]'), ('m.l[3][0]'),
	('l[1], m.x, pk')) AS t(e);
SELECT e, pg_temp.outcome(e, n)
FROM (VALUES
	('#a', '{"#a": "a.b"}'::jsonb),
	('#m.#x, #m.y.#z', '{"#m": "m", "#x": "x", "#z": "z"}'),
	('#m.#m', '{"#m": "m"}'),
	('#a.b', '{"#a": "a"}'),
	('#l[0], l[1]', '{"#l": "l"}'),
	('#1, #_', '{"#1": "pk", "#_": "n"}')) AS t(e, n);

-- no item, no expression
SELECT dynamo.apply_projection(NULL, 'a', NULL) IS NULL, dynamo.apply_projection('{}', NULL, NULL) IS NULL;

-- overlap before conflict; the earlier path is named first; the first pair counts
SELECT e, pg_temp.outcome(e, n)
FROM (VALUES
	('a, a', NULL::jsonb), ('a, b, a', NULL), ('a.b, a', NULL), ('a, a.b[3]', NULL), ('a[1], a[1]', NULL),
	('a[1].b, a[1]', NULL), ('a[1].b, a[01]', NULL), ('a.b, a[1]', NULL), ('a[1], c, a.b.c', NULL), ('a.b, a[1], c, c', NULL),
	('a, #x', '{"#x": "a"}'), ('#x.y, #y.#z', '{"#x": "a", "#y": "a", "#z": "y"}'),
	('a.b, #x', '{"#x": "a.b"}'), ('a[0], a[1]', NULL), ('a.b, a.c', NULL), ('a.b.c, a.d[0]', NULL)) AS t(e, n);

-- at most 32 elements
SELECT n, pg_temp.outcome('a' || repeat('.b', n - 1)), pg_temp.outcome('a' || repeat('[0]', n - 1)),
	pg_temp.outcome('x, #a' || repeat('.#b', n - 1), '{"#a": "a", "#b": "b"}')
FROM unnest('{32, 33, 1000}'::int[]) AS n;

-- many paths
SELECT length(pg_temp.outcome((SELECT string_agg('a' || i, ',') FROM generate_series(1, 700) i)));

-- every top-level attribute by name is the item itself
SELECT dynamo.apply_projection(item, 'a, b, #c', '{"#c": "c"}') = item
FROM (VALUES ('{"a": {"N": "1"}, "b": {"BS": ["AA=="]}, "c": {"M": {"d": {"L": [{"NULL": true}]}}}}'::jsonb)) AS t(item);
