/*
 * buffer.h - a growing string of bytes, NUL-terminated after its end.
 */
#ifndef GATEWAY_BUFFER_H
#define GATEWAY_BUFFER_H

#include <stddef.h>

typedef struct Buffer
{
	char	   *data;
	size_t		len;
	size_t		size;
} Buffer;

extern void buffer_init(Buffer *buf);
extern void buffer_reserve(Buffer *buf, size_t more);
extern void buffer_add(Buffer *buf, const void *data, size_t len);
extern void buffer_add_string(Buffer *buf, const char *s);
extern void buffer_add_char(Buffer *buf, char c);
extern void buffer_printf(Buffer *buf, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));
extern void buffer_free(Buffer *buf);

#endif							/* GATEWAY_BUFFER_H */
