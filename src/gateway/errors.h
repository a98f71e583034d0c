/*
 * errors.h - exceptions as DynamoDB's JSON.
 *
 * The exceptions that the extension raises are read from it
 * (dynamo.exceptions()); those of the gateway itself are here.
 */
#ifndef GATEWAY_ERRORS_H
#define GATEWAY_ERRORS_H

#include <libpq-fe.h>

#include "buffer.h"

typedef struct Exception
{
	const char *name;
	int			http_status;
} Exception;

extern const Exception ACCESS_DENIED;
extern const Exception INCOMPLETE_SIGNATURE;
extern const Exception INTERNAL_SERVER_ERROR;
extern const Exception INVALID_SIGNATURE;
extern const Exception MISSING_AUTHENTICATION_TOKEN;
extern const Exception SERIALIZATION;
extern const Exception SERVICE_UNAVAILABLE;
extern const Exception UNKNOWN_OPERATION;
extern const Exception UNRECOGNIZED_CLIENT;
extern const Exception VALIDATION;

/*
 * Take over the table of exceptions from a result of (SQLSTATE, name, HTTP
 * status).
 */
extern void errors_load(const PGresult *result);

/* What an error of the database is to a client. */
extern const Exception *errors_find(const char *sqlstate);

/*
 * Append the body of an exception.  Without a message there is no such member.
 * The members of `detail` are added if it is a JSON object: a user's trigger
 * may raise the extension's exceptions with a detail of its own.
 */
extern void errors_write(Buffer *out, const Exception *exception,
						 const char *message, const char *detail);

#endif							/* GATEWAY_ERRORS_H */
