/*
 * query_ops.c - Query and Scan, page by page as in the API, and as set
 * returning functions without pages.
 */
#include "postgres.h"

#include "access/table.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "utils/snapmgr.h"

#include "api/capacity.h"
#include "api/operations.h"
#include "api/query_plan.h"
#include "store/item_check.h"

PG_FUNCTION_INFO_V1(dynamo_query_items);
PG_FUNCTION_INFO_V1(dynamo_scan_items);
PG_FUNCTION_INFO_V1(dynamo_query_items_request);
PG_FUNCTION_INFO_V1(dynamo_scan_items_request);

/* A page ends with the item that brings it to this many bytes. */
#define PAGE_MAX_SIZE	1048576

/* Start reading. */
static ItemScan *
begin_scan(const QueryPlan *plan)
{
	return item_scan_begin(plan->rel, plan->descriptor, plan->index, &plan->range,
						   plan->forward, plan->fetch, GetActiveSnapshot());
}

/*
 * The item as the index shows it.  What that allocates goes with the item, as
 * it does for the filter.
 */
static const Jsonb *
visible_item(const QueryPlan *plan, ItemScan *scan)
{
	const Jsonb *item = item_scan_item(scan);
	MemoryContext old_context;
	JsonNode	visible;

	if (plan->visible == NULL)
		return item;
	old_context = MemoryContextSwitchTo(item_scan_memory(scan));
	projection_apply(plan->visible, &item->root, &visible);
	item = json_to_jsonb(&visible);
	MemoryContextSwitchTo(old_context);
	return item;
}

/* Does the item pass the filter? */
static inline bool
passes_filter(const QueryPlan *plan, ItemScan *scan, const Jsonb *item)
{
	MemoryContext old_context;
	bool		result;

	if (plan->filter == NULL)
		return true;
	old_context = MemoryContextSwitchTo(item_scan_memory(scan));
	result = condition_evaluate(plan->filter, &item->root);
	MemoryContextSwitchTo(old_context);
	return result;
}

/* The item as the response has it: projected, in memory of its own. */
static Jsonb *
result_item(const QueryPlan *plan, const Jsonb *item)
{
	JsonNode	projected;

	if (plan->projection == NULL)
		return DatumGetJsonbPCopy(JsonbPGetDatum(item));
	projection_apply(plan->projection, &item->root, &projected);
	return json_to_jsonb(&projected);
}

/*
 * Bytes that an item adds to the page, and to those that have been read of
 * the index or the table.
 */
static uint32
count_item(const QueryPlan *plan, Capacity *capacity, const Jsonb *item,
		   uint64 *read)
{
	uint32		size = item_size(&item->root);
	uint32		entry_size;

	if (!capacity_is_counted(capacity))
		return size;
	entry_size = plan->index ? capacity_entry_size(plan->index, item) : size;
	*read += entry_size;
	if (!plan->from_table)
		return entry_size;
	capacity_read_fetched(capacity, size, plan->consistent);
	return size;
}

/* Partitions that a page has come by, up to its LastEvaluatedKey. */
static int
count_partitions(const QueryPlan *plan, const Jsonb *last_key)
{
	int			total = capacity_partitions(plan->descriptor, plan->index);
	const KeyRange *range = &plan->range;
	int			first = 0;
	int			last = total - 1;

	if (!plan->is_scan)
		return 1;
	if (range->after)
		first = key_segment_of(range->after, total);
	else if (range->lower)
		first = key_segment_of(range->lower, total);
	if (last_key && plan->index)
		last = key_segment_of(item_index_key(plan->index, &last_key->root), total);
	else if (last_key)
		last = key_segment_of(item_key_from_item(plan->descriptor,
												 &last_key->root), total);
	else if (range->upper)
		last = key_segment_before(range->upper, total);
	return last - first + 1;
}

void
query_page_init(QueryPage *page)
{
	memset(page, 0, sizeof(*page));
	json_set_array(&page->items, 16);
}

void
query_page_read(const QueryPlan *plan, Capacity *capacity, QueryPage *page)
{
	ItemScan   *scan = begin_scan(plan);
	uint64		read = 0;

	while (page->last_key == NULL && item_scan_advance(scan))
	{
		page->scanned++;
		if (plan->fetch == SCAN_NOTHING)
		{
			page->size += item_scan_key_size(scan);
			page->count++;
		}
		else
		{
			const Jsonb *item = visible_item(plan, scan);

			page->size += count_item(plan, capacity, item, &read);
			if (passes_filter(plan, scan, item))
			{
				page->count++;
				if (!plan->count_only)
					json_set_jsonb(json_push(&page->items), result_item(plan, item));
			}
		}

		/* Whether more items follow makes no difference. */
		if (page->scanned == plan->limit || page->size >= PAGE_MAX_SIZE)
			page->last_key = DatumGetJsonbPCopy(JsonbPGetDatum(item_scan_position(scan)));
	}
	item_scan_end(scan);
	if (capacity_is_counted(capacity))
		capacity_read_page(capacity, plan->index, read,
						   count_partitions(plan, page->last_key),
						   plan->consistent);
}

/* Read one page and fill the response. */
static void
read_page(const QueryPlan *plan, Capacity *capacity, JsonNode *response)
{
	QueryPage	page;

	query_page_init(&page);
	query_page_read(plan, capacity, &page);
	json_set_int(json_add(response, "Count"), page.count);
	if (!plan->count_only)
		*json_add(response, "Items") = page.items;
	if (page.last_key)
		json_set_jsonb(json_add(response, "LastEvaluatedKey"), page.last_key);
	json_set_int(json_add(response, "ScannedCount"), page.scanned);
}

/* One page, from the plan to the response. */
static void
answer_page(QueryPlan *plan, const JsonNode *request, JsonNode *response)
{
	Capacity	capacity;

	capacity_init(&capacity, capacity_detail(request), CAPACITY_SINGLE);
	capacity_bind(&capacity, plan->descriptor);
	capacity_admit(&capacity, plan->index, false);

	/* The sizes of items are needed that could be counted by their keys. */
	if (capacity_is_counted(&capacity) && plan->fetch == SCAN_NOTHING)
		plan->fetch = SCAN_ITEMS;
	read_page(plan, &capacity, response);
	table_close(plan->rel, NoLock);
	capacity_add(&capacity, response);
}

void
query(JsonNode *request, JsonNode *response)
{
	QueryPlan	plan;

	query_plan_query(request, &plan);
	answer_page(&plan, request, response);
}

void
scan(JsonNode *request, JsonNode *response)
{
	QueryPlan	plan;

	query_plan_scan(request, &plan);
	answer_page(&plan, request, response);
}

/* ---- set-returning forms ---- */

/* State of one set-returning call. */
typedef struct ItemsCall
{
	QueryPlan	plan;
	ItemScan   *scan;			/* NULL once closed */
	int64		remaining;		/* -1: no limit */
} ItemsCall;

/* Close the scan, also when the query stops early. */
static void
close_items(Datum arg)
{
	ItemsCall  *call = (ItemsCall *) DatumGetPointer(arg);

	if (call->scan)
	{
		item_scan_end(call->scan);
		call->scan = NULL;
		table_close(call->plan.rel, NoLock);
	}
}

/*
 * Return the next item.  Limit bounds the number of items returned, after the
 * filter: there are no pages here.
 */
static Datum
next_item(FunctionCallInfo fcinfo, const char *operation,
		  void (*make_plan) (JsonNode *, QueryPlan *),
		  const char *const *members)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	FuncCallContext *funcctx;
	ItemsCall  *call;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old_context;

		funcctx = SRF_FIRSTCALL_INIT();
		old_context = MemoryContextSwitchTo(funcctx->multi_call_memory_ctx);
		call = palloc0(sizeof(ItemsCall));
		make_plan(request_from_arguments(fcinfo, operation, members), &call->plan);
		call->remaining = call->plan.limit > 0 ? call->plan.limit : -1;
		call->scan = begin_scan(&call->plan);
		MemoryContextSwitchTo(old_context);
		funcctx->user_fctx = call;
		RegisterExprContextCallback(rsinfo->econtext, close_items,
									PointerGetDatum(call));
	}

	funcctx = SRF_PERCALL_SETUP();
	call = funcctx->user_fctx;
	while (call->remaining != 0 && item_scan_advance(call->scan))
	{
		const Jsonb *item = visible_item(&call->plan, call->scan);

		if (!passes_filter(&call->plan, call->scan, item))
			continue;
		if (call->remaining > 0)
			call->remaining--;
		SRF_RETURN_NEXT(funcctx, JsonbPGetDatum(result_item(&call->plan, item)));
	}

	UnregisterExprContextCallback(rsinfo->econtext, close_items,
								  PointerGetDatum(call));
	close_items(PointerGetDatum(call));
	SRF_RETURN_DONE(funcctx);
}

static const char *const query_items_members[] = {
	"TableName", "KeyConditionExpression", "ExpressionAttributeNames",
	"ExpressionAttributeValues", "FilterExpression", "ProjectionExpression",
	"IndexName", "ScanIndexForward", "Limit", NULL
};
static const char *const scan_items_members[] = {
	"TableName", "FilterExpression", "ExpressionAttributeNames",
	"ExpressionAttributeValues", "ProjectionExpression", "IndexName", "Limit",
	NULL
};
static const char *const whole_request[] = {NULL};

Datum
dynamo_query_items(PG_FUNCTION_ARGS)
{
	return next_item(fcinfo, "Query", query_plan_query, query_items_members);
}

Datum
dynamo_scan_items(PG_FUNCTION_ARGS)
{
	return next_item(fcinfo, "Scan", query_plan_scan, scan_items_members);
}

Datum
dynamo_query_items_request(PG_FUNCTION_ARGS)
{
	return next_item(fcinfo, "Query", query_plan_query, whole_request);
}

Datum
dynamo_scan_items_request(PG_FUNCTION_ARGS)
{
	return next_item(fcinfo, "Scan", query_plan_scan, whole_request);
}
