/*
 * item_write.c - the write of one item: what the request says, what becomes
 * of the item, what the response shows of it.
 */
#include "postgres.h"

#include "access/table.h"
#include "lib/stringinfo.h"
#include "utils/acl.h"

#include "api/item_write.h"
#include "api/parameters.h"
#include "errors.h"
#include "store/item_check.h"
#include "store/item_store.h"

static const char *const put_expressions[] = {"ConditionExpression", NULL};
static const char *const put_legacy[] = {"Expected", "ConditionalOperator", NULL};
static const char *const update_expressions[] = {"UpdateExpression", "ConditionExpression", NULL};
static const char *const update_legacy[] = {"AttributeUpdates", "Expected", "ConditionalOperator", NULL};

/* ---- what the request says ---- */

static ReturnValues
read_return_values(const JsonNode *request)
{
	static const char *const names[] = {
		[RETURN_NONE] = "NONE",
		[RETURN_ALL_OLD] = "ALL_OLD",
		[RETURN_UPDATED_OLD] = "UPDATED_OLD",
		[RETURN_ALL_NEW] = "ALL_NEW",
		[RETURN_UPDATED_NEW] = "UPDATED_NEW",
	};

	for (int i = RETURN_ALL_OLD; i <= RETURN_UPDATED_NEW; i++)
	{
		if (member_is(request, "ReturnValues", names[i]))
			return i;
	}
	return RETURN_NONE;
}

/* PutItem and DeleteItem know two modes only. */
static ReturnValues
read_narrow_return_values(const JsonNode *request)
{
	ReturnValues mode = read_return_values(request);

	if (mode != RETURN_NONE && mode != RETURN_ALL_OLD)
		validation_error("ReturnValues can only be ALL_OLD or NONE");
	return mode;
}

/* The condition of a write, if it is a legacy one. */
static void
prepare_expected(JsonNode *request, WriteRequest *write)
{
	write->condition = legacy_expected(json_get(request, "Expected"),
									   json_get(request, "ConditionalOperator"));
}

/* The condition of a write, if it is an expression, with its return mode. */
static void
prepare_condition(const JsonNode *request, ExprBindings *bindings,
				  WriteRequest *write)
{
	const JsonNode *text = json_get(request, "ConditionExpression");

	write->return_on_failure =
		member_is(request, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
	if (text)
		write->condition = condition_prepare(EXPR_CONDITION, text, bindings);
}

/* PutItem */
static void
prepare_put(WriteRequest *write, JsonNode *request)
{
	JsonNode   *item = json_get(request, "Item");
	ExprBindings *bindings;

	check_expression_parameters(request, put_expressions, put_legacy);
	attr_map_normalize(item);
	write->return_values = read_narrow_return_values(request);
	write->item = json_to_jsonb(item);
	if (item_size(&write->item->root) > ITEM_MAX_SIZE)
		validation_error("Item size has exceeded the maximum allowed size");
	prepare_expected(request, write);
	bindings = prepare_bindings(request);
	prepare_condition(request, bindings, write);
	expr_bindings_check_unused(bindings);
}

/* UpdateItem */
static void
prepare_update(WriteRequest *write, JsonNode *request)
{
	JsonNode   *key = json_get(request, "Key");
	JsonNode   *text = json_get(request, "UpdateExpression");
	ExprBindings *bindings;

	check_expression_parameters(request, update_expressions, update_legacy);
	attr_map_normalize(key);
	write->update = legacy_updates(json_get(request, "AttributeUpdates"));
	prepare_expected(request, write);
	bindings = prepare_bindings(request);
	if (text)
		write->update = update_prepare(text, bindings);
	prepare_condition(request, bindings, write);
	expr_bindings_check_unused(bindings);
	write->return_values = read_return_values(request);
	write->key = key;
}

/* DeleteItem */
static void
prepare_delete(WriteRequest *write, JsonNode *request)
{
	JsonNode   *key = json_get(request, "Key");
	ExprBindings *bindings;

	check_expression_parameters(request, put_expressions, put_legacy);
	attr_map_normalize(key);
	write->return_values = read_narrow_return_values(request);
	prepare_expected(request, write);
	bindings = prepare_bindings(request);
	prepare_condition(request, bindings, write);
	expr_bindings_check_unused(bindings);
	write->key = key;
}

void
write_prepare(WriteRequest *write, WriteKind kind, JsonNode *request)
{
	memset(write, 0, sizeof(*write));
	write->kind = kind;
	write->table_name = json_get(request, "TableName");
	switch (kind)
	{
		case WRITE_PUT:
			prepare_put(write, request);
			break;
		case WRITE_UPDATE:
			prepare_update(write, request);
			break;
		case WRITE_DELETE:
			prepare_delete(write, request);
			break;
	}
}

/* ---- against the table ---- */

/* Values of the request that an index key attribute cannot be set to. */
static void
check_index_literals(const KeySchema *schema, const Update *update)
{
	const DocPath *paths;
	int			npaths;

	paths = update_target_paths(update, &npaths);
	for (int i = 0; i < npaths; i++)
	{
		for (int k = 0; k < KEY_NATTRS(schema); k++)
		{
			AttrValue	literal;

			if (paths[i].nelements == 1 &&
				path_names_key(&paths[i], &schema->attrs[k]) &&
				update_target_literal(update, i, &literal))
				item_check_index_value(&schema->attrs[k], &literal);
		}
	}
}

/* Updates of key attributes or parts of them, and paths read into them. */
static void
check_update_paths(const WriteRequest *write)
{
	const KeySchema *schema = &write->descriptor->key;
	const DocPath *paths;
	int			npaths;

	if (write->update == NULL)
		return;
	paths = update_target_paths(write->update, &npaths);
	for (int k = 0; k < KEY_NATTRS(schema); k++)
	{
		for (int i = 0; i < npaths; i++)
		{
			if (path_names_key(&paths[i], &schema->attrs[k]))
				validation_error(INVALID_PARAMETER "Cannot update attribute %s. This attribute is part of the key",
								 schema->attrs[k].name);
		}
	}
	for (int i = 0; i < write->descriptor->nindexes; i++)
		check_index_literals(&write->descriptor->indexes[i].key, write->update);
	check_paths_into_keys(write->descriptor, paths, npaths);
	paths = update_source_paths(write->update, &npaths);
	check_paths_into_keys(write->descriptor, paths, npaths);
}

/*
 * Who sees nothing of the item need not be allowed to read it.
 */
static AclMode
needed_privileges(const WriteRequest *write)
{
	AclMode		mode = write->kind == WRITE_DELETE ? ACL_DELETE :
	ACL_INSERT | ACL_UPDATE;

	if (write->condition || write->update || write->return_values != RETURN_NONE)
		mode |= ACL_SELECT;
	return mode;
}

void
write_open(WriteRequest *write)
{
	write->rel = open_table(write->table_name, RowExclusiveLock,
							needed_privileges(write), &write->descriptor);
	if (write->kind == WRITE_PUT)
	{
		write->encoded_key = item_key_from_item(write->descriptor, &write->item->root);
		item_check_index_keys(write->descriptor, &write->item->root, NULL, false);
	}
	else
		write->encoded_key = item_key_from_request(write->descriptor, write->key);
	check_update_paths(write);
	check_condition_paths(write->descriptor, write->condition);
}

void
write_close(WriteRequest *write)
{
	table_close(write->rel, NoLock);
}

/* ---- what becomes of the item ---- */

static bool
jsonb_equal(const Jsonb *a, const Jsonb *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

/* Evaluate the condition on the newest version; raise if it fails. */
static void
check_condition(const WriteRequest *write, const Jsonb *old_item)
{
	StringInfoData detail;

	if (write->condition == NULL ||
		condition_evaluate(write->condition, old_item ? &old_item->root : NULL))
		return;
	if (!write->return_on_failure || old_item == NULL)
		dynamo_error(DYNAMO_CONDITIONAL_CHECK_FAILED,
					 "The conditional request failed");

	initStringInfo(&detail);
	appendStringInfoString(&detail, "{\"Item\":");
	json_append_container(&detail, &old_item->root);
	appendStringInfoChar(&detail, '}');
	dynamo_error_detail(DYNAMO_CONDITIONAL_CHECK_FAILED, detail.data,
						"The conditional request failed");
}

/* Keep what the response will need of the old version. */
static void
remember_old(WriteRequest *write, const Jsonb *old_item)
{
	write->old_item = NULL;
	if (old_item && (write->return_values == RETURN_ALL_OLD ||
					 write->return_values == RETURN_UPDATED_OLD))
		write->old_item = DatumGetJsonbPCopy(JsonbPGetDatum(old_item));
}

static ItemAction
decide_put(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	WriteRequest *write = arg;

	check_condition(write, old_item);
	remember_old(write, old_item);
	*new_item = write->item;
	return old_item && jsonb_equal(old_item, write->item) ? ITEM_KEEP : ITEM_PUT;
}

static ItemAction
decide_delete(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	WriteRequest *write = arg;

	check_condition(write, old_item);
	remember_old(write, old_item);
	return old_item ? ITEM_DELETE : ITEM_KEEP;
}

static ItemAction
decide_update(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	WriteRequest *write = arg;
	JsonNode   *tree;

	check_condition(write, old_item);
	remember_old(write, old_item);
	write->new_item = NULL;

	/* Removing from an item that does not exist does not make one. */
	if (old_item == NULL && write->update && update_only_removes(write->update))
		return ITEM_KEEP;

	tree = update_apply(write->update, old_item ? &old_item->root : NULL,
						write->key);
	write->new_item = json_to_jsonb(tree);
	if (item_size(&write->new_item->root) > ITEM_MAX_SIZE)
		validation_error("Item size to update has exceeded the maximum allowed size");
	item_check_index_keys(write->descriptor, &write->new_item->root,
						  old_item ? &old_item->root : NULL, true);

	*new_item = write->new_item;
	return old_item && jsonb_equal(old_item, write->new_item) ? ITEM_KEEP : ITEM_PUT;
}

void
write_run(WriteRequest *write)
{
	static const ItemDecision decisions[] = {
		[WRITE_PUT] = decide_put,
		[WRITE_UPDATE] = decide_update,
		[WRITE_DELETE] = decide_delete,
	};

	item_store_write(write->rel, write->descriptor, write->encoded_key,
					 write->kind == WRITE_DELETE, decisions[write->kind], write);
}

/* ---- the response ---- */

void
write_add_attributes(const WriteRequest *write, JsonNode *response)
{
	const Jsonb *item = NULL;
	const Projection *projection = NULL;
	JsonNode	attributes;

	switch (write->return_values)
	{
		case RETURN_NONE:
			return;
		case RETURN_UPDATED_OLD:
			if (write->update == NULL)
				return;
			projection = update_target_projection(write->update);
			/* FALLTHROUGH */
		case RETURN_ALL_OLD:
			item = write->old_item;
			break;
		case RETURN_UPDATED_NEW:
			if (write->update == NULL)
				return;
			projection = update_target_projection(write->update);
			/* FALLTHROUGH */
		case RETURN_ALL_NEW:
			item = write->new_item;
			break;
	}
	if (item == NULL)
		return;
	if (projection == NULL)
		json_set_jsonb(&attributes, item);
	else
	{
		projection_apply(projection, &item->root, &attributes);
		if (attributes.len == 0)
			return;
	}
	*json_add(response, "Attributes") = attributes;
}
