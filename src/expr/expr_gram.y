%{
/*
 * expr_gram.y - grammar of DynamoDB's expression language.
 *
 * Conditions and operands overlap in what a function in parentheses may be:
 * paren_function is decided on by what follows it.  Which functions may
 * stand where is checked afterwards, for the sake of the order of errors.
 */
#include "postgres.h"

#include "expr/expr_parse.h"

/* The parser's stack lives in the current context */
#define YYMALLOC palloc
#define YYFREE   pfree

static void expr_yyerror(ExprParser *parser, yyscan_t scanner,
						 const char *message);
%}

%define api.pure full
%define api.prefix {expr_yy}
%expect 0

%parse-param {ExprParser *parser}
%parse-param {yyscan_t scanner}
%lex-param {ExprParser *parser}
%lex-param {yyscan_t scanner}

%union
{
	Token		token;
	ExprOp		op;
	ExprNode   *node;
	DocPath    *path;
	List	   *list;
}

%token			START_CONDITION START_PROJECTION START_UPDATE
%token <token>	WORD NAME VALUE_REF INDEX
%token			NOT_EQUAL LESS_EQUAL GREATER_EQUAL
%token			AND OR NOT BETWEEN IN_P
%token			SET REMOVE ADD DELETE_P
%token			INVALID

%type <node>	condition proper_condition
%type <node>	operand proper_operand function paren_function
%type <node>	update_value arithmetic
%type <op>		comparator
%type <path>	path path_elements
%type <token>	name
%type <list>	operands

%left OR
%left AND
%right NOT

%%

expression:
	START_CONDITION condition		{ parser->result->condition = $2; }
	| START_PROJECTION projection
	| START_UPDATE update
	;

/* ---- conditions ---- */

condition:
	proper_condition
	| paren_function				{ $$ = expr_as_condition(parser, $1); }
	;

/* anything but a function, in parentheses or not */
proper_condition:
	operand comparator operand		{ $$ = expr_operator(parser, expr_make_node($2, 2, $1, $3)); }
	| operand BETWEEN operand AND operand
			{ $$ = expr_operator(parser, expr_make_node(OP_BETWEEN, 3, $1, $3, $5)); }
	| operand IN_P '(' operands ')'
			{ $$ = expr_operator(parser, expr_make_node_list(OP_IN, lcons($1, $4))); }
	| '(' proper_condition ')'		{ $$ = expr_in_parens(parser, $2); }
	| NOT condition					{ $$ = expr_operator(parser, expr_make_node(OP_NOT, 1, $2)); }
	| condition AND condition		{ $$ = expr_operator(parser, expr_make_node(OP_AND, 2, $1, $3)); }
	| condition OR condition		{ $$ = expr_operator(parser, expr_make_node(OP_OR, 2, $1, $3)); }
	;

comparator:
	'='								{ $$ = OP_EQ; }
	| NOT_EQUAL						{ $$ = OP_NE; }
	| '<'							{ $$ = OP_LT; }
	| LESS_EQUAL					{ $$ = OP_LE; }
	| '>'							{ $$ = OP_GT; }
	| GREATER_EQUAL					{ $$ = OP_GE; }
	;

/* ---- operands ---- */

operand:
	proper_operand
	| paren_function				{ $$ = expr_as_operand(parser, $1); }
	;

proper_operand:
	path							{ $$ = expr_build_path($1); }
	| VALUE_REF						{ $$ = expr_build_value($1); }
	| '(' proper_operand ')'		{ $$ = expr_in_parens(parser, $2); }
	;

paren_function:
	function
	| '(' paren_function ')'		{ $$ = expr_in_parens(parser, $2); }
	;

function:
	WORD '(' operands ')'			{ $$ = expr_build_function(parser, $1, $3); }
	;

operands:
	operand							{ $$ = list_make1($1); }
	| operands ',' operand			{ $$ = lappend($1, $3); }
	;

path:
	path_elements
			{
				expr_end_path(parser, $1);
				$$ = $1;
			}
	;

path_elements:
	name							{ $$ = expr_start_path(parser, $1); }
	| path_elements '.' name
			{
				expr_extend_path(parser, $1, $3);
				$$ = $1;
			}
	| path_elements '[' INDEX ']'
			{
				expr_index_path(parser, $1, $3);
				$$ = $1;
			}
	;

name:
	WORD
	| NAME
	;

/* ---- projections ---- */

projection:
	path
	| projection ',' path
	;

/* ---- updates ---- */

update:
	section
	| update section
	;

section:
	SET set_actions					{ expr_note_section(parser, ACTION_SET); }
	| REMOVE remove_actions			{ expr_note_section(parser, ACTION_REMOVE); }
	| ADD add_actions				{ expr_note_section(parser, ACTION_ADD); }
	| DELETE_P delete_actions		{ expr_note_section(parser, ACTION_DELETE); }
	;

set_actions:
	set_action
	| set_actions ',' set_action
	;

set_action:
	path '=' update_value
			{ expr_add_action(parser, ACTION_SET, $1, $3); }
	;

update_value:
	operand
	| arithmetic
	;

arithmetic:
	operand '+' operand				{ $$ = expr_operator(parser, expr_make_node(OP_PLUS, 2, $1, $3)); }
	| operand '-' operand			{ $$ = expr_operator(parser, expr_make_node(OP_MINUS, 2, $1, $3)); }
	| '(' arithmetic ')'			{ $$ = expr_in_parens(parser, $2); }
	;

remove_actions:
	remove_action
	| remove_actions ',' remove_action
	;

remove_action:
	path
			{ expr_add_action(parser, ACTION_REMOVE, $1, NULL); }
	;

add_actions:
	add_action
	| add_actions ',' add_action
	;

add_action:
	path VALUE_REF
			{ expr_add_action(parser, ACTION_ADD, $1, expr_build_value($2)); }
	;

delete_actions:
	delete_action
	| delete_actions ',' delete_action
	;

delete_action:
	path VALUE_REF
			{ expr_add_action(parser, ACTION_DELETE, $1, expr_build_value($2)); }
	;

%%

static void
expr_yyerror(ExprParser *parser, yyscan_t scanner, const char *message)
{
	expr_syntax_error(parser, scanner);
}
