/*
 * item_am.h - the table access method "dynamo".
 *
 * Heap in everything but placement: a new item goes to a page where items of
 * its collection (same partition key) already live.  Nothing but placement
 * may depend on the access method: item tables restored as plain heaps work.
 *
 * A table takes part when its primary key is a B-tree whose first column is
 * the table's first, of type bytea, holding keys as in model/key.h; and of
 * its rows those whose key has a sort part.  All else is plain heap.
 */
#ifndef DYNAMO_ITEM_AM_H
#define DYNAMO_ITEM_AM_H

#include "utils/rel.h"

/* Does the relation use this access method? */
extern bool item_am_is_used(Relation rel);

#endif							/* DYNAMO_ITEM_AM_H */
