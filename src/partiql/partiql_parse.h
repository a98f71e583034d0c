/*
 * partiql_parse.h - what scanner, grammar and parse.c share.
 */
#ifndef DYNAMO_PARTIQL_PARSE_H
#define DYNAMO_PARTIQL_PARSE_H

#include "errors.h"
#include "expr/token.h"
#include "partiql/partiql.h"

/* State of scanner and parser */
typedef struct PartiqlParser
{
	SourceText	source;
	JsonNode   *parameters;		/* array, or NULL */
	uint32		nparameters;	/* question marks so far */
	int			noperators;
	const char *fault;			/* the first one that is not of syntax */
	Statement  *result;
} PartiqlParser;

#include "partiql/partiql_gram.h"

/* In the scanner */
extern int	partiql_scan_token(union PARTIQL_YYSTYPE *value, yyscan_t scanner);
extern yyscan_t partiql_scanner_create(PartiqlParser *parser);
extern void partiql_scanner_destroy(yyscan_t scanner);
extern char *partiql_yyget_text(yyscan_t scanner);
extern int	partiql_yyget_leng(yyscan_t scanner);

/* Is a bare name one of the reserved words, in whatever case? */
extern bool partiql_is_reserved_word(const char *name, uint32 len);

/* Grammar actions, in parse.c */
extern int	partiql_yylex(union PARTIQL_YYSTYPE *value, PartiqlParser *parser,
						  yyscan_t scanner);
pg_noreturn extern void partiql_syntax_error(PartiqlParser *parser);
extern void partiql_fault(PartiqlParser *parser, const char *fmt,...)
			pg_attribute_printf(2, 3);

extern JsonNode *partiql_scalar(const char *type, Token token);
extern JsonNode *partiql_number(Token token, bool negative);
extern JsonNode *partiql_boolean(bool value);
extern JsonNode *partiql_null(void);
extern JsonNode *partiql_parameter(PartiqlParser *parser);
extern JsonNode *partiql_list(List *values);
extern JsonNode *partiql_map(PartiqlParser *parser, List *members);
extern JsonNode *partiql_set(PartiqlParser *parser, List *values);
extern JsonMember *partiql_member(Token name, JsonNode *value);

extern ExprNode *partiql_value_node(PartiqlParser *parser, JsonNode *value);
extern ExprNode *partiql_operator(PartiqlParser *parser, ExprNode *node);
extern ExprNode *partiql_not(PartiqlParser *parser, ExprNode *node,
							 bool negated);
extern ExprNode *partiql_in(PartiqlParser *parser, ExprNode *left,
							List *operands);
extern ExprNode *partiql_in_list(PartiqlParser *parser, ExprNode *left,
								 JsonNode *list);
extern ExprNode *partiql_function(PartiqlParser *parser, Token name,
								  List *args);
extern ExprNode *partiql_is_null(PartiqlParser *parser, ExprNode *node);
extern ExprNode *partiql_is_missing(PartiqlParser *parser, ExprNode *node);
extern ExprNode *partiql_unsupported(PartiqlParser *parser, ExprNode *left,
									 const char *operator);

extern DocPath *partiql_path(Token name);
extern void partiql_path_name(PartiqlParser *parser, DocPath *path,
							  Token name);
extern void partiql_path_index(PartiqlParser *parser, DocPath *path,
							   Token index);

extern void partiql_source(PartiqlParser *parser, Token table,
						   const Token *index);
extern void partiql_where(PartiqlParser *parser, ExprNode *where);
extern void partiql_item(PartiqlParser *parser, JsonNode *item);
extern void partiql_set_action(PartiqlParser *parser, DocPath *path,
							   ExprNode *value);
extern void partiql_set_function(PartiqlParser *parser, UpdateActionType type,
								 DocPath *path, ExprNode *first,
								 ExprNode *second);
extern void partiql_remove_action(PartiqlParser *parser, DocPath *path);
extern SortItem *partiql_sort_item(DocPath *path, bool descending);

#endif							/* DYNAMO_PARTIQL_PARSE_H */
