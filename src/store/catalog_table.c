/*
 * catalog_table.c - rows of the extension's own tables.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "store/catalog_private.h"
#include "store/catalog_table.h"

Oid
catalog_oid(const char *name, Oid schema)
{
	Oid			relid = get_relname_relid(name, schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"" CATALOG_SCHEMA ".%s\" does not exist", name),
				 errhint("Is the extension dynamo created in this database?")));
	return relid;
}

Relation
catalog_open(const char *name, LOCKMODE lockmode, const char *index_name,
			 Oid *index_oid)
{
	Oid			schema = get_namespace_oid(CATALOG_SCHEMA, false);

	*index_oid = get_relname_relid(index_name, schema);
	return table_open(catalog_oid(name, schema), lockmode);
}

void
catalog_text_key(ScanKey key, AttrNumber attnum, const char *value)
{
	ScanKeyInit(key, attnum, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(value));
}

SysScanDesc
catalog_scan(Relation catalog, Oid index_oid, int nkeys, ScanKey keys)
{
	return systable_beginscan(catalog, index_oid, OidIsValid(index_oid), NULL,
							  nkeys, keys);
}

HeapTuple
catalog_find(Relation catalog, Oid index_oid, int nkeys, ScanKey keys)
{
	SysScanDesc scan = catalog_scan(catalog, index_oid, nkeys, keys);
	HeapTuple	tuple = systable_getnext(scan);

	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

void
catalog_put(Relation catalog, HeapTuple old, Datum *values, bool *nulls)
{
	HeapTuple	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);

	if (HeapTupleIsValid(old))
		CatalogTupleUpdate(catalog, &old->t_self, tuple);
	else
		CatalogTupleInsert(catalog, tuple);
}

void
catalog_delete(const char *name, const char *index_name, int nkeys,
			   ScanKey keys)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(name, RowExclusiveLock, index_name, &index_oid);
	SysScanDesc scan = catalog_scan(catalog, index_oid, nkeys, keys);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		CatalogTupleDelete(catalog, &tuple->t_self);
	systable_endscan(scan);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}
