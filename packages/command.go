package packages

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// command is a program to be run to its end.
type command struct {
	path string
	args []string
	dir  string
	env  []string // the whole environment
	line func(string)
}

// failure is a command that ended with a status other than 0.
type failure struct {
	err   error
	lines []string // the last of its output
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// run runs a command, or kills it with all its children when ctx ends, and
// returns what it wrote to standard output. A status other than 0 is a *failure.
func (c command) run(ctx context.Context) (stdout []byte, err error) {
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	if c.line == nil {
		c.line = func(string) {}
	}
	var out bytes.Buffer
	tail := &tail{line: c.line}
	cmd.Stdout, cmd.Stderr = &teeWriter{&out, tail}, tail
	inOwnGroup(cmd)
	// A grandchild that left the group could hold the pipe open.
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	tail.flush()
	if err == nil {
		return out.Bytes(), nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out.Bytes(), &failure{err: err, lines: tail.lines}
	}
	return nil, err
}

// teeWriter keeps what it passes on.
type teeWriter struct {
	keep *bytes.Buffer
	next *tail
}

// Write implements [io.Writer].
func (w *teeWriter) Write(p []byte) (int, error) {
	w.keep.Write(p)
	return w.next.Write(p)
}

// tail keeps the last lines of what is written to it.
type tail struct {
	line func(string)

	mu      sync.Mutex
	lines   []string
	partial []byte
}

// How much of the output of a command is kept. Compilers print a lot after what
// went wrong.
const (
	tailLines  = 400
	tailLength = 2000 // bytes of a line
)

// Write implements [io.Writer].
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = append(t.partial, p...)
	for {
		// A carriage return goes back to write another line over this one.
		n := bytes.IndexAny(t.partial, "\r\n")
		if n < 0 {
			return len(p), nil
		}
		t.add(string(t.partial[:n]))
		t.partial = t.partial[n+1:]
	}
}

func (t *tail) flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.partial) > 0 {
		t.add(string(t.partial))
		t.partial = nil
	}
}

func (t *tail) add(line string) {
	line = strings.ToValidUTF8(strings.TrimRight(line, " \t\r"), "")
	if line == "" {
		return
	}
	if isCount(line) {
		t.line(line)
		return
	}
	if len(line) > tailLength {
		line = strings.ToValidUTF8(line[:tailLength], "") + " …"
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
	t.line(line)
}

// plainEnv is the user's environment without what changes Python or a compiler:
// proxies, certificates and the settings of pip and uv stay.
func plainEnv(extra ...string) []string {
	drop := map[string]bool{
		"CC": true, "CXX": true, "CPP": true, "AR": true, "LD": true, "RANLIB": true, "LDSHARED": true, "LDCXXSHARED": true,
		"CFLAGS": true, "CPPFLAGS": true, "CXXFLAGS": true, "LDFLAGS": true, "ARFLAGS": true, "LIBS": true,
		"CPATH": true, "C_INCLUDE_PATH": true, "CPLUS_INCLUDE_PATH": true, "LIBRARY_PATH": true, "MAKEFLAGS": true,
		"VIRTUAL_ENV": true, "CONDA_PREFIX": true, "PYTHON": true,
		"CARGO": true, "CARGO_ENCODED_RUSTFLAGS": true, "RUSTFLAGS": true, "RUSTUP_TOOLCHAIN": true, "RUST_BACKTRACE": true,
	}
	families := []string{"PYTHON", "_PYTHON", "ZIG_", "RUSTC", "PYO3_", "MATURIN_", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_UNSTABLE_"}
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if drop[name] || slices.ContainsFunc(families, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			continue
		}
		env = append(env, entry)
	}
	env = append(env, "LC_ALL=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0", "PYTHONNOUSERSITE=1", "SOURCE_DATE_EPOCH=1749600000")
	return append(env, extra...)
}
