# Everything a checkout needs, on a Debian or Ubuntu with python3 (3.11 or newer, with venv), git and make.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM_PACKAGES := zbar-tools chromium fonts-noto-cjk

# Many processes start here, and each would compile every package again if none kept what it compiled.
unexport PYTHONDONTWRITEBYTECODE

# uv trusts the certificates that the machine trusts, as pip does.
export UV_SYSTEM_CERTS ?= true

# $(call install,arguments): installs with uv where it is at hand, otherwise, or if uv fails, with pip.
# uv does not read pip's own settings; pip does, so a machine with a mirror of its own still works.
define install
uv=$$(command -v uv || echo $(BIN)/uv); \
if ! { [ -x "$$uv" ] && "$$uv" pip install --quiet --python $(BIN)/python $(1); }; then \
	echo "without uv; pip takes a little longer"; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	$(BIN)/python -m pip install --quiet $(1); \
fi
endef

.PHONY: help setup demo test coverage prove bench pictures lint format lock serve clean system

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## make .venv from the locked requirements, with all development tools

demo: $(VENV)/.usable ## tell one year of one society in the terminal, then serve it
	$(BIN)/creditbank demo

test: setup system lint ## everything a change must pass, on SQLite and PostgreSQL
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

coverage: setup system ## the same tests, and which lines and branches they reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses 2 --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

prove: setup system ## every figure of the issues at its full size; writes docs/proofs.md
	$(BIN)/python -m pytest tests/proofs -m prove

bench: setup ## measure speed, as ratios within one run; writes docs/benchmarks.md
	$(BIN)/creditbank bench --write docs/benchmarks.md --chart docs/benchmarks.svg

pictures: setup system ## take the pictures of the main pages anew; writes docs/pictures
	$(BIN)/python -m tests.pictures

lint: setup ## ruff, bandit, mypy and the import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml creditbank merchants api seeds
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: setup ## renew the requirement files from pyproject.toml
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@uv=$$(command -v uv || echo $(BIN)/uv); \
	compile="$$uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --no-emit-index-url"; \
	$$compile pyproject.toml -o requirements/use.txt; \
	$$compile --extra dev pyproject.toml -o requirements/dev.txt; \
	$$compile --group build -o requirements/build.txt; \
	$$compile --group uv -o requirements/uv.txt

serve: $(VENV)/.usable ## serve the database of CREDITBANK_DATABASE, or the default one
	$(BIN)/creditbank serve

clean: ## remove .venv and whatever tools left behind
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist

# The program with what it needs to run. A uv that is missing is brought into .venv; if even that
# fails, pip does the work.
$(VENV)/.usable: requirements/use.txt requirements/build.txt requirements/uv.txt pyproject.toml
	@[ -x $(BIN)/python ] || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt \
		|| true
	@echo "installing what creditbank needs to run"
	@$(call install,--require-hashes -r requirements/build.txt -r requirements/use.txt)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.ready: $(VENV)/.usable requirements/dev.txt
	@echo "installing what its developers need"
	@$(call install,--require-hashes -r requirements/dev.txt)
	@touch $@

# Tests read QR codes with zbarimg, a decoder that is not ours, and look at the pages in Chromium with
# a Chinese font. Without them those tests are skipped.
system:
	@if command -v zbarimg >/dev/null && command -v chromium >/dev/null && ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1; then \
		:; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing $(SYSTEM_PACKAGES)"; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null 2>&1 \
			|| { apt-get update -qq && apt-get install -y -qq --no-install-recommends $(SYSTEM_PACKAGES) >/dev/null; } \
			|| echo "apt-get could not install $(SYSTEM_PACKAGES); the tests that need it are skipped"; \
	else \
		echo "Some tests need zbarimg and chromium and are skipped without them. To have them too, run:"; \
		echo "    sudo apt-get install -y $(SYSTEM_PACKAGES)"; \
	fi
