# make test      everything that CI checks
# make check     the tests alone
# make lint      the linters alone
# make golden    rewrites the console's golden views: look at the diff

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
RUFF = ruff==0.17.6
TOOLS = .pymode/tools

.PHONY: test check lint golden runtime

test: lint check

check: runtime
	go test -race -timeout 30m ./...

# The tests need the runtime; built here, its progress is seen.
runtime:
	go run ./cmd/pymode-tui runtime build

lint: $(TOOLS)/bin/ruff
	go vet ./...
	go run $(GOLANGCI_LINT) run ./...
	$(TOOLS)/bin/ruff check .
	$(TOOLS)/bin/ruff format --check .

$(TOOLS)/bin/ruff:
	python3 -m pip install -q --target $(TOOLS) $(RUFF)

golden:
	go test ./tui -update
