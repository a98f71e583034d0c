/*
 * table_ops.c - CreateTable, DescribeTable, ListTables, UpdateTable,
 * DeleteTable.
 *
 * Tables change their state within the call: CREATING, UPDATING and DELETING
 * are reported by the response, as clients expect, and ACTIVE from then on.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "dynamo.h"
#include "errors.h"
#include "store/ddl.h"

/* Provisioned capacity that the service accepts at all. */
#define CAPACITY_MAX	INT64CONST(1000000000000)

#define LIST_TABLES_MAX	100

/* ---- describing ---- */

static void
set_epoch(JsonNode *node, TimestampTz time)
{
	json_set_decimal(node, (double) (time / 1000) / 1000.0 +
					 (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY, 3);
}

/* Live tuples of a relation, as well as statistics know. */
static int64
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
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
					 "Requested resource not found: Table: %s not found",
					 row->table_name);
	return rel;
}

static void
add_throughput(JsonNode *table, const TableRow *row)
{
	JsonNode   *throughput = json_add(table, "ProvisionedThroughput");

	json_set_object(throughput, 5);
	if (row->last_increase)
		set_epoch(json_add(throughput, "LastIncreaseDateTime"), row->last_increase);
	if (row->last_decrease)
		set_epoch(json_add(throughput, "LastDecreaseDateTime"), row->last_decrease);
	json_set_int(json_add(throughput, "NumberOfDecreasesToday"), 0);
	json_set_int(json_add(throughput, "ReadCapacityUnits"), row->read_capacity);
	json_set_int(json_add(throughput, "WriteCapacityUnits"), row->write_capacity);
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

/*
 * Fill a TableDescription.  DeleteTable's leaves out what describes the
 * schema.
 */
static void
describe(JsonNode *table, const TableRow *row, const char *status)
{
	bool		deleting = strcmp(status, "DELETING") == 0;
	Relation	rel = open_row_relation(row, AccessShareLock);
	char	   *id;

	id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&row->table_id)));
	json_set_object(table, 16);
	if (!deleting)
		json_set_jsonb(json_add(table, "AttributeDefinitions"),
					   row->attribute_definitions);
	json_set_string(json_add(table, "TableName"), row->table_name);
	if (!deleting)
		json_set_jsonb(json_add(table, "KeySchema"), row->key_schema);
	json_set_string(json_add(table, "TableStatus"), status);
	if (!deleting)
		set_epoch(json_add(table, "CreationDateTime"), row->creation_time);
	add_throughput(table, row);
	json_set_int(json_add(table, "TableSizeBytes"), measure_table(rel));
	json_set_int(json_add(table, "ItemCount"), estimate_item_count(rel));
	json_set_string(json_add(table, "TableArn"),
					psprintf("arn:aws:dynamodb:%s:%s:table/%s", dynamo_region,
							 dynamo_account_id, row->table_name));
	json_set_string(json_add(table, "TableId"), id);
	add_billing_mode(table, row);
	add_table_class(table, row);
	json_set_bool(json_add(table, "DeletionProtectionEnabled"),
				  row->deletion_protection);
	table_close(rel, NoLock);
}

/* The row of TableName, or ResourceNotFoundException in table wording. */
static TableRow *
read_request_row(const JsonNode *request)
{
	char	   *name = json_cstring(json_get(request, "TableName"));
	TableRow   *row = catalog_read_row(name);

	if (row == NULL)
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
					 "Requested resource not found: Table: %s not found", name);
	return row;
}

/* Who may alter or drop the item table may do so through the API. */
static void
check_owner(const TableRow *row)
{
	Oid			relid = catalog_item_table_oid(row);

#if PG_VERSION_NUM >= 160000
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
#else
	if (!pg_class_ownercheck(relid, GetUserId()))
#endif
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, row->relation_name);
}

/* ---- capacity ---- */

/* Members that belong to later versions: not accepted in silence. */
static void
refuse_unsupported(const JsonNode *request)
{
	const JsonNode *stream = json_get(request, "StreamSpecification");
	const JsonNode *sse = json_get(request, "SSESpecification");

	if (stream && request_bool(json_get(stream, "StreamEnabled"), false))
		refuse_parameter(request, "StreamSpecification");
	if (sse && (request_bool(json_get(sse, "Enabled"), false) ||
				json_get(sse, "SSEType") || json_get(sse, "KMSMasterKeyId")))
		refuse_parameter(request, "SSESpecification");
	refuse_parameter(request, "GlobalSecondaryIndexes");
	refuse_parameter(request, "LocalSecondaryIndexes");
	refuse_parameter(request, "GlobalSecondaryIndexUpdates");
	refuse_parameter(request, "ReplicaUpdates");
	refuse_parameter(request, "MultiRegionConsistency");
	refuse_parameter(request, "GlobalTableWitnessUpdates");
	refuse_parameter(request, "GlobalTableSourceArn");
	refuse_parameter(request, "GlobalTableSettingsReplicationMode");
	refuse_parameter(request, "Tags");
	refuse_parameter(request, "ResourcePolicy");
	refuse_parameter(request, "WarmThroughput");
	refuse_parameter(request, "OnDemandThroughput");
}

/* Capacity of ProvisionedThroughput, within the service's bounds. */
static void
read_throughput(const JsonNode *throughput, int64 *read, int64 *write)
{
	*read = request_int(json_get(throughput, "ReadCapacityUnits"));
	*write = request_int(json_get(throughput, "WriteCapacityUnits"));
	if (*read > CAPACITY_MAX)
		validation_error("Given value " INT64_FORMAT " for ReadCapacityUnits is out of bounds", *read);
	if (*write > CAPACITY_MAX)
		validation_error("Given value " INT64_FORMAT " for WriteCapacityUnits is out of bounds", *write);
}

/* ---- CreateTable ---- */

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
static int
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

/* Key schema and attribute definitions, in the service's order of checks. */
static void
check_key_schema(const JsonNode *key_schema, const JsonNode *definitions)
{
	if (definitions->len < key_schema->len)
		validation_error("Invalid KeySchema: Some index key attribute have no definition");
	for (uint32 i = 0; i < key_schema->len; i++)
	{
		if (find_attribute(definitions, attribute_name(key_schema, i)) < 0)
			validation_error(INVALID_PARAMETER "Some index key attributes are not defined in AttributeDefinitions. "
							 "Keys: %s, AttributeDefinitions: %s",
							 list_names(key_schema), list_names(definitions));
	}
	if (key_schema->len == 2 &&
		same_string(attribute_name(key_schema, 0), attribute_name(key_schema, 1)))
		validation_error("Both the Hash Key and the Range Key element in the KeySchema have the same name");
	if (!member_is(&key_schema->u.elems[0], "KeyType", "HASH"))
		validation_error("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
	if (key_schema->len == 2 &&
		!member_is(&key_schema->u.elems[1], "KeyType", "RANGE"))
		validation_error("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
	for (uint32 i = 0; i < definitions->len; i++)
	{
		if (find_attribute(definitions, attribute_name(definitions, i)) != i)
			validation_error(INVALID_PARAMETER "Duplicate AttributeName in AttributeDefinitions: %s",
							 json_cstring(attribute_name(definitions, i)));
	}
	if (definitions->len != key_schema->len)
		validation_error(INVALID_PARAMETER "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions");
}

/* Members that the catalog keeps as they came, without unknown ones. */
static Jsonb *
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

/* Billing mode and throughput of a new table. */
static void
read_billing(const JsonNode *request, TableRow *row)
{
	const JsonNode *throughput = json_get(request, "ProvisionedThroughput");

	if (member_is(request, "BillingMode", "PAY_PER_REQUEST"))
	{
		if (throughput)
			validation_error(INVALID_PARAMETER "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
		row->billing_mode = BILLING_PAY_PER_REQUEST;
		return;
	}
	if (!throughput)
		validation_error(INVALID_PARAMETER "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
	row->billing_mode = BILLING_PROVISIONED;
	read_throughput(throughput, &row->read_capacity, &row->write_capacity);
}

void
create_table(JsonNode *request, JsonNode *response)
{
	const JsonNode *key_schema = json_get(request, "KeySchema");
	const JsonNode *definitions = json_get(request, "AttributeDefinitions");
	TableRow	row = {0};

	PreventCommandIfReadOnly("CreateTable");
	PreventCommandIfParallelMode("CreateTable");

	row.table_name = json_cstring(json_get(request, "TableName"));
	read_billing(request, &row);
	check_key_schema(key_schema, definitions);
	refuse_unsupported(request);

	row.table_id = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	row.creation_time = GetCurrentTimestamp();
	if (row.billing_mode == BILLING_PAY_PER_REQUEST)
		row.on_demand_since = row.creation_time;
	row.attribute_definitions = copy_structures(definitions, "AttributeName", "AttributeType");
	row.key_schema = copy_structures(key_schema, "AttributeName", "KeyType");
	row.deletion_protection =
		request_bool(json_get(request, "DeletionProtectionEnabled"), false);
	if (json_get(request, "TableClass"))
		row.table_class = json_cstring(json_get(request, "TableClass"));
	ddl_create_table(&row, NIL);

	describe(json_add(response, "TableDescription"), &row, "CREATING");
}

void
describe_table(JsonNode *request, JsonNode *response)
{
	TableRow   *row = read_request_row(request);

	describe(json_add(response, "Table"), row, "ACTIVE");
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

/* Refuse throughput that changes nothing; note when it rose or fell. */
static void
update_throughput(TableRow *row, int64 read, int64 write)
{
	TimestampTz now = GetCurrentTimestamp();

	if (row->billing_mode == BILLING_PROVISIONED &&
		read == row->read_capacity && write == row->write_capacity)
		validation_error("The provisioned throughput for the table will not change. The requested value equals the current value. "
						 "Current ReadCapacityUnits provisioned for the table: " INT64_FORMAT ". "
						 "Requested ReadCapacityUnits: " INT64_FORMAT ". "
						 "Current WriteCapacityUnits provisioned for the table: " INT64_FORMAT ". "
						 "Requested WriteCapacityUnits: " INT64_FORMAT ". "
						 "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
						 row->read_capacity, read, row->write_capacity, write);
	if (read > row->read_capacity || write > row->write_capacity)
		row->last_increase = now;
	if (read < row->read_capacity || write < row->write_capacity)
		row->last_decrease = now;
	row->read_capacity = read;
	row->write_capacity = write;
}

void
update_table(JsonNode *request, JsonNode *response)
{
	const JsonNode *billing_mode = json_get(request, "BillingMode");
	const JsonNode *throughput = json_get(request, "ProvisionedThroughput");
	const JsonNode *protection = json_get(request, "DeletionProtectionEnabled");
	const JsonNode *table_class = json_get(request, "TableClass");
	bool		provisioned = member_is(request, "BillingMode", "PROVISIONED");
	int64		read = 0;
	int64		write = 0;
	TableRow   *row;
	Relation	rel;

	PreventCommandIfReadOnly("UpdateTable");
	PreventCommandIfParallelMode("UpdateTable");

	refuse_unsupported(request);
	if (!billing_mode && !throughput && !protection && !table_class)
		validation_error("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
	if (provisioned && !throughput)
		validation_error(INVALID_PARAMETER "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
	if (throughput)
		read_throughput(throughput, &read, &write);

	/* The lock keeps concurrent changes of the row apart. */
	catalog_lock_name(json_cstring(json_get(request, "TableName")));
	row = read_request_row(request);
	check_owner(row);
	if (throughput && !provisioned &&
		(billing_mode || row->billing_mode == BILLING_PAY_PER_REQUEST))
		validation_error(INVALID_PARAMETER "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");

	if (throughput)
		update_throughput(row, read, write);
	if (provisioned)
		row->billing_mode = BILLING_PROVISIONED;
	else if (billing_mode && row->billing_mode != BILLING_PAY_PER_REQUEST)
	{
		row->billing_mode = BILLING_PAY_PER_REQUEST;
		row->on_demand_since = GetCurrentTimestamp();
		row->read_capacity = row->write_capacity = 0;
	}
	if (protection)
		row->deletion_protection = request_bool(protection, false);
	if (table_class)
	{
		row->table_class = json_cstring(table_class);
		row->table_class_since = GetCurrentTimestamp();
	}

	rel = open_row_relation(row, AccessShareLock);
	catalog_write_row(row, false, RelationGetRelid(rel));
	table_close(rel, NoLock);
	describe(json_add(response, "TableDescription"), row, "UPDATING");
}

void
delete_table(JsonNode *request, JsonNode *response)
{
	TableRow   *row;

	PreventCommandIfReadOnly("DeleteTable");
	PreventCommandIfParallelMode("DeleteTable");

	catalog_lock_name(json_cstring(json_get(request, "TableName")));
	row = read_request_row(request);
	check_owner(row);
	if (row->deletion_protection)
		validation_error("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.");
	describe(json_add(response, "TableDescription"), row, "DELETING");
	ddl_drop_table(row);
}
