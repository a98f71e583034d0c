/*
 * pgconn.h - one connection to PostgreSQL, in pipeline mode, on the event loop.
 *
 * Every query is a transaction of its own: it is followed by a Sync, and its
 * callback is called when the server has answered that, so that a result means
 * that the transaction has committed.  Callbacks come in the order of the
 * queries.
 *
 * A connection that is lost calls the callbacks of what was under way with no
 * result, and is made again after a pause that grows with each failure.
 */
#ifndef GATEWAY_PGCONN_H
#define GATEWAY_PGCONN_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>
#include <libpq-fe.h>

typedef struct PgConn PgConn;

/*
 * The outcome of a query.  `result` is owned by the callback (PQclear it) and
 * NULL if the connection was lost before the outcome was known.
 */
typedef void (*PgCallback) (void *arg, PGresult *result);

typedef struct PgConnHooks
{
	/* connected: submit what has to run first, then call pgconn_set_ready */
	void		(*connected) (PgConn *conn, void *arg);
	/* it can take queries now, or again */
	void		(*ready) (PgConn *conn, void *arg);
	/* it was ready and is not any more */
	void		(*lost) (PgConn *conn, void *arg);
	/* a notification; may be NULL */
	void		(*notified) (const char *channel, const char *payload, void *arg);
} PgConnHooks;

/* Make a connection; it connects from the event loop. */
extern PgConn *pgconn_new(struct event_base *base, const char *name,
						  const char *conninfo, const PgConnHooks *hooks, void *arg);

/*
 * Close it; what is under way is called back without a result.  Its hooks are
 * not called any more.
 */
extern void pgconn_free(PgConn *conn);

/* The same, once what is under way is done. */
extern void pgconn_retire(PgConn *conn);

/*
 * Connect anew with another connection string once what is under way is done.
 * Until then the connection is not ready.
 */
extern void pgconn_renew(PgConn *conn, const char *conninfo);

/* Close and connect anew at once. */
extern void pgconn_reset(PgConn *conn);

extern void pgconn_set_ready(PgConn *conn);
extern bool pgconn_is_ready(const PgConn *conn);

/* Queries under way, and since when the first of them has been (now_us()). */
extern int	pgconn_pending(const PgConn *conn);
extern int64_t pgconn_head_started(const PgConn *conn);

/* Send a query; its parameters are NUL-terminated strings. */
extern void pgconn_query(PgConn *conn, const char *sql, int nparams,
						 const char *const *values, PgCallback callback, void *arg);

/* Prepare the unnamed statement, of parameters of type text. */
extern void pgconn_prepare(PgConn *conn, const char *sql, int nparams,
						   PgCallback callback, void *arg);

/*
 * Run the unnamed statement; parameters and result are bytes of text in binary
 * format, which are neither copied by strlen nor cut at a NUL.
 */
extern void pgconn_execute(PgConn *conn, int nparams, const char *const *values,
						   const int *lengths, PgCallback callback, void *arg);

#endif							/* GATEWAY_PGCONN_H */
