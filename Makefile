# Everything needs Python 3.11 or newer and make; the rest comes from requirements.lock.
PY ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
LESSONS := my-lessons
FIRST := $(LESSONS)/lessons/00-start-here.ipynb
SITE := $(BIN)/python -m website.build build/site --docs build/docs --tools .venv-site/bin/python
LOCK := .venv-lock/bin/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links
EXECUTED := notebooks/lessons notebooks/audit

# Every notebook starts a kernel of its own, and compiled modules start faster.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help lab docs site serve site-test workshop test lint notebooks bench lock clean
.DELETE_ON_ERROR:

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

lab: $(STAMP) ## Copy the lessons into my-lessons/ (your work is never overwritten) and open them.
	$(BIN)/nsim lessons $(LESSONS)
	$(BIN)/jupyter lab $(FIRST)

docs: $(STAMP) .venv-docs/.locked ## Build the documentation: notebooks with results, facts, the Python API.
	$(BIN)/python docs/build.py build/docs --tools .venv-docs/bin/python

site: docs .venv-site/.locked ## Build the lessons as a web site that needs no server and no install.
	$(SITE)

serve: build/site/index.html ## Serve the site to this machine.
	$(PY) -m website.serve build/site

site-test: docs .venv-site/.locked ## Build the site, and run it in a browser that can go nowhere else.
	$(SITE) --tests build/site-tests
	$(BIN)/python -m pytest website/tests

workshop: site ## Pack wheels, lessons, pages and the site into one archive that needs no network.
	$(BIN)/python -m workshop.build build/workshop.tar.gz --site build/site

# One pytest run over everything, so that its last line speaks for everything. Cells of a notebook
# follow each other, and tests of a file share what is slow to start, so files go to workers whole.
test: lint ## Lint, types, tests, doctests and every notebook.
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile \
	  --nbval --nbval-current-env --nbval-cell-timeout 60 --nbval-sanitize-with tests/nbval.cfg \
	  nsimlib tests README.md $(EXECUTED)

lint: $(STAMP) ## Lint, format check and types, changing nothing.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

notebooks: $(STAMP) ## Execute notebooks/src and write the .ipynb files that readers open.
	$(BIN)/python notebooks/build.py

bench: $(STAMP) ## Measure the engine.
	$(BIN)/python benchmarks/run.py

lock: .venv-lock/bin/uv pyproject.toml ## Pin every dependency anew, in all lock files.
	$(LOCK) --universal --python-version 3.11 --group dev --output-file requirements.lock pyproject.toml
	$(LOCK) --universal --python-version 3.11 --constraints requirements.lock \
	  --output-file website/tools.lock website/tools.in
	$(LOCK) --universal --python-version 3.11 --constraints requirements.lock \
	  --output-file docs/tools.lock docs/tools.in
	for each in browser sources tests; do \
	  $(LOCK) --python-version 3.14 --python-platform wasm32-pyodide2025 \
	    --constraints requirements.lock --overrides website/overrides.txt \
	    --output-file website/$$each.lock website/$$each.in || exit 1; \
	done

build/site/index.html:
	$(MAKE) site

clean: ## Remove everything that make has made, but no notebook of yours.
	rm -rf .venv .venv-lock .venv-site .venv-docs .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find nsimlib tests notebooks benchmarks -name __pycache__ -prune -exec rm -r {} +

$(STAMP): .venv/.locked pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Only locked packages, the build backend among them, are installed: --no-deps leaves out a package
# that the lock drops on purpose (see [tool.uv] in pyproject.toml).
.venv/.locked: requirements.lock
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "nsimlib needs Python 3.11 or newer, and '$(PY)' is not: try  make $(MAKECMDGOALS) PY=python3.12" >&2; exit 1; }
	$(PY) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	touch $@

# What builds the site is kept apart from what the lessons run in: both hold a JupyterLab.
.venv-site/.locked: website/tools.lock
.venv-docs/.locked: docs/tools.lock
.venv-site/.locked .venv-docs/.locked:
	$(PY) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps --require-hashes --requirement $<
	touch $@

.venv-lock/bin/uv:
	$(PY) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
