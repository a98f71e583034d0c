/*
 * keys.c - access keys.
 */
#include <stdlib.h>

#include <openssl/crypto.h>

#include "keys.h"
#include "log.h"
#include "pool.h"
#include "util.h"

#define NBUCKETS	256

/* How long a key is kept when nobody tells of changes, microseconds. */
#define LIFETIME	5000000

typedef struct Entry
{
	AccessKey	key;			/* first, so that one leads to the other */
	char	   *id;
	int64_t		loaded;
	char	   *scope;			/* of signing_key: date/region, or NULL */
	unsigned char signing_key[SHA256_BYTES];
	struct Entry *next;
} Entry;

typedef struct Lookup
{
	char	   *id;
	KeyCallback callback;
	void	   *arg;
} Lookup;

static Entry *buckets[NBUCKETS];
static bool listening;

static Entry **
find_slot(const char *id)
{
	uint32_t	hash = 2166136261u;
	Entry	  **slot;

	for (const char *s = id; *s != '\0'; s++)
		hash = (hash ^ (unsigned char) *s) * 16777619u;
	slot = &buckets[hash % NBUCKETS];
	while (*slot != NULL && strcmp((*slot)->id, id) != 0)
		slot = &(*slot)->next;
	return slot;
}

static void
free_secret(char *secret)
{
	OPENSSL_cleanse(secret, strlen(secret));
	free(secret);
}

static void
remove_entry(Entry **slot)
{
	Entry	   *entry = *slot;

	*slot = entry->next;
	free_secret((char *) entry->key.secret);
	OPENSSL_cleanse(entry->signing_key, SHA256_BYTES);
	free((char *) entry->key.role);
	free(entry->id);
	free(entry->scope);
	free(entry);
}

const AccessKey *
keys_cached(const char *access_key_id)
{
	Entry	  **slot = find_slot(access_key_id);

	if (*slot == NULL)
		return NULL;
	if (!listening && now_us() - (*slot)->loaded > LIFETIME)
	{
		remove_entry(slot);
		return NULL;
	}
	return &(*slot)->key;
}

/* The database has answered a lookup. */
static void
looked_up(void *arg, PGresult *result)
{
	Lookup	   *lookup = arg;
	const AccessKey *key = NULL;
	bool		known = result != NULL && PQresultStatus(result) == PGRES_TUPLES_OK;

	if (known && PQntuples(result) == 1)
	{
		Entry	  **slot = find_slot(lookup->id);
		Entry	   *entry;

		if (*slot != NULL)
			remove_entry(slot);
		entry = xcalloc(1, sizeof(Entry));
		entry->id = xstrdup(lookup->id);
		entry->key.secret = xstrdup(PQgetvalue(result, 0, 0));
		entry->key.role = xstrdup(PQgetvalue(result, 0, 1));
		entry->loaded = now_us();
		entry->next = *slot;
		*slot = entry;
		key = &entry->key;
	}
	else if (!known)
		log_write(LOG_ERROR, "could not look up an access key", "error:s",
				  result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) :
				  "no connection");
	PQclear(result);
	lookup->callback(lookup->arg, key, known);
	free(lookup->id);
	free(lookup);
}

void
keys_lookup(const char *access_key_id, KeyCallback callback, void *arg)
{
	Lookup	   *lookup = xmalloc(sizeof(Lookup));

	lookup->id = xstrdup(access_key_id);
	lookup->callback = callback;
	lookup->arg = arg;
	pool_control_query("SELECT secret_access_key, role_name "
					   "FROM dynamo.access_keys WHERE access_key_id = $1",
					   lookup->id, looked_up, lookup);
}

const unsigned char *
keys_signing_key(const AccessKey *key, const SigV4Signature *signature)
{
	Entry	   *entry = (Entry *) key;
	size_t		date_len = strlen(signature->date);
	size_t		region_len = strlen(signature->region);

	/* The service is always the same */
	if (entry->scope == NULL ||
		strncmp(entry->scope, signature->date, date_len) != 0 ||
		entry->scope[date_len] != '/' ||
		strcmp(entry->scope + date_len + 1, signature->region) != 0)
	{
		free(entry->scope);
		entry->scope = xmalloc(date_len + region_len + 2);
		memcpy(entry->scope, signature->date, date_len);
		entry->scope[date_len] = '/';
		memcpy(entry->scope + date_len + 1, signature->region, region_len + 1);
		sigv4_signing_key(signature, key->secret, entry->signing_key);
	}
	return entry->signing_key;
}

void
keys_forget(const char *access_key_id)
{
	if (access_key_id != NULL && *access_key_id != '\0')
	{
		Entry	  **slot = find_slot(access_key_id);

		if (*slot != NULL)
			remove_entry(slot);
		return;
	}
	for (size_t i = 0; i < NBUCKETS; i++)
	{
		while (buckets[i] != NULL)
			remove_entry(&buckets[i]);
	}
}

void
keys_set_listening(bool on)
{
	listening = on;
	keys_forget(NULL);
}
