/*
 * arn.c - the names that the API has for resources.
 */
#include "postgres.h"

#include "api/arn.h"
#include "dynamo.h"

char *
table_arn(const char *table_name)
{
	return psprintf("arn:aws:dynamodb:%s:%s:table/%s", dynamo_region,
					dynamo_account_id, table_name);
}
