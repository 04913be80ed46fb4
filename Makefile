# What each target does stands beside it; `make` alone lists them.
GO ?= go
LINT := bin/golangci-lint
LINT_VERSION := v2.15.0
ACTIONLINT := bin/actionlint
ACTIONLINT_VERSION := v1.7.12
GORELEASER := bin/goreleaser
GORELEASER_VERSION := v2.16.0
REPORT ?= bucketproof-report

.PHONY: needs-go images containers help build test race first-use lint certify selftest bench fuzz reproducible release-snapshot clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

needs-go:
	@command -v $(GO) >/dev/null || { echo "this needs Go 1.26 or later (https://go.dev/dl), or make GO=PATH"; exit 1; }

build test race first-use lint bench fuzz reproducible release-snapshot $(LINT) $(ACTIONLINT) $(GORELEASER): | needs-go

build: ## build bin/bucketproof
	$(GO) build -o bin/bucketproof ./cmd/bucketproof

test: ## all tests (README's second command)
	$(GO) test ./...

race: ## the race detector, where goroutines live
	$(GO) test -race ./harness/wire ./harness/run ./harness/bucket ./harness/stores ./reference/connector

first-use: ## install the Azure emulator into an empty cache, cut off once
	BUCKETPROOF_TEST_FIRST_USE=1 $(GO) test -count=1 -run '^TestAzuriteFirstUse$$' ./harness/stores

lint: $(LINT) $(ACTIONLINT) ## go vet, golangci-lint, actionlint over GitHub's recipe
	$(GO) vet ./...
	$(LINT) run ./...
	$(ACTIONLINT) -shellcheck= -pyflakes= docs/gating/github-actions.yml

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(ACTIONLINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

# `incomplete` (exit code 4) is the honest verdict of aws and coreweave: no embedded store has a default encryption.
certify: build ## certify a bucket of each provider (README's first command)
	@bin/bucketproof certify --embedded --out $(REPORT); code=$$?; \
	case $$code in \
	0) echo "certified, on emulators: this says nothing about a bucket of yours" ;; \
	4) echo "incomplete is the honest verdict here: what no embedded store does, nobody"; \
	   echo "has seen; the reports name the store that shows it. This was tried on"; \
	   echo "emulators, and says nothing about a bucket of yours" ;; \
	*) echo "certify ended with exit code $$code"; exit $$code ;; esac

# MinIO is AGPL: it is built by its own module, as a program of its own, and nothing of it gets into bucketproof.
images: build ## build the stores' images; a container engine has to run
	bin/bucketproof stores build

# What a container can't show is skipped, as under go test ./suites/...; a container that can't be had is red, by the table.
containers: build ## the suites and the stores' own tests, on containers
	bin/bucketproof stores --fidelity --stores containers
	BUCKETPROOF_STORES=containers $(GO) test -count=1 ./harness/stores ./suites/...

selftest: build ## run the suite against every fault; print what was caught
	bin/bucketproof selftest

bench: build ## benchmarks, from addresses to the load beside wrk and ab
	$(GO) test -run '^$$' -bench . -benchmem ./reference/... ./harness/wire ./reports/... ./cmd/bucketproof
	$(GO) test -run '^$$' -bench UploadURLs/S3 -benchtime 100000x ./reference/connector
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./harness/load ./harness/load/rivals

FUZZTIME ?= 30s

fuzz: ## run every fuzz test, 30 s each (FUZZTIME=5m)
	@set -e; for file in $$(grep -rlE '^func Fuzz' --include='*_test.go' --exclude-dir=dist .); do \
	for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]+)\(.*/\1/p' $$file); do \
	echo "$$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$(dirname $$file); done; done

# As .goreleaser.yaml builds, which a test holds it to. Go's cache is shared, and doesn't know folders under -trimpath: the
# second build is little more than a link. FRESH=1 gives it an empty cache of its own, which takes minutes.
VERSION ?= 0.0.0-check
RELEASE_BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=true -ldflags "-s -w -buildid= -X main.release=$(VERSION)"

reproducible: ## build HEAD twice as a release does, and compare (VERSION=)
	@command -v git >/dev/null || { echo "this needs git, and a clone made by it"; exit 1; }
	rm -rf dist/again && mkdir -p dist/again
	git clone -q --shared . dist/again/one && git clone -q --shared . dist/again/a-folder-of-another-name
	cd dist/again/one && $(RELEASE_BUILD) -o ../1 ./cmd/bucketproof
	cd dist/again/a-folder-of-another-name && $(if $(FRESH),GOCACHE=$(CURDIR)/dist/again/cache) $(RELEASE_BUILD) -o ../2 ./cmd/bucketproof
	cmp dist/again/1 dist/again/2
	@test "$$($(GO) env GOOS GOARCH)" != "$$($(GO) env GOHOSTOS GOHOSTARCH)" || { \
	dist/again/1 version | grep -F "bucketproof $(VERSION) " && dist/again/1 version | grep -F "$$(git rev-parse HEAD)"; }
	@sha256sum dist/again/1 2>/dev/null || shasum -a 256 dist/again/1
	rm -rf dist/again

release-snapshot: $(GORELEASER) ## build a whole release into dist/, check it, publish nothing
	$(GORELEASER) check
	$(GORELEASER) release --snapshot --clean
	$(GO) run ./tools/release check dist

$(GORELEASER):
	@echo "building goreleaser once, which takes minutes"
	GOBIN=$(CURDIR)/bin $(GO) install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)

clean: ## remove what was built
	rm -rf bin dist $(REPORT)
