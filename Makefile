PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.installed

LOOP := loadgen/hot_loop.so

RESULTS ?= results/latest

RECORD ?=  # of a bench-*: --record keeps its figures in benchmarks/proofs

.PHONY: help setup http notebook bench test test-quick test-strategies test-hosts test-cases golden lint docs kept proofs schema lock clean gate bench-gate bench-loader bench-ending bench-http bench-same bench-uninterrupted bench-round-trip bench-company bench-reading bench-claims bench-hosts

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(READY) $(LOOP)  ## make .venv from requirements.lock, and compile the load generator's hot loop

$(READY): requirements.lock
	@echo "Setting up $(VENV), once; this takes a minute."
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	touch $@

$(LOOP): loadgen/hot_loop.c
	$(CC) -O2 -shared -fPIC -o $@ $< || echo "not compiled: the load generator's hot loop will be Python's"

http: setup  ## add the HTTP servers of the profile http that the default set-up doesn't have (30 seconds)
	$(VENV)/bin/python -m uv pip install --quiet --group http

bench: setup  ## measure the fourteen strategies of the default profile, then draw the charts (4 to 5 minutes)
	$(VENV)/bin/python run_bench.py

# Hundreds of Python processes, none of which has to compile the project anew, whatever the environment says.
test test-quick test-strategies test-hosts test-cases: export PYTHONDONTWRITEBYTECODE =

test: setup  ## run the tests, but for those of every strategy (9 minutes)
	$(VENV)/bin/python -m pytest

# They compute, so there is nothing to do for more workers than CPUs.
test-quick: setup  ## run those that start nothing (1 minute)
	$(VENV)/bin/python -m pytest tests/pure --numprocesses logical --dist worksteal

test-strategies: setup  ## hold every strategy to the contract (5 minutes)
	$(VENV)/bin/python -m pytest tests/conformance

# They wait more than they compute, as those of whole runs do.
test-hosts: setup  ## measure across hosts: network namespaces, made and removed; those need root (3 minutes)
	$(VENV)/bin/python -m pytest tests/hosts

test-cases: setup  ## run servers with one fault each: does a run give the right answer? (3 minutes)
	$(VENV)/bin/python -m pytest tests/cases

golden: setup  ## write the golden texts of tests/golden anew
	$(VENV)/bin/python -m pytest --golden -n 0 -k "what_it_was or bad_input or plan_is_listed" tests/pure tests/process

lint: $(READY)  ## check style and types
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

bench-loader: setup  ## what the load generator costs, against stock Locust and a bare client (4 minutes)
	$(VENV)/bin/python -m benchmarks.loader $(RECORD)

bench-ending: setup  ## what a connection for each request costs it, against its Python loop and a bare C client (1 minute)
	$(VENV)/bin/python -m benchmarks.ending $(RECORD)

bench-http: setup  ## the rate that it finds of three HTTP servers, against wrk's or h2load's (2 minutes; apt-get install wrk)
	$(VENV)/bin/python -m benchmarks.http_rate $(RECORD)

bench-same: setup  ## one strategy under two names, twenty quick runs: is 1 inside the interval? (7 minutes)
	$(VENV)/bin/python -m benchmarks.same_strategy_twice $(RECORD)

gate: setup  ## is the working tree slower than AGAINST (default: HEAD)? (up to 10 minutes)
	$(VENV)/bin/python run_bench.py gate --against $(or $(AGAINST),HEAD)

bench-gate: setup  ## does the gate find a tenth more work, and nothing else? (7 minutes)
	$(VENV)/bin/python -m benchmarks.planted_loss $(RECORD)

bench-uninterrupted: setup  ## p99 of interleaved windows against long uninterrupted ones (48 minutes)
	$(VENV)/bin/python -m benchmarks.uninterrupted $(RECORD)

bench-round-trip: setup  ## the p50 of one client, ours against a C client's (1 minute)
	$(VENV)/bin/python -m benchmarks.round_trip $(RECORD)

bench-company: setup  ## epoll's rate beside a server that polls without end (2 minutes)
	$(VENV)/bin/python -m benchmarks.company $(RECORD)

bench-hosts: setup  ## what two workers get out of a bare C server, by what one does (3 minutes; five CPUs, else it is a test of function)
	$(VENV)/bin/python -m benchmarks.hosts $(RECORD)

notebook: setup  ## carry out analysis/notebook.py for the newest run, or RESULTS=..., into RESULTS/notebook.html
	$(VENV)/bin/python -m jupytext --to ipynb --output - analysis/notebook.py \
		| RESULTS=$(abspath $(RESULTS)) $(VENV)/bin/python -m nbconvert --stdin --execute --to html \
		--template classic --HTMLExporter.mathjax_url= --HTMLExporter.require_js_url= --HTMLExporter.jquery_url= \
		--output-dir $(RESULTS) --output notebook

bench-claims: setup  ## how often a trial's verdict is wrong, on made-up results (4 minutes)
	$(VENV)/bin/python -m benchmarks.claims_replay $(RECORD)

bench-reading: setup  ## how long a thousand cells take to be read, tabulated and paged, and in how much memory (40 seconds)
	$(VENV)/bin/python -m benchmarks.thousand_cells

kept:  ## take the newest run's chart and cells into docs/, for the README
	cp results/latest/run.json results/latest/cells.csv results/latest/charts/throughput_vs_clients.png docs/

docs: proofs  ## write what is generated: the README's findings, docs/options.md, docs/proofs.md
	$(VENV)/bin/python -m docs.kept_run
	$(VENV)/bin/python -m docs.kept_trial
	$(VENV)/bin/python -m docs.options

proofs: $(READY)  ## write docs/proofs.md from the sittings in benchmarks/proofs
	$(VENV)/bin/python -m benchmarks.proofs

schema: $(READY)  ## write the tables of results/README.md from schema.toml
	$(VENV)/bin/python -m analysis.records.schema

lock: $(READY)  ## resolve pyproject.toml into requirements.lock anew
	$(VENV)/bin/python -m uv pip compile pyproject.toml --group dev --universal --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file requirements.lock

clean:  ## remove the environment and caches, keep results
	rm -rf $(VENV) .variants $(LOOP) .pytest_cache .mypy_cache .ruff_cache
