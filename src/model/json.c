/*
 * json.c - JSON trees: reading jsonb, access and building.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "model/json_private.h"
#include "model/jsonb_walk.h"

/*
 * Children of a node are preceded by their capacity, so that json_add and
 * json_push know when to enlarge.  8 bytes keep the array aligned.
 */
typedef struct ArrayHeader
{
	uint64		capacity;
} ArrayHeader;

#define ARRAY_HEADER(a)	((ArrayHeader *) ((char *) (a) - sizeof(ArrayHeader)))

void *
json_allocate_children(size_t capacity, size_t size)
{
	ArrayHeader *header;

	if (capacity == 0)
		return NULL;
	if (capacity > (MaxAllocSize - sizeof(ArrayHeader)) / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("JSON value has too many members")));
	header = palloc(sizeof(ArrayHeader) + capacity * size);
	header->capacity = capacity;
	return header + 1;
}

/* Make room for one more child; returns the array, which may have moved. */
static void *
enlarge_children(void *children, uint32 used, size_t size)
{
	void	   *larger;

	if (children != NULL && used < ARRAY_HEADER(children)->capacity)
		return children;

	larger = json_allocate_children(used < 4 ? 4 : (size_t) used * 2, size);
	if (used > 0)
		memcpy(larger, children, used * size);
	return larger;
}

/*-------------------------------------------------------------------------
 * Reading jsonb
 *-------------------------------------------------------------------------
 */

/* Node of one entry of a container; nested containers stay bytes. */
static void
node_from_entry(JEntry entry, const char *data, uint32 len, JsonNode *node)
{
	node->len = 0;
	node->u.str = NULL;
	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISSTRING:
			node->kind = JSON_STRING;
			node->len = len;
			node->u.str = data;
			break;
		case JENTRY_ISNUMERIC:
			{
				char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
																	   PointerGetDatum(data)));

				node->len = strlen(text);
				node->u.str = text;

				node->kind = (strspn(text, "-0123456789") == node->len) ?
					JSON_INTEGER : JSON_DECIMAL;
			}
			break;
		case JENTRY_ISBOOL_TRUE:
			node->kind = JSON_TRUE;
			break;
		case JENTRY_ISBOOL_FALSE:
			node->kind = JSON_FALSE;
			break;
		case JENTRY_ISCONTAINER:
			node->kind = JSON_CONTAINER;
			node->len = len;
			node->u.container = (const JsonbContainer *) data;
			break;
		default:
			node->kind = JSON_NULL;
			break;
	}
}

void
json_node_expand(JsonNode *node)
{
	const JsonbContainer *jc;
	JsonbWalk	walk;
	const char *data;
	uint32		len;
	uint32		n;
	uint32		i;

	if (node->kind != JSON_CONTAINER)
		return;
	jc = node->u.container;
	n = JsonContainerSize(jc);
	jsonb_walk_start(&walk, jc);
	node->len = n;
	if (JsonContainerIsObject(jc))
	{
		node->kind = JSON_OBJECT;
		node->u.members = json_allocate_children(n, sizeof(JsonMember));
		for (i = 0; i < n; i++)
		{
			JsonMember *member = &node->u.members[i];

			jsonb_walk_next(&walk, &member->name, &member->name_len);
		}
		for (i = 0; i < n; i++)
		{
			JEntry		entry = jsonb_walk_next(&walk, &data, &len);

			node_from_entry(entry, data, len, &node->u.members[i].value);
		}
	}
	else
	{
		node->kind = JSON_ARRAY;
		node->u.elems = json_allocate_children(n, sizeof(JsonNode));
		for (i = 0; i < n; i++)
		{
			JEntry		entry = jsonb_walk_next(&walk, &data, &len);

			node_from_entry(entry, data, len, &node->u.elems[i]);
		}
	}
}

/* Unpack a node and everything below it. */
static void
expand_completely(JsonNode *node)
{
	uint32		i;

	if (node->kind != JSON_CONTAINER)
		return;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	json_node_expand(node);
	if (node->kind == JSON_OBJECT)
	{
		for (i = 0; i < node->len; i++)
			expand_completely(&node->u.members[i].value);
	}
	else
	{
		for (i = 0; i < node->len; i++)
			expand_completely(&node->u.elems[i]);
	}
}

void
json_node_from_container(const JsonbContainer *jc, JsonNode *node)
{
	/* the length is not needed: the node does not stay a container */
	json_set_container(node, jc, 0);
	expand_completely(node);
}

JsonNode *
json_node_from_jsonb(const Jsonb *jb)
{
	JsonNode   *node = palloc(sizeof(JsonNode));

	json_set_jsonb(node, jb);
	expand_completely(node);
	return node;
}

/*-------------------------------------------------------------------------
 * Access
 *-------------------------------------------------------------------------
 */

JsonNode *
json_get_n(const JsonNode *node, const char *name, uint32 name_len)
{
	uint32		i;

	if (node == NULL || node->kind != JSON_OBJECT)
		return NULL;
	for (i = 0; i < node->len; i++)
	{
		JsonMember *member = &node->u.members[i];

		if (member->name_len == name_len &&
			memcmp(member->name, name, name_len) == 0)
			return member->value.kind == JSON_NULL ? NULL : &member->value;
	}
	return NULL;
}

JsonNode *
json_get(const JsonNode *node, const char *name)
{
	return json_get_n(node, name, strlen(name));
}

JsonNode *
json_get_string(const JsonNode *node, const char *name)
{
	JsonNode   *member = json_get(node, name);

	return member && member->kind == JSON_STRING ? member : NULL;
}

char *
json_cstring(const JsonNode *node)
{
	Assert(node->kind == JSON_STRING || node->kind == JSON_INTEGER ||
		   node->kind == JSON_DECIMAL);
	return pnstrdup(node->u.str, node->len);
}

bool
json_string_is(const JsonNode *node, const char *str)
{
	return node != NULL && node->kind == JSON_STRING &&
		node->len == strlen(str) && memcmp(node->u.str, str, node->len) == 0;
}

bool
json_to_bool(const JsonNode *node, bool *value)
{
	/* false and true in turn */
	static const char *const words[] = {"false", "true", "no", "yes", "0", "1"};

	if (node->kind == JSON_TRUE || node->kind == JSON_FALSE)
	{
		*value = (node->kind == JSON_TRUE);
		return true;
	}
	if (node->kind != JSON_STRING)
		return false;
	for (int i = 0; i < lengthof(words); i++)
	{
		if (node->len == strlen(words[i]) &&
			pg_strncasecmp(node->u.str, words[i], node->len) == 0)
		{
			*value = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/*-------------------------------------------------------------------------
 * Building
 *-------------------------------------------------------------------------
 */

void
json_set_null(JsonNode *node)
{
	node->kind = JSON_NULL;
	node->len = 0;
	node->u.str = NULL;
}

void
json_set_bool(JsonNode *node, bool value)
{
	node->kind = value ? JSON_TRUE : JSON_FALSE;
	node->len = 0;
	node->u.str = NULL;
}

void
json_set_int(JsonNode *node, int64 value)
{
	char	   *text = palloc(MAXINT8LEN + 1);

	node->kind = JSON_INTEGER;
	node->len = pg_lltoa(value, text);
	node->u.str = text;
}

void
json_set_decimal(JsonNode *node, double value, int fraction_digits)
{
	char	   *text = psprintf("%.*f", fraction_digits, value);

	node->kind = fraction_digits > 0 ? JSON_DECIMAL : JSON_INTEGER;
	node->len = strlen(text);
	node->u.str = text;
}

void
json_set_string(JsonNode *node, const char *str)
{
	json_set_string_n(node, str, strlen(str));
}

void
json_set_string_n(JsonNode *node, const char *str, uint32 len)
{
	node->kind = JSON_STRING;
	node->len = len;
	node->u.str = str;
}

void
json_set_container(JsonNode *node, const JsonbContainer *jc, uint32 len)
{
	node->kind = JSON_CONTAINER;
	node->len = len;
	node->u.container = jc;
}

void
json_set_jsonb(JsonNode *node, const Jsonb *jb)
{
	/* a scalar is stored as an array of one element */
	if (JB_ROOT_IS_SCALAR(jb))
	{
		JsonbWalk	walk;
		JEntry		entry;
		const char *data;
		uint32		len;

		jsonb_walk_start(&walk, &jb->root);
		entry = jsonb_walk_next(&walk, &data, &len);
		node_from_entry(entry, data, len, node);
	}
	else
		json_set_container(node, &jb->root, VARSIZE(jb) - VARHDRSZ);
}

void
json_set_object(JsonNode *node, uint32 capacity)
{
	node->kind = JSON_OBJECT;
	node->len = 0;
	node->u.members = json_allocate_children(capacity, sizeof(JsonMember));
}

void
json_set_array(JsonNode *node, uint32 capacity)
{
	node->kind = JSON_ARRAY;
	node->len = 0;
	node->u.elems = json_allocate_children(capacity, sizeof(JsonNode));
}

JsonNode *
json_add(JsonNode *object, const char *name)
{
	return json_add_n(object, name, strlen(name));
}

JsonNode *
json_add_n(JsonNode *object, const char *name, uint32 name_len)
{
	JsonMember *member;

	Assert(object->kind == JSON_OBJECT);
	object->u.members = enlarge_children(object->u.members, object->len,
										 sizeof(JsonMember));
	member = &object->u.members[object->len++];
	member->name = name;
	member->name_len = name_len;
	json_set_null(&member->value);
	return &member->value;
}

JsonNode *
json_push(JsonNode *array)
{
	JsonNode   *elem;

	Assert(array->kind == JSON_ARRAY);
	array->u.elems = enlarge_children(array->u.elems, array->len,
									  sizeof(JsonNode));
	elem = &array->u.elems[array->len++];
	json_set_null(elem);
	return elem;
}
