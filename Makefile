# Two commands on a fresh machine: `make run` opens the demo study, `make test` runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types contracts screenshots bench installer smoke wheel clean

run: $(VENV)/.ready-run
	$(BIN)/python main.py --demo

test: $(VENV)/.ready-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

lint: $(VENV)/.ready-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Those of the documentation; then all again as a screen of twice the density, in high contrast, and with large text.
screenshots: $(VENV)/.ready-test
	$(BIN)/python docs/take_screenshots.py
	$(BIN)/python docs/take_screenshots.py --scale 2 --out build/screenshots/2x
	$(BIN)/python docs/take_screenshots.py --themes contrast --out build/screenshots/contrast
	$(BIN)/python docs/take_screenshots.py --text 2 --themes light --out build/screenshots/large-text

bench: $(VENV)/.ready-test
	$(BIN)/python benchmarks/engine.py

# The standalone program, built in an environment of its own: `make installer FLAVOUR=cpu TORCH_INDEX=...`; see packaging.
FLAVOUR ?= cuda
FORMATS ?= tar,deb
installer:
	$(PYTHON) packaging/build.py --flavour $(FLAVOUR) --formats $(FORMATS) --torch-index "$(TORCH_INDEX)" $(BUILD_OPTIONS)

smoke:
	$(PYTHON) packaging/smoke.py build/installer/stage/planetview --source build/installer/venv/bin/python

wheel: $(VENV)/.ready-run
	$(BIN)/python -m pip install --quiet build twine
	$(BIN)/python -m build
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

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
