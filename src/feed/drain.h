/*
 * drain.h - from the WAL into the log of stream records.
 *
 * A database with streams has a replication slot, dynamo_<OID of the
 * database>.  What is decoded from it is inserted into the log in one
 * transaction with the position that was reached.  Only then is the slot told
 * of that position: what a crash keeps from it is seen again, and skipped by
 * its sequence number.
 *
 * The background worker does this; where none can run, whoever reads records
 * does it first.
 */
#ifndef DYNAMO_DRAIN_H
#define DYNAMO_DRAIN_H

#include "access/xlogdefs.h"

/* ---- for the API ---- */

/*
 * Can this server decode what has been committed?  Raises
 * feature_not_supported if it is not configured to.
 */
extern void feed_check_server(void);

/*
 * A stream is about to be enabled: make sure that there is a slot, unless the
 * transaction has written already, or others that have take too long.
 */
extern void feed_prepare(void);

/* Is there a slot that the records of streams come through? */
extern bool feed_is_ready(void);

/* Without a worker: drain, in the caller's transaction, what there is. */
extern void feed_drain_here(void);

/* ---- for the worker ---- */

/* What has become of a round. */
typedef struct DrainRound
{
	bool		needed;			/* there are streams to drain for */
	bool		more;			/* there is more at once */
	bool		stored;			/* something went into the log */
} DrainRound;

/*
 * Do all there is to do for the streams of this database: create the slot or
 * drop it, drain, trim.  Outside of any transaction; argument: DrainRound.
 */
extern void feed_round(void *arg);

/*
 * The slot is kept from round to round, and has to be let go of when nothing
 * has come for so long (0: it is free).  After a round that has failed the
 * process has to end.
 */
extern long feed_keep_msecs(void);
extern void feed_let_go(void);

/* The slot of a database that has no extension any more: drop it. */
extern void feed_drop_orphan(void);

/* Has the database streams, or a slot for them?  In a transaction. */
extern bool feed_is_needed(void);

/* Is somebody at the slot of a database? */
extern bool feed_slot_is_active(Oid dboid);

#endif							/* DYNAMO_DRAIN_H */
