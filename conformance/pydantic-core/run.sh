#!/usr/bin/env bash
# Runs pydantic-core's own tests in the guest. What is said after it goes to pytest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$here/../.." && go build -o "$scratch/pymode-tui" ./cmd/pymode-tui)
"$scratch/pymode-tui" sync --frozen "$here"

# The tests are in the source that the wheel is built from, which is in the cache.
read -r file digest < <(awk -F"'" '
  /^name = /   { name = $2 }
  /^file = /   { file = $2 }
  /^sha256 = / { if (name == "pydantic-core") print file, $2 }' "$here/pymode.lock")
source=${XDG_CACHE_HOME:-$HOME/.cache}/pymode-tui/packages/files/$digest/$file
if [ ! -e "$source" ]; then
  echo "the source of pydantic-core is not in the cache: it was built on another machine" >&2
  exit 3
fi
tar -xzf "$source" -C "$scratch" --strip-components=1
rm "$scratch/pyproject.toml"
cp "$here/pytest.ini" "$scratch"
mkdir "$scratch/.pymode"
cp -r "$here/.pymode/site-packages" "$scratch/.pymode"
cd "$scratch"
./pymode-tui python -m pytest -q -rfE --tb=line --basetemp=tmp --ignore tests/test_docstrings.py "$@"
