# Every command of the project. `make help` lists them.
PY ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
T ?=
export PORT

.DEFAULT_GOAL := help
.PHONY: help run demo test faults bench bench-load bench-stored soak fuzz fuzz-readers test-easyocr lint audit fix up down lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(VENV)/.core: requirements/core.lock
	@test -n "$(PY)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@echo "Installing what the service needs (one to three minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/core.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.core
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

run: $(VENV)/.core ## install, migrate, make a demo workspace, and serve on http://127.0.0.1:$(PORT)
	@$(BIN)/python manage.py start --port $(PORT)

demo: $(VENV)/.core ## a whole verification over HTTP against the running service (starts it when it is not up)
	@$(BIN)/python manage.py demo --port $(PORT)

test: $(VENV)/.dev ## every test; T="tests/api -k upload" for some
	@$(BIN)/python -m pytest $(or $(T),-n auto --dist worksteal)

faults: $(VENV)/.dev ## kill, stop and fill what the service stands on, and renew the table in docs/reliability.md
	@$(BIN)/python tests/faults/run.py --page docs/reliability.md
	@$(BIN)/python tests/faults/run.py --bucket --page docs/reliability.md

fuzz: $(VENV)/.dev ## some 10,000 requests made from the OpenAPI document; every answer must be a documented one
	@FUZZ=$(or $(FUZZ),120) $(BIN)/python -m pytest tests/test_schemathesis.py tests/api/dialects/test_fuzz.py -q -s

test-easyocr: ## the EasyOCR engine through its real loading code, in an environment of its own (1.5 GB)
	@test -x .venv-easyocr/bin/python || $(PY) -m venv .venv-easyocr
	@.venv-easyocr/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/easyocr.txt
	@.venv-easyocr/bin/python -m pytest --noconftest -c /dev/null --rootdir . -p no:cacheprovider tests/documents/engines/test_easyocr.py

bench-load: $(VENV)/.dev ## many clients from upload to decision against the full set: latency, CPU, queues, memory; renews docs/scaling.md
	@$(BIN)/python tests/benchmarks/load.py --page docs/benchmarks
	@$(BIN)/python tests/benchmarks/capacity.py

bench-stored: $(VENV)/.dev ## lists, gets, the queue, searches and the clock with 1,000, 100,000 and 1,000,000 stored documents (40 GB of disk)
	@$(BIN)/python tests/benchmarks/stored.py --page docs/benchmarks

soak: $(VENV)/.dev ## eight simulated hours of documents through the real pipeline: does memory grow?
	@$(BIN)/python tests/benchmarks/soak.py --page docs/benchmarks

fuzz-readers: $(VENV)/.dev ## atheris on decoders, readers and parsers; MINUTES=1 for each
	@$(BIN)/python tests/fuzz/run.py --minutes $(or $(MINUTES),1)

bench: $(VENV)/.dev ## reading beside other readers, then the API; CORPUS=dir for images of one's own
	@$(BIN)/python tests/benchmarks/run.py
	@$(BIN)/python tests/benchmarks/api.py

lint: $(VENV)/.dev ## ruff, mypy, import-linter, migrations, deploy check, OpenAPI drift
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@SECRET_KEY="lint-$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	  FIELD_ENCRYPTION_KEYS="k1:$$($(BIN)/python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())')" \
	  ALLOWED_HOSTS=vouchbox.example PUBLIC_URL=https://vouchbox.example DATABASE_URL=postgres://localhost/vouchbox $(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(BIN)/python manage.py openapi --check

audit: $(VENV)/.dev ## known weaknesses of the locked libraries (asks the network), and their list as CycloneDX in var/
	@mkdir -p var
	@$(BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o var/sbom.json requirements/core.lock
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/core.lock

fix: $(VENV)/.dev ## format and repair what can be repaired by machine
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python manage.py openapi
	@$(BIN)/python tests/security_list.py

up: ## the production set in containers
	docker compose up --build --detach

down: ## stop the containers
	docker compose down

lock: ## renew the locked requirements (maintainers; needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml -o requirements/core.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml --group test --group bench --group lint -c requirements/core.lock -o requirements/dev.lock

clean: ## remove the Python environment (never what the service stored)
	rm -rf $(VENV)
