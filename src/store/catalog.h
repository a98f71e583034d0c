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

typedef struct TableDescriptor
{
	char	   *table_name;
	Oid			relid;			/* item table */
	Oid			primary_index;	/* its primary key */
	AttrNumber	item_attno;		/* column of the item */
	KeySchema	key;
} TableDescriptor;

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
	int64		read_capacity;	/* 0 when on demand */
	int64		write_capacity;
	TimestampTz last_increase;	/* of the capacity; 0: never */
	TimestampTz last_decrease;
	char	   *table_class;	/* NULL: never set */
	TimestampTz table_class_since;
	bool		deletion_protection;
} TableRow;

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

/* Delete the row of an item table's relation name, if there is one. */
extern void catalog_delete_relation(const char *relation_name);

/*
 * Names of tables after `start` (NULL: from the first), in byte order, at
 * most `limit`.  Returns a List of palloc'd C strings.
 */
extern List *catalog_list_tables(const char *start, int limit);

/* Serialize creating and deleting tables of one name until transaction end. */
extern void catalog_lock_name(const char *table_name);

#endif							/* DYNAMO_CATALOG_H */
