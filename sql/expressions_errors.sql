-- faults in expressions: their texts and the order in which they are found
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION pg_temp.condition(expression text, vals jsonb DEFAULT NULL,
	names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.condition_matches('{}', expression, names, vals)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

CREATE FUNCTION pg_temp.update(expression text, vals jsonb DEFAULT NULL,
	names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.apply_update('{"a": {"N": "1"}, "b": {"N": "2"}}', NULL, expression, names, vals)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

CREATE FUNCTION pg_temp.projection(expression text, names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.apply_projection('{}', expression, names)::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

--
-- names and values
--
SELECT pg_temp.condition('a <> b', v, n)
FROM (VALUES
	('{}'::jsonb, '{}'::jsonb), ('{}', NULL), ('{"v": {"S": "x"}}', NULL), ('{":": {"S": "x"}}', NULL),
	('{":a-b": {"S": "x"}}', NULL), ('{"#a": {"S": "x"}}', NULL), ('{":é": {"S": "x"}}', NULL),
	(NULL, '{"": "x"}'), (NULL, '{"a": "x"}'), (NULL, '{"#": "x"}'), (NULL, '{"#a b": "x"}'), (NULL, '{"#a": ""}'),
	('{"v": {}}', '{"a": "x"}'), ('{":v": {}}', '{"#a": ""}'),
	('{":b": {"N": "x"}, "a": {"S": "x"}}', NULL),
	('{":v": {}}', NULL), ('{":v": {"SS": []}}', NULL), ('{":v": {"N": "dog"}}', NULL), ('{":v": {"SS": ["a", "a"]}}', NULL),
	('{":v": {"NULL": false}}', NULL), ('{":v": {"S": "x", "N": "1"}}', NULL),
	('{":v": {"N": "1"}}', NULL), ('{":v": {"N": "1"}, ":w": {"N": "1"}}', '{"#a": "x"}'),
	(NULL, '{"#a": "x", "#_9": "y"}')) AS t(v, n);
SELECT pg_temp.condition('#a <> b', NULL, jsonb_build_object('#a', repeat('x', 65535))),
	pg_temp.condition('#a <> b', NULL, jsonb_build_object('#a', repeat('x', 65536)));
SELECT dynamo.condition_matches('{}', 'a <> b', '{"#a": {"S": "x"}}', NULL);
SELECT dynamo.condition_matches('{}', 'a <> b', '[]', NULL);
SELECT dynamo.condition_matches('{}', 'a <> b', NULL, '"x"');
SELECT dynamo.condition_matches('[]', 'a <> b', NULL, NULL);
SELECT dynamo.condition_matches('{"a": 1}', 'a <> b', NULL, NULL);
-- used in a branch that is never taken, or used at all: it is used
SELECT pg_temp.condition('attribute_not_exists(x) OR #a = :v', '{":v": {"N": "1"}}', '{"#a": "a"}');

--
-- syntax
--
SELECT e, pg_temp.condition(e)
FROM (VALUES (''), (' '), ('a'), ('(a)'), (':v'), ('a = '), ('= a'), ('a == b'), ('a = b c'), ('a = b AND'), ('AND a = b'),
	('a = b AND AND c = d'), ('a = b OR OR'), ('NOT'), ('not not'), ('a = b)'), ('(a = b'), ('()'), ('a = (b'), ('a IN ()'), ('a IN b'), ('a IN (b,)'),
	('a BETWEEN b'), ('a BETWEEN b OR c'), ('a BETWEEN b AND c AND'), ('size()'), ('size(a'), ('size(a,) = b'), ('contains(a, b'),
	('a = 1'), ('a = ''x'''), ('a = "x"'), ('a[x] = b'), ('a[:v] = b'), ('a[-1] = b'), ('a[1.5] = b'), ('a[] = b'), ('a. = b'), ('.a = b'), ('a..b = c'),
	('a.1b = c'), ('# = b'), (': = b'), ('#a-b = c'), ('a + b = c'), ('a = b + c'), ('a != b'), ('a <=> b'), ('a = b;'), ('a = b -- c'),
	('a & b'), ('a = b = c'), ('a < b < c'), ('#f(a) = b'), (':f(a) = b'), ('(a, b) = c'), ('NOT (a, b)'), ('a.size(b) = c'),
	('a = é'), ('日本 = a'), ('a = 😀 b'), ('(a = b) c'), ('(a)(b)'), ('a IN (b) (c)'), ('a' || chr(1) || '= b'), ('a = ' || chr(1114111) || '0b'), ('a = ' || chr(1114111)), ('in = a'), ('a = and')) AS t(e);
SELECT e, pg_temp.update(e)
FROM (VALUES (''), ('INVALID SYNTAX'), ('SET'), ('SET a'), ('SET a ='), ('SET a = b,'), ('SET a = b, ,'), ('SET = b'), ('SET a = b c = d'),
	('SET a = b + c + d'), ('SET a = b - c + d'), ('SET a = (b + c) + d'), ('SET a = b * c'), ('SET a = -b'), ('SET a = list_append(a + b, c)'),
	('SET a = b +'), ('SET a = b + c)'), ('SET a = 1'), ('SET a = "x"'), ('SET :v = a'), ('SET size(a) = b'), ('SET a = b = c'), ('SET a = b < c'), ('SET a = b AND c = d'),
	('REMOVE'), ('REMOVE a b'), ('REMOVE a,'), ('REMOVE :v'), ('REMOVE a = b'), ('ADD a'), ('ADD a b'), ('ADD a = :v'), ('ADD a :v :w'), ('DELETE a'), ('DELETE a b'),
	('SET set = a'), ('SET a = remove'), ('UPDATE a = b'), ('SETa = b'), ('SET a = b; REMOVE c'), ('a = b')) AS t(e);
SELECT e, pg_temp.projection(e)
FROM (VALUES (''), ('!!'), ('a,'), (',a'), ('a,,b'), ('a b'), ('a.'), ('a['), ('a[b]'), ('a[0'), ('a]'), (':v'), ('a = b'), ('size(a)'), ('(a)'), ('*'), ('a.*'), ('1'), ('#'), ('a-b'), ('a.b c')) AS t(e);

--
-- one condition, one fault
--
SELECT e, pg_temp.condition(e, v)
FROM (VALUES
	('((a = b))', NULL::jsonb), ('(((a = b)))', NULL), ('((a)) = b', NULL), ('((a = b)) AND c = d', NULL), ('NOT ((a = b))', NULL), ('size(((a))) = b', NULL),
	('a IN (((b)))', NULL), ('((begins_with(a, b)))', NULL), ('a BETWEEN ((b)) AND c', NULL), ('((NOT a = b))', NULL),
	('dog(a)', NULL), ('a = dog(b)', NULL), ('Size(a) = b', NULL), ('ATTRIBUTE_EXISTS(a)', NULL), ('a = if_not_exists(b, c)', NULL), ('list_append(a, b)', NULL),
	('size(a)', NULL), ('NOT size(a)', NULL), ('(size(a)) AND b = c', NULL), ('a = attribute_exists(b)', NULL), ('size(contains(a, b)) = c', NULL),
	('a IN (begins_with(b, c))', NULL), ('begins_with(attribute_exists(a), b)', NULL),
	('a = :nothing', NULL), ('#nothing = a', NULL), ('a.#nothing = a', NULL), ('a[0].#x = :y', NULL), (':y = a.#x', NULL),
	('attribute_exists(a, b)', NULL), ('attribute_not_exists(a, b, c)', NULL), ('attribute_type(a)', NULL), ('begins_with(a)', NULL), ('begins_with(a, b, c)', NULL),
	('contains(a)', NULL), ('size(a, b) = c', NULL),
	('a = a', NULL), ('a.b[1] <> a.b[1]', NULL), ('a BETWEEN b AND a', NULL), ('a BETWEEN b AND b', NULL), ('a IN (b, a)', NULL), ('a IN (b, b)', NULL),
	('contains(a, a)', NULL), ('begins_with(a[1], a[1])', NULL), ('begins_with(a[1], a[01])', NULL), ('size(a) = size(a)', NULL), ('size(a) = a', NULL),
	('attribute_exists(:v)', '{":v": {"S": "x"}}'), ('attribute_not_exists(size(a))', NULL), ('attribute_not_exists(:v)', '{":v": {"S": "x"}}'),
	('attribute_type(a, b)', NULL), ('attribute_type(a, :v)', '{":v": {"N": "1"}}'), ('attribute_type(a, :v)', '{":v": {"S": "x"}}'), ('attribute_type(a, :v)', '{":v": {"S": "s"}}'),
	('begins_with(a, :v)', '{":v": {"N": "1"}}'), ('begins_with(:v, a)', '{":v": {"SS": ["x"]}}'), ('begins_with(a, :v)', '{":v": {"NULL": true}}'),
	('size(size(a)) = b', NULL), ('size(:v) = a', '{":v": {"N": "1"}}'), ('size(:v) = a', '{":v": {"BOOL": true}}'), ('a = size(:v)', '{":v": {"NULL": true}}'),
	('a < :v', '{":v": {"BOOL": true}}'), (':v >= a', '{":v": {"M": {}}}'), ('a BETWEEN b AND :v', '{":v": {"L": []}}'), (':v BETWEEN a AND b', '{":v": {"NS": ["1"]}}'),
	('a BETWEEN :v AND :w', '{":v": {"N": "1"}, ":w": {"S": "a"}}'), ('a BETWEEN :v AND :w', '{":v": {"N": "10"}, ":w": {"N": "9.0"}}'),
	('a BETWEEN :v AND :w', '{":v": {"S": "b"}, ":w": {"S": "a"}}'), ('a BETWEEN :v AND :w', '{":v": {"B": "/w=="}, ":w": {"B": "fw=="}}'),
	('a BETWEEN :v AND :v', '{":v": {"S": "b"}}')) AS t(e, v);

--
-- conditions: which fault is found first
--
SELECT e, pg_temp.condition(e, v)
FROM (VALUES
	-- by class, wherever they stand
	('size = a AND', NULL::jsonb),
	('dog(a) AND ((a = b))', NULL),
	('size(a) AND dog(b)', NULL),
	('name = a AND size(b)', NULL),
	('a = :v AND status = b', NULL),
	('a = a AND name = b', NULL),
	('a < :v AND dog(a)', '{":v": {"L": []}}'),
	('a = b AND a.b.c.Count = d AND e.data = f', NULL),
	-- clause by clause
	('a = a AND b = :nothing', NULL),
	('b = :nothing AND a = a', NULL),
	('begins_with(a, :v) OR b = #nothing', '{":v": {"N": "1"}}'),
	('NOT (a = :one OR a = :two)', NULL),
	-- within a clause
	('contains(a, a, :nothing)', NULL),
	('contains(a, a, a)', NULL),
	('a BETWEEN a AND :v', '{":v": {"L": []}}'),
	('a.#x = :y', NULL),
	(':y = a.#x', NULL),
	('a BETWEEN :v AND :w', '{":v": {"L": []}, ":w": {"S": "a"}}'),
	('size(:v) = :nothing', '{":v": {"N": "1"}}'),
	('size(:v) < :w', '{":v": {"N": "1"}, ":w": {"L": []}}')) AS t(e, v);

-- the same for filters and key conditions, under their own names
SELECT dynamo.parse_key_condition('name = :v', NULL, '{":v": {"S": "x"}}');
SELECT dynamo.parse_key_condition('a = :v', NULL, NULL);
SELECT dynamo.parse_key_condition('a =', NULL, NULL);
SELECT dynamo.parse_key_condition('((a = b))', NULL, NULL);

--
-- updates: one fault
--
SELECT e, pg_temp.update(e, v)
FROM (VALUES
	('SET status = :v', '{":v": {"N": "1"}}'::jsonb), ('SET a.Name = b', NULL), ('SET a = items', NULL), ('REMOVE data[0]', NULL), ('ADD count :v', '{":v": {"N": "1"}}'),
	('SET a = dog(b)', NULL), ('SET a = If_Not_Exists(a, b)', NULL), ('SET a = size(b)', NULL), ('SET a = contains(b, c)', NULL), ('SET c = list_append(list_append(a, b), c)', NULL),
	('SET c = list_append(a, if_not_exists(b, list_append(b, c)))', NULL),
	('SET a = ((b))', NULL), ('SET a = ((b + c))', NULL), ('SET a = list_append(((b)), c)', NULL),
	('SET a = b SET c = d', NULL), ('REMOVE a REMOVE b', NULL), ('ADD a :v SET c = b ADD d :v', '{":v": {"N": "1"}}'), ('DELETE a :v DELETE b :v', '{":v": {"SS": ["1"]}}'),
	('SET a = #x', NULL), ('SET #x = a', NULL), ('SET a = :x', NULL), ('ADD a :x', NULL),
	('SET a = b, a = b', NULL), ('SET a.b = c REMOVE a', NULL), ('SET a = b ADD a.c :v', '{":v": {"N": "1"}}'), ('SET a.b = c, a[1] = c', NULL),
	('ADD a :v', '{":v": {"S": "1"}}'), ('ADD a :v', '{":v": {"L": []}}'), ('ADD a :v', '{":v": {"M": {}}}'), ('ADD a :v', '{":v": {"B": "AA=="}}'), ('ADD a :v', '{":v": {"BOOL": true}}'), ('ADD a :v', '{":v": {"NULL": true}}'),
	('DELETE a :v', '{":v": {"N": "1"}}'), ('DELETE a :v', '{":v": {"L": []}}'),
	('SET a = if_not_exists(a)', NULL), ('SET a = if_not_exists(a, b, c)', NULL), ('SET a = list_append(a)', NULL),
	('SET a = if_not_exists(:v, b)', '{":v": {"N": "1"}}'), ('SET a = if_not_exists(list_append(a, b), b)', NULL),
	('SET a = list_append(a, :v)', '{":v": {"SS": ["1"]}}'), ('SET a = list_append(:v, a)', '{":v": {"N": "1"}}'),
	('SET a = b + :v', '{":v": {"S": "1"}}'), ('SET a = :v - b', '{":v": {"NS": ["1"]}}'), ('SET a = b + list_append(c, d)', NULL)) AS t(e, v);

--
-- updates: which fault is found first
--
SELECT e, pg_temp.update(e, v)
FROM (VALUES
	('SET name = a,', NULL::jsonb),
	('SET a = dog(b), c = status', NULL),
	('SET a = b SET c = dog(d)', NULL),
	('SET a = b SET c = #x', NULL),
	('SET a = :v, b = #x', NULL),
	('SET a = b, a = :v', NULL),
	('SET a.b = b, a[0] = c, d = a, d.x = b', NULL),
	('ADD a :v SET b.c = a, b[0] = a', '{":v": {"S": "x"}}'),
	('SET a = if_not_exists(:s, a) ADD b :s', '{":s": {"S": "x"}}'),
	('SET a = b + :s, c = if_not_exists(a)', '{":s": {"S": "x"}}'),
	('SET a = list_append(:s)', '{":s": {"S": "x"}}')) AS t(e, v);

--
-- updates: when they are applied
--
SELECT e, pg_temp.update(e, v)
FROM (VALUES
	('SET x = y', NULL::jsonb), ('SET x = a.b', NULL), ('SET x = a + y', NULL), ('SET x = list_append(a, b)', NULL), ('SET x = list_append(:v, b)', '{":v": {"L": []}}'),
	('SET x.y = a', NULL), ('SET a.b = b', NULL), ('ADD a :v', '{":v": {"SS": ["x"]}}'), ('DELETE a :v', '{":v": {"SS": ["x"]}}'),
	-- reading, then paths, then types
	('SET x.y = z', NULL), ('SET x = list_append(a, b), y.z = a', NULL), ('ADD a :v SET x = y', '{":v": {"SS": ["x"]}}')) AS t(e, v);

--
-- projections: which fault is found first
--
SELECT e, pg_temp.projection(e)
FROM (VALUES ('name,'), ('#x, name'), ('a, a, #x'), ('a.b, a[0], c, c'), ('a.Items[0].b'), ('"a"')) AS t(e);

--
-- limits
--
-- 4096 bytes of text, spaces and all
SELECT n, left(pg_temp.condition('a <> b' || repeat(' ', n - 6)), 120) AS condition,
	left(pg_temp.update('SET c = a' || repeat(' ', n - 9)), 120) AS update,
	left(pg_temp.projection(repeat(' ', n - 1) || 'a'), 120) AS projection
FROM unnest('{4096, 4097, 100000}'::int[]) AS n;
SELECT pg_temp.condition(repeat('é', 2049));

-- 300 operators: comparators, BETWEEN, IN, AND, OR, NOT, functions, + and -
SELECT n, left(pg_temp.condition('a<b' || repeat(' OR a<b', n)), 120) AS condition,
	left(pg_temp.condition(repeat('NOT ', 2 * n) || 'a<b'), 120) AS negation,
	left(pg_temp.condition(repeat('size(', 2 * n) || 'a' || repeat(')', 2 * n) || '<b'), 120) AS nested
FROM unnest('{149, 150, 400}'::int[]) AS n;
SELECT left(pg_temp.update('SET x=' || repeat('if_not_exists(c,', n) || 'a' || repeat(')', n)), 120)
FROM unnest('{200, 300}'::int[]) AS n;
SELECT left(pg_temp.update('SET x0=a' || (SELECT string_agg(',x' || i || '=a-b', '') FROM generate_series(1, n) i)), 120)
FROM unnest('{300, 301}'::int[]) AS n;

-- IN: 100 operands, the one on the left included
SELECT n, pg_temp.condition('a IN (' || (SELECT string_agg('x' || i, ',') FROM generate_series(1, n) i) || ')')
FROM unnest('{99, 100, 101}'::int[]) AS n;

-- nesting
SELECT pg_temp.condition(repeat('(', 4096)), pg_temp.condition(repeat('(', 2000) || 'a=b' || repeat(')', 2000)),
	pg_temp.condition(repeat('NOT ', 1024)), pg_temp.condition(repeat('NOT(', 1000) || 'a=b' || repeat(')', 1000));
SELECT pg_temp.update('SET x=' || repeat('(', 2000) || 'a+b' || repeat(')', 2000)),
	pg_temp.update('SET x=' || repeat('(', 4000)),
	pg_temp.projection('a' || repeat('[', 4000));

-- list indexes
SELECT e, pg_temp.condition(e), pg_temp.projection(e), pg_temp.update('REMOVE a[1]' || substr(e, 2))
FROM unnest('{a[2147483648],a[99999999999999999999999999],a[000000000000000000000001]}'::text[]) e;
SELECT pg_temp.condition('a[2147483647] = b'), pg_temp.condition('a[2147483648] = b'),
	pg_temp.condition('name = a[99999999999]'), pg_temp.condition('a' || repeat('.b', 32) || ' = c');

--
-- reserved words
--
-- in any case, anywhere in a path, but not behind an alias and not as part of a word
SELECT e, pg_temp.projection(e, n)
FROM (VALUES ('STATUS', NULL::jsonb), ('Status', NULL), ('a.status', NULL), ('a[1].status.b', NULL), ('a.b.c.ZONE', NULL), ('abort', NULL),
	('sqlexception', NULL), ('localtimestamp', NULL), ('#status', '{"#status": "status"}'), ('status1', NULL), ('_status', NULL), ('zones', NULL), ('abor', NULL),
	('flattern, loged, innter', NULL), ('hash', NULL), ('timestamp', NULL), ('Remove', NULL), ('contains', NULL), ('value', NULL), ('user', NULL), ('date', NULL)) AS t(e, n);
SELECT pg_temp.condition('remove <> b'), pg_temp.condition('set <> b'), pg_temp.update('SET and = a'), pg_temp.projection('not');

--
-- hostile text: every soup of tokens ends in a result or an error of ours
--
DO $$
DECLARE
	tokens text[] := ARRAY['a', 'b', 'c.d', '#n', '#x', ':v', ':w', ':l', ':s', '[', ']', '[0]', '[1]', '[99999999999]', '(', ')', '((', '))', ',', '.',
		'=', '<>', '<', '<=', '>', '>=', '+', '-', 'AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'ADD', 'DELETE',
		'size', 'size(a)', 'contains', 'begins_with(a,', 'attribute_exists(a)', 'attribute_type(', 'if_not_exists(', 'list_append(', 'dog(',
		'name', '1', '''', '"', '\', '!', '$', 'é', '😀', E'\n', E'\x01', '%s', '%n', '#', ':', ';', '/*', '--', '{', '}'];
	starts text[] := ARRAY['', '', 'SET a =', 'SET', 'REMOVE', 'ADD a', 'a =', '(', 'NOT'];
	names jsonb := '{"#n": "a", "#x": "c"}';
	vals jsonb := '{":v": {"N": "1"}, ":w": {"S": "x"}, ":l": {"L": [{"N": "1"}]}, ":s": {"SS": ["x"]}}';
	item jsonb := '{"a": {"N": "1"}, "b": {"L": [{"N": "1"}, {"S": "x"}]}, "c": {"M": {"d": {"SS": ["x", "y"]}}}}';
	text text;
	ended int := 0;
	worked int := 0;
BEGIN
	PERFORM setseed(0.5);
	FOR i IN 1..6000 LOOP
		text := starts[1 + (random() * (cardinality(starts) - 1))::int];
		FOR j IN 1..1 + (random() * random() * 20)::int LOOP
			text := text || CASE WHEN random() < 0.8 THEN ' ' ELSE '' END || tokens[1 + (random() * (cardinality(tokens) - 1))::int];
		END LOOP;
		FOR k IN 1..4 LOOP
			BEGIN
				CASE k
					WHEN 1 THEN PERFORM dynamo.condition_matches(item, text, names, vals);
					WHEN 2 THEN PERFORM dynamo.apply_update(item, NULL, text, names, vals);
					WHEN 3 THEN PERFORM dynamo.apply_projection(item, text, names);
					ELSE PERFORM dynamo.parse_key_condition(text, names, vals);
				END CASE;
				worked := worked + 1;
			EXCEPTION WHEN SQLSTATE 'DY001' THEN
				-- what works but for names and values that it does not use
				IF SQLERRM LIKE '%unused%' THEN
					worked := worked + 1;
				END IF;
			END;
			ended := ended + 1;
		END LOOP;
	END LOOP;
	RAISE WARNING '% ended, some worked: %', ended, worked > 50;
END $$;

-- texts grown from the grammar, so that most get past the parser
DO $$
DECLARE
	operands text[] := ARRAY['a', 'b[0]', 'b[1]', 'c.d', '#n', '#x.d', ':v', ':w', ':l', ':s', 'size(b)', '(a)', 'size(:s)', 'z', 'c[0]', 'b.x'];
	values text[] := ARRAY['a', 'b', ':v', ':l', 'if_not_exists(z, :v)', 'list_append(b, :l)', 'a + :v', 'a - :v', 'if_not_exists(z, b)', '(a)', ':v + if_not_exists(z, :v)', 'c.d'];
	targets text[] := ARRAY['a', 'b', 'b[0]', 'b[1]', 'b[5]', 'c.d', 'c.e', 'z', 'z.y', '#n', 'c', 'b[0].x'];
	item jsonb := '{"a": {"N": "1"}, "b": {"L": [{"N": "1"}, {"S": "x"}]}, "c": {"M": {"d": {"SS": ["x", "y"]}}}}';
	names jsonb := '{"#n": "a", "#x": "c"}';
	vals jsonb := '{":v": {"N": "1"}, ":w": {"S": "x"}, ":l": {"L": [{"N": "1"}]}, ":s": {"SS": ["x"]}}';
	-- uses every name and value, so that none is unused
	tail text := ' OR #n = :v OR #x = :w OR #x = :l OR #x = :s';
	o text[]; text text; clause text;
	worked int := 0; failed int := 0;
	result jsonb;
BEGIN
	PERFORM setseed(0.75);
	FOR i IN 1..3000 LOOP
		text := '';
		FOR j IN 1..1 + (random() * 3)::int LOOP
			o := ARRAY(SELECT operands[1 + (random() * (cardinality(operands) - 1))::int] FROM generate_series(1, 3));
			clause := CASE (random() * 7)::int
				WHEN 0 THEN format('%s = %s', o[1], o[2])
				WHEN 1 THEN format('%s <> %s', o[1], o[2])
				WHEN 2 THEN format('%s < %s', o[1], o[2])
				WHEN 3 THEN format('(%s BETWEEN %s AND %s)', o[1], o[2], o[3])
				WHEN 4 THEN format('%s IN (%s, %s)', o[1], o[2], o[3])
				WHEN 5 THEN format('contains(%s, %s)', o[1], o[2])
				WHEN 6 THEN format('begins_with(%s, %s)', o[1], o[2])
				ELSE format('NOT attribute_exists(%s)', o[1]) END;
			text := text || CASE WHEN text = '' THEN '' WHEN random() < 0.5 THEN ' AND ' ELSE ' OR ' END || clause;
		END LOOP;
		BEGIN
			-- a condition and its negation
			IF dynamo.condition_matches(item, 'NOT (' || text || tail || ')', names, vals) =
				dynamo.condition_matches(item, text || tail, names, vals) THEN
				RAISE WARNING 'neither true nor false: %', text;
			END IF;
			worked := worked + 1;
		EXCEPTION WHEN SQLSTATE 'DY001' THEN
			failed := failed + 1;
		END;

		text := '';
		FOR j IN 1..1 + (random() * 2)::int LOOP
			text := text || CASE WHEN text = '' THEN 'SET ' ELSE ', ' END || targets[1 + (random() * (cardinality(targets) - 1))::int]
				|| ' = ' || values[1 + (random() * (cardinality(values) - 1))::int];
		END LOOP;
		text := text || ', w1 = :w, w2 = :s, w3 = :l, w4 = :v, w5 = #x, w6 = #n';
		IF random() < 0.5 THEN
			text := text || ' REMOVE ' || targets[1 + (random() * (cardinality(targets) - 1))::int];
		END IF;
		BEGIN
			result := dynamo.apply_update(item, NULL, text, names, vals);
			worked := worked + 1;
		EXCEPTION WHEN SQLSTATE 'DY001' THEN
			failed := failed + 1;
		END;
	END LOOP;
	RAISE WARNING 'both happened: %', worked > 500 AND failed > 500;
END $$;

-- strange arguments
DO $$
DECLARE
	strange jsonb[] := ARRAY[NULL, 'null', 'true', '1', '"x"', '[]', '{}', '[{"S": "x"}]', '{"a": null}', '{":v": null}', '{"#a": null}', '{"#a": {"S": "a"}}', '{"#a": "a"}',
		'{":v": 1}', '{":v": "x"}', '{":v": []}', '{":v": {"S": 1}}', '{":v": {"N": 1}}', '{":v": {"B": "!"}}', '{":v": {"BOOL": "x"}}', '{":v": {"NULL": 1}}',
		'{":v": {"L": {}}}', '{":v": {"L": [null]}}', '{":v": {"L": [1]}}', '{":v": {"M": []}}', '{":v": {"M": {"a": null}}}', '{":v": {"M": {"a": "x"}}}',
		'{":v": {"SS": [1]}}', '{":v": {"SS": [null]}}', '{":v": {"SS": {}}}', '{":v": {"NS": [""]}}', '{":v": {"dog": "x"}}', '{":v": {"S": "x", "SS": null}}',
		'{"a": 1}', '{"a": {"L": [{}]}}', '{"a": {"S": "x"}}', '{"": {"S": "x"}}'];
	x jsonb; y jsonb;
	n int := 0;
BEGIN
	FOREACH x IN ARRAY strange LOOP
	FOREACH y IN ARRAY strange LOOP
		FOR k IN 1..7 LOOP
			BEGIN
				CASE k
					WHEN 1 THEN PERFORM dynamo.condition_matches(x, 'a = :v', NULL, y);
					WHEN 2 THEN PERFORM dynamo.condition_matches(x, 'contains(#a, a)', y, NULL);
					WHEN 3 THEN PERFORM dynamo.apply_update(x, y, 'SET b = a', NULL, NULL);
					WHEN 4 THEN PERFORM dynamo.apply_update(NULL, x, 'SET b = :v', NULL, y);
					WHEN 5 THEN PERFORM dynamo.apply_update(NULL, NULL, 'SET #a = :v', x, y);
					WHEN 6 THEN PERFORM dynamo.apply_projection(x, '#a', y);
					ELSE PERFORM dynamo.parse_key_condition('#a = :v', x, y);
				END CASE;
			EXCEPTION WHEN SQLSTATE 'DY001' OR SQLSTATE 'DY002' THEN
				NULL;
			END;
			n := n + 1;
		END LOOP;
	END LOOP;
	END LOOP;
	RAISE WARNING '% ended', n;
END $$;

-- the cache forgets: more texts than it holds, then the first again
DO $$
BEGIN
	FOR i IN 1..2000 LOOP
		PERFORM dynamo.condition_matches(NULL, format('a%s <> b AND %s', i, repeat('a <> b AND ', i % 90) || 'a <> b'), NULL, NULL);
	END LOOP;
	IF NOT dynamo.condition_matches(NULL, 'a1 <> b AND a <> b AND a <> b', NULL, NULL) THEN
		RAISE WARNING 'wrong';
	END IF;
END $$;
SELECT count(*) > 0 AS cached, sum(total_bytes) < 3 * 1024 * 1024 AS bounded
FROM pg_backend_memory_contexts WHERE name LIKE 'dynamo expression%';
