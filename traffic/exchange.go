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
	Source  string           // "gateway", "console", "har", "curl", "http", "proxy"
	Request *runtime.Request //
	Result  *runtime.Result  // nil where there is no answer yet: only the request is known

	// Recording has what a hermetic replay answers host calls from; nil where
	// none was made.
	Recording *Recording
}

// Recording is what a request got from outside of its sandbox.
type Recording struct {
	Clock  time.Time      // the wall clock at the request's beginning
	Random []byte         // the seed of the random bytes that it read
	Calls  []RecordedCall // in order
}

// RecordedCall is one host call with all that went in and came out.
type RecordedCall struct {
	Op     string // "kv.get", "http.fetch"
	Args   []byte // JSON, or what the import of the ABI was called with
	Data   []byte // the binary part
	Result []byte
	Body   []byte // the binary part of the result
	Error  string // "" where it succeeded
}
