/*
 * parse.c - from the text of an expression to its parsed tree: the grammar's
 * actions, syntax errors, and the checks that need no bindings.
 */
#include "postgres.h"

#include "expr/expr_parse.h"
#include "miscadmin.h"

static const struct
{
	const char *name;
	int			nargs;
	bool		in_update;		/* belongs to updates, not to conditions */
}			functions[] =

{
	[FUNC_ATTRIBUTE_EXISTS] = {"attribute_exists", 1, false},
	[FUNC_ATTRIBUTE_NOT_EXISTS] = {"attribute_not_exists", 1, false},
	[FUNC_ATTRIBUTE_TYPE] = {"attribute_type", 2, false},
	[FUNC_BEGINS_WITH] = {"begins_with", 2, false},
	[FUNC_CONTAINS] = {"contains", 2, false},
	[FUNC_SIZE] = {"size", 1, false},
	[FUNC_IF_NOT_EXISTS] = {"if_not_exists", 2, true},
	[FUNC_LIST_APPEND] = {"list_append", 2, true},
};

/* Classes of faults in the order in which they are reported */
static const ExprFault fault_order[] =
{FAULT_OPERATORS, FAULT_PATH, FAULT_PARENS, FAULT_FUNCTION_NAME,
FAULT_FUNCTION_USE, FAULT_RESERVED_WORD, FAULT_SECTION};
static const ExprFault update_fault_order[] =
{FAULT_OPERATORS, FAULT_PATH, FAULT_PARENS, FAULT_RESERVED_WORD,
FAULT_FUNCTION_NAME, FAULT_FUNCTION_USE, FAULT_SECTION};

static const char *const section_names[] = {
	[ACTION_SET] = "SET",
	[ACTION_REMOVE] = "REMOVE",
	[ACTION_ADD] = "ADD",
	[ACTION_DELETE] = "DELETE"
};

/* How messages about the kind of expression begin. */
const char *
expr_error_prefix(ExprKind kind)
{
	switch (kind)
	{
		case EXPR_UPDATE:
			return "Invalid UpdateExpression: ";
		case EXPR_CONDITION:
			return "Invalid ConditionExpression: ";
		case EXPR_KEY_CONDITION:
			return "Invalid KeyConditionExpression: ";
		case EXPR_FILTER:
			return "Invalid FilterExpression: ";
		case EXPR_PROJECTION:
			return "Invalid ProjectionExpression: ";
		case EXPR_STATEMENT:
			break;
	}
	return "";
}

const char *
expr_function_name(ExprFunction function)
{
	return function == FUNC_UNKNOWN ? "" : functions[function].name;
}

bool
expr_function_in_update(ExprFunction function)
{
	return function != FUNC_UNKNOWN && functions[function].in_update;
}

int
expr_function_nargs(ExprFunction function)
{
	return function == FUNC_UNKNOWN ? 0 : functions[function].nargs;
}

/* How messages name an operator or function. */
const char *
expr_op_name(const ExprNode *node)
{
	switch (node->op)
	{
		case OP_OR:
			return "OR";
		case OP_AND:
			return "AND";
		case OP_NOT:
			return "NOT";
		case OP_EQ:
			return "=";
		case OP_NE:
			return "<>";
		case OP_LT:
			return "<";
		case OP_LE:
			return "<=";
		case OP_GT:
			return ">";
		case OP_GE:
			return ">=";
		case OP_BETWEEN:
			return "BETWEEN";
		case OP_IN:
			return "IN";
		case OP_FUNCTION:
			return expr_function_name(node->function);
		case OP_PLUS:
			return "+";
		case OP_MINUS:
			return "-";
		case OP_PATH:
		case OP_VALUE:
			break;
	}
	return "";
}

/* Remember a fault, unless there is an earlier one of its class. */
static void
note_fault(ExprParser *parser, ExprFault fault, const char *message)
{
	if (parser->faults[fault] == NULL)
		parser->faults[fault] = message;
}

/* ---- tokens ---- */

/* The grammar's lexer: start token first, then the scanner's tokens. */
int
expr_yylex(union EXPR_YYSTYPE *value, ExprParser *parser, yyscan_t scanner)
{
	int			token;

	if (!parser->started)
	{
		/* The start symbol depends on the kind of expression */
		parser->started = true;
		switch (parser->kind)
		{
			case EXPR_UPDATE:
				return START_UPDATE;
			case EXPR_PROJECTION:
				return START_PROJECTION;
			default:
				return START_CONDITION;
		}
	}

	token = expr_scan_token(value, scanner);

	parser->previous_start = parser->source.token_start;
	source_text_advance(&parser->source, token, expr_yyget_text(scanner),
						expr_yyget_leng(scanner));

	return token;
}

/*
 * Raise the error about the last token.  "near" is the text from the token
 * before it to the one after it, as it stands in the source.
 */
void
expr_syntax_error(ExprParser *parser, yyscan_t scanner)
{
	union EXPR_YYSTYPE value;
	const SourceText *source = &parser->source;
	uint32		start = source->token_start;
	uint32		end = source->token_end;
	uint32		near_start = parser->previous_start;
	uint32		near_end;

	if (start == source->len)
		expr_error(parser->kind,
				   "Syntax error; token: \"<EOF>\", near: \"%.*s\"",
				   (int) (source->len - near_start), &source->text[near_start]);

	/* The scanner has restored what it overwrites behind earlier tokens */
	if (expr_yylex(&value, parser, scanner) == 0)
		near_end = end;
	else
		near_end = source->token_end;
	expr_error(parser->kind, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
			   (int) (end - start), &source->text[start],
			   (int) (near_end - near_start), &source->text[near_start]);
}

/* ---- actions of the grammar: conditions and operands ---- */

/* Count a node that counts as an operator. */
ExprNode *
expr_operator(ExprParser *parser, ExprNode *node)
{
	/* The number is not known before the end: see expr_parse_text */
	if (++parser->noperators > EXPR_MAX_OPERATORS)
		note_fault(parser, FAULT_OPERATORS, "");
	return node;
}

/* Function call; whether it may stand where it does is found out later. */
ExprNode *
expr_build_function(ExprParser *parser, Token name, List *args)
{
	ExprNode   *node = expr_operator(parser, expr_make_node_list(OP_FUNCTION, args));
	bool		in_update = parser->kind == EXPR_UPDATE;

	node->function = FUNC_UNKNOWN;
	for (int i = 0; i < lengthof(functions); i++)
	{
		if (strlen(functions[i].name) == name.len &&
			memcmp(functions[i].name, name.str, name.len) == 0)
			node->function = (ExprFunction) i;
	}

	if (parser->faults[FAULT_FUNCTION_NAME] != NULL)
		return node;
	if (node->function == FUNC_UNKNOWN)
		note_fault(parser, FAULT_FUNCTION_NAME,
				   psprintf("Invalid function name; function: %.*s",
							(int) name.len, name.str));
	else if (functions[node->function].in_update != in_update)
		note_fault(parser, FAULT_FUNCTION_NAME,
				   psprintf("The function is not allowed in %s expression; function: %s",
							in_update ? "an update" : "a condition",
							functions[node->function].name));
	return node;
}

ExprNode *
expr_build_value(Token ref)
{
	ExprNode   *node = palloc0(sizeof(ExprNode));

	node->op = OP_VALUE;
	node->u.value.ref = ref.str;
	node->u.value.ref_len = ref.len;
	return node;
}

/*
 * Parentheses leave no node behind.  Two pairs around the same thing are a
 * fault.
 */
ExprNode *
expr_in_parens(ExprParser *parser, ExprNode *node)
{
	if (node->parens)
		note_fault(parser, FAULT_PARENS,
				   "The expression has redundant parentheses;");
	node->parens = true;
	return node;
}

/* Note a function where it cannot stand. */
static void
note_function_use(ExprParser *parser, const ExprNode *function)
{
	if (parser->faults[FAULT_FUNCTION_USE] == NULL)
		note_fault(parser, FAULT_FUNCTION_USE,
				   psprintf("The function is not allowed to be used this way in an expression; function: %s",
							expr_function_name(function->function)));
}

/* A function as a condition: any but size(). */
ExprNode *
expr_as_condition(ExprParser *parser, ExprNode *function)
{
	if (function->function == FUNC_SIZE)
		note_function_use(parser, function);
	return function;
}

/* Does an operand of list_append yield what another list_append makes? */
static bool
yields_appended_list(const ExprNode *node)
{
	check_stack_depth();

	if (node->op != OP_FUNCTION)
		return false;
	if (node->function == FUNC_LIST_APPEND)
		return true;
	for (int i = 0; i < node->nargs; i++)
	{
		if (yields_appended_list(node->u.args[i]))
			return true;
	}
	return false;
}

/* A function as an operand: in conditions only size(). */
ExprNode *
expr_as_operand(ExprParser *parser, ExprNode *function)
{
	if (function->function == FUNC_UNKNOWN)
		return function;

	if (parser->kind != EXPR_UPDATE)
	{
		if (function->function != FUNC_SIZE)
			note_function_use(parser, function);
	}
	else if (function->function == FUNC_LIST_APPEND &&
			 parser->noperators <= EXPR_MAX_OPERATORS)
	{
		for (int i = 0; i < function->nargs; i++)
		{
			if (yields_appended_list(function->u.args[i]))
				note_function_use(parser, function);
		}
	}
	return function;
}

/* ---- actions of the grammar: paths ---- */

/* Room for one more element; NULL when there are too many. */
static PathElement *
add_element(DocPath *path)
{
	/* The number is reported where the path ends: see expr_end_path */
	if (path->nelements >= EXPR_MAX_PATH_ELEMENTS)
	{
		path->nelements++;
		return NULL;
	}
	return doc_path_extend(path);
}

/* A bare name must not be a reserved word. */
static void
check_name(ExprParser *parser, Token name)
{
	if (name.str[0] != '#' && parser->faults[FAULT_RESERVED_WORD] == NULL &&
		expr_is_reserved_word(name.str, name.len))
		note_fault(parser, FAULT_RESERVED_WORD,
				   psprintf("Attribute name is a reserved keyword; reserved keyword: %.*s",
							(int) name.len, name.str));
}

DocPath *
expr_start_path(ExprParser *parser, Token name)
{
	DocPath    *path = palloc(sizeof(DocPath));

	doc_path_start(path, name.str, name.len);
	check_name(parser, name);
	return path;
}

void
expr_extend_path(ExprParser *parser, DocPath *path, Token name)
{
	PathElement *element = add_element(path);

	if (element == NULL)
		return;
	element->name = name.str;
	element->name_len = name.len;
	check_name(parser, name);
}

void
expr_index_path(ExprParser *parser, DocPath *path, Token index)
{
	PathElement *element = add_element(path);
	int32		value;

	if (!token_to_index(index, &value))
		note_fault(parser, FAULT_PATH,
				   psprintf("List index is not within the allowable range; index: [%.*s]",
							(int) index.len, index.str));
	else if (element)
		element->index = value;
}

/* A path is complete. */
void
expr_end_path(ExprParser *parser, const DocPath *path)
{
	if (path->nelements > EXPR_MAX_PATH_ELEMENTS)
		note_fault(parser, FAULT_PATH,
				   psprintf("The document path has too many nesting levels; nesting levels: %d",
							path->nelements));
	parser->result->paths = lappend(parser->result->paths, (void *) path);
}

/* ---- actions of the grammar: updates ---- */

void
expr_add_action(ExprParser *parser, UpdateActionType type,
				const DocPath *path, ExprNode *value)
{
	UpdateAction *action = palloc0(sizeof(UpdateAction));

	action->type = type;
	action->path = *path;
	action->value = value;
	parser->result->actions = lappend(parser->result->actions, action);
}

/* Each section may come once. */
void
expr_note_section(ExprParser *parser, UpdateActionType type)
{
	if (parser->sections & (1 << type))
		note_fault(parser, FAULT_SECTION,
				   psprintf("The \"%s\" section can only be used once in an update expression;",
							section_names[type]));
	parser->sections |= 1 << type;
}

/* ---- entry ---- */

/*
 * Parse, and run the checks that need no bindings.  Everything is allocated
 * in the current memory context, and points into text.
 */
ParsedExpr *
expr_parse_text(ExprKind kind, char *text, uint32 len)
{
	ExprParser	parser;
	yyscan_t	scanner;
	const ExprFault *order = fault_order;
	int			norder = lengthof(fault_order);

	memset(&parser, 0, sizeof(parser));
	parser.kind = kind;
	parser.source.text = text;

	parser.source.len = len;
	parser.result = palloc0(sizeof(ParsedExpr));

	scanner = expr_scanner_create(&parser);
	if (expr_yyparse(&parser, scanner) != 0)
		elog(ERROR, "parser of expressions failed");
	expr_scanner_destroy(scanner);

	/* Report the first class of faults that there is */
	if (kind == EXPR_UPDATE)
	{
		order = update_fault_order;
		norder = lengthof(update_fault_order);
	}
	for (int i = 0; i < norder; i++)
	{
		const char *message = parser.faults[order[i]];

		if (message == NULL)
			continue;
		if (order[i] == FAULT_OPERATORS)
			message = psprintf("The expression contains too many operators; operator count: %d",
							   parser.noperators);
		expr_error(kind, "%s", message);
	}

	return parser.result;
}
