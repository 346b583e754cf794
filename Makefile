# The whole of it: build, run, test. `make help` lists the targets.

BIN     := bin/appliance
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

# Tags that keep cgo and unused codecs out of the binary. Commas, because GOFLAGS splits at spaces.
TAGS := containers_image_openpgp,containers_image_storage_stub,containers_image_docker_daemon_stub,exclude_graphdriver_btrfs,exclude_graphdriver_devicemapper,nomsgpack

# Go stops at a checkout that git does not trust, or that has no commit yet; then it builds without the commit.
VCS := $(shell git rev-parse -q --verify HEAD >/dev/null 2>&1 && echo auto || echo false)

export CGO_ENABLED ?= 0
export GOFLAGS := $(strip $(GOFLAGS) -tags=$(TAGS) -buildvcs=$(VCS))

BUILD := go build -trimpath -ldflags "-s -w -X edge/appliance/cli.version=$(VERSION)"

.DEFAULT_GOAL := build
.PHONY: run build test test-vm lint bench lab lab-down golden release clean help

run: build ## build, then serve three sample releases on :8080 (ARGS="--listen :9000" for more flags)
	$(BIN) serve --sample $(ARGS)

build: ## build bin/appliance, static and stripped
	$(BUILD) -o $(BIN) .

test: ## install the peers where possible, then check, test and fuzz everything
	@.ci/test.sh

test-vm: ## as root: the system's update and rollback in a virtual machine with GRUB and a kernel of its own
	contrib/peers.sh vm
	contrib/lab/commits vm
	APPLIANCE_VM=1 go test -count=1 -v -timeout 60m -run '^TestVM' ./appliance/cli
	.ci/vm.sh passed

lint: ## gofmt, go vet, and golangci-lint where it is installed
	@.ci/lint.sh

bench: build ## measure against nginx and the ostree program, with the figures of README
	contrib/peers.sh bench
	contrib/bench/run $(ARGS)

lab: build ## as root: the demonstration with a virtual device on this machine (ARGS="--port 9000"); then contrib/lab/lab tour
	contrib/lab/lab up $(ARGS)

lab-down: ## take away everything that make lab has made, but for the cached releases
	contrib/lab/lab down

golden: ## rewrite the expected outputs that tests compare with; read the diff before committing it
	UPDATE=1 go test -count=1 $$(grep -rl --include='*_test.go' UPDATE . | xargs -rn1 dirname | sort -u)

release: ## cross-build for amd64 and arm64 into dist/, with checksums
	@mkdir -p dist
	for arch in amd64 arm64; do \
		GOOS=linux GOARCH=$$arch $(BUILD) -o dist/appliance-linux-$$arch . && \
		(cd dist && sha256sum appliance-linux-$$arch >appliance-linux-$$arch.sha256) || exit 1; \
	done
	@ls -l dist

clean: ## remove what was built
	rm -rf bin build dist .cache

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | while IFS="$$(printf '\t')" read -r target text; do printf '  %-9s %s\n' "$$target" "$$text"; done
