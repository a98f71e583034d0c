/*
 * item_store.h - one item by key: read it, or write it as a function of what
 * is there.
 *
 * Items are passed as jsonb in normal form.  Errors that belong to the
 * Postgres transaction (serialization failures, constraint violations of the
 * user's own, read-only transactions) are raised as Postgres raises them;
 * lost races are retried inside.
 */
#ifndef DYNAMO_ITEM_STORE_H
#define DYNAMO_ITEM_STORE_H

#include "store/catalog.h"
#include "utils/snapshot.h"

/*
 * The item of a key as of a snapshot, or NULL.  Copied into the current
 * memory context, detoasted.
 */
extern Jsonb *item_store_get(Relation rel, const TableDescriptor *descriptor,
							 bytea *key, Snapshot snapshot);

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

/* Write one item.  deletes: the decision is ITEM_DELETE or ITEM_KEEP. */
extern void item_store_write(Relation rel, const TableDescriptor *descriptor,
							 bytea *key, bool deletes,
							 ItemDecision decide, void *arg);

#endif							/* DYNAMO_ITEM_STORE_H */
