/*
 * operations.h - the operations: request tree in, response tree out.
 *
 * A handler gets a request that request_validate() has passed, and an empty
 * object to fill with the response.  Errors are raised.
 */
#ifndef DYNAMO_OPERATIONS_H
#define DYNAMO_OPERATIONS_H

#include "model/json.h"

typedef void (*OperationHandler) (JsonNode *request, JsonNode *response);

/* table_ops.c */
extern void create_table(JsonNode *request, JsonNode *response);
extern void describe_table(JsonNode *request, JsonNode *response);
extern void list_tables(JsonNode *request, JsonNode *response);
extern void update_table(JsonNode *request, JsonNode *response);
extern void delete_table(JsonNode *request, JsonNode *response);

/* ttl_ops.c */
extern void describe_time_to_live(JsonNode *request, JsonNode *response);
extern void update_time_to_live(JsonNode *request, JsonNode *response);

/* service_ops.c */
extern void describe_endpoints(JsonNode *request, JsonNode *response);
extern void describe_limits(JsonNode *request, JsonNode *response);

/* stream_ops.c */
extern void describe_stream(JsonNode *request, JsonNode *response);
extern void get_records(JsonNode *request, JsonNode *response);
extern void get_shard_iterator(JsonNode *request, JsonNode *response);
extern void list_streams(JsonNode *request, JsonNode *response);

/* tag_ops.c */
extern void tag_resource(JsonNode *request, JsonNode *response);
extern void untag_resource(JsonNode *request, JsonNode *response);
extern void list_tags_of_resource(JsonNode *request, JsonNode *response);

/* item_ops.c */
extern void put_item(JsonNode *request, JsonNode *response);
extern void get_item(JsonNode *request, JsonNode *response);
extern void update_item(JsonNode *request, JsonNode *response);
extern void delete_item(JsonNode *request, JsonNode *response);

/* batch_ops.c */
extern void batch_get_item(JsonNode *request, JsonNode *response);
extern void batch_write_item(JsonNode *request, JsonNode *response);

/* transact_ops.c */
extern void transact_get_items(JsonNode *request, JsonNode *response);
extern void transact_write_items(JsonNode *request, JsonNode *response);

/* query_ops.c */
extern void query(JsonNode *request, JsonNode *response);
extern void scan(JsonNode *request, JsonNode *response);

/* statement_ops.c */
extern void execute_statement(JsonNode *request, JsonNode *response);

/* statement_batch.c */
extern void batch_execute_statement(JsonNode *request, JsonNode *response);

/* statement_transact.c */
extern void execute_transaction(JsonNode *request, JsonNode *response);

/*
 * dispatch.c: a request as text, in two steps.  The first raises
 * UnknownOperationException and SerializationException; the second validates
 * the request, in place, and runs the operation.
 */
extern JsonNode *parse_text_request(const char *name, const text *body);
extern text *run_text_request(const char *name, JsonNode *request);

/*
 * dispatch.c: build, validate and return a request for operation `name` from
 * the arguments of an SQL function with named arguments; `members` are the
 * request members the arguments stand for, in order.
 */
struct FunctionCallInfoBaseData;
extern JsonNode *request_from_arguments(struct FunctionCallInfoBaseData *fcinfo,
										const char *name,
										const char *const *members);

#endif							/* DYNAMO_OPERATIONS_H */
