/*
 * catalog_rows.c - the rows of dynamo.tables and dynamo.indexes.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "store/catalog.h"
#include "store/catalog_private.h"
#include "store/catalog_table.h"
#include "store/streams.h"
#include "store/tags.h"

static const char *const projection_names[] = {
	[PROJECT_ALL] = "ALL",
	[PROJECT_KEYS_ONLY] = "KEYS_ONLY",
	[PROJECT_INCLUDE] = "INCLUDE",
};

static const char *const status_names[] = {
	[INDEX_CREATING] = "CREATING",
	[INDEX_ACTIVE] = "ACTIVE",
};

/* ---- reading the catalog ---- */

/* The values of a row; the columns must be those that this code knows. */
static void
deform_row(Relation catalog, HeapTuple tuple, int natts, Datum *values,
		   bool *nulls)
{
	if (RelationGetDescr(catalog)->natts != natts)
		elog(ERROR, "%s.%s has %d columns, expected %d", CATALOG_SCHEMA,
			 RelationGetRelationName(catalog),
			 RelationGetDescr(catalog)->natts, natts);
	heap_deform_tuple(tuple, RelationGetDescr(catalog), values, nulls);
}

static inline TimestampTz
get_timestamp(Datum *values, bool *nulls, int attnum)
{
	return nulls[attnum - 1] ? 0 : DatumGetTimestampTz(values[attnum - 1]);
}

static inline char *
get_string(Datum *values, bool *nulls, int attnum)
{
	return nulls[attnum - 1] ? NULL : TextDatumGetCString(values[attnum - 1]);
}

/* Read the columns of a Throughput, of which `first` is the first. */
static void
get_throughput(Throughput *throughput, Datum *values, bool *nulls, int first)
{
	Datum	   *column = &values[first - 1];

	throughput->read_capacity = DatumGetInt64(column[THROUGHPUT_READ]);
	throughput->write_capacity = DatumGetInt64(column[THROUGHPUT_WRITE]);
	throughput->last_increase =
		get_timestamp(values, nulls, first + THROUGHPUT_LAST_INCREASE);
	throughput->last_decrease =
		get_timestamp(values, nulls, first + THROUGHPUT_LAST_DECREASE);
	throughput->decreases = DatumGetInt32(column[THROUGHPUT_DECREASES]);
	throughput->max_read_units = DatumGetInt64(column[THROUGHPUT_MAX_READ]);
	throughput->max_write_units = DatumGetInt64(column[THROUGHPUT_MAX_WRITE]);
	throughput->warm_read_units = DatumGetInt64(column[THROUGHPUT_WARM_READ]);
	throughput->warm_write_units = DatumGetInt64(column[THROUGHPUT_WARM_WRITE]);
}

static void
get_switches(TableRow *row, Datum array)
{
	Datum	   *times;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TIMESTAMPTZOID,
					  sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &times, &nulls, &count);
	for (int i = 0; i < Min(count, ON_DEMAND_SWITCHES_MAX); i++)
		row->switches[i] = nulls[i] ? 0 : DatumGetTimestampTz(times[i]);
}

/* A row of dynamo.tables from its tuple. */
TableRow *
catalog_row_from_tuple(Relation catalog, HeapTuple tuple)
{
	TableRow   *row = palloc0(sizeof(TableRow));
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables];
	char	   *mode;

	deform_row(catalog, tuple, Natts_tables, values, nulls);

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
	get_switches(row, values[Anum_on_demand_switches - 1]);
	get_throughput(&row->throughput, values, nulls, Anum_throughput);
	row->table_class = get_string(values, nulls, Anum_table_class);
	row->table_class_since = get_timestamp(values, nulls, Anum_table_class_since);
	row->kms_key = get_string(values, nulls, Anum_kms_key);
	row->deletion_protection = DatumGetBool(values[Anum_deletion_protection - 1]);
	return row;
}

/* The row of a table, copied; NULL if there is none. */
static HeapTuple
find_by_name(Relation catalog, Oid index_oid, const char *table_name)
{
	ScanKeyData key;

	catalog_text_key(&key, Anum_table_name, table_name);
	return catalog_find(catalog, index_oid, 1, &key);
}

HeapTuple
catalog_find_by_relation(Relation catalog, Oid index_oid, const char *relation_name)
{
	ScanKeyData key;
	NameData	name;

	namestrcpy(&name, relation_name);
	ScanKeyInit(&key, Anum_relation_name, BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&name));
	return catalog_find(catalog, index_oid, 1, &key);
}

TableRow *
catalog_read_row(const char *table_name)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(TABLES, AccessShareLock, TABLES_PKEY, &index_oid);
	HeapTuple	tuple = find_by_name(catalog, index_oid, table_name);
	TableRow   *row = NULL;

	if (HeapTupleIsValid(tuple))
		row = catalog_row_from_tuple(catalog, tuple);
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
	Relation	catalog = catalog_open(TABLES, AccessShareLock, TABLES_PKEY, &index_oid);
	Relation	index = index_open(index_oid, AccessShareLock);
	SysScanDesc scan;
	ScanKeyData key;
	HeapTuple	tuple;
	List	   *names = NIL;

	ScanKeyInit(&key, Anum_table_name, BTGreaterStrategyNumber, F_TEXT_GT,
				CStringGetTextDatum(start ? start : ""));
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

const char *
catalog_projection_name(IndexProjection projection)
{
	return projection_names[projection];
}

const char *
catalog_status_name(IndexStatus status)
{
	return status_names[status];
}

/* A row of dynamo.indexes from its tuple. */
static IndexRow *
index_row_from_tuple(Relation catalog, HeapTuple tuple)
{
	IndexRow   *row = palloc0(sizeof(IndexRow));
	Datum		values[Natts_indexes];
	bool		nulls[Natts_indexes];
	char	   *name;

	deform_row(catalog, tuple, Natts_indexes, values, nulls);
	row->table_name = TextDatumGetCString(values[Anum_ix_table_name - 1]);
	row->index_name = TextDatumGetCString(values[Anum_ix_index_name - 1]);
	row->global = DatumGetBool(values[Anum_ix_global - 1]);
	row->position = DatumGetInt32(values[Anum_ix_position - 1]);
	row->column_name = pstrdup(NameStr(*DatumGetName(values[Anum_ix_column_name - 1])));
	row->key_schema = DatumGetJsonbPCopy(values[Anum_ix_key_schema - 1]);
	name = TextDatumGetCString(values[Anum_ix_projection_type - 1]);
	for (int i = 0; i < lengthof(projection_names); i++)
	{
		if (strcmp(name, projection_names[i]) == 0)
			row->projection = i;
	}
	if (!nulls[Anum_ix_non_key_attributes - 1])
		row->non_key_attributes =
			DatumGetJsonbPCopy(values[Anum_ix_non_key_attributes - 1]);
	get_throughput(&row->throughput, values, nulls, Anum_ix_throughput);
	name = TextDatumGetCString(values[Anum_ix_status - 1]);
	row->status = strcmp(name, status_names[INDEX_ACTIVE]) == 0 ?
		INDEX_ACTIVE : INDEX_CREATING;
	if (!nulls[Anum_ix_filled_to - 1])
		row->filled_to = DatumGetByteaPCopy(values[Anum_ix_filled_to - 1]);
	row->items_done = DatumGetInt64(values[Anum_ix_items_done - 1]);
	row->items_total = DatumGetInt64(values[Anum_ix_items_total - 1]);
	return row;
}

/* The row of an index, copied; NULL if there is none. */
static HeapTuple
find_index(Relation catalog, Oid index_oid, const char *table_name,
		   const char *index_name)
{
	ScanKeyData keys[2];

	catalog_text_key(&keys[0], Anum_ix_table_name, table_name);
	catalog_text_key(&keys[1], Anum_ix_index_name, index_name);
	return catalog_find(catalog, index_oid, 2, keys);
}

bool
catalog_is_ttl_index(const IndexRow *row)
{
	return strcmp(row->index_name, TTL_INDEX) == 0;
}

static int
compare_positions(const ListCell *a, const ListCell *b)
{
	const IndexRow *row_a = lfirst(a);
	const IndexRow *row_b = lfirst(b);

	return row_a->position - row_b->position;
}

List *
catalog_read_indexes(const char *table_name)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(INDEXES, AccessShareLock, INDEXES_PKEY, &index_oid);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *rows = NIL;

	catalog_text_key(&key, Anum_ix_table_name, table_name);
	scan = catalog_scan(catalog, index_oid, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		IndexRow   *row = index_row_from_tuple(catalog, tuple);

		if (!catalog_is_ttl_index(row))
			rows = lappend(rows, row);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(rows, compare_positions);
	return rows;
}

IndexRow *
catalog_read_index(const char *table_name, const char *index_name)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(INDEXES, AccessShareLock, INDEXES_PKEY, &index_oid);
	HeapTuple	tuple = find_index(catalog, index_oid, table_name, index_name);
	IndexRow   *row = NULL;

	if (HeapTupleIsValid(tuple))
		row = index_row_from_tuple(catalog, tuple);
	table_close(catalog, AccessShareLock);
	return row;
}

static bool
is_pending(const IndexRow *row)
{
	return row->status == INDEX_CREATING;
}

/* The rows of all tables that are wanted. */
static List *
filter_indexes(bool (*wanted) (const IndexRow *row))
{
	Oid			index_oid;
	Relation	catalog = catalog_open(INDEXES, AccessShareLock, INDEXES_PKEY, &index_oid);
	SysScanDesc scan = catalog_scan(catalog, InvalidOid, 0, NULL);
	HeapTuple	tuple;
	List	   *rows = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		IndexRow   *row = index_row_from_tuple(catalog, tuple);

		if (wanted(row))
			rows = lappend(rows, row);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return rows;
}

List *
catalog_pending_indexes(void)
{
	return filter_indexes(is_pending);
}

List *
catalog_ttl_indexes(void)
{
	return filter_indexes(catalog_is_ttl_index);
}

/* ---- writing the catalog ---- */

static inline void
set_timestamp(Datum *values, bool *nulls, int attnum, TimestampTz value)
{
	values[attnum - 1] = TimestampTzGetDatum(value);
	nulls[attnum - 1] = (value == 0);
}

static inline void
set_string(Datum *values, bool *nulls, int attnum, const char *value)
{
	values[attnum - 1] = value ? CStringGetTextDatum(value) : (Datum) 0;
	nulls[attnum - 1] = (value == NULL);
}

/* Inverse of get_throughput(). */
static void
set_throughput(Datum *values, bool *nulls, int first,
			   const Throughput *throughput)
{
	Datum	   *column = &values[first - 1];

	column[THROUGHPUT_READ] = Int64GetDatum(throughput->read_capacity);
	column[THROUGHPUT_WRITE] = Int64GetDatum(throughput->write_capacity);
	set_timestamp(values, nulls, first + THROUGHPUT_LAST_INCREASE,
				  throughput->last_increase);
	set_timestamp(values, nulls, first + THROUGHPUT_LAST_DECREASE,
				  throughput->last_decrease);
	column[THROUGHPUT_DECREASES] = Int32GetDatum(throughput->decreases);
	column[THROUGHPUT_MAX_READ] = Int64GetDatum(throughput->max_read_units);
	column[THROUGHPUT_MAX_WRITE] = Int64GetDatum(throughput->max_write_units);
	column[THROUGHPUT_WARM_READ] = Int64GetDatum(throughput->warm_read_units);
	column[THROUGHPUT_WARM_WRITE] = Int64GetDatum(throughput->warm_write_units);
}

/* Inverse of get_switches(). */
static Datum
switches_to_array(const TableRow *row)
{
	Datum		times[ON_DEMAND_SWITCHES_MAX];
	int			count = 0;

	while (count < ON_DEMAND_SWITCHES_MAX && row->switches[count])
	{
		times[count] = TimestampTzGetDatum(row->switches[count]);
		count++;
	}
	return PointerGetDatum(construct_array(times, count, TIMESTAMPTZOID,
										   sizeof(TimestampTz), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

void
catalog_write_row(const TableRow *row, bool is_new, Oid relid)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(TABLES, RowExclusiveLock, TABLES_PKEY, &index_oid);
	Datum		values[Natts_tables];
	bool		nulls[Natts_tables] = {0};
	NameData	relation_name;
	HeapTuple	old = NULL;

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
	values[Anum_on_demand_switches - 1] = switches_to_array(row);
	set_throughput(values, nulls, Anum_throughput, &row->throughput);
	set_string(values, nulls, Anum_table_class, row->table_class);
	set_timestamp(values, nulls, Anum_table_class_since, row->table_class_since);
	set_string(values, nulls, Anum_kms_key, row->kms_key);
	values[Anum_deletion_protection - 1] = BoolGetDatum(row->deletion_protection);

	if (!is_new)
	{
		old = find_by_name(catalog, index_oid, row->table_name);
		if (!HeapTupleIsValid(old))
			elog(ERROR, "table \"%s\" is not in dynamo.tables", row->table_name);
	}
	catalog_put(catalog, old, values, nulls);
	table_close(catalog, RowExclusiveLock);

	CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

void
catalog_write_index(const IndexRow *row, bool is_new, Oid relid)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(INDEXES, RowExclusiveLock, INDEXES_PKEY, &index_oid);
	Datum		values[Natts_indexes];
	bool		nulls[Natts_indexes] = {0};
	NameData	column_name;
	HeapTuple	old = NULL;

	namestrcpy(&column_name, row->column_name);
	values[Anum_ix_table_name - 1] = CStringGetTextDatum(row->table_name);
	values[Anum_ix_index_name - 1] = CStringGetTextDatum(row->index_name);
	values[Anum_ix_global - 1] = BoolGetDatum(row->global);
	values[Anum_ix_position - 1] = Int32GetDatum(row->position);
	values[Anum_ix_column_name - 1] = NameGetDatum(&column_name);
	values[Anum_ix_key_schema - 1] = JsonbPGetDatum(row->key_schema);
	values[Anum_ix_projection_type - 1] =
		CStringGetTextDatum(projection_names[row->projection]);
	if (row->non_key_attributes)
		values[Anum_ix_non_key_attributes - 1] = JsonbPGetDatum(row->non_key_attributes);
	else
		nulls[Anum_ix_non_key_attributes - 1] = true;
	set_throughput(values, nulls, Anum_ix_throughput, &row->throughput);
	values[Anum_ix_status - 1] = CStringGetTextDatum(status_names[row->status]);
	if (row->filled_to)
		values[Anum_ix_filled_to - 1] = PointerGetDatum(row->filled_to);
	else
		nulls[Anum_ix_filled_to - 1] = true;
	values[Anum_ix_items_done - 1] = Int64GetDatum(row->items_done);
	values[Anum_ix_items_total - 1] = Int64GetDatum(row->items_total);

	if (!is_new)
	{
		old = find_index(catalog, index_oid, row->table_name, row->index_name);
		if (!HeapTupleIsValid(old))
			elog(ERROR, "index \"%s\" of table \"%s\" is not in dynamo.indexes",
				 row->index_name, row->table_name);
	}
	catalog_put(catalog, old, values, nulls);
	table_close(catalog, RowExclusiveLock);

	if (OidIsValid(relid))
		CacheInvalidateRelcacheByRelid(relid);
	CommandCounterIncrement();
}

/* Delete the rows of a table's indexes, or that of one (NULL: all). */
static void
delete_indexes(const char *table_name, const char *index_name)
{
	ScanKeyData keys[2];

	catalog_text_key(&keys[0], Anum_ix_table_name, table_name);
	if (index_name)
		catalog_text_key(&keys[1], Anum_ix_index_name, index_name);
	catalog_delete(INDEXES, INDEXES_PKEY, index_name ? 2 : 1, keys);
}

void
catalog_delete_index(const IndexRow *row, Oid relid)
{
	delete_indexes(row->table_name, row->index_name);
	CacheInvalidateRelcacheByRelid(relid);
}

void
catalog_delete_relation(const char *relation_name)
{
	Oid			index_oid;
	Relation	catalog = catalog_open(TABLES, RowExclusiveLock, TABLES_RELNAME, &index_oid);
	HeapTuple	tuple = catalog_find_by_relation(catalog, index_oid, relation_name);

	if (HeapTupleIsValid(tuple))
	{
		const TableRow *row = catalog_row_from_tuple(catalog, tuple);

		delete_indexes(row->table_name, NULL);
		tags_delete(row->table_name, NULL);
		streams_end(row);
		CatalogTupleDelete(catalog, &tuple->t_self);
		CommandCounterIncrement();
	}
	table_close(catalog, RowExclusiveLock);
}

void
catalog_lock_name(const char *table_name)
{
	LockDatabaseObject(catalog_oid(TABLES, get_namespace_oid(CATALOG_SCHEMA, false)),
					   hash_bytes((const unsigned char *) table_name,
								  strlen(table_name)),
					   0, ExclusiveLock);
}
