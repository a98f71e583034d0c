/*
 * json.h - the little JSON that the gateway knows itself: whether a text is
 * JSON at all, and how to write a string.
 */
#ifndef GATEWAY_JSON_H
#define GATEWAY_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that json_escape_char writes at most. */
#define JSON_ESCAPE_MAX	6

/*
 * Write the first character of a string, which is not empty, as JSON wants it
 * and move on to the next one; returns the number of bytes.  Bytes that are not
 * UTF-8 are taken for Latin-1, as those of HTTP headers are.
 */
extern size_t json_escape_char(const char **s, char *out);

/* Is a text well-formed JSON?  Of any depth, in constant memory a level. */
extern bool json_is_valid(const char *text, size_t len);

#endif							/* GATEWAY_JSON_H */
