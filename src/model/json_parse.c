/*
 * json_parse.c - JSON trees: reading text.
 *
 * The parser makes one pass over the text.  Strings without escapes and
 * numbers are not copied, nodes point into the text.  Children are collected
 * on a stack while their parent is open and copied to an array of exactly
 * the right size when it closes.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "errors.h"
#include "model/json_private.h"

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
		else if (*close == STORED_ESCAPE[0])
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
			if (*p == STORED_ESCAPE[0] && close - p >= 4 &&
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

/*
 * Enter a container, which guards against nesting that nothing would accept.
 * If it is empty, it is left behind, and true.
 */
static bool
enter_container(JsonParser *parser, char close)
{
	if (++parser->depth > JSON_MAX_DEPTH)
		validation_error("Nesting Levels have exceeded supported limits: "
						 "Attributes in the item have nested levels beyond supported limit");
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	parser->pos++;
	skip_space(parser);
	if (parser->pos >= parser->end || *parser->pos != close)
		return false;
	parser->pos++;
	return true;
}

/*
 * After a child of a container: pos goes to the next one, or beyond the bracket
 * that closes the container.
 */
static inline bool
next_child(JsonParser *parser, char close, bool *more)
{
	skip_space(parser);
	if (parser->pos >= parser->end ||
		(*parser->pos != ',' && *parser->pos != close))
		return false;
	*more = *parser->pos == ',';
	parser->pos++;
	return true;
}

/* Parse an object; pos is at its opening brace. */
static bool
parse_object(JsonParser *parser, JsonNode *node)
{
	size_t		bottom = parser->stack_used;
	uint32		n;
	bool		more = !enter_container(parser, '}');

	while (more)
	{
		JsonMember	member;

		skip_space(parser);
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
		if (!next_child(parser, '}', &more))
			return false;
	}

	n = deduplicate_members(parser->stack + bottom,
							parser->stack_used - bottom);
	node->kind = JSON_OBJECT;
	node->len = n;
	node->u.members = json_allocate_children(n, sizeof(JsonMember));
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
	bool		more = !enter_container(parser, ']');

	while (more)
	{
		JsonMember	child;

		child.name = NULL;
		child.name_len = 0;
		if (!parse_value(parser, &child.value))
			return false;
		push_child(parser, &child);
		if (!next_child(parser, ']', &more))
			return false;
	}

	n = parser->stack_used - bottom;
	node->kind = JSON_ARRAY;
	node->len = n;
	node->u.elems = json_allocate_children(n, sizeof(JsonNode));
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
	parser.end = text +len;

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
