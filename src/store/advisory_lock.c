/*
 * advisory_lock.c - locks on what has no row to lock.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "store/advisory_lock.h"

bool
advisory_lock(AdvisoryClass class, Oid object, uint32 hash, LOCKMODE mode,
			  bool wait)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, object, hash, class);
	return LockAcquire(&tag, mode, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}
