/*
 * expr_sql.c - expressions as SQL functions, for the extension's own tests
 * and for curious people.
 */
#include "postgres.h"

#include "errors.h"
#include "expr/expr_tree.h"
#include "fmgr.h"

/* PostgreSQL 15 itself exports only the info function, not the function */
#define SQL_FUNCTION(name) \
	extern PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

SQL_FUNCTION(dynamo_condition_matches);
SQL_FUNCTION(dynamo_apply_projection);
SQL_FUNCTION(dynamo_apply_update);
SQL_FUNCTION(dynamo_parse_key_condition);

/* Argument as a tree; NULL for SQL's NULL. */
static JsonNode *
node_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL :
		json_node_from_jsonb(PG_GETARG_JSONB_P(n));
}

/* Argument as a map of attributes in normal form; NULL for SQL's NULL. */
static JsonNode *
map_argument(FunctionCallInfo fcinfo, int n)
{
	JsonNode   *node = node_argument(fcinfo, n);

	if (node == NULL)
		return NULL;
	if (node->kind != JSON_OBJECT)
		validation_error("Item is not a map of attributes");
	attr_map_normalize(node);
	return node;
}

/* The same as an item. */
static const JsonbContainer *
item_argument(FunctionCallInfo fcinfo, int n)
{
	JsonNode   *node = map_argument(fcinfo, n);

	return node ? &json_to_jsonb(node)->root : NULL;
}

/* Expression as a string node; NULL for SQL's NULL. */
static JsonNode *
text_argument(FunctionCallInfo fcinfo, int n)
{
	JsonNode   *node;
	text	   *str;

	if (PG_ARGISNULL(n))
		return NULL;
	str = PG_GETARG_TEXT_PP(n);
	node = palloc(sizeof(JsonNode));
	json_set_string_n(node, VARDATA_ANY(str), VARSIZE_ANY_EXHDR(str));
	return node;
}

/*
 * condition_matches(item, expression, names, vals): does the condition hold
 * for the item?  NULL for the item: there is none.
 */
Datum
dynamo_condition_matches(PG_FUNCTION_ARGS)
{
	const JsonbContainer *item = item_argument(fcinfo, 0);
	ExprBindings *bindings = expr_bindings_create(node_argument(fcinfo, 2),
												  node_argument(fcinfo, 3));
	Condition  *condition = condition_prepare(EXPR_CONDITION,
											  text_argument(fcinfo, 1),
											  bindings);

	expr_bindings_check_unused(bindings);
	PG_RETURN_BOOL(condition_evaluate(condition, item));
}

/* apply_projection(item, expression, names): the projected item. */
Datum
dynamo_apply_projection(PG_FUNCTION_ARGS)
{
	const JsonbContainer *item = item_argument(fcinfo, 0);
	ExprBindings *bindings = expr_bindings_create(node_argument(fcinfo, 2),
												  NULL);
	Projection *projection = projection_prepare(text_argument(fcinfo, 1),
												bindings);
	JsonNode	result;

	expr_bindings_check_unused(bindings);
	if (item == NULL || projection == NULL)
		PG_RETURN_NULL();
	projection_apply(projection, item, &result);
	PG_RETURN_JSONB_P(json_to_jsonb(&result));
}

/*
 * apply_update(item, key, expression, names, vals): the new item.  NULL for
 * the item: there is none, and the key makes a new one.
 */
Datum
dynamo_apply_update(PG_FUNCTION_ARGS)
{
	const JsonbContainer *item = item_argument(fcinfo, 0);
	JsonNode   *key = map_argument(fcinfo, 1);
	ExprBindings *bindings = expr_bindings_create(node_argument(fcinfo, 3),
												  node_argument(fcinfo, 4));
	Update	   *update = update_prepare(text_argument(fcinfo, 2), bindings);

	expr_bindings_check_unused(bindings);
	PG_RETURN_JSONB_P(json_to_jsonb(update_apply(update, item, key)));
}

/*
 * parse_key_condition(expression, names, vals): the clauses, as an array of
 * {name, op, values}.
 */
Datum
dynamo_parse_key_condition(PG_FUNCTION_ARGS)
{
	static const char *const op_names[] = {
		[KEY_EQ] = "=",
		[KEY_LT] = "<",
		[KEY_LE] = "<=",
		[KEY_GT] = ">",
		[KEY_GE] = ">=",
		[KEY_BETWEEN] = "BETWEEN",
		[KEY_BEGINS_WITH] = "begins_with",
	};
	ExprBindings *bindings = expr_bindings_create(node_argument(fcinfo, 1),
												  node_argument(fcinfo, 2));
	KeyCondition *condition = key_condition_prepare(text_argument(fcinfo, 0),
													bindings);
	const KeyClause *clauses;
	int			nclauses;
	JsonNode	result;

	expr_bindings_check_unused(bindings);
	clauses = key_condition_clauses(condition, &nclauses);
	if (clauses == NULL)
		PG_RETURN_NULL();

	json_set_array(&result, nclauses);
	for (int i = 0; i < nclauses; i++)
	{
		const KeyClause *clause = &clauses[i];
		JsonNode   *object = json_push(&result);
		JsonNode   *values;

		json_set_object(object, 3);
		json_set_string_n(json_add(object, "name"), clause->name,
						  clause->name_len);
		json_set_string(json_add(object, "op"), op_names[clause->op]);
		values = json_add(object, "values");
		json_set_array(values, 2);
		attr_value_to_node(&clause->values[0], json_push(values));
		if (clause->op == KEY_BETWEEN)
			attr_value_to_node(&clause->values[1], json_push(values));
	}
	PG_RETURN_JSONB_P(json_to_jsonb(&result));
}
