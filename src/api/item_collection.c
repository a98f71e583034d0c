/*
 * item_collection.c - ItemCollectionMetrics.
 *
 * The size is an estimate that must not cost more than the write, and only
 * its order is of interest: a collection may grow to 10 GB.  A collection is
 * not larger than its table.  In a table of more than 1 GB, one of so few
 * items that they could not come to 1 GB is smaller than that.
 */
#include "postgres.h"

#include <math.h>

#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "api/item_collection.h"
#include "api/parameters.h"
#include "store/item_scan.h"

#define GIGABYTE	1073741824.0

bool
item_collection_is_asked(const JsonNode *request)
{
	return member_is(request, "ReturnItemCollectionMetrics", "SIZE");
}

/* Are there fewer than so many items in the collection of an item? */
static bool
has_fewer_items(const WriteRequest *write, int64 count)
{
	uint32		len = key_partition_length(VARDATA(write->encoded_key),
										   VARSIZE(write->encoded_key) - VARHDRSZ);
	bytea	   *prefix = palloc(VARHDRSZ + len);
	KeyRange	range = {0};
	ItemScan   *scan;

	SET_VARSIZE(prefix, VARHDRSZ + len);
	memcpy(VARDATA(prefix), VARDATA(write->encoded_key), len);
	range.lower = prefix;
	range.lower_inclusive = true;
	range.upper = key_prefix_successor(prefix);
	scan = item_scan_begin(write->table->rel, write->table->descriptor, NULL, &range, true,
						   SCAN_NOTHING, GetActiveSnapshot());
	while (count > 0 && item_scan_advance(scan))
		count--;
	item_scan_end(scan);
	return count > 0;
}

/*
 * Upper bound of the collection's size in GB, whole.  What local indexes
 * project counts too: at most the item again for each.
 */
static double
estimate_size(const WriteRequest *write, int nlocal)
{
	double		copies = 1 + nlocal;
	int64		table_size =
	DatumGetInt64(DirectFunctionCall1(pg_table_size,
									  ObjectIdGetDatum(RelationGetRelid(write->table->rel))));
	double		size = table_size * copies / GIGABYTE;

	if (size <= 1 ||
		has_fewer_items(write, (int64) (GIGABYTE / (ITEM_MAX_SIZE * copies))))
		return 1;
	return ceil(size);
}

bool
item_collection_metrics(const WriteRequest *write, JsonNode *node)
{
	const TableDescriptor *descriptor = write->table->descriptor;
	const KeyAttr *partition = &descriptor->key.attrs[0];
	int			nlocal = 0;
	AttrValue	value;
	JsonNode	key;
	JsonNode	range;

	for (int i = 0; i < descriptor->nindexes; i++)
		nlocal += !descriptor->indexes[i].global;
	if (nlocal == 0)
		return false;

	json_set_object(&key, 1);
	if (write->kind != WRITE_PUT)
		*json_add_n(&key, partition->name, partition->name_len) =
			*json_get_n(write->key, partition->name, partition->name_len);
	else if (attr_get(&write->item->root, partition->name, partition->name_len,
					  &value))
		attr_value_to_node(&value, json_add_n(&key, partition->name,
											  partition->name_len));
	json_set_array(&range, 2);
	json_set_decimal(json_push(&range), 0, 1);
	json_set_decimal(json_push(&range), estimate_size(write, nlocal), 1);

	json_set_object(node, 2);
	*json_add(node, "ItemCollectionKey") = key;
	*json_add(node, "SizeEstimateRangeGB") = range;
	return true;
}

/* Are two writes of one table to the same collection? */
static bool
same_collection(const WriteRequest *a, const WriteRequest *b)
{
	uint32		len = key_partition_length(VARDATA(a->encoded_key),
										   VARSIZE(a->encoded_key) - VARHDRSZ);

	return len == key_partition_length(VARDATA(b->encoded_key),
									   VARSIZE(b->encoded_key) - VARHDRSZ) &&
		memcmp(VARDATA(a->encoded_key), VARDATA(b->encoded_key), len) == 0;
}

void
item_collection_add_all(WriteRequest **sorted, int nsorted, JsonNode *response)
{
	JsonNode	by_table;
	int			next = 0;

	json_set_object(&by_table, 1);
	while (next < nsorted)
	{
		const TableUse *table = sorted[next]->table;
		const WriteRequest *previous = NULL;
		JsonNode	list;
		JsonNode	metrics;

		json_set_array(&list, 1);
		for (; next < nsorted && sorted[next]->table == table; next++)
		{
			const WriteRequest *write = sorted[next];

			if (write->kind == WRITE_CHECK || write->throttled ||
				(previous && same_collection(previous, write)))
				continue;
			previous = write;
			if (item_collection_metrics(write, &metrics))
				*json_push(&list) = metrics;
		}
		if (list.len > 0)
			*json_add_n(&by_table, table->name->u.str, table->name->len) = list;
	}
	if (by_table.len > 0)
		*json_add(response, "ItemCollectionMetrics") = by_table;
}
