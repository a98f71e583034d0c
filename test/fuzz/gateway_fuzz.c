/*
 * gateway_fuzz.c - libFuzzer's target for the gateway.
 *
 * The first byte of an input names what the rest is for (see targets[]).  The
 * functions are called as the gateway calls them; HTTP goes through a
 * connection of the loopback interface to a gateway in this process, which has
 * a database that cannot be reached.  What comes back is checked as well: a
 * violation aborts.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <zlib.h>

#include "catalog.h"
#include "config.h"
#include "encoding.h"
#include "errors.h"
#include "http.h"
#include "json.h"
#include "log.h"
#include "pool.h"
#include "sigv4.h"
#include "util.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern int	LLVMFuzzerInitialize(int *argc, char ***argv);

/* Rounds of the event loop without any progress that end an exchange. */
#define QUIET_ROUNDS	3

#define INFLATE_MAX	(1024 * 1024)

static int	report_fd = STDERR_FILENO;	/* stderr, which is closed for the log */
static struct event_base *base;
static struct sockaddr_in address;
static char config_path[] = "/tmp/gateway_fuzz.XXXXXX";

#define require(condition) \
	do { \
		if (!(condition)) \
			violated(#condition, __LINE__); \
	} while (0)

static void
violated(const char *condition, int line)
{
	dprintf(report_fd, "line %d: not true: %s\n", line, condition);
	abort();
}

/* ---- the input, taken apart ---- */

typedef struct Input
{
	const char *data;
	size_t		len;
} Input;

static unsigned char
take_byte(Input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return (unsigned char) *in->data++;
}

/* The text up to a separator, or all of it; to be freed. */
static char *
take_until(Input *in, char separator)
{
	const char *end = in->len ? memchr(in->data, separator, in->len) : NULL;
	size_t		len = end ? (size_t) (end - in->data) : in->len;
	char	   *text = xmalloc(len + 1);

	memcpy(text, in->data, len);
	text[len] = '\0';
	in->data += len + (end != NULL);
	in->len -= len + (end != NULL);
	return text;
}

/* What is left, in memory of exactly that size; to be freed. */
static char *
take_rest(Input *in)
{
	char	   *rest = xmalloc(in->len);

	memcpy(rest, in->data, in->len);
	return rest;
}

/* ---- JSON ---- */

typedef struct Text
{
	const char *p;
	const char *end;
} Text;

/* Levels that the second opinion on JSON goes into. */
#define LEVELS_MAX	1000

static void
json_space(Text *t)
{
	while (t->p < t->end && memchr(" \t\r\n", *t->p, 4) != NULL)
		t->p++;
}

static bool
json_one_of(Text *t, const char *set)
{
	if (t->p == t->end || *t->p == '\0' || strchr(set, *t->p) == NULL)
		return false;
	t->p++;
	return true;
}

/* A character of UTF-8 of several bytes, by its code point */
static bool
json_wide(Text *t)
{
	unsigned char c = (unsigned char) *t->p++;
	int			more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	uint32_t	code = c & (0x3f >> more);

	if (c < 0xc0 || c >= 0xf8)
		return false;
	for (int i = 0; i < more; i++)
	{
		if (t->p == t->end || (*t->p & 0xc0) != 0x80)
			return false;
		code = code << 6 | (*t->p++ & 0x3f);
	}
	return code >= (more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000) &&
		code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

static bool
json_string(Text *t)
{
	if (!json_one_of(t, "\""))
		return false;
	while (t->p < t->end && *t->p != '"')
	{
		if ((unsigned char) *t->p >= 0x80)
		{
			if (!json_wide(t))
				return false;
			continue;
		}
		if ((unsigned char) *t->p < ' ')
			return false;
		if (*t->p++ != '\\')
			continue;
		if (json_one_of(t, "u"))
		{
			for (int i = 0; i < 4; i++)
			{
				if (!json_one_of(t, "0123456789ABCDEFabcdef"))
					return false;
			}
		}
		else if (!json_one_of(t, "\"\\/bfnrt"))
			return false;
	}
	return json_one_of(t, "\"");
}

static bool
json_number(Text *t)
{
	json_one_of(t, "-");
	if (!json_one_of(t, "0"))
	{
		if (!json_one_of(t, "123456789"))
			return false;
		while (json_one_of(t, "0123456789"))
			;
	}
	if (json_one_of(t, "."))
	{
		if (!json_one_of(t, "0123456789"))
			return false;
		while (json_one_of(t, "0123456789"))
			;
	}
	if (json_one_of(t, "eE"))
	{
		json_one_of(t, "+-");
		if (!json_one_of(t, "0123456789"))
			return false;
		while (json_one_of(t, "0123456789"))
			;
	}
	return true;
}

static bool
json_word(Text *t, const char *word)
{
	size_t		len = strlen(word);

	if ((size_t) (t->end - t->p) < len || memcmp(t->p, word, len) != 0)
		return false;
	t->p += len;
	return true;
}

/* A value by recursion, as RFC 8259 writes the grammar down. */
static bool
json_value(Text *t, int level, bool *too_deep)
{
	if (level > LEVELS_MAX)
	{
		*too_deep = true;
		return false;
	}
	json_space(t);
	if (t->p == t->end)
		return false;
	if (*t->p == '{' || *t->p == '[')
	{
		bool		object = *t->p++ == '{';
		const char *close = object ? "}" : "]";

		json_space(t);
		if (json_one_of(t, close))
			return true;
		do
		{
			json_space(t);
			if (object)
			{
				if (!json_string(t))
					return false;
				json_space(t);
				if (!json_one_of(t, ":"))
					return false;
			}
			if (!json_value(t, level + 1, too_deep))
				return false;
			json_space(t);
		} while (json_one_of(t, ","));
		return json_one_of(t, close);
	}
	if (*t->p == '"')
		return json_string(t);
	if (*t->p == '-' || (*t->p >= '0' && *t->p <= '9'))
		return json_number(t);
	return json_word(t, "true") || json_word(t, "false") || json_word(t, "null");
}

static void
fuzz_json(Input *in)
{
	char	   *text = take_rest(in);
	Text		t = {text, text + in->len};
	bool		too_deep = false;
	bool		valid = json_value(&t, 0, &too_deep);

	json_space(&t);
	valid = valid && t.p == t.end;
	if (!too_deep)
		require(json_is_valid(text, in->len) == valid);
	else
		json_is_valid(text, in->len);
	free(text);
}

/* ---- HTTP ---- */

static void
pump(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* The value of a header in the head of a response; NULL if it is not there. */
static const char *
response_header(const char *head, const char *end, const char *name)
{
	size_t		len = strlen(name);

	for (const char *s = head; s < end; s = strstr(s, "\r\n") + 2)
	{
		if (strncasecmp(s, name, len) == 0 && s[len] == ':')
			return s + len + 1 + strspn(s + len + 1, " ");
	}
	return NULL;
}

/* Is what the gateway has sent a sequence of whole responses? */
static void
check_responses(const char *text, size_t len)
{
	static const int statuses[] = {100, 200, 400, 404, 405, 411, 413, 414, 417,
	500, 501, 503};
	const char *s = text;
	const char *end = text + len;

	while (s < end)
	{
		const char *body = memmem(s, (size_t) (end - s), "\r\n\r\n", 4);
		const char *length;
		const char *type;
		const char *crc;
		size_t		n;
		int			status;
		bool		known = false;

		require(body != NULL);
		body += 4;
		/* evhttp's own answers to bad requests have whatever version those had */
		require(memcmp(s, "HTTP/", 5) == 0);
		if (response_header(s, body, "x-amzn-RequestId") != NULL)
			require(memcmp(s, "HTTP/1.1 ", 9) == 0 || memcmp(s, "HTTP/1.0 ", 9) == 0);
		status = atoi(s + strcspn(s, " \r"));
		for (size_t i = 0; i < lengthof(statuses); i++)
			known = known || status == statuses[i];
		require(known);
		if (status == 100)
		{
			s = body;
			continue;
		}
		length = response_header(s, body, "Content-Length");
		if (length == NULL)
			return;				/* it ends with the connection */
		n = strtoul(length, NULL, 10);
		require(n <= (size_t) (end - body));
		type = response_header(s, body, "Content-Type");
		crc = response_header(s, body, "x-amz-crc32");
		if (crc != NULL)
			require(strtoul(crc, NULL, 10) == crc32(0L, (const Bytef *) body, (uInt) n));
		if (type != NULL && (strncmp(type, "application/json", 16) == 0 ||
							 strncmp(type, "application/x-amz-json", 22) == 0) &&
			response_header(s, body, "Content-Encoding") == NULL)
			require(json_is_valid(body, n));
		s = body + n;
	}
}

/* Receive what is there; false at the end of the connection. */
static bool
receive(int fd, Buffer *received, bool *progress)
{
	ssize_t		n;

	do
	{
		buffer_reserve(received, 65536);
		n = recv(fd, received->data + received->len, 65536, MSG_DONTWAIT);
		if (n > 0)
		{
			received->len += (size_t) n;
			received->data[received->len] = '\0';
			*progress = true;
		}
	} while (n > 0);
	return n < 0 && errno == EAGAIN;
}

/*
 * Connect.  libFuzzer's alarm, which looks for timeouts, is a signal that comes
 * every few seconds and does not restart system calls; a connect() that it
 * interrupts goes on, and poll() tells when it is through.
 */
static void
connect_to_gateway(int fd)
{
	struct pollfd connecting = {.fd = fd, .events = POLLOUT};
	int			error = 0;
	socklen_t	len = sizeof(error);

	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
		return;
	error = errno;
	while (error == EINTR)
	{
		if (poll(&connecting, 1, -1) > 0)
			require(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0);
	}
	if (error != 0)
		dprintf(report_fd, "connect: %s\n", strerror(error));
	require(error == 0);
}

/*
 * One connection.  The first byte says how: bits 0 no-auth, 1 requests wait in
 * the queue, 2 the client does not wait for responses, 3 requests are logged,
 * 4 and 5 in what pieces the bytes are sent.
 */
static void
fuzz_http(Input *in)
{
	static const size_t pieces[] = {1 << 20, 1, 7, 100};
	static uint32_t count;
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct linger reset = {1, 0};
	unsigned char how = take_byte(in);
	size_t		piece = pieces[how >> 4 & 3];
	int			fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	Buffer		received;
	bool		open = true;

	config.no_auth = how & 1;
	config.queue_limit = how & 2 ? 100 : 0;
	config.queue_timeout = 3600;
	config.client_timeout = 30;
	config.log_requests = (how & 8) != 0;
	config.log_level = LOG_INFO;
	config.metrics = true;

	require(fd >= 0);

	/*
	 * Thousands of connections a second: none should stay in TIME_WAIT, and
	 * those that do should not use up the ports.
	 */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (count++ & 0xffff) * 256);
	require(bind(fd, (struct sockaddr *) &from, sizeof(from)) == 0);
	connect_to_gateway(fd);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	pump();
	buffer_init(&received);
	for (int quiet = 0; open && quiet < QUIET_ROUNDS;)
	{
		bool		progress = false;

		/* When nothing else happens, what waits is answered */
		if (quiet == QUIET_ROUNDS - 1)
			pool_abandon();

		if (in->len > 0)
		{
			ssize_t		n = send(fd, in->data, in->len < piece ? in->len : piece,
								 MSG_NOSIGNAL);

			if (n > 0)
			{
				in->data += n;
				in->len -= (size_t) n;
				progress = true;
			}
			else if (n < 0 && errno != EAGAIN)
				in->len = 0;
		}
		if (how & 4 && in->len == 0)
			break;
		pump();
		open = receive(fd, &received, &progress);
		quiet = progress ? 0 : quiet + 1;
	}
	close(fd);
	for (int i = 0; i < 1000 && http_connections() > 0; i++)
		pump();
	pool_abandon();
	require(http_connections() == 0);
	require(http_active() == 0);
	require(pool_queued() == 0);
	require(pool_running() == 0);

	/* Responses to HEAD have no body, whatever their length says */
	if (!(how & 4) && memmem(received.data, received.len, "HEAD", 4) == NULL &&
		open)
		check_responses(received.data, received.len);
	buffer_free(&received);
}

/* ---- signatures ---- */

/*
 * A request as lines: URI, headers as name:value up to an empty line, body; and
 * before it a byte with the second that it is.
 */
static void
fuzz_sigv4(Input *in)
{
	static const unsigned char key[SHA256_BYTES] = "a key";
	SigV4Header headers[64];
	SigV4Request request = {.method = "POST", .headers = headers};
	SigV4Signature signature;
	char	   *lines[64];
	char	   *uri;
	char	   *body;
	char	   *message;
	int			n = 0;
	time_t		now = 1369353600 + (time_t) (take_byte(in) - 128) * 60;

	request.uri = uri = take_until(in, '\n');
	while (n < (int) lengthof(headers) && in->len > 0)
	{
		char	   *colon;

		lines[n] = take_until(in, '\n');
		if (*lines[n] == '\0')
		{
			free(lines[n]);
			break;
		}
		colon = strchr(lines[n], ':');
		headers[n].name = lines[n];
		headers[n].value = colon ? colon + 1 : "";
		if (colon != NULL)
			*colon = '\0';
		n++;
	}
	request.nheaders = n;
	request.body_len = in->len;
	body = take_rest(in);
	request.body = (const unsigned char *) body;

	for (int strict = 0; strict < 2; strict++)
	{
		SigV4Status status = sigv4_parse(&request, strict, &signature, &message);

		require((status == SIGV4_OK) == (message == NULL));
		if (status == SIGV4_OK && strict)
		{
			unsigned char derived[SHA256_BYTES];

			status = sigv4_check_date(&signature, now, &message);
			require((status == SIGV4_OK) == (message == NULL));
			sigv4_signing_key(&signature, "secret", derived);
			sigv4_verify(&request, &signature, key);
			sigv4_verify(&request, &signature, derived);
		}
		free(message);
		sigv4_free(&signature);
	}
	for (int i = 0; i < n; i++)
		free(lines[i]);
	free(uri);
	free(body);
}

/* ---- compression ---- */

static void
fuzz_inflate(Input *in)
{
	Encoding	encoding = take_byte(in) & 1 ? ENCODING_GZIP : ENCODING_DEFLATE;
	char	   *data = take_rest(in);
	Buffer		first;
	Buffer		packed;
	Buffer		again;

	buffer_init(&first);
	if (encoding_inflate(encoding, data, in->len, INFLATE_MAX, &first) == INFLATE_OK)
		require(first.len <= INFLATE_MAX);
	buffer_free(&first);

	/* What has been compressed comes back, and not within a byte less */
	buffer_init(&packed);
	buffer_init(&again);
	encoding_deflate(encoding, data, in->len, &packed);
	require(encoding_inflate(encoding, packed.data, packed.len, in->len, &again) == INFLATE_OK);
	require(again.len == in->len && memcmp(again.data, data, in->len) == 0);
	again.len = 0;
	if (in->len > 0)
		require(encoding_inflate(encoding, packed.data, packed.len, in->len - 1,
								 &again) == INFLATE_TOO_LARGE);
	buffer_free(&packed);
	buffer_free(&again);
	free(data);
}

static void
fuzz_negotiate(Input *in)
{
	char	   *accept = take_until(in, '\n');
	char	   *name = take_until(in, '\n');

	require(encoding_negotiate(accept) != ENCODING_UNKNOWN);
	if (encoding_parse(name) != ENCODING_UNKNOWN)
		encoding_name(encoding_parse(name));
	free(accept);
	free(name);
}

/* ---- errors ---- */

static void
fuzz_errors(Input *in)
{
	char	   *sqlstate = take_until(in, '\n');
	char	   *detail = take_until(in, '\n');
	char	   *message = take_until(in, '\0');
	const Exception *exception = errors_find(sqlstate);
	Buffer		body;

	require(exception->http_status >= 400);
	buffer_init(&body);
	errors_write(&body, exception, *message ? message : NULL, *detail ? detail : NULL);
	require(json_is_valid(body.data, body.len));
	buffer_free(&body);
	free(sqlstate);
	free(detail);
	free(message);
}

/* ---- settings ---- */

static void
fuzz_config(Input *in)
{
	FILE	   *file = fopen(config_path, "w");
	const char *kept;
	char	   *error = NULL;

	require(file != NULL);
	require(fwrite(in->data, 1, in->len, file) == in->len);
	require(fclose(file) == 0);
	if (config_reload(&kept, &error))
		require(config.pool_size >= 1 && config.pool_size <= 1000 &&
				config.pipeline_depth >= 0 && config.queue_timeout >= 1 &&
				*config.database != '\0');
	else
	{
		require(error != NULL);
		free(error);
	}
}

/* ---- the choice of a replica ---- */

static void
fuzz_replica(Input *in)
{
	static const char consistent[] = "\"ConsistentRead\" : true";
	const Operation *get = catalog_find("DynamoDB_20120810.GetItem");
	const Operation *put = catalog_find("DynamoDB_20120810.PutItem");
	char	   *body = take_rest(in);
	char	   *target = take_until(in, '\n');
	size_t		len = in->len + strlen(target);
	Buffer		asking;

	require(get != NULL && put != NULL);
	catalog_find(target);
	catalog_allows_replica(get, body, len);
	require(!catalog_allows_replica(put, body, len));

	/* Whatever stands around it, this asks for the primary */
	buffer_init(&asking);
	buffer_add(&asking, target, strlen(target));
	buffer_add_string(&asking, consistent);
	buffer_add(&asking, in->data, in->len);
	require(!catalog_allows_replica(get, asking.data, asking.len));
	buffer_free(&asking);
	free(target);
	free(body);
}

/* ---- the start ---- */

static const struct
{
	char		name;
	void		(*run) (Input *in);
}			targets[] =
{
	{'H', fuzz_http},
	{'S', fuzz_sigv4},
	{'I', fuzz_inflate},
	{'N', fuzz_negotiate},
	{'J', fuzz_json},
	{'E', fuzz_errors},
	{'C', fuzz_config},
	{'R', fuzz_replica},
};

/* A result of text columns, as the database would give it. */
static PGresult *
make_result(int ncolumns, int nrows, const char *const *values)
{
	PGresult   *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};

	require(PQsetResultAttrs(result, ncolumns, columns));
	for (int i = 0; i < nrows * ncolumns; i++)
		require(PQsetvalue(result, i / ncolumns, i % ncolumns, (char *) values[i],
						   (int) strlen(values[i])));
	return result;
}

static void
load_catalogs(void)
{
	static const char *const operations[] = {"GetItem", "PutItem", "Query", "Scan",
	"UpdateItem", "DescribeTable", "ListTables", "GetRecords"};
	static const char *const exceptions[] = {
		"DY001", "ValidationException", "400",
		"DY002", "ConditionalCheckFailedException", "400",
		"DY003", "SerializationException", "400",
		"DY004", "InternalServerError", "500",
	};
	PGresult   *result = make_result(1, lengthof(operations), operations);

	catalog_load(result);
	PQclear(result);
	result = make_result(3, lengthof(exceptions) / 3, exceptions);
	errors_load(result);
	PQclear(result);
}

/* Start the server on some port that is free, and find its address. */
static void
start_http(void)
{
	char	   *error = NULL;

	free(config.listen);
	config.listen = xstrdup("127.0.0.1:0");
	require(http_start(base, &error));
	for (int fd = 3; fd < 256; fd++)
	{
		int			listens = 0;
		socklen_t	len = sizeof(listens);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens)
		{
			len = sizeof(address);
			require(getsockname(fd, (struct sockaddr *) &address, &len) == 0);
			return;
		}
	}
	require(false);
}

static void
end(void)
{
	unlink(config_path);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char *arguments[] = {"dynamo-gateway", "--database=host=/nonexistent",
	"--pool-size=1", "--config", config_path, NULL};
	bool		done;
	char	   *error;
	int			fd = mkstemp(config_path);

	(void) argc;
	(void) argv;
	report_fd = dup(STDERR_FILENO);
	require(fd >= 0);
	close(fd);
	atexit(end);
	signal(SIGPIPE, SIG_IGN);
	require(config_init((int) lengthof(arguments) - 1, arguments, &done, &error));
	base = event_base_new();
	load_catalogs();
	pool_start(base);
	start_http();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		in = {(const char *) data + 1, size - 1};

	if (size == 0)
		return 0;
	for (size_t i = 0; i < lengthof(targets); i++)
	{
		if ((char) data[0] == targets[i].name)
		{
			targets[i].run(&in);
			return 0;
		}
	}
	targets[data[0] % lengthof(targets)].run(&in);
	return 0;
}
