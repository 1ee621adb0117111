package runtime

import (
	"encoding/json"
	"net/http"
	"unicode/utf8"
)

// Header is a header field. Names repeat and keep their order and their case,
// which is why it is not an [http.Header].
type Header [2]string

// Name is the field's name.
func (h Header) Name() string { return h[0] }

// Value is the field's value.
func (h Header) Value() string { return h[1] }

// Request is what a worker's handler is called with.
type Request struct {
	Method  string
	URL     string // absolute: http://127.0.0.1:8787/path?query
	Headers []Header
	Body    []byte
	Parent  *Parent // nil for a request from outside
}

// Parent is the request in which a worker made this one, through a service binding.
type Parent struct {
	Worker string   `json:"worker"`
	ID     string   `json:"id"`
	Chain  []string `json:"-"` // the workers that wait, the outermost first, and this one
}

// Result is the answer to one request, and all that happened on the way. Its
// JSON form is the contract of `pymode-tui request --json`.
type Result struct {
	ID         string   // unique within a session, increasing: "7"
	Status     int      // HTTP status
	Headers    []Header // as the handler set them
	Body       []byte
	Generation int // of the code that answered, from 1
	Metrics    Metrics
	Logs       []Log
	Calls      []Call
	Modules    []Module
	Error      *Failure // nil where the handler answered by itself
}

// Metrics says what a request cost. Times are in µs, sizes in bytes.
type Metrics struct {
	Start      int64 `json:"start_us"`          // waiting for an instance: for a reload to finish and for the mapping
	Wall       int64 `json:"wall_us"`           // from the call of the handler to the end of the answer
	CPU        int64 `json:"cpu_us"`            // active time of the thread, host calls excluded
	Host       int64 `json:"host_us"`           // spent inside host calls
	Memory     int64 `json:"memory_bytes"`      // linear memory when the handler was done
	MemoryPeak int64 `json:"memory_peak_bytes"` // the largest it became; linear memory never shrinks
}

// Log is one line that the worker wrote.
type Log struct {
	Level string `json:"level"` // "debug", "info", "log", "warning", "error", "critical"
	Text  string `json:"text"`  // as the worker wrote it: never print it without cleaning it
	At    int64  `json:"at_us"` // since the request began
}

// Call is one host call.
type Call struct {
	Op       string `json:"op"`          // "kv.get", "d1.all", "http.fetch", …
	Binding  string `json:"binding"`     // the binding's name, "" for calls without one
	Detail   string `json:"detail"`      // the key, the SQL, the URL, and what came of it
	At       int64  `json:"at_us"`       // since the request began
	Duration int64  `json:"duration_us"` //
	BytesIn  int64  `json:"bytes_in"`    // from the worker to the host
	BytesOut int64  `json:"bytes_out"`   // from the host to the worker
	Error    string `json:"error"`       // "" where it succeeded
}

// Module is one side module that the request loaded.
type Module struct {
	Path     string `json:"path"`
	Bytes    int64  `json:"bytes"`
	Duration int64  `json:"duration_us"`
	Error    string `json:"error"`
}

// FailureKind says who or what stopped a request.
type FailureKind string

// The kinds of failure.
const (
	FailureException FailureKind = "exception" // the handler raised
	FailureCPU       FailureKind = "cpu"       // the CPU budget is used up
	FailureMemory    FailureKind = "memory"    // the memory budget is used up
	FailureImport    FailureKind = "import"    // the worker's code could not be imported
	FailureProtocol  FailureKind = "protocol"  // what came back is no response
)

// Failure is why a handler did not answer by itself.
type Failure struct {
	Kind      FailureKind `json:"kind"`
	Message   string      `json:"message"`   // one line: "ZeroDivisionError: division by zero"
	Traceback []Frame     `json:"traceback"` // the user's frames, the innermost last
}

// Frame is a line of a traceback.
type Frame struct {
	File     string `json:"file"` // relative to the project: "src/entry.py"
	Line     int    `json:"line"` // from 1
	Function string `json:"function"`
	Text     string `json:"text"` // the source line, without its indentation
}

// Error makes a Failure an error.
func (f *Failure) Error() string { return f.Message }

// MarshalJSON writes the contract's shape: the body as text where it is UTF-8,
// as base64 where it is not, and lists that are never null.
func (r *Result) MarshalJSON() ([]byte, error) {
	out := struct {
		ID         string   `json:"id"`
		Status     int      `json:"status"`
		Headers    []Header `json:"headers"`
		Text       *string  `json:"body,omitempty"`
		Base64     []byte   `json:"body_base64,omitempty"`
		Generation int      `json:"generation"`
		Metrics    Metrics  `json:"metrics"`
		Logs       []Log    `json:"logs"`
		Calls      []Call   `json:"calls"`
		Modules    []Module `json:"modules"`
		Error      *Failure `json:"error"`
	}{
		ID: r.ID, Status: r.Status, Headers: list(r.Headers), Generation: r.Generation, Metrics: r.Metrics,
		Logs: list(r.Logs), Calls: list(r.Calls), Modules: list(r.Modules), Error: r.Error,
	}
	if utf8.Valid(r.Body) {
		text := string(r.Body)
		out.Text = &text
	} else {
		out.Base64 = r.Body
	}
	return json.Marshal(out)
}

// list makes an absent list an empty one, since JSON tells them apart.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Get returns the first value of the header name, in any case, or "".
func (r *Result) Get(name string) string { return get(r.Headers, name) }

// Get returns the first value of the header name, in any case, or "".
func (r *Request) Get(name string) string { return get(r.Headers, name) }

func get(headers []Header, name string) string {
	name = http.CanonicalHeaderKey(name)
	for _, h := range headers {
		if http.CanonicalHeaderKey(h[0]) == name {
			return h[1]
		}
	}
	return ""
}
