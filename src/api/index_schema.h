/*
 * index_schema.h - secondary indexes in table operations: from requests to
 * catalog rows, and from rows to descriptions.
 */
#ifndef DYNAMO_INDEX_SCHEMA_H
#define DYNAMO_INDEX_SCHEMA_H

#include "model/json.h"
#include "store/catalog.h"

/*
 * Check the elements of a key schema: defined, not the same twice, HASH before
 * RANGE.  several: more than one of a kind is allowed (global indexes).
 */
extern void check_key_elements(const JsonNode *key_schema,
							   const JsonNode *definitions, bool several);

/*
 * The indexes of a CreateTable request, IndexRow *: local ones, then global
 * ones.  on_demand: the table's billing mode.
 */
extern List *indexes_from_request(const JsonNode *request, bool on_demand);

/*
 * One global index of UpdateTable's Create, beside those that the table has.
 */
extern IndexRow *index_from_create(const JsonNode *create,
								   const JsonNode *definitions,
								   const List *indexes, bool on_demand);

/*
 * The units of the ProvisionedThroughput that an index must have here, within
 * bounds.
 */
extern void read_index_provisioned(const JsonNode *node, const char *index,
								   int64 *read, int64 *write);

/* Every attribute that a definition gives a type must be part of a key. */
extern void check_definitions_used(const JsonNode *definitions,
								   const JsonNode *key_schema,
								   const List *indexes);

/*
 * Attribute definitions as they are to be stored: those that the table has and
 * those of the request (NULL: none), without what no key uses.
 */
extern Jsonb *merge_definitions(const TableRow *row, const JsonNode *added,
								const List *indexes);

/* Members that the catalog keeps as they came, without unknown ones. */
extern Jsonb *copy_structures(const JsonNode *list, const char *first,
							  const char *second);

/* CreateTable's and UpdateTable's: a member as nothing but its names. */
extern int	find_attribute(const JsonNode *list, const JsonNode *name);

/*
 * Does one of GlobalSecondaryIndexUpdates (NULL: none) name this index under
 * an action?
 */
extern bool is_index_updated(const JsonNode *updates, const char *action,
							 const char *name);

/*
 * Add LocalSecondaryIndexes and GlobalSecondaryIndexes to the description of
 * the table of a row.  status: the table's; updates:
 * GlobalSecondaryIndexUpdates of the request that is answered (NULL: none).
 */
extern void describe_indexes(JsonNode *table, const TableRow *row,
							 const List *indexes, Relation rel,
							 const char *status, const JsonNode *updates);

/* Live items of a relation, as well as statistics know. */
extern int64 estimate_item_count(Relation rel);

#endif							/* DYNAMO_INDEX_SCHEMA_H */
