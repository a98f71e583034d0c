/*
 * output_plugin.c - the logical decoding output plugin `dynamo`: what
 * committed transactions did to items, as records of DynamoDB Streams.
 *
 * Records are written for item tables with REPLICA IDENTITY FULL; of others
 * the WAL does not have the old image.  A transaction is decoded when it has
 * committed, so that records come in the order of the commits and of no
 * transaction that may still fail: hence there are neither callbacks for
 * prepared transactions (they are decoded at COMMIT PREPARED) nor for those
 * in progress (large ones are spilled to disk by the server).
 *
 * An error here would stop the feed for good, since the same change is
 * decoded again and again: whatever is in a row, there is none.  A row that
 * holds no item in normal form, which can only get there around the checks,
 * is taken for absent.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "replication/logical.h"
#include "replication/origin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "feed/feed_marker.h"
#include "feed/record.h"
#include "store/catalog.h"

extern PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *cb);

/* Changes without output after which the other side hears that we live */
#define CHANGES_BEFORE_PROGRESS	100

/* What is known of a relation that changes were decoded of. */
typedef struct RelationEntry
{
	Oid			relid;			/* hash key */
	bool		valid;			/* not invalidated since it was looked up */
	bool		is_catalog;		/* dynamo.tables */
	MemoryContext context;		/* of the identity; NULL: none */
	TableIdentity *identity;	/* NULL: no item table that is wanted */
} RelationEntry;

typedef struct PluginState
{
	MemoryContext change_context;	/* reset after each change */
	HTAB	   *relations;

	/* options */
	bool		all_tables;
	List	   *tables;			/* names */
	bool		include_transaction;
	bool		only_local;

	/* of the transaction that is decoded */
	uint64		change;			/* number of the change, from 1 */
	uint64		records;		/* written so far */
	bool		by_service;		/* between the markers of expiry */
	int			silent_changes; /* since the other side has heard of us */
} PluginState;

/* The relations of the running decoding, for the invalidation callback. */
static HTAB *relations = NULL;

/* ---- relations ---- */

/* Look a relation, or all of them, up again when it is needed next. */
static void
invalidate_relation(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	RelationEntry *entry;

	if (relations == NULL)
		return;
	if (OidIsValid(relid))
	{
		entry = hash_search(relations, &relid, HASH_FIND, NULL);
		if (entry)
			entry->valid = false;
		return;
	}
	hash_seq_init(&status, relations);
	while ((entry = hash_seq_search(&status)) != NULL)
		entry->valid = false;
}

/* The decoding ends, or fails: the hash table goes away. */
static void
forget_relations(void *arg)
{
	relations = NULL;
}

/* Make the hash table of relations, which lives as long as the decoding. */
static void
start_relations(LogicalDecodingContext *ctx, PluginState *state)
{
	static bool registered = false;
	HASHCTL		ctl = {0};
	MemoryContextCallback *callback;

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(RelationEntry);
	ctl.hcxt = ctx->context;
	relations = hash_create("dynamo decoded relations", 64, &ctl,
							HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	state->relations = relations;

	callback = MemoryContextAllocZero(ctx->context, sizeof(MemoryContextCallback));
	callback->func = forget_relations;
	MemoryContextRegisterResetCallback(ctx->context, callback);
	if (!registered)
	{
		CacheRegisterRelcacheCallback(invalidate_relation, (Datum) 0);
		registered = true;
	}
}

/* Is a table one of those that the options name? */
static bool
is_wanted(const PluginState *state, const char *table_name)
{
	ListCell   *lc;

	if (state->all_tables)
		return true;
	foreach(lc, state->tables)
	{
		if (strcmp(lfirst(lc), table_name) == 0)
			return true;
	}
	return false;
}

/* Find out what a relation is, as of the change that is decoded. */
static void
look_up_relation(LogicalDecodingContext *ctx, RelationEntry *entry, Relation rel)
{
	PluginState *state = ctx->output_plugin_private;
	MemoryContext old_context;

	if (entry->context)
		MemoryContextDelete(entry->context);
	entry->context = NULL;
	entry->identity = NULL;

	/* From here on an invalidation must be noticed. */
	entry->valid = true;
	entry->is_catalog = catalog_is_tables(rel);
	if (RelationGetNamespace(rel) != get_namespace_oid(ITEM_SCHEMA, true))
		return;

	entry->context = AllocSetContextCreate(ctx->context, "dynamo decoded relation",
										   ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(entry->context);
	entry->identity = catalog_identify_relation(rel);
	MemoryContextSwitchTo(old_context);
	if (entry->identity && !is_wanted(state, entry->identity->table_name))
		entry->identity = NULL;
}

/* The identity of a relation of which there are records; NULL: it has none. */
static const TableIdentity *
identify(LogicalDecodingContext *ctx, Relation rel)
{
	PluginState *state = ctx->output_plugin_private;
	Oid			relid = RelationGetRelid(rel);
	RelationEntry *entry;
	bool		found;

	entry = hash_search(state->relations, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->valid = false;
		entry->context = NULL;
	}
	if (!entry->valid)
		look_up_relation(ctx, entry, rel);

	/* A row of it that a restore has written invalidates nothing by itself */
	if (entry->is_catalog)
		invalidate_relation((Datum) 0, InvalidOid);
	if (entry->identity && rel->rd_rel->relreplident == REPLICA_IDENTITY_FULL)
		return entry->identity;
	return NULL;
}

/* ---- writing ---- */

/* Write the line that begins or ends a transaction, if there are to be such. */
static void
write_marker(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, bool commit)
{
	PluginState *state = ctx->output_plugin_private;

	if (!state->include_transaction)
		return;
	OutputPluginPrepareWrite(ctx, true);
	appendStringInfo(ctx->out, "{\"transaction\":\"%s\",\"xid\":\"%u\",\"commitLsn\":\"%X/%X\"",
					 commit ? "COMMIT" : "BEGIN", txn->xid, LSN_FORMAT_ARGS(txn->final_lsn));
	if (commit)
		appendStringInfo(ctx->out, ",\"endLsn\":\"%X/%X\",\"records\":" UINT64_FORMAT,
						 LSN_FORMAT_ARGS(txn->end_lsn), state->records);
	appendStringInfoChar(ctx->out, '}');
	OutputPluginWrite(ctx, true);
}

/*
 * Write a record.  Each change has two ordinals, whether there are records of
 * it or not, so that those of other options have the same sequence numbers;
 * the first one is for the REMOVE of an update that changes the key.
 */
static void
write_record(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			 const TableIdentity *table, bool first,
			 const Jsonb *new_item, const Jsonb *old_item)
{
	PluginState *state = ctx->output_plugin_private;
	Record		record = {0};

	record.table_name = table->table_name;
	record.table_id = &table->table_id;
	record.key = &table->key;
	record.new_image = new_item ? &new_item->root : NULL;
	record.old_image = old_item ? &old_item->root : NULL;
	record.commit_lsn = txn->final_lsn;
	record.commit_time = txn->xact_time.commit_time;
	record.ordinal = 2 * state->change - (first ? 1 : 0);
	if (new_item)
		record.event = old_item ? RECORD_MODIFY : RECORD_INSERT;
	else
		record.event = old_item ? RECORD_REMOVE : RECORD_TRUNCATE;
	record.by_service = record.event == RECORD_REMOVE && state->by_service;

	if (state->records++ == 0)
		write_marker(ctx, txn, false);
	OutputPluginPrepareWrite(ctx, true);
	record_append(ctx->out, &record);
	OutputPluginWrite(ctx, true);
	state->silent_changes = 0;
}

/*
 * Let the other side know that we are still there, now and then.  From 16 on
 * the server does it.
 */
static void
note_silent_change(LogicalDecodingContext *ctx)
{
#if PG_VERSION_NUM < 160000
	PluginState *state = ctx->output_plugin_private;

	if (++state->silent_changes >= CHANGES_BEFORE_PROGRESS)
	{
		OutputPluginUpdateProgress(ctx, false);
		state->silent_changes = 0;
	}
#endif
}

/* ---- changes ---- */

/* The column of the item in a row; NULL if it has none. */
static struct varlena *
get_item_datum(const TableIdentity *table, Relation rel, HeapTuple tuple)
{
	bool		isnull;
	Datum		datum;

	if (tuple == NULL)
		return NULL;
	datum = heap_getattr(tuple, table->item_attno, RelationGetDescr(rel), &isnull);
	return isnull ? NULL : (struct varlena *) DatumGetPointer(datum);
}

/* The item; NULL if it is none of this table that passes the checks. */
static const Jsonb *
get_item(const TableIdentity *table, struct varlena *datum)
{
	const Jsonb *item;

	if (datum == NULL)
		return NULL;
	item = DatumGetJsonbP(PointerGetDatum(datum));
	if (!JB_ROOT_IS_OBJECT(item) || !item_is_normal(&item->root))
		return NULL;

	/* What is larger than an item may not fit into a record of text either */
	if (VARSIZE(item) > ITEM_MAX_SIZE && item_size(&item->root) > ITEM_MAX_SIZE)
		return NULL;
	for (int i = 0; i < KEY_NATTRS(&table->key); i++)
	{
		AttrValue	value;

		if (!attr_get(&item->root, table->key.attrs[i].name,
					  table->key.attrs[i].name_len, &value))
			return NULL;
	}
	return item;
}

/* Do two items have the same key? */
static bool
same_key(const TableIdentity *table, const Jsonb *a, const Jsonb *b)
{
	for (int i = 0; i < KEY_NATTRS(&table->key); i++)
	{
		const KeyAttr *attr = &table->key.attrs[i];
		AttrValue	value_a;
		AttrValue	value_b;

		if (!attr_get(&a->root, attr->name, attr->name_len, &value_a) ||
			!attr_get(&b->root, attr->name, attr->name_len, &value_b) ||
			!attr_value_equal(&value_a, &value_b))
			return false;
	}
	return true;
}

/* Are two items equal?  In normal form, equal values are equal bytes. */
static bool
same_item(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Write the records of an insert, update or delete: none, one, or two. */
static void
write_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			 const TableIdentity *table, Relation rel,
			 ReorderBufferChange *change)
{
	struct varlena *old_datum = get_item_datum(table, rel,
											   compat_change_tuple(change->data.tp.oldtuple));
	struct varlena *new_datum = get_item_datum(table, rel,
											   compat_change_tuple(change->data.tp.newtuple));
	const Jsonb *old_item;
	const Jsonb *new_item;

	/*
	 * A new row that still points to the TOAST table holds the item of the
	 * old one: only what was written along with the row is in the WAL.
	 */
	if (new_datum && VARATT_IS_EXTERNAL_ONDISK(new_datum))
		return;

	old_item = get_item(table, old_datum);
	new_item = get_item(table, new_datum);
	if (old_item && new_item)
	{
		if (same_item(old_item, new_item))
			return;
		if (!same_key(table, old_item, new_item))
		{
			write_record(ctx, txn, table, true, NULL, old_item);
			old_item = NULL;
		}
	}
	if (old_item || new_item)
		write_record(ctx, txn, table, false, new_item, old_item);
}

/* ---- callbacks ---- */

static void
begin_transaction(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
	PluginState *state = ctx->output_plugin_private;

	state->change = 0;
	state->records = 0;
	state->by_service = false;
}

static void
commit_transaction(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				   XLogRecPtr commit_lsn)
{
	PluginState *state = ctx->output_plugin_private;

	OutputPluginUpdateProgress(ctx, state->records == 0);
	if (state->records > 0)
		write_marker(ctx, txn, true);
}

static void
decode_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			  Relation rel, ReorderBufferChange *change)
{
	PluginState *state = ctx->output_plugin_private;
	const TableIdentity *table;
	MemoryContext old_context;

	CHECK_FOR_INTERRUPTS();
	state->change++;
	note_silent_change(ctx);
	table = identify(ctx, rel);
	if (table == NULL)
		return;

	old_context = MemoryContextSwitchTo(state->change_context);
	write_change(ctx, txn, table, rel, change);
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(state->change_context);
}

static void
decode_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				int nrelations, Relation truncated[],
				ReorderBufferChange *change)
{
	PluginState *state = ctx->output_plugin_private;
	MemoryContext old_context = MemoryContextSwitchTo(state->change_context);

	for (int i = 0; i < nrelations; i++)
	{
		const TableIdentity *table = identify(ctx, truncated[i]);

		state->change++;
		if (table != NULL)
			write_record(ctx, txn, table, false, NULL, NULL);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextReset(state->change_context);
}

/* The markers around what expires. */
static void
decode_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			   XLogRecPtr message_lsn, bool transactional,
			   const char *prefix, Size size, const char *message)
{
	PluginState *state = ctx->output_plugin_private;

	if (!transactional || strcmp(prefix, FEED_MARKER_PREFIX) != 0)
		return;
	if (size == strlen(FEED_MARKER_EXPIRY) &&
		memcmp(message, FEED_MARKER_EXPIRY, size) == 0)
		state->by_service = true;
	else if (size == strlen(FEED_MARKER_EXPIRY_END) &&
			 memcmp(message, FEED_MARKER_EXPIRY_END, size) == 0)
		state->by_service = false;
}

/* With only-local, leave out what came from another server. */
static bool
filter_origin(LogicalDecodingContext *ctx, RepOriginId origin)
{
	PluginState *state = ctx->output_plugin_private;

	return state->only_local && origin != InvalidRepOriginId;
}

/* ---- options ---- */

/* Raise the error of a value that an option cannot have. */
static void
refuse_value(const DefElem *option, const char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value \"%s\" of option \"%s\"", value,
					option->defname)));
}

/* A switch; without a value it is on. */
static bool
read_switch(const DefElem *option)
{
	bool		value = true;

	if (option->arg && !parse_bool(strVal(option->arg), &value))
		refuse_value(option, strVal(option->arg));
	return value;
}

/*
 * Names of tables, separated by commas.  They need no quotes: a name has
 * letters, digits, '_', '.' and '-' only.
 */
static List *
read_tables(const DefElem *option)
{
	const char *value = option->arg ? strVal(option->arg) : "";
	List	   *names = NIL;

	for (;;)
	{
		const char *end;
		size_t		len;

		value += strspn(value, " \t\n\r");
		len = strcspn(value, ", \t\n\r");
		end = value + len + strspn(value + len, " \t\n\r");
		if (len == 0 || !(*end == ',' || *end == '\0') ||
			strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_.-") < len)
			refuse_value(option, option->arg ? strVal(option->arg) : "");
		names = lappend(names, pnstrdup(value, len));
		if (*end == '\0')
			return names;
		value = end + 1;
	}
}

static void
start_plugin(LogicalDecodingContext *ctx, OutputPluginOptions *options,
			 bool is_init)
{
	PluginState *state = palloc0(sizeof(PluginState));
	ListCell   *lc;

	ctx->output_plugin_private = state;
	options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
	options->receive_rewrites = false;

	state->all_tables = true;
	foreach(lc, ctx->output_plugin_options)
	{
		const DefElem *option = lfirst(lc);

		if (strcmp(option->defname, "include-transaction") == 0)
			state->include_transaction = read_switch(option);
		else if (strcmp(option->defname, "only-local") == 0)
			state->only_local = read_switch(option);
		else if (strcmp(option->defname, "tables") == 0)
		{
			state->tables = read_tables(option);
			state->all_tables = false;
		}
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unrecognized option \"%s\"", option->defname),
					 errhint("The options are \"include-transaction\", \"only-local\" and \"tables\".")));
	}

	state->change_context = AllocSetContextCreate(ctx->context,
												  "dynamo decoded change",
												  ALLOCSET_DEFAULT_SIZES);
	start_relations(ctx, state);
}

static void
stop_plugin(LogicalDecodingContext *ctx)
{
	forget_relations(NULL);
}

void
_PG_output_plugin_init(OutputPluginCallbacks *cb)
{
	cb->startup_cb = start_plugin;
	cb->begin_cb = begin_transaction;
	cb->change_cb = decode_change;
	cb->truncate_cb = decode_truncate;
	cb->commit_cb = commit_transaction;
	cb->message_cb = decode_message;
	cb->filter_by_origin_cb = filter_origin;
	cb->shutdown_cb = stop_plugin;
}
