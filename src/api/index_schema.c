/*
 * index_schema.c - secondary indexes in table operations: from requests to
 * catalog rows, and from rows to descriptions.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "lib/stringinfo.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "api/arn.h"
#include "api/index_schema.h"
#include "api/parameters.h"
#include "api/table_settings.h"
#include "errors.h"

/* Attributes of a kind in the key of a global index, at most. */
#define INDEX_KEY_KIND_MAX		4

/* NonKeyAttributes of an index, and of all indexes of a table, at most. */
#define NON_KEY_ATTRIBUTES_MAX	20
#define ALL_NON_KEY_ATTRIBUTES_MAX	100

/* ---- key schemas ---- */

static const JsonNode *
attribute_name(const JsonNode *list, uint32 i)
{
	return json_get(&list->u.elems[i], "AttributeName");
}

static bool
same_string(const JsonNode *a, const JsonNode *b)
{
	return a->len == b->len && memcmp(a->u.str, b->u.str, a->len) == 0;
}

/* Position of a name in a list of AttributeName structures, or -1. */
int
find_attribute(const JsonNode *list, const JsonNode *name)
{
	for (uint32 i = 0; i < list->len; i++)
	{
		if (same_string(attribute_name(list, i), name))
			return i;
	}
	return -1;
}

/* "[a, b]" of the names in a list. */
static char *
list_names(const JsonNode *list)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '[');
	for (uint32 i = 0; i < list->len; i++)
		appendStringInfo(&out, "%s%s", i ? ", " : "",
						 json_cstring(attribute_name(list, i)));
	appendStringInfoChar(&out, ']');
	return out.data;
}

/* Kinds of the attributes of a key that may have several of each. */
static void
check_several(const JsonNode *key_schema)
{
	int			nhash = 0;
	int			nrange = 0;

	for (uint32 i = 0; i < key_schema->len; i++)
	{
		if (member_is(&key_schema->u.elems[i], "KeyType", "RANGE"))
			nrange++;
		else if (nrange > 0)
			validation_error("Invalid KeySchema: All HASH key elements must come before the RANGE key elements");
		else
			nhash++;
	}
	if (nhash > INDEX_KEY_KIND_MAX)
		validation_error("Invalid KeySchema: Number of HASH key elements exceeds the limit of %d",
						 INDEX_KEY_KIND_MAX);
	if (nrange > INDEX_KEY_KIND_MAX)
		validation_error("Invalid KeySchema: Number of RANGE key elements exceeds the limit of %d",
						 INDEX_KEY_KIND_MAX);
}

void
check_key_elements(const JsonNode *key_schema, const JsonNode *definitions,
				   bool several)
{
	for (uint32 i = 0; i < key_schema->len; i++)
	{
		if (find_attribute(definitions, attribute_name(key_schema, i)) < 0)
			validation_error(INVALID_PARAMETER "Some index key attributes are not defined in AttributeDefinitions. "
							 "Keys: %s, AttributeDefinitions: %s",
							 list_names(key_schema), list_names(definitions));
	}
	for (uint32 i = 0; i < key_schema->len; i++)
	{
		if (find_attribute(key_schema, attribute_name(key_schema, i)) == i)
			continue;
		if (key_schema->len > 2)
			validation_error("Invalid KeySchema: The key element %s occurs more than once",
							 json_cstring(attribute_name(key_schema, i)));
		validation_error("Both the Hash Key and the Range Key element in the KeySchema have the same name");
	}
	if (!member_is(&key_schema->u.elems[0], "KeyType", "HASH"))
		validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
	if (several)
		check_several(key_schema);
	else if (key_schema->len == 2 &&
			 !member_is(&key_schema->u.elems[1], "KeyType", "RANGE"))
		validation_error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
}

Jsonb *
copy_structures(const JsonNode *list, const char *first, const char *second)
{
	JsonNode	copy;

	json_set_array(&copy, list->len);
	for (uint32 i = 0; i < list->len; i++)
	{
		JsonNode   *element = json_push(&copy);

		json_set_object(element, 2);
		*json_add(element, first) = *json_get(&list->u.elems[i], first);
		*json_add(element, second) = *json_get(&list->u.elems[i], second);
	}
	return json_to_jsonb(&copy);
}

/* ---- attribute definitions ---- */

/* Is a name part of the table's key or that of one of the indexes? */
static bool
is_key_attribute(const JsonNode *name, const JsonNode *key_schema,
				 const List *indexes)
{
	ListCell   *lc;

	if (find_attribute(key_schema, name) >= 0)
		return true;
	foreach(lc, indexes)
	{
		const IndexRow *index = lfirst(lc);

		if (find_attribute(json_node_from_jsonb(index->key_schema), name) >= 0)
			return true;
	}
	return false;
}

/* "[a, b]": the attributes of all keys, each once. */
static char *
list_key_attributes(const JsonNode *key_schema, const List *indexes)
{
	JsonNode	all;
	ListCell   *lc;

	json_set_array(&all, 8);
	for (uint32 i = 0; i < key_schema->len; i++)
		*json_push(&all) = key_schema->u.elems[i];
	foreach(lc, indexes)
	{
		const IndexRow *index = lfirst(lc);
		const JsonNode *keys = json_node_from_jsonb(index->key_schema);

		for (uint32 i = 0; i < keys->len; i++)
		{
			if (find_attribute(&all, attribute_name(keys, i)) < 0)
				*json_push(&all) = keys->u.elems[i];
		}
	}
	return list_names(&all);
}

void
check_definitions_used(const JsonNode *definitions, const JsonNode *key_schema,
					   const List *indexes)
{
	for (uint32 i = 0; i < definitions->len; i++)
	{
		if (!is_key_attribute(attribute_name(definitions, i), key_schema, indexes))
			validation_error(INVALID_PARAMETER "Some AttributeDefinitions are not used. AttributeDefinitions: %s, keys used: %s",
							 list_names(definitions),
							 list_key_attributes(key_schema, indexes));
	}
}

Jsonb *
merge_definitions(const TableRow *row, const JsonNode *added, const List *indexes)
{
	const JsonNode *stored = json_node_from_jsonb(row->attribute_definitions);
	const JsonNode *key_schema = json_node_from_jsonb(row->key_schema);
	JsonNode	merged;

	json_set_array(&merged, stored->len + 8);
	for (uint32 i = 0; i < stored->len; i++)
	{
		if (is_key_attribute(attribute_name(stored, i), key_schema, indexes))
			*json_push(&merged) = stored->u.elems[i];
	}
	for (uint32 i = 0; added && i < added->len; i++)
	{
		const JsonNode *name = attribute_name(added, i);
		int			other = find_attribute(&merged, name);

		if (other >= 0)
		{
			const JsonNode *type = json_get(&added->u.elems[i], "AttributeType");
			const JsonNode *old_type = json_get(&merged.u.elems[other], "AttributeType");

			if (!same_string(type, old_type))
				validation_error(INVALID_PARAMETER "AttributeDefinitions redefined %s to %s, which is a key attribute of type %s already",
								 json_cstring(name), json_cstring(type),
								 json_cstring(old_type));
		}
		else if (is_key_attribute(name, key_schema, indexes))
			*json_push(&merged) = added->u.elems[i];
	}
	return copy_structures(&merged, "AttributeName", "AttributeType");
}

/* ---- indexes of requests ---- */

/* Projection of an index. */
static void
read_projection(const JsonNode *projection, IndexRow *index)
{
	const JsonNode *names = json_get(projection, "NonKeyAttributes");
	const JsonNode *type = json_get(projection, "ProjectionType");

	if (type == NULL)
		validation_error(INVALID_PARAMETER "Unknown ProjectionType: null");
	for (int i = PROJECT_ALL; i <= PROJECT_INCLUDE; i++)
	{
		if (json_string_is(type, catalog_projection_name(i)))
			index->projection = i;
	}
	if (names && index->projection != PROJECT_INCLUDE)
		validation_error(INVALID_PARAMETER "ProjectionType is %s, but NonKeyAttributes is specified",
						 json_cstring(type));
	if (names == NULL)
	{
		if (index->projection == PROJECT_INCLUDE)
			validation_error(INVALID_PARAMETER "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
		return;
	}
	if (names->len > NON_KEY_ATTRIBUTES_MAX)
		validation_error(INVALID_PARAMETER "Number of NonKeyAttributes of index %s exceeds the limit of %d",
						 index->index_name, NON_KEY_ATTRIBUTES_MAX);
	for (uint32 i = 0; i < names->len; i++)
	{
		for (uint32 j = 0; j < i; j++)
		{
			if (same_string(&names->u.elems[i], &names->u.elems[j]))
				validation_error(INVALID_PARAMETER "Duplicate NonKeyAttribute: %s",
								 json_cstring(&names->u.elems[i]));
		}
	}
	index->non_key_attributes = json_to_jsonb(names);
}

/* An index of this name among others? */
static bool
has_index(const List *indexes, const char *name)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		const IndexRow *index = lfirst(lc);

		if (strcmp(index->index_name, name) == 0)
			return true;
	}
	return false;
}

/* Name and key schema of an index. */
static IndexRow *
begin_index(const JsonNode *node, const JsonNode *definitions, bool global)
{
	IndexRow   *index = palloc0(sizeof(IndexRow));
	const JsonNode *key_schema = json_get(node, "KeySchema");

	index->index_name = json_cstring(json_get(node, "IndexName"));
	index->global = global;

	check_key_elements(key_schema, definitions, global);
	index->key_schema = copy_structures(key_schema, "AttributeName", "KeyType");
	return index;
}

static IndexRow *
read_local_index(const JsonNode *node, const JsonNode *table_keys,
				 const JsonNode *definitions)
{
	IndexRow   *index = begin_index(node, definitions, false);
	const JsonNode *keys = json_get(node, "KeySchema");

	if (keys->len != 2)
		validation_error(INVALID_PARAMETER "Index KeySchema does not have a range key for index: %s",
						 index->index_name);
	if (!same_string(attribute_name(keys, 0), attribute_name(table_keys, 0)))
		validation_error(INVALID_PARAMETER "Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. "
						 "index hash key: %s, table hash key: %s",
						 index->index_name, json_cstring(attribute_name(keys, 0)),
						 json_cstring(attribute_name(table_keys, 0)));
	read_projection(json_get(node, "Projection"), index);
	return index;
}

void
read_index_provisioned(const JsonNode *node, const char *index, int64 *read,
					   int64 *write)
{
	const JsonNode *provisioned = json_get(node, "ProvisionedThroughput");

	if (provisioned == NULL)
		validation_error(INVALID_PARAMETER "ProvisionedThroughput is not specified for index: %s",
						 index);
	read_provisioned(provisioned, index, read, write);
}

/* The capacity of a new index. */
static void
read_capacity(const JsonNode *node, IndexRow *index, bool on_demand)
{
	Throughput *throughput = &index->throughput;

	if (!on_demand)
		read_index_provisioned(node, index->index_name,
							   &throughput->read_capacity,
							   &throughput->write_capacity);
	read_on_demand_limits(node, index->index_name, on_demand, throughput);
	read_warm_throughput(node, index->index_name, on_demand, throughput);
}

static IndexRow *
read_global_index(const JsonNode *node, const JsonNode *definitions,
				  bool on_demand)
{
	IndexRow   *index = begin_index(node, definitions, true);

	read_projection(json_get(node, "Projection"), index);
	if (on_demand && json_get(node, "ProvisionedThroughput"))
		validation_error(INVALID_PARAMETER "ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST",
						 index->index_name);
	read_capacity(node, index, on_demand);
	return index;
}

/* Add an index to those of the table, whose names it must not repeat. */
static List *
add_index(List *indexes, IndexRow *index)
{
	if (has_index(indexes, index->index_name))
		validation_error(INVALID_PARAMETER "Duplicate index name: %s",
						 index->index_name);
	return lappend(indexes, index);
}

/* NonKeyAttributes of all indexes together. */
static void
check_non_key_attributes(const List *indexes)
{
	int			total = 0;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		const IndexRow *index = lfirst(lc);

		if (index->non_key_attributes)
			total += JB_ROOT_COUNT(index->non_key_attributes);
	}
	if (total > ALL_NON_KEY_ATTRIBUTES_MAX)
		validation_error(INVALID_PARAMETER "Number of NonKeyAttributes of all indexes exceeds the per-table limit of %d",
						 ALL_NON_KEY_ATTRIBUTES_MAX);
}

List *
indexes_from_request(const JsonNode *request, bool on_demand)
{
	const JsonNode *table_keys = json_get(request, "KeySchema");
	const JsonNode *definitions = json_get(request, "AttributeDefinitions");
	const JsonNode *locals = json_get(request, "LocalSecondaryIndexes");
	const JsonNode *globals = json_get(request, "GlobalSecondaryIndexes");
	List	   *indexes = NIL;

	if (locals && locals->len == 0)
		validation_error(INVALID_PARAMETER "List of LocalSecondaryIndexes is empty");
	if (locals && table_keys->len < 2)
		validation_error(INVALID_PARAMETER "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
	for (uint32 i = 0; locals && i < locals->len; i++)
		indexes = add_index(indexes, read_local_index(&locals->u.elems[i],
													  table_keys, definitions));
	if (locals && locals->len > LOCAL_INDEXES_MAX)
		validation_error(INVALID_PARAMETER "Number of LocalSecondaryIndexes exceeds per-table limit of %d",
						 LOCAL_INDEXES_MAX);

	if (globals && globals->len == 0)
		validation_error(INVALID_PARAMETER "List of GlobalSecondaryIndexes is empty");
	for (uint32 i = 0; globals && i < globals->len; i++)
		indexes = add_index(indexes, read_global_index(&globals->u.elems[i],
													   definitions, on_demand));
	if (globals && globals->len > GLOBAL_INDEXES_MAX)
		validation_error(INVALID_PARAMETER "GlobalSecondaryIndex count exceeds the per-table limit of %d",
						 GLOBAL_INDEXES_MAX);
	check_non_key_attributes(indexes);
	return indexes;
}

IndexRow *
index_from_create(const JsonNode *create, const JsonNode *definitions,
				  const List *indexes, bool on_demand)
{
	IndexRow   *index = begin_index(create, definitions, true);
	int			globals = 0;
	ListCell   *lc;

	read_projection(json_get(create, "Projection"), index);

	/* What an on-demand table does not need is let be, unlike in CreateTable. */
	read_capacity(create, index, on_demand);
	if (has_index(indexes, index->index_name))
		validation_error(INVALID_PARAMETER "Attempting to create an index which already exists: %s",
						 index->index_name);
	foreach(lc, indexes)
		globals += ((IndexRow *) lfirst(lc))->global;
	if (globals >= GLOBAL_INDEXES_MAX)
		validation_error(INVALID_PARAMETER "GlobalSecondaryIndex count exceeds the per-table limit of %d",
						 GLOBAL_INDEXES_MAX);
	check_non_key_attributes(lappend(list_copy(indexes), index));
	return index;
}

/* ---- describing ---- */

int64
estimate_item_count(Relation rel)
{
	PgStat_StatTabEntry *stats = pgstat_fetch_stat_tabentry(RelationGetRelid(rel));

	if (stats)
#if PG_VERSION_NUM >= 160000
		return Max(stats->live_tuples, 0);
#else
		return Max(stats->n_live_tuples, 0);
#endif
	return rel->rd_rel->reltuples > 0 ? (int64) rel->rd_rel->reltuples : 0;
}

/*
 * Bytes of an index's B-tree, and the items in it: the share that it had of
 * the table's when both were last analyzed.
 */
static void
measure_index(const IndexRow *row, Relation rel, int64 *bytes, int64 *items)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(rel), row->column_name);
	Oid			btree = InvalidOid;
	Relation	index;
	float4		index_tuples;
	float4		table_tuples = rel->rd_rel->reltuples;

	*bytes = *items = 0;
	if (attno != InvalidAttrNumber)
		btree = catalog_index_btree(rel, attno, true);
	if (!OidIsValid(btree))
		return;
	index = index_open(btree, AccessShareLock);
	*bytes = (int64) RelationGetNumberOfBlocks(index) * BLCKSZ;
	index_tuples = index->rd_rel->reltuples;
	if (table_tuples > 0 && index_tuples > 0)
		*items = rint(estimate_item_count(rel) * Min(index_tuples / table_tuples, 1.0));
	index_close(index, AccessShareLock);
}

bool
is_index_updated(const JsonNode *updates, const char *action, const char *name)
{
	for (uint32 i = 0; updates && i < updates->len; i++)
	{
		const JsonNode *update = json_get(&updates->u.elems[i], action);

		if (update && member_is(update, "IndexName", name))
			return true;
	}
	return false;
}

static void
describe_index(JsonNode *node, const IndexRow *row, Relation rel,
			   const TableRow *table, const char *status,
			   const JsonNode *updates)
{
	const char *name = row->index_name;
	JsonNode   *projection;
	int64		bytes;
	int64		items;

	json_set_object(node, 11);
	json_set_string(json_add(node, "IndexName"), name);
	json_set_jsonb(json_add(node, "KeySchema"), row->key_schema);
	projection = json_add(node, "Projection");
	json_set_object(projection, 2);
	json_set_string(json_add(projection, "ProjectionType"),
					catalog_projection_name(row->projection));
	if (row->non_key_attributes)
		json_set_jsonb(json_add(projection, "NonKeyAttributes"),
					   row->non_key_attributes);
	if (row->global)
	{
		const char *index_status = catalog_status_name(row->status);

		if (is_index_updated(updates, "Delete", name))
			index_status = "DELETING";
		else if (is_index_updated(updates, "Update", name))
			index_status = "UPDATING";
		else if (is_index_updated(updates, "Create", name) ||
				 strcmp(status, "CREATING") == 0)
			index_status = "CREATING";
		json_set_string(json_add(node, "IndexStatus"), index_status);
		if (row->status == INDEX_CREATING)
			json_set_bool(json_add(node, "Backfilling"), true);
		describe_provisioned(json_add(node, "ProvisionedThroughput"),
							 &row->throughput);
		add_on_demand_limits(node, &row->throughput);
		add_warm_throughput(node, table->billing_mode == BILLING_PAY_PER_REQUEST,
							index_status, &row->throughput);
	}
	measure_index(row, rel, &bytes, &items);
	json_set_int(json_add(node, "IndexSizeBytes"), bytes);
	json_set_int(json_add(node, "ItemCount"), items);
	json_set_string(json_add(node, "IndexArn"),
					psprintf("%s/index/%s", table_arn(table->table_name), name));
}

void
describe_indexes(JsonNode *table, const TableRow *row, const List *indexes,
				 Relation rel, const char *status, const JsonNode *updates)
{
	for (int global = 0; global <=1; global ++)
	{
		JsonNode	list;
		ListCell   *lc;

		json_set_array(&list, 4);
		foreach(lc, indexes)
		{
			const IndexRow *index = lfirst(lc);

			if (index->global == global)
				describe_index(json_push(&list), index, rel, row, status, updates);
		}
		if (list.len > 0)
			*json_add(table, global ? "GlobalSecondaryIndexes" :
					  "LocalSecondaryIndexes") = list;
	}
}
