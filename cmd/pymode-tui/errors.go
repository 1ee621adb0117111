package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"

	"charm.land/fang/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
)

// The exit codes beside 0.
const (
	exitFailed  = 1 // the worker or a replay failed
	exitUsage   = 2
	exitMachine = 3 // the machine lacks something
)

// usageError is a command line that makes no sense.
type usageError struct{ err error }

// Error implements error.
func (e *usageError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// statusError ends the process with a code, about which all has been said.
type statusError int

// Error implements error.
func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitCode is what an error means to whoever called the command.
func exitCode(err error) int {
	var status statusError
	var usage *usageError
	var broken *project.Error
	var missing *cpython.MissingToolError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage), errors.As(err, &broken), errors.Is(err, packages.ErrRequirement), errors.Is(err, runtime.ErrBinary):
		return exitUsage
	case errors.As(err, &missing), errors.Is(err, packages.ErrMachine):
		return exitMachine
	default:
		return exitFailed
	}
}

// hint is what to do about an error, "" where that is not known.
func hint(err error) string {
	var broken *project.Error
	if errors.As(err, &broken) {
		return broken.Hint
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// printError prints an error in two lines at most.
func printError(w io.Writer, _ fang.Styles, err error) {
	var status statusError
	if errors.As(err, &status) {
		return
	}
	fmt.Fprintln(w, "pymode-tui: "+oneLine(err.Error()))
	if h := hint(err); h != "" {
		fmt.Fprintln(w, "hint: "+oneLine(h))
	}
}

// oneLine makes text safe and short for a line on a terminal.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(ansi.Strip(text), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}

// exactArgs is cobra's check of the number of arguments, as a usage error.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%d arguments given, want %s", len(args), what)
		}
		return nil
	}
}

// noteTo tells what a user should know and need not act on, a line each.
func noteTo(stderr io.Writer) func(string) {
	return func(text string) { fmt.Fprintf(stderr, "note: %s\n", oneLine(text)) }
}
