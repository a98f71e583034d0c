/*
 * parameters.c - checks between request parameters that several operations
 * share.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "api/parameters.h"
#include "errors.h"

/* The names of the parameters that are present, "A, B". */
static int
list_present(const JsonNode *request, const char *const *names,
			 StringInfo list)
{
	int			count = 0;

	initStringInfo(list);
	for (; *names; names++)
	{
		if (json_get(request, *names) == NULL)
			continue;

		/* KeyConditions clashes only with its own successor. */
		if (strcmp(*names, "KeyConditions") == 0 &&
			json_get(request, "KeyConditionExpression") == NULL)
			continue;
		appendStringInfo(list, "%s%s", count++ ? ", " : "", *names);
	}
	return count;
}

void
check_expression_parameters(const JsonNode *request,
							const char *const *expressions,
							const char *const *legacy)
{
	bool		has_names = json_get(request, "ExpressionAttributeNames") != NULL;
	bool		has_values = json_get(request, "ExpressionAttributeValues") != NULL;
	bool		has_expression = false;
	bool		has_value_expression = false;
	bool		has_legacy = false;
	StringInfoData used;
	StringInfoData unused;
	int			nunused = 0;

	for (const char *const *name = expressions; *name; name++)
	{
		if (json_get(request, *name) == NULL)
			continue;
		has_expression = true;
		if (strcmp(*name, "ProjectionExpression") != 0)
			has_value_expression = true;
	}
	for (const char *const *name = legacy; *name; name++)
		has_legacy |= json_get(request, *name) != NULL;

	if (has_expression && has_legacy &&
		list_present(request, legacy, &unused) > 0)
	{
		list_present(request, expressions, &used);
		validation_error("Can not use both expression and non-expression parameters in the same request: "
						 "Non-expression parameters: {%s} Expression parameters: {%s}",
						 unused.data, used.data);
	}
	if (has_names && !has_expression)
		validation_error("ExpressionAttributeNames can only be specified when using expressions");
	if (!has_values || has_value_expression)
		return;

	/* Name the expressions that could have held values. */
	initStringInfo(&unused);
	for (const char *const *name = expressions; *name; name++)
	{
		if (strcmp(*name, "ProjectionExpression") != 0)
			appendStringInfo(&unused, "%s%s", nunused++ ? " and " : "", *name);
	}
	if (nunused > 0)
		validation_error("ExpressionAttributeValues can only be specified when using expressions: %s %s null",
						 unused.data, nunused > 1 ? "are" : "is");
}

void
check_attributes_to_get(const JsonNode *request)
{
	const JsonNode *list = json_get(request, "AttributesToGet");

	if (list == NULL)
		return;
	for (uint32 i = 0; i < list->len; i++)
	{
		const JsonNode *a = &list->u.elems[i];
		const char *fault = attr_name_fault(a->u.str, a->len);

		if (fault)
			validation_error("%s", fault);
		for (uint32 j = i + 1; j < list->len; j++)
		{
			const JsonNode *b = &list->u.elems[j];

			if (a->len == b->len && memcmp(a->u.str, b->u.str, a->len) == 0)
				validation_error(INVALID_PARAMETER "Duplicate value in attribute name: %s",
								 json_cstring(a));
		}
	}
}

void
refuse_parameter(const JsonNode *request, const char *name)
{
	if (json_get(request, name) != NULL)
		validation_error("%s is not supported by this version of dynamo", name);
}

bool
member_is(const JsonNode *request, const char *name, const char *value)
{
	const JsonNode *node = json_get(request, name);

	return node != NULL && json_string_is(node, value);
}

Projection *
prepare_projection(const JsonNode *request, ExprBindings *bindings)
{
	const JsonNode *text = json_get(request, "ProjectionExpression");
	const JsonNode *list = json_get(request, "AttributesToGet");
	const char **names;
	uint32	   *lens;

	if (text)
		return projection_prepare(text, bindings);
	if (list == NULL)
		return NULL;

	names = palloc(sizeof(char *) * list->len);
	lens = palloc(sizeof(uint32) * list->len);
	for (uint32 i = 0; i < list->len; i++)
	{
		names[i] = list->u.elems[i].u.str;
		lens[i] = list->u.elems[i].len;
	}
	return projection_from_names(names, lens, list->len);
}

void
projected_item(const Projection *projection, const Jsonb *item, JsonNode *node)
{
	if (projection)
		projection_apply(projection, &item->root, node);
	else
		json_set_jsonb(node, item);
}

ExprBindings *
prepare_bindings(const JsonNode *request)
{
	return expr_bindings_create(json_get(request, "ExpressionAttributeNames"),
								json_get(request, "ExpressionAttributeValues"));
}

bool
path_names_key(const DocPath *path, const KeyAttr *attr)
{
	const PathElement *first = &path->elements[0];

	return key_attr_is(attr, first->name, first->name_len);
}

/* Raise if a path reaches into a key attribute of the schema. */
static void
check_path_into_keys(const DocPath *path, const KeySchema *schema,
					 const char *kind)
{
	for (int k = 0; k < KEY_NATTRS(schema); k++)
	{
		if (path_names_key(path, &schema->attrs[k]))
			validation_error("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: %s: %s",
							 kind, schema->attrs[k].name);
	}
}

void
check_paths_into_keys(const TableDescriptor *descriptor, const DocPath *paths,
					  int npaths)
{
	for (int i = 0; i < npaths; i++)
	{
		if (paths[i].nelements < 2)
			continue;
		check_path_into_keys(&paths[i], &descriptor->key, "Key");
		for (int k = 0; k < descriptor->nindexes; k++)
			check_path_into_keys(&paths[i], &descriptor->indexes[k].key, "IndexKey");
	}
}

void
check_condition_paths(const TableDescriptor *descriptor,
					  const Condition *condition)
{
	int			npaths;
	const DocPath *paths = condition_paths(condition, &npaths);

	check_paths_into_keys(descriptor, paths, npaths);
}

void
check_projection_paths(const TableDescriptor *descriptor,
					   const Projection *projection)
{
	int			npaths;
	const DocPath *paths = projection_paths(projection, &npaths);

	check_paths_into_keys(descriptor, paths, npaths);
}

void
check_may_write(const char *operation)
{
	PreventCommandIfReadOnly(operation);
	PreventCommandIfParallelMode(operation);
}

void
table_not_found(const char *name)
{
	dynamo_error(DYNAMO_RESOURCE_NOT_FOUND,
				 "Requested resource not found: Table: %s not found", name);
}

TableRow *
read_request_row(const JsonNode *request)
{
	const char *name = json_cstring(json_get(request, "TableName"));
	TableRow   *row = catalog_read_row(name);

	if (!OidIsValid(catalog_item_table_oid(row)))
		table_not_found(name);
	return row;
}

TableRow *
lock_request_row(const JsonNode *request)
{
	TableRow   *row;

	catalog_lock_name(json_cstring(json_get(request, "TableName")));
	row = read_request_row(request);
	catalog_check_owner(row);
	return row;
}

Relation
open_table(const JsonNode *name, LOCKMODE lockmode, AclMode mode,
		   const TableDescriptor **descriptor)
{
	Relation	rel = catalog_open_table(name->u.str, name->len, lockmode,
										 false, descriptor);

	catalog_check_access(rel, mode);
	return rel;
}

Relation
open_request_table(const JsonNode *request, LOCKMODE lockmode, AclMode mode,
				   const TableDescriptor **descriptor)
{
	return open_table(json_get(request, "TableName"), lockmode, mode, descriptor);
}
