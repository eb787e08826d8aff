# Read after the Makefile: `make -s -f Makefile -f .github/dev-python.mk dev-python` prints the Python
# of its development environment, which is made first where it is missing. For jobs that run a part
# of `make test`: GitHub's machines have a Docker engine, and the local node's Debian packages would
# replace it.
.PHONY: dev-python
dev-python: $(DEV_VENV)/.complete
	@echo $(DEV)/python
