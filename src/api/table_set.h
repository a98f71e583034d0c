/*
 * table_set.h - the tables of a request, each opened once.
 *
 * Announce every use first, then open: a table is opened with the strongest
 * lock and checked for all the privileges that its uses take, before anything
 * is done to any table.
 */
#ifndef DYNAMO_TABLE_SET_H
#define DYNAMO_TABLE_SET_H

#include "model/json.h"
#include "nodes/parsenodes.h"
#include "store/catalog.h"

typedef struct TableUse
{
	const JsonNode *name;
	LOCKMODE	lockmode;
	AclMode		privileges;

	/* from table_set_open() to table_set_close() */
	Relation	rel;
	const TableDescriptor *descriptor;
} TableUse;

typedef struct TableSet
{
	int			ntables;
	TableUse   *tables;			/* in the order of their first use */
} TableSet;

/* An empty set with room for as many tables as are going to be announced. */
extern void table_set_init(TableSet *set, int max_tables);

/* Announce a use of a table.  The result stays where it is. */
extern TableUse *table_set_add(TableSet *set, const JsonNode *name,
							   LOCKMODE lockmode, AclMode privileges);

/* Open all tables: ResourceNotFoundException for the first that is missing. */
extern void table_set_open(TableSet *set);
extern void table_set_close(TableSet *set);

#endif							/* DYNAMO_TABLE_SET_H */
