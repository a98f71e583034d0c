/*
 * stream_log.h - the log of stream records, and how far it goes.
 *
 * Records lie in dynamo.stream_segment_0 and so on, a ring of tables that are
 * filled one after the other, each for a part of dynamo.stream_retention;
 * dynamo.stream_segments says which are in use.  What is too old is removed by
 * truncating the oldest table, which costs nothing and leaves nothing for
 * VACUUM.  A record is therefore kept for the retention, and up to a sixth of
 * it longer.
 *
 * Sequence numbers are strings of SEQUENCE_DIGITS digits: their order as text
 * is that of commits.
 */
#ifndef DYNAMO_STREAM_LOG_H
#define DYNAMO_STREAM_LOG_H

#include "feed/record.h"
#include "store/streams.h"
#include "utils/snapshot.h"

/* Tables of the ring. */
#define STREAM_SEGMENTS	8

/* The row of dynamo.stream_position. */
typedef struct StreamPosition
{
	XLogRecPtr	drained_to;		/* commits before are in the log */
	char		last_sequence[SEQUENCE_DIGITS + 1]; /* the highest in the log */
	bool		slot_ready;		/* all there is since it was created has come
								 * through the slot */
} StreamPosition;

/* A record that was read. */
typedef struct LogRecord
{
	char	   *sequence;
	Jsonb	   *record;			/* as GetRecords shows it */
} LogRecord;

/* The lowest sequence number of commits from a position on.  palloc'd. */
extern char *stream_sequence(XLogRecPtr lsn);

/* ---- writing ---- */

/*
 * Add records to the log: begin, append records in ascending order of their
 * sequence numbers, end.  One at a time: the caller has locked the log
 * (stream_log_lock).  A record is JSON text in the form of the output plugin;
 * one of a table that has no stream at that commit, or one that is there
 * already, is left out.
 */
typedef struct LogWriter LogWriter;

extern LogWriter *stream_log_begin(void);
extern void stream_log_append(LogWriter *writer, const char *text, int len);

/* Number of records that were added; position: written back. */
extern int64 stream_log_end(LogWriter *writer, XLogRecPtr drained_to);

/* The names of tables that records were added for, until the end. */
extern List *stream_log_tables(const LogWriter *writer);

/* Be the only one to write the log until the transaction ends. */
extern bool stream_log_lock(bool wait);

extern void stream_position_read(StreamPosition *position, Snapshot snapshot);
extern void stream_position_write(const StreamPosition *position);

/*
 * Begin a new table of the ring if it is time to, remove records and streams
 * that are too old.  The caller has locked the log.
 */
extern void stream_log_maintain(void);

/* ---- reading ---- */

/*
 * Read the records of a shard from a sequence number on (`after`: beyond it),
 * `limit` at most, and max_bytes bytes of them, but at least one.  Returns
 * LogRecord *, and how far the log went.  *more: there are others.
 */
extern List *stream_log_read(const StreamRow *stream, int shard,
							 const char *sequence, bool after, int limit,
							 int64 max_bytes, StreamPosition *position,
							 bool *more);

/*
 * The highest sequence number of the records that have been removed from a
 * shard, being too old; "" if none has.  palloc'd.
 */
extern char *stream_log_trimmed(const StreamRow *stream, int shard);

#endif							/* DYNAMO_STREAM_LOG_H */
