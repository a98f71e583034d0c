/*
 * capacity.c - the arithmetic of capacity units, and ConsumedCapacity.
 *
 * Reads are counted by 4 KB, half of it if eventually consistent; writes by
 * 1 KB of the larger of the old and the new item.  A transaction does
 * everything to an item twice, to prepare and to commit; its global indexes
 * follow after the commit, and are written once.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "api/arn.h"
#include "api/capacity.h"
#include "api/parameters.h"
#include "api/throttle.h"
#include "dynamo.h"
#include "errors.h"
#include "store/item_check.h"

#define READ_UNIT_SIZE	4096
#define WRITE_UNIT_SIZE	1024

/*
 * What a partition can serve in a second; how many of them a table on demand
 * has from the start; and how many 40 000 units each, the default quota of a
 * table, come to.
 */
#define PARTITION_READ_UNITS	3000
#define PARTITION_WRITE_UNITS	1000
#define ON_DEMAND_PARTITIONS	4
#define PARTITIONS_MAX			54

CapacityDetail
capacity_detail(const JsonNode *request)
{
	if (member_is(request, "ReturnConsumedCapacity", "INDEXES"))
		return CAPACITY_INDEXES;
	if (member_is(request, "ReturnConsumedCapacity", "TOTAL"))
		return CAPACITY_TOTAL;
	return CAPACITY_NONE;
}

void
capacity_init(Capacity *capacity, CapacityDetail detail, CapacityUse use)
{
	memset(capacity, 0, sizeof(*capacity));
	capacity->detail = detail;
	capacity->use = use;
	capacity->enforced = dynamo_enforce_capacity;
	capacity->counted = detail != CAPACITY_NONE || capacity->enforced;
	capacity->context = CurrentMemoryContext;
}

void
capacity_bind(Capacity *capacity, const TableDescriptor *descriptor)
{
	if (!capacity_is_counted(capacity))
		return;
	capacity->descriptor = descriptor;
	if (capacity->table_name == NULL)
		capacity->table_name = MemoryContextStrdup(capacity->context,
												   descriptor->table_name);
}

/* The units of an index, which has been touched. */
static CapacityUnits *
index_units(Capacity *capacity, const IndexDescriptor *index)
{
	MemoryContext old_context;
	IndexCapacity *entry;
	ListCell   *lc;

	foreach(lc, capacity->indexes)
	{
		entry = lfirst(lc);
		if (entry->key_attno == index->key_attno)
			return &entry->units;
	}

	old_context = MemoryContextSwitchTo(capacity->context);
	entry = palloc0(sizeof(IndexCapacity));
	entry->name = pstrdup(index->name);
	entry->global = index->global;
	entry->key_attno = index->key_attno;
	capacity->indexes = lappend(capacity->indexes, entry);
	MemoryContextSwitchTo(old_context);
	return &entry->units;
}

/* ---- what is provisioned ---- */

/*
 * The bucket of a table or a global index, and the rate at which it fills.
 * Local indexes share the table's.  False: there is no limit.
 */
static bool
find_bucket(const Capacity *capacity, const IndexDescriptor *index, bool write,
			ThrottleKey *key, int64 *rate)
{
	const TableDescriptor *descriptor = capacity->descriptor;
	const CapacityLimits *limits;

	if (!capacity->enforced)
		return false;
	if (index && !index->global)
		index = NULL;
	memset(key, 0, sizeof(*key));
	key->dboid = MyDatabaseId;
	key->relid = descriptor->relid;
	key->attno = index ? index->key_attno : 0;
	key->write = write;
	limits = index ? &index->limits : &descriptor->limits;
	if (descriptor->billing_mode == BILLING_PAY_PER_REQUEST)
		*rate = write ? limits->max_write_units : limits->max_read_units;
	else
		*rate = write ? limits->write_capacity : limits->read_capacity;
	return *rate > 0;
}

bool
capacity_admit(Capacity *capacity, const IndexDescriptor *index, bool write)
{
	ThrottleKey key;
	int64		rate;

	if (!capacity_is_counted(capacity) ||
		!find_bucket(capacity, index, write, &key, &rate) ||
		throttle_admit(&key, rate))
		return true;

	capacity->throttled = true;
	capacity->shortage.write = write;
	capacity->shortage.on_demand =
		capacity->descriptor->billing_mode == BILLING_PAY_PER_REQUEST;
	capacity->shortage.index_name = NULL;
	if (index && index->global)
		capacity->shortage.index_name = MemoryContextStrdup(capacity->context,
															index->name);
	if (capacity->use == CAPACITY_SINGLE)
		capacity_raise_shortage(capacity);
	return false;
}

/* Count units (in halves) of the table or an index, and take them from what
 * is provisioned. */
static void
count_units(Capacity *capacity, const IndexDescriptor *index, bool write,
			uint64 halves)
{
	CapacityUnits *units = index ? index_units(capacity, index) : &capacity->table;
	ThrottleKey key;
	int64		rate;

	if (write)
		units->write += halves;
	else
		units->read += halves;
	if (halves > 0 && find_bucket(capacity, index, write, &key, &rate))
		throttle_charge(&key, rate, halves / 2.0);
}

int
capacity_partitions(const TableDescriptor *descriptor,
					const IndexDescriptor *index)
{
	const CapacityLimits *limits = index && index->global ?
	&index->limits : &descriptor->limits;
	double		partitions;

	if (descriptor->billing_mode == BILLING_PAY_PER_REQUEST)
		return ON_DEMAND_PARTITIONS;
	partitions =
		ceil((double) limits->read_capacity / PARTITION_READ_UNITS +
			 (double) limits->write_capacity / PARTITION_WRITE_UNITS);
	return (int) Min(Max(partitions, 1), PARTITIONS_MAX);
}

/* ---- reading ---- */

/* Units for so many bytes, one at least. */
static inline uint64
units_of(uint64 bytes, uint32 unit_size)
{
	return Max((bytes + unit_size - 1) / unit_size, 1);
}

/* Halves of a unit that a read of so many units costs. */
static inline uint64
read_halves(const Capacity *capacity, uint64 units, bool consistent)
{
	if (capacity->use == CAPACITY_TRANSACTION)
		return units * 4;
	return consistent ? units * 2 : units;
}

void
capacity_read_item(Capacity *capacity, const Jsonb *item, bool consistent)
{
	uint64		units;

	if (!capacity_is_counted(capacity))
		return;
	units = units_of(item ? item_size(&item->root) : 0, READ_UNIT_SIZE);
	count_units(capacity, NULL, false, read_halves(capacity, units, consistent));
}

void
capacity_read_page(Capacity *capacity, const IndexDescriptor *index,
				   uint64 bytes, int partitions, bool consistent)
{
	uint64		units;

	if (!capacity_is_counted(capacity))
		return;
	units = Max(units_of(bytes, READ_UNIT_SIZE), (uint64) partitions);
	count_units(capacity, index, false, read_halves(capacity, units, consistent));
}

void
capacity_read_fetched(Capacity *capacity, uint32 bytes, bool consistent)
{
	if (!capacity_is_counted(capacity))
		return;
	count_units(capacity, NULL, false,
				read_halves(capacity, units_of(bytes, READ_UNIT_SIZE), consistent));
}

/* ---- writing ---- */

uint32
capacity_entry_size(const IndexDescriptor *index, const Jsonb *item)
{
	uint32		size = 0;

	if (index->projection == PROJECT_ALL)
		return item_size(&item->root);
	for (int i = 0; i < index->nprojected; i++)
	{
		AttrValue	value;

		if (attr_get(&item->root, index->projected[i], index->projected_lens[i],
					 &value))
			size += attr_name_size(index->projected[i], index->projected_lens[i]) +
				attr_value_size(&value);
	}
	return size;
}

/* Has an attribute the same value, or none, in both items? */
static bool
same_attribute(const Jsonb *a, const Jsonb *b, const char *name, uint32 name_len)
{
	AttrValue	a_value;
	AttrValue	b_value;
	bool		in_a = attr_get(&a->root, name, name_len, &a_value);
	bool		in_b = attr_get(&b->root, name, name_len, &b_value);

	if (!in_a || !in_b)
		return in_a == in_b;
	return attr_value_equal(&a_value, &b_value);
}

static bool
same_key(const KeySchema *schema, const Jsonb *a, const Jsonb *b)
{
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		if (!same_attribute(a, b, schema->attrs[i].name, schema->attrs[i].name_len))
			return false;
	}
	return true;
}

/* Has the index the same of both items? */
static bool
same_entry(const IndexDescriptor *index, const Jsonb *a, const Jsonb *b)
{
	if (index->projection == PROJECT_ALL)
		return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
	for (int i = 0; i < index->nprojected; i++)
	{
		if (!same_attribute(a, b, index->projected[i], index->projected_lens[i]))
			return false;
	}
	return true;
}

/* Units to bring an index from one item to another; NULL: there is none. */
static uint64
index_cost(const IndexDescriptor *index, const Jsonb *old_item,
		   const Jsonb *new_item)
{
	bool		had = old_item && item_index_key(index, &old_item->root) != NULL;
	bool		has = new_item && item_index_key(index, &new_item->root) != NULL;
	uint32		old_size = had ? capacity_entry_size(index, old_item) : 0;
	uint32		new_size = has ? capacity_entry_size(index, new_item) : 0;

	if (!had && !has)
		return 0;
	if (!had || !has)
		return units_of(Max(old_size, new_size), WRITE_UNIT_SIZE);
	if (!same_key(&index->key, old_item, new_item))
		return units_of(old_size, WRITE_UNIT_SIZE) +
			units_of(new_size, WRITE_UNIT_SIZE);
	if (same_entry(index, old_item, new_item))
		return 0;
	return units_of(Max(old_size, new_size), WRITE_UNIT_SIZE);
}

void
capacity_write_cost(const Capacity *capacity, const Jsonb *old_item,
					const Jsonb *new_item, WriteCost *cost)
{
	const TableDescriptor *descriptor = capacity->descriptor;
	uint32		factor = capacity->use == CAPACITY_TRANSACTION ? 2 : 1;
	uint32		old_size = old_item ? item_size(&old_item->root) : 0;
	uint32		new_size = new_item ? item_size(&new_item->root) : 0;

	cost->table = factor * units_of(Max(old_size, new_size), WRITE_UNIT_SIZE);
	for (int i = 0; i < descriptor->nindexes; i++)
	{
		const IndexDescriptor *index = &descriptor->indexes[i];

		cost->indexes[i] = (index->global ? 1 : factor) *index_cost(index, old_item, new_item);
	}
}

bool
capacity_admit_indexes(Capacity *capacity, const WriteCost *cost)
{
	const TableDescriptor *descriptor = capacity->descriptor;

	for (int i = 0; i < descriptor->nindexes; i++)
	{
		if (descriptor->indexes[i].global &&cost->indexes[i] > 0 &&
			!capacity_admit(capacity, &descriptor->indexes[i], true))
			return false;
	}
	return true;
}

void
capacity_write_item(Capacity *capacity, const WriteCost *cost)
{
	const TableDescriptor *descriptor = capacity->descriptor;

	count_units(capacity, NULL, true, cost->table * 2);
	for (int i = 0; i < descriptor->nindexes; i++)
	{
		if (cost->indexes[i] > 0)
			count_units(capacity, &descriptor->indexes[i], true,
						cost->indexes[i] * 2);
	}
}

void
capacity_check_item(Capacity *capacity, const Jsonb *item)
{
	uint64		units;

	if (!capacity_is_counted(capacity))
		return;
	units = units_of(item ? item_size(&item->root) : 0, WRITE_UNIT_SIZE);
	if (capacity->use == CAPACITY_TRANSACTION)
		units *= 2;
	count_units(capacity, NULL, true, units * 2);
}

/* ---- what was not admitted ---- */

const char *
capacity_shortage_code(const Capacity *capacity)
{
	return capacity->shortage.on_demand ? "ThrottlingError" :
		"ProvisionedThroughputExceeded";
}

const char *
capacity_shortage_message(const Capacity *capacity)
{
	if (capacity->shortage.on_demand)
		return "Throughput exceeds the maximum OnDemandThroughput configured on table or index";
	if (capacity->shortage.index_name)
		return "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
			"Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API";
	return "The level of configured provisioned throughput for the table was exceeded. "
		"Consider increasing your provisioning level with the UpdateTable API.";
}

/* ThrottlingReasons, as the detail of the exception */
void
capacity_raise_shortage(const Capacity *capacity)
{
	const CapacityShortage *shortage = &capacity->shortage;
	StringInfoData detail;
	char	   *resource = table_arn(capacity->table_name);

	if (shortage->index_name)
		resource = psprintf("%s/index/%s", resource, shortage->index_name);
	initStringInfo(&detail);
	appendStringInfo(&detail, "{\"ThrottlingReasons\":[{\"reason\":\"%s%s%s\",\"resource\":",
					 shortage->index_name ? "Index" : "Table",
					 shortage->write ? "Write" : "Read",
					 shortage->on_demand ? "MaxOnDemandThroughputExceeded" :
					 "ProvisionedThroughputExceeded");
	json_append_string(&detail, resource, strlen(resource));
	appendStringInfoString(&detail, "}]}");
	dynamo_error_detail(shortage->on_demand ? DYNAMO_THROTTLING :
						DYNAMO_PROVISIONED_THROUGHPUT_EXCEEDED,
						detail.data, capacity_shortage_message(capacity));
}

/* ---- the response ---- */

/* A number of units, as the service writes it: 1.0, 0.5. */
static void
add_units(JsonNode *node, const char *name, uint64 halves)
{
	json_set_decimal(json_add(node, name), halves / 2.0, 1);
}

/* CapacityUnits; in a transaction those that were read and written too. */
static void
add_all_units(const Capacity *capacity, const CapacityUnits *units,
			  JsonNode *node)
{
	add_units(node, "CapacityUnits", units->read + units->write);
	if (capacity->use != CAPACITY_TRANSACTION)
		return;
	if (units->read > 0)
		add_units(node, "ReadCapacityUnits", units->read);
	if (units->write > 0)
		add_units(node, "WriteCapacityUnits", units->write);
}

/* GlobalSecondaryIndexes or LocalSecondaryIndexes, if there are any. */
static void
add_indexes(const Capacity *capacity, bool global, JsonNode *node)
{
	JsonNode	indexes;
	ListCell   *lc;

	json_set_object(&indexes, list_length(capacity->indexes));
	foreach(lc, capacity->indexes)
	{
		const IndexCapacity *entry = lfirst(lc);
		JsonNode	units;

		if (entry->global !=global)
			continue;
		json_set_object(&units, 3);
		add_all_units(capacity, &entry->units, &units);
		*json_add(&indexes, entry->name) = units;
	}
	if (indexes.len > 0)
		*json_add(node, global ? "GlobalSecondaryIndexes" :
				  "LocalSecondaryIndexes") = indexes;
}

void
capacity_to_node(const Capacity *capacity, JsonNode *node)
{
	CapacityUnits total = capacity->table;
	JsonNode	table;
	ListCell   *lc;

	foreach(lc, capacity->indexes)
	{
		const IndexCapacity *entry = lfirst(lc);

		total.read += entry->units.read;
		total.write += entry->units.write;
	}
	json_set_object(node, 8);
	json_set_string(json_add(node, "TableName"), capacity->table_name);
	add_all_units(capacity, &total, node);
	if (capacity->detail != CAPACITY_INDEXES)
		return;
	json_set_object(&table, 3);
	add_all_units(capacity, &capacity->table, &table);
	*json_add(node, "Table") = table;
	add_indexes(capacity, true, node);
	add_indexes(capacity, false, node);
}

void
capacity_add(const Capacity *capacity, JsonNode *response)
{
	if (capacity->detail != CAPACITY_NONE && capacity->table_name != NULL)
		capacity_to_node(capacity, json_add(response, "ConsumedCapacity"));
}
