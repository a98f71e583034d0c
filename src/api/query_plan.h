/*
 * query_plan.h - what Query and Scan have in common: the prepared request,
 * its checks, and the range of keys it reads.
 */
#ifndef DYNAMO_QUERY_PLAN_H
#define DYNAMO_QUERY_PLAN_H

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

#endif							/* DYNAMO_QUERY_PLAN_H */
