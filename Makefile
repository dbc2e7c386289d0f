# Every target does its own set-up; nothing but Python 3.11 or later, git and make has to be there.
.DEFAULT_GOAL := help
.PHONY: help demo demo-live test stop check lint format types docs lock long clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MGE := $(BIN)/mge
READY := $(VENV)/.ready

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## Start the stack, import a package, execute a recorded plan, say where to look
	@$(MGE) demo

demo-live: $(READY) ## Take a small request to tested code with a real model on this machine
	@$(MGE) llm up
	@$(MGE) demo --live

test: $(READY) ## Lint, types, architecture, unit, integration and acceptance tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

stop: $(READY) ## Stop the stack; the data stays
	@$(MGE) down

check: $(READY) ## The quick part of test: no server, seconds
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/unit tests/architecture

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

long: $(READY) ## Long forms of the property-based and fault tests (an hour)
	HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/unit/atoms tests/unit/resolve tests/unit/parse tests/integration/pipeline/test_random_programs.py
	$(BIN)/pytest -m long

docs: $(READY) ## Write docs/queries.md and docs/schema.md anew from the Cypher files and the demo plan
	@$(MGE) boundaries build networkx
	@$(MGE) cypher docs networkx --symbol networkx.algorithms.dag.topological_sort \
	  --param name=NetworkXException --param source=dag_longest_path --param target=_dispatchable \
	  --param words="topological order" --param package=itertools --param depth=2 \
	  --param rules='[["utils must not need algorithms", "utils/.*", "algorithms/.*"]]' \
	  --param paths='["algorithms/dag.py"]' > docs/queries.md.new
	@mv docs/queries.md.new docs/queries.md
	@$(MGE) cypher schema networkx > docs/schema.md.new
	@mv docs/schema.md.new docs/schema.md

lock: $(READY) ## Compute requirements.lock anew
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --extra dev pyproject.toml -o requirements.lock

clean: ## Remove what was set up here (the stack's data is elsewhere and stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# uv's own entry of the lock file comes first, by pip, with its hashes; uv then brings the rest.
$(READY): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "error: $(PYTHON) cannot make an environment; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit("error: Python 3.11 or later is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ /p;}' requirements.lock > $(VENV)/uv.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@echo "setting up $(VENV) from requirements.lock"
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync -q --compile-bytecode --require-hashes requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install -q --no-deps --no-build-isolation --editable .
	@touch $(READY)
