package packages

import "errors"

// The kinds of [Error], for errors.Is.
var (
	ErrConflict    = errors.New("the dependencies contradict each other")
	ErrNotFound    = errors.New("no such package")
	ErrUnsupported = errors.New("the package can't work in the guest")
	ErrRequirement = errors.New("not a requirement")
	ErrFrozen      = errors.New("the lock file does not fit")
	ErrOffline     = errors.New("not in the cache")
	ErrNetwork     = errors.New("the index can't be reached")
	ErrDigest      = errors.New("the file is not the one that was locked")
	ErrBuild       = errors.New("the package does not build")
	ErrMachine     = errors.New("the machine lacks something")
	ErrLockFile    = errors.New("the lock file can't be read")
)

// Error says in one line why dependencies can't be installed.
type Error struct {
	Kind    error    // one of the Err… values
	Package string   // the one to blame, normalised; "" where it can't be told
	Message string   // one line, lower case
	Advice  string   // what to do about it; may be ""
	Tail    []string // the end of what a build printed
	Err     error    // the cause; may be nil
}

// Error returns the line.
func (e *Error) Error() string { return e.Message }

// Hint returns what to do, "" where that is not known.
func (e *Error) Hint() string { return e.Advice }

// Unwrap returns the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
