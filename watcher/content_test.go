package watcher

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSame(t *testing.T) {
	at := func(size, mtime int64) stamp { return stamp{size: size, mtime: mtime, ctime: mtime, inode: 1} }
	hashed := func(s stamp, first byte) content { return content{stamp: s, hashed: true, digest: [32]byte{first}} }
	const big = maxHashed + 1
	tests := []struct {
		name     string
		old, now content
		want     bool
	}{
		{"same digest, other time", hashed(at(3, 1), 7), hashed(at(3, 2), 7), true},
		{"other digest, same time", hashed(at(3, 1), 7), hashed(at(3, 1), 8), false},
		{"never read, not touched", content{stamp: at(3, 1), settled: true}, hashed(at(3, 1), 7), true},
		{"never read, touched", content{stamp: at(3, 1), settled: true}, hashed(at(3, 2), 7), false},
		{"never read, written a moment before", content{stamp: at(3, 1)}, hashed(at(3, 1), 7), false},
		{"never read, replaced", content{stamp: at(3, 1), settled: true}, hashed(stamp{size: 3, mtime: 1, ctime: 1, inode: 2}, 7), false},
		{"large, same time", content{stamp: at(big, 1)}, content{stamp: at(big, 1)}, true},
		{"large, other time", content{stamp: at(big, 1)}, content{stamp: at(big, 2)}, false},
		{"large, other size", content{stamp: at(big, 1)}, content{stamp: at(big+1, 1)}, false},
		{"grown large", hashed(at(3, 1), 7), content{stamp: at(big, 1)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := same(tt.old, tt.now); got != tt.want {
				t.Errorf("same = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestSettled(t *testing.T) {
	now := time.Unix(1_000_000, 500)
	tests := []struct {
		name string
		age  time.Duration
		want bool
	}{
		{"long ago", time.Hour, true},
		{"just now", time.Millisecond, false},
		{"in the future", -time.Hour, false},
		{"one second, by a clock of whole seconds", time.Second + 500, false},
		{"three seconds, by a clock of whole seconds", 3*time.Second + 500, true},
		{"one second, by a clock of nanoseconds", time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := stamp{ctime: now.Add(-tt.age).UnixNano()}
			if got := s.settled(now); got != tt.want {
				t.Errorf("settled = %t, want %t", got, tt.want)
			}
		})
	}
}

// settledFile makes a file and takes its stamp as if that were an hour old.
func settledFile(t *testing.T, text string) (file string, known content) {
	t.Helper()
	p := newProject(t, map[string]string{"x.py": text})
	known, err := look(p.path("x.py"))
	p.must(err)
	known.settled = true
	return p.path("x.py"), known
}

func TestProve(t *testing.T) {
	t.Run("untouched", func(t *testing.T) {
		file, known := settledFile(t, "1")
		proven, ok := prove(file, known)
		if !ok || !proven.hashed || proven.stamp != known.stamp {
			t.Errorf("not proven: %v, %t", proven, ok)
		}
	})
	t.Run("touched since", func(t *testing.T) {
		file, known := settledFile(t, "1")
		if err := os.WriteFile(file, []byte("22"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, ok := prove(file, known); ok {
			t.Error("the digest of the new content is taken for the old one's")
		}
	})
	t.Run("stamp proves nothing", func(t *testing.T) {
		file, known := settledFile(t, "1")
		known.settled = false
		if _, ok := prove(file, known); ok {
			t.Error("proven by a stamp that proves nothing")
		}
	})
}

// A project that is older than a moment is known by its stamps at first. The
// digests come later, and then a save without a change is none.
func TestDigestsComeLater(t *testing.T) {
	p := newProject(t, map[string]string{"x.py": "1", "y.py": "1"})
	w := &Watcher{files: files{root: p.root, known: map[string]content{}}, proven: make(chan proof), stop: make(chan struct{})}
	var unproven []proof
	for _, name := range []string{"x.py", "y.py"} {
		c, err := look(p.path(name))
		p.must(err)
		c.settled = true
		w.files.known[name] = c
		unproven = append(unproven, proof{name, c})
	}
	w.running.Go(func() { w.proveAll(unproven) })
	for range unproven {
		w.remember(<-w.proven)
	}
	w.running.Wait()
	p.write("x.py", "1")
	p.write("y.py", "2")
	if kind, ok := w.files.compare("x.py"); ok {
		t.Errorf("a save without a change is told: %s", kind)
	}
	if _, ok := w.files.compare("y.py"); !ok {
		t.Error("a change is not told")
	}
	w.remember(unproven[1]) // too late: the file was read since
	if !w.files.known["y.py"].hashed {
		t.Error("a late proof replaces what is known")
	}
}

func TestLargeFile(t *testing.T) {
	p := newProject(t, nil)
	big := make([]byte, maxHashed+1)
	p.must(os.WriteFile(p.path("big.bin"), big, 0o644))
	p.watch(Options{})
	if p.w.files.known["big.bin"].hashed {
		t.Error("a large file is read at the start")
	}
	big[0] = 1
	p.must(os.WriteFile(p.path("big.bin"), big, 0o644))
	p.expect(map[string]Kind{"big.bin": Modified})
}

func TestBacklog(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	tests := []struct {
		name           string
		earlier, later map[string]Kind
		want           map[string]Kind
	}{
		{"other files", map[string]Kind{"a": Modified}, map[string]Kind{"b": Removed}, map[string]Kind{"a": Modified, "b": Removed}},
		{"created, modified", map[string]Kind{"a": Created}, map[string]Kind{"a": Modified}, map[string]Kind{"a": Created}},
		{"created, removed", map[string]Kind{"a": Created}, map[string]Kind{"a": Removed}, map[string]Kind{}},
		{"removed, created", map[string]Kind{"a": Removed}, map[string]Kind{"a": Created}, map[string]Kind{"a": Modified}},
		{"modified, removed", map[string]Kind{"a": Modified}, map[string]Kind{"a": Removed}, map[string]Kind{"a": Removed}},
		{"modified twice", map[string]Kind{"a": Modified}, map[string]Kind{"a": Modified}, map[string]Kind{"a": Modified}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b backlog
			b.add(tt.earlier, early)
			b.change() // looked at, not received
			b.add(tt.later, late)
			if diff := cmp.Diff(tt.want, b.kinds); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
			if b.empty() != (len(tt.want) == 0) {
				t.Errorf("empty = %t", b.empty())
			}
			if !b.empty() && !b.change().First.Equal(early) {
				t.Errorf("first = %s, want the earlier", b.change().First)
			}
		})
	}
}
