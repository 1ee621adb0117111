package tui

import (
	"strings"

	"pymode-tui/runtime"
)

// maxCallEntries bounds how many host calls the console remembers.
const maxCallEntries = 10_000

// callEntry is one host call, or one side module that was loaded, of a request.
type callEntry struct {
	worker   string
	id       string // of the request, or "" at import
	request  string // clean: "GET /users/7"
	op       string // clean
	binding  string // clean
	detail   string // clean
	failure  string // clean, "" where it succeeded
	duration int64  // µs
	in, out  int64  // bytes
}

// silent reports whether an operation is none of the worker's own: the Python side asks
// why the call before it failed, which that one's entry says already.
func silent(op string) bool {
	switch op {
	case "http.error", "http.timeout", "tcp.error", "thread.error":
		return true
	}
	return false
}

// callCount is how many calls of a request are shown.
func callCount(r *runtime.Result) int {
	n := 0
	for _, c := range r.Calls {
		if !silent(c.Op) {
			n++
		}
	}
	return n
}

// call takes in a host call.
func (s *session) call(e runtime.Called) {
	if silent(e.Call.Op) {
		return
	}
	entry := callEntry{
		worker: e.Worker, id: e.ID, op: cleanLine(e.Call.Op), binding: cleanLine(e.Call.Binding),
		detail: cleanLine(e.Call.Detail), failure: cleanLine(e.Call.Error), duration: e.Call.Duration,
		in: e.Call.BytesIn, out: e.Call.BytesOut,
	}
	entry.request = "import"
	if x := s.byID[exchangeKey(e.Worker, e.ID)]; x != nil {
		entry.request = x.method + " " + x.path
	} else if e.ID != "" {
		entry.request = "request " + cleanLine(e.ID)
	}
	s.calls.push(entry)
	s.trim()
}

// weight is the bytes of an entry's texts.
func (e *callEntry) weight() int64 {
	return int64(len(e.request) + len(e.op) + len(e.binding) + len(e.detail) + len(e.failure))
}

// callSource is the host calls as a feed shows them: a row each, under the
// request that made them, an error below.
type callSource struct{ session *session }

func newCallsPane(s *session, keys *keymap) *feed {
	return &feed{keys: keys, source: &callSource{s}}
}

func (p *callSource) bounds() (first, end int) { return p.session.calls.first, p.session.calls.end() }

func (p *callSource) clear() { p.session.calls.clear() }

func (p *callSource) shows(seq int, narrow *exchange) bool {
	e := p.session.calls.at(seq)
	return narrow == nil || e.id == narrow.id && e.worker == narrow.worker
}

func (p *callSource) title(narrow *exchange) line {
	if narrow == nil {
		return styled(plain, "Host calls")
	}
	n, total := 0, int64(0)
	if narrow.result != nil {
		n, total = callCount(narrow.result), narrow.result.Metrics.Host
	}
	title := feedTitle("Host calls", nil)
	if n > 0 {
		title = append(title, span{" " + formatCount(n) + " in " + formatMicros(total), faint})
	}
	return title
}

func (p *callSource) nothing(narrow *exchange) string {
	if narrow != nil {
		return "this request called nothing"
	}
	return "no host calls yet"
}

func (p *callSource) rows(seq, w int, narrow *exchange) []line {
	e := p.session.calls.at(seq)
	var rows []line
	if narrow == nil && p.begins(seq) {
		text := " " + truncate(e.request, w-6) + " "
		rows = append(rows, line{{"──", border}, {text, faint}, {strings.Repeat("─", max(w-2-textWidth(text), 0)), border}})
	}
	took := formatMicros(e.duration)
	opRole, detailRole := name, plain
	if e.failure != "" {
		opRole = bad
	}
	const opWidth = 9
	op := pad(truncate(e.op, max(w/2, 4)), min(opWidth, w/2))
	row := line{{op + " ", opRole}}
	left := w - row.width() - textWidth(took) - 1
	if e.binding != "" && left > 24 {
		binding := truncate(e.binding, left/2)
		row = append(row, span{binding + " ", faint})
		left -= textWidth(binding) + 1
	}
	detail := truncate(e.detail, max(left, 0))
	row = append(row, span{pad(detail, max(left, 0)), detailRole}, span{" " + took, faint})
	rows = append(rows, row)
	if e.failure != "" {
		rows = append(rows, line{{"  " + e.failure, bad}}.wrap(w, 2)...)
	}
	return rows
}

// begins reports whether an entry is the first of its request's, of those that
// come one after another.
func (p *callSource) begins(seq int) bool {
	calls := &p.session.calls
	if seq == calls.first {
		return true
	}
	e, before := calls.at(seq), calls.at(seq-1)
	return e.id != before.id || e.worker != before.worker
}

// loaded takes in a side module as a call: it is what an import asked of the host.
func (s *session) loaded(e runtime.Loaded) {
	s.call(runtime.Called{
		Worker: e.Worker, At: e.At, ID: e.ID, Generation: e.Generation,
		Call: runtime.Call{Op: "dl.open", Detail: e.Module.Path, Duration: e.Module.Duration, BytesOut: e.Module.Bytes, Error: e.Module.Error},
	})
}
