/*
 * replica.h - how far the replica is behind.
 *
 * Once a second the primary is asked for its position in the WAL and the
 * replica for what it has replayed.  The replica is as fresh as the newest
 * position of the primary that it has reached.  Clocks are not compared, and a
 * primary without writes has a replica that is up to date.
 */
#ifndef GATEWAY_REPLICA_H
#define GATEWAY_REPLICA_H

#include <stdbool.h>

#include <event2/event.h>

#include "pgconn.h"

/* Watch two connections, made and freed by the caller. */
extern void replica_start(struct event_base *base, PgConn *primary, PgConn *replica);
extern void replica_stop(void);

/* Is it at most max-replica-lag behind? */
extern bool replica_usable(void);

#endif							/* GATEWAY_REPLICA_H */
