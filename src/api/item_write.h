/*
 * item_write.h - the write of one item, from whatever operation it comes:
 * PutItem, UpdateItem, DeleteItem, an action of a transaction, a statement.
 *
 * Steps, in DynamoDB's order of errors: prepare what the request says, open
 * the table and check key and paths against it, write.  What writes several
 * items announces all tables, opens them together, checks each write, and
 * writes them in one order.
 */
#ifndef DYNAMO_ITEM_WRITE_H
#define DYNAMO_ITEM_WRITE_H

#include "api/capacity.h"
#include "api/table_set.h"
#include "expr/expr.h"
#include "store/item_store.h"

typedef enum WriteKind
{
	WRITE_PUT,
	WRITE_UPDATE,
	WRITE_DELETE,
	WRITE_CHECK					/* of a transaction: only the condition */
} WriteKind;

typedef enum ReturnValues
{
	RETURN_NONE,
	RETURN_ALL_OLD,
	RETURN_UPDATED_OLD,
	RETURN_ALL_NEW,
	RETURN_UPDATED_NEW
} ReturnValues;

/* Whether the item must be there, as statements want it. */
typedef enum WritePresence
{
	PRESENCE_ANY,
	PRESENCE_REQUIRED,			/* UPDATE: otherwise the condition fails */
	PRESENCE_REFUSED			/* INSERT: DuplicateItemException */
} WritePresence;

/* What a write has to know, and what it leaves behind. */
typedef struct WriteRequest
{
	/* what is asked for: write_prepare(), or the caller */
	WriteKind	kind;
	const JsonNode *table_name;
	Jsonb	   *item;			/* WRITE_PUT: the new item, in normal form */
	const JsonNode *key;		/* otherwise: the key, in normal form */
	const Update *update;		/* WRITE_UPDATE: NULL for none */
	const Condition *condition; /* NULL: none */
	WritePresence presence;
	bool		return_on_failure;	/* the item, when the condition fails */
	ReturnValues return_values;
	Capacity   *capacity;		/* where to count what it consumes; NULL:
								 * nowhere, and nothing is enforced */

	/* against the table */
	TableUse   *table;			/* write_add_table() */
	bytea	   *encoded_key;	/* write_check() */

	/* the outcome */
	Jsonb	   *old_item;		/* if return_values asks for it */
	Jsonb	   *new_item;		/* WRITE_UPDATE */
	bool		throttled;		/* nothing was written: see capacity->shortage */
	WriteCost	cost;			/* if it is counted */

	/* in a transaction (transact.h) */
	struct Transaction *transaction;
	struct CancellationReason *reason;	/* why it cannot be; NULL: it can */
} WriteRequest;

/* What is said of a batch in which an item comes twice. */
#define DUPLICATE_KEYS	"Provided list of item keys contains duplicates"

/*
 * Read PutItem's, UpdateItem's, DeleteItem's or ConditionCheck's members of a
 * request, checking what can be checked without the table.
 */
extern void write_prepare(WriteRequest *write, WriteKind kind,
						  JsonNode *request);

/*
 * A single write: open its table, which the caller closes, checking privileges
 * and what write_check() does; then evaluate the condition on the newest
 * version, and write.
 */
extern void write_run(WriteRequest *write, Capacity *capacity,
					  TableSet *tables);

/* Announce the table, with the lock and the privileges that the write takes. */
extern void write_add_table(WriteRequest *write, TableSet *tables);

/* Encode the key; check key, index keys and paths.  The table is open. */
extern void write_check(WriteRequest *write);

/* Of that only: values that are too long for a key, or empty. */
extern void write_check_key_values(const WriteRequest *write);

/*
 * Pointers to the writes that have an encoded key, in the order in which
 * whatever writes several items must write them, lest two requests wait for
 * each other: by table, then by key.
 */
extern WriteRequest **write_sort(WriteRequest *writes, int nwrites,
								 int *nsorted);

/* Raise ValidationException if two of them are of one item. */
extern void write_refuse_duplicates(WriteRequest **sorted, int nsorted,
									const char *message);

/*
 * Write sorted items, no item twice.  `decide` is write_decide() or something
 * around it; it gets the WriteRequest.  lock_kept: see item_store_begin().
 */
extern void write_items(WriteRequest **sorted, int nsorted, bool lock_kept,
						ItemDecision decide);

/*
 * Evaluate the condition on the newest version, and compute the new one: an
 * ItemDecision.  Pure computation: holds nothing when it raises.
 */
extern ItemAction write_decide(const Jsonb *old_item, Jsonb **new_item,
							   void *arg);

/*
 * Count for each announced table what its writes consume; and the sums, as
 * the response's ConsumedCapacity, if that was asked for.
 */
extern void write_set_capacities(WriteRequest *writes, int nwrites,
								 const TableSet *tables, CapacityDetail detail,
								 CapacityUse use);
extern void write_add_capacities(const WriteRequest *writes,
								 const TableSet *tables, JsonNode *response);

/* Attributes of the response; false if there are none. */
extern bool write_attributes(const WriteRequest *write, JsonNode *attributes);

#endif							/* DYNAMO_ITEM_WRITE_H */
