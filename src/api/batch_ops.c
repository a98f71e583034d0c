/*
 * batch_ops.c - BatchGetItem, BatchWriteItem.
 *
 * A batch is one statement: what it reads is of one snapshot, and what it
 * writes is written together, though the API promises neither.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "api/item_collection.h"
#include "api/item_write.h"
#include "api/operations.h"
#include "api/parameters.h"
#include "api/request.h"
#include "errors.h"
#include "store/item_check.h"
#include "store/item_store.h"

#define BATCH_GET_MAX_KEYS	100
#define BATCH_WRITE_MAX		25

/* Bytes of items that a BatchGetItem reads at most. */
#define BATCH_GET_MAX_SIZE	(16 * 1024 * 1024)


/* ---- BatchGetItem ---- */

/* What is asked of one table. */
typedef struct TableRead
{
	JsonNode	name;
	JsonNode   *request;		/* KeysAndAttributes */
	JsonNode   *keys;
	Projection *projection;
	bool		consistent;
	TableUse   *table;
	bytea	  **encoded_keys;
	Capacity	capacity;
	JsonNode	items;			/* what has been read */
	JsonNode	unprocessed;	/* keys that have not */
} TableRead;

/* How far a batch has come. */
typedef struct BatchProgress
{
	uint64		bytes;
	bool		full;			/* nothing more is read */
	const Capacity *throttled;	/* NULL: nothing was */
	int			nread;
} BatchProgress;

/* Bring the keys of a table into normal form; no key twice, no more than
 * `room`. */
static void
prepare_keys(JsonNode *keys, uint32 room)
{
	Jsonb	  **seen = palloc(sizeof(Jsonb *) * keys->len);

	for (uint32 i = 0; i < keys->len; i++)
	{
		attr_map_normalize(&keys->u.elems[i]);
		seen[i] = json_to_jsonb(&keys->u.elems[i]);
		for (uint32 j = 0; j < i; j++)
		{
			if (VARSIZE(seen[i]) == VARSIZE(seen[j]) &&
				memcmp(seen[i], seen[j], VARSIZE(seen[i])) == 0)
				validation_error(DUPLICATE_KEYS);
		}
		if (i >= room)
			validation_error("Too many items requested for the BatchGetItem call");
	}
}

/* What the request says about one table. */
static void
prepare_table_read(TableRead *read, JsonMember *entry, uint32 room)
{
	static const char *const expressions[] = {"ProjectionExpression", NULL};
	static const char *const legacy[] = {"AttributesToGet", NULL};
	ExprBindings *bindings;

	json_set_string_n(&read->name, entry->name, entry->name_len);
	read->request = &entry->value;
	read->keys = json_get(read->request, "Keys");
	read->consistent = request_bool(json_get(read->request, "ConsistentRead"), false);

	check_expression_parameters(read->request, expressions, legacy);
	check_attributes_to_get(read->request);
	bindings = prepare_bindings(read->request);
	read->projection = prepare_projection(read->request, bindings);
	expr_bindings_check_unused(bindings);
	prepare_keys(read->keys, room);
}

/* Keys and paths against the open table. */
static void
check_table_read(TableRead *read)
{
	const TableDescriptor *descriptor = read->table->descriptor;

	read->encoded_keys = palloc(sizeof(bytea *) * read->keys->len);
	for (uint32 i = 0; i < read->keys->len; i++)
		read->encoded_keys[i] = item_key_from_request(descriptor,
													  &read->keys->u.elems[i]);
	check_projection_paths(descriptor, read->projection);
}

/* Read one item, if the batch has room and the table capacity for it. */
static bool
read_next(TableRead *read, ItemRead *session, bytea *key,
		  BatchProgress *progress)
{
	Jsonb	   *item;
	uint32		size;

	if (progress->full)
		return false;
	if (!capacity_admit(&read->capacity, NULL, false))
	{
		progress->throttled = &read->capacity;
		return false;
	}
	item = item_store_read(session, key);
	size = item ? item_size(&item->root) : 0;
	if (progress->bytes > 0 && progress->bytes + size > BATCH_GET_MAX_SIZE)
	{
		progress->full = true;
		return false;
	}
	progress->bytes += size;
	progress->nread++;
	capacity_read_item(&read->capacity, item, read->consistent);
	if (item == NULL)
		return true;
	projected_item(read->projection, item, json_push(&read->items));
	return true;
}

/* Read what there is of one table. */
static void
read_table(TableRead *read, BatchProgress *progress)
{
	const TableUse *table = read->table;
	ItemRead   *session;

	json_set_array(&read->items, read->keys->len);
	json_set_array(&read->unprocessed, 0);
	session = item_store_begin_read(table->rel, table->descriptor,
									GetActiveSnapshot());
	for (uint32 i = 0; i < read->keys->len; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!read_next(read, session, read->encoded_keys[i], progress))
			*json_push(&read->unprocessed) = read->keys->u.elems[i];
	}
	item_store_end_read(session);
}

/* What was asked of a table, with the keys that are left. */
static void
add_unprocessed(const TableRead *read, JsonNode *unprocessed)
{
	JsonNode	entry;

	json_set_object(&entry, read->request->len);
	for (uint32 i = 0; i < read->request->len; i++)
	{
		const JsonMember *member = &read->request->u.members[i];

		*json_add_n(&entry, member->name, member->name_len) =
			&member->value == read->keys ? read->unprocessed : member->value;
	}
	*json_add_n(unprocessed, read->name.u.str, read->name.len) = entry;
}

static void
answer_batch_get(const TableRead *reads, int nreads, JsonNode *response)
{
	JsonNode	responses;
	JsonNode	unprocessed;
	JsonNode	consumed;

	json_set_object(&responses, nreads);
	json_set_object(&unprocessed, 0);
	json_set_array(&consumed, nreads);
	for (int i = 0; i < nreads; i++)
	{
		*json_add_n(&responses, reads[i].name.u.str, reads[i].name.len) = reads[i].items;
		if (reads[i].unprocessed.len > 0)
			add_unprocessed(&reads[i], &unprocessed);
		if (reads[i].capacity.detail != CAPACITY_NONE)
			capacity_to_node(&reads[i].capacity, json_push(&consumed));
	}
	*json_add(response, "Responses") = responses;
	*json_add(response, "UnprocessedKeys") = unprocessed;
	if (consumed.len > 0)
		*json_add(response, "ConsumedCapacity") = consumed;
}

void
batch_get_item(JsonNode *request, JsonNode *response)
{
	const JsonNode *entries = json_get(request, "RequestItems");
	int			nreads = entries->len;
	TableRead  *reads = palloc0(sizeof(TableRead) * nreads);
	BatchProgress progress = {0};
	TableSet	tables;
	uint32		nkeys = 0;

	for (int i = 0; i < nreads; i++)
	{
		prepare_table_read(&reads[i], &entries->u.members[i],
						   BATCH_GET_MAX_KEYS - nkeys);
		nkeys += reads[i].keys->len;
	}

	table_set_init(&tables, nreads);
	for (int i = 0; i < nreads; i++)
		reads[i].table = table_set_add(&tables, &reads[i].name, AccessShareLock,
									   ACL_SELECT);
	table_set_open(&tables);
	for (int i = 0; i < nreads; i++)
		check_table_read(&reads[i]);

	for (int i = 0; i < nreads; i++)
	{
		capacity_init(&reads[i].capacity, capacity_detail(request), CAPACITY_BATCH);
		capacity_bind(&reads[i].capacity, reads[i].table->descriptor);
		read_table(&reads[i], &progress);
	}
	table_set_close(&tables);
	if (progress.nread == 0 && progress.throttled)
		capacity_raise_shortage(progress.throttled);
	answer_batch_get(reads, nreads, response);
}

/* ---- BatchWriteItem ---- */

/* One put or deletion. */
static void
prepare_batch_write(WriteRequest *write, const JsonNode *table_name,
					const JsonNode *request)
{
	JsonNode   *put = json_get(request, "PutRequest");
	JsonNode   *delete = json_get(request, "DeleteRequest");
	JsonNode   *item;

	/* the service's words for exactly one of several members */
	if ((put == NULL) == (delete == NULL))
		validation_error("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");

	memset(write, 0, sizeof(*write));
	write->table_name = table_name;
	if (put == NULL)
	{
		write->kind = WRITE_DELETE;
		write->key = json_get(delete, "Key");
		attr_map_normalize(json_get(delete, "Key"));
		return;
	}
	item = json_get(put, "Item");
	attr_map_normalize(item);
	write->kind = WRITE_PUT;
	write->item = json_to_jsonb(item);
	item_check_size(write->item);
}

/* All puts and deletions of a request, of all tables. */
static WriteRequest *
prepare_batch_writes(const JsonNode *entries, int *nwrites)
{
	WriteRequest *writes = palloc(sizeof(WriteRequest) * BATCH_WRITE_MAX);

	*nwrites = 0;
	for (uint32 t = 0; t < entries->len; t++)
	{
		const JsonMember *entry = &entries->u.members[t];
		JsonNode   *name = palloc(sizeof(JsonNode));

		json_set_string_n(name, entry->name, entry->name_len);
		for (uint32 i = 0; i < entry->value.len; i++)
		{
			WriteRequest write;

			prepare_batch_write(&write, name, &entry->value.u.elems[i]);
			if (*nwrites == BATCH_WRITE_MAX)
				validation_error("Too many items requested for the BatchWriteItem call");
			writes[(*nwrites)++] = write;
		}
	}
	return writes;
}

/* Keys against the open tables; no item twice.  Returns the order to write. */
static WriteRequest **
check_batch_writes(WriteRequest *writes, int nwrites)
{
	WriteRequest **sorted;
	int			nsorted;

	for (int i = 0; i < nwrites; i++)
	{
		if (writes[i].kind == WRITE_PUT)
			item_check_has_key(writes[i].table->descriptor, &writes[i].item->root);
		write_check(&writes[i]);
	}
	sorted = write_sort(writes, nwrites, &nsorted);
	write_refuse_duplicates(sorted, nsorted, DUPLICATE_KEYS);
	return sorted;
}

/* The elements of the request that were throttled, by table. */
static void
add_unprocessed_writes(const JsonNode *entries, const WriteRequest *writes,
					   JsonNode *response)
{
	JsonNode	unprocessed;
	int			next = 0;
	int			nwritten = 0;
	const Capacity *throttled = NULL;

	json_set_object(&unprocessed, 0);
	for (uint32 t = 0; t < entries->len; t++)
	{
		const JsonMember *entry = &entries->u.members[t];
		JsonNode	list;

		json_set_array(&list, 0);
		for (uint32 i = 0; i < entry->value.len; i++, next++)
		{
			if (writes[next].throttled)
			{
				throttled = writes[next].capacity;
				*json_push(&list) = entry->value.u.elems[i];
			}
			else
				nwritten++;
		}
		if (list.len > 0)
			*json_add_n(&unprocessed, entry->name, entry->name_len) = list;
	}
	if (throttled && nwritten == 0)
		capacity_raise_shortage(throttled);
	*json_add(response, "UnprocessedItems") = unprocessed;
}

void
batch_write_item(JsonNode *request, JsonNode *response)
{
	const JsonNode *entries = json_get(request, "RequestItems");
	TableSet	tables;
	WriteRequest *writes;
	WriteRequest **sorted;
	int			nwrites;

	check_may_write("BatchWriteItem");

	writes = prepare_batch_writes(entries, &nwrites);
	table_set_init(&tables, entries->len);
	for (int i = 0; i < nwrites; i++)
		write_add_table(&writes[i], &tables);
	write_set_capacities(writes, nwrites, &tables, capacity_detail(request),
						 CAPACITY_BATCH);
	table_set_open(&tables);
	sorted = check_batch_writes(writes, nwrites);
	write_items(sorted, nwrites, false, write_decide);

	add_unprocessed_writes(entries, writes, response);
	if (item_collection_is_asked(request))
		item_collection_add_all(sorted, nwrites, response);
	table_set_close(&tables);
	write_add_capacities(writes, &tables, response);
}
