# make run      installs what is missing, builds, and runs the whole system until Ctrl-C
# make test     installs what the tests need, and passes them all
# make build    every program, release, at .build/release/<program>
# make bench    measures this machine: requests, cycles, and messages a second
# make sanitize the library's tests under the address and thread sanitizers
# make screenshots  a picture of every page in every state, in .build/screenshots
# make format   formats the sources; make lint only looks

SHELL := /bin/bash
.DELETE_ON_ERROR:

SYSTEM_PACKAGES := mariadb-server mariadb-client nginx pkg-config libfcgi-dev libmariadb-dev libcurl4-openssl-dev \
                   libargon2-dev libphonenumber-dev libqrencode-dev libicu-dev util-linux \
                   libjs-chart.js python3-xstatic-js-yaml
TEST_PACKAGES   := $(SYSTEM_PACKAGES) curl jq libzbar0 oathtool openssl python3 python3-venv chromium fonts-noto-core
BENCH_PACKAGES  := $(TEST_PACKAGES) wrk sysbench
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Asks apt only for what dpkg does not know as installed.
define install
  @missing=$$(for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || echo $$package; done); \
  if [ -n "$$missing" ]; then \
    $(SUDO) apt-get update -qq && \
    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
  fi
endef

.PHONY: run build test bench screenshots sanitize format lint packages

run: build
	@exec .build/release/countersignctl up $(UP)

packages:
	$(call install,$(SYSTEM_PACKAGES))

build: packages
	swift build -c release

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

# One build for all tests, debug, and the real programs out of it.
VENV := .build/venv
PYTEST := $(VENV)/bin/pytest -q
# Stories mostly wait, so four files run at a time; browsers compute, and providers that make codes are waited for, so two of
# those do, and one where Vonage does: what waits for its answer must not wait for a core too; where times are compared, nothing
# else does.
TOGETHER := -n 4 --dist loadfile
PAIRS := -n 2 --dist loadfile
TIMES := Tests/EndToEndTests/test_enumeration.py

$(VENV)/ready: Tests/EndToEndTests/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

# What has to hold whoever makes the codes.
ENGINE_STORIES := $(addprefix Tests/EndToEndTests/test_,sign_up.py two_factor.py second_step.py step_up.py devices.py limits.py)

test:
	$(call install,$(TEST_PACKAGES))
	$(MAKE) lint
	swift build --build-tests
	$(MAKE) $(VENV)/ready
	$(VENV)/bin/python -m openapi_spec_validator openapi.yaml
	swift test --skip-build
	$(PYTEST) $(TOGETHER) --ignore $(TIMES) Tests/EndToEndTests
	$(PYTEST) $(TIMES)
	$(PYTEST) -n 2 Tests/BrowserTests
	VERIFICATION_ENGINE=twilio-verify TOTP_ENGINE=twilio-verify $(PYTEST) $(PAIRS) $(ENGINE_STORIES)
	VERIFICATION_ENGINE=vonage-verify $(PYTEST) $(ENGINE_STORIES)

bench: build
	$(call install,$(BENCH_PACKAGES))
	$(MAKE) $(VENV)/ready
	$(VENV)/bin/python Tests/Benchmarks/bench.py

screenshots:
	$(call install,$(TEST_PACKAGES))
	swift build
	$(MAKE) $(VENV)/ready
	$(VENV)/bin/python Tests/BrowserTests/screenshots.py

# Each sanitizer has a build of its own. The thread sanitizer does not know the locks of Swift's Mutex on Linux and reports
# what they guard as raced for (eight threads that count under one Mutex show it), so the tests that share such a lock
# between threads stay out of it.
sanitize:
	$(call install,$(TEST_PACKAGES))
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path .build-address --filter CountersignTests
	swift test --sanitize=thread --scratch-path .build-thread --filter CountersignTests --skip 'onceOnly|oneLiveCode'
