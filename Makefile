# Two commands matter: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLANT ?=
RUN_ARGS ?=

.PHONY: run test check pages format lock clean

run: $(VENV)/.run pages
	@exec $(BIN)/pilotline up $(if $(PLANT),--plant $(PLANT)) $(RUN_ARGS)

test: $(VENV)/.dev pages
	$(BIN)/pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/pages.py --check

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.dev
	$(PYTHON) deploy/lock.py

clean:
	rm -rf $(VENV) api/web/node_modules api/pilotline_api/pages dist
