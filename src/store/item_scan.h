/*
 * item_scan.h - ordered range scans over the primary key or a secondary index.
 */
#ifndef DYNAMO_ITEM_SCAN_H
#define DYNAMO_ITEM_SCAN_H

#include "store/catalog.h"
#include "utils/snapshot.h"

/*
 * A range of encoded keys of the index that is scanned; NULL: open at that
 * end.
 */
typedef struct KeyRange
{
	bytea	   *lower;
	bool		lower_inclusive;
	bytea	   *upper;
	bool		upper_inclusive;

	/*
	 * Go on after this item, in the direction of the scan (NULL: from the
	 * start); of a secondary index its key there and its primary key.
	 */
	bytea	   *after;
	bytea	   *after_primary;
} KeyRange;

/* What a scan gives of each item. */
typedef enum ScanFetch
{
	SCAN_ITEMS,
	SCAN_KEYS,					/* the key attributes of index and table */
	SCAN_NOTHING				/* for counting */
} ScanFetch;

typedef struct ItemScan ItemScan;

/*
 * Scan the keys of a range in ascending (or descending) order: of the primary
 * key, or of a secondary index of the table.  What is not SCAN_ITEMS is read
 * from the index alone, as far as the visibility map allows.
 */
extern ItemScan *item_scan_begin(Relation rel, const TableDescriptor *descriptor,
								 const IndexDescriptor *index,
								 const KeyRange *range, bool forward,
								 ScanFetch fetch, Snapshot snapshot);

/* Go to the next item; false if there is none. */
extern bool item_scan_advance(ItemScan *scan);

/*
 * The item, or with SCAN_KEYS an item made of its keys.  Valid until the scan
 * advances: lives in the scan's per-item memory or in the page itself.
 */
extern Jsonb *item_scan_item(ItemScan *scan);

/* With SCAN_NOTHING: bytes of the keys, as they are encoded. */
extern uint32 item_scan_key_size(ItemScan *scan);

/* With SCAN_NOTHING, of a secondary index: both keys, as they are encoded;
 * copies in the current memory context. */
extern void item_scan_keys(ItemScan *scan, bytea **index_key, bytea **key);

/* LastEvaluatedKey for the item: its key attributes of index and table. */
extern Jsonb *item_scan_position(ItemScan *scan);

/* Memory that is reset when the scan advances. */
extern MemoryContext item_scan_memory(ItemScan *scan);

extern void item_scan_end(ItemScan *scan);

#endif							/* DYNAMO_ITEM_SCAN_H */
