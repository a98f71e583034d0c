/*
 * item_check.c - an item or a key against a table's key schema.
 */
#include "postgres.h"

#include "errors.h"
#include "store/item_check.h"

#define KEY_MISMATCH	"The provided key element does not match the schema"

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
		return pstrdup(INVALID_PARAMETER "Size of hashkey has exceeded the maximum size limit of2048 bytes");
	if (i >= schema->npartition && size > SORT_KEY_MAX_SIZE)
		return pstrdup(INVALID_PARAMETER "Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
	return NULL;
}

void
item_check_key_value(const KeySchema *schema, int i, const AttrValue *value)
{
	char	   *fault = item_key_value_fault(schema, i, value);

	if (fault)
		validation_error("%s", fault);
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
item_key_to_node(const TableDescriptor *descriptor, const JsonbContainer *item,
				 JsonNode *node)
{
	const KeySchema *schema = &descriptor->key;

	json_set_object(node, KEY_NATTRS(schema));
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		const KeyAttr *attr = &schema->attrs[i];
		AttrValue	value;

		if (attr_get(item, attr->name, attr->name_len, &value))
			attr_value_to_node(&value, json_add_n(node, attr->name, attr->name_len));
	}
}
