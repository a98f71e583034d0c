/*
 * item_trigger.h - the trigger that keeps item tables valid under plain SQL.
 */
#ifndef DYNAMO_ITEM_TRIGGER_H
#define DYNAMO_ITEM_TRIGGER_H

#include "utils/reltrigger.h"

/*
 * The triggers that a write of the API has to fire.  It computes the key
 * columns itself, so dynamo.item_trigger() is left out unless a BEFORE ROW
 * trigger of the user's own may change the item.  NULL if nothing is left.
 * `triggers` is a copy of the relation's, and is changed.
 */
extern TriggerDesc *item_trigger_leave_out(TriggerDesc *triggers);

#endif							/* DYNAMO_ITEM_TRIGGER_H */
