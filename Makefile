# Two commands on a fresh machine: `make run` opens the demo study, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types contracts screenshots bench clean

run: $(VENV)/.ready-run
	$(BIN)/python main.py --demo

test: $(VENV)/.ready-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q

lint: $(VENV)/.ready-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: $(VENV)/.ready-test
	$(BIN)/python docs/take_screenshots.py

bench: $(VENV)/.ready-test
	$(BIN)/python benchmarks/engine.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "PlanetView needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# lunar-toolkit is wanted for its maps alone; what it depends on is heavy and would stay unused.
$(VENV)/.ready-run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	-$(BIN)/python -m pip install --quiet --no-deps lunar-toolkit==0.1.0
	@touch $@

$(VENV)/.ready-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	-$(BIN)/python -m pip install --quiet --no-deps lunar-toolkit==0.1.0
	@touch $@

clean:
	rm -rf $(VENV) build dist demo-report planetview-results .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
