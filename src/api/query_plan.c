/*
 * query_plan.c - from a Query or Scan request to a range of keys.
 */
#include "postgres.h"

#include "utils/fmgrprotos.h"
#include "utils/rel.h"

#include "api/parameters.h"
#include "api/query_plan.h"
#include "api/request.h"
#include "errors.h"
#include "store/item_check.h"

#define START_KEY_INVALID	"The provided starting key is invalid"
#define TOO_MANY_CONDITIONS	"Conditions can be of length 1 or 2 only"

static const char *const query_expressions[] =
{"ProjectionExpression", "FilterExpression", "KeyConditionExpression", NULL};
static const char *const query_legacy[] =
{"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions", NULL};
static const char *const scan_expressions[] =
{"ProjectionExpression", "FilterExpression", NULL};
static const char *const scan_legacy[] =
{"AttributesToGet", "ScanFilter", "ConditionalOperator", NULL};

/* ---- checks that need no table ---- */

/* Names and values of ExclusiveStartKey; some of the texts get a prefix. */
static void
check_start_key_values(JsonNode *request)
{
	JsonNode   *key = json_get(request, "ExclusiveStartKey");

	if (key == NULL)
		return;
	for (uint32 i = 0; i < key->len; i++)
	{
		JsonMember *member = &key->u.members[i];
		const char *name_fault = attr_name_fault(member->name, member->name_len);
		AttrFault	fault;
		char	   *message;

		if (name_fault)
			validation_error("%s", name_fault);
		message = attr_value_check(&member->value, &fault);
		if (message == NULL)
			continue;
		switch (fault)
		{
			case ATTR_FAULT_EMPTY:
			case ATTR_FAULT_MULTIPLE:
			case ATTR_FAULT_NULL:
			case ATTR_FAULT_EMPTY_SS:
			case ATTR_FAULT_EMPTY_BS:
				validation_error(START_KEY_INVALID ": %s", message);
			default:
				validation_error("%s", message);
		}
	}
}

/* Select against the projection. */
static void
check_select(const JsonNode *request)
{
	const char *projection = NULL;

	if (json_get(request, "AttributesToGet"))
		projection = "AttributesToGet";
	else if (json_get(request, "ProjectionExpression"))
		projection = "ProjectionExpression";

	if (projection == NULL)
	{
		if (member_is(request, "Select", "ALL_PROJECTED_ATTRIBUTES") &&
			json_get(request, "IndexName") == NULL)
			validation_error(INVALID_PARAMETER "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
		if (member_is(request, "Select", "SPECIFIC_ATTRIBUTES"))
			validation_error(INVALID_PARAMETER "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
		return;
	}
	if (member_is(request, "Select", "ALL_ATTRIBUTES"))
		validation_error(INVALID_PARAMETER "Cannot specify the %s when choosing to get ALL_ATTRIBUTES", projection);
	if (member_is(request, "Select", "ALL_PROJECTED_ATTRIBUTES"))
		validation_error(INVALID_PARAMETER "Cannot specify the %s when choosing to get ALL_PROJECTED_ATTRIBUTES", projection);
	if (member_is(request, "Select", "COUNT"))
		validation_error(INVALID_PARAMETER "Cannot specify the %s when choosing to get only the Count", projection);
}

/* Segment and TotalSegments belong together. */
static void
check_segments(const JsonNode *request)
{
	const JsonNode *segment = json_get(request, "Segment");
	const JsonNode *total = json_get(request, "TotalSegments");

	if (segment && !total)
		validation_error("The TotalSegments parameter is required but was not present in the request when Segment parameter is present");
	if (total && !segment)
		validation_error("The Segment parameter is required but was not present in the request when parameter TotalSegments is present");
	if (segment && request_int(segment) >= request_int(total))
		validation_error("The Segment parameter is zero-based and must be less than parameter TotalSegments: "
						 "Segment: " INT64_FORMAT " is not less than TotalSegments: " INT64_FORMAT,
						 request_int(segment), request_int(total));
}

/* ---- checks against the table ---- */

/* The index of a name; NULL for NULL. */
static const IndexDescriptor *
find_index(const JsonNode *name, bool consistent,
		   const TableDescriptor *descriptor)
{
	const IndexDescriptor *index;

	if (name == NULL)
		return NULL;
	index = catalog_find_index(descriptor, name->u.str, name->len);
	if (index == NULL)
		validation_error("The table does not have the specified index: %s",
						 json_cstring(name));
	if (index->global &&consistent)
		validation_error("Consistent reads are not supported on global secondary indexes");
	if (index->status == INDEX_CREATING)
		validation_error("Cannot read from backfilling global secondary index: %s",
						 index->name);
	return index;
}

/* Open the table that a request names, and find its index. */
static void
open_request_index(const JsonNode *request, QueryPlan *plan)
{
	plan->rel = open_request_table(request, AccessShareLock, ACL_SELECT,
								   &plan->descriptor);
	plan->index = find_index(json_get(request, "IndexName"),
							 request_bool(json_get(request, "ConsistentRead"), false),
							 plan->descriptor);
}

/* ---- what an index projects ---- */

static bool
is_projected(const IndexDescriptor *index, const DocPath *path)
{
	const PathElement *first = &path->elements[0];

	if (index == NULL || index->projection == PROJECT_ALL)
		return true;
	for (int i = 0; i < index->nprojected; i++)
	{
		if (index->projected_lens[i] == first->name_len &&
			memcmp(index->projected[i], first->name, first->name_len) == 0)
			return true;
	}
	return false;
}

/* Do two paths begin with the same attribute? */
static bool
path_names_same(const DocPath *a, const DocPath *b)
{
	const PathElement *x = &a->elements[0];
	const PathElement *y = &b->elements[0];

	return x->name_len == y->name_len && memcmp(x->name, y->name, x->name_len) == 0;
}

/* "a, b": the attributes of paths that an index does not project, or NULL. */
static char *
list_unprojected(const IndexDescriptor *index, const DocPath *paths, int npaths)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < npaths; i++)
	{
		/* A condition may name its attribute twice */
		if (i > 0 && path_names_same(&paths[i - 1], &paths[i]))
			continue;
		if (!is_projected(index, &paths[i]))
			appendStringInfo(&names, "%s%.*s", names.len ? ", " : "",
							 (int) paths[i].elements[0].name_len,
							 paths[i].elements[0].name);
	}
	return names.len ? names.data : NULL;
}

static char *
unprojected_by_filter(const QueryPlan *plan)
{
	int			npaths;
	const DocPath *paths = condition_paths(plan->filter, &npaths);

	return list_unprojected(plan->index, paths, npaths);
}

static char *
unprojected_by_projection(const QueryPlan *plan)
{
	int			npaths;
	const DocPath *paths = projection_paths(plan->projection, &npaths);

	return list_unprojected(plan->index, paths, npaths);
}

/* A global index gives nothing that it does not project. */
static void
check_all_attributes(const QueryPlan *plan, const JsonNode *request)
{
	if (plan->index && plan->index->global &&
		plan->index->projection != PROJECT_ALL &&
		member_is(request, "Select", "ALL_ATTRIBUTES"))
		validation_error(INVALID_PARAMETER "Select type ALL_ATTRIBUTES is not supported for global secondary index %s because its projection type is not ALL",
						 plan->index->name);
}

static void
check_projected(const QueryPlan *plan)
{
	char	   *names;

	if (plan->index == NULL || !plan->index->global)
		return;
	names = unprojected_by_projection(plan);
	if (names)
		validation_error(INVALID_PARAMETER "Global secondary index %s does not project [%s]",
						 plan->index->name, names);
}

/*
 * What is read of each item.  A local index fetches the whole item when more
 * than it projects is asked for.  The items of a table that are counted are
 * read, because their sizes bound the page.
 */
static void
choose_fetch(QueryPlan *plan, bool whole)
{
	const IndexDescriptor *index = plan->index;

	if (index && plan->count_only && plan->filter == NULL)
	{
		plan->fetch = SCAN_NOTHING;
		return;
	}
	plan->fetch = SCAN_ITEMS;
	if (index == NULL || index->projection == PROJECT_ALL)
		return;
	if (!index->global &&(whole || unprojected_by_projection(plan) ||
						  unprojected_by_filter(plan)))
	{
		plan->from_table = true;
		if (!whole && plan->projection == NULL)
			plan->projection = projection_from_names((const char *const *) index->projected,
													 index->projected_lens,
													 index->nprojected);
		return;
	}
	if (index->projection == PROJECT_KEYS_ONLY)
		plan->fetch = SCAN_KEYS;
	else
		plan->visible = projection_from_names((const char *const *) index->projected,
											  index->projected_lens,
											  index->nprojected);
}

/* ---- key conditions ---- */

static const KeyClause *
find_clause(const KeyClause *clauses, int nclauses, const KeyAttr *attr)
{
	for (int i = 0; i < nclauses; i++)
	{
		if (key_attr_is(attr, clauses[i].name, clauses[i].name_len))
			return &clauses[i];
	}
	return NULL;
}

/*
 * View of key attribute i in a start key, or NULL if it is absent or of
 * another type or not a legal key.
 */
static bool
start_key_value(const JsonNode *start_key, const KeySchema *schema, int i,
				AttrValue *value)
{
	const JsonNode *node = json_get_n(start_key, schema->attrs[i].name,
									  schema->attrs[i].name_len);

	if (node == NULL)
		return false;
	attr_value_from_node(node, value);
	return value->type == schema->attrs[i].type;
}

/* A clause: its operator, its values' types, then emptiness and size. */
static void
check_clause(const QueryPlan *plan, const KeySchema *schema, int i,
			 const KeyClause *clause)
{
	int			nvalues = clause->op == KEY_BETWEEN ? 2 : 1;

	if (clause->op == KEY_UNINDEXABLE)
		validation_error("Attempted conditional constraint is not an indexable operation");
	for (int v = 0; v < nvalues; v++)
	{
		if (clause->values[v].type != schema->attrs[i].type)
			validation_error(INVALID_PARAMETER "Condition parameter type does not match schema type");
	}
	if (i < schema->npartition && clause->op != KEY_EQ)
		validation_error("Query key condition not supported");
	for (int v = 0; v < nvalues; v++)
	{
		const AttrValue *value = &clause->values[v];

		if (plan->index && value->type != ATTR_N && value->len == 0)
			item_refuse_empty_index_key(plan->index, &schema->attrs[i]);
		item_check_key_value(schema, i, value);
	}
}

/*
 * Key attribute by key attribute: its part of the start key, its clause.
 * Every partition attribute takes an equality; sort attributes are used from
 * the left without gaps, all but the last one used by equality.  Sets used[i]
 * to the clause of attribute i (NULL: none), and returns how many there are.
 */
static int
match_clauses(const QueryPlan *plan, const KeySchema *schema,
			  const KeyClause *clauses, int nclauses, const JsonNode *start_key,
			  AttrValue *start_values, const KeyClause **used)
{
	int			nused = 0;

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		bool		is_partition = i < schema->npartition;

		used[i] = find_clause(clauses, nclauses, &schema->attrs[i]);
		if (start_key)
		{
			if (!start_key_value(start_key, schema, i, &start_values[i]))
				validation_error(START_KEY_INVALID);
			item_check_key_value(schema, i, &start_values[i]);
		}
		if (is_partition && schema->nsort == 0 && nclauses > schema->npartition)
			validation_error("Query key condition not supported");
		if (used[i] == NULL)
		{
			if (is_partition || nused < nclauses)
				validation_error("Query condition missed key schema element: %s",
								 schema->attrs[i].name);
			continue;
		}
		check_clause(plan, schema, i, used[i]);
		nused++;
		if (used[i]->op != KEY_EQ && nused < nclauses)
			validation_error("Query key condition not supported");
	}
	if (nused < nclauses)
		validation_error("Query key condition not supported");
	return nused;
}

/* Does a sort key value satisfy the clause on the sort key? */
static bool
clause_matches(const KeyClause *clause, const AttrValue *value)
{
	int			order;

	if (clause->op == KEY_BEGINS_WITH)
		return attr_value_begins_with(value, &clause->values[0]);
	if (!attr_value_compare(value, &clause->values[0], &order))
		return false;
	switch (clause->op)
	{
		case KEY_EQ:
			return order == 0;
		case KEY_LT:
			return order < 0;
		case KEY_LE:
			return order <= 0;
		case KEY_GT:
			return order > 0;
		case KEY_GE:
			return order >= 0;
		case KEY_BETWEEN:
			if (order < 0 || !attr_value_compare(value, &clause->values[1], &order))
				return false;
			return order <= 0;
		default:
			return false;
	}
}

/* A start key must lie within the conditions. */
static void
check_start_key_range(const KeySchema *schema, bool unique,
					  const KeyClause **used, const AttrValue *start_values)
{
	bool		same_partition = true;
	bool		has_sort = schema->nsort > 0 && used[schema->npartition];

	for (int i = 0; i < schema->npartition; i++)
		same_partition = same_partition &&
			attr_value_equal(&start_values[i], &used[i]->values[0]);
	for (int i = schema->npartition; i < KEY_NATTRS(schema); i++)
	{
		if (used[i] && !clause_matches(used[i], &start_values[i]))
			validation_error("The provided starting key does not match the range key predicate");
	}
	if (!same_partition && has_sort)
		validation_error("The query can return at most one row and cannot be restarted");
	if (!same_partition)
		validation_error("The provided starting key is outside query boundaries based on provided conditions");
	if (unique && schema->nsort == 0)
		validation_error("The query can return at most one row and cannot be restarted");
}

/*
 * Of keys with several sort attributes, a condition may end before the last:
 * then every key that begins with a value has it.
 */
void
query_plan_range(const KeySchema *schema, const KeyClause *const *used,
				 int nused, KeyRange *range)
{
	AttrValue	values[KEY_MAX_ATTRS];
	int			nsort = nused - schema->npartition;
	const KeyClause *last = nsort > 0 ? used[nused - 1] : NULL;
	bool		complete = nsort == schema->nsort;
	bytea	   *whole;
	bytea	   *point;
	bytea	   *after_point;

	for (int i = 0; i < nused; i++)
		values[i] = used[i]->values[0];
	whole = key_encode_prefix(schema, values, Max(nsort - 1, 0), false);
	range->lower = whole;
	range->lower_inclusive = true;
	range->upper = key_prefix_successor(whole);
	range->upper_inclusive = false;
	if (last == NULL)
		return;

	point = key_encode_prefix(schema, values, nsort, last->op == KEY_BEGINS_WITH);
	after_point = key_prefix_successor(point);
	switch (last->op)
	{
		case KEY_EQ:
			range->lower = point;
			range->upper = complete ? point : after_point;
			range->upper_inclusive = complete;
			break;
		case KEY_LT:
			range->upper = point;
			break;
		case KEY_LE:
			range->upper = complete ? point : after_point;
			range->upper_inclusive = complete;
			break;
		case KEY_GT:
			range->lower = complete ? point : after_point;
			range->lower_inclusive = !complete;
			break;
		case KEY_GE:
			range->lower = point;
			break;
		case KEY_BETWEEN:
			range->lower = point;
			values[nused - 1] = last->values[1];
			point = key_encode_prefix(schema, values, nsort, false);
			range->upper = complete ? point : key_prefix_successor(point);
			range->upper_inclusive = complete;
			break;
		case KEY_BEGINS_WITH:
			range->lower = point;
			range->upper = after_point;
			break;
		case KEY_UNINDEXABLE:	/* check_clause() has refused it */
			break;
	}
}

/* Attributes of a start key: those of the index and those of the table. */
static int
count_start_attributes(const QueryPlan *plan)
{
	const KeySchema *table = &plan->descriptor->key;
	int			count;

	if (plan->index == NULL)
		return KEY_NATTRS(table);
	count = KEY_NATTRS(&plan->index->key);
	for (int i = 0; i < KEY_NATTRS(table); i++)
	{
		const KeyAttr *attr = &table->attrs[i];
		bool		in_both = false;

		for (int k = 0; k < KEY_NATTRS(&plan->index->key) && !in_both; k++)
			in_both = key_attr_is(attr, plan->index->key.attrs[k].name,
								  plan->index->key.attrs[k].name_len);
		count += !in_both;
	}
	return count;
}

/* The key of a schema in a start key, encoded; errors with a prefix. */
static bytea *
start_key_part(const JsonNode *start_key, const KeySchema *schema)
{
	AttrValue	values[KEY_MAX_ATTRS];

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		char	   *fault;

		if (!start_key_value(start_key, schema, i, &values[i]))
			validation_error(START_KEY_INVALID ": " KEY_MISMATCH);
		fault = item_key_value_fault(schema, i, &values[i]);
		if (fault)
			validation_error(START_KEY_INVALID ": %s", fault);
	}
	return key_encode(schema, values);
}

/*
 * A filter must not name key attributes (Query).  parameter: how messages
 * name the filter.
 */
static void
check_filter_attributes(const QueryPlan *plan, const char *parameter)
{
	const KeySchema *schema = plan->index ? &plan->index->key : &plan->descriptor->key;
	const DocPath *paths;
	int			npaths;

	paths = condition_paths(plan->filter, &npaths);
	for (int i = 0; i < npaths; i++)
	{
		for (int k = 0; k < KEY_NATTRS(schema); k++)
		{
			if (path_names_key(&paths[i], &schema->attrs[k]))
				validation_error("%s can only contain non-primary key attributes: Primary key attribute: %s",
								 parameter, schema->attrs[k].name);
		}
	}
}

/* What both operations read from the request in the same way. */
static void
read_common(const JsonNode *request, QueryPlan *plan)
{
	const JsonNode *limit = json_get(request, "Limit");

	plan->limit = limit ? request_int(limit) : 0;
	plan->count_only = member_is(request, "Select", "COUNT");
	plan->consistent = request_bool(json_get(request, "ConsistentRead"), false);
	plan->forward = request_bool(json_get(request, "ScanIndexForward"), true);
}

void
query_plan_query(JsonNode *request, QueryPlan *plan)
{
	JsonNode   *text = json_get(request, "KeyConditionExpression");
	JsonNode   *conditions = json_get(request, "KeyConditions");
	JsonNode   *filter = json_get(request, "FilterExpression");
	JsonNode   *start_key = json_get(request, "ExclusiveStartKey");
	ExprBindings *bindings;
	KeyCondition *key_condition;
	const KeyClause *clauses;
	int			nclauses;
	const KeySchema *schema;
	AttrValue	start_values[KEY_MAX_ATTRS];
	const KeyClause *used[KEY_MAX_ATTRS];
	int			nused;
	char	   *names;

	memset(plan, 0, sizeof(*plan));
	check_expression_parameters(request, query_expressions, query_legacy);
	plan->filter = legacy_filter(json_get(request, "QueryFilter"),
								 json_get(request, "ConditionalOperator"));
	check_attributes_to_get(request);
	check_start_key_values(request);
	if (text == NULL && conditions == NULL)
		validation_error("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
	bindings = prepare_bindings(request);
	key_condition = key_condition_prepare(text, bindings);
	if (filter)
		plan->filter = condition_prepare(EXPR_FILTER, filter, bindings);
	plan->projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);
	if (text == NULL)
		key_condition = legacy_key_condition(conditions);
	clauses = key_condition_clauses(key_condition, &nclauses);
	if (nclauses == 0 ||
		(nclauses > 2 && (text == NULL || json_get(request, "IndexName") == NULL)))
		validation_error(TOO_MANY_CONDITIONS);
	check_select(request);
	read_common(request, plan);

	open_request_index(request, plan);
	schema = plan->index ? &plan->index->key : &plan->descriptor->key;
	if (nclauses > 2 && KEY_NATTRS(schema) <= 2)
		validation_error(TOO_MANY_CONDITIONS);
	if (text == NULL && (schema->npartition > 1 || schema->nsort > 1))
		validation_error("KeyConditions cannot be used with an index whose key has several partition or sort attributes: %s",
						 plan->index->name);
	if (start_key && start_key->len != count_start_attributes(plan))
		validation_error(START_KEY_INVALID);
	nused = match_clauses(plan, schema, clauses, nclauses, start_key,
						  start_values, used);

	/* One item at most: nothing to limit, and nowhere to go on from. */
	if (plan->index == NULL && schema->nsort == 0)
		plan->limit = 0;

	query_plan_range(schema, used, nused, &plan->range);
	if (start_key)
	{
		plan->range.after = key_encode(schema, start_values);
		if (plan->index)
			plan->range.after_primary = start_key_part(start_key, &plan->descriptor->key);
		check_start_key_range(schema, plan->index == NULL, used, start_values);
	}
	check_projection_paths(plan->descriptor, plan->projection);
	check_filter_attributes(plan, filter ? "Filter Expression" : "QueryFilter");
	check_all_attributes(plan, request);
	check_projected(plan);
	names = unprojected_by_filter(plan);
	if (names)
		validation_error(INVALID_PARAMETER "Secondary index %s does not project one or more filter attributes: [%s]",
						 plan->index->name, names);
	check_condition_paths(plan->descriptor, plan->filter);
	choose_fetch(plan, member_is(request, "Select", "ALL_ATTRIBUTES"));
}

bool
query_range_has_key(const KeyRange *range, const bytea *key)
{
	int			order;

	if (range->lower)
	{
		order = key_compare(key, range->lower);
		if (order < 0 || (order == 0 && !range->lower_inclusive))
			return false;
	}
	if (range->upper)
	{
		order = key_compare(key, range->upper);
		if (order > 0 || (order == 0 && !range->upper_inclusive))
			return false;
	}
	return true;
}

/* The key of an index in the start key of a Scan, encoded. */
static bytea *
index_start_key(const JsonNode *start_key, const KeySchema *schema)
{
	AttrValue	values[KEY_MAX_ATTRS];

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		if (!start_key_value(start_key, schema, i, &values[i]))
			validation_error(START_KEY_INVALID);
		item_check_key_value(schema, i, &values[i]);
	}
	return key_encode(schema, values);
}

void
query_plan_scan(JsonNode *request, QueryPlan *plan)
{
	JsonNode   *filter = json_get(request, "FilterExpression");
	JsonNode   *start_key = json_get(request, "ExclusiveStartKey");
	JsonNode   *segment = json_get(request, "Segment");
	ExprBindings *bindings;

	memset(plan, 0, sizeof(*plan));
	check_expression_parameters(request, scan_expressions, scan_legacy);
	check_attributes_to_get(request);
	plan->filter = legacy_filter(json_get(request, "ScanFilter"),
								 json_get(request, "ConditionalOperator"));
	check_start_key_values(request);
	check_segments(request);
	bindings = prepare_bindings(request);
	if (filter)
		plan->filter = condition_prepare(EXPR_FILTER, filter, bindings);
	plan->projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);
	check_select(request);
	read_common(request, plan);
	plan->forward = true;
	plan->is_scan = true;

	open_request_index(request, plan);
	if (segment)
	{
		key_segment_bounds(request_int(segment),
						   request_int(json_get(request, "TotalSegments")),
						   &plan->range.lower, &plan->range.upper);
		plan->range.lower_inclusive = true;
	}
	if (start_key && start_key->len != count_start_attributes(plan))
		validation_error(plan->index ? START_KEY_INVALID :
						 START_KEY_INVALID ": " KEY_MISMATCH);
	if (start_key && plan->index)
		plan->range.after = index_start_key(start_key, &plan->index->key);
	check_all_attributes(plan, request);
	if (start_key)
	{
		bytea	   *primary = start_key_part(start_key, &plan->descriptor->key);

		if (plan->index)
			plan->range.after_primary = primary;
		else
			plan->range.after = primary;
		if (segment && !query_range_has_key(&plan->range, plan->range.after))
			validation_error(START_KEY_INVALID ": Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
							 "TotalSegments: " INT64_FORMAT " Segment: " INT64_FORMAT,
							 request_int(json_get(request, "TotalSegments")),
							 request_int(segment));
	}
	check_projection_paths(plan->descriptor, plan->projection);
	check_projected(plan);
	check_condition_paths(plan->descriptor, plan->filter);
	choose_fetch(plan, member_is(request, "Select", "ALL_ATTRIBUTES"));
}

void
query_plan_open(QueryPlan *plan, const JsonNode *table_name,
				const JsonNode *index_name, bool consistent)
{
	memset(plan, 0, sizeof(*plan));
	plan->forward = true;
	plan->consistent = consistent;
	plan->rel = open_table(table_name, AccessShareLock, ACL_SELECT,
						   &plan->descriptor);
	plan->index = find_index(index_name, consistent, plan->descriptor);
}

void
query_plan_finish(QueryPlan *plan)
{
	check_projection_paths(plan->descriptor, plan->projection);
	check_projected(plan);
	check_condition_paths(plan->descriptor, plan->filter);
	choose_fetch(plan, false);
}
