/*
 * base64.c - RFC 4648 base64, padded and canonical (unused bits are zero).
 *
 * Postgres's own decoder skips white space and accepts stray bits, which
 * would give one binary value several spellings.
 */
#include "postgres.h"

#include "model/attribute_private.h"

static const char base64_digits[] =
"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* value of a base64 digit, -1 for all other bytes */
static const int8 base64_values[256] =
{
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

#define BASE64_VALUE(c)	(base64_values[(unsigned char) (c)])

int
base64_decoded_length(const char *str, uint32 len)
{
	int			padding = 0;
	uint32		i;

	if (len == 0)
		return 0;
	if (len % 4 != 0)
		return -1;
	if (str[len - 1] == '=')
		padding = (str[len - 2] == '=') ? 2 : 1;
	for (i = 0; i < len - padding; i++)
	{
		if (BASE64_VALUE(str[i]) < 0)
			return -1;
	}
	/* The last digit's bits that belong to no byte must be zero */
	if (padding == 1 && (BASE64_VALUE(str[len - 2]) & 0x03) != 0)
		return -1;
	if (padding == 2 && (BASE64_VALUE(str[len - 3]) & 0x0F) != 0)
		return -1;
	return len / 4 * 3 - padding;
}

/* The string must be well-formed; out has room for the decoded length. */
uint32
base64_decode(const char *str, uint32 len, unsigned char *out)
{
	unsigned char *start = out;
	const char *end = str + len;

	for (; end - str >= 4; str += 4)
	{
		uint32		bits = ((BASE64_VALUE(str[0]) & 63) << 18) |
		((BASE64_VALUE(str[1]) & 63) << 12);

		*out++ = bits >> 16;
		if (str[2] == '=')
			break;
		bits |= (BASE64_VALUE(str[2]) & 63) << 6;
		*out++ = bits >> 8;
		if (str[3] == '=')
			break;
		bits |= BASE64_VALUE(str[3]) & 63;
		*out++ = bits;
	}
	return out - start;
}

/* out has room for (len + 2) / 3 * 4 bytes. */
uint32
base64_encode(const unsigned char *bytes, uint32 len, char *out)
{
	char	   *start = out;

	for (; len >= 3; len -= 3, bytes += 3)
	{
		uint32		bits = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];

		*out++ = base64_digits[bits >> 18];
		*out++ = base64_digits[(bits >> 12) & 63];
		*out++ = base64_digits[(bits >> 6) & 63];
		*out++ = base64_digits[bits & 63];
	}
	if (len > 0)
	{
		uint32		bits = (bytes[0] << 16) | (len > 1 ? bytes[1] << 8 : 0);

		*out++ = base64_digits[bits >> 18];
		*out++ = base64_digits[(bits >> 12) & 63];
		*out++ = len > 1 ? base64_digits[(bits >> 6) & 63] : '=';
		*out++ = '=';
	}
	return out - start;
}

/*
 * Digits compare like the bits they stand for, and padding (value -1) comes
 * before every digit, as the shorter of two byte strings does.
 */
int
base64_compare(const char *a, uint32 a_len, const char *b, uint32 b_len)
{
	uint32		n = Min(a_len, b_len);
	uint32		i;

	for (i = 0; i < n; i++)
	{
		if (a[i] != b[i])
			return BASE64_VALUE(a[i]) - BASE64_VALUE(b[i]);
	}
	return a_len < b_len ? -1 : (a_len > b_len ? 1 : 0);
}
