/*
 * query_plan.c - from a Query or Scan request to a range of keys.
 */
#include "postgres.h"

#include "access/table.h"
#include "utils/acl.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

#include "api/parameters.h"
#include "api/query_plan.h"
#include "api/request.h"
#include "errors.h"
#include "store/item_check.h"

#define START_KEY_INVALID	"The provided starting key is invalid"
#define KEY_MISMATCH		"The provided key element does not match the schema"

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

/* Indexes other than the primary key. */
static void
find_index(const JsonNode *request)
{
	const JsonNode *name = json_get(request, "IndexName");

	if (name)
		validation_error("The table does not have the specified index: %s",
						 json_cstring(name));
}

static const KeyClause *
find_clause(const KeyClause *clauses, int nclauses, const KeyAttr *attr)
{
	for (int i = 0; i < nclauses; i++)
	{
		if (clauses[i].name_len == attr->name_len &&
			memcmp(clauses[i].name, attr->name, attr->name_len) == 0)
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

/* One key attribute of the schema: its part of start key and condition. */
static void
check_key_clause(const KeySchema *schema, int i, const KeyClause *clauses,
				 int nclauses, const JsonNode *start_key, AttrValue *start_value)
{
	const KeyAttr *attr = &schema->attrs[i];
	bool		is_partition = i < schema->npartition;
	const KeyClause *clause = find_clause(clauses, nclauses, attr);

	if (start_key)
	{
		if (!start_key_value(start_key, schema, i, start_value))
			validation_error(START_KEY_INVALID);
		item_check_key_value(schema, i, start_value);
	}
	if (is_partition && schema->nsort == 0 && nclauses > 1)
		validation_error("Query key condition not supported");
	if (clause == NULL)
	{
		if (is_partition || nclauses > 1)
			validation_error("Query condition missed key schema element: %s",
							 attr->name);
		return;
	}
	for (int v = 0; v <= (clause->op == KEY_BETWEEN ? 1 : 0); v++)
	{
		if (clause->values[v].type != attr->type)
			validation_error(INVALID_PARAMETER "Condition parameter type does not match schema type");
	}
	if (is_partition && clause->op != KEY_EQ)
		validation_error("Query key condition not supported");
	for (int v = 0; v <= (clause->op == KEY_BETWEEN ? 1 : 0); v++)
		item_check_key_value(schema, i, &clause->values[v]);
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
check_start_key_range(const KeySchema *schema, const KeyClause *partition,
					  const KeyClause *sort, const AttrValue *start_values)
{
	bool		same_partition = attr_value_equal(&start_values[0],
												  &partition->values[0]);

	if (sort)
	{
		if (!clause_matches(sort, &start_values[1]))
			validation_error("The provided starting key does not match the range key predicate");
		if (!same_partition)
			validation_error("The query can return at most one row and cannot be restarted");
	}
	else if (!same_partition)
		validation_error("The provided starting key is outside query boundaries based on provided conditions");
	else if (schema->nsort == 0)
		validation_error("The query can return at most one row and cannot be restarted");
}

/* Bounds of the range that key conditions leave. */
static void
range_from_clauses(const KeySchema *schema, const KeyClause *partition,
				   const KeyClause *sort, KeyRange *range)
{
	AttrValue	values[2];
	bytea	   *whole;
	bytea	   *point = NULL;

	values[0] = partition->values[0];
	whole = key_encode_prefix(schema, values, 0, false);
	range->lower = whole;
	range->lower_inclusive = true;
	range->upper = key_prefix_successor(whole);
	range->upper_inclusive = false;
	if (sort == NULL)
		return;

	values[1] = sort->values[0];
	point = key_encode_prefix(schema, values, 1, sort->op == KEY_BEGINS_WITH);
	switch (sort->op)
	{
		case KEY_EQ:
			range->lower = range->upper = point;
			range->upper_inclusive = true;
			break;
		case KEY_LT:
		case KEY_LE:
			range->upper = point;
			range->upper_inclusive = sort->op == KEY_LE;
			break;
		case KEY_GT:
		case KEY_GE:
			range->lower = point;
			range->lower_inclusive = sort->op == KEY_GE;
			break;
		case KEY_BETWEEN:
			range->lower = point;
			values[1] = sort->values[1];
			range->upper = key_encode_prefix(schema, values, 1, false);
			range->upper_inclusive = true;
			break;
		case KEY_BEGINS_WITH:
			range->lower = point;
			range->upper = key_prefix_successor(point);
			break;
	}
}

/* Continue after a start key that lies within the range. */
static void
continue_after(KeyRange *range, bytea *start, bool forward)
{
	if (forward)
	{
		range->lower = start;
		range->lower_inclusive = false;
	}
	else
	{
		range->upper = start;
		range->upper_inclusive = false;
	}
}

/* A filter must not name key attributes (Query). */
static void
check_filter_attributes(const QueryPlan *plan)
{
	const KeySchema *schema = &plan->descriptor->key;
	const DocPath *paths;
	int			npaths;

	paths = condition_paths(plan->filter, &npaths);
	for (int i = 0; i < npaths; i++)
	{
		for (int k = 0; k < KEY_NATTRS(schema); k++)
		{
			if (path_names_key(&paths[i], &schema->attrs[k]))
				validation_error("Filter Expression can only contain non-primary key attributes: Primary key attribute: %s",
								 schema->attrs[k].name);
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
	plan->forward = request_bool(json_get(request, "ScanIndexForward"), true);
}

void
query_plan_query(JsonNode *request, QueryPlan *plan)
{
	JsonNode   *text = json_get(request, "KeyConditionExpression");
	JsonNode   *filter = json_get(request, "FilterExpression");
	JsonNode   *start_key = json_get(request, "ExclusiveStartKey");
	ExprBindings *bindings;
	KeyCondition *key_condition;
	const KeyClause *clauses;
	int			nclauses;
	const KeySchema *schema;
	AttrValue	start_values[KEY_MAX_ATTRS];
	const KeyClause *partition;
	const KeyClause *sort = NULL;

	memset(plan, 0, sizeof(*plan));
	check_expression_parameters(request, query_expressions, query_legacy);
	refuse_parameter(request, "QueryFilter");
	check_attributes_to_get(request);
	check_start_key_values(request);
	refuse_parameter(request, "KeyConditions");
	refuse_parameter(request, "ConditionalOperator");
	if (text == NULL)
		validation_error("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
	bindings = prepare_bindings(request);
	key_condition = key_condition_prepare(text, bindings);
	if (filter)
		plan->filter = condition_prepare(EXPR_FILTER, filter, bindings);
	plan->projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);
	clauses = key_condition_clauses(key_condition, &nclauses);
	if (nclauses > 2)
		validation_error("Conditions can be of length 1 or 2 only");
	check_select(request);
	read_common(request, plan);

	plan->rel = open_request_table(request, AccessShareLock, ACL_SELECT,
								   &plan->descriptor);
	schema = &plan->descriptor->key;
	find_index(request);
	if (start_key && start_key->len != KEY_NATTRS(schema))
		validation_error(START_KEY_INVALID);
	for (int i = 0; i < KEY_NATTRS(schema); i++)
		check_key_clause(schema, i, clauses, nclauses, start_key, &start_values[i]);

	/* One item at most: nothing to limit, and nowhere to go on from. */
	if (schema->nsort == 0)
		plan->limit = 0;

	partition = find_clause(clauses, nclauses, &schema->attrs[0]);
	if (schema->nsort > 0)
		sort = find_clause(clauses, nclauses, &schema->attrs[1]);
	range_from_clauses(schema, partition, sort, &plan->range);
	if (start_key)
	{
		check_start_key_range(schema, partition, sort, start_values);
		continue_after(&plan->range, key_encode(schema, start_values), plan->forward);
	}
	check_projection_paths(plan->descriptor, plan->projection);
	check_filter_attributes(plan);
	check_condition_paths(plan->descriptor, plan->filter);
}

/* Does an encoded key lie in a range? */
static bool
range_has_key(const KeyRange *range, bytea *key)
{
	if (range->lower &&
		DatumGetInt32(DirectFunctionCall2(byteacmp, PointerGetDatum(key),
										  PointerGetDatum(range->lower))) < 0)
		return false;
	if (range->upper &&
		DatumGetInt32(DirectFunctionCall2(byteacmp, PointerGetDatum(key),
										  PointerGetDatum(range->upper))) >= 0)
		return false;
	return true;
}

/* The start key of a Scan, encoded. */
static bytea *
scan_start_key(const JsonNode *start_key, const KeySchema *schema)
{
	AttrValue	values[KEY_MAX_ATTRS];

	if (start_key->len != KEY_NATTRS(schema))
		validation_error(START_KEY_INVALID ": " KEY_MISMATCH);
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
	refuse_parameter(request, "ScanFilter");
	refuse_parameter(request, "ConditionalOperator");
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

	plan->rel = open_request_table(request, AccessShareLock, ACL_SELECT,
								   &plan->descriptor);
	find_index(request);
	if (segment)
	{
		key_segment_bounds(request_int(segment),
						   request_int(json_get(request, "TotalSegments")),
						   &plan->range.lower, &plan->range.upper);
		plan->range.lower_inclusive = true;
	}
	if (start_key)
	{
		bytea	   *start = scan_start_key(start_key, &plan->descriptor->key);

		if (segment && !range_has_key(&plan->range, start))
			validation_error(START_KEY_INVALID ": Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
							 "TotalSegments: " INT64_FORMAT " Segment: " INT64_FORMAT,
							 request_int(json_get(request, "TotalSegments")),
							 request_int(segment));
		continue_after(&plan->range, start, true);
	}
	check_projection_paths(plan->descriptor, plan->projection);
	check_condition_paths(plan->descriptor, plan->filter);
}
