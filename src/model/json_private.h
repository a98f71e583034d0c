/*
 * json_private.h - what the files of JSON trees share.
 */
#ifndef DYNAMO_JSON_PRIVATE_H
#define DYNAMO_JSON_PRIVATE_H

#include "model/json.h"

/* U+10FFFF, the escape character of stored form, in UTF-8 */
#define STORED_ESCAPE			"\xF4\x8F\xBF\xBF"
#define STORED_ESCAPE_LENGTH	4
#define IS_STORED_ESCAPE(p) \
	(memcmp((p), STORED_ESCAPE, STORED_ESCAPE_LENGTH) == 0)

/* Append U+0000 (which = '0') or U+10FFFF ('1') in stored form. */
static inline char *
put_stored_escape(char *out, char which)
{
	memcpy(out, STORED_ESCAPE, STORED_ESCAPE_LENGTH);
	out[STORED_ESCAPE_LENGTH] = which;
	return out + STORED_ESCAPE_LENGTH + 1;
}

/* Room for `capacity` children of `size` bytes; NULL for none. */
extern void *json_allocate_children(size_t capacity, size_t size);

#endif							/* DYNAMO_JSON_PRIVATE_H */
