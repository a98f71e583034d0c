/*
 * number.c - DynamoDB numbers: text, arithmetic, size, ordered bytes.
 *
 * Ordered bytes of a number (number_encode):
 *
 *	zero		80
 *	positive	C0 | exponent | pair+1 ... | 00
 *	negative	40 | ~exponent | ~(pair+1) ... | FF
 *
 * The digits are taken in pairs, aligned at the decimal point: the value is
 * 0.P1P2...Pn * 100^E with P1 and Pn not 0.  E lies between -64 and 63 and
 * is stored as one byte, E + 64.  A pair is 0..99 and stored as 1..100, so
 * that the terminator 00 sorts a number before one that has it as a prefix;
 * all bytes after the first are complemented for negative numbers, which
 * reverses their order.  The terminator also makes encodings self-delimiting.
 */
#include "postgres.h"

#include "errors.h"
#include "model/number.h"

/* value = 0.d1d2... * 10^exponent lies between 1E-130 and 10E125 */
#define MIN_EXPONENT	(-129)
#define MAX_EXPONENT	126

#define ENCODED_NEGATIVE	0x40
#define ENCODED_ZERO		0x80
#define ENCODED_POSITIVE	0xC0
#define PAIR_EXPONENT_BIAS	64

#define MAX_PAIRS	((NUMBER_MAX_DIGITS + 2) / 2)

#define IS_DIGIT(c)	((c) >= '0' && (c) <= '9')

static inline void
set_zero(Number *num)
{
	num->negative = false;
	num->exponent = 0;
	num->ndigits = 0;
}

/*
 * Any number of zeros and of exponent digits is fine, so the exponent is
 * kept in 64 bits and saturates far outside of the legal range.
 */
NumberStatus
number_parse(const char *str, size_t len, Number *result)
{
	const int64 saturated = INT64CONST(1) << 40;
	const char *p = str;
	const char *end = str + len;
	int64		exponent = 0;	/* of 0.d1d2... */
	int64		zeros = 0;		/* seen since the last nonzero digit */
	bool		any_digit = false;
	bool		in_fraction = false;
	bool		too_many = false;
	int			ndigits = 0;

	result->negative = false;
	if (p < end && (*p == '+' || *p == '-'))
	{
		result->negative = (*p == '-');
		p++;
	}

	/* Significand */
	for (; p < end; p++)
	{
		if (*p == '.' && !in_fraction)
			in_fraction = true;
		else if (!IS_DIGIT(*p))
			break;
		else
		{
			any_digit = true;
			if (*p == '0')
			{
				/* zeros count only if a nonzero digit follows */
				if (ndigits > 0)
				{
					zeros++;
					if (!in_fraction)
						exponent++;
				}
				else if (in_fraction)
					exponent--;
				continue;
			}
			if (!in_fraction)
				exponent++;
			if (ndigits + zeros >= NUMBER_MAX_DIGITS)
			{
				too_many = true;
				continue;
			}
			while (zeros > 0)
			{
				result->digits[ndigits++] = 0;
				zeros--;
			}
			result->digits[ndigits++] = *p - '0';
		}
	}
	if (!any_digit)
		return NUMBER_SYNTAX;

	/* Exponent */
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		int64		written = 0;
		bool		negative = false;

		p++;
		if (p < end && (*p == '+' || *p == '-'))
		{
			negative = (*p == '-');
			p++;
		}
		if (p >= end)
			return NUMBER_SYNTAX;
		for (; p < end && IS_DIGIT(*p); p++)
			written = Min(written * 10 + (*p - '0'), saturated);
		exponent += negative ? -written : written;
	}
	if (p != end)
		return NUMBER_SYNTAX;

	if (ndigits == 0)
	{
		set_zero(result);
		return NUMBER_OK;
	}
	if (exponent > MAX_EXPONENT)
		return NUMBER_OVERFLOW;
	if (exponent < MIN_EXPONENT)
		return NUMBER_UNDERFLOW;
	if (too_many)
		return NUMBER_PRECISION;
	result->exponent = exponent;
	result->ndigits = ndigits;
	return NUMBER_OK;
}

void
number_parse_or_error(const char *str, size_t len, Number *result)
{
	NumberStatus status = number_parse(str, len, result);

	if (status != NUMBER_OK)
		number_error(status, str, len);
}

char *
number_message(NumberStatus status, const char *text, size_t len)
{
	switch (status)
	{
		case NUMBER_OVERFLOW:
			return pstrdup("Number overflow. Attempting to store a number "
						   "with magnitude larger than supported range");
		case NUMBER_UNDERFLOW:
			return pstrdup("Number underflow. Attempting to store a number "
						   "with magnitude smaller than supported range");
		case NUMBER_PRECISION:
			return pstrdup("Attempting to store more than 38 significant "
						   "digits in a Number");
		default:
			if (len == 0)
				return pstrdup("The parameter cannot be converted to a numeric value");
			return psprintf("The parameter cannot be converted to a numeric value: %.*s",
							(int) len, text);
	}
}

void
number_error(NumberStatus status, const char *text, size_t len)
{
	validation_error("%s", number_message(status, text, len));
}

int
number_format(const Number *num, char *buf)
{
	char	   *out = buf;
	int			integer_digits;
	int			i;

	if (num->ndigits == 0)
	{
		strcpy(buf, "0");
		return 1;
	}
	if (num->negative)
		*out++ = '-';

	integer_digits = Min(num->ndigits, Max(num->exponent, 0));
	for (i = 0; i < integer_digits; i++)
		*out++ = '0' + num->digits[i];
	for (i = integer_digits; i < num->exponent; i++)
		*out++ = '0';

	if (integer_digits < num->ndigits)
	{
		if (num->exponent <= 0)
			*out++ = '0';
		*out++ = '.';
		for (i = num->exponent; i < 0; i++)
			*out++ = '0';
		for (i = integer_digits; i < num->ndigits; i++)
			*out++ = '0' + num->digits[i];
	}
	*out = '\0';
	return out - buf;
}

/* Compare magnitudes of two numbers other than zero. */
static int
compare_magnitudes(const Number *a, const Number *b)
{
	int			cmp;

	if (a->exponent != b->exponent)
		return a->exponent < b->exponent ? -1 : 1;
	cmp = memcmp(a->digits, b->digits, Min(a->ndigits, b->ndigits));
	return cmp != 0 ? cmp : (int) a->ndigits - (int) b->ndigits;
}

static inline int
sign_of(const Number *num)
{
	return num->ndigits == 0 ? 0 : (num->negative ? -1 : 1);
}

/*
 * Schoolbook addition on one digit per byte.  The widest case, 1E125 plus
 * the last of 38 digits of 1E-130, spans fewer than SUM_DIGITS places.
 */
#define SUM_DIGITS	(MAX_EXPONENT - MIN_EXPONENT + NUMBER_MAX_DIGITS + 2)

NumberStatus
number_add(const Number *a, const Number *b, bool subtract, Number *result)
{
	int8		sum[SUM_DIGITS];
	bool		negative_b = (b->negative != subtract);
	const Number *large = a;
	const Number *small = b;
	bool		negative = a->negative;
	int			top;
	int			shift;
	int			n;
	int			first;
	int			i;

	if (b->ndigits == 0)
	{
		*result = *a;
		return NUMBER_OK;
	}
	if (a->ndigits == 0)
	{
		*result = *b;
		result->negative = negative_b;
		return NUMBER_OK;
	}
	if (compare_magnitudes(a, b) < 0)
	{
		large = b;
		small = a;
		negative = negative_b;
	}

	/* sum[0] is the place of a carry, sum[1] the first digit of large */
	top = large->exponent;
	shift = top - small->exponent;
	n = 1 + Max((int) large->ndigits, shift + small->ndigits);
	memset(sum, 0, n);
	memcpy(sum + 1, large->digits, large->ndigits);
	if (a->negative == negative_b)
	{
		for (i = 0; i < small->ndigits; i++)
			sum[1 + shift + i] += small->digits[i];
	}
	else
	{
		for (i = 0; i < small->ndigits; i++)
			sum[1 + shift + i] -= small->digits[i];
	}
	for (i = n - 1; i > 0; i--)
	{
		if (sum[i] > 9)
		{
			sum[i] -= 10;
			sum[i - 1]++;
		}
		else if (sum[i] < 0)
		{
			sum[i] += 10;
			sum[i - 1]--;
		}
	}

	/* Strip zeros at both ends */
	for (first = 0; first < n && sum[first] == 0; first++)
		;
	if (first == n)
	{
		set_zero(result);
		return NUMBER_OK;
	}
	while (sum[n - 1] == 0)
		n--;

	if (top + 1 - first > MAX_EXPONENT)
		return NUMBER_OVERFLOW;
	if (top + 1 - first < MIN_EXPONENT)
		return NUMBER_UNDERFLOW;
	if (n - first > NUMBER_MAX_DIGITS)
		return NUMBER_PRECISION;
	result->negative = negative;
	result->exponent = top + 1 - first;
	result->ndigits = n - first;
	memcpy(result->digits, sum + first, n - first);
	return NUMBER_OK;
}

int
number_size(const Number *num)
{
	int			integer_digits = Min(num->ndigits, Max(num->exponent, 0));
	int			fraction_digits = num->ndigits - integer_digits;

	if (num->ndigits == 0)
		return 1;
	return 1 + (integer_digits + 1) / 2 + (fraction_digits + 1) / 2 +
		(num->negative ? 1 : 0);
}

int
number_encode(const Number *num, unsigned char *buf)
{
	unsigned char flip = num->negative ? 0xFF : 0;
	unsigned char *out = buf;
	int			exponent;
	int			i;

	if (num->ndigits == 0)
	{
		buf[0] = ENCODED_ZERO;
		return 1;
	}

	/* An odd exponent puts the first digit alone in its pair */
	exponent = (num->exponent + 2 * PAIR_EXPONENT_BIAS + 1) / 2;
	*out++ = num->negative ? ENCODED_NEGATIVE : ENCODED_POSITIVE;
	*out++ = exponent ^ flip;
	for (i = -(num->exponent & 1); i < num->ndigits; i += 2)
	{
		int			high = i < 0 ? 0 : num->digits[i];
		int			low = i + 1 < num->ndigits ? num->digits[i + 1] : 0;

		*out++ = (high * 10 + low + 1) ^ flip;
	}
	*out++ = flip;
	return out - buf;
}

int
number_decode(const unsigned char *buf, size_t len, Number *result)
{
	unsigned char flip;
	int			pair_exponent;
	int			n = 0;
	size_t		i;
	uint8		digits[2 * MAX_PAIRS];
	int			first;

	if (len == 0)
		return -1;
	if (buf[0] == ENCODED_ZERO)
	{
		set_zero(result);
		return 1;
	}
	if ((buf[0] != ENCODED_POSITIVE && buf[0] != ENCODED_NEGATIVE) || len < 4)
		return -1;
	result->negative = (buf[0] == ENCODED_NEGATIVE);
	flip = result->negative ? 0xFF : 0;
	pair_exponent = buf[1] ^ flip;
	if (pair_exponent > 2 * PAIR_EXPONENT_BIAS - 1)
		return -1;

	for (i = 2;; i++)
	{
		unsigned char pair;

		if (i >= len)
			return -1;
		pair = buf[i] ^ flip;
		if (pair == 0)
			break;
		if (pair > 100 || n >= 2 * MAX_PAIRS)
			return -1;
		digits[n++] = (pair - 1) / 10;
		digits[n++] = (pair - 1) % 10;
	}

	/* Only what number_encode writes: no zero pairs at the ends */
	if (n == 0 || (digits[0] == 0 && digits[1] == 0) ||
		(digits[n - 2] == 0 && digits[n - 1] == 0))
		return -1;
	first = (digits[0] == 0) ? 1 : 0;
	if (digits[n - 1] == 0)
		n--;
	if (n - first > NUMBER_MAX_DIGITS)
		return -1;
	result->exponent = 2 * (pair_exponent - PAIR_EXPONENT_BIAS) - first;
	if (result->exponent < MIN_EXPONENT || result->exponent > MAX_EXPONENT)
		return -1;
	result->ndigits = n - first;
	memcpy(result->digits, digits + first, n - first);
	return i + 1;
}
