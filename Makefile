# make test      everything that CI checks
# make check     the tests alone
# make lint      the linters alone
# make golden    rewrites the console's golden views: look at the diff

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.7.2
RUFF = ruff==0.14.6
VENV = .pymode/venv

.PHONY: test check lint golden runtime

test: lint check

check: runtime
	go test -race -timeout 30m ./...

# The tests need the runtime; built here, its progress is seen.
runtime:
	go run ./cmd/pymode-tui runtime build

lint: $(VENV)/bin/ruff
	go vet ./...
	go run $(GOLANGCI_LINT) run ./...
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

$(VENV)/bin/ruff:
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q $(RUFF)

golden:
	go test ./tui -update
