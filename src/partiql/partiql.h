/*
 * partiql.h - statements of PartiQL for DynamoDB, from text to a tree.
 *
 * A statement is parsed together with its parameters, so that its conditions
 * and values come out as bound trees of the expression language
 * (expr/expr_tree.h); everything after that is the business of the engine
 * behind Query, PutItem and their like.
 *
 * Texts and names are in stored form (model/json.h) throughout.  A statement
 * lives in the memory context current at parsing and points into its text and
 * parameters.  Errors: ValidationException with DynamoDB's texts.
 */
#ifndef DYNAMO_PARTIQL_H
#define DYNAMO_PARTIQL_H

#include "expr/expr_tree.h"

typedef enum StatementKind
{
	STATEMENT_SELECT,
	STATEMENT_EXISTS,			/* EXISTS (SELECT ...) as a statement */
	STATEMENT_INSERT,
	STATEMENT_UPDATE,
	STATEMENT_DELETE
} StatementKind;

typedef enum StatementReturning
{
	RETURNING_NONE,
	RETURNING_ALL_OLD,
	RETURNING_ALL_NEW,
	RETURNING_MODIFIED_OLD,
	RETURNING_MODIFIED_NEW
} StatementReturning;

/* An element of ORDER BY */
typedef struct SortItem
{
	const DocPath *path;
	bool		descending;
} SortItem;

typedef struct Statement
{
	StatementKind kind;
	JsonNode	table_name;
	JsonNode	index_name;		/* JSON_NULL: none */
	ExprNode   *where;			/* NULL: none */

	/* SELECT and EXISTS */
	List	   *columns;		/* DocPath *; NIL: all */
	List	   *order_by;		/* SortItem * */

	/* INSERT: the item, not in normal form yet */
	JsonNode   *item;

	/* UPDATE: UpdateAction *, at least one */
	List	   *actions;

	/* INSERT, UPDATE and DELETE */
	StatementReturning returning;

	/* A fault that is not one of syntax; NULL: none that the parser has seen */
	const char *fault;

	/* From statement_check() on */
	Projection *projection;		/* of the columns; NULL: all */
	Update	   *update;
} Statement;

/*
 * Parse a statement, raising what is not well formed.  parameters: the
 * request's array of attribute values, or NULL; they are brought into normal
 * form.
 */
extern Statement *statement_parse(const JsonNode *text, JsonNode *parameters);

/* Everything else that can be checked without the table. */
extern void statement_check(Statement *statement);

/* ---- keys in WHERE (where.c) ---- */

/*
 * The primary key that the top-level equalities of WHERE give, as a request's
 * Key, or NULL if some key attribute has none.  Raises if one has two values,
 * or one of another type.
 */
extern JsonNode *where_key(const ExprNode *where, const KeySchema *schema);

/* WHERE without those equalities; NULL if nothing is left. */
extern ExprNode *where_without_key(ExprNode *where, const KeySchema *schema);

/*
 * What WHERE says of key attributes: of every item that satisfies it, one of
 * these conjunctions holds.
 */
typedef struct KeyBranch
{
	int			nclauses;
	KeyClause  *clauses;
} KeyBranch;

typedef struct KeyBranches
{
	List	   *branches;		/* KeyBranch * */
	bool		exact;			/* and what satisfies one, satisfies WHERE */
} KeyBranches;

extern void where_key_branches(const ExprNode *where, const KeySchema *schema,
							   KeyBranches *result);

/* Raise if a value is not of the type that key attribute i has. */
extern void statement_check_key_type(const KeySchema *schema, int i,
									 const AttrValue *value);

#endif							/* DYNAMO_PARTIQL_H */
