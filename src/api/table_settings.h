/*
 * table_settings.h - what requests say of the capacity, billing mode and
 * encryption of tables, and of the capacity of global indexes.
 *
 * Functions that read a request change the row that they get, and raise what
 * is not allowed; nothing is written.  `index` is the name of the index that
 * they are about, NULL for the table.
 */
#ifndef DYNAMO_TABLE_SETTINGS_H
#define DYNAMO_TABLE_SETTINGS_H

#include "model/json.h"
#include "store/catalog.h"

/* ---- provisioned capacity ---- */

/* The units of a ProvisionedThroughput, within the service's bounds. */
extern void read_provisioned(const JsonNode *provisioned, const char *index,
							 int64 *read, int64 *write);

/*
 * New provisioned capacity of what has some already, or was on demand.  It
 * must differ, and there are limits on how often it goes down.
 */
extern void change_provisioned(Throughput *throughput, const char *index,
							   int64 read, int64 write);

/* ---- billing mode ---- */

/* Switch a table to on demand, which is limited, too; or to provisioned. */
extern void switch_to_on_demand(TableRow *row);
extern void switch_to_provisioned(TableRow *row);

/* The same for the capacity of a table or index, without the limit. */
extern void clear_provisioned(Throughput *throughput);
extern void clear_on_demand_limits(Throughput *throughput);

/* ---- other capacity ---- */

/*
 * OnDemandThroughput and WarmThroughput among the members of a request, of an
 * index in it, or of an action on one.  on_demand: the table's billing mode.
 */
extern void read_on_demand_limits(const JsonNode *node, const char *index,
								  bool on_demand, Throughput *throughput);
extern void read_warm_throughput(const JsonNode *node, const char *index,
								 bool on_demand, Throughput *throughput);

/* ---- encryption ---- */

/* SSESpecification of a request, if it has one. */
extern void read_encryption(const JsonNode *request, TableRow *row);

/* ---- describing ---- */

/* ProvisionedThroughput of a description. */
extern void describe_provisioned(JsonNode *node, const Throughput *throughput);

/*
 * Add OnDemandThroughput, if there are limits, and WarmThroughput, with its
 * status, to the description of a table or an index.
 */
extern void add_on_demand_limits(JsonNode *description,
								 const Throughput *throughput);
extern void add_warm_throughput(JsonNode *description, bool on_demand,
								const char *status,
								const Throughput *throughput);

/* Add SSEDescription to that of a table whose encryption names a key. */
extern void add_encryption(JsonNode *table, const TableRow *row);

/* Seconds since 1970, with milliseconds. */
extern void set_epoch(JsonNode *node, TimestampTz time);

#endif							/* DYNAMO_TABLE_SETTINGS_H */
