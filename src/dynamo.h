/*
 * dynamo.h - settings of the extension.
 */
#ifndef DYNAMO_H
#define DYNAMO_H

extern char *dynamo_account_id;
extern int	dynamo_capacity_buckets;
extern bool dynamo_enforce_capacity;
extern bool dynamo_log_errors;
extern int	dynamo_max_workers;
extern char *dynamo_region;
extern int	dynamo_stream_max_wal;
extern int	dynamo_stream_retention;
extern int	dynamo_stream_shards;
extern int	dynamo_ttl_batch;
extern int	dynamo_ttl_interval;
extern int	dynamo_ttl_rate;
extern int	dynamo_worker_naptime;

/* errors.c: keep DynamoDB's exceptions out of the server log */
extern void errors_init(void);

#endif							/* DYNAMO_H */
