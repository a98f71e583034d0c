/*
 * streams.c - dynamo.streams: the streams of tables.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "store/catalog_table.h"
#include "store/streams.h"

#define STREAMS		"streams"
#define STREAMS_PKEY	"streams_pkey"

/* Columns of dynamo.streams, in the order of dynamo--1.0.sql. */
enum
{
	Anum_st_stream_id = 1,
	Anum_st_table_name,
	Anum_st_label,
	Anum_st_table_id,
	Anum_st_owner,
	Anum_st_view_type,
	Anum_st_key_schema,
	Anum_st_shards,
	Anum_st_created_at,
	Anum_st_start_lsn,
	Anum_st_ended_at,
	Anum_st_end_lsn,
	Anum_st_drained,
	Anum_st_trimmed_to,
	Natts_streams = Anum_st_trimmed_to
};

/* ---- reading ---- */

static StreamRow *
row_from_tuple(Relation catalog, HeapTuple tuple)
{
	StreamRow  *row = palloc0(sizeof(StreamRow));
	Datum		values[Natts_streams];
	bool		nulls[Natts_streams];

	heap_deform_tuple(tuple, RelationGetDescr(catalog), values, nulls);
	row->stream_id = *DatumGetUUIDP(values[Anum_st_stream_id - 1]);
	row->table_name = TextDatumGetCString(values[Anum_st_table_name - 1]);
	row->label = TextDatumGetCString(values[Anum_st_label - 1]);
	row->table_id = *DatumGetUUIDP(values[Anum_st_table_id - 1]);
	row->owner = DatumGetObjectId(values[Anum_st_owner - 1]);
	row->view_type = TextDatumGetCString(values[Anum_st_view_type - 1]);
	row->key_schema = DatumGetJsonbPCopy(values[Anum_st_key_schema - 1]);
	row->shards = DatumGetInt32(values[Anum_st_shards - 1]);
	row->created_at = DatumGetTimestampTz(values[Anum_st_created_at - 1]);
	row->start_lsn = DatumGetLSN(values[Anum_st_start_lsn - 1]);
	if (!nulls[Anum_st_ended_at - 1])
		row->ended_at = DatumGetTimestampTz(values[Anum_st_ended_at - 1]);
	if (!nulls[Anum_st_end_lsn - 1])
		row->end_lsn = DatumGetLSN(values[Anum_st_end_lsn - 1]);
	row->drained = DatumGetBool(values[Anum_st_drained - 1]);
	row->trimmed_to = DatumGetLSN(values[Anum_st_trimmed_to - 1]);
	return row;
}

static int
compare_streams(const ListCell *a, const ListCell *b)
{
	const StreamRow *row_a = lfirst(a);
	const StreamRow *row_b = lfirst(b);
	int			result = strcmp(row_a->table_name, row_b->table_name);

	return result ? result : strcmp(row_a->label, row_b->label);
}

List *
streams_read(const char *table_name, StreamsSnapshot snapshot)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(STREAMS, AccessShareLock, STREAMS_PKEY, &index_oid);
	SnapshotData dirty;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *rows = NIL;

	InitDirtySnapshot(dirty);
	if (table_name)
		catalog_text_key(&key, Anum_st_table_name, table_name);
	scan = systable_beginscan(catalog, InvalidOid, false,
							  snapshot == STREAMS_DIRTY ? &dirty : NULL,
							  table_name ? 1 : 0, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rows = lappend(rows, row_from_tuple(catalog, tuple));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(rows, compare_streams);
	return rows;
}

StreamRow *
streams_latest(const TableRow *table)
{
	StreamRow  *latest = NULL;
	ListCell   *lc;

	foreach(lc, streams_read(table->table_name, STREAMS_CURRENT))
	{
		StreamRow  *row = lfirst(lc);

		if (memcmp(&row->table_id, &table->table_id, UUID_LEN) == 0)
			latest = row;
	}
	return latest;
}

/* ---- writing ---- */

/* Look for a stream. */
static void
init_key(ScanKey key, const StreamRow *row)
{
	ScanKeyInit(key, Anum_st_stream_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&row->stream_id));
}

/* The tuple of a stream, to be overwritten or locked. */
static HeapTuple
find_stream(Relation catalog, Oid index_oid, const StreamRow *row)
{
	ScanKeyData key;
	HeapTuple	tuple;

	init_key(&key, row);
	tuple = catalog_find(catalog, index_oid, 1, &key);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "stream %s of table \"%s\" is not in dynamo.streams",
			 row->label, row->table_name);
	return tuple;
}

static void
write_row(const StreamRow *row, bool is_new)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(STREAMS, RowExclusiveLock, STREAMS_PKEY, &index_oid);
	Datum		values[Natts_streams];
	bool		nulls[Natts_streams] = {0};

	values[Anum_st_stream_id - 1] = UUIDPGetDatum(&row->stream_id);
	values[Anum_st_table_name - 1] = CStringGetTextDatum(row->table_name);
	values[Anum_st_label - 1] = CStringGetTextDatum(row->label);
	values[Anum_st_table_id - 1] = UUIDPGetDatum(&row->table_id);
	values[Anum_st_owner - 1] = ObjectIdGetDatum(row->owner);
	values[Anum_st_view_type - 1] = CStringGetTextDatum(row->view_type);
	values[Anum_st_key_schema - 1] = JsonbPGetDatum(row->key_schema);
	values[Anum_st_shards - 1] = Int32GetDatum(row->shards);
	values[Anum_st_created_at - 1] = TimestampTzGetDatum(row->created_at);
	values[Anum_st_start_lsn - 1] = LSNGetDatum(row->start_lsn);
	values[Anum_st_ended_at - 1] = TimestampTzGetDatum(row->ended_at);
	nulls[Anum_st_ended_at - 1] = (row->ended_at == 0);
	values[Anum_st_end_lsn - 1] = LSNGetDatum(row->end_lsn);
	nulls[Anum_st_end_lsn - 1] = (row->ended_at == 0);
	values[Anum_st_drained - 1] = BoolGetDatum(row->drained);
	values[Anum_st_trimmed_to - 1] = LSNGetDatum(row->trimmed_to);

	catalog_put(catalog, is_new ? NULL : find_stream(catalog, index_oid, row),
				values, nulls);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

/* The label of a stream that is created at this time: "2026-01-02T03:04:05.678" */
static char *
make_label(TimestampTz time)
{
	pg_time_t	seconds = timestamptz_to_time_t(time);
	char		out[64];
	int64		msecs = (time % USECS_PER_SEC) / 1000;

	pg_strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%S", pg_gmtime(&seconds));
	return psprintf("%s.%03d", out, (int) msecs);
}

void
streams_add(StreamRow *row, const TableRow *table)
{
	const StreamRow *before = streams_latest(table);
	HeapTuple	tuple;

	row->stream_id = *DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	row->table_name = table->table_name;
	row->table_id = table->table_id;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(catalog_item_table_oid(table)));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "table \"%s\" has no item table", table->table_name);
	row->owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	row->key_schema = table->key_schema;

	/* No two streams of a table have the same label */
	row->created_at = GetCurrentTimestamp();
	if (before && row->created_at < before->created_at + 1000)
		row->created_at = before->created_at + 1000;
	row->label = make_label(row->created_at);
	row->start_lsn = GetXLogInsertRecPtr();
	row->trimmed_to = row->start_lsn;
	write_row(row, true);
}

/*
 * Lock a stream against whoever drains the WAL, who may be noting since when
 * there are records; false if the row has been changed in between.
 */
static bool
lock_stream(const StreamRow *row)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(STREAMS, RowExclusiveLock, STREAMS_PKEY, &index_oid);
	HeapTuple	tuple = find_stream(catalog, index_oid, row);
	Buffer		buffer;
	TM_FailureData failure;
	TM_Result	result;

	result = heap_lock_tuple(catalog, tuple, GetCurrentCommandId(true),
							 LockTupleNoKeyExclusive, LockWaitBlock, false,
							 &buffer, &failure);
	ReleaseBuffer(buffer);
	table_close(catalog, RowExclusiveLock);
	return result == TM_Ok;
}

void
streams_end(const TableRow *table)
{
	StreamRow  *row;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		row = streams_latest(table);
		if (row == NULL || row->ended_at)
			return;
		if (lock_stream(row))
			break;
	}

	/* As it is under the lock */
	row = streams_latest(table);
	row->ended_at = GetCurrentTimestamp();
	row->end_lsn = GetXLogInsertRecPtr();
	write_row(row, false);
}

void
streams_write(const StreamRow *row)
{
	write_row(row, false);
}

void
streams_delete(const StreamRow *row)
{
	ScanKeyData key;

	init_key(&key, row);
	catalog_delete(STREAMS, STREAMS_PKEY, 1, &key);
}
