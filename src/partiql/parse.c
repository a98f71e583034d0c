/*
 * parse.c - from the text of a statement to its tree: the grammar's actions,
 * syntax errors, and the checks that need no table.
 */
#include "postgres.h"

#include "errors.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "partiql/partiql_parse.h"

#define NOT_WELL_FORMED	"Statement wasn't well formed, can't be processed: "

/* Alternatives of IN, the one on the left not counted */
#define IN_MAX_OPERANDS	100

/* ---- tokens and errors ---- */

/* The grammar's lexer: the scanner's tokens, with their places. */
int
partiql_yylex(union PARTIQL_YYSTYPE *value, PartiqlParser *parser,
			  yyscan_t scanner)
{
	int			token = partiql_scan_token(value, scanner);

	source_text_advance(&parser->source, token, partiql_yyget_text(scanner),
						partiql_yyget_leng(scanner));
	return token;
}

/* Raise the error about the last token. */
void
partiql_syntax_error(PartiqlParser *parser)
{
	const SourceText *source = &parser->source;
	int			line = 1;
	int			column = 1;

	if (source->token_start == source->len)
		validation_error(NOT_WELL_FORMED "Unexpected end of statement");
	for (uint32 i = 0; i < source->token_start; i++)
	{
		if (source->text[i] == '\n')
		{
			line++;
			column = 1;
		}
		else if (!IS_HIGHBIT_SET(source->text[i]) ||
				 ((unsigned char) source->text[i]) >=0xC0)
			column++;
	}
	validation_error(NOT_WELL_FORMED "Unexpected token: %.*s at %d:%d",
					 (int) (source->token_end - source->token_start),
					 &source->text[source->token_start], line, column);
}

/*
 * Remember a fault, unless there is an earlier one: the whole statement must
 * have turned out to be well formed before any is reported.
 */
void
partiql_fault(PartiqlParser *parser, const char *fmt,...)
{
	va_list		args;

	if (parser->fault != NULL)
		return;
	va_start(args, fmt);
	parser->fault = dynamo_format(fmt, args);
	va_end(args);
}

/* ---- values ---- */

/* A new attribute value of a type, to be filled. */
static JsonNode *
new_value(const char *type, JsonNode **content)
{
	JsonNode   *value = palloc(sizeof(JsonNode));

	json_set_object(value, 1);
	*content = json_add(value, type);
	return value;
}

JsonNode *
partiql_scalar(const char *type, Token token)
{
	JsonNode   *content;
	JsonNode   *value = new_value(type, &content);

	json_set_string_n(content, token.str, token.len);
	return value;
}

JsonNode *
partiql_number(Token token, bool negative)
{
	char	   *text = psprintf("%s%.*s", negative ? "-" : "", (int) token.len,
								token.str);
	JsonNode   *content;
	JsonNode   *value = new_value("N", &content);

	json_set_string(content, text);
	return value;
}

JsonNode *
partiql_boolean(bool boolean)
{
	JsonNode   *content;
	JsonNode   *value = new_value("BOOL", &content);

	json_set_bool(content, boolean);
	return value;
}

JsonNode *
partiql_null(void)
{
	JsonNode   *content;
	JsonNode   *value = new_value("NULL", &content);

	json_set_bool(content, true);
	return value;
}

/* Is it a parameter of the request? */
static bool
is_parameter(const PartiqlParser *parser, const JsonNode *value)
{
	return parser->parameters && value >= parser->parameters->u.elems &&
		value < parser->parameters->u.elems + parser->parameters->len;
}

/*
 * The parameter of the next question mark.  Whether there are as many as the
 * request has is seen at the end.
 */
JsonNode *
partiql_parameter(PartiqlParser *parser)
{
	uint32		i = parser->nparameters++;

	if (parser->parameters == NULL || i >= parser->parameters->len)
		return partiql_null();
	return &parser->parameters->u.elems[i];
}

JsonNode *
partiql_list(List *values)
{
	JsonNode   *content;
	JsonNode   *value = new_value("L", &content);
	ListCell   *lc;

	json_set_array(content, list_length(values));
	foreach(lc, values)
		* json_push(content) = *(JsonNode *) lfirst(lc);
	return value;
}

JsonMember *
partiql_member(Token name, JsonNode *value)
{
	JsonMember *member = palloc(sizeof(JsonMember));

	member->name = name.str;
	member->name_len = name.len;
	member->value = *value;
	return member;
}

JsonNode *
partiql_map(PartiqlParser *parser, List *members)
{
	JsonNode   *content;
	JsonNode   *value = new_value("M", &content);
	ListCell   *lc;

	json_set_object(content, list_length(members));
	foreach(lc, members)
	{
		JsonMember *member = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (json_get_n(content, member->name, member->name_len) != NULL)
			partiql_fault(parser, "Duplicate keys in tuple. Key: %.*s",
						  (int) member->name_len, member->name);
		*json_add_n(content, member->name, member->name_len) = member->value;
	}
	return value;
}

/* A set of strings, of numbers, or of binaries that are parameters. */
JsonNode *
partiql_set(PartiqlParser *parser, List *values)
{
	AttrType	type = ATTR_S;
	JsonNode	array;
	JsonNode   *content;
	JsonNode   *value;
	ListCell   *lc;

	if (values == NIL)
	{
		partiql_fault(parser, "Empty bags are not supported");
		return partiql_null();
	}
	json_set_array(&array, list_length(values));
	foreach(lc, values)
	{
		const JsonNode *element = lfirst(lc);
		const JsonMember *member = &element->u.members[0];
		AttrType	element_type;

		if (!attr_type_from_name(member->name, member->name_len, &element_type) ||
			element_type > ATTR_B ||
			(array.len > 0 && element_type != type))
		{
			partiql_fault(parser, "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags");
			return partiql_null();
		}
		type = element_type;
		*json_push(&array) = member->value;
	}
	value = new_value(type == ATTR_S ? "SS" : type == ATTR_N ? "NS" : "BS",
					  &content);
	*content = array;
	return value;
}

/* ---- conditions and operands ---- */

/* An operand; its value is brought into normal form. */
ExprNode *
partiql_value_node(PartiqlParser *parser, JsonNode *value)
{
	AttrFault	fault;
	char	   *message = attr_value_check(value, &fault);

	if (message)
	{
		partiql_fault(parser, "%s", message);
		value = partiql_null();
	}
	return expr_make_value(value);
}

/* Count a node that counts as an operator. */
ExprNode *
partiql_operator(PartiqlParser *parser, ExprNode *node)
{
	/* The number is not known before the end: see statement_parse */
	parser->noperators++;
	return node;
}

ExprNode *
partiql_not(PartiqlParser *parser, ExprNode *node, bool negated)
{
	if (!negated)
		return node;
	return partiql_operator(parser, expr_make_node(OP_NOT, 1, node));
}

/* left IN (operands) */
ExprNode *
partiql_in(PartiqlParser *parser, ExprNode *left, List *operands)
{
	int			n = list_length(operands);

	if (n == 0)
		partiql_fault(parser, "IN operator must have a left hand argument of type Variable Reference and right hand argument of type Seq with at least one member");
	if (n > IN_MAX_OPERANDS)
		partiql_fault(parser, "The IN operator is provided with too many operands; number of operands: %d",
					  n);
	return partiql_operator(parser, expr_make_node_list(OP_IN, lcons(left, operands)));
}

/* left IN [values], which are written out */
ExprNode *
partiql_in_list(PartiqlParser *parser, ExprNode *left, JsonNode *list)
{
	JsonNode   *values = is_parameter(parser, list) ? NULL : json_get(list, "L");
	List	   *operands = NIL;

	for (uint32 i = 0; values && i < values->len; i++)
		operands = lappend(operands,
						   partiql_value_node(parser, &values->u.elems[i]));
	return partiql_in(parser, left, operands);
}

/* Whether a function may stand where it does is found out later. */
ExprNode *
partiql_function(PartiqlParser *parser, Token name, List *args)
{
	ExprNode   *node = partiql_operator(parser, expr_make_node_list(OP_FUNCTION, args));

	node->function = FUNC_UNKNOWN;
	for (int i = 0; i < FUNC_UNKNOWN; i++)
	{
		if (token_is_word(name.str, name.len, expr_function_name(i)))
			node->function = i;
	}
	if (node->function == FUNC_UNKNOWN)
		partiql_fault(parser, "Unrecognized function: %.*s", (int) name.len,
					  name.str);
	return node;
}

/* operand IS NULL */
ExprNode *
partiql_is_null(PartiqlParser *parser, ExprNode *node)
{
	JsonNode   *content;
	JsonNode   *type = new_value("S", &content);

	json_set_string(content, "NULL");
	return partiql_operator(parser, expr_make_function(FUNC_ATTRIBUTE_TYPE, 2, node,
													   expr_make_value(type)));
}

/* operand IS MISSING */
ExprNode *
partiql_is_missing(PartiqlParser *parser, ExprNode *node)
{
	return partiql_operator(parser, expr_make_function(FUNC_ATTRIBUTE_NOT_EXISTS,
													   1, node));
}

/* An operator that PartiQL has and DynamoDB has not. */
ExprNode *
partiql_unsupported(PartiqlParser *parser, ExprNode *left, const char *operator)
{
	partiql_fault(parser, "Unsupported operator: %s", operator);
	return left;
}

/* ---- paths ---- */

DocPath *
partiql_path(Token name)
{
	DocPath    *path = palloc(sizeof(DocPath));

	doc_path_start(path, name.str, name.len);
	return path;
}

/* Room for one more element; NULL when there are too many. */
static PathElement *
add_element(PartiqlParser *parser, DocPath *path)
{
	if (path->nelements >= EXPR_MAX_PATH_ELEMENTS)
	{
		partiql_fault(parser, "The document path has too many nesting levels; nesting levels: %d",
					  path->nelements + 1);
		return NULL;
	}
	return doc_path_extend(path);
}

void
partiql_path_name(PartiqlParser *parser, DocPath *path, Token name)
{
	PathElement *element = add_element(parser, path);

	if (element)
	{
		element->name = name.str;
		element->name_len = name.len;
	}
}

void
partiql_path_index(PartiqlParser *parser, DocPath *path, Token index)
{
	PathElement *element = add_element(parser, path);
	int32		value;

	if (strspn(index.str, "0123456789") < index.len)
		partiql_fault(parser, "Unexpected path component: %.*s",
					  (int) index.len, index.str);
	else if (!token_to_index(index, &value))
		partiql_fault(parser, "List index is not within the allowable range; index: [%.*s]",
					  (int) index.len, index.str);
	else if (element)
		element->index = value;
}

/* ---- clauses ---- */

/* Is it a condition rather than a value? */
static bool
is_condition(const ExprNode *node)
{
	if (node->op == OP_FUNCTION)
		return node->function != FUNC_SIZE && !expr_function_in_update(node->function);
	return node->op < OP_FUNCTION;
}

/* Operands of a condition: paths, values, and size(). */
static void
check_condition_operand(PartiqlParser *parser, const ExprNode *node)
{
	if (node->op == OP_PLUS || node->op == OP_MINUS)
		partiql_fault(parser, "Unsupported operator in Condition Expression. Operator: %s",
					  expr_op_name(node));
	else if (is_condition(node))
		partiql_fault(parser, "Unsupported nested condition in Condition Expression. Operator: %s",
					  expr_op_name(node));
	else if (node->op == OP_FUNCTION)
	{
		if (expr_function_in_update(node->function))
			partiql_fault(parser, "The function is not allowed in a condition expression; function: %s",
						  expr_function_name(node->function));
		for (int i = 0; i < node->nargs; i++)
			check_condition_operand(parser, node->u.args[i]);
	}
}

/* WHERE must be true or false. */
static void
check_condition(PartiqlParser *parser, const ExprNode *node)
{
	bool		connects = node->op == OP_AND || node->op == OP_OR ||
	node->op == OP_NOT;

	check_stack_depth();

	if (!is_condition(node))
	{
		partiql_fault(parser, "WHERE clause must contain an expression that resolves to a boolean");
		return;
	}
	for (int i = 0; i < node->nargs; i++)
	{
		if (connects)
			check_condition(parser, node->u.args[i]);
		else
			check_condition_operand(parser, node->u.args[i]);
	}
}

/* What is SET: paths, values, the functions of updates, sums. */
static void
check_update_value(PartiqlParser *parser, const ExprNode *node, bool sums)
{
	bool		is_sum = node->op == OP_PLUS || node->op == OP_MINUS;

	check_stack_depth();

	if ((is_sum && !sums) || is_condition(node))
		partiql_fault(parser, "Unsupported operator in Update Expression. Operator: %s",
					  expr_op_name(node));
	else if (node->op == OP_FUNCTION &&
			 !expr_function_in_update(node->function))
		partiql_fault(parser, "The function is not allowed in an update expression; function: %s",
					  expr_function_name(node->function));
	else
	{
		for (int i = 0; i < node->nargs; i++)
			check_update_value(parser, node->u.args[i], is_sum);
	}
}

/* Is what has been parsed so far shallow enough to be walked? */
static bool
few_operators(const PartiqlParser *parser)
{
	return parser->noperators <= EXPR_MAX_OPERATORS;
}

void
partiql_where(PartiqlParser *parser, ExprNode *where)
{
	if (few_operators(parser))
		check_condition(parser, where);
	parser->result->where = where;
}

/* The table, or the table and its index. */
void
partiql_source(PartiqlParser *parser, Token table,
			   const Token *index)
{
	bool		valid = table.len >= 3 && table.len <= 255;

	for (uint32 i = 0; valid && i < table.len; i++)
	{
		unsigned char c = table.str[i];

		valid = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
	}
	if (!valid)
		partiql_fault(parser, "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', '0-9', '-', '_', '.'.");
	json_set_string_n(&parser->result->table_name, table.str, table.len);
	json_set_null(&parser->result->index_name);
	if (index)
		json_set_string_n(&parser->result->index_name, index->str, index->len);
}

SortItem *
partiql_sort_item(DocPath *path, bool descending)
{
	SortItem   *item = palloc(sizeof(SortItem));

	item->path = path;
	item->descending = descending;
	return item;
}

/* INSERT's value is the item, written as a map. */
void
partiql_item(PartiqlParser *parser, JsonNode *item)
{
	parser->result->item = json_get(item, "M");
	if (parser->result->item == NULL || is_parameter(parser, item))
		partiql_fault(parser, "Unsupported format in item expression. Please use struct format {...} to express item values for insert statement.");
}

static void
add_action(PartiqlParser *parser, UpdateActionType type, const DocPath *path,
		   ExprNode *value)
{
	UpdateAction *action = palloc0(sizeof(UpdateAction));

	parser->noperators++;
	action->type = type;
	action->path = *path;
	action->value = value;
	parser->result->actions = lappend(parser->result->actions, action);
}

void
partiql_set_action(PartiqlParser *parser, DocPath *path, ExprNode *value)
{
	if (few_operators(parser))
		check_update_value(parser, value, true);
	add_action(parser, ACTION_SET, path, value);
}

/* path = set_add(path, set), path = set_delete(path, set) */
void
partiql_set_function(PartiqlParser *parser, UpdateActionType type,
					 DocPath *path, ExprNode *first, ExprNode *second)
{
	const char *name = type == ACTION_ADD ? "SET_ADD" : "SET_DELETE";

	if (first->op != OP_PATH || !doc_path_equal(&first->u.path, path))
		partiql_fault(parser, "The first argument to %s must equal the assignment value",
					  name);
	if (second->op != OP_VALUE || !ATTR_IS_SET(second->u.value.view.type))
		partiql_fault(parser, "The second argument to %s must be a value with type SET",
					  name);
	add_action(parser, type, path, second);
}

void
partiql_remove_action(PartiqlParser *parser, DocPath *path)
{
	add_action(parser, ACTION_REMOVE, path, NULL);
}

/* ---- entry ---- */

/* RETURNING against the kind of statement. */
static void
check_returning(PartiqlParser *parser)
{
	static const char *const texts[] = {
		[RETURNING_ALL_OLD] = "ALL OLD",
		[RETURNING_ALL_NEW] = "ALL NEW",
		[RETURNING_MODIFIED_OLD] = "MODIFIED OLD",
		[RETURNING_MODIFIED_NEW] = "MODIFIED NEW",
	};
	const Statement *statement = parser->result;

	if (statement->returning == RETURNING_NONE)
		return;
	if (statement->kind == STATEMENT_INSERT)
		partiql_fault(parser, "RETURNING is not supported in INSERT");
	if (statement->kind == STATEMENT_DELETE &&
		statement->returning != RETURNING_ALL_OLD)
		partiql_fault(parser, "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
					  texts[statement->returning]);
}

Statement *
statement_parse(const JsonNode *text, JsonNode *parameters)
{
	PartiqlParser parser;
	yyscan_t	scanner;

	for (uint32 i = 0; parameters && i < parameters->len; i++)
		attr_value_normalize(&parameters->u.elems[i]);

	memset(&parser, 0, sizeof(parser));
	parser.source.len = text->len;

	parser.source.text = palloc0(text->len + 2);
	memcpy(parser.source.text, text->u.str, text->len);
	parser.parameters = parameters;
	parser.result = palloc0(sizeof(Statement));

	scanner = partiql_scanner_create(&parser);
	if (partiql_yyparse(&parser, scanner) != 0)
		elog(ERROR, "parser of statements failed");
	partiql_scanner_destroy(scanner);

	check_returning(&parser);
	if (parser.nparameters != (parameters ? parameters->len : 0))
		parser.fault = "Number of parameters in request and statement don't match.";
	else if (!few_operators(&parser))
		parser.fault = psprintf("The expression contains too many operators; operator count: %d",
								parser.noperators);
	parser.result->fault = parser.fault;
	return parser.result;
}

/*
 * "b" of a.b, "b[2]" of a.b[2]: what a column is called in the result.
 */
static void
column_name(const DocPath *path, const char **name, uint32 *name_len)
{
	StringInfoData buf;
	int			i = path->nelements - 1;

	while (path->elements[i].name == NULL)
		i--;
	*name = path->elements[i].name;
	*name_len = path->elements[i].name_len;
	if (i == path->nelements - 1)
		return;

	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, *name, *name_len);
	for (i++; i < path->nelements; i++)
		appendStringInfo(&buf, "[%d]", path->elements[i].index);
	*name = buf.data;
	*name_len = buf.len;
}

/* The projection of the columns of a SELECT; NULL if it selects all. */
static Projection *
make_projection(const Statement *statement)
{
	int			n = list_length(statement->columns);
	DocPath    *paths;
	const char **names;
	uint32	   *lens;

	if (n == 0)
		return NULL;
	paths = palloc(sizeof(DocPath) * n);
	names = palloc(sizeof(char *) * n);
	lens = palloc(sizeof(uint32) * n);
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		paths[i] = *(DocPath *) list_nth(statement->columns, i);
		column_name(&paths[i], &names[i], &lens[i]);
		for (int j = 0; j < i; j++)
		{
			if (lens[j] == lens[i] && memcmp(names[j], names[i], lens[i]) == 0)
				validation_error("Duplicate identifiers in select clause: %.*s",
								 (int) lens[i], names[i]);
		}
	}
	path_tree_check(EXPR_STATEMENT, paths, n);
	return projection_from_columns(paths, names, lens, n);
}

/* The update that UPDATE's clauses stand for. */
static Update *
make_update(const Statement *statement)
{
	int			n = list_length(statement->actions);
	UpdateAction *actions = palloc(sizeof(UpdateAction) * n);

	for (int i = 0; i < n; i++)
		actions[i] = *(UpdateAction *) list_nth(statement->actions, i);
	return update_from_statement(actions, n);
}

void
statement_check(Statement *statement)
{
	if (statement->fault)
		validation_error("%s", statement->fault);
	if (statement->where)
		condition_check_tree(EXPR_STATEMENT, statement->where);
	statement->projection = make_projection(statement);
	if (statement->kind == STATEMENT_UPDATE)
		statement->update = make_update(statement);
}
