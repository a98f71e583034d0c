/*
 * ddl.c - creating and dropping item tables, and keeping dynamo.tables true
 * when somebody drops one with plain SQL.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "errors.h"
#include "store/ddl.h"

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

void
ddl_create_table(TableRow *row)
{
	StringInfoData sql;
	const char *relation;
	TableRow   *existing;

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

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "CREATE TABLE %s (" ITEM_KEY_COLUMN " pg_catalog.bytea NOT NULL, "
					 ITEM_COLUMN " pg_catalog.jsonb NOT NULL, "
					 "PRIMARY KEY (" ITEM_KEY_COLUMN ")) USING dynamo",
					 relation);
	run_statement(sql.data);
	catalog_write_row(row, true, catalog_item_table_oid(row));

	/* Created last: it looks the table up when it fires. */
	resetStringInfo(&sql);
	appendStringInfo(&sql,
					 "CREATE TRIGGER " ITEM_TRIGGER " BEFORE INSERT OR UPDATE ON %s "
					 "FOR EACH ROW EXECUTE FUNCTION dynamo.item_trigger()",
					 relation);
	run_statement(sql.data);
}

void
ddl_drop_table(const TableRow *row)
{
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
