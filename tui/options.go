package tui

import (
	"context"
	"io"
	"os/exec"

	"pymode-tui/events"
	"pymode-tui/runtime"
	"pymode-tui/traffic"

	tea "charm.land/bubbletea/v2"
)

// Backend is what the console asks of whoever runs the workers. Its methods
// are called from goroutines of the console's own and may take their time; ctx
// ends with the console.
type Backend interface {
	// Do sends req to a worker. The answer is not returned: it arrives as a
	// [runtime.RequestDone], like all others. An error says that the request
	// could not even be tried; it is shown in the footer.
	Do(ctx context.Context, worker string, req *runtime.Request) error

	// Reload imports the worker's code anew, changed or not. What comes of it
	// arrives as [runtime.StateChanged]. An error is shown in the footer.
	Reload(ctx context.Context, worker string) error

	// Save keeps a request and its answer, as the events had them, in the
	// worker's project, to be replayed as a test. It returns the file, as the
	// user would write it.
	Save(ctx context.Context, worker string, req *runtime.Request, result *runtime.Result) (file string, err error)

	// HAR is an archive of one exchange, without secrets.
	HAR(ctx context.Context, e *traffic.Exchange) ([]byte, error)

	// Watch has saved requests sent again after each save, or not.
	Watch(on bool)
}

// WorkerInfo names a worker.
type WorkerInfo struct {
	Name string // as in the events
	Dir  string // its project, as the user would write it
	Root string // the same, absolute; "" where it is not known
}

// Options say what a console shows and drives.
type Options struct {
	// Events is what happens. [Run] reads it until it returns, and does not
	// close it. A capacity of some 16,384 holds a second of the worst.
	Events *events.Subscription[runtime.Event]

	Backend  Backend
	Holdings Holdings     // what KV, R2 and D1 hold; nil has nothing to browse
	Workers  []WorkerInfo // in the order of the command line

	// Addr returns where the workers answer, "http://127.0.0.1:8787", or ""
	// while that is not known. It is called for each frame, so it must be
	// cheap. It may be nil.
	Addr func() string

	// LayoutFile is where focus, zoom and splits are remembered; "" forgets
	// them. It is read when the console starts and replaced when it ends. One
	// that can't be read is a note in the logs, one that can't be written is
	// the error of [Run].
	LayoutFile string

	// NoColor leaves colours out, as it is when NO_COLOR is set to anything
	// but the empty string: the caller reads the environment.
	NoColor bool

	// Mouse has the console handle the mouse: click, wheel. The terminal's
	// own selection of text then needs shift in most terminals.
	Mouse bool

	// Debug gets a line for each message that the console is told, without
	// secrets; nil for none.
	Debug io.Writer

	// Exec runs a program that takes over the terminal meanwhile, the user's
	// editor; nil is [tea.ExecProcess]. A console without a terminal needs another.
	Exec func(*exec.Cmd, tea.ExecCallback) tea.Cmd

	// Input and Output are the terminal; nil is the process's own.
	Input  io.Reader
	Output io.Writer
}
