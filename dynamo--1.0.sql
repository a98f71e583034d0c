-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- schemas

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

-- catalog (src/store/catalog.c)

-- operations (src/api)
