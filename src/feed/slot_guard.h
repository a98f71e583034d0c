/*
 * slot_guard.h - using the replication slot within the transaction of a user.
 */
#ifndef DYNAMO_SLOT_GUARD_H
#define DYNAMO_SLOT_GUARD_H

/*
 * Call a function that uses the slot of the database, if there is no worker to
 * do it.  When it fails, the slot is let go of before the error is raised
 * again: somebody may catch it and go on with the session.
 */
extern void slot_guard(void (*part) (void));

#endif							/* DYNAMO_SLOT_GUARD_H */
