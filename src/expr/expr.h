/*
 * expr.h - DynamoDB's expression language: condition, filter, key condition,
 * projection and update expressions.
 *
 * An expression is parsed once per text (a per-backend LRU cache holds the
 * trees), bound to a request's names and values, checked in DynamoDB's order,
 * and evaluated on jsonb items in place.
 *
 * Usage, in the order that gives DynamoDB's order of errors:
 *
 *   ExprBindings *b = expr_bindings_create(names, values);
 *   Update     *u = update_prepare(text, b);
 *   Condition  *c = condition_prepare(EXPR_CONDITION, text, b);
 *   KeyCondition *k = key_condition_prepare(text, b);
 *   Condition  *f = condition_prepare(EXPR_FILTER, text, b);
 *   Projection *p = projection_prepare(text, b);
 *   expr_bindings_check_unused(b);
 *   key_condition_clauses(k, &n);      (the shape rules of a key condition)
 *
 * Prepared objects live in the memory context current at preparation.
 * Errors: ValidationException with DynamoDB's texts.
 */
#ifndef DYNAMO_EXPR_H
#define DYNAMO_EXPR_H

#include "model/attribute_value.h"
#include "model/key.h"

#define EXPR_MAX_SIZE		4096	/* bytes of text */
#define EXPR_MAX_OPERATORS	300

typedef enum ExprKind
{
	EXPR_UPDATE,
	EXPR_CONDITION,
	EXPR_KEY_CONDITION,
	EXPR_FILTER,
	EXPR_PROJECTION,
	EXPR_STATEMENT				/* PartiQL: what is no expression's text */
} ExprKind;

/* A document path with its names resolved: a, a.b, a[3].c */
typedef struct PathElement
{
	const char *name;			/* stored form; NULL: a list index */
	uint32		name_len;
	int32		index;
} PathElement;

typedef struct DocPath
{
	int			nelements;
	PathElement *elements;
} DocPath;

typedef struct ExprBindings ExprBindings;
typedef struct Condition Condition;
typedef struct Projection Projection;
typedef struct Update Update;
typedef struct KeyCondition KeyCondition;

/*
 * names, values: the request's ExpressionAttributeNames and -Values, or NULL.
 * Checks both maps (empty map, syntax of keys, each value) and normalizes the
 * values in place.
 */
extern ExprBindings *expr_bindings_create(const JsonNode *names,
										  JsonNode *values);

/* Unused names, then unused values. */
extern void expr_bindings_check_unused(const ExprBindings *bindings);

/* ---- conditions and filters ---- */

extern Condition *condition_prepare(ExprKind kind, const JsonNode *text,
									ExprBindings *bindings);

/* item NULL: there is no item */
extern bool condition_evaluate(const Condition *condition,
							   const JsonbContainer *item);

/* All document paths in the condition, in order of appearance. */
extern const DocPath *condition_paths(const Condition *condition, int *npaths);

/* ---- projections ---- */

extern Projection *projection_prepare(const JsonNode *text,
									  ExprBindings *bindings);

/* From a plain list of top-level attribute names (AttributesToGet, keys). */
extern Projection *projection_from_names(const char *const *names,
										 const uint32 *name_lens, int n);

/* Node becomes the projected item: an object, possibly empty. */
extern void projection_apply(const Projection *projection,
							 const JsonbContainer *item, JsonNode *result);
extern const DocPath *projection_paths(const Projection *projection, int *npaths);

/* ---- updates ---- */

extern Update *update_prepare(const JsonNode *text, ExprBindings *bindings);

/*
 * Apply to an item.  old: the stored item, or NULL for an absent one, in
 * which case `key` (the normalized Key of the request) seeds the new item.
 * Returns the new item as a tree whose untouched attributes are
 * JSON_CONTAINER children; feed it to json_to_jsonb.  A NULL update returns
 * the item unchanged.
 */
extern JsonNode *update_apply(const Update *update, const JsonbContainer *old,
							  const JsonNode *key);

/* Does the update consist of REMOVE and DELETE only (creates no item)? */
extern bool update_only_removes(const Update *update);

/* Paths written, in order of appearance; and their projection, for
 * UPDATED_OLD and UPDATED_NEW (list elements come back compacted). */
extern const DocPath *update_target_paths(const Update *update, int *npaths);
extern const Projection *update_target_projection(const Update *update);

/*
 * The request's value that target i is SET to, or that is ADDed to it; false if
 * what it becomes takes the item.
 */
extern bool update_target_literal(const Update *update, int i, AttrValue *value);

/* Paths that are read on right-hand sides. */
extern const DocPath *update_source_paths(const Update *update, int *npaths);

/* ---- key conditions ---- */

typedef enum KeyOperator
{
	KEY_EQ,
	KEY_LT,
	KEY_LE,
	KEY_GT,
	KEY_GE,
	KEY_BETWEEN,
	KEY_BEGINS_WITH,
	KEY_UNINDEXABLE				/* of KeyConditions: none of these */
} KeyOperator;

typedef struct KeyClause
{
	const char *name;			/* attribute, stored form */
	uint32		name_len;
	KeyOperator op;				/* literal on the left has been turned round */
	AttrValue	values[2];		/* second for BETWEEN */
} KeyClause;

extern KeyCondition *key_condition_prepare(const JsonNode *text,
										   ExprBindings *bindings);

/*
 * Shape rules ("Shape of a key condition"): only ANDs of simple conditions on
 * top-level attributes, one per attribute.  max_clauses is 2, or up to 8 for
 * an index with several key attributes (checked by the caller through
 * nclauses).
 */
extern const KeyClause *key_condition_clauses(const KeyCondition *condition,
											  int *nclauses);

/*
 * ---- legacy parameters (legacy.c) ----
 *
 * Translations of the parameters that came before expressions, checked as
 * far as they can be without a table.  The values in the request are
 * normalized in place.
 */

/*
 * Expected; QueryFilter or ScanFilter.  NULL for a map that is absent or
 * empty.  conditional_operator: the request's ConditionalOperator, or NULL.
 */
extern Condition *legacy_expected(JsonNode *expected,
								  const JsonNode *conditional_operator);
extern Condition *legacy_filter(JsonNode *filter,
								const JsonNode *conditional_operator);

/* KeyConditions; how many there may be is up to the caller. */
extern KeyCondition *legacy_key_condition(JsonNode *conditions);

/* AttributeUpdates; NULL for a map that is absent or empty. */
extern Update *legacy_updates(JsonNode *updates);

#endif							/* DYNAMO_EXPR_H */
