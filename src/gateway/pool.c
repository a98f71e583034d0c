/*
 * pool.c - the connections to the database, and the requests that wait.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "keys.h"
#include "log.h"
#include "metrics.h"
#include "pool.h"
#include "replica.h"
#include "util.h"

/*
 * Nothing is sent behind a request that has run for so long, microseconds, and
 * nothing is packed behind one that has run for so long.
 */
#define LONG		5000
#define LONG_PACKED	1000

/*
 * What requests weigh in the pipeline of a connection: those that are packed,
 * and those that are not.
 */
#define WEIGHT_PACKED	1
#define WEIGHT_SPREAD	4

/*
 * The length of a pipeline.  Where there are two processors, the gateway has one
 * and a server process the other: a second one would only wait for its turn,
 * and the requests with it.  Where there are more, a pipeline that is too long
 * would leave them idle.
 */
#define DEPTH_TWO_PROCESSORS	64
#define DEPTH_MORE_PROCESSORS	16

/* How often the database is asked whether commits wait for the disk, seconds. */
#define SETTINGS_INTERVAL	1

/* How often a request is sent, at most. */
#define ATTEMPTS_MAX	4

/*
 * Microseconds before a request is sent again whose connection was lost.  Where
 * one is lost the others often are as well, which is to be noticed first.
 */
#define RETRY_PAUSE	50000

typedef struct Member
{
	PgConn	   *conn;
	PoolName	pool;
	int			sent;			/* requests under way */
	int			weight;			/* what they weigh together */
	int			other;			/* of them those that are not just reads */
	bool		retired;		/* to be freed when none is left */
} Member;

typedef struct Pool
{
	Member	  **members;
	int			n;
	bool		lost_all;		/* so that it is logged once */
} Pool;

typedef struct ControlQuery
{
	const char *sql;
	char	   *value;
	PgCallback	callback;
	void	   *arg;
	int64_t		asked;			/* now_us() */
	struct ControlQuery *next;
} ControlQuery;

static struct event_base *event_base;
static Pool pools[NPOOLS];
static PgConn *control;			/* the gateway's own queries */
static ControlQuery *waiting;	/* queries until it is ready, the last first */
static int	nwaiting;
static PgConn *replica_control;
static Exchange *queue_first;
static Exchange *queue_last;
static int	nqueued;
static int	nrunning;
static struct event *queue_timer;
static Exchange *lost_first;	/* to be sent again after RETRY_PAUSE */
static struct event *lost_timer;
static struct event *settings_timer;
static bool settings_asked;		/* an answer is on its way */
static bool commits_wait = true;	/* synchronous_commit is not off */
static char *used_database;		/* the settings that the connections have */
static char *used_replica;
static int	used_request_timeout;

static const char *const pool_names[] = {
	[POOL_PRIMARY] = "primary",
	[POOL_REPLICA] = "replica",
};

static void dispatch(void);
static void enqueue(Exchange *exchange);
static void on_lost_timer(evutil_socket_t fd, short events, void *arg);
static void start_queue_timer(void);

/* ---- starting a connection ---- */

/* The text of an error, for the log. */
static const char *
error_text(const PGresult *result)
{
	return result == NULL ? "the connection was lost" :
		PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}

static bool
succeeded(const PGresult *result)
{
	return result != NULL && (PQresultStatus(result) == PGRES_TUPLES_OK ||
							  PQresultStatus(result) == PGRES_COMMAND_OK);
}

/* The last query of a connection's start has been answered. */
static void
member_started(void *arg, PGresult *result)
{
	Member	   *member = arg;

	if (succeeded(result))
		pgconn_set_ready(member->conn);
	else if (result != NULL)
	{
		log_write(LOG_ERROR, "could not prepare a connection", "pool:s error:s",
				  pool_names[member->pool], error_text(result));
		pgconn_reset(member->conn);
	}
	PQclear(result);
}

static void
ignore_result(void *arg, PGresult *result)
{
	(void) arg;
	PQclear(result);
}

static void
member_connected(PgConn *conn, void *arg)
{
	Member	   *member = arg;
	char		timeout[32];
	const char *const values[] = {timeout};

	snprintf(timeout, sizeof(timeout), "%ds", used_request_timeout);
	pgconn_query(conn, "SELECT pg_catalog.set_config('statement_timeout', $1, false), "
				 "pg_catalog.set_config('default_transaction_isolation', 'read committed', false)",
				 1, values, ignore_result, NULL);
	if (config.no_auth)
		pgconn_prepare(conn, "SELECT dynamo.invoke($1, $2)", 2, member_started, member);
	else
		pgconn_prepare(conn, "SELECT dynamo.invoke_as($1, $2, $3)", 3,
					   member_started, member);
}

static void
member_ready(PgConn *conn, void *arg)
{
	Member	   *member = arg;

	(void) conn;
	if (pools[member->pool].lost_all)
		log_write(LOG_INFO, "the database answers", "pool:s", pool_names[member->pool]);
	pools[member->pool].lost_all = false;
	dispatch();
}

static void
member_lost(PgConn *conn, void *arg)
{
	Member	   *member = arg;
	Pool	   *pool = &pools[member->pool];
	bool		any = false;

	(void) conn;
	metrics_count(METRICS_CONNECTIONS_LOST);
	for (int i = 0; i < pool->n && !any; i++)
		any = pgconn_is_ready(pool->members[i]->conn);
	if (!any && !pool->lost_all)
		log_write(LOG_ERROR, "no connection to the database is left", "pool:s",
				  pool_names[member->pool]);
	pool->lost_all = !any;
}

static const PgConnHooks member_hooks = {
	member_connected, member_ready, member_lost, NULL
};

/* ---- the control connection ---- */

static void
exceptions_loaded(void *arg, PGresult *result)
{
	(void) arg;
	if (succeeded(result))
		errors_load(result);
	PQclear(result);
}

static void
operations_loaded(void *arg, PGresult *result)
{
	(void) arg;
	if (succeeded(result))
	{
		catalog_load(result);
		pgconn_set_ready(control);
	}
	else if (result != NULL)
	{
		log_write(LOG_ERROR, "the database does not know dynamo.operations()",
				  "error:s", error_text(result));
		pgconn_reset(control);
	}
	PQclear(result);
}

static void
listening(void *arg, PGresult *result)
{
	(void) arg;
	keys_set_listening(succeeded(result));
	PQclear(result);
}

static void
settings_answered(void *arg, PGresult *result)
{
	(void) arg;
	settings_asked = false;
	if (succeeded(result))
		commits_wait = strcmp(PQgetvalue(result, 0, 0), "off") != 0;
	PQclear(result);
}

static void
ask_settings(PgConn *conn)
{
	settings_asked = true;
	pgconn_query(conn, "SELECT pg_catalog.current_setting('synchronous_commit')",
				 0, NULL, settings_answered, NULL);
}

static void
on_settings_timer(evutil_socket_t fd, short events, void *arg)
{
	(void) fd;
	(void) events;
	(void) arg;
	if (pgconn_is_ready(control) && !settings_asked)
		ask_settings(control);
}

static void
control_connected(PgConn *conn, void *arg)
{
	(void) arg;
	ask_settings(conn);
	if (!config.no_auth)
		pgconn_query(conn, "LISTEN dynamo_access_keys", 0, NULL, listening, NULL);
	pgconn_query(conn, "SELECT sqlstate, name, http_status FROM dynamo.exceptions()",
				 0, NULL, exceptions_loaded, NULL);
	pgconn_query(conn, "SELECT dynamo.operations()", 0, NULL, operations_loaded, NULL);
}

static void
control_lost(PgConn *conn, void *arg)
{
	(void) conn;
	(void) arg;
	keys_set_listening(false);
}

static void
control_notified(const char *channel, const char *payload, void *arg)
{
	(void) channel;
	(void) arg;
	keys_forget(payload);
}

static void
control_query_done(ControlQuery *query, PGresult *result)
{
	query->callback(query->arg, result);
	free(query->value);
	free(query);
}

static void ask_later(ControlQuery *query);

static void
control_answered(void *arg, PGresult *result)
{
	if (result == NULL)
		ask_later(arg);
	else
		control_query_done(arg, result);
}

static void
ask(ControlQuery *query)
{
	pgconn_query(control, query->sql, 1, (const char *const *) &query->value,
				 control_answered, query);
}

/* Put a query aside until the connection is ready, or it has taken too long. */
static void
ask_later(ControlQuery *query)
{
	if (nwaiting >= config.queue_limit ||
		now_us() - query->asked >= (int64_t) config.queue_timeout * 1000000)
	{
		control_query_done(query, NULL);
		return;
	}
	query->next = waiting;
	waiting = query;
	nwaiting++;
	start_queue_timer();
}

/* Ask what has waited; give up on the rest when there is no connection. */
static void
ask_waiting(void)
{
	ControlQuery *list = waiting;

	waiting = NULL;
	nwaiting = 0;
	while (list != NULL)
	{
		ControlQuery *query = list;

		list = query->next;
		if (pgconn_is_ready(control))
			ask(query);
		else
			ask_later(query);
	}
}

/* Give up on all that wait. */
static void
drop_waiting(void)
{
	while (waiting != NULL)
	{
		ControlQuery *query = waiting;

		waiting = query->next;
		nwaiting--;
		control_query_done(query, NULL);
	}
}

static void
control_ready(PgConn *conn, void *arg)
{
	(void) conn;
	(void) arg;
	if (waiting != NULL)
		ask_waiting();
}

void
pool_control_query(const char *sql, const char *value, PgCallback callback,
				   void *arg)
{
	ControlQuery *query = xmalloc(sizeof(ControlQuery));

	query->sql = sql;
	query->value = xstrdup(value);
	query->callback = callback;
	query->arg = arg;
	query->asked = now_us();
	if (pgconn_is_ready(control))
		ask(query);
	else
		ask_later(query);
}

static const PgConnHooks control_hooks = {
	control_connected, control_ready, control_lost, control_notified
};

static void
do_nothing(PgConn *conn, void *arg)
{
	(void) conn;
	(void) arg;
}

static void
replica_control_connected(PgConn *conn, void *arg)
{
	(void) arg;
	pgconn_set_ready(conn);
}

static const PgConnHooks replica_control_hooks = {
	replica_control_connected, do_nothing, do_nothing, NULL
};

/* ---- the pools ---- */

/* Bring a pool to a number of connections. */
static void
resize(PoolName name, const char *conninfo, int n)
{
	Pool	   *pool = &pools[name];

	while (pool->n > n)
	{
		Member	   *member = pool->members[--pool->n];
		bool		in_use = member->sent > 0;

		/* Requests that are under way refer to it: the last one frees it */
		member->retired = true;
		pgconn_retire(member->conn);
		if (!in_use)
			free(member);
	}
	pool->members = xrealloc(pool->members, (size_t) n * sizeof(Member *));
	while (pool->n < n)
	{
		Member	   *member = xcalloc(1, sizeof(Member));

		member->pool = name;
		pool->members[pool->n++] = member;
		member->conn = pgconn_new(event_base, pool_names[name], conninfo,
								  &member_hooks, member);
	}
}

static void
renew(PoolName name, const char *conninfo)
{
	for (int i = 0; i < pools[name].n; i++)
		pgconn_renew(pools[name].members[i]->conn, conninfo);
}

static void
start_replica(void)
{
	if (*config.replica == '\0')
		return;
	resize(POOL_REPLICA, config.replica, config.pool_size);
	replica_control = pgconn_new(event_base, "replica control", config.replica,
								 &replica_control_hooks, NULL);
	replica_start(event_base, control, replica_control);
}

static void
stop_replica(void)
{
	replica_stop();
	resize(POOL_REPLICA, "", 0);
	if (replica_control != NULL)
		pgconn_free(replica_control);
	replica_control = NULL;
}

/* Remember the settings that the connections are made with. */
static void
note_settings(void)
{
	free(used_database);
	free(used_replica);
	used_database = xstrdup(config.database);
	used_replica = xstrdup(config.replica);
	used_request_timeout = config.request_timeout;
}

/* Take the first request off the queue; there is one. */
static Exchange *
take_queued(void)
{
	Exchange   *exchange = queue_first;

	queue_first = exchange->next;
	if (queue_first == NULL)
		queue_last = NULL;
	nqueued--;
	return exchange;
}

/* Refuse what has waited too long. */
static void
on_queue_timer(evutil_socket_t fd, short events, void *arg)
{
	int64_t		oldest = now_us() - (int64_t) config.queue_timeout * 1000000;

	(void) fd;
	(void) events;
	(void) arg;
	while (queue_first != NULL && queue_first->queued <= oldest)
	{
		metrics_count(METRICS_QUEUE_TIMED_OUT);
		exchange_unavailable(take_queued(), "waited too long for a connection to the database");
	}
	if (waiting != NULL)
		ask_waiting();
	if (queue_first != NULL)
		start_queue_timer();
}

/* Look from time to time whether something has waited too long. */
static void
start_queue_timer(void)
{
	struct timeval tv = {0, 100000};

	if (!event_pending(queue_timer, EV_TIMEOUT, NULL))
		event_add(queue_timer, &tv);
}

void
pool_start(struct event_base *base)
{
	struct timeval interval = {SETTINGS_INTERVAL, 0};

	event_base = base;
	queue_timer = event_new(base, -1, 0, on_queue_timer, NULL);
	lost_timer = event_new(base, -1, 0, on_lost_timer, NULL);
	settings_timer = event_new(base, -1, EV_PERSIST, on_settings_timer, NULL);
	event_add(settings_timer, &interval);
	note_settings();
	control = pgconn_new(base, "control", config.database, &control_hooks, NULL);
	resize(POOL_PRIMARY, config.database, config.pool_size);
	start_replica();
}

void
pool_reload(void)
{
	bool		timeout_changed = used_request_timeout != config.request_timeout;
	bool		database_changed = strcmp(used_database, config.database) != 0;
	bool		replica_changed = strcmp(used_replica, config.replica) != 0;

	note_settings();
	keys_forget(NULL);
	if (database_changed || timeout_changed)
		renew(POOL_PRIMARY, config.database);
	if (database_changed)
		pgconn_renew(control, config.database);
	resize(POOL_PRIMARY, config.database, config.pool_size);
	if (replica_changed)
	{
		stop_replica();
		start_replica();
	}
	else if (replica_control != NULL)
	{
		if (timeout_changed)
			renew(POOL_REPLICA, config.replica);
		resize(POOL_REPLICA, config.replica, config.pool_size);
	}
	dispatch();
}

void
pool_abandon(void)
{
	for (int i = 0; i < NPOOLS; i++)
	{
		while (pools[i].n > 0)
		{
			Member	   *member = pools[i].members[--pools[i].n];

			pgconn_free(member->conn);
			free(member);
		}
	}
	on_lost_timer(-1, 0, NULL);
	while (queue_first != NULL)
		exchange_unavailable(take_queued(), "the gateway is shutting down");
	drop_waiting();
}

void
pool_stop(void)
{
	pool_abandon();
	stop_replica();
	if (control != NULL)
		pgconn_free(control);
	control = NULL;
	drop_waiting();
	for (int i = 0; i < NPOOLS; i++)
	{
		free(pools[i].members);
		pools[i].members = NULL;
	}
	if (queue_timer != NULL)
		event_free(queue_timer);
	queue_timer = NULL;
	if (lost_timer != NULL)
		event_free(lost_timer);
	if (settings_timer != NULL)
		event_free(settings_timer);
	lost_timer = settings_timer = NULL;
	free(used_database);
	free(used_replica);
	used_database = used_replica = NULL;
}

bool
pool_available(void)
{
	return catalog_loaded() && pool_status(POOL_PRIMARY).down < pools[POOL_PRIMARY].n;
}

/* ---- requests ---- */

/* The length of a pipeline, as set or as suits the machine. */
static int
pipeline_depth(void)
{
	static int	automatic = 0;

	if (config.pipeline_depth > 0)
		return config.pipeline_depth;
	if (automatic == 0)
		automatic = sysconf(_SC_NPROCESSORS_ONLN) <= 2 ? DEPTH_TWO_PROCESSORS :
			DEPTH_MORE_PROCESSORS;
	return automatic;
}

/* Can a connection take a request behind those that it has? */
static bool
has_room(const Member *member, int weight, int64_t now, int64_t longest)
{
	return pgconn_is_ready(member->conn) &&
		(pgconn_pending(member->conn) == 0 ||
		 (member->weight + weight <= pipeline_depth() &&
		  now - pgconn_head_started(member->conn) < longest));
}

/*
 * The connection of a pool that is to take a request; NULL: none.  *weight is
 * what the request will weigh there.
 */
static Member *
choose(PoolName name, const Operation *operation, int *weight)
{
	Pool	   *pool = &pools[name];
	Member	   *best = NULL;
	int64_t		now = now_us();

	/* Reads from one end, behind nothing but reads; writes from the other */
	*weight = WEIGHT_PACKED;
	if (operation->cost == COST_READ)
	{
		for (int i = 0; i < pool->n; i++)
		{
			if (pool->members[i]->other == 0 &&
				has_room(pool->members[i], *weight, now, LONG_PACKED))
				return pool->members[i];
		}
	}
	else if (operation->cost == COST_WRITE && !commits_wait)
	{
		for (int i = pool->n - 1; i >= 0; i--)
		{
			if (has_room(pool->members[i], *weight, now, LONG_PACKED))
				return pool->members[i];
		}
	}

	*weight = WEIGHT_SPREAD;
	for (int i = pool->n - 1; i >= 0; i--)
	{
		Member	   *member = pool->members[i];

		if ((best == NULL || member->weight < best->weight) &&
			has_room(member, *weight, now, LONG))
			best = member;
	}
	return best;
}

/*
 * Send a request again, at once or after a pause, unless that has been tried
 * often enough.
 */
static bool
retry(Exchange *exchange, bool pause)
{
	struct timeval tv = {0, RETRY_PAUSE};

	if (exchange->attempts >= ATTEMPTS_MAX)
		return false;
	metrics_count(METRICS_RETRIED);
	if (!pause)
	{
		enqueue(exchange);
		return true;
	}
	exchange->next = lost_first;
	lost_first = exchange;
	if (!event_pending(lost_timer, EV_TIMEOUT, NULL))
		event_add(lost_timer, &tv);
	return true;
}

/* Take the requests of lost connections up again. */
static void
on_lost_timer(evutil_socket_t fd, short events, void *arg)
{
	Exchange   *exchange = lost_first;

	(void) fd;
	(void) events;
	(void) arg;
	lost_first = NULL;
	while (exchange != NULL)
	{
		Exchange   *next = exchange->next;

		enqueue(exchange);
		exchange = next;
	}
}

/* The database has answered a request, or is gone. */
static void
executed(void *arg, PGresult *result)
{
	Exchange   *exchange = arg;
	Member	   *member = exchange->member;
	bool		on_replica = member->pool == POOL_REPLICA;
	const char *sqlstate;

	nrunning--;
	member->sent--;
	member->weight -= exchange->weight;
	if (exchange->operation->cost != COST_READ)
		member->other--;
	if (member->sent == 0 && member->retired)
		free(member);
	if (succeeded(result))
	{
		if (on_replica)
			metrics_count(METRICS_REPLICA_READS);
		exchange_respond(exchange, result);
		return;
	}

	/* A replica's answer is final only when it is one: it may lack the table */
	if (on_replica)
	{
		PQclear(result);
		metrics_count(METRICS_REPLICA_FALLBACKS);
		enqueue(exchange);
		return;
	}
	if (result == NULL)
	{
		/* Whether a write has happened cannot be known */
		if (!exchange->operation->reads || !retry(exchange, true))
			exchange_fail(exchange, &INTERNAL_SERVER_ERROR, "Internal server error");
		return;
	}

	/* Serialization failure, deadlock: the transaction has not happened */
	sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (sqlstate != NULL &&
		(strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0) &&
		retry(exchange, false))
		PQclear(result);
	else
		exchange_respond_error(exchange, result);
}

static void
send_request(Exchange *exchange, Member *member, int weight)
{
	const char *const values[] = {exchange->role, exchange->operation->name,
	exchange->body};
	const int	lengths[] = {(int) strlen(exchange->role),
	(int) strlen(exchange->operation->name), (int) exchange->body_len};
	int			first = config.no_auth ? 1 : 0;

	exchange->member = member;
	exchange->attempts++;
	nrunning++;
	member->sent++;
	exchange->weight = weight;
	member->weight += weight;
	if (exchange->operation->cost != COST_READ)
		member->other++;
	pgconn_execute(member->conn, 3 - first, values + first, lengths + first, executed, exchange);
}

/* Give waiting requests to the connections that can take them. */
static void
dispatch(void)
{
	Member	   *member;
	int			weight;

	while (queue_first != NULL &&
		   (member = choose(POOL_PRIMARY, queue_first->operation, &weight)) != NULL)
		send_request(take_queued(), member, weight);
}

/* Put a request at the end of the queue, or refuse it. */
static void
enqueue(Exchange *exchange)
{
	Member	   *member;
	int			weight;

	if (queue_first == NULL &&
		(member = choose(POOL_PRIMARY, exchange->operation, &weight)) != NULL)
	{
		send_request(exchange, member, weight);
		return;
	}
	if (nqueued >= config.queue_limit)
	{
		metrics_count(METRICS_QUEUE_REJECTED);
		exchange_unavailable(exchange, "too many requests wait for the database");
		return;
	}
	exchange->next = NULL;
	exchange->queued = now_us();
	if (queue_last != NULL)
		queue_last->next = exchange;
	else
		queue_first = exchange;
	queue_last = exchange;
	nqueued++;
	start_queue_timer();
}

void
pool_submit(Exchange *exchange)
{
	Member	   *member;
	int			weight;

	if (pools[POOL_REPLICA].n > 0 && replica_usable() &&
		catalog_allows_replica(exchange->operation, exchange->body, exchange->body_len) &&
		(member = choose(POOL_REPLICA, exchange->operation, &weight)) != NULL)
		send_request(exchange, member, weight);
	else
		enqueue(exchange);
}

/* ---- for the metrics ---- */

PoolStatus
pool_status(PoolName name)
{
	PoolStatus	status = {0, 0, 0};

	for (int i = 0; i < pools[name].n; i++)
	{
		PgConn	   *conn = pools[name].members[i]->conn;

		if (!pgconn_is_ready(conn))
			status.down++;
		else if (pgconn_pending(conn) > 0)
			status.busy++;
		else
			status.idle++;
	}
	return status;
}

int
pool_running(void)
{
	return nrunning;
}

int
pool_queued(void)
{
	return nqueued;
}

bool
pool_replica_usable(void)
{
	return pools[POOL_REPLICA].n > 0 && replica_usable();
}
