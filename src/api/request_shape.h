/*
 * request_shape.h - the structures behind request_shapes.c, for request.c.
 *
 * A shape says which JSON is accepted in a place and which constraints hold
 * there.  Everything is constant data; shapes are shared and may be
 * recursive (an attribute value holds attribute values).
 */
#ifndef DYNAMO_REQUEST_SHAPE_H
#define DYNAMO_REQUEST_SHAPE_H

#include "api/request.h"

typedef enum ShapeKind
{
	SHAPE_STRING,
	SHAPE_INTEGER,
	SHAPE_LONG,
	SHAPE_NUMBER,				/* Double and timestamps: kept as written */
	SHAPE_BOOLEAN,
	SHAPE_BLOB,
	SHAPE_LIST,
	SHAPE_MAP,
	SHAPE_STRUCTURE
} ShapeKind;

/* The pattern [a-zA-Z0-9_.-]+, the only one that is checked */
#define SHAPE_NAME_PATTERN	0x01
/* A table's name: may be an ARN; an empty one has a text of its own */
#define SHAPE_TABLE_NAME	0x02
/* A fault against min, or max, is reported without the value */
#define SHAPE_BARE_MIN		0x04
#define SHAPE_BARE_MAX		0x08
/* The element's length bounds are reported at the map, in one text */
#define SHAPE_VALUE_BOUNDS	0x10
/* An empty map is reported alone, with a text of its own */
#define SHAPE_EMPTY_ALONE	0x20

/* min, max are bounds (of characters, entries, or of the value) */
#define SHAPE_HAS_MIN		0x40
#define SHAPE_HAS_MAX		0x80

typedef struct Shape Shape;

typedef struct ShapeMember
{
	const char *name;
	uint8		name_len;
	const Shape *shape;
} ShapeMember;

struct Shape
{
	const char *java_type;		/* the service's type, for messages */
	ShapeKind	kind;
	uint8		flags;
	uint8		nmembers;
	uint32		required;		/* bit i: members[i] is required */
	int32		min;
	int32		max;
	const char *const *values;	/* enum, in order of printing, NULL at end */
	const Shape *key;			/* map: what its keys must satisfy, or NULL */
	const Shape *element;		/* list, map */
	const ShapeMember *members; /* structure: by length, then bytes */
	const uint8 *order;			/* members as they are reported and printed */
};

struct OperationShape
{
	const char *name;
	uint8		name_len;
	bool		table_operation;	/* a bad TableName is reported alone */
	const Shape *input;
};

/* Sorted by name (bytes). */
extern const OperationShape operation_shapes[];
extern const int operation_shapes_count;

#endif							/* DYNAMO_REQUEST_SHAPE_H */
