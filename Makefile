# What people and CI call. Everything that a run writes lies under .provisioning/; the environment is .venv.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: install demo test test-demo test-parts browser servers lint ui docs screenshots requirements clean

install: $(VENV)/installed

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The example engagement, staging and then production, from nothing to its readiness report.
demo: install
	$(BIN)/provisioning sandbox start
	@export DEMO_SHOP_PAYMENT_API_KEY=$${DEMO_SHOP_PAYMENT_API_KEY:-$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}; \
	  $(BIN)/provisioning apply demo_shop && { $(BIN)/provisioning readiness demo_shop || test $$? -eq 2; }
	@echo
	@echo "NO-GO is right: what the report names as not_run holds the launch, and is not built yet."
	@echo "Open the graph, the checks and the schedules with: make ui"

# Side by side: the demo, from nothing, killed and mended; and everything else. Either waits most of its time.
test: install browser servers
	@$(MAKE) --no-print-directory --jobs 2 test-demo test-parts

test-demo:
	$(BIN)/pytest tests/e2e

test-parts: servers
	$(BIN)/pytest tests/unit tests/contract tests/products tests/integration

# The browser that the last tests look with.
browser:
	@command -v chromium >/dev/null || { $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq chromium; }

# The servers of Debian that tests run against, unpacked below .provisioning/; quick when they are there.
servers: install
	@$(BIN)/python -m tests.support.debian

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

ui: install
	@$(BIN)/provisioning sandbox status >/dev/null || $(BIN)/provisioning sandbox start
	@exec $(BIN)/provisioning ui

docs: install
	$(BIN)/python docs/write_readiness_items.py

screenshots: install
	$(BIN)/python docs/take_screenshots.py

# Pins with hashes and without index addresses: the same on every mirror.
requirements:
	$(BIN)/pip-compile --quiet --extra dev --extra sandbox --generate-hashes --allow-unsafe --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  --output-file requirements.txt pyproject.toml

clean:
	-$(BIN)/provisioning sandbox stop
	rm -rf .provisioning
