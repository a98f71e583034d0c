/*
 * item_am.c - table access method: heap that keeps item collections together.
 *
 * The method is heap's own with a few callbacks replaced.  Before a row with
 * a sort key goes to heap_insert, a page is chosen for it and made the
 * relation's target block, where heap_insert looks first.  Everything here is
 * therefore a hint: when the chosen page turns out to be full, or was taken
 * by somebody else, heap finds another one.
 *
 *	0. The page that this backend last used for the collection, if it has room.
 *	1. The primary key index shows the neighbours of the new key in its
 *	   collection.  If the page of the nearest has room: that one.
 *	2. Else the newest page with room among the neighbours'.
 *	3. Else a collection of about a page of items starts a page of its own.
 *	4. Else (a new or small collection) one of a few open pages.  Whoever joins
 *	   an open page reserves room there for items that may follow, more if its
 *	   collection is larger; when all is reserved another page is opened.  That
 *	   is an older page of the table whose reserved room nobody has used yet,
 *	   so that collections which do not grow leave no holes, or a new one.
 *
 * docs/architecture.md has the curve from which the constants were chosen.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/heaptoast.h"
#include "access/nbtree.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "model/key.h"

/* Index entries examined at most, half of them after the new key */
#define MAX_NEIGHBOURS		64
/* Newest pages among theirs that are looked at */
#define MAX_CANDIDATES		8
/* Collections whose last page is remembered, by hash */
#define RECENT_PAGES		4096
/* Leaf pages visited at most in each direction */
#define MAX_LEAF_HOPS		2
/* Pages that take new and small collections at a time */
#define OPEN_PAGES			4
/* Newest pages, not opened again yet: 1/8 of the table, at most so many */
#define LAG_FRACTION		8
#define MAX_LAG				16384
/* Older pages looked at when a page is to be opened */
#define MAX_REOPEN_STEPS	16
/* Usable bytes of an empty page, about */
#define PAGE_BYTES			(BLCKSZ - SizeOfPageHeaderData)
/* A collection of this size starts a page of its own */
#define OWN_PAGE_BYTES		(PAGE_BYTES * 6 / 5)
/* What one collection reserves on an open page at most */
#define MAX_RESERVATION		(PAGE_BYTES / 2)
/* A page with this much room is as good as new; no request is for more */
#define EMPTY_BYTES			(PAGE_BYTES * 9 / 10)
/* What VACUUM found room on is opened again if it is at least so empty */
#define REOPEN_BYTES		(PAGE_BYTES / 2)
/*
 * What the free space map says of a new page until it is opened again: too
 * little to interest anybody, but not zero.  Sessions share the older pages
 * out among them that way, and the reservations hold.
 */
#define NOT_REOPENED		(BLCKSZ / 256)
/* Wrong offers of the free space map corrected at a time */
#define MAX_MAP_STEPS		4
/* A session's first page is the table's last if that has this much room */
#define LAST_PAGE_BYTES		(PAGE_BYTES / 5)

/* An open page: block and bytes not yet reserved */
typedef struct OpenPage
{
	BlockNumber block;
	Size		unreserved;
	bool		is_old;			/* opened again: half the reservations */
} OpenPage;

/* The page that a collection's last item went to */
typedef struct RecentPage
{
	uint32		hash;			/* of the partition key */
	BlockNumber block;
} RecentPage;

/* This backend's memory of one table, in rd_amcache: may vanish any time */
typedef struct Placement
{
	int			nopen;
	OpenPage	open[OPEN_PAGES];
	BlockNumber next_old;		/* where to look for a page to open again */
	RecentPage	recent[RECENT_PAGES];
} Placement;

/* What is to be placed: a row, or a run of rows of one collection */
typedef struct Newcomer
{
	const char *key;
	Size		key_len;
	Size		partition_len;
	Size		row_bytes;		/* of the first row on its page */
	Size		run_bytes;		/* of all rows */
} Newcomer;

/* The neighbours of a key in its collection */
typedef struct Neighbours
{
	int			count;
	BlockNumber nearest;		/* has room, or invalid */
	int			ncandidates;
	BlockNumber candidates[MAX_CANDIDATES]; /* different, newest first */
} Neighbours;

/* A row of multi_insert with its key */
typedef struct BatchRow
{
	TupleTableSlot *slot;
	bytea	   *key;
	Size		bytes;
} BatchRow;

static TableAmRoutine item_am_methods;
static const TableAmRoutine *heap_methods = NULL;

PG_FUNCTION_INFO_V1(item_am_handler);

/* Bytes that a row takes on its page, which after toasting is not much */
static inline Size
bytes_on_page(Size tuple_len)
{
	return MAXALIGN(Min(tuple_len, TOAST_TUPLE_TARGET)) + sizeof(ItemIdData);
}

/*
 * Set the key of what is to be placed.  False if it has no sort part.
 */
static bool
newcomer_set_key(Newcomer *newcomer, const bytea *key)
{
	newcomer->key = VARDATA_ANY(key);
	newcomer->key_len = VARSIZE_ANY_EXHDR(key);
	newcomer->partition_len = key_partition_length(newcomer->key,
												   newcomer->key_len);
	return newcomer->partition_len > 0 &&
		newcomer->key_len > newcomer->partition_len;
}

/*
 * Is this a B-tree in the order of the keys' bytes?  The index may be invalid
 * or rebuilt at this moment; then there is nothing to look at.
 */
static bool
index_is_usable(Relation index)
{
	return index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_index->indisvalid &&
		index->rd_index->indkey.values[0] == 1 &&
		index->rd_opcintype[0] == BYTEAOID &&
		index->rd_indoption[0] == 0 &&
		!ReindexIsProcessingIndex(RelationGetRelid(index));
}

/*
 * May rows of the table have neighbours?  Whether the index is of use is
 * looked at when it is opened.
 */
static inline bool
may_have_collections(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	return desc->natts > 0 &&
		TupleDescAttr(desc, 0)->atttypid == BYTEAOID &&
		OidIsValid(compat_primary_key_index(rel));
}

/*
 * This backend's memory of the table.  Its pages are as good as heap's own
 * target block: both are lost when the table is truncated.  Nothing that is
 * called while the result is in use processes invalidation messages.
 */
static Placement *
get_placement(Relation rel)
{
	Placement  *placement = rel->rd_amcache;

	if (placement == NULL)
		placement = MemoryContextAlloc(CacheMemoryContext, sizeof(Placement));
	else if (RelationGetTargetBlock(rel) != InvalidBlockNumber)
		return placement;

	placement->nopen = 0;
	placement->next_old = InvalidBlockNumber;
	/* all bytes 0xFF: InvalidBlockNumber */
	memset(placement->recent, 0xFF, sizeof(placement->recent));
	rel->rd_amcache = placement;
	return placement;
}

/* Where the last page of a collection is remembered */
static inline RecentPage *
recent_page(Placement *placement, uint32 hash)
{
	return &placement->recent[hash % RECENT_PAGES];
}

/* Hash of the partition key, as stored in the key */
static inline uint32
key_hash(const Newcomer *newcomer)
{
	uint32		hash;

	memcpy(&hash, newcomer->key, sizeof(hash));
	return hash;
}

/* Free bytes of a page, less what fillfactor keeps for updates */
static Size
page_free_space(Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Page		page = BufferGetPage(buffer);
	Size		free;
	Size		kept;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	free = PageIsNew(page) ? PAGE_BYTES : PageGetHeapFreeSpace(page);
	UnlockReleaseBuffer(buffer);

	kept = RelationGetTargetPageFreeSpace(rel, HEAP_DEFAULT_FILLFACTOR);
	return free > kept ? free - kept : 0;
}

/*
 * Ask the free space map, as VACUUM left it, for a page with `bytes` of room
 * and take the page out of the map.  The map may be wrong.
 */
static BlockNumber
take_free_page(Relation rel, Size bytes)
{
	BlockNumber block = GetPageWithFreeSpace(rel, bytes);
	int			steps;

	for (steps = 0; steps < MAX_MAP_STEPS; steps++)
	{
		Size		free;

		if (block == InvalidBlockNumber)
			break;
		free = page_free_space(rel, block);
		if (free >= bytes)
		{
			RecordPageWithFreeSpace(rel, block, 0);
			return block;
		}
		block = RecordAndGetPageWithFreeSpace(rel, block, free, bytes);
	}
	return InvalidBlockNumber;
}

/* An empty page that nobody else uses, if need be at the end of the table */
static BlockNumber
new_page(Relation rel)
{
	BlockNumber block = take_free_page(rel, EMPTY_BYTES);
	Buffer		buffer;

	if (block != InvalidBlockNumber)
		return block;

	/* not logged, as in heap: the first insertion initialises it again */
	buffer = compat_extend_relation(rel);
	block = BufferGetBlockNumber(buffer);
	PageInit(BufferGetPage(buffer), BufferGetPageSize(buffer), 0);
	MarkBufferDirty(buffer);
	UnlockReleaseBuffer(buffer);
	RecordPageWithFreeSpace(rel, block, NOT_REOPENED);
	return block;
}

/*
 * Compare an index entry with the new key: 0 when they are of one collection
 * and `whole` is false, else the order of the bytes.
 */
static int
compare_entry(Relation index, Page page, OffsetNumber off,
			  const Newcomer *newcomer, bool whole)
{
	IndexTuple	itup = (IndexTuple) PageGetItem(page,
												PageGetItemId(page, off));
	bool		isnull;
	Datum		datum;
	bytea	   *entry;
	Size		entry_len;
	Size		len = whole ? newcomer->key_len : newcomer->partition_len;
	int			cmp;

	datum = index_getattr(itup, 1, RelationGetDescr(index), &isnull);
	if (isnull)
		return 1;
	/* long keys are compressed in the index */
	entry = DatumGetByteaPP(datum);
	entry_len = VARSIZE_ANY_EXHDR(entry);
	cmp = memcmp(VARDATA_ANY(entry), newcomer->key, Min(entry_len, len));
	if (cmp == 0 && (whole || entry_len < len))
		cmp = (entry_len > len) - (entry_len < len);
	if ((Pointer) entry != DatumGetPointer(datum))
		pfree(entry);
	return cmp;
}

/* Block of the row that an index entry points at */
static BlockNumber
entry_block(Page page, OffsetNumber off)
{
	IndexTuple	itup = (IndexTuple) PageGetItem(page,
												PageGetItemId(page, off));

	return ItemPointerGetBlockNumber(BTreeTupleGetMaxHeapTID(itup));
}

/* First entry of a leaf page that is not less than the new key */
static OffsetNumber
search_leaf(Relation index, Page page, const Newcomer *newcomer)
{
	OffsetNumber low = P_FIRSTDATAKEY(BTPageGetOpaque(page));
	OffsetNumber high = PageGetMaxOffsetNumber(page) + 1;

	while (low < high)
	{
		OffsetNumber mid = low + (high - low) / 2;

		if (compare_entry(index, page, mid, newcomer, true) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Keep a block if it is one of the newest */
static void
note_candidate(Neighbours *found, BlockNumber block)
{
	int			i = found->ncandidates;
	int			j;

	while (i > 0 && found->candidates[i - 1] < block)
		i--;
	if (i == MAX_CANDIDATES ||
		(i > 0 && found->candidates[i - 1] == block))
		return;
	if (found->ncandidates < MAX_CANDIDATES)
		found->ncandidates++;
	for (j = found->ncandidates - 1; j > i; j--)
		found->candidates[j] = found->candidates[j - 1];
	found->candidates[i] = block;
}

/* Note one neighbour.  True if the search is over: its page has room. */
static bool
note_neighbour(Relation rel, const Newcomer *newcomer, Page page,
			   OffsetNumber off, bool is_nearest, Neighbours *found)
{
	BlockNumber block = entry_block(page, off);

	note_candidate(found, block);
	found->count++;

	/*
	 * Look at the page of the table with the leaf page locked, as the check
	 * of uniqueness does.
	 */
	if (is_nearest &&
		page_free_space(rel, block) >= newcomer->row_bytes)
	{
		found->nearest = block;
		return true;
	}
	return false;
}

/*
 * Collect neighbours from leaf pages to the left or to the right.  True if
 * the search is over.  *leaf is share-locked before and after, but it is
 * another page if the walk left the first one.
 */
static bool
walk_leaves(Relation rel, Relation index, Buffer *leaf, OffsetNumber off,
			bool forward, int limit, const Newcomer *newcomer,
			Neighbours *found)
{
	Buffer		buf = *leaf;
	bool		is_nearest = true;
	int			hops = 0;

	for (;;)
	{
		Page		page = BufferGetPage(buf);
		BTPageOpaque opaque = BTPageGetOpaque(page);
		OffsetNumber first = P_FIRSTDATAKEY(opaque);
		OffsetNumber last = PageGetMaxOffsetNumber(page);
		BlockNumber next;

		for (; off >= first && off <= last && found->count < limit;
			 off = forward ? off + 1 : off - 1)
		{
			if (compare_entry(index, page, off, newcomer, false) != 0)
				return false;
			if (note_neighbour(rel, newcomer, page, off, is_nearest, found))
				return true;
			is_nearest = false;
		}

		/*
		 * Go to the next leaf.  No two pages are locked at a time, so the
		 * tree may change in between; what is found on the way is a hint.
		 */
		next = forward ? opaque->btpo_next : opaque->btpo_prev;
		if (found->count >= limit || next == P_NONE ||
			++hops > MAX_LEAF_HOPS)
			return false;
		buf = _bt_relandgetbuf(index, buf, next, BT_READ);
		*leaf = buf;
		page = BufferGetPage(buf);
		opaque = BTPageGetOpaque(page);
		if (P_IGNORE(opaque) || !P_ISLEAF(opaque))
			return false;
		off = forward ? P_FIRSTDATAKEY(opaque) : PageGetMaxOffsetNumber(page);
	}
}

/* Descend to the leaf page of the new key; invalid if the index is empty */
static Buffer
descend(Relation rel, Relation index, Datum key_datum)
{
	BTScanInsertData search;
	BTStack		stack;
	Buffer		leaf;

	memset(&search, 0, offsetof(BTScanInsertData, scankeys));
	search.heapkeyspace = true;
	search.keysz = 1;
	ScanKeyEntryInitializeWithInfo(&search.scankeys[0], 0, 1,
								   InvalidStrategy, InvalidOid,
								   index->rd_indcollation[0],
								   index_getprocinfo(index, 1, BTORDER_PROC),
								   key_datum);
	stack = compat_bt_search(index, rel, &search, &leaf);
	_bt_freestack(stack);
	return leaf;
}

/*
 * Find the neighbours of the new key: forwards, where an ascending key has
 * none, then backwards.  Entries of dead rows count, as they cost no visit.
 */
static void
find_neighbours(Relation rel, Relation index, const Newcomer *newcomer,
				Datum key_datum, Neighbours *found)
{
	Buffer		leaf;
	BlockNumber start;
	OffsetNumber off;

	found->count = found->ncandidates = 0;
	found->nearest = InvalidBlockNumber;

	leaf = descend(rel, index, key_datum);
	if (!BufferIsValid(leaf))
		return;
	off = search_leaf(index, BufferGetPage(leaf), newcomer);
	start = BufferGetBlockNumber(leaf);
	if (!walk_leaves(rel, index, &leaf, off, true, MAX_NEIGHBOURS / 2,
					 newcomer, found))
	{
		if (BufferGetBlockNumber(leaf) != start)
		{
			_bt_relbuf(index, leaf);
			leaf = descend(rel, index, key_datum);
			if (!BufferIsValid(leaf))
				return;
			off = search_leaf(index, BufferGetPage(leaf), newcomer);
		}
		(void) walk_leaves(rel, index, &leaf, off - 1, false, MAX_NEIGHBOURS,
						   newcomer, found);
	}
	_bt_relbuf(index, leaf);
}

/* What joining an open page takes of it */
static inline Size
reservation(bool is_old, Size bytes, Size reserved)
{
	return is_old ? Max(bytes, reserved / 2) : reserved;
}

/* Is the page one of those that are open? */
static bool
page_is_open(const Placement *placement, BlockNumber block)
{
	int			i;

	for (i = 0; i < placement->nopen; i++)
	{
		if (placement->open[i].block == block)
			return true;
	}
	return false;
}

/*
 * Can the page be opened again with at least `bytes` of room?
 */
static bool
reopen_page(Relation rel, const Placement *placement, BlockNumber block,
			Size bytes, OpenPage *page)
{
	if (page_is_open(placement, block))
		return false;
	page->block = block;
	page->unreserved = page_free_space(rel, block);
	page->is_old = true;
	return page->unreserved >= bytes;
}

/*
 * Find a page to open: an older page with room left, one that the free space
 * map knows to be half empty, or a new one.  A session's first may be the
 * table's last page, or sessions of one row each would leave many pages.
 */
static void
open_page(Relation rel, Placement *placement, Size bytes, Size reserved,
		  OpenPage *page)
{
	BlockNumber nblocks = RelationGetNumberOfBlocks(rel);
	BlockNumber end = nblocks - Min(MAX_LAG, nblocks / LAG_FRACTION);
	BlockNumber block;
	Size		room = reservation(true, bytes, reserved);
	int			steps;

	/* Other sessions and VACUUM have looked at what is before */
	if (placement->next_old == InvalidBlockNumber)
	{
		placement->next_old = end;
		if (nblocks > 0 &&
			reopen_page(rel, placement, nblocks - 1,
						Max(room, LAST_PAGE_BYTES), page))
			return;
	}

	for (steps = 0; steps < MAX_REOPEN_STEPS; steps++)
	{
		if (placement->next_old >= end)
			break;
		block = placement->next_old++;
		if (GetRecordedFreeSpace(rel, block) == 0)
			continue;
		RecordPageWithFreeSpace(rel, block, 0);
		if (reopen_page(rel, placement, block, room, page))
			return;
	}

	block = take_free_page(rel, Max(room, REOPEN_BYTES));
	if (block != InvalidBlockNumber &&
		reopen_page(rel, placement, block, room, page))
		return;

	page->block = new_page(rel);
	page->unreserved = PAGE_BYTES;
	page->is_old = false;
}

/*
 * Take room for `bytes` on the open page where it fits most tightly, and
 * reserve `reserved` bytes there.
 */
static BlockNumber
join_open_page(Relation rel, Placement *placement, Size bytes, Size reserved)
{
	OpenPage   *best = NULL;
	OpenPage	opened;
	int			fullest = 0;
	int			i;

	for (i = 0; i < placement->nopen; i++)
	{
		OpenPage   *page = &placement->open[i];

		if (page->unreserved < placement->open[fullest].unreserved)
			fullest = i;
		if (page->unreserved >= reservation(page->is_old, bytes, reserved) &&
			(best == NULL || page->unreserved < best->unreserved))
			best = page;
	}
	if (best != NULL)
	{
		/* Collections that live there have used some of it */
		Size		free = page_free_space(rel, best->block);

		best->unreserved = Min(best->unreserved, free);
		fullest = best - placement->open;
	}

	/* Open another page in place of the fullest */
	if (best == NULL || best->unreserved < bytes)
	{
		open_page(rel, placement, bytes, reserved, &opened);
		if (placement->nopen < OPEN_PAGES)
			fullest = placement->nopen++;
		best = &placement->open[fullest];
		*best = opened;
	}
	best->unreserved -= Min(best->unreserved,
							reservation(best->is_old, bytes, reserved));
	return best->block;
}

/*
 * Choose the page for a new row, or the first of a run of rows, with the help
 * of the index.
 */
static BlockNumber
search_page(Relation rel, Relation index, const Newcomer *newcomer,
			Datum key_datum)
{
	Neighbours	found;
	Placement  *placement;
	Size		collection_bytes;
	Size		bytes;
	Size		reserved;
	int			i;

	find_neighbours(rel, index, newcomer, key_datum, &found);
	if (found.nearest != InvalidBlockNumber)
		return found.nearest;
	for (i = 0; found.count > 1 && i < found.ncandidates; i++)
	{
		if (page_free_space(rel, found.candidates[i]) >= newcomer->row_bytes)
			return found.candidates[i];
	}

	placement = get_placement(rel);
	collection_bytes = found.count * newcomer->row_bytes;
	if (found.count >= MAX_NEIGHBOURS ||
		collection_bytes + newcomer->run_bytes >= OWN_PAGE_BYTES)
		return new_page(rel);

	/* room for another row and for the collection to grow to three times */
	bytes = Min(newcomer->run_bytes, EMPTY_BYTES);
	reserved = 2 * (bytes + collection_bytes);
	reserved = Min(reserved, MAX_RESERVATION);
	return join_open_page(rel, placement, bytes, Max(reserved, bytes));
}

/*
 * Choose the page for a new row, or the first of a run of rows.  Returns
 * InvalidBlockNumber where heap shall choose.
 */
static BlockNumber
choose_page(Relation rel, const Newcomer *newcomer, Datum key_datum)
{
	uint32		hash = key_hash(newcomer);
	RecentPage *recent = recent_page(get_placement(rel), hash);
	Relation	index;
	BlockNumber block;

	if (recent->hash == hash && recent->block != InvalidBlockNumber &&
		page_free_space(rel, recent->block) >= newcomer->row_bytes)
		return recent->block;

	/* the mode in which the executor holds it anyway */
	index = index_open(compat_primary_key_index(rel), RowExclusiveLock);
	if (index_is_usable(index))
		block = search_page(rel, index, newcomer, key_datum);
	else
		block = InvalidBlockNumber;
	index_close(index, RowExclusiveLock);

	/* Opening the index may have cost us our memory */
	recent = recent_page(get_placement(rel), hash);
	recent->hash = hash;
	recent->block = block;
	return block;
}

/* Have heap look for room on a page first, if there is one */
static void
aim_at_page(Relation rel, BlockNumber block, BulkInsertState bistate)
{
	if (block == InvalidBlockNumber)
		return;
	if (bistate)
		ReleaseBulkInsertStatePin(bistate);
	RelationSetTargetBlock(rel, block);
}

/*
 * Make the page for a row heap's first choice.
 */
static void
place_tuple(Relation rel, HeapTuple tuple, BulkInsertState bistate)
{
	Newcomer	newcomer;
	Datum		datum;
	bytea	   *key;
	bool		isnull;

	if (!may_have_collections(rel))
		return;
	datum = heap_getattr(tuple, 1, RelationGetDescr(rel), &isnull);
	if (isnull)
		return;
	key = DatumGetByteaPP(datum);
	if (newcomer_set_key(&newcomer, key))
	{
		BlockNumber block;

		newcomer.row_bytes = bytes_on_page(tuple->t_len);
		newcomer.run_bytes = newcomer.row_bytes;
		block = choose_page(rel, &newcomer, PointerGetDatum(key));
		aim_at_page(rel, block, bistate);
	}
	if ((Pointer) key != DatumGetPointer(datum))
		pfree(key);
}

/* Insert a row, speculatively or not, near its collection */
static void
insert_near(Relation rel, TupleTableSlot *slot, CommandId cid, int options,
			BulkInsertState bistate, uint32 spec_token)
{
	bool		should_free = true;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, true, &should_free);

	slot->tts_tableOid = RelationGetRelid(rel);
	tuple->t_tableOid = slot->tts_tableOid;
	if (options & HEAP_INSERT_SPECULATIVE)
		HeapTupleHeaderSetSpeculativeToken(tuple->t_data, spec_token);

	place_tuple(rel, tuple, bistate);
	heap_insert(rel, tuple, cid, options, bistate);
	ItemPointerCopy(&tuple->t_self, &slot->tts_tid);

	if (should_free)
		pfree(tuple);
}

static void
item_tuple_insert(Relation rel, TupleTableSlot *slot, CommandId cid,
				  int options, BulkInsertState bistate)
{
	insert_near(rel, slot, cid, options, bistate, 0);
}

static void
item_tuple_insert_speculative(Relation rel, TupleTableSlot *slot,
							  CommandId cid, int options,
							  BulkInsertState bistate, uint32 spec_token)
{
	insert_near(rel, slot, cid, options | HEAP_INSERT_SPECULATIVE, bistate,
				spec_token);
}

/*
 * Update a row.  A new version that does not fit beside the old one goes near
 * its collection like a new row.
 */
static TM_Result
item_tuple_update(Relation rel, ItemPointer otid, TupleTableSlot *slot,
				  CommandId cid, Snapshot snapshot, Snapshot crosscheck,
				  bool wait, TM_FailureData *tmfd, LockTupleMode *lockmode,
				  UpdateIndexes *update_indexes)
{
	if (TTS_IS_BUFFERTUPLE(slot))
	{
		HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, true, NULL);

		if (page_free_space(rel, ItemPointerGetBlockNumber(otid)) <
			bytes_on_page(tuple->t_len))
			place_tuple(rel, tuple, NULL);
	}
	return heap_methods->tuple_update(rel, otid, slot, cid, snapshot,
									  crosscheck, wait, tmfd, lockmode,
									  update_indexes);
}

/* qsort comparator: key order */
static int
compare_batch_rows(const void *a, const void *b)
{
	return key_compare(((const BatchRow *) a)->key, ((const BatchRow *) b)->key);
}

/* Hand rows to heap, the first of them to a page */
static void
flush_rows(Relation rel, BlockNumber block, TupleTableSlot **slots,
		   int nslots, CommandId cid, int options, BulkInsertState bistate)
{
	if (nslots == 0)
		return;
	aim_at_page(rel, block, bistate);
	heap_multi_insert(rel, slots, nslots, cid, options, bistate);
}

/*
 * Insert sorted rows, each run of one collection near its collection.  Runs
 * that go to the same page are handed to heap together.
 */
static void
insert_runs(Relation rel, BatchRow *rows, TupleTableSlot **slots, int nrows,
			CommandId cid, int options, BulkInsertState bistate)
{
	BlockNumber target = InvalidBlockNumber;
	Size		room = 0;
	int			pending = 0;	/* first row not handed to heap yet */
	int			next = 0;		/* first row without a page */

	while (next < nrows)
	{
		Newcomer	run;
		BlockNumber block = InvalidBlockNumber;
		int			end;

		CHECK_FOR_INTERRUPTS();

		/* Find the end of the run */
		run.row_bytes = run.run_bytes = rows[next].bytes;
		end = next + 1;
		if (newcomer_set_key(&run, rows[next].key))
		{
			while (end < nrows &&
				   VARSIZE_ANY_EXHDR(rows[end].key) >= run.partition_len &&
				   memcmp(VARDATA_ANY(rows[end].key), run.key,
						  run.partition_len) == 0)
				run.run_bytes += rows[end++].bytes;
			block = choose_page(rel, &run, PointerGetDatum(rows[next].key));
		}

		/* Go along with the rows before it, or after them */
		if (pending < next)
		{
			if (block == target && run.run_bytes <= room)
			{
				room -= run.run_bytes;
				next = end;
				continue;
			}
			flush_rows(rel, target, slots + pending, next - pending, cid,
					   options, bistate);
			pending = next;
			if (block == target)
				continue;
		}

		/* What does not fit on the page looks again, unless it is empty */
		target = block;
		room = block == InvalidBlockNumber ? 0 : page_free_space(rel, block);
		if (room + MAXIMUM_ALIGNOF + sizeof(ItemIdData) >= PAGE_BYTES)
		{
			room -= Min(room, run.run_bytes);
			next = end;
		}
		else
		{
			do
			{
				room -= Min(room, rows[next].bytes);
				next++;
			} while (next < end && rows[next].bytes <= room);
		}
	}
	flush_rows(rel, target, slots + pending, nrows - pending, cid, options,
			   bistate);
}

/*
 * Insert a batch of rows (COPY), sorted by key.
 */
static void
item_multi_insert(Relation rel, TupleTableSlot **slots, int nslots,
				  CommandId cid, int options, BulkInsertState bistate)
{
	BatchRow   *rows;
	TupleTableSlot **sorted;
	int			i;

	if (!may_have_collections(rel))
	{
		heap_multi_insert(rel, slots, nslots, cid, options, bistate);
		return;
	}

	/* The caller's memory context is short-lived */
	rows = palloc(sizeof(BatchRow) * nslots);
	for (i = 0; i < nslots; i++)
	{
		HeapTuple	tuple = ExecFetchSlotHeapTuple(slots[i], true, NULL);
		bool		isnull;
		Datum		key = slot_getattr(slots[i], 1, &isnull);

		/* of the primary key, but who knows */
		if (isnull)
			elog(ERROR, "null key in item table \"%s\"",
				 RelationGetRelationName(rel));
		rows[i].slot = slots[i];
		rows[i].key = DatumGetByteaPP(key);
		rows[i].bytes = bytes_on_page(tuple->t_len);
	}
	qsort(rows, nslots, sizeof(BatchRow), compare_batch_rows);

	/* The order of the caller's array means something to it */
	sorted = palloc(sizeof(TupleTableSlot *) * nslots);
	for (i = 0; i < nslots; i++)
		sorted[i] = rows[i].slot;
	insert_runs(rel, rows, sorted, nslots, cid, options, bistate);
}

/*
 * The table whose index is being built.  Heap's functions check that the
 * relation is heap's, so it is that for as long as they run.
 */
static Relation heap_for_now = NULL;

/* Make the relation heap's again after its relcache entry was rebuilt. */
static void
keep_heap(Datum arg, Oid relid)
{
	if (heap_for_now != NULL &&
		(relid == InvalidOid || relid == RelationGetRelid(heap_for_now)))
		heap_for_now->rd_tableam = heap_methods;
}

/* Returns what end_heap() needs: index expressions may build other indexes */
static Relation
begin_heap(Relation rel)
{
	static bool registered = false;
	Relation	outer = heap_for_now;

	if (!registered)
		CacheRegisterRelcacheCallback(keep_heap, (Datum) 0);
	registered = true;
	heap_for_now = rel;
	rel->rd_tableam = heap_methods;
	return outer;
}

static void
end_heap(Relation outer)
{
	heap_for_now->rd_tableam = &item_am_methods;
	heap_for_now = outer;
}

/* Build an index. */
static double
item_index_build_range_scan(Relation rel, Relation index,
							IndexInfo *index_info, bool allow_sync,
							bool anyvisible, bool progress,
							BlockNumber start_block, BlockNumber nblocks,
							IndexBuildCallback callback,
							void *callback_state, TableScanDesc scan)
{
	Relation	outer = begin_heap(rel);
	double		ntuples = 0;

	PG_TRY();
	{
		ntuples = heap_methods->index_build_range_scan(rel, index, index_info,
													   allow_sync, anyvisible,
													   progress, start_block,
													   nblocks, callback,
													   callback_state, scan);
	}
	PG_FINALLY();
	{
		end_heap(outer);
	}
	PG_END_TRY();
	return ntuples;
}

/* The same for the second scan of CREATE INDEX CONCURRENTLY */
static void
item_index_validate_scan(Relation rel, Relation index, IndexInfo *index_info,
						 Snapshot snapshot, ValidateIndexState *state)
{
	Relation	outer = begin_heap(rel);

	PG_TRY();
	{
		heap_methods->index_validate_scan(rel, index, index_info, snapshot,
										  state);
	}
	PG_FINALLY();
	{
		end_heap(outer);
	}
	PG_END_TRY();
}

/* Toast tables are heaps */
static Oid
item_relation_toast_am(Relation rel)
{
	return HEAP_TABLE_AM_OID;
}

/*
 * The handler: heap's methods, with a few replaced.
 */
Datum
item_am_handler(PG_FUNCTION_ARGS)
{
	if (heap_methods == NULL)
	{
		item_am_methods = *GetHeapamTableAmRoutine();
		item_am_methods.tuple_insert = item_tuple_insert;
		item_am_methods.tuple_insert_speculative =
			item_tuple_insert_speculative;
		item_am_methods.multi_insert = item_multi_insert;
		item_am_methods.tuple_update = item_tuple_update;
		item_am_methods.index_build_range_scan = item_index_build_range_scan;
		item_am_methods.index_validate_scan = item_index_validate_scan;
		item_am_methods.relation_toast_am = item_relation_toast_am;
		heap_methods = GetHeapamTableAmRoutine();
	}
	PG_RETURN_POINTER(&item_am_methods);
}
