/*
 * expr_build.c - paths, and nodes of trees: of those that the parsers build,
 * and of bound ones for conditions and updates that are not written as
 * expressions (legacy parameters and PartiQL).
 */
#include "postgres.h"

#include "expr/expr_tree.h"

void
doc_path_start(DocPath *path, const char *name, uint32 name_len)
{
	path->nelements = 1;
	path->elements = palloc0(sizeof(PathElement));
	path->elements[0].name = name;
	path->elements[0].name_len = name_len;
}

PathElement *
doc_path_extend(DocPath *path)
{
	PathElement *element;

	/* Sizes are powers of two */
	if ((path->nelements & (path->nelements - 1)) == 0)
		path->elements = repalloc(path->elements, sizeof(PathElement) *
								  path->nelements * 2);
	element = &path->elements[path->nelements++];
	memset(element, 0, sizeof(PathElement));
	return element;
}

ExprNode *
expr_make_path(const char *name, uint32 name_len)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->op = OP_PATH;
	doc_path_start(&node->u.path, name, name_len);
	return node;
}

ExprNode *
expr_build_path(const DocPath *path)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->op = OP_PATH;
	node->u.path = *path;
	return node;
}

/* value: an attribute value in normal form */
ExprNode *
expr_make_value(JsonNode *value)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->op = OP_VALUE;
	node->u.value.node = value;
	attr_value_from_node(value, &node->u.value.view);
	node->u.value.has_view = true;
	return node;
}

/* args become the node's. */
static ExprNode *
make_node_array(ExprOp op, int nargs, ExprNode **args)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->op = op;
	node->nargs = nargs;
	node->u.args = args;
	return node;
}

/* The list is freed. */
ExprNode *
expr_make_node_list(ExprOp op, List *args)
{
	int			nargs = list_length(args);
	ExprNode  **array = palloc(sizeof(ExprNode *) * nargs);
	ListCell   *lc;

	foreach(lc, args)
		array[foreach_current_index(lc)] = lfirst(lc);
	list_free(args);
	return make_node_array(op, nargs, array);
}

static ExprNode *
make_node_va(ExprOp op, int nargs, va_list args)
{
	ExprNode  **array = palloc(sizeof(ExprNode *) * nargs);

	for (int i = 0; i < nargs; i++)
		array[i] = va_arg(args, ExprNode *);
	return make_node_array(op, nargs, array);
}

ExprNode *
expr_make_node(ExprOp op, int nargs,...)
{
	ExprNode   *node;
	va_list		args;

	va_start(args, nargs);
	node = make_node_va(op, nargs, args);
	va_end(args);
	return node;
}

ExprNode *
expr_make_function(ExprFunction function, int nargs,...)
{
	ExprNode   *node;
	va_list		args;

	va_start(args, nargs);
	node = make_node_va(OP_FUNCTION, nargs, args);
	va_end(args);
	node->function = function;
	return node;
}
