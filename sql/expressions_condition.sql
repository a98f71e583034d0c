-- condition expressions: precedence, comparators, functions
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- does it hold?
CREATE FUNCTION pg_temp.holds(item jsonb, expression text,
	vals jsonb DEFAULT NULL, names jsonb DEFAULT NULL) RETURNS boolean
	LANGUAGE sql AS 'SELECT dynamo.condition_matches($1, $2, $4, $3)';

-- the same, with errors as text
CREATE FUNCTION pg_temp.outcome(item jsonb, expression text,
	vals jsonb DEFAULT NULL, names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.condition_matches(item, expression, names, vals)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

--
-- precedence: NOT, AND, OR mean what they mean in SQL
--
DO $$
DECLARE
	template text;
	a boolean; b boolean; c boolean;
	item jsonb;
	expression text;
	wanted boolean;
	n int := 0;
BEGIN
	FOREACH template IN ARRAY ARRAY[
		'A OR B AND C', 'A AND B OR C', 'A OR B OR C', 'A AND B AND C',
		'NOT A AND B', 'NOT A OR B', 'A AND NOT B OR C', 'NOT NOT A',
		'(A OR B) AND C', 'A AND (B OR C)', 'NOT (A AND B)', 'NOT (A OR B) AND C',
		'not A or not B and not C', '(NOT (A))', '(A) AND (B)', '(A AND (B))',
		'((A) AND B) OR C', 'NOT (NOT A OR B) OR C AND A']
	LOOP
		FOREACH a IN ARRAY ARRAY[true, false] LOOP
		FOREACH b IN ARRAY ARRAY[true, false] LOOP
		FOREACH c IN ARRAY ARRAY[true, false] LOOP
			item := jsonb_strip_nulls(jsonb_build_object(
				'a', CASE WHEN a THEN '{"S": "x"}'::jsonb END,
				'b', CASE WHEN b THEN '{"S": "x"}'::jsonb END,
				'c', CASE WHEN c THEN '{"S": "x"}'::jsonb END));
			expression := regexp_replace(template, '\m([ABC])\M', 'attribute_exists(\1)', 'g');
			expression := replace(replace(replace(expression, '(A)', '(a)'), '(B)', '(b)'), '(C)', '(c)');
			EXECUTE 'SELECT ' || regexp_replace(regexp_replace(regexp_replace(template,
				'\mA\M', a::text, 'g'), '\mB\M', b::text, 'g'), '\mC\M', c::text, 'g')
				INTO wanted;
			IF pg_temp.holds(item, expression) IS DISTINCT FROM wanted THEN
				RAISE WARNING '% on %: not %', expression, item, wanted;
			END IF;
			n := n + 1;
		END LOOP; END LOOP; END LOOP;
	END LOOP;
	RAISE WARNING '% checks', n;
END $$;

-- BETWEEN's AND is its own
SELECT e, pg_temp.outcome('{"a": {"N": "5"}, "b": {"N": "1"}}', e, v)
FROM (VALUES
	('a BETWEEN :one AND :six AND b = :one', '{":one": {"N": "1"}, ":six": {"N": "6"}}'::jsonb),
	('a BETWEEN :one AND :six AND b = :six', '{":one": {"N": "1"}, ":six": {"N": "6"}}'),
	('NOT a BETWEEN :one AND :six OR b = :one', '{":one": {"N": "1"}, ":six": {"N": "6"}}'),
	('NOT a BETWEEN :one AND :six', '{":one": {"N": "1"}, ":six": {"N": "6"}}'),
	('a between b and :six', '{":six": {"N": "6"}}'),
	('a BETWEEN :six AND b', '{":six": {"N": "6"}}'),
	(':six BETWEEN b AND a', '{":six": {"N": "6"}}'),
	('a bEtWeEn b aNd :six oR a iN (b)', '{":six": {"N": "6"}}')) AS t(e, v);

--
-- every comparator on every pair of types
--
CREATE TEMP TABLE vals (type text, ordinal int, value jsonb);
INSERT INTO vals VALUES
	('S', 1, '{"S": ""}'), ('S', 2, '{"S": "1"}'), ('S', 3, '{"S": "10"}'), ('S', 4, '{"S": "2"}'), ('S', 5, '{"S": "é"}'),
	('N', 1, '{"N": "-7.5"}'), ('N', 2, '{"N": "1"}'), ('N', 3, '{"N": "2"}'), ('N', 4, '{"N": "10"}'),
	('B', 1, '{"B": ""}'), ('B', 2, '{"B": "AA=="}'), ('B', 3, '{"B": "fw=="}'), ('B', 4, '{"B": "gA=="}'), ('B', 5, '{"B": "/w=="}'),
	('BOOL', 1, '{"BOOL": false}'), ('BOOL', 2, '{"BOOL": true}'),
	('NULL', 1, '{"NULL": true}'),
	('M', 1, '{"M": {}}'), ('M', 2, '{"M": {"a": {"N": "1"}}}'), ('M', 3, '{"M": {"a": {"N": "2"}, "b": {"SS": ["y", "x"]}}}'),
	('L', 1, '{"L": []}'), ('L', 2, '{"L": [{"N": "1"}]}'), ('L', 3, '{"L": [{"N": "1"}, {"NS": ["2", "1"]}]}'),
	('SS', 1, '{"SS": ["1"]}'), ('SS', 2, '{"SS": ["1", "2"]}'),
	('NS', 1, '{"NS": ["1"]}'), ('NS', 2, '{"NS": ["1", "2"]}'),
	('BS', 1, '{"BS": ["AA=="]}'), ('BS', 2, '{"BS": ["AA==", "AQ=="]}');
CREATE TEMP TABLE ops (op text, on_less boolean, on_equal boolean, on_greater boolean);
INSERT INTO ops VALUES
	('=', false, true, false), ('<>', true, false, true), ('<', true, false, false),
	('<=', true, true, false), ('>', false, false, true), ('>=', false, true, true);

-- between two attributes: no pair is an error
WITH pairs AS (
	SELECT op, a.value AS a, b.value AS b,
		CASE WHEN op IN ('=', '<>') THEN
				((a.type, a.ordinal) = (b.type, b.ordinal)) = (op = '=')
			WHEN a.type <> b.type OR a.type NOT IN ('S', 'N', 'B') THEN false
			WHEN a.ordinal < b.ordinal THEN on_less
			WHEN a.ordinal = b.ordinal THEN on_equal
			ELSE on_greater END AS wanted,
		pg_temp.outcome(jsonb_build_object('a', a.value, 'b', b.value), 'a ' || op || ' b') AS got
	FROM vals a, vals b, ops)
SELECT op, count(*), count(*) FILTER (WHERE wanted) AS hold,
	count(*) FILTER (WHERE got <> wanted::text) AS wrong
FROM pairs GROUP BY op ORDER BY op COLLATE "C";

-- with a constant: order is for S, N and B only
WITH pairs AS (
	SELECT op, b.type,
		CASE WHEN op IN ('=', '<>') THEN
				(((a.type, a.ordinal) = (b.type, b.ordinal)) = (op = '='))::text
			WHEN b.type NOT IN ('S', 'N', 'B') THEN
				'Invalid ConditionExpression: Incorrect operand type for operator or function; '
				|| 'operator or function: ' || op || ', operand type: ' || b.type
			WHEN a.type <> b.type THEN 'false'
			WHEN a.ordinal < b.ordinal THEN on_less::text
			WHEN a.ordinal = b.ordinal THEN on_equal::text
			ELSE on_greater::text END AS wanted,
		pg_temp.outcome(jsonb_build_object('a', a.value), 'a ' || op || ' :v',
			jsonb_build_object(':v', b.value)) AS got
	FROM vals a, vals b, ops)
SELECT op, count(*), count(*) FILTER (WHERE wanted LIKE 'Invalid%') AS errors,
	count(*) FILTER (WHERE got <> wanted) AS wrong
FROM pairs GROUP BY op ORDER BY op COLLATE "C";

-- IN and BETWEEN agree with = and >= AND <=
SELECT count(*) AS pairs,
	count(*) FILTER (WHERE pg_temp.outcome(jsonb_build_object('a', a.value, 'b', b.value), 'a IN (c, b)')
		<> pg_temp.outcome(jsonb_build_object('a', a.value, 'b', b.value), 'a = b')) AS wrong_in,
	count(*) FILTER (WHERE pg_temp.outcome(jsonb_build_object('a', a.value, 'b', b.value, 'c', c.value), 'a BETWEEN b AND c')
		<> pg_temp.outcome(jsonb_build_object('a', a.value, 'b', b.value, 'c', c.value), 'a >= b AND a <= c')) AS wrong_between
FROM vals a, vals b, (SELECT value FROM vals WHERE ordinal = 3) c;

-- attributes that are not there: <> holds, nothing else does
SELECT op, pg_temp.holds('{"a": {"N": "1"}}', 'a ' || op || ' b') AS right_unset,
	pg_temp.holds('{"a": {"N": "1"}}', 'b ' || op || ' a') AS left_unset,
	pg_temp.holds('{"a": {"N": "1"}}', 'b ' || op || ' c') AS both_unset,
	pg_temp.holds(NULL, 'a ' || op || ' :v', '{":v": {"N": "1"}}') AS no_item
FROM ops ORDER BY op COLLATE "C";
SELECT e, pg_temp.outcome('{"a": {"N": "1"}}', e)
FROM (VALUES ('b IN (a)'), ('a IN (b)'), ('a IN (b, c)'), ('b IN (c)'),
	('b BETWEEN a AND c'), ('a BETWEEN b AND c'), ('NOT b IN (c)')) AS t(e);
SELECT e, pg_temp.holds(NULL, e)
FROM (VALUES ('attribute_exists(a)'), ('attribute_not_exists(a)'), ('a.b[3] <> c'),
	('size(a) < size(b)'), ('NOT size(a) = size(b)'), ('contains(a, b)'), ('begins_with(a, b)')) AS t(e);

-- operands either way round, equal in spite of spelling
SELECT e, pg_temp.outcome('{"a": {"N": "5"}, "s": {"SS": ["x", "y"]}, "m": {"M": {"n": {"NS": ["1", "2"]}, "l": {"L": [{"SS": ["p", "q"]}]}}}}', e, v)
FROM (VALUES
	(':v < a', '{":v": {"N": "4"}}'::jsonb),
	(':v >= a', '{":v": {"N": "4"}}'),
	(':v = a', '{":v": {"N": "+0.50E1"}}'),
	(':v = :w', '{":v": {"N": "1"}, ":w": {"N": "1.0"}}'),
	('s = :v', '{":v": {"SS": ["y", "x"]}}'),
	('s <> :v', '{":v": {"SS": ["y", "x", "z"]}}'),
	('m = :v', '{":v": {"M": {"l": {"L": [{"SS": ["q", "p"]}]}, "n": {"NS": ["2.0", "1"]}}}}'),
	('m.l[0] = :v', '{":v": {"SS": ["q", "p"]}}'),
	('m.n IN (:v, :w)', '{":v": {"S": "1"}, ":w": {"NS": ["2", "1"]}}')) AS t(e, v);

--
-- paths
--
SELECT e, pg_temp.outcome('{"a": {"M": {"b": {"L": [{"N": "0"}, {"M": {"c.d": {"S": "x"}}}]}}}, "a.b": {"S": "dot"}, "#a": {"S": "hash"}, "_u1": {"S": "u"}}', e, v, n)
FROM (VALUES
	('a.b[1].#d = :v', '{":v": {"S": "x"}}'::jsonb, '{"#d": "c.d"}'::jsonb),
	('a . b [ 1 ] . #d = :v', '{":v": {"S": "x"}}', '{"#d": "c.d"}'),
	('#p = :v', '{":v": {"S": "dot"}}', '{"#p": "a.b"}'),
	('#p = :v', '{":v": {"S": "hash"}}', '{"#p": "#a"}'),
	('#0.#1[0] = :v', '{":v": {"N": "0"}}', '{"#0": "a", "#1": "b"}'),
	('attribute_exists(a.b[2])', NULL, NULL),
	('attribute_exists(a.b[1])', NULL, NULL),
	('attribute_exists(a[0])', NULL, NULL),
	('attribute_exists(a.b.c)', NULL, NULL),
	('attribute_exists(a.b[0].c)', NULL, NULL),
	('attribute_exists(a.b[2147483647])', NULL, NULL),
	('_u1 = :v', '{":v": {"S": "u"}}', NULL)) AS t(e, v, n);

--
-- functions
--
SELECT type, ordinal,
	pg_temp.holds(jsonb_build_object('a', value), 'attribute_exists(a)') AS exists,
	(SELECT string_agg(t, ' ') FROM unnest('{S,N,B,BOOL,"NULL",M,L,SS,NS,BS}'::text[]) t
	 WHERE pg_temp.holds(jsonb_build_object('a', value), 'attribute_type(a, :t)',
		jsonb_build_object(':t', jsonb_build_object('S', t)))) AS attribute_type,
	(SELECT n FROM generate_series(0, 10) n
	 WHERE pg_temp.holds(jsonb_build_object('a', value), 'size(a) = :n',
		jsonb_build_object(':n', jsonb_build_object('N', n::text)))) AS size
FROM vals;

SELECT e, pg_temp.outcome('{"s": {"S": "hello"}, "b": {"B": "AAH/"}, "n": {"N": "123"}, "ss": {"SS": ["a", "bc"]}, "ns": {"NS": ["1", "23"]},
	"bs": {"BS": ["AAE="]}, "l": {"L": [{"N": "1"}, {"S": "x"}, {"SS": ["b", "a"]}]}, "m": {"M": {"k": {"S": "v"}}}, "part": {"S": "ell"}, "emoji": {"S": "a😀ÿ"}}', e, v)
FROM (VALUES
	('begins_with(s, :v)', '{":v": {"S": "he"}}'::jsonb),
	('begins_with(s, :v)', '{":v": {"S": ""}}'),
	('begins_with(s, :v)', '{":v": {"S": "el"}}'),
	('begins_with(s, :v)', '{":v": {"S": "hello!"}}'),
	('begins_with(:v, s)', '{":v": {"S": "hello!"}}'),
	('begins_with(s, part)', NULL),
	('begins_with(b, :v)', '{":v": {"B": "AAE="}}'),
	('begins_with(b, :v)', '{":v": {"B": "AQ=="}}'),
	('begins_with(s, b)', NULL),
	('begins_with(n, n2)', NULL),
	('begins_with(n, ns)', NULL),
	('begins_with(n, :v)', '{":v": {"S": "1"}}'),
	('contains(s, part)', NULL),
	('contains(part, s)', NULL),
	('contains(:v, s)', '{":v": {"L": [{"S": "hello"}]}}'),
	('contains(:v, s)', '{":v": {"N": "1"}}'),
	('contains(:v, s)', '{":v": {"M": {"hello": {"S": "hello"}}}}'),
	('contains(s, :v)', '{":v": {"S": ""}}'),
	('contains(b, :v)', '{":v": {"B": "Af8="}}'),
	('contains(b, :v)', '{":v": {"B": "/wE="}}'),
	('contains(n, :v)', '{":v": {"N": "2"}}'),
	('contains(ss, :v)', '{":v": {"S": "bc"}}'),
	('contains(ss, :v)', '{":v": {"S": "b"}}'),
	('contains(ss, :v)', '{":v": {"SS": ["a"]}}'),
	('contains(ss, :v)', '{":v": {"N": "1"}}'),
	('contains(ns, :v)', '{":v": {"N": "23.0"}}'),
	('contains(ns, :v)', '{":v": {"N": "2"}}'),
	('contains(bs, :v)', '{":v": {"B": "AAE="}}'),
	('contains(l, :v)', '{":v": {"N": "1"}}'),
	('contains(l, :v)', '{":v": {"S": "1"}}'),
	('contains(l, :v)', '{":v": {"SS": ["a", "b"]}}'),
	('contains(m, :v)', '{":v": {"S": "k"}}'),
	('size(s) = size(:v)', '{":v": {"SS": ["1", "2", "3", "4", "5"]}}'),
	('size(emoji) = :v', '{":v": {"N": "4"}}'),
	('size(m.k) = :v', '{":v": {"N": "1"}}'),
	('size(n) <> :v', '{":v": {"N": "1"}}'),
	('size(size(s)) = :v', '{":v": {"N": "1"}}'),
	('size(l) IN (:v, :w)', '{":v": {"N": "2"}, ":w": {"N": "3"}}'),
	('size(l) BETWEEN :v AND size(s)', '{":v": {"N": "2"}}'),
	('(size(l)) > (:v)', '{":v": {"N": "2"}}'),
	('attribute_type(:v, :t)', '{":v": {"N": "2"}, ":t": {"S": "N"}}')) AS t(e, v);

-- U+0000 in strings is one character
SELECT pg_temp.holds('{"a": {"S": "x\udbff\udfff0y"}}', 'size(a) = :n', '{":n": {"N": "3"}}'),
	pg_temp.holds('{"a": {"S": "x\udbff\udfff0y"}}', 'contains(a, :v)', '{":v": {"S": "0"}}'),
	pg_temp.holds('{"a": {"S": "x\udbff\udfff0y"}}', 'begins_with(a, :v)', '{":v": {"S": "x\udbff\udfff0"}}');

-- no expression: no condition
SELECT pg_temp.holds(NULL, NULL);
