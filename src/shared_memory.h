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
 * For `start`: a struct whose first member is its spinlock, and all else of
 * which is zero in the beginning.
 */
extern void *shared_memory_struct(const char *name, Size size);

#endif							/* DYNAMO_SHARED_MEMORY_H */
