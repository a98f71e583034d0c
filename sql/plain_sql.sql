\set VERBOSITY terse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS dynamo;

SELECT dynamo.create_table('{"TableName": "Orders",
	"AttributeDefinitions": [{"AttributeName": "customer", "AttributeType": "S"}, {"AttributeName": "number", "AttributeType": "N"}],
	"KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "number", "KeyType": "RANGE"}],
	"BillingMode": "PAY_PER_REQUEST"}') IS NOT NULL AS created;

-- plain INSERT derives the key, and brings the item into normal form
INSERT INTO dynamo_data."Orders" (item) VALUES
	('{"customer": {"S": "ann"}, "number": {"N": "1.0"}, "tags": {"SS": ["b", "a"]}}'),
	('{"customer": {"S": "ann"}, "number": {"N": "2"}, "price": {"N": "19.90"}}'),
	('{"customer": {"S": "bob"}, "number": {"N": "1"}, "lines": {"L": [{"M": {"sku": {"S": "x"}}}]}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.query('Orders', 'customer = :c', expression_attribute_values => '{":c": {"S": "ann"}}');
-- a key of one's own choice is overruled
INSERT INTO dynamo_data."Orders" (key, item) VALUES ('\x00', '{"customer": {"S": "cid"}, "number": {"N": "1"}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "cid"}, "number": {"N": "1"}}');
-- what is no item of this table is refused
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"S": "1"}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": ""}, "number": {"N": "1"}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"N": "x"}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"N": 1}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": "ann", "number": 1}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('[]');
INSERT INTO dynamo_data."Orders" (item) VALUES ('"x"');
INSERT INTO dynamo_data."Orders" (item) VALUES ('null');
INSERT INTO dynamo_data."Orders" (item) VALUES (NULL);
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"N": "9"}, "x": {"SS": ["a", "a"]}}');
INSERT INTO dynamo_data."Orders" (item) VALUES (jsonb_build_object('customer', '{"S": "ann"}'::jsonb, 'number', '{"N": "9"}'::jsonb, 'x', jsonb_build_object('S', repeat('x', 409600))));
-- one key, one item, in any spelling
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"N": "10e-1"}}');
INSERT INTO dynamo_data."Orders" (item) VALUES ('{"customer": {"S": "ann"}, "number": {"N": "10e-1"}, "again": {"BOOL": true}}')
	ON CONFLICT (key) DO UPDATE SET item = excluded.item || dynamo_data."Orders".item;
SELECT item FROM dynamo_data."Orders" WHERE item->'customer'->>'S' = 'ann' ORDER BY key;

-- UPDATE, with and without a change of the key
UPDATE dynamo_data."Orders" SET item = jsonb_set(item, '{price}', '{"N": "020"}') WHERE item->'number'->>'N' = '2';
UPDATE dynamo_data."Orders" SET item = jsonb_set(item, '{number}', '{"N": "3"}') WHERE item->'number'->>'N' = '2';
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "3"}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "2"}}');
UPDATE dynamo_data."Orders" SET key = '\x00';
UPDATE dynamo_data."Orders" SET item = item - 'customer';
DELETE FROM dynamo_data."Orders" WHERE item->'customer'->>'S' = 'cid';

-- COPY
COPY dynamo_data."Orders" (item) FROM stdin;
{"customer": {"S": "dan"}, "number": {"N": "2"}}
{"customer": {"S": "dan"}, "number": {"N": "1"}}
\.
COPY dynamo_data."Orders" (item) FROM stdin;
{"customer": {"S": "eve"}, "number": {"N": "2"}}
{"customer": {"S": "eve"}}
\.
SELECT dynamo.query('Orders', 'customer = :c', expression_attribute_values => '{":c": {"S": "dan"}}')->'Items';
SELECT dynamo.query('Orders', 'customer = :c', expression_attribute_values => '{":c": {"S": "eve"}}')->'Count';

-- items beside relational data
CREATE TEMP TABLE customers (name text PRIMARY KEY, city text);
INSERT INTO customers VALUES ('ann', 'Rome'), ('bob', 'Oslo');
SELECT c.city, count(*) FROM customers AS c JOIN dynamo_data."Orders" AS o ON o.item->'customer'->>'S' = c.name GROUP BY 1 ORDER BY 1;

-- triggers and constraints of one's own hold for the API, too
CREATE TABLE audit (id serial, what text, old jsonb, new jsonb);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO audit (what, old, new) VALUES (TG_OP, CASE WHEN TG_OP <> 'INSERT' THEN OLD.item END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.item END);
	RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON dynamo_data."Orders" FOR EACH ROW EXECUTE FUNCTION audit();
SELECT dynamo.put_item('Orders', '{"customer": {"S": "fay"}, "number": {"N": "1"}}');
SELECT dynamo.update_item('Orders', '{"customer": {"S": "fay"}, "number": {"N": "1"}}', 'SET a = :a', expression_attribute_values => '{":a": {"S": "x"}}');
SELECT dynamo.delete_item('Orders', '{"customer": {"S": "fay"}, "number": {"N": "1"}}');
SELECT * FROM audit ORDER BY id;
DROP TRIGGER audit ON dynamo_data."Orders";
-- a BEFORE trigger may change the item; what it makes is checked
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.item := NEW.item || '{"stamped": {"N": "1.50"}}';
	RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON dynamo_data."Orders" FOR EACH ROW EXECUTE FUNCTION stamp();
SELECT dynamo.put_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "1"}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "1"}}');
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.item ? 'skip' THEN RETURN NULL; END IF;
	NEW.item := NEW.item - 'number';
	RETURN NEW;
END $$;
SELECT dynamo.put_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "2"}}');
SELECT dynamo.put_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "2"}, "skip": {"BOOL": true}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "2"}}');
DROP TRIGGER stamp ON dynamo_data."Orders";
-- constraints, generated columns, further indexes
ALTER TABLE dynamo_data."Orders" ADD COLUMN price numeric GENERATED ALWAYS AS ((item->'price'->>'N')::numeric) STORED;
ALTER TABLE dynamo_data."Orders" ADD CONSTRAINT positive CHECK (price > 0);
CREATE UNIQUE INDEX ON dynamo_data."Orders" ((item->'invoice'->>'S'));
SELECT dynamo.update_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "1"}}', 'SET price = :t', expression_attribute_values => '{":t": {"N": "-1"}}');
SELECT dynamo.update_item('Orders', '{"customer": {"S": "gus"}, "number": {"N": "1"}}', 'SET price = :t, invoice = :i', expression_attribute_values => '{":t": {"N": "5"}, ":i": {"S": "I1"}}');
SELECT dynamo.put_item('Orders', '{"customer": {"S": "hal"}, "number": {"N": "1"}, "invoice": {"S": "I1"}}');
SELECT dynamo.put_item('Orders', '{"customer": {"S": "hal"}, "number": {"N": "1"}, "invoice": {"S": "I2"}, "price": {"N": "7"}}');
SELECT item->'customer'->>'S' AS customer, price FROM dynamo_data."Orders" WHERE price IS NOT NULL ORDER BY price;

-- marshal and unmarshal
SELECT dynamo.unmarshal(item) FROM dynamo_data."Orders" WHERE price = 7;
INSERT INTO dynamo_data."Orders" (item) VALUES (dynamo.marshal('{"customer": "ida", "number": 1, "paid": true, "lines": [{"sku": "x", "n": 2.50}], "note": null}'));
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ida"}, "number": {"N": "1"}}')->'Item' AS item;

-- the API is transactional with everything else
BEGIN;
SELECT dynamo.put_item('Orders', '{"customer": {"S": "jan"}, "number": {"N": "1"}}');
INSERT INTO customers VALUES ('jan', 'Wien');
SAVEPOINT s;
SELECT dynamo.delete_item('Orders', '{"customer": {"S": "jan"}, "number": {"N": "1"}}');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "jan"}, "number": {"N": "1"}}');
ROLLBACK TO s;
SELECT dynamo.get_item('Orders', '{"customer": {"S": "jan"}, "number": {"N": "1"}}');
ROLLBACK;
SELECT dynamo.get_item('Orders', '{"customer": {"S": "jan"}, "number": {"N": "1"}}');

-- TRUNCATE, VACUUM FULL, CLUSTER leave valid tables
CLUSTER dynamo_data."Orders" USING "Orders_pkey";
VACUUM FULL dynamo_data."Orders";
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ida"}, "number": {"N": "1"}}')->'Item'->'paid' AS paid;
TRUNCATE dynamo_data."Orders";
SELECT dynamo.scan('Orders');

-- privileges: functions run as the caller
CREATE ROLE dynamo_reader;
CREATE ROLE dynamo_writer;
GRANT SELECT ON dynamo_data."Orders" TO dynamo_reader;
GRANT INSERT, UPDATE ON dynamo_data."Orders" TO dynamo_writer;
SELECT dynamo.put_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SET ROLE dynamo_reader;
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.scan('Orders')->'Count';
SELECT dynamo.put_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.update_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.delete_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.update_table('{"TableName": "Orders", "DeletionProtectionEnabled": true}');
SELECT dynamo.delete_table('{"TableName": "Orders"}');
SELECT dynamo.create_table('{"TableName": "mine", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}');
DELETE FROM dynamo.tables;
SELECT dynamo.number_encode('1');
SET ROLE dynamo_writer;
SELECT dynamo.put_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "2"}}');
SELECT dynamo.put_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "2"}}', return_values => 'ALL_OLD');
SELECT dynamo.put_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "2"}}', 'attribute_exists(customer)');
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
RESET ROLE;
GRANT CREATE ON SCHEMA dynamo_data TO dynamo_writer;
SET ROLE dynamo_writer;
SELECT dynamo.create_table('{"TableName": "mine", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
	"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}')->'TableDescription'->'TableName' AS created;
SELECT dynamo.put_item('mine', '{"pk": {"S": "x"}}');
SELECT dynamo.delete_table('{"TableName": "mine"}')->'TableDescription'->'TableName' AS deleted;
RESET ROLE;
-- row level security is not bypassed
ALTER TABLE dynamo_data."Orders" ENABLE ROW LEVEL SECURITY;
SET ROLE dynamo_reader;
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT count(*) FROM dynamo_data."Orders";
RESET ROLE;
SELECT dynamo.get_item('Orders', '{"customer": {"S": "ann"}, "number": {"N": "1"}}');
SELECT dynamo.delete_table('{"TableName": "Orders"}')->'TableDescription'->'TableName' AS deleted;
REVOKE ALL ON SCHEMA dynamo_data FROM dynamo_writer;
DROP ROLE dynamo_reader, dynamo_writer;
DROP TABLE audit;
DROP FUNCTION audit(), stamp();
