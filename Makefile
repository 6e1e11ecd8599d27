# Everything a developer, an operator or CI calls. `make help` lists it.
SHELL := /bin/bash
PYTHON := .venv/bin/python
PYTEST := .venv/bin/pytest
CHECKED := libs contracts services node deploy tests conftest.py

# where it is set every one of the hundred processes of a test run, and of the four nodes, compiles what it imports anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up down status demo test check fast soak bench bench-documents bench-life bench-texts contracts docs format lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

up: ## install what is missing, start four nodes, load samples, print addresses and accounts
	@deploy/local/bootstrap.sh up
	@$(PYTHON) -m xinqiao_local up

down: ## stop the four nodes, and only them
	@[ ! -x $(PYTHON) ] || $(PYTHON) -m xinqiao_local down

status: ## what runs and how it is
	@$(PYTHON) -m xinqiao_local status

demo: ## tell the story on the running nodes: a petition travels four tiers and back; forty pages, a seal, a dossier; sixty days pass
	@$(PYTHON) -m node.demo

test: ## install what is missing and run everything that CI runs
	@deploy/local/bootstrap.sh test
	@$(MAKE) --no-print-directory check
	@$(PYTEST) -n 2 --dist loadscope --no-loadscope-reorder

check: ## linters, types, import rules, contracts and generated documents
	@.venv/bin/ruff check $(CHECKED)
	@.venv/bin/ruff format --check --quiet $(CHECKED)
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m contracts check
	@$(PYTHON) -m routing.procedures check
	@$(PYTHON) -m documents.papers check
	@$(PYTHON) -m documents.quality check
	@$(PYTHON) -m node.describe check

fast: ## the tests of the packages alone, without nodes, browser and faults
	@$(PYTEST) -n 2 libs contracts services node tests/contracts tests/architecture

soak: ## long runs of the simulation, 200 000 texts through kills (build/soak-texts.json); not part of make test
	@$(PYTEST) -m soak --timeout 7200 node tests/resilience/texts

bench: up ## speed as ratios against floors measured in the same run, then the two below; tables in build/
	@$(PYTHON) -m deploy.bench
	@$(MAKE) --no-print-directory bench-documents bench-texts bench-life

bench-documents: ## files, papers, dossiers, among five million documents: ten minutes, up to 10 GB of disk
	@$(PYTHON) -m deploy.bench --documents --out build/bench-documents.json

bench-life: ## whole lives of cases at three sizes of the database: a quarter of an hour, up to 30 GB of disk
	@$(PYTHON) -m deploy.bench --lifecycle --out build/bench-life.json

bench-texts: ## text messages out, in and to many: ten minutes
	@$(PYTHON) -m deploy.bench --texts --out build/bench-texts.json

contracts: ## write schemas and AsyncAPI from the models
	@$(PYTHON) -m contracts generate

docs: ## write OpenAPI documents and the lists of routes and queues from the code
	@$(PYTHON) -m node.describe generate

format: ## format and fix what can be fixed
	@.venv/bin/ruff check --fix --quiet $(CHECKED); .venv/bin/ruff format $(CHECKED)

lock: ## resolve the dependencies anew into requirements.lock
	@UV=.venv/bin/uv deploy/local/lock.sh --upgrade

clean: down ## throw away the local nodes and everything built
	@rm -rf .run build .pytest_cache .mypy_cache .ruff_cache
