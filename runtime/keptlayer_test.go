package runtime_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// layerTest is a project whose package says when it was imported: two processes
// that say the same have it from one image.
type layerTest struct {
	config runtime.EngineConfig
	dir    string
	site   string
}

const stampPackage = `
import time
time.sleep(0.06)  # so that it is worth keeping
STAMP = time.time_ns()
try:
    from stamp import extra
except ImportError:
    extra = None
`

const stampEntry = "import stamp\ndef on_fetch(request, env):\n    return f'{stamp.STAMP} {stamp.extra is not None}'\n"

// newLayerTest has a cache of its own, but for the interpreter.
func newLayerTest(t *testing.T) *layerTest {
	t.Helper()
	runtimetest.Engine(t) // compiles and boots it
	l := &layerTest{config: runtimetest.EngineConfig(t)}
	shared := l.config.CacheDir
	l.config.CacheDir = t.TempDir()
	for _, name := range []string{"compiled", "images"} {
		if err := os.Symlink(filepath.Join(shared, name), filepath.Join(l.config.CacheDir, name)); err != nil {
			t.Fatal(err)
		}
	}
	l.site = t.TempDir()
	runtimetest.Write(t, filepath.Join(l.site, "stamp", "__init__.py"), stampPackage)
	l.dir = runtimetest.Project(t, map[string]string{"entry.py": stampEntry})
	return l
}

// process starts an engine and a worker, as a new process does, and ends them.
func (l *layerTest) process(t *testing.T, use func(*runtime.Worker), change func(*runtime.Config)) {
	t.Helper()
	config := runtime.Config{Name: "test", Dir: l.dir, SitePackages: l.site, Module: "entry", Path: []string{"."}}
	if change != nil {
		change(&config)
	}
	e, err := runtime.NewEngine(t.Context(), l.config, config)
	if err != nil {
		t.Error(err)
		return
	}
	w, err := e.NewWorker(config)
	if err != nil {
		t.Error(err)
		return
	}
	w.Reload(t.Context(), nil)
	if f := w.State().Error; f != nil {
		t.Errorf("import: %v", f)
	} else {
		use(w)
	}
	w.Close()
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// answer is what a process answers.
func (l *layerTest) answer(t *testing.T) (answer string) {
	t.Helper()
	l.process(t, func(w *runtime.Worker) { answer = string(runtimetest.Get(t, w, "/").Body) }, nil)
	return answer
}

// keep makes two processes run, of which the first leaves a layer, and returns what
// those answer that begin with it.
func (l *layerTest) keep(t *testing.T) string {
	t.Helper()
	first, second := l.answer(t), l.answer(t)
	if first == second {
		t.Fatalf("both answer %q: the first had no layer to begin with", first)
	}
	return second
}

// kept is a file that the cache has of the layer or of its side modules.
func (l *layerTest) kept(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(l.config.CacheDir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v %v", pattern, found, err)
	}
	return found[0]
}

func TestKeptLayer(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(t *testing.T, l *layerTest)
		miss   bool
		extra  bool
		never  bool // is one kept afterwards
	}{
		"nothing": {change: func(*testing.T, *layerTest) {}},
		"another line of the code": {change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.dir, "entry.py"), stampEntry+"X = 1\n")
		}},
		"an import of the code": {miss: true, change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.dir, "entry.py"), "import html\n"+stampEntry)
		}},
		"an import in the handler": {miss: true, never: true, change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.dir, "entry.py"),
				"def on_fetch(request, env):\n    import stamp\n    return f'{stamp.STAMP} {stamp.extra is not None}'\n")
		}},
		"a file of the package": {miss: true, change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.site, "stamp", "__init__.py"), stampPackage+"# changed\n")
		}},
		"a file of the same size and time": {miss: true, change: func(t *testing.T, l *layerTest) {
			path := filepath.Join(l.site, "stamp", "__init__.py")
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			runtimetest.Write(t, path, strings.Replace(stampPackage, "0.06", "0.07", 1))
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}},
		"a new file in the package": {miss: true, extra: true, change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.site, "stamp", "extra.py"), "")
		}},
		"a new package": {miss: true, change: func(t *testing.T, l *layerTest) {
			runtimetest.Write(t, filepath.Join(l.site, "other.py"), "")
		}},
		"only times": {change: func(t *testing.T, l *layerTest) {
			path := filepath.Join(l.site, "stamp", "__init__.py")
			if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
				t.Fatal(err)
			}
		}},
		"the folder": {change: func(t *testing.T, l *layerTest) {
			to := t.TempDir()
			if err := os.CopyFS(to, os.DirFS(l.site)); err != nil {
				t.Fatal(err)
			}
			l.site = to
		}},
		"a damaged image":  {miss: true, change: func(t *testing.T, l *layerTest) { l.flip(t, "layers/*.img") }},
		"a damaged record": {miss: true, change: func(t *testing.T, l *layerTest) { l.flip(t, "layers/*.json") }},
		"an image that is gone": {miss: true, change: func(t *testing.T, l *layerTest) {
			if err := os.Remove(l.kept(t, "layers/*.img")); err != nil {
				t.Fatal(err)
			}
		}},
		"the image of another record": {miss: true, change: func(t *testing.T, l *layerTest) {
			record := l.kept(t, "layers/*.json")
			old, err := os.ReadFile(record)
			if err != nil {
				t.Fatal(err)
			}
			runtimetest.Write(t, filepath.Join(l.dir, "entry.py"), "import html\n"+stampEntry)
			l.answer(t)
			runtimetest.Write(t, filepath.Join(l.dir, "entry.py"), stampEntry)
			if err := os.WriteFile(record, old, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLayerTest(t)
			before := l.keep(t)
			tt.change(t, l)
			after := l.answer(t)
			if hit := after == before; hit == tt.miss {
				t.Errorf("answers %s before and %s after", before, after)
			}
			if extra := strings.HasSuffix(after, " True"); extra != tt.extra {
				t.Errorf("answers %s: what is in the package's folder was not seen", after)
			}
			if again, more := l.answer(t), l.answer(t); (again != more) != tt.never {
				t.Errorf("afterwards answers %s and %s", again, more)
			}
		})
	}
}

// flip changes a byte in the middle of a file.
func (l *layerTest) flip(t *testing.T, pattern string) {
	t.Helper()
	path := l.kept(t, pattern)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndexFunc(whole[:len(whole)*3/4], func(r rune) bool { return r != 0 })
	whole[at] ^= 0x55
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What the import costs is the same with a layer, and whoever measures has none.
func TestKeptLayerCosts(t *testing.T) {
	l := newLayerTest(t)
	measured := func(change func(*runtime.Config)) (names []string, answer string) {
		l.process(t, func(w *runtime.Worker) {
			for _, i := range w.Imports() {
				names = append(names, i.Name)
			}
			answer = string(runtimetest.Get(t, w, "/").Body)
		}, change)
		return names, answer
	}
	first, _ := measured(nil)
	second, kept := measured(nil)
	whole, anew := measured(func(c *runtime.Config) { c.WholeImport = true })
	for _, names := range [][]string{first, second, whole} {
		for _, want := range []string{"entry", "stamp", "stamp.extra"} {
			count := 0
			for _, name := range names {
				if name == want {
					count++
				}
			}
			if count != 1 {
				t.Errorf("%s is %d times among %v", want, count, names)
			}
		}
	}
	if kept == anew {
		t.Error("a whole import began with the layer")
	}
}

// A package that prints when it is imported is imported by each process, so that
// what it says is seen.
func TestNoisyPackageIsNotKept(t *testing.T) {
	l := newLayerTest(t)
	runtimetest.Write(t, filepath.Join(l.site, "stamp", "__init__.py"), stampPackage+"print('deprecated')\n")
	for range 2 {
		said := 0
		l.process(t, func(*runtime.Worker) {}, func(c *runtime.Config) {
			c.Observe = func(e runtime.Event) {
				if log, ok := e.(runtime.Logged); ok && log.Log.Text == "deprecated" {
					said++
				}
			}
		})
		if said != 1 {
			t.Errorf("it said so %d times", said)
		}
	}
}

// Packages that can't be imported by themselves are tried once.
func TestLayerThatCannotBeMade(t *testing.T) {
	l := newLayerTest(t)
	runtimetest.Write(t, filepath.Join(l.site, "stamp", "__init__.py"), stampPackage+"import needed\n")
	runtimetest.Write(t, filepath.Join(l.dir, "needed.py"), "")
	first, second := l.answer(t), l.answer(t)
	if first == second {
		t.Errorf("both answer %s", first)
	}
	record, err := os.ReadFile(l.kept(t, "layers/*.json"))
	if err != nil || !bytes.Contains(record, []byte(`"image":null`)) {
		t.Errorf("what is kept: %.300s %v", record, err)
	}
}

func TestKeptLayerOfManyProcesses(t *testing.T) {
	l := newLayerTest(t)
	var processes sync.WaitGroup
	for range 6 {
		processes.Go(func() {
			if answer := l.answer(t); !strings.HasSuffix(answer, " False") {
				t.Errorf("answer %q", answer)
			}
		})
	}
	processes.Wait()
	l.answer(t) // where the files of two processes do not fit, this one keeps its own
	if a, b := l.answer(t), l.answer(t); a != b {
		t.Errorf("answers %s and %s", a, b)
	}
	err := filepath.WalkDir(filepath.Join(l.config.CacheDir, "layers"), func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".") {
			t.Errorf("%s was left over", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Side modules in a kept layer: their state is in the image, and what was prepared
// of them is mended where it is damaged.
func TestKeptSideModules(t *testing.T) {
	l := newLayerTest(t)
	runtimetest.Write(t, filepath.Join(l.site, "stamp", "__init__.py"), "import parts\nFIRST = parts.count()\n"+stampPackage)
	if err := os.WriteFile(filepath.Join(l.site, "parts.wasm"), runtimetest.SideModule(t, parts, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	runtimetest.Write(t, filepath.Join(l.dir, "entry.py"), "import stamp, parts\ndef on_fetch(request, env):\n"+
		"    return [stamp.STAMP, stamp.FIRST, parts.count(), parts.built(), parts.apply(1, 6, 7), parts.name(1), parts.sorted()]\n")
	answer := func() (answer string) {
		t.Helper()
		var loaded []runtime.Module
		l.process(t, func(w *runtime.Worker) {
			for range 3 {
				answer = string(runtimetest.Get(t, w, "/").Body)
				if want := `, 41, 42, 7, 42, "two", ["a", "of", "three"]]`; !strings.HasSuffix(answer, want) {
					t.Errorf("answers %s, want …%s", answer, want)
				}
			}
		}, func(c *runtime.Config) {
			c.Observe = func(e runtime.Event) {
				if m, ok := e.(runtime.Loaded); ok {
					loaded = append(loaded, m.Module)
				}
			}
		})
		if len(loaded) != 1 || loaded[0].Path != "parts.wasm" || loaded[0].Bytes < 1000 {
			t.Errorf("loaded: %+v", loaded)
		}
		return answer
	}
	answer()
	kept := answer()
	if again := answer(); again != kept {
		t.Errorf("answers %s and %s", kept, again)
	}
	for name, damage := range map[string]func(){
		"flipped": func() { l.flip(t, "prepared/*") },
		"empty":   func() { runtimetest.Write(t, l.kept(t, "prepared/*"), "") },
		"gone": func() {
			if err := os.Remove(l.kept(t, "prepared/*")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		damage()
		if again := answer(); again == kept {
			t.Errorf("%s: the layer was used without its side module", name)
		}
		if kept = answer(); answer() != kept {
			t.Errorf("%s: not mended", name)
		}
	}
}
