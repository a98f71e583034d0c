/*
 * slot_guard.h - using the replication slot within the transaction of a user.
 */
#ifndef DYNAMO_SLOT_GUARD_H
#define DYNAMO_SLOT_GUARD_H

/*
 * Call a function that uses the slot of the database, as subtransaction_try()
 * does; its argument is NULL.  When it fails, the slot is let go
 * of before the error is raised again: somebody may catch it and go on with the
 * session.  may_wait: a worker can do it later, so that it is no error if there
 * is no slot left, or a lock took too long.
 */
extern void slot_guard(bool (*part) (void *arg), bool may_wait);

#endif							/* DYNAMO_SLOT_GUARD_H */
