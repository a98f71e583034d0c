/*
 * item_check.c - an item or a key against the key schemas of a table and its
 * indexes.
 */
#include "postgres.h"

#include "errors.h"
#include "model/number.h"
#include "port/pg_bswap.h"
#include "store/item_check.h"

#define KEY_PARTITION_TOO_LONG \
	INVALID_PARAMETER "Size of hashkey has exceeded the maximum size limit of2048 bytes"
#define KEY_SORT_TOO_LONG \
	INVALID_PARAMETER "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"

void
item_check_size(const Jsonb *item)
{
	if (item_size(&item->root) > ITEM_MAX_SIZE)
		validation_error("Item size has exceeded the maximum allowed size");
}

char *
item_key_value_fault(const KeySchema *schema, int i, const AttrValue *value)
{
	uint32		size;

	if (value->type == ATTR_N)
		return NULL;
	attr_value_bytes(value, &size);
	if (size == 0)
		return psprintf("One or more parameter values are not valid. "
						"The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s",
						value->type == ATTR_S ? "string" : "binary",
						schema->attrs[i].name);
	if (i < schema->npartition && size > PARTITION_KEY_MAX_SIZE)
		return pstrdup(KEY_PARTITION_TOO_LONG);
	if (i >= schema->npartition && size > SORT_KEY_MAX_SIZE)
		return pstrdup(KEY_SORT_TOO_LONG);
	return NULL;
}

void
item_check_key_value(const KeySchema *schema, int i, const AttrValue *value)
{
	char	   *fault = item_key_value_fault(schema, i, value);

	if (fault)
		validation_error("%s", fault);
}

void
item_check_key_values(const TableDescriptor *descriptor, const JsonNode *key)
{
	const KeySchema *schema = &descriptor->key;

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];
		const JsonNode *node = json_get_n(key, attr->name, attr->name_len);
		AttrValue	value;

		if (node == NULL)
			continue;
		attr_value_from_node(node, &value);
		if (value.type == attr->type)
			item_check_key_value(schema, i, &value);
	}
}

bytea *
item_key_from_request(const TableDescriptor *descriptor, const JsonNode *key)
{
	const KeySchema *schema = &descriptor->key;
	AttrValue	values[KEY_MAX_ATTRS];

	if (key->len != KEY_NATTRS(schema))
		validation_error(KEY_MISMATCH);
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];
		const JsonNode *node = json_get_n(key, attr->name, attr->name_len);

		if (node == NULL)
			validation_error(KEY_MISMATCH);
		attr_value_from_node(node, &values[i]);
		if (values[i].type != attr->type)
			validation_error(KEY_MISMATCH);
		item_check_key_value(schema, i, &values[i]);
	}
	return key_encode(schema, values);
}

bytea *
item_key_from_item(const TableDescriptor *descriptor, const JsonbContainer *item)
{
	const KeySchema *schema = &descriptor->key;
	AttrValue	values[KEY_MAX_ATTRS];

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];

		if (!attr_get(item, attr->name, attr->name_len, &values[i]))
			validation_error(INVALID_PARAMETER "Missing the key %s in the item",
							 attr->name);
		if (values[i].type != attr->type)
			validation_error(INVALID_PARAMETER "Type mismatch for key %s expected: %s actual: %s",
							 attr->name, attr_type_name(attr->type),
							 attr_type_name(values[i].type));
		item_check_key_value(schema, i, &values[i]);
	}
	return key_encode(schema, values);
}

void
item_check_has_key(const TableDescriptor *descriptor, const JsonbContainer *item)
{
	for (int i = 0; i < KEY_NATTRS(&descriptor->key); i++)
	{
		const KeyAttr *attr = &descriptor->key.attrs[i];
		AttrValue	value;

		if (!attr_get(item, attr->name, attr->name_len, &value) ||
			value.type != attr->type)
			validation_error(KEY_MISMATCH);
	}
}

void
item_add_key(const KeySchema *schema, const JsonbContainer *item, JsonNode *node)
{
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];
		AttrValue	value;

		if (json_get_n(node, attr->name, attr->name_len) == NULL &&
			attr_get(item, attr->name, attr->name_len, &value))
			attr_value_to_node(&value, json_add_n(node, attr->name, attr->name_len));
	}
}

/* ---- keys of secondary indexes ---- */

/*
 * Index rows hold the keys of both index and table, and B-tree rows are at
 * most 2704 bytes.  Sort keys of several attributes grow by a byte for each 00
 * in them: this is what the longest table key and partition key leave.
 */
#define INDEX_SORT_KEY_MAX_ENCODED	1140

typedef enum IndexKeyFault
{
	INDEX_KEY_FINE,
	INDEX_KEY_ABSENT,
	INDEX_KEY_TYPE,
	INDEX_KEY_EMPTY,
	INDEX_KEY_TOO_LONG
} IndexKeyFault;

/* Bytes of an S or B, and what a component of several takes at most. */
static uint32
count_bytes(const AttrValue *value, uint32 *encoded)
{
	uint32		len;
	const unsigned char *bytes = attr_value_bytes(value, &len);

	*encoded = len + 2;
	for (uint32 i = 0; i < len; i++)
		*encoded += bytes[i] == 0;
	return len;
}

/*
 * Read the attributes of an index key.  What is wrong with the first faulty
 * one goes before one that is absent: a write is refused for it though the
 * index would not have the item.
 */
static IndexKeyFault
read_index_key(const KeySchema *schema, const JsonbContainer *item,
			   AttrValue *values, int *which)
{
	IndexKeyFault result = INDEX_KEY_FINE;
	uint32		partition_size = 0;
	uint32		sort_size = 0;
	uint32		sort_encoded = 0;

	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];
		uint32		size = 0;
		uint32		encoded = NUMBER_MAX_ENCODED;

		*which = i;
		if (!attr_get(item, attr->name, attr->name_len, &values[i]))
		{
			result = INDEX_KEY_ABSENT;
			continue;
		}
		if (values[i].type != attr->type)
			return INDEX_KEY_TYPE;
		if (attr->type != ATTR_N)
		{
			size = count_bytes(&values[i], &encoded);
			if (size == 0)
				return INDEX_KEY_EMPTY;
		}
		if (i < schema->npartition)
			partition_size += size;
		else
		{
			sort_size += size;
			sort_encoded += i < KEY_NATTRS(schema) - 1 ? encoded : size;
		}
		if (partition_size > PARTITION_KEY_MAX_SIZE ||
			sort_size > SORT_KEY_MAX_SIZE ||
			sort_encoded > INDEX_SORT_KEY_MAX_ENCODED)
			return INDEX_KEY_TOO_LONG;
	}
	return result;
}

/* Times of expiry have at most so many digits. */
#define TTL_MAX_DIGITS	18

bytea *
item_ttl_key(int64 seconds)
{
	bytea	   *key = palloc(VARHDRSZ + sizeof(uint64));
	uint64		ordered = pg_hton64((uint64) seconds);

	SET_VARSIZE(key, VARHDRSZ + sizeof(uint64));
	memcpy(VARDATA(key), &ordered, sizeof(uint64));
	return key;
}

/* The key of TTL_INDEX: the attribute in whole seconds, rounded down. */
static bytea *
ttl_key_of_item(const KeyAttr *attr, const JsonbContainer *item)
{
	AttrValue	value;
	Number		number;
	int64		seconds = 0;

	if (!attr_get(item, attr->name, attr->name_len, &value) ||
		value.type != ATTR_N ||
		number_parse(value.str, value.len, &number) != NUMBER_OK ||
		number.negative || number.exponent > TTL_MAX_DIGITS)
		return NULL;
	for (int i = 0; i < number.exponent; i++)
		seconds = seconds * 10 + (i < number.ndigits ? number.digits[i] : 0);
	return item_ttl_key(seconds);
}

bytea *
item_index_key(const IndexDescriptor *index, const JsonbContainer *item)
{
	AttrValue	values[KEY_MAX_ATTRS];
	int			which;

	if (index->time_to_live)
		return ttl_key_of_item(&index->key.attrs[0], item);
	if (read_index_key(&index->key, item, values, &which) != INDEX_KEY_FINE)
		return NULL;
	return key_encode(&index->key, values);
}

/* An index key attribute that an update gives a value of another type. */
static void
refuse_updated_type(void)
{
	validation_error("The update expression attempted to update the secondary index key to unsupported type");
}

/* ... or an empty one. */
static void
refuse_updated_empty(const KeyAttr *attr)
{
	validation_error("One or more parameter values are not valid. "
					 "The update expression attempted to update a secondary index key to a value that is not supported. "
					 "The AttributeValue for a key attribute cannot contain an empty %s value.",
					 attr->type == ATTR_S ? "string" : "binary");
}

void
item_refuse_empty_index_key(const IndexDescriptor *index, const KeyAttr *attr)
{
	validation_error("One or more parameter values are not valid. "
					 "A value specified for a secondary index key is not supported. "
					 "The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s",
					 attr->type == ATTR_S ? "string" : "binary",
					 index->name, attr->name);
}

void
item_check_index_value(const KeyAttr *attr, const AttrValue *value)
{
	if (value->type != attr->type)
		refuse_updated_type();
	if (value->type != ATTR_N && value->len == 0)
		refuse_updated_empty(attr);
}

/* Has the item this value of the attribute already? */
static bool
has_value(const JsonbContainer *item, const KeyAttr *attr, const AttrValue *value)
{
	AttrValue	old_value;

	return item != NULL &&
		attr_get(item, attr->name, attr->name_len, &old_value) &&
		attr_value_equal(&old_value, value);
}

void
item_check_index_keys(const TableDescriptor *descriptor,
					  const JsonbContainer *item,
					  const JsonbContainer *old_item, bool updated)
{
	for (int i = 0; i < descriptor->nindexes; i++)
	{
		const IndexDescriptor *index = &descriptor->indexes[i];
		AttrValue	values[KEY_MAX_ATTRS];
		const KeyAttr *attr;
		int			which;
		IndexKeyFault fault = read_index_key(&index->key, item, values, &which);

		if (fault == INDEX_KEY_FINE || fault == INDEX_KEY_ABSENT)
			continue;
		attr = &index->key.attrs[which];
		if (has_value(old_item, attr, &values[which]))
			continue;
		switch (fault)
		{
			case INDEX_KEY_TYPE:
				if (updated)
					refuse_updated_type();
				validation_error(INVALID_PARAMETER "Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s",
								 attr->name, attr_type_name(attr->type),
								 attr_type_name(values[which].type), index->name);
				break;
			case INDEX_KEY_EMPTY:
				if (updated)
					refuse_updated_empty(attr);
				item_refuse_empty_index_key(index, attr);
				break;
			default:
				validation_error(which < index->key.npartition ?
								 KEY_PARTITION_TOO_LONG : KEY_SORT_TOO_LONG);
				break;
		}
	}
}
