-- key condition expressions: clauses and their shape
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

CREATE FUNCTION pg_temp.outcome(expression text, vals jsonb DEFAULT NULL,
	names jsonb DEFAULT NULL) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT string_agg(format('%s %s %s', c ->> 'name', c ->> 'op', c -> 'values'), ' | ')
		FROM jsonb_array_elements(dynamo.parse_key_condition(expression, names, vals)) c);
EXCEPTION WHEN SQLSTATE 'DY001' THEN
	RETURN SQLERRM;
END $$;

-- what is a key condition
SELECT e, pg_temp.outcome(e, v, n)
FROM (VALUES
	('pk = :p', '{":p": {"S": "a"}}'::jsonb, NULL::jsonb),
	(':p = pk', '{":p": {"S": "a"}}', NULL),
	('pk=:p and sk<:s', '{":p": {"S": "a"}, ":s": {"N": "1.0"}}', NULL),
	('pk = :p AND sk <= :s', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND sk > :s', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND sk >= :s', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND :s < sk', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND :s <= sk', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND :s > sk', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('pk = :p AND :s >= sk', '{":p": {"S": "a"}, ":s": {"N": "1"}}', NULL),
	('sk BETWEEN :s AND :t AND pk = :p', '{":p": {"S": "a"}, ":s": {"N": "1"}, ":t": {"N": "1"}}', NULL),
	('pk = :p AND begins_with(sk, :s)', '{":p": {"S": "a"}, ":s": {"B": "AA=="}}', NULL),
	('#p = :p AND begins_with ( #s , :s )', '{":p": {"S": "a"}, ":s": {"S": "x"}}', '{"#p": "a.b", "#s": "size"}'),
	('(pk = :p)', '{":p": {"S": "a"}}', NULL),
	('(pk = :p AND sk = :p)', '{":p": {"S": "a"}}', NULL),
	('(pk = :p) AND (begins_with(sk, :p))', '{":p": {"S": "a"}}', NULL),
	('(pk = :p AND (sk = :p))', '{":p": {"S": "a"}}', NULL),
	('(pk) = (:p)', '{":p": {"S": "a"}}', NULL),
	('a = :p AND b = :p AND (c = :p AND d > :p)', '{":p": {"S": "a"}}', NULL),
	('pk = :p', '{":p": {"L": []}}', NULL)) AS t(e, v, n);

-- what is not
SELECT e, pg_temp.outcome(e, v)
FROM (VALUES
	('pk = :p OR sk = :p', '{":p": {"S": "a"}}'::jsonb),
	('pk = :p AND (sk = :p OR sk = :q)', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	('NOT pk = :p', '{":p": {"S": "a"}}'),
	('pk <> :p', '{":p": {"S": "a"}}'),
	('pk IN (:p)', '{":p": {"S": "a"}}'),
	('attribute_exists(pk)', NULL),
	('attribute_not_exists(pk)', NULL),
	('attribute_type(pk, :p)', '{":p": {"S": "S"}}'),
	('contains(pk, :p)', '{":p": {"S": "a"}}'),
	('size(pk) = :p', '{":p": {"N": "1"}}'),
	('pk = size(sk)', NULL),
	('begins_with(sk, size(pk))', NULL),
	(':p BETWEEN sk AND :q', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	(':p BETWEEN :p AND :q', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	('begins_with(:p, sk)', '{":p": {"S": "a"}}'),
	('pk = sk', NULL),
	('begins_with(pk, sk)', NULL),
	('pk BETWEEN :p AND sk', '{":p": {"S": "a"}}'),
	('pk.a = :p', '{":p": {"S": "a"}}'),
	('pk[0] = :p', '{":p": {"S": "a"}}'),
	('begins_with(pk.a, :p)', '{":p": {"S": "a"}}'),
	(':p = :q', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	(':p = :p', '{":p": {"S": "a"}}'),
	('pk = :p AND pk = :q', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	('sk > :p AND pk = :p AND sk < :q', '{":p": {"S": "a"}, ":q": {"S": "b"}}'),
	('((pk = :p)) AND sk = :p', '{":p": {"S": "a"}}'),
	('begins_with(pk, :p)', '{":p": {"N": "1"}}'),
	('pk BETWEEN :p AND :q', '{":p": {"S": "b"}, ":q": {"S": "a"}}'),
	('pk BETWEEN :p AND :q', '{":p": {"N": "10"}, ":q": {"N": "9"}}'),
	('pk BETWEEN :p AND :q', '{":p": {"N": "10"}, ":q": {"S": "9"}}'),
	('pk > :p', '{":p": {"L": []}}'),
	('Begins_With(pk, :p)', '{":p": {"S": "a"}}'),
	('pk', NULL),
	('', NULL)) AS t(e, v);

-- in which order: the left clause first, within it what comes first below
SELECT e, pg_temp.outcome(e, v)
FROM (VALUES
	('pk.a = :p AND (sk = :p OR sk = :p)', '{":p": {"S": "a"}}'::jsonb),
	('pk = sk AND NOT pk = :p', '{":p": {"S": "a"}}'),
	('size(a) <> size(b)', NULL),
	('size(a) BETWEEN b AND c', NULL),
	(':p BETWEEN a AND b', '{":p": {"S": "a"}}'),
	('a.b = c.d', NULL),
	('pk = :p AND pk.a = :p', '{":p": {"S": "a"}}')) AS t(e, v);

-- no expression
SELECT dynamo.parse_key_condition(NULL, NULL, NULL) IS NULL;
