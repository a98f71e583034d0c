/*
 * item_scan.h - ordered range scans over the primary key or a secondary index.
 */
#ifndef DYNAMO_ITEM_SCAN_H
#define DYNAMO_ITEM_SCAN_H

#include "store/catalog.h"
#include "utils/snapshot.h"

/* A range of encoded keys; NULL: open at that end. */
typedef struct KeyRange
{
	bytea	   *lower;
	bool		lower_inclusive;
	bytea	   *upper;
	bool		upper_inclusive;
} KeyRange;

typedef struct ItemScan ItemScan;

/* Scan the keys of a range in ascending (or descending) order. */
extern ItemScan *item_scan_begin(Relation rel, const TableDescriptor *descriptor,
								 const KeyRange *range, bool forward,
								 Snapshot snapshot);

/*
 * The next item, or NULL.  Valid until the next call: lives in the scan's
 * per-item memory or in the page itself.
 */
extern Jsonb *item_scan_next(ItemScan *scan);

/* Memory that is reset when the next item is fetched. */
extern MemoryContext item_scan_memory(ItemScan *scan);

extern void item_scan_end(ItemScan *scan);

#endif							/* DYNAMO_ITEM_SCAN_H */
