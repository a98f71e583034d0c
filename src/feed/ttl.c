/*
 * ttl.c - deleting the items whose time to live is over.
 *
 * The worker goes through the tables in rounds.  A round deletes what had
 * expired when it began, table by table in turn, a batch of items in each
 * transaction, in the order in which they expired.  Where a batch fails, its
 * items are tried one by one, and those that fail are passed over: the round
 * never looks at an item twice, so it ends.
 */
#include "postgres.h"

#include <time.h>

#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "replication/message.h"
#include "storage/latch.h"
#include "storage/spin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "dynamo.h"
#include "feed/feed_marker.h"
#include "feed/ttl.h"
#include "shared_memory.h"
#include "store/as_owner.h"
#include "store/item_check.h"
#include "store/item_scan.h"
#include "store/item_store.h"
#include "worker.h"

/* What is older than five years does not expire. */
#define OLDEST_SECONDS	(INT64CONST(5) * 365 * SECS_PER_DAY)

/* The job returns after so many milliseconds: other jobs are waiting. */
#define SLICE_MS	200

/* How long the worker waits for a lock. */
#define LOCK_TIMEOUT	"1s"

/*
 * How long a batch may take in the worker: triggers of one table must not keep
 * it from all others, and from its other jobs.
 */
#define BATCH_MS	10000

/* Errors of a table that are logged in one round; more are only counted. */
#define ERRORS_LOGGED	10

/*
 * Code of the owner's own finds what it would find in a session of the owner.
 */
#define SEARCH_PATH	"\"$user\", public"

/* Databases whose last round is remembered. */
#define LAST_ROUNDS_MAX	128

/* Both keys of an item in TTL_INDEX. */
typedef struct ItemPosition
{
	bytea	   *expiry;			/* NULL: before all items */
	bytea	   *key;
} ItemPosition;

/* A batch of deletions. */
typedef struct Batch
{
	int64		now;			/* in: seconds since the epoch */
	ItemPosition after;			/* in: begin after this item */
	int64		max;			/* in: items */
	ItemPosition last;			/* out: the last one looked at */
	int64		items;			/* out: looked at */
	int64		deleted;		/* out: items that are gone */
} Batch;

/* What deciding on an item takes. */
typedef struct Expiry
{
	const IndexDescriptor *index;
	bytea	   *from;			/* the first time of expiry that counts */
	bytea	   *before;			/* and the first that does not */
} Expiry;

/* A table in a round. */
typedef struct TableTurn
{
	char	   *table_name;
	ItemPosition after;			/* how far the round came */
	int			singly;			/* items to be tried one by one: so many */
	int64		failed;
	/* the batch at hand */
	int64		max;
	int64		items;			/* looked at */
	ItemPosition last;			/* the last of them, known before deleting */
} TableTurn;

/* A round of the worker. */
typedef struct Round
{
	MemoryContext context;
	int64		now;
	List	   *turns;			/* TableTurn *, of tables not done with */
	TimestampTz next;			/* no batch before that time */
} Round;

/* When a database had its last round. */
typedef struct LastRound
{
	Oid			dboid;
	TimestampTz began;
} LastRound;

typedef struct TtlShared
{
	slock_t		mutex;			/* first */
	LastRound	last[LAST_ROUNDS_MAX];
} TtlShared;

static TtlShared *shared = NULL;
static Round *current = NULL;

PG_FUNCTION_INFO_V1(dynamo_expire_items);

/* ---- start ---- */

void
ttl_init(void)
{
	shared_memory_add_struct("dynamo ttl", sizeof(TtlShared), (void **) &shared);
}

/*
 * Is it time for a round in this database?  If so, it is taken to begin now.
 * Who looks once in an interval may be somewhat early.
 */
static bool
claim_round(void)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		interval = dynamo_ttl_interval * USECS_PER_SEC;
	LastRound  *entry;
	bool		due;

	if (shared == NULL || interval == 0)
		return false;
	interval -= Min(interval / 10, USECS_PER_SEC);

	SpinLockAcquire(&shared->mutex);
	entry = &shared->last[0];
	for (int i = 0; i < LAST_ROUNDS_MAX; i++)
	{
		if (shared->last[i].dboid == MyDatabaseId)
		{
			entry = &shared->last[i];
			break;
		}
		if (shared->last[i].began < entry->began)
			entry = &shared->last[i];
	}
	/* a clock that was set back must not keep rounds from beginning */
	due = entry->dboid != MyDatabaseId || now < entry->began ||
		now - entry->began >= interval;
	if (due)
	{
		entry->dboid = MyDatabaseId;
		entry->began = now;
	}
	SpinLockRelease(&shared->mutex);
	return due;
}

/* ---- deleting a batch ---- */

/* Delete the newest version of an item if that, too, has expired. */
static ItemAction
delete_if_expired(const Jsonb *old_item, Jsonb **new_item, void *arg)
{
	const Expiry *expiry = arg;
	bytea	   *key;

	if (old_item == NULL)
		return ITEM_KEEP;
	key = item_index_key(expiry->index, &old_item->root);
	if (key == NULL ||
		key_compare(key, expiry->from) < 0 ||
		key_compare(key, expiry->before) >= 0)
		return ITEM_KEEP;
	return ITEM_DELETE;
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return key_compare(lfirst(a), lfirst(b));
}

/* The keys of the items of a batch, in their order. */
static List *
find_expired(Relation rel, const TableDescriptor *descriptor,
			 const Expiry *expiry, Batch *batch)
{
	KeyRange	range = {0};
	ItemScan   *scan;
	List	   *keys = NIL;

	range.lower = expiry->from;
	range.lower_inclusive = true;
	range.upper = expiry->before;
	range.after = batch->after.expiry;
	range.after_primary = batch->after.key;
	scan = item_scan_begin(rel, descriptor, expiry->index, &range, true,
						   SCAN_NOTHING, GetTransactionSnapshot());
	while (list_length(keys) < batch->max && item_scan_advance(scan))
	{
		if (batch->last.expiry)
			pfree(batch->last.expiry);
		item_scan_keys(scan, &batch->last.expiry, &batch->last.key);
		keys = lappend(keys, batch->last.key);
	}
	item_scan_end(scan);
	list_sort(keys, compare_keys);
	return keys;
}

/* Tell the output plugin, where there may be one, whose deletions these are. */
static void
mark_deletions(Relation rel, const char *message)
{
	if (RelationIsLogicallyLogged(rel) &&
		rel->rd_rel->relreplident == REPLICA_IDENTITY_FULL)
		compat_log_logical_message(FEED_MARKER_PREFIX, message, strlen(message));
}

/*
 * Find the items of a batch, tell which they are (found: NULL if nobody wants
 * to know), and delete those that nobody else has locked, as the owner of the
 * table.
 */
static void
delete_batch(Relation rel, const TableDescriptor *descriptor, Batch *batch,
			 void (*found) (const Batch *batch, void *arg), void *arg)
{
	Expiry		expiry;
	AsOwner		owner;
	List	   *keys;
	ListCell   *lc;

	expiry.index = descriptor->ttl;
	expiry.from = item_ttl_key(Max(batch->now - OLDEST_SECONDS, 0));
	expiry.before = item_ttl_key(batch->now);
	memset(&batch->last, 0, sizeof(batch->last));
	batch->deleted = 0;

	fire_deferred_triggers();
	as_owner_begin(&owner, rel, SEARCH_PATH);

	/* What is wrong with the table shows before there are items to be tried */
	catalog_check_access(rel, ACL_DELETE);
	keys = find_expired(rel, descriptor, &expiry, batch);
	batch->items = list_length(keys);
	if (found)
		found(batch, arg);
	if (keys != NIL)
	{
		ItemWrite  *write = item_store_begin(rel, descriptor, ITEM_DELETES, false);

		item_store_skip_locked(write);

		/* Not around what statement triggers and AFTER triggers do. */
		mark_deletions(rel, FEED_MARKER_EXPIRY);
		foreach(lc, keys)
			item_store_write_next(write, lfirst(lc), ITEM_DELETES,
								  delete_if_expired, &expiry);
		mark_deletions(rel, FEED_MARKER_EXPIRY_END);
		batch->deleted = item_store_deleted(write);
		item_store_end(write);
	}
	as_owner_end(&owner);
}

/* Open a table to expire items; NULL if there is no use for it. */
static Relation
open_to_expire(const char *table_name, bool missing_ok,
			   const TableDescriptor **descriptor)
{
	Relation	rel = catalog_open_table(table_name, strlen(table_name),
										 RowExclusiveLock, missing_ok, descriptor);

	if (rel == NULL)
		return NULL;
	if ((*descriptor)->ttl && (*descriptor)->ttl->status == INDEX_ACTIVE)
		return rel;
	table_close(rel, NoLock);
	return NULL;
}

/* ---- rounds of the worker ---- */

static ItemPosition
copy_position(const ItemPosition *position)
{
	ItemPosition copy = {NULL, NULL};

	if (position->expiry)
	{
		copy.expiry = DatumGetByteaPCopy(PointerGetDatum(position->expiry));
		copy.key = DatumGetByteaPCopy(PointerGetDatum(position->key));
	}
	return copy;
}

static void
free_position(ItemPosition *position)
{
	if (position->expiry)
	{
		pfree(position->expiry);
		pfree(position->key);
	}
	position->expiry = position->key = NULL;
}

/* Remember which items a batch is about to delete, in case that fails. */
static void
note_batch(const Batch *batch, void *arg)
{
	TableTurn  *turn = arg;
	MemoryContext old_context = MemoryContextSwitchTo(current->context);

	turn->items = batch->items;
	turn->last = copy_position(&batch->last);
	MemoryContextSwitchTo(old_context);
}

/* Delete a batch of a table: a transaction of its own. */
static void
expire_batch(void *arg)
{
	TableTurn  *turn = arg;
	MemoryContext context = CurrentMemoryContext;
	const TableDescriptor *descriptor;
	Relation	rel;
	char		activity[256];

	snprintf(activity, sizeof(activity), "expiring items of table \"%s\"",
			 turn->table_name);
	worker_begin_transaction(activity);
	(void) set_config_option("lock_timeout", LOCK_TIMEOUT, PGC_SUSET,
							 PGC_S_OVERRIDE, GUC_ACTION_LOCAL, true, 0, false);
	enable_timeout_after(STATEMENT_TIMEOUT, BATCH_MS);
	rel = open_to_expire(turn->table_name, true, &descriptor);
	if (rel != NULL)
	{
		Batch		batch = {
			.now = current->now,
			.after = turn->after,
			.max = turn->max
		};

		delete_batch(rel, descriptor, &batch, note_batch, turn);
		table_close(rel, NoLock);
	}
	disable_timeout(STATEMENT_TIMEOUT, false);
	CHECK_FOR_INTERRUPTS();
	worker_end_transaction(context);
}

/* Say in errors which table they are about. */
static void
expire_error_context(void *arg)
{
	const TableTurn *turn = arg;

	errcontext("expiring items of table \"%s\"", turn->table_name);
}

/*
 * Delete the next batch of a table, and count it against the rate; false if
 * the round is done with the table.
 */
static bool
take_turn(TableTurn *turn)
{
	ErrorContextCallback callback = {
		.previous = error_context_stack,
		.callback = expire_error_context,
		.arg = turn
	};
	TimestampTz started = GetCurrentTimestamp();
	bool		done;

	turn->items = 0;
	turn->max = dynamo_ttl_batch;
	if (dynamo_ttl_rate > 0)
		turn->max = Min(turn->max, dynamo_ttl_rate);
	if (turn->singly > 0)
		turn->max = 1;

	error_context_stack = &callback;
	done = turn->failed < ERRORS_LOGGED ? worker_try(expire_batch, turn) :
		worker_try_quietly(expire_batch, turn);
	error_context_stack = callback.previous;
	disable_timeout(STATEMENT_TIMEOUT, false);

	if (dynamo_ttl_rate > 0)
		current->next = Max(current->next, GetCurrentTimestamp() - USECS_PER_SEC / 10) +
			turn->items * USECS_PER_SEC / dynamo_ttl_rate;
	if (!done)
		turn->failed++;
	if (turn->items == 0)
		return false;			/* nothing left, or not even looked */
	if (!done && turn->max == 1 &&
		TimestampDifferenceExceeds(started, GetCurrentTimestamp(), BATCH_MS))
		return false;			/* the others would not be faster */
	if (!done && turn->max > 1)
	{
		/* Again, one by one */
		turn->singly = turn->items;
		free_position(&turn->last);
		return true;
	}
	if (turn->singly > 0)
		turn->singly--;
	free_position(&turn->after);
	turn->after = turn->last;
	turn->last.expiry = turn->last.key = NULL;
	return true;
}

/* Begin a round with all tables that have TTL. */
static void
begin_round(void)
{
	MemoryContext context;
	MemoryContext old_context = CurrentMemoryContext;
	Round	   *round;
	ListCell   *lc;

	context = AllocSetContextCreate(TopMemoryContext, "dynamo ttl round",
									ALLOCSET_DEFAULT_SIZES);
	round = MemoryContextAllocZero(context, sizeof(Round));
	round->context = context;
	round->now = (int64) time(NULL);

	/* From here on it is there to be ended, whatever happens */
	current = round;
	worker_begin_transaction("looking for tables with time to live");
	foreach(lc, catalog_ttl_indexes())
	{
		const IndexRow *row = lfirst(lc);
		TableTurn  *turn;

		if (row->status != INDEX_ACTIVE)
			continue;
		MemoryContextSwitchTo(context);
		turn = palloc0(sizeof(TableTurn));
		turn->table_name = pstrdup(row->table_name);
		round->turns = lappend(round->turns, turn);
		MemoryContextSwitchTo(old_context);
	}
	worker_end_transaction(old_context);
}

static void
end_round(void)
{
	MemoryContextDelete(current->context);
	current = NULL;
}

/* Let the first table have its turn, and put it behind the others. */
static void
next_turn(void)
{
	TableTurn  *turn = linitial(current->turns);
	MemoryContext old_context = MemoryContextSwitchTo(current->context);
	bool		more;

	current->turns = list_delete_first(current->turns);
	MemoryContextSwitchTo(old_context);
	more = take_turn(turn);
	MemoryContextSwitchTo(current->context);
	if (more)
		current->turns = lappend(current->turns, turn);
	else if (turn->failed > ERRORS_LOGGED)
		ereport(LOG,
				(errmsg("%lld errors when expiring items of table \"%s\", of which the first %d are logged",
						(long long) turn->failed, turn->table_name,
						ERRORS_LOGGED)));
	MemoryContextSwitchTo(old_context);
}

bool
ttl_is_under_way(void)
{
	return current != NULL;
}

void
ttl_expire(void *arg)
{
	TimestampTz slice_end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), SLICE_MS);

	if (current == NULL)
	{
		if (!claim_round())
			return;
		begin_round();
	}
	else if (dynamo_ttl_interval == 0)
		current->turns = NIL;

	while (current->turns != NIL)
	{
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz until = Min(current->next, slice_end);

		CHECK_FOR_INTERRUPTS();
		if (now >= slice_end)
			return;
		if (now < current->next)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
							 TimestampDifferenceMilliseconds(now, until) + 1,
							 PG_WAIT_EXTENSION);
			ResetLatch(MyLatch);
			continue;
		}
		next_turn();
	}
	end_round();
}

/* ---- for those who schedule it themselves ---- */

/* Names of the tables that have TTL and that the user may delete from. */
static List *
tables_to_expire(void)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, catalog_ttl_indexes())
	{
		const IndexRow *row = lfirst(lc);
		Oid			relid = catalog_item_table_oid(catalog_read_row(row->table_name));

		if (OidIsValid(relid) &&
			pg_class_aclcheck(relid, GetUserId(), ACL_DELETE) == ACLCHECK_OK &&
			check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED)
			names = lappend(names, row->table_name);
	}
	return names;
}

/* Delete expired items of a table, at most max (negative: all). */
static int64
expire_table(const char *table_name, bool missing_ok, int64 now, int64 max)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext batch_contexts[2];
	const TableDescriptor *descriptor;
	Relation	rel = open_to_expire(table_name, missing_ok, &descriptor);
	Batch		batch = {.now = now};
	int64		deleted = 0;
	int			which = 0;

	if (rel == NULL)
		return 0;
	catalog_check_access(rel, ACL_DELETE);

	/* Each batch goes on from where the one before it ended */
	for (int i = 0; i < lengthof(batch_contexts); i++)
		batch_contexts[i] = AllocSetContextCreate(context, "dynamo ttl batch",
												  ALLOCSET_DEFAULT_SIZES);
	do
	{
		batch.max = max < 0 ? dynamo_ttl_batch : Min(dynamo_ttl_batch, max - deleted);
		MemoryContextReset(batch_contexts[which]);
		MemoryContextSwitchTo(batch_contexts[which]);
		delete_batch(rel, descriptor, &batch, NULL, NULL);
		MemoryContextSwitchTo(context);
		deleted += batch.deleted;
		batch.after = batch.last;
		which = 1 - which;
	} while (batch.items == batch.max && (max < 0 || deleted < max));

	for (int i = 0; i < lengthof(batch_contexts); i++)
		MemoryContextDelete(batch_contexts[i]);
	table_close(rel, NoLock);
	return deleted;
}

/*
 * dynamo.expire_items(table_name text DEFAULT NULL, max_items bigint DEFAULT
 * NULL) RETURNS bigint
 */
Datum
dynamo_expire_items(PG_FUNCTION_ARGS)
{
	int64		max = PG_ARGISNULL(1) ? -1 : PG_GETARG_INT64(1);
	int64		now = (int64) time(NULL);
	int64		deleted = 0;
	ListCell   *lc;

	PreventCommandIfReadOnly("expire_items()");
	PreventCommandIfParallelMode("expire_items()");

	if (!PG_ARGISNULL(1) && max < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_items must not be negative")));
	if (!PG_ARGISNULL(0))
		PG_RETURN_INT64(expire_table(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									 false, now, max));
	foreach(lc, tables_to_expire())
		deleted += expire_table(lfirst(lc), true, now,
								max < 0 ? max : max - deleted);
	PG_RETURN_INT64(deleted);
}
