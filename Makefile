# `make demo` and `make test` are all that a fresh machine needs. See CONTRIBUTING.md.

.DEFAULT_GOAL := help
.PHONY: help demo test check bench docs clean
READY := .venv/.ready
RUN := .venv/bin/python -m
# Where this is set, every process would compile anew all that it imports: seconds at each start.
export PYTHONDONTWRITEBYTECODE :=

help:  ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

$(READY): pyproject.toml uv.lock .ci/prepare
	@sh .ci/prepare
	@touch $@

demo: $(READY)  ## Review a pull request on a local GitHub; ONCE=1 stops after showing it
	@$(RUN) tests.demo $(if $(ONCE),--once)

test: $(READY)  ## Run all tests; ARGS="-k name" picks some
	@$(RUN) pytest -q -n 3 --dist loadscope --no-loadscope-reorder $(ARGS)

check: $(READY)  ## Lint, format, types, layers, and the product on itself
	@sh .ci/check

bench: $(READY)  ## Measure against the budgets of the design
	@$(RUN) tests.bench

docs: $(READY)  ## Write rules/README.md anew
	@$(RUN) rules.docs

clean:  ## Remove what was made here
	@rm -rf .venv .tools .demo .cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
