/*
 * keys.h - access keys, as the database has them.
 *
 * A key is looked up when it is first used and kept for as long as the
 * database tells of changes (LISTEN); where it cannot, for a few seconds.
 */
#ifndef GATEWAY_KEYS_H
#define GATEWAY_KEYS_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "sigv4.h"

typedef struct AccessKey
{
	const char *secret;
	const char *role;
} AccessKey;

/* The outcome of a lookup, valid during the call; known false: no answer. */
typedef void (*KeyCallback) (void *arg, const AccessKey *key, bool known);

/* A key that is in the cache; NULL if it has to be looked up. */
extern const AccessKey *keys_cached(const char *access_key_id);

/* Look a key up in the database; the callback may be called at once. */
extern void keys_lookup(const char *access_key_id, KeyCallback callback, void *arg);

/* The signing key of a cached key for the scope of a signature. */
extern const unsigned char *keys_signing_key(const AccessKey *key,
											 const SigV4Signature *signature);

/* Forget a key, or all of them (NULL). */
extern void keys_forget(const char *access_key_id);

/* Does the database tell of changes? */
extern void keys_set_listening(bool listening);

#endif							/* GATEWAY_KEYS_H */
