/*
 * feed_worker.h - the worker that drains the streams of a database.
 *
 * It is woken by those who commit in the database, and exits when nobody did for
 * FEED_IDLE_MSECS: a worker is in the way of DROP DATABASE, which waits five
 * seconds for others to leave.  The next commit has it started again.
 */
#ifndef DYNAMO_FEED_WORKER_H
#define DYNAMO_FEED_WORKER_H

/* How long a worker waits for something to do. */
#define FEED_IDLE_MSECS	2000

/* Called when the library is preloaded. */
extern void feed_worker_init(void);

/* Job of the other worker: have this one started where there are streams. */
extern void feed_worker_start(void *arg);

#endif							/* DYNAMO_FEED_WORKER_H */
