package traffic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pymode-tui/runtime"
)

func open(t *testing.T, dir string, limits Limits) *Store {
	t.Helper()
	s, err := Open(dir, limits)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(n int) time.Time {
	return time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Hour)
}

func get(path string, when time.Time) *Exchange {
	return &Exchange{
		At: when, Worker: "shop", Source: "gateway", Request: &runtime.Request{Method: "GET", URL: "http://localhost" + path},
		Result: &runtime.Result{Status: 200, Body: []byte(path), Metrics: runtime.Metrics{Wall: 7}},
	}
}

func add(t *testing.T, s *Store, exchanges ...*Exchange) {
	t.Helper()
	for _, e := range exchanges {
		if err := s.Add(e); err != nil {
			t.Fatal(err)
		}
	}
}

// urls are the paths of what a store has, in order.
func urls(s *Store) string {
	var list []string
	for _, e := range s.Entries() {
		list = append(list, strings.TrimPrefix(e.URL, "http://localhost/"))
	}
	return strings.Join(list, " ")
}

func TestStoreKeepsExchanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "traffic")
	s := open(t, dir, Limits{})
	add(t, s, get("/2", at(2)), get("/30", at(30)), get("/1", at(1))) // one is late, one of another day
	if got := urls(s); got != "1 2 30" {
		t.Errorf("entries %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, Limits{})
	if got := urls(again); got != "1 2 30" {
		t.Errorf("entries %s after the store was opened again", got)
	}
	entry := again.Entries()[2]
	if entry.Status != 200 || entry.Wall != 7 || !entry.At.Equal(at(30)) || entry.Worker != "shop" || entry.Method != "GET" || entry.Bytes == 0 {
		t.Errorf("entry %+v", entry)
	}
	e, err := again.Get(entry.ID)
	if err != nil {
		t.Fatal(err)
	}
	if string(e.Result.Body) != "/30" {
		t.Errorf("body %q", e.Result.Body)
	}
	if _, err := again.Get("20260101T000000.000000000Z-0000"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for an exchange that is not there", err)
	}
	if _, err := again.Get("../../../etc/passwd"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v for a path", err)
	}
}

// Two consoles in one directory capture at the same nanosecond.
func TestSameNanosecond(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			s, err := Open(dir, Limits{})
			if err != nil {
				t.Error(err)
				return
			}
			for m := range 20 {
				if err := s.Add(get(fmt.Sprintf("/%d-%d", n, m), at(0))); err != nil {
					t.Error(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	s := open(t, dir, Limits{})
	seen := map[string]bool{}
	for _, e := range s.Entries() {
		seen[e.URL] = true
	}
	if len(seen) != 80 || len(s.Entries()) != 80 {
		t.Errorf("%d exchanges of %d requests, want 80", len(s.Entries()), len(seen))
	}
}

func TestIndexFollowsTheFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Limits{})
	add(t, s, get("/1", at(1)), get("/2", at(2)), get("/3", at(3)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	day := filepath.Join(dir, "2026-11-25")
	entries := s.Entries()
	for _, c := range []struct {
		name   string
		change func() error
		want   string
	}{
		{"a file removed", func() error { return os.Remove(filepath.Join(day, entries[1].ID+extension)) }, "1 3"},
		{"a file from elsewhere", func() error {
			write(t, filepath.Join(day, "20261125T000000.000000000Z-0000.exchange"), get("/0", at(-13)))
			return nil
		}, "0 1 3"},
		{"half a file", func() error {
			return os.WriteFile(filepath.Join(day, "20261125T000001.000000000Z-0000.exchange"), []byte(magic+"\n"), 0o600)
		}, "0 1 3"},
		{"no index", func() error { return os.Remove(filepath.Join(dir, indexName)) }, "0 1 3"},
		{"half an index", func() error {
			return os.WriteFile(filepath.Join(dir, indexName), []byte(indexMagic+"\nday\t20"), 0o600)
		}, "0 1 3"},
		{"no day", func() error { return os.RemoveAll(day) }, ""},
	} {
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Limits{})
		if got := urls(s); got != c.want {
			t.Errorf("%s: entries %q, want %q", c.name, got, c.want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLimits(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Limits{Count: 10})
	for n := range 11 {
		add(t, s, get(fmt.Sprintf("/%d", n), at(n)))
	}
	if got := urls(s); got != "2 3 4 5 6 7 8 9 10" {
		t.Errorf("entries %s", got)
	}
	large := get("/large", at(100))
	large.Result.Body = make([]byte, 100_000)
	s = open(t, dir, Limits{Bytes: 150_000})
	add(t, s, large, func() *Exchange { e := *large; e.At = at(101); return &e }())
	if got := urls(s); got != "large" {
		t.Errorf("entries %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, filepath.Ext(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 3 {
		t.Errorf("files %v, want an exchange, its body and the index", files)
	}
}

func TestLeftoversOfAKillAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Limits{})
	add(t, s, get("/1", at(1)))
	day := filepath.Join(dir, "2026-11-25")
	old := time.Now().Add(-2 * abandoned)
	for name, age := range map[string]time.Time{
		".20261125T120000.000000000Z-0000.tmp":          old,
		"20261125T120000.000000000Z-0000.response.body": old,
		".20261125T130000.000000000Z-0000.tmp":          time.Now(), // of a process that writes
		"notes.txt":                                     old,        // not ours
	} {
		path := filepath.Join(day, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, age, age); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir, Limits{})
	left, err := os.ReadDir(day)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range left {
		names = append(names, f.Name())
	}
	want := ".20261125T130000.000000000Z-0000.tmp 20261125T140000.000000000Z-0000.exchange notes.txt"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("left are %s\nwant %s", got, want)
	}
}

func BenchmarkAdd(b *testing.B) {
	s, err := Open(b.TempDir(), Limits{Count: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	for n := range b.N {
		if err := s.Add(get("/users/7", at(0).Add(time.Duration(n)))); err != nil {
			b.Fatal(err)
		}
	}
}

// A hundred thousand exchanges are opened in under 300 ms.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(dir, Limits{Count: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	for n := range 100_000 {
		if err := s.Add(get("/users/7", at(0).Add(time.Duration(n)*time.Millisecond))); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(2 * racy)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := Open(dir, Limits{Count: 1 << 30})
		if err != nil || len(s.Entries()) != 100_000 {
			b.Fatal(err)
		}
	}
}

// requestNames lists a directory.
func requestNames(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return strings.Join(names, " "), err
}
