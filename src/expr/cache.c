/*
 * cache.c - per-backend cache of parsed expressions.
 *
 * Least recently used, bounded in entries and in bytes.  Only texts that
 * pass every check that needs no bindings get in.  An entry, its text and
 * its tree live in one memory context of their own.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "errors.h"
#include "expr/expr_tree.h"
#include "lib/ilist.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define CACHE_MAX_ENTRIES	512
#define CACHE_MAX_BYTES		(2 * 1024 * 1024)

/* Which of the three grammars a kind belongs to is all that parsing needs. */
typedef struct CacheKey
{
	ExprKind	grammar;
	uint32		len;
	const char *text;
} CacheKey;

typedef struct CacheEntry
{
	CacheKey	key;			/* must be first */
	const ParsedExpr *parsed;
	MemoryContext context;
	Size		size;
	dlist_node	lru;
} CacheEntry;

static HTAB *cache = NULL;
static MemoryContext cache_context = NULL;
static dlist_head cache_lru = DLIST_STATIC_INIT(cache_lru);
static Size cache_bytes = 0;

static uint32
cache_hash(const void *key, Size keysize)
{
	const CacheKey *k = key;

	return hash_bytes((const unsigned char *) k->text, k->len) ^ k->grammar;
}

static int
cache_match(const void *a, const void *b, Size keysize)
{
	const CacheKey *x = a;
	const CacheKey *y = b;

	return !(x->grammar == y->grammar && x->len == y->len &&
			 memcmp(x->text, y->text, x->len) == 0);
}

/* Set up the cache at its first use. */
static void
cache_init(void)
{
	HASHCTL		ctl;

	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(CacheMemoryContext,
											  "dynamo expressions",
											  ALLOCSET_DEFAULT_SIZES);

	ctl.keysize = sizeof(CacheKey);
	ctl.entrysize = sizeof(CacheEntry);
	ctl.hash = cache_hash;
	ctl.match = cache_match;
	ctl.hcxt = cache_context;
	cache = hash_create("dynamo expressions", 64, &ctl,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE |
						HASH_CONTEXT);
}

/* Drop the least recently used entries until `size` more bytes fit. */
static void
cache_make_room(Size size)
{
	while (!dlist_is_empty(&cache_lru) &&
		   (cache_bytes + size > CACHE_MAX_BYTES ||
			hash_get_num_entries(cache) >= CACHE_MAX_ENTRIES))
	{
		CacheEntry *entry = dlist_tail_element(CacheEntry, lru, &cache_lru);
		MemoryContext context = entry->context;

		dlist_delete(&entry->lru);
		cache_bytes -= entry->size;
		hash_search(cache, &entry->key, HASH_REMOVE, NULL);
		MemoryContextDelete(context);
	}
}

/*
 * Parsed tree of a request's expression.  It stays valid until the next
 * call; binding copies what it needs.
 */
const ParsedExpr *
expr_parse(ExprKind kind, const JsonNode *text)
{
	CacheKey	key;
	CacheEntry *entry;
	MemoryContext context;
	MemoryContext old_context;
	ParsedExpr *parsed;
	char	   *copy;
	Size		size;

	/* Shapes are checked with the request; plain SQL may send anything */
	if (text->kind != JSON_STRING)
		dynamo_error(DYNAMO_SERIALIZATION, "Unexpected field type");
	if (text->len == 0)
		expr_error(kind, "%s", "The expression can not be empty;");
	if (text->len > EXPR_MAX_SIZE)
		expr_error(kind, "Expression size has exceeded the maximum allowed size; expression size: %u",
				   text->len);

	if (cache == NULL)
		cache_init();

	key.grammar = (kind == EXPR_UPDATE || kind == EXPR_PROJECTION) ?
		kind : EXPR_CONDITION;
	key.len = text->len;
	key.text = text->u.str;

	entry = hash_search(cache, &key, HASH_FIND, NULL);
	if (entry)
	{
		dlist_move_head(&cache_lru, &entry->lru);
		return entry->parsed;
	}

	/* A child of the current context, so that errors free it */
	context = AllocSetContextCreate(CurrentMemoryContext,
									"dynamo expression",
									ALLOCSET_SMALL_SIZES);
	old_context = MemoryContextSwitchTo(context);
	copy = palloc(text->len + 2);
	memcpy(copy, text->u.str, text->len);
	copy[text->len] = copy[text->len + 1] = '\0';
	parsed = expr_parse_text(kind, copy, text->len);
	MemoryContextSwitchTo(old_context);

	/* Keep it.  Nothing fails between here and the end but hash_search. */
	size = MemoryContextMemAllocated(context, true);
	cache_make_room(size);
	key.text = copy;
	entry = hash_search(cache, &key, HASH_ENTER, NULL);
	entry->parsed = parsed;
	entry->context = context;
	entry->size = size;
	MemoryContextSetParent(context, cache_context);
	dlist_push_head(&cache_lru, &entry->lru);
	cache_bytes += size;

	return parsed;
}
