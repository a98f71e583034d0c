/*
 * transact.h - several writes, or several reads, as one: TransactWriteItems,
 * TransactGetItems, ExecuteTransaction.
 *
 * Faults that a table or an item shows are collected, one reason for each
 * member, and raised together as TransactionCanceledException, which undoes
 * what was written by ending the statement.  An action that raises exception
 * FooException in write_decide() gets the reason Foo.
 */
#ifndef DYNAMO_TRANSACT_H
#define DYNAMO_TRANSACT_H

#include "api/item_write.h"

/* Members at most; bytes of what they carry, and of what is read. */
#define TRANSACT_MAX_ACTIONS	100
#define TRANSACT_MAX_SIZE		(4 * 1024 * 1024)

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
 * tables, check, refuse two of one item, write all or nothing.  Each one's
 * table, old_item and new_item are filled in; tables stay in `tables` until
 * the caller closes them.
 */
extern void transact_write(WriteRequest *writes, int nwrites, TableSet *tables);

/* One read of several. */
typedef struct ReadRequest
{
	const JsonNode *table_name;
	const JsonNode *key;		/* in normal form */
	const Projection *projection;	/* NULL: the whole item */

	/* against the table */
	TableUse   *table;
	bytea	   *encoded_key;
	char	   *reason;			/* as of WriteRequest */

	/* the outcome */
	Jsonb	   *item;			/* NULL: there is none */
} ReadRequest;

/* Run reads on one snapshot; otherwise as transact_write(). */
extern void transact_read(ReadRequest *reads, int nreads, TableSet *tables);

#endif							/* DYNAMO_TRANSACT_H */
