/*
 * item_write.h - the write of one item, from whatever operation it comes:
 * PutItem, UpdateItem, DeleteItem, an action of a transaction, a statement.
 *
 * Steps, in DynamoDB's order of errors: prepare what the request says, open
 * the table and check key and paths against it, run.  Nothing is written
 * before write_run(), which may be called once.
 */
#ifndef DYNAMO_ITEM_WRITE_H
#define DYNAMO_ITEM_WRITE_H

#include "api/capacity.h"
#include "expr/expr.h"
#include "store/catalog.h"

typedef enum WriteKind
{
	WRITE_PUT,
	WRITE_UPDATE,
	WRITE_DELETE
} WriteKind;

typedef enum ReturnValues
{
	RETURN_NONE,
	RETURN_ALL_OLD,
	RETURN_UPDATED_OLD,
	RETURN_ALL_NEW,
	RETURN_UPDATED_NEW
} ReturnValues;

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
	bool		return_on_failure;	/* the item, when the condition fails */
	ReturnValues return_values;
	Capacity   *capacity;		/* where to count what it consumes; NULL:
								 * nowhere, and nothing is enforced */

	/* the table, from write_open() to write_close() */
	Relation	rel;
	const TableDescriptor *descriptor;
	bytea	   *encoded_key;

	/* the outcome */
	Jsonb	   *old_item;		/* if return_values asks for it */
	Jsonb	   *new_item;		/* WRITE_UPDATE */
	bool		throttled;		/* nothing was written: see capacity->shortage */
	WriteCost	cost;			/* if it is counted */
} WriteRequest;

/*
 * Read PutItem's, UpdateItem's or DeleteItem's members of a request, checking
 * what can be checked without the table.
 */
extern void write_prepare(WriteRequest *write, WriteKind kind,
						  JsonNode *request);

/*
 * Open the table, check privileges, encode the key, check key, index keys and
 * paths.
 */
extern void write_open(WriteRequest *write);

/* Evaluate the condition on the newest version of the item, and write. */
extern void write_run(WriteRequest *write);
extern void write_close(WriteRequest *write);

/* Attributes of the response, left out when there are none. */
extern void write_add_attributes(const WriteRequest *write, JsonNode *response);

#endif							/* DYNAMO_ITEM_WRITE_H */
