/*
 * number.h - DynamoDB numbers: 38 significant decimal digits, magnitude
 * 1E-130 to 9.99...E+125 (38 nines), zero.
 *
 * Pure functions, no catalog.  A number in an item is its canonical text:
 * no sign '+', no leading or trailing zeros, no exponent, "0" for zero.
 */
#ifndef DYNAMO_NUMBER_H
#define DYNAMO_NUMBER_H

#include "errors.h"

#define NUMBER_MAX_DIGITS	38
/* sign, "0.", 130 zeros, 38 digits, NUL, rounded up */
#define NUMBER_MAX_TEXT		176
/* sign byte, exponent byte, 20 digit pairs, terminator, rounded up */
#define NUMBER_MAX_ENCODED	24

/* value = (-1)^negative * 0.d1d2...dn * 10^exponent, d1 and dn not 0;
 * zero has ndigits 0 and exponent 0 */
typedef struct Number
{
	bool		negative;
	int16		exponent;
	uint8		ndigits;
	uint8		digits[NUMBER_MAX_DIGITS];	/* 0..9 each */
} Number;

typedef enum NumberStatus
{
	NUMBER_OK,
	NUMBER_SYNTAX,				/* not numeric */
	NUMBER_OVERFLOW,
	NUMBER_UNDERFLOW,
	NUMBER_PRECISION			/* more than 38 significant digits */
} NumberStatus;

/* Parse what a client may write (+5 .5 5. 1.e5 007); no spaces.  Constant
 * time in the size of the exponent. */
extern NumberStatus number_parse(const char *str, size_t len, Number *result);

/* number_parse, but raising ValidationException with DynamoDB's text. */
extern void number_parse_or_error(const char *str, size_t len, Number *result);

/* Canonical text into buf (NUMBER_MAX_TEXT); returns its length. */
extern int	number_format(const Number *num, char *buf);

/* Exact sum (or difference when subtract). */
extern NumberStatus number_add(const Number *a, const Number *b,
							   bool subtract, Number *result);

/* DynamoDB's text (palloc'd) for a status other than OK. */
extern char *number_message(NumberStatus status, const char *text, size_t len);

/* Raise the ValidationException that belongs to a status other than OK.
 * text/len: what the client wrote, for the message. */
pg_noreturn extern void number_error(NumberStatus status, const char *text, size_t len);

/* DynamoDB's size in bytes: 1 + ceil(int digits/2) + ceil(fraction digits/2)
 * + 1 if negative; zero is 1. */
extern int	number_size(const Number *num);

/* Order-preserving bytes (memcmp order is numeric order, self-delimiting:
 * no encoding is a prefix of another); returns their number. */
extern int	number_encode(const Number *num, unsigned char *buf);

/* Inverse; returns bytes consumed, or -1 if these are no encoded number. */
extern int	number_decode(const unsigned char *buf, size_t len, Number *result);

#endif							/* DYNAMO_NUMBER_H */
