/*
 * ddl.h - creating and dropping item tables and their indexes.
 *
 * The SQL is run as the calling user: creating a table needs CREATE on
 * schema dynamo_data, dropping or altering one needs to own it.
 */
#ifndef DYNAMO_DDL_H
#define DYNAMO_DDL_H

#include "store/catalog.h"

/* Raises if the caller may not create item tables. */
extern void ddl_check_create(void);

/*
 * Create the item table of a row (whose relation_name is filled in here) and
 * the row itself, with its indexes (IndexRow *; their table_name, position,
 * column_name and status are filled in here).  Raises ResourceInUseException
 * if the name is taken.
 */
extern void ddl_create_table(TableRow *row, List *indexes);

/*
 * Add an index to a table that may hold items: its column and its row, status
 * CREATING (index_build.h does the rest).  Writes of the table maintain the
 * column as soon as the transaction commits.
 */
extern void ddl_add_index(const TableRow *table, IndexRow *index);

/* Drop an index: its column with the B-tree on it, and its row. */
extern void ddl_drop_index(const TableRow *table, const IndexRow *index);

/* CREATE INDEX statement for the B-tree of an index.  palloc'd. */
extern char *ddl_index_statement(const char *relation_name,
								 const char *column_name, bool concurrently);

/*
 * Have the WAL tell what the table's items were before they are changed, for
 * a stream, or no more.  Locks the table against everybody else.
 */
extern void ddl_log_old_items(const TableRow *table, bool enable);

/* Drop the item table; the event trigger removes the row. */
extern void ddl_drop_table(const TableRow *row);

#endif							/* DYNAMO_DDL_H */
