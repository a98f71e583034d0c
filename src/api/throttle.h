/*
 * throttle.h - token buckets of the capacity of tables and global indexes, in
 * shared memory.
 *
 * A bucket fills at the rate that is provisioned and holds what was not used
 * for THROTTLE_BURST seconds.  A request is let through while there is
 * anything in it, and takes what it consumes afterwards, below zero too, so
 * that what large requests take too much is made up for by those after them.
 * Charges are no part of a transaction: what was rolled back has consumed.
 */
#ifndef DYNAMO_THROTTLE_H
#define DYNAMO_THROTTLE_H

/* Seconds of unused capacity that are kept. */
#define THROTTLE_BURST	300

/* What a bucket is for. */
typedef struct ThrottleKey
{
	Oid			dboid;
	Oid			relid;			/* item table */
	int16		attno;			/* key column of a global index; 0: the table */
	int16		write;
} ThrottleKey;

/* Called by _PG_init: ask for shared memory if the library is preloaded. */
extern void throttle_init(void);

/* Is there shared memory, or will there be? */
extern bool throttle_is_available(void);

/*
 * Is anything left in a bucket that fills at this rate (units a second)?  A
 * bucket that did not exist is full; a new rate holds from now on.
 */
extern bool throttle_admit(const ThrottleKey *key, int64 rate);

/* Take units out of a bucket. */
extern void throttle_charge(const ThrottleKey *key, int64 rate, double units);

#endif							/* DYNAMO_THROTTLE_H */
