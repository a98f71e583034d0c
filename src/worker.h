/*
 * worker.h - work in the background: a launcher, and workers that it starts in
 * databases.
 *
 * The launcher needs the library in shared_preload_libraries.  Once in
 * dynamo.worker_naptime seconds, and where a backend has asked for it, it
 * starts a worker in a database, which runs its jobs and exits.  Jobs find what
 * there is to do in the catalog, so that nothing is lost with a process.
 */
#ifndef DYNAMO_WORKER_H
#define DYNAMO_WORKER_H

/* Workers at a time at most: the limit of dynamo.max_workers. */
#define WORKERS_MAX	64

/* Called by _PG_init: register the launcher if the library is preloaded. */
extern void worker_init(void);

/* Is there a launcher, and may it start workers? */
extern bool worker_is_available(void);

/* Have a worker look after this database when the transaction has committed. */
extern void worker_wake_at_commit(void);

/*
 * For jobs: the table that this worker is about to lock for long (InvalidOid:
 * it has done so).  For others, who have to lock it: cancel what the worker
 * does to it.  Both under a lock that serializes them.
 */
extern void worker_set_target(Oid relid);
extern void worker_cancel_target(Oid relid);

/*
 * For jobs: run a part of the work, outside of any transaction.  An error is
 * logged, ends the transaction that the part was in, and makes this false.
 */
extern bool worker_try(void (*part) (void *arg), void *arg);

/* The same for errors that need not be logged, being more of their kind. */
extern bool worker_try_quietly(void (*part) (void *arg), void *arg);

#endif							/* DYNAMO_WORKER_H */
