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

/* Bytes at most of what members carry, and of what is read. */
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

/* "FooException" as the code of a reason. */
extern const char *transact_reason_code(const char *exception);

/*
 * Take the exception that is being handled for a reason, or raise it again if
 * it is none of DynamoDB's.
 *
 * No subtransaction is rolled back: this is only for what computes, on memory
 * that goes with the request, and holds no lock, pin or reference of its own
 * when it raises.
 */
extern CancellationReason *transact_catch_reason(MemoryContext context);

/* Raise ValidationException if the members carry so many bytes. */
extern void transact_check_size(uint64 size);

/* Bytes of a map of attribute values, in normal form; NULL has none. */
extern uint64 transact_map_size(const JsonNode *map);

/*
 * Run prepared writes (zeroed where write_prepare() was not used, but for the
 * reason if the caller knows one), all or nothing, and add to the response what
 * is asked for but is no attribute.  With a ClientRequestToken, they happen
 * once; content: what must be the same when the token comes again, as a tree.
 */
extern void transact_write_once(const char *operation, const JsonNode *request,
								const JsonNode *content, WriteRequest *writes,
								int nwrites, JsonNode *response);

/* One read of several. */
typedef struct ReadRequest
{
	/* what is asked for; the rest is zero, but for a reason that is known */
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
 * asked for; otherwise as writes.
 */
extern void transact_read(ReadRequest *reads, int nreads,
						  CapacityDetail detail, JsonNode *response);

#endif							/* DYNAMO_TRANSACT_H */
