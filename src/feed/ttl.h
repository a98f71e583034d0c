/*
 * ttl.h - time to live: deleting the items that have expired.
 *
 * An item has expired when the attribute that TTL of its table is enabled on
 * is a number, of seconds since the epoch, that is less than now but by less
 * than five years.  Until it is deleted it is an item like any other.
 *
 * Items are found through the index TTL_INDEX and deleted as by a statement of
 * the table's owner, whose triggers fire.  Rows that others have locked wait
 * for the next time.
 */
#ifndef DYNAMO_TTL_H
#define DYNAMO_TTL_H

/* Called by _PG_init: ask for shared memory if the library is preloaded. */
extern void ttl_init(void);

/*
 * Job of the worker: begin a round through all tables when dynamo.ttl_interval
 * has passed since the last one, or go on with the one that is under way, for
 * a fraction of a second.
 */
extern void ttl_expire(void *arg);

/* Is a round under way, so that the job is to be called again soon? */
extern bool ttl_is_under_way(void);

#endif							/* DYNAMO_TTL_H */
