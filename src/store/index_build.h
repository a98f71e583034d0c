/*
 * index_build.h - building a secondary index on a table that holds items.
 *
 * An index in status CREATING is maintained by all writes from the moment its
 * column was added.  Building it is: fill the column of the items that are
 * there already, batch by batch in key order, each batch a transaction of its
 * own after which it is recorded how far it came; create the B-tree
 * concurrently; set the index ACTIVE.  The background worker does this after
 * the transaction that added the index has committed, and goes on where it
 * stopped after a restart.  Where no worker runs, all of it is done within the
 * call, in the caller's transaction.
 */
#ifndef DYNAMO_INDEX_BUILD_H
#define DYNAMO_INDEX_BUILD_H

#include "store/catalog.h"

/*
 * Have an index built that ddl_add_index has just added.  True if the worker
 * will do it after commit (status CREATING); false if it has been done here,
 * in the caller's transaction (the row is ACTIVE now), as TTL_INDEX of a small
 * table always is.
 */
extern bool index_build_start(const TableRow *table, IndexRow *index);

/*
 * Stop what the worker does to the table, so that dropping the table or one of
 * its indexes, or adding another one, does not have to wait for it.  The
 * caller has locked the name of the table (catalog_lock_name).  The worker
 * goes on with what is left when the transaction has committed; if it is
 * rolled back, somewhat later.
 */
extern void index_build_interrupt(const TableRow *table);

/* Job of the worker: build all indexes that are CREATING. */
extern void index_build_pending(void *arg);

#endif							/* DYNAMO_INDEX_BUILD_H */
