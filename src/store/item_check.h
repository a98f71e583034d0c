/*
 * item_check.h - an item or a key against a table's key schema.
 *
 * Errors are DynamoDB's, in DynamoDB's order: partition key before sort key,
 * and of each presence, type, emptiness, size.
 */
#ifndef DYNAMO_ITEM_CHECK_H
#define DYNAMO_ITEM_CHECK_H

#include "store/catalog.h"

/* Refuse an item that is too large. */
extern void item_check_size(const Jsonb *item);

/* What is said of a key that has other attributes than the schema. */
#define KEY_MISMATCH	"The provided key element does not match the schema"

/*
 * Encode the primary key of a request's Key: exactly the key attributes, of
 * the right types, not empty, not too long.  `key` is in normal form.
 */
extern bytea *item_key_from_request(const TableDescriptor *descriptor,
									const JsonNode *key);

/* Of that only: values of the right types that are empty or too long. */
extern void item_check_key_values(const TableDescriptor *descriptor,
								  const JsonNode *key);

/* Encode the primary key of a whole item (in normal form), checking it. */
extern bytea *item_key_from_item(const TableDescriptor *descriptor,
								 const JsonbContainer *item);

/* Refuse an item that lacks a key attribute or has it of another type, in the
 * words for a Key. */
extern void item_check_has_key(const TableDescriptor *descriptor,
							   const JsonbContainer *item);

/* Add an item's attributes of a key schema to an object that lacks them. */
extern void item_add_key(const KeySchema *schema, const JsonbContainer *item,
						 JsonNode *node);

/*
 * Message for a key attribute's value that is empty or too long for attribute
 * i of the schema, or NULL; and the same raised as an error.
 */
extern char *item_key_value_fault(const KeySchema *schema, int i,
								  const AttrValue *value);
extern void item_check_key_value(const KeySchema *schema, int i,
								 const AttrValue *value);

/*
 * Encode the key of an index for an item in normal form; NULL if an index key
 * attribute is absent or cannot stand in the index, so that the index does
 * not have the item.  Raises nothing: writes check first.
 *
 * The key of TTL_INDEX is item_ttl_key() of the whole seconds of an attribute
 * that is a number, not negative and not beyond what anybody means by a time.
 */
extern bytea *item_index_key(const IndexDescriptor *index,
							 const JsonbContainer *item);

/* A time in seconds since the epoch, not negative, as bytes in its order. */
extern bytea *item_ttl_key(int64 seconds);

/*
 * Refuse an item that has, for an attribute of an index key, a value of
 * another type, an empty or an overlong one.  What old_item (NULL: none) had
 * already is let be: the index was added to it, and left the item out.
 * updated: the texts of UpdateItem.
 */
extern void item_check_index_keys(const TableDescriptor *descriptor,
								  const JsonbContainer *item,
								  const JsonbContainer *old_item, bool updated);

/* Refuse an empty value, of an item or a condition, for an index key. */
extern void item_refuse_empty_index_key(const IndexDescriptor *index,
										const KeyAttr *attr);

/*
 * Refuse a value of an update that an index key attribute cannot have,
 * whatever the item: another type, or empty.
 */
extern void item_check_index_value(const KeyAttr *attr, const AttrValue *value);

#endif							/* DYNAMO_ITEM_CHECK_H */
