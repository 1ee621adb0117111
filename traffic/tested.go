package traffic

import (
	"strings"
	"time"

	"pymode-tui/runtime"
)

// Tested says what came of a saved request that was sent again after a save. It is
// a [runtime.Event]. Its texts come from a worker.
type Tested struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	Generation int       `json:"generation"` // that has answered
	ID         string    `json:"id"`         // of the answer; "" where there is none
	File       string    `json:"file"`
	Name       string    `json:"name"`
	Method     string    `json:"method"`
	URL        string    `json:"url"`
	Verdict    Verdict   `json:"verdict"` // "same", "different", "failed"
	Details    []string  `json:"details"` // why it is not the same, a line each

	Want *runtime.Result `json:"-"` // what was expected
}

// Kind implements [runtime.Event].
func (Tested) Kind() string { return "test" }

// TestRun says how far the saved requests of a worker are, and what came of them.
// It is a [runtime.Event]: one when they begin, one when all were sent. A run that
// another save has overtaken has no end.
type TestRun struct {
	Worker     string    `json:"worker"`
	At         time.Time `json:"at"`
	Generation int       `json:"generation"`
	Running    bool      `json:"running"`
	Total      int       `json:"total"`
	Same       int       `json:"same"`
	Different  int       `json:"different"` // with those that could not be sent
	Duration   int64     `json:"duration_us"`
}

// Kind implements [runtime.Event].
func (TestRun) Kind() string { return "tests" }

// Details are the lines that say why an outcome is not as it should be.
func (o *Outcome) Details() []string {
	var lines []string
	if o.Reason != "" {
		lines = append(lines, o.Reason)
	}
	for _, d := range o.Differences {
		lines = append(lines, strings.Split(d.String(), "\n")...)
	}
	for _, u := range o.Unrecorded {
		lines = append(lines, u.Text())
	}
	for _, c := range o.Missing {
		lines = append(lines, MissingText(c))
	}
	return lines
}
