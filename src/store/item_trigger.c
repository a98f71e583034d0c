/*
 * item_trigger.c - the BEFORE ROW trigger of item tables: plain INSERT,
 * UPDATE and COPY get the same checks and key columns as the API.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"

#include "errors.h"
#include "store/item_check.h"
#include "store/item_trigger.h"

PG_FUNCTION_INFO_V1(dynamo_item_trigger);

/* Does the trigger call dynamo.item_trigger()? */
static bool
is_item_trigger(const Trigger *trigger)
{
	static Oid	item_trigger_oid = InvalidOid;
	FmgrInfo	info;

	if (trigger->tgfoid == item_trigger_oid)
		return true;
	fmgr_info(trigger->tgfoid, &info);
	if (info.fn_addr != dynamo_item_trigger)
		return false;
	item_trigger_oid = trigger->tgfoid;
	return true;
}

TriggerDesc *
item_trigger_leave_out(TriggerDesc *triggers)
{
	int			others = 0;

	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (is_item_trigger(trigger))
			continue;
		others++;
		if (TRIGGER_FOR_ROW(trigger->tgtype) &&
			TRIGGER_FOR_BEFORE(trigger->tgtype) &&
			(TRIGGER_FOR_INSERT(trigger->tgtype) ||
			 TRIGGER_FOR_UPDATE(trigger->tgtype)))
			return triggers;
	}
	if (others == 0)
		return NULL;

	triggers->trig_insert_before_row = false;
	triggers->trig_update_before_row = false;
	return triggers;
}

/* The row's item in normal form; *changed if it was not. */
static Jsonb *
normalize_item(Jsonb *item, bool *changed)
{
	JsonNode	node;

	*changed = false;
	if (!JB_ROOT_IS_OBJECT(item))
		validation_error(INVALID_PARAMETER "An item must be a JSON object of attributes");
	if (item_is_normal(&item->root))
		return item;
	json_node_from_container(&item->root, &node);
	attr_map_normalize(&node);
	*changed = true;
	return json_to_jsonb(&node);
}

/* Columns of the row that the trigger changes. */
#define COLUMNS_MAX	(3 + LOCAL_INDEXES_MAX + GLOBAL_INDEXES_MAX)

typedef struct ColumnChanges
{
	int			count;
	int			columns[COLUMNS_MAX];
	Datum		values[COLUMNS_MAX];
	bool		nulls[COLUMNS_MAX];
} ColumnChanges;

static void
change_column(ColumnChanges *changes, AttrNumber attno, Datum value, bool isnull)
{
	if (changes->count == COLUMNS_MAX)
		elog(ERROR, "item table has too many index columns");
	changes->columns[changes->count] = attno;
	changes->values[changes->count] = value;
	changes->nulls[changes->count++] = isnull;
}

/* Give a column the key derived from the item (NULL: none), if it differs. */
static void
derive_column(ColumnChanges *changes, Relation rel, HeapTuple tuple,
			  AttrNumber attno, bytea *key)
{
	bool		isnull;
	Datum		old_key = heap_getattr(tuple, attno, RelationGetDescr(rel), &isnull);

	if (key == NULL ? isnull :
		!isnull && DatumGetBool(DirectFunctionCall2(byteaeq, old_key,
													PointerGetDatum(key))))
		return;
	change_column(changes, attno, PointerGetDatum(key), key == NULL);
}

Datum
dynamo_item_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Relation	rel;
	HeapTuple	tuple;
	const TableDescriptor *descriptor;
	Jsonb	   *item;
	bool		isnull;
	bool		item_changed;
	Jsonb	   *old_item = NULL;
	ColumnChanges changes;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.item_trigger must be fired before insert or update, for each row")));

	rel = trigger->tg_relation;
	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ?
		trigger->tg_newtuple : trigger->tg_trigtuple;
	descriptor = catalog_describe_relation(rel);
	if (descriptor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s\" is not in dynamo.tables",
						RelationGetRelationName(rel))));

	item = (Jsonb *) DatumGetPointer(heap_getattr(tuple, descriptor->item_attno,
												  RelationGetDescr(rel), &isnull));
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("an item cannot be NULL")));
	item = normalize_item(DatumGetJsonbP(PointerGetDatum(item)), &item_changed);
	item_check_size(item);

	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) && descriptor->nindexes > 0)
	{
		Datum		old = heap_getattr(trigger->tg_trigtuple, descriptor->item_attno,
									   RelationGetDescr(rel), &isnull);

		if (!isnull)
			old_item = DatumGetJsonbP(old);
	}

	/* Derive the keys, and replace what differs. */
	changes.count = 0;
	derive_column(&changes, rel, tuple, ITEM_KEY_ATTNO,
				  item_key_from_item(descriptor, &item->root));
	item_check_index_keys(descriptor, &item->root,
						  old_item ? &old_item->root : NULL, false);
	for (int i = 0; i < descriptor->nindexes; i++)
		derive_column(&changes, rel, tuple, descriptor->indexes[i].key_attno,
					  item_index_key(&descriptor->indexes[i], &item->root));
	if (descriptor->ttl)
		derive_column(&changes, rel, tuple, descriptor->ttl->key_attno,
					  item_index_key(descriptor->ttl, &item->root));
	if (item_changed)
		change_column(&changes, descriptor->item_attno, JsonbPGetDatum(item), false);
	if (changes.count == 0)
		return PointerGetDatum(tuple);
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, RelationGetDescr(rel),
													 changes.count, changes.columns,
													 changes.values, changes.nulls));
}
