/*
 * model_sql.c - the model's functions in SQL: marshal and unmarshal for
 * everybody, the others for the extension's own tests.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "model/json.h"

/* PostgreSQL 15 itself exports only the info function, not the function */
#define SQL_FUNCTION(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

SQL_FUNCTION(dynamo_json_canonical);
SQL_FUNCTION(dynamo_json_to_jsonb);
SQL_FUNCTION(dynamo_jsonb_bytes);
SQL_FUNCTION(dynamo_json_text);
SQL_FUNCTION(dynamo_json_rebuild);

/* JSON text parsed and written again; NULL if it is no JSON. */
Datum
dynamo_json_canonical(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	JsonNode   *node = json_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	StringInfoData out;

	if (node == NULL)
		PG_RETURN_NULL();
	initStringInfo(&out);
	json_append(&out, node);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* JSON text as jsonb in stored form; NULL if it is no JSON. */
Datum
dynamo_json_to_jsonb(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	JsonNode   *node = json_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));

	if (node == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(json_to_jsonb(node));
}

/* The bytes of a jsonb as they are on disk. */
Datum
dynamo_jsonb_bytes(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	Size		len = VARSIZE(in);
	bytea	   *result = palloc(len);

	SET_VARSIZE(result, len);
	memcpy(VARDATA(result), VARDATA(in), len - VARHDRSZ);
	PG_RETURN_BYTEA_P(result);
}

/*
 * A jsonb as text, straight from its bytes or (second argument) through a
 * tree.
 */
Datum
dynamo_json_text(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	StringInfoData out;

	initStringInfo(&out);
	if (PG_GETARG_BOOL(1))
		json_append(&out, json_node_from_jsonb(in));
	else
		json_append_container(&out, &in->root);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* A jsonb unpacked by one level and put together again. */
Datum
dynamo_json_rebuild(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	JsonNode	node;

	json_set_jsonb(&node, in);
	json_node_expand(&node);
	PG_RETURN_JSONB_P(json_to_jsonb(&node));
}
