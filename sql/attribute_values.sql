\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
RESET client_min_messages;

-- normal form of a value, or the error
CREATE FUNCTION normal_form(t text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.attribute_value_normalize(dynamo.json_to_jsonb(t))::text;
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN 'error: ' || SQLERRM;
END $$;

-- every type
SELECT t, normal_form(t) FROM (VALUES
	('{"S":"x"}'), ('{"S":""}'), ('{"N":"007.50"}'), ('{"N":"-0"}'), ('{"B":""}'), ('{"B":"AAE="}'),
	('{"BOOL":true}'), ('{"BOOL":false}'), ('{"NULL":true}'), ('{"M":{}}'), ('{"L":[]}'),
	('{"L":[{"S":"b"},{"S":"a"},{"S":"b"}]}'), ('{"M":{"b":{"N":"1e2"},"a":{"L":[{"N":"0.10"}]}}}'),
	('{"SS":["b","a",""]}'), ('{"NS":["10","9","-1.0","2e1"]}'), ('{"BS":["/w==","AA==","","AAA=","gA=="]}')) v(t);
-- strings that the deserializer takes for booleans
SELECT t, normal_form(t) FROM (VALUES
	('{"BOOL":"True"}'), ('{"BOOL":"no"}'), ('{"BOOL":"1"}'), ('{"NULL":"YES"}'), ('{"BOOL":"maybe"}'), ('{"NULL":"0"}'), ('{"BOOL":1}')) v(t);
-- unknown members are dropped, nulls count as absent
SELECT t, normal_form(t) FROM (VALUES
	('{"S":"x","Q":1}'), ('{"Q":1,"S":"x","N":null}'), ('{"S":null}'), ('{"dog":"x"}'), ('{}'),
	('{"s":"x"}'), ('{"BOOLE":true}'), ('{"M":{"a":{"S":"x","y":"z"}}}')) v(t);
-- faults, in DynamoDB's order
SELECT t, normal_form(t) FROM (VALUES
	('{"S":"x","N":"1"}'), ('{"S":"x","N":"dog"}'), ('{"N":"dog","S":"x"}'), ('{"N":""}'), ('{"N":" 1"}'), ('{"N":"1e126"}'), ('{"N":"1e-131"}'),
	('{"N":"' || repeat('1', 39) || '"}'), ('{"NULL":false}'), ('{"SS":[]}'), ('{"NS":[]}'), ('{"BS":[]}'),
	('{"SS":["a","a"]}'), ('{"SS":["b","a","c","b"]}'), ('{"NS":["1","1.0"]}'), ('{"NS":["1","dog","1"]}'), ('{"NS":[""]}'),
	('{"BS":["/w==","AA==","AA=="]}'), ('{"L":[{"S":"a"},{"N":"x"}]}'), ('{"L":[{}]}'), ('{"L":[null]}'), ('{"M":{"a":{"NULL":false}}}'),
	('{"M":{"a":null}}'), ('{"M":{"a":{"S":"x","SS":["y"]}}}')) v(t);
-- shapes that no attribute value has
SELECT t, normal_form(t) FROM (VALUES
	('null'), ('1'), ('"x"'), ('[]'), ('true'), ('{"S":1}'), ('{"S":1.5}'), ('{"S":true}'), ('{"S":[]}'), ('{"S":{}}'), ('{"N":1}'), ('{"N":[1]}'),
	('{"B":1}'), ('{"B":"A"}'), ('{"B":"AAA"}'), ('{"B":"AA=A"}'), ('{"B":"===="}'), ('{"B":"A==="}'), ('{"B":"AB=="}'), ('{"B":"AAB="}'), ('{"B":"AA\n="}'), ('{"B":"AA-_"}'), ('{"B":"é==="}'),
	('{"SS":"a"}'), ('{"SS":{}}'), ('{"SS":[1]}'), ('{"SS":[null]}'), ('{"NS":[1]}'), ('{"BS":["x"]}'), ('{"L":{}}'), ('{"L":"x"}'), ('{"M":[]}'), ('{"M":1}'), ('{"L":[1]}'), ('{"L":[[]]}'), ('{"M":{"a":"b"}}')) v(t);
-- jsonb that holds a bare U+10FFFF did not come through the API
SELECT dynamo.attribute_value_normalize(jsonb_build_object('S', chr(1114111) || 'x'));
SELECT dynamo.item_normalize(jsonb_build_object(chr(1114111), jsonb_build_object('S', 'x')));
SELECT dynamo.item_is_normal(jsonb_build_object('a', jsonb_build_object('S', chr(1114111)))) AS value,
	dynamo.item_is_normal(jsonb_build_object(chr(1114111) || '2', jsonb_build_object('S', ''))) AS name,
	dynamo.item_is_normal(jsonb_build_object(chr(1114111) || '1', jsonb_build_object('S', chr(1114111) || '0'))) AS both_fine;

-- nesting: 32 levels of lists and maps
SELECT levels, normal_form(repeat('{"L":[', levels) || '{"S":"x"}' || repeat(']}', levels)) LIKE '{"L": [{"L": %' AS lists,
	normalize(repeat('{"M":{"a":', levels) || '{"S":"x"}' || repeat('}}', levels)) LIKE '{"M": {"a": {"M": %' AS maps
	FROM (VALUES (31), (32)) v(levels);
SELECT normal_form(repeat('{"L":[', 33) || '{"S":"x"}' || repeat(']}', 33));
SELECT normal_form(repeat('{"M":{"a":', 33) || '{"S":"x"}' || repeat('}}', 33));
SELECT dynamo.item_is_normal(('{"k":' || repeat('{"L":[', n) || '{"S":"x"}' || repeat(']}', n) || '}')::jsonb)
	FROM (VALUES (32), (33)) v(n);
SELECT dynamo.item_is_normal(('{"k":' || repeat('{"L":[', 2000) || '{"S":"x"}' || repeat(']}', 2000) || '}')::jsonb);
SELECT dynamo.item_normalize(('{"k":' || repeat('{"L":[', 2000) || '{"S":"x"}' || repeat(']}', 2000) || '}')::jsonb);

-- items
SELECT dynamo.item_normalize('{"b":{"N":"1.0"},"a":{"SS":["b","a"],"x":1}}');
SELECT dynamo.item_normalize('{}');
SELECT dynamo.item_normalize('[]');
SELECT dynamo.item_normalize('"x"');
SELECT dynamo.item_normalize('{"a":"b"}');
SELECT dynamo.item_normalize('{"a":null}');
SELECT t, dynamo.item_is_normal(t::jsonb) FROM (VALUES
	('{}'), ('{"a":{"S":"x"}}'), ('{"a":{"N":"0"},"b":{"N":"-1.5"},"c":{"NS":["-2","-1.5","0","3","10"]},"d":{"BS":["","AA==","AAA=","/w=="]}}'),
	('{"a":{"M":{"b":{"L":[{"BOOL":false},{"NULL":true},{"SS":["","a","b"]}]}}}}'), ('{"a":{"L":[]},"b":{"M":{}}}'),
	('[]'), ('"x"'), ('{"a":"x"}'), ('{"a":[]}'), ('{"a":null}'), ('{"a":{}}'), ('{"a":{"S":"x","N":"1"}}'), ('{"a":{"S":"x","y":1}}'), ('{"a":{"S":1}}'), ('{"a":{"Q":"x"}}'),
	('{"a":{"N":"01"}}'), ('{"a":{"N":"1.0"}}'), ('{"a":{"N":"1e1"}}'), ('{"a":{"N":"-0"}}'), ('{"a":{"N":"+1"}}'), ('{"a":{"N":""}}'), ('{"a":{"N":"-"}}'), ('{"a":{"N":".5"}}'),
	('{"a":{"N":"' || repeat('9', 39) || '"}}'), ('{"a":{"N":1}}'), ('{"a":{"B":"AB=="}}'), ('{"a":{"B":"x"}}'), ('{"a":{"NULL":false}}'), ('{"a":{"NULL":"true"}}'), ('{"a":{"BOOL":"true"}}'), ('{"a":{"BOOL":null}}'),
	('{"a":{"SS":[]}}'), ('{"a":{"SS":["b","a"]}}'), ('{"a":{"SS":["a","a"]}}'), ('{"a":{"SS":[1]}}'), ('{"a":{"SS":{}}}'), ('{"a":{"NS":["10","9"]}}'), ('{"a":{"NS":["1.0"]}}'), ('{"a":{"BS":["/w==","AA=="]}}'), ('{"a":{"BS":["=="]}}'),
	('{"a":{"L":{}}}'), ('{"a":{"M":[]}}'), ('{"a":{"L":[1]}}'), ('{"a":{"L":[{"N":"1.0"}]}}'), ('{"a":{"M":{"b":1}}}'), ('{"a":{"M":{"b":{"N":"1.0"}}}}')) v(t);

-- random items: normal form is a fixed point, and item_is_normal knows it
CREATE FUNCTION random_value(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	n int := floor(random() * 6);
	word text := (ARRAY['', 'a', 'b', 'ab', 'é', '€', '😀', chr(1114111) || '0', chr(1114111) || '1', 'z' || chr(1114111) || '0'])[1 + floor(random() * 10)];
	number text := (ARRAY['0', '-0', '1.0', '1', '1e1', '-2.50', '0.001', '100', '12345678901234567890', '-1e-130', '1e125', '007'])[1 + floor(random() * 12)];
	bin text := (ARRAY['', 'AA==', 'AAA=', 'AAAA', '/w==', '//8=', 'gA==', 'YWJj'])[1 + floor(random() * 8)];
BEGIN
	CASE floor(random() * CASE WHEN depth > 0 THEN 11 ELSE 8 END)
		WHEN 0 THEN RETURN jsonb_build_object('S', word);
		WHEN 1 THEN RETURN jsonb_build_object('N', number);
		WHEN 2 THEN RETURN jsonb_build_object('B', bin);
		WHEN 3 THEN RETURN jsonb_build_object('BOOL', random() < 0.5);
		WHEN 4 THEN RETURN jsonb_build_object('NULL', true);
		WHEN 5 THEN RETURN jsonb_build_object('SS', (SELECT jsonb_agg(DISTINCT repeat(word, i) || i) FROM generate_series(0, n) i));
		WHEN 6 THEN RETURN jsonb_build_object('NS', (SELECT jsonb_agg((i * 7919 % 101 - 50)::text || '.' || i) FROM generate_series(1, n + 1) i));
		WHEN 7 THEN RETURN jsonb_build_object('BS', (SELECT jsonb_agg(DISTINCT replace(encode(decode(md5(i::text || n), 'hex'), 'base64'), E'\n', '')) FROM generate_series(0, n) i));
		WHEN 8 THEN RETURN jsonb_build_object('L', (SELECT coalesce(jsonb_agg(random_value(depth - 1 + 0 * i)), '[]') FROM generate_series(1, n) i));
		ELSE RETURN jsonb_build_object('M', (SELECT coalesce(jsonb_object_agg(repeat('k', i % 3) || i, random_value(depth - 1)), '{}') FROM generate_series(1, n) i));
	END CASE;
END $$;
SELECT setseed(0.75);
CREATE TEMP TABLE items AS
	SELECT i, jsonb_build_object('v', random_value(3), 'w', random_value(1), 'name' || i % 10, random_value(2)) AS item
	FROM generate_series(1, 3000) i;
ALTER TABLE items ADD normal jsonb;
UPDATE items SET normal = dynamo.item_normalize(item);
SELECT count(*) FILTER (WHERE item <> normal) > 500 AS changed, count(*) FILTER (WHERE item = normal) > 100 AS unchanged FROM items;
SELECT count(*) FILTER (WHERE NOT dynamo.item_is_normal(normal)) AS not_normal,
	count(*) FILTER (WHERE dynamo.item_is_normal(item) <> (item = normal)) AS misjudged,
	count(*) FILTER (WHERE dynamo.jsonb_bytes(dynamo.item_normalize(normal)) <> dynamo.jsonb_bytes(normal)) AS not_fixed,
	count(*) FILTER (WHERE dynamo.jsonb_bytes(normal) <> dynamo.jsonb_bytes(normal::text::jsonb)) AS not_jsonb
	FROM items;
-- equality is equality of normal forms
SELECT count(*), count(*) FILTER (WHERE dynamo.attribute_value_equal(a.item->'w', b.item->'w') <> (a.normal->'w' = b.normal->'w')) AS misjudged,
	count(*) FILTER (WHERE a.normal->'w' = b.normal->'w') > 100 AS equal
	FROM items a JOIN items b ON b.i BETWEEN a.i AND a.i + 20;

-- attributes by name, in items small and wide
SELECT n, count(*) FILTER (WHERE dynamo.item_get(item, k) IS DISTINCT FROM item->k) AS wrong,
	count(dynamo.item_get(item, k)) AS found,
	count(dynamo.item_get(item, k || 'x')) + count(dynamo.item_get(item, left(k, 2))) + count(dynamo.item_get(item, '')) AS too_many
	FROM unnest(ARRAY[1, 2, 31, 33, 64, 65, 66, 130, 1000]) n,
		LATERAL (SELECT jsonb_object_agg('k' || repeat('y', i % 4) || '.' || i * 7919 % 1009, jsonb_build_object('N', i::text)) AS item FROM generate_series(1, n) i) o,
		LATERAL jsonb_object_keys(item) k
	GROUP BY n ORDER BY n;

-- equality
SELECT a, b, dynamo.attribute_value_equal(a::jsonb, b::jsonb) FROM (VALUES
	('{"N":"1"}', '{"N":"1.0"}'), ('{"N":"1"}', '{"S":"1"}'), ('{"SS":["a","b"]}', '{"SS":["b","a"]}'), ('{"SS":["a"]}', '{"SS":["a","b"]}'),
	('{"NS":["1","2"]}', '{"NS":["2.0","1e0"]}'), ('{"L":[{"N":"1"},{"N":"2"}]}', '{"L":[{"N":"2"},{"N":"1"}]}'), ('{"M":{"a":{"N":"1"},"b":{"S":"x"}}}', '{"M":{"b":{"S":"x"},"a":{"N":"01"}}}'),
	('{"M":{"a":{"NS":["3","1"]}}}', '{"M":{"a":{"NS":["1","3"]}}}'), ('{"BOOL":true}', '{"BOOL":true}'), ('{"BOOL":true}', '{"BOOL":false}'), ('{"NULL":true}', '{"NULL":true}'), ('{"S":""}', '{"B":""}'), ('{"L":[]}', '{"M":{}}')) v(a, b);

-- order: strings by original bytes, numbers by value, binaries unsigned
SELECT a, b, dynamo.attribute_value_compare(a::jsonb, b::jsonb) FROM (VALUES
	('{"S":"a"}', '{"S":"b"}'), ('{"S":"a"}', '{"S":"aa"}'), ('{"S":""}', '{"S":"a"}'), ('{"S":"Z"}', '{"S":"a"}'), ('{"S":"é"}', '{"S":"z"}'), ('{"S":"\uffff"}', '{"S":"😀"}'), ('{"S":"x"}', '{"S":"x"}'),
	('{"N":"2"}', '{"N":"10"}'), ('{"N":"-2"}', '{"N":"-10"}'), ('{"N":"-1"}', '{"N":"0"}'), ('{"N":"0.5"}', '{"N":"0.05"}'), ('{"N":"1"}', '{"N":"1.0"}'), ('{"N":"1.5"}', '{"N":"1"}'), ('{"N":"-1.5"}', '{"N":"-1"}'), ('{"N":"1e125"}', '{"N":"1e-130"}'),
	('{"B":"fw=="}', '{"B":"gA=="}'), ('{"B":"AA=="}', '{"B":"AAA="}'), ('{"B":""}', '{"B":"AA=="}'), ('{"B":"+w=="}', '{"B":"aw=="}'),
	('{"S":"1"}', '{"N":"1"}'), ('{"BOOL":true}', '{"BOOL":true}'), ('{"L":[]}', '{"L":[]}'), ('{"SS":["a"]}', '{"SS":["a"]}')) v(a, b);
CREATE TEMP TABLE strings AS SELECT row_number() OVER (ORDER BY b) AS place, b, t FROM (VALUES
	('\x'::bytea, '""'), ('\x00', '"\u0000"'), ('\x0000', '"\u0000\u0000"'), ('\x0030', '"\u00000"'), ('\x01', '"\u0001"'), ('\x30', '"0"'), ('\x6100', '"a\u0000"'), ('\x6100ff'::bytea, NULL), ('\x61', '"a"'), ('\x6130', '"a0"'), ('\x62', '"b"'),
	('\xefbfbf', '"\uffff"'), ('\xf0908080', '"\ud800\udc00"'), ('\xf48fbfbe', '"\udbff\udffe"'), ('\xf48fbfbf', '"\udbff\udfff"'), ('\xf48fbfbf00', '"\udbff\udfff\u0000"'), ('\xf48fbfbf30', '"\udbff\udfff0"'), ('\xf48fbfbf61', '"\udbff\udfffa"')) v(b, t) WHERE t IS NOT NULL;
SELECT count(*), count(*) FILTER (WHERE dynamo.attribute_value_compare(dynamo.json_to_jsonb('{"S":' || a.t || '}'), dynamo.json_to_jsonb('{"S":' || b.t || '}')) <> sign(a.place - b.place)) AS wrong
	FROM strings a, strings b;
SELECT dynamo.json_text(dynamo.attribute_value_normalize(dynamo.json_to_jsonb('{"SS":["\udbff\udfff","0","\u0000","","\ud800\udc00"]}')));
CREATE TEMP TABLE bins AS SELECT i, decode(substr(md5(i::text) || md5('x' || i), 1, 2 * (i % 7)), 'hex') AS b FROM generate_series(1, 300) i;
SELECT count(*), count(*) FILTER (WHERE dynamo.attribute_value_compare(jsonb_build_object('B', encode(a.b, 'base64')), jsonb_build_object('B', encode(b.b, 'base64')))
	<> CASE WHEN a.b < b.b THEN -1 WHEN a.b > b.b THEN 1 ELSE 0 END) AS wrong FROM bins a, bins b;

-- begins_with and contains
SELECT a, b, dynamo.attribute_value_begins_with(dynamo.json_to_jsonb(a), dynamo.json_to_jsonb(b)) AS begins, dynamo.attribute_value_contains(dynamo.json_to_jsonb(a), dynamo.json_to_jsonb(b)) AS contains FROM (VALUES
	('{"S":"hello"}', '{"S":"hell"}'), ('{"S":"hello"}', '{"S":"ello"}'), ('{"S":"hello"}', '{"S":""}'), ('{"S":"hello"}', '{"S":"hello!"}'), ('{"S":"hello"}', '{"B":""}'), ('{"S":""}', '{"S":""}'),
	('{"S":"\u0000x"}', '{"S":"0"}'), ('{"S":"\u0000x"}', '{"S":"0x"}'), ('{"S":"\u0000x"}', '{"S":"\u0000"}'), ('{"S":"a\u0000x"}', '{"S":"\u0000x"}'), ('{"S":"\u0000"}', '{"S":"\udbff\udfff"}'), ('{"S":"x0"}', '{"S":"\u0000"}'),
	('{"B":"YWJj"}', '{"B":"YWI="}'), ('{"B":"YWJj"}', '{"B":"YmM="}'), ('{"B":"YWJj"}', '{"B":"Yg=="}'), ('{"B":"YWJj"}', '{"B":"WJj/"}'), ('{"B":"YWJj"}', '{"S":"abc"}'), ('{"B":"/wD/"}', '{"B":"AA=="}'),
	('{"N":"123"}', '{"N":"12"}'), ('{"SS":["ab","c"]}', '{"S":"c"}'), ('{"SS":["ab","c"]}', '{"S":"a"}'), ('{"SS":["1"]}', '{"N":"1"}'), ('{"NS":["1","20"]}', '{"N":"2e1"}'), ('{"BS":["AA=="]}', '{"B":"AA=="}'), ('{"SS":["a"]}', '{"SS":["a"]}'),
	('{"L":[{"N":"1"},{"S":"a"}]}', '{"N":"1.0"}'), ('{"L":[{"N":"1"},{"S":"a"}]}', '{"S":"b"}'), ('{"L":[{"M":{"x":{"S":"y"}}}]}', '{"M":{"x":{"S":"y"}}}'), ('{"L":[{"SS":["b","a"]}]}', '{"SS":["a","b"]}'), ('{"M":{"a":{"S":"x"}}}', '{"S":"a"}'), ('{"BOOL":true}', '{"BOOL":true}')) v(a, b);
-- a search that would take quadratic time if done naively
SELECT dynamo.attribute_value_contains(jsonb_build_object('S', repeat('a', 400000)), jsonb_build_object('S', repeat('a', 200000) || 'b'));

-- size(): UTF-16 units, bytes, elements
SELECT t, dynamo.attribute_value_function_size(dynamo.json_to_jsonb(t)) FROM (VALUES
	('{"S":""}'), ('{"S":"abÿ"}'), ('{"S":"😀"}'), ('{"S":"a\u0000b"}'), ('{"S":"\udbff\udfff"}'), ('{"B":""}'), ('{"B":"AA=="}'), ('{"B":"AAA="}'), ('{"B":"AAAA"}'),
	('{"SS":["a","b"]}'), ('{"NS":["1"]}'), ('{"BS":["AA=="]}'), ('{"L":[]}'), ('{"L":[{"S":"a"},{"S":"a"}]}'), ('{"M":{"a":{"S":"x"}}}'), ('{"N":"12"}'), ('{"BOOL":true}'), ('{"NULL":true}')) v(t);

-- item size
SELECT n, dynamo.item_size(jsonb_build_object('n', jsonb_build_object('N', n))) - 1 AS item_size FROM (VALUES
	('0'), ('-0'), ('1'), ('12'), ('100'), ('123'), ('-42'), ('1.5'), ('100.5'), ('3.14159'), ('0.5'), ('0.0005'), ('10.05'), ('-0.1'), ('1000000'), ('1e125'), (repeat('1', 38)), ('-' || repeat('1', 38))) v(n);
SELECT t, dynamo.item_size(dynamo.json_to_jsonb(t)) FROM (VALUES
	('{}'), ('{"a":{"S":""}}'), ('{"abc":{"S":"xyz"}}'), ('{"é":{"S":"€"}}'), ('{"\u0000":{"S":"\u0000\udbff\udfff"}}'), ('{"a":{"B":"AA=="}}'), ('{"a":{"B":"AAAAAA=="}}'), ('{"a":{"BOOL":false},"b":{"NULL":true}}'),
	('{"a":{"SS":["ab","c"]}}'), ('{"a":{"NS":["1","123"]}}'), ('{"a":{"BS":["AA==","AAA="]}}'), ('{"a":{"L":[]}}'), ('{"a":{"M":{}}}'), ('{"a":{"L":[{"S":"ab"},{"N":"1"}]}}'), ('{"a":{"M":{"bc":{"S":"de"}}}}'), ('{"a":{"L":[{"L":[{"M":{}}]}]}}')) v(t);
SELECT dynamo.item_size(jsonb_build_object('k', jsonb_build_object('S', repeat('x', 409599)))) AS at_limit;
SELECT dynamo.item_size('{"a":1}');

-- marshal and unmarshal
SELECT dynamo.marshal(t::jsonb) FROM (VALUES ('{"s":"x","n":1.50,"b":true,"z":null,"l":[1,"a",[],{}],"m":{"k":{"j":0}}}'), ('{}'), ('"x"'), ('12e3'), ('null'), ('false'), ('[]'), ('[{"a":1}]')) v(t);
SELECT dynamo.unmarshal(t::jsonb) FROM (VALUES
	('{"s":{"S":"x"},"n":{"N":"01.50"},"b":{"B":"AA=="},"t":{"BOOL":true},"z":{"NULL":true},"l":{"L":[{"N":"1"},{"L":[]}]},"m":{"M":{"k":{"S":""}}},"ss":{"SS":["b","a"]},"ns":{"NS":["10","9"]},"bs":{"BS":["/w==","AA=="]}}'),
	('{}'), ('{"S":"x"}'), ('{"N":"1e2"}'), ('{"L":[{"S":"a"}]}'), ('{"M":{"a":{"S":"x"}}}'), ('{"M":{"M":{"a":{"S":"x"}}}}'), ('{"S":{"S":"x"}}'), ('{"M":{}}')) v(t);
SELECT dynamo.marshal(('[' || repeat('9', 39) || ']')::jsonb);
SELECT dynamo.marshal('{"n":1e126}');
SELECT dynamo.marshal((repeat('[', 33) || repeat(']', 33))::jsonb);
SELECT dynamo.unmarshal(t::jsonb) FROM (VALUES ('[]')) v(t);
SELECT dynamo.unmarshal('"x"');
SELECT dynamo.unmarshal('{"a":"b"}');
SELECT dynamo.unmarshal('{"a":{"S":1}}');
SELECT dynamo.unmarshal('{"a":{"N":"dog"}}');
SELECT dynamo.unmarshal(dynamo.json_to_jsonb('{"a":{"S":"\u0000"}}'));
SELECT dynamo.marshal(jsonb_build_object(chr(1114111), chr(1114111))) = jsonb_build_object(chr(1114111) || '1', jsonb_build_object('S', chr(1114111) || '1')) AS escaped,
	dynamo.unmarshal(dynamo.marshal(jsonb_build_object(chr(1114111), chr(1114111)))) = jsonb_build_object(chr(1114111), chr(1114111)) AS and_back;
SELECT dynamo.marshal(NULL) IS NULL AS marshal, dynamo.unmarshal(NULL) IS NULL AS unmarshal;

-- only marshal and unmarshal are for everybody
SELECT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
	WHERE n.nspname = 'dynamo' AND p.prosrc ~ '^dynamo_(json|number|attribute|item_(size|is|norm|get$)|key|marshal|unmarshal)'
		AND (p.proacl IS NULL OR p.proname ~ 'marshal' OR NOT p.proisstrict OR p.provolatile <> 'i' OR p.proparallel <> 's'
			OR pg_catalog.obj_description(p.oid, 'pg_proc') IS NULL)
	ORDER BY 1;

DROP FUNCTION normal_form(text);
DROP FUNCTION random_value(int);
