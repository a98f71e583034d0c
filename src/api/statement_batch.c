/*
 * statement_batch.c - BatchExecuteStatement: every member stands on its own,
 * in a subtransaction of its own.
 */
#include "postgres.h"

#include "access/table.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "api/statement_plan.h"
#include "api/transact.h"
#include "errors.h"
#include "store/item_check.h"
#include "store/item_store.h"
#include "subtransaction.h"

typedef struct BatchMember
{
	JsonNode   *request;
	Statement  *statement;		/* NULL: it could not be parsed */
	Oid			relid;			/* InvalidOid: it could not be planned */
	bytea	   *encoded_key;
	WriteRequest write;			/* unless it reads */
	Capacity	capacity;

	/* the outcome */
	bool		failed;
	JsonNode	error;
	bool		has_item;
	JsonNode	item;
} BatchMember;

typedef void (*MemberStep) (BatchMember *member);

/* ---- members that fail ---- */

/*
 * The code that stands for an error in a response.  NULL: it is no matter of
 * one member.
 */
static const char *
error_code(const ErrorData *error)
{
	const char *exception = dynamo_exception_name(error->sqlerrcode);

	if (exception)
		return transact_reason_code(exception);
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return "AccessDenied";

	/* Constraints and triggers that a user put on an item table */
	if (error->sqlerrcode == ERRCODE_RAISE_EXCEPTION ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
		ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		return "ValidationError";
	return NULL;
}

/* Error of a member's response; it points into the error. */
static void
set_error(BatchMember *member, const char *code, const ErrorData *error)
{
	bool		is_exception = dynamo_exception_name(error->sqlerrcode) != NULL;
	JsonNode   *detail = is_exception && error->detail ?
	json_parse(error->detail, strlen(error->detail)) : NULL;
	JsonNode   *item = json_get(detail, "Item");
	const char *message = error->message;
	uint32		len = strlen(message);

	/* Messages of exceptions are in stored form */
	if (!is_exception)
		message = stored_encode(message, len, &len);
	member->failed = true;
	json_set_object(&member->error, 3);
	json_set_string(json_add(&member->error, "Code"), code);
	if (item)
		*json_add(&member->error, "Item") = *item;
	json_set_string_n(json_add(&member->error, "Message"), message, len);
}

/* A step and whose it is. */
typedef struct StepCall
{
	MemberStep	step;
	BatchMember *member;
} StepCall;

static bool
take_step(void *arg)
{
	const StepCall *call = arg;

	call->step(call->member);
	return true;
}

/* Take a step in a subtransaction; what goes wrong becomes the member's. */
static void
try_step(MemberStep step, BatchMember *member)
{
	StepCall	call = {step, member};
	ErrorData  *error = subtransaction_try(take_step, &call);
	const char *code;

	if (error == NULL)
		return;
	code = error_code(error);
	if (code == NULL)
		ReThrowError(error);
	set_error(member, code, error);
}

/* ---- steps ---- */

static void
parse_member(BatchMember *member)
{
	member->statement = statement_prepare(member->request);
}

/* Find out which item it is about. */
static void
plan_member(BatchMember *member)
{
	const Statement *statement = member->statement;
	bool		is_read = statement->kind == STATEMENT_SELECT;
	const TableDescriptor *descriptor;
	Relation	rel;

	rel = open_table(&statement->table_name,
					 is_read ? AccessShareLock : RowExclusiveLock,
					 statement_privileges(statement), &descriptor);
	if (is_read)
	{
		JsonNode   *key = statement_plan_key(statement, descriptor);

		if (key == NULL)
			validation_error("Only single item select is supported");
		member->encoded_key = item_key_from_request(descriptor, key);
	}
	else
	{
		WriteRequest *write = &member->write;

		statement_plan_write(statement, descriptor,
							 member_is(member->request,
									   "ReturnValuesOnConditionCheckFailure",
									   "ALL_OLD"),
							 write);
		member->encoded_key = write->kind == WRITE_PUT ?
			item_key_from_item(descriptor, &write->item->root) :
			item_key_from_request(descriptor, write->key);
	}
	member->relid = RelationGetRelid(rel);
	table_close(rel, NoLock);
}

static void
run_read(BatchMember *member)
{
	const Statement *statement = member->statement;
	const TableDescriptor *descriptor;
	Relation	rel;
	Jsonb	   *item;

	rel = open_table(&statement->table_name, AccessShareLock, ACL_SELECT,
					 &descriptor);
	capacity_bind(&member->capacity, descriptor);
	capacity_admit(&member->capacity, NULL, false);
	item = item_store_get(rel, descriptor, member->encoded_key,
						  GetActiveSnapshot());
	capacity_read_item(&member->capacity, item,
					   request_bool(json_get(member->request, "ConsistentRead"),
									false));
	table_close(rel, NoLock);
	if (item == NULL)
		return;
	member->has_item = true;
	projected_item(statement->projection, item, &member->item);
}

static void
run_write(BatchMember *member)
{
	TableSet	tables;

	write_run(&member->write, &member->capacity, &tables);
	table_set_close(&tables);
	member->has_item = write_attributes(&member->write, &member->item);
}

/* ---- the batch ---- */

/*
 * By table, then by key: the order in which everything that writes several
 * items writes them, lest two requests wait for each other.
 */
static int
compare_members(const void *a, const void *b)
{
	const BatchMember *x = *(BatchMember *const *) a;
	const BatchMember *y = *(BatchMember *const *) b;

	if (x->relid != y->relid)
		return x->relid < y->relid ? -1 : 1;
	return key_compare(x->encoded_key, y->encoded_key);
}

static void
add_response(const BatchMember *member, JsonNode *response)
{
	json_set_object(response, 3);
	if (member->failed)
		*json_add(response, "Error") = member->error;
	if (member->has_item)
		*json_add(response, "Item") = member->item;
	if (OidIsValid(member->relid))
		*json_add(response, "TableName") = member->statement->table_name;
}

/* ConsumedCapacity: of each member that got as far as its table. */
static void
add_capacities(const BatchMember *members, int n, CapacityDetail detail,
			   JsonNode *response)
{
	JsonNode   *array;

	if (detail == CAPACITY_NONE)
		return;
	array = json_add(response, "ConsumedCapacity");
	json_set_array(array, n);
	for (int i = 0; i < n; i++)
	{
		if (members[i].capacity.table_name)
			capacity_to_node(&members[i].capacity, json_push(array));
	}
}

void
batch_execute_statement(JsonNode *request, JsonNode *response)
{
	JsonNode   *statements = json_get(request, "Statements");
	CapacityDetail detail = capacity_detail(request);
	int			n = statements->len;
	BatchMember *members = palloc0(sizeof(BatchMember) * n);
	BatchMember **sorted = palloc(sizeof(BatchMember *) * n);
	JsonNode   *responses;
	bool		reads = false;
	bool		writes = false;
	int			nsorted = 0;

	for (int i = 0; i < n; i++)
	{
		members[i].request = &statements->u.elems[i];
		capacity_init(&members[i].capacity, detail, CAPACITY_SINGLE);
		try_step(parse_member, &members[i]);
		if (members[i].failed)
			continue;
		if (members[i].statement->kind == STATEMENT_SELECT)
			reads = true;
		else
			writes = true;
	}
	if (reads && writes)
		validation_error("Read and write requests together in the same batch is not supported.");
	if (writes)
		check_may_write("BatchExecuteStatement");

	for (int i = 0; i < n; i++)
	{
		if (members[i].failed)
			continue;
		try_step(plan_member, &members[i]);
		if (!members[i].failed)
			sorted[nsorted++] = &members[i];
	}
	qsort(sorted, nsorted, sizeof(BatchMember *), compare_members);
	for (int i = 1; i < nsorted; i++)
	{
		if (compare_members(&sorted[i - 1], &sorted[i]) == 0)
			validation_error(DUPLICATE_KEYS);
	}
	for (int i = 0; i < nsorted; i++)
		try_step(writes ? run_write : run_read, sorted[i]);

	add_capacities(members, n, detail, response);
	responses = json_add(response, "Responses");
	json_set_array(responses, n);
	for (int i = 0; i < n; i++)
		add_response(&members[i], json_push(responses));
}
