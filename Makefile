# Everything a newcomer types. `make demo` and `make test` need git, make and python3 3.11 only.
PYTHON ?= python3
PORT ?= 8000
VAR ?= ./var
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test lint bench soak clean install
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) tools/check_python.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned packages (a minute or two the first time) ..."
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python tools/translations.py compile
	@touch $(STAMP)

demo: $(STAMP)
	@REGULARS_VAR="$(abspath $(VAR))" $(BIN)/regulars demo --port $(PORT)

test: lint
	@$(BIN)/python -m pytest -m serial
	@$(BIN)/python -m pytest -n 2 --dist loadscope -m "not serial"

lint: $(STAMP)
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy --no-error-summary src/regulars
	@$(BIN)/python tools/translations.py check
	@$(BIN)/python tools/licences.py

bench: $(STAMP)
	@$(BIN)/python -m benchmarks $(NAMES)

soak: $(STAMP)
	@REGULARS_SOAK=1 $(BIN)/python -m pytest --timeout 7200

clean:
	@rm -rf .venv artefacts bench-state .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build
	@find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} +
