-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- schemas

-- values and keys (src/model)

-- expressions (src/expr)

-- access method (src/store/item_am.c)

CREATE FUNCTION dynamo.item_am_handler(internal) RETURNS table_am_handler
	AS 'MODULE_PATHNAME' LANGUAGE C STRICT;

COMMENT ON FUNCTION dynamo.item_am_handler(internal) IS 'handler of table access method dynamo';

CREATE ACCESS METHOD dynamo TYPE TABLE HANDLER dynamo.item_am_handler;

COMMENT ON ACCESS METHOD dynamo IS 'heap that keeps the items of a collection together';

-- catalog (src/store/catalog.c)

-- operations (src/api)
