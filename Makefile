# What can be done here; `make` alone lists it.  Everything runs in .venv, which
# is made when it is missing and brought up to date when its lists have changed.

PYTHON ?= python3
PORT   ?= 8000
BOOK   ?= book
JOBS   ?= 2

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.up-to-date
SITE  := _build/html

# The data that the tests use: the user's own folder, if D2LMINI_DATA names one
# (taken from here when relative, since chapters run in their own folders), else
# the drawn sample, which needs no network.
TEST_DATA := $(or $(D2LMINI_DATA),offline)
ifeq ($(filter offline /% ~%,$(firstword $(TEST_DATA))),)
TEST_DATA := $(CURDIR)/$(TEST_DATA)
endif

NBVAL := --nbval --nbval-current-env --nbval-cell-timeout=300 \
         --nbval-sanitize-with tests/nbval.cfg

# Kernels come from .venv, also where the user has a "python3" kernel elsewhere.
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help book serve lab test outputs student report address colab bench clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

book: $(STAMP)  ## build the site, from the outputs stored in the chapters
	@$(BIN)/jupyter-book build -W --keep-going .
	@echo; echo "The book:  file://$(CURDIR)/$(SITE)/index.html"
	@echo "or:        make serve"

serve: book  ## build the site and serve it on http://localhost:$PORT (8000)
	@echo "Open http://localhost:$(PORT)/ (Ctrl-C ends it)."
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

lab: $(STAMP)  ## open the chapters in JupyterLab (BOOK=student/book: unsolved)
	$(BIN)/jupyter lab --notebook-dir=$(BOOK)

# Cheap failures first; then everything else in one run with one summary: the
# package, the book's rules, the site in a browser, every cell of every chapter.
# The two processes share the cores, so each computes with one thread.
# Files keep their order (xdist would start those with few tests last, and the graded
# course, minutes in a handful of tests, would then run alone at the end).
# One thread each: several processes whose threads wait for one another on the
# same cores have been seen to slow each other down fiftyfold.
test: export OMP_NUM_THREADS := 1
test: export D2LMINI_DATA := $(TEST_DATA)
test: $(STAMP)  ## lint, types, unit tests, every chapter, the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(NBVAL) tests book

outputs: $(STAMP)  ## run changed chapters in full, store what they show (CELLS=…: some)
	$(BIN)/python -m tools.outputs $(CHAPTERS) $(if $(CELLS),--cells $(CELLS)) \
	  $(if $(AFTER),--after $(AFTER))

student: $(STAMP)  ## derive the student edition from the chapters
	@$(BIN)/python -m tools.student

report: $(STAMP)  ## a chapter as a report to hand in: CHAPTER=resnet (PDF=1: as PDF)
	@$(BIN)/python -m tools.report $(CHAPTER) $(if $(PDF),--pdf)

address: $(STAMP)  ## move the repository's address everywhere: URL=https://github.com/…
	@$(BIN)/python -m tools.address "$(URL)"

colab: $(STAMP)  ## try the package and the chapters under Colab's versions
	$(BIN)/python -m tools.colab

bench: $(STAMP) .bench/stamp  ## measure training speed, write benchmarks/README.md
	PYTHONPATH=.bench $(BIN)/python benchmarks/training.py

# d2l's own pins would replace half of .venv, so it lives beside it, without them.
.bench/stamp:
	@$(BIN)/pip install --quiet --no-deps --target .bench d2l==1.0.3 pandas scipy
	@touch $@

clean:  ## remove what was built and all caches, but not .venv
	rm -rf _build build .bench .venv-colab .pytest_cache .mypy_cache .ruff_cache *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed; name one: make PYTHON=python3.12 …" >&2; \
	  exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment could be made; on Debian: apt install python3-venv" >&2; \
	  exit 1; }
	@echo "Installing into $(VENV) (6 GB with PyTorch; minutes, once) …"
	@$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@
