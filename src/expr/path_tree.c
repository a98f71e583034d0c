/*
 * path_tree.c - several paths as one tree, for projections and the targets
 * of updates.
 *
 *   a.b[2], a.c, d        root - a - b - [2]
 *                              |   + c
 *                              + d
 *
 * No path of such a set is a prefix of another, and the children of a node
 * are all names or all indexes, so that a walk along the tree and an item
 * visits every container at most once.
 */
#include "postgres.h"

#include "errors.h"
#include "expr/expr_tree.h"
#include "miscadmin.h"

/* How two paths go together */
typedef enum PathRelation
{
	PATHS_APART,
	PATHS_OVERLAP,
	PATHS_CONFLICT
} PathRelation;

static PathRelation
path_relation(const DocPath *a, const DocPath *b)
{
	int			n = Min(a->nelements, b->nelements);

	for (int i = 0; i < n; i++)
	{
		const PathElement *x = &a->elements[i];
		const PathElement *y = &b->elements[i];

		if ((x->name == NULL) != (y->name == NULL))
			return PATHS_CONFLICT;
		if (x->name ? (x->name_len != y->name_len ||
					   memcmp(x->name, y->name, x->name_len) != 0) :
			x->index != y->index)
			return PATHS_APART;
	}
	return PATHS_OVERLAP;
}

/* Raise the error about a pair of paths. */
static void
relation_error(ExprKind kind, const char *verb, const DocPath *one,
			   const DocPath *two)
{
	expr_error(kind, "Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
			   verb, doc_path_to_string(one), doc_path_to_string(two));
}

/*
 * Paths must be apart from each other.  Any overlap is reported before any
 * conflict, the earlier path first.
 */
void
path_tree_check(ExprKind kind, const DocPath *paths, int npaths)
{
	const DocPath *one = NULL;
	const DocPath *two = NULL;

	for (int i = 1; i < npaths; i++)
	{
		CHECK_FOR_INTERRUPTS();

		for (int j = 0; j < i; j++)
		{
			PathRelation relation = path_relation(&paths[j], &paths[i]);

			if (relation == PATHS_OVERLAP)
				relation_error(kind, "overlap", &paths[j], &paths[i]);
			if (relation == PATHS_CONFLICT && one == NULL)
			{
				one = &paths[j];
				two = &paths[i];
			}
		}
	}

	if (one)
		relation_error(kind, "conflict", one, two);
}

/* Child for an element; made if there is none. */
static PathTree *
get_child(PathTree *tree, const PathElement *element)
{
	PathTree  **link = &tree->first;
	PathTree   *child;

	for (; *link; link = &(*link)->next)
	{
		const PathElement *other = &(*link)->element;

		if (element->name == NULL)
		{
			if (other->index == element->index)
				return *link;
			if (other->index > element->index)
				break;
		}
		else if (other->name_len == element->name_len &&
				 memcmp(other->name, element->name, element->name_len) == 0)
			return *link;
	}

	child = palloc0(sizeof(PathTree));
	child->element = *element;
	child->next = *link;
	*link = child;
	tree->nchildren++;
	return child;
}

PathTree *
path_tree_build(const DocPath *paths, int npaths, const void *const *leaves)
{
	PathTree   *root = palloc0(sizeof(PathTree));

	for (int i = 0; i < npaths; i++)
	{
		PathTree   *tree = root;

		for (int j = 0; j < paths[i].nelements; j++)
			tree = get_child(tree, &paths[i].elements[j]);
		tree->leaf = leaves[i];
	}
	return root;
}

/* Child by name; NULL if there is none. */
PathTree *
path_tree_find(const PathTree *tree, const char *name, uint32 name_len)
{
	for (PathTree *child = tree->first; child; child = child->next)
	{
		if (child->element.name_len == name_len &&
			memcmp(child->element.name, name, name_len) == 0)
			return child;
	}
	return NULL;
}
