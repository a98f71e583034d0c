\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
RESET client_min_messages;

-- what a client may write, and its canonical text
SELECT t, dynamo.number_normalize(t) FROM (VALUES
	('0'), ('-0'), ('+0'), ('0.000'), ('0e500'), ('0E-999999999999999999999'), ('-0.0e+7'),
	('1'), ('+3'), ('.123'), ('-.5'), ('5.'), ('1.e5'), ('1.5E+3'), ('0001.23'), ('1e+5'),
	('00042'), ('1.0'), ('3.1400'), ('1.5E2'), ('100'), ('1010'), ('-42'), ('123.456e-2'),
	('0.00012'), ('12e-5'), ('1e0'), ('10e-1'), ('1e007'), ('1e-0007')) v(t);

-- 38 significant digits, zeros at the ends do not count
SELECT dynamo.number_normalize(repeat('9', 38)) = repeat('9', 38) AS nines,
	dynamo.number_normalize(repeat('0', 500) || repeat('1', 38) || '.' || repeat('0', 500)) = repeat('1', 38) AS zeros,
	dynamo.number_normalize('1' || repeat('0', 125)) = '1' || repeat('0', 125) AS wide,
	dynamo.number_normalize('0.' || repeat('0', 129) || '1') = '0.' || repeat('0', 129) || '1' AS small,
	length(dynamo.number_normalize('-' || repeat('7', 38) || 'e-167')) AS longest;
SELECT dynamo.number_normalize(repeat('9', 39));
SELECT dynamo.number_normalize('1' || repeat('0', 37) || '1');
SELECT dynamo.number_normalize('0.' || repeat('1', 39));
SELECT dynamo.number_normalize('1' || repeat('0', 37) || '.1');
SELECT dynamo.number_normalize('1' || repeat('0', 36) || '.1');

-- magnitude
SELECT dynamo.number_normalize('1e125') = '1' || repeat('0', 125) AS largest_power,
	dynamo.number_normalize(repeat('9', 38) || 'e88') = repeat('9', 38) || repeat('0', 88) AS largest,
	dynamo.number_normalize('-1e-130') = '-0.' || repeat('0', 129) || '1' AS smallest;
SELECT dynamo.number_normalize('1e126');
SELECT dynamo.number_normalize('-1e126');
SELECT dynamo.number_normalize('1e-131');
SELECT dynamo.number_normalize('9.9e-131');
SELECT dynamo.number_normalize('1e99999999999999999999999999');
SELECT dynamo.number_normalize('-1e-99999999999999999999999999');
SELECT dynamo.number_normalize('1e9223372036854775807');
SELECT dynamo.number_normalize('0.' || repeat('0', 200) || '1e72');
SELECT dynamo.number_normalize('0.' || repeat('0', 200) || '1e70');

-- not numbers
CREATE FUNCTION number_error(t text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN 'accepted: ' || dynamo.number_normalize(t);
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;
SELECT number_error(t) FROM (VALUES
	(''), ('+'), ('-'), ('.'), ('-.'), ('e5'), ('.e5'), ('1e'), ('1e+'), ('1e-'), ('1_000'),
	('0x5'), ('NaN'), ('Infinity'), ('-inf'), ('dog'), (' 1'), ('1 '), ('1 2'), ('--1'), ('+-1'),
	('1.2.3'), ('1..2'), ('1e5.0'), ('1e5e5'), ('1,5'), ('١'), ('1%s%n')) v(t);

-- arithmetic is exact or refused
SELECT a, b, dynamo.number_add(a, b) AS sum, dynamo.number_subtract(a, b) AS difference FROM (VALUES
	('0', '0'), ('0', '-7'), ('7', '0'), ('1', '1'), ('0.1', '0.2'), ('1', '-1'), ('999', '1'),
	('1000', '0.001'), ('-5', '3'), ('3', '-5'), ('-5', '-3'), ('1e37', '1'),
	('99999999999999999999999999999999999999', '1'),
	('0.00000000000000000000000000000000000001', '0.1')) v(a, b);
SELECT dynamo.number_add('1e38', '1');
SELECT dynamo.number_add('1e125', '1e-130');
SELECT dynamo.number_subtract('1e-130', '1e125');
SELECT dynamo.number_add(repeat('9', 38) || 'e88', '1e88');
SELECT dynamo.number_subtract('-9e125', '1e125');
SELECT dynamo.number_subtract('1.1e-130', '1e-130');
SELECT dynamo.number_add('9e125', '9e124') = '99' || repeat('0', 124) AS no_overflow,
	dynamo.number_subtract(repeat('9', 38) || 'e88', repeat('9', 38) || 'e88') AS nothing;

-- encoding
SELECT t, dynamo.number_encode(t) FROM (VALUES
	('0'), ('1'), ('-1'), ('10'), ('12'), ('100'), ('123'), ('0.5'), ('0.05'), ('-0.05'), ('1e125'), ('1e-130'), ('99'), ('-99')) v(t);
SELECT length(dynamo.number_encode('0.' || repeat('1', 38))) AS aligned, length(dynamo.number_encode(repeat('1', 37) || '.1')) AS longest;
-- bytes that no number encodes to
SELECT b, dynamo.number_decode(b) IS NULL AS refused FROM (VALUES
	(''::bytea), ('\x00'), ('\x8000'), ('\x8080'), ('\xc0'), ('\xc041'), ('\xc04100'), ('\xc0410100'), ('\xc0410201'), ('\xc041020100'),
	('\xc041006500'), ('\xc0416500'), ('\xc0416600'), ('\xc0ff0200'), ('\xc07f0b00'), ('\x40beff'), ('\x40bef400ff'),
	('\xc0410200ff'), ('\xc0400200'), ('\xc000020000'), ('\xc0000200'), ('\xc07f6500'), ('\xffffffff')) v(b);
SELECT dynamo.number_decode(('\xc041' || repeat('02', 20) || '00')::bytea) IS NULL AS too_long;
SELECT dynamo.number_decode(('\xc041' || repeat('02', 10000))::bytea) IS NULL AS endless;

-- random numbers against numeric
SELECT setseed(0.25);
CREATE TEMP TABLE numbers AS
	SELECT i, CASE WHEN random() < 0.5 THEN '-' ELSE '' END || digits || 'e' ||
		CASE WHEN random() < 0.7 THEN floor(random() * 7 - 3) ELSE floor(random() * 240 - 125) END AS t
	FROM (SELECT i, substr(lpad(floor(random() * 1e12)::bigint::text, 12, '0') || lpad(floor(random() * 1e13)::bigint::text, 13, '0') ||
			lpad(floor(random() * 1e12)::bigint::text, 12, '0'), 1, 1 + floor(random() * random() * 37)::int) AS digits
		FROM generate_series(1, 6000) i) v;
DELETE FROM numbers WHERE t::numeric <> 0 AND (abs(t::numeric) >= 1e126 OR abs(t::numeric) < 1e-130);
INSERT INTO numbers VALUES (0, '0'), (0, '1e-130'), (0, '-1e-130'), (0, '1e125'), (0, repeat('9', 38) || 'e88'), (0, '-' || repeat('9', 38) || 'e88');
SELECT count(*) > 5000 AS many, count(DISTINCT t::numeric) > 4000 AS different FROM numbers;
SELECT count(*) FROM numbers WHERE dynamo.number_normalize(t)::numeric <> t::numeric
	OR dynamo.number_normalize(t) <> CASE WHEN t::numeric = 0 THEN '0' ELSE trim_scale(t::numeric)::text END;
SELECT count(*) FROM numbers WHERE dynamo.number_decode(dynamo.number_encode(t)) IS DISTINCT FROM dynamo.number_normalize(t);
-- order of the bytes, of canonical texts, and numeric order are one
SELECT count(*), count(*) FILTER (WHERE sign(a.t::numeric - b.t::numeric) <>
		CASE WHEN a.e < b.e THEN -1 WHEN a.e > b.e THEN 1 ELSE 0 END) AS bytes_differ,
	count(*) FILTER (WHERE sign(a.t::numeric - b.t::numeric) <>
		dynamo.attribute_value_compare(jsonb_build_object('N', a.t), jsonb_build_object('N', b.t))) AS texts_differ
	FROM (SELECT i, t, dynamo.number_encode(t) AS e FROM numbers) a
	JOIN (SELECT i, t, dynamo.number_encode(t) AS e FROM numbers) b ON b.i BETWEEN a.i AND a.i + 3;
-- no encoding is a prefix of another (neighbours in byte order suffice)
SELECT count(*) FROM (SELECT e, lag(e) OVER (ORDER BY e) AS previous
	FROM (SELECT DISTINCT dynamo.number_encode(t) AS e FROM numbers) d) s
	WHERE substr(e, 1, length(previous)) = previous;
-- sums against numeric, where they fit
SELECT count(*) > 1000 AS many, count(*) FILTER (WHERE dynamo.number_add(a, b)::numeric <> a::numeric + b::numeric) AS wrong_sums,
	count(*) FILTER (WHERE dynamo.number_subtract(a, b)::numeric <> a::numeric - b::numeric) AS wrong_differences
	FROM (SELECT a.t AS a, b.t AS b FROM numbers a JOIN numbers b ON b.i BETWEEN a.i AND a.i + 3
		WHERE length(trim_scale(abs(a.t::numeric) + abs(b.t::numeric))::text) <= 38) s;
CREATE FUNCTION add_or_error(a text, b text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN dynamo.number_add(a, b);
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN split_part(SQLERRM, '.', 1);
END $$;
-- and where they do not fit, they are refused
SELECT CASE WHEN result ~ '^[A-Z]' THEN result ELSE 'exact' END AS outcome, count(*) > 10 AS several,
	bool_and(CASE WHEN result ~ '^[A-Z]' THEN length(trim(both '0' FROM translate(exact, '.-', ''))) > 38 OR abs(exact::numeric) >= 1e126
		ELSE result::numeric = exact::numeric END) AS right
	FROM (SELECT add_or_error(a.t, b.t) AS result, (a.t::numeric + b.t::numeric)::text AS exact
		FROM numbers a JOIN numbers b ON b.i = a.i + 1) s
	GROUP BY 1 ORDER BY 1;

DROP FUNCTION number_error(text);
DROP FUNCTION add_or_error(text, text);
