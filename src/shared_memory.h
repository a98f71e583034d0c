/*
 * shared_memory.h - what parts of the library keep in shared memory.
 */
#ifndef DYNAMO_SHARED_MEMORY_H
#define DYNAMO_SHARED_MEMORY_H

/*
 * Called by _PG_init: if the library is preloaded, have `request` ask for the
 * memory (RequestAddinShmemSpace() and the like) as soon as that is allowed,
 * and `start` find it, or initialise it, under AddinShmemInitLock.  If it is
 * not, neither is ever called.
 */
extern void shared_memory_add(void (*request) (void), void (*start) (void));

/*
 * The same for a struct whose first member is its spinlock, and all else of
 * which is zero in the beginning; *result is where it is.
 */
extern void shared_memory_add_struct(const char *name, Size size, void **result);

#endif							/* DYNAMO_SHARED_MEMORY_H */
