/*
 * request.c - what happens to a request between HTTP and the database.
 *
 * The decisions are taken in the service's order: CORS preflight, health
 * check, method and content type, compression, JSON, target, signature, empty
 * body.  That a body is JSON is left to the database where nothing else is
 * wrong; it is looked at here only before another fault would be reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <openssl/rand.h>
#include <zlib.h>

#include "config.h"
#include "encoding.h"
#include "exchange.h"
#include "http.h"
#include "json.h"
#include "keys.h"
#include "log.h"
#include "metrics.h"
#include "pool.h"
#include "request.h"
#include "sigv4.h"
#include "util.h"

#define JSON_1_0	"application/x-amz-json-1.0"
#define JSON_PLAIN	"application/json"

/* Responses from so many bytes on are compressed where the client likes it. */
#define COMPRESS_MIN	4096

/* What the service answers to what is no request of its API. */
#define NOT_FOUND_BODY	"<UnknownOperationException/>\n"

/* ---- making and ending exchanges ---- */

/* 52 random characters of A-Z and 0-9. */
static void
make_request_id(char *id)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static unsigned char pool[4096];
	static size_t used = sizeof(pool);

	if (used + REQUEST_ID_LEN > sizeof(pool))
	{
		if (RAND_bytes(pool, sizeof(pool)) != 1)
			abort();
		used = 0;
	}
	for (int i = 0; i < REQUEST_ID_LEN; i++)
		id[i] = alphabet[pool[used++] % 36];
	id[REQUEST_ID_LEN] = '\0';
}

/*
 * The headers that matter, in one pass; of several the first counts.  White
 * space at the end of a name is a part of it for evhttp, but not for everybody.
 */
static void
read_headers(Exchange *exchange)
{
	static const struct
	{
		const char *name;
		size_t		len;
		size_t		offset;
	}			known[] =
	{
#define KNOWN(header, member) {header, sizeof(header) - 1, offsetof(RequestHeaders, member)}
		KNOWN("Accept-Encoding", accept_encoding),
		KNOWN("Access-Control-Request-Headers", request_headers),
		KNOWN("Access-Control-Request-Method", request_method),
		KNOWN("Content-Encoding", content_encoding),
		KNOWN("Content-Length", content_length),
		KNOWN("Content-Type", content_type),
		KNOWN("Host", host),
		KNOWN("Origin", origin),
		KNOWN("Transfer-Encoding", transfer_encoding),
		KNOWN("X-Amz-Target", target)
#undef KNOWN
	};
	struct evkeyval *header;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(exchange->http), next)
	{
		size_t		len = strlen(header->key);

		exchange->nheaders++;
		if (len == 0 || (unsigned char) header->key[len - 1] <= ' ')
			exchange->odd_headers = true;
		for (size_t i = 0; i < lengthof(known); i++)
		{
			const char **value = (const char **)
			((char *) &exchange->headers + known[i].offset);

			if (len != known[i].len || strcasecmp(header->key, known[i].name) != 0)
				continue;
			if (*value == NULL)
				*value = header->value;
			else if (value == &exchange->headers.content_length ||
					 value == &exchange->headers.transfer_encoding)
				exchange->odd_headers = true;
		}
	}
}

static void
output_header(Exchange *exchange, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(exchange->http), name, value);
}

static Exchange *
exchange_new(struct evhttp_request *req)
{
	Exchange   *exchange = xcalloc(1, sizeof(Exchange));
	struct evbuffer *input = evhttp_request_get_input_buffer(req);

	exchange->http = req;
	exchange->started = now_us();
	exchange->body_len = evbuffer_get_length(input);
	exchange->body = exchange->body_len == 0 ? "" :
		(const char *) evbuffer_pullup(input, -1);
	read_headers(exchange);
	make_request_id(exchange->request_id);
	output_header(exchange, "x-amzn-RequestId", exchange->request_id);
	if (exchange->headers.origin != NULL)
	{
		output_header(exchange, "Access-Control-Allow-Origin", "*");
		output_header(exchange, "Access-Control-Expose-Headers",
					  "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date");
	}
	return exchange;
}

static void
free_signature(Exchange *exchange)
{
	if (exchange->signature != NULL)
		sigv4_free(exchange->signature);
	free(exchange->signature);
	exchange->signature = NULL;
}

static const char *
reason_phrase(int status)
{
	switch (status)
	{
		case 200:
			return "OK";
		case 404:
			return "Not Found";
		case 413:
			return "Request Entity Too Large";
		case 500:
			return "Internal Server Error";
		case 503:
			return "Service Unavailable";
		default:
			return "Bad Request";
	}
}

/* Send what is in the output buffer, account for it, and end the exchange. */
static void
finish(Exchange *exchange, int status, const char *error)
{
	const char *operation = exchange->operation ? exchange->operation->name : "";
	int64_t		us = now_us() - exchange->started;

	http_send(exchange->http, status, reason_phrase(status));
	metrics_request(operation, status, us);
	if (error != NULL)
		metrics_error(error);
	if (config.log_requests)
		log_write(LOG_INFO, "request", "request_id:s operation:s status:d error:s "
				  "seconds:f bytes:d access_key_id:s role:s",
				  exchange->request_id, operation, (long) status, error,
				  (double) us / 1e6, (long) exchange->body_len,
				  *exchange->access_key_id ? exchange->access_key_id : NULL,
				  *exchange->role ? exchange->role : NULL);
	free_signature(exchange);
	if (exchange->inflated.data != NULL)
		buffer_free(&exchange->inflated);
	free(exchange);
}

/* The headers that tell about a body, and the body itself. */
static void
describe_body(Exchange *exchange, const char *data, size_t len)
{
	char		crc[16];

	snprintf(crc, sizeof(crc), "%lu",
			 crc32(0L, (const Bytef *) data, (uInt) len));
	output_header(exchange, "x-amz-crc32", crc);
}

static void
add_body(Exchange *exchange, const char *data, size_t len)
{
	describe_body(exchange, data, len);
	evbuffer_add(evhttp_request_get_output_buffer(exchange->http), data, len);
}

/*
 * Compress a body into the response where it is long and the client takes it.
 * The checksum is of what is sent, as clients compute it.
 */
static bool
add_compressed(Exchange *exchange, const char *data, size_t len)
{
	Encoding	encoding;
	Buffer		compressed;

	if (len < COMPRESS_MIN)
		return false;
	encoding = encoding_negotiate(exchange->headers.accept_encoding);
	if (encoding == ENCODING_IDENTITY)
		return false;
	buffer_init(&compressed);
	encoding_deflate(encoding, data, len, &compressed);
	output_header(exchange, "Content-Encoding", encoding_name(encoding));
	add_body(exchange, compressed.data, compressed.len);
	buffer_free(&compressed);
	return true;
}

static void
set_json_type(Exchange *exchange)
{
	output_header(exchange, "Content-Type", exchange->json_1_0 ? JSON_1_0 : JSON_PLAIN);
}

static void
clear_result(const void *data, size_t len, void *arg)
{
	(void) data;
	(void) len;
	PQclear(arg);
}

/*
 * The answer to DescribeEndpoints: the way by which the client has come, which
 * the database does not know.
 */
static void
add_endpoint(Exchange *exchange)
{
	const char *host = exchange->headers.host;
	char		escaped[JSON_ESCAPE_MAX];
	Buffer		body;

	buffer_init(&body);
	buffer_add_string(&body, "{\"Endpoints\":[{\"Address\":\"");
	while (*host != '\0')
		buffer_add(&body, escaped, json_escape_char(&host, escaped));
	buffer_add_string(&body, "\",\"CachePeriodInMinutes\":1440}]}");
	add_body(exchange, body.data, body.len);
	buffer_free(&body);
}

void
exchange_respond(Exchange *exchange, PGresult *result)
{
	const char *data = PQgetvalue(result, 0, 0);
	const char *host = exchange->headers.host;
	size_t		len = (size_t) PQgetlength(result, 0, 0);

	set_json_type(exchange);
	if (exchange->operation->names_endpoint && host != NULL && *host != '\0')
	{
		add_endpoint(exchange);
		PQclear(result);
	}
	else if (len == 0)
	{
		/* No body at all: the response of some operations */
		describe_body(exchange, data, len);
		PQclear(result);
	}
	else if (add_compressed(exchange, data, len))
		PQclear(result);
	else
	{
		/* Sent from where libpq has put it */
		describe_body(exchange, data, len);
		if (evbuffer_add_reference(evhttp_request_get_output_buffer(exchange->http),
								   data, len, clear_result, result) != 0)
			PQclear(result);
	}
	finish(exchange, 200, NULL);
}

static void
fail_with_detail(Exchange *exchange, const Exception *exception,
				 const char *message, const char *detail)
{
	Buffer		body;

	buffer_init(&body);
	errors_write(&body, exception, message, detail);
	set_json_type(exchange);
	if (!add_compressed(exchange, body.data, body.len))
		add_body(exchange, body.data, body.len);
	buffer_free(&body);
	finish(exchange, exception->http_status, exception->name);
}

void
exchange_fail(Exchange *exchange, const Exception *exception, const char *message)
{
	fail_with_detail(exchange, exception, message, NULL);
}

void
exchange_unavailable(Exchange *exchange, const char *why)
{
	char	   *message = format("The service is unavailable: %s", why);

	output_header(exchange, "Retry-After", "1");
	exchange_fail(exchange, &SERVICE_UNAVAILABLE, message);
	free(message);
}

/* Is the body JSON, or empty? */
static bool
body_is_json(const Exchange *exchange)
{
	return exchange->body_len == 0 ||
		json_is_valid(exchange->body, exchange->body_len);
}

void
exchange_respond_error(Exchange *exchange, PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const Exception *exception = errors_find(sqlstate);
	bool		of_dynamo = sqlstate != NULL && strncmp(sqlstate, "DY", 2) == 0;
	char	   *wrapped = NULL;

	if (exception->http_status >= 500)
	{
		/* What went wrong is for the log, not for clients */
		log_write(LOG_ERROR, "a request failed in the database",
				  "request_id:s operation:s sqlstate:s error:s detail:s",
				  exchange->request_id, exchange->operation->name, sqlstate, message,
				  detail);
		message = "Internal server error";
		if (exception->http_status == 503)
			output_header(exchange, "Retry-After", "1");
	}
	else if (exception == &VALIDATION)
		message = wrapped = format("One or more parameter values were invalid: %s", message);
	else if (exception == &SERIALIZATION || /* not UTF-8 */
			 (strcmp(exception->name, SERIALIZATION.name) == 0 && !body_is_json(exchange)))
		message = NULL;
	fail_with_detail(exchange, exception, message, of_dynamo ? detail : NULL);
	free(wrapped);
	PQclear(result);
}

/*
 * Report a fault that is found before the body is parsed.  One that is not JSON
 * comes first.
 */
static void
fail_early(Exchange *exchange, const Exception *exception, const char *message)
{
	if (!body_is_json(exchange))
		exchange_fail(exchange, &SERIALIZATION, NULL);
	else
		exchange_fail(exchange, exception, message);
}

/* ---- what is not a request of the API ---- */

static void
not_found(Exchange *exchange)
{
	add_body(exchange, NOT_FOUND_BODY, strlen(NOT_FOUND_BODY));
	finish(exchange, 404, UNKNOWN_OPERATION.name);
}

/* A CORS preflight: whatever is asked for is allowed. */
static void
preflight(Exchange *exchange)
{
	const char *headers = exchange->headers.request_headers;
	const char *method = exchange->headers.request_method;

	output_header(exchange, "Access-Control-Max-Age", "172800");
	if (headers != NULL)
		output_header(exchange, "Access-Control-Allow-Headers", headers);
	if (method != NULL)
		output_header(exchange, "Access-Control-Allow-Methods", method);
	output_header(exchange, "Content-Length", "0");
	finish(exchange, 200, NULL);
}

/* Is this an address rather than a name? */
static bool
is_address(const char *host)
{
	return *host == '[' || strspn(host, "0123456789.:") == strlen(host);
}

/*
 * The health check names the host that was asked, as the service does; one
 * that is asked by address names the service of its region.
 */
static void
health(Exchange *exchange)
{
	const char *host = exchange->headers.host;
	char	   *text;

	if (!pool_available())
		text = xstrdup("unhealthy: no connection to the database ");
	else if (host == NULL || *host == '\0' || is_address(host))
		text = format("healthy: dynamodb.%s.amazonaws.com ", config.region);
	else
		text = format("healthy: %s ", host);
	output_header(exchange, "Content-Type", "text/plain");
	add_body(exchange, text, strlen(text));
	finish(exchange, *text == 'h' ? 200 : 503, NULL);
	free(text);
}

static void
metrics(Exchange *exchange)
{
	Buffer		text;

	buffer_init(&text);
	metrics_write(&text);
	output_header(exchange, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	add_body(exchange, text.data, text.len);
	buffer_free(&text);
	finish(exchange, 200, NULL);
}

/* ---- authentication ---- */

/* A request as it is signed; its headers are evhttp's, the array is not. */
static void
signed_request(const Exchange *exchange, SigV4Request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(exchange->http);
	SigV4Header *headers = xmalloc((size_t) exchange->nheaders * sizeof(SigV4Header));
	struct evkeyval *header;
	int			n = 0;

	TAILQ_FOREACH(header, evhttp_request_get_input_headers(exchange->http), next)
	{
		headers[n].name = header->key;
		headers[n].value = header->value;
		n++;
	}
	request->method = "POST";
	request->uri = evhttp_request_get_uri(exchange->http);
	request->headers = headers;
	request->nheaders = n;
	request->body_len = evbuffer_get_length(input);
	request->body = request->body_len == 0 ? (const unsigned char *) "" :
		evbuffer_pullup(input, -1);
}

/* Everything is known but what the database says. */
static void
execute(Exchange *exchange)
{
	free_signature(exchange);
	if (exchange->body_len == 0)
		exchange_fail(exchange, &SERIALIZATION, NULL);
	else
		pool_submit(exchange);
}

/* The key of a request is known, or is known not to exist (NULL). */
static void
verify(Exchange *exchange, const SigV4Request *request, const AccessKey *key)
{
	if (key == NULL || *key->role == '\0')
	{
		fail_early(exchange, &UNRECOGNIZED_CLIENT,
				   "The security token included in the request is invalid.");
		return;
	}
	if (!sigv4_verify(request, exchange->signature,
					  keys_signing_key(key, exchange->signature)))
	{
		fail_early(exchange, &UNRECOGNIZED_CLIENT,
				   "The request signature we calculated does not match the signature "
				   "you provided. Check your AWS Secret Access Key and signing method. "
				   "Consult the service documentation for details.");
		return;
	}
	snprintf(exchange->role, sizeof(exchange->role), "%s", key->role);
	execute(exchange);
}

static void
key_looked_up(void *arg, const AccessKey *key, bool known)
{
	Exchange   *exchange = arg;
	SigV4Request request;

	if (!known)
	{
		exchange_unavailable(exchange, "access keys cannot be looked up");
		return;
	}
	signed_request(exchange, &request);
	verify(exchange, &request, key);
	free((void *) request.headers);
}

/* Can this be the id of a key?  dynamo.access_keys takes no others. */
static bool
may_be_key(const char *id)
{
	size_t		len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
							 "0123456789_");

	return len > 0 && len <= ACCESS_KEY_ID_MAX && id[len] == '\0';
}

static void
authenticate(Exchange *exchange)
{
	SigV4Request request;
	SigV4Status status;
	char	   *message;
	const AccessKey *key;

	exchange->signature = xcalloc(1, sizeof(SigV4Signature));
	signed_request(exchange, &request);
	status = sigv4_parse(&request, !config.no_auth, exchange->signature, &message);
	if (status == SIGV4_OK && !config.no_auth)
		status = sigv4_check_date(exchange->signature, time(NULL), &message);
	if (status != SIGV4_OK)
	{
		fail_early(exchange,
				   status == SIGV4_MISSING_TOKEN ? &MISSING_AUTHENTICATION_TOKEN :
				   status == SIGV4_INCOMPLETE ? &INCOMPLETE_SIGNATURE :
				   &INVALID_SIGNATURE, message);
		free(message);
		goto done;
	}
	if (exchange->signature->access_key_id != NULL)
		snprintf(exchange->access_key_id, sizeof(exchange->access_key_id), "%s",
				 exchange->signature->access_key_id);
	if (config.no_auth)
		execute(exchange);
	else if (!may_be_key(exchange->signature->access_key_id))
		verify(exchange, &request, NULL);
	else if ((key = keys_cached(exchange->access_key_id)) != NULL)
		verify(exchange, &request, key);
	else
		keys_lookup(exchange->access_key_id, key_looked_up, exchange);
done:
	free((void *) request.headers);
}

/* ---- a request from its beginning ---- */

/* Does the body's type say JSON?  Without a body it does not matter. */
static bool
check_content_type(Exchange *exchange)
{
	const char *type = exchange->headers.content_type;
	size_t		len;

	if (type != NULL)
	{
		type += strspn(type, " \t");
		len = strcspn(type, ";");
		while (len > 0 && (type[len - 1] == ' ' || type[len - 1] == '\t'))
			len--;
		if (len == strlen(JSON_1_0) && strncasecmp(type, JSON_1_0, len) == 0)
		{
			exchange->json_1_0 = true;
			return true;
		}
		if (len == strlen(JSON_PLAIN) && strncasecmp(type, JSON_PLAIN, len) == 0)
			return true;
	}
	return exchange->body_len == 0;
}

/*
 * Decompress the body, where it is compressed.  The service answers 500 to one
 * that cannot be; false: that has been answered.
 */
static bool
decompress(Exchange *exchange)
{
	Encoding	encoding = encoding_parse(exchange->headers.content_encoding);

	if (encoding == ENCODING_IDENTITY)
		return true;
	if (encoding != ENCODING_UNKNOWN)
	{
		InflateStatus status;

		buffer_init(&exchange->inflated);
		status = encoding_inflate(encoding, exchange->body, exchange->body_len,
								  BODY_MAX, &exchange->inflated);
		if (status == INFLATE_OK)
		{
			exchange->body = exchange->inflated.data;
			exchange->body_len = exchange->inflated.len;
			return true;
		}
		if (status == INFLATE_TOO_LARGE)
		{
			finish(exchange, 413, "RequestEntityTooLarge");
			return false;
		}
	}
	exchange_fail(exchange, &INTERNAL_SERVER_ERROR, NULL);
	return false;
}

/*
 * Is it clear where the body ends?  A proxy in front might see it differently,
 * so what evhttp does not read, and what it reads generously, is not accepted,
 * and the connection is closed.
 */
static bool
check_framing(Exchange *exchange)
{
	const char *transfer = exchange->headers.transfer_encoding;
	const char *length = exchange->headers.content_length;
	enum evhttp_cmd_type method = evhttp_request_get_command(exchange->http);

	if (exchange->odd_headers ||
		(transfer != NULL && (length != NULL || strcasecmp(transfer, "chunked") != 0)) ||
		(length != NULL && (*length == '\0' || length[strspn(length, "0123456789")] != '\0')))
	{
		output_header(exchange, "Connection", "close");
		finish(exchange, 400, "BadRequest");
		return false;
	}
	if (method != EVHTTP_REQ_POST &&
		(transfer != NULL || (length != NULL && strcmp(length, "0") != 0)))
		output_header(exchange, "Connection", "close");
	return true;
}

void
request_start(struct evhttp_request *req)
{
	Exchange   *exchange = exchange_new(req);
	enum evhttp_cmd_type method = evhttp_request_get_command(req);
	const char *uri = evhttp_request_get_uri(req);
	size_t		path_len = strcspn(uri, "?");
	bool		at_root = path_len == 1 && *uri == '/';
	const char *target;

	if (!check_framing(exchange))
		return;
	if (method == EVHTTP_REQ_OPTIONS && exchange->headers.origin != NULL)
	{
		preflight(exchange);
		return;
	}
	if (method == EVHTTP_REQ_GET && at_root)
	{
		health(exchange);
		return;
	}
	if (method == EVHTTP_REQ_GET && config.metrics && path_len == 8 &&
		strncmp(uri, "/metrics", 8) == 0)
	{
		metrics(exchange);
		return;
	}
	if (method != EVHTTP_REQ_POST || !at_root || !check_content_type(exchange))
	{
		not_found(exchange);
		return;
	}
	if (!decompress(exchange))
		return;
	if (!catalog_loaded())
	{
		exchange_unavailable(exchange, "the database has not answered yet");
		return;
	}
	target = exchange->headers.target;
	exchange->operation = target ? catalog_find(target) : NULL;
	if (exchange->operation == NULL)
		fail_early(exchange, &UNKNOWN_OPERATION, NULL);
	else
		authenticate(exchange);
}
