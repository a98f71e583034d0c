/*
 * item_ops.c - PutItem, GetItem, UpdateItem, DeleteItem.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "api/item_write.h"
#include "api/operations.h"
#include "api/parameters.h"
#include "store/item_check.h"
#include "store/item_store.h"

static const char *const get_expressions[] = {"ProjectionExpression", NULL};
static const char *const get_legacy[] = {"AttributesToGet", NULL};

/* One write, from the request to the response. */
static void
run_write(const char *operation, WriteKind kind, JsonNode *request,
		  JsonNode *response)
{
	WriteRequest write;

	PreventCommandIfReadOnly(operation);
	PreventCommandIfParallelMode(operation);

	write_prepare(&write, kind, request);
	write_item(&write);
	write_add_attributes(&write, response);
}

void
put_item(JsonNode *request, JsonNode *response)
{
	run_write("PutItem", WRITE_PUT, request, response);
}

void
update_item(JsonNode *request, JsonNode *response)
{
	run_write("UpdateItem", WRITE_UPDATE, request, response);
}

void
delete_item(JsonNode *request, JsonNode *response)
{
	run_write("DeleteItem", WRITE_DELETE, request, response);
}

void
get_item(JsonNode *request, JsonNode *response)
{
	JsonNode   *key_node = json_get(request, "Key");
	ExprBindings *bindings;
	Projection *projection;
	const TableDescriptor *descriptor;
	Relation	rel;
	bytea	   *key;
	Jsonb	   *item;

	check_expression_parameters(request, get_expressions, get_legacy);
	attr_map_normalize(key_node);
	check_attributes_to_get(request);
	bindings = prepare_bindings(request);
	projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);

	rel = open_request_table(request, AccessShareLock, ACL_SELECT, &descriptor);
	key = item_key_from_request(descriptor, key_node);
	check_projection_paths(descriptor, projection);
	item = item_store_get(rel, descriptor, key, GetActiveSnapshot());
	table_close(rel, NoLock);

	if (item == NULL)
		return;
	if (projection)
		projection_apply(projection, &item->root, json_add(response, "Item"));
	else
		json_set_jsonb(json_add(response, "Item"), item);
}
