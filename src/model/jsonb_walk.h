/*
 * jsonb_walk.h - step through the entries of a jsonb container.
 *
 * Postgres's JsonbIterator unpacks each entry into a JsonbValue; the model
 * only needs kind, place and length, and walks without allocating.  Private
 * to src/model.
 */
#ifndef DYNAMO_JSONB_WALK_H
#define DYNAMO_JSONB_WALK_H

#include "utils/jsonb.h"

typedef struct JsonbWalk
{
	const JEntry *entry;		/* next entry */
	const char *base;			/* start of the container's data */
	uint32		offset;			/* of the next entry's data */
} JsonbWalk;

/* Start before the first element of an array or the first key of an object. */
static inline void
jsonb_walk_start(JsonbWalk *walk, const JsonbContainer *jc)
{
	uint32		n = JsonContainerSize(jc);

	if (JsonContainerIsObject(jc))
		n *= 2;
	walk->entry = jc->children;
	walk->base = (const char *) &jc->children[n];
	walk->offset = 0;
}

/* Start before entry i; the values of an object come after all its keys. */
static inline void
jsonb_walk_start_at(JsonbWalk *walk, const JsonbContainer *jc, uint32 i)
{
	jsonb_walk_start(walk, jc);
	walk->entry += i;
	walk->offset = getJsonbOffset(jc, i);
}

/*
 * Step over one entry and return it.  Numbers and containers start at a
 * multiple of four; the padding in front of them counts as theirs.
 */
static inline JEntry
jsonb_walk_next(JsonbWalk *walk, const char **data, uint32 *len)
{
	JEntry		entry = *walk->entry++;
	uint32		start = walk->offset;

	JBE_ADVANCE_OFFSET(walk->offset, entry);
	if (JBE_ISCONTAINER(entry) || JBE_ISNUMERIC(entry))
		start = INTALIGN(start);
	*data = walk->base + start;
	*len = walk->offset - start;
	return entry;
}

#endif							/* DYNAMO_JSONB_WALK_H */
