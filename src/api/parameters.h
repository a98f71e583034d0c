/*
 * parameters.h - checks between request parameters that several operations
 * share.  They come after the shape of the request and, unless they take a
 * key schema, before the table is looked up.
 */
#ifndef DYNAMO_PARAMETERS_H
#define DYNAMO_PARAMETERS_H

#include "errors.h"
#include "expr/expr.h"
#include "store/catalog.h"

/*
 * Expression and legacy parameters together; names and values without an
 * expression.  Both lists end with NULL and are in the operation's order.
 */
extern void check_expression_parameters(const JsonNode *request,
										const char *const *expressions,
										const char *const *legacy);

/* AttributesToGet: no duplicates. */
extern void check_attributes_to_get(const JsonNode *request);

/* A legacy parameter that this version cannot do. */
extern void refuse_parameter(const JsonNode *request, const char *name);

/* Does a string member have this value? (false if absent) */
extern bool member_is(const JsonNode *request, const char *name,
					  const char *value);

/* The projection of ProjectionExpression or AttributesToGet; NULL if none. */
extern Projection *prepare_projection(const JsonNode *request,
									  ExprBindings *bindings);

/*
 * An item as a response has it: what the projection says, which may be nothing
 * (node->len is 0 then), or all of it (NULL).
 */
extern void projected_item(const Projection *projection, const Jsonb *item,
						   JsonNode *node);

/* ExpressionAttributeNames and -Values of a request. */
extern ExprBindings *prepare_bindings(const JsonNode *request);

/* Is the path a key attribute, or one that reaches into it? */
extern bool path_names_key(const DocPath *path, const KeyAttr *attr);

/* Raise if a path reaches into a key attribute (a.b, a[0]) of the table or one
 * of its indexes; of all paths of a condition or a projection (NULL: there is
 * none). */
extern void check_paths_into_keys(const TableDescriptor *descriptor,
								  const DocPath *paths, int npaths);
extern void check_condition_paths(const TableDescriptor *descriptor,
								  const Condition *condition);
extern void check_projection_paths(const TableDescriptor *descriptor,
								   const Projection *projection);

/* Refuse an operation that writes where, and when, nothing can be written. */
extern void check_may_write(const char *operation);

/*
 * The row of TableName, or ResourceNotFoundException in the wording of
 * operations on tables; and that row to be changed: only by its owner, and
 * locked against others who want to.
 */
extern TableRow *read_request_row(const JsonNode *request);
extern TableRow *lock_request_row(const JsonNode *request);
pg_noreturn extern void table_not_found(const char *name);

/* Open a table by name, or the one that TableName names, checking the user's
 * privilege. */
extern Relation open_table(const JsonNode *name, LOCKMODE lockmode,
						   AclMode mode, const TableDescriptor **descriptor);
extern Relation open_request_table(const JsonNode *request, LOCKMODE lockmode,
								   AclMode mode,
								   const TableDescriptor **descriptor);

#endif							/* DYNAMO_PARAMETERS_H */
