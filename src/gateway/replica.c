/*
 * replica.c - how far the replica is behind.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "config.h"
#include "log.h"
#include "replica.h"
#include "util.h"

/* One a second, for as long as max-replica-lag may be. */
#define NSAMPLES	3600

#define POSITION_SQL \
	"SELECT pg_catalog.pg_is_in_recovery(), " \
	"CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() " \
	"ELSE pg_catalog.pg_current_wal_lsn() END OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn"

typedef struct Sample
{
	int64_t		time;			/* now_us() */
	uint64_t	lsn;
} Sample;

static PgConn *primary;
static PgConn *replica;
static struct event *timer;
static Sample samples[NSAMPLES];	/* positions of the primary, a ring */
static size_t nsamples;			/* ever taken */
static int64_t fresh;			/* the replica has what was there then; 0:
								 * nothing */
static int64_t asked;			/* when the primary was asked last */
static bool primary_asked;		/* an answer is on its way */
static bool replica_asked;
static bool was_usable;

/* The two columns of an answer. */
static bool
read_position(const PGresult *result, bool *in_recovery, uint64_t *lsn)
{
	if (result == NULL || PQresultStatus(result) != PGRES_TUPLES_OK ||
		PQgetisnull(result, 0, 1))
		return false;
	*in_recovery = *PQgetvalue(result, 0, 0) == 't';
	*lsn = strtoull(PQgetvalue(result, 0, 1), NULL, 10);
	return true;
}

static void
primary_answered(void *arg, PGresult *result)
{
	bool		in_recovery;
	uint64_t	lsn;

	(void) arg;
	primary_asked = false;
	if (read_position(result, &in_recovery, &lsn))
	{
		samples[nsamples % NSAMPLES].time = asked;
		samples[nsamples % NSAMPLES].lsn = lsn;
		nsamples++;
	}
	PQclear(result);
}

static void
replica_answered(void *arg, PGresult *result)
{
	bool		in_recovery;
	uint64_t	lsn;
	bool		usable;

	(void) arg;
	replica_asked = false;
	if (!read_position(result, &in_recovery, &lsn) || !in_recovery)
		fresh = 0;				/* gone, or a primary of its own */
	else
	{
		size_t		n = nsamples < NSAMPLES ? nsamples : NSAMPLES;

		for (size_t i = 1; i <= n; i++)
		{
			const Sample *sample = &samples[(nsamples - i) % NSAMPLES];

			if (sample->lsn <= lsn)
			{
				if (sample->time > fresh)
					fresh = sample->time;
				break;
			}
		}
	}
	PQclear(result);

	usable = replica_usable();
	if (usable != was_usable)
		log_write(LOG_INFO, usable ? "the replica serves reads" :
				  "the replica does not serve reads", "");
	was_usable = usable;
}

static void
on_timer(evutil_socket_t fd, short events, void *arg)
{
	(void) fd;
	(void) events;
	(void) arg;
	if (pgconn_is_ready(primary) && !primary_asked)
	{
		primary_asked = true;
		asked = now_us();
		pgconn_query(primary, POSITION_SQL, 0, NULL, primary_answered, NULL);
	}
	if (pgconn_is_ready(replica) && !replica_asked)
	{
		replica_asked = true;
		pgconn_query(replica, POSITION_SQL, 0, NULL, replica_answered, NULL);
	}
}

void
replica_start(struct event_base *base, PgConn *of_primary, PgConn *of_replica)
{
	struct timeval second = {1, 0};

	primary = of_primary;
	replica = of_replica;
	nsamples = 0;
	fresh = 0;
	primary_asked = replica_asked = false;
	timer = event_new(base, -1, EV_PERSIST, on_timer, NULL);
	event_add(timer, &second);
}

void
replica_stop(void)
{
	if (timer != NULL)
		event_free(timer);
	timer = NULL;
	fresh = 0;
}

bool
replica_usable(void)
{
	return fresh != 0 &&
		now_us() - fresh <= (int64_t) config.max_replica_lag * 1000000;
}
