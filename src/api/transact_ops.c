/*
 * transact_ops.c - TransactWriteItems, TransactGetItems.
 */
#include "postgres.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/transact.h"
#include "errors.h"

/* ---- TransactWriteItems ---- */

/* One action; returns the bytes that it carries. */
static uint64
prepare_action(WriteRequest *write, const JsonNode *action)
{
	static const struct
	{
		const char *name;
		WriteKind	kind;
	}			kinds[] = {
		{"ConditionCheck", WRITE_CHECK},
		{"Put", WRITE_PUT},
		{"Delete", WRITE_DELETE},
		{"Update", WRITE_UPDATE},
	};
	JsonNode   *request = NULL;
	WriteKind	kind = WRITE_CHECK;

	for (int i = 0; i < lengthof(kinds); i++)
	{
		JsonNode   *member = json_get(action, kinds[i].name);

		if (member == NULL)
			continue;
		if (request != NULL)
			validation_error("TransactItems can only contain one of Check, Put, Update or Delete");
		request = member;
		kind = kinds[i].kind;
	}
	if (request == NULL)
		validation_error("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request");

	write_prepare(write, kind, request);
	return transact_map_size(write->key) +
		(write->item ? item_size(&write->item->root) : 0) +
		transact_map_size(json_get(request, "ExpressionAttributeValues"));
}

/* The request without its token. */
static void
leave_out_token(const JsonNode *request, JsonNode *rest)
{
	const JsonNode *token = json_get(request, "ClientRequestToken");

	json_set_object(rest, request->len);
	for (uint32 i = 0; i < request->len; i++)
	{
		const JsonMember *member = &request->u.members[i];

		if (&member->value != token)
			*json_add_n(rest, member->name, member->name_len) = member->value;
	}
}

void
transact_write_items(JsonNode *request, JsonNode *response)
{
	const JsonNode *actions = json_get(request, "TransactItems");
	int			nwrites = actions->len;
	WriteRequest *writes = palloc(sizeof(WriteRequest) * nwrites);
	JsonNode	content;
	uint64		size = 0;

	check_may_write("TransactWriteItems");

	for (int i = 0; i < nwrites; i++)
		size += prepare_action(&writes[i], &actions->u.elems[i]);
	transact_check_size(size);

	leave_out_token(request, &content);
	transact_write_once("TransactWriteItems", request, &content, writes, nwrites,
						response);
}

/* ---- TransactGetItems ---- */

static void
prepare_read(ReadRequest *read, const JsonNode *action)
{
	static const char *const expressions[] = {"ProjectionExpression", NULL};
	static const char *const legacy[] = {NULL};
	const JsonNode *request = json_get(action, "Get");
	JsonNode   *key = json_get(request, "Key");
	ExprBindings *bindings;

	check_expression_parameters(request, expressions, legacy);
	attr_map_normalize(key);
	bindings = prepare_bindings(request);
	read->projection = prepare_projection(request, bindings);
	expr_bindings_check_unused(bindings);
	read->table_name = json_get(request, "TableName");
	read->key = key;
}

/* An element of Responses: no Item if nothing is there, or was projected. */
static void
add_read_item(const ReadRequest *read, JsonNode *responses)
{
	JsonNode   *element = json_push(responses);
	JsonNode	item;

	json_set_object(element, 1);
	if (read->item == NULL)
		return;
	projected_item(read->projection, read->item, &item);
	if (item.len > 0)
		*json_add(element, "Item") = item;
}

void
transact_get_items(JsonNode *request, JsonNode *response)
{
	const JsonNode *actions = json_get(request, "TransactItems");
	int			nreads = actions->len;
	ReadRequest *reads = palloc0(sizeof(ReadRequest) * nreads);
	JsonNode	responses;

	for (int i = 0; i < nreads; i++)
		prepare_read(&reads[i], &actions->u.elems[i]);
	transact_read(reads, nreads, capacity_detail(request), response);

	json_set_array(&responses, nreads);
	for (int i = 0; i < nreads; i++)
		add_read_item(&reads[i], &responses);
	*json_add(response, "Responses") = responses;
}
