/*
 * catalog.c - dynamo.tables, and the per-backend cache of table descriptors.
 *
 * The catalog is an ordinary table, read and written here below the SQL
 * level: rows are written on the caller's behalf after the operation has
 * checked the caller's privileges on the item table.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "errors.h"
#include "store/catalog.h"

#define CATALOG_SCHEMA	"dynamo"

/* Longest name of a DynamoDB table, bytes. */
#define TABLE_NAME_MAX	255

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
	Anum_read_capacity,
	Anum_write_capacity,
	Anum_last_increase,
	Anum_last_decrease,
	Anum_table_class,
	Anum_table_class_since,
	Anum_deletion_protection,
	Natts_tables = Anum_deletion_protection
};

typedef struct CacheEntry
{
	char		name[TABLE_NAME_MAX + 1];	/* hash key */
	bool		valid;
	MemoryContext context;		/* of what the descriptor points to */
	TableDescriptor descriptor;
} CacheEntry;

static HTAB *descriptor_cache = NULL;

/* ---- the cache ---- */

/* Forget the descriptor of a relation, or all of them. */
static void
invalidate_descriptor(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	hash_seq_init(&status, descriptor_cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (relid == InvalidOid || entry->descriptor.relid == relid)
			entry->valid = false;
	}
}

/* Make the cache, once per backend. */
static void
create_descriptor_cache(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(((CacheEntry *) NULL)->name);
	ctl.entrysize = sizeof(CacheEntry);
	ctl.hcxt = AllocSetContextCreate(CacheMemoryContext,
									 "dynamo table descriptors",
									 ALLOCSET_SMALL_SIZES);
	descriptor_cache = hash_create("dynamo table descriptors", 64, &ctl,
								   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(invalidate_descriptor, (Datum) 0);
}

/* ---- reading the catalog ---- */

/* Open dynamo.tables and, optionally, name the index wanted of it. */
static Relation
open_catalog(LOCKMODE lockmode, const char *index_name, Oid *index_oid)
{
	Oid			schema = get_namespace_oid(CATALOG_SCHEMA, false);
	Oid			relid = get_relname_relid("tables", schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"dynamo.tables\" does not exist"),
				 errhint("Is the extension dynamo created in this database?")));
	*index_oid = get_relname_relid(index_name, schema);
	return table_open(relid, lockmode);
}

/*
 * The catalog is read as of now, like Postgres's own, not as of the
 * transaction's snapshot: the item tables themselves come and go that way.
 * Parallel workers must make do with the snapshot they were given.
 */
static Snapshot
catalog_snapshot(void)
{
	return IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot();
}

#define TABLES_PKEY		"tables_pkey"
#define TABLES_RELNAME	"tables_relation_name_key"

static inline TimestampTz
get_timestamp(Datum *values, bool *nulls, int attnum)
{
	return nulls[attnum - 1] ? 0 : DatumGetTimestampTz(values[attnum - 1]);
}

/* A row of dynamo.tables from its tuple. */
static TableRow *
row_from_tuple(Relation catalog, HeapTuple tuple)
{
	TableRow   *row = palloc0(sizeof(TableRow));
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables];
	char	   *mode;

	if (RelationGetDescr(catalog)->natts != Natts_tables)
		elog(ERROR, "dynamo.tables has %d columns, expected %d",
			 RelationGetDescr(catalog)->natts, Natts_tables);
	heap_deform_tuple(tuple, RelationGetDescr(catalog), values, nulls);

	row->table_name = TextDatumGetCString(values[Anum_table_name - 1]);
	row->relation_name = pstrdup(NameStr(*DatumGetName(values[Anum_relation_name - 1])));
	row->table_id = *DatumGetUUIDP(values[Anum_table_id - 1]);
	row->creation_time = get_timestamp(values, nulls, Anum_creation_time);
	row->attribute_definitions = DatumGetJsonbPCopy(values[Anum_attribute_definitions - 1]);
	row->key_schema = DatumGetJsonbPCopy(values[Anum_key_schema - 1]);
	mode = TextDatumGetCString(values[Anum_billing_mode - 1]);
	row->billing_mode = strcmp(mode, "PROVISIONED") == 0 ?
		BILLING_PROVISIONED : BILLING_PAY_PER_REQUEST;
	row->on_demand_since = get_timestamp(values, nulls, Anum_on_demand_since);
	row->read_capacity = DatumGetInt64(values[Anum_read_capacity - 1]);
	row->write_capacity = DatumGetInt64(values[Anum_write_capacity - 1]);
	row->last_increase = get_timestamp(values, nulls, Anum_last_increase);
	row->last_decrease = get_timestamp(values, nulls, Anum_last_decrease);
	if (!nulls[Anum_table_class - 1])
		row->table_class = TextDatumGetCString(values[Anum_table_class - 1]);
	row->table_class_since = get_timestamp(values, nulls, Anum_table_class_since);
	row->deletion_protection = DatumGetBool(values[Anum_deletion_protection - 1]);
	return row;
}

/* Find a row by table name or by relation name; copies the tuple. */
static HeapTuple
find_tuple(Relation catalog, Oid index_oid, AttrNumber attnum, Datum value,
		   RegProcedure equal, Oid collation)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Snapshot	snapshot = RegisterSnapshot(catalog_snapshot());

	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, equal, value);
	key.sk_collation = collation;
	scan = systable_beginscan(catalog, index_oid, OidIsValid(index_oid),
							  snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	return tuple;
}

static HeapTuple
find_by_name(Relation catalog, Oid index_oid, const char *table_name)
{
	return find_tuple(catalog, index_oid, Anum_table_name,
					  CStringGetTextDatum(table_name),
					  F_TEXTEQ, C_COLLATION_OID);
}

static HeapTuple
find_by_relation(Relation catalog, Oid index_oid, const char *relation_name)
{
	NameData	name;

	namestrcpy(&name, relation_name);
	return find_tuple(catalog, index_oid, Anum_relation_name,
					  NameGetDatum(&name), F_NAMEEQ, C_COLLATION_OID);
}

TableRow *
catalog_read_row(const char *table_name)
{
	Oid			index_oid;
	Relation	catalog = open_catalog(AccessShareLock, TABLES_PKEY, &index_oid);
	HeapTuple	tuple = find_by_name(catalog, index_oid, table_name);
	TableRow   *row = NULL;

	if (HeapTupleIsValid(tuple))
		row = row_from_tuple(catalog, tuple);
	table_close(catalog, AccessShareLock);
	return row;
}

List *
catalog_list_tables(const char *start, int limit)
{
	Oid			index_oid;
	Relation	catalog = open_catalog(AccessShareLock, TABLES_PKEY, &index_oid);
	Relation	index = index_open(index_oid, AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(catalog_snapshot());
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *names = NIL;

	ScanKeyInit(&key, Anum_table_name, BTGreaterStrategyNumber, F_TEXT_GT,
				CStringGetTextDatum(start ? start : ""));
	key.sk_collation = C_COLLATION_OID;
	scan = systable_beginscan_ordered(catalog, index, snapshot, 1, &key);
	while (list_length(names) < limit &&
		   HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, Anum_table_name,
										RelationGetDescr(catalog), &isnull);

		names = lappend(names, TextDatumGetCString(name));
	}
	systable_endscan_ordered(scan);
	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(catalog, AccessShareLock);
	return names;
}

/* ---- writing the catalog ---- */

static inline void
set_timestamp(Datum *values, bool *nulls, int attnum, TimestampTz value)
{
	values[attnum - 1] = TimestampTzGetDatum(value);
	nulls[attnum - 1] = (value == 0);
}

void
catalog_write_row(const TableRow *row, bool is_new, Oid relid)
{
	Oid			index_oid;
	Relation	catalog = open_catalog(RowExclusiveLock, TABLES_PKEY, &index_oid);
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables] = {0};
	NameData	relation_name;
	HeapTuple	tuple;

	namestrcpy(&relation_name, row->relation_name);
	values[Anum_table_name - 1] = CStringGetTextDatum(row->table_name);
	values[Anum_relation_name - 1] = NameGetDatum(&relation_name);
	values[Anum_table_id - 1] = UUIDPGetDatum(&row->table_id);
	set_timestamp(values, nulls, Anum_creation_time, row->creation_time);
	values[Anum_attribute_definitions - 1] = JsonbPGetDatum(row->attribute_definitions);
	values[Anum_key_schema - 1] = JsonbPGetDatum(row->key_schema);
	values[Anum_billing_mode - 1] =
		CStringGetTextDatum(row->billing_mode == BILLING_PROVISIONED ?
							"PROVISIONED" : "PAY_PER_REQUEST");
	set_timestamp(values, nulls, Anum_on_demand_since, row->on_demand_since);
	values[Anum_read_capacity - 1] = Int64GetDatum(row->read_capacity);
	values[Anum_write_capacity - 1] = Int64GetDatum(row->write_capacity);
	set_timestamp(values, nulls, Anum_last_increase, row->last_increase);
	set_timestamp(values, nulls, Anum_last_decrease, row->last_decrease);
	if (row->table_class)
		values[Anum_table_class - 1] = CStringGetTextDatum(row->table_class);
	else
		nulls[Anum_table_class - 1] = true;
	set_timestamp(values, nulls, Anum_table_class_since, row->table_class_since);
	values[Anum_deletion_protection - 1] = BoolGetDatum(row->deletion_protection);

	tuple = heap_form_tuple(RelationGetDescr(catalog), values, nulls);
	if (is_new)
		CatalogTupleInsert(catalog, tuple);
	else
	{
		HeapTuple	old = find_by_name(catalog, index_oid, row->table_name);

		if (!HeapTupleIsValid(old))
			elog(ERROR, "table \"%s\" is not in dynamo.tables", row->table_name);
		CatalogTupleUpdate(catalog, &old->t_self, tuple);
	}
	table_close(catalog, RowExclusiveLock);

	CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

void
catalog_delete_relation(const char *relation_name)
{
	Oid			index_oid;
	Relation	catalog = open_catalog(RowExclusiveLock, TABLES_RELNAME, &index_oid);
	HeapTuple	tuple = find_by_relation(catalog, index_oid, relation_name);

	if (HeapTupleIsValid(tuple))
	{
		CatalogTupleDelete(catalog, &tuple->t_self);
		CommandCounterIncrement();
	}
	table_close(catalog, RowExclusiveLock);
}

void
catalog_lock_name(const char *table_name)
{
	Oid			relid = get_relname_relid("tables",
										  get_namespace_oid(CATALOG_SCHEMA, false));

	LockDatabaseObject(relid, hash_bytes((const unsigned char *) table_name,
										 strlen(table_name)),
					   0, ExclusiveLock);
}

/* ---- descriptors ---- */

/* Read the key schema of a row into the cache's memory. */
static void
fill_key_schema(KeySchema *key, const TableRow *row)
{
	JsonNode	elements;
	JsonNode	definitions;

	json_node_from_container(&row->key_schema->root, &elements);
	json_node_from_container(&row->attribute_definitions->root, &definitions);
	key->npartition = 1;
	key->nsort = elements.len - 1;
	for (uint32 i = 0; i < elements.len; i++)
	{
		char	   *name = json_cstring(json_get(&elements.u.elems[i], "AttributeName"));

		key->attrs[i].name = name;
		key->attrs[i].name_len = strlen(name);
		for (uint32 j = 0; j < definitions.len; j++)
		{
			JsonNode   *type = json_get(&definitions.u.elems[j], "AttributeType");

			if (json_string_is(json_get(&definitions.u.elems[j], "AttributeName"), name))
				attr_type_from_name(type->u.str, type->len, &key->attrs[i].type);
		}
	}
}

/* Fill a cache entry from the catalog; false if there is no such table. */
static bool
load_descriptor(CacheEntry *entry)
{
	TableRow   *row = catalog_read_row(entry->name);
	TableDescriptor *d = &entry->descriptor;
	MemoryContext old_context;
	Relation	rel;

	entry->valid = false;
	if (row == NULL)
		return false;

	d->relid = get_relname_relid(row->relation_name,
								 get_namespace_oid(ITEM_SCHEMA, false));
	if (!OidIsValid(d->relid))
		return false;

	/* From here on an invalidation of the relation must find the entry. */
	entry->valid = true;
	rel = try_relation_open(d->relid, AccessShareLock);
	if (rel == NULL)
	{
		entry->valid = false;
		return false;
	}
	RelationGetIndexList(rel);
	d->primary_index = rel->rd_pkindex;
	d->item_attno = get_attnum(d->relid, ITEM_COLUMN);
	relation_close(rel, NoLock);
	if (!OidIsValid(d->primary_index) || d->item_attno == InvalidAttrNumber)
	{
		entry->valid = false;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" is not a complete item table",
						ITEM_SCHEMA, row->relation_name),
				 errdetail("It must have a primary key and a column \"%s\".",
						   ITEM_COLUMN)));
	}

	if (entry->context == NULL)
		entry->context = AllocSetContextCreate(CacheMemoryContext,
											   "dynamo table descriptor",
											   ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(entry->context);
	old_context = MemoryContextSwitchTo(entry->context);
	d->table_name = entry->name;
	fill_key_schema(&d->key, row);
	MemoryContextSwitchTo(old_context);
	return entry->valid;
}

Relation
catalog_open_table(const char *name, uint32 name_len, LOCKMODE lockmode,
				   bool missing_ok, const TableDescriptor **descriptor)
{
	char		key[TABLE_NAME_MAX + 1];
	CacheEntry *entry;
	bool		found;

	if (descriptor_cache == NULL)
		create_descriptor_cache();

	if (name_len > 0 && name_len <= TABLE_NAME_MAX)
	{
		memcpy(key, name, name_len);
		key[name_len] = '\0';
		entry = hash_search(descriptor_cache, key, HASH_ENTER, &found);
		if (!found)
		{
			entry->valid = false;
			entry->context = NULL;
			entry->descriptor.relid = InvalidOid;
		}

		/*
		 * Taking the lock processes invalidations, after which the entry may
		 * have to be loaded again: repeat until it is valid under the lock.
		 */
		for (;;)
		{
			Relation	rel;

			if (!entry->valid && !load_descriptor(entry))
				break;
			rel = try_relation_open(entry->descriptor.relid, lockmode);
			if (rel != NULL && entry->valid)
			{
				*descriptor = &entry->descriptor;
				return rel;
			}
			if (rel != NULL)
				relation_close(rel, lockmode);
			entry->valid = false;
		}

		if (entry->context)
			MemoryContextDelete(entry->context);
		hash_search(descriptor_cache, key, HASH_REMOVE, NULL);
	}

	if (!missing_ok)
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND, "Requested resource not found");
	return NULL;
}

const TableDescriptor *
catalog_describe_relation(Relation rel)
{
	Oid			index_oid;
	Relation	catalog;
	HeapTuple	tuple;
	const TableDescriptor *descriptor = NULL;
	static char last_name[TABLE_NAME_MAX + 1] = "";

	if (RelationGetNamespace(rel) != get_namespace_oid(ITEM_SCHEMA, true))
		return NULL;

	/* Row after row it is the same relation. */
	if (descriptor_cache != NULL && last_name[0] != '\0')
	{
		CacheEntry *entry = hash_search(descriptor_cache, last_name, HASH_FIND, NULL);

		if (entry && entry->valid &&
			entry->descriptor.relid == RelationGetRelid(rel))
			return &entry->descriptor;
	}

	catalog = open_catalog(AccessShareLock, TABLES_RELNAME, &index_oid);
	tuple = find_by_relation(catalog, index_oid, RelationGetRelationName(rel));
	if (HeapTupleIsValid(tuple))
	{
		TableRow   *row = row_from_tuple(catalog, tuple);
		Relation	again = catalog_open_table(row->table_name,
											   strlen(row->table_name),
											   AccessShareLock, true,
											   &descriptor);

		if (again != NULL)
		{
			strlcpy(last_name, row->table_name, sizeof(last_name));
			relation_close(again, NoLock);
		}
	}
	table_close(catalog, AccessShareLock);
	return descriptor;
}

void
catalog_check_access(Relation rel, AclMode mode)
{
	Oid			relid = RelationGetRelid(rel);

	if (pg_class_aclmask(relid, GetUserId(), mode, ACLMASK_ALL) != mode)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
					   RelationGetRelationName(rel));
	if (rel->rd_rel->relrowsecurity &&
		check_enable_rls(relid, InvalidOid, false) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("row-level security of table \"%s\" applies to role \"%s\"",
						RelationGetRelationName(rel),
						GetUserNameFromId(GetUserId(), false)),
				 errdetail("The functions of dynamo cannot honour row-level security policies."),
				 errhint("Read the item table with plain SQL instead.")));
}
