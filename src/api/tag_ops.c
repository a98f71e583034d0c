/*
 * tag_ops.c - TagResource, UntagResource, ListTagsOfResource.
 *
 * Unlike those of other operations, the members of these requests are looked
 * at after the ARN, each with a text of its own.
 */
#include "postgres.h"

#include "access/table.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "api/arn.h"
#include "api/operations.h"
#include "api/parameters.h"
#include "api/tag_ops.h"
#include "dynamo.h"
#include "errors.h"
#include "store/catalog.h"
#include "store/tags.h"

/* Keys that begin so are the service's own. */
#define RESERVED_PREFIX	"aws:"

/* Longest ARN, bytes; what is longer is repeated no further. */
#define ARN_MAX	1283

/* ---- tags of requests ---- */

/*
 * Does a string hold nothing but letters, digits, white space and +-=._:/@ ?
 * Beyond ASCII everything passes that is not a control or a noncharacter:
 * which of it are letters depends on the version of Unicode.
 */
static bool
has_allowed_characters(const char *str)
{
	while (*str)
	{
		pg_wchar	c = utf8_to_unicode((const unsigned char *) str);

		if (c < 0x80 ? !isalnum((int) c) && strchr(" +-=._:/@", (int) c) == NULL :
			c < 0xA0 || (c & 0xFFFE) == 0xFFFE)
			return false;
		str += pg_utf_mblen((const unsigned char *) str);
	}
	return true;
}

static void
check_tag(const Tag *tag)
{
	if (pg_strncasecmp(tag->key, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0)
		validation_error(INVALID_PARAMETER "Tag keys starting with '%s' are reserved: %s",
						 RESERVED_PREFIX, tag->key);
	if (!has_allowed_characters(tag->key))
		validation_error(INVALID_PARAMETER "Tag key contains invalid characters: %s",
						 tag->key);
	if (!has_allowed_characters(tag->value))
		validation_error(INVALID_PARAMETER "Tag value contains invalid characters: %s",
						 tag->value);
}

/* The tag of a key in a list; NULL if there is none. */
static Tag *
find_tag(const List *tags, const char *key)
{
	ListCell   *lc;

	foreach(lc, tags)
	{
		Tag		   *tag = lfirst(lc);

		if (strcmp(tag->key, key) == 0)
			return tag;
	}
	return NULL;
}

static void
check_tag_count(int count)
{
	if (count > TAGS_MAX)
		validation_error(INVALID_PARAMETER "Too many tags: a table has at most %d tags, these are %d",
						 TAGS_MAX, count);
}

List *
tags_from_request(const JsonNode *list)
{
	List	   *tags = NIL;

	check_tag_count(list->len);
	for (uint32 i = 0; i < list->len; i++)
	{
		Tag		   *tag = palloc(sizeof(Tag));

		tag->key = json_cstring(json_get(&list->u.elems[i], "Key"));
		tag->value = json_cstring(json_get(&list->u.elems[i], "Value"));
		check_tag(tag);
		if (find_tag(tags, tag->key))
			validation_error(INVALID_PARAMETER "Duplicate tag key: %s", tag->key);
		tags = lappend(tags, tag);
	}
	return tags;
}

/* ---- resources ---- */

/* Nobody here may do anything to what is not this account's. */
static void
deny_access(const char *operation, const char *resource)
{
	dynamo_error(DYNAMO_ACCESS_DENIED, "%s",
				 access_denied_message(GetUserNameFromId(GetUserId(), false),
									   operation, *resource ? resource : "*"));
}

/* Is this six parts between colons with a slash in the last one? */
static bool
looks_like_arn(const char *str)
{
	for (int i = 0; i < 5; i++)
	{
		const char *colon = strchr(str, ':');

		if (colon == NULL || colon == str)
			return false;
		str = colon + 1;
	}
	return *str && strchr(str + 1, '/') && *(strchr(str + 1, '/') + 1);
}

/*
 * What there is to say of the ARN before the rest of the request.  Returns it
 * as messages repeat it.
 */
static const char *
check_arn_form(const JsonNode *request, const char *operation)
{
	const JsonNode *node = json_get(request, "ResourceArn");
	bool		good;
	char	   *arn;

	if (node == NULL)
		validation_error("Invalid TableArn");
	arn = json_cstring(node);
	good = looks_like_arn(arn);
	arn[pg_mbcliplen(arn, strlen(arn), ARN_MAX)] = '\0';
	if (!good)
		deny_access(operation, arn);
	return arn;
}

/* A list that must be there; path: as messages name it. */
static const JsonNode *
required_list(const JsonNode *request, const char *name, const char *path)
{
	const JsonNode *list = json_get(request, name);

	if (list == NULL)
		validation_error("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null",
						 path);
	return list;
}

/* The table that an ARN names. */
static void
read_arn(const JsonNode *request, const char *text, TableArn *arn)
{
	if (!parse_table_arn(json_get(request, "ResourceArn"), arn))
		validation_error("Invalid TableArn: Invalid ResourceArn provided as input %s",
						 text);
}

/* The row of that table; the message says what the service says of the ARN. */
static TableRow *
find_table(const TableArn *arn, const char *operation, const char *text,
		   bool names_arn)
{
	TableRow   *row = NULL;
	Relation	rel = NULL;

	if (strcmp(arn->account_id, dynamo_account_id) != 0)
		deny_access(operation, text);
	if (strcmp(arn->region, dynamo_region) == 0)
		row = catalog_read_row(arn->table_name);

	/* The lock keeps the table until the transaction ends. */
	if (OidIsValid(catalog_item_table_oid(row)))
		rel = try_table_open(catalog_item_table_oid(row), AccessShareLock);
	if (rel == NULL && names_arn)
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
					 "Requested resource not found: ResourcArn: %s not found", text);
	if (rel == NULL)
		dynamo_error(DYNAMO_RESOURCE_NOT_FOUND, "Requested resource not found");
	table_close(rel, NoLock);
	return row;
}

/* ---- operations ---- */

void
tag_resource(JsonNode *request, JsonNode *response)
{
	const char *text = check_arn_form(request, "TagResource");
	const JsonNode *list = required_list(request, "Tags", "tags");
	TableArn	arn;
	TableRow   *row;
	List	   *tags;
	List	   *present;
	ListCell   *lc;
	int			added = 0;

	check_may_write("TagResource");

	read_arn(request, text, &arn);
	if (list->len == 0)
		validation_error("Atleast one Tag needs to be provided as Input.");
	tags = tags_from_request(list);

	catalog_lock_name(arn.table_name);
	row = find_table(&arn, "TagResource", text, true);
	catalog_check_owner(row);
	present = tags_read(row->table_name);
	foreach(lc, tags)
		added += (find_tag(present, ((const Tag *) lfirst(lc))->key) == NULL);
	check_tag_count(list_length(present) + added);
	foreach(lc, tags)
		tags_write(row->table_name, lfirst(lc));
}

void
untag_resource(JsonNode *request, JsonNode *response)
{
	const char *text = check_arn_form(request, "UntagResource");
	const JsonNode *list = required_list(request, "TagKeys", "tagKeys");
	TableArn	arn;
	TableRow   *row;

	check_may_write("UntagResource");

	read_arn(request, text, &arn);
	if (list->len == 0)
		validation_error("Atleast one Tag Key needs to be provided as Input.");

	catalog_lock_name(arn.table_name);
	row = find_table(&arn, "UntagResource", text, false);
	catalog_check_owner(row);
	for (uint32 i = 0; i < list->len; i++)
		tags_delete(row->table_name, json_cstring(&list->u.elems[i]));
}

/* All of them at once: there are few enough for one page. */
void
list_tags_of_resource(JsonNode *request, JsonNode *response)
{
	const char *text = check_arn_form(request, "ListTagsOfResource");
	TableArn	arn;
	JsonNode	list;
	List	   *tags;
	ListCell   *lc;

	read_arn(request, text, &arn);
	if (json_get(request, "NextToken"))
		validation_error("Invalid NextToken");
	tags = tags_read(find_table(&arn, "ListTagsOfResource", text, true)->table_name);
	json_set_array(&list, list_length(tags));
	foreach(lc, tags)
	{
		const Tag  *tag = lfirst(lc);
		JsonNode   *node = json_push(&list);

		json_set_object(node, 2);
		json_set_string(json_add(node, "Key"), tag->key);
		json_set_string(json_add(node, "Value"), tag->value);
	}
	*json_add(response, "Tags") = list;
}
