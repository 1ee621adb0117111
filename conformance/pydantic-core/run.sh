#!/usr/bin/env bash
# Runs pydantic-core's own tests in the guest. What is said after it goes to pytest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$here/../.." && go build -o "$scratch/pymode-tui" ./cmd/pymode-tui)
"$scratch/pymode-tui" sync --frozen --export-sources "$scratch/sources" "$here"

# The tests are in the source that the wheel is built from.
tar -xzf "$scratch"/sources/pydantic_core-*.tar.gz -C "$scratch" --strip-components=1
rm "$scratch/pyproject.toml"
cp "$here/pytest.ini" "$scratch"
mkdir "$scratch/.pymode"
cp -r "$here/.pymode/site-packages" "$scratch/.pymode"
cd "$scratch"
./pymode-tui python -m pytest -q -rfE --tb=line --basetemp=tmp --ignore tests/test_docstrings.py "$@"
