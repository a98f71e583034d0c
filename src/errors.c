/*
 * errors.c - the table of DynamoDB's exceptions, and raising them.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "dynamo.h"
#include "errors.h"

typedef struct DynamoErrorInfo
{
	const char *name;			/* as clients see it in __type */
	int			sqlstate;
	int			http_status;
} DynamoErrorInfo;

#define DY(c)	MAKE_SQLSTATE('D', 'Y', '0', (c)[0], (c)[1])

/* In the order of SQLSTATEs. */
static const DynamoErrorInfo error_table[DYNAMO_NUM_ERROR_CODES] =
{
	[DYNAMO_VALIDATION] = {"ValidationException", DY("01"), 400},
	[DYNAMO_SERIALIZATION] = {"SerializationException", DY("02"), 400},
	[DYNAMO_UNKNOWN_OPERATION] = {"UnknownOperationException", DY("03"), 400},
	[DYNAMO_ACCESS_DENIED] = {"AccessDeniedException", DY("04"), 400},
	[DYNAMO_RESOURCE_NOT_FOUND] = {"ResourceNotFoundException", DY("05"), 400},
	[DYNAMO_RESOURCE_IN_USE] = {"ResourceInUseException", DY("06"), 400},
	[DYNAMO_TABLE_NOT_FOUND] = {"TableNotFoundException", DY("07"), 400},
	[DYNAMO_LIMIT_EXCEEDED] = {"LimitExceededException", DY("08"), 400},
	[DYNAMO_CONDITIONAL_CHECK_FAILED] = {"ConditionalCheckFailedException", DY("09"), 400},
	[DYNAMO_TRANSACTION_CANCELED] = {"TransactionCanceledException", DY("10"), 400},
	[DYNAMO_TRANSACTION_CONFLICT] = {"TransactionConflictException", DY("11"), 400},
	[DYNAMO_TRANSACTION_IN_PROGRESS] = {"TransactionInProgressException", DY("12"), 400},
	[DYNAMO_IDEMPOTENT_PARAMETER_MISMATCH] = {"IdempotentParameterMismatchException", DY("13"), 400},
	[DYNAMO_PROVISIONED_THROUGHPUT_EXCEEDED] = {"ProvisionedThroughputExceededException", DY("14"), 400},
	[DYNAMO_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED] = {"ItemCollectionSizeLimitExceededException", DY("15"), 400},
	[DYNAMO_DUPLICATE_ITEM] = {"DuplicateItemException", DY("16"), 400},
	[DYNAMO_EXPIRED_ITERATOR] = {"ExpiredIteratorException", DY("17"), 400},
	[DYNAMO_TRIMMED_DATA_ACCESS] = {"TrimmedDataAccessException", DY("18"), 400},
	[DYNAMO_THROTTLING] = {"ThrottlingException", DY("19"), 400},
};

/* By hand: errmsg would look the text up for translation. */
char *
dynamo_format(const char *fmt, va_list args)
{
	StringInfoData message;

	initStringInfo(&message);
	for (;;)
	{
		va_list		copy;
		int			needed;

		va_copy(copy, args);
		needed = appendStringInfoVA(&message, fmt, copy);
		va_end(copy);
		if (needed == 0)
			return message.data;
		enlargeStringInfo(&message, needed);
	}
}

void
dynamo_error(DynamoErrorCode code, const char *fmt,...)
{
	char	   *message;
	va_list		args;

	va_start(args, fmt);
	message = dynamo_format(fmt, args);
	va_end(args);
	ereport(ERROR,
			(errcode(error_table[code].sqlstate),
			 errmsg_internal("%s", message)));
}

void
dynamo_error_detail(DynamoErrorCode code, const char *detail,
					const char *message)
{
	ereport(ERROR,
			(errcode(error_table[code].sqlstate),
			 errmsg_internal("%s", message),
			 errdetail_internal("%s", detail)));
}

void
dynamo_error_hint(DynamoErrorCode code, const char *hint, const char *message)
{
	ereport(ERROR,
			(errcode(error_table[code].sqlstate),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

const char *
dynamo_exception_name(int sqlstate)
{
	for (int i = 0; i < DYNAMO_NUM_ERROR_CODES; i++)
	{
		if (error_table[i].sqlstate == sqlstate)
			return error_table[i].name;
	}
	return NULL;
}

PG_FUNCTION_INFO_V1(dynamo_exceptions);

/*
 * dynamo.exceptions() RETURNS TABLE (sqlstate text, name text,
 * http_status int): the table above, for programs that speak HTTP
 */
Datum
dynamo_exceptions(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < DYNAMO_NUM_ERROR_CODES; i++)
	{
		const DynamoErrorInfo *info = &error_table[i];
		Datum		values[3];
		bool		nulls[3] = {0};

		values[0] = CStringGetTextDatum(unpack_sql_state(info->sqlstate));
		values[1] = CStringGetTextDatum(info->name);
		values[2] = Int32GetDatum(info->http_status);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- the server log ---- */

static emit_log_hook_type next_emit_log_hook = NULL;

bool		errors_hide_log = false;

/*
 * Exceptions of DynamoDB are results, not incidents: keep them out of the
 * server log unless asked for.
 */
static void
hide_exceptions(ErrorData *edata)
{
	if (!dynamo_log_errors && edata->elevel == ERROR &&
		ERRCODE_TO_CATEGORY(edata->sqlerrcode) == MAKE_SQLSTATE('D', 'Y', '0', '0', '0'))
		edata->output_to_server = false;
	if (errors_hide_log && edata->elevel == LOG)
		edata->output_to_server = false;
	if (next_emit_log_hook)
		next_emit_log_hook(edata);
}

void
errors_init(void)
{
	next_emit_log_hook = emit_log_hook;
	emit_log_hook = hide_exceptions;
}
