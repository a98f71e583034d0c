/*
 * update.c - update expressions: checks in DynamoDB's order, and their
 * application to an item.
 *
 * The targets form a tree of paths (path_tree.c).  Applying walks that tree
 * along the old item once and rebuilds only the containers on the way to a
 * target; everything else is carried over as bytes.  Right-hand sides and
 * list indexes refer to the old item, which is never modified, so the order
 * of the actions does not matter.
 */
#include "postgres.h"

#include "errors.h"
#include "expr/expr_tree.h"
#include "miscadmin.h"
#include "model/number.h"

struct Update
{
	int			nactions;
	UpdateAction *actions;
	DocPath    *targets;		/* of the actions */
	PathTree   *tree;			/* of the targets, leaves are actions */
	Projection *projection;		/* of the targets, made when asked for */
	int			nsources;
	DocPath    *sources;
};

/* ---- checks ---- */

/* Operands of ADD and DELETE: numbers and sets, or sets only. */
static void
check_action_value(ExprKind kind, const UpdateAction *action)
{
	AttrType	type;

	if (action->type != ACTION_ADD && action->type != ACTION_DELETE)
		return;

	type = action->value->u.value.view.type;
	if (ATTR_IS_SET(type) || (action->type == ACTION_ADD && type == ATTR_N))
		return;
	expr_error(kind, "Incorrect operand type for operator or function; operator: %s, operand type: %s",
			   action->type == ACTION_ADD ? "ADD" : "DELETE",
			   attr_type_long_name(type));
}

/* An operand whose type is known from the text and the request's values. */
static void
check_operand_type(ExprKind kind, const ExprNode *node,
				   const ExprNode *operand, AttrType expected)
{
	AttrType	type;

	if (operand->op == OP_VALUE)
		type = operand->u.value.view.type;
	else if (operand->op == OP_FUNCTION &&
			 operand->function == FUNC_LIST_APPEND)
		type = ATTR_L;
	else
		return;

	if (type != expected)
		expr_operand_type_error(kind, node, attr_type_name(type));
}

/* Operands of functions and arithmetic. */
static void
check_operands(ExprKind kind, const ExprNode *node)
{
	check_stack_depth();

	for (int i = 0; i < node->nargs; i++)
		check_operands(kind, node->u.args[i]);

	switch (node->op)
	{
		case OP_PLUS:
		case OP_MINUS:
			check_operand_type(kind, node, node->u.args[0], ATTR_N);
			check_operand_type(kind, node, node->u.args[1], ATTR_N);
			break;

		case OP_FUNCTION:
			expr_check_nargs(kind, node);
			if (node->function == FUNC_IF_NOT_EXISTS)
			{
				if (node->u.args[0]->op != OP_PATH)
					expr_path_needed_error(kind, node);
			}
			else
			{
				check_operand_type(kind, node, node->u.args[0], ATTR_L);
				check_operand_type(kind, node, node->u.args[1], ATTR_L);
			}
			break;

		default:
			break;
	}
}

/* ---- preparation ---- */

/* Gather what the actions write and read. */
static Update *
make_update(UpdateAction *actions, int nactions)
{
	Update	   *update = palloc0(sizeof(Update));
	int			nsources = 0;

	update->nactions = nactions;
	update->actions = actions;
	update->targets = palloc(sizeof(DocPath) * nactions);
	for (int i = 0; i < nactions; i++)
	{
		update->targets[i] = actions[i].path;
		if (actions[i].value)
			nsources += expr_count_paths(actions[i].value);
	}

	update->sources = palloc(sizeof(DocPath) * nsources);
	for (int i = 0; i < nactions; i++)
	{
		if (actions[i].value)
			expr_collect_paths(actions[i].value, update->sources,
							   &update->nsources);
	}
	return update;
}

/* The tree of the targets, once they are known to fit together. */
static void
build_tree(Update *update)
{
	const void **leaves = palloc(sizeof(void *) * update->nactions);

	for (int i = 0; i < update->nactions; i++)
		leaves[i] = &update->actions[i];
	update->tree = path_tree_build(update->targets, update->nactions, leaves);
	pfree(leaves);
}

Update *
update_from_actions(UpdateAction *actions, int nactions)
{
	Update	   *update = make_update(actions, nactions);

	path_tree_check(EXPR_UPDATE, update->targets, nactions);
	build_tree(update);
	return update;
}

/* Everything that an update must be, whatever the item. */
static void
check_update(ExprKind kind, const Update *update)
{
	const UpdateAction *actions = update->actions;

	path_tree_check(kind, update->targets, update->nactions);
	for (int i = 0; i < update->nactions; i++)
		check_action_value(kind, &actions[i]);
	for (int i = 0; i < update->nactions; i++)
	{
		if (actions[i].value)
			check_operands(kind, actions[i].value);
	}
}

Update *
update_from_statement(UpdateAction *actions, int nactions)
{
	Update	   *update = make_update(actions, nactions);

	check_update(EXPR_STATEMENT, update);
	build_tree(update);
	return update;
}

/* The update that a request's text stands for; NULL for NULL. */
Update *
update_prepare(const JsonNode *text, ExprBindings *bindings)
{
	const ParsedExpr *parsed;
	UpdateAction *actions;
	Update	   *update;
	ListCell   *lc;
	int			n = 0;

	if (text == NULL)
		return NULL;
	parsed = expr_parse(EXPR_UPDATE, text);

	/* All names are looked up before any value */
	expr_check_names(bindings, EXPR_UPDATE, parsed->paths);
	actions = palloc(sizeof(UpdateAction) * list_length(parsed->actions));
	foreach(lc, parsed->actions)
	{
		const UpdateAction *action = lfirst(lc);

		actions[n] = *action;
		actions[n].value = NULL;
		expr_bind_path(bindings, EXPR_UPDATE, &action->path,
					   &actions[n].path);

		/* What is only stored need not be looked into */
		if (action->value)
			actions[n].value = expr_bind_operand(bindings, EXPR_UPDATE,
												 action->value,
												 action->type == ACTION_SET);
		n++;
	}
	update = make_update(actions, n);
	check_update(EXPR_UPDATE, update);
	build_tree(update);
	return update;
}

/* ---- what callers ask about an update ---- */

bool
update_only_removes(const Update *update)
{
	for (int i = 0; update && i < update->nactions; i++)
	{
		if (update->actions[i].type == ACTION_SET ||
			update->actions[i].type == ACTION_ADD)
			return false;
	}
	return update != NULL;
}

const DocPath *
update_target_paths(const Update *update, int *npaths)
{
	*npaths = update ? update->nactions : 0;
	return update ? update->targets : NULL;
}

const Projection *
update_target_projection(const Update *update)
{
	if (update == NULL)
		return NULL;
	if (update->projection == NULL)
		((Update *) update)->projection =
			projection_from_paths(update->targets, update->nactions);
	return update->projection;
}

bool
update_target_literal(const Update *update, int i, AttrValue *value)
{
	const UpdateAction *action = &update->actions[i];

	if ((action->type != ACTION_SET && action->type != ACTION_ADD) ||
		action->value->op != OP_VALUE)
		return false;
	if (action->value->u.value.has_view)
		*value = action->value->u.value.view;
	else
		attr_value_from_node(action->value->u.value.node, value);
	return true;
}

const DocPath *
update_source_paths(const Update *update, int *npaths)
{
	*npaths = update ? update->nsources : 0;
	return update ? update->sources : NULL;
}

/* ---- right-hand sides ---- */

static void
data_type_error(void)
{
	validation_error("An operand in the update expression has an incorrect data type");
}

/* ADD or DELETE found an attribute of another type than its operand's. */
static void
target_type_error(const UpdateAction *action)
{
	if (action->legacy)
		validation_error("Type mismatch for attribute to update");
	data_type_error();
}

/* What is read must be there. */
static void
check_sources(const ExprNode *node, const JsonbContainer *old)
{
	AttrValue	value;

	check_stack_depth();

	if (node->op == OP_PATH)
	{
		if (!doc_path_get(&node->u.path, old, &value))
			validation_error("The provided expression refers to an attribute that does not exist in the item");
		return;
	}

	if (node->op == OP_FUNCTION && node->function == FUNC_IF_NOT_EXISTS)
	{
		if (!doc_path_get(&node->u.args[0]->u.path, old, &value))
			check_sources(node->u.args[1], old);
		return;
	}

	for (int i = 0; i < node->nargs; i++)
		check_sources(node->u.args[i], old);
}

/* Result of a right-hand side: a node, or a view still to be made one. */
typedef struct Result
{
	bool		is_node;
	JsonNode	node;
	AttrValue	view;
} Result;

static void
number_node(const Number *number, JsonNode *node)
{
	char	   *buf = palloc(NUMBER_MAX_TEXT);
	int			len = number_format(number, buf);

	json_set_object(node, 1);
	json_set_string_n(json_add(node, "N"), buf, len);
}

/* Sum or difference of two values in normal form. */
static void
add_numbers(const AttrValue *a, const AttrValue *b, bool subtract,
			JsonNode *node)
{
	Number		x;
	Number		y;
	Number		sum;
	NumberStatus status;

	if (a->type != ATTR_N || b->type != ATTR_N)
		data_type_error();

	number_parse_or_error(a->str, a->len, &x);
	number_parse_or_error(b->str, b->len, &y);
	status = number_add(&x, &y, subtract, &sum);
	if (status != NUMBER_OK)
		number_error(status, "", 0);
	number_node(&sum, node);
}

/* Elements of one list, then those of another. */
static void
append_lists(const AttrValue *a, const AttrValue *b, JsonNode *node)
{
	const AttrValue *lists[] = {a, b};
	uint32		counts[2];
	JsonNode   *array;

	if (a->type != ATTR_L || b->type != ATTR_L)
		data_type_error();

	for (int i = 0; i < 2; i++)
		counts[i] = attr_container_count(lists[i]->container);
	json_set_object(node, 1);
	array = json_add(node, "L");
	json_set_array(array, counts[0] + counts[1]);
	for (int i = 0; i < 2; i++)
	{
		for (uint32 j = 0; j < counts[i]; j++)
		{
			AttrValue	element;

			if (attr_list_get(lists[i]->container, j, &element))
				attr_value_to_node(&element, json_push(array));
		}
	}
}

static void evaluate(const ExprNode *node, const JsonbContainer *old,
					 Result *result);

/* View of an operand of a function or a sum; of a sum it may be a sum. */
static void
evaluate_operand(const ExprNode *node, int i, const JsonbContainer *old,
				 Result *result)
{
	const ExprNode *operand = node->u.args[i];

	evaluate(operand, old, result);
	if (!result->is_node)
		return;
	if (operand->op != OP_PLUS && operand->op != OP_MINUS)
		data_type_error();
	attr_value_from_node(&result->node, &result->view);
}

/* Value of a right-hand side that passed check_sources. */
static void
evaluate(const ExprNode *node, const JsonbContainer *old, Result *result)
{
	Result		left;
	Result		right;

	check_stack_depth();

	result->is_node = false;
	switch (node->op)
	{
		case OP_VALUE:
			result->node = *node->u.value.node;
			result->is_node = !node->u.value.has_view;
			result->view = node->u.value.view;
			return;

		case OP_PATH:
			if (!doc_path_get(&node->u.path, old, &result->view))
				elog(ERROR, "source of an update is gone");
			return;

		default:
			break;
	}

	if (node->op == OP_FUNCTION && node->function == FUNC_IF_NOT_EXISTS)
	{
		if (!doc_path_get(&node->u.args[0]->u.path, old, &result->view))
			evaluate(node->u.args[1], old, result);
		return;
	}

	/* Operands; an appended list is refused by all of these */
	evaluate_operand(node, 0, old, &left);
	evaluate_operand(node, 1, old, &right);

	result->is_node = true;
	if (node->op == OP_FUNCTION)
		append_lists(&left.view, &right.view, &result->node);
	else
		add_numbers(&left.view, &right.view, node->op == OP_MINUS,
					&result->node);
}

/* ---- nesting ---- */

/* Levels of containers in a jsonb container, itself included. */
static int
container_levels(const JsonbContainer *container)
{
	JsonbIterator *it = JsonbIteratorInit((JsonbContainer *) container);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			level = 0;
	int			levels = 0;

	while ((token = JsonbIteratorNext(&it, &value, false)) != WJB_DONE)
	{
		if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
		{
			level++;
			levels = Max(levels, level);
		}
		else if (token == WJB_END_OBJECT || token == WJB_END_ARRAY)
			level--;
	}
	return levels;
}

/* The same for a node. */
static int
node_levels(const JsonNode *node)
{
	int			levels = 0;

	check_stack_depth();

	if (node->kind == JSON_CONTAINER)
		return container_levels(node->u.container);
	if (node->kind != JSON_ARRAY && node->kind != JSON_OBJECT)
		return 0;

	for (uint32 i = 0; i < node->len; i++)
	{
		int			inner = node_levels(node->kind == JSON_ARRAY ?
										&node->u.elems[i] :
										&node->u.members[i].value);

		levels = Max(levels, inner);
	}
	return levels + 1;
}

/*
 * A value that lands below the top level must not take the item beyond the
 * limit.  Each level of the model takes two of JSON ({"M": {...}}).
 */
static void
check_nesting(const DocPath *path, const JsonNode *value)
{
	if (path->nelements > 1 &&
		path->nelements - 1 + (node_levels(value) + 1) / 2 > ATTR_MAX_DEPTH)
		validation_error("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit");
}

/* ---- one action ---- */

/*
 * Union or difference of two sets of one type, both in normal form.  False
 * if nothing is left.
 */
static bool
combine_sets(const AttrValue *a, const AttrValue *b, bool is_union,
			 JsonNode *node)
{
	uint32		na = attr_container_count(a->container);
	uint32		nb = attr_container_count(b->container);
	uint32		i = 0;
	uint32		j = 0;
	JsonNode   *array;

	json_set_object(node, 1);
	array = json_add(node, attr_type_name(a->type));
	json_set_array(array, is_union ? na + nb : na);

	/* Merge */
	while (i < na || (is_union && j < nb))
	{
		AttrValue	x;
		AttrValue	y;
		int			cmp;

		if (i < na)
			attr_set_get(a, i, &x);
		if (j < nb)
			attr_set_get(b, j, &y);
		if (i >= na)
			cmp = 1;
		else if (j >= nb)
			cmp = -1;
		else if (!attr_value_compare(&x, &y, &cmp))
			elog(ERROR, "elements of a set do not compare");

		if (cmp < 0 || (cmp == 0 && is_union))
			json_set_string_n(json_push(array), x.str, x.len);
		else if (cmp > 0 && is_union)
			json_set_string_n(json_push(array), y.str, y.len);
		if (cmp <= 0)
			i++;
		if (cmp >= 0)
			j++;
	}

	return array->len > 0;
}

static void
apply_set(const UpdateAction *action, const JsonbContainer *old,
		  JsonNode *node)
{
	Result		result;

	evaluate(action->value, old, &result);
	if (result.is_node || action->value->op == OP_VALUE)
		*node = result.node;
	else
		attr_value_to_node(&result.view, node);
	check_nesting(&action->path, node);
}

/*
 * New value of a target.  target: its old value, or NULL.  False if it has
 * none from now on.
 */
static bool
apply_action(const UpdateAction *action, const JsonbContainer *old,
			 const AttrValue *target, JsonNode *node)
{
	const AttrValue *operand;

	switch (action->type)
	{
		case ACTION_SET:
			apply_set(action, old, node);
			return true;

		case ACTION_REMOVE:
			return false;

		case ACTION_ADD:
			operand = &action->value->u.value.view;
			if (target == NULL)
			{
				*node = *action->value->u.value.node;
				check_nesting(&action->path, node);
				return true;
			}
			if (target->type != operand->type)
				target_type_error(action);
			if (ATTR_IS_SET(operand->type))
				return combine_sets(target, operand, true, node);
			if (operand->type == ATTR_L)
				append_lists(target, operand, node);
			else
				add_numbers(target, operand, false, node);
			return true;

		case ACTION_DELETE:
			operand = &action->value->u.value.view;
			if (target == NULL)
				return false;
			if (target->type != operand->type)
				target_type_error(action);
			return combine_sets(target, operand, false, node);
	}
	return false;
}

/* ---- the item ---- */

static void
invalid_path_error(void)
{
	validation_error("The document path provided in the update expression is invalid for update");
}

/* Does a subtree hold anything but what takes away? */
static bool
tree_writes(const PathTree *tree)
{
	check_stack_depth();

	if (tree->leaf)
	{
		const UpdateAction *action = tree->leaf;

		return action->type == ACTION_SET || action->type == ACTION_ADD;
	}
	for (const PathTree *child = tree->first; child; child = child->next)
	{
		if (tree_writes(child))
			return true;
	}
	return false;
}

/*
 * Every container on the way to a target must be there.  Only where there is
 * no item at all is it all right to remove something from within nothing.
 */
static void
check_targets(const PathTree *tree, const JsonbContainer *container,
			  bool in_list)
{
	check_stack_depth();

	for (const PathTree *child = tree->first; child; child = child->next)
	{
		const PathElement *element = &child->element;
		AttrValue	value;

		if (child->leaf)
			continue;
		if (container == NULL)
		{
			if (tree_writes(child))
				invalid_path_error();
			continue;
		}
		if (in_list ? !attr_list_get(container, element->index, &value) :
			!attr_get(container, element->name, element->name_len, &value))
			invalid_path_error();
		if (value.type != (child->first->element.name ? ATTR_M : ATTR_L))
			invalid_path_error();
		check_targets(child, value.container, value.type == ATTR_L);
	}
}

static bool apply_child(const PathTree *child, const JsonbContainer *old,
						const AttrValue *target, JsonNode *node);

/* New members of a map (NULL: of an item that is not there). */
static void
apply_map(const PathTree *tree, const JsonbContainer *old,
		  const JsonbContainer *map, JsonNode *result)
{
	uint32		n = map ? attr_container_count(map) : 0;
	AttrValue	value;
	JsonNode	node;

	json_set_object(result, n + tree->nchildren);

	/* Members that there are */
	for (uint32 i = 0; i < n; i++)
	{
		const PathTree *child;
		const char *name;
		uint32		name_len;

		attr_map_entry(map, i, &name, &name_len, &value);
		child = path_tree_find(tree, name, name_len);
		if (child == NULL)
			attr_value_to_node(&value, json_add_n(result, name, name_len));
		else if (apply_child(child, old, &value, &node))
			*json_add_n(result, name, name_len) = node;
	}

	/* New members */
	for (const PathTree *child = tree->first; child; child = child->next)
	{
		const PathElement *element = &child->element;

		if (map && attr_get(map, element->name, element->name_len, &value))
			continue;
		if (apply_child(child, old, NULL, &node))
			*json_add_n(result, element->name, element->name_len) = node;
	}
}

/* New elements of a list. */
static void
apply_list(const PathTree *tree, const JsonbContainer *old,
		   const JsonbContainer *list, JsonNode *result)
{
	const PathTree *child = tree->first;
	uint32		n = attr_container_count(list);
	JsonNode	node;

	json_set_array(result, n + tree->nchildren);

	/* Elements that there are; children are in ascending order */
	for (uint32 i = 0; i < n; i++)
	{
		AttrValue	value;

		if (!attr_list_get(list, i, &value))
			elog(ERROR, "list has no element %u", i);
		if (child == NULL || child->element.index != i)
		{
			attr_value_to_node(&value, json_push(result));
			continue;
		}
		if (apply_child(child, old, &value, &node))
			*json_push(result) = node;
		child = child->next;
	}

	/* What is set beyond the end is appended in index order */
	for (; child; child = child->next)
	{
		if (apply_child(child, old, NULL, &node))
			*json_push(result) = node;
	}
}

/* New value at a node of the tree; false if there is none. */
static bool
apply_child(const PathTree *child, const JsonbContainer *old,
			const AttrValue *target, JsonNode *node)
{
	JsonNode   *inner;

	check_stack_depth();

	if (child->leaf)
		return apply_action(child->leaf, old, target, node);

	/* check_targets has been here: only removals go nowhere */
	if (target == NULL)
		return false;

	json_set_object(node, 1);
	inner = json_add(node, attr_type_name(target->type));
	if (target->type == ATTR_M)
		apply_map(child, old, target->container, inner);
	else
		apply_list(child, old, target->container, inner);
	return true;
}

/* The new item; see expr.h. */
JsonNode *
update_apply(const Update *update, const JsonbContainer *old,
			 const JsonNode *key)
{
	static const PathTree no_tree = {0};
	const JsonbContainer *base = old;
	JsonNode   *item = palloc(sizeof(JsonNode));

	/* An item that is created has its key before any action runs */
	if (old == NULL && key)
		base = &json_to_jsonb(key)->root;

	if (update)
	{
		/* Reading what is not there, then paths, then types */
		for (int i = 0; i < update->nactions; i++)
		{
			if (update->actions[i].value)
				check_sources(update->actions[i].value, base);
		}
		check_targets(update->tree, old, false);
	}

	apply_map(update ? update->tree : &no_tree, base, base, item);
	return item;
}
