-- update expressions
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- the updated item as DynamoDB would show it, or the error
CREATE FUNCTION pg_temp.outcome(item jsonb, expression text,
	vals jsonb DEFAULT NULL, names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.apply_update(item, '{"pk": {"S": "k"}}', expression, names, vals)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

--
-- SET
--
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "a": {"N": "5"}, "b": {"S": "x"}}', e, v)
FROM (VALUES
	('SET c = :v', '{":v": {"S": "y"}}'::jsonb),
	('SET a = :v', '{":v": {"M": {"x": {"L": [{"NULL": true}]}}}}'),
	('set c=a,d = b', NULL),
	('SET a = b, b = a', NULL),
	('SET a = a + :v', '{":v": {"N": "1.5"}}'),
	('SET a = a - :v', '{":v": {"N": "1.5"}}'),
	('SET a = :v - a', '{":v": {"N": "5.00"}}'),
	('SET a = :v + :v', '{":v": {"N": "-1"}}'),
	('SET c = a + a', NULL),
	('SET c = (a + (:v))', '{":v": {"N": "1"}}'),
	('SET c = ((a) - a)', NULL),
	('SET c = ((a))', NULL),
	('SET c = if_not_exists(a, :v)', '{":v": {"N": "1"}}'),
	('SET c = if_not_exists(c, :v)', '{":v": {"N": "1"}}'),
	('SET c = if_not_exists(c, a)', NULL),
	('SET c = if_not_exists(a, nothing)', NULL),
	('SET c = if_not_exists(c, if_not_exists(d, b))', NULL),
	('SET a = if_not_exists(a, :z) + :v', '{":v": {"N": "1"}, ":z": {"N": "0"}}'),
	('SET c = if_not_exists(c, :z) + :v', '{":v": {"N": "1"}, ":z": {"N": "0"}}'),
	('SET c = :v - if_not_exists(c, a)', '{":v": {"N": "1"}}')) AS t(e, v);

-- arithmetic is exact within 38 digits
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "a": {"N": "0.1"}, "big": {"N": "9E125"}, "s": {"S": "1"}}', e, v)
FROM (VALUES
	('SET a = a + :v', '{":v": {"N": "0.2"}}'::jsonb),
	('SET a = :v - :w', '{":v": {"N": "99999999999999999999999999999999999999"}, ":w": {"N": "1"}}'),
	('SET a = :v + :w', '{":v": {"N": "99999999999999999999999999999999999999"}, ":w": {"N": "1"}}'),
	('SET a = :v + :w', '{":v": {"N": "99999999999999999999999999999999999999"}, ":w": {"N": "2"}}'),
	('SET a = big + big', NULL),
	('ADD big :v', '{":v": {"N": "9E125"}}'),
	('SET a = a + s', NULL),
	('SET a = s - a', NULL)) AS t(e, v);

-- list_append
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "l": {"L": [{"N": "1"}, {"L": []}]}, "m": {"M": {"l": {"L": []}}}, "s": {"S": "x"}}', e, v)
FROM (VALUES
	('SET l = list_append(l, :v)', '{":v": {"L": [{"N": "2.0"}]}}'::jsonb),
	('SET l = list_append(:v, l)', '{":v": {"L": [{"M": {"a": {"SS": ["b", "a"]}}}]}}'),
	('SET c = list_append(l, l)', NULL),
	('SET c = list_append(l, m.l)', NULL),
	('SET c = list_append(:v, :w)', '{":v": {"L": []}, ":w": {"L": []}}'),
	('SET c = list_append(if_not_exists(c, :v), :w)', '{":v": {"L": []}, ":w": {"L": [{"BOOL": true}]}}'),
	('SET c = if_not_exists(c, list_append(l, :w))', '{":w": {"L": [{"BOOL": true}]}}'),
	('SET l[0] = list_append(l, :w)', '{":w": {"L": [{"BOOL": true}]}}'),
	('SET c = list_append(l, s)', NULL),
	('SET c = list_append(c, l)', NULL),
	('SET c = if_not_exists(c, list_append(l, l)) + :n', '{":n": {"N": "1"}}')) AS t(e, v);

--
-- nested paths and list indexes
--
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "m": {"M": {"x": {"N": "1"}, "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]}}}, "l": {"L": [{"S": "a"}, {"M": {"k": {"S": "v"}}}, {"S": "c"}]}}', e, v)
FROM (VALUES
	('SET m.x = :v', '{":v": {"S": "n"}}'::jsonb),
	('SET m.y = :v', '{":v": {"S": "n"}}'),
	('SET m.l[1] = :v, m.x = m.l[1]', '{":v": {"S": "n"}}'),
	('SET l[1].k = l[0], l[1].j = l[2]', NULL),
	('SET l[7] = :v, l[5] = :w, l[0] = :u', '{":u": {"N": "0"}, ":v": {"N": "7"}, ":w": {"N": "5"}}'),
	('SET l[3] = :v', '{":v": {"N": "3"}}'),
	('REMOVE l[0]', NULL),
	('REMOVE l[0], l[1]', NULL),
	('REMOVE l[2], l[1], l[0]', NULL),
	('REMOVE l[9]', NULL),
	('REMOVE l[0] SET l[1] = :v, l[8] = :w', '{":v": {"N": "1"}, ":w": {"N": "8"}}'),
	('REMOVE l[0] SET l[2] = l[0]', NULL),
	('REMOVE m.x, m.l[1], m.z, l[1].k', NULL),
	('REMOVE m', NULL),
	('REMOVE nothing', NULL),
	('ADD m.x :v, m.n :v, l[1].c :v', '{":v": {"N": "2"}}'),
	('ADD m.l[0] :v', '{":v": {"N": "2"}}'),
	('ADD l[9] :v', '{":v": {"N": "2"}}'),
	-- paths that lead nowhere
	('SET a.b = :v', '{":v": {"N": "2"}}'),
	('SET m.x.y = :v', '{":v": {"N": "2"}}'),
	('SET m.z.y = :v', '{":v": {"N": "2"}}'),
	('SET m[0] = :v', '{":v": {"N": "2"}}'),
	('SET l.k = :v', '{":v": {"N": "2"}}'),
	('SET l[0].k = :v', '{":v": {"N": "2"}}'),
	('SET l[9].k = :v', '{":v": {"N": "2"}}'),
	('REMOVE a.b', NULL),
	('REMOVE m.x.y', NULL),
	('REMOVE m[0]', NULL),
	('REMOVE l[9].k', NULL),
	('ADD a.b :v', '{":v": {"N": "2"}}'),
	('DELETE a.b :v', '{":v": {"SS": ["x"]}}')) AS t(e, v);

--
-- ADD
--
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "n": {"N": "5"}, "s": {"S": "x"}, "ss": {"SS": ["b", "d"]}, "ns": {"NS": ["-1", "10", "2"]}, "bs": {"BS": ["AQ==", "gA=="]}, "l": {"L": []}}', e, v)
FROM (VALUES
	('ADD n :v', '{":v": {"N": "0.5"}}'::jsonb),
	('ADD n :v', '{":v": {"N": "-5"}}'),
	('ADD c :v', '{":v": {"N": "0.50"}}'),
	('ADD ss :v', '{":v": {"SS": ["c", "b", "a", "e"]}}'),
	('ADD ns :v', '{":v": {"NS": ["3", "2.0", "-20"]}}'),
	('ADD bs :v', '{":v": {"BS": ["/w==", "AQ==", "AA=="]}}'),
	('ADD c :v', '{":v": {"SS": ["c", "b"]}}'),
	('add n :v, c :v', '{":v": {"N": "1"}}'),
	('ADD s :v', '{":v": {"N": "1"}}'),
	('ADD n :v', '{":v": {"NS": ["1"]}}'),
	('ADD ss :v', '{":v": {"NS": ["1"]}}'),
	('ADD l :v', '{":v": {"SS": ["1"]}}')) AS t(e, v);

--
-- DELETE
--
SELECT e, pg_temp.outcome('{"pk": {"S": "k"}, "n": {"N": "5"}, "ss": {"SS": ["b", "d"]}, "ns": {"NS": ["-1", "10", "2"]}, "bs": {"BS": ["AQ==", "gA=="]}, "m": {"M": {"ss": {"SS": ["x"]}}}}', e, v)
FROM (VALUES
	('DELETE ss :v', '{":v": {"SS": ["d", "x"]}}'::jsonb),
	('DELETE ss :v', '{":v": {"SS": ["d", "a", "b"]}}'),
	('DELETE ns :v', '{":v": {"NS": ["1E1", "3"]}}'),
	('DELETE bs :v', '{":v": {"BS": ["gA=="]}}'),
	('DELETE m.ss :v', '{":v": {"SS": ["x"]}}'),
	('DELETE c :v', '{":v": {"SS": ["x"]}}'),
	('DELETE n :v', '{":v": {"SS": ["x"]}}'),
	('DELETE ss :v', '{":v": {"NS": ["1"]}}')) AS t(e, v);

-- sets stay sets: random unions and differences against SQL's own
DO $$
DECLARE
	a text[]; b text[]; got jsonb; wanted text[];
	kind text;
BEGIN
	PERFORM setseed(0.25);
	FOR i IN 1..400 LOOP
		kind := CASE WHEN i % 2 = 0 THEN 'NS' ELSE 'SS' END;
		a := ARRAY(SELECT DISTINCT (floor(random() * 40) - 20)::int::text FROM generate_series(1, 1 + (random() * 8)::int));
		b := ARRAY(SELECT DISTINCT (floor(random() * 40) - 20)::int::text FROM generate_series(1, 1 + (random() * 8)::int));
		got := dynamo.apply_update(jsonb_build_object('s', jsonb_build_object(kind, a)), NULL, 'ADD s :v', NULL,
			jsonb_build_object(':v', jsonb_build_object(kind, b)));
		wanted := ARRAY(SELECT unnest(a) UNION SELECT unnest(b));
		-- whatever is stored is in normal form: equal to the set as a client would send it
		IF got -> 's' IS DISTINCT FROM dynamo.apply_update(NULL, NULL, 'SET s = :v', NULL,
			jsonb_build_object(':v', jsonb_build_object(kind, wanted))) -> 's' THEN
			RAISE WARNING 'union of % and % is %', a, b, got;
		END IF;
		got := dynamo.apply_update(jsonb_build_object('s', jsonb_build_object(kind, a)), NULL, 'DELETE s :v', NULL,
			jsonb_build_object(':v', jsonb_build_object(kind, b)));
		wanted := ARRAY(SELECT unnest(a) EXCEPT SELECT unnest(b));
		IF cardinality(wanted) = 0 THEN
			IF got <> '{}' THEN
				RAISE WARNING '% without % is %', a, b, got;
			END IF;
		ELSIF got -> 's' IS DISTINCT FROM dynamo.apply_update(NULL, NULL, 'SET s = :v', NULL,
			jsonb_build_object(':v', jsonb_build_object(kind, wanted))) -> 's' THEN
			RAISE WARNING '% without % is %', a, b, got;
		END IF;
	END LOOP;
END $$;

--
-- an item that is not there
--
SELECT e, pg_temp.outcome(NULL, e, v)
FROM (VALUES
	(NULL, NULL::jsonb),
	('SET a = :v', '{":v": {"N": "1"}}'),
	('ADD a :v, b :w', '{":v": {"N": "1"}, ":w": {"NS": ["1"]}}'),
	('REMOVE a, x.y, z[3]', NULL),
	('DELETE a :w', '{":w": {"NS": ["1"]}}'),
	('SET a = :v REMOVE x.y', '{":v": {"N": "1"}}'),
	('SET a = if_not_exists(a, :v)', '{":v": {"N": "1"}}'),
	('SET a = b', NULL),
	('SET a = pk', NULL),
	('SET a = a + :v', '{":v": {"N": "1"}}'),
	('SET x.y = :v', '{":v": {"N": "1"}}')) AS t(e, v);
SELECT pg_temp.outcome('{"pk": {"S": "k"}, "a": {"L": []}}', NULL);

--
-- everything at once; sections in any order, keywords in any case
--
SELECT pg_temp.outcome('{"pk": {"S": "k"}, "n": {"N": "5"}, "old": {"S": "x"}, "ss": {"SS": ["b", "d"]}, "l": {"L": [{"N": "0"}, {"N": "1"}]}}',
	'delete ss :b Remove #old, l[0] aDD n :n
		set #new = #old,' || E'\t' || 'l[1] = n + :n',
	'{":b": {"SS": ["b"]}, ":n": {"N": "1"}}', '{"#old": "old", "#new": "a.b"}');

-- right-hand sides read the old item, whatever the order
SELECT pg_temp.outcome('{"a": {"N": "1"}, "b": {"N": "2"}, "c": {"N": "3"}}',
	'REMOVE c ADD b :n SET a = b, d = c', '{":n": {"N": "10"}}');

-- names that are used elsewhere as keywords, or are no words
SELECT pg_temp.outcome('{"between1": {"N": "1"}}',
	'SET set1 = between1, _x = between1, size1 = between1');

--
-- nesting: 32 levels fit, 33 do not
--
CREATE FUNCTION pg_temp.nested(levels int) RETURNS jsonb
	LANGUAGE sql AS $$
	SELECT (repeat('{"L": [', levels - 1) || '{"S": "x"}' || repeat(']}', levels - 1))::jsonb $$;
SELECT levels, left(pg_temp.outcome('{"m": {"M": {}}}', 'SET m.x = :v', jsonb_build_object(':v', pg_temp.nested(levels))), 40) AS nested,
	left(pg_temp.outcome('{"m": {"M": {}}}', 'SET m = :v', jsonb_build_object(':v', pg_temp.nested(levels))), 40) AS top
FROM unnest('{30, 31, 32, 33}'::int[]) AS levels;
SELECT left(pg_temp.outcome(jsonb_build_object('m', '{"M": {}}'::jsonb, 'deep', pg_temp.nested(32)), 'SET m.x = deep'), 40),
	left(pg_temp.outcome(jsonb_build_object('m', '{"M": {}}'::jsonb, 'deep', pg_temp.nested(32)), 'SET m.x = deep[0]'), 40);

--
-- values are never taken for text
--
SELECT pg_temp.outcome('{"pk": {"S": "k"}}', 'SET a = :v, #n = :v',
	'{":v": {"S": "x, b = :v) REMOVE pk"}}', '{"#n": "pk = :v --"}');
