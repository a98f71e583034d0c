/*
 * item_trigger.h - the trigger that keeps item tables valid under plain SQL.
 */
#ifndef DYNAMO_ITEM_TRIGGER_H
#define DYNAMO_ITEM_TRIGGER_H

#include "utils/reltrigger.h"

/* Is dynamo.item_trigger() the only trigger of an item table? */
extern bool item_trigger_is_only_one(const TriggerDesc *triggers);

#endif							/* DYNAMO_ITEM_TRIGGER_H */
