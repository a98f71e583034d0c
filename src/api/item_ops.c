/*
 * item_ops.c - PutItem, GetItem, UpdateItem, DeleteItem.
 */
#include "postgres.h"

#include "access/table.h"
#include "utils/snapmgr.h"

#include "api/item_collection.h"
#include "api/item_write.h"
#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
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
	TableSet	tables;
	Capacity	capacity;
	JsonNode	metrics;
	JsonNode	attributes;

	check_may_write(operation);

	write_prepare(&write, kind, request);
	capacity_init(&capacity, capacity_detail(request), CAPACITY_SINGLE);
	write_run(&write, &capacity, &tables);
	if (item_collection_is_asked(request) &&
		item_collection_metrics(&write, &metrics))
		*json_add(response, "ItemCollectionMetrics") = metrics;
	table_set_close(&tables);
	if (write_attributes(&write, &attributes))
		*json_add(response, "Attributes") = attributes;
	capacity_add(&capacity, response);
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
	Capacity	capacity;

	check_expression_parameters(request, get_expressions, get_legacy);
	attr_map_normalize(key_node);
	check_attributes_to_get(request);
	bindings = prepare_bindings(request);
	projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);

	rel = open_request_table(request, AccessShareLock, ACL_SELECT, &descriptor);
	key = item_key_from_request(descriptor, key_node);
	check_projection_paths(descriptor, projection);
	capacity_init(&capacity, capacity_detail(request), CAPACITY_SINGLE);
	capacity_bind(&capacity, descriptor);
	capacity_admit(&capacity, NULL, false);
	item = item_store_get(rel, descriptor, key, GetActiveSnapshot());
	capacity_read_item(&capacity, item,
					   request_bool(json_get(request, "ConsistentRead"), false));
	table_close(rel, NoLock);

	if (item)
		projected_item(projection, item, json_add(response, "Item"));
	capacity_add(&capacity, response);
}
