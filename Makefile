# make run: environment, install, the app on http://127.0.0.1:8501.  make test: environment, install, every check.
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
export HF_HUB_DISABLE_TELEMETRY := 1

.PHONY: run test bench models format clean

run: $(VENV)/run.done
	$(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/dev.done browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest $(if $(filter 0,$(BROWSER)),-m "not browser") $(ARGS)

bench: $(VENV)/dev.done
	$(BIN)/python -m benchmarks.gallery
	$(BIN)/python -m benchmarks.app
	$(BIN)/python -m benchmarks.map
	$(BIN)/python -m benchmarks.search
	$(BIN)/python -m benchmarks.embeddings
	$(BIN)/python -m benchmarks.health
	$(BIN)/python -m benchmarks.diversity
	$(BIN)/python -m benchmarks.keywords
	$(BIN)/python -m benchmarks.clusters

# Trains the bundled models anew, about an hour on two cores, and prints the figures of their cards.
.PHONY: train-diffusion train-others
models: $(VENV)/dev.done
	$(BIN)/python -m assets.make.pictures
	$(MAKE) -j2 train-diffusion train-others
	$(BIN)/python -m assets.make.evaluate_models

train-diffusion:
	$(BIN)/python -m assets.make.train_autoencoder
	$(BIN)/python -m assets.make.train_denoiser

train-others:
	$(BIN)/python -m assets.make.train_copies
	$(BIN)/python -m assets.make.train_coca

format: $(VENV)/dev.done
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The browser's tests need Chromium: installed here where that is possible, else they fail with a line that names it.
.PHONY: browser
browser:
	@if [ "$(BROWSER)" != 0 ] && ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core; fi

$(VENV)/run.done: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vitrine needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements.txt
	touch $@

$(VENV)/dev.done: $(VENV)/run.done requirements-dev.txt
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache
