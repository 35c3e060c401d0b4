# Penstock: `make` alone lists what there is.
#   PYTHON=python3.13   another Python for a new .venv
#   ARGS="..."          more arguments for serve, bench, fuzz, proof, mutants and pytest

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq
# Typed modules and all that decides how they are compiled.
TYPED := $(shell find src/penstock -name '*.pxd')
COMPILED := $(TYPED) $(wildcard $(TYPED:.pxd=.py)) setup.py
CLIENTS := tests/clients

.DEFAULT_GOAL := targets
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: targets
targets: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

# --- run -------------------------------------------------------------------

.PHONY: serve
serve: install ## start the server in the foreground on loopback
	@PENSTOCK_DATA="$${PENSTOCK_DATA:-./penstock-data}" exec $(BIN)/penstock serve $(ARGS)

.PHONY: install
install: prerequisites $(VENV)/installed $(VENV)/compiled ## make .venv/bin/penstock ready

.PHONY: prerequisites
prerequisites:
	@tools/prerequisites $(PYTHON)

$(VENV)/locked: requirements/serve.txt | prerequisites
	@test -x $(BIN)/python || { echo "venv      $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "install   requirements/serve.txt"
	@$(PIP) install --require-hashes --no-deps -r requirements/serve.txt
	@mkdir -p build
	@touch $@

$(VENV)/installed: $(VENV)/locked pyproject.toml
	@echo "install   penstock, from this folder"
	@PENSTOCK_COMPILE=0 $(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/compiled: $(VENV)/locked $(COMPILED)
	@echo "compile   $(words $(TYPED)) modules, about a minute"
	@touch $@.begun # what is edited meanwhile is newer than this
	@$(BIN)/python setup.py -q build_ext --inplace 2>build/compile.txt; \
	  result=$$?; cat build/compile.txt >&2; exit $$result
	@mv $@.begun $@

# --- check -----------------------------------------------------------------

$(VENV)/dev: requirements/dev.txt $(VENV)/locked
	@echo "install   requirements/dev.txt"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/fuzz: requirements/fuzz.txt $(VENV)/dev
	@echo "install   requirements/fuzz.txt"
	@if $(PIP) install --require-hashes --no-deps --only-binary :all: -r requirements/fuzz.txt \
	  2>build/fuzz.txt; then touch $@; \
	else echo "Skipping the tests that need atheris: it has no wheel for this machine"; fi

$(CLIENTS)/node_modules/installed: $(wildcard $(CLIENTS)/package-lock.json)
	@if test -f $(CLIENTS)/package-lock.json && command -v npm >/dev/null; then \
	  echo "install   $(CLIENTS)/package-lock.json"; \
	  npm ci --prefix $(CLIENTS) --silent --no-audit --no-fund && touch $@; fi

.PHONY: dev
dev: install $(VENV)/dev ## install what checking and testing need

.PHONY: test
test: dev ## everything: format, lint, types, imports, all tests
	@tools/test-prerequisites
	@$(MAKE) -s $(VENV)/fuzz $(CLIENTS)/node_modules/installed
	@$(MAKE) warnings lint types imports tests plain

.PHONY: check
check: dev warnings lint types imports ## the fast part, under a minute
	@echo "tests     quick ones, compiled"
	@PENSTOCK_FORM=compiled $(BIN)/python -m pytest -q -m "not slow" $(ARGS)

.PHONY: warnings
warnings: $(VENV)/compiled # the last compiling said nothing
	@# What Cython says of its own templates (..Utility:) is not about our code.
	@if grep -i warning build/compile.txt | grep -v Utility:; then echo "compiling gave warnings" >&2; exit 1; fi

.PHONY: lint
lint: $(VENV)/dev ## format and lint
	@echo "format"
	@$(BIN)/ruff format --check -q .
	@echo "lint"
	@$(BIN)/ruff check -q .

.PHONY: types
types: $(VENV)/dev ## strict types
	@echo "types"
	@$(BIN)/mypy --no-error-summary

.PHONY: imports
imports: $(VENV)/dev ## import contracts
	@echo "imports"
	@$(BIN)/lint-imports --no-cache >build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }

.PHONY: tests
tests: dev ## all tests, compiled
	@echo "tests     all, compiled"
	@PENSTOCK_FORM=compiled $(BIN)/python -m pytest -q $(ARGS)

.PHONY: plain
plain: $(VENV)/installed $(VENV)/dev ## the core's tests, uncompiled
	@echo "tests     core, plain"
	@PENSTOCK_FORM=plain $(BIN)/python -m pytest -q tests/core $(ARGS)

# --- prove -----------------------------------------------------------------

.PHONY: mutants
mutants: dev ## break each protective line; a test has to notice
	@$(BIN)/python -m tests.mutants $(ARGS)

.PHONY: proof
proof: dev ## take the server away in every way there is; one table
	@$(BIN)/python -m penstock.testing.proof $(ARGS)

# --- measure ---------------------------------------------------------------

.PHONY: bench
bench: dev ## measure beside the real beanstalkd
	@bench/run $(ARGS)

.PHONY: fuzz
fuzz: dev $(VENV)/fuzz ## feed the parser what nobody would send
	@fuzz/run $(ARGS)

# --- ship ------------------------------------------------------------------

.PHONY: build
build: dev ## source distribution and wheel in dist/
	@$(BIN)/python -m build --no-isolation --outdir dist . >build/build.txt 2>&1 || { cat build/build.txt; exit 1; }
	@ls dist

.PHONY: lock
lock: dev ## write requirements/*.txt anew
	@tools/lock $(BIN)/uv

.PHONY: clean
clean: ## remove what make has made
	rm -rf $(VENV) build dist $(CLIENTS)/node_modules .mypy_cache .ruff_cache .pytest_cache
	find src -name '*.so' -delete
