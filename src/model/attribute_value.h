/*
 * attribute_value.h - typed attribute values ({"S": "x"}): validation and
 * normal form on request trees; views, equality, order and size on jsonb.
 *
 * Normal form, which everything stored and everything compared is in:
 * numbers canonical (number.h), binaries canonical base64, sets without
 * duplicates and sorted (SS, BS by bytes, NS by value), NULL true, exactly
 * one type member.  Equal values in normal form are equal bytes as jsonb.
 */
#ifndef DYNAMO_ATTRIBUTE_VALUE_H
#define DYNAMO_ATTRIBUTE_VALUE_H

#include "model/json.h"

/* Nesting of L and M in an item, and size of an item in bytes. */
#define ATTR_MAX_DEPTH		32
#define ITEM_MAX_SIZE		409600

/* Bytes of an attribute name. */
#define ATTR_NAME_MAX_SIZE	65535

typedef enum AttrType
{
	ATTR_S,
	ATTR_N,
	ATTR_B,
	ATTR_BOOL,
	ATTR_NULL,
	ATTR_M,
	ATTR_L,
	ATTR_SS,
	ATTR_NS,
	ATTR_BS
} AttrType;

#define ATTR_IS_SET(t)	((t) >= ATTR_SS)

/*
 * A view of one attribute value in normal form.  Points into the jsonb or
 * tree that it was taken from.
 */
typedef struct AttrValue
{
	AttrType	type;
	bool		boolean;		/* ATTR_BOOL */
	uint32		len;			/* bytes of str */
	const char *str;			/* S: stored form; N: canonical text; B:
								 * base64 */
	const JsonbContainer *container;	/* M: object; L and sets: array */
	uint32		container_len;
	const JsonbContainer *wrapper;	/* the whole {"S": ...}, or NULL */
	uint32		wrapper_len;
} AttrValue;

/* "S", "N", ... and back; false if unknown. */
extern const char *attr_type_name(AttrType type);
extern bool attr_type_from_name(const char *name, uint32 len, AttrType *type);

/* "STRING", "NUMBER", ...: how ADD and DELETE spell types in messages */
extern const char *attr_type_long_name(AttrType type);

/*
 * Validate one attribute value of a request and bring it into normal form,
 * in place (unknown members dropped, JSON nulls count as absent).  Raises
 * ValidationException with DynamoDB's bare text (callers that wrap the text
 * use attr_value_check).  The shapes have been checked already by the
 * request validator (a JSON_STRING under S, N, B; an array under L and the
 * sets; an object under M), but must be checked again defensively: trees
 * also come from plain SQL.
 */
extern void attr_value_normalize(JsonNode *value);

/* The same for a map of attributes (Item, Key, M). */
extern void attr_map_normalize(JsonNode *map);

/* Message for what cannot be the name of an attribute (stored form), or NULL. */
extern const char *attr_name_fault(const char *name, uint32 len);

/*
 * As attr_value_normalize, but returning the message (palloc'd) of the first
 * fault instead of raising it; NULL if the value is fine.
 * *fault tells callers that put a prefix before some of the texts which it is.
 */
typedef enum AttrFault
{
	ATTR_FAULT_EMPTY,			/* no type set */
	ATTR_FAULT_MULTIPLE,		/* several types set */
	ATTR_FAULT_NULL,
	ATTR_FAULT_EMPTY_SS,
	ATTR_FAULT_EMPTY_NS,
	ATTR_FAULT_EMPTY_BS,
	ATTR_FAULT_NUMBER,
	ATTR_FAULT_DUPLICATES,
	ATTR_FAULT_NESTING,
	ATTR_FAULT_NAME,			/* of a member of M */
	ATTR_FAULT_SHAPE			/* not the shape of an attribute value */
} AttrFault;
extern char *attr_value_check(JsonNode *value, AttrFault *fault);

/* View of a normalized request value (serializes L, M and sets). */
extern void attr_value_from_node(const JsonNode *value, AttrValue *result);

/* View of the {"S": ...} container; false if it is not a typed value (can
 * only happen to data that bypassed validation). */
extern bool attr_value_from_container(const JsonbContainer *wrapper,
									  uint32 wrapper_len, AttrValue *result);

/* Attribute of an item or M by name (stored form); false if absent. */
extern bool attr_get(const JsonbContainer *map, const char *name,
					 uint32 name_len, AttrValue *result);

/* Element i of an L; false if beyond the end. */
extern bool attr_list_get(const JsonbContainer *list, uint32 i,
						  AttrValue *result);

/* Number of elements of L, sets, members of M. */
extern uint32 attr_container_count(const JsonbContainer *jc);

/* Key i of a map, in jsonb's order, with its value. */
extern void attr_map_entry(const JsonbContainer *map, uint32 i,
						   const char **name, uint32 *name_len,
						   AttrValue *value);

/* Element i of a set as a scalar view of type S, N or B. */
extern void attr_set_get(const AttrValue *set, uint32 i, AttrValue *result);

/* Node for a view: the wrapper's bytes if it has one, else a new tree. */
extern void attr_value_to_node(const AttrValue *value, JsonNode *node);

/* Deep equality; different types are never equal. */
extern bool attr_value_equal(const AttrValue *a, const AttrValue *b);

/*
 * Order of two values of the same scalar type S, N or B (by original bytes,
 * numeric value, unsigned bytes).  Returns false when they are not
 * comparable; else sets *result to <0, 0, >0.
 */
extern bool attr_value_compare(const AttrValue *a, const AttrValue *b,
							   int *result);

/* Is a B/S prefix of / substring of (same type)? */
extern bool attr_value_begins_with(const AttrValue *value, const AttrValue *prefix);

/* contains(): substring for S and B, member for sets and L. */
extern bool attr_value_contains(const AttrValue *value, const AttrValue *operand);

/*
 * Expression function size(): S UTF-16 units, B bytes, sets/L/M elements.
 * False for other types (they match nothing).
 */
extern bool attr_value_function_size(const AttrValue *value, int64 *size);

/* Original bytes of an S or B (unescaped, decoded); may point into value. */
extern const unsigned char *attr_value_bytes(const AttrValue *value,
											 uint32 *len);

/* Bytes that the value counts for in an item's size (without its name). */
extern uint32 attr_value_size(const AttrValue *value);

/* Bytes that an attribute's name (stored form) counts for. */
extern uint32 attr_name_size(const char *name, uint32 name_len);

/* DynamoDB's size of a whole item (or key) in bytes. */
extern uint32 item_size(const JsonbContainer *item);

/*
 * Is this jsonb an item in normal form (the trigger's check on what plain
 * SQL wrote)?  Cheap, allocates nothing.  If not, callers rebuild it through
 * json_node_from_container + attr_map_normalize.
 */
extern bool item_is_normal(const JsonbContainer *item);

/* Base64 (RFC 4648, padded, canonical): decoded length or -1 if malformed. */
extern int	base64_decoded_length(const char *str, uint32 len);
extern uint32 base64_decode(const char *str, uint32 len, unsigned char *out);
extern uint32 base64_encode(const unsigned char *bytes, uint32 len, char *out);

#endif							/* DYNAMO_ATTRIBUTE_VALUE_H */
