# Everything happens in .venv, which the first target that needs it makes: `make demo` and `make test` are all the set-up.
#
#   make demo ARGS=--once        options for the command behind a target
#   make demo PYTHON=python3.13  another interpreter than the first suitable one

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test prove test-clients check bench format format-check lint types contracts docs schema constraints clean

BIN := .venv/bin
CODE := src tests benchmarks
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_LINK_MODE := copy

SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c '$(SUITABLE)' 2>/dev/null && echo $$name && break; done)

# Clients for the tests, each with its packages in a folder of its own. Their versions are held here; Node itself comes
# from npm too, where a program needs a newer one than the system's.
CLIENTS := node claude-code codex opencode-ai cline gemini-cli qwen-code openclaw
SDKS := openai anthropic genai
PACKAGE_openai := openai@7.55.0 zod@4.6.7
PACKAGE_anthropic := @anthropic-ai/sdk@1.11.0 zod@4.6.7
PACKAGE_genai := @google/genai@3.1.0
PACKAGE_pi := @mariozechner/pi-coding-agent@0.73.1
PACKAGE_node := node@24.21.0
PACKAGE_OF = $(or $(PACKAGE_$*),$(shell sed -n 's|.*"\(@*[a-z/-]*$*@[0-9.]*\)".*|\1|p' tests/clients/programs/table.py))

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r target does; do \
		printf '  make %-13s %s\n' "$$target" "$$does"; done

demo: .venv/.installed-demo ## emulator, gateway and one streamed answer; then it keeps serving (ARGS=--once: exits)
	@$(BIN)/gigamost demo $(ARGS)

test: .venv/.installed-dev $(patsubst %,.clients/%/.installed,pi $(SDKS)) ## the tests
	@$(SERVERS)
	@$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

prove: .venv/.installed-dev ## the promises of docs/reliability.md at full size: about half an hour
	@$(SERVERS)
	@$(BIN)/python -m pytest tests/reliability --prove $(ARGS)

test-clients: .venv/.installed-dev $(CLIENTS:%=.clients/%/.installed) ## agents as people run them (2 GB are installed once)
	@$(BIN)/python -m pytest tests/clients/programs --record $(ARGS)

check: format-check lint types contracts test ## the whole gate; CI runs this and nothing else

bench: .venv/.installed-dev ## CPU, memory and start time beside nginx as a plain proxy
	@$(call system_package,PATH="$$PATH:/usr/sbin" command -v nginx,nginx)
	@$(BIN)/python -m benchmarks $(ARGS)

format: .venv/.installed-dev ## rewrites the code as the formatter wants it
	@$(BIN)/ruff check --fix-only --quiet $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

format-check: .venv/.installed-dev
	@$(BIN)/ruff format --check $(CODE)

lint: .venv/.installed-dev ## ruff
	@$(BIN)/ruff check $(CODE)

types: .venv/.installed-dev ## mypy, strict
	@$(BIN)/python -m mypy

contracts: .venv/.installed-dev ## which module may import which
	@$(BIN)/lint-imports

docs: .venv/.installed-dev ## the tables in docs, made from the code's own rules and types
	@$(BIN)/python -m tests.docs.tables
	@$(BIN)/python -m tests.docs.settings

schema: .venv/.installed-dev ## the schema of a new SQLite file, made from all revisions: after every change of them
	@$(BIN)/python -m tests.store.fresh

# One version of every package for all platforms and Python versions, the newest that pyproject.toml allows; the tools
# that install and build are in the list too. Markers are dropped: a constraint installs nothing by itself. Of a package
# that left an old Python behind the version for that Python is held.
constraints: .venv/.installed-dev ## resolves the versions in constraints.txt anew
	@printf 'uv\nhatchling\neditables\n' | $(BIN)/uv pip compile --quiet --universal --all-extras --python-version 3.11 \
		--no-annotate --no-header pyproject.toml - | sed 's/ *;.*//' | awk -F== '!seen[$$1]++' > constraints.new
	@mv constraints.new constraints.txt

clean: ## removes .venv, installed clients, caches and build results
	rm -rf .venv .clients .mypy_cache .ruff_cache .pytest_cache .benchmarks .hypothesis .import_linter_cache build dist
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

.clients/%/.installed: tests/clients/programs/table.py | .venv/.installed-dev
	@$(call system_package,command -v npm,npm)
	@echo "Installing $(PACKAGE_OF) into .clients/$* ..."
	@mkdir -p .clients/$*
	@cd .clients/$* && PATH="$(CURDIR)/.clients/node/node_modules/.bin:$$PATH" npm install --silent --no-package-lock --no-audit --no-fund --no-save $(PACKAGE_OF) >/dev/null
	@touch $@

# What wants older packages by its metadata than the other tests, and works with the newer ones.
BEHIND := langchain-google-genai==4.4.2 filetype==1.2.0

# uv installs in a third of pip's time; where it cannot reach the index (pip.conf names a mirror), pip does it.
.venv/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing gigamost[$*] into .venv ..."
	@{ $(BIN)/python -m pip install -qq -c constraints.txt uv && $(BIN)/uv pip install --quiet --python $(BIN)/python \
			-c constraints.txt --build-constraints constraints.txt -e '.[$*]'; } \
		|| $(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$*]'
	@$(if $(filter dev,$*),$(BIN)/python -m pip install --quiet --no-deps $(BEHIND))
	@touch $@

$(BIN)/python:
	@$(or $(PYTHON),false) -c '$(SUITABLE)' 2>/dev/null || { \
		echo "No Python 3.11 to 3.14 found: install one, or name one with PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(call system_package,$(PYTHON) -c 'import ensurepip',$(VENV_PACKAGE))
	@$(PYTHON) -m venv --clear .venv

# Debian and Ubuntu keep ensurepip apart from Python, one package for each version.
VENV_PACKAGE = $(shell $(or $(PYTHON),false) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')

# What tests/services.py starts. Debian and Ubuntu keep PostgreSQL's servers out of the path.
define SERVERS
$(call system_package,command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl,postgresql)
@$(call system_package,command -v redis-server,redis-server)
endef

# $(call system_package,a command that succeeds when it is there,package)
define system_package
{ $(1); } >/dev/null 2>&1 || { \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "$(2) is missing. Install it and try again:  sudo apt-get install -y $(2)" >&2; exit 1; fi; \
	echo "Installing the system package $(2) ..."; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(2) >/dev/null; }
endef
