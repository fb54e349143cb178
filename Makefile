# Two commands set everything up on a machine with Python 3.11+ and git:
#   make demo    judge the demo benchmarks with the shipped judge and print the leaderboard
#   make test    install what tests need, then ruff, mypy and pytest
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep '^torch==' constraints.txt)
# The repository root is the package, so a checkout of any name is type-checked through this link.
TYPED := $(VENV)/typed

.PHONY: demo test lint clean

demo: $(VENV)/.installed
	rm -rf runs/demo
	$(BIN)/unieval run --judge unifiedreward-nano --judge random --judge first --judge oracle \
	  --task genai-bench --task vl-rewardbench --task videogen-rewardbench \
	  --data demo --out runs/demo >/dev/null
	$(BIN)/unieval leaderboard runs/demo

test: $(VENV)/.installed-dev lint
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p $(TYPED) && ln -sfn ../.. $(TYPED)/unieval
	cd $(TYPED) && MYPYPATH=. ../bin/mypy --config-file ../../pyproject.toml -p unieval

# torch comes first and pinned, so that nothing else draws another build of it.
$(VENV)/.torch: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "unieval needs Python 3.11 or newer; say: make PYTHON=python3.12 demo"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	touch $@

$(VENV)/.installed: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
