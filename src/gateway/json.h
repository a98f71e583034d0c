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

/* Write a byte of a string as JSON wants it; returns the number of bytes. */
extern size_t json_escape_char(unsigned char c, char *out);

/* Is a text well-formed JSON?  Of any depth, in constant memory a level. */
extern bool json_is_valid(const char *text, size_t len);

#endif							/* GATEWAY_JSON_H */
