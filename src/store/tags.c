/*
 * tags.c - dynamo.tags: the tags of tables.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "store/catalog_table.h"
#include "store/tags.h"

#define TAGS		"tags"
#define TAGS_PKEY	"tags_pkey"

/* Columns of dynamo.tags, in the order of dynamo--1.0.sql. */
enum
{
	Anum_tag_table_name = 1,
	Anum_tag_key,
	Anum_tag_value,
	Natts_tags = Anum_tag_value
};

/* Look for the tags of a table, or the one of a key (NULL: all). */
static int
init_keys(ScanKey keys, const char *table_name, const char *key)
{
	catalog_text_key(&keys[0], Anum_tag_table_name, table_name);
	if (key == NULL)
		return 1;
	catalog_text_key(&keys[1], Anum_tag_key, key);
	return 2;
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(((const Tag *) lfirst(a))->key, ((const Tag *) lfirst(b))->key);
}

List *
tags_read(const char *table_name)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(TAGS, AccessShareLock, TAGS_PKEY, &index_oid);
	ScanKeyData keys[2];
	int			nkeys = init_keys(keys, table_name, NULL);
	SysScanDesc scan = catalog_scan(catalog, index_oid, nkeys, keys);
	HeapTuple	tuple;
	List	   *tags = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Tag		   *tag = palloc(sizeof(Tag));
		Datum		values[Natts_tags];
		bool		nulls[Natts_tags];

		heap_deform_tuple(tuple, RelationGetDescr(catalog), values, nulls);
		tag->key = TextDatumGetCString(values[Anum_tag_key - 1]);
		tag->value = TextDatumGetCString(values[Anum_tag_value - 1]);
		tags = lappend(tags, tag);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	/* The scan has no order where there is no index to be used. */
	list_sort(tags, compare_keys);
	return tags;
}

void
tags_write(const char *table_name, const Tag *tag)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(TAGS, RowExclusiveLock, TAGS_PKEY, &index_oid);
	ScanKeyData keys[2];
	int			nkeys = init_keys(keys, table_name, tag->key);
	Datum		values[Natts_tags];
	bool		nulls[Natts_tags] = {0};

	values[Anum_tag_table_name - 1] = CStringGetTextDatum(table_name);
	values[Anum_tag_key - 1] = CStringGetTextDatum(tag->key);
	values[Anum_tag_value - 1] = CStringGetTextDatum(tag->value);
	catalog_put(catalog, catalog_find(catalog, index_oid, nkeys, keys),
				values, nulls);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

void
tags_delete(const char *table_name, const char *key)
{
	ScanKeyData keys[2];
	int			nkeys = init_keys(keys, table_name, key);

	catalog_delete(TAGS, TAGS_PKEY, nkeys, keys);
}
