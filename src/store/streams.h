/*
 * streams.h - dynamo.streams: the streams of tables, those that have ended
 * included.
 *
 * A table has one enabled stream at most.  What a stream holds is told by
 * positions in the WAL: both are taken while the item table is locked against
 * everybody else, so that every other transaction that changes it has
 * committed before, or begins after.
 *
 * Rows are written on the caller's behalf, like those of dynamo.tables.
 */
#ifndef DYNAMO_STREAMS_H
#define DYNAMO_STREAMS_H

#include "access/xlogdefs.h"
#include "store/catalog.h"

/* Shards of a stream at most. */
#define STREAM_SHARDS_MAX	64

typedef struct StreamRow
{
	pg_uuid_t	stream_id;
	char	   *table_name;
	char	   *label;			/* as in the ARN */
	pg_uuid_t	table_id;
	Oid			owner;			/* of the item table: who may read the stream
								 * when the table is gone */
	char	   *view_type;		/* as in the API */
	Jsonb	   *key_schema;		/* of the table, as in the API */
	int			shards;
	TimestampTz created_at;
	XLogRecPtr	start_lsn;		/* commits from here on are in it */
	TimestampTz ended_at;		/* 0: enabled */
	XLogRecPtr	end_lsn;		/* commits from here on are not in it */
	bool		drained;		/* ended, and all of it is in the log */
	XLogRecPtr	trimmed_to;		/* what was before is lost */
} StreamRow;

/* What streams_read() reads. */
typedef enum StreamsSnapshot
{
	STREAMS_CURRENT,			/* what has been committed, or done here */
	STREAMS_DIRTY				/* and what others are about to commit */
} StreamsSnapshot;

/*
 * Streams, StreamRow *, in order of table name and label; of one table, or of
 * all (NULL).  A row that is being changed is there twice if dirty.
 */
extern List *streams_read(const char *table_name, StreamsSnapshot snapshot);

/* The newest stream of a table; NULL if it never had one. */
extern StreamRow *streams_latest(const TableRow *table);

/* Fill in the rest of a row for the table, locked, and insert it. */
extern void streams_add(StreamRow *row, const TableRow *table);

/* End the enabled stream of a table, if it has one. */
extern void streams_end(const TableRow *table);

/* Overwrite or delete the row of a stream. */
extern void streams_write(const StreamRow *row);
extern void streams_delete(const StreamRow *row);

#endif							/* DYNAMO_STREAMS_H */
