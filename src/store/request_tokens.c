/*
 * request_tokens.c - dynamo.request_tokens.
 *
 * Whoever reads or changes the row of a token holds its advisory lock, so that
 * no two transactions meet at a row.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "store/advisory_lock.h"
#include "store/catalog_table.h"
#include "store/request_tokens.h"

#define TOKENS				"request_tokens"
#define TOKENS_PKEY			"request_tokens_pkey"
#define TOKENS_CREATED_AT	"request_tokens_created_at_idx"

/* Expired rows that a new token removes: more than one, so that they dwindle. */
#define EXPIRED_AT_ONCE		4

/* The window, in the unit of timestamps. */
#define REQUEST_TOKEN_WINDOW	(REQUEST_TOKEN_MINUTES * USECS_PER_MINUTE)

/* Columns, in the order of dynamo--1.0.sql. */
enum
{
	Anum_role_id = 1,
	Anum_token,
	Anum_request_hash,
	Anum_created_at,
	Natts_tokens = Anum_created_at
};

static bool
lock_token(Oid role, const char *token, uint32 len, bool wait)
{
	return advisory_lock(ADVISORY_TOKEN, role,
						 hash_bytes((const unsigned char *) token, len),
						 ExclusiveLock, wait);
}

/* The row of a token, copied; NULL if there is none. */
static HeapTuple
find_token(Relation tokens, Oid index, Oid role, const char *token)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], Anum_role_id, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(role));
	catalog_text_key(&keys[1], Anum_token, token);

	/* as of now, whatever the transaction's snapshot: twins look at it too */
	return catalog_find(tokens, index, 2, keys);
}

/*
 * Remove a few expired rows, leaving out those whose tokens are in use.
 *
 * Go on where this session came to: what has been removed may have to stay in
 * the index, as long as somebody has an old snapshot, and would be passed
 * again and again.  What has been left out on the way is looked for once in a
 * while.
 */
static void
remove_expired(Relation tokens, TimestampTz now)
{
	static TimestampTz removed_to;
	static TimestampTz started_over;
	Oid			index_oid = get_relname_relid(TOKENS_CREATED_AT,
											  RelationGetNamespace(tokens));
	Relation	index = index_open(index_oid, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			limit = EXPIRED_AT_ONCE;

	if (started_over == 0 || now - started_over >= REQUEST_TOKEN_WINDOW)
	{
		removed_to = DT_NOBEGIN;
		started_over = now;
	}
	ScanKeyInit(&keys[0], Anum_created_at, BTGreaterEqualStrategyNumber,
				F_TIMESTAMPTZ_GE, TimestampTzGetDatum(removed_to));
	ScanKeyInit(&keys[1], Anum_created_at, BTLessStrategyNumber,
				F_TIMESTAMPTZ_LT,
				TimestampTzGetDatum(now - REQUEST_TOKEN_WINDOW));
	scan = systable_beginscan_ordered(tokens, index, NULL, 2, keys);
	while (limit-- > 0 &&
		   HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		Datum		values[Natts_tokens];
		bool		nulls[Natts_tokens];
		text	   *token;
		TM_FailureData tmfd;

		heap_deform_tuple(tuple, RelationGetDescr(tokens), values, nulls);
		removed_to = DatumGetTimestampTz(values[Anum_created_at - 1]);
		token = DatumGetTextPP(values[Anum_token - 1]);
		if (!lock_token(DatumGetObjectId(values[Anum_role_id - 1]),
						VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token), false))
			continue;

		/* It may have been changed or removed before the lock was ours */
		(void) table_tuple_delete(tokens, &tuple->t_self,
								  GetCurrentCommandId(true), InvalidSnapshot,
								  InvalidSnapshot, false, &tmfd, false);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
}

/* Write the row of a token, in the place of an expired one if there is one. */
static void
write_token(Relation tokens, HeapTuple old, Oid role, const char *token,
			Datum hash, TimestampTz now)
{
	Datum		values[Natts_tokens];
	bool		nulls[Natts_tokens] = {0};

	values[Anum_role_id - 1] = ObjectIdGetDatum(role);
	values[Anum_token - 1] = CStringGetTextDatum(token);
	values[Anum_request_hash - 1] = hash;
	values[Anum_created_at - 1] = TimestampTzGetDatum(now);
	catalog_put(tokens, old, values, nulls);
}

TokenState
request_token_claim(const char *token, const bytea *request)
{
	Oid			role = GetUserId();
	Oid			index;
	Relation	tokens = catalog_open(TOKENS, RowExclusiveLock, TOKENS_PKEY, &index);
	Datum		hash = DirectFunctionCall1(sha256_bytea,
										   PointerGetDatum(request));
	TimestampTz now;
	HeapTuple	tuple;
	TokenState	state = TOKEN_NEW;

	(void) lock_token(role, token, strlen(token), true);
	now = GetCurrentTimestamp();

	tuple = find_token(tokens, index, role, token);
	if (HeapTupleIsValid(tuple))
	{
		Datum		values[Natts_tokens];
		bool		nulls[Natts_tokens];

		heap_deform_tuple(tuple, RelationGetDescr(tokens), values, nulls);
		if (DatumGetTimestampTz(values[Anum_created_at - 1]) >= now - REQUEST_TOKEN_WINDOW)
			state = DatumGetBool(DirectFunctionCall2(byteaeq, hash,
													 values[Anum_request_hash - 1])) ?
				TOKEN_KNOWN : TOKEN_MISMATCH;
	}
	if (state == TOKEN_NEW)
	{
		write_token(tokens, tuple, role, token, hash, now);
		remove_expired(tokens, now);
		CommandCounterIncrement();
	}
	table_close(tokens, RowExclusiveLock);
	return state;
}
