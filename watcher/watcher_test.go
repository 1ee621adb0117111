package watcher

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// project is a project directory under watch, and what a test does in it.
type project struct {
	testing.TB
	root string
	w    *Watcher
}

// newProject makes a project with the files, given as path and content. It is
// not watched before watch.
func newProject(t testing.TB, files map[string]string) *project {
	t.Helper()
	p := &project{TB: t, root: filepath.Join(t.TempDir(), "project")}
	p.mkdir(".")
	for name, text := range files {
		p.write(name, text)
	}
	return p
}

// watch starts a watcher that ends with the test.
func (p *project) watch(o Options) *project {
	p.Helper()
	return p.watchWith(o, newSystem)
}

func (p *project) watchWith(o Options, connect func() (notifier, error)) *project {
	p.Helper()
	w, err := open(p.root, o, connect)
	p.must(err)
	p.w = w
	p.Cleanup(func() { p.must(w.Close()) })
	return p
}

func (p *project) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *project) path(name string) string { return filepath.Join(p.root, filepath.FromSlash(name)) }

func (p *project) mkdir(name string) {
	p.Helper()
	p.must(os.MkdirAll(p.path(name), 0o755))
}

// write saves a file in place, its directory made where it is missing.
func (p *project) write(name, text string) {
	p.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	p.must(os.WriteFile(p.path(name), []byte(text), 0o644))
}

func (p *project) rename(from, to string) {
	p.Helper()
	p.must(os.Rename(p.path(from), p.path(to)))
}

func (p *project) remove(name string) {
	p.Helper()
	p.must(os.RemoveAll(p.path(name)))
}

// next waits for a change.
func (p *project) next() Change {
	p.Helper()
	select {
	case c, ok := <-p.w.Changes():
		if !ok {
			p.Fatal("the watcher is closed")
		}
		return c
	case <-time.After(10 * time.Second):
		p.Fatal("no change")
	}
	return Change{}
}

// until collects changes until all the files were in one, as one change.
func (p *project) until(files ...string) map[string]Kind {
	p.Helper()
	var all backlog
	missing := slices.Clone(files)
	for len(missing) > 0 {
		c := p.next()
		all.add(c.Kinds, c.First)
		missing = slices.DeleteFunc(missing, func(f string) bool { return slices.Contains(c.Files, f) })
	}
	return all.kinds
}

// expect waits for a change and compares it.
func (p *project) expect(want map[string]Kind) {
	p.Helper()
	got := p.until(slices.Collect(maps.Keys(want))...)
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("changes (-want +got):\n%s", diff)
	}
}

// expectNothing makes a change of its own and checks that it is the only one.
func (p *project) expectNothing() {
	p.Helper()
	const last = "last.txt"
	p.write(last, time.Now().String())
	got := p.until(last)
	delete(got, last)
	if len(got) > 0 {
		p.Errorf("changes: %v, want none", got)
	}
}

func TestChanges(t *testing.T) {
	files := map[string]string{"entry.py": "a", "src/util.py": "b", "src/deep/er/x.txt": "c"}
	tests := []struct {
		name string
		do   func(p *project)
		want map[string]Kind // none: nothing is told
	}{
		{"modified", func(p *project) { p.write("entry.py", "aa") }, map[string]Kind{"entry.py": Modified}},
		{"modified, same size", func(p *project) { p.write("entry.py", "z") }, map[string]Kind{"entry.py": Modified}},
		{"modified below", func(p *project) { p.write("src/deep/er/x.txt", "z") }, map[string]Kind{"src/deep/er/x.txt": Modified}},
		{"emptied", func(p *project) { p.write("entry.py", "") }, map[string]Kind{"entry.py": Modified}},
		{"created", func(p *project) { p.write("new.py", "n") }, map[string]Kind{"new.py": Created}},
		{"created empty", func(p *project) { p.write("src/__init__.py", "") }, map[string]Kind{"src/__init__.py": Created}},
		{"removed", func(p *project) { p.remove("entry.py") }, map[string]Kind{"entry.py": Removed}},
		{"renamed", func(p *project) { p.rename("entry.py", "main.py") }, map[string]Kind{"entry.py": Removed, "main.py": Created}},
		{"several at once", func(p *project) { p.write("entry.py", "1"); p.write("src/util.py", "2") }, map[string]Kind{"entry.py": Modified, "src/util.py": Modified}},
		{"directory removed", func(p *project) { p.remove("src") }, map[string]Kind{"src/util.py": Removed, "src/deep/er/x.txt": Removed}},
		{"directory renamed", func(p *project) { p.rename("src/deep", "deeper") }, map[string]Kind{"src/deep/er/x.txt": Removed, "deeper/er/x.txt": Created}},
		{
			"directory replaced by a file",
			func(p *project) { p.remove("src"); p.write("src", "x") },
			map[string]Kind{"src": Created, "src/util.py": Removed, "src/deep/er/x.txt": Removed},
		},
		{
			"file replaced by a directory",
			func(p *project) { p.remove("entry.py"); p.write("entry.py/x.py", "x") },
			map[string]Kind{"entry.py": Removed, "entry.py/x.py": Created},
		},
		{"saved without a change", func(p *project) { p.write("entry.py", "a") }, nil},
		{"touched", func(p *project) { p.must(os.Chtimes(p.path("entry.py"), time.Time{}, time.Unix(1e9, 0))) }, nil},
		{"made executable", func(p *project) { p.must(os.Chmod(p.path("entry.py"), 0o755)) }, nil},
		{"a directory without files", func(p *project) { p.mkdir("empty/dirs") }, nil},
		{"directory replaced by its copy", func(p *project) {
			p.write("copy/util.py", "b")
			p.write("copy/deep/er/x.txt", "c")
			p.remove("src")
			p.rename("copy", "src")
		}, nil},
		{"atomic save", func(p *project) {
			p.write("entry.py.tmp1234", "new")
			p.rename("entry.py.tmp1234", "entry.py")
		}, map[string]Kind{"entry.py": Modified}},
		{"atomic save without a change", func(p *project) {
			p.write(".entry.py.aXb3", "a")
			p.rename(".entry.py.aXb3", "entry.py")
		}, nil},
		{"vim's save", func(p *project) {
			p.write(".entry.py.swp", "swap")
			p.write("4913", "")
			p.remove("4913")
			p.rename("entry.py", "entry.py~")
			p.write("entry.py", "new")
			p.remove("entry.py~")
		}, map[string]Kind{"entry.py": Modified}},
		{"emacs' save", func(p *project) {
			p.must(os.Symlink("user@host.1234", p.path(".#entry.py")))
			p.write("#entry.py#", "auto")
			p.rename("entry.py", "entry.py~")
			p.write("entry.py", "new")
			p.remove("#entry.py#")
			p.remove(".#entry.py")
		}, map[string]Kind{"entry.py": Modified}},
		{"JetBrains' save", func(p *project) {
			p.write("entry.py___jb_tmp___", "new")
			p.rename("entry.py", "entry.py___jb_old___")
			p.rename("entry.py___jb_tmp___", "entry.py")
			p.remove("entry.py___jb_old___")
		}, map[string]Kind{"entry.py": Modified}},
		{"what editors leave", func(p *project) {
			for _, name := range []string{".entry.py.swp", ".entry.py.swx", "entry.py~", "#entry.py#", "entry.py___jb_tmp___", "4913"} {
				p.write(name, "x")
			}
		}, nil},
		{"ignored directories", func(p *project) {
			for _, name := range []string{".git/index", ".pymode/kv", "src/__pycache__/x.pyc", "node_modules/a/b.js", ".venv/x.py", "venv/x.py"} {
				p.write(name, "x")
			}
		}, nil},
		{"link to a directory", func(p *project) { p.must(os.Symlink("src", p.path("link"))) }, nil},
		{"link to a file", func(p *project) { p.must(os.Symlink("entry.py", p.path("link.py"))) }, map[string]Kind{"link.py": Created}},
		{"dangling link", func(p *project) { p.must(os.Symlink("none", p.path("link.py"))) }, nil},
	}
	for _, mode := range []struct {
		name    string
		options Options
	}{{"events", Options{Debounce: 50 * time.Millisecond}}, {"polled", Options{Poll: true, PollInterval: 40 * time.Millisecond}}} {
		for _, tt := range tests {
			t.Run(mode.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				p := newProject(t, files).watch(mode.options)
				before := time.Now()
				tt.do(p)
				if tt.want == nil {
					p.expectNothing()
					return
				}
				c := p.next()
				if c.First.Before(before) || c.First.After(time.Now()) {
					t.Errorf("first seen at %s, done between %s and now", c.First, before)
				}
				got := c.Kinds
				if len(got) != len(tt.want) { // a poll may come in the middle
					var all backlog
					all.add(got, c.First)
					missing := slices.DeleteFunc(slices.Collect(maps.Keys(tt.want)), func(f string) bool { return slices.Contains(c.Files, f) })
					all.add(p.until(missing...), c.First)
					got = all.kinds
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestFilesAreSorted(t *testing.T) {
	p := newProject(t, nil).watch(Options{Debounce: 50 * time.Millisecond})
	for _, name := range []string{"c.py", "a/z.py", "b.py", "a.py"} {
		p.write(name, "x")
	}
	c := p.next()
	if want := []string{"a.py", "a/z.py", "b.py", "c.py"}; !slices.Equal(c.Files, want) {
		t.Errorf("files %q, want %q", c.Files, want)
	}
}

func TestChangeRightAfterNew(t *testing.T) {
	p := newProject(t, map[string]string{"src/entry.py": "0"})
	for i := range 30 {
		w, err := New(p.root, Options{})
		p.must(err)
		p.w = w
		p.write("src/entry.py", strings.Repeat("x", i+1))
		p.expect(map[string]Kind{"src/entry.py": Modified})
		p.must(w.Close())
	}
}

func TestTruncateThenWrite(t *testing.T) {
	p := newProject(t, map[string]string{"entry.py": "old"}).watch(Options{Debounce: 500 * time.Millisecond, MaxWait: 5 * time.Second})
	p.must(os.Truncate(p.path("entry.py"), 0))
	time.Sleep(5 * settle) // an editor between its two steps: longer than a complete file waits
	p.write("entry.py", "new")
	c := p.next()
	if diff := cmp.Diff(map[string]Kind{"entry.py": Modified}, c.Kinds); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := p.w.files.known["entry.py"].stamp.size; got != 3 {
		t.Errorf("told when the file had %d bytes, want 3", got)
	}
	p.expectNothing()
}

func TestMaxWait(t *testing.T) {
	p := newProject(t, nil).watch(Options{Debounce: time.Hour, MaxWait: 30 * time.Millisecond})
	f, err := os.Create(p.path("log.txt"))
	p.must(err)
	defer f.Close()
	for written := 0; ; written++ { // never quiet, never closed
		_, err := f.WriteString("line\n")
		p.must(err)
		select {
		case c := <-p.w.Changes():
			if diff := cmp.Diff([]string{"log.txt"}, c.Files); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			return
		case <-time.After(time.Millisecond):
		}
		if written > 5000 {
			t.Fatal("no change while the file is written to")
		}
	}
}

func TestNewDirectoryIsComplete(t *testing.T) {
	p := newProject(t, nil).watch(Options{})
	for i := range 25 {
		dir := "dir" + strings.Repeat("x", i)
		want := map[string]Kind{}
		for _, name := range []string{"/a.py", "/b/c.py", "/b/d/e/f.py"} {
			p.write(dir+name, "x")
			want[dir+name] = Created
		}
		p.expect(want)
	}
	p.write("dir/b/d/e/f.py", "y")
	p.expect(map[string]Kind{"dir/b/d/e/f.py": Modified})
}

func TestRenamedDirectoryIsWatchedUnderItsNewName(t *testing.T) {
	p := newProject(t, map[string]string{"old/sub/x.py": "1"}).watch(Options{})
	p.rename("old", "new")
	p.expect(map[string]Kind{"old/sub/x.py": Removed, "new/sub/x.py": Created})
	p.write("new/sub/x.py", "2")
	p.expect(map[string]Kind{"new/sub/x.py": Modified})
	p.write("old/sub/x.py", "3")
	p.expect(map[string]Kind{"old/sub/x.py": Created})
}

func TestCheckoutOfThousands(t *testing.T) {
	const dirs, each = 60, 50
	p := newProject(t, nil).watch(Options{})
	name := func(d, f int) string {
		return filepath.ToSlash(filepath.Join("pkg", string(rune('a'+d%20)), string(rune('a'+d/20)), string(rune('0'+f))+".py"))
	}
	want := map[string]Kind{}
	for d := range dirs {
		for f := range each {
			p.write(name(d, f), "x")
			want[name(d, f)] = Created
		}
	}
	var all backlog
	batches := 0
	for len(all.kinds) < len(want) {
		c := p.next()
		batches++
		all.add(c.Kinds, c.First)
	}
	if diff := cmp.Diff(want, all.kinds); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if batches > 20 {
		t.Errorf("%d batches for %d files", batches, len(want))
	}
	p.remove("pkg")
	for f := range want {
		want[f] = Removed
	}
	p.expect(want)
}

func TestRootRemovedAndMadeAgain(t *testing.T) {
	p := newProject(t, map[string]string{"src/entry.py": "1"}).watch(Options{})
	p.remove(".")
	p.expect(map[string]Kind{"src/entry.py": Removed})
	p.write("src/entry.py", "2")
	p.expect(map[string]Kind{"src/entry.py": Created})
	p.write("src/entry.py", "3")
	p.expect(map[string]Kind{"src/entry.py": Modified})
}

func TestRootRemovedWhileHeld(t *testing.T) {
	p := newProject(t, map[string]string{"src/entry.py": "1"})
	t.Chdir(p.root) // as a console started with "." does: the system tells nothing of the removal
	p.watch(Options{})
	p.remove(".")
	p.expect(map[string]Kind{"src/entry.py": Removed})
	p.write("src/entry.py", "2")
	p.expect(map[string]Kind{"src/entry.py": Created})
	p.write("src/entry.py", "3")
	p.expect(map[string]Kind{"src/entry.py": Modified})
}

func TestRootReplaced(t *testing.T) {
	p := newProject(t, map[string]string{"same.py": "1", "other.py": "1", "sub/gone.py": "1"}).watch(Options{})
	next := &project{TB: t, root: p.root + ".next"}
	next.write("same.py", "1")
	next.write("other.py", "2")
	p.must(os.Rename(p.root, p.root+".last"))
	p.must(os.Rename(next.root, p.root))
	got := p.until("other.py", "sub/gone.py")
	// The moment without a root may be seen or not.
	if got["other.py"] != Modified || got["sub/gone.py"] != Removed {
		t.Errorf("changes: %v", got)
	}
	p.write("sub/new.py", "1")
	p.until("sub/new.py")
	p.must(os.WriteFile(filepath.Join(p.root+".last", "sub", "gone.py"), []byte("2"), 0o644))
	p.expectNothing()
}

func TestClose(t *testing.T) {
	p := newProject(t, map[string]string{"entry.py": "1"}).watch(Options{})
	p.write("entry.py", "2") // not received
	p.must(p.w.Close())
	p.must(p.w.Close())
	for range p.w.Changes() { //nolint:revive // until it is closed
	}
}

func TestNewErrors(t *testing.T) {
	p := newProject(t, map[string]string{"entry.py": "1"})
	if _, err := New(p.path("none"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing directory: %v", err)
	}
	if _, err := New(p.path("entry.py"), Options{}); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("a file: %v", err)
	}
}
