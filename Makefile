# make run    a server on 127.0.0.1:6379        make test   every test
GO      ?= go
FUZZTIME ?= 10s
TOOLS   := $(GO) tool -modfile=tools.mod

# package:target, a line each
FUZZ := ./server/resp:FuzzParser ./server/resp:FuzzDouble ./server:FuzzGlob ./server:FuzzNumbers \
        ./store:FuzzPack ./store:FuzzCompactHash ./store:FuzzCompactZSet ./store/hll:FuzzSketch

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
	@for f in $(FUZZ); do echo "$$f"; $(GO) test $${f%%:*} -run '^$$' -fuzz "^$${f##*:}$$" -fuzztime $(FUZZTIME) || exit 1; done

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
