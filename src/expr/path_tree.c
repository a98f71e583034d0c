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

#include "common/hashfn.h"
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
		if (!path_element_equal(x, y))
			return PATHS_APART;
	}
	return PATHS_OVERLAP;
}

static int
compare_names(const PathElement *x, const PathElement *y)
{
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->name, y->name, x->name_len);
}

/* By the name that a path begins with, then by its place in the list */
static int
compare_paths(const void *a, const void *b)
{
	const DocPath *x = *(const DocPath *const *) a;
	const DocPath *y = *(const DocPath *const *) b;
	int			order = compare_names(&x->elements[0], &y->elements[0]);

	return order != 0 ? order : x < y ? -1 : x > y;
}

/*
 * Paths must be apart from each other.  Any overlap is reported before any
 * conflict; of several, the one that a reader of the list comes upon first,
 * with the earlier path first.
 *
 * Only paths that begin with the same name have to be compared.
 */
void
path_tree_check(ExprKind kind, const DocPath *paths, int npaths)
{
	static const char *const verbs[] =
	{[PATHS_OVERLAP] = "overlap",[PATHS_CONFLICT] = "conflict"};
	const DocPath **sorted = palloc(sizeof(DocPath *) * npaths);
	const DocPath *one[PATHS_CONFLICT + 1] = {NULL};
	const DocPath *two[PATHS_CONFLICT + 1] = {NULL};
	int			first = 0;

	for (int i = 0; i < npaths; i++)
		sorted[i] = &paths[i];
	qsort(sorted, npaths, sizeof(DocPath *), compare_paths);

	for (int i = 1; i < npaths; i++)
	{
		CHECK_FOR_INTERRUPTS();

		if (compare_names(&sorted[first]->elements[0], &sorted[i]->elements[0]) != 0)
			first = i;
		for (int j = first; j < i; j++)
		{
			PathRelation relation = path_relation(sorted[j], sorted[i]);

			if (relation != PATHS_APART &&
				(two[relation] == NULL || sorted[i] < two[relation]))
			{
				one[relation] = sorted[j];
				two[relation] = sorted[i];
			}
		}
	}
	pfree(sorted);

	for (int relation = PATHS_OVERLAP; relation <= PATHS_CONFLICT; relation++)
	{
		if (one[relation])
			expr_error(kind, "Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
					   verbs[relation], doc_path_to_string(one[relation]),
					   doc_path_to_string(two[relation]));
	}
}

/* ---- children ---- */

/* More children with names than this are looked up by hash */
#define MAX_LISTED_CHILDREN 8

static uint32
hash_name(const PathElement *element)
{
	return hash_bytes((const unsigned char *) element->name, element->name_len);
}

/* Put a child that has a name into its bucket. */
static void
add_to_bucket(PathTree *tree, PathTree *child)
{
	PathTree  **bucket = &tree->buckets[hash_name(&child->element) & (tree->nbuckets - 1)];

	child->next_in_bucket = *bucket;
	*bucket = child;
}

/* Append a child that has a name. */
static PathTree *
append_child(PathTree *tree, const PathElement *element)
{
	PathTree   *child = palloc0(sizeof(PathTree));

	child->element = *element;
	if (tree->first == NULL)
		tree->first = child;
	else
		tree->last->next = child;
	tree->last = child;
	tree->nchildren++;

	if (tree->nchildren <= MAX_LISTED_CHILDREN)
		return child;
	if (tree->nchildren <= tree->nbuckets)
	{
		add_to_bucket(tree, child);
		return child;
	}

	/* Twice as many buckets, and everybody moves */
	if (tree->buckets)
		pfree(tree->buckets);
	tree->nbuckets = Max(tree->nbuckets, MAX_LISTED_CHILDREN) * 2;
	tree->buckets = palloc0(sizeof(PathTree *) * tree->nbuckets);
	for (PathTree *each = tree->first; each; each = each->next)
		add_to_bucket(tree, each);
	return child;
}

/* Insert a child that is a list index among the others, or find it. */
static PathTree *
get_index_child(PathTree *tree, const PathElement *element)
{
	PathTree  **link = &tree->first;
	PathTree   *child;

	while (*link && (*link)->element.index < element->index)
		link = &(*link)->next;
	if (*link && (*link)->element.index == element->index)
		return *link;

	child = palloc0(sizeof(PathTree));
	child->element = *element;
	child->next = *link;
	*link = child;
	tree->nchildren++;
	return child;
}

/* Child by name; NULL if there is none. */
PathTree *
path_tree_find(const PathTree *tree, const char *name, uint32 name_len)
{
	const PathElement element = {.name = name,.name_len = name_len};
	PathTree   *child;

	if (tree->buckets)
	{
		child = tree->buckets[hash_name(&element) & (tree->nbuckets - 1)];
		while (child && compare_names(&child->element, &element) != 0)
			child = child->next_in_bucket;
		return child;
	}
	child = tree->first;
	while (child && compare_names(&child->element, &element) != 0)
		child = child->next;
	return child;
}

/* Child for an element; made if there is none. */
static PathTree *
get_child(PathTree *tree, const PathElement *element)
{
	PathTree   *child;

	if (element->name == NULL)
		return get_index_child(tree, element);
	child = path_tree_find(tree, element->name, element->name_len);
	return child ? child : append_child(tree, element);
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
