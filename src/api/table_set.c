/*
 * table_set.c - the tables of a request, each opened once.
 */
#include "postgres.h"

#include "access/table.h"

#include "api/parameters.h"
#include "api/table_set.h"

void
table_set_init(TableSet *set, int max_tables)
{
	set->ntables = 0;
	set->tables = palloc(sizeof(TableUse) * max_tables);
}

TableUse *
table_set_add(TableSet *set, const JsonNode *name, LOCKMODE lockmode,
			  AclMode privileges)
{
	TableUse   *use = NULL;

	for (int i = 0; i < set->ntables && use == NULL; i++)
	{
		const JsonNode *other = set->tables[i].name;

		if (other->len == name->len &&
			memcmp(other->u.str, name->u.str, name->len) == 0)
			use = &set->tables[i];
	}
	if (use == NULL)
	{
		use = &set->tables[set->ntables++];
		memset(use, 0, sizeof(TableUse));
		use->name = name;
	}
	/* stronger modes have greater numbers, as far as they are used here */
	use->lockmode = Max(use->lockmode, lockmode);
	use->privileges |= privileges;
	return use;
}

void
table_set_open(TableSet *set)
{
	for (int i = 0; i < set->ntables; i++)
	{
		TableUse   *use = &set->tables[i];

		use->rel = open_table(use->name, use->lockmode, use->privileges,
							  &use->descriptor);
	}
}

void
table_set_close(TableSet *set)
{
	for (int i = 0; i < set->ntables; i++)
		table_close(set->tables[i].rel, NoLock);
}
