# One line per target stands behind its name; plain `make` lists them. ARGS reaches the command behind `trial`, `test` and `bench`.

.DEFAULT_GOAL := help
.NOTPARALLEL:
PYTHON ?=
ARGS ?=
# CHECK_TESTS=0 leaves the tests out of `make check`, for whoever runs `make test` next anyway.
CHECK_TESTS ?= 1

python := .venv/bin/python
heading = @printf '\n== %s\n'

.PHONY: help setup trial test check bench toml migration lock format screenshots audit clean
.PHONY: installed-trial installed-dev check-format check-lint check-types check-ranks check-migrations check-toml check-audit check-tests

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

trial: installed-trial ## the whole product on this machine: simulated Shopify and RingCentral, one address (ARGS=--once: no browser; --fresh: start over)
	@exec $(python) -m app.simulator $(ARGS)

# Most tests run side by side. Those that kill processes by the clock, or measure a page's speed, get the machine for themselves.
test: installed-dev ## the tests, on an embedded PostgreSQL (ARGS="-k stop" chooses some)
ifeq ($(strip $(ARGS)),)
	@$(python) -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal -m 'not alone'
	@$(python) -m pytest -m alone
else
	@$(python) -m pytest $(ARGS)
endif

check: check-format check-lint check-types check-ranks check-migrations check-toml check-audit check-tests ## format, lint, types, import ranks, migrations, toml, known vulnerabilities, tests

setup: installed-dev ## make .venv with everything, without running anything

bench: installed-dev ## measure intake, sending and pages (ARGS chooses)
	@$(python) -m app bench $(ARGS)

toml: installed-dev ## rewrite the generated block of shopify.app.toml from the declarations
	@$(python) -m app declared --write-toml

migration: installed-dev ## name=add_something: a new migration from the difference between models and migrations
	@test -n "$(name)" || { echo 'Say what it does: make migration name=add_opt_outs'; exit 1; }
	@$(python) -m migrations.new "$(name)"

format: installed-dev ## format and put imports in order
	@$(python) -m ruff check --select I --fix --quiet .
	@$(python) -m ruff format .

screenshots: installed-dev ## walk through the pages in a real Chromium, save pictures to screenshots/ and renew those in docs/images/
	@REQUIRE_BROWSER=1 $(python) -m pytest -m browser $(ARGS)
	@$(python) -m tests.pictures

lock: installed-dev ## resolve the dependencies anew and write the lock files (needs the network)
	@requirements/lock

audit: installed-dev ## look the locked packages up among known vulnerabilities; fails when there is one (needs the network)
	@$(python) -m pip_audit --requirement requirements/production.lock --no-deps --disable-pip

clean: ## remove the trial's data, caches and pictures (.venv stays)
	@if [ -x $(python) ]; then $(python) -m app.simulator --erase; fi
	@rm -rf .data .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist screenshots
	@find app migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

installed-trial:
	@PYTHON="$(PYTHON)" requirements/install trial

installed-dev:
	@PYTHON="$(PYTHON)" requirements/install dev

check-format: installed-dev
	$(heading) 'Format'
	@$(python) -m ruff format --check .

check-lint: installed-dev
	$(heading) 'Lint'
	@$(python) -m ruff check .

check-types: installed-dev
	$(heading) 'Types'
	@$(python) -m mypy

check-ranks: installed-dev
	$(heading) 'Import ranks'
	@.venv/bin/lint-imports --no-logo

check-migrations: installed-dev
	$(heading) 'Migrations: upgrade from empty, compare with the models'
	@$(python) -m pytest --quiet tests/contracts/test_migrations.py

check-toml: installed-dev
	$(heading) 'shopify.app.toml as declared'
	@$(python) -m app declared --check-toml

# What is known about a package changes by the day; a check of this code should not. So this step tells, and `make audit` decides.
check-audit: installed-dev
	$(heading) 'Known vulnerabilities'
	@answer=$$($(python) -m pip_audit --requirement requirements/production.lock --no-deps --disable-pip --progress-spinner off --timeout 10 2>&1); \
	case "$$answer" in \
	*'No known vulnerabilities'*) echo 'None known.' ;; \
	*'Found '*' known vulnerabilit'*) echo "$$answer"; echo 'To be looked at; `make audit` fails on these.' ;; \
	*) echo 'Skipped: the list of known vulnerabilities could not be reached from here.' ;; \
	esac

check-tests: installed-dev
ifneq ($(CHECK_TESTS),0)
	$(heading) 'Tests'
	@$(MAKE) --no-print-directory test ARGS=
endif
