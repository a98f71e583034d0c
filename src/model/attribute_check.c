/*
 * attribute_check.c - attribute values of requests: validation and normal
 * form; and the check whether a jsonb is in normal form already.
 *
 * The order of the checks is DynamoDB's: what each type demands, type by
 * type as they come, then that there was exactly one.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "errors.h"
#include "model/attribute_private.h"
#include "model/jsonb_walk.h"
#include "model/number.h"

static char *check_value(JsonNode *value, int depth, AttrFault *fault);
static bool container_is_normal(const JsonbContainer *wrapper, int depth);

static char *
set_fault(AttrFault *fault, AttrFault which, const char *message)
{
	*fault = which;
	return pstrdup(message);
}

/*
 * Message for a node of the wrong kind where a string, boolean or structure
 * is wanted; the texts are those of the deserializer.
 */
static char *
shape_fault(AttrFault *fault, const JsonNode *node, const char *wanted)
{
	const char *got;

	*fault = ATTR_FAULT_SHAPE;
	if (wanted == NULL)
		return pstrdup("Unexpected field type");
	switch (node->kind)
	{
		case JSON_TRUE:
			got = "TRUE_VALUE";
			break;
		case JSON_FALSE:
			got = "FALSE_VALUE";
			break;
		case JSON_INTEGER:
			got = "NUMBER_VALUE";
			break;
		case JSON_DECIMAL:
			got = "DECIMAL_VALUE";
			break;
		case JSON_STRING:
			return pstrdup("Unexpected token received from parser");
		case JSON_ARRAY:
			return psprintf("Unrecognized collection type class java.lang.%s",
							wanted);
		case JSON_OBJECT:
			return pstrdup("Start of structure or map found where not expected");
		default:
			return pstrdup("Unexpected field type");
	}
	return psprintf("%s cannot be converted to %s", got, wanted);
}

/* Is it an integer in canonical form?  Nearly all numbers are. */
static bool
is_plain_integer(const char *str, uint32 len)
{
	uint32		i = 0;

	if (len > 0 && str[0] == '-')
		i = 1;
	if (len - i < 1 || len - i > NUMBER_MAX_DIGITS)
		return false;
	if (str[i] == '0')
		return len == 1;
	for (; i < len; i++)
	{
		if (str[i] < '0' || str[i] > '9')
			return false;
	}
	return true;
}

/* Check a number and replace its text by the canonical one. */
static char *
check_number(JsonNode *node, AttrFault *fault)
{
	Number		num;
	NumberStatus status;
	char		buf[NUMBER_MAX_TEXT];
	int			len;

	if (is_plain_integer(node->u.str, node->len))
		return NULL;
	status = number_parse(node->u.str, node->len, &num);
	if (status != NUMBER_OK)
	{
		*fault = ATTR_FAULT_NUMBER;
		return number_message(status, node->u.str, node->len);
	}
	len = number_format(&num, buf);
	if (len != node->len || memcmp(buf, node->u.str, len) != 0)
		json_set_string_n(node, pnstrdup(buf, len), len);
	return NULL;
}

/* Check a scalar of type S, N or B. */
static char *
check_scalar(AttrType type, JsonNode *node, AttrFault *fault)
{
	if (node->kind != JSON_STRING)
	{
		if (type == ATTR_B)
			return set_fault(fault, ATTR_FAULT_SHAPE,
							 "only base-64-encoded strings are convertible to bytes");
		return shape_fault(fault, node, "String");
	}
	switch (type)
	{
		case ATTR_S:
			if (!stored_is_valid(node->u.str, node->len))
				return set_fault(fault, ATTR_FAULT_SHAPE,
								 "U+10FFFF must be followed by 0 or 1 in a stored string");
			return NULL;
		case ATTR_N:
			return check_number(node, fault);
		default:
			if (base64_decoded_length(node->u.str, node->len) >= 0)
				return NULL;
			*fault = ATTR_FAULT_SHAPE;
			if (node->len % 4 != 0)
				return psprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %u",
								node->len);
			return pstrdup("Invalid last non-pad Base64 character dectected");
	}
}

/* Order of two elements of a set (for qsort_arg). */
static int
compare_elements(const void *a, const void *b, void *arg)
{
	const JsonNode *n1 = (const JsonNode *) a;
	const JsonNode *n2 = (const JsonNode *) b;

	return attr_compare_scalars(*(AttrType *) arg, n1->u.str, n1->len,
								n2->u.str, n2->len);
}

/* Message for a set with duplicates; echoes strings as they came. */
static char *
duplicates_fault(AttrType type, const JsonNode *node, AttrFault *fault)
{
	StringInfoData buf;
	uint32		i;

	*fault = ATTR_FAULT_DUPLICATES;
	if (type == ATTR_N)
		return pstrdup("Input collection contains duplicates");
	initStringInfo(&buf);
	appendStringInfoString(&buf, INVALID_PARAMETER "Input collection [");
	for (i = 0; i < node->len; i++)
	{
		if (i > 0)
			appendStringInfoString(&buf, ", ");
		appendBinaryStringInfo(&buf, node->u.elems[i].u.str,
							   node->u.elems[i].len);
	}
	appendStringInfoString(&buf, type == ATTR_B ?
						   "]of type BS contains duplicates." :
						   "] contains duplicates.");
	return buf.data;
}

/* Check a set of elements of `type` and sort it. */
static char *
check_set(AttrType type, JsonNode *node, AttrFault *fault)
{
	JsonNode   *sorted;
	uint32		i;

	if (node->kind != JSON_ARRAY)
		return shape_fault(fault, node, NULL);
	if (node->len == 0)
	{
		switch (type)
		{
			case ATTR_S:
				return set_fault(fault, ATTR_FAULT_EMPTY_SS,
								 INVALID_PARAMETER "An string set  may not be empty");
			case ATTR_N:
				return set_fault(fault, ATTR_FAULT_EMPTY_NS,
								 INVALID_PARAMETER "An number set  may not be empty");
			default:
				return set_fault(fault, ATTR_FAULT_EMPTY_BS,
								 INVALID_PARAMETER "Binary sets should not be empty");
		}
	}
	for (i = 0; i < node->len; i++)
	{
		char	   *message = check_scalar(type, &node->u.elems[i], fault);

		if (message != NULL)
			return message;
	}

	/* Often it is in order already */
	for (i = 1; i < node->len; i++)
	{
		if (compare_elements(&node->u.elems[i - 1], &node->u.elems[i],
							 &type) >= 0)
			break;
	}
	if (i >= node->len)
		return NULL;

	sorted = palloc(node->len * sizeof(JsonNode));
	memcpy(sorted, node->u.elems, node->len * sizeof(JsonNode));
	qsort_arg(sorted, node->len, sizeof(JsonNode), compare_elements, &type);
	for (i = 1; i < node->len; i++)
	{
		if (compare_elements(&sorted[i - 1], &sorted[i], &type) == 0)
			return duplicates_fault(type, node, fault);
	}
	memcpy(node->u.elems, sorted, node->len * sizeof(JsonNode));
	pfree(sorted);
	return NULL;
}

/* Check all names and values of a map of attributes. */
static char *
check_map(JsonNode *map, int depth, AttrFault *fault)
{
	uint32		i;

	json_node_expand(map);
	if (map->kind != JSON_OBJECT)
		return shape_fault(fault, map, NULL);
	for (i = 0; i < map->len; i++)
	{
		JsonMember *member = &map->u.members[i];
		const char *name_fault = attr_name_fault(member->name, member->name_len);
		char	   *message;

		if (name_fault)
			return set_fault(fault, ATTR_FAULT_NAME, name_fault);
		if (!stored_is_valid(member->name, member->name_len))
			return set_fault(fault, ATTR_FAULT_SHAPE,
							 "U+10FFFF must be followed by 0 or 1 in a stored string");
		message = check_value(&member->value, depth, fault);
		if (message != NULL)
			return message;
	}
	return NULL;
}

static char *
check_list(JsonNode *list, int depth, AttrFault *fault)
{
	uint32		i;

	json_node_expand(list);
	if (list->kind != JSON_ARRAY)
		return shape_fault(fault, list, NULL);
	for (i = 0; i < list->len; i++)
	{
		char	   *message = check_value(&list->u.elems[i], depth, fault);

		if (message != NULL)
			return message;
	}
	return NULL;
}

/* Check what stands under a type name. */
static char *
check_typed(AttrType type, JsonNode *node, int depth, AttrFault *fault)
{
	bool		boolean;

	switch (type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			return check_scalar(type, node, fault);

		case ATTR_BOOL:
		case ATTR_NULL:
			if (!json_to_bool(node, &boolean))
				return shape_fault(fault, node, "Boolean");
			if (type == ATTR_NULL && !boolean)
				return set_fault(fault, ATTR_FAULT_NULL,
								 INVALID_PARAMETER "Null attribute value types must have the value of true");
			json_set_bool(node, boolean);
			return NULL;

		case ATTR_M:
		case ATTR_L:
			check_stack_depth();
			if (depth >= ATTR_MAX_DEPTH)
				return set_fault(fault, ATTR_FAULT_NESTING,
								 "Nesting Levels have exceeded supported limits: "
								 "Attributes in the item have nested levels beyond supported limit");
			return type == ATTR_M ? check_map(node, depth + 1, fault) :
				check_list(node, depth + 1, fault);

		default:
			json_node_expand(node);
			return check_set(SET_ELEMENT_TYPE(type), node, fault);
	}
}

/* Check one attribute value below `depth` levels of M and L. */
static char *
check_value(JsonNode *value, int depth, AttrFault *fault)
{
	JsonMember *kept = NULL;
	int			known = 0;
	uint32		i;

	if (value->kind == JSON_CONTAINER)
	{
		if (container_is_normal(value->u.container, depth))
			return NULL;
		json_node_expand(value);
	}
	if (value->kind == JSON_NULL)
		return set_fault(fault, ATTR_FAULT_EMPTY,
						 "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
	if (value->kind != JSON_OBJECT)
		return set_fault(fault, ATTR_FAULT_SHAPE,
						 value->kind == JSON_ARRAY ?
						 "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue" :
						 "Unexpected value type in payload");

	for (i = 0; i < value->len; i++)
	{
		JsonMember *member = &value->u.members[i];
		AttrType	type;
		char	   *message;

		if (member->value.kind == JSON_NULL ||
			!attr_type_from_name(member->name, member->name_len, &type))
			continue;
		message = check_typed(type, &member->value, depth, fault);
		if (message != NULL)
			return message;
		kept = member;
		known++;
	}
	if (known == 0)
		return set_fault(fault, ATTR_FAULT_EMPTY,
						 "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
	if (known > 1)
		return set_fault(fault, ATTR_FAULT_MULTIPLE,
						 "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");

	if (kept != &value->u.members[0])
		value->u.members[0] = *kept;
	value->len = 1;
	return NULL;
}

char *
attr_value_check(JsonNode *value, AttrFault *fault)
{
	return check_value(value, 0, fault);
}

void
attr_value_normalize(JsonNode *value)
{
	AttrFault	fault;
	char	   *message = check_value(value, 0, &fault);

	if (message != NULL)
		validation_error("%s", message);
}

void
attr_map_normalize(JsonNode *map)
{
	AttrFault	fault;
	char	   *message = check_map(map, 0, &fault);

	if (message != NULL)
		validation_error("%s", message);
}

/*-------------------------------------------------------------------------
 * Is it in normal form already?
 *-------------------------------------------------------------------------
 */

static bool
number_is_normal(const char *str, uint32 len)
{
	Number		num;
	char		buf[NUMBER_MAX_TEXT];

	if (is_plain_integer(str, len))
		return true;
	return len < NUMBER_MAX_TEXT &&
		number_parse(str, len, &num) == NUMBER_OK &&
		number_format(&num, buf) == len &&
		memcmp(buf, str, len) == 0;
}

static bool
scalar_is_normal(AttrType type, const char *str, uint32 len)
{
	switch (type)
	{
		case ATTR_S:
			return stored_is_valid(str, len);
		case ATTR_N:
			return number_is_normal(str, len);
		default:
			return base64_decoded_length(str, len) >= 0;
	}
}

/* Is it a set without duplicates, in order, of normal elements? */
static bool
set_is_normal(AttrType type, const JsonbContainer *set)
{
	uint32		n = JsonContainerSize(set);
	JsonbWalk	walk;
	const char *previous = NULL;
	uint32		previous_len = 0;
	uint32		i;

	if (n == 0)
		return false;
	jsonb_walk_start(&walk, set);
	for (i = 0; i < n; i++)
	{
		const char *data;
		uint32		len;

		if (!JBE_ISSTRING(jsonb_walk_next(&walk, &data, &len)) ||
			!scalar_is_normal(type, data, len))
			return false;
		if (i > 0 && attr_compare_scalars(type, previous, previous_len,
										  data, len) >= 0)
			return false;
		previous = data;
		previous_len = len;
	}
	return true;
}

/* Are the next n values of a walk attribute values in normal form? */
static bool
values_are_normal(JsonbWalk *walk, uint32 n, int depth)
{
	const char *data;
	uint32		len;
	uint32		i;

	for (i = 0; i < n; i++)
	{
		if (!JBE_ISCONTAINER(jsonb_walk_next(walk, &data, &len)) ||
			!container_is_normal((const JsonbContainer *) data, depth))
			return false;
	}
	return true;
}

/* Are the names of a map and all its values in normal form? */
static bool
map_is_normal(const JsonbContainer *map, int depth)
{
	uint32		n = JsonContainerSize(map);
	JsonbWalk	walk;
	const char *data;
	uint32		len;
	uint32		i;

	jsonb_walk_start(&walk, map);
	for (i = 0; i < n; i++)
	{
		jsonb_walk_next(&walk, &data, &len);
		if (attr_name_fault(data, len) || !stored_is_valid(data, len))
			return false;
	}
	return values_are_normal(&walk, n, depth);
}

static bool
list_is_normal(const JsonbContainer *list, int depth)
{
	JsonbWalk	walk;

	jsonb_walk_start(&walk, list);
	return values_are_normal(&walk, JsonContainerSize(list), depth);
}

/* Is {"S": ...} below `depth` levels of M and L in normal form? */
static bool
container_is_normal(const JsonbContainer *wrapper, int depth)
{
	AttrValue	value;

	if (!attr_value_from_container(wrapper, 0, &value))
		return false;
	switch (value.type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			return scalar_is_normal(value.type, value.str, value.len);
		case ATTR_BOOL:
		case ATTR_NULL:
			return true;
		case ATTR_M:
		case ATTR_L:
			check_stack_depth();
			if (depth >= ATTR_MAX_DEPTH)
				return false;
			return value.type == ATTR_M ?
				map_is_normal(value.container, depth + 1) :
				list_is_normal(value.container, depth + 1);
		default:
			return set_is_normal(SET_ELEMENT_TYPE(value.type),
								 value.container);
	}
}

bool
item_is_normal(const JsonbContainer *item)
{
	return JsonContainerIsObject(item) && map_is_normal(item, 0);
}
