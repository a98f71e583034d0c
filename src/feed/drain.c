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
#include "replication/slot.h"
#include "storage/standby.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "dynamo.h"
#include "errors.h"
#include "feed/decoder.h"
#include "feed/drain.h"
#include "feed/feed_worker.h"
#include "feed/slot_guard.h"
#include "feed/stream_log.h"
#include "worker.h"

/* Times that whoever reads without a worker reads many records at most. */
#define READS_MAX		10

/*
 * WAL that is read again from the point where decoding has to begin before
 * the server is told what is running, which lets the slot move that point.
 */
#define RESTART_BYTES	(16 * 1024 * 1024)

/*
 * How long the slot is kept when nothing comes: this many times as long as it
 * took to begin to decode, but at least this, and at most as long as the worker
 * waits.
 */
#define KEEP_TIMES		10
#define KEEP_MSECS		100

/*
 * How long the worker, and whoever enables a stream, waits for a transaction
 * when it creates the slot.
 */
#define CREATE_TIMEOUT	"60s"
#define PREPARE_TIMEOUT	"1s"

/* Output plugin of the slot: this library. */
#define PLUGIN		"dynamo"

/* Channel that is told of tables with new records. */
#define CHANNEL		"dynamo_stream"

/* The slot of the database. */
typedef struct SlotState
{
	bool		exists;			/* and has been made completely */
	bool		active;			/* somebody has it */
	bool		lost;			/* it cannot give what has been committed */
	XLogRecPtr	confirmed;
	XLogRecPtr	restart;
} SlotState;

/* ---- the slot ---- */

static char *
slot_name_of(Oid dboid)
{
	return psprintf("dynamo_%u", dboid);
}

static char *
feed_slot_name(void)
{
	return slot_name_of(MyDatabaseId);
}

static SlotState
read_slot_of(Oid dboid)
{
	SlotState	state = {0};
	ReplicationSlot *slot = SearchNamedReplicationSlot(slot_name_of(dboid), true);

	if (slot == NULL)
		return state;
	SpinLockAcquire(&slot->mutex);
	state.exists = slot->in_use && slot->data.persistency == RS_PERSISTENT;
	state.active = slot->active_pid != 0;
	state.confirmed = slot->data.confirmed_flush;
	state.restart = slot->data.restart_lsn;

	/* or somebody has made another of its name */
	state.lost = compat_slot_is_invalid(slot) ||
		strcmp(NameStr(slot->data.plugin), PLUGIN) != 0;
	SpinLockRelease(&slot->mutex);
	return state;
}

static SlotState
read_slot(void)
{
	return read_slot_of(MyDatabaseId);
}

bool
feed_slot_is_active(Oid dboid)
{
	return read_slot_of(dboid).active;
}

/*
 * Create the slot, in a transaction that has not written.  As the bootstrap
 * superuser: whoever reads a stream need not be allowed to replicate.  The
 * server logs at what point decoding begins, which is of no interest.
 */
static void
create_slot(void)
{
	Oid			types[2] = {NAMEOID, NAMEOID};
	Datum		values[2];
	Oid			user;
	int			sec_context;

	values[0] = DirectFunctionCall1(namein, CStringGetDatum(feed_slot_name()));
	values[1] = DirectFunctionCall1(namein, CStringGetDatum(PLUGIN));
	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	errors_hide_log = true;
	PG_TRY();
	{
		SPI_connect();
		if (SPI_execute_with_args("SELECT pg_catalog.pg_create_logical_replication_slot($1, $2)",
								  2, types, values, NULL, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not create a replication slot");
		SPI_finish();
	}
	PG_FINALLY();
	{
		errors_hide_log = false;
		SetUserIdAndSecContext(user, sec_context);
	}
	PG_END_TRY();
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

/*
 * Make the slot, in a transaction that has not written.  Of one that is there
 * already nobody knows since when.
 */
static void
renew_slot(StreamPosition *position)
{
	if (SearchNamedReplicationSlot(feed_slot_name(), true) != NULL)
		ReplicationSlotDrop(feed_slot_name(), true);
	create_slot();
	note_slot(position);
}

/* ---- draining ---- */

/* Tell who listens which tables have new records. */
static void
notify(const LogWriter *writer)
{
	ListCell   *lc;

	foreach(lc, stream_log_tables(writer))
		Async_Notify(CHANNEL, lfirst(lc));
}

/*
 * Append what has been read to the log, in the current transaction; true if
 * that is anything.  The caller has locked the log.
 */
static bool
store(Decoder *decoder)
{
	LogWriter  *writer = stream_log_begin();
	const char *record;
	int			len;

	while ((record = decoder_next(decoder, &len)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		stream_log_append(writer, record, len);
	}
	notify(writer);
	return stream_log_end(writer, decoder_position(decoder)) > 0;
}

/*
 * What is running is logged once in a while: decoding can begin anew from
 * there.
 */
static void
log_running(XLogRecPtr position)
{
	static XLogRecPtr last = InvalidXLogRecPtr;

	if (position - Max(read_slot().restart, last) >= RESTART_BYTES)
		last = LogStandbySnapshot();
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

/* Has the slot to go, being lost or keeping more WAL than it may? */
static bool
has_to_go(const SlotState *slot)
{
	if (!slot->exists || slot->lost)
		return slot->exists;
	return dynamo_stream_max_wal > 0 &&
		GetXLogInsertRecPtr() - slot->restart > (uint64) dynamo_stream_max_wal * 1024 * 1024;
}

/* ---- in the transaction of a user ---- */

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
can_use_slot(void)
{
	return !RecoveryInProgress() && !XactReadOnly && !IsInParallelMode() &&
		wal_level >= WAL_LEVEL_LOGICAL;
}

/*
 * Make the slot, which is ready once this transaction has committed; false if
 * there is nothing to do.  The log stays locked until then, so that no
 * worker takes the slot for one that nobody needs.
 */
static bool
prepare(void *arg)
{
	int			nest_level = NewGUCNestLevel();
	bool		made = false;
	StreamPosition position;
	SlotState	slot;

	if (worker_is_available())
		(void) set_config_option("lock_timeout", PREPARE_TIMEOUT, PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) stream_log_lock(true);
	stream_position_read(&position, NULL);
	slot = read_slot();
	if (position.slot_ready && !slot.exists)
	{
		note_loss(&position);
		made = true;
	}
	else if (!position.slot_ready && !slot.active)
	{
		renew_slot(&position);
		made = true;
	}
	AtEOXact_GUC(true, nest_level);
	return made;
}

void
feed_prepare(void)
{
	if (can_use_slot() && !TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		!feed_is_ready())
		slot_guard(prepare, worker_is_available());
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

/*
 * Drain in the current transaction, whose end is not known: the slot is told
 * of what those before have stored only.
 */
static void
drain(const StreamPosition *position)
{
	Decoder    *decoder = decoder_open(feed_slot_name(), position->drained_to, false);
	XLogRecPtr	end = GetFlushRecPtr(NULL);
	bool		stored = false;
	bool		done = false;

	for (int i = 0; i < READS_MAX && !done; i++)
	{
		done = decoder_read(decoder, end);
		if (store(decoder))
			stored = true;
	}
	if (stored)
		ForceSyncCommit();
	decoder_confirm(decoder, stored ? position->drained_to : decoder_position(decoder));
	log_running(decoder_position(decoder));
	decoder_close(decoder);
}

static bool
drain_or_prepare(void *arg)
{
	StreamPosition position;
	SlotState	slot;

	if (!stream_log_lock(false))
		return false;
	stream_position_read(&position, NULL);
	slot = read_slot();
	if (slot.active)
		return false;
	if (has_to_go(&slot))
	{
		note_loss(&position);
		ReplicationSlotDrop(feed_slot_name(), true);
		return true;
	}
	if (!slot.exists && position.slot_ready)
	{
		note_loss(&position);
		return true;
	}
	if (position.slot_ready)
		drain(&position);
	else if (!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		renew_slot(&position);
	maintain();
	return true;
}

void
feed_drain_here(void)
{
	if (!worker_is_available() && can_use_slot())
		slot_guard(drain_or_prepare, false);
}

/* ---- in the worker ---- */

/* What the worker keeps from one round to the next. */
static struct
{
	Decoder    *decoder;		/* NULL: the slot is free */
	TimestampTz opened_at;
	long		begin_msecs;	/* until it had read for the first time; -1:
								 * it has not yet */
}			kept;

/* Begin a transaction in which nobody else writes the log. */
static void
begin_transaction(const char *activity)
{
	worker_begin_transaction(activity);
	(void) stream_log_lock(true);
}

/*
 * Is the slot of no use: because nobody needs it, or because it is lost?  Others
 * may have made another since that was looked at: the log has to be locked.
 */
static bool
is_useless(bool lost)
{
	SlotState	slot = read_slot();

	return lost ? has_to_go(&slot) : !has_open_streams();
}

/* Drop the slot, once it has been committed that the log is done with it. */
static void
drop_slot(MemoryContext context, bool lost)
{
	StreamPosition position;

	begin_transaction("dropping the replication slot of streams");
	stream_position_read(&position, NULL);
	if (position.slot_ready && is_useless(lost))
	{
		if (lost)
			note_loss(&position);
		else
		{
			ForceSyncCommit();
			position.slot_ready = false;
			stream_position_write(&position);
		}
	}
	worker_end_transaction(context);

	begin_transaction("dropping the replication slot of streams");
	stream_position_read(&position, NULL);
	if (!position.slot_ready && SearchNamedReplicationSlot(feed_slot_name(), true) != NULL)
		ReplicationSlotDrop(feed_slot_name(), true);
	worker_end_transaction(context);
}

/*
 * Make the slot.  A slot that is being created keeps WAL, too: do not wait for
 * ever for transactions that were there before.
 */
static void
make_slot(MemoryContext context)
{
	StreamPosition position;

	begin_transaction("creating the replication slot of streams");
	stream_position_read(&position, NULL);
	if (position.slot_ready && !read_slot().exists)
		note_loss(&position);
	worker_end_transaction(context);

	begin_transaction("creating the replication slot of streams");
	stream_position_read(&position, NULL);
	if (!position.slot_ready)
	{
		int			nest_level = NewGUCNestLevel();

		(void) set_config_option("lock_timeout", CREATE_TIMEOUT, PGC_SUSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		renew_slot(&position);
		AtEOXact_GUC(true, nest_level);
	}
	worker_end_transaction(context);
}

/* Begin to decode, with what has been stored. */
static void
open_decoder(MemoryContext context)
{
	StreamPosition position;
	MemoryContext old_context;

	kept.opened_at = GetCurrentTimestamp();
	begin_transaction("beginning to decode");
	stream_position_read(&position, NULL);
	old_context = MemoryContextSwitchTo(TopMemoryContext);
	kept.decoder = decoder_open(feed_slot_name(), position.drained_to, true);
	MemoryContextSwitchTo(old_context);
	worker_end_transaction(context);
	kept.begin_msecs = -1;
}

/* Read; outside of any transaction.  False: there is more. */
static bool
read_kept(void)
{
	bool		done = decoder_read(kept.decoder, GetFlushRecPtr(NULL));

	if (kept.begin_msecs < 0)
		kept.begin_msecs = TimestampDifferenceMilliseconds(kept.opened_at,
														   GetCurrentTimestamp());
	return done;
}

long
feed_keep_msecs(void)
{
	if (kept.decoder == NULL)
		return 0;
	return Min(Max(kept.begin_msecs * KEEP_TIMES, KEEP_MSECS), FEED_IDLE_MSECS);
}

void
feed_let_go(void)
{
	Decoder    *decoder = kept.decoder;

	kept.decoder = NULL;
	if (decoder)
		decoder_close(decoder);
}

void
feed_round(void *arg)
{
	DrainRound *round = arg;
	MemoryContext context = CurrentMemoryContext;
	StreamPosition position;
	SlotState	slot;
	bool		usable;

	memset(round, 0, sizeof(DrainRound));
	round->more = kept.decoder && !read_kept();

	begin_transaction("draining streams");
	round->needed = has_open_streams();
	stream_position_read(&position, NULL);
	slot = read_slot();
	usable = round->needed && slot.exists && position.slot_ready && !has_to_go(&slot);
	if (usable && kept.decoder && store(kept.decoder))
	{
		ForceSyncCommit();
		round->stored = true;
	}
	maintain();
	worker_end_transaction(context);

	if (usable && kept.decoder)
	{
		decoder_confirm(kept.decoder, decoder_position(kept.decoder));
		log_running(decoder_position(kept.decoder));
		return;
	}

	feed_let_go();
	if (!round->needed)
	{
		if (slot.exists)
			drop_slot(context, false);
		return;
	}
	if (has_to_go(&slot))
	{
		ereport(LOG,
				(slot.lost ?
				 errmsg("the replication slot of streams has become invalid") :
				 errmsg("streams keep more WAL than dynamo.stream_max_wal allows"),
				 errdetail("What the streams of the database hold is trimmed.")));
		drop_slot(context, true);
		usable = false;
	}
	if (!usable)
		make_slot(context);
	open_decoder(context);
	round->more = true;
}

void
feed_drop_orphan(void)
{
	SlotState	slot = read_slot();

	if (slot.exists && !slot.active)
		ReplicationSlotDrop(feed_slot_name(), true);
}
