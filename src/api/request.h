/*
 * request.h - the shapes of the API as data, and the one validator.
 *
 * request_shapes.c is generated (scripts/generate_shapes.py) from Amazon's
 * machine-readable model of the API; it covers every operation of DynamoDB
 * and DynamoDB Streams.  The validator turns a request tree into one that an
 * operation can read without looking at kinds again, or raises what DynamoDB
 * raises before any semantic check:
 *
 *  1. deserialization: the first member of a wrong JSON kind gives
 *     SerializationException; JSON nulls and unknown members are dropped,
 *     booleans in their accepted spellings become JSON_TRUE / JSON_FALSE,
 *     decimals for integer members are cut to JSON_INTEGER;
 *  2. constraints: required members, lengths, ranges, patterns and enums,
 *     collected over the request (at most ten), in one ValidationException
 *     with the service's wording.
 */
#ifndef DYNAMO_REQUEST_H
#define DYNAMO_REQUEST_H

#include "model/json.h"

typedef struct OperationShape OperationShape;

/* By API name ("GetItem", case-sensitive); NULL if unknown. */
extern const OperationShape *operation_shape_find(const char *name, size_t len);

/* Stages 1 and 2 above, in place. */
extern void request_validate(const OperationShape *shape, JsonNode *request);

/* Integer member, already validated: its value (clamped to int64). */
extern int64 request_int(const JsonNode *node);

/* Boolean member or `missing` when node is NULL. */
extern bool request_bool(const JsonNode *node, bool missing);

#endif							/* DYNAMO_REQUEST_H */
