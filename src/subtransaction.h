/*
 * subtransaction.h - errors that are caught.
 */
#ifndef DYNAMO_SUBTRANSACTION_H
#define DYNAMO_SUBTRANSACTION_H

#include "utils/elog.h"

/*
 * Call a function in a subtransaction, which is rolled back if it returns false
 * or fails.  Returns the error, copied into the current memory context; NULL if
 * there was none.
 */
extern ErrorData *subtransaction_try(bool (*part) (void *arg), void *arg);

#endif							/* DYNAMO_SUBTRANSACTION_H */
