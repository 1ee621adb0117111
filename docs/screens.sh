#!/bin/sh
# Takes README's screens of the console from the real thing: a worker of `init`, real
# requests, a save. What was between the marks <!-- screen --> is replaced.
set -eu
cd "$(dirname "$0")/.."
for tool in tmux curl; do
    command -v "$tool" >/dev/null || { echo "make screens needs $tool" >&2; exit 3; }
done
work=$(mktemp -d)
socket=pymode-screens-$$
trap 'tmux -L "$socket" kill-server 2>/dev/null || :; rm -rf "$work"' EXIT INT TERM
go build -o "$work/pymode-tui" ./cmd/pymode-tui
"$work/pymode-tui" init --template todo "$work/shop" >/dev/null

XDG_STATE_HOME=$work/state tmux -L "$socket" -f /dev/null new -d -x 96 -y 32 \
    "$work/pymode-tui" --addr 127.0.0.1:8787 "$work/shop"
tries=0
until curl -fs http://127.0.0.1:8787/ >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || { echo "the worker does not answer on port 8787" >&2; exit 1; }
    sleep 0.5
done
add() { curl -s -H 'Content-Type: application/json' -d "$1" http://127.0.0.1:8787/ >/dev/null; }
add '{"title": "buy tea"}'
add '{"title": "call Ada"}'
add '{}'
for _ in 1 2 3 4 5 6; do curl -s http://127.0.0.1:8787/ >/dev/null; done
# A save that makes the list slower, and prints.
sed 's/^        case "GET", "\/":$/&\n            import time\n            time.sleep(0.03)\n            print("listing")/' \
    "$work/shop/src/entry.py" > "$work/entry.py"
cp "$work/entry.py" "$work/shop/src/entry.py"
sleep 1
for _ in 1 2 3 4 5 6; do curl -s http://127.0.0.1:8787/ >/dev/null; done
curl -s http://127.0.0.1:8787/nowhere >/dev/null
sleep 0.5
tmux -L "$socket" send-keys j j
sleep 4 # until no message stands in the footer
tmux -L "$socket" capture-pane -p | sed 's/ *$//; s/^/    /' > "$work/screen"

tmux -L "$socket" send-keys q
sleep 2

awk -v screen="$work/screen" '
    /^<!-- screen -->$/   { print; print ""; while ((getline l < screen) > 0) print l; print ""; hidden = 1; next }
    /^<!-- \/screen -->$/ { hidden = 0 }
    !hidden               { print }
' README.md > "$work/README.md"
cp "$work/README.md" README.md
