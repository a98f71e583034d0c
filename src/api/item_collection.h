/*
 * item_collection.h - ItemCollectionMetrics: which item collection a write has
 * changed, and about how large it is.
 */
#ifndef DYNAMO_ITEM_COLLECTION_H
#define DYNAMO_ITEM_COLLECTION_H

#include "api/item_write.h"

/* Does a request ask for it?  (ReturnItemCollectionMetrics is SIZE) */
extern bool item_collection_is_asked(const JsonNode *request);

/*
 * The metrics of the collection that a write went to, after write_check()
 * and while the table is open.  False if there are none: the table has no
 * local index.
 */
extern bool item_collection_metrics(const WriteRequest *write, JsonNode *node);

/*
 * The metrics of the collections that sorted writes (write_sort()) went to, as
 * the response's ItemCollectionMetrics: a list for each table, if there are
 * any.
 */
extern void item_collection_add_all(WriteRequest **sorted, int nsorted,
									JsonNode *response);

#endif							/* DYNAMO_ITEM_COLLECTION_H */
