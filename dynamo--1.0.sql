-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- keys and strings are UTF-8 bytes

DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'extension dynamo needs a database of encoding UTF8, this one is of %',
			pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported';
	END IF;
END $$;

-- schemas

GRANT USAGE ON SCHEMA dynamo TO PUBLIC;

-- Item tables live here.  CREATE on this schema is the right to create tables.
CREATE SCHEMA dynamo_data;
GRANT USAGE ON SCHEMA dynamo_data TO PUBLIC;
COMMENT ON SCHEMA dynamo_data IS 'item tables of dynamo, one per DynamoDB table';

-- values and keys (src/model)

CREATE FUNCTION dynamo.json_canonical(text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_json_canonical' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.json_canonical(text) IS 'JSON text read and written again; NULL if malformed';
REVOKE ALL ON FUNCTION dynamo.json_canonical(text) FROM PUBLIC;

CREATE FUNCTION dynamo.json_to_jsonb(text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_json_to_jsonb' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.json_to_jsonb(text) IS 'JSON text as jsonb, U+0000 escaped; NULL if malformed';
REVOKE ALL ON FUNCTION dynamo.json_to_jsonb(text) FROM PUBLIC;

CREATE FUNCTION dynamo.jsonb_bytes(jsonb) RETURNS bytea
	AS 'MODULE_PATHNAME', 'dynamo_jsonb_bytes' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.jsonb_bytes(jsonb) IS 'the stored bytes of a jsonb value, for tests';
REVOKE ALL ON FUNCTION dynamo.jsonb_bytes(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.json_text(jsonb, through_tree boolean DEFAULT false) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_json_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.json_text(jsonb, boolean) IS 'jsonb as the JSON text of a response, U+0000 unescaped';
REVOKE ALL ON FUNCTION dynamo.json_text(jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION dynamo.json_rebuild(jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_json_rebuild' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.json_rebuild(jsonb) IS 'jsonb unpacked by one level and put together again, for tests';
REVOKE ALL ON FUNCTION dynamo.json_rebuild(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.number_normalize(text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_number_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.number_normalize(text) IS 'canonical text of a DynamoDB number';
REVOKE ALL ON FUNCTION dynamo.number_normalize(text) FROM PUBLIC;

CREATE FUNCTION dynamo.number_encode(text) RETURNS bytea
	AS 'MODULE_PATHNAME', 'dynamo_number_encode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.number_encode(text) IS 'a DynamoDB number as bytes in numeric order';
REVOKE ALL ON FUNCTION dynamo.number_encode(text) FROM PUBLIC;

CREATE FUNCTION dynamo.number_decode(bytea) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_number_decode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.number_decode(bytea) IS 'inverse of number_encode; NULL if malformed';
REVOKE ALL ON FUNCTION dynamo.number_decode(bytea) FROM PUBLIC;

CREATE FUNCTION dynamo.number_add(text, text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_number_add' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.number_add(text, text) IS 'exact sum of two DynamoDB numbers';
REVOKE ALL ON FUNCTION dynamo.number_add(text, text) FROM PUBLIC;

CREATE FUNCTION dynamo.number_subtract(text, text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_number_subtract' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.number_subtract(text, text) IS 'exact difference of two DynamoDB numbers';
REVOKE ALL ON FUNCTION dynamo.number_subtract(text, text) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_normalize(jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_normalize(jsonb) IS 'a typed attribute value, checked and in normal form';
REVOKE ALL ON FUNCTION dynamo.attribute_value_normalize(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_compare(jsonb, jsonb) RETURNS int
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_compare' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_compare(jsonb, jsonb) IS 'order of two attribute values: -1, 0, 1; NULL if they are not comparable';
REVOKE ALL ON FUNCTION dynamo.attribute_value_compare(jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_equal(jsonb, jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_equal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_equal(jsonb, jsonb) IS 'deep equality of two attribute values';
REVOKE ALL ON FUNCTION dynamo.attribute_value_equal(jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_begins_with(jsonb, jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_begins_with' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_begins_with(jsonb, jsonb) IS 'begins_with() of two attribute values';
REVOKE ALL ON FUNCTION dynamo.attribute_value_begins_with(jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_contains(jsonb, jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_contains' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_contains(jsonb, jsonb) IS 'contains() of two attribute values';
REVOKE ALL ON FUNCTION dynamo.attribute_value_contains(jsonb, jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.attribute_value_function_size(jsonb) RETURNS bigint
	AS 'MODULE_PATHNAME', 'dynamo_attribute_value_function_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.attribute_value_function_size(jsonb) IS 'size() of an attribute value; NULL for types that have none';
REVOKE ALL ON FUNCTION dynamo.attribute_value_function_size(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.item_normalize(jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_item_normalize' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_normalize(jsonb) IS 'an item, checked and in normal form';
REVOKE ALL ON FUNCTION dynamo.item_normalize(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.item_is_normal(jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_item_is_normal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_is_normal(jsonb) IS 'is this an item in normal form?';
REVOKE ALL ON FUNCTION dynamo.item_is_normal(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.item_size(jsonb) RETURNS int
	AS 'MODULE_PATHNAME', 'dynamo_item_size' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_size(jsonb) IS 'DynamoDB''s size of an item in bytes';
REVOKE ALL ON FUNCTION dynamo.item_size(jsonb) FROM PUBLIC;

CREATE FUNCTION dynamo.item_get(jsonb, text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_item_get' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.item_get(jsonb, text) IS 'an attribute of an item by name; NULL if absent';
REVOKE ALL ON FUNCTION dynamo.item_get(jsonb, text) FROM PUBLIC;

CREATE FUNCTION dynamo.key_encode(types text[], npartition int, vals jsonb, open_last boolean DEFAULT false) RETURNS bytea
	AS 'MODULE_PATHNAME', 'dynamo_key_encode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_encode(text[], int, jsonb, boolean) IS 'key bytes of an array of attribute values; of fewer values than types, a prefix';
REVOKE ALL ON FUNCTION dynamo.key_encode(text[], int, jsonb, boolean) FROM PUBLIC;

CREATE FUNCTION dynamo.key_decode(types text[], npartition int, key bytea) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_key_decode' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_decode(text[], int, bytea) IS 'attribute values of key bytes; NULL if digested or malformed';
REVOKE ALL ON FUNCTION dynamo.key_decode(text[], int, bytea) FROM PUBLIC;

CREATE FUNCTION dynamo.key_prefix_successor(bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'dynamo_key_prefix_successor' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_prefix_successor(bytea) IS 'smallest bytea after all that start with this one; NULL if there is none';
REVOKE ALL ON FUNCTION dynamo.key_prefix_successor(bytea) FROM PUBLIC;

CREATE FUNCTION dynamo.key_partition_length(bytea) RETURNS int
	AS 'MODULE_PATHNAME', 'dynamo_key_partition_length' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_partition_length(bytea) IS 'length of the partition part of a key; 0 if malformed';
REVOKE ALL ON FUNCTION dynamo.key_partition_length(bytea) FROM PUBLIC;

CREATE FUNCTION dynamo.key_segment_bounds(segment int, total_segments int) RETURNS bytea[]
	AS 'MODULE_PATHNAME', 'dynamo_key_segment_bounds' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.key_segment_bounds(int, int) IS 'lower and upper key bound of a scan segment';
REVOKE ALL ON FUNCTION dynamo.key_segment_bounds(int, int) FROM PUBLIC;

CREATE FUNCTION dynamo.marshal(jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_marshal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.marshal(jsonb) IS 'plain JSON as DynamoDB item (an object) or attribute value (anything else)';

CREATE FUNCTION dynamo.unmarshal(jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_unmarshal' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.unmarshal(jsonb) IS 'a DynamoDB item, or attribute value, as plain JSON';

-- expressions (src/expr)

CREATE FUNCTION dynamo.condition_matches(item jsonb, expression text, names jsonb, vals jsonb) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_condition_matches' LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION dynamo.condition_matches(jsonb, text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION dynamo.condition_matches(jsonb, text, jsonb, jsonb) IS 'does a condition hold for an item? (item NULL: there is none)';

CREATE FUNCTION dynamo.apply_projection(item jsonb, expression text, names jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_apply_projection' LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION dynamo.apply_projection(jsonb, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION dynamo.apply_projection(jsonb, text, jsonb) IS 'the parts of an item that a projection expression names';

CREATE FUNCTION dynamo.apply_update(item jsonb, key jsonb, expression text, names jsonb, vals jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_apply_update' LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION dynamo.apply_update(jsonb, jsonb, text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION dynamo.apply_update(jsonb, jsonb, text, jsonb, jsonb) IS 'an item after an update expression (item NULL: a new one with this key)';

CREATE FUNCTION dynamo.parse_key_condition(expression text, names jsonb, vals jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_parse_key_condition' LANGUAGE C IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION dynamo.parse_key_condition(text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION dynamo.parse_key_condition(text, jsonb, jsonb) IS 'the clauses of a key condition expression';

-- access method (src/store/item_am.c)

CREATE FUNCTION dynamo.item_am_handler(internal) RETURNS table_am_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;

COMMENT ON FUNCTION dynamo.item_am_handler(internal) IS 'handler of table access method dynamo';

CREATE ACCESS METHOD dynamo TYPE TABLE HANDLER dynamo.item_am_handler;

COMMENT ON ACCESS METHOD dynamo IS 'heap that keeps the items of a collection together';

-- catalog (src/store/catalog_rows.c); user_catalog_table: what the output plugin reads

CREATE TABLE dynamo.tables (
	table_name text COLLATE "C" NOT NULL PRIMARY KEY,
	relation_name name NOT NULL UNIQUE,
	table_id uuid NOT NULL,
	creation_time timestamptz NOT NULL,
	attribute_definitions jsonb NOT NULL,
	key_schema jsonb NOT NULL,
	billing_mode text NOT NULL CHECK (billing_mode IN ('PROVISIONED', 'PAY_PER_REQUEST')),
	on_demand_since timestamptz,
	on_demand_switches timestamptz[] NOT NULL,
	read_capacity bigint NOT NULL,
	write_capacity bigint NOT NULL,
	last_increase timestamptz,
	last_decrease timestamptz,
	decreases int NOT NULL,
	max_read_units bigint NOT NULL,
	max_write_units bigint NOT NULL,
	warm_read_units bigint NOT NULL,
	warm_write_units bigint NOT NULL,
	table_class text,
	table_class_since timestamptz,
	kms_key text,
	deletion_protection boolean NOT NULL
) WITH (user_catalog_table = true);
COMMENT ON TABLE dynamo.tables IS 'DynamoDB tables and the item tables in schema dynamo_data that hold them; written by the API only';
GRANT SELECT ON dynamo.tables TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.tables', '');

CREATE TABLE dynamo.indexes (
	table_name text COLLATE "C" NOT NULL,
	index_name text COLLATE "C" NOT NULL,
	global boolean NOT NULL,
	"position" int NOT NULL,
	column_name name NOT NULL,
	key_schema jsonb NOT NULL,
	projection_type text NOT NULL CHECK (projection_type IN ('ALL', 'KEYS_ONLY', 'INCLUDE')),
	non_key_attributes jsonb,
	read_capacity bigint NOT NULL,
	write_capacity bigint NOT NULL,
	last_increase timestamptz,
	last_decrease timestamptz,
	decreases int NOT NULL,
	max_read_units bigint NOT NULL,
	max_write_units bigint NOT NULL,
	warm_read_units bigint NOT NULL,
	warm_write_units bigint NOT NULL,
	status text NOT NULL CHECK (status IN ('CREATING', 'ACTIVE')),
	filled_to bytea,
	items_done bigint NOT NULL,
	items_total bigint NOT NULL,
	PRIMARY KEY (table_name, index_name)
);
COMMENT ON TABLE dynamo.indexes IS 'secondary indexes of DynamoDB tables and the columns of the item tables that hold their keys; written by the API only';
-- not filled_to: it is the key of an item
GRANT SELECT (table_name, index_name, global, "position", column_name, key_schema,
	projection_type, non_key_attributes, read_capacity, write_capacity, last_increase,
	last_decrease, decreases, max_read_units, max_write_units, warm_read_units,
	warm_write_units, status, items_done, items_total) ON dynamo.indexes TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.indexes', '');

CREATE TABLE dynamo.tags (
	table_name text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (table_name, key)
);
COMMENT ON TABLE dynamo.tags IS 'tags of DynamoDB tables; written by the API only';
GRANT SELECT ON dynamo.tags TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.tags', '');

CREATE TABLE dynamo.request_tokens (
	role_id oid NOT NULL,
	token text COLLATE "C" NOT NULL,
	request_hash bytea NOT NULL,
	created_at timestamptz NOT NULL,
	PRIMARY KEY (role_id, token)
);
COMMENT ON TABLE dynamo.request_tokens IS 'ClientRequestTokens of the last minutes, and the requests that they came with; not dumped';
CREATE INDEX request_tokens_created_at_idx ON dynamo.request_tokens (created_at);

-- streams (src/store/streams.c, src/feed/stream_log.c); none of it is dumped: the
-- positions are those of this server's WAL, and what there is in its replication slot

CREATE TABLE dynamo.streams (
	stream_id uuid NOT NULL PRIMARY KEY,
	table_name text COLLATE "C" NOT NULL,
	stream_label text COLLATE "C" NOT NULL,
	table_id uuid NOT NULL,
	owner_id oid NOT NULL,
	view_type text NOT NULL CHECK (view_type IN ('KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES')),
	key_schema jsonb NOT NULL,
	shards int NOT NULL CHECK (shards > 0),
	created_at timestamptz NOT NULL,
	start_lsn pg_lsn NOT NULL,
	ended_at timestamptz,
	end_lsn pg_lsn,
	drained boolean NOT NULL,
	trimmed_to pg_lsn NOT NULL
);
COMMENT ON TABLE dynamo.streams IS 'streams of DynamoDB tables, and those that have ended within dynamo.stream_retention; not dumped';
GRANT SELECT ON dynamo.streams TO PUBLIC;

CREATE TABLE dynamo.stream_position (
	drained_to pg_lsn NOT NULL,
	last_sequence text COLLATE "C" NOT NULL,
	slot_ready boolean NOT NULL
);
COMMENT ON TABLE dynamo.stream_position IS 'one row: how far the WAL has come into the log of stream records; not dumped';
INSERT INTO dynamo.stream_position
	VALUES ('0/0', pg_catalog.repeat('0', 30), false);

CREATE TABLE dynamo.stream_segments (
	segment int NOT NULL PRIMARY KEY,
	first_sequence text COLLATE "C" NOT NULL,
	started_at timestamptz NOT NULL,
	ended_at timestamptz
);
COMMENT ON TABLE dynamo.stream_segments IS 'the tables stream_segment_N that are in use, and the first sequence number that may be in each; not dumped';

CREATE TABLE dynamo.stream_trims (
	stream_id uuid NOT NULL,
	shard int NOT NULL,
	last_sequence text COLLATE "C" NOT NULL,
	PRIMARY KEY (stream_id, shard)
);
COMMENT ON TABLE dynamo.stream_trims IS 'the highest sequence number that has been removed from each shard of a stream; not dumped';

DO $$
BEGIN
	FOR i IN 0 .. 7 LOOP
		EXECUTE pg_catalog.format('CREATE TABLE dynamo.stream_segment_%s (
			stream_id uuid NOT NULL,
			shard int NOT NULL,
			sequence_number text COLLATE "C" NOT NULL,
			record jsonb NOT NULL,
			PRIMARY KEY (stream_id, shard, sequence_number))', i);
		EXECUTE pg_catalog.format('COMMENT ON TABLE dynamo.stream_segment_%s IS
			%L', i, 'records of streams: one of a ring of tables that are truncated in turn; not dumped');
	END LOOP;
END $$;

CREATE FUNCTION dynamo.workers(OUT kind text, OUT pid int, OUT started_at timestamptz,
	OUT last_activity timestamptz, OUT last_error text, OUT last_error_at timestamptz) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'dynamo_workers' LANGUAGE C VOLATILE STRICT PARALLEL SAFE ROWS 2;
REVOKE ALL ON FUNCTION dynamo.workers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dynamo.workers() TO pg_monitor;
COMMENT ON FUNCTION dynamo.workers() IS 'background workers of this database, those that have exited included';

CREATE VIEW dynamo.worker_status AS
	SELECT w.kind, w.pid, w.started_at, w.last_activity, s.slot_name,
		pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.confirmed_flush_lsn)::bigint AS lag_bytes,
		CASE WHEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.confirmed_flush_lsn) > 1048576
			THEN pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - w.last_activity)
			WHEN s.slot_name IS NOT NULL THEN 0 END AS lag_seconds,
		pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::bigint AS retained_bytes,
		w.last_error, w.last_error_at
	FROM dynamo.workers() w
		LEFT JOIN pg_catalog.pg_replication_slots s ON w.kind = 'dynamo feed worker'
			AND s.slot_name = 'dynamo_' || (SELECT d.oid FROM pg_catalog.pg_database d
				WHERE d.datname = pg_catalog.current_database());
COMMENT ON VIEW dynamo.worker_status IS 'background workers of this database: when they last did something, how far streams lag behind, the last error';
GRANT SELECT ON dynamo.worker_status TO pg_monitor;

CREATE VIEW dynamo.index_builds AS
	SELECT i.table_name, i.index_name,
		CASE WHEN i.filled_to = '' THEN 'building' ELSE 'filling' END AS phase,
		i.items_done, greatest(i.items_total, i.items_done) AS items_total,
		p.pid AS btree_pid, p.phase AS btree_phase,
		p.blocks_done AS btree_blocks_done, p.blocks_total AS btree_blocks_total,
		p.tuples_done AS btree_tuples_done, p.tuples_total AS btree_tuples_total,
		p.lockers_done AS btree_lockers_done, p.lockers_total AS btree_lockers_total,
		p.current_locker_pid AS btree_current_locker_pid
	FROM dynamo.indexes i
		JOIN dynamo.tables t ON t.table_name = i.table_name
		LEFT JOIN pg_catalog.pg_class c ON c.relname = t.relation_name
			AND c.relnamespace = 'dynamo_data'::pg_catalog.regnamespace
		LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.relid = c.oid
			AND p.datname = pg_catalog.current_database() AND i.filled_to = ''
	WHERE i.status = 'CREATING';
COMMENT ON VIEW dynamo.index_builds IS 'secondary indexes that are being built, and how far they are; btree_...: as in pg_stat_progress_create_index';
GRANT SELECT ON dynamo.index_builds TO PUBLIC;

CREATE FUNCTION dynamo.item_trigger() RETURNS trigger
	AS 'MODULE_PATHNAME', 'dynamo_item_trigger' LANGUAGE C;
COMMENT ON FUNCTION dynamo.item_trigger() IS 'validates items written by plain SQL and derives their key columns';

CREATE FUNCTION dynamo.forget_dropped_tables() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'dynamo_forget_dropped_tables' LANGUAGE C;
COMMENT ON FUNCTION dynamo.forget_dropped_tables() IS 'removes dropped item tables from dynamo.tables';

CREATE EVENT TRIGGER dynamo_forget_dropped_tables ON sql_drop
	WHEN TAG IN ('DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION dynamo.forget_dropped_tables();

-- operations (src/api)

CREATE FUNCTION dynamo.invoke(operation text, request text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_invoke' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.invoke(text, text) IS 'runs an operation of the DynamoDB API: JSON text in, JSON text out';

CREATE FUNCTION dynamo.invoke_as(role name, operation text, request text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_invoke_as' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.invoke_as(name, text, text) IS 'runs an operation as a role that the caller can SET ROLE to (NULL: as the caller)';

CREATE FUNCTION dynamo.operations() RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'dynamo_operations' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION dynamo.operations() IS 'the operations that dynamo.invoke takes';

CREATE FUNCTION dynamo.exceptions(OUT sqlstate text, OUT name text, OUT http_status int) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'dynamo_exceptions' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION dynamo.exceptions() IS 'the exceptions of DynamoDB: SQLSTATE, name, HTTP status';

CREATE FUNCTION dynamo.batch_execute_statement(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_batch_execute_statement' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.batch_execute_statement(jsonb) IS 'BatchExecuteStatement of the DynamoDB API';

CREATE FUNCTION dynamo.batch_get_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_batch_get_item' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.batch_get_item(jsonb) IS 'BatchGetItem of the DynamoDB API';

CREATE FUNCTION dynamo.batch_write_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_batch_write_item' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.batch_write_item(jsonb) IS 'BatchWriteItem of the DynamoDB API';

CREATE FUNCTION dynamo.create_table(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_create_table' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.create_table(jsonb) IS 'CreateTable of the DynamoDB API';

CREATE FUNCTION dynamo.delete_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_delete_item' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_item(jsonb) IS 'DeleteItem of the DynamoDB API';

CREATE FUNCTION dynamo.delete_table(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_delete_table' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_table(jsonb) IS 'DeleteTable of the DynamoDB API';

CREATE FUNCTION dynamo.describe_endpoints(request jsonb DEFAULT '{}') RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_describe_endpoints' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.describe_endpoints(jsonb) IS 'DescribeEndpoints of the DynamoDB API';

CREATE FUNCTION dynamo.describe_limits(request jsonb DEFAULT '{}') RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_describe_limits' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.describe_limits(jsonb) IS 'DescribeLimits of the DynamoDB API';

CREATE FUNCTION dynamo.describe_stream(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_describe_stream' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.describe_stream(jsonb) IS 'DescribeStream of the DynamoDB API';

CREATE FUNCTION dynamo.describe_table(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_describe_table' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.describe_table(jsonb) IS 'DescribeTable of the DynamoDB API';

CREATE FUNCTION dynamo.describe_time_to_live(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_describe_time_to_live' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.describe_time_to_live(jsonb) IS 'DescribeTimeToLive of the DynamoDB API';

CREATE FUNCTION dynamo.execute_statement(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_execute_statement' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.execute_statement(jsonb) IS 'ExecuteStatement of the DynamoDB API';

CREATE FUNCTION dynamo.execute_transaction(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_execute_transaction' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.execute_transaction(jsonb) IS 'ExecuteTransaction of the DynamoDB API';

CREATE FUNCTION dynamo.get_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_get_item' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.get_item(jsonb) IS 'GetItem of the DynamoDB API';

CREATE FUNCTION dynamo.get_records(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_get_records' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.get_records(jsonb) IS 'GetRecords of the DynamoDB API';

CREATE FUNCTION dynamo.get_shard_iterator(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_get_shard_iterator' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.get_shard_iterator(jsonb) IS 'GetShardIterator of the DynamoDB API';

CREATE FUNCTION dynamo.list_streams(request jsonb DEFAULT '{}') RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_list_streams' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.list_streams(jsonb) IS 'ListStreams of the DynamoDB API';

CREATE FUNCTION dynamo.list_tables(request jsonb DEFAULT '{}') RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_list_tables' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.list_tables(jsonb) IS 'ListTables of the DynamoDB API';

CREATE FUNCTION dynamo.list_tags_of_resource(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_list_tags_of_resource' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.list_tags_of_resource(jsonb) IS 'ListTagsOfResource of the DynamoDB API';

CREATE FUNCTION dynamo.put_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_put_item' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.put_item(jsonb) IS 'PutItem of the DynamoDB API';

CREATE FUNCTION dynamo.query(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_query' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.query(jsonb) IS 'Query of the DynamoDB API';

CREATE FUNCTION dynamo.scan(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_scan' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.scan(jsonb) IS 'Scan of the DynamoDB API';

CREATE FUNCTION dynamo.tag_resource(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_tag_resource' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.tag_resource(jsonb) IS 'TagResource of the DynamoDB API';

CREATE FUNCTION dynamo.transact_get_items(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_transact_get_items' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.transact_get_items(jsonb) IS 'TransactGetItems of the DynamoDB API';

CREATE FUNCTION dynamo.transact_write_items(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_transact_write_items' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.transact_write_items(jsonb) IS 'TransactWriteItems of the DynamoDB API';

CREATE FUNCTION dynamo.untag_resource(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_untag_resource' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.untag_resource(jsonb) IS 'UntagResource of the DynamoDB API';

CREATE FUNCTION dynamo.update_item(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_update_item' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_item(jsonb) IS 'UpdateItem of the DynamoDB API';

CREATE FUNCTION dynamo.update_table(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_update_table' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_table(jsonb) IS 'UpdateTable of the DynamoDB API';

CREATE FUNCTION dynamo.update_time_to_live(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_update_time_to_live' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_time_to_live(jsonb) IS 'UpdateTimeToLive of the DynamoDB API';

CREATE FUNCTION dynamo.execute_statement(
	statement text,
	parameters jsonb DEFAULT NULL,
	consistent_read boolean DEFAULT NULL,
	"limit" integer DEFAULT NULL,
	next_token text DEFAULT NULL,
	return_values_on_condition_check_failure text DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_execute_statement_arguments' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.execute_statement(text, jsonb, boolean, integer, text, text) IS 'ExecuteStatement of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.put_item(
	table_name text,
	item jsonb,
	condition_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	return_values text DEFAULT NULL,
	return_values_on_condition_check_failure text DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_put_item_arguments' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.put_item(text, jsonb, text, jsonb, jsonb, text, text) IS 'PutItem of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.get_item(
	table_name text,
	key jsonb,
	projection_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	consistent_read boolean DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_get_item_arguments' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.get_item(text, jsonb, text, jsonb, boolean) IS 'GetItem of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.update_item(
	table_name text,
	key jsonb,
	update_expression text DEFAULT NULL,
	condition_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	return_values text DEFAULT NULL,
	return_values_on_condition_check_failure text DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_update_item_arguments' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.update_item(text, jsonb, text, text, jsonb, jsonb, text, text) IS 'UpdateItem of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.delete_item(
	table_name text,
	key jsonb,
	condition_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	return_values text DEFAULT NULL,
	return_values_on_condition_check_failure text DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_delete_item_arguments' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_item(text, jsonb, text, jsonb, jsonb, text, text) IS 'DeleteItem of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.query(
	table_name text,
	key_condition_expression text,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	filter_expression text DEFAULT NULL,
	projection_expression text DEFAULT NULL,
	index_name text DEFAULT NULL,
	scan_index_forward boolean DEFAULT NULL,
	"limit" integer DEFAULT NULL,
	exclusive_start_key jsonb DEFAULT NULL,
	"select" text DEFAULT NULL,
	consistent_read boolean DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_query_arguments' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.query(text, text, jsonb, jsonb, text, text, text, boolean, integer, jsonb, text, boolean) IS 'Query of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.scan(
	table_name text,
	filter_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	projection_expression text DEFAULT NULL,
	index_name text DEFAULT NULL,
	"limit" integer DEFAULT NULL,
	exclusive_start_key jsonb DEFAULT NULL,
	"select" text DEFAULT NULL,
	segment integer DEFAULT NULL,
	total_segments integer DEFAULT NULL,
	consistent_read boolean DEFAULT NULL
) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'dynamo_scan_arguments' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION dynamo.scan(text, text, jsonb, jsonb, text, text, integer, jsonb, text, integer, integer, boolean) IS 'Scan of the DynamoDB API, with named arguments';

CREATE FUNCTION dynamo.query_items(
	table_name text,
	key_condition_expression text,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	filter_expression text DEFAULT NULL,
	projection_expression text DEFAULT NULL,
	index_name text DEFAULT NULL,
	scan_index_forward boolean DEFAULT NULL,
	"limit" integer DEFAULT NULL
) RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'dynamo_query_items' LANGUAGE C STABLE PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION dynamo.query_items(text, text, jsonb, jsonb, text, text, text, boolean, integer) IS 'the items of a Query, one a row, without pages; limit counts items returned';

CREATE FUNCTION dynamo.scan_items(
	table_name text,
	filter_expression text DEFAULT NULL,
	expression_attribute_names jsonb DEFAULT NULL,
	expression_attribute_values jsonb DEFAULT NULL,
	projection_expression text DEFAULT NULL,
	index_name text DEFAULT NULL,
	"limit" integer DEFAULT NULL
) RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'dynamo_scan_items' LANGUAGE C STABLE PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION dynamo.scan_items(text, text, jsonb, jsonb, text, text, integer) IS 'the items of a Scan, one a row, without pages; limit counts items returned';

CREATE FUNCTION dynamo.query_items(request jsonb) RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'dynamo_query_items_request' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION dynamo.query_items(jsonb) IS 'the items of a Query request, one a row, without pages; Limit counts items returned';

CREATE FUNCTION dynamo.scan_items(request jsonb) RETURNS SETOF jsonb
	AS 'MODULE_PATHNAME', 'dynamo_scan_items_request' LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 1000;
COMMENT ON FUNCTION dynamo.scan_items(jsonb) IS 'the items of a Scan request, one a row, without pages; Limit counts items returned';

CREATE FUNCTION dynamo.stream_records(
	table_name text,
	after text DEFAULT NULL,
	max integer DEFAULT NULL,
	OUT sequence_number text,
	OUT shard_id text,
	OUT event_id text,
	OUT event_name text,
	OUT created_at timestamptz,
	OUT keys jsonb,
	OUT new_image jsonb,
	OUT old_image jsonb,
	OUT by_service boolean
) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'dynamo_stream_records' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION dynamo.stream_records(text, text, integer) IS 'records of the newest stream of a table, of all shards, after a sequence number; event_name TRUNCATE: all items were removed at once';

CREATE FUNCTION dynamo.validate_request(operation text, request text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_validate_request'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

REVOKE ALL ON FUNCTION dynamo.validate_request(text, text) FROM PUBLIC;

COMMENT ON FUNCTION dynamo.validate_request(text, text) IS
	'checks a request against the shape of its operation and returns it in normal form (for tests)';

-- time to live (src/feed/ttl.c)

CREATE FUNCTION dynamo.expire_items(table_name text DEFAULT NULL, max_items bigint DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'dynamo_expire_items' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.expire_items(text, bigint) IS 'deletes items whose time to live is over, of one table or of all that the caller may delete from; the number of items deleted';

-- access keys (src/api/access_keys.c)

CREATE TABLE dynamo.access_keys (
	access_key_id text COLLATE "C" NOT NULL PRIMARY KEY CHECK (access_key_id ~ '^[A-Za-z0-9_]{1,128}$'),
	secret_access_key text NOT NULL CHECK (secret_access_key <> ''),
	role_name name NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE dynamo.access_keys IS 'access keys of the gateway, and the roles that their requests run as';
COMMENT ON COLUMN dynamo.access_keys.role_name IS 'a name, not an OID: the role need not exist, and a role renamed is another';
GRANT SELECT (access_key_id, role_name, created_at) ON dynamo.access_keys TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('dynamo.access_keys', '');

CREATE FUNCTION dynamo.notify_access_key() RETURNS trigger
	AS 'MODULE_PATHNAME', 'dynamo_notify_access_key' LANGUAGE C;
REVOKE ALL ON FUNCTION dynamo.notify_access_key() FROM PUBLIC;
COMMENT ON FUNCTION dynamo.notify_access_key() IS 'tells the gateways that listen on dynamo_access_keys which access key has changed';

CREATE TRIGGER notify_access_key AFTER INSERT OR UPDATE OR DELETE ON dynamo.access_keys
	FOR EACH ROW EXECUTE FUNCTION dynamo.notify_access_key();
CREATE TRIGGER notify_truncate AFTER TRUNCATE ON dynamo.access_keys
	EXECUTE FUNCTION dynamo.notify_access_key();
-- also for what a subscription replicates
ALTER TABLE dynamo.access_keys ENABLE ALWAYS TRIGGER notify_access_key;
ALTER TABLE dynamo.access_keys ENABLE ALWAYS TRIGGER notify_truncate;
COMMENT ON TRIGGER notify_access_key ON dynamo.access_keys IS 'tells gateways of a change';
COMMENT ON TRIGGER notify_truncate ON dynamo.access_keys IS 'tells gateways of a change of all keys';

CREATE FUNCTION dynamo.create_access_key(role name, OUT access_key_id text, OUT secret_access_key text)
	AS 'MODULE_PATHNAME', 'dynamo_create_access_key' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.create_access_key(name) IS 'makes an access key for a role that the caller can SET ROLE to; shows the secret, once';

CREATE FUNCTION dynamo.delete_access_key(access_key_id text) RETURNS boolean
	AS 'MODULE_PATHNAME', 'dynamo_delete_access_key' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION dynamo.delete_access_key(text) IS 'deletes an access key of a role that the caller can SET ROLE to; false if there is none of that id';
