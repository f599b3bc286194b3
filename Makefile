# Two commands matter: `make run` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# How many processes run tests side by side; with 0 they run in pytest's own, as a debugger wants.
PROCESSES ?= 2

.PHONY: run test faults check pages interop kernels format lock wheel clean

run: $(VENV)/run.stamp pages
	@exec $(BIN)/pilotline up $(ARGS)

test: $(VENV)/dev.stamp pages interop kernels
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal $(ARGS)

faults: $(VENV)/dev.stamp interop
	$(BIN)/python tests/faults/run.py --full $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/pages.py --check

pages: $(VENV)/run.stamp
	@$(BIN)/python deploy/pages.py

interop: $(VENV)/dev.stamp
	@$(BIN)/python deploy/interop.py

kernels: $(VENV)/run.stamp
	@$(BIN)/python deploy/kernels.py

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/dev.stamp
	$(BIN)/python deploy/lock.py

wheel: $(VENV)/run.stamp
	$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) api/web/node_modules api/pilotline_api/pages tests/interop/node_modules dist

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Pilotline needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
