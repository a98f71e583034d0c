/*
 * statement_plan.c - from a PartiQL statement to what it reads or writes.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "api/parameters.h"
#include "api/statement_plan.h"
#include "errors.h"
#include "store/item_check.h"

Statement *
statement_prepare(const JsonNode *request)
{
	Statement  *statement = statement_parse(json_get(request, "Statement"),
											json_get(request, "Parameters"));

	statement_check(statement);
	if (statement->kind == STATEMENT_EXISTS)
		validation_error("EXISTS can only be used in ExecuteTransaction write requests.");
	return statement;
}

/* The index of a statement; NULL if it names none. */
static const JsonNode *
index_name(const Statement *statement)
{
	return statement->index_name.kind == JSON_STRING ? &statement->index_name : NULL;
}

/* The condition that WHERE is; NULL for NULL. */
static const Condition *
where_condition(ExprNode *where)
{
	return where ? condition_from_tree(where) : NULL;
}

/* ---- SELECT ---- */

/* A range of one branch, and what it is sorted by. */
typedef struct BranchRange
{
	KeyRange	range;
	bytea	   *partition;		/* the partition key, encoded */
	AttrValue	partition_value;	/* its first attribute */
	int			rank;			/* of the partition, in order of appearance */
} BranchRange;

/* The order that ORDER BY asks for. */
typedef struct RangeOrder
{
	bool		by_partition;
	bool		descending;		/* that */
	bool		forward;		/* by sort key, within a partition */
} RangeOrder;

/* Do a lower and an upper bound leave anything between them? */
static bool
bounds_meet(const bytea *lower, bool lower_inclusive, const bytea *upper,
			bool upper_inclusive)
{
	int			order;

	if (lower == NULL || upper == NULL)
		return true;
	order = key_compare(lower, upper);
	return order < 0 || (order == 0 && lower_inclusive && upper_inclusive);
}

/* Cut a range down to what it has in common with another one. */
static void
intersect_range(KeyRange *range, const KeyRange *other)
{
	int			order;

	if (other->lower)
	{
		order = range->lower ? key_compare(other->lower, range->lower) : 1;
		if (order > 0)
			range->lower_inclusive = other->lower_inclusive;
		else if (order == 0)
			range->lower_inclusive &= other->lower_inclusive;
		if (order > 0)
			range->lower = other->lower;
	}
	if (other->upper)
	{
		order = range->upper ? key_compare(other->upper, range->upper) : -1;
		if (order < 0)
			range->upper_inclusive = other->upper_inclusive;
		else if (order == 0)
			range->upper_inclusive &= other->upper_inclusive;
		if (order < 0)
			range->upper = other->upper;
	}
}

/* Let a range reach over another one, too. */
static void
extend_range(KeyRange *range, const KeyRange *other)
{
	int			order;

	order = !range->lower || !other->lower ? 0 :
		key_compare(other->lower, range->lower);
	if (!other->lower || order < 0)
	{
		range->lower = other->lower;
		range->lower_inclusive = other->lower_inclusive;
	}
	else if (order == 0)
		range->lower_inclusive |= other->lower_inclusive;

	order = !range->upper || !other->upper ? 0 :
		key_compare(other->upper, range->upper);
	if (!other->upper || order > 0)
	{
		range->upper = other->upper;
		range->upper_inclusive = other->upper_inclusive;
	}
	else if (order == 0)
		range->upper_inclusive |= other->upper_inclusive;
}

static bool
clause_is_on(const KeyClause *clause, const KeyAttr *attr)
{
	return key_attr_is(attr, clause->name, clause->name_len);
}

/* A key value of a clause: not empty, not too long. */
static void
check_clause(const SelectPlan *plan, const KeySchema *schema, int i,
			 const KeyClause *clause)
{
	for (int v = 0; v < (clause->op == KEY_BETWEEN ? 2 : 1); v++)
	{
		const AttrValue *value = &clause->values[v];

		if (plan->query.index && value->type != ATTR_N && value->len == 0)
			item_refuse_empty_index_key(plan->query.index, &schema->attrs[i]);
		item_check_key_value(schema, i, value);
	}
}

/*
 * The range of a branch.  Returns false if it has no equality on some
 * partition attribute, so that all must be read.  *empty: nothing satisfies
 * it; *exact is reset if the range holds more than what satisfies it.
 */
static bool
branch_range(const SelectPlan *plan, const KeySchema *schema,
			 const KeyBranch *branch, BranchRange *result, bool *empty,
			 bool *exact)
{
	const KeyClause *used[KEY_MAX_ATTRS];
	AttrValue	values[KEY_MAX_ATTRS];
	int			nequal = 0;
	bool		gap = false;

	*empty = false;

	/* Equalities, from the left without gaps */
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyClause *equal = NULL;

		for (int c = 0; c < branch->nclauses; c++)
		{
			const KeyClause *clause = &branch->clauses[c];

			if (!clause_is_on(clause, &schema->attrs[i]))
				continue;
			check_clause(plan, schema, i, clause);
			if (clause->op != KEY_EQ)
				continue;
			if (equal && !attr_value_equal(&equal->values[0], &clause->values[0]))
				*empty = true;
			equal = clause;
		}
		if (equal == NULL && i < schema->npartition)
			return false;
		if (equal == NULL)
			gap = true;
		else if (!gap)
			used[nequal++] = equal;
		else
			*exact = false;
	}
	query_plan_range(schema, used, nequal, &result->range);
	result->partition_value = used[0]->values[0];
	for (int i = 0; i < schema->npartition; i++)
		values[i] = used[i]->values[0];
	result->partition = key_encode_prefix(schema, values, 0, false);

	/* Other conditions on the next attribute; elsewhere the filter is left */
	for (int c = 0; c < branch->nclauses; c++)
	{
		const KeyClause *clause = &branch->clauses[c];
		KeyRange	range = {0};

		if (clause->op == KEY_EQ)
			continue;
		if (nequal == KEY_NATTRS(schema) ||
			!clause_is_on(clause, &schema->attrs[nequal]) ||
			nequal < schema->npartition)
		{
			*exact = false;
			continue;
		}
		used[nequal] = clause;
		query_plan_range(schema, used, nequal + 1, &range);
		intersect_range(&result->range, &range);
	}
	if (!bounds_meet(result->range.lower, result->range.lower_inclusive,
					 result->range.upper, result->range.upper_inclusive))
		*empty = true;
	return true;
}

/*
 * Add a range to an array in which none overlap.  Those that would are made
 * one, in the place of the first: an item is read once.
 */
static int
add_range(BranchRange *ranges, int nranges, const BranchRange *added)
{
	BranchRange merged = *added;
	int			place = -1;
	int			n = 0;

	for (int i = 0; i < nranges; i++)
	{
		const KeyRange *range = &ranges[i].range;
		const KeyRange *other = &merged.range;

		if (!bounds_meet(range->lower, range->lower_inclusive, other->upper,
						 other->upper_inclusive) ||
			!bounds_meet(other->lower, other->lower_inclusive, range->upper,
						 range->upper_inclusive))
		{
			ranges[n++] = ranges[i];
			continue;
		}
		extend_range(&merged.range, range);
		if (place < 0)
			place = n++;
	}
	if (place < 0)
		place = n++;
	ranges[place] = merged;
	return n;
}

static int
compare_ranges(const void *a, const void *b, void *arg)
{
	const BranchRange *x = a;
	const BranchRange *y = b;
	const RangeOrder *order = arg;
	int			result = 0;

	if (order->by_partition)
	{
		(void) attr_value_compare(&x->partition_value, &y->partition_value,
								  &result);
		if (result != 0)
			return order->descending ? -result : result;
	}
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	result = key_compare(x->range.lower, y->range.lower);
	return order->forward ? result : -result;
}

/* Put ranges in the order that ORDER BY asks for. */
static void
sort_ranges(BranchRange *ranges, int nranges, RangeOrder *order)
{
	for (int i = 0; i < nranges; i++)
	{
		ranges[i].rank = i;
		for (int j = 0; j < i && ranges[i].rank == i; j++)
		{
			if (key_compare(ranges[i].partition, ranges[j].partition) == 0)
				ranges[i].rank = ranges[j].rank;
		}
	}
	qsort_arg(ranges, nranges, sizeof(BranchRange), compare_ranges, order);
}

/* ORDER BY's direction for a key attribute; false if it does not name it. */
static bool
find_sort_item(const Statement *statement, const KeyAttr *attr,
			   bool *descending)
{
	ListCell   *lc;

	foreach(lc, statement->order_by)
	{
		const SortItem *item = lfirst(lc);

		if (item->path->nelements == 1 && path_names_key(item->path, attr))
		{
			*descending = item->descending;
			return true;
		}
	}
	return false;
}

/* ORDER BY names attributes of the key that is read by. */
static void
check_order_by(const Statement *statement, const KeySchema *schema)
{
	ListCell   *lc;

	if (statement->order_by == NIL)
		return;
	if (statement->where == NULL)
		validation_error("Must have WHERE clause in the statement when using ORDER BY clause.");
	foreach(lc, statement->order_by)
	{
		const DocPath *path = ((const SortItem *) lfirst(lc))->path;
		bool		found = false;

		for (int i = 0; i < KEY_NATTRS(schema); i++)
			found = found || (path->nelements == 1 &&
							  path_names_key(path, &schema->attrs[i]));
		if (!found)
			validation_error("Variable reference %.*s in ORDER BY clause must be part of the primary key",
							 (int) path->elements[0].name_len,
							 path->elements[0].name);
	}
}

/* The ranges that WHERE leaves; false if all must be read. */
static bool
ranges_from_where(const Statement *statement, const KeySchema *schema,
				  SelectPlan *plan)
{
	KeyBranches branches;
	BranchRange *ranges;
	ListCell   *lc;
	RangeOrder	order = {0};
	int			n = 0;

	if (statement->where == NULL)
		return false;
	where_key_branches(statement->where, schema, &branches);
	ranges = palloc(sizeof(BranchRange) * list_length(branches.branches));
	foreach(lc, branches.branches)
	{
		BranchRange range = {0};
		bool		empty;

		CHECK_FOR_INTERRUPTS();
		if (!branch_range(plan, schema, lfirst(lc), &range, &empty,
						  &branches.exact))
			return false;
		if (!empty)
			n = add_range(ranges, n, &range);
	}

	/* In the order of the statement, unless it asks for another one */
	if (statement->order_by)
	{
		order.by_partition = find_sort_item(statement, &schema->attrs[0],
											&order.descending);
		order.forward = plan->query.forward;
		sort_ranges(ranges, n, &order);
	}
	plan->nranges = n;
	plan->ranges = palloc(sizeof(KeyRange) * n);
	for (int i = 0; i < n; i++)
		plan->ranges[i] = ranges[i].range;
	if (branches.exact)
		plan->query.filter = NULL;
	return true;
}

void
statement_plan_select(const Statement *statement, bool consistent,
					  SelectPlan *plan)
{
	QueryPlan  *query = &plan->query;
	const KeySchema *schema;
	bool		descending = false;

	query_plan_open(query, &statement->table_name, index_name(statement),
					consistent);
	schema = query->index ? &query->index->key : &query->descriptor->key;
	query->filter = where_condition(statement->where);
	query->projection = statement->projection;
	check_order_by(statement, schema);
	check_condition_paths(query->descriptor, query->filter);
	for (int i = schema->npartition; i < KEY_NATTRS(schema); i++)
	{
		if (find_sort_item(statement, &schema->attrs[i], &descending))
			break;
	}
	query->forward = !descending;

	if (!ranges_from_where(statement, schema, plan))
	{
		query->is_scan = true;
		if (statement->order_by)
			validation_error("Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.");
		plan->nranges = 1;
		plan->ranges = palloc0(sizeof(KeyRange));
	}
	query_plan_finish(query);
}

JsonNode *
statement_plan_key(const Statement *statement,
				   const TableDescriptor *descriptor)
{
	const KeySchema *schema = &descriptor->key;
	JsonNode   *key;

	if (statement->where == NULL || index_name(statement))
		return NULL;
	key = where_key(statement->where, schema);
	if (key == NULL || where_without_key(statement->where, schema))
		return NULL;
	check_projection_paths(descriptor, statement->projection);
	return key;
}

/* ---- writes ---- */

/* Key attributes of an item to be inserted. */
static void
check_item_key(const JsonNode *item, const KeySchema *schema)
{
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const JsonNode *node = json_get_n(item, schema->attrs[i].name,
										  schema->attrs[i].name_len);
		AttrValue	value;

		if (node == NULL)
			validation_error("Key attribute should be present in the item: Key %s",
							 schema->attrs[i].name);
		attr_value_from_node(node, &value);
		statement_check_key_type(schema, i, &value);
	}
}

static void
plan_insert(const Statement *statement, const TableDescriptor *descriptor,
			WriteRequest *write)
{
	write->kind = WRITE_PUT;
	write->presence = PRESENCE_REFUSED;
	attr_map_normalize(statement->item);
	check_item_key(statement->item, &descriptor->key);
	write->item = json_to_jsonb(statement->item);
	item_check_size(write->item);
}

/* Key and condition of the others. */
static void
plan_where(const Statement *statement, const TableDescriptor *descriptor,
		   WriteRequest *write)
{
	const KeySchema *schema = &descriptor->key;

	write->key = where_key(statement->where, schema);
	if (write->key)
		write->condition = where_condition(where_without_key(statement->where, schema));
	else if (write->kind != WRITE_CHECK)
		validation_error("Where clause does not contain a mandatory equality on all key attributes");
}

AclMode
statement_privileges(const Statement *statement)
{
	switch (statement->kind)
	{
		case STATEMENT_INSERT:
			return ACL_INSERT;
		case STATEMENT_UPDATE:
			return ACL_UPDATE | ACL_SELECT;
		case STATEMENT_DELETE:
			return ACL_DELETE;
		case STATEMENT_EXISTS:
			return ACL_SELECT | ACL_UPDATE;
		case STATEMENT_SELECT:
			break;
	}
	return ACL_SELECT;
}

bool
statement_plan_write(const Statement *statement,
					 const TableDescriptor *descriptor,
					 bool return_on_failure, WriteRequest *write)
{
	static const ReturnValues return_values[] = {
		[RETURNING_NONE] = RETURN_NONE,
		[RETURNING_ALL_OLD] = RETURN_ALL_OLD,
		[RETURNING_ALL_NEW] = RETURN_ALL_NEW,
		[RETURNING_MODIFIED_OLD] = RETURN_UPDATED_OLD,
		[RETURNING_MODIFIED_NEW] = RETURN_UPDATED_NEW,
	};

	memset(write, 0, sizeof(*write));
	write->table_name = &statement->table_name;
	write->return_on_failure = return_on_failure;
	write->return_values = return_values[statement->returning];
	if (index_name(statement))
		validation_error("This operation is not supported on an index");
	switch (statement->kind)
	{
		case STATEMENT_INSERT:
			plan_insert(statement, descriptor, write);
			break;
		case STATEMENT_UPDATE:
			write->kind = WRITE_UPDATE;
			write->presence = PRESENCE_REQUIRED;
			write->update = statement->update;
			plan_where(statement, descriptor, write);
			break;
		case STATEMENT_DELETE:
			write->kind = WRITE_DELETE;
			plan_where(statement, descriptor, write);
			break;
		case STATEMENT_EXISTS:
			write->kind = WRITE_CHECK;
			plan_where(statement, descriptor, write);
			return write->condition != NULL;
		case STATEMENT_SELECT:
			elog(ERROR, "SELECT is no write");
	}
	return true;
}
