# The project's commands. `make help` lists them; every target does the set-up it needs, once.
# Arguments go through ARGS: make demo ARGS=--once, make test ARGS="tests/unit -k rules".

PYTHON ?= python3
JOBS ?= 4
ARGS ?=
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --custom-compile-command "make lock" --upgrade

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check format eval bench soak docs lock image hooks clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## make .venv, install the locked dependencies and the command

# Two stamps, so that an edit of pyproject.toml costs a second and only a changed lock installs everything again.
.venv/.locked: requirements-dev.lock
	@$(PYTHON) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'Wirewatch needs Python 3.11 or later with its venv module, and "$(PYTHON)" is not that.'; \
		echo 'Install one (Debian: python3 and python3-venv) or name it: make setup PYTHON=python3.12'; exit 1; } >&2
	@echo 'setting up .venv (a minute or two, once)'
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## the daemon, with config.toml
	@$(BIN)/wirewatch run --config config.toml $(ARGS)

demo: setup ## a small world on loopback: news site, mailbox, webhook and the real daemon
	@$(BIN)/wirewatch demo $(ARGS)

test: setup ## all tests (JOBS=4 processes: many wait for a daemon)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup ## format, lint, types, architecture, docs, container: one line each
	@tools/check $(ARGS)

format: setup ## put the code into its format
	@$(BIN)/ruff check --quiet --fix-only . && $(BIN)/ruff format --quiet .

eval: setup ## quality of the shipped rules on the labelled cases
	@WIREWATCH_THOROUGH=1 $(BIN)/python -m pytest tests/eval -s $(ARGS)

bench: setup ## cost per article and feed, and memory, on a simulated world
	@$(BIN)/python -m bench $(ARGS)

soak: setup ## random kill -9 under load, at full count
	@$(BIN)/python -m tests.acceptance.soak $(ARGS)

docs: setup ## the manual as HTML in site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict && echo "docs: site/index.html"

lock: setup ## resolve the dependencies anew and lock them with hashes
	@$(LOCK) pyproject.toml --output-file requirements.lock
	@$(LOCK) --group build --output-file requirements-build.lock
	@$(LOCK) pyproject.toml --group dev --constraint requirements.lock --constraint requirements-build.lock \
		--output-file requirements-dev.lock

image: ## build the container with docker, or with CONTAINER=podman
	@$(or $(CONTAINER),docker) build --tag wirewatch:dev .

hooks: ## let git run the fast checks before each commit of this clone
	@git config core.hooksPath .githooks && echo 'hooks: .githooks/pre-commit runs before each commit'

clean: ## remove everything that was made, but not data/
	@rm -rf .venv site build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
