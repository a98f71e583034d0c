/*
 * table_ops.c - CreateTable, DescribeTable, ListTables, UpdateTable,
 * DeleteTable.
 *
 * Tables change their state within the call: CREATING, UPDATING and DELETING
 * are reported by the response, as clients expect, and ACTIVE from then on.
 */
#include "postgres.h"

#include "access/table.h"
#include "storage/bufmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "api/arn.h"
#include "api/index_schema.h"
#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "api/stream_settings.h"
#include "api/table_settings.h"
#include "api/tag_ops.h"
#include "errors.h"
#include "store/ddl.h"
#include "store/index_build.h"
#include "store/tags.h"

#define LIST_TABLES_MAX	100

#define NO_CAPACITY_ON_DEMAND \
	INVALID_PARAMETER "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"

/* ---- describing ---- */

/* Bytes of a table's pages, those of large items included. */
static int64
measure_table(Relation rel)
{
	int64		blocks;

	if (!RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		return 0;
	blocks = RelationGetNumberOfBlocks(rel);
	if (OidIsValid(rel->rd_rel->reltoastrelid))
	{
		Relation	toast = table_open(rel->rd_rel->reltoastrelid, AccessShareLock);

		blocks += RelationGetNumberOfBlocks(toast);
		table_close(toast, AccessShareLock);
	}
	return blocks * BLCKSZ;
}

/*
 * Open the item table of a row.  What it looks like does not matter here: an
 * altered one can still be described and dropped.
 */
static Relation
open_row_relation(const TableRow *row, LOCKMODE lockmode)
{
	Oid			relid = catalog_item_table_oid(row);
	Relation	rel = OidIsValid(relid) ? try_table_open(relid, lockmode) : NULL;

	if (rel == NULL)
		table_not_found(row->table_name);
	return rel;
}

static void
add_billing_mode(JsonNode *table, const TableRow *row)
{
	JsonNode   *summary;

	/* The service tells it only of tables that were once on demand. */
	if (!row->on_demand_since)
		return;
	summary = json_add(table, "BillingModeSummary");
	json_set_object(summary, 2);
	json_set_string(json_add(summary, "BillingMode"),
					row->billing_mode == BILLING_PROVISIONED ?
					"PROVISIONED" : "PAY_PER_REQUEST");
	set_epoch(json_add(summary, "LastUpdateToPayPerRequestDateTime"),
			  row->on_demand_since);
}

static void
add_table_class(JsonNode *table, const TableRow *row)
{
	JsonNode   *summary;

	if (!row->table_class)
		return;
	summary = json_add(table, "TableClassSummary");
	json_set_object(summary, 2);
	json_set_string(json_add(summary, "TableClass"), row->table_class);
	if (row->table_class_since)
		set_epoch(json_add(summary, "LastUpdateDateTime"), row->table_class_since);
}

/* Is an index of the table being built? */
static bool
builds_index(const List *indexes)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		if (((const IndexRow *) lfirst(lc))->status == INDEX_CREATING)
			return true;
	}
	return false;
}

/* Status of a table's warm throughput, as the answer to a request. */
static const char *
warm_status(const char *status, const JsonNode *request)
{
	if (strcmp(status, "CREATING") == 0)
		return status;
	return json_get(request, "WarmThroughput") ? "UPDATING" : "ACTIVE";
}

/*
 * Fill a TableDescription.  DeleteTable's leaves out what describes the
 * schema and the settings.  request: the one of UpdateTable that is answered
 * (NULL: none).
 */
static void
describe(JsonNode *table, const TableRow *row, const List *indexes,
		 const char *status, const JsonNode *request)
{
	const Throughput *throughput = &row->throughput;
	bool		deleting = strcmp(status, "DELETING") == 0;
	Relation	rel = open_row_relation(row, AccessShareLock);
	char	   *id;

	id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&row->table_id)));
	json_set_object(table, 20);
	if (!deleting)
		json_set_jsonb(json_add(table, "AttributeDefinitions"),
					   row->attribute_definitions);
	json_set_string(json_add(table, "TableName"), row->table_name);
	if (!deleting)
		json_set_jsonb(json_add(table, "KeySchema"), row->key_schema);
	json_set_string(json_add(table, "TableStatus"), status);
	if (!deleting)
		set_epoch(json_add(table, "CreationDateTime"), row->creation_time);
	describe_provisioned(json_add(table, "ProvisionedThroughput"), throughput);
	json_set_int(json_add(table, "TableSizeBytes"), measure_table(rel));
	json_set_int(json_add(table, "ItemCount"), estimate_item_count(rel));
	json_set_string(json_add(table, "TableArn"), table_arn(row->table_name));
	json_set_string(json_add(table, "TableId"), id);
	add_billing_mode(table, row);
	add_table_class(table, row);
	if (!deleting)
	{
		add_on_demand_limits(table, throughput);
		add_warm_throughput(table, row->billing_mode == BILLING_PAY_PER_REQUEST,
							warm_status(status, request), throughput);
		add_encryption(table, row);
		describe_indexes(table, row, indexes, rel, status,
						 json_get(request, "GlobalSecondaryIndexUpdates"));
		add_stream(table, row);
	}
	json_set_bool(json_add(table, "DeletionProtectionEnabled"),
				  row->deletion_protection);
	table_close(rel, NoLock);
}

/* ---- what is refused ---- */

/* Members that belong to later versions: not accepted in silence. */
static void
refuse_unsupported(const JsonNode *request)
{
	refuse_parameter(request, "ReplicaUpdates");
	refuse_parameter(request, "MultiRegionConsistency");
	refuse_parameter(request, "GlobalTableWitnessUpdates");
	refuse_parameter(request, "GlobalTableSourceArn");
	refuse_parameter(request, "GlobalTableSettingsReplicationMode");
	refuse_parameter(request, "ResourcePolicy");
}

/* ---- CreateTable ---- */

/* Key schema and attribute definitions, in the service's order of checks. */
static void
check_table_schema(const JsonNode *request)
{
	const JsonNode *key_schema = json_get(request, "KeySchema");
	const JsonNode *definitions = json_get(request, "AttributeDefinitions");

	if (definitions->len < key_schema->len)
		validation_error("Invalid KeySchema: Some index key attribute have no definition");
	check_key_elements(key_schema, definitions, false);
	for (uint32 i = 0; i < definitions->len; i++)
	{
		const JsonNode *name = json_get(&definitions->u.elems[i], "AttributeName");

		if (find_attribute(definitions, name) != i)
			validation_error(INVALID_PARAMETER "Duplicate AttributeName in AttributeDefinitions: %s",
							 json_cstring(name));
	}
	if (definitions->len != key_schema->len &&
		!json_get(request, "LocalSecondaryIndexes") &&
		!json_get(request, "GlobalSecondaryIndexes"))
		validation_error(INVALID_PARAMETER "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions");
}

/* Billing mode and throughput of a new table. */
static void
read_billing(const JsonNode *request, TableRow *row)
{
	const JsonNode *throughput = json_get(request, "ProvisionedThroughput");

	if (member_is(request, "BillingMode", "PAY_PER_REQUEST"))
	{
		if (throughput)
			validation_error(NO_CAPACITY_ON_DEMAND);
		row->billing_mode = BILLING_PAY_PER_REQUEST;
		return;
	}
	if (!throughput)
		validation_error(INVALID_PARAMETER "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
	row->billing_mode = BILLING_PROVISIONED;
	read_provisioned(throughput, NULL, &row->throughput.read_capacity,
					 &row->throughput.write_capacity);
}

void
create_table(JsonNode *request, JsonNode *response)
{
	const JsonNode *key_schema = json_get(request, "KeySchema");
	const JsonNode *definitions = json_get(request, "AttributeDefinitions");
	const JsonNode *tag_list = json_get(request, "Tags");
	TableRow	row = {0};
	StreamChange stream;
	bool		on_demand;
	List	   *indexes;
	List	   *tags;
	ListCell   *lc;

	check_may_write("CreateTable");

	row.table_name = json_cstring(json_get(request, "TableName"));
	read_billing(request, &row);
	on_demand = row.billing_mode == BILLING_PAY_PER_REQUEST;
	check_table_schema(request);
	indexes = indexes_from_request(request, on_demand);
	if (indexes)
		check_definitions_used(definitions, key_schema, indexes);
	read_on_demand_limits(request, NULL, on_demand, &row.throughput);
	read_warm_throughput(request, NULL, on_demand, &row.throughput);
	read_encryption(request, &row);
	refuse_unsupported(request);
	read_stream_change(request, &stream);
	tags = tag_list ? tags_from_request(tag_list) : NIL;

	row.table_id = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	row.creation_time = GetCurrentTimestamp();
	if (on_demand)
		row.on_demand_since = row.creation_time;
	row.attribute_definitions = copy_structures(definitions, "AttributeName", "AttributeType");
	row.key_schema = copy_structures(key_schema, "AttributeName", "KeyType");
	row.deletion_protection =
		request_bool(json_get(request, "DeletionProtectionEnabled"), false);
	if (json_get(request, "TableClass"))
		row.table_class = json_cstring(json_get(request, "TableClass"));
	ddl_check_create();
	prepare_stream(&stream);
	ddl_create_table(&row, indexes);
	foreach(lc, tags)
		tags_write(row.table_name, lfirst(lc));
	change_stream(&row, &stream, true);

	describe(json_add(response, "TableDescription"), &row, indexes, "CREATING", NULL);
}

void
describe_table(JsonNode *request, JsonNode *response)
{
	TableRow   *row = read_request_row(request);
	List	   *indexes = catalog_read_indexes(row->table_name);

	describe(json_add(response, "Table"), row, indexes,
			 builds_index(indexes) ? "UPDATING" : "ACTIVE", NULL);
}

void
list_tables(JsonNode *request, JsonNode *response)
{
	JsonNode   *start = json_get(request, "ExclusiveStartTableName");
	JsonNode   *limit_node = json_get(request, "Limit");
	int			limit = limit_node ? request_int(limit_node) : LIST_TABLES_MAX;
	List	   *names;
	JsonNode	list;

	/* One more than asked for tells whether there are more. */
	names = catalog_list_tables(start ? json_cstring(start) : NULL, limit + 1);
	if (list_length(names) > limit)
		json_set_string(json_add(response, "LastEvaluatedTableName"),
						list_nth(names, limit - 1));
	json_set_array(&list, limit);
	for (int i = 0; i < Min(limit, list_length(names)); i++)
		json_set_string(json_push(&list), list_nth(names, i));
	*json_add(response, "TableNames") = list;
}

/* ---- UpdateTable ---- */

/* ---- GlobalSecondaryIndexUpdates ---- */

static const char *const index_actions[] = {"Update", "Create", "Delete"};

/* The action of an update of an index; its name in *action. */
static const JsonNode *
index_action(const JsonNode *update, const char **action)
{
	const JsonNode *found = NULL;

	for (int i = 0; i < lengthof(index_actions); i++)
	{
		const JsonNode *node = json_get(update, index_actions[i]);

		if (node && found)
			validation_error(INVALID_PARAMETER "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete may be specified");
		if (node)
		{
			found = node;
			*action = index_actions[i];
		}
	}
	if (found == NULL)
		validation_error(INVALID_PARAMETER "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null");
	return found;
}

/* What can be said of the updates before the table is looked up. */
static void
check_index_updates(const JsonNode *updates)
{
	const char *action;

	for (uint32 i = 0; updates && i < updates->len; i++)
	{
		const JsonNode *name = json_get(index_action(&updates->u.elems[i], &action),
										"IndexName");

		for (uint32 j = 0; j < i; j++)
		{
			if (member_is(index_action(&updates->u.elems[j], &action), "IndexName",
						  json_cstring(name)))
				validation_error(INVALID_PARAMETER "Only one global secondary index update per index is allowed simultaneously. Index: %s",
								 json_cstring(name));
		}
	}
}

/* One index at a time is created or deleted, also over several requests. */
static void
check_index_changes(const JsonNode *updates, const List *indexes)
{
	int			changes = 0;
	int			creations = 0;

	for (uint32 i = 0; updates && i < updates->len; i++)
	{
		if (json_get(&updates->u.elems[i], "Update") == NULL)
			changes++;
		if (json_get(&updates->u.elems[i], "Create") != NULL)
			creations++;
	}
	if (changes > 1 || (creations > 0 && builds_index(indexes)))
		dynamo_error(DYNAMO_LIMIT_EXCEEDED,
					 "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
}

static IndexRow *
find_global_index(const List *indexes, const JsonNode *node)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		IndexRow   *index = lfirst(lc);

		if (index->global &&member_is(node, "IndexName", index->index_name))
			return index;
	}
	return NULL;
}

/* New capacity of an index. */
static void
update_index(const List *indexes, const JsonNode *node, bool on_demand, Oid relid)
{
	IndexRow   *index = find_global_index(indexes, node);
	const JsonNode *provisioned = json_get(node, "ProvisionedThroughput");
	const char *name;

	if (index == NULL)
		validation_error("This operation cannot be performed with given input values. Please contact DynamoDB service team for more info: Action Blocked: IndexUpdate");
	name = index->index_name;
	if (on_demand && provisioned)
		validation_error(INVALID_PARAMETER "ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST",
						 name);
	if (provisioned ||
		!(json_get(node, "OnDemandThroughput") || json_get(node, "WarmThroughput")))
	{
		int64		read;
		int64		write;

		read_index_provisioned(node, name, &read, &write);
		change_provisioned(&index->throughput, name, read, write);
	}
	read_on_demand_limits(node, name, on_demand, &index->throughput);
	read_warm_throughput(node, name, on_demand, &index->throughput);
	catalog_write_index(index, false, relid);
}

/* Capacity of indexes, but for one that is deleted, when the mode changes. */
static void
switch_billing_of_indexes(const TableRow *row, const List *indexes,
						  const JsonNode *updates, Oid relid)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		IndexRow   *index = lfirst(lc);

		if (!index->global ||
			is_index_updated(updates, "Delete", index->index_name))
			continue;
		if (row->billing_mode == BILLING_PAY_PER_REQUEST)
			clear_provisioned(&index->throughput);
		else if (index->throughput.read_capacity == 0)
			validation_error(INVALID_PARAMETER "ProvisionedThroughput must be specified for index: %s",
							 index->index_name);
		else
			clear_on_demand_limits(&index->throughput);
		catalog_write_index(index, false, relid);
	}
}

/*
 * Carry out the updates of indexes.  Returns the indexes to describe: a new
 * one among them, and one that is deleted.
 */
static List *
update_indexes(TableRow *row, List *indexes, const JsonNode *request, Oid relid)
{
	const JsonNode *updates = json_get(request, "GlobalSecondaryIndexUpdates");
	const JsonNode *added = json_get(request, "AttributeDefinitions");
	bool		on_demand = row->billing_mode == BILLING_PAY_PER_REQUEST;
	List	   *remaining = list_copy(indexes);
	const JsonNode *node;
	IndexRow   *created = NULL;
	IndexRow   *deleted = NULL;
	const char *action;

	for (uint32 i = 0; updates && i < updates->len; i++)
	{
		node = index_action(&updates->u.elems[i], &action);
		if (strcmp(action, "Update") == 0)
			update_index(indexes, node, on_demand, relid);
		else if (strcmp(action, "Create") == 0)
		{
			JsonNode	definitions = *json_node_from_jsonb(row->attribute_definitions);

			for (uint32 k = 0; added && k < added->len; k++)
				*json_push(&definitions) = added->u.elems[k];
			created = index_from_create(node, &definitions, indexes, on_demand);
			remaining = lappend(remaining, created);
		}
		else
		{
			deleted = find_global_index(indexes, node);
			if (deleted == NULL)
				dynamo_error(DYNAMO_RESOURCE_NOT_FOUND, "Requested resource not found");
			remaining = list_delete_ptr(remaining, deleted);
		}
	}
	row->attribute_definitions = merge_definitions(row, added, remaining);
	if (deleted)
		ddl_drop_index(row, deleted);

	/* What makes the index looks its key attributes up. */
	catalog_write_row(row, false, relid);
	if (created)
	{
		ddl_add_index(row, created);
		index_build_start(row, created);
	}
	if (deleted)
		remaining = lappend(remaining, deleted);
	return remaining;
}

void
update_table(JsonNode *request, JsonNode *response)
{
	const JsonNode *billing_mode = json_get(request, "BillingMode");
	const JsonNode *throughput = json_get(request, "ProvisionedThroughput");
	const JsonNode *protection = json_get(request, "DeletionProtectionEnabled");
	const JsonNode *table_class = json_get(request, "TableClass");
	const JsonNode *updates = json_get(request, "GlobalSecondaryIndexUpdates");
	bool		provisioned = member_is(request, "BillingMode", "PROVISIONED");
	StreamChange stream;
	bool		on_demand;
	int64		read = 0;
	int64		write = 0;
	TableRow   *row;
	List	   *indexes;
	Relation	rel;
	Oid			relid;

	check_may_write("UpdateTable");

	refuse_unsupported(request);
	if (!billing_mode && !throughput && !protection && !table_class &&
		!json_get(request, "OnDemandThroughput") &&
		!json_get(request, "WarmThroughput") &&
		!json_get(request, "SSESpecification") &&
		!json_get(request, "StreamSpecification") &&
		(updates == NULL || updates->len == 0))
		validation_error("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
	if (provisioned && !throughput)
		validation_error(INVALID_PARAMETER "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
	if (throughput)
		read_provisioned(throughput, NULL, &read, &write);
	check_index_updates(updates);
	read_stream_change(request, &stream);

	row = lock_request_row(request);
	indexes = catalog_read_indexes(row->table_name);
	if (throughput && !provisioned &&
		(billing_mode || row->billing_mode == BILLING_PAY_PER_REQUEST))
		validation_error(NO_CAPACITY_ON_DEMAND);
	check_index_changes(updates, indexes);

	if (provisioned && row->billing_mode == BILLING_PAY_PER_REQUEST)
		switch_to_provisioned(row);
	if (throughput)
		change_provisioned(&row->throughput, NULL, read, write);
	if (billing_mode && !provisioned && row->billing_mode == BILLING_PROVISIONED)
		switch_to_on_demand(row);
	on_demand = row->billing_mode == BILLING_PAY_PER_REQUEST;
	read_on_demand_limits(request, NULL, on_demand, &row->throughput);
	read_warm_throughput(request, NULL, on_demand, &row->throughput);
	read_encryption(request, row);
	if (protection)
		row->deletion_protection = request_bool(protection, false);
	if (table_class)
	{
		row->table_class = json_cstring(table_class);
		row->table_class_since = GetCurrentTimestamp();
	}

	prepare_stream(&stream);
	rel = open_row_relation(row, AccessShareLock);
	relid = RelationGetRelid(rel);
	table_close(rel, NoLock);
	indexes = update_indexes(row, indexes, request, relid);
	if (billing_mode)
		switch_billing_of_indexes(row, indexes, updates, relid);
	change_stream(row, &stream, false);
	describe(json_add(response, "TableDescription"), row, indexes, "UPDATING", request);
}

void
delete_table(JsonNode *request, JsonNode *response)
{
	TableRow   *row;

	check_may_write("DeleteTable");

	row = lock_request_row(request);
	if (row->deletion_protection)
		validation_error("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.");
	describe(json_add(response, "TableDescription"), row, NIL, "DELETING", NULL);
	ddl_drop_table(row);
}
