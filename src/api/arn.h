/*
 * arn.h - the names that the API has for resources.
 *
 * They are formed when they are shown, of the settings dynamo.region and
 * dynamo.account_id.
 */
#ifndef DYNAMO_ARN_H
#define DYNAMO_ARN_H

#include "model/json.h"

/* The ARN of a table. */
extern char *table_arn(const char *table_name);

/* The ARN of a stream, by its table and label. */
extern char *stream_arn(const char *table_name, const char *label);

/*
 * An ARN taken apart.  Only its form is checked: whose it is, and whether the
 * table exists, is the caller's business.
 */
typedef struct TableArn
{
	char	   *region;
	char	   *account_id;
	char	   *table_name;
} TableArn;

/* Take the ARN of a table apart; false if it is none (also one of an index). */
extern bool parse_table_arn(const JsonNode *node, TableArn *arn);

/* The ARN of a stream. */
typedef struct StreamArn
{
	TableArn	table;
	char	   *label;
} StreamArn;

/* Take the ARN of a stream apart; false if it is none. */
extern bool parse_stream_arn(const JsonNode *node, StreamArn *arn);

/*
 * The message of AccessDeniedException: `user` may not perform an operation on
 * a resource, which is an ARN, or what a client gave for one.
 */
extern char *access_denied_message(const char *user, const char *operation,
								   const char *resource);

#endif							/* DYNAMO_ARN_H */
