package cpython

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// smallRecipe is a recipe of three steps, the last of which is the runtime;
// change replaces parts of it.
func smallRecipe(change func(steps map[string]*step)) *recipe {
	write := func(name, content string) func(context.Context, *job) error {
		return func(_ context.Context, j *job) error {
			return os.WriteFile(filepath.Join(j.dir, name), []byte(content), 0o644)
		}
	}
	steps := map[string]*step{
		"source":  {title: "get the source", root: rootDownloads, seconds: 1, run: write("source", "s")},
		"compile": {title: "compile it", root: rootSteps, seconds: 5, needs: []string{"source"}, run: write("object", "o")},
		stepRuntime: {title: "finish", root: rootRuntimes, seconds: 1, needs: []string{"compile"}, run: func(_ context.Context, j *job) error {
			j.info = &Info{Wasm: FileInfo{Raw: 4}, Stdlib: FileInfo{Raw: 3}}
			return errors.Join(write(wasmFile, "wasm")(nil, j), write(stdlibFile, "lib")(nil, j))
		}},
		stepTests: {title: "tests", root: rootSteps, needs: []string{"source"}, run: write("test", "")},
	}
	if change != nil {
		change(steps)
	}
	var list []step
	for _, name := range []string{"source", "compile", stepRuntime, stepTests} {
		s := *steps[name]
		s.name = name
		list = append(list, s)
	}
	return newGraph(list)
}

// counted makes steps count their runs.
func counted(runs *sync.Map, then func(map[string]*step)) func(map[string]*step) {
	return func(steps map[string]*step) {
		for name, s := range steps {
			run := s.run
			s.run = func(ctx context.Context, j *job) error {
				n, _ := runs.LoadOrStore(name, new(atomic.Int32))
				n.(*atomic.Int32).Add(1)
				return run(ctx, j)
			}
		}
		if then != nil {
			then(steps)
		}
	}
}

func runsOf(runs *sync.Map) map[string]int {
	counts := map[string]int{}
	runs.Range(func(name, n any) bool {
		counts[name.(string)] = int(n.(*atomic.Int32).Load())
		return true
	})
	return counts
}

func testOptions(t *testing.T) Options {
	t.Helper()
	opts, err := Options{CacheDir: t.TempDir()}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return opts
}

func TestBuildOnceThenLookup(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	r := smallRecipe(counted(&runs, nil))
	if _, ok := lookup(opts, r); ok {
		t.Fatal("found a runtime before it was built")
	}
	for range 2 {
		found, err := buildRecipe(t.Context(), opts, r)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(found.Wasm); err != nil || string(data) != "wasm" {
			t.Errorf("python.wasm is %q, %v", data, err)
		}
		if found.TestSuite != "" {
			t.Errorf("tests in %s, which nobody asked for", found.TestSuite)
		}
	}
	opts.TestSuite = true
	found, err := buildRecipe(t.Context(), opts, r)
	if err != nil {
		t.Fatal(err)
	}
	if !pathExists(filepath.Join(found.TestSuite, "test")) {
		t.Errorf("no tests in %q", found.TestSuite)
	}
	if counts := runsOf(&runs); counts["source"] != 1 || counts["compile"] != 1 || counts[stepRuntime] != 1 || counts[stepTests] != 1 {
		t.Errorf("runs: %v, want one of each", counts)
	}
}

func TestChangedInputRedoesWhatNeedsIt(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	first, err := buildRecipe(t.Context(), opts, smallRecipe(counted(&runs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	changed := smallRecipe(counted(&runs, func(steps map[string]*step) { steps["compile"].inputs = []string{"-O3"} }))
	second, err := buildRecipe(t.Context(), opts, changed)
	if err != nil {
		t.Fatal(err)
	}
	if first.Digest == second.Digest || first.Dir == second.Dir {
		t.Error("another input gave the same runtime")
	}
	if counts := runsOf(&runs); counts["source"] != 1 || counts["compile"] != 2 || counts[stepRuntime] != 2 {
		t.Errorf("runs: %v, want 1 of source and 2 of the rest", counts)
	}
}

func TestDamagedRuntimeIsBuiltAgain(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	r := smallRecipe(counted(&runs, nil))
	found, err := buildRecipe(t.Context(), opts, r)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, found.Wasm, "wa")
	if _, err := buildRecipe(t.Context(), opts, r); err != nil {
		t.Fatal(err)
	}
	if counts := runsOf(&runs); counts[stepRuntime] != 2 || counts["compile"] != 1 {
		t.Errorf("runs: %v, want 2 of runtime and 1 of compile", counts)
	}
}

func TestFailedStep(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	r := smallRecipe(counted(&runs, func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{path: "/bin/sh", args: []string{"-c", "for i in $(seq 50); do echo line $i; done; echo 'x.c:1: error: no' >&2; exit 3"}})
		}
	}))
	_, err := buildRecipe(t.Context(), opts, r)
	var failed *StepError
	if !errors.As(err, &failed) {
		t.Fatalf("error is %v, want a StepError", err)
	}
	if got := failed.Error(); got != "compile it: sh: exit status 3: x.c:1: error: no" {
		t.Errorf("error is %q", got)
	}
	if len(failed.Tail) != tailLines || failed.Tail[tailLines-2] != "line 50" {
		t.Errorf("tail is %q", failed.Tail)
	}
	log, err := os.ReadFile(failed.Log)
	if err != nil || !strings.Contains(string(log), "line 1\n") {
		t.Errorf("the log %s does not have all of it: %v", failed.Log, err)
	}
	if !strings.Contains(failed.Hint(), failed.Log) {
		t.Errorf("hint is %q", failed.Hint())
	}
	if pathExists(r.dir(opts.CacheDir, "compile")) {
		t.Error("the failed step left its directory")
	}
	// The next build goes on after the last finished step.
	again := smallRecipe(counted(&runs, nil))
	if _, err := buildRecipe(t.Context(), opts, again); err != nil {
		t.Fatal(err)
	}
	if counts := runsOf(&runs); counts["source"] != 1 {
		t.Errorf("runs: %v, want 1 of source", counts)
	}
}

func TestKilledBuildIsSweptAndResumed(t *testing.T) {
	opts := testOptions(t)
	r := smallRecipe(nil)
	leftover := filepath.Join(opts.CacheDir, rootSteps, "compile-000000000000")
	writeFile(t, filepath.Join(leftover, "half"), "")
	writeFile(t, filepath.Join(r.dir(opts.CacheDir, "compile"), "half"), "")
	if _, err := buildRecipe(t.Context(), opts, r); err != nil {
		t.Fatal(err)
	}
	if pathExists(leftover) {
		t.Error("what a killed build left is still there")
	}
	if pathExists(filepath.Join(r.dir(opts.CacheDir, "compile"), "half")) {
		t.Error("a step ran on top of what a killed build left")
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		// Only Linux has a disk that is always full; the words are what is
		// looked for elsewhere.
		if !diskFull(nil, []string{"cc: error: No space left on device"}) {
			t.Error("not recognised")
		}
		return
	}
	for name, run := range map[string]func(context.Context, *job) error{
		"a tool says so": func(ctx context.Context, j *job) error {
			return j.run(ctx, command{path: "/bin/sh", args: []string{"-c", "cat /proc/self/status >/dev/full"}})
		},
		"an error of ours": func(context.Context, *job) error { return os.WriteFile("/dev/full", []byte("x"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			opts := testOptions(t)
			_, err := buildRecipe(t.Context(), opts, smallRecipe(func(steps map[string]*step) { steps["compile"].run = run }))
			var full *DiskFullError
			if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("error is %v, want a DiskFullError", err)
			}
			if full.Dir != opts.CacheDir || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "no space left") {
				t.Errorf("error is %q", err)
			}
		})
	}
}

// TestCancelKillsChildren runs a command with a child in the background, ends
// the build, and expects both to be gone.
func TestCancelKillsChildren(t *testing.T) {
	opts := testOptions(t)
	reader, writer := io.Pipe()
	r := smallRecipe(func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{
				path: "/bin/sh", args: []string{"-c", "sleep 1000 & echo child $!; wait"},
				each: func(line string) { fmt.Fprintln(writer, line) },
			})
		}
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error)
	go func() {
		_, err := buildRecipe(ctx, opts, r)
		result <- err
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "child ")))
	if err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if err := <-result; !errors.Is(err, interrupted) {
		t.Errorf("error is %v, want %v", err, interrupted)
	}
	if pathExists(r.dir(opts.CacheDir, "compile")) {
		t.Error("the step's directory is still there")
	}
	// The kernel has sent the signal; the child is an orphan, and whoever
	// adopts it takes a moment to collect it.
	deadline := time.Now().Add(5 * time.Second)
	for alive(child) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", child)
		}
		time.Sleep(time.Millisecond)
	}
}

// alive tells a running process from none and from a zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func TestTwoBuildsAtOnceBuildOnce(t *testing.T) {
	opts := testOptions(t)
	var runs sync.Map
	started, waiting := make(chan struct{}), make(chan struct{})
	r := smallRecipe(counted(&runs, func(steps map[string]*step) {
		run := steps["compile"].run
		steps["compile"].run = func(ctx context.Context, j *job) error {
			close(started)
			<-waiting // goes on when the other build says that it waits
			return run(ctx, j)
		}
	}))
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := buildRecipe(t.Context(), opts, r); err != nil {
			t.Errorf("first: %v", err)
		}
	})
	<-started
	var once sync.Once
	second := opts
	second.Progress = func(p Progress) {
		if p.Step == waitingStep {
			once.Do(func() { close(waiting) })
		}
	}
	if _, err := buildRecipe(t.Context(), second, r); err != nil {
		t.Errorf("second: %v", err)
	}
	wait.Wait()
	if counts := runsOf(&runs); counts["source"] != 1 || counts[stepRuntime] != 1 {
		t.Errorf("runs: %v, want one of each", counts)
	}
}

func TestWaitingForAnotherBuildEndsWithTheContext(t *testing.T) {
	opts := testOptions(t)
	lock, err := acquire(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.release()
	ctx, cancel := context.WithCancel(t.Context())
	opts.Progress = func(Progress) { cancel() }
	if _, err := buildRecipe(ctx, opts, smallRecipe(nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func TestIndependentStepsRunAtTheSameTime(t *testing.T) {
	opts := testOptions(t)
	met := make(chan struct{})
	meet := func(context.Context, *job) error {
		select {
		case met <- struct{}{}:
		case <-met:
		}
		return nil
	}
	opts.TestSuite = true
	r := smallRecipe(func(steps map[string]*step) { steps["compile"].run, steps[stepTests].run = meet, meet })
	if _, err := buildRecipe(t.Context(), opts, r); err != nil {
		t.Fatal(err)
	}
}

func TestProgressOnlyGoesForward(t *testing.T) {
	opts := testOptions(t)
	opts.TestSuite = true
	var seen []Progress
	opts.Progress = func(p Progress) { seen = append(seen, p) }
	r := smallRecipe(func(steps map[string]*step) {
		steps["compile"].run = func(ctx context.Context, j *job) error {
			return j.run(ctx, command{
				path: "/bin/sh", args: []string{"-c", "for i in 1 2 3 4 5 6 7; do echo cc -c $i.c; done"},
				counts: func(line string) bool { return strings.Contains(line, " -c ") }, total: 5,
			})
		}
	})
	if _, err := buildRecipe(t.Context(), opts, r); err != nil {
		t.Fatal(err)
	}
	for i, p := range seen {
		if p.Percent < 0 || p.Percent > 100 || p.Number < 1 || p.Number > p.Steps || p.Steps != 4 || p.Step == "" || p.Remaining < 0 {
			t.Errorf("report %d makes no sense: %+v", i, p)
		}
		if i > 0 && (p.Percent < seen[i-1].Percent || p.Number < seen[i-1].Number) {
			t.Errorf("report %d goes back: %+v after %+v", i, p, seen[i-1])
		}
	}
	if last := seen[len(seen)-1]; last.Percent != 100 || last.Number != 4 {
		t.Errorf("the last report is %+v", last)
	}
	if !slices.ContainsFunc(seen, func(p Progress) bool { return p.Step == "compile it" && p.Line == "cc -c 3.c" }) {
		t.Error("the output of the command was not shown")
	}
}

func TestClean(t *testing.T) {
	opts := testOptions(t)
	foreign := filepath.Join(opts.CacheDir, "images", "kept")
	writeFile(t, foreign, "")
	if _, err := buildRecipe(t.Context(), opts, smallRecipe(nil)); err != nil {
		t.Fatal(err)
	}
	freed, err := Clean(t.Context(), opts, true)
	if err != nil || freed < 8 {
		t.Errorf("freed %d bytes, %v", freed, err)
	}
	for name, want := range map[string]bool{rootDownloads: true, rootSteps: false, rootRuntimes: false, rootLogs: false} {
		if pathExists(filepath.Join(opts.CacheDir, name)) != want {
			t.Errorf("%s: want it to exist: %v", name, want)
		}
	}
	if _, err := Clean(t.Context(), opts, false); err != nil {
		t.Error(err)
	}
	if pathExists(filepath.Join(opts.CacheDir, rootDownloads)) {
		t.Error("the downloads are still there")
	}
	if !pathExists(foreign) {
		t.Error("removed what isn't ours")
	}
	opts.CacheDir = filepath.Join(opts.CacheDir, "none")
	if freed, err := Clean(t.Context(), opts, false); freed != 0 || err != nil {
		t.Errorf("a cache that isn't there: freed %d bytes, %v", freed, err)
	}
}

func TestPruneKeepsOneEarlierResult(t *testing.T) {
	opts := testOptions(t)
	var dirs []string
	for _, flag := range []string{"-O1", "-O2", "-O3"} {
		r := smallRecipe(func(steps map[string]*step) { steps["compile"].inputs = []string{flag} })
		if _, err := buildRecipe(t.Context(), opts, r); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, r.dir(opts.CacheDir, "compile"))
	}
	for i, want := range []bool{false, true, true} {
		if pathExists(dirs[i]) != want {
			t.Errorf("the result of build %d: want it kept: %v", i+1, want)
		}
	}
}

func TestPathWithSpace(t *testing.T) {
	opts := Options{CacheDir: filepath.Join(t.TempDir(), "my cache")}
	if _, err := Build(t.Context(), opts); !errors.Is(err, ErrPathWithSpace) {
		t.Errorf("error is %v, want %v", err, ErrPathWithSpace)
	}
}

func TestMissingTools(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CC", "")
	for name, want := range map[string]string{stepNative: "make", stepConfigure: "make", stepZig: "Python 3 with pip"} {
		err := checkTools(t.Context(), Options{}, []step{{name: name}})
		var missing *MissingToolError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) || missing.Hint() == "" {
			t.Errorf("%s: error is %v, want one that asks for %s", name, err, want)
		}
	}
	var missing *MissingToolError
	if err := checkCompiler(t.Context()); !errors.As(err, &missing) {
		t.Errorf("no compiler: error is %v", err)
	}
	t.Setenv("CC", "/bin/false")
	if err := checkCompiler(t.Context()); !errors.As(err, &missing) || !strings.Contains(err.Error(), "/bin/false") {
		t.Errorf("a compiler that fails: error is %v", err)
	}
	if err := checkTools(t.Context(), Options{}, []step{{name: stepLink}, {name: stepStdlib}}); err != nil {
		t.Errorf("steps that need no tools: %v", err)
	}
}

func TestGivenZig(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old-zig")
	if err := os.WriteFile(old, []byte("#!/bin/sh\necho 0.9.1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	right := filepath.Join(dir, "zig")
	if err := os.WriteFile(right, []byte("#!/bin/sh\necho "+ZigVersion+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := findZig(t.Context(), Options{Zig: old}); err == nil || !strings.Contains(err.Error(), "0.9.1") {
		t.Errorf("an old one: error is %v", err)
	}
	if _, err := findZig(t.Context(), Options{Zig: filepath.Join(dir, "none")}); err == nil {
		t.Error("one that is not there: no error")
	}
	if got, err := findZig(t.Context(), Options{Zig: right}); err != nil || got != right {
		t.Errorf("the right one: %q, %v", got, err)
	}
	t.Setenv("PATH", dir)
	if got, err := findZig(t.Context(), Options{}); err != nil || got != right {
		t.Errorf("on PATH: %q, %v", got, err)
	}
	if err := os.Rename(old, right); err != nil {
		t.Fatal(err)
	}
	if got, err := findZig(t.Context(), Options{}); err != nil || got != "" {
		t.Errorf("an old one on PATH: %q, %v; want none", got, err)
	}
}

func TestRecipe(t *testing.T) {
	r := newRecipe()
	if again := newRecipe(); again.digests[stepRuntime] != r.digests[stepRuntime] {
		t.Error("two recipes of the same inputs have different digests")
	}
	cache := t.TempDir()
	plan := r.plan(cache, stepRuntime)
	if len(plan) != len(r.steps)-1 {
		t.Errorf("%d steps in an empty cache, want all but the tests: %d", len(plan), len(r.steps)-1)
	}
	for _, s := range r.steps {
		if s.title == "" || s.root == "" || s.run == nil || s.seconds <= 0 {
			t.Errorf("step %s is incomplete", s.name)
		}
	}
	// With all but the library done, nothing of the compiler is needed.
	for _, name := range []string{stepLink, stepCompile, stepNative, stepPythonSource} {
		dir := r.dir(cache, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := finish(dir, &record{Step: name}); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, s := range r.plan(cache, stepRuntime) {
		names = append(names, s.name)
	}
	if want := []string{stepStdlib, stepRuntime}; !slices.Equal(names, want) {
		t.Errorf("plan is %v, want %v", names, want)
	}
}

func TestCleanEnv(t *testing.T) {
	env := cleanEnv([]string{"PATH=/bin", "MAKEFLAGS=-j", "PYTHONPATH=/x", "CFLAGS=-g", "LANG=de_DE", "LC_CTYPE=C.UTF-8", "HTTPS_PROXY=p", "CC=gcc"})
	for _, want := range []string{"PATH=/bin", "HTTPS_PROXY=p", "CC=gcc", "LC_ALL=C"} {
		if !slices.Contains(env, want) {
			t.Errorf("%s is missing in %v", want, env)
		}
	}
	for _, entry := range env {
		for _, bad := range []string{"MAKEFLAGS", "PYTHONPATH", "CFLAGS", "LANG", "LC_CTYPE"} {
			if strings.HasPrefix(entry, bad+"=") {
				t.Errorf("%s was passed on", entry)
			}
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	opts := Options{CacheDir: b.TempDir()}
	for b.Loop() {
		Lookup(opts)
	}
}
