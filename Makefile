PYTHON ?= python3
PORT := /dev/serial0
BIN := .venv/bin

# Debian keeps brokers and system tools where ordinary users' PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

# The tests start the program some thousand times: each would compile it anew.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# More at a time than there are cores: most tests wait for a process or a line, not for the processor.
# Thousands of databases are synced meanwhile, so they lie in memory where that can be had; what a
# power cut leaves of one is asked of a recording or of a disk of the test's own.
SCRATCH = $(firstword $(wildcard /dev/shm) /tmp)
PYTEST = TMPDIR="$${TMPDIR:-$(SCRATCH)}" $(BIN)/python -m pytest -n 4 --dist worksteal -o tmp_path_retention_count=1

PIP_INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check

# $(call debian,PACKAGE): installed only when this needs no password; never a reason to stop.
define debian
as_root='env DEBIAN_FRONTEND=noninteractive'; [ "$$(id -u)" = 0 ] || as_root="sudo -n $$as_root"; \
install="$$as_root apt-get install -qq -o DPkg::Lock::Timeout=60 --no-install-recommends $(1)"; \
if ! command -v apt-get >/dev/null; then installed=no; \
elif ! $$as_root true 2>/dev/null; then installed=no; \
elif $$install >/dev/null 2>&1; then installed=yes; \
elif $$as_root apt-get update -qq >/dev/null 2>&1 && $$install >/dev/null 2>&1; then installed=yes; \
else installed=no; fi
endef

# $(call have,TOOLS): whether all of them are here; 'command -v' is content with one.
have = { all=yes; for tool in $(1); do command -v $$tool >/dev/null || all=no; done; [ $$all = yes ]; }

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/demo ## Show a gate, its sensor and payroll at work, without hardware (ARGS=…)
	@exec $(BIN)/edge-agent demo $(ARGS)

BROUGHT = mosquitto mosquitto-clients postgresql strace zsh chromium

.PHONY: test
ifdef AREA
test: .venv/test
	@paths="$$($(BIN)/python -m tests.areas '$(AREA)')"; $(PYTEST) -m 'not long' $$paths $(ARGS)
else
test: checked $(BROUGHT) ## Check style and types, then run the tests (AREA=touch: those of one area)
	@$(PYTEST) -m 'not long' $(ARGS)
endif

.PHONY: test-long
test-long: lint $(BROUGHT) rabbitmq nspawn libreoffice uml emulator ## The same with the soaks and crash states
	@failed=0; \
	$(PYTEST) -m '(long or not long) and not alone' $(ARGS) || failed=1; \
	$(BIN)/python -m pytest -m alone $(ARGS) || failed=1; \
	exit $$failed

# While types are checked on one core, another compiles the tests: each of the workers would do it.
.PHONY: checked
checked: .venv/test
	@$(BIN)/python -m pytest -m 'not long' --collect-only -qq >/dev/null 2>&1 & compiling=$$!; \
	trap 'kill $$compiling 2>/dev/null || true' EXIT; \
	$(MAKE) --no-print-directory lint; \
	wait $$compiling || true

.PHONY: lint
lint: .venv/test ## Check style and types only
	@$(BIN)/ruff check -q
	@$(BIN)/ruff format -q --check
	@$(BIN)/mypy --no-error-summary

.PHONY: test-pins
test-pins: .venv/test uml ## Test the pins on a real GPIO chip, in a kernel of its own (built at the first time)
	@tests/pins/boot.sh $(ARGS)

.PHONY: test-pi
test-pi: .venv/test emulator ## Test a gate on an emulated Pi whose power fails (PI_CUTS=10; root, half an hour)
	@$(BIN)/python -m pytest -m long tests/pi -s $(ARGS)

.PHONY: pi
pi: .venv/test emulator ## Boot that Pi with its console here, and a sensor to press on (root)
	@$(BIN)/python -m tests.pi

.PHONY: wheel
wheel: .venv/made-for ## Build the program's wheel into dist/, the same bytes each time
	@systemd/packaging/wheel.sh $(BIN)/python dist

.PHONY: bundle
bundle: .venv/made-for ## All that a gate needs without internet (PYTHON_VERSION=3.11 MACHINE=aarch64 KEY=…)
	@PYTHON_VERSION='$(PYTHON_VERSION)' MACHINE='$(MACHINE)' KEY='$(KEY)' systemd/packaging/bundle.sh

.PHONY: image
image: .venv/made-for emulator ## A card for a Raspberry Pi, to be written as it is: dist/edge-agent-image.img (root)
	@image="$$(systemd/image/image.sh)"; mkdir -p dist; cp --sparse=always --reflink=auto "$$image" dist/edge-agent-image.img
	@ls -l dist/edge-agent-image.img

.PHONY: deb
deb: ## Build a Debian package for the Debian that this is, into dist/
	@systemd/packaging/deb.sh

.PHONY: install
install: ## Install or upgrade the gate on this machine: sudo make install
	@[ "$$(id -u)" = 0 ] || { echo 'This takes root: sudo make install'; exit 77; }
	@[ "$$(dpkg-query -W -f '$${db:Status-Status}' edge-agent 2>/dev/null)" != installed ] || { echo 'The package edge-agent is installed: sudo apt remove edge-agent'; exit 1; }
	@version="$$(PYTHON='$(PYTHON)' systemd/packaging/stage.sh local)"; "/opt/edge-agent/versions/$$version/settle.sh"
	@edge-agent --version
	@[ -e /etc/edge-agent/edge-agent.toml ] || echo 'Next: sudo edge-agent setup'

.PHONY: uninstall
uninstall: ## Remove what make install has installed; settings and data stay (PURGE=1 asks for them)
	@systemd/packaging/remove.sh $(if $(PURGE),--purge)

.PHONY: hw-test
hw-test: .venv/hw ## Test a real sensor and lamps (PORT=/dev/serial0)
	@$(BIN)/python -m pytest hw_tests --port '$(PORT)' $(ARGS)

.PHONY: bench
bench: .venv/test ## Measure what the documents claim
	@for script in bench/*.py bench/scale/*.py; do .venv/bin/python "$$script"; done

.PHONY: contract
contract: .venv/test ## Write docs/contract/ anew, after a change of what goes over the wire
	@$(BIN)/python -m edge_agent.contract.schemas

.PHONY: catalogue
catalogue: .venv/test ## Compile the words of edge_agent/locale/ anew, after a change of a .po
	@$(BIN)/python -m tests.catalogues

.PHONY: pages
pages: .venv/test ## Write man pages, completion, tables of messages and drawings anew, after a change of what they show
	@$(BIN)/python -m tests.made

.PHONY: site
site: .venv/test chromium ## Make the pages a site that needs no network: dist/site/, and the card to print beside it
	@$(BIN)/sphinx-build -E -q -W --keep-going -c config/site . dist/site
	@chromium --headless --no-sandbox --disable-gpu --disable-background-networking --no-pdf-header-footer \
	    --print-to-pdf=dist/the-nho-nhanh.pdf 'file://$(CURDIR)/dist/site/docs/vi/technician/quick-card.html' 2>/dev/null
	@echo 'dist/site/index.html, dist/the-nho-nhanh.pdf'

.PHONY: coverage
coverage: .venv/test ## Branches of the contract and the store that the tests pass through (95 % at least)
	@$(BIN)/python -m pytest -q -m 'not long and not system' --cov=edge_agent.contract --cov=edge_agent.gate.ledger.store \
	    --cov-branch --cov-report=term-missing:skip-covered --cov-report=json:coverage.json $(ARGS)
	@$(BIN)/python -c 'import json, sys; n = json.load(open("coverage.json"))["totals"]; \
	    print(n["covered_branches"], "of", n["num_branches"], "branches"); \
	    sys.exit(n["covered_branches"] < 0.95 * n["num_branches"])'

.PHONY: mutants
mutants: .venv/test ## Plant bugs in touch, rules, clock and chain: the tests must find 90 % (20 minutes)
	@$(PIP_INSTALL) -e '.[mutants]'
	@rm -rf mutants
	@$(BIN)/mutmut run --max-children 2 >mutants.log
	@$(BIN)/mutmut export-cicd-stats >/dev/null
	@$(BIN)/mutmut results
	@$(BIN)/python -c 'import json, sys; n = json.load(open("mutants/mutmut-cicd-stats.json")); \
	    alive = n["survived"] + n["no_tests"]; print(alive, "of", n["total"], "alive"); \
	    sys.exit(alive > 0.1 * n["total"])'

# What is installed at a gate and at payroll, for each Python from 3.11 and each architecture.
LOCK = $(BIN)/uv -q pip compile setup.cfg --universal --python-version 3.11 --generate-hashes \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --upgrade

.PHONY: constraints
constraints: .venv/supply ## Pin anew, with hashes, what a gate and payroll install (wants a network)
	@$(LOCK) --extra gpio --extra qr -o config/constraints.txt >/dev/null
	@$(LOCK) --extra gpio --extra qr --extra display -c config/constraints.txt -o config/constraints-display.txt >/dev/null
	@$(LOCK) --extra receiver --extra postgresql -o config/constraints-receiver.txt >/dev/null

.PHONY: sbom
sbom: .venv/supply ## List what a gate installs: dist/sbom.json (CycloneDX), dist/licences.md
	@mkdir -p dist
	@$(PYTHON) -m venv --clear .venv/gate
	@.venv/gate/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r config/constraints.txt
	@.venv/gate/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation .
	@$(BIN)/cyclonedx-py environment .venv/gate/bin/python --output-reproducible --of JSON -o dist/sbom.json
	@$(BIN)/pip-licenses --python=.venv/gate/bin/python --with-system --format=markdown --output-file=dist/licences.md
	@rm -rf .venv/gate

.PHONY: audit
audit: .venv/supply ## bandit, and known advisories for what is pinned (wants a network)
	@$(BIN)/bandit -q -r edge_agent -c pyproject.toml
	@for pinned in config/constraints*.txt; do $(BIN)/pip-audit --disable-pip --require-hashes -r "$$pinned"; done

.PHONY: venv
venv: .venv/test ## Make .venv, with everything the tests use

.PHONY: clean
clean: ## Remove .venv and what the tools leave behind
	rm -rf .venv build dist mutants mutants.log .coverage coverage.json .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

# Debian starts a broker on port 1883 when it installs one; the tests bring their own, so that one
# goes off again. A broker that was here before is left as it is.
.PHONY: mosquitto
mosquitto:
	@command -v mosquitto >/dev/null && exit; \
	$(call debian,mosquitto); \
	if [ $$installed = yes ]; then \
	    { $$as_root service mosquitto stop; $$as_root update-rc.d mosquitto disable; } >/dev/null 2>&1 || true; \
	else \
	    echo 'mosquitto is not installed, so the tests that need it are skipped: sudo apt-get install mosquitto'; \
	fi

.PHONY: mosquitto-clients
mosquitto-clients:
	@command -v mosquitto_sub >/dev/null && exit; \
	$(call debian,mosquitto-clients); \
	[ $$installed = yes ] || \
	    echo 'mosquitto_sub is not installed, so its test is skipped: sudo apt-get install mosquitto-clients'

# As with the broker: the tests make clusters of their own.
.PHONY: postgresql
postgresql:
	@[ -n "$$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] && exit; \
	command -v initdb >/dev/null && exit; \
	$(call debian,postgresql); \
	if [ $$installed = yes ]; then \
	    { $$as_root service postgresql stop; $$as_root update-rc.d postgresql disable; } >/dev/null 2>&1 || true; \
	else \
	    echo 'PostgreSQL is not installed, so its tests are skipped: sudo apt-get install postgresql'; \
	fi

# A cluster of three, made and ended by the test itself; only `make test-long` wants it.
.PHONY: rabbitmq
rabbitmq:
	@command -v rabbitmq-server >/dev/null && exit; \
	$(call debian,rabbitmq-server); \
	if [ $$installed = yes ]; then \
	    { $$as_root service rabbitmq-server stop; $$as_root update-rc.d rabbitmq-server disable; \
	        $$as_root epmd -kill; } >/dev/null 2>&1 || true; \
	else \
	    echo 'RabbitMQ is not installed, so its test is skipped: sudo apt-get install rabbitmq-server'; \
	fi

# For a Debian with a systemd of its own, in which the gate is installed as the technician's page says.
.PHONY: nspawn
nspawn:
	@command -v systemd-nspawn >/dev/null && command -v debootstrap >/dev/null && exit; \
	$(call debian,debootstrap systemd-container); \
	[ $$installed = yes ] || echo 'the test under systemd is skipped: sudo apt-get install debootstrap systemd-container'

# For a kernel that runs as a process, in which the pins are tried.
.PHONY: uml
uml:
	@[ -n "$$(ls /usr/src/linux-source-6.*.tar.xz 2>/dev/null)" ] && $(call have,bison flex bc gcc xz) && exit; \
	$(call debian,linux-source-6.1 bison flex bc gcc libc6-dev xz-utils); \
	[ $$installed = yes ] || echo 'the pins are not tried: sudo apt-get install linux-source-6.1 bison flex bc gcc xz-utils'

# What makes a card for a Pi, and runs its programs meanwhile; and for a Pi that is none: QEMU.
PI_TOOLS = qemu-system-aarch64 mmdebstrap arch-test qemu-aarch64-static fdtput depmod cpio debugfs mkfs.vfat mcopy sfdisk xz
PI_PACKAGES = qemu-system-arm qemu-user-static mmdebstrap arch-test device-tree-compiler kmod cpio e2fsprogs dosfstools mtools fdisk xz-utils
.PHONY: emulator
emulator:
	@$(call have,$(PI_TOOLS)) && exit; \
	$(call debian,$(PI_PACKAGES)); \
	[ $$installed = yes ] || echo 'no card for a Pi is made, and none emulated: sudo apt-get install $(PI_PACKAGES)'

# What the screen's page is tried in, without a window.
.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || command -v chromium-headless-shell >/dev/null && exit; \
	$(call debian,chromium); \
	[ $$installed = yes ] || echo 'Chromium is not installed, so the tests of the screen are skipped: sudo apt-get install chromium'

# Opens the sheets that a clerk gets, calculates them and prints them.
.PHONY: libreoffice
libreoffice:
	@command -v soffice >/dev/null && command -v pdftotext >/dev/null && exit; \
	$(call debian,libreoffice-calc poppler-utils); \
	[ $$installed = yes ] || echo 'the sheets are not opened: sudo apt-get install libreoffice-calc poppler-utils'

.PHONY: strace
strace:
	@command -v strace >/dev/null && exit; \
	$(call debian,strace); \
	[ $$installed = yes ] || echo 'strace is not installed, so the power-loss tests are skipped: sudo apt-get install strace'

.PHONY: zsh
zsh:
	@command -v zsh >/dev/null && exit; \
	$(call debian,zsh); \
	[ $$installed = yes ] || echo 'zsh is not installed, so its completion is not tried: sudo apt-get install zsh'

# The mark is written last and names the checkout: a venv that was left half made, or moved, or whose
# Python has gone is made anew.
ifneq ($(shell cat .venv/made-for 2>/dev/null && $(BIN)/python -c 'import pip' 2>&1 || true),$(CURDIR))
.PHONY: .venv/made-for
endif
.venv/made-for:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 …'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call debian,python3-venv); [ $$installed = yes ]; } || { \
	    echo '$(PYTHON) cannot make virtual environments: sudo apt-get install python3-venv'; exit 1; }
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@echo '$(CURDIR)' >$@

.venv/demo: .venv/made-for setup.cfg pyproject.toml
	@echo 'Installing into .venv …'
	@$(PIP_INSTALL) -e '.[demo]'
	@touch $@

.venv/test: .venv/made-for setup.cfg pyproject.toml
	@echo 'Installing into .venv …'
	@$(PIP_INSTALL) -e '.[test]'
	@touch .venv/demo $@

.venv/supply: .venv/test
	@$(PIP_INSTALL) -e '.[supply]'
	@touch $@

# Only a Pi has lamps to switch; elsewhere there may be no such package.
.venv/hw: .venv/test
	@! grep -qs 'Raspberry Pi' /proc/device-tree/model || $(PIP_INSTALL) -e '.[test,gpio]'
	@touch $@
