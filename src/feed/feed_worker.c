/*
 * feed_worker.c - the worker that drains the streams of a database.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/spin.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "feed/drain.h"
#include "feed/feed_worker.h"
#include "shared_memory.h"
#include "worker.h"

extern PGDLLEXPORT void dynamo_feed_main(Datum arg);

/* Databases with streams whose workers are woken by commits. */
#define FEEDS_MAX		64

/* Longest time between two looks at the WAL, and after an error. */
#define LOOK_MSECS		500
#define ERROR_MSECS		1000

/*
 * Rest after all has been read: what is committed within it is dealt with at
 * once, with a fraction of the work.
 */
#define REST_MSECS		10

/* What has been committed but not been flushed yet is waited for so long. */
#define FLUSH_MSECS		20

/* How long DROP DATABASE waits for the worker, and how often it looks. */
#define DISMISS_MSECS	5000
#define DISMISS_LOOK_MSECS	10

/* A worker makes room for one of another database after this time. */
#define TURN_MSECS		10000

typedef struct Feed
{
	Oid			dboid;			/* InvalidOid: free */
	Latch	   *latch;			/* of the worker; NULL: not running */
	bool		requested;		/* one has been asked for */
	bool		dismissed;		/* it has to leave */
} Feed;

typedef struct FeedShared
{
	slock_t		mutex;			/* first */
	Feed		feeds[FEEDS_MAX];
} FeedShared;

static FeedShared *shared = NULL;

/* The worker's own entry. */
static Feed *my_feed = NULL;

static object_access_hook_type prev_object_access_hook = NULL;

/* ---- those who commit ---- */

/* The entry of this database; NULL if it has no streams. */
static Feed *
find_feed(void)
{
	static Feed *last = NULL;

	/*
	 * An OID is read and written at once: no lock to find out that there is
	 * none
	 */
	if (last && last->dboid == MyDatabaseId)
		return last;
	for (int i = 0; i < FEEDS_MAX; i++)
	{
		if (shared->feeds[i].dboid == MyDatabaseId)
			return last = &shared->feeds[i];
	}
	return NULL;
}

/* Wake the worker, or ask for one. */
static void
wake_feed(Feed *feed)
{
	Latch	   *latch;
	bool		request;

	SpinLockAcquire(&shared->mutex);
	latch = feed->latch;
	request = feed->dboid == MyDatabaseId && latch == NULL && !feed->requested;
	if (request)
		feed->requested = true;
	SpinLockRelease(&shared->mutex);
	if (latch)
		SetLatch(latch);
	else if (request)
		worker_wake(WORKER_FEED);
}

/* Something has been committed: it may be for streams. */
static void
wake_at_commit(XactEvent event, void *arg)
{
	static XLogRecPtr last_commit = InvalidXLogRecPtr;
	Feed	   *feed;

	if (event != XACT_EVENT_COMMIT || shared == NULL ||
		!OidIsValid(MyDatabaseId) || XactLastCommitEnd == last_commit)
		return;
	last_commit = XactLastCommitEnd;
	feed = find_feed();
	if (feed && feed->latch != MyLatch)
		wake_feed(feed);
}

/* ---- DROP DATABASE ---- */

/* Have the worker of a database leave, and wait until the slot is free. */
static void
dismiss_worker(Oid dboid)
{
	TimestampTz started = GetCurrentTimestamp();
	Latch	   *latch = NULL;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < FEEDS_MAX; i++)
	{
		if (shared->feeds[i].dboid == dboid && shared->feeds[i].latch)
		{
			shared->feeds[i].dismissed = true;
			latch = shared->feeds[i].latch;
		}
	}
	SpinLockRelease(&shared->mutex);
	if (latch)
		SetLatch(latch);
	while (feed_slot_is_active(dboid) &&
		   !TimestampDifferenceExceeds(started, GetCurrentTimestamp(), DISMISS_MSECS))
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(DISMISS_LOOK_MSECS * 1000L);
	}
}

/*
 * A database is about to be dropped, which is refused while a slot of it is in
 * use.  No other worker comes: the database is locked.
 */
static void
make_way(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (prev_object_access_hook)
		prev_object_access_hook(access, class_id, object_id, sub_id, arg);
	if (access == OAT_DROP && class_id == DatabaseRelationId && shared)
		dismiss_worker(object_id);
}

void
feed_worker_init(void)
{
	shared_memory_add_struct("dynamo feeds", sizeof(FeedShared), (void **) &shared);
	RegisterXactCallback(wake_at_commit, NULL);
	prev_object_access_hook = object_access_hook;
	object_access_hook = make_way;
}

void
feed_worker_start(void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	const Feed *feed;
	bool		needed;

	worker_begin_transaction("looking for streams");
	needed = feed_is_needed();
	worker_end_transaction(context);

	/* One that is there looks for itself */
	feed = find_feed();
	if (needed && (feed == NULL || feed->latch == NULL))
		worker_wake(WORKER_FEED);
}

/* ---- the worker ---- */

/* Free the entries of databases that have been dropped. */
static void
forget_dropped(MemoryContext context)
{
	StartTransactionCommand();
	for (int i = 0; i < FEEDS_MAX; i++)
	{
		Oid			dboid = shared->feeds[i].dboid;

		if (!OidIsValid(dboid) ||
			SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum(dboid)))
			continue;
		SpinLockAcquire(&shared->mutex);
		if (shared->feeds[i].dboid == dboid)
			shared->feeds[i].dboid = InvalidOid;
		SpinLockRelease(&shared->mutex);
	}
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/*
 * Take an entry, so that commits wake this worker.  True if one has asked for
 * it, rather than it is just time to look.
 */
static bool
take_feed(void)
{
	Feed	   *feed = find_feed();
	bool		requested = false;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; feed == NULL && i < FEEDS_MAX; i++)
	{
		if (!OidIsValid(shared->feeds[i].dboid))
			feed = &shared->feeds[i];
	}
	if (feed)
	{
		requested = feed->requested;
		feed->dboid = MyDatabaseId;
		feed->latch = MyLatch;
		feed->requested = false;
		feed->dismissed = false;
	}
	SpinLockRelease(&shared->mutex);
	my_feed = feed;
	return requested;
}

/* Be woken no more; forget: nor need another worker be started. */
static void
leave_feed(bool forget)
{
	if (my_feed == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	my_feed->latch = NULL;
	if (forget)
		my_feed->dboid = InvalidOid;
	SpinLockRelease(&shared->mutex);
}

static void
feed_exit(int code, Datum arg)
{
	leave_feed(false);
}

/* Wait until somebody commits, or the time is over; false if nobody did. */
static bool
wait_for_commits(long msecs)
{
	XLogRecPtr	inserted = GetXLogInsertRecPtr();
	int			rc;

	/* Committed without waiting for the flush: it will be seen soon */
	if (GetFlushRecPtr(NULL) < inserted)
		msecs = Min(msecs, FLUSH_MSECS);
	rc = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, msecs,
				   PG_WAIT_EXTENSION);
	if (rc & WL_LATCH_SET)
		ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	return (rc & WL_LATCH_SET) != 0;
}

/* Wait, whoever commits. */
static void
rest(long msecs)
{
	(void) WaitLatch(NULL, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, msecs, PG_WAIT_EXTENSION);
	CHECK_FOR_INTERRUPTS();
}

static bool
has_passed(TimestampTz since, int msecs)
{
	return TimestampDifferenceExceeds(since, GetCurrentTimestamp(), msecs);
}

/* Drain what was committed before those who commit have been told to ask. */
static void
drain_rest(XLogRecPtr seen, MemoryContext context)
{
	XLogRecPtr	inserted = GetXLogInsertRecPtr();
	DrainRound	round;

	for (int i = 0; i < FEED_IDLE_MSECS / FLUSH_MSECS && GetFlushRecPtr(NULL) < inserted; i++)
		(void) wait_for_commits(FLUSH_MSECS);
	if (seen == inserted)
		return;
	MemoryContextSwitchTo(context);
	while (worker_try(feed_round, &round) && round.more)
		MemoryContextReset(context);
}

void
dynamo_feed_main(Datum arg)
{
	MemoryContext context;
	TimestampTz started;
	TimestampTz last_work;
	XLogRecPtr	seen = InvalidXLogRecPtr;

	if (!worker_connect(WORKER_FEED, DatumGetObjectId(arg)))
		proc_exit(0);
	context = AllocSetContextCreate(TopMemoryContext, "dynamo feed worker",
									ALLOCSET_DEFAULT_SIZES);
	before_shmem_exit(feed_exit, (Datum) 0);
	started = GetCurrentTimestamp();
	forget_dropped(context);
	last_work = take_feed() ? started : 0;

	for (;;)
	{
		XLogRecPtr	flushed = GetFlushRecPtr(NULL);
		DrainRound	round = {0};

		if (my_feed && my_feed->dismissed)
		{
			feed_let_go();
			leave_feed(false);
			break;
		}
		if (has_passed(started, TURN_MSECS) && worker_is_wanted_elsewhere())
		{
			leave_feed(false);
			worker_wake(WORKER_FEED);
			break;
		}
		if (flushed != seen)
		{
			bool		done;

			MemoryContextSwitchTo(context);
			done = worker_try(feed_round, &round);
			MemoryContextReset(context);
			if (!done)
			{
				/* Try again, in a new process */
				rest(ERROR_MSECS);
				if (worker_has_extension())
				{
					leave_feed(false);
					worker_wake(WORKER_FEED);
				}
				else
				{
					leave_feed(true);
					feed_drop_orphan();
				}
				break;
			}
			worker_report_activity();
			if (!round.needed)
			{
				/* One that is enabled from now on asks for a worker itself */
				leave_feed(true);
				break;
			}

			if (round.stored)
				last_work = GetCurrentTimestamp();
			if (!round.more)
				rest(REST_MSECS);
			if (round.stored || round.more)
				continue;
			seen = flushed;
		}
		if (has_passed(last_work, FEED_IDLE_MSECS))
		{
			leave_feed(false);
			drain_rest(seen, context);
			break;
		}
		if (wait_for_commits(feed_keep_msecs() > 0 ? feed_keep_msecs() : LOOK_MSECS))
			last_work = GetCurrentTimestamp();
		else if (has_passed(last_work, feed_keep_msecs()))
			feed_let_go();
	}
	proc_exit(0);
}
