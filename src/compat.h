/*
 * compat.h - differences between PostgreSQL 15, 16, 17 and 18.
 */
#ifndef DYNAMO_COMPAT_H
#define DYNAMO_COMPAT_H

#include "access/tableam.h"
#include "executor/executor.h"

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

#endif							/* DYNAMO_COMPAT_H */
