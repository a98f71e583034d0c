-- Access keys of the gateway, and the tables of exceptions and operations.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT * FROM dynamo.exceptions();
SELECT * FROM dynamo.operations();
SELECT sqlstate FROM dynamo.exceptions() WHERE name = 'AccessDeniedException';
-- each has a function of its name
SELECT op FROM dynamo.operations() AS op WHERE to_regprocedure('dynamo.' ||
	lower(regexp_replace(op, '(?<!^)([A-Z])', '_\1', 'g')) || '(jsonb)') IS NULL;

CREATE ROLE regress_keys_app;
CREATE ROLE regress_keys_other;
CREATE ROLE "regress_keys_Quoted role";
CREATE ROLE regress_keys_admin NOINHERIT IN ROLE regress_keys_app, "regress_keys_Quoted role";
CREATE ROLE regress_keys_gateway LOGIN NOINHERIT;
GRANT SELECT ON dynamo.access_keys TO regress_keys_gateway;

-- a superuser makes keys for everyone
SELECT * FROM dynamo.create_access_key('regress_keys_app') \gset k1_
SELECT :'k1_access_key_id' ~ '^AKIA[A-Z2-7]{16}$' AS id, :'k1_secret_access_key' ~ '^[A-Za-z0-9+/]{40}$' AS secret;
SELECT access_key_id = :'k1_access_key_id' AS id, secret_access_key = :'k1_secret_access_key' AS secret,
	role_name, created_at BETWEEN now() - interval '1 minute' AND now() AS created
	FROM dynamo.access_keys;
SELECT dynamo.create_access_key('regress_keys_nobody');
SELECT dynamo.create_access_key('public');
SELECT dynamo.create_access_key('');
SELECT dynamo.create_access_key(NULL) IS NULL AS create_null, dynamo.delete_access_key(NULL) IS NULL AS delete_null;

-- keys differ, and all characters occur
WITH keys AS MATERIALIZED (SELECT k.* FROM generate_series(1, 200), LATERAL dynamo.create_access_key(
		CASE WHEN generate_series > 0 THEN 'regress_keys_app'::name END) AS k)
	SELECT count(DISTINCT access_key_id) AS ids, count(DISTINCT secret_access_key) AS secrets,
		(SELECT count(DISTINCT c) FROM keys, regexp_split_to_table(substr(access_key_id, 5), '') AS c) AS id_digits,
		(SELECT count(DISTINCT c) FROM keys, regexp_split_to_table(secret_access_key, '') AS c) AS secret_digits
	FROM keys;
DELETE FROM dynamo.access_keys WHERE access_key_id <> :'k1_access_key_id';

-- others make and delete keys of roles that they can SET ROLE to, inherited or not
SET ROLE regress_keys_app;
SELECT access_key_id IS NOT NULL AS made FROM dynamo.create_access_key('regress_keys_app');
SELECT dynamo.create_access_key('regress_keys_other');
SELECT dynamo.create_access_key('regress_keys_Quoted role');
RESET ROLE;
SET ROLE regress_keys_admin;
SELECT * FROM dynamo.create_access_key('regress_keys_Quoted role') \gset k2_
SELECT * FROM dynamo.create_access_key('regress_keys_admin') \gset k3_
RESET ROLE;
SET ROLE regress_keys_other;
SELECT dynamo.delete_access_key(:'k2_access_key_id');
SELECT dynamo.delete_access_key('AKIANOSUCHKEY');
SELECT dynamo.delete_access_key('');
RESET ROLE;
SELECT count(*) FROM dynamo.access_keys WHERE access_key_id = :'k2_access_key_id';

-- what everyone can see, and what the gateway can
SET ROLE regress_keys_other;
SELECT role_name, count(access_key_id), bool_and(created_at <= now()) AS created
	FROM dynamo.access_keys GROUP BY 1 ORDER BY 1;
SELECT secret_access_key FROM dynamo.access_keys;
SELECT * FROM dynamo.access_keys;
SELECT count(*) FROM dynamo.access_keys WHERE secret_access_key LIKE 'a%';
SELECT k FROM dynamo.access_keys k;
SELECT count(*) FROM pg_stats WHERE tablename = 'access_keys' AND attname = 'secret_access_key';
COPY dynamo.access_keys TO STDOUT;
INSERT INTO dynamo.access_keys VALUES ('AKIAX', 'secret', 'regress_keys_other');
UPDATE dynamo.access_keys SET role_name = 'regress_keys_other';
DELETE FROM dynamo.access_keys;
TRUNCATE dynamo.access_keys;
CREATE TEMP TABLE keys (access_key_id text);
CREATE TRIGGER t AFTER INSERT ON keys FOR EACH ROW EXECUTE FUNCTION dynamo.notify_access_key();
DROP TABLE keys;
RESET ROLE;
SET ROLE regress_keys_gateway;
SELECT secret_access_key = :'k1_secret_access_key' AS secret FROM dynamo.access_keys WHERE access_key_id = :'k1_access_key_id';
DELETE FROM dynamo.access_keys;
RESET ROLE;

-- names: in the way are neither a search_path nor operators of the caller's
SET ROLE regress_keys_admin;
CREATE TEMP TABLE access_keys (access_key_id text, secret_access_key text, role_name name);
SET search_path = pg_temp, pg_catalog;
SELECT dynamo.delete_access_key(:'k2_access_key_id');
SELECT dynamo.delete_access_key(:'k2_access_key_id');
SELECT access_key_id IS NOT NULL AS made FROM dynamo.create_access_key('regress_keys_app');
SELECT count(*) FROM pg_temp.access_keys;
RESET search_path;
DROP TABLE pg_temp.access_keys;
SELECT current_user;
RESET ROLE;

-- a transaction that fails takes its keys along; a read-only one makes none
BEGIN;
SELECT access_key_id IS NOT NULL AS made FROM dynamo.create_access_key('regress_keys_other');
ROLLBACK;
SELECT count(*) FROM dynamo.access_keys WHERE role_name = 'regress_keys_other';
BEGIN READ ONLY;
SELECT dynamo.create_access_key('regress_keys_other');
ROLLBACK;

-- by hand
\set VERBOSITY terse
INSERT INTO dynamo.access_keys VALUES ('local', 'local', 'regress_keys_nobody');
INSERT INTO dynamo.access_keys VALUES ('with/slash', 'x', 'regress_keys_app');
INSERT INTO dynamo.access_keys VALUES (repeat('x', 129), 'x', 'regress_keys_app');
INSERT INTO dynamo.access_keys VALUES ('', 'x', 'regress_keys_app');
INSERT INTO dynamo.access_keys VALUES ('empty', '', 'regress_keys_app');
\set VERBOSITY default
-- the key of a role that there is not
SET ROLE regress_keys_admin;
SELECT dynamo.delete_access_key('local');
RESET ROLE;
SELECT dynamo.delete_access_key('local');

-- the trigger on other tables
CREATE TEMP TABLE keys (id int, access_key_id text);
CREATE TRIGGER t BEFORE INSERT ON keys FOR EACH ROW EXECUTE FUNCTION dynamo.notify_access_key();
INSERT INTO keys VALUES (1, 'x');
DROP TRIGGER t ON keys;
CREATE TRIGGER t AFTER INSERT ON keys FOR EACH ROW EXECUTE FUNCTION dynamo.notify_access_key();
INSERT INTO keys VALUES (1, NULL);
INSERT INTO keys VALUES (1, 'x');
ALTER TABLE keys DROP COLUMN access_key_id;
INSERT INTO keys VALUES (1);
DROP TABLE keys;
SELECT dynamo.notify_access_key();

-- no function of the extension is without a comment
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'dynamo'::regnamespace
	AND obj_description(oid, 'pg_proc') IS NULL ORDER BY 1;

REVOKE SELECT ON dynamo.access_keys FROM regress_keys_gateway;
DELETE FROM dynamo.access_keys;
DROP ROLE regress_keys_admin, regress_keys_app, regress_keys_other, "regress_keys_Quoted role", regress_keys_gateway;
