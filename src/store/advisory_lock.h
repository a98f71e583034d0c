/*
 * advisory_lock.h - locks on what has no row to lock, until the transaction
 * ends.  They are of classes of their own, which pg_advisory_lock() and its
 * relatives cannot name, so that users' advisory locks never meet them.
 */
#ifndef DYNAMO_ADVISORY_LOCK_H
#define DYNAMO_ADVISORY_LOCK_H

#include "storage/lock.h"

/* The fourth field of the lock tag: users' own have 1 and 2. */
typedef enum AdvisoryClass
{
	ADVISORY_ITEM = 3,			/* object: the item table; hash: of the key */
	ADVISORY_TOKEN = 4,			/* object: the role; hash: of the token */
	ADVISORY_STREAM_LOG = 5		/* who writes the log of stream records */
} AdvisoryClass;

/* Lock; without `wait`, false if it would have to wait. */
extern bool advisory_lock(AdvisoryClass class, Oid object, uint32 hash,
						  LOCKMODE mode, bool wait);

#endif							/* DYNAMO_ADVISORY_LOCK_H */
