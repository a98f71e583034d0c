/*
 * attribute_value.c - views of attribute values in normal form: access,
 * equality, order, size.
 *
 * Nothing here trusts that a jsonb really is in normal form: what is no
 * typed value is treated as absent.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "model/attribute_private.h"
#include "model/json_private.h"
#include "model/jsonb_walk.h"

/* maps above this many attributes are searched by bisection */
#define SEARCH_BY_BISECTION	64

/* Is there an escaped character at p? */
#define IS_ESCAPE_AT(p, end) ((end) - (p) >= 5 && IS_STORED_ESCAPE(p))

static const char *const type_names[] =
{"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};

static const char *const type_long_names[] =
{"STRING", "NUMBER", "BINARY", "BOOLEAN", "NULL", "MAP", "LIST",
"STRING_SET", "NUMBER_SET", "BINARY_SET"};

const char *
attr_type_name(AttrType type)
{
	return type_names[type];
}

const char *
attr_type_long_name(AttrType type)
{
	return type_long_names[type];
}

bool
attr_type_from_name(const char *name, uint32 len, AttrType *type)
{
	switch (len)
	{
		case 1:
			switch (name[0])
			{
				case 'S':
					*type = ATTR_S;
					return true;
				case 'N':
					*type = ATTR_N;
					return true;
				case 'B':
					*type = ATTR_B;
					return true;
				case 'M':
					*type = ATTR_M;
					return true;
				case 'L':
					*type = ATTR_L;
					return true;
			}
			return false;
		case 2:
			if (name[1] != 'S')
				return false;
			switch (name[0])
			{
				case 'S':
					*type = ATTR_SS;
					return true;
				case 'N':
					*type = ATTR_NS;
					return true;
				case 'B':
					*type = ATTR_BS;
					return true;
			}
			return false;
		case 4:
			if (memcmp(name, "BOOL", 4) == 0)
				*type = ATTR_BOOL;
			else if (memcmp(name, "NULL", 4) == 0)
				*type = ATTR_NULL;
			else
				return false;
			return true;
		default:
			return false;
	}
}

/*-------------------------------------------------------------------------
 * Views
 *-------------------------------------------------------------------------
 */

bool
attr_value_from_container(const JsonbContainer *wrapper, uint32 wrapper_len,
						  AttrValue *result)
{
	JsonbWalk	walk;
	JEntry		entry;
	const char *data;
	uint32		len;

	if (!JsonContainerIsObject(wrapper) || JsonContainerSize(wrapper) != 1)
		return false;
	jsonb_walk_start(&walk, wrapper);
	jsonb_walk_next(&walk, &data, &len);
	if (!attr_type_from_name(data, len, &result->type))
		return false;

	result->wrapper = wrapper;
	result->wrapper_len = wrapper_len;
	result->boolean = false;
	result->str = NULL;
	result->len = 0;
	result->container = NULL;
	result->container_len = 0;

	entry = jsonb_walk_next(&walk, &data, &len);
	switch (result->type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			if (!JBE_ISSTRING(entry))
				return false;
			result->str = data;
			result->len = len;
			return true;
		case ATTR_BOOL:
			result->boolean = JBE_ISBOOL_TRUE(entry);
			return JBE_ISBOOL(entry);
		case ATTR_NULL:
			return JBE_ISBOOL_TRUE(entry);
		default:
			if (!JBE_ISCONTAINER(entry))
				return false;
			result->container = (const JsonbContainer *) data;
			result->container_len = len;
			return JsonContainerIsObject(result->container) ==
				(result->type == ATTR_M);
	}
}

void
attr_value_from_node(const JsonNode *value, AttrValue *result)
{
	bool		ok = false;

	if (value->kind == JSON_OBJECT && value->len == 1)
	{
		const JsonMember *member = &value->u.members[0];
		const JsonNode *node = &member->value;

		memset(result, 0, sizeof(AttrValue));
		if (attr_type_from_name(member->name, member->name_len, &result->type))
		{
			switch (result->type)
			{
				case ATTR_S:
				case ATTR_N:
				case ATTR_B:
					ok = (node->kind == JSON_STRING);
					result->str = node->u.str;
					result->len = node->len;
					break;
				case ATTR_BOOL:
				case ATTR_NULL:
					ok = (node->kind == JSON_TRUE || node->kind == JSON_FALSE);
					result->boolean = (result->type == ATTR_BOOL &&
									   node->kind == JSON_TRUE);
					break;
				default:
					{
						Jsonb	   *jb = json_to_jsonb(value);

						ok = attr_value_from_container(&jb->root,
													   VARSIZE(jb) - VARHDRSZ,
													   result);
					}
					break;
			}
		}
	}
	else if (value->kind == JSON_CONTAINER)
		ok = attr_value_from_container(value->u.container, value->len, result);

	if (!ok)
		elog(ERROR, "attribute value is not in normal form");
}

void
attr_value_to_node(const AttrValue *value, JsonNode *node)
{
	JsonNode   *member;

	if (value->wrapper != NULL)
	{
		json_set_container(node, value->wrapper, value->wrapper_len);
		return;
	}
	json_set_object(node, 1);
	member = json_add(node, attr_type_name(value->type));
	switch (value->type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			json_set_string_n(member, value->str, value->len);
			break;
		case ATTR_BOOL:
			json_set_bool(member, value->boolean);
			break;
		case ATTR_NULL:
			json_set_bool(member, true);
			break;
		default:
			json_set_container(member, value->container, value->container_len);
			break;
	}
}

/* View of entry i of a container whose entries are typed values. */
static bool
view_entry(const JsonbContainer *jc, uint32 i, AttrValue *result)
{
	JsonbWalk	walk;
	const char *data;
	uint32		len;

	jsonb_walk_start_at(&walk, jc, i);
	if (!JBE_ISCONTAINER(jsonb_walk_next(&walk, &data, &len)))
		return false;
	return attr_value_from_container((const JsonbContainer *) data, len,
									 result);
}

/* Order of a key and a name as jsonb has it. */
static inline int
compare_key(const char *key, uint32 key_len, const char *name, uint32 name_len)
{
	if (key_len != name_len)
		return key_len < name_len ? -1 : 1;
	return memcmp(key, name, name_len);
}

bool
attr_get(const JsonbContainer *map, const char *name, uint32 name_len,
		 AttrValue *result)
{
	uint32		n = JsonContainerSize(map);
	const char *base;
	uint32		low = 0;
	uint32		high = n;

	if (!JsonContainerIsObject(map))
		return false;

	/* Narrow the search down to a stretch that is quicker walked through */
	base = (const char *) &map->children[2 * n];
	while (high - low > SEARCH_BY_BISECTION)
	{
		uint32		middle = low + (high - low) / 2;
		int			cmp = compare_key(base + getJsonbOffset(map, middle),
									  getJsonbLength(map, middle),
									  name, name_len);

		if (cmp == 0)
			return view_entry(map, n + middle, result);
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}

	if (low < high)
	{
		JsonbWalk	walk;
		uint32		i;

		jsonb_walk_start_at(&walk, map, low);
		for (i = low; i < high; i++)
		{
			const char *key;
			uint32		key_len;

			jsonb_walk_next(&walk, &key, &key_len);
			if (key_len < name_len)
				continue;
			if (key_len > name_len)
				break;
			if (memcmp(key, name, name_len) == 0)
				return view_entry(map, n + i, result);
		}
	}
	return false;
}

bool
attr_list_get(const JsonbContainer *list, uint32 i, AttrValue *result)
{
	if (!JsonContainerIsArray(list) || i >= JsonContainerSize(list))
		return false;
	return view_entry(list, i, result);
}

uint32
attr_container_count(const JsonbContainer *jc)
{
	return JsonContainerSize(jc);
}

void
attr_map_entry(const JsonbContainer *map, uint32 i, const char **name,
			   uint32 *name_len, AttrValue *value)
{
	JsonbWalk	walk;

	Assert(JsonContainerIsObject(map) && i < JsonContainerSize(map));
	jsonb_walk_start_at(&walk, map, i);
	jsonb_walk_next(&walk, name, name_len);
	if (!view_entry(map, JsonContainerSize(map) + i, value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("attribute \"%.*s\" has no typed value",
						(int) *name_len, *name)));
}

/* View of a set's element whose bytes are known. */
static inline void
view_set_element(AttrType set_type, const char *data, uint32 len,
				 AttrValue *result)
{
	memset(result, 0, sizeof(AttrValue));
	result->type = SET_ELEMENT_TYPE(set_type);
	result->str = data;
	result->len = len;
}

void
attr_set_get(const AttrValue *set, uint32 i, AttrValue *result)
{
	JsonbWalk	walk;
	const char *data;
	uint32		len;

	Assert(ATTR_IS_SET(set->type) && i < JsonContainerSize(set->container));
	jsonb_walk_start_at(&walk, set->container, i);
	if (!JBE_ISSTRING(jsonb_walk_next(&walk, &data, &len)))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("set has an element that is no string")));
	view_set_element(set->type, data, len, result);
}

const unsigned char *
attr_value_bytes(const AttrValue *value, uint32 *len)
{
	unsigned char *bytes;

	Assert(value->type == ATTR_S || value->type == ATTR_B);
	if (value->type == ATTR_S)
		return (const unsigned char *) stored_decode(value->str, value->len,
													 len);
	bytes = palloc(value->len / 4 * 3 + 1);
	*len = base64_decode(value->str, value->len, bytes);
	return bytes;
}

/*-------------------------------------------------------------------------
 * Equality and order
 *-------------------------------------------------------------------------
 */

/* Next original byte of a string in stored form; *pending counts bytes of an
 * escaped U+10FFFF still to come. */
static int
next_original_byte(const char **p, const char *end, int *pending)
{
	if (*pending == 0 && IS_ESCAPE_AT(*p, end))
	{
		if ((*p)[4] == '0')
		{
			*p += 5;
			return 0;
		}
		*pending = 4;
	}
	if (*pending > 0 && --*pending == 0)
	{
		/* last byte of U+10FFFF: step over what follows it, too */
		*p += 2;
		return 0xBF;
	}
	return (unsigned char) *(*p)++;
}

/* Stored form, by the original bytes. */
static int
compare_strings(const char *a, uint32 a_len, const char *b, uint32 b_len)
{
	const char *a_end = a + a_len;
	const char *b_end = b + b_len;
	int			a_pending = 0;
	int			b_pending = 0;

	if (likely(!stored_has_escape(a, a_len) && !stored_has_escape(b, b_len)))
	{
		int			cmp = memcmp(a, b, Min(a_len, b_len));

		if (cmp != 0)
			return cmp;
		return a_len < b_len ? -1 : (a_len > b_len ? 1 : 0);
	}

	while (a < a_end && b < b_end)
	{
		int			byte_a = next_original_byte(&a, a_end, &a_pending);
		int			byte_b = next_original_byte(&b, b_end, &b_pending);

		if (byte_a != byte_b)
			return byte_a - byte_b;
	}
	return (a < a_end) - (b < b_end);
}

/* Digits before the decimal point, and whether there is one. */
static inline uint32
integer_length(const char *str, uint32 len)
{
	const char *point = len > 0 ? memchr(str, '.', len) : NULL;

	return point != NULL ? point - str : len;
}

/*
 * Canonical numbers compare as text: by sign, then by the number of digits
 * before the point, then digit by digit.
 */
static int
compare_numbers(const char *a, uint32 a_len, const char *b, uint32 b_len)
{
	bool		a_negative = a_len > 0 && a[0] == '-';
	bool		b_negative = b_len > 0 && b[0] == '-';
	uint32		a_integer;
	uint32		b_integer;
	int			cmp;

	if (a_negative != b_negative)
		return a_negative ? -1 : 1;
	if (a_negative)
	{
		a++;
		a_len--;
		b++;
		b_len--;
	}
	a_integer = integer_length(a, a_len);
	b_integer = integer_length(b, b_len);
	if (a_integer != b_integer)
		cmp = a_integer < b_integer ? -1 : 1;
	else
	{
		cmp = memcmp(a, b, Min(a_len, b_len));
		if (cmp == 0)
			cmp = a_len < b_len ? -1 : (a_len > b_len ? 1 : 0);
	}
	return a_negative ? -cmp : cmp;
}

int
attr_compare_scalars(AttrType type, const char *a, uint32 a_len,
					 const char *b, uint32 b_len)
{
	switch (type)
	{
		case ATTR_S:
			return compare_strings(a, a_len, b, b_len);
		case ATTR_N:
			return compare_numbers(a, a_len, b, b_len);
		default:
			return base64_compare(a, a_len, b, b_len);
	}
}

/* In normal form equal values are equal bytes. */
bool
attr_value_equal(const AttrValue *a, const AttrValue *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			return a->len == b->len && memcmp(a->str, b->str, a->len) == 0;
		case ATTR_BOOL:
			return a->boolean == b->boolean;
		case ATTR_NULL:
			return true;
		default:
			return a->container_len == b->container_len &&
				memcmp(a->container, b->container, a->container_len) == 0;
	}
}

bool
attr_value_compare(const AttrValue *a, const AttrValue *b, int *result)
{
	if (a->type != b->type || a->type > ATTR_B)
		return false;
	*result = attr_compare_scalars(a->type, a->str, a->len, b->str, b->len);
	return true;
}

bool
attr_value_begins_with(const AttrValue *value, const AttrValue *prefix)
{
	const unsigned char *bytes;
	const unsigned char *prefix_bytes;
	uint32		len;
	uint32		prefix_len;

	if (value->type != prefix->type)
		return false;
	if (value->type == ATTR_S)
	{
		/* stored form encodes character by character: prefixes stay prefixes */
		return value->len >= prefix->len &&
			memcmp(value->str, prefix->str, prefix->len) == 0;
	}
	if (value->type != ATTR_B)
		return false;
	bytes = attr_value_bytes(value, &len);
	prefix_bytes = attr_value_bytes(prefix, &prefix_len);
	return len >= prefix_len && memcmp(bytes, prefix_bytes, prefix_len) == 0;
}

bool
attr_value_contains(const AttrValue *value, const AttrValue *operand)
{
	JsonbWalk	walk;
	const char *data;
	uint32		len;
	uint32		n;
	uint32		i;

	switch (value->type)
	{
		case ATTR_S:
		case ATTR_B:
			{
				const unsigned char *bytes;
				const unsigned char *operand_bytes;
				uint32		operand_len;

				if (operand->type != value->type)
					return false;

				/* on original bytes: a match must not start in an escape */
				bytes = attr_value_bytes(value, &len);
				operand_bytes = attr_value_bytes(operand, &operand_len);
				return operand_len == 0 ||
					memmem(bytes, len, operand_bytes, operand_len) != NULL;
			}

		case ATTR_SS:
		case ATTR_NS:
		case ATTR_BS:
			if (operand->type != SET_ELEMENT_TYPE(value->type))
				return false;
			n = JsonContainerSize(value->container);
			jsonb_walk_start(&walk, value->container);
			for (i = 0; i < n; i++)
			{
				JEntry		entry = jsonb_walk_next(&walk, &data, &len);

				if (JBE_ISSTRING(entry) && len == operand->len &&
					memcmp(data, operand->str, len) == 0)
					return true;
			}
			return false;

		case ATTR_L:
			n = JsonContainerSize(value->container);
			jsonb_walk_start(&walk, value->container);
			for (i = 0; i < n; i++)
			{
				JEntry		entry = jsonb_walk_next(&walk, &data, &len);
				AttrValue	element;

				if (JBE_ISCONTAINER(entry) &&
					attr_value_from_container((const JsonbContainer *) data,
											  len, &element) &&
					attr_value_equal(&element, operand))
					return true;
			}
			return false;

		default:
			return false;
	}
}

/*-------------------------------------------------------------------------
 * Size
 *-------------------------------------------------------------------------
 */

/* Bytes of the original of a string in stored form. */
static uint32
original_length(const char *str, uint32 len)
{
	const char *p = str;
	const char *end = str + len;
	uint32		extra = 0;

	while (end - p >= 5 && (p = memchr(p, STORED_ESCAPE[0], end - p - 4)) != NULL)
	{
		if (IS_ESCAPE_AT(p, end))
		{
			extra += (p[4] == '0') ? 4 : 1;
			p += 5;
		}
		else
			p++;
	}
	return len - extra;
}

const char *
attr_name_fault(const char *name, uint32 len)
{
	if (len == 0)
		return "Empty attribute name";
	if (len > ATTR_NAME_MAX_SIZE &&
		original_length(name, len) > ATTR_NAME_MAX_SIZE)
		return "Attribute name is too large, must be less than 65536 bytes";
	return NULL;
}

/* Bytes that canonical base64 stands for. */
static inline uint32
decoded_length(const char *str, uint32 len)
{
	if (len < 4)
		return 0;
	return len / 4 * 3 - (str[len - 1] == '=') - (str[len - 2] == '=');
}

/* number_size for canonical text */
static uint32
number_text_size(const char *str, uint32 len)
{
	uint32		size = 1;
	uint32		integer;
	uint32		fraction = 0;

	if (len > 0 && str[0] == '-')
	{
		str++;
		len--;
		size++;
	}
	integer = integer_length(str, len);
	if (integer < len)
	{
		const char *digits = str + integer + 1;

		fraction = len - integer - 1;
		if (integer == 1 && str[0] == '0')
		{
			integer = 0;
			while (fraction > 0 && *digits == '0')
			{
				digits++;
				fraction--;
			}
		}
	}
	else
	{
		/* zero loses its only digit here, too */
		while (integer > 0 && str[integer - 1] == '0')
			integer--;
	}
	return size + (integer + 1) / 2 + (fraction + 1) / 2;
}

static uint32
scalar_size(AttrType type, const char *str, uint32 len)
{
	switch (type)
	{
		case ATTR_S:
			return original_length(str, len);
		case ATTR_N:
			return number_text_size(str, len);
		default:
			return decoded_length(str, len);
	}
}

/* Names and values of a map, and so many bytes for each of its members. */
static uint32
map_size(const JsonbContainer *map, uint32 each)
{
	uint32		n = JsonContainerSize(map);
	uint32		size = n * each;
	JsonbWalk	walk;
	const char *data;
	uint32		len;
	uint32		i;

	if (!JsonContainerIsObject(map))
		return 0;
	jsonb_walk_start(&walk, map);
	for (i = 0; i < n; i++)
	{
		jsonb_walk_next(&walk, &data, &len);
		size += original_length(data, len);
	}
	for (i = 0; i < n; i++)
	{
		AttrValue	value;

		if (JBE_ISCONTAINER(jsonb_walk_next(&walk, &data, &len)) &&
			attr_value_from_container((const JsonbContainer *) data, len,
									  &value))
			size += attr_value_size(&value);
	}
	return size;
}

uint32
attr_name_size(const char *name, uint32 name_len)
{
	return original_length(name, name_len);
}

uint32
attr_value_size(const AttrValue *value)
{
	JsonbWalk	walk;
	const char *data;
	uint32		len;
	uint32		n;
	uint32		i;
	uint32		size;

	switch (value->type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			return scalar_size(value->type, value->str, value->len);

		case ATTR_BOOL:
		case ATTR_NULL:
			return 1;

		case ATTR_M:
			check_stack_depth();
			return 3 + map_size(value->container, 1);

		case ATTR_L:
			check_stack_depth();
			n = JsonContainerSize(value->container);
			size = 3 + n;
			jsonb_walk_start(&walk, value->container);
			for (i = 0; i < n; i++)
			{
				AttrValue	element;

				if (JBE_ISCONTAINER(jsonb_walk_next(&walk, &data, &len)) &&
					attr_value_from_container((const JsonbContainer *) data,
											  len, &element))
					size += attr_value_size(&element);
			}
			return size;

		default:
			n = JsonContainerSize(value->container);
			size = 0;
			jsonb_walk_start(&walk, value->container);
			for (i = 0; i < n; i++)
			{
				if (JBE_ISSTRING(jsonb_walk_next(&walk, &data, &len)))
					size += scalar_size(SET_ELEMENT_TYPE(value->type), data,
										len);
			}
			return size;
	}
}

uint32
item_size(const JsonbContainer *item)
{
	return map_size(item, 0);
}

/* UTF-16 units of the original of a string in stored form. */
static int64
utf16_length(const char *str, uint32 len)
{
	const char *end = str + len;
	int64		units = 0;

	while (str < end)
	{
		unsigned char c = (unsigned char) *str;

		if (IS_ESCAPE_AT(str, end))
		{
			units += (str[4] == '0') ? 1 : 2;
			str += 5;
			continue;
		}
		if ((c & 0xC0) != 0x80)
			units += (c >= 0xF0) ? 2 : 1;
		str++;
	}
	return units;
}

bool
attr_value_function_size(const AttrValue *value, int64 *size)
{
	switch (value->type)
	{
		case ATTR_S:
			*size = utf16_length(value->str, value->len);
			return true;
		case ATTR_B:
			*size = decoded_length(value->str, value->len);
			return true;
		case ATTR_M:
		case ATTR_L:
		case ATTR_SS:
		case ATTR_NS:
		case ATTR_BS:
			*size = JsonContainerSize(value->container);
			return true;
		default:
			return false;
	}
}
