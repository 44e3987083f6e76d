# The only door: `make` prints what it can do.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help install run demo up down ops test test-fast load nightly test-plaid bench evaluate check lint types laws fmt docs pictures migrate lock

help: ## print this
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## build .venv from the pinned, hashed requirements

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say which with: make PYTHON=python3.12 …")'
	@echo "Installing into .venv (about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## run everything in one process and print the page's address (PORT=9000 moves it)
	@$(BIN)/python deploy/embedded.py $(if $(PORT),--port $(PORT))

demo: $(READY) ## link three banks without a browser, compare with the bank's truth, exit 0
	@$(BIN)/python -m deploy.demo

up: ## build and start the containers, wait until all are healthy, print the page's address (deploy/.env)
	@$(PYTHON) -m deploy.compose up

down: ## remove the containers, their images and networks, and ALL THEIR DATA
	@$(PYTHON) -m deploy.compose down

ops: ## an operator's command beside the containers: make ops DO="audit --all" (docs/operations.md)
	@cd deploy && docker compose run --rm ops $(DO)

test: $(READY) ## all tests, on real servers
	@$(BIN)/python -m pytest -n auto --no-loadscope-reorder --durations=15

test-fast: $(READY) ## the tests that need no server
	@$(BIN)/python -m pytest -m "not slow"

load: $(READY) ## a thousand users at once, then 200 processes killed: all criteria met? (half an hour; USERS, MINUTES, RATE)
	@$(BIN)/python -m bench.crowd $(if $(USERS),--users $(USERS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))
	@$(BIN)/python -m pytest tests/load/load_kills.py

nightly: $(READY) ## what takes an hour or more: 2,000 random histories of an item against the bank's truth
	@HISTORIES=2000 $(BIN)/python -m pytest tests/sync_worker/test_histories.py

test-plaid: $(READY) ## the main path at Plaid's own sandbox, with your PLAID_CLIENT_ID and PLAID_SECRET
	@$(BIN)/python -m pytest tests/real/real_plaid.py

bench: $(READY) ## measure how fast it is, each figure beside its baseline (seven minutes; bench/results)
	@$(BIN)/python -m bench

evaluate: $(READY) ## measure how right the categoriser is on labelled rows, fail where it fell (EVALUATION_DATA, UPDATE=1)
	@$(BIN)/python -m bench.categorisation $(if $(UPDATE),--update)

check: lint types laws test ## everything that must hold before a commit

lint: $(READY) ## style
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(READY) ## mypy, strict
	@$(BIN)/mypy

laws: $(READY) ## who may import whom
	@$(BIN)/lint-imports --no-logo

fmt: $(READY) ## format
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

docs: $(READY) ## write the documents that are generated from the code
	@$(BIN)/python -m common.asyncapi > docs/events.json
	@$(BIN)/python -m link_api.document > docs/link-api.json
	@$(BIN)/python -m sync_worker.picture > docs/item-life.md
	@$(BIN)/python -m deploy.observability.dashboards

pictures: $(READY) ## take the README's pictures from the running system
	@$(BIN)/python -m deploy.pictures

migrate: $(READY) ## bring the database at DATABASE_URL up to date
	@$(BIN)/python -m common.migrations

lock: $(READY) ## pin every dependency anew, with hashes and without any host name
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python -m deploy.lock
