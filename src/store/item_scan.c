/*
 * item_scan.c - ordered range scans over the primary key, below the planner:
 * a key condition is a byte range, so there is nothing to plan.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store/item_scan.h"

struct ItemScan
{
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	AttrNumber	item_attno;
	ScanDirection direction;
	Snapshot	snapshot;
	MemoryContext item_context; /* reset for each item */
	ScanKeyData keys[2];
};

ItemScan *
item_scan_begin(Relation rel, const TableDescriptor *descriptor,
				const KeyRange *range, bool forward, Snapshot snapshot)
{
	ItemScan   *scan = palloc0(sizeof(ItemScan));
	int			nkeys = 0;

	if (range->lower)
		ScanKeyInit(&scan->keys[nkeys++], 1,
					range->lower_inclusive ? BTGreaterEqualStrategyNumber :
					BTGreaterStrategyNumber,
					range->lower_inclusive ? F_BYTEAGE : F_BYTEAGT,
					PointerGetDatum(range->lower));
	if (range->upper)
		ScanKeyInit(&scan->keys[nkeys++], 1,
					range->upper_inclusive ? BTLessEqualStrategyNumber :
					BTLessStrategyNumber,
					range->upper_inclusive ? F_BYTEALE : F_BYTEALT,
					PointerGetDatum(range->upper));

	scan->index = index_open(descriptor->primary_index, AccessShareLock);
	scan->slot = table_slot_create(rel, NULL);
	scan->item_attno = descriptor->item_attno;
	scan->direction = forward ? ForwardScanDirection : BackwardScanDirection;
	scan->item_context = AllocSetContextCreate(CurrentMemoryContext,
											   "dynamo item",
											   ALLOCSET_DEFAULT_SIZES);
	scan->snapshot = RegisterSnapshot(snapshot);
	scan->scan = index_begin_scan(rel, scan->index, scan->snapshot, nkeys);
	index_rescan(scan->scan, scan->keys, nkeys, NULL, 0);
	return scan;
}

Jsonb *
item_scan_next(ItemScan *scan)
{
	Datum		item;
	bool		isnull;
	MemoryContext old_context;
	Jsonb	   *result;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(scan->item_context);
	if (!index_getnext_slot(scan->scan, scan->direction, scan->slot))
		return NULL;

	item = slot_getattr(scan->slot, scan->item_attno, &isnull);
	old_context = MemoryContextSwitchTo(scan->item_context);
	result = DatumGetJsonbP(item);
	MemoryContextSwitchTo(old_context);
	return result;
}

MemoryContext
item_scan_memory(ItemScan *scan)
{
	return scan->item_context;
}

void
item_scan_end(ItemScan *scan)
{
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	UnregisterSnapshot(scan->snapshot);
	index_close(scan->index, AccessShareLock);
	MemoryContextDelete(scan->item_context);
	pfree(scan);
}
