/*
 * catalog.h - dynamo.tables, and the per-backend cache of what it says.
 *
 * A TableDescriptor is everything an operation has to know of a table.  It
 * lives in the cache until the item table's relcache entry is invalidated,
 * which every change of the table's settings causes.  A descriptor handed out
 * together with an open, locked relation stays valid until that relation is
 * closed.
 */
#ifndef DYNAMO_CATALOG_H
#define DYNAMO_CATALOG_H

#include "datatype/timestamp.h"
#include "model/key.h"
#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/relcache.h"
#include "utils/uuid.h"

/* Schema of the item tables. */
#define ITEM_SCHEMA	"dynamo_data"

/* Columns of an item table.  The key is always the first one. */
#define ITEM_KEY_ATTNO	1
#define ITEM_KEY_COLUMN	"key"
#define ITEM_COLUMN		"item"

typedef enum BillingMode
{
	BILLING_PROVISIONED,
	BILLING_PAY_PER_REQUEST
} BillingMode;

/* Secondary indexes of a table at most: 5 local, 20 global. */
#define LOCAL_INDEXES_MAX	5
#define GLOBAL_INDEXES_MAX	20

/* Prefix of the columns that hold index keys: ix1, ix2, ... */
#define INDEX_COLUMN_PREFIX	"ix"

/*
 * The index on the TTL attribute is built and maintained as secondary indexes
 * are, but no request can read it.  Its name is none that a client can give.
 */
#define TTL_INDEX	":ttl"

typedef enum IndexProjection
{
	PROJECT_ALL,
	PROJECT_KEYS_ONLY,
	PROJECT_INCLUDE
} IndexProjection;

typedef enum IndexStatus
{
	INDEX_CREATING,				/* writes maintain it, it cannot be read */
	INDEX_ACTIVE
} IndexStatus;

/* How much may be consumed, in units a second. */
typedef struct CapacityLimits
{
	int64		read_capacity;	/* provisioned; 0 when on demand, and of local
								 * indexes */
	int64		write_capacity;
	int64		max_read_units; /* on demand; 0: no limit */
	int64		max_write_units;
} CapacityLimits;

/* A secondary index, as operations need it. */
typedef struct IndexDescriptor
{
	char	   *name;
	bool global;
	bool		time_to_live;	/* TTL_INDEX: the key is the time of expiry */
	IndexStatus status;
	AttrNumber	key_attno;		/* column ixN: the encoded index key, or NULL */
	Oid			index_oid;		/* the B-tree on (ixN, key); InvalidOid if
								 * there is none that can be used */
	KeySchema	key;
	CapacityLimits limits;
	IndexProjection projection;
	int			nprojected;		/* unless PROJECT_ALL: the attributes that are
								 * projected, keys of index and table first */
	char	  **projected;		/* stored form */
	uint32	   *projected_lens;
} IndexDescriptor;

typedef struct TableDescriptor
{
	char	   *table_name;
	Oid			relid;			/* item table */
	Oid			primary_index;	/* its primary key */
	AttrNumber	item_attno;		/* column of the item */
	KeySchema	key;
	BillingMode billing_mode;
	CapacityLimits limits;
	int			nindexes;
	IndexDescriptor *indexes;	/* in order of creation */
	IndexDescriptor *ttl;		/* the index on the TTL attribute, which is
								 * the only one of its key schema; NULL: time
								 * to live is off */
} TableDescriptor;

/*
 * What the rows of tables and of global indexes have in common: capacity, in
 * units a second.
 */
typedef struct Throughput
{
	int64		read_capacity;	/* 0 when on demand, and of local indexes */
	int64		write_capacity;
	TimestampTz last_increase;	/* of the capacity; 0: never */
	TimestampTz last_decrease;
	int			decreases;		/* on the UTC day of last_decrease */
	int64		max_read_units; /* on demand; 0: no limit */
	int64		max_write_units;
	int64		warm_read_units;	/* asked for in advance; 0: never */
	int64		warm_write_units;
} Throughput;

/* Switches to billing on demand that are allowed in 24 hours. */
#define ON_DEMAND_SWITCHES_MAX	4

/* What tells an item table from others while the past is decoded. */
typedef struct TableIdentity
{
	char	   *table_name;
	pg_uuid_t	table_id;
	AttrNumber	item_attno;
	KeySchema	key;			/* names only: the types are not set */
} TableIdentity;

/* A row of dynamo.tables. */
typedef struct TableRow
{
	char	   *table_name;
	char	   *relation_name;
	pg_uuid_t	table_id;
	TimestampTz creation_time;
	Jsonb	   *attribute_definitions;	/* as in the API */
	Jsonb	   *key_schema;		/* as in the API */
	BillingMode billing_mode;
	TimestampTz on_demand_since;	/* 0: never */
	TimestampTz switches[ON_DEMAND_SWITCHES_MAX];	/* to on demand, the last
													 * one first; 0: none */
	Throughput	throughput;
	char	   *table_class;	/* NULL: never set */
	TimestampTz table_class_since;
	char	   *kms_key;		/* of the encryption, as it was named; NULL:
								 * none */
	bool		deletion_protection;
} TableRow;

/* A row of dynamo.indexes. */
typedef struct IndexRow
{
	char	   *table_name;
	char	   *index_name;
	bool global;
	int			position;		/* order of creation within the table */
	char	   *column_name;	/* of the item table: ixN */
	Jsonb	   *key_schema;		/* as in the API */
	IndexProjection projection;
	Jsonb	   *non_key_attributes; /* array of names; NULL: none */
	Throughput	throughput;
	IndexStatus status;
	bytea	   *filled_to;		/* CREATING: key of the last item filled;
								 * NULL: none yet */
	int64		items_done;		/* CREATING: progress of the filling */
	int64		items_total;	/* as estimated when it began */
} IndexRow;

/*
 * The B-tree on (column of an index, key) of the item table, InvalidOid if it
 * has none; or one that is not valid: its building was interrupted.
 */
extern Oid	catalog_index_btree(Relation rel, AttrNumber key_attno, bool valid);

/*
 * Open the item table of DynamoDB table `name` with `lockmode`.  When there
 * is no such table: returns NULL with missing_ok, else raises
 * ResourceNotFoundException in the wording of item operations.
 * Privileges are the caller's business (catalog_check_access).
 */
extern Relation catalog_open_table(const char *name, uint32 name_len,
								   LOCKMODE lockmode, bool missing_ok,
								   const TableDescriptor **descriptor);

/* The descriptor of an item table that is open already, or NULL if the
 * relation is no item table. */
extern const TableDescriptor *catalog_describe_relation(Relation rel);

/*
 * The identity of a relation that is an item table, palloc'd; NULL if it is
 * none.  Neither needs the extension to be there nor uses the cache, and
 * works in a historic snapshot.
 */
extern TableIdentity *catalog_identify_relation(Relation rel);

/* Is a relation dynamo.tables? */
extern bool catalog_is_tables(Relation rel);

/*
 * May the current user do this (ACL_SELECT, ...) to the item table?  Raises
 * insufficient_privilege if not, and refuses tables whose row level security
 * policies apply to the user, since the direct path cannot honour them.
 */
extern void catalog_check_access(Relation rel, AclMode mode);

/* Read the row of a table; NULL if there is none.  palloc'd. */
extern TableRow *catalog_read_row(const char *table_name);

/* The item table of a row; InvalidOid if it, or the row (NULL), is missing. */
extern Oid	catalog_item_table_oid(const TableRow *row);

/* Insert, or overwrite the row of the same name.  Makes other backends
 * forget the descriptor (relid: the item table). */
extern void catalog_write_row(const TableRow *row, bool is_new, Oid relid);

/* The secondary indexes of a table, IndexRow *, in order of creation. */
extern List *catalog_read_indexes(const char *table_name);

/* One row, of a secondary index or TTL_INDEX; NULL if there is none. */
extern IndexRow *catalog_read_index(const char *table_name,
									const char *index_name);

/* Those of all tables that are CREATING, TTL_INDEX too; TTL_INDEX of all
 * tables. */
extern List *catalog_pending_indexes(void);
extern List *catalog_ttl_indexes(void);

/*
 * Insert, overwrite or delete one.  relid: the item table; InvalidOid if
 * nothing of the descriptor changes.
 */
extern void catalog_write_index(const IndexRow *row, bool is_new, Oid relid);
extern void catalog_delete_index(const IndexRow *row, Oid relid);

/* Name of a projection type or an index status, as in the API. */
extern const char *catalog_projection_name(IndexProjection projection);
extern const char *catalog_status_name(IndexStatus status);

/* A secondary index of a table by name; NULL if there is none. */
extern const IndexDescriptor *catalog_find_index(const TableDescriptor *descriptor,
												 const char *name, uint32 name_len);

/* Delete the row of an item table's relation name, if there is one, and the
 * rows of its indexes. */
extern void catalog_delete_relation(const char *relation_name);

/*
 * Names of tables after `start` (NULL: from the first), in byte order, at
 * most `limit`.  Returns a List of palloc'd C strings.
 */
extern List *catalog_list_tables(const char *start, int limit);

/*
 * Raise insufficient_privilege unless the current user owns the item table.
 * That there is none is for the one who opens it to say.
 */
extern void catalog_check_owner(const TableRow *row);

/*
 * Open a relation of schema dynamo, and tell the index that is wanted of it
 * (InvalidOid if there is none).
 */
extern Relation catalog_open(const char *name, LOCKMODE lockmode,
							 const char *index_name, Oid *index_oid);

/* Serialize creating and deleting tables of one name until transaction end. */
extern void catalog_lock_name(const char *table_name);

#endif							/* DYNAMO_CATALOG_H */
