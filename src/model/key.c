/*
 * key.c - primary and index keys as ordered bytes.
 *
 *	+----------------+--------+---------------------+----------------+
 *	| hash           | length | partition key       | sort key       |
 *	| 4, big-endian  | 1      | `length` bytes      | the rest       |
 *	+----------------+--------+---------------------+----------------+
 *
 * hash			low 32 bits of hash_bytes_extended(partition key, seed 0), which
 *				Postgres keeps stable (hash partitioning depends on it)
 * partition	S: the string in UTF-8; B: the bytes; N: number_encode.  Over
 * key			254 bytes: length is FF, and their SHA-256 (32 bytes) stands
 *				here.  Partition keys are only compared for equality.
 * sort key		in the same way, never a digest: memcmp is DynamoDB's order.
 *				Absent if the schema has no sort key.
 *
 * Strings are encoded from their original bytes, not from stored form.
 *
 * Keys of a GSI may have up to four partition and four sort attributes.
 * Then the partition key is all partition components one after another, and
 * so is the sort key:
 *
 *	partition key:	component, terminated | ... | last component
 *	sort key:		component, terminated | ... | last component
 *
 * where a terminated S or B has each 00 escaped to 00 FF and ends with 00 00,
 * so that it sorts before all that it is a prefix of; numbers delimit
 * themselves and stand as they are.  Hash, length and digest are of the whole
 * partition key.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/hashfn.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"

#include "model/key.h"
#include "model/number.h"

#define KEY_HEADER_SIZE		5	/* hash and length */
#define KEY_MAX_INLINE		254
#define KEY_DIGESTED		0xFF

/* Replace the bytes of a long partition key by their digest. */
static void
digest_bytes(const unsigned char *bytes, Size len, unsigned char *digest)
{
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);

	if (ctx == NULL ||
		pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, bytes, len) < 0 ||
		pg_cryptohash_final(ctx, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256 of a partition key");
	pg_cryptohash_free(ctx);
}

static inline void
put_hash(unsigned char *out, const unsigned char *bytes, Size len)
{
	uint32		hash = (uint32) hash_bytes_extended(bytes, len, 0);

	hash = pg_hton32(hash);
	memcpy(out, &hash, sizeof(hash));
}

/* Bytes that a component takes at most. */
static Size
component_bound(const AttrValue *value)
{
	if (value->type == ATTR_N)
		return NUMBER_MAX_ENCODED;
	/* each byte escaped, and the terminator */
	return (Size) value->len * 2 + 2;
}

/*
 * Write one component.  `escape` is for all but the last of several,
 * `terminate` tells whether the value ends here or may go on.
 */
static unsigned char *
put_component(unsigned char *out, const AttrValue *value, bool escape,
			  bool terminate)
{
	const unsigned char *bytes;
	uint32		len;

	if (value->type == ATTR_N)
	{
		Number		num;

		if (number_parse(value->str, value->len, &num) != NUMBER_OK)
			elog(ERROR, "key has a malformed number");
		return out + number_encode(&num, out);
	}

	bytes = attr_value_bytes(value, &len);
	if (!escape)
	{
		memcpy(out, bytes, len);
		return out + len;
	}
	for (; len > 0; len--)
	{
		*out++ = *bytes;
		if (*bytes++ == 0)
			*out++ = 0xFF;
	}
	if (terminate)
	{
		*out++ = 0;
		*out++ = 0;
	}
	return out;
}

bytea *
key_encode_prefix(const KeySchema *schema, const AttrValue *values,
				  int nsort_values, bool open_last)
{
	Size		bound = VARHDRSZ + KEY_HEADER_SIZE + PG_SHA256_DIGEST_LENGTH;
	bytea	   *key;
	unsigned char *start;
	unsigned char *out;
	Size		partition_len;
	int			i;

	Assert(nsort_values <= schema->nsort);
	for (i = 0; i < schema->npartition + nsort_values; i++)
		bound += component_bound(&values[i]);
	key = palloc(bound);
	start = (unsigned char *) VARDATA(key);

	/* Partition key */
	out = start + KEY_HEADER_SIZE;
	for (i = 0; i < schema->npartition; i++)
		out = put_component(out, &values[i], i < schema->npartition - 1, true);
	partition_len = out - (start + KEY_HEADER_SIZE);
	put_hash(start, start + KEY_HEADER_SIZE, partition_len);
	if (partition_len <= KEY_MAX_INLINE)
		start[4] = partition_len;
	else
	{
		unsigned char digest[PG_SHA256_DIGEST_LENGTH];

		digest_bytes(start + KEY_HEADER_SIZE, partition_len, digest);
		memcpy(start + KEY_HEADER_SIZE, digest, sizeof(digest));
		start[4] = KEY_DIGESTED;
		out = start + KEY_HEADER_SIZE + sizeof(digest);
	}

	/* Sort key, or the start of it */
	for (i = 0; i < nsort_values; i++)
		out = put_component(out, &values[schema->npartition + i],
							i < schema->nsort - 1,
							!(open_last && i == nsort_values - 1));

	SET_VARSIZE(key, (char *) out - (char *) key);
	return key;
}

bytea *
key_encode(const KeySchema *schema, const AttrValue *values)
{
	return key_encode_prefix(schema, values, schema->nsort, false);
}

bytea *
key_prefix_successor(const bytea *prefix)
{
	Size		len = VARSIZE_ANY_EXHDR(prefix);
	const unsigned char *bytes = (const unsigned char *) VARDATA_ANY(prefix);
	bytea	   *result;

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

int
key_compare(const bytea *a, const bytea *b)
{
	int			len_a = VARSIZE_ANY_EXHDR(a);
	int			len_b = VARSIZE_ANY_EXHDR(b);
	int			result = memcmp(VARDATA_ANY(a), VARDATA_ANY(b),
								Min(len_a, len_b));

	return result != 0 ? result : len_a - len_b;
}

uint32
key_partition_length(const char *key, uint32 len)
{
	uint32		partition_len;

	if (len < KEY_HEADER_SIZE)
		return 0;
	partition_len = (unsigned char) key[4];
	if (partition_len == 0)
		return 0;
	if (partition_len == KEY_DIGESTED)
		partition_len = PG_SHA256_DIGEST_LENGTH;
	partition_len += KEY_HEADER_SIZE;
	return partition_len <= len ? partition_len : 0;
}

/* Is the partition key stored as a digest? */
static bool
key_is_digested(const bytea *key)
{
	return VARSIZE_ANY_EXHDR(key) >= KEY_HEADER_SIZE &&
		(unsigned char) VARDATA_ANY(key)[4] == KEY_DIGESTED;
}

/*
 * Read one component as a node {"S": ...}.  Escaped ones end at their
 * terminator, plain ones take all bytes up to `end`.  Returns the position
 * after it, NULL if malformed.
 */
static const unsigned char *
get_component(const unsigned char *in, const unsigned char *end,
			  AttrType type, bool escaped, JsonNode *node)
{
	const unsigned char *bytes = in;
	Size		len = end - in;
	const unsigned char *next = end;
	JsonNode   *member;

	if (type == ATTR_N)
	{
		Number		num;
		char		buf[NUMBER_MAX_TEXT];
		int			used = number_decode(in, len, &num);
		int			text_len;

		if (used < 0 || (!escaped && used != len))
			return NULL;
		text_len = number_format(&num, buf);
		json_set_object(node, 1);
		json_set_string_n(json_add(node, "N"), pnstrdup(buf, text_len),
						  text_len);
		return in + used;
	}

	if (escaped)
	{
		unsigned char *out = palloc(len + 1);

		bytes = out;
		for (;;)
		{
			if (in >= end)
				return NULL;
			if (*in != 0)
			{
				*out++ = *in++;
				continue;
			}
			if (end - in < 2)
				return NULL;
			if (in[1] == 0)
				break;
			if (in[1] != 0xFF)
				return NULL;
			*out++ = 0;
			in += 2;
		}
		len = out - bytes;
		next = in + 2;
	}
	if (len == 0)
		return NULL;

	json_set_object(node, 1);
	if (type == ATTR_S)
	{
		uint32		stored_len;
		const char *stored = stored_encode((const char *) bytes, len,
										   &stored_len);

		if (!pg_verify_mbstr(PG_UTF8, stored, stored_len, true))
			return NULL;
		member = json_add(node, "S");
		json_set_string_n(member, pnstrdup(stored, stored_len), stored_len);
	}
	else
	{
		char	   *text = palloc((len + 2) / 3 * 4 + 1);

		member = json_add(node, "B");
		json_set_string_n(member, text, base64_encode(bytes, len, text));
	}
	return next;
}

bool
key_decode(const KeySchema *schema, const bytea *key, JsonNode *values)
{
	const unsigned char *start = (const unsigned char *) VARDATA_ANY(key);
	Size		len = VARSIZE_ANY_EXHDR(key);
	const unsigned char *partition_end;
	const unsigned char *p;
	unsigned char hash[4];
	uint32		partition_len = key_partition_length((const char *) start, len);
	int			i;

	if (partition_len == 0 || key_is_digested(key))
		return false;
	p = start + KEY_HEADER_SIZE;
	partition_end = start + partition_len;
	put_hash(hash, p, partition_end - p);
	if (memcmp(hash, start, sizeof(hash)) != 0)
		return false;

	for (i = 0; i < schema->npartition; i++)
	{
		p = get_component(p, partition_end, schema->attrs[i].type,
						  i < schema->npartition - 1, &values[i]);
		if (p == NULL)
			return false;
	}
	if (schema->nsort == 0)
		return partition_end == start + len;
	for (i = 0; i < schema->nsort; i++)
	{
		int			attr = schema->npartition + i;

		p = get_component(p, start + len, schema->attrs[attr].type,
						  i < schema->nsort - 1, &values[attr]);
		if (p == NULL)
			return false;
	}
	return true;
}

/* The first hash of a segment, as a key prefix. */
static bytea *
segment_start(int32 segment, int32 total_segments)
{
	uint32		hash = ((uint64) segment << 32) / total_segments;
	bytea	   *result = palloc(VARHDRSZ + sizeof(hash));

	hash = pg_hton32(hash);
	SET_VARSIZE(result, VARHDRSZ + sizeof(hash));
	memcpy(VARDATA(result), &hash, sizeof(hash));
	return result;
}

void
key_segment_bounds(int32 segment, int32 total_segments,
				   bytea **lower, bytea **upper)
{
	Assert(segment >= 0 && segment < total_segments);
	*lower = segment == 0 ? NULL : segment_start(segment, total_segments);
	*upper = segment == total_segments - 1 ? NULL :
		segment_start(segment + 1, total_segments);
}

/* The hash that a key begins with. */
static uint32
key_hash(const bytea *key)
{
	uint32		hash = 0;

	memcpy(&hash, VARDATA_ANY(key), Min(VARSIZE_ANY_EXHDR(key), sizeof(hash)));
	return pg_ntoh32(hash);
}

int32
key_segment_of(const bytea *key, int32 total_segments)
{
	return ((uint64) key_hash(key) * total_segments) >> 32;
}

int32
key_segment_before(const bytea *bound, int32 total_segments)
{
	uint32		hash = key_hash(bound);

	return hash == 0 ? 0 : ((uint64) (hash - 1) * total_segments) >> 32;
}
