/*
 * drain.c - from the WAL into the log of stream records.
 *
 * The slot is not transactional, the log is: whatever is done to the slot is
 * either harmless if the transaction fails, or done when what it depends on
 * has been committed, and flushed.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "replication/slot.h"
#include "storage/standby.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/pg_lsn.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dynamo.h"
#include "errors.h"
#include "feed/drain.h"
#include "feed/stream_log.h"
#include "worker.h"

/* Records after which a batch ends, with their transaction. */
#define BATCH_RECORDS	10000

/* Records in memory at a time. */
#define FETCH_RECORDS	50

/*
 * WAL that is read again from the point where decoding has to begin before
 * the server is told what is running, which lets the slot move that point.
 */
#define RESTART_BYTES	(8 * 1024 * 1024)

/* WAL without records that the slot is left behind. */
#define ADVANCE_BYTES	(1024 * 1024)

/* How long the worker waits for a transaction when it creates the slot. */
#define CREATE_TIMEOUT	"60s"

/* Output plugin of the slot: this library. */
#define PLUGIN		"dynamo"

/* Channel that is told of tables with new records. */
#define CHANNEL		"dynamo_stream"

/* The slot of the database. */
typedef struct SlotState
{
	bool		exists;			/* and has been made completely */
	bool		active;			/* somebody has it */
	bool		lost;			/* the WAL that it needs has been removed */
	XLogRecPtr	confirmed;
	XLogRecPtr	restart;
} SlotState;

/* ---- the slot ---- */

char *
feed_slot_name(void)
{
	return psprintf("dynamo_%u", MyDatabaseId);
}

static SlotState
read_slot(void)
{
	SlotState	state = {0};
	ReplicationSlot *slot = SearchNamedReplicationSlot(feed_slot_name(), true);

	if (slot == NULL)
		return state;
	SpinLockAcquire(&slot->mutex);
	state.exists = slot->in_use && slot->data.persistency == RS_PERSISTENT;
	state.active = slot->active_pid != 0;
	state.confirmed = slot->data.confirmed_flush;
	state.restart = slot->data.restart_lsn;
	SpinLockRelease(&slot->mutex);
	state.lost = XLogRecPtrIsInvalid(state.restart);
	return state;
}

/*
 * From here on the slot is used.  The server logs each time at what point it
 * begins to decode, which would fill the log.
 */
static void
begin_slot_use(Oid *user, int *sec_context)
{
	GetUserIdAndSecContext(user, sec_context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
						   *sec_context | SECURITY_LOCAL_USERID_CHANGE);
	errors_hide_log = true;
}

static void
end_slot_use(Oid user, int sec_context)
{
	errors_hide_log = false;
	SetUserIdAndSecContext(user, sec_context);
}

/*
 * Run a function on the slot.  As the bootstrap superuser: whoever reads a
 * stream need not be allowed to replicate.
 */
static void
call_slot_function(const char *sql, Oid type, Datum argument)
{
	Oid			types[2] = {TEXTOID, type};
	Datum		values[2] = {CStringGetTextDatum(feed_slot_name()), argument};
	Oid			user;
	int			sec_context;

	begin_slot_use(&user, &sec_context);
	PG_TRY();
	{
		SPI_connect();
		if (SPI_execute_with_args(sql, 2, types, values, NULL, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not execute: %s", sql);
		SPI_finish();
	}
	PG_FINALLY();
	{
		end_slot_use(user, sec_context);
	}
	PG_END_TRY();
}

/* In a transaction that has not written. */
static void
create_slot(void)
{
	call_slot_function("SELECT pg_catalog.pg_create_logical_replication_slot($1, $2)",
					   NAMEOID, CStringGetDatum(PLUGIN));
}

/* Let go of WAL: what came before is in the log, and that is flushed. */
static void
advance_slot(XLogRecPtr lsn)
{
	call_slot_function("SELECT pg_catalog.pg_replication_slot_advance($1, $2)",
					   PG_LSNOID, LSNGetDatum(lsn));
}

/* ---- the streams ---- */

/* Is there a stream that records may still come for? */
static bool
has_open_streams(void)
{
	ListCell   *lc;

	/* also one that is about to be enabled */
	foreach(lc, streams_read(NULL, STREAMS_DIRTY))
	{
		if (!((const StreamRow *) lfirst(lc))->drained)
			return true;
	}
	return false;
}

bool
feed_is_needed(void)
{
	return SearchNamedReplicationSlot(feed_slot_name(), true) != NULL ||
		streams_read(NULL, STREAMS_DIRTY) != NIL;
}

/*
 * No commit before `lsn` will come into the log.  A stream that has had no
 * slot yet begins there; of others, what they held is trimmed, so that no
 * consumer passes over the gap without knowing.
 */
static void
skip_to(XLogRecPtr lsn, bool was_ready)
{
	ListCell   *lc;

	foreach(lc, streams_read(NULL, STREAMS_CURRENT))
	{
		StreamRow  *row = lfirst(lc);

		if (row->drained || row->trimmed_to >= lsn)
			continue;
		if (!was_ready && row->start_lsn == row->trimmed_to)
			row->start_lsn = lsn;
		row->trimmed_to = lsn;
		if (row->ended_at && row->end_lsn <= lsn)
			row->drained = true;
		streams_write(row);
	}
}

/* The slot is gone, or will be. */
static void
note_loss(StreamPosition *position)
{
	ForceSyncCommit();
	skip_to(GetXLogInsertRecPtr(), true);
	position->slot_ready = false;
	stream_position_write(position);
}

/* There is a new slot, which gives all commits from now on. */
static void
note_slot(StreamPosition *position)
{
	SlotState	slot = read_slot();

	ForceSyncCommit();
	skip_to(slot.confirmed, false);
	position->drained_to = slot.confirmed;
	position->slot_ready = true;
	stream_position_write(position);
}

/* ---- draining ---- */

/*
 * Append what a cursor gives to the log; returns the number of records, those
 * that were left out included.
 */
static int64
append_changes(Portal portal, LogWriter *writer)
{
	int64		count = 0;

	do
	{
		SPI_cursor_fetch(portal, true, FETCH_RECORDS);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			text	   *data;

			CHECK_FOR_INTERRUPTS();
			data = DatumGetTextPP(SPI_getbinval(SPI_tuptable->vals[i],
												SPI_tuptable->tupdesc, 1, &isnull));
			stream_log_append(writer, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
			count++;
		}
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	return count;
}

/*
 * Append what the slot has up to a position, or a batch of it; returns the
 * number of records.
 */
static int64
peek(LogWriter *writer, XLogRecPtr end)
{
	Oid			types[2] = {NAMEOID, PG_LSNOID};
	Datum		values[2];
	char	   *sql;
	Oid			user;
	int			sec_context;
	volatile int64 count = 0;

	values[0] = DirectFunctionCall1(namein, CStringGetDatum(feed_slot_name()));
	values[1] = LSNGetDatum(end);
	sql = psprintf("SELECT data FROM pg_catalog.pg_logical_slot_peek_changes($1, $2, %d)",
				   BATCH_RECORDS);
	begin_slot_use(&user, &sec_context);
	PG_TRY();
	{
		SPIPlanPtr	plan;
		Portal		portal;

		SPI_connect();
		plan = SPI_prepare(sql, 2, types);
		if (plan == NULL)
			elog(ERROR, "could not prepare: %s", sql);
		portal = SPI_cursor_open(NULL, plan, values, NULL, false);
		count = append_changes(portal, writer);
		SPI_cursor_close(portal);
		SPI_finish();
	}
	PG_FINALLY();
	{
		end_slot_use(user, sec_context);
	}
	PG_END_TRY();
	return count;
}

/* Tell who listens which tables have new records. */
static void
notify(const LogWriter *writer)
{
	ListCell   *lc;

	foreach(lc, stream_log_tables(writer))
		Async_Notify(CHANNEL, lfirst(lc));
}

/*
 * Drain what is in the WAL, or a batch of it, in the current transaction.  The
 * caller has locked the log; the slot is ready.
 */
static void
drain(const StreamPosition *position, DrainRound *round)
{
	static XLogRecPtr last_snapshot = InvalidXLogRecPtr;
	SlotState	slot = read_slot();
	XLogRecPtr	end = GetFlushRecPtr(NULL);
	LogWriter  *writer;
	int64		count;

	if (position->drained_to > slot.confirmed)
	{
		advance_slot(position->drained_to);
		slot = read_slot();
	}
	round->drained_to = slot.confirmed;
	if (end <= slot.confirmed)
		return;

	writer = stream_log_begin();
	count = peek(writer, end);

	/* A full batch has ended with some transaction, and not at the end */
	if (count >= BATCH_RECORDS && stream_log_last(writer))
	{
		char	   *lsn = pnstrdup(stream_log_last(writer), SEQUENCE_LSN_DIGITS);

		end = strtou64(lsn, NULL, 10) + 1;
		round->more = true;
	}
	notify(writer);
	round->records = stream_log_end(writer, end);
	round->drained_to = end;
	if (round->records > 0)
		ForceSyncCommit();

	/* What has nothing for the log can be let go of at once. */
	else if (round->more || end - slot.confirmed >= ADVANCE_BYTES ||
			 (slot.confirmed < last_snapshot && last_snapshot < end))
		advance_slot(end);
	if (end - Max(slot.restart, last_snapshot) >= RESTART_BYTES)
		last_snapshot = LogStandbySnapshot();
}

/* Trim, once in a while. */
static void
maintain(void)
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();

	/* a twelfth of the retention, a minute at most */
	if (last != 0 && now - last < Min(dynamo_stream_retention * USECS_PER_SEC / 12,
									  USECS_PER_MINUTE))
		return;
	last = now;
	stream_log_maintain();
}

/* Does the slot keep more WAL than it may? */
static bool
keeps_too_much(const SlotState *slot)
{
	return dynamo_stream_max_wal > 0 && !slot->lost &&
		GetXLogInsertRecPtr() - slot->restart > (uint64) dynamo_stream_max_wal * 1024 * 1024;
}

/* ---- without a worker ---- */

/*
 * Does the server take the library for an output plugin?  A setting of some
 * versions names those that are.
 */
static bool
is_trusted_plugin(void)
{
	const char *list = GetConfigOption("output_plugin_libraries", true, false);
	char	   *copy;
	char	   *name;
	char	   *rest;

	if (list == NULL)
		return true;
	copy = pstrdup(list);
	for (name = strtok_r(copy, ", \"", &rest); name != NULL; name = strtok_r(NULL, ", \"", &rest))
	{
		if (strcmp(name, PLUGIN) == 0)
			return true;
	}
	return false;
}

void
feed_check_server(void)
{
	if (wal_level < WAL_LEVEL_LOGICAL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("streams need logical decoding"),
				 errhint("Set wal_level to logical and restart the server.")));
	if (!is_trusted_plugin())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("streams need the output plugin \"%s\"", PLUGIN),
				 errhint("Add %s to output_plugin_libraries and reload the configuration.",
						 PLUGIN)));
}

static bool
can_drain_here(void)
{
	return !worker_is_available() && !RecoveryInProgress() && !XactReadOnly &&
		!IsInParallelMode() && wal_level >= WAL_LEVEL_LOGICAL;
}

void
feed_prepare(void)
{
	if (can_drain_here() && !TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!read_slot().exists && stream_log_lock(false))
	{
		StreamPosition position;

		stream_position_read(&position, NULL);
		if (position.slot_ready)
		{
			note_loss(&position);
			return;
		}
		create_slot();
		note_slot(&position);
	}
}

bool
feed_is_ready(void)
{
	StreamPosition position;

	if (!read_slot().exists)
		return false;
	stream_position_read(&position, NULL);
	return position.slot_ready;
}

void
feed_drain_here(void)
{
	StreamPosition position;
	SlotState	slot;
	DrainRound	round = {0};

	if (!can_drain_here() || !stream_log_lock(false))
		return;
	stream_position_read(&position, NULL);
	slot = read_slot();
	if (slot.active)
		return;
	if (slot.exists && (slot.lost || keeps_too_much(&slot)))
	{
		note_loss(&position);
		ReplicationSlotDrop(feed_slot_name(), true);
		return;
	}
	if (!slot.exists)
	{
		if (position.slot_ready)
			note_loss(&position);
		else if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		{
			create_slot();
			note_slot(&position);
		}
		return;
	}
	if (position.slot_ready)
		drain(&position, &round);
	else if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
	{
		/* Nobody knows since when it has been there */
		ReplicationSlotDrop(feed_slot_name(), true);
		create_slot();
		note_slot(&position);
	}
	maintain();
}

/* ---- in the worker ---- */

static void
begin_transaction(const char *activity)
{
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) stream_log_lock(true);
}

static void
end_transaction(MemoryContext context)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
	MemoryContextSwitchTo(context);
}

/*
 * Drop the slot, if there is one.  It is over for the log when that has been
 * committed.
 */
static void
drop_slot(MemoryContext context, bool lost)
{
	StreamPosition position;

	begin_transaction("dropping the replication slot of streams");
	stream_position_read(&position, NULL);
	if (lost)
		note_loss(&position);
	else if (position.slot_ready)
	{
		ForceSyncCommit();
		position.slot_ready = false;
		stream_position_write(&position);
	}
	end_transaction(context);
	if (SearchNamedReplicationSlot(feed_slot_name(), true) != NULL)
		ReplicationSlotDrop(feed_slot_name(), true);
}

/*
 * Make the slot.  One that is there already, from a crash in between or of the
 * extension before it was dropped and created again, is no use: nobody knows
 * since when it has been there.
 */
static void
make_slot(MemoryContext context)
{
	StreamPosition position;
	int			nest_level;

	begin_transaction("creating the replication slot of streams");
	stream_position_read(&position, NULL);
	if (position.slot_ready)
		note_loss(&position);
	end_transaction(context);
	if (SearchNamedReplicationSlot(feed_slot_name(), true) != NULL)
		ReplicationSlotDrop(feed_slot_name(), true);

	/*
	 * A slot that is being created keeps WAL, too: do not wait for ever for
	 * transactions that were there before.
	 */
	begin_transaction("creating the replication slot of streams");
	nest_level = NewGUCNestLevel();
	(void) set_config_option("lock_timeout", CREATE_TIMEOUT, PGC_SUSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	create_slot();
	AtEOXact_GUC(true, nest_level);
	end_transaction(context);

	begin_transaction("creating the replication slot of streams");
	stream_position_read(&position, NULL);
	note_slot(&position);
	end_transaction(context);
}

void
feed_round(void *arg)
{
	DrainRound *round = arg;
	MemoryContext context = CurrentMemoryContext;
	StreamPosition position;
	SlotState	slot;

	memset(round, 0, sizeof(DrainRound));
	begin_transaction("looking after streams");
	round->needed = has_open_streams();
	stream_position_read(&position, NULL);
	maintain();
	slot = read_slot();
	end_transaction(context);

	if (!round->needed)
	{
		if (slot.exists)
			drop_slot(context, false);
		return;
	}
	if (slot.exists && (slot.lost || keeps_too_much(&slot)))
	{
		ereport(LOG,
				(slot.lost ?
				 errmsg("WAL that streams need has been removed") :
				 errmsg("streams keep more WAL than dynamo.stream_max_wal allows"),
				 errdetail("What the streams of the database hold is trimmed.")));
		drop_slot(context, true);
		slot = read_slot();
		position.slot_ready = false;
	}
	if (!slot.exists || !position.slot_ready)
		make_slot(context);

	begin_transaction("draining streams");
	stream_position_read(&position, NULL);
	drain(&position, round);
	end_transaction(context);
}

void
feed_drop_orphan(void)
{
	SlotState	slot = read_slot();

	if (slot.exists && !slot.active)
		ReplicationSlotDrop(feed_slot_name(), true);
}
