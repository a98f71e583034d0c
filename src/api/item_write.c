/*
 * item_write.c - the write of one item: what the request says, what becomes
 * of the item, what the response shows of it.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/rel.h"

#include "api/item_write.h"
#include "api/parameters.h"
#include "errors.h"
#include "store/item_check.h"

static const char *const put_expressions[] = {"ConditionExpression", NULL};
static const char *const put_legacy[] = {"Expected", "ConditionalOperator", NULL};
static const char *const update_expressions[] = {"UpdateExpression", "ConditionExpression", NULL};
static const char *const no_legacy[] = {NULL};
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

/* The same where no other expression uses the names and values. */
static void
prepare_only_condition(const JsonNode *request, WriteRequest *write)
{
	ExprBindings *bindings = prepare_bindings(request);

	prepare_condition(request, bindings, write);
	expr_bindings_check_unused(bindings);
}

/* PutItem */
static void
prepare_put(WriteRequest *write, JsonNode *request)
{
	JsonNode   *item = json_get(request, "Item");

	check_expression_parameters(request, put_expressions, put_legacy);
	attr_map_normalize(item);
	write->return_values = read_narrow_return_values(request);
	write->item = json_to_jsonb(item);
	item_check_size(write->item);
	prepare_expected(request, write);
	prepare_only_condition(request, write);
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

	check_expression_parameters(request, put_expressions, put_legacy);
	attr_map_normalize(key);
	write->return_values = read_narrow_return_values(request);
	prepare_expected(request, write);
	prepare_only_condition(request, write);
	write->key = key;
}

/* ConditionCheck of a transaction */
static void
prepare_check(WriteRequest *write, JsonNode *request)
{
	JsonNode   *key = json_get(request, "Key");

	check_expression_parameters(request, put_expressions, no_legacy);
	attr_map_normalize(key);
	prepare_only_condition(request, write);
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
		case WRITE_CHECK:
			prepare_check(write, request);
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
	const TableDescriptor *descriptor = write->table->descriptor;
	const KeySchema *schema = &descriptor->key;
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
	for (int i = 0; i < descriptor->nindexes; i++)
		check_index_literals(&descriptor->indexes[i].key, write->update);
	check_paths_into_keys(descriptor, paths, npaths);
	paths = update_source_paths(write->update, &npaths);
	check_paths_into_keys(descriptor, paths, npaths);
}

/*
 * Who sees nothing of the item need not be allowed to read it.  A check locks
 * the row, which takes what SELECT ... FOR SHARE takes.
 */
static AclMode
needed_privileges(const WriteRequest *write)
{
	AclMode		mode = 0;

	switch (write->kind)
	{
		case WRITE_PUT:
		case WRITE_UPDATE:
			mode = write->presence == PRESENCE_REFUSED ? ACL_INSERT :
				write->presence == PRESENCE_REQUIRED ? ACL_UPDATE :
				ACL_INSERT | ACL_UPDATE;
			break;
		case WRITE_DELETE:
			mode = ACL_DELETE;
			break;
		case WRITE_CHECK:
			mode = ACL_SELECT | ACL_UPDATE;
			break;
	}
	if (write->condition || write->update || write->return_values != RETURN_NONE)
		mode |= ACL_SELECT;
	return mode;
}

void
write_add_table(WriteRequest *write, TableSet *tables)
{
	write->table = table_set_add(tables, write->table_name,
								 write->kind == WRITE_CHECK ? RowShareLock : RowExclusiveLock,
								 needed_privileges(write));
}

/* write_check_key_values() of a put: the table's key; for those of indexes,
 * empty values only. */
static void
check_put_key_values(const TableDescriptor *descriptor,
					 const JsonbContainer *item)
{
	const KeySchema *schema = &descriptor->key;
	AttrValue	value;

	for (int k = 0; k < KEY_NATTRS(schema); k++)
	{
		const KeyAttr *attr = &schema->attrs[k];

		if (attr_get(item, attr->name, attr->name_len, &value) &&
			value.type == attr->type)
			item_check_key_value(schema, k, &value);
	}
	for (int i = 0; i < descriptor->nindexes; i++)
	{
		const IndexDescriptor *index = &descriptor->indexes[i];

		for (int k = 0; k < KEY_NATTRS(&index->key); k++)
		{
			const KeyAttr *attr = &index->key.attrs[k];

			if (attr_get(item, attr->name, attr->name_len, &value) &&
				value.type == attr->type && value.type != ATTR_N && value.len == 0)
				item_refuse_empty_index_key(index, attr);
		}
	}
}

void
write_check_key_values(const WriteRequest *write)
{
	if (write->kind == WRITE_PUT)
		check_put_key_values(write->table->descriptor, &write->item->root);
	else
		item_check_key_values(write->table->descriptor, write->key);
}

void
write_check(WriteRequest *write)
{
	const TableDescriptor *descriptor = write->table->descriptor;

	capacity_bind(write->capacity, descriptor);
	if (write->kind == WRITE_PUT)
	{
		write->encoded_key = item_key_from_item(descriptor, &write->item->root);
		item_check_index_keys(descriptor, &write->item->root, NULL, false);
	}
	else
		write->encoded_key = item_key_from_request(descriptor, write->key);
	check_update_paths(write);
	check_condition_paths(descriptor, write->condition);
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
	bool		present = old_item != NULL;
	StringInfoData detail;

	if (!(present && write->presence == PRESENCE_REFUSED) &&
		!(!present && write->presence == PRESENCE_REQUIRED) &&
		condition_evaluate(write->condition, present ? &old_item->root : NULL))
		return;
	/* a transaction that fails shows no capacity */
	if (write->transaction == NULL)
		capacity_check_item(write->capacity, old_item);
	if (write->presence == PRESENCE_REFUSED)
		dynamo_error(DYNAMO_DUPLICATE_ITEM, "Duplicate primary key exists in table");
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

/*
 * Work out what it costs to write an item (NULL: to delete it) over the old
 * one; false if an index has no capacity for it.
 */
static bool
admit_cost(WriteRequest *write, const Jsonb *old_item, const Jsonb *new_item)
{
	if (!capacity_is_counted(write->capacity))
		return true;
	capacity_write_cost(write->capacity, old_item, new_item, &write->cost);
	write->throttled = !capacity_admit_indexes(write->capacity, &write->cost);
	return !write->throttled;
}

static ItemAction
decide_put(const Jsonb *old_item, Jsonb **new_item, WriteRequest *write)
{
	check_condition(write, old_item);
	remember_old(write, old_item);
	if (!admit_cost(write, old_item, write->item))
		return ITEM_KEEP;
	*new_item = write->item;
	return old_item && jsonb_equal(old_item, write->item) ? ITEM_KEEP : ITEM_PUT;
}

static ItemAction
decide_delete(const Jsonb *old_item, Jsonb **new_item, WriteRequest *write)
{
	check_condition(write, old_item);
	remember_old(write, old_item);
	if (!admit_cost(write, old_item, NULL))
		return ITEM_KEEP;
	return old_item ? ITEM_DELETE : ITEM_KEEP;
}

static ItemAction
decide_update(const Jsonb *old_item, Jsonb **new_item, WriteRequest *write)
{
	JsonNode   *tree;

	check_condition(write, old_item);
	remember_old(write, old_item);
	write->new_item = NULL;

	/* Removing from an item that does not exist does not make one. */
	if (old_item == NULL && write->update && update_only_removes(write->update))
	{
		(void) admit_cost(write, NULL, NULL);
		return ITEM_KEEP;
	}

	tree = update_apply(write->update, old_item ? &old_item->root : NULL,
						write->key);
	write->new_item = json_to_jsonb(tree);
	if (item_size(&write->new_item->root) > ITEM_MAX_SIZE)
		validation_error("Item size to update has exceeded the maximum allowed size");
	item_check_index_keys(write->table->descriptor, &write->new_item->root,
						  old_item ? &old_item->root : NULL, true);
	if (!admit_cost(write, old_item, write->new_item))
		return ITEM_KEEP;

	*new_item = write->new_item;
	return old_item && jsonb_equal(old_item, write->new_item) ? ITEM_KEEP : ITEM_PUT;
}

ItemAction
write_decide(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	WriteRequest *write = arg;

	switch (write->kind)
	{
		case WRITE_PUT:
			return decide_put(old_item, new_item, write);
		case WRITE_UPDATE:
			return decide_update(old_item, new_item, write);
		case WRITE_DELETE:
			return decide_delete(old_item, new_item, write);
		case WRITE_CHECK:
			check_condition(write, old_item);
			(void) admit_cost(write, old_item, old_item);
			return ITEM_KEEP;
	}
	pg_unreachable();
}

static ItemCommand
item_command(WriteKind kind)
{
	switch (kind)
	{
		case WRITE_PUT:
		case WRITE_UPDATE:
			return ITEM_PUTS;
		case WRITE_DELETE:
			return ITEM_DELETES;
		case WRITE_CHECK:
			return ITEM_CHECKS;
	}
	pg_unreachable();
}

void
write_run(WriteRequest *write, Capacity *capacity, TableSet *tables)
{
	write->capacity = capacity;
	table_set_init(tables, 1);
	write_add_table(write, tables);
	table_set_open(tables);
	write_check(write);

	write->throttled = !capacity_admit(write->capacity, NULL, true);
	if (write->throttled)
		return;
	item_store_write(write->table->rel, write->table->descriptor,
					 write->encoded_key, item_command(write->kind),
					 write_decide, write);
	if (capacity_is_counted(write->capacity) && !write->throttled)
		capacity_write_item(write->capacity, &write->cost);
}

static int
compare_writes(const void *a, const void *b)
{
	const WriteRequest *x = *(WriteRequest *const *) a;
	const WriteRequest *y = *(WriteRequest *const *) b;
	Oid			relid_x = RelationGetRelid(x->table->rel);
	Oid			relid_y = RelationGetRelid(y->table->rel);

	if (relid_x != relid_y)
		return relid_x < relid_y ? -1 : 1;
	return key_compare(x->encoded_key, y->encoded_key);
}

WriteRequest **
write_sort(WriteRequest *writes, int nwrites, int *nsorted)
{
	WriteRequest **sorted = palloc(sizeof(WriteRequest *) * nwrites);

	*nsorted = 0;
	for (int i = 0; i < nwrites; i++)
	{
		if (writes[i].encoded_key != NULL)
			sorted[(*nsorted)++] = &writes[i];
	}
	qsort(sorted, *nsorted, sizeof(WriteRequest *), compare_writes);
	return sorted;
}

void
write_refuse_duplicates(WriteRequest **sorted, int nsorted, const char *message)
{
	for (int i = 1; i < nsorted; i++)
	{
		if (compare_writes(&sorted[i - 1], &sorted[i]) == 0)
			validation_error("%s", message);
	}
}

/* Write one of several items of a table. */
static void
write_next(ItemWrite *session, WriteRequest *write, ItemDecision decide)
{
	write->throttled = !capacity_admit(write->capacity, NULL, true);
	if (write->throttled)
		return;
	item_store_write_next(session, write->encoded_key, item_command(write->kind),
						  decide, write);
	if (capacity_is_counted(write->capacity) && !write->throttled &&
		write->reason == NULL)
		capacity_write_item(write->capacity, &write->cost);
}

void
write_items(WriteRequest **sorted, int nsorted, bool lock_kept,
			ItemDecision decide)
{
	int			next = 0;

	while (next < nsorted)
	{
		const TableUse *table = sorted[next]->table;
		int			commands = 0;
		ItemWrite  *session;

		for (int i = next; i < nsorted && sorted[i]->table == table; i++)
			commands |= item_command(sorted[i]->kind);
		session = item_store_begin(table->rel, table->descriptor, commands,
								   lock_kept);
		for (; next < nsorted && sorted[next]->table == table; next++)
			write_next(session, sorted[next], decide);
		item_store_end(session);
	}
}

/* ---- the response ---- */

void
write_set_capacities(WriteRequest *writes, int nwrites, const TableSet *tables,
					 CapacityDetail detail, CapacityUse use)
{
	Capacity   *capacities = palloc(sizeof(Capacity) * tables->ntables);

	for (int i = 0; i < tables->ntables; i++)
		capacity_init(&capacities[i], detail, use);
	for (int i = 0; i < nwrites; i++)
		writes[i].capacity = &capacities[writes[i].table - tables->tables];
}

void
write_add_capacities(const WriteRequest *writes, const TableSet *tables,
					 JsonNode *response)
{
	JsonNode	consumed;

	json_set_array(&consumed, tables->ntables);
	for (int t = 0; t < tables->ntables; t++)
	{
		int			i = 0;

		while (writes[i].table != &tables->tables[t])
			i++;
		if (writes[i].capacity->detail != CAPACITY_NONE)
			capacity_to_node(writes[i].capacity, json_push(&consumed));
	}
	if (consumed.len > 0)
		*json_add(response, "ConsumedCapacity") = consumed;
}

bool
write_attributes(const WriteRequest *write, JsonNode *attributes)
{
	const Jsonb *item = NULL;
	const Projection *projection = NULL;

	switch (write->return_values)
	{
		case RETURN_NONE:
			return false;
		case RETURN_UPDATED_OLD:
			if (write->update == NULL)
				return false;
			projection = update_target_projection(write->update);
			/* FALLTHROUGH */
		case RETURN_ALL_OLD:
			item = write->old_item;
			break;
		case RETURN_UPDATED_NEW:
			if (write->update == NULL)
				return false;
			projection = update_target_projection(write->update);
			/* FALLTHROUGH */
		case RETURN_ALL_NEW:
			item = write->new_item;
			break;
	}
	if (item == NULL)
		return false;
	projected_item(projection, item, attributes);
	return attributes->len > 0;
}
