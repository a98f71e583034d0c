/*
 * sigv4.h - AWS Signature Version 4.
 *
 * Pure functions over a request as it came, so that they can be tested and
 * fuzzed without a server.  A request is judged in three steps, each of which
 * may be the last: its form (sigv4_parse), its date (sigv4_check_date), and,
 * once the secret is known, its signature (sigv4_verify).
 *
 * Source: AWS General Reference, "Signature Version 4 signing process".
 */
#ifndef GATEWAY_SIGV4_H
#define GATEWAY_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SHA256_BYTES	32

/* Seconds that a date may be off. */
#define SIGV4_SKEW		900

typedef struct SigV4Header
{
	const char *name;
	const char *value;
} SigV4Header;

typedef struct SigV4Request
{
	const char *method;
	const char *uri;			/* path and query as they came */
	const SigV4Header *headers; /* in the order in which they came */
	int			nheaders;
	const unsigned char *body;	/* as it came, compressed if it was */
	size_t		body_len;
} SigV4Request;

typedef enum SigV4Status
{
	SIGV4_OK,
	SIGV4_MISSING_TOKEN,		/* MissingAuthenticationTokenException */
	SIGV4_INCOMPLETE,			/* IncompleteSignatureException */
	SIGV4_INVALID				/* InvalidSignatureException */
} SigV4Status;

/* A signature taken apart.  Strings are owned by it. */
typedef struct SigV4Signature
{
	char	   *access_key_id;
	char	   *date;			/* of the scope: YYYYMMDD */
	char	   *region;
	char	   *service;
	char	   *terminator;
	char	   *signed_headers; /* names separated by semicolons */
	char	   *signature;		/* hexadecimal */
	char	   *timestamp;		/* YYYYMMDDTHHMMSSZ; NULL if there was no date
								 * that could be read */
	char	   *given_date;		/* the date as it came */
	bool		in_query;		/* a presigned request */
	long		expires;		/* seconds; of presigned requests */
} SigV4Signature;

/*
 * Take the signature of a request apart.  Unless the result is SIGV4_OK,
 * *message is DynamoDB's text, which the caller frees.  With `strict` off only
 * the parts must be there, whatever they are.  *signature is to be freed by
 * sigv4_free in any case.
 */
extern SigV4Status sigv4_parse(const SigV4Request *request, bool strict,
							   SigV4Signature *signature, char **message);

/* Is the date of a request close enough to `now`? */
extern SigV4Status sigv4_check_date(const SigV4Signature *signature, time_t now,
									char **message);

/* The key that signs, from a secret and the scope of a signature. */
extern void sigv4_signing_key(const SigV4Signature *signature, const char *secret,
							  unsigned char *key);

/*
 * Is it the signature of the request by this key?  Takes the same time wherever
 * the two differ.
 */
extern bool sigv4_verify(const SigV4Request *request, const SigV4Signature *signature,
						 const unsigned char *key);

extern void sigv4_free(SigV4Signature *signature);

#endif							/* GATEWAY_SIGV4_H */
