# dynamo: DynamoDB's data model, API and change feed in PostgreSQL

EXTENSION = dynamo
MODULE_big = dynamo
DATA = dynamo--1.0.sql
PGFILEDESC = "dynamo - DynamoDB's data model, API and change feed"

OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/model/*.c src/expr/*.c \
	src/partiql/*.c src/store/*.c src/feed/*.c src/api/*.c) src/expr/expr_gram.c \
	src/expr/expr_scan.c src/partiql/partiql_gram.c src/partiql/partiql_scan.c))

PG_CPPFLAGS = -I$(srcdir)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-clobbered -Werror

# Calls within the library stay within it, whatever else is loaded
SHLIB_LINK = -Wl,-Bsymbolic

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=$(EXTENSION)

EXTRA_CLEAN = src/expr/expr_gram.c src/expr/expr_gram.h src/expr/expr_scan.c \
	src/partiql/partiql_gram.c src/partiql/partiql_gram.h \
	src/partiql/partiql_scan.c tmp_check

# No LLVM bitcode: JIT inlining gains nothing for functions of this size, and
# the build takes half the time.
override with_llvm = no

DEFAULT_PG_CONFIG = /usr/lib/postgresql/15/bin/pg_config
ifeq ($(origin PG_CONFIG),undefined)
PG_CONFIG := $(or $(wildcard $(DEFAULT_PG_CONFIG)),pg_config)
else
export PG_CONFIG
endif
# Debian has pgxs.mk without the headers where only the client is installed
PGXS := $(and $(wildcard $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)/postgres.h),\
	$(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null)))

ifneq ($(PGXS),)
include $(PGXS)

# The gateway is a program with a Makefile of its own
all: gateway
install: install-gateway
uninstall: uninstall-gateway
clean: clean-gateway

gateway:
	@$(MAKE) -s -C $(srcdir)/src/gateway PG_CONFIG='$(PG_CONFIG)' all

install-gateway uninstall-gateway clean-gateway: %-gateway:
	@$(MAKE) -s -C $(srcdir)/src/gateway PG_CONFIG='$(PG_CONFIG)' $*

.PHONY: gateway install-gateway uninstall-gateway clean-gateway

# bison writes the header along with the parser
src/expr/expr_gram.c src/partiql/partiql_gram.c: BISONFLAGS += -d

src/expr/expr_gram.h src/partiql/partiql_gram.h: %.h: %.c
	touch $@

src/expr/expr_gram.o src/expr/expr_scan.o src/expr/parse.o: src/expr/expr_gram.h

src/partiql/partiql_gram.o src/partiql/partiql_scan.o src/partiql/parse.o: \
	src/partiql/partiql_gram.h

# PGXS does not track headers unless PostgreSQL was configured to
$(OBJS): $(wildcard src/*.h src/*/*.h)

else

# PostgreSQL's build files are missing: get them, then start again
.DEFAULT_GOAL := all
all install installcheck installcheck-isolation:
	@scripts/ensure-packages build
	@test -n "$$DYNAMO_REMAKE" || DYNAMO_REMAKE=1 $(MAKE) $@

clean distclean:
	rm -rf *.so src/*.o src/*/*.o src/gateway/dynamo-gateway $(EXTRA_CLEAN)
endif

# A private cluster in .local, with the extension in it
up:
	@scripts/local-cluster up

down:
	@scripts/local-cluster down

clean-local:
	@scripts/local-cluster clean

# The Products walkthrough, on the private cluster
demo: up
	@scripts/demo

# Every test, on throw-away clusters
test:
	@scripts/run-tests

# The isolation specs against a running server, as installcheck does for sql/
installcheck-isolation:
	$(dir $(PGXS))../test/isolation/pg_isolation_regress \
		--bindir=$(shell $(PG_CONFIG) --bindir) \
		--inputdir=test/isolation --outputdir=output_iso \
		--dbname=isolation_regression --load-extension=$(EXTENSION) \
		$(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))

# Side by side with raw SQL on plain tables, with other servers of the API, and
# the change feed; writes docs/performance.md
bench:
	@bench/run
	@bench/gateway
	@bench/feed

bench-gateway:
	@bench/gateway

bench-feed:
	@bench/feed

# pgindent's layout
indent:
	@scripts/indent apply

indent-check:
	@scripts/indent check

.PHONY: up down clean-local demo test installcheck-isolation bench \
	bench-gateway bench-feed indent indent-check
