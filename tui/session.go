package tui

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/traffic"
	"pymode-tui/trend"
)

// The bounds of what the console remembers.
const (
	maxLogs      = 10_000    // lines
	maxExchanges = 5_000     // requests
	maxHeld      = 128 << 20 // bytes of all: bodies, what requests logged, lines, host calls
)

// session is what is known of the workers, as the events told it. It does no
// IO and is not safe for concurrent use: only Model.Update changes it.
type session struct {
	workers   []*worker
	progress  *runtime.Progress // of the runtime's build; nil when none goes on
	exchanges ring[*exchange]
	byID      map[string]*exchange // by worker and ID, those in exchanges
	bodies    int64                // bytes that exchanges hold
	logs      ring[logEntry]
	calls     ring[callEntry]
	pins      []*pin
	revision  int // counts changes of exchanges, for what panes remember
}

// worker is what is known of one worker.
type worker struct {
	name       string // as the events have it
	label      string // clean
	dir        string // clean
	root       string // of the project, absolute
	state      runtime.State
	generation int
	limits     runtime.Limits // of its requests
	divided    int            // the generation of the last divider in the logs
	failure    *runtime.Failure
	last       *exchange // the newest request

	importCPU   int64 // of the last import, in µs
	tests       traffic.TestRun
	modules     []moduleCost // that it paid for, the most expensive first
	moduleCount int          // how many there were

	trend trend.Tracker // of its requests, over generations
}

// exchange is a request and, once it is done, its answer.
type exchange struct {
	worker     string
	id         string
	generation int
	at         time.Time
	method     string // clean
	path       string // clean: path and query
	request    *runtime.Request
	result     *runtime.Result // nil while it runs
	cpu        int64           // µs: up to now while it runs
	memory     int64           // bytes: up to now while it runs
	limits     runtime.Limits
	needle     string      // what a filter's plain words look through, lower case
	passed     passed      // what the filter said of it last
	size       int64       // bytes of the bodies
	revision   int         // counts changes
	parent     *exchange   // the one that called this worker, nil for one from outside
	children   []*exchange // those that this one has called, in order
	depth      int         // how many wait for it
	before     *exchange   // the same pinned request in the generation before
	outcome    outcome     // of the comparison with it
	saved      string      // the file of the saved request that it was compared with; clean
}

// entryKind says what an entry of the logs is.
type entryKind uint8

const (
	entryLine    entryKind = iota // a worker wrote it
	entryDivider                  // a generation begins
	entryNotice                   // the console says something
)

// logEntry is a line of the logs.
type logEntry struct {
	kind   entryKind
	at     time.Time
	worker string
	id     string // of the request that wrote it, or ""
	level  string
	text   string // clean
	lost   int    // for a notice of dropped events: how many
}

func newSession(workers []WorkerInfo) *session {
	s := &session{
		exchanges: newRing[*exchange](maxExchanges),
		byID:      make(map[string]*exchange),
		logs:      newRing[logEntry](maxLogs).weighed((*logEntry).weight),
		calls:     newRing[callEntry](maxCallEntries).weighed((*callEntry).weight),
	}
	for _, info := range workers {
		w := s.worker(info.Name)
		w.dir, w.root = cleanLine(info.Dir), info.Root
	}
	return s
}

// apply takes in one event.
func (s *session) apply(event runtime.Event) {
	switch e := event.(type) {
	case runtime.StateChanged:
		s.applyState(e)
	case runtime.Progress:
		s.progress = &e
		if e.Percent >= 100 {
			s.progress = nil
		}
	case runtime.RequestStarted:
		s.start(e.Worker, e.ID, e.At, e.Generation, e.Request, e.Method, e.URL)
	case runtime.RequestRunning:
		if x := s.byID[exchangeKey(e.Worker, e.ID)]; x != nil && x.result == nil {
			x.cpu, x.memory = e.CPU, e.Memory
			x.revision++
			s.revision++
		}
	case runtime.RequestDone:
		s.finish(e)
	case runtime.Logged:
		s.log(logEntry{at: e.At, worker: e.Worker, id: e.ID, level: e.Log.Level}, e.Log.Text)
	case runtime.Called:
		s.call(e)
	case runtime.Loaded:
		s.loaded(e)
	case runtime.Imported:
		s.imported(e)
	case traffic.Tested:
		s.tested(e)
	case traffic.TestRun:
		s.ran(e)
	case runtime.Notice:
		s.notice(e.At, e.Text)
	}
}

// applyLost says in the logs that events were dropped before they got here.
func (s *session) applyLost(n int, at time.Time) {
	if last := s.logs.last(); last != nil && last.lost > 0 {
		n += last.lost
		last.lost, last.text = n, lostText(n)
		return
	}
	s.logs.push(logEntry{kind: entryNotice, at: at, lost: n, text: lostText(n)})
}

func lostText(n int) string { return plural(n, "event") + " dropped: the console could not keep up" }

func (s *session) notice(at time.Time, text string) {
	s.logs.push(logEntry{kind: entryNotice, at: at, text: cleanLine(text)})
}

func (s *session) applyState(e runtime.StateChanged) {
	w := s.worker(e.Worker)
	if w.divided < e.Generation || e.State == runtime.StateImporting && e.Generation > 0 {
		w.divided = e.Generation
		s.logs.push(logEntry{kind: entryDivider, at: e.At, worker: e.Worker, text: s.dividerText(w, e)})
	}
	if w.state == runtime.StateImporting && e.CPU > 0 {
		w.importCPU = e.CPU
		s.closeDivider(w, e)
	}
	w.state, w.failure = e.State, e.Error
	if e.Limits.Memory > 0 {
		w.limits = e.Limits
	}
	w.generation = max(w.generation, e.Generation)
	if e.State != runtime.StateBuilding {
		s.progress = nil
	}
	if e.State == runtime.StateImportFailed && e.Error != nil {
		s.log(logEntry{at: e.At, worker: e.Worker, level: "error"}, "import failed: "+e.Error.Message)
	}
}

// dividerText is "generation 14: src/users.py".
func (s *session) dividerText(w *worker, e runtime.StateChanged) string {
	const shown = 3
	text := "generation " + strconv.Itoa(e.Generation)
	if len(s.workers) > 1 {
		text = w.label + " " + text
	}
	if len(e.Files) == 0 {
		return text
	}
	files := e.Files[:min(len(e.Files), shown)]
	text += ": " + cleanLine(strings.Join(files, ", "))
	if more := len(e.Files) - len(files); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}

// closeDivider adds to the divider of a generation what its import cost.
func (s *session) closeDivider(w *worker, e runtime.StateChanged) {
	for seq := s.logs.end() - 1; seq >= s.logs.first; seq-- {
		if l := s.logs.at(seq); l.kind == entryDivider && l.worker == w.name {
			l.text += " · CPU " + formatMicros(e.CPU)
			return
		}
	}
}

// worker returns the worker of a name, which it makes known if it is not.
func (s *session) worker(name string) *worker {
	for _, w := range s.workers {
		if w.name == name {
			return w
		}
	}
	w := &worker{
		name: name, label: cleanLine(name),
		limits: runtime.Limits{Memory: runtime.DefaultMemoryLimit, CPU: runtime.DefaultCPULimit.Microseconds()},
	}
	s.workers = append(s.workers, w)
	return w
}

// building says whether all there is to show is the build of the runtime.
func (s *session) building() bool {
	started := s.progress != nil
	for _, w := range s.workers {
		if w.generation > 0 || w.state == runtime.StateReady || w.state == runtime.StateImportFailed {
			return false
		}
		started = started || w.state == runtime.StateBuilding
	}
	return started
}

func exchangeKey(worker, id string) string { return worker + "\x00" + id }

func (s *session) start(worker, id string, at time.Time, generation int, req *runtime.Request, method, rawURL string) *exchange {
	key := exchangeKey(worker, id)
	if x := s.byID[key]; x != nil {
		return x
	}
	w := s.worker(worker)
	x := &exchange{
		worker: worker, id: id, at: at, generation: generation, request: req, limits: w.limits,
		method: truncate(cleanLine(method), 7), path: cleanPath(rawURL),
	}
	if req != nil {
		x.size = int64(len(req.Body))
	}
	if req != nil && req.Parent != nil {
		if p := s.byID[exchangeKey(req.Parent.Worker, req.Parent.ID)]; p != nil {
			x.parent, x.depth = p, p.depth+1
			p.children = append(p.children, x)
		}
	}
	x.index()
	s.byID[key] = x
	s.bodies += x.size
	if old, full := s.exchanges.push(x); full {
		s.forget(old)
	}
	s.trim()
	w.last = x
	w.generation = max(w.generation, generation)
	s.revision++
	return x
}

func (s *session) finish(e runtime.RequestDone) {
	if e.Result == nil {
		return
	}
	x := s.byID[exchangeKey(e.Worker, e.Result.ID)]
	if x == nil { // its start was dropped
		if e.Request == nil {
			return
		}
		x = s.start(e.Worker, e.Result.ID, e.At, e.Result.Generation, e.Request, e.Request.Method, e.Request.URL)
	}
	if x.request == nil {
		x.request = e.Request
	}
	x.result = e.Result
	x.generation = e.Result.Generation
	x.cpu, x.memory = e.Result.Metrics.CPU, e.Result.Metrics.MemoryPeak
	s.bodies -= x.size
	x.size = weight(x.request, e.Result)
	s.bodies += x.size
	s.judge(x)
	s.compare(x, e.At)
	x.index()
	x.revision++
	s.revision++
	s.trim()
}

// weight is what a request and its answer hold, in bytes, but for what is small:
// bodies, and what was logged.
func weight(req *runtime.Request, r *runtime.Result) int64 {
	n := int64(len(r.Body))
	if req != nil {
		n += int64(len(req.Body))
	}
	for _, l := range r.Logs {
		n += int64(len(l.Text))
	}
	for _, call := range r.Calls {
		n += int64(len(call.Detail) + len(call.Error))
	}
	return n
}

// trim forgets the oldest of what holds the most until all fits: requests, lines or
// host calls. The newest request stays.
func (s *session) trim() {
	for s.bodies+s.logs.bytes+s.calls.bytes > maxHeld {
		switch {
		case s.exchanges.size > 1 && s.bodies >= max(s.logs.bytes, s.calls.bytes):
			s.forget(s.exchanges.dropFirst())
		case s.logs.bytes > 0 && s.logs.bytes >= s.calls.bytes:
			s.logs.dropFirst()
		case s.calls.bytes > 0:
			s.calls.dropFirst()
		default:
			return
		}
	}
}

// weight is the bytes of a line that a worker wrote; what the console says itself is
// short.
func (l *logEntry) weight() int64 {
	if l.kind != entryLine {
		return 0
	}
	return int64(len(l.text))
}

func (s *session) forget(x *exchange) {
	s.bodies -= x.size
	x.size = 0
	delete(s.byID, exchangeKey(x.worker, x.id))
	for _, child := range x.children {
		child.parent, child.depth = nil, 0
	}
	if p := x.parent; p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *exchange) bool { return c == x })
	}
	s.revision++
}

// clearExchanges forgets all requests that are done.
func (s *session) clearExchanges() {
	var running []*exchange
	for s.exchanges.size > 0 {
		if x := s.exchanges.dropFirst(); x.result == nil {
			running = append(running, x)
		} else {
			s.forget(x)
		}
	}
	for _, x := range running {
		s.exchanges.push(x)
	}
	for _, w := range s.workers {
		if w.last != nil && w.last.result != nil {
			w.last = nil
		}
		w.trend.Clear()
	}
	s.revision++
}

// log appends what a worker wrote, one entry a line.
func (s *session) log(entry logEntry, text string) {
	entry.level = cleanLevel(entry.level)
	text = strings.TrimSuffix(text, "\n")
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) < len(text) {
			line = strings.Clone(line) // one line must not hold the others
		}
		entry.text = cleanLine(strings.TrimSuffix(line, "\r"))
		s.logs.push(entry)
	}
	s.trim()
}

// cleanLevel shortens a level to the five cells of its column.
func cleanLevel(level string) string {
	switch level {
	case "warning":
		return "warn"
	case "critical":
		return "crit"
	}
	return truncate(cleanLine(level), 5)
}

// cleanPath is what a URL asks for, without scheme and host.
func cleanPath(raw string) string {
	const longest = 2 << 10
	if len(raw) <= longest {
		if u, err := url.Parse(raw); err == nil {
			raw = u.RequestURI()
		}
	}
	return cleanLine(raw)
}

// status is what the status column says: three cells.
func (x *exchange) status() string {
	if x.result == nil {
		return "…"
	}
	return strconv.Itoa(x.result.Status)
}

// index prepares what a filter looks through.
func (x *exchange) index() {
	x.needle = strings.ToLower(x.method + " " + x.path + " " + x.status() + " " + strings.ToLower(x.worker))
	if x.result != nil && x.result.Error != nil {
		x.needle += " " + string(x.result.Error.Kind)
	}
}
