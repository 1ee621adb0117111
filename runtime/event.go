package runtime

import "time"

// Event is something that happened to a worker. The console, the headless
// printer and the tests all read the same events; the type switch over the
// concrete types below is how they tell them apart.
type Event interface {
	// Kind is the event's name in NDJSON: "state", "request", "log", …
	Kind() string
}

// State is what a worker is doing.
type State string

// The states of a worker.
const (
	StateBuilding     State = "building"      // the runtime is being built: Progress tells how far
	StateImporting    State = "importing"     // the worker's code is being imported; requests wait
	StateReady        State = "ready"         // requests are answered
	StateImportFailed State = "import failed" // requests get a 500 with the traceback until the next save
	StateClosed       State = "closed"
)

// StateChanged says that a worker's state or generation changed.
type StateChanged struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	State      State     `json:"state"`
	Generation int       `json:"generation"`      // of the code that is or becomes live; 0 before the first import
	Files      []string  `json:"files,omitempty"` // relative to the project: what changed since the generation before
	Duration   int64     `json:"duration_us"`     // how long the import took, where it is over
	CPU        int64     `json:"cpu_us"`          // of the import, where it is over: against PlatformImportLimit
	Limits     Limits    `json:"limits"`          // of each request
	Error      *Failure  `json:"error,omitempty"` // why the import failed
}

// Limits are the budgets of one request.
type Limits struct {
	Memory int64 `json:"memory_bytes"`
	CPU    int64 `json:"cpu_us"` // of active time
}

// Progress says how far the build of the runtime is.
type Progress struct {
	At        time.Time     `json:"at"`
	Step      string        `json:"step"`    // "compile CPython"
	Number    int           `json:"number"`  // of this step, from 1
	Steps     int           `json:"steps"`   // how many there are
	Percent   float64       `json:"percent"` // of the whole build, 0 to 100
	Remaining time.Duration `json:"remaining_ns"`
	Line      string        `json:"line"` // the last line of the log
}

// RequestStarted says that a request came in.
type RequestStarted struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	ID         string    `json:"id"`
	Generation int       `json:"generation"`
	Request    *Request  `json:"-"`
	Method     string    `json:"method"`
	URL        string    `json:"url"`
	Parent     *Parent   `json:"parent,omitempty"`
}

// RequestRunning says what a running request has used up to now, a few times a second.
type RequestRunning struct {
	Worker string    `json:"worker"`
	At     time.Time `json:"at"`
	ID     string    `json:"id"`
	CPU    int64     `json:"cpu_us"`
	Memory int64     `json:"memory_bytes"`
}

// RequestDone says that a request was answered. Request and Result are never
// changed after this.
type RequestDone struct {
	Worker  string    `json:"worker"`
	At      time.Time `json:"at"`
	Request *Request  `json:"-"`
	Result  *Result   `json:"-"`
}

// Logged is one line that a worker wrote, in a request or, with an empty ID, at import.
type Logged struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	ID         string    `json:"id"`
	Generation int       `json:"generation"`
	Log        Log       `json:"log"`
}

// Called is one host call of a request.
type Called struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	ID         string    `json:"id"`
	Generation int       `json:"generation"`
	Call       Call      `json:"call"`
}

// Loaded is one side module that a request, or with an empty ID an import, loaded.
type Loaded struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	ID         string    `json:"id"`
	Generation int       `json:"generation"`
	Module     Module    `json:"module"`
}

// Imported says what the modules cost that an import of the worker's code has
// imported: after each import, before the state changes.
type Imported struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	Generation int       `json:"generation"`
	Imports    []Import  `json:"imports"` // the most expensive first
}

// Notice is a message of the console's own: a warning with what to do about it.
type Notice struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Kind implements [Event].
func (StateChanged) Kind() string { return "state" }

// Kind implements [Event].
func (Progress) Kind() string { return "progress" }

// Kind implements [Event].
func (RequestStarted) Kind() string { return "request-started" }

// Kind implements [Event].
func (RequestRunning) Kind() string { return "request-running" }

// Kind implements [Event].
func (RequestDone) Kind() string { return "request" }

// Kind implements [Event].
func (Logged) Kind() string { return "log" }

// Kind implements [Event].
func (Called) Kind() string { return "call" }

// Kind implements [Event].
func (Loaded) Kind() string { return "module" }

// Kind implements [Event].
func (Imported) Kind() string { return "imports" }

// Kind implements [Event].
func (Notice) Kind() string { return "notice" }
