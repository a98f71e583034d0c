-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- schemas

-- values and keys (src/model)

-- expressions (src/expr)

-- access method (src/store/item_am.c)

-- catalog (src/store/catalog.c)

-- operations (src/api)

CREATE FUNCTION dynamo.validate_request(operation text, request text) RETURNS text
	AS 'MODULE_PATHNAME', 'dynamo_validate_request'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

REVOKE ALL ON FUNCTION dynamo.validate_request(text, text) FROM PUBLIC;

COMMENT ON FUNCTION dynamo.validate_request(text, text) IS
	'checks a request against the shape of its operation and returns it in normal form (for tests)';
