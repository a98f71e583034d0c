-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- schemas

-- values and keys (src/model)

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
