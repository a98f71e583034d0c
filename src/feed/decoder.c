/*
 * decoder.c - what has been committed, read through a slot of this library's
 * output plugin.
 *
 * As pg_logical_slot_peek_changes() does it, in pieces that can be called with
 * transactions of the caller's in between.
 */
#include "postgres.h"

#include "access/xlogreader.h"
#include "access/xlogutils.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "replication/decode.h"
#include "replication/logical.h"
#include "replication/slot.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "errors.h"
#include "feed/decoder.h"

/*
 * Many records: what is stored in one transaction, which holds up the pruning
 * of old versions of items as long as it runs.
 */
#define MANY_RECORDS	1000
#define MANY_BYTES		(4 * 1024 * 1024)

struct Decoder
{
	MemoryContext context;		/* all of the decoder */
	LogicalDecodingContext *ctx;
	XLogReaderState *reader;	/* of it; NULL: closed */
	TupleDesc	desc;			/* one column of type text */
	TupleTableSlot *slot;
	Tuplestorestate *records;	/* that were read last; spills to disk */
	int64		count;
	int64		bytes;
};

/* ---- what the server calls ---- */

static void
prepare_record(LogicalDecodingContext *ctx, XLogRecPtr lsn, TransactionId xid,
			   bool last_write)
{
	resetStringInfo(ctx->out);
}

/* The plugin has written a record. */
static void
keep_record(LogicalDecodingContext *ctx, XLogRecPtr lsn, TransactionId xid,
			bool last_write)
{
	Decoder    *decoder = ctx->output_writer_private;
	Datum		value = PointerGetDatum(cstring_to_text_with_len(ctx->out->data,
																 ctx->out->len));
	bool		isnull = false;

	tuplestore_putvalues(decoder->records, decoder->desc, &value, &isnull);
	pfree(DatumGetPointer(value));
	decoder->count++;
	decoder->bytes += ctx->out->len;
}

/* ---- open ---- */

/* The memory of the reader is freed, after an error perhaps. */
static void
close_wal(void *arg)
{
	Decoder    *decoder = arg;

	if (decoder->reader && decoder->reader->seg.ws_file >= 0)
		wal_segment_close(decoder->reader);
}

static void
begin_decoding(Decoder *decoder, XLogRecPtr start)
{
	LogicalDecodingContext *ctx;
	MemoryContextCallback *callback;

	ctx = CreateDecodingContext(start, NIL, false,
								XL_ROUTINE(.page_read = read_local_xlog_page,
										   .segment_open = wal_segment_open,
										   .segment_close = wal_segment_close),
								prepare_record, keep_record, NULL);
	decoder->ctx = ctx;
	decoder->reader = ctx->reader;
	ctx->output_writer_private = decoder;
	callback = MemoryContextAlloc(ctx->context, sizeof(MemoryContextCallback));
	callback->func = close_wal;
	callback->arg = decoder;
	MemoryContextRegisterResetCallback(ctx->context, callback);

	if (XLogRecPtrIsInvalid(MyReplicationSlot->data.restart_lsn))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("WAL that streams need has been removed")));
	XLogBeginRead(decoder->reader, MyReplicationSlot->data.restart_lsn);
}

Decoder *
decoder_open(const char *slot, XLogRecPtr start, bool keep)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "dynamo decoder",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Decoder    *decoder = palloc0(sizeof(Decoder));

	decoder->context = context;
	decoder->desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(decoder->desc, 1, "record", TEXTOID, -1, 0);
	decoder->slot = MakeSingleTupleTableSlot(decoder->desc, &TTSOpsMinimalTuple);
	decoder->records = tuplestore_begin_heap(false, keep, work_mem);

	CheckLogicalDecodingRequirements();
	compat_acquire_slot(slot);
	errors_hide_log = true;
	PG_TRY();
	{
		if (start > MyReplicationSlot->data.confirmed_flush)
			LogicalConfirmReceivedLocation(start);
		begin_decoding(decoder, start);
	}
	PG_FINALLY();
	{
		errors_hide_log = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old_context);
	return decoder;
}

/* ---- read ---- */

/*
 * Decode the next record of the WAL, in the decoder's memory context: the
 * reader keeps some records there.  Transactions begin and end meanwhile, which
 * leave their own memory context and resource owner behind.
 */
static void
decode_record(Decoder *decoder)
{
	ResourceOwner resource_owner = CurrentResourceOwner;
	char	   *error = NULL;

	CHECK_FOR_INTERRUPTS();
	if (XLogReadRecord(decoder->reader, &error) != NULL)
		LogicalDecodingProcessRecord(decoder->ctx, decoder->reader);
	else if (error)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("could not read WAL at %X/%X: %s",
						LSN_FORMAT_ARGS(decoder->reader->EndRecPtr), error)));
	CurrentResourceOwner = resource_owner;
	MemoryContextSwitchTo(decoder->context);
}

bool
decoder_read(Decoder *decoder, XLogRecPtr end)
{
	MemoryContext old_context = CurrentMemoryContext;
	const XLogReaderState *reader = decoder->reader;

	tuplestore_clear(decoder->records);
	decoder->count = 0;
	decoder->bytes = 0;
	if (reader->EndRecPtr >= end)
		return true;

	errors_hide_log = true;
	PG_TRY();
	{
		/* The catalogs are those of the past here, of the present elsewhere */
		InvalidateSystemCaches();
		MemoryContextSwitchTo(decoder->context);
		while (reader->EndRecPtr < end && decoder->count < MANY_RECORDS &&
			   decoder->bytes < MANY_BYTES)
			decode_record(decoder);
	}
	PG_FINALLY();
	{
		errors_hide_log = false;
		InvalidateSystemCaches();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old_context);
	return reader->EndRecPtr >= end;
}

const char *
decoder_next(Decoder *decoder, int *len)
{
	const text *record;
	bool		isnull;

	if (!tuplestore_gettupleslot(decoder->records, true, false, decoder->slot))
		return NULL;
	record = DatumGetTextPP(slot_getattr(decoder->slot, 1, &isnull));
	*len = VARSIZE_ANY_EXHDR(record);
	return VARDATA_ANY(record);
}

XLogRecPtr
decoder_position(const Decoder *decoder)
{
	return decoder->reader->EndRecPtr;
}

void
decoder_confirm(Decoder *decoder, XLogRecPtr lsn)
{
	LogicalConfirmReceivedLocation(lsn);
}

/* ---- close ---- */

void
decoder_close(Decoder *decoder)
{
	tuplestore_end(decoder->records);
	ExecDropSingleTupleTableSlot(decoder->slot);
	decoder->reader = NULL;
	FreeDecodingContext(decoder->ctx);
	ReplicationSlotRelease();
	MemoryContextDelete(decoder->context);
}
