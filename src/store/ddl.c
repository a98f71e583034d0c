/*
 * ddl.c - creating and dropping item tables and their indexes, and keeping
 * dynamo.tables true when somebody drops a table with plain SQL.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "commands/event_trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "errors.h"
#include "store/ddl.h"
#include "store/index_build.h"

PG_FUNCTION_INFO_V1(dynamo_forget_dropped_tables);

/*
 * Name of the trigger that derives the key columns on plain SQL writes.
 * BEFORE triggers fire in alphabetical order, and this one must see what the
 * others made of the row.
 */
#define ITEM_TRIGGER	"zz_dynamo_item"

/*
 * A relation name for a table: its own name if that fits, else its beginning
 * and a hash of the whole.  Also avoids names that exist already.
 */
static char *
choose_relation_name(const char *table_name)
{
	Oid			schema = get_namespace_oid(ITEM_SCHEMA, false);
	uint64		seed = 0;
	char	   *name = pstrdup(table_name);

	while (strlen(name) >= NAMEDATALEN ||
		   OidIsValid(get_relname_relid(name, schema)))
	{
		uint64		hash = hash_bytes_extended((const unsigned char *) table_name,
											   strlen(table_name), seed++);

		name = psprintf("%.*s_%08x", NAMEDATALEN - 10, table_name, (uint32) hash);
	}
	return name;
}

/* Run one utility statement as the calling user. */
static void
run_statement(const char *sql)
{
	int			result;

	SPI_connect();
	result = SPI_execute(sql, false, 0);
	if (result != SPI_OK_UTILITY)
		elog(ERROR, "SPI_execute returned %s for: %s",
			 SPI_result_code_string(result), sql);
	SPI_finish();
}

char *
ddl_index_statement(const char *relation_name, const char *column_name,
					bool concurrently)
{
	return psprintf("CREATE INDEX %sON %s (%s, " ITEM_KEY_COLUMN ") WHERE %s IS NOT NULL",
					concurrently ? "CONCURRENTLY " : "",
					quote_qualified_identifier(ITEM_SCHEMA, relation_name),
					quote_identifier(column_name), quote_identifier(column_name));
}

void
ddl_check_create(void)
{
	Oid			schema = get_namespace_oid(ITEM_SCHEMA, false);
	AclResult	result;

#if PG_VERSION_NUM >= 160000
	result = object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_CREATE);
#else
	result = pg_namespace_aclcheck(schema, GetUserId(), ACL_CREATE);
#endif
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, ITEM_SCHEMA);
}

void
ddl_create_table(TableRow *row, List *indexes)
{
	StringInfoData sql;
	const char *relation;
	TableRow   *existing;
	ListCell   *lc;
	int			position = 0;

	catalog_lock_name(row->table_name);
	existing = catalog_read_row(row->table_name);
	if (existing != NULL)
	{
		if (OidIsValid(catalog_item_table_oid(existing)))
			dynamo_error(DYNAMO_RESOURCE_IN_USE, "Table already exists: %s",
						 row->table_name);

		/* dropped without the event trigger, or under another name */
		catalog_delete_relation(existing->relation_name);
	}
	row->relation_name = choose_relation_name(row->table_name);
	relation = quote_qualified_identifier(ITEM_SCHEMA, row->relation_name);

	/* Keys first: what is before the item is read without looking through it. */
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (" ITEM_KEY_COLUMN " pg_catalog.bytea NOT NULL, ",
					 relation);
	foreach(lc, indexes)
	{
		IndexRow   *index = lfirst(lc);

		index->table_name = row->table_name;
		index->position = ++position;
		index->column_name = psprintf(INDEX_COLUMN_PREFIX "%d", position);
		index->status = INDEX_ACTIVE;
		appendStringInfo(&sql, "%s pg_catalog.bytea, ", index->column_name);
	}
	appendStringInfoString(&sql, ITEM_COLUMN " pg_catalog.jsonb NOT NULL, "
						   "PRIMARY KEY (" ITEM_KEY_COLUMN ")) USING dynamo");
	run_statement(sql.data);
	catalog_write_row(row, true, catalog_item_table_oid(row));
	foreach(lc, indexes)
	{
		const IndexRow *index = lfirst(lc);

		run_statement(ddl_index_statement(row->relation_name,
										  index->column_name, false));
		catalog_write_index(index, true, catalog_item_table_oid(row));
	}

	/* Created last: it looks the table up when it fires. */
	resetStringInfo(&sql);
	appendStringInfo(&sql,
					 "CREATE TRIGGER " ITEM_TRIGGER " BEFORE INSERT OR UPDATE ON %s "
					 "FOR EACH ROW EXECUTE FUNCTION dynamo.item_trigger()",
					 relation);
	run_statement(sql.data);
}

/* The first of ix1, ix2, ... that is no column of the table yet. */
static char *
choose_column_name(Oid relid)
{
	char	   *name;
	int			i = 0;

	do
		name = psprintf(INDEX_COLUMN_PREFIX "%d", ++i);
	while (get_attnum(relid, name) != InvalidAttrNumber);
	return name;
}

/* Add or drop a column of an item table. */
static void
alter_columns(const TableRow *table, const char *action, const char *column,
			  const char *type)
{
	run_statement(psprintf("ALTER TABLE %s %s %s %s",
						   quote_qualified_identifier(ITEM_SCHEMA, table->relation_name),
						   action, quote_identifier(column), type));
}

void
ddl_add_index(const TableRow *table, IndexRow *index)
{
	Oid			relid = catalog_item_table_oid(table);
	List	   *others = catalog_read_indexes(table->table_name);
	const IndexRow *last = others ? llast(others) : NULL;

	/* A secondary index and TTL_INDEX can be built at a time. */
	index_build_interrupt(table);
	index->table_name = table->table_name;
	index->position = last ? last->position + 1 : 1;
	index->column_name = choose_column_name(relid);
	index->status = INDEX_CREATING;
	alter_columns(table, "ADD COLUMN", index->column_name, "pg_catalog.bytea");
	catalog_write_index(index, true, relid);
}

void
ddl_drop_index(const TableRow *table, const IndexRow *index)
{
	index_build_interrupt(table);
	catalog_delete_index(index, catalog_item_table_oid(table));

	/* The owner may have dropped it before */
	alter_columns(table, "DROP COLUMN IF EXISTS", index->column_name, "");
}

void
ddl_log_old_items(const TableRow *table, bool enable)
{
	run_statement(psprintf("ALTER TABLE %s REPLICA IDENTITY %s",
						   quote_qualified_identifier(ITEM_SCHEMA, table->relation_name),
						   enable ? "FULL" : "DEFAULT"));
}

void
ddl_drop_table(const TableRow *row)
{
	index_build_interrupt(row);
	run_statement(psprintf("DROP TABLE %s",
						   quote_qualified_identifier(ITEM_SCHEMA, row->relation_name)));
}

/*
 * Event trigger for sql_drop: forget item tables that were dropped, by
 * DeleteTable or by anybody's DROP TABLE.
 */
Datum
dynamo_forget_dropped_tables(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *names = NIL;
	ListCell   *lc;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be called by an event trigger")));

	SPI_connect();
	if (SPI_execute("SELECT object_name "
					"FROM pg_catalog.pg_event_trigger_dropped_objects() "
					"WHERE object_type OPERATOR(pg_catalog.=) 'table' "
					"AND schema_name OPERATOR(pg_catalog.=) '" ITEM_SCHEMA "'",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the dropped objects");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 1);
		MemoryContext old_context = MemoryContextSwitchTo(context);

		names = lappend(names, pstrdup(name));
		MemoryContextSwitchTo(old_context);
	}
	SPI_finish();

	foreach(lc, names)
		catalog_delete_relation(lfirst(lc));
	PG_RETURN_NULL();
}
