/*
 * reserved_words.c - the words that PartiQL does not take as bare names.
 *
 * They are SQL's of 1992 and some of PartiQL's own, as DynamoDB's parser of
 * statements refuses them; the list of expressions is another one.
 */
#include "postgres.h"

#include "expr/expr_tree.h"
#include "partiql/partiql_parse.h"

/* Sorted, upper case */
static const char *const reserved_words[] = {
	"ABSOLUTE", "ACTION", "ADD", "ALL", "ALLOCATE", "ALTER", "AND", "ANY",
	"ARE", "AS", "ASC", "ASSERTION", "AT", "AUTHORIZATION", "AVG", "BAG",
	"BEGIN", "BETWEEN", "BIT", "BLOB", "BOOL", "BOOLEAN", "BY", "CASCADE",
	"CASCADED", "CASE", "CAST", "CATALOG", "CHAR", "CHARACTER",
	"CHARACTER_LENGTH", "CHECK", "CLOB", "CLOSE", "COALESCE", "COLLATE",
	"COLLATION", "COLUMN", "COMMIT", "CONFLICT", "CONNECT", "CONNECTION",
	"CONSTRAINT", "CONSTRAINTS", "CONTINUE", "CONVERT", "CORRESPONDING",
	"COUNT", "CREATE", "CROSS", "CURRENT", "CURSOR", "DATE", "DATE_ADD",
	"DEALLOCATE", "DEC", "DECIMAL", "DECLARE", "DEFAULT", "DEFERRABLE",
	"DEFERRED", "DELETE", "DESC", "DESCRIBE", "DESCRIPTOR", "DIAGNOSTICS",
	"DISCONNECT", "DISTINCT", "DO", "DOMAIN", "DOUBLE", "DROP", "ELSE", "END",
	"ESCAPE", "EXCEPT", "EXCEPTION", "EXEC", "EXECUTE", "EXISTS", "EXTERNAL",
	"EXTRACT", "FETCH", "FIRST", "FLOAT", "FOR", "FOREIGN", "FOUND", "FROM",
	"FULL", "GET", "GLOBAL", "GO", "GOTO", "GRANT", "GROUP", "HAVING",
	"IDENTITY", "IMMEDIATE", "IN", "INDEX", "INDICATOR", "INITIALLY", "INNER",
	"INPUT", "INSENSITIVE", "INSERT", "INT", "INTEGER", "INTERSECT",
	"INTERVAL", "INTO", "IS", "ISOLATION", "JOIN", "KEY", "LANGUAGE", "LAST",
	"LEFT", "LET", "LEVEL", "LIKE", "LIMIT", "LIST", "LOCAL", "LOWER",
	"MATCH", "MAX", "MIN", "MODIFIED", "MODULE", "NAMES", "NATIONAL",
	"NATURAL", "NCHAR", "NEW", "NEXT", "NO", "NOT", "NOTHING", "NULLIF",
	"NUMERIC", "OF", "OLD", "ON", "ONLY", "OPEN", "OPTION", "OR", "ORDER",
	"OUTER", "OUTPUT", "OVERLAPS", "PAD", "PARTIAL", "PIVOT", "POSITION",
	"PRECISION", "PREPARE", "PRESERVE", "PRIMARY", "PRIOR", "PRIVILEGES",
	"PROCEDURE", "PUBLIC", "READ", "REAL", "REFERENCES", "RELATIVE", "REMOVE",
	"RESTRICT", "RETURNING", "REVOKE", "RIGHT", "ROLLBACK", "ROWS", "SCHEMA",
	"SCROLL", "SECTION", "SELECT", "SESSION", "SESSION_USER", "SET", "SEXP",
	"SIZE", "SMALLINT", "SOME", "SPACE", "SQL", "SQLCODE", "SQLERROR",
	"SQLSTATE", "STRING", "STRUCT", "SUBSTRING", "SUM", "SYMBOL", "TABLE",
	"TEMPORARY", "THEN", "TIME", "TIMESTAMP", "TO", "TRANSACTION",
	"TRANSLATE", "TRANSLATION", "TRIM", "TUPLE", "UNION", "UNIQUE", "UNKNOWN",
	"UNPIVOT", "UPDATE", "UPPER", "USAGE", "USER", "USING", "VALUE", "VALUES",
	"VARCHAR", "VARYING", "VIEW", "WHEN", "WHENEVER", "WHERE", "WITH", "WORK",
	"WRITE", "ZONE"
};

bool
partiql_is_reserved_word(const char *name, uint32 len)
{
	return expr_word_is_listed(name, len, reserved_words,
							   lengthof(reserved_words));
}
