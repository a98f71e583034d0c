/*
 * request_tokens.h - dynamo.request_tokens: the tokens of requests that must
 * not take effect twice.
 */
#ifndef DYNAMO_REQUEST_TOKENS_H
#define DYNAMO_REQUEST_TOKENS_H

/* How long a token is remembered. */
#define REQUEST_TOKEN_MINUTES	10

typedef enum TokenState
{
	TOKEN_NEW,					/* recorded now, unless the transaction fails */
	TOKEN_KNOWN,				/* of the same request, which has succeeded */
	TOKEN_MISMATCH				/* of another request */
} TokenState;

/*
 * Claim a token of the current user for a request.  Waits for another
 * transaction that has claimed it.  request: bytes that are the same for
 * equal requests.
 */
extern TokenState request_token_claim(const char *token, const bytea *request);

#endif							/* DYNAMO_REQUEST_TOKENS_H */
