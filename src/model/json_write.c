/*
 * json_write.c - JSON trees: writing text and jsonb.
 *
 * The jsonb writer produces the on-disk format itself (see utils/jsonb.h,
 * "Jsonb format"): going through JsonbValue and JsonbValueToJsonb would build
 * the value a second time in memory.  What it writes must be byte for byte
 * what jsonb_in writes, so that equal values have equal bytes however they
 * came in:
 *
 *	- members sorted by length of name, then bytes; of equal names the last;
 *	- an entry holds its length, every JB_OFFSET_STRIDE'th one its end offset;
 *	- containers and numbers start at a multiple of four, and the padding is
 *	  counted as part of them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "model/json_private.h"
#include "model/jsonb_walk.h"

/* members of an object that are sorted on the C stack */
#define SORT_ON_STACK	32

typedef struct JsonbWriter
{
	char	   *data;			/* the datum, its header included */
	Size		len;
	Size		size;
} JsonbWriter;

static JEntry write_node(JsonbWriter *writer, const JsonNode *node);

/*-------------------------------------------------------------------------
 * Text
 *-------------------------------------------------------------------------
 */

void
json_append_string(StringInfo out, const char *str, uint32 len)
{
	const char *end = str + len;
	const char *run = str;		/* start of what can be copied as it is */

	/* room for the usual case: no character needs an escape */
	enlargeStringInfo(out, len + 2);
	appendStringInfoCharMacro(out, '"');
	for (; str < end; str++)
	{
		unsigned char c = (unsigned char) *str;

		if (likely(c >= 0x20 && c != '"' && c != '\\' && c != 0xF4))
			continue;

		if (c == 0xF4)
		{
			if (end - str < 5 || !IS_STORED_ESCAPE(str) ||
				(str[4] != '0' && str[4] != '1'))
				continue;
			if (str[4] == '0')
			{
				appendBinaryStringInfo(out, run, str - run);
				appendBinaryStringInfo(out, "\\u0000", 6);
			}
			else
				appendBinaryStringInfo(out, run, str + 4 - run);
			str += 4;
			run = str + 1;
			continue;
		}

		appendBinaryStringInfo(out, run, str - run);
		run = str + 1;
		switch (c)
		{
			case '"':
				appendBinaryStringInfo(out, "\\\"", 2);
				break;
			case '\\':
				appendBinaryStringInfo(out, "\\\\", 2);
				break;
			case '\n':
				appendBinaryStringInfo(out, "\\n", 2);
				break;
			case '\r':
				appendBinaryStringInfo(out, "\\r", 2);
				break;
			case '\t':
				appendBinaryStringInfo(out, "\\t", 2);
				break;
			case '\b':
				appendBinaryStringInfo(out, "\\b", 2);
				break;
			case '\f':
				appendBinaryStringInfo(out, "\\f", 2);
				break;
			default:
				appendStringInfo(out, "\\u%04x", c);
				break;
		}
	}
	appendBinaryStringInfo(out, run, end - run);
	appendStringInfoCharMacro(out, '"');
}

/* Append one entry of a container. */
static void
append_entry(StringInfo out, JEntry entry, const char *data, uint32 len)
{
	switch (entry & JENTRY_TYPEMASK)
	{
		case JENTRY_ISSTRING:
			json_append_string(out, data, len);
			break;
		case JENTRY_ISNUMERIC:
			appendStringInfoString(out,
								   DatumGetCString(DirectFunctionCall1(numeric_out,
																	   PointerGetDatum(data))));
			break;
		case JENTRY_ISBOOL_TRUE:
			appendBinaryStringInfo(out, "true", 4);
			break;
		case JENTRY_ISBOOL_FALSE:
			appendBinaryStringInfo(out, "false", 5);
			break;
		case JENTRY_ISCONTAINER:
			json_append_container(out, (const JsonbContainer *) data);
			break;
		default:
			appendBinaryStringInfo(out, "null", 4);
			break;
	}
}

void
json_append_container(StringInfo out, const JsonbContainer *jc)
{
	uint32		n = JsonContainerSize(jc);
	const char *data;
	uint32		len;
	JEntry		entry;
	uint32		i;

	check_stack_depth();

	if (JsonContainerIsObject(jc))
	{
		JsonbWalk	names;
		JsonbWalk	values;

		appendStringInfoChar(out, '{');
		jsonb_walk_start(&names, jc);
		jsonb_walk_start_at(&values, jc, n);
		for (i = 0; i < n; i++)
		{
			if (i > 0)
				appendStringInfoChar(out, ',');
			jsonb_walk_next(&names, &data, &len);
			json_append_string(out, data, len);
			appendStringInfoChar(out, ':');
			entry = jsonb_walk_next(&values, &data, &len);
			append_entry(out, entry, data, len);
		}
		appendStringInfoChar(out, '}');
	}
	else
	{
		JsonbWalk	elems;
		bool		scalar = JsonContainerIsScalar(jc);

		if (!scalar)
			appendStringInfoChar(out, '[');
		jsonb_walk_start(&elems, jc);
		for (i = 0; i < n; i++)
		{
			if (i > 0)
				appendStringInfoChar(out, ',');
			entry = jsonb_walk_next(&elems, &data, &len);
			append_entry(out, entry, data, len);
		}
		if (!scalar)
			appendStringInfoChar(out, ']');
	}
}

void
json_append(StringInfo out, const JsonNode *node)
{
	uint32		i;

	switch (node->kind)
	{
		case JSON_NULL:
			appendBinaryStringInfo(out, "null", 4);
			break;
		case JSON_FALSE:
			appendBinaryStringInfo(out, "false", 5);
			break;
		case JSON_TRUE:
			appendBinaryStringInfo(out, "true", 4);
			break;
		case JSON_INTEGER:
		case JSON_DECIMAL:
			appendBinaryStringInfo(out, node->u.str, node->len);
			break;
		case JSON_STRING:
			json_append_string(out, node->u.str, node->len);
			break;
		case JSON_ARRAY:
			check_stack_depth();
			appendStringInfoChar(out, '[');
			for (i = 0; i < node->len; i++)
			{
				if (i > 0)
					appendStringInfoChar(out, ',');
				json_append(out, &node->u.elems[i]);
			}
			appendStringInfoChar(out, ']');
			break;
		case JSON_OBJECT:
			check_stack_depth();
			appendStringInfoChar(out, '{');
			for (i = 0; i < node->len; i++)
			{
				const JsonMember *member = &node->u.members[i];

				if (i > 0)
					appendStringInfoChar(out, ',');
				json_append_string(out, member->name, member->name_len);
				appendStringInfoChar(out, ':');
				json_append(out, &member->value);
			}
			appendStringInfoChar(out, '}');
			break;
		case JSON_CONTAINER:
			json_append_container(out, node->u.container);
			break;
	}
}

/*-------------------------------------------------------------------------
 * jsonb
 *-------------------------------------------------------------------------
 */

static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("JSON value is too large for jsonb")));
}

/* Reserve space; returns its offset.  Offsets stay valid, pointers do not. */
static inline Size
reserve(JsonbWriter *writer, Size len)
{
	Size		offset = writer->len;

	if (unlikely(len > writer->size - offset))
	{
		Size		size = writer->size;

		if (len > MaxAllocSize - offset)
			too_large();
		while (size < offset + len)
			size *= 2;
		size = Min(size, MaxAllocSize);
		writer->data = repalloc(writer->data, size);
		writer->size = size;
	}
	writer->len = offset + len;
	return offset;
}

static inline void
write_bytes(JsonbWriter *writer, const void *bytes, Size len)
{
	Size		offset = reserve(writer, len);

	memcpy(writer->data + offset, bytes, len);
}

/* Pad to a multiple of four; the datum's header keeps that alignment. */
static inline void
write_padding(JsonbWriter *writer)
{
	Size		padding = INTALIGN(writer->len) - writer->len;

	if (padding > 0)
	{
		Size		offset = reserve(writer, padding);

		memset(writer->data + offset, 0, padding);
	}
}

/* Store entry i of a container whose entries are at `entries`, turning its
 * length into an offset where the stride wants one. */
static inline void
store_entry(JsonbWriter *writer, Size entries, uint32 i, JEntry entry,
			Size *total)
{
	*total += JBE_OFFLENFLD(entry);
	if (*total > JENTRY_OFFLENMASK)
		too_large();
	if (i % JB_OFFSET_STRIDE == 0)
		entry = (entry & JENTRY_TYPEMASK) | *total | JENTRY_HAS_OFF;
	((JEntry *) (writer->data + entries))[i] = entry;
}

/* The entry of a container that began at `start` and ends here. */
static inline JEntry
container_entry(JsonbWriter *writer, Size start)
{
	Size		len = writer->len - start;

	if (len > JENTRY_OFFLENMASK)
		too_large();
	return JENTRY_ISCONTAINER | len;
}

static JEntry
write_array(JsonbWriter *writer, const JsonNode *node, uint32 flags)
{
	Size		start = writer->len;
	Size		entries;
	Size		total = 0;
	uint32		header;
	uint32		i;

	check_stack_depth();
	if (node->len > Min(JB_CMASK, MaxAllocSize / sizeof(JEntry)))
		too_large();

	write_padding(writer);
	header = node->len | flags;
	write_bytes(writer, &header, sizeof(header));
	entries = reserve(writer, (Size) node->len * sizeof(JEntry));
	for (i = 0; i < node->len; i++)
	{
		JEntry		entry = write_node(writer, &node->u.elems[i]);

		store_entry(writer, entries, i, entry, &total);
	}
	return container_entry(writer, start);
}

/* Does name a come after name b in jsonb's order?  0 if they are equal. */
static inline int
compare_names(const JsonMember *a, const JsonMember *b)
{
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len ? -1 : 1;
	return memcmp(a->name, b->name, a->name_len);
}

/* Order by name, equal names by place (for qsort). */
static int
compare_members(const void *a, const void *b)
{
	const JsonMember *m1 = *(const JsonMember *const *) a;
	const JsonMember *m2 = *(const JsonMember *const *) b;
	int			cmp = compare_names(m1, m2);

	if (cmp != 0)
		return cmp;
	return m1 < m2 ? -1 : (m1 > m2 ? 1 : 0);
}

/*
 * Pointers to an object's members in jsonb's order, of equal names only the
 * last; returns their number.
 */
static uint32
sort_members(const JsonNode *node, const JsonMember **sorted)
{
	uint32		n = node->len;
	uint32		kept = 1;
	uint32		i;

	if (n == 0)
		return 0;
	if (n <= SORT_ON_STACK)
	{
		/* Insertion sort: stable, and quick on what is nearly in order */
		for (i = 0; i < n; i++)
		{
			const JsonMember *member = &node->u.members[i];
			uint32		j = i;

			while (j > 0 && compare_names(sorted[j - 1], member) > 0)
			{
				sorted[j] = sorted[j - 1];
				j--;
			}
			sorted[j] = member;
		}
	}
	else
	{
		for (i = 0; i < n; i++)
			sorted[i] = &node->u.members[i];
		qsort(sorted, n, sizeof(JsonMember *), compare_members);
	}

	for (i = 1; i < n; i++)
	{
		if (compare_names(sorted[kept - 1], sorted[i]) == 0)
			sorted[kept - 1] = sorted[i];
		else
			sorted[kept++] = sorted[i];
	}
	return kept;
}

static JEntry
write_object(JsonbWriter *writer, const JsonNode *node)
{
	const JsonMember *sorted_on_stack[SORT_ON_STACK];
	const JsonMember **sorted = sorted_on_stack;
	Size		start = writer->len;
	Size		entries;
	Size		total = 0;
	uint32		header;
	uint32		n;
	uint32		i;

	check_stack_depth();
	if (node->len > Min(JB_CMASK, MaxAllocSize / (2 * sizeof(JEntry))))
		too_large();
	if (node->len > SORT_ON_STACK)
		sorted = palloc(node->len * sizeof(JsonMember *));
	n = sort_members(node, sorted);

	write_padding(writer);
	header = n | JB_FOBJECT;
	write_bytes(writer, &header, sizeof(header));
	entries = reserve(writer, (Size) n * 2 * sizeof(JEntry));
	for (i = 0; i < n; i++)
	{
		if (sorted[i]->name_len > JENTRY_OFFLENMASK)
			too_large();
		write_bytes(writer, sorted[i]->name, sorted[i]->name_len);
		store_entry(writer, entries, i,
					JENTRY_ISSTRING | sorted[i]->name_len, &total);
	}
	for (i = 0; i < n; i++)
	{
		JEntry		entry = write_node(writer, &sorted[i]->value);

		store_entry(writer, entries, n + i, entry, &total);
	}

	if (sorted != sorted_on_stack)
		pfree(sorted);
	return container_entry(writer, start);
}

/* Write a number as the numeric that jsonb_in would make of it. */
static JEntry
write_number(JsonbWriter *writer, const JsonNode *node)
{
	Size		start = writer->len;
	char	   *text = pnstrdup(node->u.str, node->len);
	Numeric		numeric;

	numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in,
												  CStringGetDatum(text),
												  ObjectIdGetDatum(InvalidOid),
												  Int32GetDatum(-1)));
	write_padding(writer);
	write_bytes(writer, numeric, VARSIZE_ANY(numeric));
	pfree(numeric);
	pfree(text);
	return JENTRY_ISNUMERIC | (writer->len - start);
}

/* Write a node's bytes; returns its entry, with the length. */
static JEntry
write_node(JsonbWriter *writer, const JsonNode *node)
{
	switch (node->kind)
	{
		case JSON_FALSE:
			return JENTRY_ISBOOL_FALSE;
		case JSON_TRUE:
			return JENTRY_ISBOOL_TRUE;
		case JSON_INTEGER:
		case JSON_DECIMAL:
			return write_number(writer, node);
		case JSON_STRING:
			if (node->len > JENTRY_OFFLENMASK)
				too_large();
			write_bytes(writer, node->u.str, node->len);
			return JENTRY_ISSTRING | node->len;
		case JSON_ARRAY:
			return write_array(writer, node, JB_FARRAY);
		case JSON_OBJECT:
			return write_object(writer, node);
		case JSON_CONTAINER:
			{
				Size		start = writer->len;

				write_padding(writer);
				write_bytes(writer, node->u.container, node->len);
				return container_entry(writer, start);
			}
		case JSON_NULL:
			break;
	}
	return JENTRY_ISNULL;
}

Jsonb *
json_to_jsonb(const JsonNode *node)
{
	JsonbWriter writer;

	writer.size = node->kind == JSON_CONTAINER ? VARHDRSZ + node->len : 1024;
	writer.data = palloc(writer.size);
	writer.len = VARHDRSZ;

	if (node->kind == JSON_ARRAY || node->kind == JSON_OBJECT ||
		node->kind == JSON_CONTAINER)
		write_node(&writer, node);
	else
	{
		JsonNode	array;
		JsonNode	scalar = *node;

		array.kind = JSON_ARRAY;
		array.len = 1;
		array.u.elems = &scalar;
		write_array(&writer, &array, JB_FARRAY | JB_FSCALAR);
	}

	SET_VARSIZE(writer.data, writer.len);
	return (Jsonb *) writer.data;
}
