/*
 * metrics.c - counters and histograms, in Prometheus's text format.
 *
 * Format: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
#include <stdlib.h>

#include "http.h"
#include "metrics.h"
#include "pool.h"
#include "util.h"

/* Upper bounds of the buckets, microseconds; one more without a bound. */
static const int64_t bounds[] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000,
100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

#define NBUCKETS	lengthof(bounds)

/* Statuses that are answered. */
static const int statuses[] = {200, 400, 404, 413, 500, 503};

typedef struct OperationMetrics
{
	char	   *name;
	uint64_t	by_status[lengthof(statuses)];
	uint64_t	buckets[NBUCKETS + 1];
	uint64_t	sum_us;
} OperationMetrics;

typedef struct ErrorMetrics
{
	char	   *name;
	uint64_t	count;
} ErrorMetrics;

static OperationMetrics *operations;
static size_t noperations;
static ErrorMetrics *errors;
static size_t nerrors;
static uint64_t counters[METRICS_NUM_COUNTERS];

static const struct
{
	const char *name;
	const char *help;
}			counter_texts[METRICS_NUM_COUNTERS] =

{
	[METRICS_QUEUE_REJECTED] = {"dynamo_gateway_queue_rejected_total",
	"Requests refused because the queue was full."},
	[METRICS_QUEUE_TIMED_OUT] = {"dynamo_gateway_queue_timed_out_total",
	"Requests refused because they waited too long for a connection."},
	[METRICS_RETRIED] = {"dynamo_gateway_retried_total",
	"Requests sent again after a connection was lost or a transaction failed."},
	[METRICS_REPLICA_READS] = {"dynamo_gateway_replica_reads_total",
	"Requests answered by the replica."},
	[METRICS_REPLICA_FALLBACKS] = {"dynamo_gateway_replica_fallbacks_total",
	"Requests the replica failed to answer, sent to the primary."},
	[METRICS_CONNECTIONS_LOST] = {"dynamo_gateway_database_connections_lost_total",
	"Connections to the database that were lost."},
	[METRICS_CLIENTS_TIMED_OUT] = {"dynamo_gateway_clients_timed_out_total",
	"Connections of clients closed for being slow."},
};

void
metrics_request(const char *operation, int status, int64_t us)
{
	OperationMetrics *entry = NULL;
	size_t		bucket = 0;

	for (size_t i = 0; i < noperations && entry == NULL; i++)
	{
		if (strcmp(operations[i].name, operation) == 0)
			entry = &operations[i];
	}
	if (entry == NULL)
	{
		operations = xrealloc(operations, (noperations + 1) * sizeof(OperationMetrics));
		entry = &operations[noperations++];
		memset(entry, 0, sizeof(*entry));
		entry->name = xstrdup(operation);
	}
	while (bucket < NBUCKETS && us > bounds[bucket])
		bucket++;
	entry->buckets[bucket]++;
	entry->sum_us += (uint64_t) us;
	for (size_t i = 0; i < lengthof(statuses); i++)
	{
		if (statuses[i] == status)
			entry->by_status[i]++;
	}
}

void
metrics_error(const char *name)
{
	for (size_t i = 0; i < nerrors; i++)
	{
		if (strcmp(errors[i].name, name) == 0)
		{
			errors[i].count++;
			return;
		}
	}
	errors = xrealloc(errors, (nerrors + 1) * sizeof(ErrorMetrics));
	errors[nerrors].name = xstrdup(name);
	errors[nerrors].count = 1;
	nerrors++;
}

void
metrics_count(MetricsCounter counter)
{
	counters[counter]++;
}

static void
write_head(Buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
write_requests(Buffer *out)
{
	write_head(out, "dynamo_gateway_requests_total", "counter",
			   "Requests answered, by operation and HTTP status.");
	for (size_t i = 0; i < noperations; i++)
	{
		for (size_t j = 0; j < lengthof(statuses); j++)
		{
			if (operations[i].by_status[j] > 0)
				buffer_printf(out, "dynamo_gateway_requests_total{operation=\"%s\",status=\"%d\"} %lu\n",
							  operations[i].name, statuses[j],
							  (unsigned long) operations[i].by_status[j]);
		}
	}

	write_head(out, "dynamo_gateway_request_duration_seconds", "histogram",
			   "Time from a whole request to its response, by operation.");
	for (size_t i = 0; i < noperations; i++)
	{
		const OperationMetrics *entry = &operations[i];
		uint64_t	count = 0;

		for (size_t j = 0; j <= NBUCKETS; j++)
		{
			count += entry->buckets[j];
			buffer_printf(out, "dynamo_gateway_request_duration_seconds_bucket{operation=\"%s\",le=\"",
						  entry->name);
			if (j < NBUCKETS)
				buffer_printf(out, "%g", (double) bounds[j] / 1e6);
			else
				buffer_add_string(out, "+Inf");
			buffer_printf(out, "\"} %lu\n", (unsigned long) count);
		}
		buffer_printf(out, "dynamo_gateway_request_duration_seconds_sum{operation=\"%s\"} %.6f\n"
					  "dynamo_gateway_request_duration_seconds_count{operation=\"%s\"} %lu\n",
					  entry->name, (double) entry->sum_us / 1e6,
					  entry->name, (unsigned long) count);
	}
}

static void
write_gauge(Buffer *out, const char *name, const char *help, double value)
{
	write_head(out, name, "gauge", help);
	buffer_printf(out, "%s %g\n", name, value);
}

static void
write_pool(Buffer *out, PoolName name, const char *label)
{
	PoolStatus	status = pool_status(name);

	buffer_printf(out, "dynamo_gateway_database_connections{pool=\"%s\",state=\"ready\"} %d\n"
				  "dynamo_gateway_database_connections{pool=\"%s\",state=\"busy\"} %d\n"
				  "dynamo_gateway_database_connections{pool=\"%s\",state=\"down\"} %d\n",
				  label, status.idle, label, status.busy, label, status.down);
}

void
metrics_write(Buffer *out)
{
	write_requests(out);
	write_head(out, "dynamo_gateway_errors_total", "counter",
			   "Exceptions answered, by type.");
	for (size_t i = 0; i < nerrors; i++)
		buffer_printf(out, "dynamo_gateway_errors_total{type=\"%s\"} %lu\n",
					  errors[i].name, (unsigned long) errors[i].count);
	for (size_t i = 0; i < METRICS_NUM_COUNTERS; i++)
	{
		write_head(out, counter_texts[i].name, "counter", counter_texts[i].help);
		buffer_printf(out, "%s %lu\n", counter_texts[i].name,
					  (unsigned long) counters[i]);
	}
	write_head(out, "dynamo_gateway_database_connections", "gauge",
			   "Connections to the database, by what they do.");
	write_pool(out, POOL_PRIMARY, "primary");
	write_pool(out, POOL_REPLICA, "replica");
	write_gauge(out, "dynamo_gateway_requests_running",
				"Requests that are in the database.", pool_running());
	write_gauge(out, "dynamo_gateway_requests_queued",
				"Requests that wait for a connection.", pool_queued());
	write_gauge(out, "dynamo_gateway_client_connections",
				"Connections of clients that have sent something.", http_connections());
	write_gauge(out, "dynamo_gateway_replica_usable",
				"Whether eventually consistent reads go to the replica.",
				pool_replica_usable() ? 1 : 0);
}
