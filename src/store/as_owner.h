/*
 * as_owner.h - running, in a session of somebody else's, what may call code of
 * a table's owner: triggers, functions of indexes.
 */
#ifndef DYNAMO_AS_OWNER_H
#define DYNAMO_AS_OWNER_H

#include "utils/relcache.h"

typedef struct AsOwner
{
	Oid			user;
	int			sec_context;
	int			guc_level;
} AsOwner;

/*
 * Become the owner of a table, in a security-restricted operation and with
 * this search_path; and go back, with all settings as they were.  After an
 * error the abort of the transaction or subtransaction does the latter.
 */
extern void as_owner_begin(AsOwner *state, Relation rel, const char *search_path);
extern void as_owner_end(const AsOwner *state);

/*
 * SET CONSTRAINTS ALL IMMEDIATE, as the current user: triggers cannot be
 * deferred within a security-restricted operation, and would fire as somebody
 * else after it.
 */
extern void fire_deferred_triggers(void);

#endif							/* DYNAMO_AS_OWNER_H */
