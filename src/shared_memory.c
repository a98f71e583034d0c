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

/* Either two functions, or a struct. */
typedef struct Part
{
	void		(*request) (void);
	void		(*start) (void);
	const char *name;
	Size		size;
	void	  **result;
} Part;

static Part parts[PARTS_MAX];
static int	nparts = 0;

static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

static void
request_shared_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	for (int i = 0; i < nparts; i++)
	{
		if (parts[i].request)
			parts[i].request();
		else
			RequestAddinShmemSpace(MAXALIGN(parts[i].size));
	}
}

/* Find a struct, or make it. */
static void
start_struct(const Part *part)
{
	bool		found;
	slock_t    *mutex = ShmemInitStruct(part->name, part->size, &found);

	if (!found)
	{
		memset(mutex, 0, part->size);
		SpinLockInit(mutex);
	}
	*part->result = mutex;
}

static void
start_shared_memory(void)
{
	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (int i = 0; i < nparts; i++)
	{
		if (parts[i].start)
			parts[i].start();
		else
			start_struct(&parts[i]);
	}
	LWLockRelease(AddinShmemInitLock);
}

static void
add_part(const Part *part)
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
	parts[nparts++] = *part;
}

void
shared_memory_add(void (*request) (void), void (*start) (void))
{
	Part		part = {0};

	part.request = request;
	part.start = start;
	add_part(&part);
}

void
shared_memory_add_struct(const char *name, Size size, void **result)
{
	Part		part = {0};

	part.name = name;
	part.size = size;
	part.result = result;
	add_part(&part);
}
