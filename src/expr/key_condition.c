/*
 * key_condition.c - key conditions: conditions of a shape that an index can
 * answer.
 *
 * They are parsed and checked like any condition; the shape is looked at
 * only when the request's other expressions have been found right.
 */
#include "postgres.h"

#include "errors.h"
#include "expr/expr_tree.h"
#include "miscadmin.h"

struct KeyCondition
{
	Condition  *condition;
	int			nclauses;		/* 0: not looked at yet */
	KeyClause  *clauses;
};

KeyCondition *
key_condition_prepare(const JsonNode *text, ExprBindings *bindings)
{
	KeyCondition *key_condition;

	if (text == NULL)
		return NULL;
	key_condition = palloc0(sizeof(KeyCondition));
	key_condition->condition = condition_prepare(EXPR_KEY_CONDITION, text,
												 bindings);
	return key_condition;
}

KeyCondition *
key_condition_from_clauses(KeyClause *clauses, int nclauses)
{
	KeyCondition *key_condition = palloc0(sizeof(KeyCondition));

	key_condition->clauses = clauses;
	key_condition->nclauses = nclauses;
	return key_condition;
}

static void
operator_error(const ExprNode *node)
{
	validation_error("Invalid operator used in KeyConditionExpression: %s",
					 expr_op_name(node));
}

#define INVALID_KEY_CONDITION "Invalid condition in KeyConditionExpression: "

/* The operator of a clause, turned round if the attribute stands right. */
static KeyOperator
key_operator(const ExprNode *node, bool reversed)
{
	switch (node->op)
	{
		case OP_EQ:
			return KEY_EQ;
		case OP_LT:
			return reversed ? KEY_GT : KEY_LT;
		case OP_LE:
			return reversed ? KEY_GE : KEY_LE;
		case OP_GT:
			return reversed ? KEY_LT : KEY_GT;
		case OP_GE:
			return reversed ? KEY_LE : KEY_GE;
		case OP_BETWEEN:
			return KEY_BETWEEN;
		case OP_FUNCTION:
			if (node->function == FUNC_BEGINS_WITH)
				return KEY_BEGINS_WITH;
			break;
		default:
			break;
	}
	operator_error(node);
	return KEY_EQ;
}

/* Check one clause and add it. */
static void
add_clause(KeyCondition *key_condition, const ExprNode *node)
{
	KeyClause  *clause = &key_condition->clauses[key_condition->nclauses];
	const ExprNode *attribute = NULL;
	int			nvalues = 0;
	int			npaths = 0;

	clause->op = key_operator(node, node->nargs > 0 &&
							  node->u.args[0]->op != OP_PATH);

	for (int i = 0; i < node->nargs; i++)
	{
		if (node->u.args[i]->op == OP_FUNCTION)
			validation_error("KeyConditionExpressions cannot contain nested operations");
		if (node->u.args[i]->op == OP_PATH)
			npaths++;
	}
	if ((clause->op == KEY_BETWEEN || clause->op == KEY_BEGINS_WITH) &&
		node->u.args[0]->op != OP_PATH)
		validation_error(INVALID_KEY_CONDITION "%s operator must have the key attribute as its first operand",
						 expr_op_name(node));
	if (npaths > 1)
		validation_error(INVALID_KEY_CONDITION "Multiple attribute names used in one condition");

	for (int i = 0; i < node->nargs; i++)
	{
		const ExprNode *operand = node->u.args[i];

		if (operand->op == OP_PATH)
			attribute = operand;
		else if (nvalues < lengthof(clause->values))
			clause->values[nvalues++] = operand->u.value.view;
	}
	if (attribute && attribute->u.path.nelements > 1)
		validation_error("KeyConditionExpressions cannot have conditions on nested attributes");
	if (attribute == NULL)
		validation_error(INVALID_KEY_CONDITION "No key attribute specified");

	clause->name = attribute->u.path.elements[0].name;
	clause->name_len = attribute->u.path.elements[0].name_len;
	for (int i = 0; i < key_condition->nclauses; i++)
	{
		const KeyClause *other = &key_condition->clauses[i];

		if (other->name_len == clause->name_len &&
			memcmp(other->name, clause->name, clause->name_len) == 0)
			validation_error("KeyConditionExpressions must only contain one condition per key");
	}
	key_condition->nclauses++;
}

/* Walk from the left into ANDs. */
static void
add_clauses(KeyCondition *key_condition, const ExprNode *node)
{
	check_stack_depth();

	if (node->op == OP_AND)
	{
		add_clauses(key_condition, node->u.args[0]);
		add_clauses(key_condition, node->u.args[1]);
	}
	else
		add_clause(key_condition, node);
}

/* The clauses, after checking the shape; see expr.h. */
const KeyClause *
key_condition_clauses(const KeyCondition *condition, int *nclauses)
{
	KeyCondition *key_condition = (KeyCondition *) condition;
	int			npaths;

	if (condition == NULL)
	{
		*nclauses = 0;
		return NULL;
	}

	if (key_condition->clauses == NULL)
	{
		/* A clause without a path is an error: there are no more than paths */
		(void) condition_paths(condition->condition, &npaths);
		key_condition->clauses = palloc0(sizeof(KeyClause) * (npaths + 1));
		add_clauses(key_condition, condition_root(condition->condition));
	}
	*nclauses = condition->nclauses;
	return condition->clauses;
}
