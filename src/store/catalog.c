/*
 * catalog.c - the per-backend cache of table descriptors, and item tables as
 * the catalog describes them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
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

#include "compat.h"
#include "errors.h"
#include "store/catalog.h"
#include "store/catalog_private.h"

/* Longest name of a DynamoDB table, bytes. */
#define TABLE_NAME_MAX	255

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

/* ---- descriptors ---- */

/* The type that the attribute definitions give a name; false if none. */
static bool
find_key_type(const JsonNode *definitions, const char *name, AttrType *type)
{
	for (uint32 i = 0; i < definitions->len; i++)
	{
		const JsonNode *definition = &definitions->u.elems[i];
		const JsonNode *other = json_get_string(definition, "AttributeName");
		const JsonNode *type_name = json_get_string(definition, "AttributeType");

		if (other && type_name && json_string_is(other, name))
			return attr_type_from_name(type_name->u.str, type_name->len, type) &&
				(*type == ATTR_S || *type == ATTR_N || *type == ATTR_B);
	}
	return false;
}

/*
 * Read a key schema, of a table or an index; without definitions, only the
 * names.  False if it is none: the row may have been written by hand.
 */
static bool
fill_key_schema(KeySchema *key, const Jsonb *key_schema,
				const JsonNode *definitions, MemoryContext context)
{
	const JsonNode *elements = json_node_from_jsonb(key_schema);

	if (elements->kind != JSON_ARRAY ||
		(definitions && definitions->kind != JSON_ARRAY) ||
		elements->len < 1 || elements->len > KEY_MAX_ATTRS)
		return false;
	key->npartition = key->nsort = 0;
	for (uint32 i = 0; i < elements->len; i++)
	{
		KeyAttr    *attr = &key->attrs[i];
		const JsonNode *name = json_get_string(&elements->u.elems[i], "AttributeName");
		const JsonNode *kind = json_get_string(&elements->u.elems[i], "KeyType");

		if (name == NULL || kind == NULL)
			return false;
		attr->name = MemoryContextStrdup(context, json_cstring(name));
		attr->name_len = strlen(attr->name);
		if (definitions &&
			!find_key_type(definitions, attr->name, &attr->type))
			return false;
		if (json_string_is(kind, "RANGE"))
			key->nsort++;
		else if (key->nsort == 0)
			key->npartition++;
		else
			return false;
	}
	return key->npartition > 0;
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

/* Is an index made to be the B-tree of an index column? */
static bool
is_index_btree(Relation index, AttrNumber key_attno)
{
	List	   *predicate;
	NullTest   *test;

	if (index->rd_rel->relam != BTREE_AM_OID ||
		index->rd_index->indnkeyatts != 2 ||
		index->rd_index->indkey.values[0] != key_attno ||
		index->rd_index->indkey.values[1] != ITEM_KEY_ATTNO ||
		index->rd_indoption[0] != 0 || index->rd_indoption[1] != 0)
		return false;
	predicate = RelationGetIndexPredicate(index);
	if (list_length(predicate) != 1 || !IsA(linitial(predicate), NullTest))
		return false;
	test = linitial(predicate);
	return test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var) &&
		((Var *) test->arg)->varattno == key_attno;
}

Oid
catalog_index_btree(Relation rel, AttrNumber key_attno, bool valid)
{
	List	   *oids = RelationGetIndexList(rel);
	Oid			result = InvalidOid;
	ListCell   *lc;

	foreach(lc, oids)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisvalid == valid &&
			is_index_btree(index, key_attno))
			result = lfirst_oid(lc);
		index_close(index, AccessShareLock);
		if (OidIsValid(result))
			break;
	}
	list_free(oids);
	return result;
}

/* Add a name to the attributes that an index projects. */
static void
add_projected(IndexDescriptor *index, const char *name, MemoryContext context)
{
	uint32		len = strlen(name);

	for (int i = 0; i < index->nprojected; i++)
	{
		if (index->projected_lens[i] == len &&
			memcmp(index->projected[i], name, len) == 0)
			return;
	}
	index->projected[index->nprojected] = MemoryContextStrdup(context, name);
	index->projected_lens[index->nprojected++] = len;
}

/* The attributes that an index projects: keys of both, and what it includes. */
static void
fill_projected(IndexDescriptor *index, const KeySchema *table_key,
			   const Jsonb *non_key_attributes, MemoryContext context)
{
	const JsonNode *names = NULL;
	int			max = 2 * KEY_MAX_ATTRS;

	if (index->projection == PROJECT_ALL)
		return;
	if (index->projection == PROJECT_INCLUDE && non_key_attributes)
		names = json_node_from_jsonb(non_key_attributes);
	if (names && names->kind == JSON_ARRAY)
		max += names->len;

	index->projected = MemoryContextAlloc(context, sizeof(char *) * max);
	index->projected_lens = MemoryContextAlloc(context, sizeof(uint32) * max);
	for (int i = 0; i < KEY_NATTRS(&index->key); i++)
		add_projected(index, index->key.attrs[i].name, context);
	for (int i = 0; i < KEY_NATTRS(table_key); i++)
		add_projected(index, table_key->attrs[i].name, context);
	for (uint32 i = 0; names && names->kind == JSON_ARRAY && i < names->len; i++)
	{
		if (names->u.elems[i].kind == JSON_STRING)
			add_projected(index, json_cstring(&names->u.elems[i]), context);
	}
}

/* A catalog row that makes no sense. */
static void
malformed_key_schema(const char *kind, const char *name, const char *catalog)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("the key schema of %s \"%s\" in dynamo.%s is malformed",
					kind, name, catalog)));
}

/* The attribute of the key of TTL_INDEX; false if the row makes no sense. */
static bool
fill_ttl_attribute(KeySchema *key, const Jsonb *key_schema, MemoryContext context)
{
	const JsonNode *elements = json_node_from_jsonb(key_schema);
	const JsonNode *name = NULL;

	if (elements->kind == JSON_ARRAY && elements->len == 1)
		name = json_get_string(&elements->u.elems[0], "AttributeName");
	if (name == NULL)
		return false;
	key->npartition = 1;
	key->attrs[0].name = MemoryContextStrdup(context, json_cstring(name));
	key->attrs[0].name_len = strlen(key->attrs[0].name);
	key->attrs[0].type = ATTR_N;
	return true;
}

static CapacityLimits
capacity_limits(const Throughput *throughput)
{
	CapacityLimits limits = {
		.read_capacity = throughput->read_capacity,
		.write_capacity = throughput->write_capacity,
		.max_read_units = throughput->max_read_units,
		.max_write_units = throughput->max_write_units,
	};

	return limits;
}

/* An index of a table. */
static void
fill_index(IndexDescriptor *index, const TableDescriptor *d,
		   const IndexRow *row, Relation rel, const JsonNode *definitions,
		   MemoryContext context)
{
	index->name = MemoryContextStrdup(context, row->index_name);
	index->global = row->global;
	index->time_to_live = catalog_is_ttl_index(row);
	index->status = row->status;
	index->limits = capacity_limits(&row->throughput);
	index->projection = row->projection;
	index->key_attno = get_attnum(d->relid, row->column_name);
	if (index->key_attno <= ITEM_KEY_ATTNO ||
		index->key_attno == d->item_attno ||
		TupleDescAttr(RelationGetDescr(rel), index->key_attno - 1)->atttypid != BYTEAOID)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("item table \"%s\" has no column \"%s\" of type bytea for index \"%s\"",
						RelationGetRelationName(rel), row->column_name,
						row->index_name)));
	if (index->time_to_live ?
		!fill_ttl_attribute(&index->key, row->key_schema, context) :
		!fill_key_schema(&index->key, row->key_schema, definitions, context))
		malformed_key_schema("index", row->index_name, INDEXES);
	fill_projected(index, &d->key, row->non_key_attributes, context);
	index->index_oid = catalog_index_btree(rel, index->key_attno, true);
}

/* The indexes of a table. */
static void
fill_indexes(TableDescriptor *d, Relation rel, const JsonNode *definitions,
			 MemoryContext context)
{
	List	   *rows = catalog_read_indexes(d->table_name);
	const IndexRow *ttl = catalog_read_index(d->table_name, TTL_INDEX);
	ListCell   *lc;

	if (rows != NIL)
		d->indexes = MemoryContextAllocZero(context,
											sizeof(IndexDescriptor) * list_length(rows));
	foreach(lc, rows)
		fill_index(&d->indexes[d->nindexes++], d, lfirst(lc), rel, definitions,
				   context);
	if (ttl)
	{
		d->ttl = MemoryContextAllocZero(context, sizeof(IndexDescriptor));
		fill_index(d->ttl, d, ttl, rel, definitions, context);
	}
}

const IndexDescriptor *
catalog_find_index(const TableDescriptor *descriptor, const char *name,
				   uint32 name_len)
{
	for (int i = 0; i < descriptor->nindexes; i++)
	{
		const IndexDescriptor *index = &descriptor->indexes[i];

		if (strlen(index->name) == name_len &&
			memcmp(index->name, name, name_len) == 0)
			return index;
	}
	return NULL;
}

/* Make the descriptor of a table, which is open and locked. */
static void
load_descriptor(CacheEntry *entry, Relation rel, const TableRow *row)
{
	MemoryContext context;
	TableDescriptor *d;
	const JsonNode *definitions = json_node_from_jsonb(row->attribute_definitions);

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
	if (!fill_key_schema(&d->key, row->key_schema, definitions, context) ||
		d->key.npartition > 1 || d->key.nsort > 1)
		malformed_key_schema("table", entry->name, TABLES);
	d->billing_mode = row->billing_mode;
	d->limits = capacity_limits(&row->throughput);
	fill_indexes(d, rel, definitions, context);

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

	catalog = catalog_open(TABLES, AccessShareLock, TABLES_RELNAME, &index_oid);
	tuple = catalog_find_by_relation(catalog, index_oid, RelationGetRelationName(rel));
	if (HeapTupleIsValid(tuple))
	{
		TableRow   *row = catalog_row_from_tuple(catalog, tuple);
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

/* Has a relation been dropped by now, whatever snapshot is in use? */
static bool
is_dropped(Oid relid)
{
	Relation	pg_class = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, Anum_pg_class_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(pg_class, ClassOidIndexId, true,
							  GetNonHistoricCatalogSnapshot(RelationRelationId),
							  1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(pg_class, AccessShareLock);
	return !found;
}

bool
catalog_is_tables(Relation rel)
{
	return RelationGetNamespace(rel) == get_namespace_oid(CATALOG_SCHEMA, true) &&
		strcmp(RelationGetRelationName(rel), TABLES) == 0;
}

/*
 * While decoding, Postgres keeps the rows of this catalog as they were.  It
 * does not keep its TOAST table: only columns are looked at that are too short
 * to be stored out of line.  Nor the files that its indexes had before they
 * were built anew: it is read from end to end.  Nor the catalog itself when
 * the extension is dropped.
 */
TableIdentity *
catalog_identify_relation(Relation rel)
{
	Oid			schema = get_namespace_oid(CATALOG_SCHEMA, true);
	Oid			catalog_relid;
	Relation	catalog;
	TupleDesc	desc;
	HeapTuple	tuple;
	TableIdentity *identity = NULL;

	if (!OidIsValid(schema) ||
		RelationGetNamespace(rel) != get_namespace_oid(ITEM_SCHEMA, true))
		return NULL;
	catalog_relid = get_relname_relid(TABLES, schema);
	if (!OidIsValid(catalog_relid))
		return NULL;
	LockRelationOid(catalog_relid, AccessShareLock);
	if (is_dropped(catalog_relid))
	{
		UnlockRelationOid(catalog_relid, AccessShareLock);
		return NULL;
	}

	catalog = table_open(catalog_relid, NoLock);
	desc = RelationGetDescr(catalog);
	tuple = catalog_find_by_relation(catalog, InvalidOid, RelationGetRelationName(rel));
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		key_schema = heap_getattr(tuple, Anum_key_schema, desc, &isnull);
		AttrNumber	attno = get_attnum(RelationGetRelid(rel), ITEM_COLUMN);

		identity = palloc0(sizeof(TableIdentity));
		identity->table_name =
			TextDatumGetCString(heap_getattr(tuple, Anum_table_name, desc, &isnull));
		identity->table_id =
			*DatumGetUUIDP(heap_getattr(tuple, Anum_table_id, desc, &isnull));
		identity->item_attno = attno;
		if (attno < 1 ||
			TupleDescAttr(RelationGetDescr(rel), attno - 1)->atttypid != JSONBOID ||
			!fill_key_schema(&identity->key, DatumGetJsonbPCopy(key_schema), NULL,
							 CurrentMemoryContext))
			identity = NULL;
	}
	table_close(catalog, AccessShareLock);
	return identity;
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

void
catalog_check_owner(const TableRow *row)
{
	Oid			relid = catalog_item_table_oid(row);

	if (!OidIsValid(relid))
		return;
#if PG_VERSION_NUM >= 160000
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
#else
	if (!pg_class_ownercheck(relid, GetUserId()))
#endif
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, row->relation_name);
}
