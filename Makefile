# Plain wrappers; README.rst shows the commands beside them.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: run test check bench clean

run: .venv/built
	$(BIN)/twistd -n pbe --mode=all-in-one --dir=./pbe_data

test: .venv/built
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.peers
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest

check: .venv/built
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/lint-imports

bench: .venv/built
	for file in bench/*.py; do $(BIN)/python $$file || exit 1; done

# Built again when a dependency or a Cython leaf changed.
.venv/built: pyproject.toml setup.py $(wildcard pbe/_fast/*.pyx)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e .[test]
	touch $@

clean:
	rm -rf .venv build dist *.egg-info pbe/_fast/*.c pbe/_fast/*.so
