/*
 * stream_ops.c - the API of DynamoDB Streams: ListStreams, DescribeStream,
 * GetShardIterator, GetRecords.
 *
 * Who may read a table may read its stream; of a table that is gone, who owned
 * it when the stream was enabled.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/arn.h"
#include "api/operations.h"
#include "api/request.h"
#include "api/table_settings.h"
#include "dynamo.h"
#include "errors.h"
#include "feed/drain.h"
#include "feed/stream_log.h"

/* Streams or shards on a page, and records, unless Limit says. */
#define PAGE_MAX		100
#define RECORDS_MAX		1000

/* Bytes of records in a response: no more are begun after that. */
#define RESPONSE_BYTES	(1024 * 1024)

/* How long an iterator can be used. */
#define ITERATOR_MSECS	(15 * 60 * 1000)

/* Where an iterator stands. */
typedef enum IteratorKind
{
	ITERATOR_HORIZON = 'H',		/* at the oldest record that there is */
	ITERATOR_AT = 'F',			/* at a sequence number, or beyond it */
	ITERATOR_AFTER = 'A'		/* beyond a sequence number */
} IteratorKind;

typedef struct Iterator
{
	int			shard;
	IteratorKind kind;
	char		sequence[SEQUENCE_DIGITS + 1];
	int64		created_at;		/* milliseconds since 1970 */
} Iterator;

/* A record, and the shard that it is in. */
typedef struct ShardRecord
{
	int			shard;
	const LogRecord *record;
} ShardRecord;

/* Milliseconds since 1970. */
static int64
epoch_msecs(TimestampTz time)
{
	return time / 1000 +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * INT64CONST(1000);
}

/* ---- streams ---- */

static bool
is_kept(const StreamRow *row)
{
	return !row->ended_at ||
		row->ended_at >= GetCurrentTimestamp() - dynamo_stream_retention * USECS_PER_SEC;
}

/* A stream by its ARN, in stored form; raises if there is none. */
static StreamRow *
find_stream(const char *arn)
{
	JsonNode	node;
	StreamArn	parts;
	ListCell   *lc;

	json_set_string(&node, arn);
	if (!parse_stream_arn(&node, &parts))
		validation_error("Invalid StreamArn");
	if (strcmp(parts.table.region, dynamo_region) == 0 &&
		strcmp(parts.table.account_id, dynamo_account_id) == 0)
	{
		foreach(lc, streams_read(parts.table.table_name, STREAMS_CURRENT))
		{
			StreamRow  *row = lfirst(lc);

			if (strcmp(row->label, parts.label) == 0 && is_kept(row))
				return row;
		}
	}
	dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
				 "Requested resource not found: Stream: %s not found", arn);
}

/* May the current user read the stream?  Raises if not. */
static void
check_access(const StreamRow *stream)
{
	const TableRow *table = catalog_read_row(stream->table_name);
	Relation	rel = NULL;

	if (table && memcmp(&table->table_id, &stream->table_id, UUID_LEN) == 0 &&
		OidIsValid(catalog_item_table_oid(table)))
		rel = try_table_open(catalog_item_table_oid(table), AccessShareLock);
	if (rel != NULL)
	{
		catalog_check_access(rel, ACL_SELECT);
		table_close(rel, NoLock);
	}
	else if (!has_privs_of_role(GetUserId(), stream->owner))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, stream->table_name);
}

/* ---- shards ---- */

/*
 * The id of a shard.  Ids sort in the order of the creation of their streams,
 * then by number.
 */
static char *
shard_id(const StreamRow *stream, int shard)
{
	int64		msecs = epoch_msecs(stream->created_at);

	return psprintf("shardId-%020lld-%08x",
					(long long) (msecs * STREAM_SHARDS_MAX + shard),
					hash_bytes(stream->stream_id.data, UUID_LEN));
}

/* The number of a shard of the stream; raises if it has no such shard. */
static int
find_shard(const StreamRow *stream, const JsonNode *id)
{
	for (int i = 0; i < stream->shards; i++)
	{
		if (json_string_is(id, shard_id(stream, i)))
			return i;
	}
	dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
				 "Requested resource not found: Shard: %s in Stream: %s not found",
				 json_cstring(id), stream_arn(stream->table_name, stream->label));
}

static void
add_shard(JsonNode *shard, const StreamRow *stream, int number)
{
	JsonNode   *range;

	json_set_object(shard, 2);
	json_set_string(json_add(shard, "ShardId"), shard_id(stream, number));
	range = json_add(shard, "SequenceNumberRange");
	json_set_object(range, 2);
	json_set_string(json_add(range, "StartingSequenceNumber"),
					stream_sequence(stream->start_lsn));
	if (stream->ended_at)
		json_set_string(json_add(range, "EndingSequenceNumber"),
						stream_sequence(Max(stream->end_lsn, stream->start_lsn)));
}

/* ---- iterators ---- */

/* What shows that an iterator was not made up. */
static uint32
iterator_check(const char *arn, const char *state, int len)
{
	return hash_combine(hash_bytes((const unsigned char *) arn, strlen(arn)),
						hash_bytes((const unsigned char *) state, len));
}

/* An iterator as clients get it. */
static char *
write_iterator(const StreamRow *stream, const Iterator *iterator)
{
	char	   *arn = stream_arn(stream->table_name, stream->label);
	char	   *state = psprintf("%d:%c:%s:" INT64_FORMAT, iterator->shard,
								 (char) iterator->kind, iterator->sequence,
								 iterator->created_at);
	char	   *bytes = psprintf("%s:%08x", state,
								 iterator_check(arn, state, strlen(state)));
	char	   *text = palloc(strlen(bytes) * 4 / 3 + 8);
	uint32		len = base64_encode((unsigned char *) bytes, strlen(bytes), text);

	return psprintf("%s|1|%.*s", arn, (int) len, text);
}

/*
 * Read an iterator that a client gives back: the ARN of its stream, and where
 * in it.  False if it is none.
 */
static bool
read_iterator(const JsonNode *node, char **arn, Iterator *iterator)
{
	char	   *text = json_cstring(node);
	char	   *separator = strstr(text, "|1|");
	const char *encoded;
	char	   *bytes;
	char	   *last;
	char		kind;
	char		sequence[40];
	long long	created_at;
	unsigned int check;
	int			len;

	if (separator == NULL)
		return false;
	*separator = '\0';
	*arn = text;

	encoded = separator + strlen("|1|");
	len = base64_decoded_length(encoded, strlen(encoded));
	if (len <= 0)
		return false;
	bytes = palloc(len + 1);
	(void) base64_decode(encoded, strlen(encoded), (unsigned char *) bytes);
	bytes[len] = '\0';
	last = strrchr(bytes, ':');
	if (last == NULL || strlen(bytes) != len ||
		sscanf(last, ":%8x", &check) != 1 ||
		check != iterator_check(text, bytes, last - bytes))
		return false;
	if (sscanf(bytes, "%d:%c:%39[0-9]:%lld:", &iterator->shard, &kind, sequence,
			   &created_at) != 4 ||
		strlen(sequence) != SEQUENCE_DIGITS ||
		created_at < 0 ||
		(kind != ITERATOR_HORIZON && kind != ITERATOR_AT && kind != ITERATOR_AFTER))
		return false;
	strcpy(iterator->sequence, sequence);
	iterator->kind = kind;
	iterator->created_at = created_at;
	return true;
}

/* The sequence number of a request in this server's form. */
static void
read_sequence(const JsonNode *node, char *sequence)
{
	const char *digits = json_cstring(node);
	int			len = strlen(digits);

	if (strspn(digits, "0123456789") != len)
		validation_error("Invalid SequenceNumber");
	for (; len > SEQUENCE_DIGITS && *digits == '0'; len--)
		digits++;
	if (len > SEQUENCE_DIGITS)
		validation_error("Invalid SequenceNumber");
	memset(sequence, '0', SEQUENCE_DIGITS);
	strcpy(sequence + SEQUENCE_DIGITS - len, digits);
}

/*
 * Raise, if there were records of the shard after where the iterator stands that
 * have been removed, or lost with the slot.  What is before the beginning of the
 * stream is its beginning.
 */
static void
check_horizon(const StreamRow *stream, Iterator *iterator)
{
	char	   *trimmed = stream_log_trimmed(stream, iterator->shard);
	char	   *gap = stream_sequence(stream->trimmed_to);
	int			order = strcmp(iterator->sequence, trimmed);
	bool		lost = *trimmed && (iterator->kind == ITERATOR_AFTER ? order < 0 : order <= 0);

	if (!lost && strcmp(iterator->sequence, gap) >= 0)
		return;
	if (iterator->kind != ITERATOR_HORIZON &&
		(lost || stream->start_lsn < stream->trimmed_to))
		dynamo_error(DYNAMO_TRIMMED_DATA_ACCESS,
					 "The operation attempted to read past the oldest stream record in a shard.");
	iterator->kind = strcmp(trimmed, gap) > 0 ? ITERATOR_AFTER : ITERATOR_AT;
	strcpy(iterator->sequence, iterator->kind == ITERATOR_AFTER ? trimmed : gap);
}

/*
 * Read records from where the iterator stands; the rest is as of
 * stream_log_read().
 */
static List *
read_shard(const StreamRow *stream, Iterator *iterator, int limit,
		   StreamPosition *position, bool *more)
{
	Iterator	before;
	List	   *records;

	check_horizon(stream, iterator);
	before = *iterator;
	records = stream_log_read(stream, iterator->shard, iterator->sequence,
							  iterator->kind == ITERATOR_AFTER, limit,
							  RESPONSE_BYTES, position, more);

	/* Some may have been removed right before they were read */
	check_horizon(stream, &before);
	return records;
}

/*
 * Without a worker, a stream that is waited for becomes ready, or ends, when
 * somebody looks.  Returns it as it is then.
 */
static const StreamRow *
make_progress(const StreamRow *stream)
{
	if (stream->drained || (!stream->ended_at && feed_is_ready()))
		return stream;
	feed_drain_here();
	return find_stream(stream_arn(stream->table_name, stream->label));
}

/* ---- operations ---- */

void
list_streams(JsonNode *request, JsonNode *response)
{
	const JsonNode *name = json_get(request, "TableName");
	const JsonNode *start = json_get(request, "ExclusiveStartStreamArn");
	const JsonNode *limit = json_get(request, "Limit");
	int			max = limit ? request_int(limit) : PAGE_MAX;
	StreamArn	after;
	const StreamRow *last = NULL;
	JsonNode	list;
	ListCell   *lc;

	if (start && !parse_stream_arn(start, &after))
		validation_error("Invalid StreamArn");
	json_set_array(&list, 8);
	foreach(lc, streams_read(name ? json_cstring(name) : NULL, STREAMS_CURRENT))
	{
		const StreamRow *row = lfirst(lc);
		JsonNode   *node;

		if (start)
		{
			int			order = strcmp(row->table_name, after.table.table_name);

			if (order < 0 || (order == 0 && strcmp(row->label, after.label) <= 0))
				continue;
		}
		if (!is_kept(row))
			continue;
		if (list.len == max)
		{
			json_set_string(json_add(response, "LastEvaluatedStreamArn"),
							stream_arn(last->table_name, last->label));
			break;
		}
		node = json_push(&list);
		json_set_object(node, 3);
		json_set_string(json_add(node, "StreamArn"),
						stream_arn(row->table_name, row->label));
		json_set_string(json_add(node, "TableName"), row->table_name);
		json_set_string(json_add(node, "StreamLabel"), row->label);
		last = row;
	}
	*json_add(response, "Streams") = list;
}

/* What a stream is at. */
static const char *
stream_status(const StreamRow *stream)
{
	if (stream->ended_at)
		return stream->drained ? "DISABLED" : "DISABLING";
	return RecoveryInProgress() || feed_is_ready() ? "ENABLED" : "ENABLING";
}

void
describe_stream(JsonNode *request, JsonNode *response)
{
	const JsonNode *start = json_get(request, "ExclusiveStartShardId");
	const JsonNode *limit = json_get(request, "Limit");
	const JsonNode *filter = json_get(request, "ShardFilter");
	int			max = limit ? request_int(limit) : PAGE_MAX;
	const StreamRow *stream;
	JsonNode   *description;
	JsonNode	shards;
	int			shard = 0;

	if (filter && json_get(filter, "Type") == NULL)
		validation_error("1 validation error detected: Value null at 'shardFilter.type' failed to satisfy constraint: Member must not be null");
	if (filter && json_get(filter, "ShardId") == NULL)
		validation_error("1 validation error detected: Value null at 'shardFilter.shardId' failed to satisfy constraint: Member must not be null");
	stream = find_stream(json_cstring(json_get(request, "StreamArn")));
	check_access(stream);
	stream = make_progress(stream);

	description = json_add(response, "StreamDescription");
	json_set_object(description, 10);
	json_set_string(json_add(description, "StreamArn"),
					stream_arn(stream->table_name, stream->label));
	json_set_string(json_add(description, "StreamLabel"), stream->label);
	json_set_string(json_add(description, "StreamStatus"), stream_status(stream));
	json_set_string(json_add(description, "StreamViewType"), stream->view_type);
	set_epoch(json_add(description, "CreationRequestDateTime"), stream->created_at);
	json_set_string(json_add(description, "TableName"), stream->table_name);
	json_set_jsonb(json_add(description, "KeySchema"), stream->key_schema);

	/* Shards are never split: none is the child of another */
	json_set_array(&shards, stream->shards);
	if (start)
		shard = find_shard(stream, start) + 1;
	if (filter)
	{
		(void) find_shard(stream, json_get(filter, "ShardId"));
		shard = stream->shards;
	}
	for (; shard < stream->shards && shards.len < max; shard++)
		add_shard(json_push(&shards), stream, shard);
	*json_add(description, "Shards") = shards;
	if (shard < stream->shards)
		json_set_string(json_add(description, "LastEvaluatedShardId"),
						shard_id(stream, shard - 1));
}

void
get_shard_iterator(JsonNode *request, JsonNode *response)
{
	const JsonNode *type = json_get(request, "ShardIteratorType");
	const JsonNode *number = json_get(request, "SequenceNumber");
	bool		at = json_string_is(type, "AT_SEQUENCE_NUMBER");
	bool		after = json_string_is(type, "AFTER_SEQUENCE_NUMBER");
	const StreamRow *stream;
	Iterator	iterator = {0};

	if ((at || after) && number == NULL)
		validation_error("SequenceNumber is required when ShardIteratorType is %s",
						 json_cstring(type));
	if (!(at || after) && number != NULL)
		validation_error("SequenceNumber must not be specified when ShardIteratorType is %s",
						 json_cstring(type));
	iterator.kind = after ? ITERATOR_AFTER : ITERATOR_AT;
	if (number)
		read_sequence(number, iterator.sequence);

	stream = find_stream(json_cstring(json_get(request, "StreamArn")));
	check_access(stream);
	iterator.shard = find_shard(stream, json_get(request, "ShardId"));
	if (json_string_is(type, "TRIM_HORIZON"))
	{
		iterator.kind = ITERATOR_HORIZON;
		strcpy(iterator.sequence, stream_sequence(stream->trimmed_to));
	}
	else if (number)
		check_horizon(stream, &iterator);
	else
		strcpy(iterator.sequence,
			   stream_sequence(RecoveryInProgress() ?
							   GetXLogReplayRecPtr(NULL) : GetXLogInsertRecPtr()));
	iterator.created_at = epoch_msecs(GetCurrentTimestamp());
	json_set_string(json_add(response, "ShardIterator"),
					write_iterator(stream, &iterator));
}

/* Records of the log that the API has no event for: tables emptied. */
static bool
is_event(const Jsonb *record)
{
	return !json_string_is(json_get(json_node_from_jsonb(record), "eventName"),
						   "TRUNCATE");
}

void
get_records(JsonNode *request, JsonNode *response)
{
	const JsonNode *limit = json_get(request, "Limit");
	int			max = limit ? request_int(limit) : RECORDS_MAX;
	char	   *arn;
	Iterator	iterator;
	const StreamRow *stream;
	StreamPosition position;
	List	   *records;
	ListCell   *lc;
	JsonNode	list;
	bool		more;

	if (!read_iterator(json_get(request, "ShardIterator"), &arn, &iterator))
		validation_error("Invalid ShardIterator");
	stream = find_stream(arn);
	check_access(stream);
	if (epoch_msecs(GetCurrentTimestamp()) - iterator.created_at > ITERATOR_MSECS)
		dynamo_error(DYNAMO_EXPIRED_ITERATOR,
					 "The shard iterator has expired and can no longer be used to retrieve stream records.");
	if (!stream->drained)
	{
		feed_drain_here();

		/* Whether there is more to come has to be known before reading */
		stream = find_stream(arn);
	}
	records = read_shard(stream, &iterator, max, &position, &more);
	json_set_array(&list, list_length(records));
	foreach(lc, records)
	{
		const LogRecord *record = lfirst(lc);

		if (is_event(record->record))
			json_set_jsonb(json_push(&list), record->record);
		strcpy(iterator.sequence, record->sequence);
		iterator.kind = ITERATOR_AFTER;
	}
	*json_add(response, "Records") = list;

	/*
	 * At the end of what there is, stand where the log ends: what is trimmed
	 * meanwhile is no loss of this reader's.
	 */
	if (!more)
	{
		if (stream->drained)
			return;
		if (strcmp(position.last_sequence, iterator.sequence) >= 0)
		{
			strcpy(iterator.sequence, position.last_sequence);
			iterator.kind = ITERATOR_AFTER;
		}
	}
	iterator.created_at = epoch_msecs(GetCurrentTimestamp());
	json_set_string(json_add(response, "NextShardIterator"),
					write_iterator(stream, &iterator));
}

/* ---- rows ---- */

PG_FUNCTION_INFO_V1(dynamo_stream_records);

static int
compare_records(const ListCell *a, const ListCell *b)
{
	return strcmp(((const ShardRecord *) lfirst(a))->record->sequence,
				  ((const ShardRecord *) lfirst(b))->record->sequence);
}

/* A member that is a string as text. */
static Datum
text_member(const JsonNode *node, const char *name, bool *isnull)
{
	const JsonNode *member = json_get_string(node, name);

	*isnull = member == NULL;
	return *isnull ? (Datum) 0 :
		PointerGetDatum(cstring_to_text_with_len(member->u.str, member->len));
}

/* A member that is an object as jsonb. */
static Datum
jsonb_member(const JsonNode *node, const char *name, bool *isnull)
{
	const JsonNode *member = json_get(node, name);

	*isnull = member == NULL;
	return *isnull ? (Datum) 0 : JsonbPGetDatum(json_to_jsonb(member));
}

/* A record as a row of dynamo.stream_records(). */
static void
put_record(ReturnSetInfo *rsinfo, const StreamRow *stream, const ShardRecord *record)
{
	JsonNode   *node = json_node_from_jsonb(record->record->record);
	JsonNode   *change = json_get(node, "dynamodb");
	const JsonNode *time;
	Datum		values[9];
	bool		nulls[9] = {0};

	if (change)
		json_node_expand(change);
	time = json_get(change, "ApproximateCreationDateTime");
	values[0] = CStringGetTextDatum(record->record->sequence);
	values[1] = CStringGetTextDatum(shard_id(stream, record->shard));
	values[2] = text_member(node, "eventID", &nulls[2]);
	values[3] = text_member(node, "eventName", &nulls[3]);
	nulls[4] = time == NULL || time->kind != JSON_INTEGER;
	if (!nulls[4])
		values[4] = TimestampTzGetDatum(time_t_to_timestamptz(request_int(time)));
	values[5] = jsonb_member(change, "Keys", &nulls[5]);
	values[6] = jsonb_member(change, "NewImage", &nulls[6]);
	values[7] = jsonb_member(change, "OldImage", &nulls[7]);
	values[8] = BoolGetDatum(json_get(node, "userIdentity") != NULL);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * Put the next records of all shards, in the order of their sequence numbers,
 * `max` at most, which are counted down, and move the iterator; false if there
 * are no more.
 */
static bool
put_records(ReturnSetInfo *rsinfo, const StreamRow *stream, Iterator *iterator,
			int *max)
{
	char		bound[SEQUENCE_DIGITS + 1];
	List	   *records = NIL;
	ListCell   *lc;
	bool		more = false;

	/* No shard may be passed further than the others have been read. */
	for (int shard = 0; shard < stream->shards; shard++)
	{
		StreamPosition position;
		Iterator	place = *iterator;
		bool		shard_more;

		place.shard = shard;
		foreach(lc, read_shard(stream, &place, Min(*max, RECORDS_MAX),
							   &position, &shard_more))
		{
			ShardRecord *record = palloc(sizeof(ShardRecord));

			record->shard = shard;
			record->record = lfirst(lc);
			records = lappend(records, record);
		}
		if (shard == 0)
			strcpy(bound, position.last_sequence);
		if (shard_more && strcmp(((ShardRecord *) llast(records))->record->sequence, bound) < 0)
			strcpy(bound, ((ShardRecord *) llast(records))->record->sequence);
		more |= shard_more;
	}

	list_sort(records, compare_records);
	foreach(lc, records)
	{
		const ShardRecord *record = lfirst(lc);

		if (*max <= 0 || strcmp(record->record->sequence, bound) > 0)
			break;
		put_record(rsinfo, stream, record);
		(*max)--;
	}
	strcpy(iterator->sequence, bound);
	iterator->kind = ITERATOR_AFTER;
	return more;
}

/* The newest stream of a table, for the current user to be read. */
static StreamRow *
find_newest(const char *table_name)
{
	const TableRow *table = catalog_read_row(table_name);
	StreamRow  *stream = table ? streams_latest(table) : NULL;

	if (table == NULL)
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND, "Requested resource not found");
	if (stream == NULL || !is_kept(stream))
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
					 "Requested resource not found: Table: %s has no stream", table_name);
	check_access(stream);
	return stream;
}

/*
 * dynamo.stream_records(table_name text, after text, max int) RETURNS SETOF
 * record: of all shards, in the order of their sequence numbers
 */
Datum
dynamo_stream_records(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			max = PG_ARGISNULL(2) ? INT_MAX : PG_GETARG_INT32(2);
	Iterator	iterator = {.kind = ITERATOR_HORIZON};
	const StreamRow *stream;
	MemoryContext context;
	MemoryContext old_context;
	bool		more;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || max <= 0)
		return (Datum) 0;
	stream = find_newest(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (!stream->drained)
		feed_drain_here();
	memset(iterator.sequence, '0', SEQUENCE_DIGITS);
	if (!PG_ARGISNULL(1))
	{
		JsonNode	node;

		json_set_string(&node, text_to_cstring(PG_GETARG_TEXT_PP(1)));
		iterator.kind = ITERATOR_AFTER;
		read_sequence(&node, iterator.sequence);
	}

	context = AllocSetContextCreate(CurrentMemoryContext, "dynamo stream records",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	do
	{
		CHECK_FOR_INTERRUPTS();
		more = put_records(rsinfo, stream, &iterator, &max);
		MemoryContextReset(context);
	} while (more && max > 0);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return (Datum) 0;
}
