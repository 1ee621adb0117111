package cpython

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// job is a step on its way.
type job struct {
	opts    Options
	recipe  *recipe
	dir     string // to be filled
	log     *os.File
	logPath string
	tail    tail
	info    *Info // set by the last step
	report  func(fraction float64, line string)
}

func newJob(opts Options, r *recipe, s step, dir, logPath string, meter *meter) (*job, error) {
	j := &job{opts: opts, recipe: r, dir: dir, logPath: logPath}
	j.report = func(fraction float64, line string) { meter.moved(s.name, fraction, line) }
	if err := os.RemoveAll(dir); err != nil { // left by a build that was killed
		return j, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return j, err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return j, err
	}
	j.log = log
	return j, nil
}

func (j *job) close() error {
	if j.log == nil {
		return nil
	}
	return j.log.Close()
}

// path joins elements to the directory of a step that this one needs.
func (j *job) path(step string, elements ...string) string {
	return filepath.Join(append([]string{j.recipe.dir(j.opts.CacheDir, step)}, elements...)...)
}

// relative is the same as seen from this step's directory. The build uses it
// where a path ends up in the result, so that the result is the same whoever
// builds it wherever.
func (j *job) relative(step string, elements ...string) string {
	rel, err := filepath.Rel(j.dir, j.path(step, elements...))
	if err != nil {
		return j.path(step, elements...)
	}
	return rel
}

// printf writes a line to the step's log and shows it.
func (j *job) printf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintln(j.log, line)
	j.tail.add(line)
	j.report(-1, line)
}

// command is a program to be run by a step.
type command struct {
	path string
	args []string
	dir  string   // default: the step's directory
	env  []string // besides the few variables that every command gets
	// counts says which lines of the output mean progress, and total how many
	// of them there will be.
	counts func(line string) bool
	total  int
	each   func(line string) // is shown every line
	output io.Writer         // gets standard output, which then isn't logged
}

// run runs a command to its end, or kills it and all its children when ctx ends.
func (j *job) run(ctx context.Context, c command) error {
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Dir = c.dir
	if cmd.Dir == "" {
		cmd.Dir = j.dir
	}
	cmd.Env = append(cleanEnv(os.Environ()), c.env...)
	lines := &lineWriter{job: j, command: c}
	cmd.Stdout, cmd.Stderr = lines, lines
	if c.output != nil {
		cmd.Stdout = c.output
	}
	inOwnGroup(cmd)
	// A grandchild that left the group could hold the pipe open.
	cmd.WaitDelay = 5 * time.Second
	fmt.Fprintf(j.log, "+ %s %s\n", c.path, strings.Join(c.args, " "))
	// The kernel kills the child when the thread that started it ends, where
	// inOwnGroup asks for that: keep the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	lines.flush()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%s: %w%s", filepath.Base(c.path), err, j.tail.complaint())
	}
	return err
}

// cleanEnv is an environment that can't change what a build makes: the
// variables of make, Python and the compilers' search paths are left out.
func cleanEnv(environ []string) []string {
	drop := map[string]bool{
		"MAKEFLAGS": true, "MAKELEVEL": true, "MFLAGS": true, "CONFIG_SITE": true, "CDPATH": true,
		"CFLAGS": true, "CPPFLAGS": true, "CXXFLAGS": true, "LDFLAGS": true, "LIBS": true, "CPP": true, "AR": true, "RANLIB": true, "OPT": true,
		"CPATH": true, "C_INCLUDE_PATH": true, "LIBRARY_PATH": true, "VIRTUAL_ENV": true,
		"ZIG_GLOBAL_CACHE_DIR": true, "ZIG_LOCAL_CACHE_DIR": true, "ZIG_LIB_DIR": true,
	}
	var env []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if drop[name] || strings.HasPrefix(name, "PYTHON") || strings.HasPrefix(name, "LC_") || name == "LANG" || name == "LANGUAGE" {
			continue
		}
		env = append(env, entry)
	}
	// The day of CPython 3.13.5 instead of today: __DATE__ ends up in the binary.
	return append(env, "LC_ALL=C", "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0", "SOURCE_DATE_EPOCH=1749600000")
}

// lineWriter takes the output of a command apart into lines.
type lineWriter struct {
	job     *job
	command command

	mu      sync.Mutex
	partial []byte
	seen    int
}

// Write implements [io.Writer].
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.job.log.Write(p); err != nil {
		return 0, err
	}
	w.partial = append(w.partial, p...)
	for {
		n, line, err := bufio.ScanLines(w.partial, false)
		if err != nil || n == 0 {
			return len(p), nil
		}
		w.line(string(line))
		w.partial = w.partial[n:]
	}
}

func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.partial) > 0 {
		w.line(string(w.partial))
		w.partial = nil
	}
}

func (w *lineWriter) line(line string) {
	w.job.tail.add(line)
	if w.command.each != nil {
		w.command.each(line)
	}
	fraction := -1.0
	if w.command.counts != nil && w.command.total > 0 {
		if w.command.counts(line) {
			w.seen++
		}
		fraction = min(float64(w.seen)/float64(w.command.total), 1)
	}
	w.job.report(fraction, line)
}

// tail keeps the last lines of a step's output.
type tail struct {
	mu   sync.Mutex
	last []string
}

const (
	tailLines  = 20
	tailLength = 400 // bytes of a line; link lines have thousands
)

func (t *tail) add(line string) {
	line = strings.TrimRight(line, " \t\r")
	if line == "" {
		return
	}
	if len(line) > tailLength {
		line = strings.ToValidUTF8(line[:tailLength], "") + " …"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.last) == tailLines {
		t.last = append(t.last[:0], t.last[1:]...)
	}
	t.last = append(t.last, line)
}

func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.last...)
}

// complaint is the last line that looks like the reason of a failure.
func (t *tail) complaint() string {
	lines := t.lines()
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(strings.ToLower(lines[i]), "error") && !strings.HasPrefix(lines[i], "make") {
			return ": " + strings.TrimSpace(lines[i])
		}
	}
	return ""
}
