/*
 * item_store.c - reading and writing items by their keys.
 *
 * A write finds the newest version of the row, decides on it, and updates
 * that very version; if somebody else was faster it starts again, this time
 * locking the row before it decides, so that it makes progress under
 * contention.  An absent item is inserted speculatively, as INSERT ... ON
 * CONFLICT does.  See src/backend/executor/README ("EvalPlanQual") and
 * nodeModifyTable.c for the protocol.
 *
 * The executor's own entry points are used throughout, so that triggers,
 * constraints, generated columns and additional indexes of the item table
 * work as in plain SQL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "store/item_check.h"
#include "store/item_store.h"
#include "store/item_trigger.h"

/* The primary index, open to find rows in. */
typedef struct KeyLookup
{
	Relation	index;
	IndexScanDesc scan;
	MemoryContext context;		/* the scan's */
} KeyLookup;

/* One read after the other. */
struct ItemRead
{
	const TableDescriptor *descriptor;
	KeyLookup	lookup;
	Snapshot	snapshot;
	TupleTableSlot *slot;
};

/* One write after the other. */
struct ItemWrite
{
	Relation	rel;
	const TableDescriptor *descriptor;
	KeyLookup	lookup;
	MemoryContext item_context; /* for what is large, reset after each item;
								 * NULL: there is only one */
	int			commands;		/* all that may come */
	bool		lock_kept;		/* lock rows that are not written, too */
	bool		skip_locked;	/* leave rows that others have locked */
	int64		deleted;		/* rows */

	/* the item at hand */
	bytea	   *key;
	ItemCommand command;
	bool		lock_first;		/* lock the row before deciding */

	EState	   *estate;
	ResultRelInfo *rri;
	EPQState	epqstate;
	TupleTableSlot *old_slot;	/* the version found */
	TupleTableSlot *new_slot;	/* the version to write */
	Bitmapset **updated_columns;	/* of the range table entry */
	const IndexDescriptor *fill_index;	/* the write only fills its column */

	/* Transition tables for AFTER triggers; NULL: nobody wants them */
	TransitionCaptureState *insert_capture;
	TransitionCaptureState *update_capture;
	TransitionCaptureState *delete_capture;
};

typedef enum WriteOutcome
{
	WRITE_DONE,
	WRITE_RETRY					/* lost a race */
} WriteOutcome;

static void
begin_lookup(KeyLookup *lookup, Relation rel, const TableDescriptor *descriptor)
{
	lookup->index = index_open(descriptor->primary_index, AccessShareLock);
	/* each search brings its own snapshot */
	lookup->scan = index_begin_scan(rel, lookup->index, SnapshotAny, 1);
	lookup->context = CurrentMemoryContext;
}

static void
end_lookup(KeyLookup *lookup)
{
	index_endscan(lookup->scan);
	index_close(lookup->index, AccessShareLock);
}

/* Find the version of a key's row that a snapshot sees, and put it into slot. */
static bool
find_version(KeyLookup *lookup, bytea *key, Snapshot snapshot,
			 TupleTableSlot *slot)
{
	ScanKeyData scankey;
	MemoryContext old_context;
	bool		found;

	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(key));
	lookup->scan->xs_snapshot = snapshot;

	/* A scan keeps what it allocates on the way, such as lists of dead items */
	old_context = MemoryContextSwitchTo(lookup->context);
	index_rescan(lookup->scan, &scankey, 1, NULL, 0);
	found = index_getnext_slot(lookup->scan, ForwardScanDirection, slot);
	MemoryContextSwitchTo(old_context);
	return found;
}

/* The item of a slot, detoasted. */
static inline Jsonb *
slot_item(TupleTableSlot *slot, const TableDescriptor *descriptor)
{
	bool		isnull;

	return DatumGetJsonbP(slot_getattr(slot, descriptor->item_attno, &isnull));
}

ItemRead *
item_store_begin_read(Relation rel, const TableDescriptor *descriptor,
					  Snapshot snapshot)
{
	ItemRead   *read = palloc(sizeof(ItemRead));

	read->descriptor = descriptor;
	read->snapshot = RegisterSnapshot(snapshot);
	read->slot = table_slot_create(rel, NULL);
	begin_lookup(&read->lookup, rel, descriptor);
	return read;
}

Jsonb *
item_store_read(ItemRead *read, bytea *key)
{
	Jsonb	   *item = NULL;

	if (find_version(&read->lookup, key, read->snapshot, read->slot))
	{
		bool		isnull;

		item = DatumGetJsonbPCopy(slot_getattr(read->slot,
											   read->descriptor->item_attno,
											   &isnull));
	}
	ExecClearTuple(read->slot);
	return item;
}

void
item_store_end_read(ItemRead *read)
{
	end_lookup(&read->lookup);
	ExecDropSingleTupleTableSlot(read->slot);
	UnregisterSnapshot(read->snapshot);
	pfree(read);
}

Jsonb *
item_store_get(Relation rel, const TableDescriptor *descriptor, bytea *key,
			   Snapshot snapshot)
{
	ItemRead   *read = item_store_begin_read(rel, descriptor, snapshot);
	Jsonb	   *item = item_store_read(read, key);

	item_store_end_read(read);
	return item;
}

/*
 * Before the writes: statement triggers, and room for transition tables.  A
 * put is both an insertion and an update, as INSERT ... ON CONFLICT DO UPDATE
 * is.
 */
static void
begin_triggers(ItemWrite *write)
{
	TriggerDesc *triggers = write->rri->ri_TrigDesc;
	Oid			relid = RelationGetRelid(write->rel);

	AfterTriggerBeginQuery();
	if (write->commands & ITEM_PUTS)
	{
		ExecBSInsertTriggers(write->estate, write->rri);
		ExecBSUpdateTriggers(write->estate, write->rri);
		write->insert_capture = MakeTransitionCaptureState(triggers, relid, CMD_INSERT);
		write->update_capture = MakeTransitionCaptureState(triggers, relid, CMD_UPDATE);
	}
	if (write->commands & ITEM_DELETES)
	{
		ExecBSDeleteTriggers(write->estate, write->rri);
		write->delete_capture = MakeTransitionCaptureState(triggers, relid, CMD_DELETE);
	}
}

/* After the writes: AFTER triggers of rows and statement. */
static void
end_triggers(ItemWrite *write)
{
	if (write->commands & ITEM_PUTS)
	{
		ExecASUpdateTriggers(write->estate, write->rri, write->update_capture);
		ExecASInsertTriggers(write->estate, write->rri, write->insert_capture);
	}
	if (write->commands & ITEM_DELETES)
		ExecASDeleteTriggers(write->estate, write->rri, write->delete_capture);
	AfterTriggerEndQuery(write->estate);
}

/* Set up executor state for writing to the item table. */
static void
open_write(ItemWrite *write, Relation rel, const TableDescriptor *descriptor)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List	   *perminfos = NIL;
	Bitmapset **updated;

	memset(write, 0, sizeof(ItemWrite));
	write->rel = rel;
	write->descriptor = descriptor;
	write->estate = CreateExecutorState();

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(rel);
	rte->relkind = rel->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;

	/*
	 * What an update changes: triggers, generated columns and indexes depend
	 * on it.  Key columns are added when they do change.
	 */
#if PG_VERSION_NUM >= 160000
	updated = &addRTEPermissionInfo(&perminfos, rte)->updatedCols;
#else
	(void) perminfos;
	updated = &rte->updatedCols;
#endif
	write->updated_columns = updated;
	exec_init_range_table(write->estate, list_make1(rte), perminfos);

	write->rri = makeNode(ResultRelInfo);
	InitResultRelInfo(write->rri, rel, 1, NULL, 0);
	write->estate->es_opened_result_relations = list_make1(write->rri);

	eval_plan_qual_init(&write->epqstate, write->estate);
	write->old_slot = table_slot_create(rel, &write->estate->es_tupleTable);
	write->new_slot = table_slot_create(rel, &write->estate->es_tupleTable);
}

/*
 * The columns that updates are going to change.  Key columns are added when
 * they do change, but generated columns that depend on one are only looked for
 * at the first of several writes.
 */
static Bitmapset *
written_columns(const ItemWrite *write)
{
	TupleDesc	desc = RelationGetDescr(write->rel);
	Bitmapset  *columns = bms_make_singleton(write->descriptor->item_attno -
											 FirstLowInvalidHeapAttributeNumber);

	if (write->item_context == NULL || desc->constr == NULL ||
		!desc->constr->has_generated_stored)
		return columns;
	return bms_add_range(columns, 1 - FirstLowInvalidHeapAttributeNumber,
						 desc->natts - FirstLowInvalidHeapAttributeNumber);
}

/* Begin writing: see what the statement that calls us has done so far. */
static void
begin_write(ItemWrite *write, Relation rel, const TableDescriptor *descriptor,
			int commands, bool several)
{
	TriggerDesc *triggers;

	CommandCounterIncrement();
	open_write(write, rel, descriptor);
	write->commands = commands;
	if (several)
		write->item_context = AllocSetContextCreate(CurrentMemoryContext,
													"dynamo item written",
													ALLOCSET_DEFAULT_SIZES);
	*write->updated_columns = written_columns(write);
	begin_lookup(&write->lookup, rel, descriptor);

	triggers = write->rri->ri_TrigDesc;
	if (triggers != NULL)
		triggers = write->rri->ri_TrigDesc = item_trigger_leave_out(triggers);
	if (triggers != NULL)
		begin_triggers(write);
}

/* Release the executor's state. */
static void
close_write(ItemWrite *write)
{
	EvalPlanQualEnd(&write->epqstate);
	ExecCloseResultRelations(write->estate);
	ExecResetTupleTable(write->estate->es_tupleTable, false);
	FreeExecutorState(write->estate);
}

/* End writing: what follows in the same statement sees the writes. */
static void
end_write(ItemWrite *write)
{
	end_lookup(&write->lookup);
	if (write->rri->ri_TrigDesc != NULL)
		end_triggers(write);
	close_write(write);
	if (write->item_context)
		MemoryContextDelete(write->item_context);
	CommandCounterIncrement();
}

/* Allocate what only the item at hand needs. */
static inline MemoryContext
switch_to_item(ItemWrite *write)
{
	return MemoryContextSwitchTo(write->item_context ? write->item_context :
								 CurrentMemoryContext);
}

/* Give the columns that are not ours their defaults. */
static void
fill_defaults(ItemWrite *write)
{
	TupleTableSlot *slot = write->new_slot;
	TupleDesc	desc = slot->tts_tupleDescriptor;
	ExprContext *econtext = GetPerTupleExprContext(write->estate);

	for (int i = ITEM_KEY_ATTNO; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Expr	   *expr;

		if (i == write->descriptor->item_attno - 1 || att->attisdropped ||
			att->attgenerated)
			continue;
		expr = (Expr *) build_column_default(write->rel, i + 1);
		if (expr != NULL)
			slot->tts_values[i] =
				ExecEvalExpr(ExecInitExpr(expression_planner(expr), NULL),
							 econtext, &slot->tts_isnull[i]);
	}
}

/*
 * Set a key column; false if it has that value.  An equal value that is there
 * already is left as it is, however it is stored: a value that differs in its
 * bytes, compressed ones too, keeps an update from being HOT.
 */
static bool
set_key_column(ItemWrite *write, AttrNumber attno, bytea *key)
{
	Datum	   *value = &write->new_slot->tts_values[attno - 1];
	bool	   *isnull = &write->new_slot->tts_isnull[attno - 1];
	MemoryContext old_context;

	if (key == NULL ? *isnull :
		!*isnull && DatumGetBool(DirectFunctionCall2(byteaeq, *value,
													 PointerGetDatum(key))))
		return false;
	*value = PointerGetDatum(key);
	*isnull = key == NULL;

	/* The set lives as long as the write */
	old_context = MemoryContextSwitchTo(write->estate->es_query_cxt);
	*write->updated_columns = bms_add_member(*write->updated_columns,
											 attno - FirstLowInvalidHeapAttributeNumber);
	MemoryContextSwitchTo(old_context);
	return true;
}

/* The columns of old_slot, as they are stored, for new_slot. */
static void
copy_old_version(ItemWrite *write)
{
	TupleTableSlot *slot = write->new_slot;
	int			natts = slot->tts_tupleDescriptor->natts;

	slot_getallattrs(write->old_slot);
	memcpy(slot->tts_values, write->old_slot->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, write->old_slot->tts_isnull, natts * sizeof(bool));
}

/* Fill new_slot: columns of our own from the item, others kept or default. */
static void
fill_new_slot(ItemWrite *write, Jsonb *item, bool keep_others)
{
	TupleTableSlot *slot = write->new_slot;
	const TableDescriptor *descriptor = write->descriptor;
	int			natts = slot->tts_tupleDescriptor->natts;
	MemoryContext old_context = switch_to_item(write);

	ExecClearTuple(slot);
	if (keep_others)
		copy_old_version(write);
	else
	{
		memset(slot->tts_isnull, true, natts * sizeof(bool));
		fill_defaults(write);
	}

	set_key_column(write, ITEM_KEY_ATTNO, write->key);
	for (int i = 0; i < descriptor->nindexes; i++)
		set_key_column(write, descriptor->indexes[i].key_attno,
					   item_index_key(&descriptor->indexes[i], &item->root));
	if (descriptor->ttl)
		set_key_column(write, descriptor->ttl->key_attno,
					   item_index_key(descriptor->ttl, &item->root));
	slot->tts_values[descriptor->item_attno - 1] = JsonbPGetDatum(item);
	slot->tts_isnull[descriptor->item_attno - 1] = false;
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(write->rel);
	MemoryContextSwitchTo(old_context);
}

/* Generated columns and constraints of the item table. */
static void
compute_and_check(ItemWrite *write, CmdType command)
{
	TupleConstr *constr = RelationGetDescr(write->rel)->constr;

	if (constr == NULL)
		return;
	if (constr->has_generated_stored)
		ExecComputeStoredGenerated(write->rri, write->estate, write->new_slot,
								   command);
	ExecConstraints(write->rri, write->new_slot, write->estate);
}

/* Somebody else changed the row under us. */
static void
check_lost_race(TM_Result result)
{
	switch (result)
	{
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				ereport(ERROR,
						(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						 errmsg("could not serialize access due to concurrent update")));
			break;
		case TM_SelfModified:
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
					 errmsg("item was already modified by an operation triggered by the current command"),
					 errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")));
			break;
		default:
			elog(ERROR, "unexpected status of an item to write: %u", result);
	}
}

/* Is a row that of the key to write? */
static bool
slot_has_key(ItemWrite *write, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		key = slot_getattr(slot, ITEM_KEY_ATTNO, &isnull);

	return !isnull &&
		DatumGetBool(DirectFunctionCall2(byteaeq, key,
										 PointerGetDatum(write->key)));
}

/* Lock the row found and fetch its newest version into old_slot. */
static TM_Result
lock_row(ItemWrite *write, LockWaitPolicy policy)
{
	ItemPointerData tid = write->old_slot->tts_tid;
	LockTupleMode mode = write->command == ITEM_DELETES ? LockTupleExclusive :
	write->command == ITEM_CHECKS ? LockTupleShare : LockTupleNoKeyExclusive;
	TM_FailureData tmfd;

	return table_tuple_lock(write->rel, &tid, write->estate->es_snapshot,
							write->old_slot, GetCurrentCommandId(false),
							mode, policy,
							IsolationUsesXactSnapshot() ? 0 :
							TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
							&tmfd);
}

/*
 * Likewise, for a write of the key; TM_Updated if it has to start again,
 * TM_WouldBlock if it is to be left.
 */
static TM_Result
lock_version(ItemWrite *write)
{
	TM_Result	result = lock_row(write, write->skip_locked ? LockWaitSkip :
								  LockWaitBlock);

	/* Plain SQL may have given the newest version another key. */
	if (result == TM_Ok && slot_has_key(write, write->old_slot))
		return TM_Ok;
	if (result == TM_WouldBlock)
		return TM_WouldBlock;
	if (result != TM_Ok)
		check_lost_race(result);
	return TM_Updated;
}

/*
 * Open the indexes of the table, unless they are.  An insertion needs to know
 * more of them, and may follow where several items are written.
 */
static void
open_indexes(ItemWrite *write, bool inserts)
{
	if (write->rri->ri_NumIndices > 0)
		return;
	ExecOpenIndices(write->rri, inserts || write->item_context != NULL);
}

/* Put new_slot in the place of a version, in the table and its indexes. */
static TM_Result
replace_version(ItemWrite *write, ItemPointer tid, List **recheck)
{
	TM_FailureData tmfd;
	TM_Result	result;
	LockTupleMode lockmode;
	UpdateIndexes update_indexes;

	*recheck = NIL;
	result = table_tuple_update(write->rel, tid, write->new_slot,
								write->estate->es_output_cid,
								write->estate->es_snapshot, InvalidSnapshot,
								true, &tmfd, &lockmode, &update_indexes);
	if (result != TM_Ok || !UPDATE_INDEXES_NEEDED(update_indexes))
		return result;

	open_indexes(write, false);
	if (write->rri->ri_NumIndices > 0)
		*recheck = exec_insert_index_tuples(write->rri, write->new_slot,
											write->estate, true, false, NULL, NIL,
											UPDATE_INDEXES_SUMMARIZING(update_indexes));
	return TM_Ok;
}

/* Replace the version in old_slot. */
static WriteOutcome
update_version(ItemWrite *write, Jsonb *item)
{
	TriggerDesc *triggers = write->rri->ri_TrigDesc;
	ItemPointerData tid = write->old_slot->tts_tid;
	TM_Result	result;
	List	   *recheck;

	fill_new_slot(write, item, true);
	if (triggers && triggers->trig_update_before_row &&
		!exec_br_update_triggers(write->estate, &write->epqstate, write->rri,
								 &tid, write->new_slot))
		return WRITE_DONE;		/* a trigger said "do nothing" */
	compute_and_check(write, CMD_UPDATE);

	result = replace_version(write, &tid, &recheck);
	if (result != TM_Ok)
	{
		check_lost_race(result);
		return WRITE_RETRY;
	}
	ExecARUpdateTriggers(write->estate, write->rri, NULL, NULL, &tid, NULL,
						 write->new_slot, recheck, write->update_capture, false);
	list_free(recheck);
	return WRITE_DONE;
}

/* Delete the version in old_slot. */
static WriteOutcome
delete_version(ItemWrite *write)
{
	TriggerDesc *triggers = write->rri->ri_TrigDesc;
	ItemPointerData tid = write->old_slot->tts_tid;
	TM_FailureData tmfd;
	TM_Result	result;

	if (triggers && triggers->trig_delete_before_row &&
		!exec_br_delete_triggers(write->estate, &write->epqstate, write->rri, &tid))
		return WRITE_DONE;

	result = table_tuple_delete(write->rel, &tid, write->estate->es_output_cid,
								write->estate->es_snapshot, InvalidSnapshot,
								true, &tmfd, false);
	if (result != TM_Ok)
	{
		check_lost_race(result);
		return WRITE_RETRY;
	}
	write->deleted++;
	ExecARDeleteTriggers(write->estate, write->rri, &tid, NULL,
						 write->delete_capture, false);
	return WRITE_DONE;
}

/*
 * Indexes that tell whether an item of the key is there: the primary key's,
 * and what doubles it, as REINDEX CONCURRENTLY does for a while.
 */
static List *
find_arbiters(ResultRelInfo *rri)
{
	List	   *arbiters = NIL;

	for (int i = 0; i < rri->ri_NumIndices; i++)
	{
		IndexInfo  *info = rri->ri_IndexRelationInfo[i];
		Relation	index = rri->ri_IndexRelationDescs[i];

		if (info->ii_Unique && info->ii_NumIndexKeyAttrs == 1 &&
			info->ii_IndexAttrNumbers[0] == ITEM_KEY_ATTNO &&
			info->ii_Predicate == NIL && index->rd_index->indimmediate)
			arbiters = lappend_oid(arbiters, RelationGetRelid(index));
	}
	return arbiters;
}

/*
 * Insert the new row unless an item of its key is there, as far as anybody can
 * see.  A conflict with a row that we could not see means that another
 * transaction inserts the same key: wait for it, then start again.
 */
static WriteOutcome
insert_speculatively(ItemWrite *write, List **recheck)
{
	List	   *arbiters = find_arbiters(write->rri);
	ItemPointerData other;
	uint32		token;
	bool		conflict = false;

	token = SpeculativeInsertionLockAcquire(GetCurrentTransactionId());
	table_tuple_insert_speculative(write->rel, write->new_slot,
								   write->estate->es_output_cid, 0, NULL, token);
	*recheck = exec_insert_index_tuples(write->rri, write->new_slot,
										write->estate, false, true, &conflict,
										arbiters, false);
	table_tuple_complete_speculative(write->rel, write->new_slot, token, !conflict);
	SpeculativeInsertionLockRelease(GetCurrentTransactionId());
	if (!conflict)
		return WRITE_DONE;

	/* Wait for the other transaction; if it committed, we cannot see it */
	if (!exec_check_index_constraints(write->rri, write->new_slot,
									  write->estate, &other, arbiters))
		check_lost_race(TM_Updated);
	return WRITE_RETRY;
}

/* Insert a new item. */
static WriteOutcome
insert_item(ItemWrite *write, Jsonb *item)
{
	TriggerDesc *triggers = write->rri->ri_TrigDesc;
	bool		fire_before = triggers && triggers->trig_insert_before_row;
	List	   *recheck;

	fill_new_slot(write, item, false);
	if (fire_before &&
		!ExecBRInsertTriggers(write->estate, write->rri, write->new_slot))
		return WRITE_DONE;
	compute_and_check(write, CMD_INSERT);

	open_indexes(write, true);

	/*
	 * Under a key that a trigger chose there may be another item.  That is no
	 * race to be repeated, but a violation of the primary key.
	 */
	if (fire_before && !slot_has_key(write, write->new_slot))
	{
		table_tuple_insert(write->rel, write->new_slot,
						   write->estate->es_output_cid, 0, NULL);
		recheck = exec_insert_index_tuples(write->rri, write->new_slot,
										   write->estate, false, false, NULL,
										   NIL, false);
	}
	else if (insert_speculatively(write, &recheck) == WRITE_RETRY)
		return WRITE_RETRY;

	ExecARInsertTriggers(write->estate, write->rri, write->new_slot, recheck,
						 write->insert_capture);
	list_free(recheck);
	return WRITE_DONE;
}

/* Decide on the version in old_slot, or on no item. */
static ItemAction
decide_on(ItemWrite *write, bool found, Jsonb **item, ItemDecision decide,
		  void *arg, MemoryContext context)
{
	MemoryContext old_context = switch_to_item(write);
	Jsonb	   *old_item = found ? slot_item(write->old_slot, write->descriptor) : NULL;
	ItemAction	action;

	MemoryContextSwitchTo(context);
	action = decide(old_item, item, arg);
	MemoryContextSwitchTo(old_context);
	return action;
}

/*
 * One attempt, with the snapshot of the executor state.  What is decided is
 * allocated in `context`.
 */
static WriteOutcome
attempt_write(ItemWrite *write, ItemDecision decide, void *arg,
			  MemoryContext context)
{
	Jsonb	   *item = NULL;
	bool		found;

	found = find_version(&write->lookup, write->key,
						 write->estate->es_snapshot, write->old_slot);
	if (found && write->lock_first)
	{
		TM_Result	locked = lock_version(write);

		if (locked != TM_Ok)
			return locked == TM_WouldBlock ? WRITE_DONE : WRITE_RETRY;
	}

	switch (decide_on(write, found, &item, decide, arg, context))
	{
		case ITEM_KEEP:
			/* lock it next time, and decide again on what it is then */
			return found && write->lock_kept && !write->lock_first ?
				WRITE_RETRY : WRITE_DONE;
		case ITEM_DELETE:
			return delete_version(write);
		case ITEM_PUT:
			return found ? update_version(write, item) : insert_item(write, item);
	}
	pg_unreachable();
}

/* Must the row be locked before it is decided what becomes of it? */
static bool
must_lock_first(const ItemWrite *write)
{
	const TriggerDesc *triggers = write->rri->ri_TrigDesc;

	if (write->skip_locked)
		return true;
	switch (write->command)
	{
		case ITEM_CHECKS:
			return true;

			/*
			 * Before triggers lock the row themselves, and must see what is
			 * decided.
			 */
		case ITEM_DELETES:
			return triggers && triggers->trig_delete_before_row;
		case ITEM_PUTS:
			return triggers && triggers->trig_update_before_row;
	}
	pg_unreachable();
}

void
item_store_write_next(ItemWrite *write, bytea *key, ItemCommand command,
					  ItemDecision decide, void *arg)
{
	MemoryContext context = CurrentMemoryContext;
	WriteOutcome outcome;

	Assert(write->commands & command);
	write->key = key;
	write->command = command;
	write->lock_first = must_lock_first(write);

	/* The executor expects what it allocates to live as long as it does */
	if (write->item_context)
		MemoryContextSwitchTo(write->estate->es_query_cxt);

	do
	{
		Snapshot	snapshot = RegisterSnapshot(GetTransactionSnapshot());

		CHECK_FOR_INTERRUPTS();
		write->estate->es_snapshot = snapshot;
		write->estate->es_output_cid = GetCurrentCommandId(true);
		outcome = attempt_write(write, decide, arg, context);
		write->lock_first = true;
		write->estate->es_snapshot = InvalidSnapshot;
		UnregisterSnapshot(snapshot);
	} while (outcome == WRITE_RETRY);

	MemoryContextSwitchTo(context);
	if (write->item_context)
	{
		ExecClearTuple(write->old_slot);
		ExecClearTuple(write->new_slot);
		ResetPerTupleExprContext(write->estate);
		MemoryContextReset(write->item_context);
	}
}

ItemWrite *
item_store_begin(Relation rel, const TableDescriptor *descriptor,
				 int commands, bool lock_kept)
{
	ItemWrite  *write = palloc(sizeof(ItemWrite));

	begin_write(write, rel, descriptor, commands, true);
	write->lock_kept = lock_kept;
	return write;
}

void
item_store_skip_locked(ItemWrite *write)
{
	write->skip_locked = true;
}

int64
item_store_deleted(const ItemWrite *write)
{
	return write->deleted;
}

void
item_store_end(ItemWrite *write)
{
	end_write(write);
	pfree(write);
}

void
item_store_write(Relation rel, const TableDescriptor *descriptor, bytea *key,
				 ItemCommand command, ItemDecision decide, void *arg)
{
	ItemWrite	write;

	begin_write(&write, rel, descriptor, command, false);
	item_store_write_next(&write, key, command, decide, arg);
	end_write(&write);
}

/* ---- filling the column of a new index ---- */

ItemWrite *
item_store_begin_fill(Relation rel, const TableDescriptor *descriptor,
					  const IndexDescriptor *index, Snapshot snapshot)
{
	ItemWrite  *write = palloc(sizeof(ItemWrite));

	open_write(write, rel, descriptor);
	write->command = ITEM_PUTS;
	write->rri->ri_TrigDesc = NULL;
	ExecOpenIndices(write->rri, false);
	write->fill_index = index;
	write->estate->es_snapshot = snapshot;
	write->estate->es_output_cid = GetCurrentCommandId(true);

	/* Once for all rows: the set lives as long as the write */
	*write->updated_columns = bms_make_singleton(index->key_attno -
												 FirstLowInvalidHeapAttributeNumber);
	return write;
}

TupleTableSlot *
item_store_fill_slot(ItemWrite *write)
{
	return write->old_slot;
}

/* Fill new_slot: the version found with its key in the index; false if it is
 * there. */
static bool
fill_index_key(ItemWrite *write)
{
	Jsonb	   *item = slot_item(write->old_slot, write->descriptor);

	ExecClearTuple(write->new_slot);
	copy_old_version(write);
	if (!set_key_column(write, write->fill_index->key_attno,
						item_index_key(write->fill_index, &item->root)))
		return false;
	ExecStoreVirtualTuple(write->new_slot);
	write->new_slot->tts_tableOid = RelationGetRelid(write->rel);
	return true;
}

ItemFill
item_store_fill(ItemWrite *write, bool wait)
{
	ItemPointerData tid;
	TM_Result	result;
	List	   *recheck;

	if (!fill_index_key(write))
		return FILL_UNCHANGED;

	/*
	 * The newest version has its key already if it was written after the one
	 * found, and a row that is gone needs none.
	 */
	result = lock_row(write, wait ? LockWaitBlock : LockWaitSkip);
	if (result == TM_WouldBlock)
		return FILL_BUSY;
	if (result != TM_Ok)
		check_lost_race(result);
	if (result != TM_Ok || !fill_index_key(write))
		return FILL_UNCHANGED;

	tid = write->old_slot->tts_tid;
	result = replace_version(write, &tid, &recheck);
	if (result != TM_Ok)
		elog(ERROR, "unexpected status of a locked item: %u", result);
	list_free(recheck);
	ResetPerTupleExprContext(write->estate);
	return FILL_WRITTEN;
}

void
item_store_end_fill(ItemWrite *write)
{
	close_write(write);
	pfree(write);
}
