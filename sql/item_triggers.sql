-- Triggers, defaults and other commands around the writes of the API.
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;
SET statement_timeout = '60s';

SELECT dynamo.create_table('{"TableName": "Triggers",
	"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;

-- a write sees what the statement that calls it has written
WITH i AS (INSERT INTO dynamo_data."Triggers" (item) VALUES ('{"id": {"S": "cte"}, "n": {"N": "1"}}') RETURNING 1)
	SELECT dynamo.update_item('Triggers', '{"id": {"S": "cte"}}', 'ADD n :one',
		expression_attribute_values => '{":one": {"N": "1"}}', return_values => 'ALL_NEW') FROM i;

-- triggers on the item column
CREATE FUNCTION log_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE WARNING '% % %', TG_NAME, TG_OP, NEW.item;
	RETURN NEW;
END $$;
CREATE TRIGGER before_item BEFORE UPDATE OF item ON dynamo_data."Triggers"
	FOR EACH ROW EXECUTE FUNCTION log_write();
CREATE TRIGGER after_item AFTER UPDATE OF item ON dynamo_data."Triggers"
	FOR EACH ROW WHEN (OLD.item IS DISTINCT FROM NEW.item) EXECUTE FUNCTION log_write();
SELECT dynamo.put_item('Triggers', '{"id": {"S": "cte"}, "n": {"N": "3"}}');
DROP TRIGGER before_item ON dynamo_data."Triggers";
DROP TRIGGER after_item ON dynamo_data."Triggers";

-- columns of the user's own: defaults, and generated from the item
ALTER TABLE dynamo_data."Triggers" ADD COLUMN made text NOT NULL DEFAULT 'by default',
	ADD COLUMN n int GENERATED ALWAYS AS ((item->'n'->>'N')::int) STORED;
SELECT dynamo.put_item('Triggers', '{"id": {"S": "new"}, "n": {"N": "7"}}');
ALTER TABLE dynamo_data."Triggers" DISABLE TRIGGER zz_dynamo_item;
SELECT dynamo.put_item('Triggers', '{"id": {"S": "cte"}, "n": {"N": "4"}}');
DROP TRIGGER zz_dynamo_item ON dynamo_data."Triggers";
SELECT dynamo.put_item('Triggers', '{"id": {"S": "new"}, "n": {"N": "8"}}');
SELECT item->'id'->>'S' AS id, made, n FROM dynamo_data."Triggers" ORDER BY 1;
CREATE TRIGGER zz_dynamo_item BEFORE INSERT OR UPDATE ON dynamo_data."Triggers"
	FOR EACH ROW EXECUTE FUNCTION dynamo.item_trigger();

-- statement triggers and their transition tables: a put is an INSERT and an
-- UPDATE, as INSERT ... ON CONFLICT DO UPDATE is
CREATE FUNCTION log_statement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	old_items jsonb;
	new_items jsonb;
BEGIN
	IF TG_WHEN = 'AFTER' AND TG_OP <> 'INSERT' THEN SELECT jsonb_agg(item) INTO old_items FROM old_rows; END IF;
	IF TG_WHEN = 'AFTER' AND TG_OP <> 'DELETE' THEN SELECT jsonb_agg(item) INTO new_items FROM new_rows; END IF;
	RAISE WARNING '% % old % new %', TG_WHEN, TG_OP, old_items, new_items;
	RETURN NULL;
END $$;
CREATE TRIGGER s0 BEFORE INSERT OR UPDATE OR DELETE ON dynamo_data."Triggers" EXECUTE FUNCTION log_statement();
CREATE TRIGGER s1 AFTER INSERT ON dynamo_data."Triggers" REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION log_statement();
CREATE TRIGGER s2 AFTER UPDATE ON dynamo_data."Triggers" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows EXECUTE FUNCTION log_statement();
CREATE TRIGGER s3 AFTER DELETE ON dynamo_data."Triggers" REFERENCING OLD TABLE AS old_rows EXECUTE FUNCTION log_statement();
SELECT dynamo.put_item('Triggers', '{"id": {"S": "s"}}');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "s"}, "n": {"N": "1"}}');
SELECT dynamo.delete_item('Triggers', '{"id": {"S": "s"}}');
SELECT dynamo.delete_item('Triggers', '{"id": {"S": "s"}}');
DROP TRIGGER s0 ON dynamo_data."Triggers";
DROP TRIGGER s1 ON dynamo_data."Triggers";
DROP TRIGGER s2 ON dynamo_data."Triggers";
DROP TRIGGER s3 ON dynamo_data."Triggers";
DROP FUNCTION log_statement();

-- a trigger that chooses another key
CREATE FUNCTION other_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.item := jsonb_set(NEW.item, '{id,S}', '"new"');
	RETURN NEW;
END $$;
CREATE TRIGGER other_key BEFORE INSERT ON dynamo_data."Triggers"
	FOR EACH ROW EXECUTE FUNCTION other_key();
SELECT dynamo.put_item('Triggers', '{"id": {"S": "x"}}');
SELECT dynamo.delete_item('Triggers', '{"id": {"S": "new"}}');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "x"}}');
DROP TRIGGER other_key ON dynamo_data."Triggers";
SELECT item FROM dynamo_data."Triggers" ORDER BY item->'id'->>'S';

-- a trigger that writes the same item, and one that writes another
CREATE FUNCTION write_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		PERFORM dynamo.put_item('Triggers', jsonb_build_object('id', jsonb_build_object('S', TG_ARGV[0]), 'by', jsonb_build_object('S', TG_OP)));
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER again BEFORE INSERT OR UPDATE ON dynamo_data."Triggers"
	FOR EACH ROW EXECUTE FUNCTION write_again('same');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "same"}, "n": {"N": "1"}}');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "same"}, "n": {"N": "2"}}');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "another"}}');
DROP TRIGGER again ON dynamo_data."Triggers";
CREATE TRIGGER again AFTER INSERT OR UPDATE ON dynamo_data."Triggers"
	FOR EACH ROW EXECUTE FUNCTION write_again('same');
SELECT dynamo.put_item('Triggers', '{"id": {"S": "same"}, "n": {"N": "3"}}');
SELECT item FROM dynamo_data."Triggers" ORDER BY item->'id'->>'S';

SELECT dynamo.delete_table('{"TableName": "Triggers"}') IS NOT NULL AS deleted;
DROP FUNCTION log_write, other_key, write_again;
