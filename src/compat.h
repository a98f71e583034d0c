/*
 * compat.h - the differences between PostgreSQL 15, 16, 17 and 18.
 *
 * Everything else in the extension is one source for all of them.
 */
#ifndef DYNAMO_COMPAT_H
#define DYNAMO_COMPAT_H

#include "access/nbtree.h"
#include "access/tableam.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

/* What tuple_update reports about indexes (an enum since 16) */
#if PG_VERSION_NUM >= 160000
typedef TU_UpdateIndexes CompatUpdateIndexes;
#else
typedef bool CompatUpdateIndexes;
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

#if PG_VERSION_NUM >= 180000
#define compat_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel, false)
#else
#define compat_primary_key_index(rel) RelationGetPrimaryKeyIndex(rel)
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
