/*
 * key.h - primary and index keys as ordered bytes.
 *
 *   hash(4, big-endian) | length(1) | partition key bytes | sort key bytes
 *
 * The layout is drawn and explained in key.c.  memcmp order of two keys of
 * one partition is DynamoDB's order of their sort keys.
 */
#ifndef DYNAMO_KEY_H
#define DYNAMO_KEY_H

#include "model/attribute_value.h"

#define KEY_MAX_ATTRS			8	/* 4 partition + 4 sort (GSI) */
#define PARTITION_KEY_MAX_SIZE	2048	/* bytes, S and B */
#define SORT_KEY_MAX_SIZE		1024

typedef struct KeyAttr
{
	char	   *name;			/* stored form, NUL-terminated */
	uint32		name_len;
	AttrType	type;			/* ATTR_S, ATTR_N or ATTR_B */
} KeyAttr;

typedef struct KeySchema
{
	int			npartition;		/* 1 for tables and LSIs, 1..4 for GSIs */
	int			nsort;			/* 0 or 1; 0..4 for GSIs */
	KeyAttr		attrs[KEY_MAX_ATTRS];	/* partition attributes first */
} KeySchema;

#define KEY_NATTRS(schema)	((schema)->npartition + (schema)->nsort)

/* Is it the name of a key attribute? */
static inline bool
key_attr_is(const KeyAttr *attr, const char *name, uint32 name_len)
{
	return attr->name_len == name_len &&
		memcmp(attr->name, name, name_len) == 0;
}

/*
 * Encode a complete key.  values: KEY_NATTRS views of the right types, of
 * legal size and not empty (callers have checked).
 */
extern bytea *key_encode(const KeySchema *schema, const AttrValue *values);

/*
 * Encode the partition part and the first nsort_values sort attributes, as
 * they stand at the start of every key that has these values.  When
 * open_last is true the last sort value given is left unterminated, so that
 * longer values match too (begins_with).
 */
extern bytea *key_encode_prefix(const KeySchema *schema,
								const AttrValue *values, int nsort_values,
								bool open_last);

/* The smallest bytea greater than every bytea that starts with prefix; NULL
 * when there is none (all bytes 0xFF). */
extern bytea *key_prefix_successor(const bytea *prefix);

/* Order of encoded keys, as the B-trees have it: less than, equal to or greater
 * than 0. */
extern int	key_compare(const bytea *a, const bytea *b);

/* Length in bytes of the partition part (hash, length byte, partition key)
 * of an encoded key with one partition attribute: what two keys of one item
 * collection share.  0 for bytes that are no key. */
extern uint32 key_partition_length(const char *key, uint32 len);

/*
 * Attribute values back from an encoded key, as request nodes ({"S": ..}).
 * False when the key is digested or malformed.
 */
extern bool key_decode(const KeySchema *schema, const bytea *key,
					   JsonNode *values);

/*
 * Bounds of segment s of t of the whole key space, as 4-byte prefixes:
 * lower inclusive, upper exclusive, NULL for none.
 */
extern void key_segment_bounds(int32 segment, int32 total_segments,
							   bytea **lower, bytea **upper);

/*
 * The segment that a key lies in; and the last one with keys before a bound
 * of a segment.
 */
extern int32 key_segment_of(const bytea *key, int32 total_segments);
extern int32 key_segment_before(const bytea *bound, int32 total_segments);

#endif							/* DYNAMO_KEY_H */
