/*
 * statement_transact.c - ExecuteTransaction: statements that read, or that
 * write, as TransactGetItems and TransactWriteItems do.
 */
#include "postgres.h"

#include "access/table.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/statement_plan.h"
#include "api/transact.h"
#include "errors.h"

/* A member: one of read and write is what comes of it. */
typedef struct TransactMember
{
	const JsonNode *request;
	Statement  *statement;
	ReadRequest *read;
	WriteRequest *write;
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

/*
 * What a member reads or writes.  False if that is not one item, as it must
 * be.  What the table shows to be wrong becomes the reason to cancel.
 */
static bool
plan_member(TransactMember *member, const TableDescriptor *descriptor)
{
	const Statement *statement = member->statement;
	MemoryContext context = CurrentMemoryContext;
	volatile bool single = true;

	PG_TRY();
	{
		if (member->read)
		{
			member->read->key = statement_plan_key(statement, descriptor);
			single = member->read->key != NULL;
		}
		else
			single = statement_plan_write(statement, descriptor,
										  member_is(member->request,
													"ReturnValuesOnConditionCheckFailure",
													"ALL_OLD"),
										  member->write);
	}
	PG_CATCH();
	{
		CancellationReason *reason = transact_catch_reason(context);

		if (member->read)
			member->read->reason = reason;
		else
			member->write->reason = reason;
	}
	PG_END_TRY();
	return single;
}

static void
plan_members(TransactMember *members, int n)
{
	for (int i = 0; i < n; i++)
	{
		const Statement *statement = members[i].statement;
		const TableDescriptor *descriptor;
		LOCKMODE	lockmode = members[i].read ? AccessShareLock :
		statement->kind == STATEMENT_EXISTS ? RowShareLock : RowExclusiveLock;
		Relation	rel;
		bool		single;

		rel = open_table(&statement->table_name, lockmode,
						 statement_privileges(statement), &descriptor);
		single = plan_member(&members[i], descriptor);
		table_close(rel, NoLock);
		if (!single)
			member_error(i, members[i].read ?
						 "Select statements within ExecuteTransaction must specify the primary key in the where clause." :
						 "EXISTS() must contain a single item read with additional condition");
	}
}

/* ---- ExecuteTransaction ---- */

static void
run_reads(TransactMember *members, int n, const JsonNode *request,
		  JsonNode *response)
{
	ReadRequest *reads = palloc0(sizeof(ReadRequest) * n);
	JsonNode	responses;

	for (int i = 0; i < n; i++)
	{
		reads[i].table_name = &members[i].statement->table_name;
		reads[i].projection = members[i].statement->projection;
		members[i].read = &reads[i];
	}
	plan_members(members, n);
	transact_read(reads, n, capacity_detail(request), response);

	json_set_array(&responses, n);
	for (int i = 0; i < n; i++)
	{
		JsonNode   *element = json_push(&responses);
		const Jsonb *item = reads[i].item;

		json_set_object(element, 1);
		if (item)
			projected_item(reads[i].projection, item, json_add(element, "Item"));
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
	JsonNode	content;
	uint64		size = 0;

	check_may_write("ExecuteTransaction");

	for (int i = 0; i < n; i++)
		members[i].write = &writes[i];
	plan_members(members, n);
	for (int i = 0; i < n; i++)
		size += transact_map_size(writes[i].key) +
			(writes[i].item ? item_size(&writes[i].item->root) : 0);
	transact_check_size(size);

	token_content(request, &content);
	transact_write_once("ExecuteTransaction", request, &content, writes, n,
						response);
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
