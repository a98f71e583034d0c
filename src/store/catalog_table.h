/*
 * catalog_table.h - rows of the extension's own tables, read and written below
 * the SQL level.
 *
 * They are read as of now, like Postgres's own catalog, not as of the
 * transaction's snapshot: the item tables themselves come and go that way.
 * Rows are written on behalf of users who cannot see the tables: the caller
 * has checked what they may.
 * Indexes are those that catalog_open() tells of: where there is none
 * (InvalidOid), a table is read from end to end, in no order.
 */
#ifndef DYNAMO_CATALOG_TABLE_H
#define DYNAMO_CATALOG_TABLE_H

#include "access/genam.h"
#include "store/catalog.h"

/* Look for the rows in which a column is this text. */
extern void catalog_text_key(ScanKey key, AttrNumber attnum, const char *value);

/* Begin a scan of the rows that are looked for. */
extern SysScanDesc catalog_scan(Relation catalog, Oid index_oid, int nkeys,
								ScanKey keys);

/* The first of them, copied; NULL if there is none. */
extern HeapTuple catalog_find(Relation catalog, Oid index_oid, int nkeys,
							  ScanKey keys);

/* Insert a row, or overwrite that one; seen after CommandCounterIncrement(). */
extern void catalog_put(Relation catalog, HeapTuple old, Datum *values,
						bool *nulls);

/* Delete the rows that are looked for, of a table that is not open. */
extern void catalog_delete(const char *name, const char *index_name, int nkeys,
						   ScanKey keys);

#endif							/* DYNAMO_CATALOG_TABLE_H */
