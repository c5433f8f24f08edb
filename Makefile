# One environment, .venv, made from pyproject.toml's ranges at the versions in constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run lab test torture coverage lint bench names-model clean

# The lab when there is a terminal; a short run on the embedded images when there is none.
run: .venv/installed
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/gradlab; else $(BIN)/gradlab run a2-setting1 --data mini; fi

lab: .venv/installed
	$(BIN)/gradlab

# The tests start hundreds of processes; without bytecode each of them would compile the project again.
test torture coverage: export PYTHONDONTWRITEBYTECODE =

test: .venv/dev
	$(BIN)/python -m pytest --numprocesses 3 --dist worksteal

# All cases: kills, signals, damage, hostile input, planted mistakes, looks; make test has a part of each.
torture: .venv/dev
	GRADLAB_TORTURE=1 nice $(BIN)/python -m pytest --numprocesses 2 --dist worksteal \
		tests/torture tests/lab tests/tui

# Which lines and branches no test reaches. It takes longer than make test: every process is watched.
coverage: .venv/dev
	$(BIN)/python -m pytest --numprocesses 2 --cov --cov-report term

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/bench
	$(BIN)/python -m benchmarks.dense
	$(BIN)/python -m benchmarks.images
	$(BIN)/python -m benchmarks.surnames

# Trains names-plus on five splits. The model of the first comes with Gradlab, in lab/names/shipped/; the others choose
# its temperature, and all of them show how good it is.
names-model: .venv/installed
	rm -rf build/names
	for seed in 1 2 3 4 5; do $(BIN)/gradlab run names-plus --seed $$seed --runs-dir build/names || exit 1; done
	$(BIN)/python -m lab.names.ship build/names/*-names-plus-*

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Gradlab needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

.venv/dev: .venv/installed
	$(INSTALL) --editable '.[dev]'
	@touch $@

.venv/bench: .venv/installed
	$(INSTALL) --editable '.[bench]'
	@touch $@
