/*
 * catalog_private.h - the catalog's tables, between catalog.c, catalog_rows.c
 * and catalog_table.c.
 */
#ifndef DYNAMO_CATALOG_PRIVATE_H
#define DYNAMO_CATALOG_PRIVATE_H

#include "access/htup.h"
#include "store/catalog.h"

#define CATALOG_SCHEMA	"dynamo"

#define TABLES			"tables"
#define TABLES_PKEY		"tables_pkey"
#define TABLES_RELNAME	"tables_relation_name_key"
#define INDEXES			"indexes"
#define INDEXES_PKEY	"indexes_pkey"

/* Columns that both catalogs have, next to each other, for a Throughput. */
enum
{
	THROUGHPUT_READ,
	THROUGHPUT_WRITE,
	THROUGHPUT_LAST_INCREASE,
	THROUGHPUT_LAST_DECREASE,
	THROUGHPUT_DECREASES,
	THROUGHPUT_MAX_READ,
	THROUGHPUT_MAX_WRITE,
	THROUGHPUT_WARM_READ,
	THROUGHPUT_WARM_WRITE,
	THROUGHPUT_COLUMNS
};

/* Columns of dynamo.tables, in the order of dynamo--1.0.sql. */
enum
{
	Anum_table_name = 1,
	Anum_relation_name,
	Anum_table_id,
	Anum_creation_time,
	Anum_attribute_definitions,
	Anum_key_schema,
	Anum_billing_mode,
	Anum_on_demand_since,
	Anum_on_demand_switches,
	Anum_throughput,
	Anum_table_class = Anum_throughput + THROUGHPUT_COLUMNS,
	Anum_table_class_since,
	Anum_kms_key,
	Anum_deletion_protection,
	Natts_tables = Anum_deletion_protection
};

/* Columns of dynamo.indexes. */
enum
{
	Anum_ix_table_name = 1,
	Anum_ix_index_name,
	Anum_ix_global,
	Anum_ix_position,
	Anum_ix_column_name,
	Anum_ix_key_schema,
	Anum_ix_projection_type,
	Anum_ix_non_key_attributes,
	Anum_ix_throughput,
	Anum_ix_status = Anum_ix_throughput + THROUGHPUT_COLUMNS,
	Anum_ix_filled_to,
	Anum_ix_items_done,
	Anum_ix_items_total,
	Natts_indexes = Anum_ix_items_total
};

/* A relation of the catalog; it must be there. */
extern Oid	catalog_oid(const char *name, Oid schema);

/*
 * The row of an item table by its name; copied.  index_oid: on that column;
 * InvalidOid: the catalog is read from end to end.
 */
extern HeapTuple catalog_find_by_relation(Relation catalog, Oid index_oid,
										  const char *relation_name);
extern TableRow *catalog_row_from_tuple(Relation catalog, HeapTuple tuple);

/* Is it the index on the TTL attribute? */
extern bool catalog_is_ttl_index(const IndexRow *row);

#endif							/* DYNAMO_CATALOG_PRIVATE_H */
