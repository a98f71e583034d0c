/*
 * table_settings.c - what requests say of the capacity, billing mode and
 * encryption of tables, and of the capacity of global indexes.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "pgtime.h"
#include "utils/timestamp.h"

#include "api/parameters.h"
#include "api/request.h"
#include "api/table_settings.h"
#include "dynamo.h"
#include "errors.h"

/* Capacity units that are accepted at all. */
#define CAPACITY_MAX	INT64CONST(1000000000000)

/*
 * So many decreases are free on a day, which begins at midnight UTC; each
 * further one must come an hour after the one before.
 */
#define FREE_DECREASES		4
#define DECREASE_INTERVAL	(USECS_PER_HOUR)

/* What a table on demand can do at once from the beginning. */
#define WARM_READ_DEFAULT	12000
#define WARM_WRITE_DEFAULT	4000

/* The key that the service makes for an account, and the longest id of one. */
#define DEFAULT_KMS_KEY	"alias/aws/dynamodb"
#define KMS_KEY_MAX		2048

/* ---- times ---- */

void
set_epoch(JsonNode *node, TimestampTz time)
{
	json_set_decimal(node, (double) (time / 1000) / 1000.0 +
					 (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY, 3);
}

/* A time in UTC, in the form of strftime(). */
static char *
format_time(TimestampTz time, const char *format)
{
	pg_time_t	seconds = timestamptz_to_time_t(time);
	char		out[128];

	pg_strftime(out, sizeof(out), format, pg_gmtime(&seconds));
	return pstrdup(out);
}

/* "Friday, January 2, 2026 at 3:04:05 PM Coordinated Universal Time" */
static char *
format_long(TimestampTz time)
{
	pg_time_t	seconds = timestamptz_to_time_t(time);
	const struct pg_tm *tm = pg_gmtime(&seconds);

	return psprintf("%s %d, %d at %d:%s Coordinated Universal Time",
					format_time(time, "%A, %B"), tm->tm_mday, tm->tm_year + 1900,
					(tm->tm_hour + 11) % 12 + 1, format_time(time, "%M:%S %p"));
}

static bool
same_utc_day(TimestampTz a, TimestampTz b)
{
	return a / USECS_PER_DAY == b / USECS_PER_DAY;
}

/* ---- provisioned capacity ---- */

/* One of the units of a ProvisionedThroughput. */
static int64
read_units(const JsonNode *provisioned, const char *name, const char *index)
{
	int64		units = request_int(json_get(provisioned, name));

	if (units > CAPACITY_MAX && index)
		validation_error("Given value " INT64_FORMAT " for %s is out of bounds for index %s",
						 units, name, index);
	if (units > CAPACITY_MAX)
		validation_error("Given value " INT64_FORMAT " for %s is out of bounds",
						 units, name);
	return units;
}

void
read_provisioned(const JsonNode *provisioned, const char *index, int64 *read,
				 int64 *write)
{
	*read = read_units(provisioned, "ReadCapacityUnits", index);
	*write = read_units(provisioned, "WriteCapacityUnits", index);
}

/* Refuse capacity that changes nothing. */
static void
check_provisioned_changes(const Throughput *old, const char *what, int64 read,
						  int64 write)
{
	if (read == old->read_capacity && write == old->write_capacity)
		validation_error("The provisioned throughput for the %s will not change. The requested value equals the current value. "
						 "Current ReadCapacityUnits provisioned for the %s: " INT64_FORMAT ". "
						 "Requested ReadCapacityUnits: " INT64_FORMAT ". "
						 "Current WriteCapacityUnits provisioned for the %s: " INT64_FORMAT ". "
						 "Requested WriteCapacityUnits: " INT64_FORMAT ". "
						 "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
						 what, what, old->read_capacity, read,
						 what, old->write_capacity, write);
}

/* Decreases on the day of a time. */
static int
decreases_on_day(const Throughput *throughput, TimestampTz now)
{
	return throughput->last_decrease &&
		same_utc_day(throughput->last_decrease, now) ? throughput->decreases : 0;
}

/* Count a decrease, if it is allowed already. */
static void
count_decrease(Throughput *throughput, TimestampTz now)
{
	int			today = decreases_on_day(throughput, now);
	TimestampTz next = throughput->last_decrease + DECREASE_INTERVAL;

	if (today >= FREE_DECREASES && now < next)
		dynamo_error(DYNAMO_LIMIT_EXCEEDED,
					 "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. "
					 "After the first %d decreases, each subsequent decrease in the same UTC day can be performed at most once every %d seconds. "
					 "Number of decreases today: %d. Last decrease at %s. Next decrease can be made at %s",
					 FREE_DECREASES, (int) (DECREASE_INTERVAL / USECS_PER_SEC),
					 today, format_long(throughput->last_decrease),
					 format_long(next));
	throughput->decreases = today + 1;
	throughput->last_decrease = now;
}

void
change_provisioned(Throughput *throughput, const char *index, int64 read,
				   int64 write)
{
	TimestampTz now = GetCurrentTimestamp();

	check_provisioned_changes(throughput, index ? "index" : "table", read, write);
	if (read < throughput->read_capacity || write < throughput->write_capacity)
		count_decrease(throughput, now);
	if (read > throughput->read_capacity || write > throughput->write_capacity)
		throughput->last_increase = now;
	throughput->read_capacity = read;
	throughput->write_capacity = write;
}

/* ---- billing mode ---- */

void
clear_provisioned(Throughput *throughput)
{
	throughput->read_capacity = throughput->write_capacity = 0;
}

void
clear_on_demand_limits(Throughput *throughput)
{
	throughput->max_read_units = throughput->max_write_units = 0;
}

void
switch_to_on_demand(TableRow *row)
{
	static const char format[] = "%a %b %d %H:%M:%S UTC %Y";
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz first = row->switches[ON_DEMAND_SWITCHES_MAX - 1];

	if (first && now < first + USECS_PER_DAY)
		dynamo_error(DYNAMO_LIMIT_EXCEEDED,
					 "Subscriber limit exceeded: Update to PayPerRequest mode are limited to %d times in 1 day(s). "
					 "Last update at %s. Next update can be made at %s",
					 ON_DEMAND_SWITCHES_MAX,
					 format_time(row->switches[0], format),
					 format_time(first + USECS_PER_DAY, format));
	memmove(&row->switches[1], &row->switches[0],
			sizeof(TimestampTz) * (ON_DEMAND_SWITCHES_MAX - 1));
	row->switches[0] = now;
	row->billing_mode = BILLING_PAY_PER_REQUEST;
	row->on_demand_since = now;
	clear_provisioned(&row->throughput);
}

void
switch_to_provisioned(TableRow *row)
{
	row->billing_mode = BILLING_PROVISIONED;
	clear_on_demand_limits(&row->throughput);
}

/* ---- other capacity ---- */

/* "table", or "index i": what a message is about. */
static const char *
subject(const char *index)
{
	return index ? psprintf("index %s", index) : "table";
}

/* One of the limits; -1 removes it.  Absent: it stays as it is. */
static void
read_limit(const JsonNode *limits, const char *name, int64 *units)
{
	const JsonNode *node = json_get(limits, name);
	int64		value;

	if (node == NULL)
		return;
	value = request_int(node);
	if (value > CAPACITY_MAX || value < -1 || value == 0)
		validation_error("Given value " INT64_FORMAT " for %s is out of bounds",
						 value, name);
	*units = value == -1 ? 0 : value;
}

void
read_on_demand_limits(const JsonNode *node, const char *index, bool on_demand,
					  Throughput *throughput)
{
	const JsonNode *limits = json_get(node, "OnDemandThroughput");

	if (limits == NULL)
		return;
	if (!on_demand)
		validation_error(INVALID_PARAMETER "OnDemandThroughput cannot be specified for %s when BillingMode is PROVISIONED",
						 subject(index));
	if (limits->len == 0)
		validation_error(INVALID_PARAMETER "At least one of MaxReadRequestUnits and MaxWriteRequestUnits must be specified in OnDemandThroughput for %s",
						 subject(index));
	read_limit(limits, "MaxReadRequestUnits", &throughput->max_read_units);
	read_limit(limits, "MaxWriteRequestUnits", &throughput->max_write_units);
}

/* What a table or index can do at once. */
static int64
warm_read_units(const Throughput *throughput, bool on_demand)
{
	return Max(throughput->warm_read_units,
			   on_demand ? WARM_READ_DEFAULT : throughput->read_capacity);
}

static int64
warm_write_units(const Throughput *throughput, bool on_demand)
{
	return Max(throughput->warm_write_units,
			   on_demand ? WARM_WRITE_DEFAULT : throughput->write_capacity);
}

/* One of the units of a WarmThroughput, which must not be less than now. */
static int64
read_warm_units(const JsonNode *warm, const char *name, const char *index,
				int64 current)
{
	const JsonNode *node = json_get(warm, name);
	int64		units;

	if (node == NULL)
		return current;
	units = request_int(node);
	if (units > CAPACITY_MAX)
		validation_error("Given value " INT64_FORMAT " for %s is out of bounds",
						 units, name);
	if (units < current)
		validation_error(INVALID_PARAMETER "Requested %s for WarmThroughput for %s is lower than current WarmThroughput, decreasing WarmThroughput is not supported",
						 name, subject(index));
	return units;
}

void
read_warm_throughput(const JsonNode *node, const char *index, bool on_demand,
					 Throughput *throughput)
{
	const JsonNode *warm = json_get(node, "WarmThroughput");

	if (warm == NULL)
		return;
	if (warm->len == 0)
		validation_error(INVALID_PARAMETER "At least one of ReadUnitsPerSecond and WriteUnitsPerSecond must be specified in WarmThroughput for %s",
						 subject(index));
	throughput->warm_read_units =
		read_warm_units(warm, "ReadUnitsPerSecond", index,
						warm_read_units(throughput, on_demand));
	throughput->warm_write_units =
		read_warm_units(warm, "WriteUnitsPerSecond", index,
						warm_write_units(throughput, on_demand));
}

/* ---- encryption ---- */

void
read_encryption(const JsonNode *request, TableRow *row)
{
	const JsonNode *specification = json_get(request, "SSESpecification");
	const JsonNode *key = json_get(specification, "KMSMasterKeyId");

	if (specification == NULL)
		return;
	if (member_is(specification, "SSEType", "AES256"))
		validation_error(INVALID_PARAMETER "SSEType AES256 is not supported, the only supported SSEType is KMS");
	if (!request_bool(json_get(specification, "Enabled"), false))
	{
		if (key || json_get(specification, "SSEType"))
			validation_error(INVALID_PARAMETER "%s can only be specified when SSE is enabled",
							 key ? "KMSMasterKeyId" : "SSEType");
		row->kms_key = NULL;
		return;
	}
	row->kms_key = key ? json_cstring(key) : DEFAULT_KMS_KEY;
	if (*row->kms_key == '\0' || pg_mbstrlen(row->kms_key) > KMS_KEY_MAX)
		validation_error(INVALID_PARAMETER "KMSMasterKeyId must have 1 to %d characters",
						 KMS_KEY_MAX);
}

/* ---- describing ---- */

void
describe_provisioned(JsonNode *node, const Throughput *throughput)
{
	json_set_object(node, 5);
	if (throughput->last_increase)
		set_epoch(json_add(node, "LastIncreaseDateTime"), throughput->last_increase);
	if (throughput->last_decrease)
		set_epoch(json_add(node, "LastDecreaseDateTime"), throughput->last_decrease);
	json_set_int(json_add(node, "NumberOfDecreasesToday"),
				 decreases_on_day(throughput, GetCurrentTimestamp()));
	json_set_int(json_add(node, "ReadCapacityUnits"), throughput->read_capacity);
	json_set_int(json_add(node, "WriteCapacityUnits"), throughput->write_capacity);
}

void
add_on_demand_limits(JsonNode *description, const Throughput *throughput)
{
	int64		read = throughput->max_read_units;
	int64		write = throughput->max_write_units;
	JsonNode   *node;

	if (!read && !write)
		return;
	node = json_add(description, "OnDemandThroughput");
	json_set_object(node, 2);
	json_set_int(json_add(node, "MaxReadRequestUnits"), read ? read : -1);
	json_set_int(json_add(node, "MaxWriteRequestUnits"), write ? write : -1);
}

void
add_warm_throughput(JsonNode *description, bool on_demand, const char *status,
					const Throughput *throughput)
{
	JsonNode   *node = json_add(description, "WarmThroughput");

	json_set_object(node, 3);
	json_set_int(json_add(node, "ReadUnitsPerSecond"),
				 warm_read_units(throughput, on_demand));
	json_set_int(json_add(node, "WriteUnitsPerSecond"),
				 warm_write_units(throughput, on_demand));
	json_set_string(json_add(node, "Status"), status);
}

/* The ARN of a key, which can be named by it, by its id, or by an alias. */
static char *
kms_key_arn(char *key)
{
	if (strncmp(key, "arn:", 4) == 0)
		return key;
	return psprintf("arn:aws:kms:%s:%s:%s%s", dynamo_region, dynamo_account_id,
					strncmp(key, "alias/", 6) == 0 ? "" : "key/", key);
}

void
add_encryption(JsonNode *table, const TableRow *row)
{
	JsonNode   *node;

	if (row->kms_key == NULL)
		return;
	node = json_add(table, "SSEDescription");
	json_set_object(node, 3);
	json_set_string(json_add(node, "Status"), "ENABLED");
	json_set_string(json_add(node, "SSEType"), "KMS");
	json_set_string(json_add(node, "KMSMasterKeyArn"), kms_key_arn(row->kms_key));
}
