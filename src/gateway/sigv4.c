/*
 * sigv4.c - AWS Signature Version 4.
 *
 * The messages and the order of the checks are those of the service, as far as
 * they are known.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "buffer.h"
#include "sigv4.h"
#include "util.h"

#define ALGORITHM	"AWS4-HMAC-SHA256"
#define TERMINATOR	"aws4_request"
#define SERVICE		"dynamodb"
#define TIMESTAMP_LEN	16		/* 20130524T000000Z */

/* Longest validity of a presigned request: seven days. */
#define EXPIRES_MAX	604800

/* ---- digests ---- */

/*
 * Algorithms are looked up once, and contexts used again: OpenSSL takes longer
 * for either than for the digest of a small request.
 */
static void
sha256(const void *data, size_t len, unsigned char *digest)
{
	static EVP_MD_CTX *ctx = NULL;

	if (ctx == NULL)
	{
		EVP_MD	   *md = EVP_MD_fetch(NULL, "SHA256", NULL);

		ctx = EVP_MD_CTX_new();
		if (ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
			abort();
		EVP_MD_free(md);
	}
	if (EVP_DigestInit_ex2(ctx, NULL, NULL) != 1 ||
		EVP_DigestUpdate(ctx, data, len) != 1 ||
		EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
		abort();
}

static void
hmac(const void *key, size_t key_len, const void *data, size_t len,
	 unsigned char *mac)
{
	static EVP_MAC_CTX *ctx = NULL;
	size_t		mac_len;

	if (ctx == NULL)
	{
		EVP_MAC    *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
		OSSL_PARAM	params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
			OSSL_PARAM_construct_end()
		};

		ctx = EVP_MAC_CTX_new(algorithm);
		if (ctx == NULL || EVP_MAC_CTX_set_params(ctx, params) != 1)
			abort();
		EVP_MAC_free(algorithm);
	}
	if (EVP_MAC_init(ctx, key, key_len, NULL) != 1 ||
		EVP_MAC_update(ctx, data, len) != 1 ||
		EVP_MAC_final(ctx, mac, &mac_len, SHA256_BYTES) != 1)
		abort();
}

/* Bytes as lower-case hexadecimal, NUL-terminated. */
static void
to_hex(const unsigned char *bytes, size_t n, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++)
	{
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

/* ---- the query string ---- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Percent-decode. */
static void
uri_decode(const char *s, size_t len, Buffer *out)
{
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '%' && i + 2 < len &&
			hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0)
		{
			buffer_add_char(out, (char) (hex_value(s[i + 1]) * 16 + hex_value(s[i + 2])));
			i += 2;
		}
		else
			buffer_add_char(out, s[i]);
	}
}

/* Percent-encode all but unreserved characters, and '/' where it is kept. */
static void
uri_encode(const char *s, size_t len, bool keep_slash, Buffer *out)
{
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
			c == '~' || (c == '/' && keep_slash))
			buffer_add_char(out, (char) c);
		else
			buffer_printf(out, "%%%02X", c);
	}
}

typedef struct Parameter
{
	char	   *name;			/* decoded */
	char	   *value;
} Parameter;

typedef struct Parameters
{
	Parameter  *list;
	int			n;
} Parameters;

static char *
decoded(const char *s, size_t len)
{
	Buffer		out;

	buffer_init(&out);
	uri_decode(s, len, &out);
	return out.data;
}

/* The parameters of a URI's query. */
static Parameters
parse_query(const char *uri)
{
	Parameters	params = {NULL, 0};
	const char *s = strchr(uri, '?');

	while (s != NULL)
	{
		const char *start = s + 1;
		size_t		len = strcspn(start, "&");
		const char *equals = memchr(start, '=', len);
		size_t		name_len = equals ? (size_t) (equals - start) : len;

		s = start[len] == '&' ? start + len : NULL;
		if (len == 0)
			continue;
		params.list = xrealloc(params.list,
							   ((size_t) params.n + 1) * sizeof(Parameter));
		params.list[params.n].name = decoded(start, name_len);
		params.list[params.n].value = equals ?
			decoded(equals + 1, len - name_len - 1) : xstrdup("");
		params.n++;
	}
	return params;
}

static void
free_parameters(Parameters *params)
{
	for (int i = 0; i < params->n; i++)
	{
		free(params->list[i].name);
		free(params->list[i].value);
	}
	free(params->list);
}

/* The value of a parameter; NULL if it is not there. */
static const char *
find_parameter(const Parameters *params, const char *name)
{
	for (int i = 0; i < params->n; i++)
	{
		if (strcmp(params->list[i].name, name) == 0)
			return params->list[i].value;
	}
	return NULL;
}

/* ---- taking a signature apart ---- */

/* The first header of a name, in any case; NULL if there is none. */
static const char *
find_header(const SigV4Request *request, const char *name)
{
	for (int i = 0; i < request->nheaders; i++)
	{
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

/*
 * The value of `name=value` among the parts of an Authorization header, which
 * commas, spaces or both separate.  The last one counts.
 */
static char *
authorization_part(const char *header, const char *name)
{
	size_t		name_len = strlen(name);
	char	   *value = NULL;
	const char *s = header + strcspn(header, ", ");

	while (*(s += strspn(s, ", \t")) != '\0')
	{
		size_t		len = strcspn(s, ", \t");

		if (len > name_len && strncmp(s, name, name_len) == 0 && s[name_len] == '=')
		{
			free(value);
			value = strndup(s + name_len + 1, len - name_len - 1);
		}
		s += len;
	}
	return value;
}

static bool
missing(const char *value)
{
	return value == NULL || *value == '\0';
}

/* A date as YYYYMMDDTHHMMSSZ: as it is, or from an HTTP date; else NULL. */
static char *
read_timestamp(const char *s)
{
	struct tm	tm = {0};
	const char *end;
	char		text[TIMESTAMP_LEN + 1];

	if (strlen(s) == TIMESTAMP_LEN)
	{
		end = strptime(s, "%Y%m%dT%H%M%SZ", &tm);
		if (end != NULL && *end == '\0' && strspn(s, "0123456789TZ") == TIMESTAMP_LEN)
			return xstrdup(s);
	}
	memset(&tm, 0, sizeof(tm));
	end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0' ||
		strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm) != TIMESTAMP_LEN)
		return NULL;
	return xstrdup(text);
}

/* Split the credential into its five parts. */
static bool
split_credential(const char *credential, SigV4Signature *signature)
{
	char	  **parts[] = {&signature->access_key_id, &signature->date,
	&signature->region, &signature->service, &signature->terminator};
	const char *s = credential;

	for (size_t i = 0; i < lengthof(parts); i++)
	{
		size_t		len = strcspn(s, "/");

		*parts[i] = strndup(s, len);
		s += len;
		if (i + 1 < lengthof(parts) ? *s++ != '/' : *s != '\0')
			return false;
	}
	return true;
}

/* Is a name in the list of signed headers? */
static bool
is_signed(const char *signed_headers, const char *name)
{
	size_t		name_len = strlen(name);

	for (const char *s = signed_headers;; s++)
	{
		size_t		len = strcspn(s, ";");

		if (len == name_len && strncasecmp(s, name, len) == 0)
			return true;
		s += len;
		if (*s == '\0')
			return false;
	}
}

/* What is wrong with the scope and the headers, beyond their being there. */
static SigV4Status
check_scope(const SigV4Request *request, const SigV4Signature *signature,
			const char *credential, bool five_parts, char **message)
{
	Buffer		text;

	if (!five_parts)
	{
		*message = format("Credential must have exactly 5 slash-delimited elements, "
						  "e.g. keyid/date/region/service/term, got '%s'", credential);
		return SIGV4_INCOMPLETE;
	}
	if (signature->timestamp == NULL)
	{
		*message = format("Date must be in ISO-8601 'basic format'. Got '%s'. "
						  "See http://en.wikipedia.org/wiki/ISO_8601",
						  signature->given_date);
		return SIGV4_INCOMPLETE;
	}

	buffer_init(&text);
	if (strcmp(signature->service, SERVICE) != 0)
		buffer_add_string(&text, "Credential should be scoped to correct service: '"
						  SERVICE "'. ");
	if (strcmp(signature->terminator, TERMINATOR) != 0)
		buffer_printf(&text, "Credential should be scoped with a valid terminator: '"
					  TERMINATOR "', not '%s'. ", signature->terminator);
	if (strncmp(signature->timestamp, signature->date, 8) != 0 ||
		strlen(signature->date) != 8)
		buffer_printf(&text, "Date in Credential scope does not match YYYYMMDD from "
					  "ISO-8601 version of date from HTTP: '%s' != '%.8s', from '%s'. ",
					  signature->date, signature->timestamp, signature->timestamp);
	if (!is_signed(signature->signed_headers, "host"))
		buffer_add_string(&text, "'Host' or ':authority' must be a 'SignedHeader' "
						  "in the AWS Authorization. ");
	if (find_header(request, "x-amz-target") != NULL &&
		!is_signed(signature->signed_headers, "x-amz-target"))
		buffer_add_string(&text, "'X-Amz-Target' must be a 'SignedHeader' "
						  "in the AWS Authorization. ");
	if (text.len == 0)
	{
		buffer_free(&text);
		return SIGV4_OK;
	}
	text.data[text.len - 1] = '\0';
	*message = text.data;
	return SIGV4_INVALID;
}

/* The parts of a presigned request. */
static SigV4Status
parse_presigned(const Parameters *params, SigV4Signature *signature,
				char **credential, char **message)
{
	static const char *const names[] = {"X-Amz-Algorithm", "X-Amz-Credential",
	"X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"};
	const char *expires = find_parameter(params, "X-Amz-Expires");
	Buffer		text;

	buffer_init(&text);
	for (size_t i = 0; i < lengthof(names); i++)
	{
		if (missing(find_parameter(params, names[i])))
			buffer_printf(&text, "AWS query-string parameters must include '%s'. ",
						  names[i]);
	}
	if (text.len > 0)
	{
		buffer_add_string(&text, "Re-examine the query-string parameters.");
		*message = text.data;
		return SIGV4_INCOMPLETE;
	}
	buffer_free(&text);

	*credential = xstrdup(find_parameter(params, "X-Amz-Credential"));
	signature->signature = xstrdup(find_parameter(params, "X-Amz-Signature"));
	signature->signed_headers = xstrdup(find_parameter(params, "X-Amz-SignedHeaders"));
	signature->given_date = xstrdup(find_parameter(params, "X-Amz-Date"));
	signature->in_query = true;
	signature->expires = expires ? strtol(expires, NULL, 10) : SIGV4_SKEW;
	if (signature->expires < 0 || signature->expires > EXPIRES_MAX)
		signature->expires = EXPIRES_MAX;
	return SIGV4_OK;
}

/* The parts of an Authorization header. */
static SigV4Status
parse_authorization(const SigV4Request *request, const char *header,
					SigV4Signature *signature, char **credential, char **message)
{
	const char *date = find_header(request, "x-amz-date");
	Buffer		text;

	if (missing(date))
		date = find_header(request, "date");
	*credential = authorization_part(header, "Credential");
	signature->signature = authorization_part(header, "Signature");
	signature->signed_headers = authorization_part(header, "SignedHeaders");

	buffer_init(&text);
	if (missing(*credential))
		buffer_add_string(&text, "Authorization header requires 'Credential' parameter. ");
	if (missing(signature->signature))
		buffer_add_string(&text, "Authorization header requires 'Signature' parameter. ");
	if (missing(signature->signed_headers))
		buffer_add_string(&text, "Authorization header requires 'SignedHeaders' parameter. ");
	if (missing(date))
		buffer_add_string(&text, "Authorization header requires existence of either a "
						  "'X-Amz-Date' or a 'Date' header. ");
	if (text.len > 0)
	{
		buffer_printf(&text, "Authorization=%s", header);
		*message = text.data;
		return SIGV4_INCOMPLETE;
	}
	buffer_free(&text);
	signature->given_date = xstrdup(date);
	return SIGV4_OK;
}

SigV4Status
sigv4_parse(const SigV4Request *request, bool strict,
			SigV4Signature *signature, char **message)
{
	const char *header = find_header(request, "authorization");
	Parameters	params = parse_query(request->uri);
	const char *algorithm = find_parameter(&params, "X-Amz-Algorithm");
	char	   *credential = NULL;
	SigV4Status status;
	bool		five_parts;

	memset(signature, 0, sizeof(*signature));
	*message = NULL;
	if (header != NULL)
		header += strspn(header, " \t");
	if (missing(header) && algorithm == NULL)
	{
		*message = xstrdup("Request is missing Authentication Token");
		status = SIGV4_MISSING_TOKEN;
	}
	else if (!missing(header) && algorithm != NULL)
	{
		*message = xstrdup("Found both 'X-Amz-Algorithm' as a query-string param and "
						   "'Authorization' as HTTP header.");
		status = SIGV4_INVALID;
	}
	else if (!missing(header) && strncmp(header, "AWS4-", 5) != 0)
	{
		*message = xstrdup("Request is missing Authentication Token");
		status = SIGV4_MISSING_TOKEN;
	}
	else if (algorithm != NULL)
		status = parse_presigned(&params, signature, &credential, message);
	else
	{
		status = parse_authorization(request, header, signature, &credential, message);
		algorithm = header;
	}

	if (status == SIGV4_OK)
	{
		five_parts = split_credential(credential, signature);
		signature->timestamp = read_timestamp(signature->given_date);
		if (strict &&
			(strncmp(algorithm, ALGORITHM, strlen(ALGORITHM)) != 0 ||
			 strchr(" ,", algorithm[strlen(ALGORITHM)]) == NULL))
		{
			*message = format("Unsupported AWS 'algorithm': '%.*s' (only "
							  ALGORITHM " for now)",
							  (int) strcspn(algorithm, " ,"), algorithm);
			status = SIGV4_INCOMPLETE;
		}
		else if (strict)
			status = check_scope(request, signature, credential, five_parts, message);
	}
	free(credential);
	free_parameters(&params);
	return status;
}

void
sigv4_free(SigV4Signature *signature)
{
	free(signature->access_key_id);
	free(signature->date);
	free(signature->region);
	free(signature->service);
	free(signature->terminator);
	free(signature->signed_headers);
	free(signature->signature);
	free(signature->timestamp);
	free(signature->given_date);
	memset(signature, 0, sizeof(*signature));
}

/* ---- the date ---- */

static void
print_timestamp(time_t t, char *text)
{
	struct tm	tm;

	gmtime_r(&t, &tm);
	strftime(text, TIMESTAMP_LEN + 1, "%Y%m%dT%H%M%SZ", &tm);
}

SigV4Status
sigv4_check_date(const SigV4Signature *signature, time_t now, char **message)
{
	struct tm	tm = {0};
	time_t		date;
	long		validity = signature->in_query ? signature->expires : SIGV4_SKEW;
	char		bound[64];
	char		clock[TIMESTAMP_LEN + 1];

	strptime(signature->timestamp, "%Y%m%dT%H%M%SZ", &tm);
	date = timegm(&tm);
	print_timestamp(now, clock);
	if (date + validity < now)
	{
		print_timestamp(now - validity, bound);
		*message = format("Signature expired: %s is now earlier than %s (%s - %ld %s.)",
						  signature->timestamp, bound, clock,
						  signature->in_query ? validity : validity / 60,
						  signature->in_query ? "sec" : "min");
		return SIGV4_INVALID;
	}
	if (date > now + SIGV4_SKEW)
	{
		print_timestamp(now + SIGV4_SKEW, bound);
		*message = format("Signature not yet current: %s is still later than %s (%s + %d min.)",
						  signature->timestamp, bound, clock, SIGV4_SKEW / 60);
		return SIGV4_INVALID;
	}
	return SIGV4_OK;
}

/* ---- verification ---- */

/* The path, its segments encoded once more, as all services but S3 do. */
static void
add_canonical_path(Buffer *out, const char *uri)
{
	size_t		len = strcspn(uri, "?");

	if (len == 0)
		buffer_add_char(out, '/');
	else
		uri_encode(uri, len, true, out);
}

static int
compare_parameters(const void *a, const void *b)
{
	const Parameter *left = a;
	const Parameter *right = b;
	int			order = strcmp(left->name, right->name);

	return order != 0 ? order : strcmp(left->value, right->value);
}

/* The query's parameters without the signature, encoded and sorted. */
static void
add_canonical_query(Buffer *out, const char *uri)
{
	Parameters	params = parse_query(uri);
	bool		first = true;

	/* Sorting is by the encoded form, so that is what is compared */
	for (int i = 0; i < params.n; i++)
	{
		char	  **texts[] = {&params.list[i].name, &params.list[i].value};

		for (size_t j = 0; j < lengthof(texts); j++)
		{
			Buffer		encoded;

			buffer_init(&encoded);
			uri_encode(*texts[j], strlen(*texts[j]), false, &encoded);
			free(*texts[j]);
			*texts[j] = encoded.data;
		}
	}
	if (params.n > 1)
		qsort(params.list, (size_t) params.n, sizeof(Parameter), compare_parameters);
	for (int i = 0; i < params.n; i++)
	{
		if (strcmp(params.list[i].name, "X-Amz-Signature") == 0)
			continue;
		if (!first)
			buffer_add_char(out, '&');
		first = false;
		buffer_printf(out, "%s=%s", params.list[i].name, params.list[i].value);
	}
	free_parameters(&params);
}

/* A header's value, trimmed, with runs of spaces as one. */
static void
add_trimmed(Buffer *out, const char *value)
{
	static const char space[] = " \t";

	value += strspn(value, space);
	while (*value != '\0')
	{
		size_t		len = strcspn(value, space);

		buffer_add(out, value, len);
		value += len;
		value += strspn(value, space);
		if (*value != '\0')
			buffer_add_char(out, ' ');
	}
}

/* A name of so many bytes in lower case. */
static void
add_lower(Buffer *out, const char *name, size_t len)
{
	size_t		start = out->len;

	buffer_add(out, name, len);
	for (size_t i = start; i < out->len; i++)
	{
		if (out->data[i] >= 'A' && out->data[i] <= 'Z')
			out->data[i] = (char) (out->data[i] + ('a' - 'A'));
	}
}

/* The signed headers, one a line; several of one name joined by commas. */
static void
add_canonical_headers(Buffer *out, const SigV4Request *request,
					  const char *signed_headers)
{
	for (const char *s = signed_headers;; s++)
	{
		size_t		len = strcspn(s, ";");
		bool		first = true;

		add_lower(out, s, len);
		buffer_add_char(out, ':');
		for (int i = 0; i < request->nheaders; i++)
		{
			const SigV4Header *header = &request->headers[i];

			if (strncasecmp(header->name, s, len) != 0 || header->name[len] != '\0')
				continue;
			if (!first)
				buffer_add_char(out, ',');
			first = false;
			add_trimmed(out, header->value);
		}
		buffer_add_char(out, '\n');
		s += len;
		if (*s == '\0')
			return;
	}
}

void
sigv4_signing_key(const SigV4Signature *signature, const char *secret,
				  unsigned char *key)
{
	char	   *start = format("AWS4%s", secret);

	hmac(start, strlen(start), signature->date, strlen(signature->date), key);
	hmac(key, SHA256_BYTES, signature->region, strlen(signature->region), key);
	hmac(key, SHA256_BYTES, signature->service, strlen(signature->service), key);
	hmac(key, SHA256_BYTES, TERMINATOR, strlen(TERMINATOR), key);
	OPENSSL_cleanse(start, strlen(start));
	free(start);
}

bool
sigv4_verify(const SigV4Request *request, const SigV4Signature *signature,
			 const unsigned char *key)
{
	Buffer		text;
	unsigned char digest[SHA256_BYTES];
	char		hex[2 * SHA256_BYTES + 1];

	/* The canonical request */
	buffer_init(&text);
	buffer_add_string(&text, request->method);
	buffer_add_char(&text, '\n');
	add_canonical_path(&text, request->uri);
	buffer_add_char(&text, '\n');
	add_canonical_query(&text, request->uri);
	buffer_add_char(&text, '\n');
	add_canonical_headers(&text, request, signature->signed_headers);
	sha256(request->body, request->body_len, digest);
	to_hex(digest, SHA256_BYTES, hex);
	buffer_add_char(&text, '\n');
	buffer_add_string(&text, signature->signed_headers);
	buffer_add_char(&text, '\n');
	buffer_add_string(&text, hex);

	/* The string to sign */
	sha256(text.data, text.len, digest);
	to_hex(digest, SHA256_BYTES, hex);
	text.len = 0;
	buffer_add_string(&text, ALGORITHM "\n");
	buffer_add_string(&text, signature->timestamp);
	buffer_add_char(&text, '\n');
	buffer_add_string(&text, signature->date);
	buffer_add_char(&text, '/');
	buffer_add_string(&text, signature->region);
	buffer_add_char(&text, '/');
	buffer_add_string(&text, signature->service);
	buffer_add_string(&text, "/" TERMINATOR "\n");
	buffer_add_string(&text, hex);

	hmac(key, SHA256_BYTES, text.data, text.len, digest);
	to_hex(digest, SHA256_BYTES, hex);
	buffer_free(&text);
	return strlen(signature->signature) == 2 * SHA256_BYTES &&
		CRYPTO_memcmp(hex, signature->signature, 2 * SHA256_BYTES) == 0;
}
