/*
 * slot_guard.c - using the replication slot within the transaction of a user.
 */
#include "postgres.h"

#include "replication/slot.h"

#include "feed/slot_guard.h"
#include "subtransaction.h"

/*
 * The server lets go of a slot when an error ends a statement of the client,
 * and not when a block of PL/pgSQL catches it.  Only once a subtransaction is
 * rolled back are there no locks left that would be in the way of that.
 */
void
slot_guard(bool (*part) (void *arg), bool may_wait)
{
	ErrorData  *error = subtransaction_try(part, NULL);

	if (error == NULL)
		return;
	if (MyReplicationSlot != NULL)
		ReplicationSlotRelease();
	if (!may_wait || (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
					  error->sqlerrcode != ERRCODE_CONFIGURATION_LIMIT_EXCEEDED))
		ReThrowError(error);
	FreeErrorData(error);
}
