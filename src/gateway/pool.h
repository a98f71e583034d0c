/*
 * pool.h - the connections to the database, and the requests that wait for one.
 *
 * Several requests are sent on one connection, but none behind one that has
 * taken long already.  Quick reads are packed: they share the first connection
 * that has room, which saves waking further processes, and spill over to the
 * next one as soon as the load is more than the first can take.  So are writes,
 * from the other end, where commits do not wait for the disk.  All others are
 * spread, so that they wait for locks and for the disk at the same time.  What
 * finds no place waits in a queue, and is refused when that is full or the wait
 * is too long.
 */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include <stdbool.h>

#include <event2/event.h>

#include "exchange.h"
#include "pgconn.h"

typedef enum PoolName
{
	POOL_PRIMARY,
	POOL_REPLICA,
	NPOOLS
} PoolName;

typedef struct PoolStatus
{
	int			idle;
	int			busy;
	int			down;
} PoolStatus;

/* Connect, as the settings say. */
extern void pool_start(struct event_base *base);

/* The settings have changed: connect anew where that matters. */
extern void pool_reload(void);

/* Close the connections and answer every request, that of unknown outcome too. */
extern void pool_abandon(void);

extern void pool_stop(void);

/* Can requests be answered now? */
extern bool pool_available(void);

/* Run a request; the pool owns the exchange and answers it. */
extern void pool_submit(Exchange *exchange);

/*
 * A query of the gateway's own, of one parameter, on a connection for such.  It
 * must change nothing: while that connection is down it waits, and if it is
 * lost meanwhile, it is sent again.  After queue-timeout the callback gets no
 * result.
 */
extern void pool_control_query(const char *sql, const char *value,
							   PgCallback callback, void *arg);

extern PoolStatus pool_status(PoolName name);
extern int	pool_running(void);
extern int	pool_queued(void);
extern bool pool_replica_usable(void);

#endif							/* GATEWAY_POOL_H */
