package cpython

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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
		stepAsyncify: {title: "deploy", root: rootSteps, needs: []string{"compile"}, intact: asyncifyIntact, run: func(_ context.Context, j *job) error {
			j.info = &Info{Wasm: FileInfo{Raw: 6}}
			return write(wasmFile, "deploy")(nil, j)
		}},
	}
	if change != nil {
		change(steps)
	}
	var list []step
	for _, name := range []string{"source", "compile", stepRuntime, stepTests, stepAsyncify} {
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
	var last *recipe
	for _, flag := range []string{"-O1", "-O2", "-O3"} {
		r := smallRecipe(func(steps map[string]*step) { steps["compile"].inputs = []string{flag} })
		if _, err := buildRecipe(t.Context(), opts, r); err != nil {
			t.Fatal(err)
		}
		last, dirs = r, append(dirs, r.dir(opts.CacheDir, "compile"))
	}
	for i, dir := range dirs {
		if !pathExists(dir) {
			t.Errorf("the result of build %d is gone, and another version may be using it", i+1)
		}
	}
	prune(opts.CacheDir, last, time.Now().Add(keepFor+time.Minute))
	for i, want := range []bool{false, true, true} {
		if pathExists(dirs[i]) != want {
			t.Errorf("the result of build %d: want it kept: %v", i+1, want)
		}
	}
}

// The deployable binary is made where it is asked for, and then known.
func TestAsyncifyIsAnExtra(t *testing.T) {
	opts := testOptions(t)
	r := smallRecipe(nil)
	plain, err := buildRecipe(t.Context(), opts, r)
	if err != nil || plain.Asyncified != "" {
		t.Fatalf("deployable binary %q, error %v, want neither", plain.Asyncified, err)
	}
	opts.Asyncify = true
	if _, ok := lookup(opts, r); ok {
		t.Error("what was not made is found")
	}
	both, err := buildRecipe(t.Context(), opts, r)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(both.Asyncified); err != nil || string(data) != "deploy" || both.AsyncifiedInfo.Raw != 6 {
		t.Errorf("the deployable binary is %q of %d bytes, %v", data, both.AsyncifiedInfo.Raw, err)
	}
	opts.Asyncify = false
	if found, ok := lookup(opts, r); !ok || found.Asyncified != both.Asyncified {
		t.Errorf("later it is not known: %+v, %v", found, ok)
	}
	// A part of the cache may go: then it is made again where it is asked for.
	if err := os.Remove(both.Asyncified); err != nil {
		t.Fatal(err)
	}
	opts.Asyncify = true
	if _, ok := lookup(opts, r); ok {
		t.Error("what was removed is found")
	}
	if again, err := buildRecipe(t.Context(), opts, r); err != nil || !pathExists(again.Asyncified) {
		t.Errorf("it was not made again: %v", err)
	}
}
