/*
 * token.h - tokens, as the parsers of expressions and of statements know them.
 */
#ifndef DYNAMO_TOKEN_H
#define DYNAMO_TOKEN_H

typedef struct Token
{
	const char *str;			/* not NUL-terminated */
	uint32		len;
} Token;

/* The text that is parsed, and which token of it was the last. */
typedef struct SourceText
{
	char	   *text;			/* tokens point into it */
	uint32		len;
	uint32		token_start;	/* offsets into text */
	uint32		token_end;
} SourceText;

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif

/* Note the token that the scanner has found (0: the end of the text). */
extern void source_text_advance(SourceText *source, int token, const char *str,
								int len);

/* Is it this word, in whatever case? */
extern bool token_is_word(const char *str, int len, const char *word);

/* The index that digits stand for; false if none is so high. */
extern bool token_to_index(Token digits, int32 *index);

#endif							/* DYNAMO_TOKEN_H */
