/*
 * item_scan.c - ordered range scans over the primary key or a secondary index,
 * below the planner: a key condition is a byte range, so there is nothing to
 * plan.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/visibilitymap.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store/item_check.h"
#include "store/item_scan.h"

struct ItemScan
{
	Relation	rel;
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;	/* NULL: the primary key */
	ScanFetch	fetch;
	Relation	index_rel;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	bool		in_slot;		/* does slot hold the current row? */
	Buffer		map_buffer;		/* page of the visibility map */
	ScanDirection direction;
	Snapshot	snapshot;
	MemoryContext context;		/* lives as long as the scan: index access
								 * methods allocate as they go */
	MemoryContext item_context; /* reset for each item */
	ScanKeyData keys[3];
	ScanKeyData position[2];	/* members of a row comparison */
};

/* The B-tree of an index; what reads it needs it. */
static Oid
index_btree(const IndexDescriptor *index)
{
	if (!OidIsValid(index->index_oid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" has no valid B-tree", index->name),
				 errhint("Create one on the index's column of the item table and \"" ITEM_KEY_COLUMN "\", where the former is not NULL.")));
	return index->index_oid;
}

/* A bound on the first column. */
static void
add_bound(ItemScan *scan, int *nkeys, bool lower, bool inclusive, bytea *bound)
{
	StrategyNumber strategy;
	RegProcedure procedure;

	if (lower)
	{
		strategy = inclusive ? BTGreaterEqualStrategyNumber : BTGreaterStrategyNumber;
		procedure = inclusive ? F_BYTEAGE : F_BYTEAGT;
	}
	else
	{
		strategy = inclusive ? BTLessEqualStrategyNumber : BTLessStrategyNumber;
		procedure = inclusive ? F_BYTEALE : F_BYTEALT;
	}
	ScanKeyInit(&scan->keys[(*nkeys)++], 1, strategy, procedure,
				PointerGetDatum(bound));
}

/* (ixN, key) > (after, after_primary), or <: a row comparison. */
static void
add_position(ItemScan *scan, int *nkeys, const KeyRange *range, bool forward)
{
	StrategyNumber strategy = forward ? BTGreaterStrategyNumber : BTLessStrategyNumber;
	ScanKey		header = &scan->keys[(*nkeys)++];

	ScanKeyEntryInitialize(&scan->position[0], SK_ROW_MEMBER, 1, strategy,
						   InvalidOid, InvalidOid, F_BYTEACMP,
						   PointerGetDatum(range->after));
	ScanKeyEntryInitialize(&scan->position[1], SK_ROW_MEMBER | SK_ROW_END, 2,
						   strategy, InvalidOid, InvalidOid, F_BYTEACMP,
						   PointerGetDatum(range->after_primary));
	MemSet(header, 0, sizeof(ScanKeyData));
	header->sk_flags = SK_ROW_HEADER;
	header->sk_attno = 1;
	header->sk_strategy = strategy;
	header->sk_argument = PointerGetDatum(scan->position);
}

ItemScan *
item_scan_begin(Relation rel, const TableDescriptor *descriptor,
				const IndexDescriptor *index, const KeyRange *range,
				bool forward, ScanFetch fetch, Snapshot snapshot)
{
	ItemScan   *scan = palloc0(sizeof(ItemScan));
	int			nkeys = 0;

	if (range->lower)
		add_bound(scan, &nkeys, true, range->lower_inclusive, range->lower);
	if (range->upper)
		add_bound(scan, &nkeys, false, range->upper_inclusive, range->upper);
	if (range->after && index)
		add_position(scan, &nkeys, range, forward);
	else if (range->after)
		add_bound(scan, &nkeys, forward, false, range->after);

	scan->context = CurrentMemoryContext;
	scan->rel = rel;
	scan->descriptor = descriptor;
	scan->index = index;
	scan->fetch = fetch;
	scan->index_rel = index_open(index ? index_btree(index) : descriptor->primary_index,
								 AccessShareLock);
	scan->slot = table_slot_create(rel, NULL);
	scan->map_buffer = InvalidBuffer;
	scan->direction = forward ? ForwardScanDirection : BackwardScanDirection;
	scan->item_context = AllocSetContextCreate(CurrentMemoryContext,
											   "dynamo item",
											   ALLOCSET_DEFAULT_SIZES);
	scan->snapshot = RegisterSnapshot(snapshot);
	scan->scan = index_begin_scan(rel, scan->index_rel, scan->snapshot, nkeys);
	scan->scan->xs_want_itup = fetch != SCAN_ITEMS;
	index_rescan(scan->scan, scan->keys, nkeys, NULL, 0);
	return scan;
}

/*
 * Go to the next entry of the index whose row is visible, without a look at
 * the row if its page is all-visible.  See nodeIndexonlyscan.c.
 */
static bool
advance_in_index(ItemScan *scan)
{
	ItemPointer tid;

	while ((tid = index_getnext_tid(scan->scan, scan->direction)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (VM_ALL_VISIBLE(scan->rel, ItemPointerGetBlockNumber(tid),
						   &scan->map_buffer))
		{
			PredicateLockPage(scan->rel, ItemPointerGetBlockNumber(tid),
							  scan->snapshot);
			return true;
		}
		if (index_fetch_heap(scan->scan, scan->slot))
		{
			scan->in_slot = true;
			return true;
		}
	}
	return false;
}

bool
item_scan_advance(ItemScan *scan)
{
	MemoryContext old_context;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(scan->item_context);
	old_context = MemoryContextSwitchTo(scan->context);
	scan->in_slot = false;
	if (scan->fetch != SCAN_ITEMS)
		found = advance_in_index(scan);
	else
		found = scan->in_slot = index_getnext_slot(scan->scan, scan->direction,
												   scan->slot);
	MemoryContextSwitchTo(old_context);
	return found;
}

/* The item as it is stored. */
static Jsonb *
stored_item(ItemScan *scan)
{
	MemoryContext old_context;
	Datum		item;
	bool		isnull;
	Jsonb	   *result;

	old_context = MemoryContextSwitchTo(scan->context);
	if (!scan->in_slot)
	{
		if (!index_fetch_heap(scan->scan, scan->slot))
			elog(ERROR, "row of an index entry on an all-visible page is not visible");
		scan->in_slot = true;
	}
	item = slot_getattr(scan->slot, scan->descriptor->item_attno, &isnull);
	MemoryContextSwitchTo(scan->item_context);
	result = DatumGetJsonbP(item);
	MemoryContextSwitchTo(old_context);
	return result;
}

/* A column of the index entry. */
static bytea *
entry_key(ItemScan *scan, AttrNumber attno)
{
	bool		isnull;
	Datum		key = index_getattr(scan->scan->xs_itup, attno,
									scan->scan->xs_itupdesc, &isnull);

	return DatumGetByteaPP(key);
}

/* Add attributes decoded from a column; false if it is a digest. */
static bool
add_decoded(const KeySchema *schema, const bytea *key, JsonNode *item)
{
	JsonNode	values[KEY_MAX_ATTRS];

	if (!key_decode(schema, key, values))
		return false;
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];

		if (json_get_n(item, attr->name, attr->name_len) == NULL)
			*json_add_n(item, attr->name, attr->name_len) = values[i];
	}
	return true;
}

/* The key attributes of index and table, from the index if it has them. */
static Jsonb *
key_attributes(ItemScan *scan)
{
	MemoryContext old_context = MemoryContextSwitchTo(scan->item_context);
	const TableDescriptor *descriptor = scan->descriptor;
	JsonNode	keys;
	bool		decoded = false;
	Jsonb	   *result;

	json_set_object(&keys, 2 * KEY_MAX_ATTRS);
	if (scan->fetch != SCAN_ITEMS)
		decoded = scan->index == NULL ?
			add_decoded(&descriptor->key, entry_key(scan, 1), &keys) :
			add_decoded(&descriptor->key, entry_key(scan, 2), &keys) &&
			add_decoded(&scan->index->key, entry_key(scan, 1), &keys);
	if (!decoded)
	{
		const Jsonb *item = stored_item(scan);

		json_set_object(&keys, 2 * KEY_MAX_ATTRS);
		item_add_key(&descriptor->key, &item->root, &keys);
		if (scan->index)
			item_add_key(&scan->index->key, &item->root, &keys);
	}
	result = json_to_jsonb(&keys);
	MemoryContextSwitchTo(old_context);
	return result;
}

Jsonb *
item_scan_item(ItemScan *scan)
{
	return scan->fetch == SCAN_KEYS ? key_attributes(scan) : stored_item(scan);
}

uint32
item_scan_key_size(ItemScan *scan)
{
	uint32		size = VARSIZE_ANY_EXHDR(entry_key(scan, 1));

	if (scan->index)
		size += VARSIZE_ANY_EXHDR(entry_key(scan, 2));
	return size;
}

void
item_scan_keys(ItemScan *scan, bytea **index_key, bytea **key)
{
	*index_key = DatumGetByteaPCopy(PointerGetDatum(entry_key(scan, 1)));
	*key = DatumGetByteaPCopy(PointerGetDatum(entry_key(scan, 2)));
}

Jsonb *
item_scan_position(ItemScan *scan)
{
	return key_attributes(scan);
}

MemoryContext
item_scan_memory(ItemScan *scan)
{
	return scan->item_context;
}

void
item_scan_end(ItemScan *scan)
{
	if (BufferIsValid(scan->map_buffer))
		ReleaseBuffer(scan->map_buffer);
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	UnregisterSnapshot(scan->snapshot);
	index_close(scan->index_rel, AccessShareLock);
	MemoryContextDelete(scan->item_context);
	pfree(scan);
}
