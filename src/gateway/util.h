/*
 * util.h - memory and time.
 *
 * Memory comes from malloc and is freed by free.  The allocating functions do
 * not return without it: a gateway out of memory ends, and whoever started it
 * starts it again.
 */
#ifndef GATEWAY_UTIL_H
#define GATEWAY_UTIL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define lengthof(array) (sizeof(array) / sizeof((array)[0]))

extern void *xmalloc(size_t size);
extern void *xcalloc(size_t n, size_t size);
extern void *xrealloc(void *p, size_t size);
extern char *xstrdup(const char *s);
extern char *format(const char *fmt,...) __attribute__((format(printf, 1, 2)));

/* Microseconds of a clock that never goes back. */
extern int64_t now_us(void);

#endif							/* GATEWAY_UTIL_H */
