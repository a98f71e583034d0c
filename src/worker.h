/*
 * worker.h - work in the background: a launcher, and workers that it starts in
 * databases.
 *
 * The launcher needs the library in shared_preload_libraries.  Once in
 * dynamo.worker_naptime or dynamo.ttl_interval, and where a backend has asked
 * for it, it starts a worker in a database, which runs its jobs and exits.
 * Jobs find what there is to do in the catalog, so that nothing is lost with a
 * process.
 */
#ifndef DYNAMO_WORKER_H
#define DYNAMO_WORKER_H

/* What a worker is for: there is one of a kind in a database. */
typedef enum WorkerKind
{
	WORKER_JOBS,				/* runs the jobs and exits */
	WORKER_FEED,				/* stays as long as streams have something new */
	WORKER_KINDS
} WorkerKind;

/* Workers of a kind at a time at most: the limit of dynamo.max_workers. */
#define WORKERS_MAX	64

/* Called by _PG_init: register the launcher if the library is preloaded. */
extern void worker_init(void);

/* Is there a launcher, and may it start workers? */
extern bool worker_is_available(void);

/* Have a worker look after this database, at once, or when the transaction has
 * committed. */
extern void worker_wake(WorkerKind kind);
extern void worker_wake_at_commit(WorkerKind kind);

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

/*
 * For workers that stay: has one been asked for that cannot be started, since
 * there are as many as may be?
 */
extern bool worker_is_wanted_elsewhere(void);

/*
 * For parts: a transaction with a snapshot, which the server's statistics show
 * as this activity; and its end, back in a memory context.
 */
extern void worker_begin_transaction(const char *activity);
extern void worker_end_transaction(MemoryContext context);

/* For workers: note that something was done now, for dynamo.worker_status. */
extern void worker_report_activity(void);

/* Run as a worker of this kind: connect to the database; false if it has no
 * extension. */
extern bool worker_connect(WorkerKind kind, Oid dboid);

/* For workers: has the database the extension?  Outside of any transaction. */
extern bool worker_has_extension(void);

#endif							/* DYNAMO_WORKER_H */
