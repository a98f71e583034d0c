/*
 * stored.c - stored form of strings: U+0000 escaped, which jsonb cannot hold.
 */
#include "postgres.h"

#include "model/json_private.h"

/* Next U+10FFFF in a string; NULL if there is none. */
static const char *
find_stored_escape(const char *p, const char *end)
{
	while (end - p >= 4)
	{
		p = memchr(p, STORED_ESCAPE[0], end - p - 3);
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
			memcpy(out, STORED_ESCAPE, 4);
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
		else if (*p == STORED_ESCAPE[0] && end - p >= 4 && IS_STORED_ESCAPE(p))
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
		else if (*p == STORED_ESCAPE[0] && end - p >= 4 && IS_STORED_ESCAPE(p))
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
