/*
 * access_keys.c - the access keys of the gateway, in dynamo.access_keys.
 *
 * Nobody has privileges on the secrets but the table's owner and whom the
 * owner grants them, the gateway's role.  Keys are made and deleted on behalf
 * of a caller who can SET ROLE to the role of the key: who could act as the
 * role anyway.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "api/roles.h"
#include "compat.h"
#include "model/attribute_value.h"

/* Gateways listen here; the payload is the id of the key, or empty for all. */
#define KEYS_CHANNEL	"dynamo_access_keys"

#define ID_PREFIX		"AKIA"
#define ID_DIGITS		16		/* of five random bits each */
#define ID_LENGTH		(sizeof(ID_PREFIX) - 1 + ID_DIGITS)
#define SECRET_BYTES	30
#define SECRET_LENGTH	(SECRET_BYTES / 3 * 4)

/* ---- making keys ---- */

static void
fill_random(unsigned char *bytes, size_t len)
{
	if (!pg_strong_random(bytes, len))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
}

/* An id as Amazon makes them. */
static void
make_id(char *id)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char bytes[ID_DIGITS];

	fill_random(bytes, sizeof(bytes));
	memcpy(id, ID_PREFIX, sizeof(ID_PREFIX) - 1);
	for (int i = 0; i < ID_DIGITS; i++)
		id[sizeof(ID_PREFIX) - 1 + i] = digits[bytes[i] % 32];
	id[ID_LENGTH] = '\0';
}

static void
make_secret(char *secret)
{
	unsigned char bytes[SECRET_BYTES];

	fill_random(bytes, sizeof(bytes));
	base64_encode(bytes, sizeof(bytes), secret);
	secret[SECRET_LENGTH] = '\0';
}

/* ---- the table ---- */

/* Run a statement on dynamo.access_keys as the owner of that table. */
static void
execute_as_owner(const char *sql, int nargs, Oid *types, Datum *values,
				 int expected)
{
	Relation	rel = table_open(get_relname_relid("access_keys",
												   get_namespace_oid("dynamo", false)),
								 AccessShareLock);
	Oid			caller;
	int			sec_context;
	int			result;

	GetUserIdAndSecContext(&caller, &sec_context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	result = SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0);
	if (result != expected)
		elog(ERROR, "SPI_execute_with_args returned %s for: %s",
			 SPI_result_code_string(result), sql);
	SetUserIdAndSecContext(caller, sec_context);
	table_close(rel, NoLock);
}

PG_FUNCTION_INFO_V1(dynamo_create_access_key);

/*
 * dynamo.create_access_key(role name, OUT access_key_id text,
 * OUT secret_access_key text)
 */
Datum
dynamo_create_access_key(PG_FUNCTION_ARGS)
{
	Name		role = PG_GETARG_NAME(0);
	char		id[ID_LENGTH + 1];
	char		secret[SECRET_LENGTH + 1];
	TupleDesc	tupdesc;
	Oid			types[] = {TEXTOID, TEXTOID, NAMEOID};
	Datum		values[3];
	bool		nulls[2] = {0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	(void) role_to_act_as(NameStr(*role));
	make_id(id);
	make_secret(secret);

	values[0] = CStringGetTextDatum(id);
	values[1] = CStringGetTextDatum(secret);
	values[2] = NameGetDatum(role);
	SPI_connect();
	execute_as_owner("INSERT INTO dynamo.access_keys "
					 "(access_key_id, secret_access_key, role_name) VALUES ($1, $2, $3)",
					 lengthof(types), types, values, SPI_OK_INSERT);
	SPI_finish();

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

/* May the current user delete keys of a role?  It may be gone. */
static bool
can_delete_keys_of(const char *role_name)
{
	Oid			role = get_role_oid(role_name, true);

	return OidIsValid(role) ? compat_can_set_role(GetUserId(), role) : superuser();
}

PG_FUNCTION_INFO_V1(dynamo_delete_access_key);

/* dynamo.delete_access_key(access_key_id text) RETURNS boolean */
Datum
dynamo_delete_access_key(PG_FUNCTION_ARGS)
{
	Oid			types[] = {TEXTOID};
	Datum		values[] = {PG_GETARG_DATUM(0)};
	bool		found;

	SPI_connect();
	execute_as_owner("DELETE FROM dynamo.access_keys "
					 "WHERE access_key_id OPERATOR(pg_catalog.=) $1 RETURNING role_name",
					 lengthof(types), types, values, SPI_OK_DELETE_RETURNING);
	found = SPI_processed > 0;
	if (found)
	{
		char	   *role_name = SPI_getvalue(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1);

		/* An error undoes the deletion. */
		if (!can_delete_keys_of(role_name))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied for access keys of role \"%s\"",
							role_name)));
	}
	SPI_finish();
	PG_RETURN_BOOL(found);
}

/* ---- telling gateways ---- */

/* Notify of the key in a row; the same id twice is one notification. */
static void
notify_row(HeapTuple tuple, TupleDesc tupdesc)
{
	int			attnum = SPI_fnumber(tupdesc, "access_key_id");
	char	   *id = attnum > 0 ? SPI_getvalue(tuple, tupdesc, attnum) : NULL;

	if (id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.notify_access_key is a trigger of dynamo.access_keys")));
	Async_Notify(KEYS_CHANNEL, id);
}

PG_FUNCTION_INFO_V1(dynamo_notify_access_key);

/* AFTER trigger, for each row or of TRUNCATE */
Datum
dynamo_notify_access_key(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	tupdesc;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("dynamo.notify_access_key must be fired after a change")));
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		Async_Notify(KEYS_CHANNEL, "");
		return PointerGetDatum(NULL);
	}
	tupdesc = RelationGetDescr(trigger->tg_relation);
	notify_row(trigger->tg_trigtuple, tupdesc);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		notify_row(trigger->tg_newtuple, tupdesc);
	return PointerGetDatum(NULL);
}
