/*
 * throttle.c - token buckets in shared memory.
 *
 * Buckets are entries of a hash table of fixed size.  The lock of the table
 * is held in shared mode by whoever uses a bucket, exclusively only to add
 * one; each bucket has a spinlock for its contents.  When there is no room,
 * the bucket that was not used for longest makes way: it is likely full, and
 * then loses nothing.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#include "api/throttle.h"
#include "dynamo.h"
#include "shared_memory.h"

#define TRANCHE	"dynamo capacity"

typedef struct Bucket
{
	ThrottleKey key;			/* hash key: first */
	slock_t		mutex;
	int64		rate;			/* units a second */
	double		tokens;			/* units, as of `filled` */
	TimestampTz filled;
} Bucket;

static HTAB *buckets = NULL;
static LWLock *lock = NULL;

/* ---- shared memory ---- */

static void
request_shared_memory(void)
{
	RequestAddinShmemSpace(hash_estimate_size(dynamo_capacity_buckets,
											  sizeof(Bucket)));
	RequestNamedLWLockTranche(TRANCHE, 1);
}

static void
start_shared_memory(void)
{
	HASHCTL		info = {0};

	info.keysize = sizeof(ThrottleKey);
	info.entrysize = sizeof(Bucket);
	buckets = ShmemInitHash("dynamo capacity", dynamo_capacity_buckets,
							dynamo_capacity_buckets, &info,
							HASH_ELEM | HASH_BLOBS);
	lock = &GetNamedLWLockTranche(TRANCHE)->lock;
}

void
throttle_init(void)
{
	shared_memory_add(request_shared_memory, start_shared_memory);
}

bool
throttle_is_available(void)
{
	return buckets != NULL || process_shared_preload_libraries_in_progress;
}

/* ---- buckets ---- */

/* Remove the bucket that was not used for longest. */
static void
evict_bucket(void)
{
	HASH_SEQ_STATUS status;
	Bucket	   *bucket;
	ThrottleKey victim;
	TimestampTz oldest = DT_NOEND;

	hash_seq_init(&status, buckets);
	while ((bucket = hash_seq_search(&status)) != NULL)
	{
		if (bucket->filled < oldest)
		{
			oldest = bucket->filled;
			victim = bucket->key;
		}
	}
	if (oldest != DT_NOEND)
		hash_search(buckets, &victim, HASH_REMOVE, NULL);
}

/* The bucket, added full if there is none; the lock is held exclusively. */
static Bucket *
add_bucket(const ThrottleKey *key, int64 rate)
{
	Bucket	   *bucket;
	bool		found;

	/* Somebody else may have been faster. */
	bucket = hash_search(buckets, key, HASH_FIND, NULL);
	if (bucket != NULL)
		return bucket;

	if (hash_get_num_entries(buckets) >= dynamo_capacity_buckets)
		evict_bucket();
	bucket = hash_search(buckets, key, HASH_ENTER, &found);
	SpinLockInit(&bucket->mutex);
	bucket->rate = rate;
	bucket->tokens = (double) rate * THROTTLE_BURST;
	bucket->filled = GetCurrentTimestamp();
	return bucket;
}

/*
 * Bring a bucket up to now, take units out of it, and return what was in it
 * before.
 */
static double
use_bucket(Bucket *bucket, int64 rate, double units)
{
	TimestampTz now = GetCurrentTimestamp();
	double		tokens;

	SpinLockAcquire(&bucket->mutex);
	/* a clock that is set back gives nothing and takes nothing */
	if (now > bucket->filled)
		bucket->tokens += bucket->rate * ((now - bucket->filled) / 1000000.0);
	bucket->filled = now;
	bucket->rate = rate;
	tokens = Min(bucket->tokens, (double) rate * THROTTLE_BURST);
	bucket->tokens = tokens - units;
	SpinLockRelease(&bucket->mutex);
	return tokens;
}

/* Find the bucket or add it, and use it. */
static double
use_key(const ThrottleKey *key, int64 rate, double units)
{
	Bucket	   *bucket;
	double		tokens;

	LWLockAcquire(lock, LW_SHARED);
	bucket = hash_search(buckets, key, HASH_FIND, NULL);
	if (bucket == NULL)
	{
		LWLockRelease(lock);
		LWLockAcquire(lock, LW_EXCLUSIVE);
		bucket = add_bucket(key, rate);
	}
	tokens = use_bucket(bucket, rate, units);
	LWLockRelease(lock);
	return tokens;
}

bool
throttle_admit(const ThrottleKey *key, int64 rate)
{
	return buckets == NULL || use_key(key, rate, 0) > 0;
}

void
throttle_charge(const ThrottleKey *key, int64 rate, double units)
{
	if (buckets != NULL)
		use_key(key, rate, units);
}
