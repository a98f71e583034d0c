-- Keys and strings are UTF-8: databases of another encoding are refused.
\set VERBOSITY terse
SELECT current_database() AS database \gset
CREATE DATABASE dynamo_latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\c dynamo_latin1
CREATE EXTENSION dynamo;
\c :database
DROP DATABASE dynamo_latin1;
