/*
 * encoding.c - gzip and deflate.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "encoding.h"
#include "util.h"

/* zlib's window bits: 15, and 16 more for gzip's wrapping */
#define WINDOW_DEFLATE	15
#define WINDOW_GZIP		(15 + 16)

static const char *const names[] = {
	[ENCODING_IDENTITY] = "identity",
	[ENCODING_GZIP] = "gzip",
	[ENCODING_DEFLATE] = "deflate",
};

const char *
encoding_name(Encoding encoding)
{
	return names[encoding];
}

/* A coding by the name of so many bytes. */
static Encoding
find(const char *name, size_t len)
{
	for (int i = 0; i < ENCODING_UNKNOWN; i++)
	{
		if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
			return (Encoding) i;
	}
	return ENCODING_UNKNOWN;
}

/* Skip white space from the left, and shorten the length by that at the end. */
static const char *
trim(const char *s, size_t *len)
{
	while (*len > 0 && (*s == ' ' || *s == '\t'))
		s++, (*len)--;
	while (*len > 0 && (s[*len - 1] == ' ' || s[*len - 1] == '\t'))
		(*len)--;
	return s;
}

Encoding
encoding_parse(const char *name)
{
	size_t		len;

	if (name == NULL)
		return ENCODING_IDENTITY;
	len = strlen(name);
	name = trim(name, &len);
	return find(name, len);
}

/*
 * The weight of an item's parameters, in thousandths: 1000 without one, 0 for
 * one that cannot be read.
 */
static int
parse_weight(const char *s, size_t len)
{
	char		text[16];
	char	   *end;
	double		q;

	s = trim(s, &len);
	if (len < 3 || (*s != 'q' && *s != 'Q') || s[1] != '=' || len - 2 >= sizeof(text))
		return len == 0 ? 1000 : 0;
	memcpy(text, s + 2, len - 2);
	text[len - 2] = '\0';
	q = strtod(text, &end);
	if (*end != '\0' || !(q >= 0 && q <= 1))
		return 0;
	return (int) (q * 1000 + 0.5);
}

/*
 * The supported coding of the greatest weight; among equals the first in the
 * list.  The service prefers compressing whatever weight identity has.
 */
Encoding
encoding_negotiate(const char *accept)
{
	int			weights[ENCODING_UNKNOWN] = {-1, -1, -1};
	int			order[ENCODING_UNKNOWN] = {0, 0, 0};
	int			any = -1;
	int			any_order = 0;
	int			n = 0;
	Encoding	best = ENCODING_IDENTITY;

	if (accept == NULL)
		return ENCODING_IDENTITY;
	while (*accept != '\0')
	{
		size_t		item_len = strcspn(accept, ",");
		size_t		len = 0;
		const char *name;
		Encoding	encoding;
		int			weight;

		while (len < item_len && accept[len] != ';')
			len++;
		weight = len < item_len ? parse_weight(accept + len + 1, item_len - len - 1) : 1000;
		name = trim(accept, &len);
		encoding = find(name, len);
		n++;
		if (len == 1 && *name == '*')
		{
			any = weight;
			any_order = n;
		}
		else if (encoding != ENCODING_UNKNOWN && weights[encoding] < 0)
		{
			weights[encoding] = weight;
			order[encoding] = n;
		}
		accept += item_len;
		if (*accept == ',')
			accept++;
	}
	for (int i = ENCODING_GZIP; i <= ENCODING_DEFLATE; i++)
	{
		if (weights[i] < 0)
		{
			weights[i] = any;
			order[i] = any_order;
		}
		if (weights[i] > 0 &&
			(best == ENCODING_IDENTITY || weights[i] > weights[best] ||
			 (weights[i] == weights[best] && order[i] < order[best])))
			best = (Encoding) i;
	}
	return best;
}

InflateStatus
encoding_inflate(Encoding encoding, const void *data, size_t len,
				 size_t limit, Buffer *out)
{
	z_stream	z = {0};
	int			status = Z_OK;

	if (inflateInit2(&z, encoding == ENCODING_GZIP ? WINDOW_GZIP : WINDOW_DEFLATE) != Z_OK)
		abort();
	z.next_in = (Bytef *) data;
	z.avail_in = (uInt) len;
	while (status == Z_OK)
	{
		size_t		before;

		buffer_reserve(out, out->len < 16384 ? 16384 : out->len);
		before = out->size - out->len - 1;
		if (before > limit + 1 - out->len)
			before = limit + 1 - out->len;
		z.next_out = (Bytef *) out->data + out->len;
		z.avail_out = (uInt) before;
		status = inflate(&z, Z_NO_FLUSH);
		out->len += before - z.avail_out;
		if (out->len > limit)
		{
			inflateEnd(&z);
			return INFLATE_TOO_LARGE;
		}
		if (status == Z_STREAM_END && encoding == ENCODING_GZIP && z.avail_in > 0)
			status = inflateReset(&z);
		else if (status == Z_OK && z.avail_in == 0 && z.avail_out > 0)
			status = Z_BUF_ERROR;	/* it should go on, and does not */
	}
	inflateEnd(&z);
	out->data[out->len] = '\0';
	return status == Z_STREAM_END && z.avail_in == 0 ? INFLATE_OK : INFLATE_BAD;
}

void
encoding_deflate(Encoding encoding, const void *data, size_t len, Buffer *out)
{
	z_stream	z = {0};

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED,
					 encoding == ENCODING_GZIP ? WINDOW_GZIP : WINDOW_DEFLATE,
					 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	buffer_reserve(out, deflateBound(&z, len));
	z.next_in = (Bytef *) data;
	z.avail_in = (uInt) len;
	z.next_out = (Bytef *) out->data + out->len;
	z.avail_out = (uInt) (out->size - out->len - 1);
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out->len = out->size - 1 - z.avail_out;
	deflateEnd(&z);
}
