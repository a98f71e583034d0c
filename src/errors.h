/*
 * errors.h - DynamoDB's exceptions as Postgres errors.
 *
 * Each exception has an SQLSTATE of class DY; the table in errors.c maps
 * name, SQLSTATE and HTTP status.  The Postgres message is DynamoDB's
 * message, the detail (when there is one) is a JSON object with the
 * structured parts of the exception (Item, CancellationReasons).
 */
#ifndef DYNAMO_ERRORS_H
#define DYNAMO_ERRORS_H

/* 18 replaced pg_attribute_noreturn(), which came after the declaration */
#if PG_VERSION_NUM < 180000
#define pg_noreturn	pg_attribute_noreturn()
#endif

typedef enum DynamoErrorCode
{
	DYNAMO_VALIDATION,
	DYNAMO_SERIALIZATION,
	DYNAMO_UNKNOWN_OPERATION,
	DYNAMO_ACCESS_DENIED,
	DYNAMO_RESOURCE_NOT_FOUND,
	DYNAMO_RESOURCE_IN_USE,
	DYNAMO_TABLE_NOT_FOUND,
	DYNAMO_LIMIT_EXCEEDED,
	DYNAMO_CONDITIONAL_CHECK_FAILED,
	DYNAMO_TRANSACTION_CANCELED,
	DYNAMO_TRANSACTION_CONFLICT,
	DYNAMO_TRANSACTION_IN_PROGRESS,
	DYNAMO_IDEMPOTENT_PARAMETER_MISMATCH,
	DYNAMO_PROVISIONED_THROUGHPUT_EXCEEDED,
	DYNAMO_ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED,
	DYNAMO_DUPLICATE_ITEM,
	DYNAMO_EXPIRED_ITERATOR,
	DYNAMO_TRIMMED_DATA_ACCESS,
	DYNAMO_THROTTLING,
	DYNAMO_NUM_ERROR_CODES
} DynamoErrorCode;

/* A printf-style message as a string, without translation. */
extern char *dynamo_format(const char *fmt, va_list args)
			pg_attribute_printf(1, 0);

/* Raise exception `code` with a printf-style message. */
pg_noreturn extern void dynamo_error(DynamoErrorCode code, const char *fmt,...)
			pg_attribute_printf(2, 3);

/* The same with a detail: JSON text of the exception's structured parts. */
pg_noreturn extern void dynamo_error_detail(DynamoErrorCode code, const char *detail,
											const char *message);

/* The same with a hint: what Postgres itself had to say. */
pg_noreturn extern void dynamo_error_hint(DynamoErrorCode code, const char *hint,
										  const char *message);

/*
 * While true, what the server says at level LOG is kept out of its log: for
 * what is done again and again.
 */
extern bool errors_hide_log;

/* Name of the exception of an SQLSTATE; NULL if it is none. */
extern const char *dynamo_exception_name(int sqlstate);

/* ValidationException, much the most frequent. */
#define validation_error(...) dynamo_error(DYNAMO_VALIDATION, __VA_ARGS__)

/* "One or more parameter values were invalid: " + text */
#define INVALID_PARAMETER "One or more parameter values were invalid: "

#endif							/* DYNAMO_ERRORS_H */
