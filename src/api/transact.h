/*
 * transact.h - several writes, or several reads, as one: TransactWriteItems,
 * TransactGetItems, ExecuteTransaction.
 *
 * Faults that a table or an item shows are collected, one reason for each
 * member, and raised together as TransactionCanceledException, which undoes
 * what was written by ending the statement.
 */
#ifndef DYNAMO_TRANSACT_H
#define DYNAMO_TRANSACT_H

#include "api/item_write.h"

/* Members at most; bytes of what they carry, and of what is read. */
#define TRANSACT_MAX_ACTIONS	100
#define TRANSACT_MAX_SIZE		(4 * 1024 * 1024)

/*
 * Why a member cannot be.  What raises FooException in write_check() or
 * write_decide() has the code Foo (ValidationException: ValidationError).
 */
typedef struct CancellationReason
{
	const char *code;
	const char *message;
	const char *detail;			/* JSON object of more members; or NULL */
} CancellationReason;

/* Raise ValidationException if the members carry so many bytes. */
extern void transact_check_size(uint64 size);

/* Bytes of a map of attribute values, in normal form; NULL has none. */
extern uint64 transact_map_size(const JsonNode *map);

/*
 * Have a transaction with a token happen once.  request: what must be the
 * same when the token comes again, as a tree; token: NULL for none.  True if
 * it has happened already, so that there is nothing to write; otherwise the
 * token is recorded, and goes with the transaction if that fails.
 */
extern bool transact_happened(const char *operation, const JsonNode *token,
							  const JsonNode *request);

/*
 * Run prepared writes, zeroed where write_prepare() was not used: open the
 * tables, check, refuse two of one item, write all or nothing.  The tables
 * stay open in `tables` until the caller closes them.  sorted (NULL: not
 * wanted): the order in which they were written.
 */
extern void transact_write(WriteRequest *writes, int nwrites,
						   CapacityDetail detail, TableSet *tables,
						   WriteRequest ***sorted);

/* One read of several. */
typedef struct ReadRequest
{
	/* what is asked for; the rest is zero */
	const JsonNode *table_name;
	const JsonNode *key;		/* in normal form */
	const Projection *projection;	/* NULL: the whole item */

	/* against the table */
	TableUse   *table;
	bytea	   *encoded_key;
	CancellationReason *reason;

	/* the outcome */
	Jsonb	   *item;			/* NULL: there is none */
} ReadRequest;

/*
 * Run reads on one snapshot, and add the response's ConsumedCapacity if it is
 * asked for; otherwise as transact_write().
 */
extern void transact_read(ReadRequest *reads, int nreads,
						  CapacityDetail detail, JsonNode *response);

/*
 * What a read of the items of writes would consume, as ConsumedCapacity: the
 * answer to a transaction that has happened already.
 */
extern void transact_add_replay_capacity(WriteRequest *writes, int nwrites,
										 CapacityDetail detail,
										 JsonNode *response);

#endif							/* DYNAMO_TRANSACT_H */
