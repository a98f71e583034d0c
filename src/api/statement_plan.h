/*
 * statement_plan.h - what a PartiQL statement comes to: ranges of keys to
 * read, one item to read, or one item to write.
 */
#ifndef DYNAMO_STATEMENT_PLAN_H
#define DYNAMO_STATEMENT_PLAN_H

#include "api/item_write.h"
#include "api/query_plan.h"
#include "partiql/partiql.h"

/* What a SELECT reads: the ranges, one after the other. */
typedef struct SelectPlan
{
	QueryPlan	query;			/* its range is set for one at a time */
	int			nranges;
	KeyRange   *ranges;
} SelectPlan;

/*
 * The statement of a request, with its parameters, checked as far as that can
 * be done without the table.  EXISTS, which only transactions have, is refused.
 */
extern Statement *statement_prepare(const JsonNode *request);

/* The caller closes plan->query.rel. */
extern void statement_plan_select(const Statement *statement, bool consistent,
								  SelectPlan *plan);

/*
 * The key of the one item that a SELECT reads, if it is of a table and gives
 * the primary key and nothing else; otherwise NULL.  descriptor: of the table
 * that it names.
 */
extern JsonNode *statement_plan_key(const Statement *statement,
									const TableDescriptor *descriptor);

/*
 * The write that an INSERT, UPDATE or DELETE asks for, or the check that an
 * EXISTS is.  False for an EXISTS that does not give the primary key and
 * something more.
 */
extern bool statement_plan_write(const Statement *statement,
								 const TableDescriptor *descriptor,
								 bool return_on_failure, WriteRequest *write);

/* The privileges that a statement takes on its table. */
extern AclMode statement_privileges(const Statement *statement);

#endif							/* DYNAMO_STATEMENT_PLAN_H */
