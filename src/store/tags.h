/*
 * tags.h - dynamo.tags: the tags of tables.
 *
 * Keys and values are UTF-8 without U+0000.  Rows are written on the caller's
 * behalf, like those of dynamo.tables, and go with them.
 */
#ifndef DYNAMO_TAGS_H
#define DYNAMO_TAGS_H

#include "nodes/pg_list.h"

typedef struct Tag
{
	char	   *key;
	char	   *value;
} Tag;

/* The tags of a table, Tag *, in byte order of their keys.  palloc'd. */
extern List *tags_read(const char *table_name);

/* Insert a tag, or overwrite the one of the same key. */
extern void tags_write(const char *table_name, const Tag *tag);

/* Delete a tag, if there is one of this key, or all of them (NULL). */
extern void tags_delete(const char *table_name, const char *key);

#endif							/* DYNAMO_TAGS_H */
