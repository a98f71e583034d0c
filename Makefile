# dynamo: DynamoDB's data model, API and change feed in PostgreSQL

EXTENSION = dynamo
MODULE_big = dynamo
DATA = dynamo--1.0.sql
PGFILEDESC = "dynamo - DynamoDB's data model, API and change feed"

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/model/*.c src/expr/*.c \
	src/store/*.c src/api/*.c) src/expr/expr_gram.c src/expr/expr_scan.c))

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-clobbered -Werror

EXTRA_CLEAN = src/expr/expr_gram.c src/expr/expr_gram.h src/expr/expr_scan.c

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
