/*
 * worker.c - the launcher and the workers that it starts in databases.
 *
 * The launcher is connected to no database and only reads pg_database.  A
 * worker is started in each database in turn, at most dynamo.max_workers at a
 * time and one in a database, does what there is to do, and exits: an idle one
 * would be in the way of DROP DATABASE.
 */
#include "postgres.h"

#include <signal.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "dynamo.h"
#include "feed/ttl.h"
#include "store/index_build.h"
#include "worker.h"

extern PGDLLEXPORT void dynamo_launcher_main(Datum arg);
extern PGDLLEXPORT void dynamo_worker_main(Datum arg);

/* Seconds until a launcher that failed is started again. */
#define LAUNCHER_RESTART	5

/* What workers do, in this order. */
static void (*const jobs[]) (void *arg) =
{
	index_build_pending,
		ttl_expire,
};

#define REQUESTS_MAX	64

/* The table that a worker is at. */
typedef struct WorkerTarget
{
	pid_t		pid;			/* 0: free */
	Oid			dboid;
	Oid			relid;
} WorkerTarget;

typedef struct WorkerShared
{
	slock_t		mutex;
	Latch	   *launcher;		/* NULL: not running */
	int			nrequests;
	Oid			requests[REQUESTS_MAX]; /* databases */
	bool		all_requested;	/* there were more than fit */
	WorkerTarget targets[WORKERS_MAX];
} WorkerShared;

/* A worker that the launcher has started. */
typedef struct RunningWorker
{
	Oid			dboid;
	BackgroundWorkerHandle *handle; /* NULL: none */
} RunningWorker;

static WorkerShared *shared = NULL;
static bool wake_at_commit = false;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/* ---- shared memory ---- */

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(WorkerShared)));
}

static void
start_shared_memory(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("dynamo workers", sizeof(WorkerShared), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(WorkerShared));
		SpinLockInit(&shared->mutex);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
worker_init(void)
{
	BackgroundWorker worker = {0};

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_shared_memory;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = start_shared_memory;

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = LAUNCHER_RESTART;
	strlcpy(worker.bgw_library_name, "dynamo", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dynamo_launcher_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, "dynamo launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "dynamo launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

bool
worker_is_available(void)
{
	bool		available;

	if (shared == NULL || dynamo_max_workers == 0)
		return false;
	SpinLockAcquire(&shared->mutex);
	available = shared->launcher != NULL;
	SpinLockRelease(&shared->mutex);
	return available;
}

/* Ask the launcher for a worker in this database. */
static void
request_worker(void)
{
	Latch	   *launcher;
	int			i = 0;

	SpinLockAcquire(&shared->mutex);
	while (i < shared->nrequests && shared->requests[i] != MyDatabaseId)
		i++;
	if (i == REQUESTS_MAX)
		shared->all_requested = true;
	else if (i == shared->nrequests)
		shared->requests[shared->nrequests++] = MyDatabaseId;
	launcher = shared->launcher;
	SpinLockRelease(&shared->mutex);

	if (launcher)
		SetLatch(launcher);
}

static void
wake_at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (wake_at_commit)
				request_worker();
			wake_at_commit = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			wake_at_commit = false;
			break;
		default:
			break;
	}
}

void
worker_wake_at_commit(void)
{
	static bool registered = false;

	if (shared == NULL)
		return;
	if (!registered)
		RegisterXactCallback(wake_at_transaction_end, NULL);
	registered = true;
	wake_at_commit = true;
}

void
worker_set_target(Oid relid)
{
	int			i = 0;

	if (shared == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	while (i < WORKERS_MAX && shared->targets[i].pid != MyProcPid)
		i++;
	if (i == WORKERS_MAX && OidIsValid(relid))
	{
		i = 0;
		while (i < WORKERS_MAX && shared->targets[i].pid != 0)
			i++;
	}
	if (i < WORKERS_MAX)
	{
		shared->targets[i].pid = OidIsValid(relid) ? MyProcPid : 0;
		shared->targets[i].dboid = MyDatabaseId;
		shared->targets[i].relid = relid;
	}
	SpinLockRelease(&shared->mutex);
}

void
worker_cancel_target(Oid relid)
{
	pid_t		pid = 0;

	if (shared == NULL)
		return;

	/* There is one worker in a database. */
	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < WORKERS_MAX; i++)
	{
		const WorkerTarget *target = &shared->targets[i];

		if (target->pid != 0 && target->dboid == MyDatabaseId &&
			target->relid == relid)
			pid = target->pid;
	}
	SpinLockRelease(&shared->mutex);
	if (pid != 0)
		kill(pid, SIGINT);
}

/* ---- the launcher ---- */

static void
launcher_exit(int code, Datum arg)
{
	SpinLockAcquire(&shared->mutex);
	shared->launcher = NULL;
	SpinLockRelease(&shared->mutex);
}

/* Add the databases that have been asked for; true if that is all of them. */
static bool
take_requests(List **pending)
{
	Oid			requests[REQUESTS_MAX];
	int			nrequests;
	bool		all;

	SpinLockAcquire(&shared->mutex);
	nrequests = shared->nrequests;
	memcpy(requests, shared->requests, sizeof(requests));
	all = shared->all_requested;
	shared->nrequests = 0;
	shared->all_requested = false;
	SpinLockRelease(&shared->mutex);

	for (int i = 0; i < nrequests; i++)
		*pending = list_append_unique_oid(*pending, requests[i]);
	return all;
}

/* Add all databases that can be connected to, except for templates. */
static void
add_databases(List **pending)
{
	MemoryContext context = CurrentMemoryContext;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old_context;

		/* -2 marks a database whose DROP DATABASE was interrupted */
		if (!database->datallowconn || database->datistemplate ||
			database->datconnlimit == -2)
			continue;
		old_context = MemoryContextSwitchTo(context);
		*pending = list_append_unique_oid(*pending, database->oid);
		MemoryContextSwitchTo(old_context);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Start a worker in a database; false if there are no process slots. */
static bool
start_worker(RunningWorker *running, Oid dboid)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "dynamo", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "dynamo_worker_main", BGW_MAXLEN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "dynamo worker for database %u", dboid);
	strlcpy(worker.bgw_type, "dynamo worker", BGW_MAXLEN);
	worker.bgw_main_arg = ObjectIdGetDatum(dboid);
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &running->handle))
	{
		running->handle = NULL;
		return false;
	}
	running->dboid = dboid;
	return true;
}

/*
 * Forget workers that have ended, and start those that may be started.  A
 * database whose worker is still running has to wait: that one may have looked
 * for work before there was any.
 */
static void
start_workers(RunningWorker *running, List **pending)
{
	int			nrunning = 0;
	ListCell   *lc;

	for (int i = 0; i < WORKERS_MAX; i++)
	{
		pid_t		pid;

		if (running[i].handle == NULL)
			continue;
		if (GetBackgroundWorkerPid(running[i].handle, &pid) == BGWH_STOPPED)
		{
			pfree(running[i].handle);
			running[i].handle = NULL;
		}
		else
			nrunning++;
	}

	foreach(lc, *pending)
	{
		Oid			dboid = lfirst_oid(lc);
		int			free_slot = -1;
		bool		busy = false;

		if (nrunning >= dynamo_max_workers)
			break;
		for (int i = 0; i < WORKERS_MAX; i++)
		{
			if (running[i].handle == NULL)
				free_slot = i;
			else if (running[i].dboid == dboid)
				busy = true;
		}
		if (busy)
			continue;
		if (!start_worker(&running[free_slot], dboid))
		{
			ereport(LOG,
					(errmsg("dynamo launcher could not start a worker"),
					 errhint("You might need to increase max_worker_processes.")));
			break;
		}
		*pending = foreach_delete_current(*pending, lc);
		nrunning++;
	}
}

void
dynamo_launcher_main(Datum arg)
{
	RunningWorker *running;
	List	   *pending = NIL;
	TimestampTz last_round = 0;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("dynamo launcher");
	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext, "dynamo launcher",
												ALLOCSET_DEFAULT_SIZES));
	running = palloc0(sizeof(RunningWorker) * WORKERS_MAX);

	before_shmem_exit(launcher_exit, (Datum) 0);
	SpinLockAcquire(&shared->mutex);
	shared->launcher = MyLatch;
	SpinLockRelease(&shared->mutex);

	while (!ShutdownRequestPending)
	{
		TimestampTz now = GetCurrentTimestamp();
		int64		pause;		/* between rounds, milliseconds */
		bool		all;

		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}

		pause = dynamo_worker_naptime * INT64CONST(1000);
		if (dynamo_ttl_interval > 0)
			pause = Min(pause, dynamo_ttl_interval * INT64CONST(1000));
		all = take_requests(&pending);
		if (all || TimestampDifferenceExceeds(last_round, now, pause))
		{
			last_round = now;
			add_databases(&pending);
		}
		start_workers(running, &pending);

		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 TimestampDifferenceMilliseconds(now,
														 TimestampTzPlusMilliseconds(last_round, pause)) + 1,
						 PG_WAIT_EXTENSION);
	}

	/* Other than 0, or it would not be started again */
	proc_exit(1);
}

/* ---- the worker ---- */

/* Run a part of the work, and log its error, if that is wanted. */
static bool
try_part(void (*part) (void *arg), void *arg, bool log_error)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = true;

	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	PG_TRY();
	{
		part(arg);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		QueryCancelPending = false;
		if (log_error)
			EmitErrorReport();
		AbortCurrentTransaction();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		worker_set_target(InvalidOid);
		RESUME_INTERRUPTS();
		done = false;
	}
	PG_END_TRY();
	pgstat_report_activity(STATE_IDLE, NULL);
	return done;
}

bool
worker_try(void (*part) (void *arg), void *arg)
{
	return try_part(part, arg, true);
}

bool
worker_try_quietly(void (*part) (void *arg), void *arg)
{
	return try_part(part, arg, false);
}

static void
worker_exit(int code, Datum arg)
{
	worker_set_target(InvalidOid);
}

/* Settings of the database that would be in the way. */
static void
neutralize_settings(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"statement_timeout", "0"},
		{"lock_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
#if PG_VERSION_NUM >= 170000
		{"transaction_timeout", "0"},
#endif
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
	};

	for (int i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
}

/* Has the database the extension? */
static bool
extension_exists(void)
{
	bool		exists;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	exists = OidIsValid(get_extension_oid("dynamo", true));
	CommitTransactionCommand();
	return exists;
}

void
dynamo_worker_main(Datum arg)
{
	MemoryContext context;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg), InvalidOid, 0);
	pgstat_report_appname("dynamo worker");
	neutralize_settings();
	before_shmem_exit(worker_exit, (Datum) 0);

	if (!extension_exists())
		proc_exit(0);
	context = AllocSetContextCreate(TopMemoryContext, "dynamo worker",
									ALLOCSET_DEFAULT_SIZES);
	do
	{
		for (int i = 0; i < lengthof(jobs); i++)
		{
			MemoryContextSwitchTo(context);
			worker_try(jobs[i], NULL);
			MemoryContextReset(context);
		}
	} while (ttl_is_under_way());
	proc_exit(0);
}
