# Everything starts here: `make demo` and `make test` work in a fresh clone with nothing but git, make and
# Python 3.11 (venv and pip). Each target that needs the environment makes it first, in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Tests side by side, each worker with a PostgreSQL and a Kafka of its own; most of them wait more than they work.
WORKERS ?= 4
UV := $(BIN)/uv
STAMP := .venv/.installed
PINS := requirements/bootstrap.txt requirements/dev.txt
# The extras that an image of the services holds: all but Spark, which is half a gigabyte that none of them needs.
SERVED := access witness audit intake attribution notifier registers console sms apprise
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url
# Let a compile's header name the command that a person would type.
export UV_CUSTOM_COMPILE_COMMAND := make requirements
# What was compiled once is kept, for the hundreds of processes that the tests start.
export PYTHONDONTWRITEBYTECODE :=
# Never another environment that happens to be active.
export VIRTUAL_ENV := $(CURDIR)/.venv

.PHONY: help demo test compiled lint bench soak up down clean clean-data install requirements catalogues python

help: ## Say what there is to make.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: $(STAMP) ## Ten days of an office on real parts, in a few minutes (HOLD=0 ends without waiting).
	@$(BIN)/panke demo $(DEMO)

test: $(STAMP) ## Lint, then every test but the soak (TESTS="tests/unit -k clock" runs some).
	@$(MAKE) --no-print-directory -j2 lint compiled
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal $(TESTS)

# Once beside the linters, instead of once in each worker; whatever cannot be read is told by the run itself.
compiled: $(STAMP)
	@$(BIN)/pytest --collect-only -qq $(TESTS) >/dev/null 2>&1 || true

lint: $(STAMP) ## Style, types and borders.
	@echo "ruff check";  $(BIN)/ruff check --quiet .
	@echo "ruff format"; $(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check . ; exit 1; }
	@echo "mypy";        $(BIN)/mypy
	@echo "borders";     $(BIN)/lint-imports --no-logo

bench: $(STAMP) ## Benchmarks, as ratios to limits measured in the same run; results in bench/results/.
	@$(BIN)/python -m bench $(BENCH)

soak: $(STAMP) ## The long tests: more seeds of the kill test, more ways in which parts die or are lost.
	@$(BIN)/pytest -m soak $(SOAK)

up: $(STAMP) ## PostgreSQL, Kafka and the services, in the background.
	@$(BIN)/panke up

down: $(STAMP) ## Stop what `make up` started.
	@$(BIN)/panke down

clean: ## Stop what runs, and delete the environment and every cache of this folder; data stay.
	@if [ -x $(BIN)/panke ]; then $(BIN)/panke down; fi
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -path ./.panke -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: $(STAMP) ## Stop what runs, and DELETE THE JOURNAL and all other data of `make up` and `make demo`.
	@$(BIN)/panke down --remove-data
	@$(BIN)/panke down --remove-data --directory "$${PANKE_LOCAL:-.panke}/demo"
	rm -rf .panke

install: $(STAMP) ## Make .venv with the pinned dependencies and the project in it.

requirements: $(STAMP) ## Pin the dependencies of pyproject.toml anew, with hashes.
	$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --all-extras --group local --group test -o requirements/dev.txt
	$(COMPILE) pyproject.toml $(SERVED:%=--extra %) -o requirements/run.txt

catalogues: $(STAMP) ## Bring the messages of the code into the catalogue of translations, and compile it.
	@$(BIN)/python -m tests.support.catalogues

python:
	@test -n "$(PYTHON)" || { echo "缺少 Python 3.11 Python 3.11 is missing: apt-get install python3.11 python3.11-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "需要 Python 3.11 或更新 $(PYTHON) is too old: Python 3.11 or newer is needed (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "缺少 venv 模块 $(PYTHON) has no venv and pip: apt-get install python3.11-venv"; exit 1; }

# The project last and without dependencies: those are pinned, and so is its build backend.
$(STAMP): $(PINS) pyproject.toml | python
	@test -x $(BIN)/python || { echo "making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@test -x $(UV) || { echo "installing uv into .venv"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	    -r requirements/bootstrap.txt; }
	@echo "installing the pinned dependencies"
	@$(UV) pip sync --quiet --require-hashes $(PINS)
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
