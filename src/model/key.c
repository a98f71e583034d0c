/*
 * key.c - primary and index keys as ordered bytes.
 *
 *	 4 bytes       1     length bytes          the rest
 *	+-------------+-----+---------------------+------------------+
 *	| hash        | len | partition key       | sort key         |
 *	+-------------+-----+---------------------+------------------+
 *
 * hash: hash_bytes_extended() of the partition key's bytes, big-endian; it
 * spreads the partitions evenly over the key space, so that parallel scans
 * can cut it into ranges.  len: bytes of the partition key, up to 254.  A
 * longer one is replaced by its SHA-256 and len is 255: partition keys are
 * only ever compared for equality.  So the longest key is 5 + 254 + 1024
 * bytes, within the limit of a B-tree.
 *
 * Bytes of a value: S in UTF-8 (original bytes, not stored form), B as they
 * are, N as number_encode() has them.  Within a partition the order of the
 * bytes is therefore DynamoDB's order of the sort keys.
 *
 * Index keys may have up to four partition and four sort attributes.  The
 * partition attributes together take the place of the partition key.  In a
 * group of several attributes each one but the last of the schema is escaped
 * (00 becomes 00 FF) and terminated (00 00), which keeps the order and tells
 * where it ends:
 *
 *	| hash | len | p1 esc 00 00 | p2 | s1 esc 00 00 | s2 esc 00 00 | s3 |
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
#include "port/pg_bswap.h"

#include "lib/stringinfo.h"
#include "model/key.h"
#include "model/number.h"

#define HASH_SIZE			4
#define HEADER_SIZE			(HASH_SIZE + 1)
#define INLINE_MAX			254
#define DIGEST_MARK			255

/* Append one value; escaped and terminated unless it ends its group. */
static void
append_value(StringInfo out, const AttrValue *value, bool escape, bool terminate)
{
	unsigned char number[NUMBER_MAX_ENCODED];
	const unsigned char *bytes;
	uint32		len;

	if (value->type == ATTR_N)
	{
		Number		parsed;

		number_parse_or_error(value->str, value->len, &parsed);
		len = number_encode(&parsed, number);
		bytes = number;
	}
	else
		bytes = attr_value_bytes(value, &len);

	if (!escape)
	{
		appendBinaryStringInfo(out, (const char *) bytes, len);
		return;
	}
	for (uint32 i = 0; i < len; i++)
	{
		appendStringInfoCharMacro(out, bytes[i]);
		if (bytes[i] == 0)
			appendStringInfoCharMacro(out, '\xFF');
	}
	if (terminate)
		appendBinaryStringInfo(out, "\0\0", 2);
}

/* Replace the partition key that begins at HEADER_SIZE by its digest. */
static void
digest_partition(StringInfo out, int start)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (ctx == NULL || pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (uint8 *) out->data + start, out->len - start) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256 of a partition key");
	pg_cryptohash_free(ctx);

	out->len = start;
	appendBinaryStringInfo(out, (const char *) digest, sizeof(digest));
}

/* Start a bytea with the partition part of a key. */
static void
append_partition(StringInfo out, const KeySchema *schema, const AttrValue *values)
{
	int			start = VARHDRSZ + HEADER_SIZE;
	uint32		hash;
	uint32		len;

	initStringInfo(out);
	appendStringInfoSpaces(out, start);
	for (int i = 0; i < schema->npartition; i++)
		append_value(out, &values[i], i < schema->npartition - 1, true);

	len = out->len - start;
	hash = pg_hton32((uint32) hash_bytes_extended((unsigned char *) out->data + start,
												  len, 0));
	memcpy(out->data + VARHDRSZ, &hash, HASH_SIZE);
	if (len > INLINE_MAX)
	{
		digest_partition(out, start);
		len = DIGEST_MARK;
	}
	out->data[start - 1] = (char) len;
}

bytea *
key_encode_prefix(const KeySchema *schema, const AttrValue *values,
				  int nsort_values, bool open_last)
{
	StringInfoData out;

	append_partition(&out, schema, values);
	for (int i = 0; i < nsort_values; i++)
		append_value(&out, &values[schema->npartition + i],
					 i < schema->nsort - 1,
					 !(open_last && i == nsort_values - 1));
	SET_VARSIZE(out.data, out.len);
	return (bytea *) out.data;
}

bytea *
key_encode(const KeySchema *schema, const AttrValue *values)
{
	return key_encode_prefix(schema, values, schema->nsort, false);
}

bytea *
key_prefix_successor(const bytea *prefix)
{
	uint32		len = VARSIZE(prefix) - VARHDRSZ;
	const unsigned char *bytes = (const unsigned char *) VARDATA(prefix);
	bytea	   *result;

	/* Trailing FFs cannot be increased: drop them. */
	while (len > 0 && bytes[len - 1] == 0xFF)
		len--;
	if (len == 0)
		return NULL;

	result = palloc(VARHDRSZ + len);
	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), bytes, len);
	((unsigned char *) VARDATA(result))[len - 1]++;
	return result;
}

uint32
key_partition_length(const char *key, uint32 len)
{
	uint32		length;

	if (len < HEADER_SIZE)
		return 0;
	length = (unsigned char) key[HASH_SIZE];
	if (length == DIGEST_MARK)
		length = PG_SHA256_DIGEST_LENGTH;
	length += HEADER_SIZE;
	return length <= len ? length : 0;
}

bool
key_is_digested(const bytea *key)
{
	return VARSIZE_ANY_EXHDR(key) >= HEADER_SIZE &&
		(unsigned char) VARDATA_ANY(key)[HASH_SIZE] == DIGEST_MARK;
}

/*
 * Take one value off *pos: up to its terminator, unescaped, or up to the end.
 * Returns NULL if the terminator is missing.
 */
static unsigned char *
take_value(const unsigned char **pos, const unsigned char *end, bool escaped,
		   uint32 *len)
{
	unsigned char *value = palloc(end - *pos + 1);
	const unsigned char *p = *pos;
	uint32		n = 0;

	if (!escaped)
	{
		n = end - p;
		memcpy(value, p, n);
		*pos = end;
		*len = n;
		return value;
	}
	while (p < end)
	{
		if (*p != 0)
			value[n++] = *p++;
		else if (p + 1 < end && p[1] == 0xFF)
		{
			value[n++] = 0;
			p += 2;
		}
		else if (p + 1 < end && p[1] == 0)
		{
			*pos = p + 2;
			*len = n;
			return value;
		}
		else
			break;
	}
	return NULL;
}

/* The bytes of a value as a request node; false if they are none. */
static bool
value_to_node(AttrType type, const unsigned char *bytes, uint32 len, JsonNode *node)
{
	JsonNode   *text;

	json_set_object(node, 1);
	text = json_add(node, attr_type_name(type));
	if (type == ATTR_S)
	{
		uint32		stored_len;
		const char *stored = stored_encode((const char *) bytes, len, &stored_len);

		json_set_string_n(text, stored, stored_len);
	}
	else if (type == ATTR_B)
	{
		char	   *base64 = palloc((len + 2) / 3 * 4 + 1);

		json_set_string_n(text, base64, base64_encode(bytes, len, base64));
	}
	else
	{
		Number		number;
		char	   *canonical = palloc(NUMBER_MAX_TEXT);

		if (number_decode(bytes, len, &number) != (int) len)
			return false;
		json_set_string_n(text, canonical, number_format(&number, canonical));
	}
	return true;
}

bool
key_decode(const KeySchema *schema, const bytea *key, JsonNode *values)
{
	uint32		len = VARSIZE_ANY_EXHDR(key);
	const unsigned char *start = (const unsigned char *) VARDATA_ANY(key);
	const unsigned char *pos = start + HEADER_SIZE;
	uint32		partition_len = key_partition_length((const char *) start, len);

	if (partition_len == 0 || key_is_digested(key))
		return false;
	for (int i = 0; i < KEY_NATTRS(schema); i++)
	{
		bool		in_partition = i < schema->npartition;
		bool		is_last = i == schema->npartition - 1 || i == KEY_NATTRS(schema) - 1;
		const unsigned char *end = in_partition ? start + partition_len : start + len;
		unsigned char *bytes;
		uint32		bytes_len;

		bytes = take_value(&pos, end, !is_last, &bytes_len);
		if (bytes == NULL ||
			!value_to_node(schema->attrs[i].type, bytes, bytes_len, &values[i]))
			return false;
	}
	return pos == start + len;
}

/* The first hash of segment s of t, as a prefix; NULL if there is none. */
static bytea *
segment_start(int64 segment, int64 total_segments)
{
	uint64		hash = ((uint64) segment << 32) / total_segments;
	uint32		prefix = pg_hton32((uint32) hash);
	bytea	   *result;

	if (hash == 0 || segment >= total_segments)
		return NULL;
	result = palloc(VARHDRSZ + HASH_SIZE);
	SET_VARSIZE(result, VARHDRSZ + HASH_SIZE);
	memcpy(VARDATA(result), &prefix, HASH_SIZE);
	return result;
}

void
key_segment_bounds(int32 segment, int32 total_segments,
				   bytea **lower, bytea **upper)
{
	*lower = segment_start(segment, total_segments);
	*upper = segment_start((int64) segment + 1, total_segments);
}
