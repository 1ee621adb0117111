#!/usr/bin/env bash
# Runs numpy's own tests in the guest, a file at a time, and sums up. Names of parts
# ("linalg random") leave out the others; KEEP=FILE keeps all that pytest prints.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(cd "$here/../.." && go build -o "$scratch/pymode-tui" ./cmd/pymode-tui)
"$scratch/pymode-tui" sync --frozen --export-wheels "$scratch/wheels" "$here" >&2

# The wheel has the tests, and the modules that only they want, which sync leaves out.
mkdir "$scratch/.pymode"
cp -r "$here/.pymode/site-packages" "$scratch/.pymode"
(cd "$scratch/.pymode/site-packages" && python3 -m zipfile -e "$scratch"/wheels/numpy-*.whl .)
cp "$here/pytest.ini" "$scratch"
cd "$scratch"
for part in ${*:-_core lib linalg random fft}; do
  for file in .pymode/site-packages/numpy/"$part"/tests/test_*.py; do
    name=numpy/$part/tests/$(basename "$file")
    echo "== $name"
    ./pymode-tui python -m pytest -q -rfE --tb=line -m "not slow" --basetemp=tmp --pyargs \
      "$(echo "${name%.py}" | tr / .)" 2>&1 || true
  done
done | tee "${KEEP:-/dev/null}" | awk '
  /^== /              { name = $2 }
  /^FAILED|^ERROR/    { print }
  / in [0-9.]+s/      { print name ": " $0
                        for (i = 2; i <= NF; i++) { word = $i; sub(/,$/, "", word); count[word] += $(i - 1) } seen = name }
  /^pymode-tui: /     { print name ": " $0 }
  END                 { print ""; for (word in count) if (word ~ /^(passed|failed|skipped|xfailed|xpassed|errors?|deselected)$/) print count[word], word }'
