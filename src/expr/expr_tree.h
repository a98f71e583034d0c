/*
 * expr_tree.h - the trees behind expr.h.
 *
 * One node type serves both stages.  A *parsed* tree is what the grammar
 * builds and the cache keeps: paths hold names as written (#alias or bare),
 * values hold their ":ref".  A *bound* tree is a copy in the caller's memory
 * in which aliases are replaced by attribute names and refs by the request's
 * values; it never points into the cache.
 */
#ifndef DYNAMO_EXPR_TREE_H
#define DYNAMO_EXPR_TREE_H

#include "errors.h"

#include "expr/expr.h"
#include "nodes/pg_list.h"

#define EXPR_MAX_PATH_ELEMENTS	32
#define EXPR_MAX_IN_OPERANDS	100 /* the one on the left included */

typedef enum ExprOp
{
	/* conditions */
	OP_OR,
	OP_AND,
	OP_NOT,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_BETWEEN,					/* value, lower, upper */
	OP_IN,						/* value, alternatives ... */
	/* conditions, or operands in case of size() and the update functions */
	OP_FUNCTION,
	/* operands */
	OP_PLUS,
	OP_MINUS,
	OP_PATH,
	OP_VALUE
} ExprOp;

typedef enum ExprFunction
{
	FUNC_ATTRIBUTE_EXISTS,
	FUNC_ATTRIBUTE_NOT_EXISTS,
	FUNC_ATTRIBUTE_TYPE,
	FUNC_BEGINS_WITH,
	FUNC_CONTAINS,
	FUNC_SIZE,
	FUNC_IF_NOT_EXISTS,
	FUNC_LIST_APPEND,
	FUNC_UNKNOWN
} ExprFunction;

typedef struct ExprNode ExprNode;

struct ExprNode
{
	ExprOp		op;
	ExprFunction function;		/* OP_FUNCTION */
	bool		parens;			/* written in parentheses (parser only) */
	int			nargs;			/* 0 for paths and values */
	union
	{
		ExprNode  **args;
		DocPath		path;		/* OP_PATH */
		struct
		{
			const char *ref;	/* ":name" */
			uint32		ref_len;
			JsonNode   *node;	/* bound: normalized attribute value */
			AttrValue	view;	/* bound: of node, if has_view */
			bool		has_view;
		}			value;		/* OP_VALUE */
	}			u;
};

typedef enum UpdateActionType
{
	ACTION_SET,
	ACTION_REMOVE,
	ACTION_ADD,
	ACTION_DELETE
} UpdateActionType;

typedef struct UpdateAction
{
	UpdateActionType type;
	bool		legacy;			/* of AttributeUpdates: its ADD takes lists */
	DocPath		path;
	ExprNode   *value;			/* NULL for REMOVE; OP_VALUE for ADD, DELETE */
} UpdateAction;

/* Sets of types: what operators take */
#define TYPE_BIT(t) (1 << (t))
#define ORDERED_TYPES \
	(TYPE_BIT(ATTR_S) | TYPE_BIT(ATTR_N) | TYPE_BIT(ATTR_B))
#define PREFIX_TYPES	(TYPE_BIT(ATTR_S) | TYPE_BIT(ATTR_B))

/* What one text parses to; only the members of its kind are set. */
typedef struct ParsedExpr
{
	ExprNode   *condition;
	List	   *actions;		/* UpdateAction *, in order of appearance */
	List	   *paths;			/* DocPath *, all, in order of appearance */
} ParsedExpr;

/*
 * ---- expressions that do not come from a text ----
 *
 * From trees that are bound already, in the caller's memory; only what the
 * functions mention is checked.
 */

extern Condition *condition_from_tree(ExprNode *root);

/* What condition_prepare() checks of the clauses of a bound tree. */
extern void condition_check_tree(ExprKind kind, const ExprNode *node);

/* Checks that the targets fit together. */
extern Update *update_from_actions(UpdateAction *actions, int nactions);

/* PartiQL's: checks the operands as well; sums may have sums as operands. */
extern Update *update_from_statement(UpdateAction *actions, int nactions);

/* At most one clause for each attribute. */
extern KeyCondition *key_condition_from_clauses(KeyClause *clauses, int nclauses);

/* ---- paths and nodes (expr_build.c) ---- */

/* A path of one name; room for one more element, which is zeroed. */
extern void doc_path_start(DocPath *path, const char *name, uint32 name_len);
extern PathElement *doc_path_extend(DocPath *path);

extern ExprNode *expr_make_path(const char *name, uint32 name_len);
extern ExprNode *expr_build_path(const DocPath *path);
extern ExprNode *expr_make_value(JsonNode *value);
extern ExprNode *expr_make_node_list(ExprOp op, List *args);
extern ExprNode *expr_make_node(ExprOp op, int nargs,...);
extern ExprNode *expr_make_function(ExprFunction function, int nargs,...);

/* ---- conditions, for key conditions ---- */

extern const ExprNode *condition_root(const Condition *condition);

/* ---- parsing (parse.c, cache.c) ---- */

/*
 * Parse without the cache, in the current memory context.  The tree points
 * into text, which ends in two NULs and is scribbled on meanwhile.
 */
extern ParsedExpr *expr_parse_text(ExprKind kind, char *text, uint32 len);

/* Parse, or find in the cache.  Valid until the next call. */
extern const ParsedExpr *expr_parse(ExprKind kind, const JsonNode *text);

extern bool expr_is_reserved_word(const char *name, uint32 len);

/* Is a name, in whatever case, in a sorted list of words in upper case, none of
 * which has more than EXPR_WORD_MAX letters? */
#define EXPR_WORD_MAX	16
extern bool expr_word_is_listed(const char *name, uint32 len,
								const char *const *words, int nwords);

/* "Invalid UpdateExpression: ": how messages about the kind begin */
extern const char *expr_error_prefix(ExprKind kind);

/* "=", "begins_with", ...: how messages name the operator or function */
extern const char *expr_op_name(const ExprNode *node);
extern const char *expr_function_name(ExprFunction function);
extern int	expr_function_nargs(ExprFunction function);

/* Does the function belong to updates, not to conditions? */
extern bool expr_function_in_update(ExprFunction function);

/* ValidationException "Invalid <kind>Expression: " + text */
#define expr_error(kind, fmt, ...) \
	validation_error("%s" fmt, expr_error_prefix(kind), __VA_ARGS__)

/* ---- binding (expr_bind.c) ---- */

/* Resolve the aliases of a parsed path; the result is a copy. */
extern void expr_bind_path(ExprBindings *bindings, ExprKind kind,
						   const DocPath *parsed, DocPath *path);

/* Raise the error about the first undefined alias in a List of DocPath *. */
extern void expr_check_names(ExprBindings *bindings, ExprKind kind,
							 List *paths);

/* Bound copy of an operand tree.  Values get a view unless raw is set. */
extern ExprNode *expr_bind_operand(ExprBindings *bindings, ExprKind kind,
								   const ExprNode *parsed, bool raw);

/* ---- checks and evaluation shared by the kinds ---- */

/* Raise the errors about a wrong number of operands and so on. */
extern void expr_check_nargs(ExprKind kind, const ExprNode *node);
pg_noreturn extern void expr_operand_type_error(ExprKind kind, const ExprNode *node,
												const char *type);
pg_noreturn extern void expr_path_needed_error(ExprKind kind,
											   const ExprNode *node);

/* Value at a path of an item (NULL: no item); false if there is none. */
extern bool doc_path_get(const DocPath *path, const JsonbContainer *item,
						 AttrValue *value);
extern bool path_element_equal(const PathElement *a, const PathElement *b);
extern bool doc_path_equal(const DocPath *a, const DocPath *b);

/* "[a, [1], b]" */
extern char *doc_path_to_string(const DocPath *path);

/* Number of paths in a bound operand or condition tree; append them. */
extern int	expr_count_paths(const ExprNode *node);
extern void expr_collect_paths(const ExprNode *node, DocPath *paths,
							   int *npaths);

/* ---- trees of paths (path_tree.c): projections and update targets ---- */

typedef struct PathTree PathTree;

struct PathTree
{
	PathElement element;		/* unset in the root */
	const void *leaf;			/* what a path that ends here stands for */
	PathTree   *first;			/* children: all names or all indexes, which
								 * are in ascending order */
	PathTree   *next;			/* sibling */
	int			nchildren;
	PathTree   *last;			/* child, if they have names */
	PathTree  **buckets;		/* of many children with names: by hash */
	int			nbuckets;		/* a power of two */
	PathTree   *next_in_bucket; /* sibling */
};

/* Raise the errors about overlapping, then conflicting paths. */
extern void path_tree_check(ExprKind kind, const DocPath *paths, int npaths);

/* Tree of paths that pass the check; leaves[i] belongs to paths[i]. */
extern PathTree *path_tree_build(const DocPath *paths, int npaths,
								 const void *const *leaves);
extern PathTree *path_tree_find(const PathTree *tree, const char *name,
								uint32 name_len);

extern Projection *projection_from_paths(const DocPath *paths, int npaths);

/* A flat projection: what is found at paths[i] becomes attribute names[i]. */
extern Projection *projection_from_columns(const DocPath *paths,
										   const char *const *names,
										   const uint32 *name_lens,
										   int npaths);

#endif							/* DYNAMO_EXPR_TREE_H */
