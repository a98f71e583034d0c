/*
 * arn.c - the names that the API has for resources.
 */
#include "postgres.h"

#include "api/arn.h"
#include "dynamo.h"

/* What stands between the ARN of a table and the label of its stream. */
#define STREAM_PART	"/stream/"

char *
table_arn(const char *table_name)
{
	return psprintf("arn:aws:dynamodb:%s:%s:table/%s", dynamo_region,
					dynamo_account_id, table_name);
}

char *
stream_arn(const char *table_name, const char *label)
{
	return psprintf("%s" STREAM_PART "%s", table_arn(table_name), label);
}

/* Length of the part of a string before the next colon; -1 if there is none. */
static int
part_length(const char *str)
{
	const char *colon = strchr(str, ':');

	return colon ? colon - str : -1;
}

bool
parse_table_arn(const JsonNode *node, TableArn *arn)
{
	static const char service[] = "arn:aws:dynamodb:";
	static const char resource[] = "table/";
	const char *part = json_cstring(node);
	int			len;

	if (strncmp(part, service, strlen(service)) != 0)
		return false;
	part += strlen(service);
	len = part_length(part);
	if (len <= 0)
		return false;
	arn->region = pnstrdup(part, len);

	part += len + 1;
	len = part_length(part);
	if (len <= 0 || strspn(part, "0123456789") != len)
		return false;
	arn->account_id = pnstrdup(part, len);

	part += len + 1;
	if (strncmp(part, resource, strlen(resource)) != 0)
		return false;
	arn->table_name = pstrdup(part + strlen(resource));
	len = strlen(arn->table_name);
	return len >= 3 && len <= 255 &&
		strspn(arn->table_name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") == len;
}

bool
parse_stream_arn(const JsonNode *node, StreamArn *arn)
{
	char	   *text = json_cstring(node);
	char	   *separator = strstr(text, STREAM_PART);
	JsonNode	table;

	if (separator == NULL)
		return false;
	*separator = '\0';
	json_set_string(&table, text);
	arn->label = separator + strlen(STREAM_PART);
	return *arn->label != '\0' && parse_table_arn(&table, &arn->table);
}

char *
access_denied_message(const char *user, const char *operation,
					  const char *resource)
{
	return psprintf("User: arn:aws:iam::%s:user/%s is not authorized to perform: "
					"dynamodb:%s on resource: %s",
					dynamo_account_id, user, operation, resource);
}
