/*
 * stream_log.c - the log of stream records.
 *
 * Everything is read with one snapshot, taken while the tables of the ring are
 * locked against being truncated.  Rows are written below the SQL level, on
 * behalf of users who cannot see the tables.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/pg_lsn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "dynamo.h"
#include "feed/stream_log.h"
#include "store/advisory_lock.h"
#include "store/catalog_table.h"

#define TRIMS		"stream_trims"
#define TRIMS_PKEY	"stream_trims_pkey"

/* Tables of the ring that hold a whole retention. */
#define SEGMENTS_PER_RETENTION	(STREAM_SEGMENTS - 2)

/*
 * Columns of dynamo.stream_position, dynamo.stream_segments, dynamo.stream_trims
 * and the ring.
 */
enum
{
	Anum_pos_drained_to = 1,
	Anum_pos_last_sequence,
	Anum_pos_slot_ready,
	Natts_position = Anum_pos_slot_ready
};

enum
{
	Anum_seg_segment = 1,
	Anum_seg_first_sequence,
	Anum_seg_started_at,
	Anum_seg_ended_at,
	Natts_segments = Anum_seg_ended_at
};

enum
{
	Anum_trim_stream_id = 1,
	Anum_trim_shard,
	Anum_trim_last_sequence,
	Natts_trims = Anum_trim_last_sequence
};

enum
{
	Anum_rec_stream_id = 1,
	Anum_rec_shard,
	Anum_rec_sequence,
	Anum_rec_record,
	Natts_records = Anum_rec_record
};

/* A row of dynamo.stream_segments. */
typedef struct Segment
{
	int			number;
	char	   *first_sequence;
	TimestampTz started_at;
	TimestampTz ended_at;		/* 0: the one that is written */
	ItemPointerData tid;
} Segment;

struct LogWriter
{
	MemoryContext context;
	MemoryContext record_context;	/* reset after each record */
	StreamPosition position;
	List	   *streams;		/* StreamRow *, dirty */
	List	   *tables;			/* names */
	Relation	segment;		/* NULL: nothing was written yet */
	Relation	index;			/* its primary key */
	IndexInfo  *index_info;
	TupleTableSlot *slot;
	int64		count;
};

char *
stream_sequence(XLogRecPtr lsn)
{
	char	   *sequence = palloc(SEQUENCE_DIGITS + 1);

	record_sequence(sequence, lsn, 0);
	return sequence;
}

bool
stream_log_lock(bool wait)
{
	return advisory_lock(ADVISORY_STREAM_LOG, InvalidOid, 0, ExclusiveLock, wait);
}

/* ---- position ---- */

/* The row of dynamo.stream_position, copied. */
static HeapTuple
find_position(Relation rel, Snapshot snapshot)
{
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple = systable_getnext(scan);

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("dynamo.stream_position is empty")));
	tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

static Relation
open_log_table(const char *name, LOCKMODE lockmode)
{
	Oid			unused;

	return catalog_open(name, lockmode, name, &unused);
}

void
stream_position_read(StreamPosition *position, Snapshot snapshot)
{
	Relation	rel = open_log_table("stream_position", AccessShareLock);
	Datum		values[Natts_position];
	bool		nulls[Natts_position];

	heap_deform_tuple(find_position(rel, snapshot), RelationGetDescr(rel),
					  values, nulls);
	position->drained_to = DatumGetLSN(values[Anum_pos_drained_to - 1]);
	strlcpy(position->last_sequence,
			TextDatumGetCString(values[Anum_pos_last_sequence - 1]),
			sizeof(position->last_sequence));
	position->slot_ready = DatumGetBool(values[Anum_pos_slot_ready - 1]);
	table_close(rel, AccessShareLock);
}

void
stream_position_write(const StreamPosition *position)
{
	Relation	rel = open_log_table("stream_position", RowExclusiveLock);
	Datum		values[Natts_position];
	bool		nulls[Natts_position] = {0};

	values[Anum_pos_drained_to - 1] = LSNGetDatum(position->drained_to);
	values[Anum_pos_last_sequence - 1] = CStringGetTextDatum(position->last_sequence);
	values[Anum_pos_slot_ready - 1] = BoolGetDatum(position->slot_ready);
	catalog_put(rel, find_position(rel, NULL), values, nulls);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/* ---- segments ---- */

static char *
segment_name(int number)
{
	return psprintf("stream_segment_%d", number);
}

static int
compare_segments(const ListCell *a, const ListCell *b)
{
	return strcmp(((const Segment *) lfirst(a))->first_sequence,
				  ((const Segment *) lfirst(b))->first_sequence);
}

/* The segments in use, Segment *, the oldest first. */
static List *
read_segments(Snapshot snapshot)
{
	Relation	rel = open_log_table("stream_segments", AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, snapshot, 0, NULL);
	HeapTuple	tuple;
	List	   *segments = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Segment    *segment = palloc0(sizeof(Segment));
		Datum		values[Natts_segments];
		bool		nulls[Natts_segments];

		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		segment->number = DatumGetInt32(values[Anum_seg_segment - 1]);
		segment->first_sequence =
			TextDatumGetCString(values[Anum_seg_first_sequence - 1]);
		segment->started_at = DatumGetTimestampTz(values[Anum_seg_started_at - 1]);
		if (!nulls[Anum_seg_ended_at - 1])
			segment->ended_at = DatumGetTimestampTz(values[Anum_seg_ended_at - 1]);
		segment->tid = tuple->t_self;
		if (segment->number >= 0 && segment->number < STREAM_SEGMENTS)
			segments = lappend(segments, segment);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(segments, compare_segments);
	return segments;
}

static void
write_segment(const Segment *segment, bool is_new)
{
	Relation	rel = open_log_table("stream_segments", RowExclusiveLock);
	Datum		values[Natts_segments];
	bool		nulls[Natts_segments] = {0};
	HeapTuple	tuple;
	ItemPointerData tid = segment->tid;

	values[Anum_seg_segment - 1] = Int32GetDatum(segment->number);
	values[Anum_seg_first_sequence - 1] = CStringGetTextDatum(segment->first_sequence);
	values[Anum_seg_started_at - 1] = TimestampTzGetDatum(segment->started_at);
	values[Anum_seg_ended_at - 1] = TimestampTzGetDatum(segment->ended_at);
	nulls[Anum_seg_ended_at - 1] = (segment->ended_at == 0);
	tuple = heap_form_tuple(RelationGetDescr(rel), values, nulls);
	if (is_new)
		CatalogTupleInsert(rel, tuple);
	else
		CatalogTupleUpdate(rel, &tid, tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/* The segment that is written; NULL if there is none. */
static Segment *
current_segment(List *segments)
{
	Segment    *last = segments ? llast(segments) : NULL;

	return last && last->ended_at == 0 ? last : NULL;
}

/* Begin a segment with the records after this sequence number. */
static bool
begin_segment(List *segments, const char *first_sequence)
{
	Segment		new_segment = {0};
	Segment    *current = current_segment(segments);
	ListCell   *lc;
	bool		used[STREAM_SEGMENTS] = {0};

	foreach(lc, segments)
		used[((const Segment *) lfirst(lc))->number] = true;
	while (new_segment.number < STREAM_SEGMENTS && used[new_segment.number])
		new_segment.number++;
	if (new_segment.number == STREAM_SEGMENTS)
		return false;

	new_segment.started_at = GetCurrentTimestamp();
	new_segment.first_sequence = unconstify(char *, first_sequence);
	if (current)
	{
		current->ended_at = new_segment.started_at;
		write_segment(current, false);
	}
	write_segment(&new_segment, true);
	return true;
}

/* ---- trimming ---- */

/* Look for how far a shard is trimmed. */
static void
init_trim_keys(ScanKey keys, const StreamRow *stream, int shard)
{
	ScanKeyInit(&keys[0], Anum_trim_stream_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&stream->stream_id));
	ScanKeyInit(&keys[1], Anum_trim_shard, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(shard));
}

/* Note how far a shard is trimmed. */
static void
write_trim(const StreamRow *stream, int shard, const char *last_sequence)
{
	Oid			index_oid;
	Relation	rel = catalog_open(TRIMS, RowExclusiveLock, TRIMS_PKEY, &index_oid);
	ScanKeyData keys[2];
	Datum		values[Natts_trims];
	bool		nulls[Natts_trims] = {0};

	init_trim_keys(keys, stream, shard);
	values[Anum_trim_stream_id - 1] = UUIDPGetDatum(&stream->stream_id);
	values[Anum_trim_shard - 1] = Int32GetDatum(shard);
	values[Anum_trim_last_sequence - 1] = CStringGetTextDatum(last_sequence);
	catalog_put(rel, catalog_find(rel, index_oid, 2, keys), values, nulls);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/* The highest sequence number that a table of the ring has of a shard, or NULL. */
static char *
find_last_sequence(Relation rel, Relation index, const StreamRow *stream, int shard)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *sequence = NULL;

	ScanKeyInit(&keys[0], Anum_rec_stream_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&stream->stream_id));
	ScanKeyInit(&keys[1], Anum_rec_shard, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(shard));
	scan = systable_beginscan_ordered(rel, index, NULL, 2, keys);
	tuple = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		sequence = TextDatumGetCString(heap_getattr(tuple, Anum_rec_sequence,
													RelationGetDescr(rel), &isnull));
	}
	systable_endscan_ordered(scan);
	return sequence;
}

/* Note what is lost to each stream with a table of the ring. */
static void
note_trims(Relation rel, Oid index_oid, List *streams)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	ListCell   *lc;

	foreach(lc, streams)
	{
		const StreamRow *stream = lfirst(lc);

		for (int shard = 0; shard < stream->shards; shard++)
		{
			char	   *last = find_last_sequence(rel, index, stream, shard);

			if (last)
				write_trim(stream, shard, last);
		}
	}
	index_close(index, AccessShareLock);
}

char *
stream_log_trimmed(const StreamRow *stream, int shard)
{
	Oid			index_oid;
	Relation	rel = catalog_open(TRIMS, AccessShareLock, TRIMS_PKEY, &index_oid);
	ScanKeyData keys[2];
	HeapTuple	tuple;
	char	   *sequence = "";

	init_trim_keys(keys, stream, shard);
	tuple = catalog_find(rel, index_oid, 2, keys);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		sequence = TextDatumGetCString(heap_getattr(tuple, Anum_trim_last_sequence,
													RelationGetDescr(rel), &isnull));
	}
	table_close(rel, AccessShareLock);
	return pstrdup(sequence);
}

/*
 * Empty a table of the ring; false if somebody is at it.  As the owner of the
 * extension, whoever the caller is.
 */
static bool
truncate_segment(int number, List *streams)
{
	char	   *name = segment_name(number);
	Oid			index_oid;
	Relation	rel = catalog_open(name, AccessShareLock, psprintf("%s_pkey", name),
								   &index_oid);
	Oid			owner = rel->rd_rel->relowner;
	Oid			user;
	int			sec_context;

	if (!ConditionalLockRelationOid(RelationGetRelid(rel), AccessExclusiveLock))
	{
		table_close(rel, AccessShareLock);
		return false;
	}
	note_trims(rel, index_oid, streams);
	table_close(rel, AccessShareLock);

	GetUserIdAndSecContext(&user, &sec_context);
	SetUserIdAndSecContext(owner, sec_context | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	if (SPI_execute(psprintf("TRUNCATE dynamo.%s", name),
					false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not truncate segment %d", number);
	SPI_finish();
	SetUserIdAndSecContext(user, sec_context);
	return true;
}

void
stream_log_maintain(void)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		retention = dynamo_stream_retention * USECS_PER_SEC;
	List	   *segments = read_segments(NULL);
	Segment    *current = current_segment(segments);
	List	   *streams = streams_read(NULL, STREAMS_CURRENT);
	StreamPosition position;
	ListCell   *lc;

	stream_position_read(&position, NULL);

	/* The oldest */
	while (segments && ((Segment *) linitial(segments))->ended_at != 0 &&
		   ((Segment *) linitial(segments))->ended_at < now - retention &&
		   list_length(segments) > 1)
	{
		Segment    *oldest = linitial(segments);
		Relation	rel;

		if (!truncate_segment(oldest->number, streams))
			break;
		rel = open_log_table("stream_segments", RowExclusiveLock);
		CatalogTupleDelete(rel, &oldest->tid);
		table_close(rel, RowExclusiveLock);
		segments = list_delete_first(segments);
	}

	/* The next, unless nothing has come into the present one */
	if (current && current->started_at < now - retention / SEGMENTS_PER_RETENTION &&
		strcmp(position.last_sequence, current->first_sequence) > 0)
	{
		char	   *first = psprintf("%s", position.last_sequence);

		/* The lowest that is higher: a sequence number never ends in 9s only */
		for (int i = SEQUENCE_DIGITS - 1; i >= 0 && first[i]++ == '9'; i--)
			first[i] = '0';
		(void) begin_segment(segments, first);
	}

	foreach(lc, streams)
	{
		const StreamRow *row = lfirst(lc);

		if (row->ended_at && row->ended_at < now - retention)
		{
			ScanKeyData keys[2];

			init_trim_keys(keys, row, 0);
			catalog_delete(TRIMS, TRIMS_PKEY, 1, keys);
			streams_delete(row);
		}
	}
}

/* ---- writing ---- */

LogWriter *
stream_log_begin(void)
{
	LogWriter  *writer = palloc0(sizeof(LogWriter));

	writer->context = CurrentMemoryContext;
	writer->record_context = AllocSetContextCreate(CurrentMemoryContext,
												   "dynamo stream record",
												   ALLOCSET_DEFAULT_SIZES);
	stream_position_read(&writer->position, NULL);
	writer->streams = streams_read(NULL, STREAMS_DIRTY);
	return writer;
}

/* The stream that a record of a table goes to; NULL if there is none. */
static const StreamRow *
find_stream(const LogWriter *writer, const JsonNode *table_id, XLogRecPtr commit_lsn)
{
	const StreamRow *found = NULL;
	const pg_uuid_t *id;
	ListCell   *lc;

	id = DatumGetUUIDP(DirectFunctionCall1(uuid_in,
										   CStringGetDatum(json_cstring(table_id))));
	foreach(lc, writer->streams)
	{
		const StreamRow *row = lfirst(lc);

		if (row->start_lsn > commit_lsn ||
			memcmp(id, &row->table_id, UUID_LEN) != 0)
			continue;

		/*
		 * Of a row that is being changed, or of streams one after the other,
		 * the one that has ended says so.
		 */
		if (found == NULL || row->start_lsn > found->start_lsn || row->ended_at)
			found = row;
	}
	return found && found->ended_at && found->end_lsn <= commit_lsn ? NULL : found;
}

/* The shard of an item: by the hash of its partition key. */
static int
find_shard(const StreamRow *stream, const JsonNode *keys)
{
	const JsonNode *schema = json_node_from_jsonb(stream->key_schema);
	const JsonNode *name = NULL;
	const JsonNode *value;
	uint32		hash;

	if (stream->shards <= 1)
		return 0;
	if (schema->kind == JSON_ARRAY && schema->len > 0)
		name = json_get_string(&schema->u.elems[0], "AttributeName");
	value = name ? json_get_n(keys, name->u.str, name->len) : NULL;
	if (value == NULL || value->kind != JSON_OBJECT || value->len != 1 ||
		value->u.members[0].value.kind != JSON_STRING)
		return 0;
	hash = hash_bytes((const unsigned char *) value->u.members[0].value.u.str,
					  value->u.members[0].value.len);
	return ((uint64) hash * stream->shards) >> 32;
}

/* Bytes of an image; 0 if there is none. */
static int64
image_size(const JsonNode *image)
{
	return image && image->kind == JSON_OBJECT ?
		item_size(&json_to_jsonb(image)->root) : 0;
}

/* What a stream shows of a change. */
static void
cut_change(JsonNode *out, const JsonNode *change, const char *view_type)
{
	bool		both = strcmp(view_type, "NEW_AND_OLD_IMAGES") == 0;
	bool		with_new = both || strcmp(view_type, "NEW_IMAGE") == 0;
	bool		with_old = both || strcmp(view_type, "OLD_IMAGE") == 0;

	json_set_object(out, change->len);
	for (uint32 i = 0; i < change->len; i++)
	{
		const JsonMember *member = &change->u.members[i];
		char	   *name = pnstrdup(member->name, member->name_len);
		JsonNode	size;

		if ((strcmp(name, "NewImage") == 0 && !with_new) ||
			(strcmp(name, "OldImage") == 0 && !with_old))
			continue;
		if (strcmp(name, "StreamViewType") == 0)
			json_set_string(json_add(out, name), view_type);
		else if (strcmp(name, "SizeBytes") == 0 && !both)
		{
			json_set_int(&size, image_size(json_get(change, "Keys")) +
						 (with_new ? image_size(json_get(change, "NewImage")) : 0) +
						 (with_old ? image_size(json_get(change, "OldImage")) : 0));
			*json_add(out, name) = size;
		}
		else
			*json_add(out, name) = member->value;
	}
}

/* What a stream shows of a record, as the log keeps it. */
static Jsonb *
cut_record(const JsonNode *record, const StreamRow *stream)
{
	JsonNode	out;

	json_set_object(&out, record->len);
	for (uint32 i = 0; i < record->len; i++)
	{
		const JsonMember *member = &record->u.members[i];
		char	   *name = pnstrdup(member->name, member->name_len);
		JsonNode	change;

		if (strcmp(name, "tableName") == 0 || strcmp(name, "tableId") == 0)
			continue;
		if (strcmp(name, "dynamodb") == 0 && member->value.kind == JSON_OBJECT)
		{
			cut_change(&change, &member->value, stream->view_type);
			*json_add(&out, name) = change;
		}
		else
			*json_add(&out, name) = member->value;
	}
	return json_to_jsonb(&out);
}

/* Open the table of the ring that is written. */
static void
open_segment(LogWriter *writer, const char *first_sequence)
{
	MemoryContext old_context = MemoryContextSwitchTo(writer->context);
	List	   *segments = read_segments(NULL);
	const Segment *current = current_segment(segments);
	char	   *name;
	Oid			index_oid;

	if (current == NULL)
	{
		(void) begin_segment(segments, first_sequence);
		current = current_segment(read_segments(NULL));
	}
	name = segment_name(current->number);
	writer->segment = catalog_open(name, RowExclusiveLock,
								   psprintf("%s_pkey", name), &index_oid);
	writer->index = index_open(index_oid, RowExclusiveLock);
	writer->index_info = BuildIndexInfo(writer->index);
	writer->slot = table_slot_create(writer->segment, NULL);
	MemoryContextSwitchTo(old_context);
}

static void
close_segment(LogWriter *writer)
{
	ExecDropSingleTupleTableSlot(writer->slot);
	index_close(writer->index, RowExclusiveLock);
	table_close(writer->segment, RowExclusiveLock);
}

/*
 * Insert a record into the table of the ring that is written, without what
 * logical decoding would need: the feed would have to skip it again.
 */
static void
insert_record(LogWriter *writer, const StreamRow *stream, int shard,
			  const char *sequence, const Jsonb *record)
{
	TupleTableSlot *slot;
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	if (writer->segment == NULL)
		open_segment(writer, sequence);
	slot = writer->slot;
	ExecClearTuple(slot);
	slot->tts_values[Anum_rec_stream_id - 1] = UUIDPGetDatum(&stream->stream_id);
	slot->tts_values[Anum_rec_shard - 1] = Int32GetDatum(shard);
	slot->tts_values[Anum_rec_sequence - 1] = CStringGetTextDatum(sequence);
	slot->tts_values[Anum_rec_record - 1] = JsonbPGetDatum(record);
	memset(slot->tts_isnull, 0, sizeof(bool) * Natts_records);
	ExecStoreVirtualTuple(slot);
	table_tuple_insert(writer->segment, slot, GetCurrentCommandId(true),
					   HEAP_INSERT_NO_LOGICAL, NULL);
	FormIndexDatum(writer->index_info, slot, NULL, values, nulls);
	(void) index_insert(writer->index, values, nulls, &slot->tts_tid,
						writer->segment, UNIQUE_CHECK_YES, false,
						writer->index_info);
	ExecClearTuple(slot);
}

/* Note that there is something new of a table. */
static void
add_table(LogWriter *writer, const char *name)
{
	MemoryContext old_context;
	ListCell   *lc;

	foreach(lc, writer->tables)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return;
	}
	old_context = MemoryContextSwitchTo(writer->context);
	writer->tables = lappend(writer->tables, pstrdup(name));
	MemoryContextSwitchTo(old_context);
}

void
stream_log_append(LogWriter *writer, const char *text, int len)
{
	MemoryContext old_context = MemoryContextSwitchTo(writer->record_context);
	JsonNode   *record = json_parse(text, len);
	const JsonNode *change = json_get(record, "dynamodb");
	const JsonNode *sequence = json_get_string(change, "SequenceNumber");
	const JsonNode *table_id = json_get_string(record, "tableId");

	if (table_id && sequence && sequence->len == SEQUENCE_DIGITS)
	{
		char	   *number = json_cstring(sequence);
		char	   *lsn = pnstrdup(number, SEQUENCE_LSN_DIGITS);
		const StreamRow *stream = find_stream(writer, table_id, strtou64(lsn, NULL, 10));

		if (stream && strcmp(number, writer->position.last_sequence) > 0)
		{
			insert_record(writer, stream,
						  find_shard(stream, json_get(change, "Keys")),
						  number, cut_record(record, stream));
			add_table(writer, stream->table_name);
			strlcpy(writer->position.last_sequence, number,
					sizeof(writer->position.last_sequence));
			writer->count++;
		}
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(writer->record_context);
}

List *
stream_log_tables(const LogWriter *writer)
{
	return writer->tables;
}

int64
stream_log_end(LogWriter *writer, XLogRecPtr drained_to)
{
	ListCell   *lc;
	bool		finished = false;

	if (writer->segment)
		close_segment(writer);

	foreach(lc, streams_read(NULL, STREAMS_CURRENT))
	{
		StreamRow  *row = lfirst(lc);

		if (!row->ended_at || row->drained || row->end_lsn > drained_to)
			continue;
		row->drained = true;
		streams_write(row);
		finished = true;
	}
	if (writer->count > 0 || finished)
	{
		writer->position.drained_to = drained_to;
		stream_position_write(&writer->position);
	}
	MemoryContextDelete(writer->record_context);
	return writer->count + finished;
}

/* ---- reading ---- */

/* The tables of the ring, locked against being truncated. */
static void
open_ring(Relation *ring, Oid *indexes)
{
	for (int i = 0; i < STREAM_SEGMENTS; i++)
	{
		char	   *name = segment_name(i);

		ring[i] = catalog_open(name, AccessShareLock, psprintf("%s_pkey", name),
							   &indexes[i]);
	}
}

static void
close_ring(Relation *ring)
{
	for (int i = 0; i < STREAM_SEGMENTS; i++)
		table_close(ring[i], AccessShareLock);
}

/*
 * Read from one table of the ring what is wanted, onto `records`; false if
 * there is more of it.
 */
static bool
read_segment(Relation rel, Oid index_oid, Snapshot snapshot,
			 const StreamRow *stream, int shard, const char *sequence,
			 bool after, int limit, int64 *bytes, List **records)
{
	Relation	index = index_open(index_oid, AccessShareLock);
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		complete = true;

	ScanKeyInit(&keys[0], Anum_rec_stream_id, BTEqualStrategyNumber, F_UUID_EQ,
				UUIDPGetDatum(&stream->stream_id));
	ScanKeyInit(&keys[1], Anum_rec_shard, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(shard));
	ScanKeyInit(&keys[2], Anum_rec_sequence,
				after ? BTGreaterStrategyNumber : BTGreaterEqualStrategyNumber,
				after ? F_TEXT_GT : F_TEXT_GE, CStringGetTextDatum(sequence));
	scan = systable_beginscan_ordered(rel, index, snapshot, 3, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		LogRecord  *record;
		Datum		values[Natts_records];
		bool		nulls[Natts_records];

		CHECK_FOR_INTERRUPTS();
		if (list_length(*records) >= limit)
		{
			complete = false;
			break;
		}
		heap_deform_tuple(tuple, RelationGetDescr(rel), values, nulls);
		record = palloc(sizeof(LogRecord));
		record->sequence = TextDatumGetCString(values[Anum_rec_sequence - 1]);
		record->record = DatumGetJsonbPCopy(values[Anum_rec_record - 1]);
		*bytes -= VARSIZE(record->record);
		if (*bytes < 0 && *records != NIL)
		{
			complete = false;
			break;
		}
		*records = lappend(*records, record);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	return complete;
}

List *
stream_log_read(const StreamRow *stream, int shard, const char *sequence,
				bool after, int limit, int64 max_bytes,
				StreamPosition *position, bool *more)
{
	Relation	ring[STREAM_SEGMENTS];
	Oid			indexes[STREAM_SEGMENTS];
	Snapshot	snapshot;
	List	   *segments;
	List	   *records = NIL;
	ListCell   *lc;

	*more = false;
	open_ring(ring, indexes);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	stream_position_read(position, snapshot);
	segments = read_segments(snapshot);
	foreach(lc, segments)
	{
		const Segment *segment = lfirst(lc);
		const ListCell *next = lnext(segments, lc);

		if (next && strcmp(((const Segment *) lfirst(next))->first_sequence, sequence) <= 0)
			continue;
		if (!read_segment(ring[segment->number], indexes[segment->number],
						  snapshot, stream, shard, sequence, after, limit,
						  &max_bytes, &records))
		{
			*more = true;
			break;
		}
	}
	UnregisterSnapshot(snapshot);
	close_ring(ring);
	return records;
}
