/*
 * ttl_ops.c - UpdateTimeToLive, DescribeTimeToLive.
 *
 * Time to live of a table is a row TTL_INDEX among its indexes.  It is
 * ENABLING while the index is built, and ENABLED from then on.
 */
#include "postgres.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "errors.h"
#include "store/ddl.h"
#include "store/index_build.h"

/* The attribute that an index row TTL_INDEX is on. */
static JsonNode *
ttl_attribute(const IndexRow *index)
{
	JsonNode   *schema = json_node_from_jsonb(index->key_schema);
	JsonNode   *name = NULL;

	if (schema->kind == JSON_ARRAY && schema->len == 1)
		name = json_get_string(&schema->u.elems[0], "AttributeName");
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the key schema of index \"%s\" in dynamo.indexes is malformed",
						index->index_name)));
	return name;
}

/* Add the column and the index that find items by their time of expiry. */
static void
enable_ttl(const TableRow *row, const JsonNode *attribute)
{
	IndexRow	index = {0};
	JsonNode	schema;
	JsonNode   *element;

	json_set_array(&schema, 1);
	element = json_push(&schema);
	json_set_object(element, 2);
	*json_add(element, "AttributeName") = *attribute;
	json_set_string(json_add(element, "KeyType"), "TTL");

	index.index_name = TTL_INDEX;
	index.key_schema = json_to_jsonb(&schema);
	index.projection = PROJECT_KEYS_ONLY;
	ddl_add_index(row, &index);
	index_build_start(row, &index);
}

void
update_time_to_live(JsonNode *request, JsonNode *response)
{
	const JsonNode *specification = json_get(request, "TimeToLiveSpecification");
	const JsonNode *attribute = json_get(specification, "AttributeName");
	bool		enable = request_bool(json_get(specification, "Enabled"), false);
	const TableRow *row;
	IndexRow   *index;
	JsonNode   *result;

	check_may_write("UpdateTimeToLive");

	row = lock_request_row(request);
	index = catalog_read_index(row->table_name, TTL_INDEX);
	if (index == NULL && !enable)
		validation_error("TimeToLive is already disabled");
	if (index != NULL)
	{
		const char *current = json_cstring(ttl_attribute(index));

		if (!json_string_is(attribute, current))
			validation_error("TimeToLive is active on a different AttributeName: current AttributeName is %s",
							 current);
		if (enable)
			validation_error("TimeToLive is already enabled");
	}

	if (enable)
		enable_ttl(row, attribute);
	else
		ddl_drop_index(row, index);

	result = json_add(response, "TimeToLiveSpecification");
	json_set_object(result, 2);
	json_set_bool(json_add(result, "Enabled"), enable);
	*json_add(result, "AttributeName") = *attribute;
}

void
describe_time_to_live(JsonNode *request, JsonNode *response)
{
	const TableRow *row = read_request_row(request);
	const IndexRow *index = catalog_read_index(row->table_name, TTL_INDEX);
	JsonNode   *description = json_add(response, "TimeToLiveDescription");

	json_set_object(description, 2);
	json_set_string(json_add(description, "TimeToLiveStatus"),
					index == NULL ? "DISABLED" :
					index->status == INDEX_CREATING ? "ENABLING" : "ENABLED");
	if (index)
		*json_add(description, "AttributeName") = *ttl_attribute(index);
}
