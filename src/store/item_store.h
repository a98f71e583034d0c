/*
 * item_store.h - items by key: read one, or write it as a function of what is
 * there; one, or several of a table with the costs of one statement.
 *
 * Items are passed as jsonb in normal form.  Errors that belong to the
 * Postgres transaction (serialization failures, constraint violations of the
 * user's own, read-only transactions) are raised as Postgres raises them;
 * lost races are retried inside.
 */
#ifndef DYNAMO_ITEM_STORE_H
#define DYNAMO_ITEM_STORE_H

#include "executor/tuptable.h"
#include "store/catalog.h"
#include "utils/snapshot.h"

/*
 * The item of a key as of a snapshot, or NULL.  Copied into the current
 * memory context, detoasted.
 */
extern Jsonb *item_store_get(Relation rel, const TableDescriptor *descriptor,
							 bytea *key, Snapshot snapshot);

/* Likewise for several keys of one table: begin, read each, end. */
typedef struct ItemRead ItemRead;

extern ItemRead *item_store_begin_read(Relation rel,
									   const TableDescriptor *descriptor,
									   Snapshot snapshot);
extern Jsonb *item_store_read(ItemRead *read, bytea *key);
extern void item_store_end_read(ItemRead *read);

/* What a write may be, as bits where several come. */
typedef enum ItemCommand
{
	ITEM_PUTS = 1,				/* the decision is ITEM_PUT or ITEM_KEEP */
	ITEM_DELETES = 2,			/* ITEM_DELETE or ITEM_KEEP */
	ITEM_CHECKS = 4				/* ITEM_KEEP: the row is share-locked, if
								 * there is one */
} ItemCommand;

typedef enum ItemAction
{
	ITEM_KEEP,					/* write nothing */
	ITEM_PUT,					/* store *new_item */
	ITEM_DELETE
} ItemAction;

/*
 * Decide what becomes of the item.  old_item: the newest version, NULL if
 * there is none; valid until the write returns.  May be called again with a
 * newer version after a lost race, so it must not depend on its own earlier
 * calls.  May raise.
 */
typedef ItemAction (*ItemDecision) (const Jsonb *old_item, Jsonb **new_item,
									void *arg);

/* Write one item. */
extern void item_store_write(Relation rel, const TableDescriptor *descriptor,
							 bytea *key, ItemCommand command,
							 ItemDecision decide, void *arg);

/*
 * Write several items of one table, each at most once: as one statement does,
 * with one set of open indexes, statement triggers that fire once, and AFTER
 * triggers at the end.  Each write sees the newest version of its row all the
 * same.
 *
 * commands: bits of all commands that are to come.  lock_kept: rows that are
 * found and not written are locked as well, so that what was decided holds
 * until the transaction ends.
 */
typedef struct ItemWrite ItemWrite;

extern ItemWrite *item_store_begin(Relation rel,
								   const TableDescriptor *descriptor,
								   int commands, bool lock_kept);
extern void item_store_write_next(ItemWrite *write, bytea *key,
								  ItemCommand command, ItemDecision decide,
								  void *arg);
extern void item_store_end(ItemWrite *write);

/*
 * From here on, leave a row that another transaction has locked or is writing
 * as it is, without deciding on it.
 */
extern void item_store_skip_locked(ItemWrite *write);

/* Rows deleted so far: what a BEFORE trigger prevented does not count. */
extern int64 item_store_deleted(const ItemWrite *write);

/*
 * Filling the column of an index for items that are there already: begin, put
 * a row visible to the snapshot into the slot, fill it, and so on.  Items do
 * not change by it: no triggers fire, no constraints are checked.
 *
 * A row that another transaction is writing is FILL_BUSY and left as it is,
 * unless the caller wants to wait.  Memory is allocated in the current context
 * for each row.
 */
typedef enum ItemFill
{
	FILL_UNCHANGED,				/* the column was right, or the row is gone */
	FILL_WRITTEN,
	FILL_BUSY
} ItemFill;

extern ItemWrite *item_store_begin_fill(Relation rel,
										const TableDescriptor *descriptor,
										const IndexDescriptor *index,
										Snapshot snapshot);
extern TupleTableSlot *item_store_fill_slot(ItemWrite *write);
extern ItemFill item_store_fill(ItemWrite *write, bool wait);
extern void item_store_end_fill(ItemWrite *write);

#endif							/* DYNAMO_ITEM_STORE_H */
