/*
 * json.c - well-formedness of JSON, and escaping.
 *
 * Requests are parsed in the database.  The gateway only looks whether a body
 * is JSON where a request fails before it gets there: DynamoDB reports a body
 * that is not JSON before an unknown operation or a missing signature.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "util.h"

typedef struct Cursor
{
	const char *p;
	const char *end;
} Cursor;

static void
skip_space(Cursor *c)
{
	while (c->p < c->end &&
		   (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

static bool
skip_char(Cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

static bool
skip_digits(Cursor *c)
{
	const char *start = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	return c->p > start;
}

/*
 * The rest of a character of several bytes, of which the first has been taken:
 * UTF-8 as PostgreSQL accepts it, in the shortest form and without surrogates.
 */
static bool
skip_continuation(Cursor *c, unsigned char first)
{
	int			n = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

	if (first < 0xc2 || first > 0xf4 || c->end - c->p < n)
		return false;
	while (n-- > 0)
	{
		unsigned char ch = (unsigned char) *c->p++;

		if (ch < low || ch > high)
			return false;
		low = 0x80;
		high = 0xbf;
	}
	return true;
}

size_t
json_escape_char(const char **s, char *out)
{
	static const char hex[] = "0123456789abcdef";
	static const char short_forms[] = "\b\t\n\f\r\"\\";
	const char *start = (*s)++;
	unsigned char c = (unsigned char) *start;
	const char *found;

	if (c >= 0x80)
	{
		Cursor		rest = {*s, *s + strnlen(*s, 3)};

		if (skip_continuation(&rest, c))
		{
			*s = rest.p;
			memcpy(out, start, (size_t) (*s - start));
			return (size_t) (*s - start);
		}
	}
	else if (c >= 0x20 && c != '"' && c != '\\')
	{
		out[0] = (char) c;
		return 1;
	}
	out[0] = '\\';
	if ((found = strchr(short_forms, c)) != NULL)
	{
		out[1] = "btnfr\"\\"[found - short_forms];
		return 2;
	}
	memcpy(out + 1, "u00", 3);
	out[4] = hex[c >> 4];
	out[5] = hex[c & 15];
	return 6;
}

static bool
skip_string(Cursor *c)
{
	if (!skip_char(c, '"'))
		return false;
	while (c->p < c->end)
	{
		unsigned char ch = (unsigned char) *c->p++;

		if (ch == '"')
			return true;
		if (ch < 0x20 || (ch >= 0x80 && !skip_continuation(c, ch)))
			return false;
		if (ch != '\\')
			continue;
		if (c->p == c->end)
			return false;
		ch = (unsigned char) *c->p++;
		if (ch == 'u')
		{
			for (int i = 0; i < 4; i++, c->p++)
			{
				if (c->p == c->end || *c->p == '\0' ||
					strchr("0123456789abcdefABCDEF", *c->p) == NULL)
					return false;
			}
		}
		else if (ch == '\0' || strchr("\"\\/bfnrt", ch) == NULL)
			return false;
	}
	return false;
}

static bool
skip_number(Cursor *c)
{
	skip_char(c, '-');
	if (!skip_char(c, '0') && !skip_digits(c))
		return false;
	if (skip_char(c, '.') && !skip_digits(c))
		return false;
	if (skip_char(c, 'e') || skip_char(c, 'E'))
	{
		if (!skip_char(c, '+'))
			skip_char(c, '-');
		return skip_digits(c);
	}
	return true;
}

static bool
skip_scalar(Cursor *c)
{
	static const char *const words[] = {"true", "false", "null"};

	if (c->p == c->end)
		return false;
	if (*c->p == '"')
		return skip_string(c);
	for (size_t i = 0; i < lengthof(words); i++)
	{
		size_t		len = strlen(words[i]);

		if ((size_t) (c->end - c->p) >= len && memcmp(c->p, words[i], len) == 0)
		{
			c->p += len;
			return true;
		}
	}
	return skip_number(c);
}

/* The name of a member and its colon. */
static bool
skip_name(Cursor *c)
{
	skip_space(c);
	if (!skip_string(c))
		return false;
	skip_space(c);
	return skip_char(c, ':');
}

bool
json_is_valid(const char *text, size_t len)
{
	Cursor		c = {text, text + len};
	char	   *open = NULL;	/* the brackets that are open */
	size_t		depth = 0;
	size_t		room = 0;
	bool		ok = true;

	for (;;)
	{
		skip_space(&c);
		if (c.p < c.end && (*c.p == '{' || *c.p == '['))
		{
			char		bracket = *c.p++;

			skip_space(&c);
			if (skip_char(&c, bracket == '{' ? '}' : ']'))
				goto value_done;
			if (depth == room)
			{
				room = room ? room * 2 : 64;
				open = xrealloc(open, room);
			}
			open[depth++] = bracket;
			if (bracket == '{' && !skip_name(&c))
				break;
			continue;
		}
		if (!skip_scalar(&c))
			break;

value_done:
		/* Close what ends here, and go on with the next value of the rest */
		for (;;)
		{
			skip_space(&c);
			if (depth == 0)
			{
				ok = c.p == c.end;
				goto done;
			}
			if (!skip_char(&c, open[depth - 1] == '{' ? '}' : ']'))
				break;
			depth--;
		}
		if (!skip_char(&c, ','))
			break;
		if (open[depth - 1] == '{' && !skip_name(&c))
			break;
	}
	ok = false;

done:
	free(open);
	return ok;
}
