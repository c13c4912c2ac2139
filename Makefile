# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON := $(shell command -v python3.11 || command -v python3)
SETUP  := $(PYTHON) scripts/setup.py
RUN    := .venv/bin/jingwei
PORT  ?= 8000
CITY  ?= mycity

.PHONY: help demo demo-reset city serve test bench lint fmt types shots lock setup setup-test texts

help:            ## list what can be done
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

demo: setup      ## set up, create the demo city 经州市 and serve it (PORT=8000)
	@$(RUN) demo --port $(PORT)

demo-reset: setup ## build the demo city anew; the old one stays until the new one is whole
	@$(RUN) demo --reset --port $(PORT)

city: setup      ## make an empty city of your own: make city CITY=name
	@$(RUN) --city $(CITY) init

serve: setup     ## serve a city of your own: make serve CITY=name PORT=8000
	@$(RUN) --city $(CITY) serve --port $(PORT)

test: setup-test ## every check and every test, on SQLite and on PostgreSQL
	@.venv/bin/python scripts/test.py

bench: setup-test ## measure against controls; writes docs/benchmarks.md
	@.venv/bin/python -m bench

lint: setup-test ## the fast checks
	@.venv/bin/python scripts/test.py --only lint

types: setup-test ## mypy, strict
	@.venv/bin/python scripts/test.py --only types

fmt: setup-test  ## format the code
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

shots: setup-test ## pictures of every page, both sizes, light and dark, into var/shots
	@$(RUN) demo --no-serve && .venv/bin/python scripts/shots.py

texts: setup-test ## collect new words into the translation catalogue
	@.venv/bin/python scripts/texts.py

lock:            ## renew the lock files from requirements/*.in and package.json (needs uv and npm)
	@for f in base test node; do uv pip compile --no-config -q --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" requirements/$$f.in -o requirements/$$f.txt; done
	@npm install --package-lock-only --ignore-scripts

setup:           ## install what running needs
	@$(SETUP)

setup-test:      ## install what testing needs on top
	@$(SETUP) --test
