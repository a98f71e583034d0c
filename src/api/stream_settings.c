/*
 * stream_settings.c - the stream of a table in requests and descriptions of
 * the table.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "utils/lsyscache.h"

#include "api/arn.h"
#include "api/request.h"
#include "api/stream_settings.h"
#include "dynamo.h"
#include "errors.h"
#include "feed/drain.h"
#include "store/ddl.h"
#include "store/streams.h"
#include "worker.h"

void
read_stream_change(const JsonNode *request, StreamChange *change)
{
	const JsonNode *specification = json_get(request, "StreamSpecification");
	const JsonNode *view_type = json_get(specification, "StreamViewType");

	memset(change, 0, sizeof(StreamChange));
	if (specification == NULL)
		return;
	change->given = true;
	change->enable = request_bool(json_get(specification, "StreamEnabled"), false);
	if (change->enable && view_type == NULL)
		validation_error(INVALID_PARAMETER "StreamViewType is required when StreamEnabled is true");
	if (!change->enable && view_type != NULL)
		validation_error(INVALID_PARAMETER "StreamViewType should not be specified when StreamEnabled is false");
	if (!change->enable)
		return;
	change->view_type = json_cstring(view_type);
}

void
prepare_stream(const StreamChange *change)
{
	if (!change->enable)
		return;
	feed_check_server();
	feed_prepare();
}

/* What is not in the WAL cannot come into a stream. */
static void
check_logged(const TableRow *row)
{
	Oid			relid = catalog_item_table_oid(row);

	if (OidIsValid(relid) &&
		get_rel_persistence(relid) != RELPERSISTENCE_PERMANENT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("unlogged item table \"%s\" cannot have a stream", row->relation_name),
				 errhint("Use ALTER TABLE ... SET LOGGED before.")));
}

void
change_stream(const TableRow *row, const StreamChange *change, bool is_new)
{
	const StreamRow *latest;
	StreamRow	stream = {0};
	bool		enabled;

	if (!change->given || (is_new && !change->enable))
		return;
	latest = streams_latest(row);
	enabled = latest && !latest->ended_at;
	if (change->enable && enabled)
		validation_error("Table already has an enabled stream: TableName: %s",
						 row->table_name);
	if (!change->enable && !enabled)
		validation_error("Table has no stream to disable: TableName: %s",
						 row->table_name);

	if (change->enable)
		check_logged(row);
	ddl_log_old_items(row, change->enable);
	if (change->enable)
	{
		stream.view_type = change->view_type;
		stream.shards = dynamo_stream_shards;
		streams_add(&stream, row);
	}
	else
		streams_end(row);
	worker_wake_at_commit(WORKER_FEED);
}

void
add_stream(JsonNode *table, const TableRow *row)
{
	const StreamRow *latest = streams_latest(row);
	JsonNode   *specification;

	if (latest == NULL)
		return;
	if (!latest->ended_at)
	{
		specification = json_add(table, "StreamSpecification");
		json_set_object(specification, 2);
		json_set_bool(json_add(specification, "StreamEnabled"), true);
		json_set_string(json_add(specification, "StreamViewType"), latest->view_type);
	}
	json_set_string(json_add(table, "LatestStreamLabel"), latest->label);
	json_set_string(json_add(table, "LatestStreamArn"),
					stream_arn(latest->table_name, latest->label));
}
