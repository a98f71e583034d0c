/*
 * stream_settings.h - the stream of a table in requests and descriptions of
 * the table.
 */
#ifndef DYNAMO_STREAM_SETTINGS_H
#define DYNAMO_STREAM_SETTINGS_H

#include "store/catalog.h"

/*
 * What StreamSpecification asks for.  Raises ValidationException if that makes
 * no sense.
 */
typedef struct StreamChange
{
	bool		given;			/* there is one */
	bool		enable;
	char	   *view_type;		/* if enable */
} StreamChange;

extern void read_stream_change(const JsonNode *request, StreamChange *change);

/*
 * Make ready for what is asked for, if that is a stream: before anything is
 * written, and after all checks, since a replication slot that is made for it
 * stays when the request fails.  Raises feature_not_supported if this server
 * can have no streams.
 */
extern void prepare_stream(const StreamChange *change);

/*
 * Enable or disable the stream of a table, which is there.  Of a new table,
 * having none is what was asked for.
 */
extern void change_stream(const TableRow *row, const StreamChange *change,
						  bool is_new);

/* Add what the description of a table tells of its newest stream. */
extern void add_stream(JsonNode *table, const TableRow *row);

#endif							/* DYNAMO_STREAM_SETTINGS_H */
