/*
 * transact.c - several writes, or several reads, as one.
 *
 * A transaction of writes first locks the keys it is about, absent items
 * included, with locks that only transactions take; then it goes through the
 * rows in the order that everything keeps that writes several items.  Each
 * action is decided on the newest version of its row, and written at once.
 * The first one that cannot be turns the rest into mere evaluation, and the
 * whole into an error at the end: what has been written goes with it, and no
 * subtransaction is needed.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "api/item_collection.h"
#include "api/parameters.h"
#include "api/transact.h"
#include "errors.h"
#include "store/advisory_lock.h"
#include "store/item_check.h"
#include "store/request_tokens.h"

#define DUPLICATE_ITEM	"Transaction request cannot include multiple operations on one item"

/* How far the writes have come. */
struct Transaction
{
	WriteRequest *current;		/* the last one that was decided on */
	bool		canceled;		/* nothing more is written */
};

/* ---- reasons ---- */

const char *
transact_reason_code(const char *exception)
{
	size_t		len = strlen(exception);

	if (strcmp(exception, "ValidationException") == 0)
		return "ValidationError";
	if (len > 9 && strcmp(exception + len - 9, "Exception") == 0)
		return pnstrdup(exception, len - 9);
	return exception;
}

CancellationReason *
transact_catch_reason(MemoryContext context)
{
	CancellationReason *reason;
	ErrorData  *edata;
	const char *exception;

	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	exception = dynamo_exception_name(edata->sqlerrcode);
	if (exception == NULL)
		PG_RE_THROW();
	FlushErrorState();

	reason = palloc(sizeof(CancellationReason));
	reason->code = transact_reason_code(exception);
	reason->message = edata->message;
	reason->detail = edata->detail;
	return reason;
}

/* A member of CancellationReasons. */
static void
append_reason(StringInfo out, const CancellationReason *reason)
{
	if (reason == NULL)
	{
		appendStringInfoString(out, "{\"Code\":\"None\"}");
		return;
	}
	appendStringInfoString(out, "{\"Code\":");
	json_append_string(out, reason->code, strlen(reason->code));
	appendStringInfoString(out, ",\"Message\":");
	json_append_string(out, reason->message, strlen(reason->message));

	/* the members of an object that is not empty */
	if (reason->detail)
		appendStringInfo(out, ",%s", reason->detail + 1);
	else
		appendStringInfoChar(out, '}');
}

/* Raise TransactionCanceledException if there is a reason. */
static void
raise_reasons(CancellationReason *const *reasons, int n)
{
	StringInfoData detail;
	StringInfoData message;
	bool		canceled = false;

	for (int i = 0; i < n; i++)
		canceled |= reasons[i] != NULL;
	if (!canceled)
		return;

	initStringInfo(&message);
	initStringInfo(&detail);
	appendStringInfoString(&message, "Transaction cancelled, please refer cancellation reasons for specific reasons [");
	appendStringInfoString(&detail, "{\"CancellationReasons\":[");
	for (int i = 0; i < n; i++)
	{
		appendStringInfo(&message, "%s%s", i > 0 ? ", " : "",
						 reasons[i] ? reasons[i]->code : "None");
		appendStringInfoString(&detail, i > 0 ? "," : "");
		append_reason(&detail, reasons[i]);
	}
	appendStringInfoChar(&message, ']');
	appendStringInfoString(&detail, "]}");
	dynamo_error_detail(DYNAMO_TRANSACTION_CANCELED, detail.data, message.data);
}

/* The reason for what had no capacity left. */
static CancellationReason *
shortage_reason(const Capacity *capacity)
{
	CancellationReason *reason = palloc(sizeof(CancellationReason));

	reason->code = capacity_shortage_code(capacity);
	reason->message = capacity_shortage_message(capacity);
	reason->detail = NULL;
	return reason;
}

/* ---- sizes and tokens ---- */

uint64
transact_map_size(const JsonNode *map)
{
	return map ? item_size(&json_to_jsonb(map)->root) : 0;
}

void
transact_check_size(uint64 size)
{
	if (size > TRANSACT_MAX_SIZE)
		validation_error("Transaction payload size cannot exceed 4MB. Payload Size: " UINT64_FORMAT,
						 size);
}

/* ---- writes ---- */

/* write_check(), with faults as reasons. */
static void
check_write(WriteRequest *write)
{
	MemoryContext context = CurrentMemoryContext;

	if (write->reason)
		return;
	PG_TRY();
	{
		write_check(write);
	}
	PG_CATCH();
	{
		write->reason = transact_catch_reason(context);
	}
	PG_END_TRY();
}

/* write_decide(), with faults as reasons; an ItemDecision. */
static ItemAction
decide_write(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	WriteRequest *write = arg;
	struct Transaction *transaction = write->transaction;
	const WriteRequest *previous = transaction->current;
	MemoryContext context = CurrentMemoryContext;
	volatile ItemAction action = ITEM_KEEP;

	/*
	 * What came of an action is known when the next one begins: after a lost
	 * race it is decided on again.
	 */
	if (previous != write)
	{
		if (previous && (previous->reason || previous->throttled))
			transaction->canceled = true;
		transaction->current = write;
	}

	write->reason = NULL;
	PG_TRY();
	{
		action = write_decide(old_item, new_item, write);
	}
	PG_CATCH();
	{
		write->reason = transact_catch_reason(context);
	}
	PG_END_TRY();
	return transaction->canceled ? ITEM_KEEP : action;
}

/* A key to lock. */
typedef struct KeyLock
{
	Oid			relid;
	uint32		hash;
	bool		exclusive;
} KeyLock;

/* Order of locks; the stronger one of a key first. */
static int
compare_locks(const void *a, const void *b)
{
	const KeyLock *la = a;
	const KeyLock *lb = b;

	if (la->relid != lb->relid)
		return la->relid < lb->relid ? -1 : 1;
	if (la->hash != lb->hash)
		return la->hash < lb->hash ? -1 : 1;
	return lb->exclusive - la->exclusive;
}

/*
 * Lock the keys against other transactions, whether there are items or not:
 * all before any row, and in one order, so that no two transactions wait for
 * each other.
 */
static void
lock_keys(WriteRequest **sorted, int nsorted)
{
	KeyLock    *locks = palloc(sizeof(KeyLock) * nsorted);

	for (int i = 0; i < nsorted; i++)
	{
		const WriteRequest *write = sorted[i];

		locks[i].relid = RelationGetRelid(write->table->rel);
		locks[i].hash = hash_bytes((unsigned char *) VARDATA(write->encoded_key),
								   VARSIZE(write->encoded_key) - VARHDRSZ);
		locks[i].exclusive = write->kind != WRITE_CHECK;
	}
	qsort(locks, nsorted, sizeof(KeyLock), compare_locks);
	for (int i = 0; i < nsorted; i++)
	{
		if (i > 0 && locks[i].relid == locks[i - 1].relid &&
			locks[i].hash == locks[i - 1].hash)
			continue;
		(void) advisory_lock(ADVISORY_ITEM, locks[i].relid, locks[i].hash,
							 locks[i].exclusive ? ExclusiveLock : ShareLock,
							 true);
	}
	pfree(locks);
}

/* Write in order, all that has no reason against it yet. */
static void
run_writes(WriteRequest **sorted, int nsorted)
{
	WriteRequest **possible = palloc(sizeof(WriteRequest *) * nsorted);
	int			npossible = 0;

	for (int i = 0; i < nsorted; i++)
	{
		if (sorted[i]->reason == NULL)
			possible[npossible++] = sorted[i];
	}
	write_items(possible, npossible, true, decide_write);
	pfree(possible);
}

/*
 * Open the tables, check, refuse two writes of one item, write all or nothing.
 * The tables stay open until the caller closes them.  Returns the order in
 * which they were written.
 */
static WriteRequest **
run_transaction(WriteRequest *writes, int nwrites, CapacityDetail detail,
				TableSet *tables)
{
	struct Transaction transaction = {0};
	CancellationReason **reasons = palloc(sizeof(CancellationReason *) * nwrites);
	WriteRequest **sorted;
	int			nsorted;

	table_set_init(tables, nwrites);
	for (int i = 0; i < nwrites; i++)
		write_add_table(&writes[i], tables);
	write_set_capacities(writes, nwrites, tables, detail, CAPACITY_TRANSACTION);
	table_set_open(tables);

	/* Values that no key can have are a fault of the request */
	for (int i = 0; i < nwrites; i++)
	{
		if (writes[i].reason == NULL)
			write_check_key_values(&writes[i]);
	}
	for (int i = 0; i < nwrites; i++)
	{
		writes[i].transaction = &transaction;
		check_write(&writes[i]);
		transaction.canceled |= writes[i].reason != NULL;
	}
	sorted = write_sort(writes, nwrites, &nsorted);
	write_refuse_duplicates(sorted, nsorted, DUPLICATE_ITEM);

	lock_keys(sorted, nsorted);
	run_writes(sorted, nsorted);

	for (int i = 0; i < nwrites; i++)
	{
		reasons[i] = writes[i].reason;
		if (reasons[i] == NULL && writes[i].throttled)
			reasons[i] = shortage_reason(writes[i].capacity);
	}
	raise_reasons(reasons, nwrites);
	return sorted;
}

/* ---- reads ---- */

/* Key and paths of a read against its table, with faults as reasons. */
static void
check_read(ReadRequest *read)
{
	MemoryContext context = CurrentMemoryContext;

	if (read->reason)
		return;
	PG_TRY();
	{
		read->encoded_key = item_key_from_request(read->table->descriptor,
												  read->key);
		check_projection_paths(read->table->descriptor, read->projection);
	}
	PG_CATCH();
	{
		read->reason = transact_catch_reason(context);
	}
	PG_END_TRY();
}

static int
compare_reads(const void *a, const void *b)
{
	const ReadRequest *ra = *(ReadRequest *const *) a;
	const ReadRequest *rb = *(ReadRequest *const *) b;

	if (ra->table != rb->table)
		return ra->table < rb->table ? -1 : 1;
	return key_compare(ra->encoded_key, rb->encoded_key);
}

static void
refuse_duplicate_reads(ReadRequest *reads, int nreads)
{
	ReadRequest **sorted = palloc(sizeof(ReadRequest *) * nreads);
	int			nsorted = 0;

	for (int i = 0; i < nreads; i++)
	{
		if (reads[i].encoded_key != NULL)
			sorted[nsorted++] = &reads[i];
	}
	qsort(sorted, nsorted, sizeof(ReadRequest *), compare_reads);
	for (int i = 1; i < nsorted; i++)
	{
		if (compare_reads(&sorted[i - 1], &sorted[i]) == 0)
			validation_error(DUPLICATE_ITEM);
	}
	pfree(sorted);
}

/* Read the items of one table. */
static void
read_table(ReadRequest *reads, int nreads, const TableUse *table,
		   Capacity *capacity, Snapshot snapshot, uint64 *size)
{
	ItemRead   *session = item_store_begin_read(table->rel, table->descriptor,
												snapshot);

	for (int i = 0; i < nreads; i++)
	{
		if (reads[i].table != table || reads[i].reason)
			continue;
		if (!capacity_admit(capacity, NULL, false))
		{
			reads[i].reason = shortage_reason(capacity);
			continue;
		}
		reads[i].item = item_store_read(session, reads[i].encoded_key);
		capacity_read_item(capacity, reads[i].item, true);
		if (reads[i].item)
			*size += item_size(&reads[i].item->root);
		transact_check_size(*size);
	}
	item_store_end_read(session);
}

/* Read what has no reason against it, and count it table by table. */
static void
run_reads(ReadRequest *reads, int nreads, const TableSet *tables,
		  CapacityDetail detail, JsonNode *response)
{
	uint64		size = 0;
	JsonNode	consumed;

	json_set_array(&consumed, tables->ntables);
	for (int t = 0; t < tables->ntables; t++)
	{
		Capacity	capacity;

		capacity_init(&capacity, detail, CAPACITY_TRANSACTION);
		capacity_bind(&capacity, tables->tables[t].descriptor);
		read_table(reads, nreads, &tables->tables[t], &capacity,
				   GetActiveSnapshot(), &size);
		if (detail != CAPACITY_NONE)
			capacity_to_node(&capacity, json_push(&consumed));
	}
	if (consumed.len > 0)
		*json_add(response, "ConsumedCapacity") = consumed;
}

void
transact_read(ReadRequest *reads, int nreads, CapacityDetail detail,
			  JsonNode *response)
{
	CancellationReason **reasons = palloc(sizeof(CancellationReason *) * nreads);
	TableSet	tables;

	table_set_init(&tables, nreads);
	for (int i = 0; i < nreads; i++)
		reads[i].table = table_set_add(&tables, reads[i].table_name,
									   AccessShareLock, ACL_SELECT);
	table_set_open(&tables);
	for (int i = 0; i < nreads; i++)
	{
		if (reads[i].reason == NULL)
			item_check_key_values(reads[i].table->descriptor, reads[i].key);
	}
	for (int i = 0; i < nreads; i++)
		check_read(&reads[i]);
	refuse_duplicate_reads(reads, nreads);

	run_reads(reads, nreads, &tables, detail, response);
	table_set_close(&tables);
	for (int i = 0; i < nreads; i++)
		reasons[i] = reads[i].reason;
	raise_reasons(reasons, nreads);
}

/* ---- once ---- */

/*
 * Has a transaction with a token (NULL: none) and this content happened
 * already?  If not, the token is recorded, and goes with the transaction if
 * that fails.
 */
static bool
has_happened(const char *operation, const JsonNode *token,
			 const JsonNode *content)
{
	Jsonb	   *canonical;
	bytea	   *bytes;
	size_t		name_len = strlen(operation) + 1;

	if (token == NULL)
		return false;

	/* The members of jsonb have an order of their own */
	canonical = json_to_jsonb(content);
	bytes = palloc(VARHDRSZ + name_len + VARSIZE(canonical));
	SET_VARSIZE(bytes, VARHDRSZ + name_len + VARSIZE(canonical));
	memcpy(VARDATA(bytes), operation, name_len);
	memcpy(VARDATA(bytes) + name_len, canonical, VARSIZE(canonical));

	switch (request_token_claim(json_cstring(token), bytes))
	{
		case TOKEN_NEW:
			return false;
		case TOKEN_KNOWN:
			return true;
		case TOKEN_MISMATCH:
			break;
	}
	dynamo_error(DYNAMO_IDEMPOTENT_PARAMETER_MISMATCH,
				 "Specified idempotent token was used with different request parameters within the idempotency window");
}

/*
 * What a read of the items of writes would consume, as ConsumedCapacity: the
 * answer to a transaction that has happened already.
 */
static void
add_replay_capacity(WriteRequest *writes, int nwrites, CapacityDetail detail,
					JsonNode *response)
{
	ReadRequest *reads;
	TableSet	tables;

	if (detail == CAPACITY_NONE)
		return;
	reads = palloc0(sizeof(ReadRequest) * nwrites);
	table_set_init(&tables, nwrites);
	for (int i = 0; i < nwrites; i++)
		write_add_table(&writes[i], &tables);
	table_set_open(&tables);
	for (int i = 0; i < nwrites; i++)
	{
		check_write(&writes[i]);
		reads[i].table = writes[i].table;
		reads[i].encoded_key = writes[i].encoded_key;
		reads[i].reason = writes[i].reason;
	}
	run_reads(reads, nwrites, &tables, detail, response);
	table_set_close(&tables);
}

void
transact_write_once(const char *operation, const JsonNode *request,
					const JsonNode *content, WriteRequest *writes,
					int nwrites, JsonNode *response)
{
	CapacityDetail detail = capacity_detail(request);
	TableSet	tables;
	WriteRequest **sorted;

	if (has_happened(operation, json_get(request, "ClientRequestToken"), content))
	{
		add_replay_capacity(writes, nwrites, detail, response);
		return;
	}
	sorted = run_transaction(writes, nwrites, detail, &tables);
	if (item_collection_is_asked(request))
		item_collection_add_all(sorted, nwrites, response);
	table_set_close(&tables);
	write_add_capacities(writes, &tables, response);
}
