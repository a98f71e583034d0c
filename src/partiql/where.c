/*
 * where.c - what WHERE says of key attributes.
 */
#include "postgres.h"

#include "errors.h"
#include "miscadmin.h"
#include "partiql/partiql.h"

/* Conjunctions that are looked at, at most: more are not worth it. */
#define MAX_BRANCHES	1000

/* Number of the key attribute that a path names, or -1. */
static int
key_attribute(const ExprNode *node, const KeySchema *schema)
{
	if (node->op != OP_PATH || node->u.path.nelements != 1)
		return -1;
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const PathElement *element = &node->u.path.elements[0];

		if (key_attr_is(&schema->attrs[i], element->name, element->name_len))
			return i;
	}
	return -1;
}

void
statement_check_key_type(const KeySchema *schema, int i, const AttrValue *value)
{
	if (value->type != schema->attrs[i].type)
		validation_error("Key attribute's data type should match its data type in table's schema: Key %s",
						 schema->attrs[i].name);
}

/* ---- one key ---- */

/* The value that a key attribute is equal to; sets *attr to its number. */
static const ExprNode *
key_equality(const ExprNode *node, const KeySchema *schema, int *attr)
{
	if (node->op != OP_EQ)
		return NULL;
	for (int i = 0; i < 2; i++)
	{
		const ExprNode *value = node->u.args[1 - i];

		*attr = key_attribute(node->u.args[i], schema);
		if (*attr >= 0 && value->op == OP_VALUE)
			return value;
	}
	return NULL;
}

/* Gather the equalities of a conjunction. */
static void
find_equalities(const ExprNode *node, const KeySchema *schema,
				const ExprNode **values)
{
	const ExprNode *value;
	int			i;

	check_stack_depth();

	if (node->op == OP_AND)
	{
		find_equalities(node->u.args[0], schema, values);
		find_equalities(node->u.args[1], schema, values);
		return;
	}
	value = key_equality(node, schema, &i);
	if (value == NULL)
		return;
	statement_check_key_type(schema, i, &value->u.value.view);
	if (values[i] && !attr_value_equal(&values[i]->u.value.view,
									   &value->u.value.view))
		validation_error("Multiple conditions on same key %s. Only single item Update/Insert/Delete are supported",
						 schema->attrs[i].name);
	values[i] = value;
}

JsonNode *
where_key(const ExprNode *where, const KeySchema *schema)
{
	const ExprNode *values[KEY_MAX_ATTRS] = {0};
	JsonNode   *key;

	if (where)
		find_equalities(where, schema, values);
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		if (values[i] == NULL)
			return NULL;
	}
	key = palloc(sizeof(JsonNode));
	json_set_object(key, KEY_NATTRS(schema));
	for (int i = 0; i < KEY_NATTRS(schema); i++)
		/* The key may outlive the schema */
		*json_add_n(key, pstrdup(schema->attrs[i].name),
					schema->attrs[i].name_len) = *values[i]->u.value.node;
	return key;
}

ExprNode *
where_without_key(ExprNode *where, const KeySchema *schema)
{
	ExprNode   *left;
	ExprNode   *right;
	int			i;

	check_stack_depth();

	if (where->op != OP_AND)
		return key_equality(where, schema, &i) ? NULL : where;
	left = where_without_key(where->u.args[0], schema);
	right = where_without_key(where->u.args[1], schema);
	if (left == NULL)
		return right;
	if (right == NULL)
		return left;
	return expr_make_node(OP_AND, 2, left, right);
}

/* ---- ranges ---- */

static KeyBranch *
new_branch(int nclauses)
{
	KeyBranch  *branch = palloc(sizeof(KeyBranch));

	branch->nclauses = nclauses;
	branch->clauses = palloc0(sizeof(KeyClause) * nclauses);
	return branch;
}

/* Nothing is known: one branch without clauses. */
static void
set_unknown(KeyBranches *result)
{
	result->branches = list_make1(new_branch(0));
	result->exact = false;
}

/* A branch of one clause on key attribute i. */
static KeyClause *
add_clause(KeyBranches *result, const KeySchema *schema, int i, KeyOperator op,
		   const ExprNode *value)
{
	KeyBranch  *branch = new_branch(1);
	KeyClause  *clause = &branch->clauses[0];

	statement_check_key_type(schema, i, &value->u.value.view);
	clause->name = schema->attrs[i].name;
	clause->name_len = schema->attrs[i].name_len;
	clause->op = op;
	clause->values[0] = value->u.value.view;
	result->branches = lappend(result->branches, branch);
	return clause;
}

/* A comparison of a key attribute with a value, whichever stands left. */
static void
comparison_branches(const ExprNode *node, const KeySchema *schema,
					KeyBranches *result)
{
	static const KeyOperator operators[][2] = {
		[OP_EQ] = {KEY_EQ, KEY_EQ},
		[OP_LT] = {KEY_LT, KEY_GT},
		[OP_LE] = {KEY_LE, KEY_GE},
		[OP_GT] = {KEY_GT, KEY_LT},
		[OP_GE] = {KEY_GE, KEY_LE},
	};

	for (int side = 0; side < 2; side++)
	{
		int			i = key_attribute(node->u.args[side], schema);
		const ExprNode *value = node->u.args[1 - side];

		if (i >= 0 && value->op == OP_VALUE)
		{
			add_clause(result, schema, i, operators[node->op][side], value);
			return;
		}
	}
	set_unknown(result);
}

/* Other conditions that begin with a key attribute and go on with values. */
static void
key_branches(const ExprNode *node, const KeySchema *schema,
			 KeyBranches *result)
{
	ExprNode  **args = node->u.args;
	int			i = key_attribute(args[0], schema);
	bool		all_values = true;

	for (int k = 1; k < node->nargs; k++)
		all_values = all_values && args[k]->op == OP_VALUE;
	if (i < 0 || !all_values)
	{
		set_unknown(result);
		return;
	}
	if (node->op == OP_IN)
	{
		for (int k = 1; k < node->nargs; k++)
			add_clause(result, schema, i, KEY_EQ, args[k]);
	}
	else if (node->op == OP_BETWEEN)
	{
		statement_check_key_type(schema, i, &args[2]->u.value.view);
		add_clause(result, schema, i, KEY_BETWEEN, args[1])->values[1] =
			args[2]->u.value.view;
	}
	else
		add_clause(result, schema, i, KEY_BEGINS_WITH, args[1]);
}

/* Each branch of one side with each of the other. */
static void
join_branches(const KeyBranches *left, const KeyBranches *right,
			  KeyBranches *result)
{
	ListCell   *l;
	ListCell   *r;

	foreach(l, left->branches)
	{
		const KeyBranch *a = lfirst(l);

		foreach(r, right->branches)
		{
			const KeyBranch *b = lfirst(r);
			KeyBranch  *both = new_branch(a->nclauses + b->nclauses);

			for (int i = 0; i < a->nclauses; i++)
				both->clauses[i] = a->clauses[i];
			for (int i = 0; i < b->nclauses; i++)
				both->clauses[a->nclauses + i] = b->clauses[i];
			result->branches = lappend(result->branches, both);
		}
	}
	result->exact = left->exact && right->exact;
}

void
where_key_branches(const ExprNode *where, const KeySchema *schema,
				   KeyBranches *result)
{
	KeyBranches left;
	KeyBranches right;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	result->branches = NIL;
	result->exact = true;
	switch (where->op)
	{
		case OP_AND:
		case OP_OR:
			where_key_branches(where->u.args[0], schema, &left);
			where_key_branches(where->u.args[1], schema, &right);
			if (where->op == OP_OR)
			{
				result->branches = list_concat(left.branches, right.branches);
				result->exact = left.exact && right.exact;
			}
			else if (list_length(left.branches) <=
					 MAX_BRANCHES / Max(1, list_length(right.branches)))
				join_branches(&left, &right, result);
			else
			{
				/* One side alone is true, too, of what satisfies both */
				*result = list_length(left.branches) <
					list_length(right.branches) ? left : right;
				result->exact = false;
			}
			break;

		case OP_EQ:
		case OP_LT:
		case OP_LE:
		case OP_GT:
		case OP_GE:
			comparison_branches(where, schema, result);
			break;

		case OP_BETWEEN:
		case OP_IN:
			key_branches(where, schema, result);
			break;

		case OP_FUNCTION:
			if (where->function == FUNC_BEGINS_WITH)
				key_branches(where, schema, result);
			else
				set_unknown(result);
			break;

		default:
			set_unknown(result);
			break;
	}
}
