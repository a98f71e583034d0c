/*
 * invoke_as.c - requests that run as another role than the caller's.
 *
 * A gateway serves the requests of many roles over few sessions.  What a
 * request runs, triggers of the item tables' owners included, must neither
 * get at the gateway's own role nor leave anything in the session that a
 * later request of another role would meet.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "api/arn.h"
#include "api/operations.h"
#include "api/roles.h"
#include "compat.h"
#include "errors.h"
#include "store/as_owner.h"

Oid
role_to_act_as(const char *name)
{
	Oid			role = get_role_oid(name, false);
	const char *caller;

	if (compat_can_set_role(GetUserId(), role))
		return role;
	caller = GetUserNameFromId(GetUserId(), false);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role \"%s\" cannot act as role \"%s\"", caller, name),
			 errhint("GRANT %s TO %s allows it.",
					 pstrdup(quote_identifier(name)), quote_identifier(caller))));
}

/*
 * The role of a request.  Keys outlive their roles; that one is gone is told
 * as at a login, so that it is not taken for something that a trigger misses.
 */
static Oid
request_role(const char *name)
{
	if (!OidIsValid(get_role_oid(name, true)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("role \"%s\" does not exist", name)));
	return role_to_act_as(name);
}

/* The ARN of the table that a request names, or what it gives for one, or "*". */
static const char *
request_resource(const JsonNode *request)
{
	const JsonNode *name = json_get_string(request, "TableName");
	const JsonNode *arn = json_get_string(request, "ResourceArn");

	if (arn)
		return json_cstring(arn);
	return name ? table_arn(json_cstring(name)) : "*";
}

/*
 * Run an operation that must not touch the session's temporary schema.
 *
 * A security-restricted operation refuses temporary relations, and types in
 * some minor releases only.  Types in that schema are found before those in
 * pg_catalog: a domain pg_temp.text would have its constraints run by whoever
 * writes ::text in the session later.
 */
static text *
run_without_temporary_schema(const char *name, JsonNode *request)
{
	int			flag = MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE;
	text	   *response;

	MyXactFlags &= ~XACT_FLAGS_ACCESSEDTEMPNAMESPACE;
	PG_TRY();
	{
		response = run_text_request(name, request);
		if (MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("cannot use temporary objects in a request")));
	}
	PG_FINALLY();
	{
		MyXactFlags |= flag;
	}
	PG_END_TRY();
	return response;
}

/*
 * Run an operation as the current user, who is trusted in this session or
 * not.  A privilege that Postgres finds missing is an AccessDeniedException.
 */
static text *
run_for_current_user(const char *name, JsonNode *request, bool trusted)
{
	MemoryContext context = CurrentMemoryContext;
	const char *user = GetUserNameFromId(GetUserId(), false);
	text	   *response;

	PG_TRY();
	{
		response = trusted ? run_text_request(name, request) :
			run_without_temporary_schema(name, request);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		if (geterrcode() != ERRCODE_INSUFFICIENT_PRIVILEGE)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		dynamo_error_hint(DYNAMO_ACCESS_DENIED, error->message,
						  access_denied_message(user, name, request_resource(request)));
	}
	PG_END_TRY();
	return response;
}

/*
 * The same as another role.  An error leaves the restoring to the abort of
 * the transaction or subtransaction.
 *
 * A security-restricted operation is what Postgres has for running code that
 * the session does not trust: it refuses SET ROLE, temporary tables, PREPARE,
 * DEALLOCATE, LISTEN, DISCARD and cursors WITH HOLD.  It refuses to defer
 * triggers, too, which would fire as the caller, so none is deferred.
 */
static text *
run_for_role(Oid role, const char *name, JsonNode *request)
{
	Oid			caller;
	int			sec_context;
	text	   *response;

	GetUserIdAndSecContext(&caller, &sec_context);
	SetUserIdAndSecContext(role, sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	response = run_for_current_user(name, request, false);
	SetUserIdAndSecContext(caller, sec_context);
	return response;
}

PG_FUNCTION_INFO_V1(dynamo_invoke_as);

/* dynamo.invoke_as(role name, operation text, request text) RETURNS text */
Datum
dynamo_invoke_as(PG_FUNCTION_ARGS)
{
	Oid			role = InvalidOid;
	char	   *name;
	JsonNode   *request;
	text	   *response;
	int			guc_level;

	if (!PG_ARGISNULL(0))
		role = request_role(NameStr(*PG_GETARG_NAME(0)));
	if (PG_ARGISNULL(1))
		dynamo_error(DYNAMO_SERIALIZATION, "The operation is NULL");
	if (PG_ARGISNULL(2))
		dynamo_error(DYNAMO_SERIALIZATION, "The request is NULL");
	name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	request = parse_text_request(name, PG_GETARG_TEXT_PP(2));

	/* As the caller, who queued them. */
	if (OidIsValid(role))
		fire_deferred_triggers();

	/* Settings that triggers make end with the request. */
	guc_level = NewGUCNestLevel();
	if (OidIsValid(role))
		response = run_for_role(role, name, request);
	else
		response = run_for_current_user(name, request, true);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(response);
}
