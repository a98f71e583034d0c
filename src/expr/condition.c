/*
 * condition.c - conditions and filters: checks in DynamoDB's order, and
 * evaluation on an item in place.
 */
#include "postgres.h"

#include "expr/expr_tree.h"
#include "miscadmin.h"
#include "utils/builtins.h"

struct Condition
{
	ExprNode   *root;
	int			npaths;
	DocPath    *paths;
};

/* Room for size() as the text of a number */
typedef struct Operand
{
	AttrValue	value;
	char		buf[24];
} Operand;

/* ---- checks of one clause ---- */

static bool
is_literal(const ExprNode *node)
{
	return node->op == OP_VALUE;
}

/* Raise an error if an operand is a literal of a type not in the set. */
static void
check_literal_type(ExprKind kind, const ExprNode *clause,
				   const ExprNode *operand, uint32 allowed)
{
	if (is_literal(operand) &&
		(allowed & (1 << operand->u.value.view.type)) == 0)
		expr_operand_type_error(kind, clause,
								attr_type_name(operand->u.value.view.type));
}

#define SIZED_TYPES \
	(PREFIX_TYPES | TYPE_BIT(ATTR_M) | TYPE_BIT(ATTR_L) | \
	 TYPE_BIT(ATTR_SS) | TYPE_BIT(ATTR_NS) | TYPE_BIT(ATTR_BS))

/* How messages show a bound of BETWEEN: AttributeValue: {N:1} */
static char *
bound_to_string(const ExprNode *node)
{
	const AttrValue *value = &node->u.value.view;

	return psprintf("AttributeValue: {%s:%.*s}", attr_type_name(value->type),
					(int) value->len, value->str);
}

/* Literal bounds must be of one type and in order. */
static void
check_bounds(ExprKind kind, const ExprNode *lower, const ExprNode *upper)
{
	int			cmp;

	if (!is_literal(lower) || !is_literal(upper))
		return;

	if (lower->u.value.view.type != upper->u.value.view.type)
		expr_error(kind, "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: %s, upper bound operand: %s",
				   bound_to_string(lower), bound_to_string(upper));
	if (attr_value_compare(&lower->u.value.view, &upper->u.value.view, &cmp) &&
		cmp > 0)
		expr_error(kind, "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: %s, upper bound operand: %s",
				   bound_to_string(lower), bound_to_string(upper));
}

/* attribute_type's second operand names a type in a literal. */
static void
check_type_operand(ExprKind kind, const ExprNode *clause,
				   const ExprNode *operand)
{
	AttrType	type;

	/* Anything but a literal could be of any type, says the service */
	if (!is_literal(operand))
		expr_operand_type_error(kind, clause,
								"{NS,SS,L,BS,N,M,B,BOOL,NULL,S}");
	check_literal_type(kind, clause, operand, TYPE_BIT(ATTR_S));
	if (!attr_type_from_name(operand->u.value.view.str,
							 operand->u.value.view.len, &type))
		expr_error(kind, "Invalid attribute type name found; type: %.*s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
				   (int) operand->u.value.view.len,
				   operand->u.value.view.str);
}

/* A clause's operands must be of types that it can ever be true for. */
static void
check_types(ExprKind kind, const ExprNode *clause)
{
	ExprNode  **args = clause->u.args;

	switch (clause->op)
	{
		case OP_LT:
		case OP_LE:
		case OP_GT:
		case OP_GE:
		case OP_BETWEEN:
			for (int i = 0; i < clause->nargs; i++)
				check_literal_type(kind, clause, args[i], ORDERED_TYPES);
			if (clause->op == OP_BETWEEN)
				check_bounds(kind, args[1], args[2]);
			break;

		case OP_FUNCTION:
			switch (clause->function)
			{
				case FUNC_ATTRIBUTE_EXISTS:
				case FUNC_ATTRIBUTE_NOT_EXISTS:
					if (args[0]->op != OP_PATH)
						expr_path_needed_error(kind, clause);
					break;
				case FUNC_ATTRIBUTE_TYPE:
					check_type_operand(kind, clause, args[1]);
					break;
				case FUNC_BEGINS_WITH:
					check_literal_type(kind, clause, args[0], PREFIX_TYPES);
					check_literal_type(kind, clause, args[1], PREFIX_TYPES);
					break;
				case FUNC_SIZE:
					check_literal_type(kind, clause, args[0], SIZED_TYPES);
					if (args[0]->op == OP_FUNCTION)
						expr_operand_type_error(kind, clause,
												attr_type_name(ATTR_N));
					break;
				default:
					break;
			}
			break;

		default:
			break;
	}
}

/*
 * Checks of a bound clause, in order: number of operands, operands that
 * repeat the first one, types.  size() as an operand comes before what it is
 * an operand of.
 */
static void
check_clause(ExprKind kind, const ExprNode *clause)
{
	check_stack_depth();

	for (int i = 0; i < clause->nargs; i++)
	{
		if (clause->u.args[i]->op == OP_FUNCTION)
			check_clause(kind, clause->u.args[i]);
	}

	expr_check_nargs(kind, clause);

	for (int i = 1; i < clause->nargs; i++)
	{
		const ExprNode *first = clause->u.args[0];
		const ExprNode *other = clause->u.args[i];

		if (first->op == OP_PATH && other->op == OP_PATH &&
			doc_path_equal(&first->u.path, &other->u.path))
			expr_error(kind, "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s",
					   expr_op_name(clause),
					   doc_path_to_string(&first->u.path));
	}

	check_types(kind, clause);
}

/* Check clause by clause, from the left. */
void
condition_check_tree(ExprKind kind, const ExprNode *node)
{
	check_stack_depth();

	if (node->op != OP_AND && node->op != OP_OR && node->op != OP_NOT)
	{
		check_clause(kind, node);
		return;
	}
	for (int i = 0; i < node->nargs; i++)
		condition_check_tree(kind, node->u.args[i]);
}

/* Bind and check clause by clause, from the left. */
static ExprNode *
bind_condition(ExprBindings *bindings, ExprKind kind, const ExprNode *parsed)
{
	ExprNode   *node;

	check_stack_depth();

	if (parsed->op != OP_AND && parsed->op != OP_OR && parsed->op != OP_NOT)
	{
		node = expr_bind_operand(bindings, kind, parsed, false);
		check_clause(kind, node);
		return node;
	}

	node = palloc(sizeof(ExprNode));
	*node = *parsed;
	node->u.args = palloc(sizeof(ExprNode *) * parsed->nargs);
	for (int i = 0; i < parsed->nargs; i++)
		node->u.args[i] = bind_condition(bindings, kind, parsed->u.args[i]);
	return node;
}

/* Condition from a bound tree. */
Condition *
condition_from_tree(ExprNode *root)
{
	Condition  *condition = palloc0(sizeof(Condition));

	condition->root = root;
	condition->paths = palloc(sizeof(DocPath) * expr_count_paths(root));
	expr_collect_paths(root, condition->paths, &condition->npaths);
	return condition;
}

/* The condition that a request's text stands for; NULL for NULL. */
Condition *
condition_prepare(ExprKind kind, const JsonNode *text, ExprBindings *bindings)
{
	const ParsedExpr *parsed;

	if (text == NULL)
		return NULL;
	parsed = expr_parse(kind, text);
	return condition_from_tree(bind_condition(bindings, kind,
											  parsed->condition));
}

const DocPath *
condition_paths(const Condition *condition, int *npaths)
{
	*npaths = condition ? condition->npaths : 0;
	return condition ? condition->paths : NULL;
}

const ExprNode *
condition_root(const Condition *condition)
{
	return condition->root;
}

/* ---- evaluation ---- */

/* Value of an operand; NULL when there is none. */
static const AttrValue *
operand_value(const ExprNode *node, const JsonbContainer *item, Operand *buf)
{
	const AttrValue *arg;
	int64		size;

	switch (node->op)
	{
		case OP_VALUE:
			return &node->u.value.view;

		case OP_PATH:
			return doc_path_get(&node->u.path, item, &buf->value) ?
				&buf->value : NULL;

		default:
			/* size() */
			arg = operand_value(node->u.args[0], item, buf);
			if (arg == NULL || !attr_value_function_size(arg, &size))
				return NULL;
			memset(&buf->value, 0, sizeof(AttrValue));
			buf->value.type = ATTR_N;
			buf->value.len = pg_lltoa(size, buf->buf);
			buf->value.str = buf->buf;
			return &buf->value;
	}
}

/* Do two values compare as the operator says? */
static bool
compare_values(ExprOp op, const AttrValue *a, const AttrValue *b)
{
	int			cmp;

	if (a == NULL || b == NULL)
		return op == OP_NE;
	if (op == OP_EQ || op == OP_NE)
		return attr_value_equal(a, b) == (op == OP_EQ);
	if (!attr_value_compare(a, b, &cmp))
		return false;

	switch (op)
	{
		case OP_LT:
			return cmp < 0;
		case OP_LE:
			return cmp <= 0;
		case OP_GT:
			return cmp > 0;
		default:
			return cmp >= 0;
	}
}

static bool
evaluate_function(const ExprNode *node, const JsonbContainer *item)
{
	Operand		bufs[2];
	const AttrValue *a = operand_value(node->u.args[0], item, &bufs[0]);
	const AttrValue *b;
	AttrType	type;

	if (node->function == FUNC_ATTRIBUTE_NOT_EXISTS)
		return a == NULL;
	if (a == NULL || node->function == FUNC_ATTRIBUTE_EXISTS)
		return a != NULL;

	b = operand_value(node->u.args[1], item, &bufs[1]);
	if (b == NULL)
		return false;

	switch (node->function)
	{
		case FUNC_ATTRIBUTE_TYPE:
			return attr_type_from_name(b->str, b->len, &type) &&
				type == a->type;
		case FUNC_BEGINS_WITH:
			return attr_value_begins_with(a, b);
		case FUNC_CONTAINS:
			return attr_value_contains(a, b);
		default:
			elog(ERROR, "function %d is no condition", (int) node->function);
	}
	return false;
}

static bool
evaluate(const ExprNode *node, const JsonbContainer *item)
{
	ExprNode  **args = node->u.args;
	Operand		bufs[2];
	const AttrValue *a;

	switch (node->op)
	{
		case OP_AND:
			check_stack_depth();
			return evaluate(args[0], item) && evaluate(args[1], item);
		case OP_OR:
			check_stack_depth();
			return evaluate(args[0], item) || evaluate(args[1], item);
		case OP_NOT:
			check_stack_depth();
			return !evaluate(args[0], item);

		case OP_FUNCTION:
			return evaluate_function(node, item);

		case OP_BETWEEN:
			a = operand_value(args[0], item, &bufs[0]);
			return a &&
				compare_values(OP_GE, a,
							   operand_value(args[1], item, &bufs[1])) &&
				compare_values(OP_LE, a,
							   operand_value(args[2], item, &bufs[1]));

		case OP_IN:
			a = operand_value(args[0], item, &bufs[0]);
			for (int i = 1; a && i < node->nargs; i++)
			{
				if (compare_values(OP_EQ, a,
								   operand_value(args[i], item, &bufs[1])))
					return true;
			}
			return false;

		default:
			a = operand_value(args[0], item, &bufs[0]);
			return compare_values(node->op, a,
								  operand_value(args[1], item, &bufs[1]));
	}
}

/* Does the condition hold for an item (NULL: there is no item)? */
bool
condition_evaluate(const Condition *condition, const JsonbContainer *item)
{
	return condition == NULL || evaluate(condition->root, item);
}
