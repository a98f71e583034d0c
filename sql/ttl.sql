\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

-- What a function raises, or what it returns
CREATE FUNCTION pg_temp.try(operation text, request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	response jsonb;
BEGIN
	EXECUTE format('SELECT dynamo.%I($1)', operation) USING request INTO response;
	RETURN response;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.update(name text, attribute text, enabled boolean = true) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('update_time_to_live', jsonb_build_object('TableName', name,
		'TimeToLiveSpecification', jsonb_build_object('AttributeName', attribute, 'Enabled', enabled)))
$$;
CREATE FUNCTION pg_temp.describe(name text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.try('describe_time_to_live', jsonb_build_object('TableName', name))
$$;
CREATE FUNCTION pg_temp.make(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT dynamo.create_table(jsonb_build_object('TableName', name,
		'AttributeDefinitions', '[{"AttributeName": "pk", "AttributeType": "S"}]'::jsonb,
		'KeySchema', '[{"AttributeName": "pk", "KeyType": "HASH"}]'::jsonb,
		'BillingMode', 'PAY_PER_REQUEST')) IS NOT NULL
$$;
-- A number of seconds from now, as an attribute value
CREATE FUNCTION pg_temp.n(seconds numeric) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('N', (floor(extract(epoch FROM clock_timestamp())) + seconds)::text)
$$;
CREATE FUNCTION pg_temp.put(name text, pk text, attributes jsonb = '{}') RETURNS boolean LANGUAGE sql AS $$
	SELECT dynamo.put_item(name, jsonb_build_object('pk', jsonb_build_object('S', pk)) || attributes) IS NOT NULL
$$;
CREATE FUNCTION pg_temp.items(name text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(i #>> '{pk,S}', ', ' ORDER BY i #>> '{pk,S}') FROM dynamo.scan_items(name) i
$$;

-- enabling and disabling
SELECT pg_temp.make('ttl_a');
SELECT pg_temp.describe('ttl_a');
SELECT pg_temp.update('ttl_a', 'expires', false);
SELECT pg_temp.update('ttl_a', 'expires');
SELECT pg_temp.describe('ttl_a');
SELECT pg_temp.update('ttl_a', 'expires');
SELECT pg_temp.update('ttl_a', 'other');
SELECT pg_temp.update('ttl_a', 'other', false);
SELECT pg_temp.describe('ttl_a');
SELECT pg_temp.describe('arn:aws:dynamodb:us-east-1:000000000000:table/ttl_a');
SELECT index_name, column_name, key_schema, status FROM dynamo.indexes WHERE table_name = 'ttl_a';
-- it is no secondary index, and no request sees it
SELECT dynamo.describe_table('{"TableName": "ttl_a"}') -> 'Table' ?| '{GlobalSecondaryIndexes,LocalSecondaryIndexes}' AS shown,
	dynamo.describe_table('{"TableName": "ttl_a"}') #>> '{Table,TableStatus}' AS status;
SELECT dynamo.scan('ttl_a', index_name => ':ttl');
SELECT dynamo.execute_statement('SELECT * FROM "ttl_a".":ttl"');
SELECT pg_temp.update('ttl_a', 'expires', false);
SELECT pg_temp.describe('ttl_a');
SELECT pg_temp.update('ttl_a', 'expires', false);
SELECT attname FROM pg_attribute WHERE attrelid = 'dynamo_data.ttl_a'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
-- another attribute; characters that need care
SELECT pg_temp.update('ttl_a', E'it''s "\U0010FFFF0" \u00e4');
SELECT dynamo.invoke('DescribeTimeToLive', '{"TableName": "ttl_a"}');
SELECT pg_temp.update('ttl_a', 'x');
SELECT pg_temp.update('ttl_a', E'it''s "\U0010FFFF0" \u00e4', false);

-- what is wrong with requests
SELECT pg_temp.update('ttl_none', 'expires');
SELECT pg_temp.describe('ttl_none');
SELECT pg_temp.update('ttl_a', '');
SELECT pg_temp.update('ttl_a', repeat('x', 255)) = jsonb_build_object('TimeToLiveSpecification',
	jsonb_build_object('Enabled', true, 'AttributeName', repeat('x', 255)))::text AS longest;
SELECT pg_temp.update('ttl_a', repeat('x', 255), false) IS NOT NULL;
SELECT left(pg_temp.update('ttl_a', repeat('x', 256)), 60), right(pg_temp.update('ttl_a', repeat('x', 256)), 120);
SELECT pg_temp.try('update_time_to_live', '{"TableName": "ttl_a"}');
SELECT pg_temp.try('update_time_to_live', '{"TableName": "ttl_a", "TimeToLiveSpecification": {}}');
SELECT pg_temp.try('update_time_to_live', '{"TableName": "ttl_a", "TimeToLiveSpecification": {"Enabled": 1, "AttributeName": "x"}}');
SELECT pg_temp.try('update_time_to_live', '{"TableName": "ttl_a", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": 1}}');
SELECT pg_temp.try('describe_time_to_live', '{}');
SELECT pg_temp.try('describe_time_to_live', '{"TableName": "x"}');
BEGIN READ ONLY;
SELECT dynamo.update_time_to_live('{"TableName": "ttl_a", "TimeToLiveSpecification": {"Enabled": true, "AttributeName": "x"}}');
ROLLBACK;
BEGIN READ ONLY;
SELECT pg_temp.describe('ttl_a');
SELECT dynamo.expire_items();
ROLLBACK;

-- What expires.  One transaction, so that the worker is not faster.
BEGIN;
SELECT count(pg_temp.put('ttl_a', pk, attributes)) FROM (VALUES
	('01 none', '{}'),
	('02 past', jsonb_build_object('expires', pg_temp.n(-1))),
	('03 long past', jsonb_build_object('expires', pg_temp.n(-86400))),
	('04 nearly five years', jsonb_build_object('expires', pg_temp.n(-5 * 365 * 86400 + 60))),
	('05 five years', jsonb_build_object('expires', pg_temp.n(-5 * 365 * 86400 - 1))),
	('06 epoch', jsonb_build_object('expires', '{"N": "0"}'::jsonb)),
	('07 negative', jsonb_build_object('expires', pg_temp.n(-60 - 2 * floor(extract(epoch FROM now()))))),
	('08 future', jsonb_build_object('expires', pg_temp.n(3600))),
	('09 past fraction', jsonb_build_object('expires', pg_temp.n(-0.001))),
	('10 milliseconds', jsonb_build_object('expires', jsonb_build_object('N', (floor(extract(epoch FROM now())) * 1000 - 3600000)::text))),
	('11 huge', jsonb_build_object('expires', '{"N": "9.9e125"}'::jsonb)),
	('12 tiny', jsonb_build_object('expires', '{"N": "1e-130"}'::jsonb)),
	('13 string', jsonb_build_object('expires', jsonb_build_object('S', pg_temp.n(-60) ->> 'N'))),
	('14 null', jsonb_build_object('expires', '{"NULL": true}'::jsonb)),
	('15 list', jsonb_build_object('expires', jsonb_build_object('L', jsonb_build_array(pg_temp.n(-60))))),
	('16 nested', jsonb_build_object('expires', jsonb_build_object('M', jsonb_build_object('expires', pg_temp.n(-60))))),
	('17 set', jsonb_build_object('expires', jsonb_build_object('NS', jsonb_build_array(pg_temp.n(-60) -> 'N')))),
	('18 other attribute', jsonb_build_object('Expires', pg_temp.n(-60))),
	('19 sum', jsonb_build_object('expires', jsonb_build_object('N', (floor(extract(epoch FROM now()) / 1e5) - 1)::text || 'e5'))))
	AS v (pk, attributes);
-- in DynamoDB, too, what is there already expires
SELECT pg_temp.update('ttl_a', 'expires');
SELECT item #>> '{pk,S}' AS indexed FROM dynamo_data.ttl_a WHERE ix1 IS NOT NULL ORDER BY 1;
SELECT count(*) FROM dynamo.scan_items('ttl_a');
SELECT dynamo.expire_items('ttl_a');
SELECT pg_temp.items('ttl_a');
SELECT dynamo.expire_items('ttl_a');
-- whatever writes the item
SELECT pg_temp.put('ttl_a', 'put', jsonb_build_object('expires', pg_temp.n(-10)));
INSERT INTO dynamo_data.ttl_a (item) VALUES (jsonb_build_object('pk', '{"S": "sql"}'::jsonb, 'expires', pg_temp.n(-20)));
UPDATE dynamo_data.ttl_a SET item = jsonb_set(item, '{expires}', pg_temp.n(-30)) WHERE item #>> '{pk,S}' = '01 none';
SELECT dynamo.update_item('ttl_a', '{"pk": {"S": "08 future"}}', 'SET expires = :t', expression_attribute_values => jsonb_build_object(':t', pg_temp.n(-40)));
SELECT dynamo.update_item('ttl_a', '{"pk": {"S": "11 huge"}}', 'REMOVE expires');
SELECT dynamo.execute_statement(format('INSERT INTO "ttl_a" VALUE {''pk'': ''partiql'', ''expires'': %s}', pg_temp.n(-50) ->> 'N'));
SELECT item #>> '{pk,S}' AS oldest_first FROM dynamo_data.ttl_a WHERE ix1 < '\x0000000080000000' ORDER BY ix1;
-- the oldest first
SELECT dynamo.expire_items('ttl_a', 0);
SELECT dynamo.expire_items('ttl_a', 2);
SELECT pg_temp.items('ttl_a');
SELECT dynamo.expire_items(max_items => 10);
SELECT pg_temp.items('ttl_a');
ROLLBACK;

-- many, in several batches
BEGIN;
SELECT pg_temp.update('ttl_a', 'expires');
SELECT count(pg_temp.put('ttl_a', 'item ' || i, jsonb_build_object('expires', pg_temp.n(-1 - i % 7)))) FROM generate_series(1, 1000) i;
SELECT dynamo.expire_items('ttl_a', 333);
SELECT dynamo.expire_items();
SELECT count(*) FROM dynamo_data.ttl_a;
ROLLBACK;

-- An update of other attributes is a HOT update.
BEGIN;
SELECT pg_temp.update('ttl_a', 'expires');
SELECT pg_temp.put('ttl_a', 'hot', jsonb_build_object('expires', pg_temp.n(3600), 'n', '{"N": "0"}'::jsonb));
SELECT pg_stat_get_xact_tuples_updated('dynamo_data.ttl_a'::regclass) AS updated, pg_stat_get_xact_tuples_hot_updated('dynamo_data.ttl_a'::regclass) AS hot \gset
SELECT dynamo.update_item('ttl_a', '{"pk": {"S": "hot"}}', 'ADD n :one', expression_attribute_values => '{":one": {"N": "1"}}');
UPDATE dynamo_data.ttl_a SET item = jsonb_set(item, '{n,N}', '"7"');
SELECT pg_stat_get_xact_tuples_updated('dynamo_data.ttl_a'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('dynamo_data.ttl_a'::regclass) - :hot AS hot;
SELECT dynamo.update_item('ttl_a', '{"pk": {"S": "hot"}}', 'SET expires = :t', expression_attribute_values => jsonb_build_object(':t', pg_temp.n(-1)));
SELECT pg_stat_get_xact_tuples_updated('dynamo_data.ttl_a'::regclass) - :updated AS updated, pg_stat_get_xact_tuples_hot_updated('dynamo_data.ttl_a'::regclass) - :hot AS hot;
SELECT dynamo.expire_items('ttl_a');
ROLLBACK;

-- arguments of expire_items
SELECT dynamo.expire_items('ttl_none');
SELECT dynamo.expire_items('ttl_a');
SELECT dynamo.expire_items('ttl_a', -1);
SELECT dynamo.expire_items('');
SELECT dynamo.expire_items();

-- an attribute that is a key: of the table, of an index
SELECT dynamo.create_table('{"TableName": "ttl_key",
	"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "N"}, {"AttributeName": "at", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
	"GlobalSecondaryIndexes": [{"IndexName": "by-at", "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL;
BEGIN;
SELECT pg_temp.update('ttl_key', 'pk');
SELECT dynamo.put_item('ttl_key', jsonb_build_object('pk', pg_temp.n(-9)));
SELECT dynamo.put_item('ttl_key', jsonb_build_object('pk', '{"N": "-1"}'::jsonb));
SELECT dynamo.expire_items('ttl_key');
SELECT dynamo.scan('ttl_key');
SELECT pg_temp.update('ttl_key', 'pk', false);
SELECT pg_temp.update('ttl_key', 'at');
SELECT dynamo.put_item('ttl_key', jsonb_build_object('pk', '{"N": "1"}'::jsonb, 'at', pg_temp.n(-9)));
SELECT dynamo.put_item('ttl_key', jsonb_build_object('pk', '{"N": "2"}'::jsonb, 'at', '{"N": "-9"}'::jsonb));
SELECT index_name, column_name FROM dynamo.indexes WHERE table_name = 'ttl_key' ORDER BY index_name;
SELECT dynamo.expire_items('ttl_key');
SELECT dynamo.scan('ttl_key', index_name => 'by-at') -> 'Items' AS items;
-- an index that is added to a table with TTL, and goes again
SELECT dynamo.update_table('{"TableName": "ttl_key", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-at"}}]}') IS NOT NULL;
SELECT pg_temp.describe('ttl_key');
SELECT dynamo.expire_items('ttl_key');
ROLLBACK;

-- Triggers fire, as the owner of the table, and can keep items.
CREATE ROLE regress_ttl_owner;
CREATE ROLE regress_ttl_user;
GRANT CREATE ON SCHEMA dynamo_data, public TO regress_ttl_owner;
SET ROLE regress_ttl_owner;
SELECT pg_temp.make('ttl_owned');
CREATE TABLE public.ttl_log (who text, what text);
CREATE FUNCTION public.ttl_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO ttl_log VALUES (current_user, lower(TG_WHEN || ' ' || TG_LEVEL) || coalesce(' ' || (OLD.item #>> '{pk,S}'), ''));
	IF OLD.item #>> '{pk,S}' = 'kept' THEN
		RETURN NULL;
	ELSIF OLD.item #>> '{pk,S}' = 'bad' THEN
		RAISE EXCEPTION 'this one stays';
	END IF;
	RETURN OLD;
END $$;
BEGIN;
SELECT pg_temp.update('ttl_owned', 'expires');
SELECT count(pg_temp.put('ttl_owned', pk, jsonb_build_object('expires', pg_temp.n(-60)))) FROM unnest('{one,two,kept}'::text[]) pk;
CREATE TRIGGER a BEFORE DELETE ON dynamo_data.ttl_owned FOR EACH ROW EXECUTE FUNCTION public.ttl_log();
CREATE TRIGGER b AFTER DELETE ON dynamo_data.ttl_owned FOR EACH STATEMENT EXECUTE FUNCTION public.ttl_log();
CREATE CONSTRAINT TRIGGER c AFTER DELETE ON dynamo_data.ttl_owned DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ttl_log();
RESET ROLE;
SET LOCAL search_path = pg_catalog;
SELECT dynamo.expire_items('ttl_owned');
SELECT * FROM public.ttl_log ORDER BY 1, 2;
SHOW search_path;
SELECT current_user = session_user AS own_self;
SELECT pg_temp.items('ttl_owned');
-- within one call an error ends all of it
SELECT pg_temp.put('ttl_owned', 'good', jsonb_build_object('expires', pg_temp.n(-60)));
SELECT pg_temp.put('ttl_owned', 'bad', jsonb_build_object('expires', pg_temp.n(-60)));
SAVEPOINT s;
SELECT dynamo.expire_items('ttl_owned');
ROLLBACK TO s;
SELECT current_user = session_user AS own_self;
SELECT pg_temp.items('ttl_owned');
ROLLBACK;

-- who may
RESET ROLE;
SELECT count(*) FROM dynamo_data.ttl_owned;
BEGIN;
SET ROLE regress_ttl_user;
SELECT pg_temp.update('ttl_owned', 'expires');
SELECT pg_temp.describe('ttl_owned');
SET ROLE regress_ttl_owner;
SELECT pg_temp.update('ttl_owned', 'expires');
SELECT pg_temp.put('ttl_owned', 'one', jsonb_build_object('expires', pg_temp.n(-60)));
SET ROLE regress_ttl_user;
SELECT pg_temp.update('ttl_owned', 'expires', false);
SELECT dynamo.expire_items();
SAVEPOINT s;
SELECT dynamo.expire_items('ttl_owned');
ROLLBACK TO s;
SET ROLE regress_ttl_owner;
GRANT DELETE ON dynamo_data.ttl_owned TO regress_ttl_user;
SET ROLE regress_ttl_user;
SELECT dynamo.expire_items();
-- row-level security cannot be honoured
SET ROLE regress_ttl_owner;
SELECT pg_temp.put('ttl_owned', 'one', jsonb_build_object('expires', pg_temp.n(-60)));
ALTER TABLE dynamo_data.ttl_owned ENABLE ROW LEVEL SECURITY;
SET ROLE regress_ttl_user;
SAVEPOINT s;
SELECT dynamo.expire_items('ttl_owned');
ROLLBACK TO s;
SELECT dynamo.expire_items();
SET ROLE regress_ttl_owner;
SELECT dynamo.expire_items('ttl_owned');
ROLLBACK;

-- the index is found by what it is; without one there is an error
BEGIN;
SELECT pg_temp.update('ttl_a', 'expires');
SELECT pg_temp.put('ttl_a', 'one', jsonb_build_object('expires', pg_temp.n(-60)));
DROP INDEX dynamo_data.ttl_a_ix1_key_idx;
SAVEPOINT s;
SELECT dynamo.expire_items('ttl_a');
ROLLBACK TO s;
CREATE INDEX mine ON dynamo_data.ttl_a (ix1, key) WHERE ix1 IS NOT NULL;
SELECT dynamo.expire_items('ttl_a');
ROLLBACK;

-- it goes with the table
SELECT pg_temp.update('ttl_a', 'expires');
SELECT dynamo.delete_table('{"TableName": "ttl_a"}') IS NOT NULL;
SELECT pg_temp.update('ttl_key', 'at');
DROP TABLE dynamo_data.ttl_key;
SELECT count(*) FROM dynamo.indexes WHERE table_name LIKE 'ttl_%';
SELECT pg_temp.make('ttl_a');
SELECT pg_temp.describe('ttl_a');

DROP TABLE dynamo_data.ttl_a, dynamo_data.ttl_owned, public.ttl_log;
DROP FUNCTION public.ttl_log();
REVOKE CREATE ON SCHEMA dynamo_data, public FROM regress_ttl_owner;
DROP ROLE regress_ttl_owner, regress_ttl_user;
