/*
 * compat.h - differences between PostgreSQL 15, 16, 17 and 18.
 */
#ifndef DYNAMO_COMPAT_H
#define DYNAMO_COMPAT_H

#include "access/nbtree.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/rel.h"

/* 16 tells which indexes an update needs: none, summarizing ones, all */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes UpdateIndexes;
#define UPDATE_INDEXES_NEEDED(u)	((u) != TU_None)
#define UPDATE_INDEXES_SUMMARIZING(u)	((u) == TU_Summarizing)
#define exec_insert_index_tuples(rri, slot, estate, update, spec, conflict, arbiters, summarizing) \
	ExecInsertIndexTuples(rri, slot, estate, update, spec, conflict, arbiters, summarizing)
#else
typedef bool UpdateIndexes;
#define UPDATE_INDEXES_NEEDED(u)	(u)
#define UPDATE_INDEXES_SUMMARIZING(u)	false
#define exec_insert_index_tuples(rri, slot, estate, update, spec, conflict, arbiters, summarizing) \
	ExecInsertIndexTuples(rri, slot, estate, update, spec, conflict, arbiters)
#endif

/* 16 moved permissions out of range table entries; 18 wants to know which
 * relations are not pruned */
#if PG_VERSION_NUM >= 180000
#define exec_init_range_table(estate, rtes, perminfos) \
	ExecInitRangeTable(estate, rtes, perminfos, bms_make_singleton(1))
#elif PG_VERSION_NUM >= 160000
#define exec_init_range_table(estate, rtes, perminfos) \
	ExecInitRangeTable(estate, rtes, perminfos)
#else
#define exec_init_range_table(estate, rtes, perminfos) \
	ExecInitRangeTable(estate, rtes)
#endif

#if PG_VERSION_NUM >= 160000
#define eval_plan_qual_init(epq, estate) \
	EvalPlanQualInit(epq, estate, NULL, NIL, -1, NIL)
#else
#define eval_plan_qual_init(epq, estate) \
	EvalPlanQualInit(epq, estate, NULL, NIL, -1)
#endif

/* 17 added what MERGE needs, 18 its own tuple id */
#if PG_VERSION_NUM >= 180000
#define exec_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints(rri, slot, estate, conflict, &(slot)->tts_tid, arbiters)
#define exec_br_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, NULL, NULL, false)
#define exec_br_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL, NULL, NULL, false)
#elif PG_VERSION_NUM >= 160000
#define exec_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints(rri, slot, estate, conflict, arbiters)
#define exec_br_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, NULL, NULL)
#define exec_br_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL, NULL, NULL)
#else
#define exec_check_index_constraints(rri, slot, estate, conflict, arbiters) \
	ExecCheckIndexConstraints(rri, slot, estate, conflict, arbiters)
#define exec_br_update_triggers(estate, epq, rri, tid, slot) \
	ExecBRUpdateTriggers(estate, epq, rri, tid, NULL, slot, NULL)
#define exec_br_delete_triggers(estate, epq, rri, tid) \
	ExecBRDeleteTriggers(estate, epq, rri, tid, NULL, NULL)
#endif

/* 18 counts searches of an index scan in an instrumentation argument */
#if PG_VERSION_NUM >= 180000
#define index_begin_scan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define index_begin_scan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* Descend a B-tree to the leaf page of a key; the leaf is share-locked */
#if PG_VERSION_NUM >= 170000
#define compat_bt_search(index, heap, key, buf) \
	_bt_search(index, heap, key, buf, BT_READ)
#elif PG_VERSION_NUM >= 160000
#define compat_bt_search(index, heap, key, buf) \
	_bt_search(index, heap, key, buf, BT_READ, NULL)
#else
#define compat_bt_search(index, heap, key, buf) \
	_bt_search(index, key, buf, BT_READ, NULL)
#endif

/* 17 asks whether to flush a logical message */
#if PG_VERSION_NUM >= 170000
#define compat_log_logical_message(prefix, message, size) \
	LogLogicalMessage(prefix, message, size, true, false)
#else
#define compat_log_logical_message(prefix, message, size) \
	LogLogicalMessage(prefix, message, size, true)
#endif

#if PG_VERSION_NUM >= 180000
#define compat_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel, false)
#else
#define compat_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel)
#endif

/* May a role SET ROLE to another?  16 made that an option of memberships. */
#if PG_VERSION_NUM >= 160000
#define compat_can_set_role(member, role) member_can_set_role(member, role)
#else
#define compat_can_set_role(member, role) is_member_of_role(member, role)
#endif

/* 17 does without a struct around the tuples of decoded changes */
#if PG_VERSION_NUM >= 170000
#define compat_change_tuple(t) (t)
#else
#define compat_change_tuple(t) ((t) ? &(t)->tuple : NULL)
#endif

/* Has the server given up on a slot?  16 says so for all of its reasons. */
#if PG_VERSION_NUM >= 160000
#define compat_slot_is_invalid(slot) ((slot)->data.invalidated != RS_INVAL_NONE)
#else
#define compat_slot_is_invalid(slot) XLogRecPtrIsInvalid((slot)->data.restart_lsn)
#endif

/* 17 can also keep slots that come from a primary */
#if PG_VERSION_NUM >= 170000
#define compat_cleanup_slots() ReplicationSlotCleanup(false)
#else
#define compat_cleanup_slots() ReplicationSlotCleanup()
#endif

/* Acquire a slot, or fail at once; 18 can also refuse one that is invalid */
#if PG_VERSION_NUM >= 180000
#define compat_acquire_slot(name) ReplicationSlotAcquire(name, true, true)
#else
#define compat_acquire_slot(name) ReplicationSlotAcquire(name, true)
#endif

/* Extend a relation by one zeroed page, returned exclusively locked */
static inline Buffer
compat_extend_relation(Relation rel)
{
#if PG_VERSION_NUM >= 160000
	return ExtendBufferedRel(BMR_REL(rel), MAIN_FORKNUM, NULL,
							 EB_LOCK_FIRST |
							 (RELATION_IS_LOCAL(rel) ?
							  EB_SKIP_EXTENSION_LOCK : 0));
#else
	Buffer		buffer;
	bool		need_lock = !RELATION_IS_LOCAL(rel);

	if (need_lock)
		LockRelationForExtension(rel, ExclusiveLock);
	buffer = ReadBufferExtended(rel, MAIN_FORKNUM, P_NEW,
								RBM_ZERO_AND_LOCK, NULL);
	if (need_lock)
		UnlockRelationForExtension(rel, ExclusiveLock);
	return buffer;
#endif
}

#endif							/* DYNAMO_COMPAT_H */
