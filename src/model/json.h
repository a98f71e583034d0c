/*
 * json.h - JSON trees: requests as they come in, responses as they go out,
 * items while they are being changed.
 *
 * A JsonNode tree is the one representation between the outside (JSON text
 * or jsonb) and the store (jsonb bytes).  A node of kind JSON_CONTAINER
 * stands for a whole jsonb container that is carried along as bytes, never
 * unpacked unless somebody has to look inside (json_node_expand).
 *
 * Strings are kept in *stored form* everywhere in a tree: UTF-8 without a
 * NUL byte, where U+0000 is written as U+10FFFF '0' and U+10FFFF itself as
 * U+10FFFF '1' (jsonb cannot hold U+0000).  The parser of JSON text escapes,
 * the writer of JSON text unescapes.  jsonb in and out is stored form on
 * both sides.
 *
 * Ownership: everything is allocated in the current memory context and is
 * freed with it.  Trees made from text or jsonb may point into their source.
 */
#ifndef DYNAMO_JSON_H
#define DYNAMO_JSON_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* JSON nesting accepted by json_parse; an item has at most 32 levels. */
#define JSON_MAX_DEPTH	512

typedef enum JsonKind
{
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_INTEGER,				/* number without fraction and exponent */
	JSON_DECIMAL,				/* any other number */
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
	JSON_CONTAINER				/* a jsonb array or object, as bytes */
} JsonKind;

typedef struct JsonNode JsonNode;
typedef struct JsonMember JsonMember;

struct JsonNode
{
	JsonKind	kind;
	uint32		len;			/* bytes of str, elements, members, or bytes
								 * of the container */
	union
	{
		const char *str;		/* JSON_STRING, JSON_INTEGER, JSON_DECIMAL:
								 * not NUL-terminated; numbers as written */
		JsonNode   *elems;		/* JSON_ARRAY */
		JsonMember *members;	/* JSON_OBJECT, in the order they came */
		const JsonbContainer *container;	/* JSON_CONTAINER, 4-byte aligned */
	}			u;
};

struct JsonMember
{
	const char *name;			/* stored form, not NUL-terminated */
	uint32		name_len;
	JsonNode	value;
};

/* ---- reading ---- */

/*
 * Parse JSON text (server encoding UTF-8).  Returns NULL when the text is
 * not JSON.  Duplicate members: the last one wins.  Nesting beyond
 * JSON_MAX_DEPTH raises ValidationException (nesting levels).
 */
extern JsonNode *json_parse(const char *text, size_t len);

/* The tree of a jsonb value (scalars at top level included). */
extern JsonNode *json_node_from_jsonb(const Jsonb *jb);

/* The tree of a container, unpacked completely. */
extern void json_node_from_container(const JsonbContainer *jc, JsonNode *node);

/*
 * Unpack a JSON_CONTAINER node by one level, in place: it becomes
 * JSON_ARRAY or JSON_OBJECT with scalar and JSON_CONTAINER children.
 * Other kinds are left alone.
 */
extern void json_node_expand(JsonNode *node);

/* Member by name; NULL if absent, JSON null, or node is NULL or no object. */
extern JsonNode *json_get(const JsonNode *node, const char *name);
extern JsonNode *json_get_n(const JsonNode *node, const char *name,
							uint32 name_len);

/* The same if it is a string, otherwise NULL. */
extern JsonNode *json_get_string(const JsonNode *node, const char *name);

/* A string node's bytes as a palloc'd C string (stored form). */
extern char *json_cstring(const JsonNode *node);

/* Does a string node equal a C string? */
extern bool json_string_is(const JsonNode *node, const char *str);

/* A boolean, or a string that the service takes for one; false if neither. */
extern bool json_to_bool(const JsonNode *node, bool *value);

/* ---- building ---- */

extern void json_set_null(JsonNode *node);
extern void json_set_bool(JsonNode *node, bool value);
extern void json_set_int(JsonNode *node, int64 value);
extern void json_set_decimal(JsonNode *node, double value, int fraction_digits);
extern void json_set_string(JsonNode *node, const char *str);	/* not copied */
extern void json_set_string_n(JsonNode *node, const char *str, uint32 len);
extern void json_set_container(JsonNode *node, const JsonbContainer *jc,
							   uint32 len);
extern void json_set_jsonb(JsonNode *node, const Jsonb *jb);	/* array/object */

/*
 * Start an empty object or array with room for `capacity` members; more may
 * be added (storage doubles).  Returned pointers stay valid only until the
 * next addition to the same parent.
 */
extern void json_set_object(JsonNode *node, uint32 capacity);
extern void json_set_array(JsonNode *node, uint32 capacity);
extern JsonNode *json_add(JsonNode *object, const char *name);	/* name not copied */
extern JsonNode *json_add_n(JsonNode *object, const char *name, uint32 name_len);
extern JsonNode *json_push(JsonNode *array);

/* ---- writing ---- */

/* Append a tree as compact JSON text; strings leave stored form here. */
extern void json_append(StringInfo out, const JsonNode *node);
extern void json_append_container(StringInfo out, const JsonbContainer *jc);
extern void json_append_string(StringInfo out, const char *str, uint32 len);

/*
 * A tree as a jsonb datum, written in one pass: members sorted the way jsonb
 * wants them, later duplicates win, JSON_CONTAINER children copied as bytes.
 * Byte-for-byte what jsonb_in gives for the same value.
 */
extern Jsonb *json_to_jsonb(const JsonNode *node);

/* ---- stored form ---- */

/* Does the stored string hold an escaped character? (rarely; fast check) */
extern bool stored_has_escape(const char *str, uint32 len);

/* Is it well-formed stored form: every U+10FFFF followed by 0 or 1? */
extern bool stored_is_valid(const char *str, uint32 len);

/* Original bytes of a stored string; *out_len set.  Returns str itself when
 * nothing is escaped, else a palloc'd copy. */
extern const char *stored_decode(const char *str, uint32 len, uint32 *out_len);

/* Stored form of original bytes (valid UTF-8, NULs allowed). */
extern const char *stored_encode(const char *str, uint32 len, uint32 *out_len);

#endif							/* DYNAMO_JSON_H */
