# Dandelion: the commands a developer types. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
CACHE  := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dandelion
export DANDELION_CONTEXT := $(CONTEXT)

# A virtual environment is named by what it holds: a changed lock makes a new one, an unchanged one is shared by every checkout.
digest = $(shell cat requirements-uv.txt $(1) | sha256sum | cut -c1-12)
DEV_VENV  := $(CACHE)/venv-dev-$(call digest,requirements-dev.txt)
DEMO_VENV := $(CACHE)/venv-demo-$(call digest,requirements-demo.txt)
DEV  := $(DEV_VENV)/bin
DEMO := $(DEMO_VENV)/bin

LOCAL := PYTHONPATH=k8s/local $(PYTHON) -m dandelion_local
COMPONENTS := operator inference training-job console
PICTURES := inference/pictures
SOURCES := operator/src inference/src $(PICTURES)/src training-job/src console/src
E2E ?= tests/e2e

define venv
	@echo "==> Python packages from $(2)"
	@rm -rf $(1) $(1).new
	@$(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(1)/bin/uv pip install -q --compile-bytecode --require-hashes --python $(1)/bin/python -r $(2)
	@touch $(1)/.complete
endef

$(DEV_VENV)/.complete:
	$(call venv,$(DEV_VENV),requirements-dev.txt)

$(DEMO_VENV)/.complete:
	$(call venv,$(DEMO_VENV),requirements-demo.txt)

.PHONY: help
help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z0-9-]*:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(DEMO_VENV)/.complete ## from nothing to a served model: DATA=FOLDER of one folder per class, CONTEXT=NAME of a cluster of yours
	@PYTHONPATH=k8s/local:k8s/demo $(DEMO)/python -m dandelion_demo $(if $(DATA),--data '$(DATA)')

.PHONY: demo-loop
demo-loop: $(DEMO_VENV)/.complete ## how a model renews itself, as one story: new images, wrong labels, a missed schedule, drift, falling accuracy
	@PYTHONPATH=k8s/local:k8s/demo $(DEMO)/python -m dandelion_demo.loop

.PHONY: down
down: ## end the local cluster and leave nothing behind (built binaries and images stay cached)
	@$(LOCAL) down

.PHONY: cluster
cluster: ## only the local cluster: a Ready node
	@$(LOCAL) up

.PHONY: images
images: ## build the images and push them to the local cluster's registry
	@$(LOCAL) images

.PHONY: install
install: ## cluster, images and the chart, without the demo's data
	@$(MAKE) --no-print-directory $(DEMO_VENV)/.complete
	@PYTHONPATH=k8s/local:k8s/demo $(DEMO)/python -m dandelion_demo --install-only

.PHONY: lint
lint: $(DEV_VENV)/.complete
	@$(DEV)/ruff format --check .
	@$(DEV)/ruff check .
	@PYTHONPATH=operator/src:inference/src:$(PICTURES)/src:training-job/src:console/src $(DEV)/lint-imports --config pyproject.toml
	@PYTHONPATH=$(PICTURES)/src $(DEV)/lint-imports --config $(PICTURES)/pyproject.toml

# What mypy knows of third-party packages takes a minute to work out: a new checkout starts from the first one's cache.
TYPES_SEED := $(DEV_VENV)/mypy-cache
.PHONY: types
types: $(DEV_VENV)/.complete
	@[ -d .mypy_cache ] || [ ! -d $(TYPES_SEED) ] || cp -r $(TYPES_SEED) .mypy_cache
	@MYPYPATH=operator/src:inference/src:$(PICTURES)/src:training-job/src:console/src:k8s/local:k8s/demo:inference/tests:$(PICTURES)/tests:operator/tests $(DEV)/mypy $(SOURCES) k8s/local/dandelion_local k8s/demo/dandelion_demo tests
	@MYPYPATH=inference/src:$(PICTURES)/src:inference/bench:inference/load $(DEV)/mypy inference/bench/*.py inference/load/*.py
	@MYPYPATH=$(PICTURES)/src:training-job/src:training-job/bench $(DEV)/mypy training-job/bench/*.py
	@MYPYPATH=$(PICTURES)/src:$(PICTURES)/tests $(DEV)/mypy $(FUZZ)/*.py
	@[ -d $(TYPES_SEED) ] || { cp -r .mypy_cache $(TYPES_SEED).new && mv $(TYPES_SEED).new $(TYPES_SEED); }

UNIT := $(COMPONENTS:%=unit-%) unit-pictures unit-k8s
.PHONY: unit $(UNIT)
unit: $(UNIT)

# Suites run side by side, so each keeps to one thread, and loads no plugin that only other tests need.
$(UNIT): export OMP_NUM_THREADS := 1
UNIT_TESTS := $(DEV)/python -m pytest -q -p no:schemathesis -p no:locust -p no:anyio

unit-operator: $(DEV_VENV)/.complete
	@echo "==> unit tests: operator" && cd operator && $(UNIT_TESTS) tests --ignore=tests/thorough

unit-inference unit-training-job: unit-%: $(DEV_VENV)/.complete
	@echo "==> unit tests: $*" && cd $* && $(UNIT_TESTS) tests --ignore=tests/thorough --ignore=tests/process

unit-console: $(DEV_VENV)/.complete
	@echo "==> unit tests: console" && cd console && $(UNIT_TESTS) tests

unit-pictures: $(DEV_VENV)/.complete
	@echo "==> unit tests: pictures" && cd $(PICTURES) && $(UNIT_TESTS) tests

unit-k8s: $(DEV_VENV)/.complete
	@echo "==> unit tests: the local cluster and the demo"
	@PYTHONPATH=k8s/local:k8s/demo $(UNIT_TESTS) k8s

# Started in this order, so that no processor waits for the last one.
LONGEST_FIRST := unit-training-job unit-operator unit-inference types unit-pictures lint unit-console unit-k8s

.PHONY: check
check: $(DEV_VENV)/.complete ## the fast part: lint, types and unit tests, side by side
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target $(LONGEST_FIRST)

WHOLE := PYTHONPATH=k8s/local:k8s/demo:operator/src:inference/src:$(PICTURES)/src:training-job/src:console/src:inference/tests:$(PICTURES)/tests:operator/tests $(DEV)/python -m pytest

# Whom the review queue is sent to; it needs packages that no component has.
LABEL_STUDIO := training-job/tests/process/label_studio/requirements.txt
LABEL_STUDIO_VENV := $(CACHE)/venv-label-studio-$(call digest,$(LABEL_STUDIO))
$(LABEL_STUDIO_VENV)/.complete:
	$(call venv,$(LABEL_STUDIO_VENV),$(LABEL_STUDIO))

# What the MLflow image holds: its server needs packages that no component has, and a newer Python. One that works is
# looked for, pyenv's too, which are on no path; uv fetches one where there is none.
MLFLOW_LOCK := k8s/images/mlflow/requirements.txt
MLFLOW_VENV := $(CACHE)/venv-mlflow-$(call digest,$(MLFLOW_LOCK))
MLFLOW_PYTHON ?= $(firstword $(foreach found,python3.13 python3.12 $(wildcard $(HOME)/.pyenv/versions/3.1[23].*/bin/python3), \
  $(shell $(found) -c 'import sys; print(sys.executable)' 2>/dev/null)) 3.13)
$(MLFLOW_VENV)/.complete: $(DEV_VENV)/.complete
	@echo "==> Python packages from $(MLFLOW_LOCK)"
	@rm -rf $(MLFLOW_VENV) && $(DEV)/uv venv -q --python $(MLFLOW_PYTHON) $(MLFLOW_VENV)
	@$(DEV)/uv pip install -q --compile-bytecode --no-deps --require-hashes --python $(MLFLOW_VENV)/bin/python -r $(MLFLOW_LOCK)
	@touch $@

# The longest first.
INTEGRATION := $(addprefix integration-,inference whole operator training-job)
.PHONY: integration $(INTEGRATION)
integration: ## the chart, the API server's answers, workflows, documents, training and serving side by side, keys at a real MinIO, the page in a browser, serving and training as processes, hostile uploads, other clients
	@$(LOCAL) tools > /dev/null
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target $(INTEGRATION)

integration-whole: $(DEV_VENV)/.complete $(MLFLOW_VENV)/.complete
	@echo "==> integration: what more than one component has a part in"
	@DANDELION_MLFLOW=$(MLFLOW_VENV)/bin $(WHOLE) -q tests/chart tests/api tests/console tests/gateway tests/workflows tests/docs tests/agreement tests/keys tests/page

integration-inference: $(DEV_VENV)/.complete
	@echo "==> integration: serving as a process" && cd inference && $(DEV)/python -m pytest -q tests/process tests/thorough

integration-training-job: $(DEV_VENV)/.complete $(LABEL_STUDIO_VENV)/.complete
	@echo "==> integration: training as a process" && cd training-job && DANDELION_LABEL_STUDIO=$(LABEL_STUDIO_VENV)/bin $(DEV)/python -m pytest -q tests/process

integration-operator: $(DEV_VENV)/.complete
	@echo "==> integration: the operator's histories" && cd operator && $(DEV)/python -m pytest -q tests/thorough

.PHONY: e2e
e2e: $(DEV_VENV)/.complete ## end to end on a real cluster, which is left running
	@$(WHOLE) -v --durations=20 $(E2E)

# Half an hour of silence would look like a machine that hangs.
.PHONY: e2e-as-it-goes
e2e-as-it-goes:
	@$(MAKE) --no-print-directory --output-sync=none e2e

# End-to-end tests wait for the cluster most of the time, so the others run beside them, one at a time, and cost no time of their own.
.PHONY: test
test: check ## everything but test-long: check, then e2e and integration side by side; ends by proving that the cluster leaves nothing behind
	@$(LOCAL) tools > /dev/null
	@echo "==> e2e and integration, side by side; suites of integration are printed once they have ended"
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target e2e-as-it-goes $(INTEGRATION)
	@$(LOCAL) down
	@PYTHONPATH=k8s/local $(PYTHON) k8s/local/tests/check_down.py

.PHONY: soak
soak: $(DEV_VENV)/.complete ## serving at 0.8 of its highest rate with 5 % hostile requests for SECONDS=1800, to bench-results/soak.json
	@cd inference && DANDELION_SOAK_SECONDS=$(or $(SECONDS),1800) DANDELION_SOAK_SHARE=0.8 DANDELION_SOAK_REPORT=$(CURDIR)/bench-results/soak.json \
	  $(DEV)/python -m pytest -q -s tests/thorough/test_soak.py

.PHONY: mutations
mutations: $(DEV_VENV)/.complete ## good requests changed by chance, to the running process: INPUTS=10000, SEED, and FIRST to begin at one of them
	@cd inference && DANDELION_INPUTS=$(or $(INPUTS),10000) DANDELION_SEED=$(or $(SEED),$(shell date +%s)) DANDELION_FIRST=$(or $(FIRST),0) \
	  $(DEV)/python -m pytest -q -s tests/thorough/test_mutations.py

.PHONY: test-long
test-long: $(DEV_VENV)/.complete mutations soak ## what takes too long for every change: a kill at every write, every fault, long absences, hostile requests by the ten thousand and for half an hour
	@cd inference && $(DEV)/python -m pytest -q --hypothesis-profile=long --timeout=1800 tests/intake/test_any_bytes.py tests/front/routes/test_any_tensor.py
	@cd operator && $(DEV)/python -m pytest -q --hypothesis-profile=long tests/thorough/test_histories.py tests/thorough/every_field/test_changed.py
	@cd operator && $(DEV)/python -m pytest -q --hypothesis-profile=long tests/thorough/test_upload_histories.py
	@for part in operator training-job $(PICTURES); do \
	  (cd $$part && $(DEV)/python -m pytest -q --hypothesis-profile=long -m hypothesis tests --ignore=tests/thorough --ignore=tests/process) || exit 1; done
	@$(WHOLE) -v --durations=20 tests/long

.PHONY: bench
bench: $(DEV_VENV)/.complete ## measure speed and memory on the local cluster, the gate's errors, what wrong labels, unknown images and drift are found, how many reviews live accuracy takes, what pruning saves; figures go to bench-results/: ONLY="gate unknown drift", DATA=FOLDER of photos
	@$(if $(DATA),DANDELION_PHOTOS='$(DATA)') PYTHONPATH=k8s/local:k8s/demo:operator/src:$(PICTURES)/src:training-job/src $(DEV)/python -m tests.bench $(ONLY)

.PHONY: bench-operator
bench-operator: $(DEV_VENV)/.complete $(MLFLOW_VENV)/.complete ## the operator with SIZES="10 100 1000 10000" resources on a real API server, MLflow and MinIO, to bench-results/many.md: SCENARIO=suspended, or serving on kwok's nodes, which takes root
	@DANDELION_BENCH_MLFLOW=$(MLFLOW_VENV)/bin PYTHONPATH=k8s/local:k8s/demo:operator/src $(DEV)/python -m tests.bench.many $(if $(SCENARIO),--scenario $(SCENARIO)) $(SIZES)

.PHONY: bench-serving
bench-serving: $(DEV_VENV)/.complete ## serving against the bare loop and its peers, to bench-results/: ONLY="limit dandelion", ROUNDS=3, SECONDS=4, PRECISION=fp32
	@PYTHONPATH=$(PICTURES)/src $(DEV)/python inference/bench/comparison.py $(ONLY) --output bench-results \
	  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(PRECISION),--precision $(PRECISION))

.PHONY: bench-forms
bench-forms: $(DEV_VENV)/.complete ## measure streams, workers and batches of the network without HTTP, to bench-results/forms.md
	@$(DEV)/python inference/bench/forms.py --output bench-results

# The fuzzer comes with libFuzzer in its wheel; nothing else needs it.
FUZZ := $(PICTURES)/fuzz
FUZZ_VENV := $(CACHE)/venv-fuzz-$(call digest,$(FUZZ)/requirements.txt)
$(FUZZ_VENV)/.complete:
	$(call venv,$(FUZZ_VENV),$(FUZZ)/requirements.txt)

.PHONY: fuzz-pictures
fuzz-pictures: $(FUZZ_VENV)/.complete ## look for files that the reader of pictures trips over, guided by coverage, for SECONDS=3600; what was tried stays in the cache, what was found goes to fuzz-results/
	@PYTHONPATH=$(PICTURES)/src:$(PICTURES)/tests $(FUZZ_VENV)/bin/python $(FUZZ)/seeds.py $(CACHE)/fuzz/pictures
	@PYTHONPATH=$(PICTURES)/src $(FUZZ_VENV)/bin/python $(FUZZ)/campaign.py $(or $(SECONDS),3600) $(CACHE)/fuzz/pictures fuzz-results

.PHONY: load
load: $(DEV_VENV)/.complete ## upload images of DATA=FOLDER to URL=http://host:port: USERS=8, SECONDS=30; HEADLESS=0 for locust's page, DANDELION_TOKEN for a bearer token
	@$(DEV)/locust -f inference/load/locustfile.py --host '$(URL)' --data '$(DATA)' \
	  --users $(or $(USERS),8) --spawn-rate $(or $(USERS),8) --run-time $(or $(SECONDS),30)s \
	  $(if $(filter 0,$(HEADLESS)),--web-host 127.0.0.1,--headless --only-summary)

.PHONY: format
format: $(DEV_VENV)/.complete ## rewrite the Python files in the project's format
	@$(DEV)/ruff format . && $(DEV)/ruff check --fix .

.PHONY: manifests
manifests: $(DEV_VENV)/.complete ## render k8s/install.yaml from the chart
	@$(LOCAL) tools helm > /dev/null
	@PYTHONPATH=k8s/local:k8s/demo $(DEV)/python -m tests.chart.install_manifest

# Whom serving is measured against. They differ in the server alone: what decodes and infers is the same for all.
PEERS := $(wildcard inference/bench/peers/*)
ALIKE := ^(numpy|openvino|pi-heif|pillow|torch|torchvision)==
UV_COMPILE = $(DEV)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
.PHONY: lock
lock: ## resolve every requirements*.txt anew
	@$(UV_COMPILE) requirements-uv.in -o requirements-uv.txt
	@$(UV_COMPILE) requirements-dev.in $(COMPONENTS:%=%/pyproject.toml) -o requirements-dev.txt
	@$(UV_COMPILE) -c requirements-dev.txt requirements-demo.in -o requirements-demo.txt
	@for component in $(COMPONENTS); do $(UV_COMPILE) -c requirements-dev.txt $$component/pyproject.toml -o $$component/requirements.txt; done
	@for peer in $(PEERS); do $(UV_COMPILE) --no-annotate -c <(grep -E '$(ALIKE)' requirements-dev.txt | tr -d '\\') $$peer/requirements.in -o $$peer/requirements.txt; done
	@cd $(FUZZ) && $(UV_COMPILE) --no-annotate -c <(grep -E '$(ALIKE)' $(CURDIR)/requirements-dev.txt | tr -d '\\') requirements.in -o requirements.txt
	@cd $(dir $(LABEL_STUDIO)) && $(UV_COMPILE) --no-annotate requirements.in -o requirements.txt
	@cd inference/tests/thorough/clients && for name in kserve proxies; do $(UV_COMPILE) requirements-$$name.in -o requirements-$$name.txt; done
	@$(subst 3.11,3.12,$(UV_COMPILE)) --excludes k8s/images/mlflow/excluded.txt k8s/images/mlflow/requirements.in -o $(MLFLOW_LOCK)
