\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
RESET client_min_messages;

-- reading and writing: compact, members in the order they came
SELECT dynamo.json_canonical(t) FROM (VALUES
	('null'), (' true '), ('false'), ('0'), ('-0'), ('12'), ('-1.50e+7'),
	('1E5'), ('""'), ('"a"'), ('[]'), ('{}'), (E' [ 1 ,\t2 , [ ] ] '),
	(E'{ "b" : 1 ,\n"a" : { } }'), ('{"a":1,"b":2,"a":3}'),
	('{"":""}')) v(t);

-- not JSON; psql's versions differ in how wide U+FEFF is
SELECT replace(t, E'\ufeff', '\ufeff') AS t, dynamo.json_canonical(t) IS NULL AS refused FROM (VALUES
	(''), (' '), ('nul'), ('nulll'), ('True'), ('tru'), ('01'), ('-'), ('+1'), ('.5'),
	('5.'), ('1e'), ('1e+'), ('--1'), ('0x1'), ('NaN'), ('Infinity'),
	('"'), ('"a'), ('"\'), ('"\"'), ('"\x"'), ('"\u"'), ('"\u12"'), ('"\u123g"'),
	(E'"\n"'), (E'"\t"'), (E'"a\u0001"'), ('''a'''),
	('['), ('[1'), ('[1,'), ('[1,]'), ('[,1]'), ('[1 2]'), ('[1]]'), (']'),
	('{'), ('{"a"'), ('{"a":'), ('{"a":}'), ('{"a":1'), ('{"a":1,}'), ('{a:1}'),
	('{1:1}'), ('{"a" 1}'), ('{"a":1 "b":2}'), ('{"a":1}}'), ('}'), ('1 2'),
	('[1}'), ('{"a":1]'), ('/**/1'), (E'\f1'), (E'\u00a01'), (E'\ufeff1')) v(t)
	ORDER BY 2, v.t;

-- escapes: only what must be escaped is written so
SELECT t, dynamo.json_canonical(t) FROM (VALUES
	('"\"\\\/\b\f\n\r\t"'), ('"\u0041\u00e9\u20ac\ud83d\ude00"'),
	('"\u0001\u001F\u007f"'), ('"é€😀"'), ('"a\u0000b"'), ('"\u0000"'),
	('"\u00000\u00001"'), ('"\udbff\udfff"'), ('"\uDBFF\uDFFE"'),
	('{"\u0000k":"\u0000v"}'), ('"</script>"')) v(t);

-- surrogates that are no pair are malformed
SELECT t, dynamo.json_canonical(t) IS NULL AS refused FROM (VALUES
	('"\ud800"'), ('"\ud800x"'), ('"\udc00"'), ('"\udc00\ud800"'),
	('"\ud800\u0041"'), ('"\ud800\ud800"'), ('"\ud83d\ude0"'), ('"\ud83d\n"')) v(t);

-- stored form: U+0000 and U+10FFFF are escaped in jsonb and only there
SELECT encode(convert_to(dynamo.json_to_jsonb(t) #>> '{}', 'UTF8'), 'hex') AS stored,
	dynamo.json_canonical(t) = t AS same_text
	FROM (VALUES ('"\u0000"'), ('"' || chr(1114111) || '"'), ('"a' || chr(1114111) || '0"'),
		('"' || chr(1114110) || '"')) v(t);
SELECT encode(convert_to(dynamo.json_to_jsonb('"\udbff\udfff"') #>> '{}', 'UTF8'), 'hex');
SELECT encode(convert_to(dynamo.json_to_jsonb('"\\' || chr(1114111) || chr(1114111) || '\u0000"') #>> '{}', 'UTF8'), 'hex');

-- nesting
SELECT dynamo.json_canonical(repeat('[', 512) || repeat(']', 512)) = repeat('[', 512) || repeat(']', 512) AS deep;
SELECT dynamo.json_canonical(repeat('[', 513) || repeat(']', 513));
SELECT dynamo.json_canonical(repeat('{"a":', 200000));
SELECT dynamo.json_canonical(repeat('[{"a":', 200000));

-- jsonb is byte for byte what jsonb_in makes
CREATE FUNCTION same_jsonb(t text) RETURNS boolean LANGUAGE sql AS
	$$ SELECT dynamo.jsonb_bytes(dynamo.json_to_jsonb(t)) = dynamo.jsonb_bytes(t::jsonb) $$;

SELECT t, same_jsonb(t) FROM (VALUES
	('null'), ('true'), ('false'), ('0'), ('-0'), ('1'), ('-17'), ('1.50'),
	('1e5'), ('1.5e-7'), ('9999'), ('10000'), ('123456789012345678'),
	('12345678901234567890123456789'), ('-0.000'), ('1e1000'), ('""'), ('"abc"'),
	('[]'), ('{}'), ('[[]]'), ('[{}]'), ('{"a":{}}'), ('["a",1]'), ('["abcd",1]'),
	('["abc",[1,"x",[2]],"de",{"k":[]}]'), ('{"bb":1,"a":2,"":3,"ab":4}'),
	('{"a":1,"a":2}'), ('{"a":[1],"b":"x","a":{"c":null}}'),
	('{"a":"1","b":"22","c":"333","d":[],"e":1}')) v(t);

-- more entries than the stride of stored offsets, and many duplicates
SELECT n,
	same_jsonb((SELECT json_agg(i) FROM generate_series(1, n) i)::text) AS numbers,
	same_jsonb((SELECT json_agg(repeat('x', i % 7)) FROM generate_series(1, n) i)::text) AS strings,
	same_jsonb((SELECT json_object_agg('k' || i, i) FROM generate_series(1, n) i)::text) AS members,
	same_jsonb((SELECT json_object_agg('k' || i * 7919 % 1000, repeat('v', i % 5)) FROM generate_series(1, n) i)::text) AS shuffled,
	same_jsonb((SELECT json_object_agg('k' || i % 5, i) FROM generate_series(1, n) i)::text) AS duplicates
	FROM unnest(ARRAY[1, 2, 15, 16, 17, 24, 25, 31, 32, 33, 63, 64, 65, 100, 1000]) n;

-- random documents
CREATE FUNCTION random_json(depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	kind int := floor(random() * CASE WHEN depth > 0 THEN 9 ELSE 6 END);
	n int := floor(random() * CASE WHEN random() < 0.1 THEN 70 ELSE 5 END);
BEGIN
	CASE kind
		WHEN 0 THEN RETURN (ARRAY['null', 'true', 'false'])[1 + floor(random() * 3)];
		WHEN 1 THEN RETURN floor(random() * 10 ^ floor(random() * 15))::bigint::text;
		WHEN 2 THEN RETURN ((random() - 0.5) * 10 ^ floor(random() * 20 - 10))::numeric::text;
		WHEN 3 THEN RETURN floor(random() * 1000)::text || 'e' || floor(random() * 80 - 40);
		WHEN 4, 5 THEN RETURN '"' || repeat((ARRAY['a', 'é', '\n', '€', '\"', '\u20ac', '😀', '\ud83d\ude00', '/'])[1 + floor(random() * 9)],
				floor(random() * 12)::int) || '"';
		WHEN 6 THEN RETURN '[' || coalesce((SELECT string_agg(random_json(depth - 1 + 0 * i), ', ')
			FROM generate_series(1, n) i), '') || ']';
		ELSE RETURN '{' || coalesce((SELECT string_agg('"' || repeat(chr(97 + floor(random() * 4)::int + 0 * i),
			floor(random() * 6)::int) || floor(random() * n)::text || '" : ' || random_json(depth - 1), ',')
			FROM generate_series(1, n) i), '') || '}';
	END CASE;
END $$;

SELECT setseed(0.5);
CREATE TEMP TABLE documents AS SELECT random_json(4) AS t FROM generate_series(1, 3000);
SELECT max(length(t)) > 10000 AS long, count(*) FILTER (WHERE t::jsonb::text LIKE '%[{%') > 50 AS nested FROM documents;
SELECT count(*), count(*) FILTER (WHERE same_jsonb(t)) AS same,
	count(*) FILTER (WHERE same_jsonb(dynamo.json_canonical(t))) AS same_again,
	count(*) FILTER (WHERE dynamo.json_canonical(t)::jsonb = t::jsonb) AS same_text
	FROM documents;
-- and back from jsonb: container to text, container to tree, tree to jsonb
SELECT count(*) FILTER (WHERE dynamo.json_text(t::jsonb)::jsonb = t::jsonb) AS as_bytes,
	count(*) FILTER (WHERE dynamo.json_text(t::jsonb) = dynamo.json_text(t::jsonb, true)) AS as_tree,
	count(*) FILTER (WHERE dynamo.jsonb_bytes(dynamo.json_rebuild(t::jsonb)) = dynamo.jsonb_bytes(t::jsonb)) AS rebuilt
	FROM documents;
-- truncated documents crash nothing and are refused
SELECT count(*) FROM documents, generate_series(1, 20) i
	WHERE t LIKE '{%' AND i < length(t) AND dynamo.json_canonical(left(t, i)) IS NOT NULL;

-- damaged documents: the parser and Postgres's own agree on what is JSON
-- (surrogates apart, which the type json does not check)
CREATE FUNCTION is_json(t text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM t::json;
	RETURN true;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN false;
END $$;
CREATE TEMP TABLE damaged AS
	SELECT CASE floor(random() * 3) WHEN 0 THEN overlay(b PLACING '' FROM p FOR 1) WHEN 1 THEN overlay(b PLACING c FROM p FOR 1) ELSE overlay(b PLACING c FROM p FOR 0) END AS t
	FROM (VALUES ('{"a":{"S":"x\n\u00e9\ud83d\ude00"},"b":[1,2.5e-3,-0,true,false,null,{"":{}}],"c":"é\"€"}'),
		('[[],{},[[1,2],"x\\y"],{"k":"v","k":"w"}]'), ('{"n":-12.50E+10,"t":  true , "u":"\/\b\f"}'), ('"abc\u0041"'), ('[1e5,0.1,10]')) v(b),
		generate_series(1, 1500) i,
		LATERAL (SELECT 1 + floor(random() * length(b) + 0 * i)::int AS p,
			(ARRAY['"', '\', '{', '}', '[', ']', ',', ':', '0', '1', '-', '+', '.', 'e', 'E', 'u', 'n', 't', 'f', ' ', E'\n', E'\x01', 'é', '/'])[1 + floor(random() * 24 + 0 * i)::int] AS c) l;
SELECT count(*) FILTER (WHERE valid) > 1000 AS valid, count(*) FILTER (WHERE NOT valid) > 1000 AS invalid, count(*) FILTER (WHERE valid <> accepted) AS differ
	FROM (SELECT is_json(t) AS valid, dynamo.json_canonical(t) IS NOT NULL AS accepted FROM damaged WHERE t !~ '\\u[dD]') d;

DROP FUNCTION is_json(text);
DROP FUNCTION same_jsonb(text);
DROP FUNCTION random_json(int);
