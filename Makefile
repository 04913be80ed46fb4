# What each target does stands beside it; `make` alone lists them.
GO ?= go
LINT := bin/golangci-lint
LINT_VERSION := v2.15.0
ACTIONLINT := bin/actionlint
ACTIONLINT_VERSION := v1.7.12
GORELEASER := bin/goreleaser
GORELEASER_VERSION := v2.16.0
REPORT ?= bucketproof-report

.PHONY: images containers help build test race first-use lint certify selftest bench fuzz reproducible release-snapshot clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build bin/bucketproof
	$(GO) build -o bin/bucketproof ./cmd/bucketproof

test: ## all tests (the README's second command)
	$(GO) test ./...

race: ## the race detector, where goroutines live
	$(GO) test -race ./harness/wire ./harness/run ./harness/bucket ./harness/stores ./reference/connector

first-use: ## install the Azure emulator into an empty cache, cut off once and twice at a time
	BUCKETPROOF_TEST_FIRST_USE=1 $(GO) test -count=1 -run '^TestAzuriteFirstUse$$' ./harness/stores

lint: $(LINT) $(ACTIONLINT) ## go vet, golangci-lint, and actionlint over the recipe for GitHub
	$(GO) vet ./...
	$(LINT) run ./...
	$(ACTIONLINT) -shellcheck= -pyflakes= docs/gating/github-actions.yml

$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

$(ACTIONLINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

# `incomplete` (exit code 4) is the honest verdict of aws and coreweave: no embedded store has a default encryption.
certify: build ## certify a bucket of each provider on embedded stores (the README's first command)
	@bin/bucketproof certify --embedded --out $(REPORT); code=$$?; \
	case $$code in \
	0) echo "certified, on emulators: this says nothing about a bucket of yours" ;; \
	4) echo "incomplete is the honest verdict here: what no embedded store does, nobody"; \
	   echo "has seen; the reports name the store that shows it. This was tried on"; \
	   echo "emulators, and says nothing about a bucket of yours" ;; \
	*) echo "certify ended with exit code $$code"; exit $$code ;; esac

# MinIO is AGPL: it is built by its own module, as a program of its own, and nothing of it gets into bucketproof.
images: build ## build the images of MinIO, fake-gcs-server and Azurite here; a container engine has to run
	bin/bucketproof stores build

# What a container can't show is skipped, as under go test ./suites/...; a container that can't be had is red, by the table.
containers: build ## the suites, and the stores' own tests, on MinIO, fake-gcs-server and Azurite in containers
	bin/bucketproof stores --fidelity --stores containers
	BUCKETPROOF_STORES=containers $(GO) test -count=1 ./harness/stores ./suites/...

selftest: build ## run the suite against every fault, and print what was caught
	bin/bucketproof selftest

bench: build ## benchmarks: addresses, connector, pre-flight, reports, a whole run, the load
	$(GO) test -run '^$$' -bench . -benchmem ./reference/... ./harness/wire ./reports ./cmd/bucketproof
	$(GO) test -run '^$$' -bench UploadURLs/S3 -benchtime 100000x ./reference/connector
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./harness/load

fuzz: ## fuzz the parsers and the keys, 30 s each
	$(GO) test -run '^$$' -fuzz '^FuzzParse$$' -fuzztime 30s ./reference/address
	$(GO) test -run '^$$' -fuzz '^FuzzParseStores$$' -fuzztime 30s ./reference/address
	$(GO) test -run '^$$' -fuzz '^FuzzRoundTrip$$' -fuzztime 30s ./reference/address
	$(GO) test -run '^$$' -fuzz '^FuzzKey$$' -fuzztime 30s ./reference/placement
	$(GO) test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime 30s ./reference/cors
	$(GO) test -run '^$$' -fuzz '^FuzzEvaluate$$' -fuzztime 30s ./reference/policy

# Two builds from two folders, as a release builds, must be the same bytes, whatever the machine's paths.
reproducible: ## build a release's binary twice, from two folders, and compare
	rm -rf dist/again && mkdir -p dist/again
	git archive --prefix=again/ HEAD | tar -x -C dist
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.release=0.0.0-check" -o dist/one ./cmd/bucketproof
	cd dist/again && CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.release=0.0.0-check" -o ../two ./cmd/bucketproof
	cmp dist/one dist/two && dist/one version | grep -F "0.0.0-check"
	rm -rf dist/one dist/two dist/again

release-snapshot: $(GORELEASER) ## build a release's archives and checksums into dist/, without publishing
	$(GORELEASER) check
	$(GORELEASER) release --snapshot --clean

$(GORELEASER):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)

clean: ## remove what was built
	rm -rf bin dist $(REPORT)
