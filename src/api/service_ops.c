/*
 * service_ops.c - DescribeEndpoints and DescribeLimits: operations that are
 * about no table.
 */
#include "postgres.h"

#include "api/operations.h"
#include "dynamo.h"

/* What the service gives a new account; nothing here is limited by it. */
#define ACCOUNT_CAPACITY_MAX	80000
#define TABLE_CAPACITY_MAX		40000

#define ENDPOINT_CACHE_MINUTES	1440

/*
 * The service's own endpoint: through which one a client came here only the
 * gateway knows, which puts that in its place.
 */
void
describe_endpoints(JsonNode *request, JsonNode *response)
{
	JsonNode   *list = json_add(response, "Endpoints");
	JsonNode   *endpoint;

	json_set_array(list, 1);
	endpoint = json_push(list);
	json_set_object(endpoint, 2);
	json_set_string(json_add(endpoint, "Address"),
					psprintf("dynamodb.%s.amazonaws.com", dynamo_region));
	json_set_int(json_add(endpoint, "CachePeriodInMinutes"),
				 ENDPOINT_CACHE_MINUTES);
}

void
describe_limits(JsonNode *request, JsonNode *response)
{
	json_set_int(json_add(response, "AccountMaxReadCapacityUnits"),
				 ACCOUNT_CAPACITY_MAX);
	json_set_int(json_add(response, "AccountMaxWriteCapacityUnits"),
				 ACCOUNT_CAPACITY_MAX);
	json_set_int(json_add(response, "TableMaxReadCapacityUnits"),
				 TABLE_CAPACITY_MAX);
	json_set_int(json_add(response, "TableMaxWriteCapacityUnits"),
				 TABLE_CAPACITY_MAX);
}
