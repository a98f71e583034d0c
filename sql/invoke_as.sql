-- Requests that run as another role: privileges, and what triggers can reach.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
SET statement_timeout = '60s';

-- owner: of the tables; app: reads and writes; reader: SELECT only
CREATE ROLE regress_as_owner;
CREATE ROLE regress_as_app;
CREATE ROLE regress_as_reader;
CREATE ROLE regress_as_stranger;
CREATE ROLE regress_as_super SUPERUSER;
CREATE ROLE regress_as_gateway NOINHERIT IN ROLE regress_as_owner, regress_as_app, regress_as_reader;
GRANT CREATE ON SCHEMA dynamo_data TO regress_as_owner;
GRANT CREATE, USAGE ON SCHEMA public TO regress_as_owner;

SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_owner', 'CreateTable', '{"TableName": "AsRole",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}')::jsonb #>> '{TableDescription,TableName}' AS created;
RESET ROLE;
SELECT tableowner FROM pg_tables WHERE tablename = 'AsRole';
GRANT SELECT, INSERT, UPDATE, DELETE ON dynamo_data."AsRole" TO regress_as_app;
GRANT SELECT ON dynamo_data."AsRole" TO regress_as_reader;

-- who may act as whom
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "a"}, "n": {"N": "1"}}}');
SELECT dynamo.invoke_as('regress_as_stranger', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_nobody', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_super', 'ListTables', '{}');
SELECT dynamo.invoke_as('', 'ListTables', '{}');
-- itself, and nobody in particular: the gateway has no privileges
SELECT dynamo.invoke_as('regress_as_gateway', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as(NULL, 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
RESET ROLE;
SELECT dynamo.invoke_as(NULL, 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_stranger', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SET ROLE regress_as_app;
SELECT dynamo.invoke_as('regress_as_gateway', 'ListTables', '{}');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
RESET ROLE;

-- requests that are none
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_app', NULL, '{}');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', NULL);
SELECT dynamo.invoke_as('regress_as_app', 'Nothing', '{}');
SELECT dynamo.invoke_as('regress_as_app', '', '');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '{"TableName": ');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '[]');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '{"TableName": 5}');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '{"TableName": "Missing", "Key": {"id": {"S": "a"}}}');
\set VERBOSITY sqlstate
SELECT dynamo.invoke_as('regress_as_app', NULL, '{}');
SELECT dynamo.invoke_as('regress_as_app', 'GetItem', '{');
SELECT dynamo.invoke_as('regress_as_app', 'Nothing', '{}');
SELECT dynamo.invoke_as('regress_as_stranger', 'ListTables', '{}');
SELECT dynamo.invoke_as('regress_as_nobody', 'ListTables', '{}');
SELECT dynamo.invoke_as('regress_as_reader', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
\set VERBOSITY default

-- every operation with SELECT only
SELECT dynamo.invoke_as('regress_as_reader', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_reader', 'Query', '{"TableName": "AsRole", "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_reader', 'Scan', '{"TableName": "AsRole"}');
SELECT dynamo.invoke_as('regress_as_reader', 'DescribeTable', '{"TableName": "AsRole"}')::jsonb #>> '{Table,TableName}' AS described;
SELECT dynamo.invoke_as('regress_as_reader', 'ListTables', '{"ExclusiveStartTableName": "AsRol", "Limit": 1}');
SELECT dynamo.invoke_as('regress_as_reader', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_reader', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "new"}}}');
SELECT dynamo.invoke_as('regress_as_reader', 'UpdateItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}, "UpdateExpression": "REMOVE n"}');
SELECT dynamo.invoke_as('regress_as_reader', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
SELECT dynamo.invoke_as('regress_as_reader', 'UpdateTable', '{"TableName": "AsRole", "DeletionProtectionEnabled": true}');
SELECT dynamo.invoke_as('regress_as_reader', 'DeleteTable', '{"TableName": "AsRole"}');
SELECT dynamo.invoke_as('regress_as_reader', 'CreateTable', '{"TableName": "AsReader",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}');
-- an ARN stands for the table's name
SELECT dynamo.invoke_as('regress_as_reader', 'DeleteItem', '{"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/AsRole", "Key": {"id": {"S": "a"}}}');
-- all of them as one who may
SELECT dynamo.invoke_as('regress_as_app', 'UpdateItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}, "ReturnValues": "ALL_NEW"}');
SELECT dynamo.invoke_as('regress_as_app', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}, "ReturnValues": "ALL_OLD"}');
SELECT dynamo.invoke_as('regress_as_owner', 'UpdateTable', '{"TableName": "AsRole", "DeletionProtectionEnabled": true}')::jsonb
	#>> '{TableDescription,DeletionProtectionEnabled}' AS protected;
SELECT dynamo.invoke_as('regress_as_owner', 'UpdateTable', '{"TableName": "AsRole", "DeletionProtectionEnabled": false}')::jsonb
	#>> '{TableDescription,DeletionProtectionEnabled}' AS protected;
SELECT dynamo.invoke_as('regress_as_owner', 'CreateTable', '{"TableName": "AsOwner",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;
SELECT dynamo.invoke_as('regress_as_owner', 'UpdateTable', '{"TableName": "AsOwner", "AttributeDefinitions": [{"AttributeName": "n", "AttributeType": "N"}],
	"GlobalSecondaryIndexUpdates": [{"Create": {"IndexName": "by_n", "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}}]}')::jsonb
	#>> '{TableDescription,GlobalSecondaryIndexes,0,IndexName}' AS indexed;
SELECT dynamo.invoke_as('regress_as_owner', 'DeleteTable', '{"TableName": "AsOwner"}')::jsonb #>> '{TableDescription,TableStatus}' AS status;
RESET ROLE;
-- the settings stand in the message
SET dynamo.region = 'eu-central-1';
SET dynamo.account_id = '123456789012';
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_reader', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
RESET ROLE;
RESET dynamo.region;
RESET dynamo.account_id;

-- triggers run as the role, and cannot leave it
CREATE TABLE public.as_log (what text);
GRANT INSERT, SELECT ON public.as_log TO regress_as_owner, regress_as_app;
SET ROLE regress_as_owner;
CREATE FUNCTION public.as_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'before as %', current_user;
	EXECUTE NEW.item -> 'run' ->> 'S';
	RAISE WARNING 'after as %', current_user;
	RETURN NEW;
END $$;
CREATE TRIGGER as_run BEFORE INSERT OR UPDATE ON dynamo_data."AsRole" FOR EACH ROW
	WHEN (NEW.item ? 'run') EXECUTE FUNCTION public.as_run();
RESET ROLE;
CREATE FUNCTION public.as_put(id text, run text) RETURNS text LANGUAGE sql AS $$
	SELECT dynamo.invoke_as('regress_as_app', 'PutItem', jsonb_build_object('TableName', 'AsRole',
		'Item', jsonb_build_object('id', jsonb_build_object('S', id), 'run', jsonb_build_object('S', run)))::text)
$$;
SET ROLE regress_as_gateway;
PREPARE gateway_statement AS SELECT 'the gateway''s own' AS statement;
DECLARE gateway_cursor CURSOR WITH HOLD FOR SELECT 'the gateway''s own' AS cursor;
SELECT public.as_put('1', 'SELECT 1');
SELECT public.as_put('2', 'RESET ROLE');
SELECT public.as_put('2', 'SET ROLE regress_as_gateway');
SELECT public.as_put('2', 'SET LOCAL ROLE regress_as_gateway');
SELECT public.as_put('2', $$SELECT set_config('role', 'none', false)$$);
SELECT public.as_put('2', 'SET SESSION AUTHORIZATION regress_as_super');
SELECT public.as_put('2', 'RESET SESSION AUTHORIZATION');
SELECT public.as_put('2', 'RESET ALL');
SELECT public.as_put('2', 'DISCARD ALL');
SELECT public.as_put('2', 'DISCARD PLANS');
SELECT public.as_put('2', 'COMMIT');
SELECT public.as_put('2', 'PREPARE mine AS SELECT 1');
SELECT public.as_put('2', 'DEALLOCATE gateway_statement');
SELECT public.as_put('2', 'DEALLOCATE ALL');
SELECT public.as_put('2', 'CLOSE gateway_cursor');
SELECT public.as_put('2', 'DECLARE mine CURSOR WITH HOLD FOR SELECT 1');
SELECT public.as_put('2', 'LISTEN dynamo_access_keys');
SELECT public.as_put('2', 'UNLISTEN *');
SELECT public.as_put('2', 'CREATE TEMP TABLE as_log (what text)');
SELECT public.as_put('2', 'SELECT secret_access_key FROM dynamo.access_keys');
EXECUTE gateway_statement;
FETCH gateway_cursor;
CLOSE gateway_cursor;
DEALLOCATE gateway_statement;
-- caught in the trigger, an attempt changes nothing
SELECT public.as_put('3', $x$DO $do$
	BEGIN
		EXECUTE 'RESET ROLE';
	EXCEPTION WHEN insufficient_privilege THEN
		RAISE WARNING 'caught as %: %', current_user, SQLERRM;
	END $do$$x$);
-- the temporary schema: a type there would come before those of pg_catalog
\set VERBOSITY terse
SET client_min_messages = error;
SELECT public.as_put('2', 'CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (VALUE <> $$x$$)');
SELECT public.as_put('2', 'CREATE TYPE pg_temp.jsonb AS ENUM ()');
SELECT public.as_put('2', 'CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql RETURN 1');
SELECT 'x'::text;
BEGIN;
CREATE TEMP TABLE mine (what text);
SAVEPOINT s;
SELECT public.as_put('2', 'CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (VALUE <> $$x$$)');
ROLLBACK TO s;
SELECT public.as_put('8', 'SELECT 8');
PREPARE TRANSACTION 'with temporary objects';
\set VERBOSITY default
SET client_min_messages = warning;
-- a function that sets the role
RESET ROLE;
SET ROLE regress_as_owner;
CREATE FUNCTION public.as_sets_role() RETURNS name LANGUAGE sql SET role = 'none' RETURN current_user;
RESET ROLE;
SET ROLE regress_as_gateway;
SELECT public.as_put('2', 'SELECT public.as_sets_role()');
-- a request in a request: only as a role that this one can act as
SELECT public.as_put('2', $$SELECT dynamo.invoke_as('regress_as_gateway', 'ListTables', '{}')$$);
SELECT public.as_put('2', $$SELECT dynamo.invoke_as('regress_as_owner', 'DeleteTable', '{"TableName": "AsRole"}')$$);
SELECT public.as_put('4', $$SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "5"}, "run": {"S": "SELECT 5"}}}')$$);
SELECT public.as_put('6', $$SELECT dynamo.invoke_as(NULL, 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "7"}, "run": {"S": "SELECT 7"}}}')$$);
SELECT current_user;
RESET ROLE;
SELECT item -> 'id' ->> 'S' AS id FROM dynamo_data."AsRole" ORDER BY 1;

-- settings end with the request, whichever way they were made
SET application_name = 'gateway';
SET ROLE regress_as_gateway;
BEGIN;
SET LOCAL work_mem = '1MB';
SELECT public.as_put('10', $$SELECT set_config('application_name', 'hijacked', false), set_config('search_path', 'evil', true), set_config('work_mem', '2MB', false)$$);
SELECT current_setting('application_name'), current_setting('search_path'), current_setting('work_mem');
COMMIT;
SELECT public.as_put('11', 'SET application_name = hijacked');
SELECT public.as_put('11', 'RESET ALL');
SELECT current_setting('application_name'), current_setting('search_path'), current_setting('work_mem') <> '1MB' AS work_mem;
SELECT dynamo.invoke_as(NULL, 'ListTables', '{"ExclusiveStartTableName": "AsRol", "Limit": 1}');
RESET ROLE;
SET ROLE regress_as_app;
SELECT dynamo.invoke_as(NULL, 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "12"}, "run": {"S": "SET application_name = hijacked"}}}');
SELECT current_setting('application_name');
RESET ROLE;
RESET application_name;

-- errors give the role back
SET ROLE regress_as_gateway;
BEGIN;
SAVEPOINT s;
SELECT public.as_put('13', 'SELECT 1/0');
ROLLBACK TO s;
SELECT current_user;
SELECT public.as_put('13', 'SELECT set_config(''application_name'', ''hijacked'', false), 1/0');
ROLLBACK TO s;
SELECT current_user, current_setting('application_name') <> 'hijacked' AS not_hijacked;
SET LOCAL ROLE regress_as_reader;
SELECT current_user;
COMMIT;
SELECT current_user;
CREATE FUNCTION pg_temp.try() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	PERFORM dynamo.invoke_as('regress_as_reader', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "a"}}}');
	RETURN 'not denied';
EXCEPTION WHEN SQLSTATE 'DY004' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN format('as %s: %s, detail "%s", hint "%s"', current_user, SQLERRM, detail, hint);
END $$;
SELECT pg_temp.try();
SELECT count(pg_temp.try()) FROM generate_series(1, 200);
SELECT current_user;
-- a failed condition, with its item, is no matter of privileges
SELECT dynamo.invoke_as('regress_as_app', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "1"}},
	"ConditionExpression": "attribute_not_exists(id)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}');
RESET ROLE;

-- constraint triggers that are deferred fire in the request, as its role
SET ROLE regress_as_owner;
CREATE FUNCTION public.as_deferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'deferred trigger of % as %', NEW.item -> 'id' ->> 'S', current_user;
	INSERT INTO public.as_log VALUES (NEW.item -> 'id' ->> 'S');
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER as_deferred AFTER INSERT ON dynamo_data."AsRole"
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.as_deferred();
RESET ROLE;
SET ROLE regress_as_gateway;
BEGIN;
SELECT public.as_put('20', 'SELECT 20');
SELECT 'then the commit' AS what;
COMMIT;
-- not deferred again
SELECT public.as_put('21', 'SET CONSTRAINTS ALL DEFERRED');
SELECT public.as_put('21', 'SET CONSTRAINTS dynamo_data.as_deferred DEFERRED');
RESET ROLE;
-- what the caller has deferred fires as the caller
GRANT regress_as_app TO regress_as_owner;
SET ROLE regress_as_owner;
BEGIN;
INSERT INTO dynamo_data."AsRole" (item) VALUES ('{"id": {"S": "22"}}');
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "23"}}}');
COMMIT;
RESET ROLE;
REVOKE regress_as_app FROM regress_as_owner;
-- without a role they wait for the commit, as in plain SQL
SET ROLE regress_as_app;
BEGIN;
SELECT dynamo.invoke_as(NULL, 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "24"}}}');
SELECT 'then the commit' AS what;
COMMIT;
RESET ROLE;
SELECT * FROM public.as_log ORDER BY 1;
-- one deferred trigger whose function writes to a table with another
SET ROLE regress_as_owner;
CREATE TABLE public.as_second (what text);
CREATE FUNCTION public.as_second() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING 'second trigger as %', current_user;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER as_second AFTER INSERT ON public.as_second
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.as_second();
GRANT INSERT ON public.as_second TO regress_as_app;
CREATE OR REPLACE FUNCTION public.as_deferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item ? 'again' THEN
		SET CONSTRAINTS ALL DEFERRED;
	END IF;
	INSERT INTO public.as_second VALUES ('x');
	RETURN NULL;
END $$;
RESET ROLE;
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "25"}}}');
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "26"}, "again": {"BOOL": true}}}');
RESET ROLE;
DROP TRIGGER as_deferred ON dynamo_data."AsRole";

-- a constraint that is deferred holds at the end of the request
SET ROLE regress_as_owner;
CREATE TABLE public.as_parent (id text PRIMARY KEY);
INSERT INTO public.as_parent VALUES ('p');
GRANT SELECT, REFERENCES ON public.as_parent TO regress_as_app;
ALTER TABLE dynamo_data."AsRole" ADD COLUMN parent text GENERATED ALWAYS AS (item -> 'parent' ->> 'S') STORED;
ALTER TABLE dynamo_data."AsRole" ADD CONSTRAINT parent FOREIGN KEY (parent) REFERENCES public.as_parent DEFERRABLE INITIALLY DEFERRED;
RESET ROLE;
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "30"}, "parent": {"S": "p"}}}');
SELECT dynamo.invoke_as('regress_as_app', 'PutItem', '{"TableName": "AsRole", "Item": {"id": {"S": "31"}, "parent": {"S": "q"}}}');
RESET ROLE;

-- in a security definer function the definer is who must be able to act as the role
SET ROLE regress_as_owner;
CREATE FUNCTION public.as_definer(role name) RETURNS text LANGUAGE sql SECURITY DEFINER AS
	$$SELECT dynamo.invoke_as(role, 'ListTables', '{"ExclusiveStartTableName": "AsRol", "Limit": 1}')$$;
RESET ROLE;
SELECT public.as_definer('regress_as_app');
SELECT public.as_definer('regress_as_owner');

-- read-only transactions
SET ROLE regress_as_gateway;
BEGIN READ ONLY;
SELECT dynamo.invoke_as('regress_as_reader', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "30"}}}');
SELECT dynamo.invoke_as('regress_as_app', 'DeleteItem', '{"TableName": "AsRole", "Key": {"id": {"S": "30"}}}');
COMMIT;
RESET ROLE;

-- roles come and go between two calls
CREATE FUNCTION pg_temp.get() RETURNS text LANGUAGE sql AS $$
	SELECT dynamo.invoke_as('regress_as_reader', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "30"}}}')
$$;
GRANT USAGE ON SCHEMA public TO regress_as_gateway;
SET ROLE regress_as_gateway;
PREPARE get AS SELECT pg_temp.get();
EXECUTE get;
RESET ROLE;
REVOKE regress_as_reader FROM regress_as_gateway;
SET ROLE regress_as_gateway;
EXECUTE get;
RESET ROLE;
DROP OWNED BY regress_as_reader;
DROP ROLE regress_as_reader;
SET ROLE regress_as_gateway;
EXECUTE get;
RESET ROLE;
DEALLOCATE get;

-- a name of a role is just a name
CREATE ROLE "regress_as_%s ""x""" IN ROLE regress_as_owner;
GRANT "regress_as_%s ""x""" TO regress_as_gateway;
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_%s "x"', 'UpdateTable', '{"TableName": "AsRole", "DeletionProtectionEnabled": true}')::jsonb
	#>> '{TableDescription,DeletionProtectionEnabled}' AS protected;
RESET ROLE;
REVOKE regress_as_owner FROM "regress_as_%s ""x""";
SET ROLE regress_as_gateway;
SELECT dynamo.invoke_as('regress_as_%s "x"', 'GetItem', '{"TableName": "AsRole", "Key": {"id": {"S": "30"}}}');
RESET ROLE;
DROP ROLE "regress_as_%s ""x""";

DROP TABLE dynamo_data."AsRole", public.as_log, public.as_second, public.as_parent;
DROP FUNCTION public.as_put(text, text);
DROP OWNED BY regress_as_owner, regress_as_app, regress_as_stranger, regress_as_gateway;
DROP ROLE regress_as_gateway, regress_as_owner, regress_as_app, regress_as_stranger, regress_as_super;
