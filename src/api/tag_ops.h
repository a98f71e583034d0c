/*
 * tag_ops.h - tags in requests.
 */
#ifndef DYNAMO_TAG_OPS_H
#define DYNAMO_TAG_OPS_H

#include "model/json.h"
#include "nodes/pg_list.h"

/* Tags of a table at most. */
#define TAGS_MAX	50

/*
 * The tags of a request's list, Tag *, in its order: each allowed, no key
 * twice, and not more than a table can have.
 */
extern List *tags_from_request(const JsonNode *list);

#endif							/* DYNAMO_TAG_OPS_H */
