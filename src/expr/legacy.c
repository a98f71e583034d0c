/*
 * legacy.c - the parameters that came before expressions, Expected,
 * QueryFilter, ScanFilter, KeyConditions and AttributeUpdates, as the trees
 * that expressions become.
 *
 * All of them are maps from the name of a top-level attribute (a dot in it is
 * a dot) to what is asked of that attribute or done with it.  They are
 * checked attribute by attribute, in the order of the request.
 */
#include "postgres.h"

#include "expr/expr_tree.h"
#include "miscadmin.h"

#define ANY_TYPES		(~(uint32) 0)
#define SCALAR_TYPES \
	(ORDERED_TYPES | TYPE_BIT(ATTR_BOOL) | TYPE_BIT(ATTR_NULL))

/* What a ComparisonOperator takes, and what it becomes */
typedef struct Comparison
{
	const char *name;
	int			min_values;
	int			max_values;
	uint32		types;			/* bits: of the values */
	KeyOperator key_op;
	ExprOp		op;
	ExprFunction function;		/* OP_FUNCTION */
	bool		negated;		/* and false if there is no attribute */
} Comparison;

typedef enum ComparisonIndex
{
	COMPARE_EQ,
	COMPARE_NULL
} ComparisonIndex;

static const Comparison comparisons[] = {
	/* those that Expected has without an operator come first */
	[COMPARE_EQ] = {"EQ", 1, 1, ANY_TYPES, KEY_EQ, OP_EQ},
	[COMPARE_NULL] = {"NULL", 0, 0, 0, KEY_UNINDEXABLE, OP_FUNCTION, FUNC_ATTRIBUTE_NOT_EXISTS},
	{"NE", 1, 1, ANY_TYPES, KEY_UNINDEXABLE, OP_NE},
	{"LT", 1, 1, ORDERED_TYPES, KEY_LT, OP_LT},
	{"LE", 1, 1, ORDERED_TYPES, KEY_LE, OP_LE},
	{"GT", 1, 1, ORDERED_TYPES, KEY_GT, OP_GT},
	{"GE", 1, 1, ORDERED_TYPES, KEY_GE, OP_GE},
	{"BETWEEN", 2, 2, ORDERED_TYPES, KEY_BETWEEN, OP_BETWEEN},
	{"IN", 1, PG_INT32_MAX, ORDERED_TYPES, KEY_UNINDEXABLE, OP_IN},
	{"BEGINS_WITH", 1, 1, PREFIX_TYPES, KEY_BEGINS_WITH, OP_FUNCTION, FUNC_BEGINS_WITH},
	{"CONTAINS", 1, 1, SCALAR_TYPES, KEY_UNINDEXABLE, OP_FUNCTION, FUNC_CONTAINS},
	{"NOT_CONTAINS", 1, 1, SCALAR_TYPES, KEY_UNINDEXABLE, OP_FUNCTION, FUNC_CONTAINS, true},
	{"NOT_NULL", 0, 0, 0, KEY_UNINDEXABLE, OP_FUNCTION, FUNC_ATTRIBUTE_EXISTS},
};

/* ---- conditions on one attribute ---- */

/* The comparison that ComparisonOperator names; NULL if it is absent. */
static const Comparison *
find_comparison(const JsonNode *condition)
{
	const JsonNode *name = json_get(condition, "ComparisonOperator");

	if (name == NULL)
		return NULL;
	for (int i = 0; i < lengthof(comparisons); i++)
	{
		if (json_string_is(name, comparisons[i].name))
			return &comparisons[i];
	}
	elog(ERROR, "unknown comparison operator");
}

static void
check_name(const JsonMember *member)
{
	const char *fault = attr_name_fault(member->name, member->name_len);

	if (fault)
		validation_error("%s", fault);
}

/* Values that are right one by one: number, types, order. */
static void
check_values(const Comparison *comparison, ExprNode *const *values, int nvalues)
{
	int			order;

	if (nvalues < comparison->min_values || nvalues > comparison->max_values)
		validation_error(INVALID_PARAMETER "Invalid number of argument(s) for the %s ComparisonOperator",
						 comparison->name);
	if (nvalues == 0)
		return;
	for (int i = 1; i < nvalues; i++)
	{
		if (values[i]->u.value.view.type != values[0]->u.value.view.type)
			validation_error(INVALID_PARAMETER "AttributeValues inside AttributeValueList must be of same type");
	}
	if ((comparison->types & TYPE_BIT(values[0]->u.value.view.type)) == 0)
		validation_error(INVALID_PARAMETER "ComparisonOperator %s is not valid for %s AttributeValue type",
						 comparison->name,
						 attr_type_name(values[0]->u.value.view.type));
	if (comparison->op == OP_BETWEEN &&
		attr_value_compare(&values[0]->u.value.view,
						   &values[1]->u.value.view, &order) && order > 0)
		validation_error("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound");
}

/*
 * The comparison of an attribute with values, checked: a node that has the
 * attribute's path as its first argument.
 */
static ExprNode *
make_comparison(const JsonMember *member, const Comparison *comparison,
				JsonNode *values, uint32 nvalues)
{
	ExprNode   *node = expr_make_node(comparison->op, 0);

	node->function = comparison->function;
	node->nargs = nvalues + 1;
	node->u.args = palloc(sizeof(ExprNode *) * node->nargs);
	node->u.args[0] = expr_make_path(member->name, member->name_len);
	for (uint32 i = 0; i < nvalues; i++)
	{
		attr_value_normalize(&values[i]);
		node->u.args[i + 1] = expr_make_value(&values[i]);
	}
	check_values(comparison, node->u.args + 1, nvalues);
	return node;
}

/* The same with AttributeValueList. */
static ExprNode *
make_list_comparison(const JsonMember *member, const Comparison *comparison)
{
	const JsonNode *list = json_get(&member->value, "AttributeValueList");

	return make_comparison(member, comparison, list ? list->u.elems : NULL,
						   list ? list->len : 0);
}

/* Exists and Value, which may stand without a ComparisonOperator. */
static ExprNode *
make_exists_condition(const JsonMember *member)
{
	const JsonNode *exists = json_get(&member->value, "Exists");
	JsonNode   *value = json_get(&member->value, "Value");
	bool		absent = exists && exists->kind == JSON_FALSE;

	if (!absent && value == NULL)
		validation_error(INVALID_PARAMETER "Value must be provided when Exists is %s for Attribute: %.*s",
						 exists ? "true" : "null",
						 (int) member->name_len, member->name);
	if (absent && value)
		validation_error(INVALID_PARAMETER "Value cannot be used when Exists is false for Attribute: %.*s",
						 (int) member->name_len, member->name);
	return absent ?
		make_comparison(member, &comparisons[COMPARE_NULL], NULL, 0) :
		make_comparison(member, &comparisons[COMPARE_EQ], value, 1);
}

/* A comparison as a condition. */
static ExprNode *
comparison_condition(const Comparison *comparison, ExprNode *node)
{
	if (!comparison->negated)
		return node;
	return expr_make_node(OP_AND, 2,
						  expr_make_function(FUNC_ATTRIBUTE_EXISTS, 1, node->u.args[0]),
						  expr_make_node(OP_NOT, 1, node));
}

/* One attribute of Expected. */
static ExprNode *
expected_condition(const JsonMember *member)
{
	const JsonNode *list = json_get(&member->value, "AttributeValueList");
	JsonNode   *value = json_get(&member->value, "Value");
	const Comparison *comparison = find_comparison(&member->value);

	check_name(member);
	if (value && list)
		validation_error(INVALID_PARAMETER "Value and AttributeValueList cannot be used together for Attribute: %.*s",
						 (int) member->name_len, member->name);
	if (comparison == NULL)
	{
		if (list)
			validation_error(INVALID_PARAMETER "AttributeValueList can only be used with a ComparisonOperator for Attribute: %.*s",
							 (int) member->name_len, member->name);
		return make_exists_condition(member);
	}
	if (json_get(&member->value, "Exists"))
		validation_error(INVALID_PARAMETER "Exists and ComparisonOperator cannot be used together for Attribute: %.*s",
						 (int) member->name_len, member->name);
	if (comparison->min_values > 0 && value == NULL && list == NULL)
		validation_error(INVALID_PARAMETER "Value or AttributeValueList must be used with ComparisonOperator: %s for Attribute: %.*s",
						 comparison->name, (int) member->name_len, member->name);
	return comparison_condition(comparison,
								value ? make_comparison(member, comparison, value, 1) :
								make_list_comparison(member, comparison));
}

/* One attribute of QueryFilter or ScanFilter. */
static ExprNode *
filter_condition(const JsonMember *member)
{
	const Comparison *comparison = find_comparison(&member->value);

	check_name(member);
	return comparison_condition(comparison,
								make_list_comparison(member, comparison));
}

/* ---- conditions on several attributes ---- */

/* Join conditions, in a tree that many of them do not make deep. */
static ExprNode *
join_conditions(ExprOp op, ExprNode **conditions, int n)
{
	check_stack_depth();

	if (n == 1)
		return conditions[0];
	return expr_make_node(op, 2, join_conditions(op, conditions, n / 2),
						  join_conditions(op, conditions + n / 2, n - n / 2));
}

/* The condition of a map; NULL if the map is absent or empty. */
static Condition *
make_condition(JsonNode *map, const JsonNode *conditional_operator,
			   ExprNode *(*attribute_condition) (const JsonMember *member))
{
	int			n = map ? map->len : 0;
	ExprNode  **conditions = palloc(sizeof(ExprNode *) * n);
	ExprOp		op = OP_AND;

	for (int i = 0; i < n; i++)
		conditions[i] = attribute_condition(&map->u.members[i]);
	if (conditional_operator)
	{
		if (n == 0)
			validation_error("ConditionalOperator cannot be used without Filter or Expected");
		if (n == 1)
			validation_error("ConditionalOperator can only be used when Filter or Expected has two or more elements");
		if (json_string_is(conditional_operator, "OR"))
			op = OP_OR;
	}
	return n == 0 ? NULL :
		condition_from_tree(join_conditions(op, conditions, n));
}

Condition *
legacy_expected(JsonNode *expected, const JsonNode *conditional_operator)
{
	return make_condition(expected, conditional_operator, expected_condition);
}

Condition *
legacy_filter(JsonNode *filter, const JsonNode *conditional_operator)
{
	return make_condition(filter, conditional_operator, filter_condition);
}

KeyCondition *
legacy_key_condition(JsonNode *conditions)
{
	KeyClause  *clauses = palloc0(sizeof(KeyClause) * conditions->len);

	for (uint32 i = 0; i < conditions->len; i++)
	{
		const JsonMember *member = &conditions->u.members[i];
		const Comparison *comparison = find_comparison(&member->value);
		const ExprNode *node;

		check_name(member);
		node = make_list_comparison(member, comparison);
		clauses[i].name = member->name;
		clauses[i].name_len = member->name_len;
		clauses[i].op = comparison->key_op;
		if (comparison->key_op == KEY_UNINDEXABLE)
			continue;
		for (int v = 1; v < node->nargs; v++)
			clauses[i].values[v - 1] = node->u.args[v]->u.value.view;
	}
	return key_condition_from_clauses(clauses, conditions->len);
}

/* ---- updates ---- */

/* One attribute of AttributeUpdates. */
static void
read_update(const JsonMember *member, UpdateAction *action)
{
	const JsonNode *name = json_get(&member->value, "Action");
	JsonNode   *value = json_get(&member->value, "Value");
	bool		is_delete = name && json_string_is(name, "DELETE");
	bool		is_add = name && json_string_is(name, "ADD");
	AttrType	type;

	check_name(member);
	if (value)
		attr_value_normalize(value);
	else if (!is_delete)
		validation_error(INVALID_PARAMETER "Only DELETE action is allowed when no attribute value is specified");

	action->legacy = true;
	action->path = expr_make_path(member->name, member->name_len)->u.path;
	action->value = value ? expr_make_value(value) : NULL;
	action->type = is_add ? ACTION_ADD : is_delete ? ACTION_DELETE : ACTION_SET;
	if (value == NULL)
	{
		action->type = ACTION_REMOVE;
		return;
	}

	type = action->value->u.value.view.type;
	if (is_delete && !ATTR_IS_SET(type))
		validation_error(INVALID_PARAMETER "DELETE action with value is not supported for the type %s",
						 attr_type_name(type));
	if (is_add && !ATTR_IS_SET(type) && type != ATTR_N && type != ATTR_L)
		validation_error(INVALID_PARAMETER "ADD action is not supported for the type %s",
						 attr_type_name(type));
}

Update *
legacy_updates(JsonNode *updates)
{
	UpdateAction *actions;

	if (updates == NULL || updates->len == 0)
		return NULL;
	actions = palloc0(sizeof(UpdateAction) * updates->len);
	for (uint32 i = 0; i < updates->len; i++)
		read_update(&updates->u.members[i], &actions[i]);
	return update_from_actions(actions, updates->len);
}
