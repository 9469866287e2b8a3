# make run    a server on 127.0.0.1:6379        make test   every test
SHELL   := bash
GO      ?= go
TOOLS   := $(GO) tool -modfile=tools.mod

# package:target:runs, a few seconds each; FUZZTIME=10m overrides the number. Runs are counted and not
# timed, because go test reports a deadline that comes in the middle of a run as a failure
# now and then ("context deadline exceeded").
FUZZ := ./server/resp:FuzzParser:300000x ./server/resp:FuzzDouble:200000x ./server:FuzzGlob:40000x ./server:FuzzNumbers:80000x \
        ./store:FuzzPack:200000x ./store:FuzzCompactHash:15000x ./store:FuzzCompactZSet:15000x ./store/hll:FuzzSketch:15000x

.PHONY: build run test race fuzz compat bench lint clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/cached ./cmd/cached

run: build
	./bin/cached

test: build
	$(GO) test ./...
	cd tests/clients && $(GO) test ./...

race:
	$(GO) test -race ./...
	$(GO) test -tags arenadebug ./store/...

fuzz:
	@for row in $(FUZZ); do IFS=: read -r package target runs <<< "$$row"; echo "$$package $$target"; \
	  $(GO) test $$package -run '^$$' -fuzz "^$$target$$" -fuzztime $(or $(FUZZTIME),$$runs) || exit 1; done

# Checks the scripts against the redis-server on the PATH; RECORD=-record writes its replies
# into them. The differential test runs as long as it takes.
compat:
	$(GO) test -count=1 ./tests/compat -redis $(RECORD)
	$(GO) test -count=1 -timeout 30m ./tests/differential -commands 1000000

bench: build
	$(GO) run ./tests/bench

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(TOOLS) staticcheck ./...
	@out=$$($(TOOLS) govulncheck ./... 2>&1); code=$$?; echo "$$out" | tail -20; \
	  case "$$out" in *"fetching vulnerabilities"*) echo "govulncheck skipped: its database cannot be reached from here";; \
	  *) exit $$code;; esac
	$(GO) mod tidy -diff

clean:
	rm -rf bin
