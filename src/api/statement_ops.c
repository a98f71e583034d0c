/*
 * statement_ops.c - ExecuteStatement.
 */
#include "postgres.h"

#include "access/table.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"

#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "api/statement_plan.h"
#include "errors.h"
#include "store/item_check.h"

/*
 * ---- NextToken ----
 *
 *   version(1) | hash of the statement(8) | number of the range(2) |
 *   length(2) | key | primary key, of an index
 *
 * in base64.  Whoever makes one up gets no further than a wrong place to go
 * on from.
 */

#define TOKEN_VERSION	1
#define TOKEN_HEADER	13

/* What a token is good for: the statement with these parameters. */
static uint64
statement_hash(const JsonNode *request)
{
	const JsonNode *text = json_get(request, "Statement");
	const JsonNode *parameters = json_get(request, "Parameters");
	StringInfoData buf;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, text->u.str, text->len);
	appendStringInfoChar(&buf, '\0');
	if (parameters)
		json_append(&buf, parameters);
	return hash_bytes_extended((const unsigned char *) buf.data, buf.len,
							   TOKEN_VERSION);
}

/* Append the lowest bytes of a number, the highest of them first. */
static void
append_number(StringInfo buf, uint64 number, int nbytes)
{
	for (int i = nbytes - 1; i >= 0; i--)
		appendStringInfoCharMacro(buf, (char) (number >> (8 * i)));
}

static uint64
read_number(const unsigned char *bytes, int nbytes)
{
	uint64		number = 0;

	for (int i = 0; i < nbytes; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* The token of the page after last_key, which was read in range number i. */
static char *
make_token(const SelectPlan *plan, uint64 hash, int i, const Jsonb *last_key)
{
	const QueryPlan *query = &plan->query;
	bytea	   *primary = item_key_from_item(query->descriptor, &last_key->root);
	bytea	   *key = query->index ? item_index_key(query->index, &last_key->root) :
	primary;
	StringInfoData buf;
	char	   *token;
	uint32		len;

	initStringInfo(&buf);
	append_number(&buf, TOKEN_VERSION, 1);
	append_number(&buf, hash, 8);
	append_number(&buf, i, 2);
	append_number(&buf, VARSIZE_ANY_EXHDR(key), 2);
	appendBinaryStringInfo(&buf, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
	if (query->index)
		appendBinaryStringInfo(&buf, VARDATA_ANY(primary), VARSIZE_ANY_EXHDR(primary));

	token = palloc((buf.len + 2) / 3 * 4 + 1);
	len = base64_encode((unsigned char *) buf.data, buf.len, token);
	token[len] = '\0';
	return token;
}

static bytea *
make_bytea(const unsigned char *bytes, int len)
{
	bytea	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), bytes, len);
	return result;
}

static void
token_error(void)
{
	validation_error("Invalid NextToken");
}

/*
 * Have the plan go on where a token says.  Returns the number of the range.
 */
static int
apply_token(SelectPlan *plan, uint64 hash, const JsonNode *token)
{
	int			len = base64_decoded_length(token->u.str, token->len);
	unsigned char *bytes;
	int			range;
	int			key_len;
	int			primary_len;

	if (len < TOKEN_HEADER)
		token_error();
	bytes = palloc(len);
	base64_decode(token->u.str, token->len, bytes);
	if (bytes[0] != TOKEN_VERSION)
		token_error();
	if (read_number(&bytes[1], 8) != hash)
		validation_error("NextToken does not match request");
	range = read_number(&bytes[9], 2);
	key_len = read_number(&bytes[11], 2);
	primary_len = len - TOKEN_HEADER - key_len;
	if (range >= plan->nranges || key_len == 0 ||
		(plan->query.index ? primary_len <= 0 : primary_len != 0))
		token_error();

	plan->ranges[range].after = make_bytea(&bytes[TOKEN_HEADER], key_len);
	if (!query_range_has_key(&plan->ranges[range], plan->ranges[range].after))
		token_error();
	if (plan->query.index)
		plan->ranges[range].after_primary =
			make_bytea(&bytes[TOKEN_HEADER + key_len], primary_len);
	return range;
}

/* ---- ExecuteStatement ---- */

/* Is it one item of the table, which is not read by pages? */
static bool
reads_one_item(const SelectPlan *plan)
{
	const KeyRange *range = &plan->ranges[0];

	return plan->nranges == 1 && plan->query.index == NULL && range->lower &&
		(plan->query.descriptor->key.nsort == 0 || range->lower == range->upper);
}

static void
run_select(const Statement *statement, const JsonNode *request,
		   JsonNode *response)
{
	const JsonNode *limit = json_get(request, "Limit");
	const JsonNode *token = json_get(request, "NextToken");
	uint64		hash = statement_hash(request);
	SelectPlan	plan;
	QueryPage	page;
	Capacity	capacity;
	int			i;

	statement_plan_select(statement,
						  request_bool(json_get(request, "ConsistentRead"), false),
						  &plan);
	if (limit && !reads_one_item(&plan))
		plan.query.limit = request_int(limit);
	capacity_init(&capacity, capacity_detail(request), CAPACITY_SINGLE);
	capacity_bind(&capacity, plan.query.descriptor);
	capacity_admit(&capacity, plan.query.index, false);
	query_page_init(&page);
	for (i = token ? apply_token(&plan, hash, token) : 0;
		 i < plan.nranges && page.last_key == NULL; i++)
	{
		plan.query.range = plan.ranges[i];
		query_page_read(&plan.query, &capacity, &page);
	}

	*json_add(response, "Items") = page.items;
	if (page.last_key)
	{
		json_set_jsonb(json_add(response, "LastEvaluatedKey"), page.last_key);
		json_set_string(json_add(response, "NextToken"),
						make_token(&plan, hash, i - 1, page.last_key));
	}
	table_close(plan.query.rel, NoLock);
	capacity_add(&capacity, response);
}

static void
run_write(const Statement *statement, const JsonNode *request,
		  JsonNode *response)
{
	bool		return_on_failure = member_is(request, "ReturnValuesOnConditionCheckFailure",
											  "ALL_OLD");
	const TableDescriptor *descriptor;
	Relation	rel;
	WriteRequest write;
	TableSet	tables;
	Capacity	capacity;
	JsonNode	attributes;
	JsonNode   *items;

	check_may_write("ExecuteStatement");

	rel = open_table(&statement->table_name, RowExclusiveLock,
					 statement_privileges(statement), &descriptor);
	statement_plan_write(statement, descriptor, return_on_failure, &write);
	capacity_init(&capacity, capacity_detail(request), CAPACITY_SINGLE);
	write_run(&write, &capacity, &tables);
	table_set_close(&tables);
	table_close(rel, NoLock);

	items = json_add(response, "Items");
	json_set_array(items, 1);
	if (write_attributes(&write, &attributes))
		*json_push(items) = attributes;
	capacity_add(&capacity, response);
}

void
execute_statement(JsonNode *request, JsonNode *response)
{
	Statement  *statement = statement_prepare(request);

	if (statement->kind == STATEMENT_SELECT)
		run_select(statement, request, response);
	else
		run_write(statement, request, response);
}
