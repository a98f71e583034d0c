/*
 * buffer.c - a growing string of bytes.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "util.h"

void
buffer_init(Buffer *buf)
{
	buf->size = 1024;
	buf->data = xmalloc(buf->size);
	buf->len = 0;
	buf->data[0] = '\0';
}

/* Make room for so many bytes more, and the NUL. */
void
buffer_reserve(Buffer *buf, size_t more)
{
	if (buf->size - buf->len > more)
		return;
	while (buf->size - buf->len <= more)
		buf->size *= 2;
	buf->data = xrealloc(buf->data, buf->size);
}

void
buffer_add(Buffer *buf, const void *data, size_t len)
{
	buffer_reserve(buf, len);
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buffer_add_string(Buffer *buf, const char *s)
{
	buffer_add(buf, s, strlen(s));
}

void
buffer_add_char(Buffer *buf, char c)
{
	buffer_add(buf, &c, 1);
}

void
buffer_printf(Buffer *buf, const char *fmt,...)
{
	va_list		args;
	int			len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return;
	buffer_reserve(buf, (size_t) len);
	va_start(args, fmt);
	vsnprintf(buf->data + buf->len, (size_t) len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t) len;
}

void
buffer_free(Buffer *buf)
{
	free(buf->data);
	buf->data = NULL;
	buf->len = buf->size = 0;
}
