// Package traffic is requests and their answers, kept: captured from the gateway,
// read from HAR, curl and .http files, replayed, and compared.
//
//	gateway ─▶ Exchange ─▶ store (.pymode/traffic) ─▶ replay ─▶ Exchange ─▶ compare
//	HAR, curl, .http ─▶ Exchange ─▶ requests/ of the project
package traffic

import (
	"time"

	"pymode-tui/runtime"
)

// Exchange is a request, its answer, and all that happened between.
type Exchange struct {
	ID      string           // unique in a store, in the order of time
	Name    string           // of a saved one: "create order"; "" for a captured one
	At      time.Time        // when the request came in
	Worker  string           // that answered
	Source  string           // "gateway", "console", "har", "curl", "http", "proxy", "replay"
	Request *runtime.Request //
	Result  *runtime.Result  // nil where there is no answer yet: only the request is known

	// Recording has what a hermetic replay answers host calls from; nil where
	// none was made.
	Recording *Recording
}

// Sources of answers that are told apart.
const (
	sourceHAR    = "har"
	sourceReplay = "replay" // an answer that a replay has put in place of another's

	// SourceProxy is that of an exchange with a worker that runs elsewhere.
	SourceProxy = "proxy"
)

// elsewhere reports whether the answer was seen from outside: what the worker
// logged and called is not known then.
func (e *Exchange) elsewhere() bool { return e.Source == sourceHAR || e.Source == SourceProxy }

// Recording is what a request got from outside of its sandbox.
type Recording struct {
	Clock  time.Time      // the wall clock at the request's beginning
	Random []byte         // the seed of the random bytes that it read
	Wall   []int64        // what each reading of the wall clock gave, in ns since Clock
	Start  int64          // the monotonic clock at the request's beginning, in ns
	Mono   []int64        // what each reading of the monotonic clock gave, in ns since Start
	Calls  []RecordedCall // in order

	// Children are the recordings of the instances that pymode.parallel
	// started, in the order of their start; nil for one that asked for nothing.
	Children []*Recording
	// Incomplete says why not everything was recorded, "" where it was.
	Incomplete string
}

// RecordedCall is one host call with all that went in and came out.
type RecordedCall struct {
	Op      string // "kv.get", "http.fetch"
	Binding string // the binding's name, "" for calls without one
	Detail  string // as [runtime.Call] has it
	Args    []byte // JSON, or what the import of the ABI was called with
	Data    []byte // the binary part
	Result  []byte
	Body    []byte // the binary part of the result
	Error   string // "" where it succeeded
}
