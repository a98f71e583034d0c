/*
 * metrics.h - counters and histograms, in Prometheus's text format.
 */
#ifndef GATEWAY_METRICS_H
#define GATEWAY_METRICS_H

#include <stdint.h>

#include "buffer.h"

/* One request has been answered: its operation (or ""), status and time. */
extern void metrics_request(const char *operation, int status, int64_t us);

/* An exception has been answered, by its name. */
extern void metrics_error(const char *name);

typedef enum MetricsCounter
{
	METRICS_QUEUE_REJECTED,		/* requests: the queue was full */
	METRICS_QUEUE_TIMED_OUT,	/* requests: they waited too long */
	METRICS_RETRIED,			/* requests: sent again on another connection */
	METRICS_REPLICA_READS,		/* requests answered by the replica */
	METRICS_REPLICA_FALLBACKS,	/* requests the replica could not answer */
	METRICS_CONNECTIONS_LOST,	/* connections to the database */
	METRICS_CLIENTS_TIMED_OUT,	/* connections of slow clients closed */
	METRICS_NUM_COUNTERS
} MetricsCounter;

extern void metrics_count(MetricsCounter counter);

/* Append all metrics; the gauges are asked of their owners. */
extern void metrics_write(Buffer *out);

#endif							/* GATEWAY_METRICS_H */
