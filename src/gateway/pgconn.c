/*
 * pgconn.c - one connection to PostgreSQL, in pipeline mode.
 *
 * The statement of requests is the unnamed one.  A named one could be replaced
 * by code that runs inside a request (a trigger may PREPARE and DEALLOCATE);
 * the unnamed one is out of reach of SQL.
 */
#include <stdlib.h>

#include "log.h"
#include "pgconn.h"
#include "util.h"

#define TEXT_OID	25

/* Pauses between attempts to connect, milliseconds. */
#define BACKOFF_MIN	100
#define BACKOFF_MAX	2000

/* Seconds that an attempt may take, until the connection is ready. */
#define CONNECT_TIMEOUT	10

typedef struct Pending
{
	PgCallback	callback;
	void	   *arg;
	PGresult   *result;			/* until the Sync is answered */
	struct Pending *next;
} Pending;

typedef enum PgConnState
{
	PGCONN_DOWN,				/* waits for the next attempt */
	PGCONN_CONNECTING,
	PGCONN_STARTING,			/* the hook `connected` is at work */
	PGCONN_READY
} PgConnState;

struct PgConn
{
	struct event_base *base;
	char	   *name;			/* in the log */
	char	   *conninfo;
	const PgConnHooks *hooks;
	void	   *arg;
	PGconn	   *pg;
	PgConnState state;
	struct event *readable;
	struct event *writable;
	struct event *timer;		/* next attempt, or end of this one */
	Pending    *first;
	Pending    *last;
	int			npending;
	int64_t		head_started;
	int			backoff;
	bool		renew;			/* connect anew when nothing is pending */
	bool		retired;		/* free it then */
	bool		complained;		/* of this outage */
	Pending    *spare;			/* freed entries, for reuse */
};

/* ---- what is pending ---- */

static void
push(PgConn *conn, PgCallback callback, void *arg)
{
	Pending    *pending = conn->spare;

	if (pending != NULL)
		conn->spare = pending->next;
	else
		pending = xmalloc(sizeof(Pending));
	pending->callback = callback;
	pending->arg = arg;
	pending->result = NULL;
	pending->next = NULL;
	if (conn->last != NULL)
		conn->last->next = pending;
	else
	{
		conn->first = pending;
		conn->head_started = now_us();
	}
	conn->last = pending;
	conn->npending++;
}

/* Take the first one off the list and call it back. */
static void
pop(PgConn *conn, PGresult *result)
{
	Pending    *pending = conn->first;
	PgCallback	callback = pending->callback;
	void	   *arg = pending->arg;

	conn->first = pending->next;
	if (conn->first == NULL)
		conn->last = NULL;
	else
		conn->head_started = now_us();
	conn->npending--;
	if (result == NULL)
		PQclear(pending->result);
	pending->next = conn->spare;
	conn->spare = pending;
	callback(arg, result);
}

/* ---- connecting ---- */

static void
set_timer(PgConn *conn, int ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_add(conn->timer, &tv);
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

/* Drop the connection, call back what is under way, and try again later. */
static void
disconnect(PgConn *conn, bool at_once)
{
	bool		was_ready = conn->state == PGCONN_READY;

	free_event(&conn->readable);
	free_event(&conn->writable);
	PQfinish(conn->pg);
	conn->pg = NULL;
	conn->state = PGCONN_DOWN;
	conn->renew = false;
	if (was_ready || at_once)
		conn->backoff = 0;
	set_timer(conn, at_once ? 0 : conn->backoff ? conn->backoff : BACKOFF_MIN);
	conn->backoff = conn->backoff == 0 ? BACKOFF_MIN :
		conn->backoff * 2 > BACKOFF_MAX ? BACKOFF_MAX : conn->backoff * 2;
	if (was_ready)
		conn->hooks->lost(conn, conn->arg);
	while (conn->first != NULL)
		pop(conn, NULL);
}

/* The same, for a reason, which is logged once an outage. */
static void
fail(PgConn *conn, const char *what)
{
	char	   *reason = xstrdup(conn->pg ? PQerrorMessage(conn->pg) : "");
	size_t		len = strlen(reason);

	while (len > 0 && reason[len - 1] == '\n')
		reason[--len] = '\0';
	log_write(conn->complained ? LOG_DEBUG : LOG_WARN, what,
			  "connection:s error:s", conn->name, reason);
	free(reason);
	conn->complained = true;
	disconnect(conn, false);
}

static void
flush(PgConn *conn)
{
	switch (PQflush(conn->pg))
	{
		case 0:
			break;
		case 1:
			event_add(conn->writable, NULL);
			break;
		default:
			fail(conn, "lost the connection to the database");
	}
}

/*
 * Take what has arrived.  A result is kept until the Sync after it has been
 * answered; an error that comes in between is one of the commit and replaces
 * it.
 */
static void
read_results(PgConn *conn)
{
	PGconn	   *pg = conn->pg;
	PGnotify   *notify;
	int			nulls = 0;

	while (conn->first != NULL && !PQisBusy(pg) && nulls < 2)
	{
		PGresult   *result = PQgetResult(pg);

		if (result == NULL)
		{
			nulls++;
			continue;
		}
		nulls = 0;
		if (PQresultStatus(result) == PGRES_PIPELINE_SYNC)
		{
			PGresult   *kept = conn->first->result;

			PQclear(result);
			pop(conn, kept);
			if (conn->pg != pg)
				return;
			continue;
		}
		if (conn->first->result == NULL ||
			PQresultStatus(result) == PGRES_FATAL_ERROR)
		{
			PQclear(conn->first->result);
			conn->first->result = result;
		}
		else
			PQclear(result);
	}
	while ((notify = PQnotifies(pg)) != NULL)
	{
		if (conn->hooks->notified != NULL)
			conn->hooks->notified(notify->relname, notify->extra, conn->arg);
		PQfreemem(notify);
	}
}

/* The server has sent something, or closed the connection. */
static void
on_readable(evutil_socket_t fd, short events, void *arg)
{
	PgConn	   *conn = arg;
	PGconn	   *pg = conn->pg;

	(void) fd;
	(void) events;
	if (!PQconsumeInput(pg))
	{
		/* What has arrived before is still worth reading */
		read_results(conn);
		if (conn->pg == pg)
			fail(conn, "lost the connection to the database");
		return;
	}
	read_results(conn);
	if (conn->pg != pg)
		return;
	if (PQstatus(pg) == CONNECTION_BAD)
		fail(conn, "lost the connection to the database");
	else if (conn->retired && conn->first == NULL)
		pgconn_free(conn);
	else if (conn->renew && conn->first == NULL)
		disconnect(conn, true);
	else if (conn->state == PGCONN_READY && !conn->renew)
		conn->hooks->ready(conn, conn->arg);
}

static void
on_writable(evutil_socket_t fd, short events, void *arg)
{
	(void) fd;
	(void) events;
	flush(arg);
}

static void
connected(PgConn *conn)
{
	int			fd = PQsocket(conn->pg);

	free_event(&conn->readable);
	free_event(&conn->writable);
	if (PQsetnonblocking(conn->pg, 1) != 0 || !PQenterPipelineMode(conn->pg))
	{
		fail(conn, "could not start a pipeline");
		return;
	}
	conn->readable = event_new(conn->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(conn->base, fd, EV_WRITE, on_writable, conn);
	event_add(conn->readable, NULL);
	conn->state = PGCONN_STARTING;
	conn->hooks->connected(conn, conn->arg);
}

static void
on_connecting(evutil_socket_t fd, short events, void *arg)
{
	PgConn	   *conn = arg;
	short		wanted = EV_WRITE;

	(void) fd;
	(void) events;
	switch (PQconnectPoll(conn->pg))
	{
		case PGRES_POLLING_OK:
			connected(conn);
			return;
		case PGRES_POLLING_FAILED:
			fail(conn, "could not connect to the database");
			return;
		case PGRES_POLLING_READING:
			wanted = EV_READ;
			break;
		default:
			break;
	}
	/* The socket may have changed: libpq tries several addresses */
	free_event(&conn->readable);
	conn->readable = event_new(conn->base, PQsocket(conn->pg), wanted,
							   on_connecting, conn);
	event_add(conn->readable, NULL);
}

/* Notices are the server's talk, for debugging. */
static void
on_notice(void *arg, const PGresult *result)
{
	PgConn	   *conn = arg;

	log_write(LOG_DEBUG, "notice from the database", "connection:s notice:s",
			  conn->name, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

static void
connect_start(PgConn *conn)
{
	/* A server that has vanished is noticed; the connection string wins */
	const char *const keywords[] = {"keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "dbname", "fallback_application_name",
	"client_encoding", NULL};
	const char *const values[] = {"30", "10", "3", "60000", conn->conninfo,
	"dynamo-gateway", "UTF8", NULL};

	conn->pg = PQconnectStartParams(keywords, values, 1);
	conn->state = PGCONN_CONNECTING;
	if (conn->pg == NULL || PQstatus(conn->pg) == CONNECTION_BAD)
	{
		fail(conn, "could not connect to the database");
		return;
	}
	PQsetNoticeReceiver(conn->pg, on_notice, conn);
	conn->readable = event_new(conn->base, PQsocket(conn->pg), EV_WRITE,
							   on_connecting, conn);
	event_add(conn->readable, NULL);
	set_timer(conn, CONNECT_TIMEOUT * 1000);
}

static void
on_timer(evutil_socket_t fd, short events, void *arg)
{
	PgConn	   *conn = arg;

	(void) fd;
	(void) events;
	if (conn->retired)
		pgconn_free(conn);
	else if (conn->state == PGCONN_DOWN)
		connect_start(conn);
	else if (conn->state != PGCONN_READY)
		fail(conn, "timed out while connecting to the database");
}

PgConn *
pgconn_new(struct event_base *base, const char *name, const char *conninfo,
		   const PgConnHooks *hooks, void *arg)
{
	PgConn	   *conn = xcalloc(1, sizeof(PgConn));

	conn->base = base;
	conn->name = xstrdup(name);
	conn->conninfo = xstrdup(conninfo);
	conn->hooks = hooks;
	conn->arg = arg;
	conn->timer = event_new(base, -1, 0, on_timer, conn);
	set_timer(conn, 0);
	return conn;
}

static void
do_nothing(PgConn *conn, void *arg)
{
	(void) conn;
	(void) arg;
}

static const PgConnHooks silent = {do_nothing, do_nothing, do_nothing, NULL};

void
pgconn_free(PgConn *conn)
{
	conn->hooks = &silent;
	disconnect(conn, false);
	free_event(&conn->timer);
	while (conn->spare != NULL)
	{
		Pending    *next = conn->spare->next;

		free(conn->spare);
		conn->spare = next;
	}
	free(conn->name);
	free(conn->conninfo);
	free(conn);
}

void
pgconn_retire(PgConn *conn)
{
	conn->hooks = &silent;
	conn->retired = true;
	if (conn->first == NULL || conn->state != PGCONN_READY)
		pgconn_free(conn);
}

void
pgconn_renew(PgConn *conn, const char *conninfo)
{
	free(conn->conninfo);
	conn->conninfo = xstrdup(conninfo);
	if (conn->state == PGCONN_READY && conn->first != NULL)
		conn->renew = true;
	else
		disconnect(conn, true);
}

void
pgconn_reset(PgConn *conn)
{
	if (conn->state != PGCONN_DOWN)
		disconnect(conn, false);
}

void
pgconn_set_ready(PgConn *conn)
{
	event_del(conn->timer);
	conn->state = PGCONN_READY;
	conn->backoff = 0;
	if (conn->complained)
		log_write(LOG_INFO, "connected to the database again", "connection:s",
				  conn->name);
	conn->complained = false;
	conn->hooks->ready(conn, conn->arg);
}

bool
pgconn_is_ready(const PgConn *conn)
{
	return conn->state == PGCONN_READY && !conn->renew;
}

int
pgconn_pending(const PgConn *conn)
{
	return conn->npending;
}

int64_t
pgconn_head_started(const PgConn *conn)
{
	return conn->head_started;
}

/* ---- sending ---- */

/* A query has been put into libpq's buffer, or not: end it and send. */
static void
finish_send(PgConn *conn, int sent, PgCallback callback, void *arg)
{
	push(conn, callback, arg);
	if (!sent || !PQpipelineSync(conn->pg))
		fail(conn, "could not send to the database");
	else
		flush(conn);
}

/* Without a connection there is nothing to send on. */
static bool
refuse(PgConn *conn, PgCallback callback, void *arg)
{
	if (conn->state == PGCONN_STARTING || conn->state == PGCONN_READY)
		return false;
	callback(arg, NULL);
	return true;
}

void
pgconn_query(PgConn *conn, const char *sql, int nparams,
			 const char *const *values, PgCallback callback, void *arg)
{
	if (!refuse(conn, callback, arg))
		finish_send(conn, PQsendQueryParams(conn->pg, sql, nparams, NULL, values,
											NULL, NULL, 0), callback, arg);
}

void
pgconn_prepare(PgConn *conn, const char *sql, int nparams,
			   PgCallback callback, void *arg)
{
	static const Oid types[] = {TEXT_OID, TEXT_OID, TEXT_OID};

	if (!refuse(conn, callback, arg))
		finish_send(conn, PQsendPrepare(conn->pg, "", sql, nparams, types),
					callback, arg);
}

void
pgconn_execute(PgConn *conn, int nparams, const char *const *values,
			   const int *lengths, PgCallback callback, void *arg)
{
	static const int formats[] = {1, 1, 1};

	if (!refuse(conn, callback, arg))
		finish_send(conn, PQsendQueryPrepared(conn->pg, "", nparams, values, lengths,
											  formats, 1), callback, arg);
}
