/*
 * arn.h - the names that the API has for resources.
 *
 * They are formed when they are shown, of the settings dynamo.region and
 * dynamo.account_id.
 */
#ifndef DYNAMO_ARN_H
#define DYNAMO_ARN_H

/* The ARN of a table. */
extern char *table_arn(const char *table_name);

#endif							/* DYNAMO_ARN_H */
