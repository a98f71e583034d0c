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
