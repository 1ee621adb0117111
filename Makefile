# make test      everything that CI checks
# make check     the tests alone
# make lint      the linters alone
# make golden    rewrites the console's golden views and README's table of keys: look at the diff
# make screens   takes README's screens anew

GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
RUFF = ruff==0.17.6
TOOLS = .pymode/tools
EXAMPLES = $(patsubst %/pymode.lock,%,$(wildcard examples/*/pymode.lock))

.PHONY: test check lint lib golden screens runtime packages

test: lint check

check: runtime packages lib
	go test -timeout 40m ./examples # keeps compiled code, which takes minutes to compile under -race
	go test -race -timeout 40m ./...

# The tests need the runtime; built here, its progress is seen.
runtime:
	go run ./cmd/pymode-tui runtime build --asyncify

# So do the examples need their packages, which take minutes to compile.
packages: runtime
	@for dir in $(EXAMPLES); do echo "pymode-tui sync --frozen $$dir"; \
	go run ./cmd/pymode-tui sync --frozen $$dir || exit; done

# What the guest's Python does by itself, under a native Python of its version.
# The Go tests run the same code in the guest, where only a part of it shows.
lib:
	@if python3.13 -c '' 2>/dev/null; then cd runtime/cpython/lib_test && python3.13 -m unittest -q; \
	else echo "there is no python3.13 here: runtime/cpython/lib_test is left to machines that have one"; fi

lint: $(TOOLS)/bin/ruff
	go vet ./...
	go run $(GOLANGCI_LINT) run --allow-parallel-runners ./...
	$(TOOLS)/bin/ruff check .
	$(TOOLS)/bin/ruff format --check .

$(TOOLS)/bin/ruff:
	python3 -m pip install -q --target $(TOOLS) $(RUFF)

golden:
	go test ./tui -update

# README's pictures of the console, taken of the real thing: needs tmux and curl.
screens:
	sh docs/screens.sh
