/*
 * record.h - records of DynamoDB Streams as JSON text.
 *
 * A record says what a committed transaction did to one item.  Its sequence
 * number is the LSN of the commit, in decimal, and the ordinal of the record
 * within the transaction, both padded with zeros: sequence numbers are of one
 * length, and their order as numbers and as text is the order of the commits.
 */
#ifndef DYNAMO_RECORD_H
#define DYNAMO_RECORD_H

#include "access/xlogdefs.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "model/key.h"
#include "utils/uuid.h"

/* Digits of a sequence number: of the LSN (64 bits), and of the ordinal. */
#define SEQUENCE_LSN_DIGITS		20
#define SEQUENCE_ORDINAL_DIGITS	10
#define SEQUENCE_DIGITS			(SEQUENCE_LSN_DIGITS + SEQUENCE_ORDINAL_DIGITS)

typedef enum RecordEvent
{
	RECORD_INSERT,
	RECORD_MODIFY,
	RECORD_REMOVE,
	RECORD_TRUNCATE				/* of the whole table; has no item */
} RecordEvent;

typedef struct Record
{
	RecordEvent event;
	const char *table_name;
	const pg_uuid_t *table_id;
	const KeySchema *key;		/* only the names are looked at */
	const JsonbContainer *new_image;	/* NULL: none */
	const JsonbContainer *old_image;
	XLogRecPtr	commit_lsn;
	TimestampTz commit_time;
	uint64		ordinal;
	bool		by_service;		/* expired: the service has removed it */
} Record;

/*
 * Append a record as one line of JSON (without the newline), in the shape of
 * DynamoDB Streams, with both images, and the table it is of.
 */
extern void record_append(StringInfo out, const Record *record);

/* Write a sequence number: SEQUENCE_DIGITS digits and a NUL. */
extern void record_sequence(char *buf, XLogRecPtr commit_lsn, uint64 ordinal);

#endif							/* DYNAMO_RECORD_H */
