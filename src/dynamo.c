/*
 * dynamo.c - module start and settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "api/throttle.h"
#include "dynamo.h"
#include "feed/ttl.h"
#include "store/streams.h"
#include "worker.h"

PG_MODULE_MAGIC;

char	   *dynamo_account_id;
int			dynamo_capacity_buckets;
bool		dynamo_enforce_capacity;
bool		dynamo_log_errors;
int			dynamo_max_workers;
char	   *dynamo_region;
int			dynamo_stream_max_wal;
int			dynamo_stream_retention;
int			dynamo_stream_shards;
int			dynamo_ttl_batch;
int			dynamo_ttl_interval;
int			dynamo_ttl_rate;
int			dynamo_worker_naptime;

extern PGDLLEXPORT void _PG_init(void);

/* An account id is what SDKs take for one: twelve digits. */
static bool
check_account_id(char **newval, void **extra, GucSource source)
{
	if (strlen(*newval) == 12 && strspn(*newval, "0123456789") == 12)
		return true;
	GUC_check_errdetail("An account id is twelve digits.");
	return false;
}

/* What requests consume is kept in shared memory. */
static bool
check_enforce_capacity(bool *newval, void **extra, GucSource source)
{
	if (!*newval || throttle_is_available())
		return true;
	GUC_check_errmsg("dynamo.enforce_capacity needs shared memory");
	GUC_check_errhint("Add dynamo to shared_preload_libraries and restart the server.");
	return false;
}

/* A region stands in ARNs: lower case, digits, hyphens. */
static bool
check_region(char **newval, void **extra, GucSource source)
{
	if (**newval != '\0' &&
		strspn(*newval, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(*newval))
		return true;
	GUC_check_errdetail("A region consists of lower-case letters, digits and hyphens.");
	return false;
}

void
_PG_init(void)
{
	/* In alphabetical order. */
	DefineCustomStringVariable("dynamo.account_id",
							   "Account id in the ARNs of tables, indexes and streams.",
							   "Twelve digits. ARNs are formed when they are shown; "
							   "changing the setting changes them all.",
							   &dynamo_account_id, "000000000000",
							   PGC_SUSET, 0, check_account_id, NULL, NULL);

	/* Only the postmaster can define what it alone can set. */
	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable("dynamo.capacity_buckets",
								"Token buckets of dynamo.enforce_capacity.",
								"A table or global index whose capacity is enforced takes "
								"one for reads and one for writes, in shared memory. Where "
								"there are more, the one that was not used for longest is "
								"forgotten, and begins again with a full burst.",
								&dynamo_capacity_buckets, 2048, 16, 65536,
								PGC_POSTMASTER, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("dynamo.enforce_capacity",
							 "Throttles requests that exceed the capacity of a table or an index.",
							 "Provisioned capacity and the maxima of OnDemandThroughput, "
							 "with what was left unused for 300 seconds as a burst. Off, "
							 "capacity is counted where a request asks for it, and limits "
							 "nothing. The library must be in shared_preload_libraries.",
							 &dynamo_enforce_capacity, false,
							 PGC_SUSET, 0, check_enforce_capacity, NULL, NULL);
	DefineCustomBoolVariable("dynamo.log_errors",
							 "Writes DynamoDB exceptions to the server log.",
							 "A failed condition or a malformed request is a result that "
							 "the client gets, not an incident of the server; off, errors "
							 "of SQLSTATE class DY go to the client only.",
							 &dynamo_log_errors, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.max_workers",
							"Background workers of a kind that may run at a time, one in a database.",
							"Those of one kind build indexes on tables that hold items, and "
							"delete items whose time to live is over; those of the other "
							"fill the log of stream records. 0 starts none: "
							"an index is built within the call of UpdateTable, which locks "
							"the table until it is done, items expire only where "
							"dynamo.expire_items() is called, and whoever reads a stream "
							"fills the log. The library must be in shared_preload_libraries.",
							&dynamo_max_workers, 2, 0, WORKERS_MAX,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("dynamo.region",
							   "Region in the ARNs of tables, indexes and streams.",
							   "ARNs are formed when they are shown; changing the setting "
							   "changes them all.",
							   &dynamo_region, "us-east-1",
							   PGC_SUSET, 0, check_region, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_max_wal",
							"WAL that the streams of a database may keep the server from removing.",
							"What has not come into the log of stream records yet has to be "
							"kept as WAL. Where it is more than this, since a transaction "
							"is not ended or the worker cannot keep up, the worker drops "
							"its replication slot, and the streams begin anew: what they "
							"held is trimmed. 0: no limit, but max_slot_wal_keep_size.",
							&dynamo_stream_max_wal, 16384, 0, MAX_KILOBYTES,
							PGC_SIGHUP, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_retention",
							"Time that stream records, and streams that have ended, are kept.",
							"Records are removed by the tableful, each of which holds a "
							"sixth of this time: they are kept up to so much longer.",
							&dynamo_stream_retention, 86400, 6, INT_MAX / 1000,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.stream_shards",
							"Shards of a stream that is enabled from now on.",
							"An item is in the shard that the hash of its partition key "
							"tells. Consumers can read shards side by side.",
							&dynamo_stream_shards, 1, 1, STREAM_SHARDS_MAX,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_batch",
							"Expired items that are deleted in one transaction, at most.",
							"Their rows are locked until it commits.",
							&dynamo_ttl_batch, 100, 1, 10000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_interval",
							"Time between two looks of background workers for expired items.",
							"What has expired is there to be read until it is deleted. 0 "
							"turns that off: items expire only where dynamo.expire_items() "
							"is called.",
							&dynamo_ttl_interval, 60, 0, INT_MAX / 1000,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.ttl_rate",
							"Expired items that a background worker deletes in a second, at most.",
							"Of all tables of a database together; 0 is no limit.",
							&dynamo_ttl_rate, 1000, 0, 1000000,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("dynamo.worker_naptime",
							"Time between two looks of background workers for work in a database.",
							"A worker is started at once where there is work that has just "
							"been asked for; this is for what was interrupted.",
							&dynamo_worker_naptime, 60, 1, INT_MAX / 1000,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);
	MarkGUCPrefixReserved("dynamo");

	errors_init();
	throttle_init();
	ttl_init();
	worker_init();
}
