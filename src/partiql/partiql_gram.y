%{
/*
 * partiql_gram.y - grammar of PartiQL for DynamoDB.
 *
 * Conditions and operands are one nonterminal, since a parenthesis may begin
 * either; what may stand where is checked when a clause is complete
 * (parse.c).
 */
#include "postgres.h"

#include "partiql/partiql_parse.h"

/* The parser's stack lives in the current context */
#define YYMALLOC palloc
#define YYFREE   pfree

static void partiql_yyerror(PartiqlParser *parser, yyscan_t scanner,
							const char *message);
%}

%define api.pure full
%define api.prefix {partiql_yy}
%expect 0

%parse-param {PartiqlParser *parser}
%parse-param {yyscan_t scanner}
%lex-param {PartiqlParser *parser}
%lex-param {yyscan_t scanner}

%union
{
	Token		token;
	ExprOp		op;
	ExprNode   *node;
	DocPath    *path;
	JsonNode   *value;
	JsonMember *member;
	List	   *list;
	bool		flag;
	StatementReturning returning;
}

%token <token>	NAME STRING NUMBER FUNCTION
%token			NOT_EQUAL LESS_EQUAL GREATER_EQUAL BAG_START BAG_END CONCAT
%token			ALL AND AS ASC BETWEEN BY DELETE_P DESC EXISTS FALSE_P FROM
%token			IN_P INSERT INTO IS LIKE MISSING MODIFIED NEW NOT NULL_P OLD OR
%token			ORDER REMOVE RETURNING SELECT SET TRUE_P UPDATE VALUE WHERE
%token			SET_ADD SET_DELETE
%token			INVALID

%type <node>	expression predicate sum primary
%type <op>		comparator
%type <path>	path
%type <value>	literal parameter value
%type <member>	member
%type <list>	operands values members columns column_list sort_items
%type <flag>	opt_not opt_direction
%type <returning> opt_returning returning_mode

%left OR
%left AND
%right NOT

%%

input:
	statement
	| statement ';'
	;

statement:
	select							{ parser->result->kind = STATEMENT_SELECT; }
	| EXISTS '(' select ')'			{ parser->result->kind = STATEMENT_EXISTS; }
	| insert						{ parser->result->kind = STATEMENT_INSERT; }
	| update						{ parser->result->kind = STATEMENT_UPDATE; }
	| delete						{ parser->result->kind = STATEMENT_DELETE; }
	;

/* ---- statements ---- */

select:
	SELECT columns FROM source opt_alias opt_where opt_order_by
			{ parser->result->columns = $2; }
	;

columns:
	'*'								{ $$ = NIL; }
	| column_list
	;

column_list:
	path opt_alias					{ $$ = list_make1($1); }
	| column_list ',' path opt_alias	{ $$ = lappend($1, $3); }
	;

opt_alias:
	/* empty */
	| NAME
			{ partiql_fault(parser, "Aliasing is not supported"); }
	| AS NAME
			{ partiql_fault(parser, "Aliasing is not supported"); }
	;

source:
	NAME							{ partiql_source(parser, $1, NULL); }
	| NAME '.' NAME					{ partiql_source(parser, $1, &$3); }
	;

opt_where:
	/* empty */
	| WHERE expression				{ partiql_where(parser, $2); }
	;

opt_order_by:
	/* empty */
	| ORDER BY sort_items			{ parser->result->order_by = $3; }
	;

sort_items:
	path opt_direction
			{ $$ = list_make1(partiql_sort_item($1, $2)); }
	| sort_items ',' path opt_direction
			{ $$ = lappend($1, partiql_sort_item($3, $4)); }
	;

opt_direction:
	/* empty */						{ $$ = false; }
	| ASC							{ $$ = false; }
	| DESC							{ $$ = true; }
	;

insert:
	INSERT INTO source VALUE value opt_returning
			{
				partiql_item(parser, $5);
				parser->result->returning = $6;
			}
	;

update:
	UPDATE source update_clauses opt_where opt_returning
			{ parser->result->returning = $5; }
	;

update_clauses:
	update_clause
	| update_clauses update_clause
	;

update_clause:
	SET set_actions
	| REMOVE path					{ partiql_remove_action(parser, $2); }
	;

set_actions:
	set_action
	| set_actions ',' set_action
	;

set_action:
	path '=' sum
			{ partiql_set_action(parser, $1, $3); }
	| path '=' SET_ADD '(' sum ',' sum ')'
			{ partiql_set_function(parser, ACTION_ADD, $1, $5, $7); }
	| path '=' SET_DELETE '(' sum ',' sum ')'
			{ partiql_set_function(parser, ACTION_DELETE, $1, $5, $7); }
	;

delete:
	DELETE_P FROM source opt_where opt_returning
			{ parser->result->returning = $5; }
	;

opt_returning:
	/* empty */						{ $$ = RETURNING_NONE; }
	| RETURNING returning_mode '*'	{ $$ = $2; }
	;

returning_mode:
	ALL OLD							{ $$ = RETURNING_ALL_OLD; }
	| ALL NEW						{ $$ = RETURNING_ALL_NEW; }
	| MODIFIED OLD					{ $$ = RETURNING_MODIFIED_OLD; }
	| MODIFIED NEW					{ $$ = RETURNING_MODIFIED_NEW; }
	;

/* ---- conditions and operands ---- */

expression:
	predicate
	| NOT expression				{ $$ = partiql_not(parser, $2, true); }
	| expression AND expression		{ $$ = partiql_operator(parser, expr_make_node(OP_AND, 2, $1, $3)); }
	| expression OR expression		{ $$ = partiql_operator(parser, expr_make_node(OP_OR, 2, $1, $3)); }
	;

predicate:
	sum
	| sum comparator sum			{ $$ = partiql_operator(parser, expr_make_node($2, 2, $1, $3)); }
	| sum opt_not BETWEEN sum AND sum
			{
				$$ = partiql_not(parser,
								 partiql_operator(parser, expr_make_node(OP_BETWEEN, 3, $1, $4, $6)),
								 $2);
			}
	| sum opt_not IN_P '(' operands ')'
			{ $$ = partiql_not(parser, partiql_in(parser, $1, $5), $2); }
	| sum opt_not IN_P value
			{ $$ = partiql_not(parser, partiql_in_list(parser, $1, $4), $2); }
	| sum IS opt_not NULL_P
			{ $$ = partiql_not(parser, partiql_is_null(parser, $1), $3); }
	| sum IS opt_not MISSING
			{ $$ = partiql_not(parser, partiql_is_missing(parser, $1), $3); }
	| sum opt_not LIKE sum
			{ $$ = partiql_unsupported(parser, $1, "like"); }
	;

opt_not:
	/* empty */						{ $$ = false; }
	| NOT							{ $$ = true; }
	;

comparator:
	'='								{ $$ = OP_EQ; }
	| NOT_EQUAL						{ $$ = OP_NE; }
	| '<'							{ $$ = OP_LT; }
	| LESS_EQUAL					{ $$ = OP_LE; }
	| '>'							{ $$ = OP_GT; }
	| GREATER_EQUAL					{ $$ = OP_GE; }
	;

sum:
	primary
	| sum '+' primary				{ $$ = partiql_operator(parser, expr_make_node(OP_PLUS, 2, $1, $3)); }
	| sum '-' primary				{ $$ = partiql_operator(parser, expr_make_node(OP_MINUS, 2, $1, $3)); }
	| sum '*' primary				{ $$ = partiql_unsupported(parser, $1, "*"); }
	| sum '/' primary				{ $$ = partiql_unsupported(parser, $1, "/"); }
	| sum '%' primary				{ $$ = partiql_unsupported(parser, $1, "%"); }
	| sum CONCAT primary			{ $$ = partiql_unsupported(parser, $1, "||"); }
	;

primary:
	path							{ $$ = expr_build_path($1); }
	| value							{ $$ = partiql_value_node(parser, $1); }
	| MISSING
			{
				partiql_fault(parser, "MISSING must be compared using IS operator");
				$$ = partiql_value_node(parser, partiql_null());
			}
	| FUNCTION '(' operands ')'		{ $$ = partiql_function(parser, $1, $3); }
	| '(' expression ')'			{ $$ = $2; }
	;

operands:
	sum								{ $$ = list_make1($1); }
	| operands ',' sum				{ $$ = lappend($1, $3); }
	;

path:
	NAME							{ $$ = partiql_path($1); }
	| path '.' NAME
			{
				partiql_path_name(parser, $1, $3);
				$$ = $1;
			}
	| path '[' STRING ']'
			{
				partiql_path_name(parser, $1, $3);
				$$ = $1;
			}
	| path '[' NUMBER ']'
			{
				partiql_path_index(parser, $1, $3);
				$$ = $1;
			}
	;

/* ---- values ---- */

value:
	literal
	| parameter
	;

parameter:
	'?'								{ $$ = partiql_parameter(parser); }
	;

literal:
	STRING							{ $$ = partiql_scalar("S", $1); }
	| NUMBER						{ $$ = partiql_number($1, false); }
	| '+' NUMBER					{ $$ = partiql_number($2, false); }
	| '-' NUMBER					{ $$ = partiql_number($2, true); }
	| TRUE_P						{ $$ = partiql_boolean(true); }
	| FALSE_P						{ $$ = partiql_boolean(false); }
	| NULL_P						{ $$ = partiql_null(); }
	| '[' ']'						{ $$ = partiql_list(NIL); }
	| '[' values ']'				{ $$ = partiql_list($2); }
	| '{' '}'						{ $$ = partiql_map(parser, NIL); }
	| '{' members '}'				{ $$ = partiql_map(parser, $2); }
	| BAG_START BAG_END				{ $$ = partiql_set(parser, NIL); }
	| BAG_START values BAG_END		{ $$ = partiql_set(parser, $2); }
	;

values:
	value							{ $$ = list_make1($1); }
	| values ',' value				{ $$ = lappend($1, $3); }
	;

members:
	member							{ $$ = list_make1($1); }
	| members ',' member			{ $$ = lappend($1, $3); }
	;

member:
	STRING ':' value				{ $$ = partiql_member($1, $3); }
	;

%%

static void
partiql_yyerror(PartiqlParser *parser, yyscan_t scanner, const char *message)
{
	partiql_syntax_error(parser);
}
