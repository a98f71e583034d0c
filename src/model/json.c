/*
 * json.c - JSON trees: reading text and jsonb, access and building.
 *
 * The parser makes one pass over the text.  Strings without escapes and
 * numbers are not copied, nodes point into the text.  Children are collected
 * on a stack while their parent is open and copied to an array of exactly
 * the right size when it closes.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "errors.h"
#include "model/json.h"
#include "model/jsonb_walk.h"

/* U+10FFFF, the escape character of stored form, in UTF-8 */
static const char stored_escape[4] = {'\xF4', '\x8F', '\xBF', '\xBF'};

#define IS_STORED_ESCAPE(p)	(memcmp((p), stored_escape, 4) == 0)

/*
 * Children of a node are preceded by their capacity, so that json_add and
 * json_push know when to enlarge.  8 bytes keep the array aligned.
 */
typedef struct ArrayHeader
{
	uint64		capacity;
} ArrayHeader;

#define ARRAY_HEADER(a)	((ArrayHeader *) ((char *) (a) - sizeof(ArrayHeader)))

/* objects above this many members look for duplicates by sorting */
#define DEDUPLICATE_BY_SORTING	24

typedef struct JsonParser
{
	const char *pos;
	const char *end;
	int			depth;
	JsonMember *stack;			/* children of the containers still open */
	size_t		stack_used;
	size_t		stack_size;
} JsonParser;

static bool parse_value(JsonParser *parser, JsonNode *node);

/* Allocate room for `capacity` children of `size` bytes. */
static void *
allocate_children(size_t capacity, size_t size)
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

	larger = allocate_children(used < 4 ? 4 : (size_t) used * 2, size);
	if (used > 0)
		memcpy(larger, children, used * size);
	return larger;
}

/*-------------------------------------------------------------------------
 * Reading text
 *-------------------------------------------------------------------------
 */

static inline void
skip_space(JsonParser *parser)
{
	const char *p = parser->pos;

	while (p < parser->end &&
		   (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	parser->pos = p;
}

/* Value of four hexadecimal digits, -1 if they are not. */
static int
parse_hex4(const char *p, const char *end)
{
	int			value = 0;
	int			i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++)
	{
		char		c = p[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if (c >= 'a' && c <= 'f')
			value |= c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value |= c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

/* Append U+0000 or U+10FFFF in stored form. */
static inline char *
put_stored_escape(char *out, char which)
{
	memcpy(out, stored_escape, 4);
	out[4] = which;
	return out + 5;
}

/*
 * Decode the rest of a string that needs it, from its first backslash or
 * U+10FFFF on.  Surrogates that are no pair are malformed: there is no UTF-8
 * for them.
 */
static bool
parse_string_slowly(JsonParser *parser, const char *start, const char *p,
					const char **str, uint32 *len)
{
	const char *close;
	size_t		room = 0;
	char	   *buf;
	char	   *out;

	/* Find the end; only a plain U+10FFFF grows, from four bytes to five */
	for (close = p;; close++)
	{
		if (close >= parser->end || (unsigned char) *close < 0x20)
			return false;
		if (*close == '"')
			break;
		if (*close == '\\')
			close++;
		else if (*close == stored_escape[0])
			room++;
	}
	room += close - start;

	buf = palloc(room + 1);
	memcpy(buf, start, p - start);
	out = buf + (p - start);

	while (p < close)
	{
		if (*p != '\\')
		{
			if (*p == stored_escape[0] && close - p >= 4 &&
				IS_STORED_ESCAPE(p))
			{
				out = put_stored_escape(out, '1');
				p += 4;
			}
			else
				*out++ = *p++;
			continue;
		}

		/* The byte after a backslash lies before close, by the loop above */
		p++;
		switch (*p++)
		{
			case '"':
				*out++ = '"';
				break;
			case '\\':
				*out++ = '\\';
				break;
			case '/':
				*out++ = '/';
				break;
			case 'b':
				*out++ = '\b';
				break;
			case 'f':
				*out++ = '\f';
				break;
			case 'n':
				*out++ = '\n';
				break;
			case 'r':
				*out++ = '\r';
				break;
			case 't':
				*out++ = '\t';
				break;
			case 'u':
				{
					pg_wchar	c;
					int			unit = parse_hex4(p, close);

					if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
						return false;
					p += 4;
					c = unit;
					if (unit >= 0xD800 && unit <= 0xDBFF)
					{
						if (close - p < 6 || p[0] != '\\' || p[1] != 'u')
							return false;
						unit = parse_hex4(p + 2, close);
						if (unit < 0xDC00 || unit > 0xDFFF)
							return false;
						p += 6;
						c = 0x10000 + ((c - 0xD800) << 10) + (unit - 0xDC00);
					}
					if (c == 0)
						out = put_stored_escape(out, '0');
					else if (c == 0x10FFFF)
						out = put_stored_escape(out, '1');
					else
					{
						unicode_to_utf8(c, (unsigned char *) out);
						out += pg_utf_mblen((unsigned char *) out);
					}
				}
				break;
			default:
				return false;
		}
	}

	*str = buf;
	*len = out - buf;
	parser->pos = close + 1;
	return true;
}

/* Parse a string; pos is at its opening quote. */
static bool
parse_string(JsonParser *parser, const char **str, uint32 *len)
{
	const char *start = parser->pos + 1;
	const char *p;

	for (p = start; p < parser->end; p++)
	{
		unsigned char c = (unsigned char) *p;

		if (c == '"')
		{
			*str = start;
			*len = p - start;
			parser->pos = p + 1;
			return true;
		}
		if (c == '\\' || c == 0xF4)
			return parse_string_slowly(parser, start, p, str, len);
		if (c < 0x20)
			return false;
	}
	return false;
}

#define IS_DIGIT(p) ((p) < parser->end && *(p) >= '0' && *(p) <= '9')

/* Parse a number; pos is at its minus sign or first digit. */
static bool
parse_number(JsonParser *parser, JsonNode *node)
{
	const char *p = parser->pos;

	node->kind = JSON_INTEGER;
	node->u.str = p;
	if (*p == '-')
		p++;
	if (!IS_DIGIT(p))
		return false;
	if (*p == '0')
		p++;
	else
		while (IS_DIGIT(p))
			p++;
	if (p < parser->end && *p == '.')
	{
		node->kind = JSON_DECIMAL;
		p++;
		if (!IS_DIGIT(p))
			return false;
		while (IS_DIGIT(p))
			p++;
	}
	if (p < parser->end && (*p == 'e' || *p == 'E'))
	{
		node->kind = JSON_DECIMAL;
		p++;
		if (p < parser->end && (*p == '+' || *p == '-'))
			p++;
		if (!IS_DIGIT(p))
			return false;
		while (IS_DIGIT(p))
			p++;
	}
	node->len = p - parser->pos;
	parser->pos = p;
	return true;
}

/* Parse true, false or null. */
static bool
parse_word(JsonParser *parser, JsonNode *node)
{
	size_t		left = parser->end - parser->pos;

	node->len = 0;
	node->u.str = NULL;
	if (left >= 4 && memcmp(parser->pos, "true", 4) == 0)
	{
		node->kind = JSON_TRUE;
		parser->pos += 4;
	}
	else if (left >= 5 && memcmp(parser->pos, "false", 5) == 0)
	{
		node->kind = JSON_FALSE;
		parser->pos += 5;
	}
	else if (left >= 4 && memcmp(parser->pos, "null", 4) == 0)
	{
		node->kind = JSON_NULL;
		parser->pos += 4;
	}
	else
		return false;
	return true;
}

static inline void
push_child(JsonParser *parser, const JsonMember *child)
{
	if (parser->stack_used == parser->stack_size)
	{
		size_t		size = parser->stack_size * 2;

		if (size > MaxAllocSize / sizeof(JsonMember))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("JSON value has too many members")));
		parser->stack = repalloc(parser->stack, size * sizeof(JsonMember));
		parser->stack_size = size;
	}
	parser->stack[parser->stack_used++] = *child;
}

/* Order members by name, equal names by place (for qsort). */
static int
compare_member_pointers(const void *a, const void *b)
{
	const JsonMember *m1 = *(JsonMember *const *) a;
	const JsonMember *m2 = *(JsonMember *const *) b;
	int			cmp;

	if (m1->name_len != m2->name_len)
		return m1->name_len < m2->name_len ? -1 : 1;
	cmp = memcmp(m1->name, m2->name, m1->name_len);
	if (cmp != 0)
		return cmp;
	return m1 < m2 ? -1 : (m1 > m2 ? 1 : 0);
}

static inline bool
same_name(const JsonMember *a, const JsonMember *b)
{
	return a->name_len == b->name_len &&
		memcmp(a->name, b->name, a->name_len) == 0;
}

/*
 * Drop all but the last of members with equal names, keeping the order of
 * what is left; returns how many that is.
 */
static uint32
deduplicate_members(JsonMember *members, uint32 n)
{
	bool		found = false;
	uint32		i;
	uint32		kept;

	/* Mark what a later member supersedes: name NULL, names never are */
	if (n <= DEDUPLICATE_BY_SORTING)
	{
		for (i = 1; i < n; i++)
		{
			uint32		j;

			for (j = 0; j < i; j++)
			{
				if (members[j].name != NULL &&
					same_name(&members[j], &members[i]))
				{
					members[j].name = NULL;
					found = true;
				}
			}
		}
	}
	else
	{
		JsonMember **sorted = palloc(n * sizeof(JsonMember *));

		for (i = 0; i < n; i++)
			sorted[i] = &members[i];
		qsort(sorted, n, sizeof(JsonMember *), compare_member_pointers);
		/* compare before marking: the earlier one is never looked at again */
		for (i = 1; i < n; i++)
		{
			if (same_name(sorted[i - 1], sorted[i]))
			{
				sorted[i - 1]->name = NULL;
				found = true;
			}
		}
		pfree(sorted);
	}

	if (!found)
		return n;
	for (i = 0, kept = 0; i < n; i++)
	{
		if (members[i].name != NULL)
			members[kept++] = members[i];
	}
	return kept;
}

/* Enter a container: guards against nesting that nothing would accept. */
static void
enter_container(JsonParser *parser)
{
	if (++parser->depth > JSON_MAX_DEPTH)
		validation_error("Nesting Levels have exceeded supported limits: "
						 "Attributes in the item have nested levels beyond supported limit");
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	parser->pos++;
	skip_space(parser);
}

/* Parse an object; pos is at its opening brace. */
static bool
parse_object(JsonParser *parser, JsonNode *node)
{
	size_t		bottom = parser->stack_used;
	uint32		n;

	enter_container(parser);
	if (parser->pos < parser->end && *parser->pos == '}')
		parser->pos++;
	else
	{
		for (;;)
		{
			JsonMember	member;

			if (parser->pos >= parser->end || *parser->pos != '"' ||
				!parse_string(parser, &member.name, &member.name_len))
				return false;
			skip_space(parser);
			if (parser->pos >= parser->end || *parser->pos != ':')
				return false;
			parser->pos++;
			if (!parse_value(parser, &member.value))
				return false;
			push_child(parser, &member);
			skip_space(parser);
			if (parser->pos >= parser->end)
				return false;
			if (*parser->pos == '}')
			{
				parser->pos++;
				break;
			}
			if (*parser->pos != ',')
				return false;
			parser->pos++;
			skip_space(parser);
		}
	}

	n = deduplicate_members(parser->stack + bottom,
							parser->stack_used - bottom);
	node->kind = JSON_OBJECT;
	node->len = n;
	node->u.members = allocate_children(n, sizeof(JsonMember));
	if (n > 0)
		memcpy(node->u.members, parser->stack + bottom,
			   n * sizeof(JsonMember));
	parser->stack_used = bottom;
	parser->depth--;
	return true;
}

/* Parse an array; pos is at its opening bracket. */
static bool
parse_array(JsonParser *parser, JsonNode *node)
{
	size_t		bottom = parser->stack_used;
	uint32		n;
	uint32		i;

	enter_container(parser);
	if (parser->pos < parser->end && *parser->pos == ']')
		parser->pos++;
	else
	{
		for (;;)
		{
			JsonMember	child;

			child.name = NULL;
			child.name_len = 0;
			if (!parse_value(parser, &child.value))
				return false;
			push_child(parser, &child);
			skip_space(parser);
			if (parser->pos >= parser->end)
				return false;
			if (*parser->pos == ']')
			{
				parser->pos++;
				break;
			}
			if (*parser->pos != ',')
				return false;
			parser->pos++;
		}
	}

	n = parser->stack_used - bottom;
	node->kind = JSON_ARRAY;
	node->len = n;
	node->u.elems = allocate_children(n, sizeof(JsonNode));
	for (i = 0; i < n; i++)
		node->u.elems[i] = parser->stack[bottom + i].value;
	parser->stack_used = bottom;
	parser->depth--;
	return true;
}

static bool
parse_value(JsonParser *parser, JsonNode *node)
{
	skip_space(parser);
	if (parser->pos >= parser->end)
		return false;
	switch (*parser->pos)
	{
		case '"':
			node->kind = JSON_STRING;
			return parse_string(parser, &node->u.str, &node->len);
		case '{':
			return parse_object(parser, node);
		case '[':
			return parse_array(parser, node);
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			return parse_number(parser, node);
		default:
			return parse_word(parser, node);
	}
}

JsonNode *
json_parse(const char *text, size_t len)
{
	JsonParser	parser;
	JsonNode   *root = palloc(sizeof(JsonNode));
	bool		ok;

	parser.pos = text;
	parser.end = text + len;
	parser.depth = 0;
	parser.stack_used = 0;
	parser.stack_size = 32;
	parser.stack = palloc(parser.stack_size * sizeof(JsonMember));

	ok = parse_value(&parser, root);
	if (ok)
	{
		skip_space(&parser);
		ok = (parser.pos == parser.end);
	}
	pfree(parser.stack);
	return ok ? root : NULL;
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
		node->u.members = allocate_children(n, sizeof(JsonMember));
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
		node->u.elems = allocate_children(n, sizeof(JsonNode));
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
json_node_from_jsonb(Jsonb *jb)
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
	node->u.members = allocate_children(capacity, sizeof(JsonMember));
}

void
json_set_array(JsonNode *node, uint32 capacity)
{
	node->kind = JSON_ARRAY;
	node->len = 0;
	node->u.elems = allocate_children(capacity, sizeof(JsonNode));
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

void
json_remove_at(JsonNode *node, uint32 i)
{
	Assert(node->kind == JSON_ARRAY || node->kind == JSON_OBJECT);
	Assert(i < node->len);
	node->len--;
	if (node->kind == JSON_OBJECT)
		memmove(&node->u.members[i], &node->u.members[i + 1],
				(node->len - i) * sizeof(JsonMember));
	else
		memmove(&node->u.elems[i], &node->u.elems[i + 1],
				(node->len - i) * sizeof(JsonNode));
}

/*-------------------------------------------------------------------------
 * Stored form
 *-------------------------------------------------------------------------
 */

/* Next U+10FFFF in a string; NULL if there is none. */
static const char *
find_stored_escape(const char *p, const char *end)
{
	while (end - p >= 4)
	{
		p = memchr(p, stored_escape[0], end - p - 3);
		if (p == NULL)
			return NULL;
		if (IS_STORED_ESCAPE(p))
			return p;
		p++;
	}
	return NULL;
}

bool
stored_has_escape(const char *str, uint32 len)
{
	return find_stored_escape(str, str + len) != NULL;
}

bool
stored_is_valid(const char *str, uint32 len)
{
	const char *end = str + len;

	while ((str = find_stored_escape(str, end)) != NULL)
	{
		str += 4;
		if (str >= end || (*str != '0' && *str != '1'))
			return false;
	}
	return true;
}

/* A U+10FFFF that escapes nothing stands for itself, to be safe. */
const char *
stored_decode(const char *str, uint32 len, uint32 *out_len)
{
	const char *end = str + len;
	const char *p = find_stored_escape(str, end);
	char	   *buf;
	char	   *out;

	*out_len = len;
	if (p == NULL)
		return str;

	buf = palloc(len);
	out = buf;
	for (; p != NULL; p = find_stored_escape(str, end))
	{
		memcpy(out, str, p - str);
		out += p - str;
		str = p + 4;
		if (str < end && *str == '0')
		{
			*out++ = '\0';
			str++;
		}
		else
		{
			memcpy(out, stored_escape, 4);
			out += 4;
			if (str < end && *str == '1')
				str++;
		}
	}
	memcpy(out, str, end - str);
	out += end - str;
	*out_len = out - buf;
	return buf;
}

const char *
stored_encode(const char *str, uint32 len, uint32 *out_len)
{
	const char *end = str + len;
	const char *p;
	uint64		size = len;
	char	   *buf;
	char	   *out;

	/* Find out by how much it grows: four bytes for U+0000, one for U+10FFFF */
	for (p = str; p < end; p++)
	{
		if (*p == '\0')
			size += 4;
		else if (*p == stored_escape[0] && end - p >= 4 && IS_STORED_ESCAPE(p))
			size++;
	}
	*out_len = size;
	if (size == len)
		return str;

	out = buf = palloc(size);
	for (p = str; p < end;)
	{
		if (*p == '\0')
		{
			out = put_stored_escape(out, '0');
			p++;
		}
		else if (*p == stored_escape[0] && end - p >= 4 && IS_STORED_ESCAPE(p))
		{
			out = put_stored_escape(out, '1');
			p += 4;
		}
		else
			*out++ = *p++;
	}
	Assert(out - buf == *out_len);
	return buf;
}
