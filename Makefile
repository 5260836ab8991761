# make demo            an explained recommendation on the sample films, a small local model chooses the sentences
# make demo LLM=none   the same without the model: no compiler needed, installs in about a minute
# make test            the tests
# make check           format, lint, types, imports, tests
# make test-slow       the tests that take long
# make clean           remove the environment; the cached wheel stays

PYTHON ?= python3
LLM ?= local
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .make
UV := $(STAMPS)/uv/bin/uv
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/recommender-assistant
LLAMA_VERSION := 0.3.36
LLAMA_WHEELS := $(CACHE)/wheels/llama-cpp-python-$(LLAMA_VERSION)
TEST_EXTRAS := local,openai,onnx,parquet,rank,web,langchain,mcp,slack,otel
PYTEST := $(BIN)/python -m pytest
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy

.PHONY: demo test test-slow check format lint types imports install clean help
.DELETE_ON_ERROR:

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: $(STAMPS)/demo-$(LLM)
ifeq ($(LLM),none)
	@ASSISTANT_LLM=none $(BIN)/assistant demo
else
	@$(BIN)/assistant demo
endif

test: $(STAMPS)/dev
	$(PYTEST) -m "not slow"

test-slow: $(STAMPS)/dev
	$(PYTEST) -m slow --timeout 1800

check: format lint types imports test

format: $(STAMPS)/dev
	$(BIN)/ruff format --check .

lint: $(STAMPS)/dev
	$(BIN)/ruff check .

types: $(STAMPS)/dev
	$(BIN)/mypy

imports: $(STAMPS)/dev
	$(BIN)/lint-imports

install: $(STAMPS)/dev

clean:
	rm -rf $(VENV) $(STAMPS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is another. Name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	@mkdir -p $(STAMPS)
	@$(PYTHON) -m venv $(STAMPS)/uv && $(STAMPS)/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/pyvenv.cfg: | $(UV)
	@$(UV) venv --quiet --seed --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)

$(STAMPS)/demo-none: pyproject.toml $(VENV)/pyvenv.cfg
	@echo "Installing (about a minute) …"
	@$(UV) pip install --quiet --python $(BIN)/python -e '.[web]'
	@touch $@

$(STAMPS)/demo-local: pyproject.toml $(VENV)/pyvenv.cfg $(LLAMA_WHEELS)/built
	@echo "Installing with the local model (about a minute) …"
	@$(UV) pip install --quiet --python $(BIN)/python --find-links $(LLAMA_WHEELS) -e '.[local,web]'
	@touch $@

$(STAMPS)/dev: pyproject.toml $(VENV)/pyvenv.cfg $(LLAMA_WHEELS)/built
	@echo "Installing what the tests need …"
	@$(UV) pip install --quiet --python $(BIN)/python --find-links $(LLAMA_WHEELS) -e '.[$(TEST_EXTRAS)]' --group dev
	@touch $@

# llama-cpp-python has only a source package. The wheel is kept by version, so that a machine builds it once.
$(LLAMA_WHEELS)/built: | $(UV)
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { \
	  echo "The local model needs a C++ compiler (on Debian: apt-get install g++), and none was found." >&2; \
	  echo "Without one: make demo LLM=none" >&2; exit 1; }
	@echo "llama-cpp-python $(LLAMA_VERSION) has only a source package. It is compiled once, in about 10 minutes, and kept in"
	@echo "$(LLAMA_WHEELS)."
	@echo "To do without the local model: make demo LLM=none"
	@mkdir -p $(LLAMA_WHEELS)
	@start=$$(date +%s); log=$(LLAMA_WHEELS)/build.log; \
	CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF" $(STAMPS)/uv/bin/python -m pip wheel --no-deps --verbose \
	  --disable-pip-version-check --wheel-dir $(LLAMA_WHEELS) llama-cpp-python==$(LLAMA_VERSION) >"$$log" 2>&1 & pid=$$!; \
	trap 'kill $$pid 2>/dev/null' INT TERM; \
	while kill -0 $$pid 2>/dev/null; do \
	  sleep 5; seconds=$$(( $$(date +%s) - start )); \
	  step=$$(grep -oE '^ *\[[0-9]+/[0-9]+\]' "$$log" | tail -n 1 | tr -d ' '); \
	  [ $$(( seconds % 30 )) -lt 5 ] && echo "  building llama-cpp-python: $$seconds s $$step" || true; \
	done; \
	wait $$pid || { echo "The build failed. The end of $$log:" >&2; tail -n 30 "$$log" >&2; \
	  echo "To do without the local model: make demo LLM=none" >&2; exit 1; }
	@touch $@
