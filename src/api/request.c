/*
 * request.c - from a tree of JSON to a request that can be relied on.
 *
 * One pass over the tree checks the kinds, puts values into their normal
 * form and notes whether any constraint is violated.  Only if one is, a
 * second pass goes over the tree in the service's order of members and
 * collects the texts.  A good request is thus visited once, and nothing is
 * allocated for it.
 *
 * JSON nulls are absent members of structures.  As elements of a list or
 * values of a map they cannot be left out without changing what the request
 * says: there they count as an empty structure, list or map (an attribute
 * value is then reported as empty), and as a violated constraint where a
 * scalar belongs.
 */
#include "postgres.h"

#include <math.h>

#include "api/request_shape.h"
#include "errors.h"
#include "miscadmin.h"
#include "model/attribute_value.h"

/* Violations that are reported at once */
#define MAX_REPORTED		10

/* Bytes of one echoed value; the service sets no limit, messages need one */
#define MAX_ECHOED			16384

/* Bytes of an echoed map key, in values and in paths; no good key is longer */
#define MAX_ECHOED_KEY		1024

/* Where a value stands in the request; the outermost path is NULL. */
typedef struct Path
{
	const struct Path *parent;
	const char *name;			/* member or map key; NULL: list element */
	uint32		name_len;
	uint32		number;			/* list element, from 1 */
	bool		key;			/* name is the key of a map */
} Path;

typedef struct Report
{
	StringInfoData text;
	int			count;
} Report;

static bool admit(const Shape *shape, JsonNode *node, bool nested);
static void report_value(Report *report, const Path *path, const Shape *shape,
						 const JsonNode *node);

/* ---- deserialization ---- */

/* Type of a shape without its package, as messages name it. */
static const char *
short_type_name(const Shape *shape)
{
	return strrchr(shape->java_type, '.') + 1;
}

/* Raise what the service raises for a value of the wrong JSON kind. */
static void
reject_kind(const Shape *shape, const JsonNode *node, bool nested)
{
	const char *token = NULL;

	if (node->kind == JSON_ARRAY)
		dynamo_error(DYNAMO_SERIALIZATION,
					 "Unrecognized collection type %s%s",
					 shape->kind == SHAPE_MAP ? "" : "class ",
					 shape->java_type);
	if (node->kind == JSON_OBJECT)
		dynamo_error(DYNAMO_SERIALIZATION,
					 "Start of structure or map found where not expected");

	switch (shape->kind)
	{
		case SHAPE_STRUCTURE:
			dynamo_error(DYNAMO_SERIALIZATION, "%s",
						 nested ? "Unexpected value type in payload" :
						 "Unexpected field type");
		case SHAPE_LIST:
		case SHAPE_MAP:
			dynamo_error(DYNAMO_SERIALIZATION, "Unexpected field type");
		case SHAPE_BLOB:
			dynamo_error(DYNAMO_SERIALIZATION,
						 "only base-64-encoded strings are convertible to bytes");
		default:
			break;
	}

	switch (node->kind)
	{
		case JSON_TRUE:
			token = "TRUE_VALUE";
			break;
		case JSON_FALSE:
			token = "FALSE_VALUE";
			break;
		case JSON_INTEGER:
			token = "NUMBER_VALUE";
			break;
		case JSON_DECIMAL:
			token = "DECIMAL_VALUE";
			break;
		default:
			token = "STRING_VALUE";
			break;
	}
	dynamo_error(DYNAMO_SERIALIZATION, "%s cannot be converted to %s",
				 token, short_type_name(shape));
}

/* Value of a JSON integer, clamped to int64. */
static int64
clamp_integer(const char *str, uint32 len)
{
	bool		negative = (len > 0 && str[0] == '-');
	uint64		limit = negative ? (uint64) PG_INT64_MAX + 1 : PG_INT64_MAX;
	uint64		value = 0;

	for (uint32 i = negative ? 1 : 0; i < len; i++)
	{
		unsigned	digit = (unsigned char) str[i] - '0';

		if (digit > 9)
			break;
		if (value > (limit - digit) / 10)
		{
			value = limit;
			break;
		}
		value = value * 10 + digit;
	}
	return negative ? (int64) (0 - value) : (int64) value;
}

/*
 * Bring the number of an integer member into the form of an integer of the
 * member's width: a fraction is cut off, what is beyond the range is clamped.
 */
static void
admit_integer(const Shape *shape, JsonNode *node)
{
	int64		value;

	/* most numbers are as they should be */
	if (node->kind == JSON_INTEGER && node->len < 10 && node->u.str[0] != '-')
		return;

	if (node->kind == JSON_DECIMAL)
	{
		char	   *text = pnstrdup(node->u.str, node->len);
		double		number = trunc(strtod(text, NULL));

		pfree(text);
		if (number >= (double) PG_INT64_MAX)
			value = PG_INT64_MAX;
		else if (number <= (double) PG_INT64_MIN)
			value = PG_INT64_MIN;
		else
			value = (int64) number;
	}
	else
		value = clamp_integer(node->u.str, node->len);

	if (shape->kind == SHAPE_INTEGER)
		value = Max(Min(value, PG_INT32_MAX), PG_INT32_MIN);
	json_set_int(node, value);
}

/* Accept the spellings of a boolean. */
static void
admit_boolean(const Shape *shape, JsonNode *node)
{
	bool		value;

	if (json_to_bool(node, &value))
		json_set_bool(node, value);
	else if (node->kind == JSON_STRING)
		dynamo_error(DYNAMO_SERIALIZATION, "Unexpected token received from parser");
	else
		reject_kind(shape, node, false);
}

/* Length of a string as the service counts it: in UTF-16 units. */
static uint32
string_length(const JsonNode *node)
{
	uint32		len;
	const char *bytes = stored_decode(node->u.str, node->len, &len);
	uint32		units = 0;

	for (uint32 i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) bytes[i];

		if ((c & 0xC0) != 0x80)
			units += (c >= 0xF0) ? 2 : 1;
	}
	return units;
}

/* Check that a binary is canonical base64. */
static void
admit_blob(const Shape *shape, JsonNode *node)
{
	if (node->kind != JSON_STRING)
		reject_kind(shape, node, false);
	if (base64_decoded_length(node->u.str, node->len) < 0)
	{
		uint32		length = string_length(node);

		if (length % 4 != 0)
			dynamo_error(DYNAMO_SERIALIZATION,
						 "Base64 encoded length is expected a multiple of 4 bytes but found: %u",
						 length);
		dynamo_error(DYNAMO_SERIALIZATION,
					 "Invalid last non-pad Base64 character dectected");
	}
}

/* Does a string match [a-zA-Z0-9_.-]+? */
static bool
is_name(const JsonNode *node)
{
	for (uint32 i = 0; i < node->len; i++)
	{
		char		c = node->u.str[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'))
			return false;
	}
	return node->len > 0;
}

/*
 * Cut arn:<partition>:dynamodb:<region>:<account>:table/<name> down to the
 * name; anything else is left for the pattern to refuse.
 */
static void
admit_table_name(JsonNode *node)
{
	const char *end = node->u.str + node->len;
	const char *part = node->u.str;

	if (node->len < 4 || memcmp(part, "arn:", 4) != 0)
		return;
	for (int colons = 0; colons < 5; colons++)
	{
		part = memchr(part, ':', end - part);
		if (part == NULL)
			return;
		part++;
		if (colons == 1 &&
			(end - part < 9 || memcmp(part, "dynamodb:", 9) != 0))
			return;
	}
	if (end - part > 6 && memcmp(part, "table/", 6) == 0)
	{
		JsonNode	name;

		json_set_string_n(&name, part + 6, end - part - 6);
		if (is_name(&name))
			*node = name;
	}
}

/* ---- constraints of one value ---- */

/* The quantity that a shape's bounds are about. */
static int64
measure(const Shape *shape, const JsonNode *node)
{
	switch (shape->kind)
	{
		case SHAPE_STRING:
			return string_length(node);
		case SHAPE_INTEGER:
		case SHAPE_LONG:
			return request_int(node);
		default:
			return node->len;
	}
}

static bool
below_min(const Shape *shape, int64 quantity)
{
	return (shape->flags & SHAPE_HAS_MIN) && quantity < shape->min;
}

static bool
above_max(const Shape *shape, int64 quantity)
{
	return (shape->flags & SHAPE_HAS_MAX) && quantity > shape->max;
}

/* Is a string one of an enum's values? */
static bool
in_enum(const Shape *shape, const JsonNode *node)
{
	for (const char *const *value = shape->values; *value != NULL; value++)
	{
		if (json_string_is(node, *value))
			return true;
	}
	return false;
}

/* Do the constraints on a value itself hold (not those on its parts)? */
static bool
holds(const Shape *shape, const JsonNode *node)
{
	if (shape->values != NULL && !in_enum(shape, node))
		return false;
	if ((shape->flags & SHAPE_NAME_PATTERN) && !is_name(node))
		return false;
	if (shape->flags & (SHAPE_HAS_MIN | SHAPE_HAS_MAX))
	{
		int64		quantity = measure(shape, node);

		return !below_min(shape, quantity) && !above_max(shape, quantity);
	}
	return true;
}

/* Does the key of a map satisfy the shape of its keys? */
static bool
key_holds(const Shape *shape, const JsonMember *entry)
{
	JsonNode	key;

	json_set_string_n(&key, entry->name, entry->name_len);
	return holds(shape, &key);
}

/* ---- first pass ---- */

/* Position of a member in its structure, or -1. */
static int
find_member(const Shape *shape, const char *name, uint32 len)
{
	int			low = 0;
	int			high = shape->nmembers - 1;

	while (low <= high)
	{
		int			middle = (low + high) / 2;
		const ShapeMember *member = &shape->members[middle];
		int			order = (int) len - member->name_len;

		if (len > PG_UINT8_MAX)
			return -1;
		if (order == 0)
			order = memcmp(name, member->name, len);
		if (order == 0)
			return middle;
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return -1;
}

/*
 * Admit an element of a list or the value of a map entry.  A null that
 * cannot be an empty collection stays one, and counts as violation.
 */
static bool
admit_nested(const Shape *shape, JsonNode *node)
{
	if (node->kind == JSON_NULL)
	{
		if (shape->kind == SHAPE_LIST)
			json_set_array(node, 0);
		else if (shape->kind == SHAPE_MAP || shape->kind == SHAPE_STRUCTURE)
			json_set_object(node, 0);
		else
			return false;
	}
	return admit(shape, node, true);
}

/*
 * Admit the members of a structure: drop what is null or unknown, and see
 * whether all that is required is there.
 */
static bool
admit_members(const Shape *shape, JsonNode *node)
{
	JsonMember *members = node->u.members;
	uint32		present = 0;
	uint32		kept = 0;
	bool		good = true;

	for (uint32 i = 0; i < node->len; i++)
	{
		JsonMember *member = &members[i];
		int			position;

		if (member->value.kind == JSON_NULL)
			continue;
		position = find_member(shape, member->name, member->name_len);
		if (position < 0)
			continue;
		present |= (uint32) 1 << position;
		good &= admit(shape->members[position].shape, &member->value, false);
		if (kept != i)
			members[kept] = *member;
		kept++;
	}
	node->len = kept;
	return good && (shape->required & ~present) == 0;
}

/*
 * Check the kinds of a value and of all its parts, bring them into normal
 * form, and return whether all constraints hold.  `nested` is true for
 * elements of lists and maps.
 */
static bool
admit(const Shape *shape, JsonNode *node, bool nested)
{
	bool		good = true;

	if (node->kind == JSON_CONTAINER)
		json_node_expand(node);

	switch (shape->kind)
	{
		case SHAPE_STRING:
			if (node->kind != JSON_STRING)
				reject_kind(shape, node, nested);
			if (shape->flags & SHAPE_TABLE_NAME)
				admit_table_name(node);
			break;

		case SHAPE_INTEGER:
		case SHAPE_LONG:
			if (node->kind != JSON_INTEGER && node->kind != JSON_DECIMAL)
				reject_kind(shape, node, nested);
			admit_integer(shape, node);
			break;

		case SHAPE_NUMBER:
			if (node->kind != JSON_INTEGER && node->kind != JSON_DECIMAL)
				reject_kind(shape, node, nested);
			break;

		case SHAPE_BOOLEAN:
			admit_boolean(shape, node);
			break;

		case SHAPE_BLOB:
			admit_blob(shape, node);
			break;

		case SHAPE_LIST:
			if (node->kind != JSON_ARRAY)
				reject_kind(shape, node, nested);
			check_stack_depth();
			for (uint32 i = 0; i < node->len; i++)
			{
				CHECK_FOR_INTERRUPTS();
				good &= admit_nested(shape->element, &node->u.elems[i]);
			}
			break;

		case SHAPE_MAP:
			if (node->kind != JSON_OBJECT)
				reject_kind(shape, node, nested);
			check_stack_depth();
			for (uint32 i = 0; i < node->len; i++)
			{
				JsonMember *entry = &node->u.members[i];

				CHECK_FOR_INTERRUPTS();
				if (shape->key != NULL)
					good &= key_holds(shape->key, entry);
				good &= admit_nested(shape->element, &entry->value);
			}
			break;

		case SHAPE_STRUCTURE:
			if (node->kind != JSON_OBJECT)
				reject_kind(shape, node, nested);
			check_stack_depth();
			good = admit_members(shape, node);
			break;
	}

	if (shape->flags != 0 || shape->values != NULL)
		good &= holds(shape, node);
	return good;
}

/* ---- second pass: texts ---- */

/* Append a client's string, cut before a character that goes beyond `limit`. */
static void
append_cut(StringInfo out, const char *str, uint32 len, uint32 limit)
{
	if (len > limit)
	{
		len = limit;
		while (len > 0 && (str[len] & 0xC0) == 0x80)
			len--;
	}
	appendBinaryStringInfo(out, str, len);
}

/* Append a path; `bare` paths keep the members' names as the API has them. */
static void
append_path(StringInfo out, const Path *path, bool bare)
{
	if (path->parent != NULL)
	{
		append_path(out, path->parent, bare);
		appendStringInfoChar(out, '.');
	}
	if (path->name == NULL)
		appendStringInfo(out, "%u.member", path->number);
	else if (path->key)
	{
		append_cut(out, path->name, path->name_len, MAX_ECHOED_KEY);
		appendStringInfoString(out, ".member");
	}
	else
	{
		appendStringInfoChar(out, bare ? path->name[0] :
							 pg_ascii_tolower((unsigned char) path->name[0]));
		appendBinaryStringInfo(out, path->name + 1, path->name_len - 1);
	}
}

/* Append a value as the service prints it; long ones are cut. */
static void
append_value(StringInfo out, int start, const Shape *shape,
			 const JsonNode *node)
{
	const char *separator = "";

	check_stack_depth();
	if (out->len - start > MAX_ECHOED)
		return;

	switch (node->kind)
	{
		case JSON_NULL:
			appendStringInfoString(out, "null");
			break;

		case JSON_TRUE:
		case JSON_FALSE:
			appendStringInfoString(out, node->kind == JSON_TRUE ? "true" : "false");
			break;

		case JSON_ARRAY:
			appendStringInfoChar(out, '[');
			for (uint32 i = 0; i < node->len; i++)
			{
				appendStringInfoString(out, separator);
				append_value(out, start, shape->element, &node->u.elems[i]);
				separator = ", ";
				if (out->len - start > MAX_ECHOED)
					break;
			}
			appendStringInfoChar(out, ']');
			break;

		case JSON_OBJECT:
			if (shape->kind == SHAPE_MAP)
			{
				appendStringInfoChar(out, '{');
				for (uint32 i = 0; i < node->len; i++)
				{
					const JsonMember *entry = &node->u.members[i];

					appendStringInfoString(out, separator);
					append_cut(out, entry->name, entry->name_len,
							   MAX_ECHOED_KEY);
					appendStringInfoChar(out, '=');
					append_value(out, start, shape->element, &entry->value);
					separator = ", ";
					if (out->len - start > MAX_ECHOED)
						break;
				}
				appendStringInfoChar(out, '}');
				break;
			}

			/* members of structures in the service's order */
			appendStringInfo(out, "%s(", short_type_name(shape));
			for (int i = 0; i < shape->nmembers; i++)
			{
				const ShapeMember *member = &shape->members[shape->order[i]];
				const JsonNode *value = json_get_n(node, member->name,
												   member->name_len);

				if (value == NULL)
					continue;
				appendStringInfo(out, "%s%c%s=", separator,
								 pg_ascii_tolower((unsigned char) member->name[0]),
								 member->name + 1);
				append_value(out, start, member->shape, value);
				separator = ", ";
			}
			appendStringInfoChar(out, ')');
			break;

		default:
			append_cut(out, node->u.str, node->len, MAX_ECHOED);
			break;
	}
}

/*
 * Begin an entry of the report: "Value 'x' at 'path' failed ...: ".  Returns
 * false when the report is full.  A NULL node is an absent member; a bare
 * entry leaves out the value.
 */
static bool
begin_entry(Report *report, const Path *path, const Shape *shape,
			const JsonNode *node, bool bare)
{
	StringInfo	out = &report->text;

	if (report->count >= MAX_REPORTED)
		return false;
	if (report->count++ > 0)
		appendStringInfoString(out, "; ");

	appendStringInfoString(out, "Value ");
	if (node == NULL || node->kind == JSON_NULL)
		appendStringInfoString(out, "null ");
	else if (!bare)
	{
		appendStringInfoChar(out, '\'');
		append_value(out, out->len, shape, node);
		appendStringInfoString(out, "' ");
	}
	appendStringInfoString(out, "at '");
	append_path(out, path, bare);
	appendStringInfoString(out, "' failed to satisfy constraint: ");
	return true;
}

/* Report a value that is not there. */
static void
report_null(Report *report, const Path *path)
{
	if (begin_entry(report, path, NULL, NULL, false))
		appendStringInfoString(&report->text, "Member must not be null");
}

/* Append "Member must have length less than or equal to 255" and the like. */
static void
append_bound(StringInfo out, const Shape *shape, bool upper, int32 bound)
{
	bool		is_value = (shape->kind == SHAPE_INTEGER ||
							shape->kind == SHAPE_LONG);

	appendStringInfo(out, "Member must have %s %s than or equal to %d",
					 is_value ? "value" : "length",
					 upper ? "less" : "greater", bound);
}

/* Append the bounds of what a map holds (keys or values), as one list. */
static void
append_bounds(StringInfo out, const Shape *shape)
{
	const char *separator = "";

	if (shape->flags & SHAPE_HAS_MAX)
	{
		append_bound(out, shape, true, shape->max);
		separator = ", ";
	}
	if (shape->flags & SHAPE_HAS_MIN)
	{
		appendStringInfoString(out, separator);
		append_bound(out, shape, false, shape->min);
		separator = ", ";
	}
	if (shape->flags & SHAPE_NAME_PATTERN)
		appendStringInfo(out, "%sMember must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
						 separator);
}

/* Report the violations of a value's own constraints. */
static void
report_own(Report *report, const Path *path, const Shape *shape,
		   const JsonNode *node)
{
	StringInfo	out = &report->text;
	int64		quantity;

	if (shape->values != NULL && !in_enum(shape, node) &&
		begin_entry(report, path, shape, node, false))
	{
		const char *separator = "Member must satisfy enum value set: [";

		for (const char *const *value = shape->values; *value != NULL; value++)
		{
			appendStringInfo(out, "%s%s", separator, *value);
			separator = ", ";
		}
		appendStringInfoChar(out, ']');
	}

	/* the empty name of a table is short of one character, nothing else */
	if ((shape->flags & SHAPE_TABLE_NAME) && node->len == 0)
	{
		if (begin_entry(report, path, shape, node, false))
			append_bound(out, shape, false, 1);
		return;
	}

	if ((shape->flags & SHAPE_NAME_PATTERN) && !is_name(node) &&
		begin_entry(report, path, shape, node, false))
		appendStringInfoString(out, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");

	if ((shape->flags & (SHAPE_HAS_MIN | SHAPE_HAS_MAX)) == 0)
		return;
	quantity = measure(shape, node);
	if (below_min(shape, quantity) && !(shape->flags & SHAPE_EMPTY_ALONE) &&
		begin_entry(report, path, shape, node,
					(shape->flags & SHAPE_BARE_MIN) != 0))
		append_bound(out, shape, false, shape->min);
	if (above_max(shape, quantity) &&
		begin_entry(report, path, shape, node,
					(shape->flags & SHAPE_BARE_MAX) != 0))
		append_bound(out, shape, true, shape->max);
}

/* Report the violations among the entries of a map. */
static void
report_entries(Report *report, const Path *path, const Shape *shape,
			   const JsonNode *node)
{
	bool		value_bounds = (shape->flags & SHAPE_VALUE_BOUNDS) != 0;

	/* keys, and bounds that are reported here, have one text for them all */
	for (uint32 i = 0; shape->key != NULL && i < node->len; i++)
	{
		if (!key_holds(shape->key, &node->u.members[i]))
		{
			if (begin_entry(report, path, shape, node, false))
			{
				appendStringInfoString(&report->text,
									   "Map keys must satisfy constraint: [");
				append_bounds(&report->text, shape->key);
				appendStringInfoChar(&report->text, ']');
			}
			break;
		}
	}
	for (uint32 i = 0; value_bounds && i < node->len; i++)
	{
		if (!holds(shape->element, &node->u.members[i].value))
		{
			if (begin_entry(report, path, shape, node, false))
			{
				appendStringInfoString(&report->text,
									   "Map value must satisfy constraint: [");
				append_bounds(&report->text, shape->element);
				appendStringInfoChar(&report->text, ']');
			}
			break;
		}
	}

	for (uint32 i = 0; i < node->len; i++)
	{
		const JsonMember *entry = &node->u.members[i];
		Path		inner = {path, entry->name, entry->name_len, 0, true};

		if (value_bounds)
		{
			/* the list itself has been dealt with: report its elements */
			for (uint32 j = 0; j < entry->value.len; j++)
			{
				Path		element = {&inner, NULL, 0, j + 1, false};

				report_value(report, &element, shape->element->element,
							 &entry->value.u.elems[j]);
			}
		}
		else
			report_value(report, &inner, shape->element, &entry->value);
	}
}

/* Report the violations of a value and of all its parts. */
static void
report_value(Report *report, const Path *path, const Shape *shape,
			 const JsonNode *node)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();

	if (report->count >= MAX_REPORTED)
		return;
	if (node->kind == JSON_NULL)
	{
		report_null(report, path);
		return;
	}
	report_own(report, path, shape, node);

	switch (shape->kind)
	{
		case SHAPE_LIST:
			for (uint32 i = 0; i < node->len; i++)
			{
				Path		inner = {path, NULL, 0, i + 1, false};

				report_value(report, &inner, shape->element,
							 &node->u.elems[i]);
			}
			break;

		case SHAPE_MAP:
			report_entries(report, path, shape, node);
			break;

		case SHAPE_STRUCTURE:
			for (int i = 0; i < shape->nmembers; i++)
			{
				int			position = shape->order[i];
				const ShapeMember *member = &shape->members[position];
				const JsonNode *value = json_get_n(node, member->name,
												   member->name_len);
				Path		inner = {path, member->name, member->name_len, 0, false};

				if (value != NULL)
					report_value(report, &inner, member->shape, value);
				else if (shape->required & ((uint32) 1 << position))
					report_null(report, &inner);
			}
			break;

		default:
			break;
	}
}

/* Raise what was collected, if anything was. */
static void
raise_report(const Report *report)
{
	if (report->count > 0)
		validation_error("%d validation error%s detected: %s",
						 report->count, report->count > 1 ? "s" : "",
						 report->text.data);
}

/*
 * Table operations report a TableName that is missing, too short or too long
 * before and without all others.  Its pattern is one fault among them.
 */
static void
raise_bad_table_name(Report *report, const Shape *shape,
					 const JsonNode *request)
{
	int			position = find_member(shape, "TableName", 9);
	const ShapeMember *member = &shape->members[position];
	const JsonNode *name = json_get(request, "TableName");
	Path		path = {NULL, member->name, member->name_len, 0, false};

	if (name == NULL)
		validation_error("The parameter 'TableName' is required but was not present in the request");
	if (!holds(member->shape, name))
	{
		Shape		rule = *member->shape;

		/* a wrong length hides a wrong pattern, and three is the minimum */
		rule.flags &= ~(SHAPE_TABLE_NAME | SHAPE_NAME_PATTERN);
		report_own(report, &path, &rule, name);
	}
	raise_report(report);
}

/* ---- interface ---- */

const OperationShape *
operation_shape_find(const char *name, size_t len)
{
	int			low = 0;
	int			high = operation_shapes_count - 1;

	while (low <= high)
	{
		int			middle = (low + high) / 2;
		const OperationShape *operation = &operation_shapes[middle];
		int			order = memcmp(name, operation->name,
								   Min(len, operation->name_len));

		if (order == 0 && len == operation->name_len)
			return operation;
		if (order < 0 || (order == 0 && len < operation->name_len))
			high = middle - 1;
		else
			low = middle + 1;
	}
	return NULL;
}

void
request_validate(const OperationShape *operation, JsonNode *request)
{
	Report		report = {0};

	if (admit(operation->input, request, true))
		return;

	initStringInfo(&report.text);
	if (operation->table_operation)
		raise_bad_table_name(&report, operation->input, request);
	report_value(&report, NULL, operation->input, request);
	raise_report(&report);

	/* what is left is the empty map of a batch */
	validation_error("The requestItems parameter is required for %s",
					 operation->name);
}

int64
request_int(const JsonNode *node)
{
	return clamp_integer(node->u.str, node->len);
}

bool
request_bool(const JsonNode *node, bool missing)
{
	return node == NULL ? missing : node->kind == JSON_TRUE;
}
