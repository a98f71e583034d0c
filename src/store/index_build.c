/*
 * index_build.c - building a secondary index on a table that holds items.
 *
 * The state of a build is its row in dynamo.indexes: filled_to says how far
 * the column has been filled, and a valid B-tree that it has been created.
 * Whoever goes on looks at both, so a build can be interrupted anywhere.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store/as_owner.h"
#include "store/ddl.h"
#include "store/index_build.h"
#include "store/item_store.h"
#include "worker.h"

/* The rows of a batch are locked until it commits: keep that short. */
#define BATCH_ITEMS		1000
#define BATCH_BYTES		(4 * 1024 * 1024)

/*
 * Tables of so many pages are done with before anybody would notice: time to
 * live is then ENABLED at once.
 */
#define SMALL_TABLE_PAGES	32

/* How far a batch is to go, and how far it came. */
typedef struct FillBatch
{
	bytea	   *filled_to;		/* in: after this key (NULL: from the first);
								 * out: the last key filled */
	bool		limited;		/* stop after BATCH_ITEMS or BATCH_BYTES, and
								 * before a row that another transaction is
								 * writing */
	int64		items;			/* out: items looked at */
	bool		complete;		/* out: that was all */
} FillBatch;

/* An index that the worker is building. */
typedef struct IndexBuild
{
	char	   *table_name;
	char	   *index_name;

	/* What it is building on: another table or index can get the names */
	Oid			relid;
	AttrNumber	key_attno;
} IndexBuild;

/* An index, also that on the TTL attribute, by name. */
static const IndexDescriptor *
find_index(const TableDescriptor *descriptor, const char *name)
{
	if (strcmp(name, TTL_INDEX) == 0)
		return descriptor->ttl;
	return catalog_find_index(descriptor, name, strlen(name));
}

/* ---- filling the column ---- */

static bytea *
make_bytea(const char *data, Size len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), data, len);
	return result;
}

/* Go through the rows of one batch. */
static void
fill_rows(Relation rel, const TableDescriptor *descriptor, ItemWrite *write,
		  Snapshot snapshot, FillBatch *batch)
{
	Relation	index = index_open(descriptor->primary_index, AccessShareLock);
	TupleTableSlot *slot = item_store_fill_slot(write);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "dynamo index fill",
													  ALLOCSET_DEFAULT_SIZES);
	MemoryContext context = CurrentMemoryContext;
	int			nkeys = batch->filled_to ? 1 : 0;
	ScanKeyData scankey;
	IndexScanDesc scan;
	StringInfoData last_key;
	Size		bytes = 0;
	bool		written = false;

	if (batch->filled_to)
		ScanKeyInit(&scankey, 1, BTGreaterStrategyNumber, F_BYTEAGT,
					PointerGetDatum(batch->filled_to));
	initStringInfo(&last_key);
	scan = index_begin_scan(rel, index, snapshot, nkeys);
	index_rescan(scan, &scankey, nkeys, NULL, 0);

	batch->items = 0;
	batch->complete = false;
	while (!batch->limited || (batch->items < BATCH_ITEMS && bytes < BATCH_BYTES))
	{
		bytea	   *key;
		bool		isnull;
		ItemFill	outcome;

		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(row_context);
		if (!index_getnext_slot(scan, ForwardScanDirection, slot))
		{
			batch->complete = true;
			break;
		}
		MemoryContextSwitchTo(row_context);

		/* The slot may hold another version afterwards, of another key */
		key = DatumGetByteaPCopy(slot_getattr(slot, ITEM_KEY_ATTNO, &isnull));
		bytes += toast_raw_datum_size(slot_getattr(slot, descriptor->item_attno,
												   &isnull));

		/*
		 * Wait for another transaction only as long as none can have to wait
		 * for this one: otherwise end the batch before the row.
		 */
		outcome = item_store_fill(write, !batch->limited || !written);
		MemoryContextSwitchTo(context);
		if (outcome == FILL_BUSY)
			break;
		written |= outcome == FILL_WRITTEN;
		batch->items++;
		resetStringInfo(&last_key);
		appendBinaryStringInfo(&last_key, VARDATA(key), VARSIZE(key) - VARHDRSZ);
	}

	index_endscan(scan);
	index_close(index, AccessShareLock);
	MemoryContextDelete(row_context);
	if (batch->items > 0)
		batch->filled_to = make_bytea(last_key.data, last_key.len);
	pfree(last_key.data);
}

/*
 * Fill a batch of rows, as the owner of the table: indexes of its own may call
 * functions.
 */
static void
fill_batch(Relation rel, const TableDescriptor *descriptor,
		   const IndexDescriptor *index, FillBatch *batch)
{
	Snapshot	snapshot;
	ItemWrite  *write;
	AsOwner		owner;

	as_owner_begin(&owner, rel, "pg_catalog, pg_temp");
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	PushActiveSnapshot(snapshot);
	write = item_store_begin_fill(rel, descriptor, index, snapshot);
	fill_rows(rel, descriptor, write, snapshot, batch);
	item_store_end_fill(write);
	PopActiveSnapshot();
	UnregisterSnapshot(snapshot);
	as_owner_end(&owner);
}

/* ---- within the call ---- */

/* Items and pages of a table, as far as is known without counting. */
static int64
estimate_items(Oid relid, BlockNumber *pages)
{
	Relation	rel = table_open(relid, AccessShareLock);
	double		tuples;
	double		visible;

	estimate_rel_size(rel, NULL, pages, &tuples, &visible);
	table_close(rel, NoLock);
	return (int64) tuples;
}

/* Fill the column and create the B-tree in the caller's transaction. */
static void
build_now(const TableRow *table, IndexRow *row)
{
	const TableDescriptor *descriptor;
	Relation	rel;
	FillBatch	batch = {0};
	char	   *sql;

	/* See what the statement that calls us has done so far. */
	CommandCounterIncrement();
	rel = catalog_open_table(table->table_name, strlen(table->table_name),
							 RowExclusiveLock, false, &descriptor);
	fill_batch(rel, descriptor,
			   find_index(descriptor, row->index_name), &batch);
	table_close(rel, NoLock);
	CommandCounterIncrement();

	sql = ddl_index_statement(table->relation_name, row->column_name, false);
	SPI_connect();
	if (SPI_execute(sql, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not execute: %s", sql);
	SPI_finish();

	row->status = INDEX_ACTIVE;
	row->items_done = batch.items;
}

bool
index_build_start(const TableRow *table, IndexRow *index)
{
	Oid			relid = catalog_item_table_oid(table);
	bool		available = worker_is_available();
	BlockNumber pages;

	index->items_total = estimate_items(relid, &pages);
	if (strcmp(index->index_name, TTL_INDEX) == 0 && pages <= SMALL_TABLE_PAGES)
		available = false;
	if (available)
		worker_wake_at_commit(WORKER_JOBS);
	else
		build_now(table, index);
	catalog_write_index(index, false, relid);
	return available;
}

void
index_build_interrupt(const TableRow *table)
{
	worker_cancel_target(catalog_item_table_oid(table));

	/* It may have been at another index than the one that is dropped */
	worker_wake_at_commit(WORKER_JOBS);
}

/* ---- in the worker ---- */

static void
begin_transaction(const IndexBuild *build, const char *what)
{
	char		activity[256];

	snprintf(activity, sizeof(activity), "%s index \"%s\" of table \"%s\"",
			 what, build->index_name, build->table_name);
	worker_begin_transaction(activity);
}

/* The row of the index, if it still is to be built, or NULL. */
static IndexRow *
read_row(const IndexBuild *build)
{
	IndexRow   *row = catalog_read_index(build->table_name, build->index_name);

	return row && row->status == INDEX_CREATING ? row : NULL;
}

/* Have all items been filled? */
static bool
is_filled(const IndexRow *row)
{
	return row->filled_to != NULL && VARSIZE_ANY_EXHDR(row->filled_to) == 0;
}

/* Open the table for building the index; NULL if there is nothing to build. */
static Relation
open_build(const IndexBuild *build, LOCKMODE lockmode, IndexRow **row,
		   const TableDescriptor **descriptor, const IndexDescriptor **index)
{
	Relation	rel;

	rel = catalog_open_table(build->table_name, strlen(build->table_name),
							 lockmode, true, descriptor);
	if (rel == NULL)
		return NULL;
	*index = find_index(*descriptor, build->index_name);
	*row = read_row(build);
	if (*index != NULL && *row != NULL)
		return rel;
	table_close(rel, NoLock);
	return NULL;
}

/*
 * The same in a transaction of its own, under the lock on the table's name;
 * the table is locked against a DROP TABLE, which does not ask for the name.
 */
static Relation
begin_build(const IndexBuild *build, const char *what, IndexRow **row,
			const TableDescriptor **descriptor, const IndexDescriptor **index)
{
	begin_transaction(build, what);
	catalog_lock_name(build->table_name);
	return open_build(build, AccessShareLock, row, descriptor, index);
}

/* Is what has been done for the build done to the index of that name? */
static bool
is_same(const IndexBuild *build, const IndexRow *row)
{
	Oid			relid = catalog_item_table_oid(catalog_read_row(build->table_name));

	return relid == build->relid &&
		get_attnum(relid, row->column_name) == build->key_attno;
}

/* Fill the next batch; false if there is none. */
static bool
fill_next(IndexBuild *build, FillBatch *batch)
{
	MemoryContext context = CurrentMemoryContext;
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;
	IndexRow   *row;
	Relation	rel;
	bool		filled = false;

	begin_transaction(build, "filling");
	rel = open_build(build, RowExclusiveLock, &row, &descriptor, &index);
	if (rel != NULL)
	{
		build->relid = RelationGetRelid(rel);
		build->key_attno = index->key_attno;
		batch->filled_to = row->filled_to;
		batch->limited = true;
		if (!is_filled(row))
		{
			fill_batch(rel, descriptor, index, batch);
			filled = true;
		}
		table_close(rel, NoLock);
	}
	if (filled && batch->filled_to)
	{
		MemoryContextSwitchTo(context);
		batch->filled_to = DatumGetByteaPCopy(PointerGetDatum(batch->filled_to));
	}
	worker_end_transaction(context);
	return filled;
}

/*
 * Record how far the filling came.  A transaction of its own, since it takes
 * the lock on the table's name: while a batch waits for somebody's row, nobody
 * shall have to wait for that.
 */
static void
record_progress(const IndexBuild *build, const FillBatch *batch)
{
	MemoryContext context = CurrentMemoryContext;
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;
	IndexRow   *row;
	Relation	rel;

	rel = begin_build(build, "filling", &row, &descriptor, &index);
	if (rel != NULL)
	{
		if (is_same(build, row))
		{
			row->items_done += batch->items;
			row->filled_to = batch->complete ? make_bytea("", 0) : batch->filled_to;
			catalog_write_index(row, false, InvalidOid);
		}
		table_close(rel, NoLock);
	}
	worker_end_transaction(context);
}

/*
 * Run a statement that must not be part of a transaction, and makes several of
 * its own.
 */
static void
run_statement(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(sql));
	PlannedStmt *statement = makeNode(PlannedStmt);

	statement->commandType = CMD_UTILITY;
	statement->canSetTag = true;
	statement->utilityStmt = raw->stmt;
	statement->stmt_location = raw->stmt_location;
	statement->stmt_len = raw->stmt_len;

	worker_begin_transaction(sql);
	MemoryContextSwitchTo(context);
	ProcessUtility(statement, sql, false, PROCESS_UTILITY_TOPLEVEL, NULL, NULL,
				   None_Receiver, NULL);
	worker_end_transaction(context);
}

/* Create the B-tree, unless it is there; false if there is no use for it. */
static bool
create_btree(IndexBuild *build)
{
	MemoryContext context = CurrentMemoryContext;
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;
	IndexRow   *row;
	Relation	rel;
	bool		done = false;
	char	   *drop = NULL;
	char	   *create = NULL;
	LockRelId	lock;

	/* Under the lock of the name, so that whoever drops it finds the target */
	rel = begin_build(build, "building", &row, &descriptor, &index);
	if (rel != NULL)
	{
		build->relid = RelationGetRelid(rel);
		build->key_attno = index->key_attno;
		done = OidIsValid(catalog_index_btree(rel, index->key_attno, true));
		if (!done && is_filled(row))
		{
			Oid			rest = catalog_index_btree(rel, index->key_attno, false);

			worker_set_target(build->relid);

			/*
			 * CREATE INDEX CONCURRENTLY gives up its lock before its last
			 * commit, and a DROP TABLE in between fails with an internal
			 * error: keep one beyond the commit.  (Errors release it.)
			 */
			lock = rel->rd_lockInfo.lockRelId;
			LockRelationIdForSession(&lock, AccessShareLock);
			MemoryContextSwitchTo(context);
			if (OidIsValid(rest))
				drop = psprintf("DROP INDEX CONCURRENTLY %s",
								quote_qualified_identifier(ITEM_SCHEMA, get_rel_name(rest)));
			create = ddl_index_statement(RelationGetRelationName(rel),
										 row->column_name, true);
		}
		table_close(rel, NoLock);
	}
	worker_end_transaction(context);

	if (drop)
		run_statement(drop);
	if (create)
	{
		run_statement(create);
		UnlockRelationIdForSession(&lock, AccessShareLock);
	}
	worker_set_target(InvalidOid);
	return done || create != NULL;
}

/* Let the index be read. */
static void
activate(const IndexBuild *build)
{
	MemoryContext context = CurrentMemoryContext;
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;
	IndexRow   *row;
	Relation	rel;

	rel = begin_build(build, "building", &row, &descriptor, &index);
	if (rel != NULL)
	{
		if (is_same(build, row) &&
			OidIsValid(catalog_index_btree(rel, index->key_attno, true)))
		{
			row->status = INDEX_ACTIVE;
			row->filled_to = NULL;
			catalog_write_index(row, false, RelationGetRelid(rel));
		}
		table_close(rel, NoLock);
	}
	worker_end_transaction(context);
}

/* Say in errors which index they are about. */
static void
build_error_context(void *arg)
{
	const IndexBuild *build = arg;

	errcontext("building index \"%s\" of table \"%s\"",
			   build->index_name, build->table_name);
}

/* Build an index, from where it is. */
static void
build_index(void *arg)
{
	IndexBuild *build = arg;
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = build_error_context,
		.arg = build
	};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "dynamo index build",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	FillBatch	batch;

	error_context_stack = &callback;
	while (fill_next(build, &batch))
	{
		record_progress(build, &batch);
		MemoryContextReset(context);
	}
	if (create_btree(build))
		activate(build);
	error_context_stack = callback.previous;
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

void
index_build_pending(void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *builds = NIL;
	ListCell   *lc;

	worker_begin_transaction("looking for indexes to build");
	foreach(lc, catalog_pending_indexes())
	{
		const IndexRow *row = lfirst(lc);
		MemoryContext old_context = MemoryContextSwitchTo(context);
		IndexBuild *build = palloc0(sizeof(IndexBuild));

		build->table_name = pstrdup(row->table_name);
		build->index_name = pstrdup(row->index_name);
		builds = lappend(builds, build);
		MemoryContextSwitchTo(old_context);
	}
	worker_end_transaction(context);

	/* One that fails does not keep the others from being built. */
	foreach(lc, builds)
		worker_try(build_index, lfirst(lc));
}
