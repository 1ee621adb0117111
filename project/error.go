package project

import (
	"errors"
	"fmt"
	"strings"
)

// Error is what is wrong with a user's file: where, what, and what to do.
type Error struct {
	File    string // relative to the project; the project's directory itself as it was given
	Line    int    // from 1; 0 where the file as a whole is meant
	Column  int    // in bytes, from 1; 0 where the line as a whole is meant
	Message string // one line, lower case; never a secret's value
	Hint    string // what the user can do about it; may be ""
	Err     error  // the cause, for errors.Is; may be nil
}

// ErrNoWorker is the cause of an error where a directory is not there, or has nothing
// that looks like a worker: `pymode-tui init` makes one.
var ErrNoWorker = errors.New("no worker")

// Error returns "file:line:column: message", without the hint.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, ":%d", e.Column)
		}
	}
	b.WriteString(": ")
	b.WriteString(e.Message)
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
