/*
 * capacity.h - what a request consumes of a table's and its indexes' capacity:
 * counting it, showing it as ConsumedCapacity, and holding it against what is
 * provisioned.
 *
 * A Capacity adds up what one request does to one table; a request that takes
 * several tables has one for each.  It is filled in as items are read and
 * written, and nothing is computed unless the request asks for it or
 * dynamo.enforce_capacity is on.
 *
 * A request that reads: capacity_init(); with the table open capacity_bind(),
 * capacity_admit(), and a capacity_read_...() for what has been read.  One
 * that writes through item_write.h: capacity_init(), and a pointer to the
 * Capacity to write_run(), or in WriteRequest.capacity where there are several
 * writes.  Then capacity_add(), or capacity_to_node() for an array.
 *
 * Throttling: a request of a single item or page raises when its table or
 * index has nothing left.  Others are told, and go on as they have to: see
 * CapacityUse and WriteRequest.throttled.
 */
#ifndef DYNAMO_CAPACITY_H
#define DYNAMO_CAPACITY_H

#include "errors.h"
#include "model/json.h"
#include "store/catalog.h"

/* ReturnConsumedCapacity */
typedef enum CapacityDetail
{
	CAPACITY_NONE,
	CAPACITY_TOTAL,
	CAPACITY_INDEXES
} CapacityDetail;

typedef enum CapacityUse
{
	CAPACITY_SINGLE,			/* throttling raises */
	CAPACITY_BATCH,				/* throttling is reported in `throttled` */
	CAPACITY_TRANSACTION		/* likewise; items cost double, and reading
								 * and writing are shown apart: units that are
								 * read in a replay, written otherwise */
} CapacityUse;

/* In halves of units: an eventually consistent read of 4 KB is one. */
typedef struct CapacityUnits
{
	uint64		read;
	uint64		write;
} CapacityUnits;

typedef struct IndexCapacity
{
	char	   *name;
	bool global;
	AttrNumber	key_attno;
	CapacityUnits units;
} IndexCapacity;

/* What a throttled request has run into. */
typedef struct CapacityShortage
{
	bool		write;
	bool		on_demand;		/* a maximum of OnDemandThroughput */
	char	   *index_name;		/* NULL: the table */
} CapacityShortage;

typedef struct Capacity
{
	CapacityDetail detail;
	CapacityUse use;
	bool		counted;		/* asked for, or enforced */
	bool		enforced;
	bool		throttled;		/* something was not admitted: not for
								 * CAPACITY_SINGLE */
	CapacityShortage shortage;	/* if throttled: the last one */
	char	   *table_name;		/* NULL: no table yet */
	CapacityUnits table;
	List	   *indexes;		/* IndexCapacity *, those that were touched */
	const TableDescriptor *descriptor;	/* while the table is open */
	MemoryContext context;		/* of what is allocated */
} Capacity;

/* What the write of one item costs, in whole units. */
typedef struct WriteCost
{
	uint32		table;
	uint32		indexes[LOCAL_INDEXES_MAX + GLOBAL_INDEXES_MAX];	/* as in the descriptor */
} WriteCost;

/* ReturnConsumedCapacity of a request. */
extern CapacityDetail capacity_detail(const JsonNode *request);

/* Start from nothing; allocates in the current memory context later on. */
extern void capacity_init(Capacity *capacity, CapacityDetail detail,
						  CapacityUse use);

/* Is there anything to count?  NULL: nothing. */
static inline bool
capacity_is_counted(const Capacity *capacity)
{
	return capacity != NULL && capacity->counted;
}

/*
 * The table, each time it has been opened.  What follows may be called until
 * it is closed.
 */
extern void capacity_bind(Capacity *capacity, const TableDescriptor *descriptor);

/*
 * May the table, or a global index, be read or written now?  If not, raises
 * in a request of its own, and otherwise is false.
 */
extern bool capacity_admit(Capacity *capacity, const IndexDescriptor *index,
						   bool write);

/* One item has been read by its key (NULL: it is not there). */
extern void capacity_read_item(Capacity *capacity, const Jsonb *item,
							   bool consistent);

/*
 * A page has been read of an index (NULL: the primary key): bytes in all,
 * from so many partitions.
 */
extern void capacity_read_page(Capacity *capacity, const IndexDescriptor *index,
							   uint64 bytes, int partitions, bool consistent);

/* An item of these bytes has been fetched from the table for an entry of a
 * local index. */
extern void capacity_read_fetched(Capacity *capacity, uint32 bytes,
								  bool consistent);

/* Bytes that an index has of an item. */
extern uint32 capacity_entry_size(const IndexDescriptor *index,
								  const Jsonb *item);

/* Partitions of the table (a global index: of it) in this model. */
extern int	capacity_partitions(const TableDescriptor *descriptor,
								const IndexDescriptor *index);

/*
 * For item_write.c: what it costs to write an item (NULL: there is none) over
 * another; may the indexes be written; it has been written.
 */
extern void capacity_write_cost(const Capacity *capacity, const Jsonb *old_item,
								const Jsonb *new_item, WriteCost *cost);
extern bool capacity_admit_indexes(Capacity *capacity, const WriteCost *cost);
extern void capacity_write_item(Capacity *capacity, const WriteCost *cost);

/* A condition did not hold on an item (NULL: there is none), or, in a
 * transaction, was all there was to check. */
extern void capacity_check_item(Capacity *capacity, const Jsonb *item);

/* The exception for capacity->shortage, and what CancellationReasons has of
 * it. */
pg_noreturn extern void capacity_raise_shortage(const Capacity *capacity);
extern const char *capacity_shortage_code(const Capacity *capacity);
extern const char *capacity_shortage_message(const Capacity *capacity);

/* ConsumedCapacity, if it was asked for and a table was bound: as a member of
 * a response, and as a node. */
extern void capacity_add(const Capacity *capacity, JsonNode *response);
extern void capacity_to_node(const Capacity *capacity, JsonNode *node);

#endif							/* DYNAMO_CAPACITY_H */
