-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION dynamo" to load this file. \quit

-- schemas

-- values and keys (src/model)

-- expressions (src/expr)

-- access method (src/store/item_am.c)

-- catalog (src/store/catalog.c)

-- operations (src/api)
