/*
 * shared_memory.c - what parts of the library keep in shared memory.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "shared_memory.h"

#define PARTS_MAX	4

static struct
{
	void		(*request) (void);
	void		(*start) (void);
}			parts[PARTS_MAX];
static int	nparts = 0;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	for (int i = 0; i < nparts; i++)
		parts[i].request();
}

static void
start_shared_memory(void)
{
	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (int i = 0; i < nparts; i++)
		parts[i].start();
	LWLockRelease(AddinShmemInitLock);
}

void
shared_memory_add(void (*request) (void), void (*start) (void))
{
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	if (nparts == 0)
	{
		prev_shmem_request_hook = shmem_request_hook;
		shmem_request_hook = request_shared_memory;
		prev_shmem_startup_hook = shmem_startup_hook;
		shmem_startup_hook = start_shared_memory;
	}
	if (nparts == PARTS_MAX)
		elog(ERROR, "too many parts of shared memory");
	parts[nparts].request = request;
	parts[nparts].start = start;
	nparts++;
}

void *
shared_memory_struct(const char *name, Size size)
{
	bool		found;
	slock_t    *mutex = ShmemInitStruct(name, size, &found);

	if (!found)
	{
		memset(mutex, 0, size);
		SpinLockInit(mutex);
	}
	return mutex;
}
