# Two commands: `make demo` trains the example on real data, `make check` runs all that CI runs.
# Needs Python 3.11+ (PYTHON=...), a C++ compiler and git; the rest goes into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo check check-long clean

demo: $(VENV)/.examples
	$(BIN)/python examples/digits/demo.py

check: $(VENV)/.test
	$(BIN)/python test/run_all.py

check-long: $(VENV)/.test
	$(BIN)/python test/run_all.py --long

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.examples: $(VENV)/bin/python pyproject.toml CMakeLists.txt $(wildcard runtime/native/*)
	$(BIN)/python -m pip install --quiet --editable '.[examples]'
	touch $@

$(VENV)/.test: $(VENV)/.examples
	$(BIN)/python -m pip install --quiet --editable '.[examples,test]'
	touch $@

clean:
	rm -rf $(VENV) build dist
