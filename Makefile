# make run   - set up on first use, then open the chat
# make test  - set up on first use, then lint, types and tests: one exit code
# make screenshots - README's pictures, anew (needs Chromium)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test screenshots clean

run: $(VENV)/.run-ready
	$(BIN)/streamlit run app.py

test: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict parlanchina
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --cov

screenshots: $(VENV)/.test-ready
	$(BIN)/python -m tests.e2e.screenshots

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.test-ready: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/.run-ready

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
