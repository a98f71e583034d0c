/*
 * record.c - records of DynamoDB Streams as JSON text.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "common/hashfn.h"
#include "utils/fmgrprotos.h"

#include "dynamo.h"
#include "feed/record.h"
#include "store/item_check.h"

#define SECONDS_TO_UNIX_EPOCH \
	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY)

static const char *const event_names[] = {
	[RECORD_INSERT] = "INSERT",
	[RECORD_MODIFY] = "MODIFY",
	[RECORD_REMOVE] = "REMOVE",
	[RECORD_TRUNCATE] = "TRUNCATE",
};

void
record_sequence(char *buf, XLogRecPtr commit_lsn, uint64 ordinal)
{
	snprintf(buf, SEQUENCE_DIGITS + 1, "%0*llu%0*llu",
			 SEQUENCE_LSN_DIGITS, (unsigned long long) commit_lsn,
			 SEQUENCE_ORDINAL_DIGITS, (unsigned long long) ordinal);
}

/* The id of the event: the same whenever and wherever it is decoded again. */
static void
append_event_id(StringInfo out, const Record *record)
{
	uint64		source[3];

	source[0] = GetSystemIdentifier();
	source[1] = record->commit_lsn;
	source[2] = record->ordinal;
	for (uint64 seed = 0; seed < 2; seed++)
		appendStringInfo(out, "%016llx",
						 (unsigned long long) hash_bytes_extended((unsigned char *) source,
																  sizeof(source), seed));
}

/* Append an image as member `name` and add to the bytes that count. */
static void
append_image(StringInfo out, const char *name, const JsonbContainer *image,
			 uint32 *size)
{
	if (image == NULL)
		return;
	appendStringInfo(out, "\"%s\":", name);
	json_append_container(out, image);
	appendStringInfoChar(out, ',');
	*size += item_size(image);
}

/* Append the keys of an item. */
static void
append_keys(StringInfo out, const KeySchema *key, const JsonbContainer *item,
			uint32 *size)
{
	JsonNode	keys;

	json_set_object(&keys, KEY_NATTRS(key));
	item_add_key(key, item, &keys);
	appendStringInfoString(out, "\"Keys\":");
	json_append(out, &keys);
	appendStringInfoChar(out, ',');
	*size += item_size(&json_to_jsonb(&keys)->root);
}

void
record_append(StringInfo out, const Record *record)
{
	const JsonbContainer *item = record->new_image ?
	record->new_image : record->old_image;
	char		sequence[SEQUENCE_DIGITS + 1];
	uint32		size = 0;

	appendStringInfoString(out, "{\"eventID\":\"");
	append_event_id(out, record);
	appendStringInfo(out, "\",\"eventName\":\"%s\",\"eventVersion\":\"1.1\","
					 "\"eventSource\":\"aws:dynamodb\",\"awsRegion\":",
					 event_names[record->event]);
	json_append_string(out, dynamo_region, strlen(dynamo_region));

	appendStringInfo(out, ",\"dynamodb\":{\"ApproximateCreationDateTime\":" INT64_FORMAT ",",
					 record->commit_time / USECS_PER_SEC + SECONDS_TO_UNIX_EPOCH);
	if (item != NULL)
		append_keys(out, record->key, item, &size);
	append_image(out, "NewImage", record->new_image, &size);
	append_image(out, "OldImage", record->old_image, &size);
	record_sequence(sequence, record->commit_lsn, record->ordinal);
	appendStringInfo(out, "\"SequenceNumber\":\"%s\",\"SizeBytes\":%u,"
					 "\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}", sequence, size);

	if (record->by_service)
		appendStringInfoString(out, ",\"userIdentity\":{\"Type\":\"Service\","
							   "\"PrincipalId\":\"dynamodb.amazonaws.com\"}");
	appendStringInfoString(out, ",\"tableName\":");
	json_append_string(out, record->table_name, strlen(record->table_name));
	appendStringInfo(out, ",\"tableId\":\"%s\"}",
					 DatumGetCString(DirectFunctionCall1(uuid_out,
														 UUIDPGetDatum(record->table_id))));
}
