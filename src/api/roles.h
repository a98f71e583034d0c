/*
 * roles.h - which roles a caller may act as.
 */
#ifndef DYNAMO_ROLES_H
#define DYNAMO_ROLES_H

/*
 * The role of this name, if the current user can SET ROLE to it.  Raises
 * undefined_object if there is none, insufficient_privilege if not.
 */
extern Oid	role_to_act_as(const char *name);

#endif							/* DYNAMO_ROLES_H */
