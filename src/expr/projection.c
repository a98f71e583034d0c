/*
 * projection.c - parts of items: projection expressions, AttributesToGet,
 * and what UPDATED_OLD and UPDATED_NEW return.
 */
#include "postgres.h"

#include "expr/expr_tree.h"
#include "miscadmin.h"

struct Projection
{
	int			npaths;
	const DocPath *paths;
	PathTree   *tree;			/* NULL: a flat projection */
	const char *const *names;	/* of which these are the attributes */
	const uint32 *name_lens;
};

/* Projection of paths that neither overlap nor conflict. */
Projection *
projection_from_paths(const DocPath *paths, int npaths)
{
	Projection *projection = palloc0(sizeof(Projection));
	const void **leaves = palloc(sizeof(void *) * npaths);

	for (int i = 0; i < npaths; i++)
		leaves[i] = &paths[i];

	projection->npaths = npaths;
	projection->paths = paths;
	projection->tree = path_tree_build(paths, npaths, leaves);
	return projection;
}

Projection *
projection_from_columns(const DocPath *paths, const char *const *names,
						const uint32 *name_lens, int npaths)
{
	Projection *projection = palloc0(sizeof(Projection));

	projection->npaths = npaths;
	projection->paths = paths;
	projection->names = names;
	projection->name_lens = name_lens;
	return projection;
}

/* The projection that a request's text stands for; NULL for NULL. */
Projection *
projection_prepare(const JsonNode *text, ExprBindings *bindings)
{
	const ParsedExpr *parsed;
	DocPath    *paths;
	ListCell   *lc;
	int			n = 0;

	if (text == NULL)
		return NULL;

	parsed = expr_parse(EXPR_PROJECTION, text);
	paths = palloc(sizeof(DocPath) * list_length(parsed->paths));
	foreach(lc, parsed->paths)
		expr_bind_path(bindings, EXPR_PROJECTION, lfirst(lc), &paths[n++]);
	path_tree_check(EXPR_PROJECTION, paths, n);

	return projection_from_paths(paths, n);
}

/* Projection of whole top-level attributes. */
Projection *
projection_from_names(const char *const *names, const uint32 *name_lens,
					  int n)
{
	DocPath    *paths = palloc(sizeof(DocPath) * n);
	PathElement *elements = palloc0(sizeof(PathElement) * n);

	for (int i = 0; i < n; i++)
	{
		elements[i].name = names[i];
		elements[i].name_len = name_lens[i];
		paths[i].nelements = 1;
		paths[i].elements = &elements[i];
	}
	return projection_from_paths(paths, n);
}

const DocPath *
projection_paths(const Projection *projection, int *npaths)
{
	*npaths = projection ? projection->npaths : 0;
	return projection ? projection->paths : NULL;
}

static bool project_value(const PathTree *tree, const AttrValue *value,
						  JsonNode *result);

/* The parts of a map's attributes; an object, possibly empty. */
static void
project_map(const PathTree *tree, const JsonbContainer *map, JsonNode *result)
{
	json_set_object(result, tree->nchildren);
	for (PathTree *child = tree->first; child; child = child->next)
	{
		AttrValue	value;
		JsonNode	part;

		if (attr_get(map, child->element.name, child->element.name_len,
					 &value) &&
			project_value(child, &value, &part))
			*json_add_n(result, child->element.name,
						child->element.name_len) = part;
	}
}

/* The parts of a list's elements, moved together. */
static void
project_list(const PathTree *tree, const JsonbContainer *list,
			 JsonNode *result)
{
	json_set_array(result, tree->nchildren);
	for (PathTree *child = tree->first; child; child = child->next)
	{
		AttrValue	value;
		JsonNode	part;

		if (!attr_list_get(list, child->element.index, &value))
			break;				/* children are in ascending order */
		if (project_value(child, &value, &part))
			*json_push(result) = part;
	}
}

/* The parts of one value; false if there is nothing left of it. */
static bool
project_value(const PathTree *tree, const AttrValue *value, JsonNode *result)
{
	JsonNode	parts;

	check_stack_depth();

	if (tree->leaf)
	{
		attr_value_to_node(value, result);
		return true;
	}

	if (tree->first->element.name)
	{
		if (value->type != ATTR_M)
			return false;
		project_map(tree, value->container, &parts);
	}
	else
	{
		if (value->type != ATTR_L)
			return false;
		project_list(tree, value->container, &parts);
	}
	if (parts.len == 0)
		return false;

	json_set_object(result, 1);
	*json_add(result, attr_type_name(value->type)) = parts;
	return true;
}

/* Parts of an item as attributes of their own. */
static void
project_columns(const Projection *projection, const JsonbContainer *item,
				JsonNode *result)
{
	json_set_object(result, projection->npaths);
	for (int i = 0; i < projection->npaths; i++)
	{
		AttrValue	value;

		if (doc_path_get(&projection->paths[i], item, &value))
			attr_value_to_node(&value, json_add_n(result, projection->names[i],
												  projection->name_lens[i]));
	}
}

/* The projected item. */
void
projection_apply(const Projection *projection, const JsonbContainer *item,
				 JsonNode *result)
{
	if (projection->tree)
		project_map(projection->tree, item, result);
	else
		project_columns(projection, item, result);
}
