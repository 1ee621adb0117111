#!/usr/bin/env bash
# Runs numpy's own tests in the guest: all of these parts, or those that are named ("linalg
# lib/test_io"), and prints a table and the failures. OUT=DIR keeps what each test did, and a
# second run with the same DIR goes on where the first one ended; JOBS=N runs N files at once.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=$(realpath -m "${OUT:-$scratch/out}")
(cd "$here/../.." && go build -o "$scratch/pymode-tui" ./cmd/pymode-tui)
"$scratch/pymode-tui" sync --frozen --export-wheels "$scratch/wheels" "$here" >&2

# The wheel has the tests, and the modules that only they want, which sync leaves out.
mkdir "$scratch/.pymode"
cp -r "$here/.pymode/site-packages" "$scratch/.pymode"
(cd "$scratch/.pymode/site-packages" && python3 -m zipfile -e "$scratch"/wheels/numpy-*.whl .)
cp "$here/pytest.ini" "$here/tally.py" "$scratch"
cd "$scratch"
python3 "$here/tests.py" --out "$out" --jobs "${JOBS:-1}" \
  ${*:-_core lib linalg random fft ma polynomial matrixlib testing numpy}
