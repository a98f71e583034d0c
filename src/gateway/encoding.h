/*
 * encoding.h - gzip and deflate: request bodies, and responses.
 */
#ifndef GATEWAY_ENCODING_H
#define GATEWAY_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

typedef enum Encoding
{
	ENCODING_IDENTITY,
	ENCODING_GZIP,
	ENCODING_DEFLATE,
	ENCODING_UNKNOWN
} Encoding;

/* The coding that a Content-Encoding header names; NULL is identity. */
extern Encoding encoding_parse(const char *name);

/* The coding that an Accept-Encoding header prefers; NULL is identity. */
extern Encoding encoding_negotiate(const char *accept);

/* The name of a coding, as in a Content-Encoding header. */
extern const char *encoding_name(Encoding encoding);

typedef enum InflateStatus
{
	INFLATE_OK,
	INFLATE_BAD,				/* not of that coding, or not complete */
	INFLATE_TOO_LARGE			/* more than `limit` bytes */
} InflateStatus;

/* Decompress a body into an initialized buffer; several gzip members are one. */
extern InflateStatus encoding_inflate(Encoding encoding, const void *data, size_t len,
									  size_t limit, Buffer *out);

/* Compress into an initialized buffer. */
extern void encoding_deflate(Encoding encoding, const void *data, size_t len,
							 Buffer *out);

#endif							/* GATEWAY_ENCODING_H */
