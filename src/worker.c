/*
 * worker.c - the launcher and the workers that it starts in databases.
 *
 * The launcher is connected to no database and only reads pg_database.  A
 * worker is started in each database in turn, at most dynamo.max_workers at a
 * time and one in a database, does what there is to do, and exits: an idle one
 * would be in the way of DROP DATABASE.  Streams have workers of their own, as
 * many again, since building an index can take long (feed/feed_worker.c).
 */
#include "postgres.h"

#include <signal.h>

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "replication/slot.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/spin.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "dynamo.h"
#include "feed/drain.h"
#include "feed/feed_worker.h"
#include "feed/ttl.h"
#include "shared_memory.h"
#include "store/index_build.h"
#include "worker.h"

extern PGDLLEXPORT void dynamo_launcher_main(Datum arg);
extern PGDLLEXPORT void dynamo_worker_main(Datum arg);

/* Seconds until a launcher that failed is started again. */
#define LAUNCHER_RESTART	5

/* What workers do, in this order. */
static void (*const jobs[]) (void *arg) =
{
	feed_worker_start,
		index_build_pending,
		ttl_expire,
};

#define REQUESTS_MAX	64

/* Kinds of workers: how they are called, and where they begin. */
static const struct
{
	const char *name;
	const char *function;
}			kinds[WORKER_KINDS] =

{
	[WORKER_JOBS] = {"dynamo worker", "dynamo_worker_main"},
	[WORKER_FEED] = {"dynamo feed worker", "dynamo_feed_main"},
};

/* A worker that is asked for. */
typedef struct WorkerRequest
{
	Oid			dboid;
	WorkerKind	kind;
} WorkerRequest;

/* What the workers of a kind in a database have done; kept when they exit. */
#define STATUS_MAX		64
#define ERROR_MAX		256

typedef struct WorkerStatus
{
	Oid			dboid;			/* InvalidOid: free */
	WorkerKind	kind;
	pid_t		pid;			/* 0: not running */
	TimestampTz started_at;
	TimestampTz last_activity;
	TimestampTz last_error_at;	/* 0: never */
	char		last_error[ERROR_MAX];
} WorkerStatus;

/* The table that a worker is at. */
typedef struct WorkerTarget
{
	pid_t		pid;			/* 0: free */
	Oid			dboid;
	Oid			relid;
} WorkerTarget;

typedef struct WorkerShared
{
	slock_t		mutex;			/* first */
	Latch	   *launcher;		/* NULL: not running */
	int			nrequests;
	WorkerRequest requests[REQUESTS_MAX];
	bool		all_requested;	/* there were more than fit */
	bool		waiting[WORKER_KINDS];	/* for others to exit */
	WorkerTarget targets[WORKERS_MAX];
	WorkerStatus status[STATUS_MAX];
} WorkerShared;

/* Workers of all kinds at a time at most. */
#define RUNNING_MAX		(WORKERS_MAX * WORKER_KINDS)

/* A worker that the launcher has started. */
typedef struct RunningWorker
{
	WorkerRequest what;
	BackgroundWorkerHandle *handle; /* NULL: none */
} RunningWorker;

static WorkerShared *shared = NULL;
static bool wake_at_commit[WORKER_KINDS];
static WorkerStatus *my_status = NULL;

/* ---- start ---- */

void
worker_init(void)
{
	BackgroundWorker worker = {0};

	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	shared_memory_add_struct("dynamo workers", sizeof(WorkerShared), (void **) &shared);
	feed_worker_init();

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

void
worker_wake(WorkerKind kind)
{
	Latch	   *launcher;
	int			i = 0;

	if (shared == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	while (i < shared->nrequests && (shared->requests[i].dboid != MyDatabaseId ||
									 shared->requests[i].kind != kind))
		i++;
	if (i == REQUESTS_MAX)
		shared->all_requested = true;
	else if (i == shared->nrequests)
	{
		shared->requests[i].dboid = MyDatabaseId;
		shared->requests[i].kind = kind;
		shared->nrequests++;
	}
	launcher = shared->launcher;
	SpinLockRelease(&shared->mutex);

	if (launcher)
		SetLatch(launcher);
}

static void
wake_at_transaction_end(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	for (int kind = 0; kind < WORKER_KINDS; kind++)
	{
		if (wake_at_commit[kind] && event == XACT_EVENT_COMMIT)
			worker_wake(kind);
		wake_at_commit[kind] = false;
	}
}

void
worker_wake_at_commit(WorkerKind kind)
{
	static bool registered = false;

	if (shared == NULL)
		return;
	if (!registered)
		RegisterXactCallback(wake_at_transaction_end, NULL);
	registered = true;
	wake_at_commit[kind] = true;
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

	/* There is one worker with a target in a database. */
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

/* Add a worker to those that are to be started, unless it is there. */
static void
add_request(List **pending, Oid dboid, WorkerKind kind)
{
	WorkerRequest *request;
	ListCell   *lc;

	foreach(lc, *pending)
	{
		request = lfirst(lc);
		if (request->dboid == dboid && request->kind == kind)
			return;
	}
	request = palloc(sizeof(WorkerRequest));
	request->dboid = dboid;
	request->kind = kind;
	*pending = lappend(*pending, request);
}

/* Add what has been asked for; true if that is all databases. */
static bool
take_requests(List **pending)
{
	WorkerRequest requests[REQUESTS_MAX];
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
		add_request(pending, requests[i].dboid, requests[i].kind);
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
		add_request(pending, database->oid, WORKER_JOBS);
		MemoryContextSwitchTo(old_context);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

/* Start a worker in a database; false if there are no process slots. */
static bool
start_worker(RunningWorker *running, const WorkerRequest *what)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "dynamo", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, kinds[what->kind].function, BGW_MAXLEN);
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for database %u",
			 kinds[what->kind].name, what->dboid);
	strlcpy(worker.bgw_type, kinds[what->kind].name, BGW_MAXLEN);
	worker.bgw_main_arg = ObjectIdGetDatum(what->dboid);
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &running->handle))
	{
		running->handle = NULL;
		return false;
	}
	running->what = *what;
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
	int			nrunning[WORKER_KINDS] = {0};
	bool		waiting[WORKER_KINDS] = {false};
	ListCell   *lc;

	for (int i = 0; i < RUNNING_MAX; i++)
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
			nrunning[running[i].what.kind]++;
	}

	foreach(lc, *pending)
	{
		WorkerRequest *request = lfirst(lc);
		int			free_slot = -1;
		bool		busy = false;

		for (int i = 0; i < RUNNING_MAX; i++)
		{
			if (running[i].handle == NULL)
				free_slot = i;
			else if (running[i].what.dboid == request->dboid &&
					 running[i].what.kind == request->kind)
				busy = true;
		}
		if (busy)
			continue;
		if (nrunning[request->kind] >= dynamo_max_workers)
		{
			waiting[request->kind] = true;
			continue;
		}
		if (!start_worker(&running[free_slot], request))
		{
			ereport(LOG,
					(errmsg("dynamo launcher could not start a worker"),
					 errhint("You might need to increase max_worker_processes.")));
			break;
		}
		*pending = foreach_delete_current(*pending, lc);
		nrunning[request->kind]++;
		pfree(request);
	}

	SpinLockAcquire(&shared->mutex);
	memcpy(shared->waiting, waiting, sizeof(waiting));
	SpinLockRelease(&shared->mutex);
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
	running = palloc0(sizeof(RunningWorker) * RUNNING_MAX);

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

/* ---- status ---- */

/* The entry of a kind of worker in this database; NULL if there is no room. */
static WorkerStatus *
find_status(WorkerKind kind)
{
	WorkerStatus *found = NULL;

	SpinLockAcquire(&shared->mutex);
	for (int i = 0; i < STATUS_MAX; i++)
	{
		WorkerStatus *status = &shared->status[i];

		if (status->dboid == MyDatabaseId && status->kind == kind)
		{
			found = status;
			break;
		}

		/* or one that is free, or of whoever was last there */
		if (status->pid == 0 &&
			(found == NULL ||
			 (OidIsValid(found->dboid) && !OidIsValid(status->dboid))))
			found = status;
	}
	if (found && (found->dboid != MyDatabaseId || found->kind != kind))
	{
		memset(found, 0, sizeof(WorkerStatus));
		found->dboid = MyDatabaseId;
		found->kind = kind;
	}
	if (found)
		found->pid = MyProcPid;
	SpinLockRelease(&shared->mutex);
	return found;
}

void
worker_report_activity(void)
{
	if (my_status == NULL)
		return;
	SpinLockAcquire(&shared->mutex);
	my_status->last_activity = GetCurrentTimestamp();
	SpinLockRelease(&shared->mutex);
}

/* Note the error that is being handled. */
static void
report_error(MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	ErrorData  *error = CopyErrorData();
	TimestampTz now = GetCurrentTimestamp();

	if (my_status)
	{
		SpinLockAcquire(&shared->mutex);
		strlcpy(my_status->last_error, error->message ? error->message : "",
				ERROR_MAX);
		my_status->last_error_at = now;
		SpinLockRelease(&shared->mutex);
	}
	FreeErrorData(error);
	MemoryContextSwitchTo(old_context);
}

bool
worker_is_wanted_elsewhere(void)
{
	bool		wanted;

	SpinLockAcquire(&shared->mutex);
	wanted = my_status && shared->waiting[my_status->kind];
	SpinLockRelease(&shared->mutex);
	return wanted;
}

PG_FUNCTION_INFO_V1(dynamo_workers);

/*
 * dynamo.workers() RETURNS TABLE (kind text, pid int, started_at timestamptz,
 * last_activity timestamptz, last_error text, last_error_at timestamptz): of
 * this database
 */
Datum
dynamo_workers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; shared && i < STATUS_MAX; i++)
	{
		WorkerStatus status;
		Datum		values[6];
		bool		nulls[6] = {0};
		int			len;

		SpinLockAcquire(&shared->mutex);
		status = shared->status[i];
		SpinLockRelease(&shared->mutex);
		if (!OidIsValid(status.dboid) || status.dboid != MyDatabaseId)
			continue;

		/* It may have been cut within a character */
		len = pg_mbcliplen(status.last_error, strlen(status.last_error), ERROR_MAX - 4);
		status.last_error[len] = '\0';
		values[0] = CStringGetTextDatum(kinds[status.kind].name);
		values[1] = Int32GetDatum(status.pid);
		nulls[1] = status.pid == 0;
		values[2] = TimestampTzGetDatum(status.started_at);
		values[3] = TimestampTzGetDatum(status.last_activity);
		nulls[3] = status.last_activity == 0;
		values[4] = CStringGetTextDatum(status.last_error);
		values[5] = TimestampTzGetDatum(status.last_error_at);
		nulls[4] = nulls[5] = status.last_error_at == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
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
		report_error(context);
		AbortCurrentTransaction();
		if (MyReplicationSlot != NULL)
			ReplicationSlotRelease();
		compat_cleanup_slots();
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

void
worker_begin_transaction(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
}

void
worker_end_transaction(MemoryContext context)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	MemoryContextSwitchTo(context);
}

static void
worker_exit(int code, Datum arg)
{
	worker_set_target(InvalidOid);
	if (my_status)
	{
		SpinLockAcquire(&shared->mutex);
		my_status->pid = 0;
		SpinLockRelease(&shared->mutex);
	}
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

bool
worker_has_extension(void)
{
	bool		exists;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	exists = OidIsValid(get_extension_oid("dynamo", true));
	CommitTransactionCommand();
	return exists;
}

bool
worker_connect(WorkerKind kind, Oid dboid)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(dboid, InvalidOid, 0);
	pgstat_report_appname(kinds[kind].name);
	neutralize_settings();
	before_shmem_exit(worker_exit, (Datum) 0);

	my_status = find_status(kind);
	if (my_status)
	{
		SpinLockAcquire(&shared->mutex);
		my_status->started_at = my_status->last_activity = GetCurrentTimestamp();
		SpinLockRelease(&shared->mutex);
	}
	return worker_has_extension();
}

void
dynamo_worker_main(Datum arg)
{
	MemoryContext context;

	if (!worker_connect(WORKER_JOBS, DatumGetObjectId(arg)))
	{
		feed_drop_orphan();
		proc_exit(0);
	}
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
		worker_report_activity();
	} while (ttl_is_under_way());
	proc_exit(0);
}
