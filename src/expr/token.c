/*
 * token.c - tokens, as the parsers of expressions and of statements know them.
 */
#include "postgres.h"

#include "expr/token.h"

void
source_text_advance(SourceText *source, int token, const char *str, int len)
{
	if (token == 0)
		source->token_start = source->token_end = source->len;
	else
	{
		source->token_start = str - source->text;
		source->token_end = source->token_start + len;
	}
}

bool
token_is_word(const char *str, int len, const char *word)
{
	return strlen(word) == len && pg_strncasecmp(word, str, len) == 0;
}

bool
token_to_index(Token digits, int32 *index)
{
	int64		value = 0;

	for (uint32 i = 0; i < digits.len && value <= PG_INT32_MAX; i++)
		value = value * 10 + (digits.str[i] - '0');
	*index = (int32) value;
	return value <= PG_INT32_MAX;
}
