/*
 * query_plan.h - what Query and Scan have in common: the prepared request,
 * its checks, and the range of keys it reads.
 */
#ifndef DYNAMO_QUERY_PLAN_H
#define DYNAMO_QUERY_PLAN_H

#include "api/capacity.h"
#include "expr/expr.h"
#include "store/item_scan.h"

typedef struct QueryPlan
{
	Relation	rel;			/* open, AccessShareLock */
	const TableDescriptor *descriptor;
	const IndexDescriptor *index;	/* NULL: the primary key */
	KeyRange	range;
	ScanFetch	fetch;			/* what is read of each item */
	Projection *visible;		/* what of an item the index shows; NULL: all
								 * that is read */
	bool		is_scan;
	bool		from_table;		/* items of a local index are fetched from the
								 * table */
	bool		consistent;
	bool		forward;
	bool		count_only;		/* Select = COUNT */
	int64		limit;			/* items to read; 0: none given */
	const Condition *filter;	/* NULL: none */
	Projection *projection;		/* NULL: whole items */
} QueryPlan;

/*
 * Check a Query or Scan request (already validated against its shape), open
 * the table and work out the range.  The caller closes plan->rel.
 */
extern void query_plan_query(JsonNode *request, QueryPlan *plan);
extern void query_plan_scan(JsonNode *request, QueryPlan *plan);

/*
 * A plan that does not come from such a request: open the table and its index
 * (NULL: none), set range, filter, projection, direction and limit, finish.
 */
extern void query_plan_open(QueryPlan *plan, const JsonNode *table_name,
							const JsonNode *index_name, bool consistent);
extern void query_plan_finish(QueryPlan *plan);

/*
 * Bounds of the range that clauses on the first nused attributes of a schema
 * leave: equalities, up to the last one on a sort attribute.
 */
extern void query_plan_range(const KeySchema *schema,
							 const KeyClause *const *used, int nused,
							 KeyRange *range);

/* Does an encoded key lie in a range? */
extern bool query_range_has_key(const KeyRange *range, const bytea *key);

/* ---- reading (query_ops.c) ---- */

/* A page of items, from one range or several. */
typedef struct QueryPage
{
	JsonNode	items;			/* array; empty if they are only counted */
	int64		count;
	int64		scanned;
	uint64		size;
	Jsonb	   *last_key;		/* LastEvaluatedKey: the page is full */
} QueryPage;

extern void query_page_init(QueryPage *page);

/* Read on into a page that is not full.  capacity: NULL for none. */
extern void query_page_read(const QueryPlan *plan, Capacity *capacity,
							QueryPage *page);

#endif							/* DYNAMO_QUERY_PLAN_H */
