/*
 * exchange.h - one request and its response.
 *
 * request.c makes an exchange of every HTTP request and owns it until it hands
 * it to the pool; whoever answers it (exchange_respond, exchange_fail) ends it,
 * and it is gone then.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/http.h>
#include <libpq-fe.h>

#include "buffer.h"
#include "catalog.h"
#include "errors.h"

#define REQUEST_ID_LEN	52
#define ACCESS_KEY_ID_MAX	128
#define ROLE_NAME_MAX	63		/* bytes of a name in PostgreSQL */

/* The headers that matter; NULL where there is none. */
typedef struct RequestHeaders
{
	const char *accept_encoding;
	const char *content_encoding;
	const char *content_length;
	const char *content_type;
	const char *host;
	const char *origin;
	const char *request_headers;	/* Access-Control-Request-Headers */
	const char *request_method; /* Access-Control-Request-Method */
	const char *target;
	const char *transfer_encoding;
} RequestHeaders;

typedef struct Exchange
{
	struct evhttp_request *http;
	RequestHeaders headers;
	int			nheaders;		/* all of them */
	bool		odd_headers;	/* some that others may read in another way */
	char		request_id[REQUEST_ID_LEN + 1];
	int64_t		started;		/* now_us() */
	const Operation *operation; /* NULL until it is known */
	const char *body;
	size_t		body_len;
	Buffer		inflated;		/* what body points to if it came compressed */
	bool		json_1_0;		/* content type of the answer */
	char		access_key_id[ACCESS_KEY_ID_MAX + 1];
	char		role[ROLE_NAME_MAX + 1];	/* "" without authentication */

	/* of the pool */
	struct Exchange *next;
	int64_t		queued;			/* now_us() */
	int			attempts;
	struct Member *member;		/* the connection that it was sent on */
	int			weight;			/* its part of what may be under way there */

	/* of the lookup of its access key */
	struct SigV4Signature *signature;
} Exchange;

/*
 * Answer with the text that a query returned, an empty body if that is empty;
 * takes the result over.
 */
extern void exchange_respond(Exchange *exchange, PGresult *result);

/* Answer with an error of the database; takes the result over. */
extern void exchange_respond_error(Exchange *exchange, PGresult *result);

/* Answer with an exception; message may be NULL. */
extern void exchange_fail(Exchange *exchange, const Exception *exception,
						  const char *message);

/* 503 with Retry-After: the database cannot be asked in time. */
extern void exchange_unavailable(Exchange *exchange, const char *why);

#endif							/* GATEWAY_EXCHANGE_H */
