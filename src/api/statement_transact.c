/*
 * statement_transact.c - ExecuteTransaction: statements that read, or that
 * write, as TransactGetItems and TransactWriteItems do.
 */
#include "postgres.h"

#include "access/table.h"
#include "miscadmin.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "api/statement_plan.h"
#include "api/transact.h"
#include "errors.h"

/* A member, while it is planned. */
typedef struct TransactMember
{
	const JsonNode *request;
	Statement  *statement;
	Relation	rel;
	const TableDescriptor *descriptor;
	bool		single;			/* is it about one item, as it must be? */
	CancellationReason *reason; /* why it cannot be; NULL: it can */
} TransactMember;

/* ---- statements on their own ---- */

static void
member_error(int i, const char *message)
{
	validation_error("Validation failed in TransactStatements[%d]: %s", i,
					 message);
}

/* statement_check(), with the member's number in the message. */
static void
check_member(TransactMember *member, int i)
{
	MemoryContext context = CurrentMemoryContext;
	CancellationReason *volatile fault = NULL;

	PG_TRY();
	{
		statement_check(member->statement);
	}
	PG_CATCH();
	{
		fault = transact_catch_reason(context);
	}
	PG_END_TRY();
	if (fault)
		member_error(i, fault->message);
	if (member->statement->returning != RETURNING_NONE)
		member_error(i, "RETURNING clause is not supported in ExecuteTransaction.");
}

/* Parse and check all; returns whether they write. */
static bool
parse_members(const JsonNode *statements, TransactMember *members)
{
	bool		reads = false;
	bool		writes = false;

	for (uint32 i = 0; i < statements->len; i++)
	{
		const JsonNode *request = &statements->u.elems[i];

		members[i].request = request;
		members[i].statement = statement_parse(json_get(request, "Statement"),
											   json_get(request, "Parameters"));
		if (members[i].statement->kind == STATEMENT_SELECT)
			reads = true;
		else
			writes = true;
	}
	if (reads && writes)
		validation_error("ExecuteTransaction API does not support both read and write operations in the same request.");
	for (uint32 i = 0; i < statements->len; i++)
		check_member(&members[i], i);
	return writes;
}

/* ---- against the tables ---- */

/* Plan a member: a read, or else a write. */
static void
plan_member(TransactMember *member, ReadRequest *read, WriteRequest *write)
{
	const Statement *statement = member->statement;
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		if (read)
		{
			read->table_name = &statement->table_name;
			read->projection = statement->projection;
			read->key = statement_plan_key(statement, member->descriptor);
			member->single = read->key != NULL;
		}
		else
			member->single =
				statement_plan_write(statement, member->descriptor,
									 member_is(member->request,
											   "ReturnValuesOnConditionCheckFailure",
											   "ALL_OLD"),
									 write);
	}
	PG_CATCH();
	{
		member->reason = transact_catch_reason(context);
	}
	PG_END_TRY();
}

/*
 * Plan all members; reads or writes is NULL.  What the tables show to be
 * wrong already cancels the transaction.
 */
static void
plan_members(TransactMember *members, int n, ReadRequest *reads,
			 WriteRequest *writes)
{
	CancellationReason **reasons = palloc(sizeof(CancellationReason *) * n);

	for (int i = 0; i < n; i++)
	{
		const Statement *statement = members[i].statement;

		members[i].rel = open_table(&statement->table_name,
									reads ? AccessShareLock :
									statement->kind == STATEMENT_EXISTS ?
									RowShareLock : RowExclusiveLock,
									statement_privileges(statement),
									&members[i].descriptor);
		plan_member(&members[i], reads ? &reads[i] : NULL,
					writes ? &writes[i] : NULL);
		table_close(members[i].rel, NoLock);
		if (members[i].reason == NULL && !members[i].single)
			member_error(i, reads ?
						 "Select statements within ExecuteTransaction must specify the primary key in the where clause." :
						 "EXISTS() must contain a single item read with additional condition");
		reasons[i] = members[i].reason;
	}
	transact_raise_reasons(reasons, n);
}

/* ---- ExecuteTransaction ---- */

static void
run_reads(TransactMember *members, int n, const JsonNode *request,
		  JsonNode *response)
{
	ReadRequest *reads = palloc0(sizeof(ReadRequest) * n);
	JsonNode	responses;

	plan_members(members, n, reads, NULL);
	transact_read(reads, n, capacity_detail(request), response);

	json_set_array(&responses, n);
	for (int i = 0; i < n; i++)
	{
		JsonNode   *element = json_push(&responses);
		const Jsonb *item = reads[i].item;

		json_set_object(element, 1);
		if (item && reads[i].projection)
			projection_apply(reads[i].projection, &item->root,
							 json_add(element, "Item"));
		else if (item)
			json_set_jsonb(json_add(element, "Item"), item);
	}
	*json_add(response, "Responses") = responses;
}

/*
 * What must be the same when a token comes again.  The parameters are in
 * normal form by now.
 */
static void
token_content(const JsonNode *request, JsonNode *content)
{
	json_set_object(content, 1);
	*json_add(content, "TransactStatements") = *json_get(request, "TransactStatements");
}

static void
run_writes(TransactMember *members, int n, const JsonNode *request,
		   JsonNode *response)
{
	WriteRequest *writes = palloc0(sizeof(WriteRequest) * n);
	CapacityDetail detail = capacity_detail(request);
	TableSet	tables;
	JsonNode	content;
	uint64		size = 0;

	PreventCommandIfReadOnly("ExecuteTransaction");
	PreventCommandIfParallelMode("ExecuteTransaction");

	plan_members(members, n, NULL, writes);
	for (int i = 0; i < n; i++)
		size += transact_map_size(writes[i].key) +
			(writes[i].item ? item_size(&writes[i].item->root) : 0);
	transact_check_size(size);

	token_content(request, &content);
	if (transact_happened("ExecuteTransaction",
						  json_get(request, "ClientRequestToken"), &content))
		transact_add_replay_capacity(writes, n, detail, response);
	else
	{
		transact_write(writes, n, detail, &tables, NULL);
		table_set_close(&tables);
		write_add_capacities(writes, n, &tables, response);
	}
	json_set_array(json_add(response, "Responses"), 0);
}

void
execute_transaction(JsonNode *request, JsonNode *response)
{
	const JsonNode *statements = json_get(request, "TransactStatements");
	int			n = statements->len;
	TransactMember *members = palloc0(sizeof(TransactMember) * n);

	if (parse_members(statements, members))
		run_writes(members, n, request, response);
	else
		run_reads(members, n, request, response);
}
