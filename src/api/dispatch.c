/*
 * dispatch.c - the doors: dynamo.invoke(), one SQL function per operation
 * taking a request, and the forms with named arguments.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "api/operations.h"
#include "api/request.h"
#include "errors.h"

typedef struct Operation
{
	const char *name;
	OperationHandler handler;
	bool		no_output;		/* its response is an empty body, not {} */
} Operation;

/* In alphabetical order. */
static const Operation operations[] = {
	{"BatchExecuteStatement", batch_execute_statement},
	{"BatchGetItem", batch_get_item},
	{"BatchWriteItem", batch_write_item},
	{"CreateTable", create_table},
	{"DeleteItem", delete_item},
	{"DeleteTable", delete_table},
	{"DescribeEndpoints", describe_endpoints},
	{"DescribeLimits", describe_limits},
	{"DescribeStream", describe_stream},
	{"DescribeTable", describe_table},
	{"DescribeTimeToLive", describe_time_to_live},
	{"ExecuteStatement", execute_statement},
	{"ExecuteTransaction", execute_transaction},
	{"GetItem", get_item},
	{"GetRecords", get_records},
	{"GetShardIterator", get_shard_iterator},
	{"ListStreams", list_streams},
	{"ListTables", list_tables},
	{"ListTagsOfResource", list_tags_of_resource},
	{"PutItem", put_item},
	{"Query", query},
	{"Scan", scan},
	{"TagResource", tag_resource, true},
	{"TransactGetItems", transact_get_items},
	{"TransactWriteItems", transact_write_items},
	{"UntagResource", untag_resource, true},
	{"UpdateItem", update_item},
	{"UpdateTable", update_table},
	{"UpdateTimeToLive", update_time_to_live},
};

static int
compare_operation(const void *name, const void *operation)
{
	return strcmp(name, ((const Operation *) operation)->name);
}

static const Operation *
find_operation(const char *name)
{
	return bsearch(name, operations, lengthof(operations), sizeof(Operation),
				   compare_operation);
}

/* Validate a request of an operation and run it. */
static void
run_operation(const char *name, JsonNode *request, JsonNode *response)
{
	const Operation *operation = find_operation(name);
	const OperationShape *shape = operation_shape_find(name, strlen(name));

	if (operation == NULL || shape == NULL)
		dynamo_error(DYNAMO_UNKNOWN_OPERATION, "Unknown operation: %s", name);
	request_validate(shape, request);
	json_set_object(response, 4);
	operation->handler(request, response);
}

JsonNode *
parse_text_request(const char *name, const text *body)
{
	JsonNode   *request;

	if (find_operation(name) == NULL)
		dynamo_error(DYNAMO_UNKNOWN_OPERATION, "Unknown operation: %s", name);
	request = json_parse(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body));
	if (request == NULL)
		dynamo_error(DYNAMO_SERIALIZATION, "The request is not valid JSON");
	return request;
}

text *
run_text_request(const char *name, JsonNode *request)
{
	JsonNode	response;
	StringInfoData out;

	run_operation(name, request, &response);

	/* The text datum is written in place, after its header. */
	initStringInfo(&out);
	enlargeStringInfo(&out, VARHDRSZ);
	out.len = VARHDRSZ;
	if (!find_operation(name)->no_output)
		json_append(&out, &response);
	SET_VARSIZE(out.data, out.len);
	return (text *) out.data;
}

PG_FUNCTION_INFO_V1(dynamo_invoke);

/* dynamo.invoke(operation text, request text) RETURNS text */
Datum
dynamo_invoke(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_TEXT_P(run_text_request(name,
									  parse_text_request(name, PG_GETARG_TEXT_PP(1))));
}

PG_FUNCTION_INFO_V1(dynamo_operations);

/* dynamo.operations() RETURNS SETOF text: what dynamo.invoke() takes */
Datum
dynamo_operations(PG_FUNCTION_ARGS)
{
	FuncCallContext *funcctx;
	Datum		name;

	if (SRF_IS_FIRSTCALL())
		SRF_FIRSTCALL_INIT();
	funcctx = SRF_PERCALL_SETUP();
	if (funcctx->call_cntr >= lengthof(operations))
		SRF_RETURN_DONE(funcctx);

	/* before the macro counts on */
	name = CStringGetTextDatum(operations[funcctx->call_cntr].name);
	SRF_RETURN_NEXT(funcctx, name);
}

/* A function dynamo.<name>(request jsonb) RETURNS jsonb. */
static Datum
run_jsonb_request(const char *name, Jsonb *request)
{
	JsonNode	response;

	run_operation(name, json_node_from_jsonb(request), &response);
	return JsonbPGetDatum(json_to_jsonb(&response));
}

#define REQUEST_FUNCTION(function, operation) \
PG_FUNCTION_INFO_V1(dynamo_##function); \
Datum \
dynamo_##function(PG_FUNCTION_ARGS) \
{ \
	return run_jsonb_request(operation, PG_GETARG_JSONB_P(0)); \
}

REQUEST_FUNCTION(batch_execute_statement, "BatchExecuteStatement")
REQUEST_FUNCTION(batch_get_item, "BatchGetItem")
REQUEST_FUNCTION(batch_write_item, "BatchWriteItem")
REQUEST_FUNCTION(create_table, "CreateTable")
REQUEST_FUNCTION(delete_item, "DeleteItem")
REQUEST_FUNCTION(delete_table, "DeleteTable")
REQUEST_FUNCTION(describe_endpoints, "DescribeEndpoints")
REQUEST_FUNCTION(describe_limits, "DescribeLimits")
REQUEST_FUNCTION(describe_stream, "DescribeStream")
REQUEST_FUNCTION(describe_table, "DescribeTable")
REQUEST_FUNCTION(describe_time_to_live, "DescribeTimeToLive")
REQUEST_FUNCTION(execute_statement, "ExecuteStatement")
REQUEST_FUNCTION(execute_transaction, "ExecuteTransaction")
REQUEST_FUNCTION(get_item, "GetItem")
REQUEST_FUNCTION(get_records, "GetRecords")
REQUEST_FUNCTION(get_shard_iterator, "GetShardIterator")
REQUEST_FUNCTION(list_streams, "ListStreams")
REQUEST_FUNCTION(list_tables, "ListTables")
REQUEST_FUNCTION(list_tags_of_resource, "ListTagsOfResource")
REQUEST_FUNCTION(put_item, "PutItem")
REQUEST_FUNCTION(query, "Query")
REQUEST_FUNCTION(scan, "Scan")
REQUEST_FUNCTION(tag_resource, "TagResource")
REQUEST_FUNCTION(transact_get_items, "TransactGetItems")
REQUEST_FUNCTION(transact_write_items, "TransactWriteItems")
REQUEST_FUNCTION(untag_resource, "UntagResource")
REQUEST_FUNCTION(update_item, "UpdateItem")
REQUEST_FUNCTION(update_table, "UpdateTable")
REQUEST_FUNCTION(update_time_to_live, "UpdateTimeToLive")

/* ---- named arguments ---- */

/* Declared type of an argument.  The fast path has no call expression. */
static Oid
argument_type(FunctionCallInfo fcinfo, int i)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, i);

	if (!OidIsValid(type))
	{
		Oid		   *types;
		int			ntypes;

		get_func_signature(fcinfo->flinfo->fn_oid, &types, &ntypes);
		type = types[i];
	}
	return type;
}

/* An SQL argument as a request member. */
static void
argument_to_node(FunctionCallInfo fcinfo, int i, JsonNode *node)
{
	Oid			type = argument_type(fcinfo, i);

	switch (type)
	{
		case TEXTOID:
			{
				text	   *value = PG_GETARG_TEXT_PP(i);
				uint32		len;
				const char *stored = stored_encode(VARDATA_ANY(value),
												   VARSIZE_ANY_EXHDR(value), &len);

				json_set_string_n(node, stored, len);
				break;
			}
		case JSONBOID:
			*node = *json_node_from_jsonb(PG_GETARG_JSONB_P(i));
			break;
		case BOOLOID:
			json_set_bool(node, PG_GETARG_BOOL(i));
			break;
		case INT4OID:
			json_set_int(node, PG_GETARG_INT32(i));
			break;
		default:
			elog(ERROR, "unexpected type %u of argument %d", type, i + 1);
	}
}

/*
 * Functions whose other arguments are optional can be called with a whole
 * request as their only argument, and an untyped literal is then taken for
 * text: no table name and no statement begins with a brace, a request does.
 */
static JsonNode *
request_in_first_argument(FunctionCallInfo fcinfo)
{
	text	   *first;
	const char *start;
	const char *end;
	JsonNode   *request;

	if (PG_ARGISNULL(0) || argument_type(fcinfo, 0) != TEXTOID)
		return NULL;
	first = PG_GETARG_TEXT_PP(0);
	start = VARDATA_ANY(first);
	end = start + VARSIZE_ANY_EXHDR(first);
	while (start < end && strchr(" \t\r\n", *start) != NULL)
		start++;
	if (start == end || *start != '{')
		return NULL;
	for (int i = 1; i < PG_NARGS(); i++)
	{
		if (!PG_ARGISNULL(i))
			return NULL;
	}
	request = json_parse(start, end - start);
	if (request == NULL)
		dynamo_error(DYNAMO_SERIALIZATION, "The request is not valid JSON");
	return request;
}

JsonNode *
request_from_arguments(FunctionCallInfo fcinfo, const char *name,
					   const char *const *members)
{
	JsonNode   *request;

	if (members[0] == NULL)
	{
		if (PG_ARGISNULL(0))
			dynamo_error(DYNAMO_SERIALIZATION, "The request is NULL");
		request = json_node_from_jsonb(PG_GETARG_JSONB_P(0));
	}
	else if ((request = request_in_first_argument(fcinfo)) == NULL)
	{
		request = palloc(sizeof(JsonNode));
		json_set_object(request, PG_NARGS());
		for (int i = 0; members[i] != NULL && i < PG_NARGS(); i++)
		{
			if (!PG_ARGISNULL(i))
				argument_to_node(fcinfo, i, json_add(request, members[i]));
		}
	}
	request_validate(operation_shape_find(name, strlen(name)), request);
	return request;
}

/* A function dynamo.<name>(table_name => ..., ...) RETURNS jsonb. */
static Datum
run_with_arguments(FunctionCallInfo fcinfo, const char *name,
				   const char *const *members)
{
	JsonNode	response;

	json_set_object(&response, 4);
	find_operation(name)->handler(request_from_arguments(fcinfo, name, members),
								  &response);
	return JsonbPGetDatum(json_to_jsonb(&response));
}

#define ARGUMENTS_FUNCTION(function, operation, ...) \
PG_FUNCTION_INFO_V1(dynamo_##function##_arguments); \
Datum \
dynamo_##function##_arguments(PG_FUNCTION_ARGS) \
{ \
	static const char *const members[] = {__VA_ARGS__, NULL}; \
	\
	return run_with_arguments(fcinfo, operation, members); \
}

ARGUMENTS_FUNCTION(put_item, "PutItem",
				   "TableName", "Item", "ConditionExpression",
				   "ExpressionAttributeNames", "ExpressionAttributeValues",
				   "ReturnValues", "ReturnValuesOnConditionCheckFailure")
ARGUMENTS_FUNCTION(get_item, "GetItem",
				   "TableName", "Key", "ProjectionExpression",
				   "ExpressionAttributeNames", "ConsistentRead")
ARGUMENTS_FUNCTION(update_item, "UpdateItem",
				   "TableName", "Key", "UpdateExpression",
				   "ConditionExpression", "ExpressionAttributeNames",
				   "ExpressionAttributeValues", "ReturnValues",
				   "ReturnValuesOnConditionCheckFailure")
ARGUMENTS_FUNCTION(delete_item, "DeleteItem",
				   "TableName", "Key", "ConditionExpression",
				   "ExpressionAttributeNames", "ExpressionAttributeValues",
				   "ReturnValues", "ReturnValuesOnConditionCheckFailure")
ARGUMENTS_FUNCTION(query, "Query",
				   "TableName", "KeyConditionExpression",
				   "ExpressionAttributeNames", "ExpressionAttributeValues",
				   "FilterExpression", "ProjectionExpression", "IndexName",
				   "ScanIndexForward", "Limit", "ExclusiveStartKey", "Select",
				   "ConsistentRead")
ARGUMENTS_FUNCTION(scan, "Scan",
				   "TableName", "FilterExpression",
				   "ExpressionAttributeNames", "ExpressionAttributeValues",
				   "ProjectionExpression", "IndexName", "Limit",
				   "ExclusiveStartKey", "Select", "Segment", "TotalSegments",
				   "ConsistentRead")
ARGUMENTS_FUNCTION(execute_statement, "ExecuteStatement",
				   "Statement", "Parameters", "ConsistentRead", "Limit",
				   "NextToken", "ReturnValuesOnConditionCheckFailure")
