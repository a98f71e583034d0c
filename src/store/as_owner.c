/*
 * as_owner.c - running what may call code of a table's owner.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "store/as_owner.h"

void
as_owner_begin(AsOwner *state, Relation rel, const char *search_path)
{
	GetUserIdAndSecContext(&state->user, &state->sec_context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   state->sec_context | SECURITY_RESTRICTED_OPERATION);
	state->guc_level = NewGUCNestLevel();
	(void) set_config_option("search_path", search_path, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

void
as_owner_end(const AsOwner *state)
{
	AtEOXact_GUC(false, state->guc_level);
	SetUserIdAndSecContext(state->user, state->sec_context);
}

void
fire_deferred_triggers(void)
{
	ConstraintsSetStmt *stmt = makeNode(ConstraintsSetStmt);

	AfterTriggerSetState(stmt);
}
