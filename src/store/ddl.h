/*
 * ddl.h - creating and dropping item tables.
 *
 * The SQL is run as the calling user: creating a table needs CREATE on
 * schema dynamo_data, dropping one needs to own it.
 */
#ifndef DYNAMO_DDL_H
#define DYNAMO_DDL_H

#include "store/catalog.h"

/*
 * Create the item table of a row (whose relation_name is filled in here) and
 * the row itself.  Raises ResourceInUseException if the name is taken.
 */
extern void ddl_create_table(TableRow *row);

/* Drop the item table; the event trigger removes the row. */
extern void ddl_drop_table(const TableRow *row);

#endif							/* DYNAMO_DDL_H */
