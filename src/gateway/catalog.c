/*
 * catalog.c - the operations that the extension knows.
 */
#include <string.h>

#include "catalog.h"
#include "util.h"

#define TARGET_TABLES	"DynamoDB_20120810."
#define TARGET_STREAMS	"DynamoDBStreams_20120810."

#define CONSISTENT_READ	"\"ConsistentRead\""

typedef struct Entry
{
	Operation	operation;
	struct Entry *next;
} Entry;

static Entry *entries;
static bool loaded;

static bool
is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Operations whose names say that they only read, and the others that do. */
static bool
reads(const char *name)
{
	static const char *const others[] = {"BatchGetItem", "Query", "Scan",
	"TransactGetItems"};

	return strncmp(name, "Describe", 8) == 0 || strncmp(name, "Get", 3) == 0 ||
		strncmp(name, "List", 4) == 0 || is_one_of(name, others, lengthof(others));
}

static OperationCost
cost_of(const char *name)
{
	static const char *const by_key[] = {"GetItem", "Query"};
	static const char *const writes[] = {"DeleteItem", "PutItem", "UpdateItem"};

	return is_one_of(name, by_key, lengthof(by_key)) ? COST_READ :
		is_one_of(name, writes, lengthof(writes)) ? COST_WRITE : COST_ANY;
}

static const Operation *
find_name(const char *name)
{
	for (const Entry *entry = entries; entry != NULL; entry = entry->next)
	{
		if (strcmp(entry->operation.name, name) == 0)
			return &entry->operation;
	}
	return NULL;
}

void
catalog_load(const PGresult *result)
{
	static const char *const stale[] = {"BatchGetItem", "GetItem", "Query", "Scan"};
	static const char *const streams[] = {"DescribeStream", "GetRecords",
	"GetShardIterator", "ListStreams"};

	for (int i = 0; i < PQntuples(result); i++)
	{
		const char *name = PQgetvalue(result, i, 0);
		Entry	   *entry;

		if (find_name(name) != NULL)
			continue;
		entry = xmalloc(sizeof(Entry));
		entry->operation.name = xstrdup(name);
		entry->operation.reads = reads(name);
		entry->operation.may_be_stale = is_one_of(name, stale, lengthof(stale));
		entry->operation.cost = cost_of(name);
		entry->operation.of_streams = is_one_of(name, streams, lengthof(streams));
		entry->operation.names_endpoint = strcmp(name, "DescribeEndpoints") == 0;
		entry->next = entries;
		entries = entry;
	}
	loaded = true;
}

bool
catalog_loaded(void)
{
	return loaded;
}

const Operation *
catalog_find(const char *target)
{
	bool		of_streams = strncmp(target, TARGET_STREAMS, strlen(TARGET_STREAMS)) == 0;
	const Operation *operation;

	if (!of_streams && strncmp(target, TARGET_TABLES, strlen(TARGET_TABLES)) != 0)
		return NULL;
	operation = find_name(strchr(target, '.') + 1);
	return operation != NULL && operation->of_streams == of_streams ? operation : NULL;
}

bool
catalog_allows_replica(const Operation *operation, const char *body, size_t len)
{
	const char *p = body;
	const char *end = body + len;

	/* A name can be written with \u escapes: then nobody looks further */
	if (!operation->may_be_stale || memmem(body, len, "\\u", 2) != NULL)
		return false;
	while ((p = memmem(p, (size_t) (end - p), CONSISTENT_READ,
					   strlen(CONSISTENT_READ))) != NULL)
	{
		p += strlen(CONSISTENT_READ);
		while (p < end && strchr(" \t\r\n:", *p) != NULL && *p != '\0')
			p++;
		if (end - p < 5 || memcmp(p, "false", 5) != 0)
			return false;
	}
	return true;
}
