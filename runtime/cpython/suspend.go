package cpython

import (
	"fmt"
	"path"
	"strings"

	"pymode-tui/runtime/wasmbin"
)

// PinnedExport is the function that tells how many frames on the stack can't be
// suspended: see [wasmbin.Pin].
const PinnedExport = "pm_pinned"

// waitingImports are the host imports during which a host that can't block lets
// go of the guest's stack: PyMode's, ours, and the sleep of WASI. Those that are
// not here answer at once everywhere; so does dl_open, since the platform compiles
// side modules when a worker is deployed, and none while it runs.
func waitingImports() []string {
	return []string{
		"pymode.call", "pymode.d1_batch", "pymode.d1_exec", "pymode.http_fetch_full",
		"pymode.kv_delete", "pymode.kv_get", "pymode.kv_multi_get", "pymode.kv_multi_put", "pymode.kv_put",
		"pymode.r2_get", "pymode.r2_put", "pymode.tcp_connect", "pymode.tcp_recv", "pymode.tcp_send",
		"pymode.thread_join", "pymode.thread_spawn", "wasi_snapshot_preview1.poll_oneoff",
	}
}

// suspendable tells, by index, which functions of python.wasm may be on the stack
// while it is let go: those of the list, and those that call a waiting import by
// name. It fails where the list or the imports don't fit the module.
func suspendable(module []byte, names map[uint32]string) ([]bool, error) {
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, err
	}
	waiting := map[string]bool{}
	for _, name := range waitingImports() {
		waiting[name] = true
	}
	var targets []uint32
	function := uint32(0)
	for _, imp := range m.Imports {
		if imp.Kind != wasmbin.KindFunc {
			continue
		}
		if name := imp.Module + "." + imp.Name; waiting[name] {
			delete(waiting, name)
			targets = append(targets, function)
		}
		function++
	}
	for name := range waiting {
		return nil, fmt.Errorf("%s does not import %s", wasmFile, name)
	}
	calls, err := m.CallGraph()
	if err != nil {
		return nil, err
	}
	set := make([]bool, m.Count(wasmbin.KindFunc))
	for _, target := range targets {
		for _, caller := range calls.Callers(target) {
			set[caller] = true
		}
	}
	list, err := readSuspendable()
	if err != nil {
		return nil, err
	}
	for index, name := range names {
		if index >= m.Imported(wasmbin.KindFunc) && uint64(index) < uint64(len(set)) && list.match(name) {
			set[index] = true
		}
	}
	return set, list.unused()
}

// nameList is a list of names with patterns.
type nameList struct{ in, out []*namePattern }

type namePattern struct {
	pattern string
	used    bool
}

func readSuspendable() (*nameList, error) {
	data, err := embedded.ReadFile("src/suspendable.txt")
	if err != nil {
		return nil, err
	}
	list := &nameList{}
	for _, word := range parseExports(data) {
		if out, ok := strings.CutPrefix(word, "-"); ok {
			list.out = append(list.out, &namePattern{pattern: out})
		} else {
			list.in = append(list.in, &namePattern{pattern: word})
		}
	}
	for _, p := range append(list.in, list.out...) {
		if _, err := path.Match(p.pattern, ""); err != nil {
			return nil, fmt.Errorf("src/suspendable.txt: %q: %w", p.pattern, err)
		}
	}
	return list, nil
}

func (l *nameList) match(name string) bool {
	in, out := matchAny(l.in, name), matchAny(l.out, name)
	return in && !out
}

func matchAny(patterns []*namePattern, name string) bool {
	found := false
	for _, p := range patterns {
		if ok, _ := path.Match(p.pattern, name); ok { // patterns were checked when read
			p.used, found = true, true
		}
	}
	return found
}

// unused is an error where a pattern matched nothing: a function was renamed, or
// the compiler has put it into its callers.
func (l *nameList) unused() error {
	var idle []string
	for _, p := range append(l.in, l.out...) {
		if !p.used {
			idle = append(idle, p.pattern)
		}
	}
	if len(idle) > 0 {
		return fmt.Errorf("src/suspendable.txt: no function of %s is called %s", wasmFile, strings.Join(idle, ", "))
	}
	return nil
}
