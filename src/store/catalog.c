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
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
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

#include "compat.h"
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
	Oid			relid;
	bool		valid;			/* not invalidated since it was loaded */
	TableDescriptor *descriptor;	/* NULL: not loaded */
	MemoryContext context;		/* of the descriptor */
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
		if (relid == InvalidOid || entry->relid == relid)
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

/* The relation dynamo.tables. */
static Oid
catalog_oid(Oid schema)
{
	Oid			relid = get_relname_relid("tables", schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"dynamo.tables\" does not exist"),
				 errhint("Is the extension dynamo created in this database?")));
	return relid;
}

/* Open dynamo.tables, and tell the index that is wanted of it. */
static Relation
open_catalog(LOCKMODE lockmode, const char *index_name, Oid *index_oid)
{
	Oid			schema = get_namespace_oid(CATALOG_SCHEMA, false);

	*index_oid = get_relname_relid(index_name, schema);
	return table_open(catalog_oid(schema), lockmode);
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

/*
 * Find a row by table name or by relation name; copies the tuple.  The
 * catalog is read as of now, like Postgres's own, not as of the transaction's
 * snapshot: the item tables themselves come and go that way.
 */
static HeapTuple
find_tuple(Relation catalog, Oid index_oid, AttrNumber attnum, Datum value,
		   RegProcedure equal, Oid collation)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, equal, value);
	key.sk_collation = collation;
	scan = systable_beginscan(catalog, index_oid, OidIsValid(index_oid),
							  NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
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

Oid
catalog_item_table_oid(const TableRow *row)
{
	if (row == NULL)
		return InvalidOid;
	return get_relname_relid(row->relation_name,
							 get_namespace_oid(ITEM_SCHEMA, false));
}

List *
catalog_list_tables(const char *start, int limit)
{
	Oid			index_oid;
	Relation	catalog = open_catalog(AccessShareLock, TABLES_PKEY, &index_oid);
	Relation	index = index_open(index_oid, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *names = NIL;

	ScanKeyInit(&key, Anum_table_name, BTGreaterStrategyNumber, F_TEXT_GT,
				CStringGetTextDatum(start ? start : ""));
	key.sk_collation = C_COLLATION_OID;
	scan = systable_beginscan_ordered(catalog, index, NULL, 1, &key);
	while (list_length(names) < limit &&
		   HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		bool		isnull;
		Datum		name = heap_getattr(tuple, Anum_table_name,
										RelationGetDescr(catalog), &isnull);

		names = lappend(names, TextDatumGetCString(name));
	}
	systable_endscan_ordered(scan);
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
	LockDatabaseObject(catalog_oid(get_namespace_oid(CATALOG_SCHEMA, false)),
					   hash_bytes((const unsigned char *) table_name,
								  strlen(table_name)),
					   0, ExclusiveLock);
}

/* ---- descriptors ---- */

/* A member that is a string, or NULL. */
static const JsonNode *
string_member(const JsonNode *node, const char *name)
{
	const JsonNode *member = json_get(node, name);

	return member && member->kind == JSON_STRING ? member : NULL;
}

/*
 * Read the key schema of a row.  False if it is none: the row may have been
 * written by hand.
 */
static bool
fill_key_schema(KeySchema *key, const TableRow *row, MemoryContext context)
{
	JsonNode   *elements = json_node_from_jsonb(row->key_schema);
	JsonNode   *definitions = json_node_from_jsonb(row->attribute_definitions);

	if (elements->kind != JSON_ARRAY || definitions->kind != JSON_ARRAY ||
		elements->len < 1 || elements->len > 2)
		return false;
	key->npartition = 1;
	key->nsort = elements->len - 1;
	for (uint32 i = 0; i < elements->len; i++)
	{
		KeyAttr    *attr = &key->attrs[i];
		const JsonNode *name = string_member(&elements->u.elems[i], "AttributeName");
		bool		found = false;

		if (name == NULL)
			return false;
		attr->name = MemoryContextStrdup(context, json_cstring(name));
		attr->name_len = strlen(attr->name);
		for (uint32 j = 0; j < definitions->len && !found; j++)
		{
			const JsonNode *definition = &definitions->u.elems[j];
			const JsonNode *other = string_member(definition, "AttributeName");
			const JsonNode *type = string_member(definition, "AttributeType");

			found = other && type && json_string_is(other, attr->name) &&
				attr_type_from_name(type->u.str, type->len, &attr->type);
		}
		if (!found || (attr->type != ATTR_S && attr->type != ATTR_N &&
					   attr->type != ATTR_B))
			return false;
	}
	return true;
}

/*
 * The primary key index of an item table, or InvalidOid if the relation is
 * not what the direct path takes it for: a table whose first column holds the
 * key, with just that as its primary key, and the item in column item_attno.
 * Its owner may have altered it.
 */
static Oid
check_item_table(Relation rel, AttrNumber item_attno)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Oid			index_oid;
	Relation	index;
	bool		usable;

	if (rel->rd_rel->relkind != RELKIND_RELATION ||
		item_attno <= ITEM_KEY_ATTNO ||
		TupleDescAttr(desc, ITEM_KEY_ATTNO - 1)->atttypid != BYTEAOID ||
		TupleDescAttr(desc, item_attno - 1)->atttypid != JSONBOID)
		return InvalidOid;
	index_oid = compat_primary_key_index(rel);
	if (!OidIsValid(index_oid))
		return InvalidOid;

	index = index_open(index_oid, AccessShareLock);
	usable = index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_index->indimmediate &&
		index->rd_index->indnkeyatts == 1 &&
		index->rd_index->indkey.values[0] == ITEM_KEY_ATTNO &&
		index->rd_indoption[0] == 0;
	index_close(index, AccessShareLock);
	return usable ? index_oid : InvalidOid;
}

/*
 * Forget what is cached.  It has been handed out: keep it until the end of
 * the transaction.
 */
static void
forget_descriptor(CacheEntry *entry)
{
	if (entry->descriptor)
		MemoryContextSetParent(entry->context, TopTransactionContext);
	entry->descriptor = NULL;
}

/* Make the descriptor of a table, which is open and locked. */
static void
load_descriptor(CacheEntry *entry, Relation rel, const TableRow *row)
{
	MemoryContext context;
	TableDescriptor *d;

	forget_descriptor(entry);
	context = AllocSetContextCreate(CurrentMemoryContext,
									"dynamo table descriptor",
									ALLOCSET_SMALL_SIZES);
	d = MemoryContextAllocZero(context, sizeof(TableDescriptor));

	/* From here on an invalidation of the relation must find the entry. */
	entry->valid = true;
	d->table_name = MemoryContextStrdup(context, entry->name);
	d->relid = RelationGetRelid(rel);
	d->item_attno = get_attnum(d->relid, ITEM_COLUMN);
	d->primary_index = check_item_table(rel, d->item_attno);
	if (!OidIsValid(d->primary_index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" is not a complete item table",
						ITEM_SCHEMA, row->relation_name),
				 errdetail("Its first column must be of type bytea and its primary key, and it must have a column \"%s\" of type jsonb.",
						   ITEM_COLUMN)));
	if (!fill_key_schema(&d->key, row, context))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the key schema of table \"%s\" in dynamo.tables is malformed",
						entry->name)));

	MemoryContextSetParent(context, CacheMemoryContext);
	entry->context = context;
	entry->descriptor = d;
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
			entry->descriptor = NULL;
			entry->relid = InvalidOid;
		}

		/*
		 * Taking the lock processes invalidations.  What is still valid, or
		 * loaded, under the lock does not change as long as that is held;
		 * until then the table may have been dropped and created again.
		 */
		for (;;)
		{
			bool		cached = entry->valid && entry->descriptor;
			Relation	rel;

			CHECK_FOR_INTERRUPTS();
			if (!cached)
			{
				entry->relid = catalog_item_table_oid(catalog_read_row(key));
				if (!OidIsValid(entry->relid))
					break;
			}
			rel = try_relation_open(entry->relid, lockmode);
			if (rel != NULL && !cached)
			{
				TableRow   *row = catalog_read_row(key);

				cached = catalog_item_table_oid(row) == entry->relid;
				if (cached)
					load_descriptor(entry, rel, row);
			}
			else if (rel != NULL)
				cached = entry->valid;

			if (rel != NULL && cached)
			{
				*descriptor = entry->descriptor;
				return rel;
			}
			if (rel != NULL)
				relation_close(rel, lockmode);
			entry->valid = false;
		}

		forget_descriptor(entry);
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

		if (entry && entry->valid && entry->descriptor &&
			entry->relid == RelationGetRelid(rel))
			return entry->descriptor;
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
