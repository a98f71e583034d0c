/*
 * model_sql.c - the model's functions in SQL: marshal and unmarshal for
 * everybody, the others for tests and for operators at a psql prompt.
 *
 * Arguments are whatever a caller likes to pass: values are brought into
 * normal form first, which checks them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "errors.h"
#include "model/key.h"
#include "model/number.h"

PG_FUNCTION_INFO_V1(dynamo_json_canonical);
PG_FUNCTION_INFO_V1(dynamo_json_to_jsonb);
PG_FUNCTION_INFO_V1(dynamo_jsonb_bytes);
PG_FUNCTION_INFO_V1(dynamo_json_text);
PG_FUNCTION_INFO_V1(dynamo_json_rebuild);
PG_FUNCTION_INFO_V1(dynamo_number_normalize);
PG_FUNCTION_INFO_V1(dynamo_number_encode);
PG_FUNCTION_INFO_V1(dynamo_number_decode);
PG_FUNCTION_INFO_V1(dynamo_number_add);
PG_FUNCTION_INFO_V1(dynamo_number_subtract);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_normalize);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_compare);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_equal);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_begins_with);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_contains);
PG_FUNCTION_INFO_V1(dynamo_attribute_value_function_size);
PG_FUNCTION_INFO_V1(dynamo_item_normalize);
PG_FUNCTION_INFO_V1(dynamo_item_is_normal);
PG_FUNCTION_INFO_V1(dynamo_item_size);
PG_FUNCTION_INFO_V1(dynamo_item_get);
PG_FUNCTION_INFO_V1(dynamo_key_encode);
PG_FUNCTION_INFO_V1(dynamo_key_decode);
PG_FUNCTION_INFO_V1(dynamo_key_prefix_successor);
PG_FUNCTION_INFO_V1(dynamo_key_partition_length);
PG_FUNCTION_INFO_V1(dynamo_key_segment_bounds);
PG_FUNCTION_INFO_V1(dynamo_marshal);
PG_FUNCTION_INFO_V1(dynamo_unmarshal);

/*-------------------------------------------------------------------------
 * JSON
 *-------------------------------------------------------------------------
 */

/* JSON text parsed and written again; NULL if it is no JSON. */
Datum
dynamo_json_canonical(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	JsonNode   *node = json_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));
	StringInfoData out;

	if (node == NULL)
		PG_RETURN_NULL();
	initStringInfo(&out);
	json_append(&out, node);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* JSON text as jsonb in stored form; NULL if it is no JSON. */
Datum
dynamo_json_to_jsonb(PG_FUNCTION_ARGS)
{
	text	   *in = PG_GETARG_TEXT_PP(0);
	JsonNode   *node = json_parse(VARDATA_ANY(in), VARSIZE_ANY_EXHDR(in));

	if (node == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(json_to_jsonb(node));
}

/* The bytes of a jsonb as they are on disk. */
Datum
dynamo_jsonb_bytes(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	Size		len = VARSIZE(in);
	bytea	   *result = palloc(len);

	SET_VARSIZE(result, len);
	memcpy(VARDATA(result), VARDATA(in), len - VARHDRSZ);
	PG_RETURN_BYTEA_P(result);
}

/*
 * A jsonb as text, straight from its bytes or (second argument) through a
 * tree.
 */
Datum
dynamo_json_text(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	StringInfoData out;

	initStringInfo(&out);
	if (PG_GETARG_BOOL(1))
		json_append(&out, json_node_from_jsonb(in));
	else
		json_append_container(&out, &in->root);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* A jsonb unpacked by one level and put together again. */
Datum
dynamo_json_rebuild(PG_FUNCTION_ARGS)
{
	Jsonb	   *in = PG_GETARG_JSONB_P(0);
	JsonNode	node;

	json_set_jsonb(&node, in);
	json_node_expand(&node);
	PG_RETURN_JSONB_P(json_to_jsonb(&node));
}

/*-------------------------------------------------------------------------
 * Numbers
 *-------------------------------------------------------------------------
 */

/* Parse a text argument, raising ValidationException if it is no number. */
static void
number_argument(text *arg, Number *result)
{
	number_parse_or_error(VARDATA_ANY(arg), VARSIZE_ANY_EXHDR(arg), result);
}

static text *
number_to_text(const Number *num)
{
	char		buf[NUMBER_MAX_TEXT];

	return cstring_to_text_with_len(buf, number_format(num, buf));
}

Datum
dynamo_number_normalize(PG_FUNCTION_ARGS)
{
	Number		num;

	number_argument(PG_GETARG_TEXT_PP(0), &num);
	PG_RETURN_TEXT_P(number_to_text(&num));
}

Datum
dynamo_number_encode(PG_FUNCTION_ARGS)
{
	Number		num;
	bytea	   *result = palloc(VARHDRSZ + NUMBER_MAX_ENCODED);

	number_argument(PG_GETARG_TEXT_PP(0), &num);
	SET_VARSIZE(result, VARHDRSZ +
				number_encode(&num, (unsigned char *) VARDATA(result)));
	PG_RETURN_BYTEA_P(result);
}

/* NULL if the bytes are no encoded number, or more than one. */
Datum
dynamo_number_decode(PG_FUNCTION_ARGS)
{
	bytea	   *arg = PG_GETARG_BYTEA_PP(0);
	Number		num;

	if (number_decode((unsigned char *) VARDATA_ANY(arg),
					  VARSIZE_ANY_EXHDR(arg), &num) !=
		(int) VARSIZE_ANY_EXHDR(arg))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(number_to_text(&num));
}

static Datum
add_numbers(FunctionCallInfo fcinfo, bool subtract)
{
	Number		a;
	Number		b;
	Number		result;
	NumberStatus status;

	number_argument(PG_GETARG_TEXT_PP(0), &a);
	number_argument(PG_GETARG_TEXT_PP(1), &b);
	status = number_add(&a, &b, subtract, &result);
	if (status != NUMBER_OK)
		number_error(status, NULL, 0);
	PG_RETURN_TEXT_P(number_to_text(&result));
}

Datum
dynamo_number_add(PG_FUNCTION_ARGS)
{
	return add_numbers(fcinfo, false);
}

Datum
dynamo_number_subtract(PG_FUNCTION_ARGS)
{
	return add_numbers(fcinfo, true);
}

/*-------------------------------------------------------------------------
 * Attribute values and items
 *-------------------------------------------------------------------------
 */

/* View of a jsonb argument after it has been brought into normal form. */
static void
value_argument(Jsonb *arg, AttrValue *result)
{
	JsonNode	node;

	json_set_jsonb(&node, arg);
	attr_value_normalize(&node);
	attr_value_from_node(&node, result);
}

/* An item argument in normal form. */
static Jsonb *
item_argument(Jsonb *arg)
{
	JsonNode	node;

	if (item_is_normal(&arg->root))
		return arg;
	json_set_jsonb(&node, arg);
	attr_map_normalize(&node);
	return json_to_jsonb(&node);
}

Datum
dynamo_attribute_value_normalize(PG_FUNCTION_ARGS)
{
	JsonNode   *node = json_node_from_jsonb(PG_GETARG_JSONB_P(0));

	attr_value_normalize(node);
	PG_RETURN_JSONB_P(json_to_jsonb(node));
}

/* -1, 0, 1, or NULL if the values have no order. */
Datum
dynamo_attribute_value_compare(PG_FUNCTION_ARGS)
{
	AttrValue	a;
	AttrValue	b;
	int			result;

	value_argument(PG_GETARG_JSONB_P(0), &a);
	value_argument(PG_GETARG_JSONB_P(1), &b);
	if (!attr_value_compare(&a, &b, &result))
		PG_RETURN_NULL();
	PG_RETURN_INT32(result < 0 ? -1 : (result > 0 ? 1 : 0));
}

/* What a relation of two attribute values says of the arguments. */
static Datum
relate_arguments(FunctionCallInfo fcinfo,
				 bool (*relation) (const AttrValue *, const AttrValue *))
{
	AttrValue	a;
	AttrValue	b;

	value_argument(PG_GETARG_JSONB_P(0), &a);
	value_argument(PG_GETARG_JSONB_P(1), &b);
	PG_RETURN_BOOL(relation(&a, &b));
}

Datum
dynamo_attribute_value_equal(PG_FUNCTION_ARGS)
{
	return relate_arguments(fcinfo, attr_value_equal);
}

Datum
dynamo_attribute_value_begins_with(PG_FUNCTION_ARGS)
{
	return relate_arguments(fcinfo, attr_value_begins_with);
}

Datum
dynamo_attribute_value_contains(PG_FUNCTION_ARGS)
{
	return relate_arguments(fcinfo, attr_value_contains);
}

Datum
dynamo_attribute_value_function_size(PG_FUNCTION_ARGS)
{
	AttrValue	value;
	int64		size;

	value_argument(PG_GETARG_JSONB_P(0), &value);
	if (!attr_value_function_size(&value, &size))
		PG_RETURN_NULL();
	PG_RETURN_INT64(size);
}

Datum
dynamo_item_normalize(PG_FUNCTION_ARGS)
{
	JsonNode   *node = json_node_from_jsonb(PG_GETARG_JSONB_P(0));

	attr_map_normalize(node);
	PG_RETURN_JSONB_P(json_to_jsonb(node));
}

Datum
dynamo_item_is_normal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(item_is_normal(&PG_GETARG_JSONB_P(0)->root));
}

Datum
dynamo_item_size(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(item_size(&item_argument(PG_GETARG_JSONB_P(0))->root));
}

/* An attribute of an item by its name; NULL if absent. */
Datum
dynamo_item_get(PG_FUNCTION_ARGS)
{
	Jsonb	   *item = item_argument(PG_GETARG_JSONB_P(0));
	text	   *name = PG_GETARG_TEXT_PP(1);
	AttrValue	value;
	JsonNode	node;

	if (!attr_get(&item->root, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
				  &value))
		PG_RETURN_NULL();
	attr_value_to_node(&value, &node);
	PG_RETURN_JSONB_P(json_to_jsonb(&node));
}

/*-------------------------------------------------------------------------
 * Keys
 *-------------------------------------------------------------------------
 */

/* Make a key schema of types and the number of partition attributes. */
static void
schema_arguments(ArrayType *types, int32 npartition, KeySchema *schema)
{
	Datum	   *elems;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(types, TEXTOID, -1, false, TYPALIGN_INT,
					  &elems, &nulls, &n);
	if (npartition < 1 || npartition > KEY_MAX_ATTRS / 2 || n < npartition ||
		n - npartition > KEY_MAX_ATTRS / 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a key has one to four partition attributes and up to four sort attributes")));
	memset(schema, 0, sizeof(KeySchema));
	schema->npartition = npartition;
	schema->nsort = n - npartition;
	for (i = 0; i < n; i++)
	{
		text	   *name = nulls[i] ? NULL : DatumGetTextPP(elems[i]);

		if (name == NULL ||
			!attr_type_from_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
								 &schema->attrs[i].type) ||
			schema->attrs[i].type > ATTR_B)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the type of a key attribute is S, N or B")));
	}
}

/*
 * Encode an array of attribute values; fewer values than attributes give a
 * prefix, whose last value is left open if so wanted.
 */
Datum
dynamo_key_encode(PG_FUNCTION_ARGS)
{
	KeySchema	schema;
	AttrValue	values[KEY_MAX_ATTRS];
	JsonNode   *array = json_node_from_jsonb(PG_GETARG_JSONB_P(2));
	uint32		i;

	schema_arguments(PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_INT32(1), &schema);
	if (array->kind != JSON_ARRAY || array->len < schema.npartition ||
		array->len > KEY_NATTRS(&schema))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("key values must be an array that fits the schema")));
	for (i = 0; i < array->len; i++)
	{
		attr_value_normalize(&array->u.elems[i]);
		attr_value_from_node(&array->u.elems[i], &values[i]);
		if (values[i].type != schema.attrs[i].type || values[i].len == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("key value %u is empty or not of type %s", i + 1,
							attr_type_name(schema.attrs[i].type))));
	}
	PG_RETURN_BYTEA_P(key_encode_prefix(&schema, values,
										array->len - schema.npartition,
										PG_GETARG_BOOL(3)));
}

/* The array of attribute values; NULL if digested or malformed. */
Datum
dynamo_key_decode(PG_FUNCTION_ARGS)
{
	KeySchema	schema;
	JsonNode	array;
	int			i;

	schema_arguments(PG_GETARG_ARRAYTYPE_P(0), PG_GETARG_INT32(1), &schema);
	json_set_array(&array, KEY_MAX_ATTRS);
	for (i = 0; i < KEY_NATTRS(&schema); i++)
		json_push(&array);
	if (!key_decode(&schema, PG_GETARG_BYTEA_PP(2), array.u.elems))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(json_to_jsonb(&array));
}

Datum
dynamo_key_prefix_successor(PG_FUNCTION_ARGS)
{
	bytea	   *result = key_prefix_successor(PG_GETARG_BYTEA_PP(0));

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}

Datum
dynamo_key_partition_length(PG_FUNCTION_ARGS)
{
	bytea	   *key = PG_GETARG_BYTEA_PP(0);

	PG_RETURN_INT32(key_partition_length(VARDATA_ANY(key),
										 VARSIZE_ANY_EXHDR(key)));
}

/* Lower and upper bound of a segment; NULL elements for none. */
Datum
dynamo_key_segment_bounds(PG_FUNCTION_ARGS)
{
	int32		segment = PG_GETARG_INT32(0);
	int32		total_segments = PG_GETARG_INT32(1);
	bytea	   *bounds[2];
	Datum		elems[2];
	bool		nulls[2];
	int			dims[1] = {2};
	int			lower_bounds[1] = {1};

	if (segment < 0 || segment >= total_segments)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("segment must be between 0 and the total minus 1")));
	key_segment_bounds(segment, total_segments, &bounds[0], &bounds[1]);
	elems[0] = PointerGetDatum(bounds[0]);
	elems[1] = PointerGetDatum(bounds[1]);
	nulls[0] = (bounds[0] == NULL);
	nulls[1] = (bounds[1] == NULL);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elems, nulls, 1, dims,
											 lower_bounds, BYTEAOID, -1,
											 false, TYPALIGN_INT));
}

/*-------------------------------------------------------------------------
 * Plain JSON to attribute values and back
 *-------------------------------------------------------------------------
 */

/* How strings and values are converted, one way or the other. */
typedef void (*ConvertString) (const char *str, uint32 len, const char **out,
							   uint32 *out_len);
typedef void (*ConvertValue) (const JsonNode *in, JsonNode *out);

/* The members of a plain object as attributes, or the other way round. */
static void
convert_map(const JsonNode *in, JsonNode *out, ConvertString convert_string,
			ConvertValue convert_value)
{
	json_set_object(out, in->len);
	for (uint32 i = 0; i < in->len; i++)
	{
		const JsonMember *member = &in->u.members[i];
		const char *name;
		uint32		name_len;

		convert_string(member->name, member->name_len, &name, &name_len);
		convert_value(&member->value, json_add_n(out, name, name_len));
	}
}

/* Plain JSON may hold U+10FFFF as itself; stored form has it escaped. */
static void
marshal_string(const char *str, uint32 len, const char **out, uint32 *out_len)
{
	*out = stored_encode(str, len, out_len);
}

static void
marshal_value(const JsonNode *in, JsonNode *out)
{
	const char *str;
	uint32		len;
	uint32		i;
	JsonNode	list;

	check_stack_depth();
	json_set_object(out, 1);
	switch (in->kind)
	{
		case JSON_NULL:
			json_set_bool(json_add(out, "NULL"), true);
			break;
		case JSON_FALSE:
		case JSON_TRUE:
			json_set_bool(json_add(out, "BOOL"), in->kind == JSON_TRUE);
			break;
		case JSON_INTEGER:
		case JSON_DECIMAL:
			json_set_string_n(json_add(out, "N"), in->u.str, in->len);
			break;
		case JSON_STRING:
			marshal_string(in->u.str, in->len, &str, &len);
			json_set_string_n(json_add(out, "S"), str, len);
			break;
		case JSON_ARRAY:
			json_set_array(&list, in->len);
			for (i = 0; i < in->len; i++)
				marshal_value(&in->u.elems[i], json_push(&list));
			*json_add(out, "L") = list;
			break;
		case JSON_OBJECT:
			convert_map(in, json_add(out, "M"), marshal_string, marshal_value);
			break;
		case JSON_CONTAINER:
			/* the tree has been unpacked completely */
			Assert(false);
			break;
	}
}

/* An object becomes an item, anything else an attribute value. */
Datum
dynamo_marshal(PG_FUNCTION_ARGS)
{
	JsonNode   *in = json_node_from_jsonb(PG_GETARG_JSONB_P(0));
	JsonNode	out;

	if (in->kind == JSON_OBJECT)
	{
		convert_map(in, &out, marshal_string, marshal_value);
		attr_map_normalize(&out);
	}
	else
	{
		marshal_value(in, &out);
		attr_value_normalize(&out);
	}
	PG_RETURN_JSONB_P(json_to_jsonb(&out));
}

/* jsonb cannot hold U+0000, and it must not become something else. */
static void
unmarshal_string(const char *str, uint32 len, const char **out,
				 uint32 *out_len)
{
	*out = stored_decode(str, len, out_len);
	if (memchr(*out, '\0', *out_len) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("string contains U+0000, which jsonb cannot hold")));
}

/* A string of an S, N or B, or of a set of them. */
static void
unmarshal_scalar(AttrType type, const JsonNode *in, JsonNode *out)
{
	const char *str;
	uint32		len;

	if (type == ATTR_S)
	{
		unmarshal_string(in->u.str, in->len, &str, &len);
		json_set_string_n(out, str, len);
	}
	else
	{
		*out = *in;
		if (type == ATTR_N)
			out->kind = JSON_DECIMAL;
	}
}

/* The value is in normal form and unpacked completely. */
static void
unmarshal_value(const JsonNode *in, JsonNode *out)
{
	const JsonMember *member = &in->u.members[0];
	const JsonNode *value = &member->value;
	AttrType	type;
	uint32		i;

	check_stack_depth();
	if (!attr_type_from_name(member->name, member->name_len, &type))
		elog(ERROR, "attribute value is not in normal form");
	switch (type)
	{
		case ATTR_S:
		case ATTR_N:
		case ATTR_B:
			unmarshal_scalar(type, value, out);
			break;
		case ATTR_BOOL:
			*out = *value;
			break;
		case ATTR_NULL:
			json_set_null(out);
			break;
		case ATTR_M:
			convert_map(value, out, unmarshal_string, unmarshal_value);
			break;
		case ATTR_L:
			json_set_array(out, value->len);
			for (i = 0; i < value->len; i++)
				unmarshal_value(&value->u.elems[i], json_push(out));
			break;
		default:
			json_set_array(out, value->len);
			for (i = 0; i < value->len; i++)
				unmarshal_scalar((AttrType) (type - ATTR_SS + ATTR_S),
								 &value->u.elems[i], json_push(out));
			break;
	}
}

/*
 * What is not an item (not all members are attribute values) may be a single
 * attribute value, such as marshal makes of what is no object.
 */
Datum
dynamo_unmarshal(PG_FUNCTION_ARGS)
{
	Jsonb	   *arg = PG_GETARG_JSONB_P(0);
	JsonNode   *in = json_node_from_jsonb(arg);
	JsonNode	out;
	char	   *message = NULL;
	AttrFault	fault;
	uint32		i;

	if (in->kind != JSON_OBJECT)
		validation_error("Unexpected field type");
	for (i = 0; i < in->len && message == NULL; i++)
		message = attr_value_check(&in->u.members[i].value, &fault);
	if (message == NULL)
		convert_map(in, &out, unmarshal_string, unmarshal_value);
	else
	{
		JsonNode   *value = json_node_from_jsonb(arg);

		if (attr_value_check(value, &fault) != NULL)
			validation_error("%s", message);
		unmarshal_value(value, &out);
	}
	PG_RETURN_JSONB_P(json_to_jsonb(&out));
}
