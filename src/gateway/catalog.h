/*
 * catalog.h - the operations that the extension knows.
 */
#ifndef GATEWAY_CATALOG_H
#define GATEWAY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

/* What an operation takes in the database, as a rule. */
typedef enum OperationCost
{
	COST_ANY,
	COST_READ,					/* microseconds, and it waits for nothing */
	COST_WRITE					/* microseconds, locks, and the commit */
} OperationCost;

typedef struct Operation
{
	char	   *name;
	bool		reads;			/* changes nothing, so it can be sent again */
	bool		may_be_stale;	/* takes ConsistentRead, which is off unless
								 * asked for: a replica can answer it */
	OperationCost cost;
	bool		of_streams;		/* of the API of streams */
	bool		names_endpoint; /* its answer is the address of the gateway */
} Operation;

/* Take over the names in a result. */
extern void catalog_load(const PGresult *result);

/* Has catalog_load been called? */
extern bool catalog_loaded(void);

/*
 * The operation that an X-Amz-Target names, such as DynamoDB_20120810.GetItem;
 * NULL if there is none.
 */
extern const Operation *catalog_find(const char *target);

/*
 * Can a replica answer this request?  It can if the operation may be stale and
 * the request does not ask for a consistent read.  When in doubt the answer is
 * no: the body is searched, not parsed.
 */
extern bool catalog_allows_replica(const Operation *operation, const char *body,
								   size_t len);

#endif							/* GATEWAY_CATALOG_H */
