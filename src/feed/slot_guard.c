/*
 * slot_guard.c - using the replication slot within the transaction of a user.
 */
#include "postgres.h"

#include "access/xact.h"
#include "replication/slot.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "feed/slot_guard.h"

/*
 * The server lets go of a slot when an error ends a statement of the client,
 * and not when a block of PL/pgSQL catches it.  Only once a subtransaction is
 * rolled back are there no locks left that would be in the way of that.
 */
void
slot_guard(bool (*part) (void), bool may_wait)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		if (part())
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (MyReplicationSlot != NULL)
			ReplicationSlotRelease();
		if (!may_wait || (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
						  error->sqlerrcode != ERRCODE_CONFIGURATION_LIMIT_EXCEEDED))
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}
