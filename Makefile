# `make` alone says what there is. Everything is installed into .venv, from nothing.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
OTHERS := .bench/venv/bin/python
ORACLES := .venv-oracles/bin/python
SOURCES := $(shell find pipeline schemas -type f -not -name '*.pyc' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test test-oracles lock-oracles check docs bench bench-neardup bench-others lint types contracts format clean lock

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run.stamp ## build a dataset from sample_data and train on it, in an embedded Studio
	@$(BIN)/trainset run sample_data/trainset.toml --work-dir .trainset

test: .venv/dev.stamp ## all tests (those on real runs when TRAINSET_REAL_RUNS names the file)
	@$(BIN)/python -m pytest -q

test-oracles: .venv-oracles/made.stamp ## our verdicts beside other people's validators (FLAGS="--long --seed 7", --write)
	@$(ORACLES) -m pytest -q -c tests/oracles/pytest.ini --rootdir . tests/oracles $(FLAGS)

check: lint types contracts test ## format check, lint, types, import contracts, tests

lint: .venv/dev.stamp ## format check and ruff
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: .venv/dev.stamp ## mypy, strict
	@$(BIN)/mypy

contracts: .venv/dev.stamp ## who may import whom
	@$(BIN)/lint-imports

format: .venv/dev.stamp ## format, and mend what ruff can mend safely
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: .venv/dev.stamp ## write the pages that are made from the code, and the golden lines of the formats
	@PYTHONPATH=. $(BIN)/python tests/formats/write_golden.py
	@for page in docs/make_*.py; do $(BIN)/python $$page; done

bench: .venv/dev.stamp ## time, memory and truth beside a plain script (FLAGS="--copies 1")
	@$(BIN)/python benchmarks/run.py $(FLAGS)

bench-neardup: .venv/dev.stamp bench-others ## near-duplicates beside six other ways; writes docs/benchmark.md
	@$(BIN)/python benchmarks/neardup/compare.py $(FLAGS)

bench-others: .bench/others.stamp ## the other tools, in an environment of their own

lock: .venv/dev.stamp ## write what is installed to constraints.txt
	@$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable \
		| grep -E '^[A-Za-z0-9._-]+==[^ @/]+$$' | LC_ALL=C sort -f > constraints.txt

lock-oracles: .venv-oracles/made.stamp ## the same of the oracles' environment
	@$(ORACLES) -m pip --disable-pip-version-check freeze --exclude-editable \
		| grep -E '^[A-Za-z0-9._-]+==[^ @/]+$$' | grep -vFf tests/oracles/bare.txt \
		| LC_ALL=C sort -f > tests/oracles/constraints.txt

clean: ## remove what make has made: .venv, builds, caches
	rm -rf .venv .venv-oracles .trainset .bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# text-dedup's Spark, suffix arrays and Bloom filters are not needed by its MinHash script.
.bench/others.stamp: benchmarks/neardup/requirements.txt benchmarks/neardup/constraints.txt
	@echo "installing the other tools into .bench/venv ..." >&2
	@mkdir -p .bench && $(PYTHON) -m venv .bench/venv
	@$(OTHERS) -m pip install --quiet --disable-pip-version-check --no-input \
		--constraint benchmarks/neardup/constraints.txt \
		--requirement benchmarks/neardup/requirements.txt
	@$(OTHERS) -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
		text-dedup==0.4.0
	@touch $@

# Validators whose packages would bring torch or a cloud SDK come without what they depend on
# (bare.txt); the last together that judges turns lies beside the newer one, in a folder.
.venv-oracles/made.stamp: $(wildcard tests/oracles/*.txt) pyproject.toml
	@echo "installing other people's validators into .venv-oracles ..." >&2
	@$(PYTHON) -m venv .venv-oracles
	@$(ORACLES) -m pip install --quiet --disable-pip-version-check --no-input \
		--constraint tests/oracles/constraints.txt --requirement tests/oracles/requirements.txt \
		--editable .
	@$(ORACLES) -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
		--ignore-requires-python --requirement tests/oracles/bare.txt
	@$(ORACLES) -m pip install --quiet --disable-pip-version-check --no-input --no-deps --upgrade \
		--target .venv-oracles/together-1.5.35 together==1.5.35
	@touch $@

.venv/made.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "trainset needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "making .venv ..." >&2
	@$(PYTHON) -m venv .venv
	@touch $@

# The installed copy follows the sources. Where there is an editable one, it does so by itself.
.venv/run.stamp: .venv/made.stamp pyproject.toml constraints.txt $(SOURCES)
	@if [ -e .venv/dev.stamp ]; then $(MAKE) --no-print-directory .venv/dev.stamp; else \
		echo "installing trainset ..." >&2; $(PIP) install --constraint constraints.txt . ; fi
	@touch $@

.venv/dev.stamp: .venv/made.stamp pyproject.toml constraints.txt
	@echo "installing trainset and its tools ..." >&2
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
