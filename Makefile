# Every target creates what it needs. VENV names another environment: make test VENV=~/.venvs/cdp
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.cdp-ready
MANIFEST := dbt_project/target/manifest.json
DBT_FILES := $(shell find dbt_project -name target -prune -o -name logs -prune -o -type f \( -name '*.sql' -o -name '*.yml' -o -name '*.csv' \) -print)
WORKERS ?= 2
SIZES ?= 10k 100k 1M
PROOF ?= data/erasure-proof

.PHONY: help docs setup demo demo-real test test-long spark-parity chaos soak erasure-proof audit lint format bench bench-identity lock clean

help:
	@echo "make setup   environment in $(VENV) and the dbt manifest"
	@echo "make demo    sample data, a full run, and a summary of it"
	@echo "make test    all tests"
	@echo "make test-long   and those that take minutes each: guides with full runs, day by day against at once"
	@echo "make chaos   kills ingest, identity, publishing, audiences, backups, erasures at 240 points, whole runs at 21"
	@echo "make soak    DAYS=60 of merges, splits, erasures and judgements, each day checked"
	@echo "make spark-parity HOME_DIR=…   the same tables by DuckDB and by Spark, from the raw tables of a home"
	@echo "make erasure-proof   plants 100 people in the sample, erases them, looks for them in every byte and table"
	@echo "make audit   bandit, and known vulnerabilities of the pinned packages"
	@echo "make docs    all pages as a site in build/docs"
	@echo "make lint    formatting, lint and types"
	@echo "make bench   the whole at SIZES=\"10k 100k 1M\": time, memory, bytes, increments, growth, into docs/benchmarks.md"
	@echo "make bench-identity   accuracy, time and memory of identity resolution beside bare Splink"

setup: $(READY) $(MANIFEST)

$(READY): pyproject.toml requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	touch $@

$(MANIFEST): $(READY) $(DBT_FILES)
	$(BIN)/python -c 'from cdp_pipeline.warehouse import prepare_manifest; prepare_manifest()'
	touch $@

demo: setup
	$(BIN)/cdp demo

demo-real: setup
	$(BIN)/cdp demo --real

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations=25 --durations-min=5

test-long: setup
	CDP_TEST_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# 40 points in each of six stages, and 21 over whole runs. What was hit goes into the page.
chaos: setup
	rm -rf data/chaos
	CDP_CHAOS_REPORT=data/chaos CDP_CHAOS_POINTS=40 CDP_CHAOS_RUNS=21 \
		$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -rP tests/chaos
	$(BIN)/python tests/chaos/faults.py data/chaos --docs docs/faults.md

# Days of increments, each checked. ENGINE=cdp starts a process for each day, ENGINE=steps leaves dbt, publishing and
# Dagster out; SOAK='--minutes 30' stops in between, SOAK=--resume goes on.
DAYS ?= 60
ENGINE ?= process
SOAK ?=
soak: setup
	CDP_CHAOS_REPORT=data/soak-notes $(BIN)/python tests/soak/soak.py --days $(DAYS) --engine $(ENGINE) $(SOAK) \
		--home data/soak --report data/soak.md
	$(BIN)/python tests/chaos/faults.py data/soak-notes --docs docs/faults.md

# needs the extra `spark` and Java; MASTER='local-cluster[2,1,1024]' runs executors as processes of their own
HOME_DIR ?= data/home
MASTER ?= local[2]
spark-parity: setup
	$(BIN)/python -m pip install --quiet --editable '.[spark]'
	$(BIN)/python -m cdp_pipeline.spark.parity --home $(HOME_DIR) --out data/spark-parity --master '$(MASTER)'

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# 100 people planted in the sample, found in every kind of place, erased, found nowhere: four full runs
erasure-proof: setup
	rm -rf $(PROOF)
	$(BIN)/python tests/erasure/proof.py --people 100 --work $(PROOF)

# Tools of their own environment: they are not needed to run or test the platform. docs/security.md says why these rules.
audit:
	test -x $(VENV)-audit/bin/pip-audit || ($(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/python -m pip install --quiet bandit pip-audit)
	$(VENV)-audit/bin/bandit --quiet --recursive --skip B101,B311,B404,B506,B603,B608,B704 cdp_pipeline identity profiles
	$(VENV)-audit/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip

bench: setup
	$(BIN)/python bench/whole/run.py --sizes $(SIZES) --out docs/benchmarks.md

bench-identity: setup
	$(BIN)/python bench/identity/run.py

# Pins every package of the environment, without index addresses and without the project itself.
lock: setup
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools | grep -Ev '^(-|#)' > requirements.lock

# A link that leads nowhere is an error.
docs: setup
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs build/docs

clean:
	rm -rf $(VENV) build dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
