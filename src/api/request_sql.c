/*
 * request_sql.c - the validator as an SQL function, for tests.
 */
#include "postgres.h"

#include "api/request.h"
#include "errors.h"
#include "fmgr.h"
#include "utils/builtins.h"

/* PostgreSQL 15 itself exports only the info function, not the function */
extern PGDLLEXPORT Datum dynamo_validate_request(PG_FUNCTION_ARGS);

PG_FUNCTION_INFO_V1(dynamo_validate_request);

/* dynamo.validate_request(operation text, request text) returns text */
Datum
dynamo_validate_request(PG_FUNCTION_ARGS)
{
	text	   *operation = PG_GETARG_TEXT_PP(0);
	text	   *request = PG_GETARG_TEXT_PP(1);
	const OperationShape *shape;
	JsonNode   *tree;
	StringInfoData out;

	shape = operation_shape_find(VARDATA_ANY(operation),
								 VARSIZE_ANY_EXHDR(operation));
	if (shape == NULL)
		dynamo_error(DYNAMO_UNKNOWN_OPERATION, "Unknown operation: %s",
					 text_to_cstring(operation));
	tree = json_parse(VARDATA_ANY(request), VARSIZE_ANY_EXHDR(request));
	if (tree == NULL)
		dynamo_error(DYNAMO_SERIALIZATION, "The request is not valid JSON");

	request_validate(shape, tree);

	initStringInfo(&out);
	json_append(&out, tree);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
