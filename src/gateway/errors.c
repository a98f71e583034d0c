/*
 * errors.c - exceptions as DynamoDB's JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "json.h"
#include "util.h"

const Exception ACCESS_DENIED = {"AccessDeniedException", 400};
const Exception INCOMPLETE_SIGNATURE = {"IncompleteSignatureException", 400};
const Exception INTERNAL_SERVER_ERROR = {"InternalServerError", 500};
const Exception INVALID_SIGNATURE = {"InvalidSignatureException", 400};
const Exception MISSING_AUTHENTICATION_TOKEN = {"MissingAuthenticationTokenException", 400};
const Exception SERIALIZATION = {"SerializationException", 400};
const Exception SERVICE_UNAVAILABLE = {"ServiceUnavailable", 503};
const Exception UNKNOWN_OPERATION = {"UnknownOperationException", 400};
const Exception UNRECOGNIZED_CLIENT = {"UnrecognizedClientException", 400};
const Exception VALIDATION = {"ValidationException", 400};

#define SQLSTATE_LEN	5

/* What SQLSTATEs outside the extension's class mean to a client. */
static const struct
{
	const char *prefix;
	const Exception *exception;
}			postgres_errors[] =

{
	{"0A000", &VALIDATION},		/* streams without logical decoding, row-level
								 * security */
	{"22021", &SERIALIZATION},	/* a body that is not UTF-8 */
	{"23", &VALIDATION},		/* a constraint that a user put on an item
								 * table */
	{"28000", &ACCESS_DENIED},	/* the role of an access key is gone */
	{"42501", &ACCESS_DENIED},
	{"53", &SERVICE_UNAVAILABLE},	/* out of memory, disk, connections */
	{"57P", &SERVICE_UNAVAILABLE},	/* shutting down, starting up */
	{"P0001", &VALIDATION},		/* RAISE EXCEPTION in a user's trigger */
};

typedef struct LoadedException
{
	char		sqlstate[SQLSTATE_LEN + 1];
	Exception	exception;
	struct LoadedException *next;
} LoadedException;

static LoadedException *loaded;

/* Exceptions of the common layer in front of all services, by their type. */
static const char *
namespace_of(const char *name)
{
	static const char *const coral[] = {"AccessDeniedException",
		"IncompleteSignatureException", "InvalidSignatureException",
		"MissingAuthenticationTokenException", "SerializationException",
	"UnknownOperationException", "UnrecognizedClientException"};

	if (strcmp(name, "ValidationException") == 0)
		return "com.amazon.coral.validate#";
	if (strcmp(name, "ThrottlingException") == 0)
		return "com.amazon.coral.availability#";
	for (size_t i = 0; i < lengthof(coral); i++)
	{
		if (strcmp(name, coral[i]) == 0)
			return "com.amazon.coral.service#";
	}
	return "com.amazonaws.dynamodb.v20120810#";
}

static LoadedException *
find_loaded(const char *sqlstate)
{
	LoadedException *entry = loaded;

	while (entry != NULL && strcmp(entry->sqlstate, sqlstate) != 0)
		entry = entry->next;
	return entry;
}

void
errors_load(const PGresult *result)
{
	for (int i = 0; i < PQntuples(result); i++)
	{
		const char *sqlstate = PQgetvalue(result, i, 0);
		LoadedException *entry = find_loaded(sqlstate);

		if (entry != NULL || strlen(sqlstate) != SQLSTATE_LEN)
			continue;
		entry = xmalloc(sizeof(LoadedException));
		memcpy(entry->sqlstate, sqlstate, SQLSTATE_LEN + 1);
		entry->exception.name = xstrdup(PQgetvalue(result, i, 1));
		entry->exception.http_status = atoi(PQgetvalue(result, i, 2));
		entry->next = loaded;
		loaded = entry;
	}
}

const Exception *
errors_find(const char *sqlstate)
{
	const LoadedException *entry;

	if (sqlstate == NULL)
		return &INTERNAL_SERVER_ERROR;
	entry = find_loaded(sqlstate);
	if (entry != NULL)
		return &entry->exception;
	for (size_t i = 0; i < lengthof(postgres_errors); i++)
	{
		if (strncmp(sqlstate, postgres_errors[i].prefix,
					strlen(postgres_errors[i].prefix)) == 0)
			return postgres_errors[i].exception;
	}
	return &INTERNAL_SERVER_ERROR;
}

/* The members of a JSON object with its closing brace; NULL: it has none. */
static const char *
members_of(const char *object)
{
	static const char space[] = " \t\r\n";

	if (object == NULL || !json_is_valid(object, strlen(object)))
		return NULL;
	object += strspn(object, space);
	if (*object++ != '{')
		return NULL;
	object += strspn(object, space);
	return *object == '}' ? NULL : object;
}

void
errors_write(Buffer *out, const Exception *exception, const char *message,
			 const char *detail)
{
	const char *members = members_of(detail);

	buffer_printf(out, "{\"__type\":\"%s%s\"", namespace_of(exception->name),
				  exception->name);
	if (message != NULL)
	{
		char		escaped[JSON_ESCAPE_MAX];

		/* The service spells the member in two ways */
		buffer_add_string(out, strcmp(exception->name, SERIALIZATION.name) == 0 ||
						  strcmp(exception->name, ACCESS_DENIED.name) == 0 ?
						  ",\"Message\":\"" : ",\"message\":\"");
		while (*message != '\0')
			buffer_add(out, escaped, json_escape_char(&message, escaped));
		buffer_add_char(out, '"');
	}
	if (members != NULL)
	{
		buffer_add_char(out, ',');
		buffer_add_string(out, members);
	}
	else
		buffer_add_char(out, '}');
}
