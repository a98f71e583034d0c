/*
 * expr_parse.h - what scanner, grammar and parse.c share.
 */
#ifndef DYNAMO_EXPR_PARSE_H
#define DYNAMO_EXPR_PARSE_H

#include "errors.h"
#include "expr/expr_tree.h"
#include "expr/token.h"

/*
 * Faults that are reported only once the whole text has turned out to be
 * syntactically right.  The first of each class is kept.
 */
typedef enum ExprFault
{
	FAULT_OPERATORS,			/* more than EXPR_MAX_OPERATORS */
	FAULT_PATH,					/* too many elements, index out of range */
	FAULT_PARENS,
	FAULT_FUNCTION_NAME,
	FAULT_FUNCTION_USE,
	FAULT_RESERVED_WORD,
	FAULT_SECTION,
	NUM_FAULTS
} ExprFault;

/* State of scanner and parser */
typedef struct ExprParser
{
	ExprKind	kind;
	SourceText	source;
	bool		started;		/* has the start token been delivered? */
	uint32		previous_start; /* of the token before the last one */
	uint32		sections;		/* bit per UpdateActionType seen */
	int			noperators;
	const char *faults[NUM_FAULTS];
	ParsedExpr *result;
} ExprParser;

#include "expr/expr_gram.h"

/* In the scanner */
extern int	expr_scan_token(union EXPR_YYSTYPE *value, yyscan_t scanner);
extern yyscan_t expr_scanner_create(ExprParser *parser);
extern void expr_scanner_destroy(yyscan_t scanner);
extern char *expr_yyget_text(yyscan_t scanner);
extern int	expr_yyget_leng(yyscan_t scanner);

/* Grammar actions, in parse.c */
extern int	expr_yylex(union EXPR_YYSTYPE *value, ExprParser *parser,
					   yyscan_t scanner);
pg_noreturn extern void expr_syntax_error(ExprParser *parser,
										  yyscan_t scanner);
extern ExprNode *expr_operator(ExprParser *parser, ExprNode *node);
extern ExprNode *expr_build_function(ExprParser *parser, Token name,
									 List *args);
extern ExprNode *expr_build_value(Token ref);
extern ExprNode *expr_in_parens(ExprParser *parser, ExprNode *node);
extern ExprNode *expr_as_condition(ExprParser *parser, ExprNode *function);
extern ExprNode *expr_as_operand(ExprParser *parser, ExprNode *function);
extern DocPath *expr_start_path(ExprParser *parser, Token name);
extern void expr_extend_path(ExprParser *parser, DocPath *path,
							 Token name);
extern void expr_index_path(ExprParser *parser, DocPath *path,
							Token index);
extern void expr_end_path(ExprParser *parser, const DocPath *path);
extern void expr_add_action(ExprParser *parser, UpdateActionType type,
							const DocPath *path, ExprNode *value);
extern void expr_note_section(ExprParser *parser, UpdateActionType type);

#endif							/* DYNAMO_EXPR_PARSE_H */
