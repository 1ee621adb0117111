package r2

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
)

// write puts an object, for the test to go on with.
func write(tb testing.TB, s *Store, bucket, key, text string) {
	tb.Helper()
	if err := s.Write(tb.Context(), bucket, key, strings.NewReader(text)); err != nil {
		tb.Fatal(err)
	}
}

// read gives an object's body.
func read(tb testing.TB, s *Store, bucket, key string) (string, error) {
	tb.Helper()
	value, _, err := s.Read(tb.Context(), bucket, key, 1<<20)
	return string(value), err
}

// reopen closes a store and opens another on its folder.
func reopen(tb testing.TB, s *Store, notify func(string)) *Store {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return opened(tb, Config{Dir: s.config.Dir, Notify: notify})
}

func TestReopened(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	g := guestOf(t, s, evaluator)
	before := g.eval(t, `
o = B.put("k", "kept", custom_metadata={"a": "1"}, http_metadata={"contentType": "a/b"})
u = B.create_multipart_upload("m"); p = u.upload_part(1, "part")
r = [o.version, o.etag, o.uploaded, u.upload_id, p.etag]`)
	s = reopen(t, s, func(text string) { t.Error(text) })
	g = guestOf(t, s, evaluator)
	same(t, g.eval(t, `
before = `+before+`
o = B.get("k"); u = B.resume_multipart_upload("m", before[3])
r = [o, [o.version, o.etag, plain(o.uploaded)] == before[:3], o.custom_metadata, o.http_metadata, u.complete([{"partNumber": 1, "etag": before[4]}]).size, B.get("m")]`),
		`["kept", true, {"a": "1"}, {"contentType": "a/b"}, 4, "part"]`)
}

// TestDamagedIndex: it is set aside and said, and no body is lost.
func TestDamagedIndex(t *testing.T) {
	for name, damage := range map[string]func(index string) error{
		"garbage":   func(index string) error { return os.WriteFile(index, bytes.Repeat([]byte("garbage "), 4096), 0o644) },
		"torn page": func(index string) error { return overwrite(index, 4096, bytes.Repeat([]byte{0xa5}, 4096)) },
		"empty":     func(index string) error { return os.Truncate(index, 0) },
		"deleted":   os.Remove,
		"truncated": func(index string) error { return os.Truncate(index, 5000) },
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, Config{Dir: t.TempDir()})
			write(t, s, "B", "k", "body")
			if err := s.Close(); err != nil { // which puts the WAL into the index
				t.Fatal(err)
			}
			if err := damage(filepath.Join(s.areaDir("B"), "index.db")); err != nil {
				t.Fatal(err)
			}
			var notes []string
			s = opened(t, Config{Dir: s.config.Dir, Notify: func(text string) { notes = append(notes, text) }})
			if _, err := read(t, s, "B", "k"); !errors.Is(err, ErrNotFound) {
				t.Errorf("the object: %v", err)
			}
			if len(notes) != 1 || !strings.Contains(notes[0], "bucket B can't be read") || !strings.Contains(notes[0], "damaged-") {
				t.Errorf("notes %q", notes)
			}
			kept, err := filepath.Glob(filepath.Join(s.areaDir("B"), "damaged-*", "bodies", "??", "*"))
			if err != nil || len(kept) != 1 {
				t.Fatalf("bodies set aside: %v, %v", kept, err)
			}
			if text, err := os.ReadFile(kept[0]); err != nil || string(text) != "body" {
				t.Errorf("the body: %q, %v", text, err)
			}
			write(t, s, "B", "k", "new")
			s = reopen(t, s, func(text string) { t.Error(text) })
			if text, err := read(t, s, "B", "k"); err != nil || text != "new" {
				t.Errorf("after that: %q, %v", text, err)
			}
		})
	}
}

func overwrite(path string, offset int64, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, offset)
	return errors.Join(err, f.Close())
}

// fullDisk is a file on a disk with room for some bytes.
type fullDisk struct {
	bodyFile
	room int
	sync bool // it is only Sync that fails
}

func (f *fullDisk) Write(p []byte) (int, error) {
	if n := min(f.room, len(p)); n < len(p) && !f.sync {
		n, err := f.bodyFile.Write(p[:n])
		f.room -= n
		return n, errors.Join(syscall.ENOSPC, err)
	}
	f.room -= len(p)
	return f.bodyFile.Write(p)
}

func (f *fullDisk) Sync() error {
	if f.sync {
		return syscall.ENOSPC
	}
	return f.bodyFile.Sync()
}

// TestDiskFull: the guest gets an error, what was there stays, and nothing is
// left over.
func TestDiskFull(t *testing.T) {
	for name, c := range map[string]struct {
		room int
		sync bool
	}{"at once": {0, false}, "in the middle": {1000, false}, "in the second piece": {1<<20 + 7, false}, "when it is synced": {0, true}} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, Config{Dir: t.TempDir()})
			write(t, s, "B", "k", "before")
			s = reopen(t, s, nil)
			s.create = func(path string) (bodyFile, error) {
				f, err := createOnDisk(path)
				return &fullDisk{f, c.room, c.sync}, err
			}
			g := guestOf(t, s, evaluator)
			for _, code := range []string{
				`B.put("k", b"x" * (2 << 20))`,
				`B.put("k", io.BytesIO(b"x" * (3 << 20)))`,
				`B.create_multipart_upload("k").upload_part(1, b"x" * (2 << 20))`,
			} {
				same(t, g.eval(t, code), `~no space left on device`)
			}
			if text, err := read(t, s, "B", "k"); err != nil || text != "before" {
				t.Errorf("the object is %q, %v", text, err)
			}
			if found := bodies(t, s, "B"); len(found) != 1 {
				t.Errorf("files %v, want the one of before", found)
			}
		})
	}
}

// TestLeftovers: bodies that no row names are deleted when a bucket is opened,
// and only then.
func TestLeftovers(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	write(t, s, "B", "k", "kept")
	spool, err := s.buckets["B"].local().newSpool("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(spool, "half"); err != nil {
		t.Fatal(err)
	}
	whole, err := s.buckets["B"].local().keep(contentOf([]byte("not committed"), ""))
	if err != nil {
		t.Fatal(err)
	}
	// Another process has it open as well: what may be its own stays.
	other := opened(t, Config{Dir: s.config.Dir})
	if text, err := read(t, other, "B", "k"); err != nil || text != "kept" {
		t.Errorf("the other process reads %q, %v", text, err)
	}
	if n := len(bodies(t, s, "B")); n != 3 {
		t.Errorf("%d files while it is written, want 3", n)
	}
	if err := errors.Join(other.Close(), spool.file.Close(), whole.onDisk.area.lock.Unlock()); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, nil)
	if text, err := read(t, s, "B", "k"); err != nil || text != "kept" {
		t.Errorf("the object is %q, %v", text, err)
	}
	if found := bodies(t, s, "B"); len(found) != 1 {
		t.Errorf("files %v after the sweep", found)
	}
}

// TestOldUploads: one of more than seven days ago is gone when a bucket is opened.
func TestOldUploads(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	begun := guestOf(t, s, evaluator).eval(t, `
r = [B.create_multipart_upload(k).upload_id for k in ("old", "new")]
for k, id in zip(("old", "new"), r): B.resume_multipart_upload(k, id).upload_part(1, k)`)
	index := s.buckets["B"].local().index
	err := index.write(func() error {
		return index.run("UPDATE uploads SET started = started - ? WHERE key = ?", nil, (uploadLife + time.Minute).Milliseconds(), []byte("old"))
	})
	if err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, nil)
	g := guestOf(t, s, evaluator)
	same(t, g.eval(t, `old, new = `+begun+`
r = B.resume_multipart_upload("new", new).upload_part(2, "2").part_number`), `2`)
	same(t, g.eval(t, `old, new = `+begun+`
B.resume_multipart_upload("old", old).upload_part(2, "2")`), `"R2Error: uploadPart: The specified multipart upload does not exist. (10024)"`)
	if n := len(bodies(t, s, "B")); n != 2 {
		t.Errorf("%d bodies, want those of the new upload's two parts", n)
	}
}

// TestShortBody: a body that lost its end is an error, not a shorter object.
func TestShortBody(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	write(t, s, "B", "k", "body")
	if err := os.Truncate(bodies(t, s, "B")[0], 2); err != nil {
		t.Fatal(err)
	}
	g := guestOf(t, s, evaluator)
	same(t, g.eval(t, `B.get("k")`), `"R2Error: get: the object's body: unexpected EOF"`)
	if err := os.Remove(bodies(t, s, "B")[0]); err != nil {
		t.Fatal(err)
	}
	same(t, g.eval(t, `B.get("k")`), `~"R2Error: get: the object's body: `)
}

// TestTwoStores: two processes see the same bucket.
func TestTwoStores(t *testing.T) {
	a := opened(t, Config{Dir: t.TempDir()})
	b := opened(t, Config{Dir: a.config.Dir})
	for _, s := range []*Store{a, b, a, b} {
		write(t, s, "B", "k", "one")
		write(t, s, "B", "k", "two")
	}
	for _, s := range []*Store{a, b} {
		if text, err := read(t, s, "B", "k"); err != nil || text != "two" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if n := len(bodies(t, a, "B")); n != 1 {
		t.Errorf("%d bodies", n)
	}
}

// TestHandlesAreARequestsOwn: what one request has open is not another's.
func TestHandlesAreARequestsOwn(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	write(t, s, "B", "k", "body")
	var closers []func()
	of := func(id string) mocks.Caller {
		return mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: "w", ID: id}, OnClose: func(f func()) { closers = append(closers, f) }}
	}
	ops := s.Ops()
	_, _, err := ops["r2.get"](t.Context(), of("1"), []byte(`{"binding":"B","key":"k","stream":true}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	for id = range s.handles.open {
	}
	args := []byte(`{"handle":"` + id + `","offset":1,"length":9}`)
	if _, _, err := ops["r2.read"](t.Context(), of("2"), args, nil); !errors.Is(err, errHandle) {
		t.Errorf("another request reads: %v", err)
	}
	if _, data, err := ops["r2.read"](t.Context(), of("1"), args, nil); err != nil || string(data) != "ody" {
		t.Errorf("%q, %v", data, err)
	}
	for _, f := range closers {
		f()
	}
	if _, _, err := ops["r2.read"](t.Context(), of("1"), args, nil); !errors.Is(err, errHandle) || len(s.handles.requests) != 0 {
		t.Errorf("after the request: %v, %v", err, s.handles.requests)
	}
}

// TestHostileArguments: what a guest may send without pymode/_r2.py.
func TestHostileArguments(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	write(t, s, "B", "k", "body")
	for op, all := range map[string][]string{
		"r2.get": {
			``, `[]`, `{"binding":"B"}`, `{"binding":"","key":"k"}`, `{"binding":"B","key":5}`,
			`{"binding":"B","key":"k","range":{"offset":-1}}`, `{"binding":"B","key":"k","range":{"length":-1}}`,
			`{"binding":"B","key":"k","range":{"suffix":-9223372036854775808}}`, `{"binding":"B","key":"k","range":{"offset":1e30}}`,
		},
		"r2.read":                      {`{"handle":"none"}`, `{"handle":"none","offset":-1}`},
		"r2.write":                     {`{"handle":"none"}`},
		"r2.write_commit":              {`{}`},
		"r2.write_begin":               {`{"binding":"B","key":"k","size":99999999999}`, `{"binding":"B","key":""}`},
		"r2.put":                       {`{"binding":"B","key":"k","digest":{"crc":"0"}}`, `{"binding":"B","key":"k","digest":{"md5":"0","sha1":"0"}}`},
		"r2.upload_part":               {`{"binding":"B","key":"k","uploadId":"x","partNumber":-1}`},
		"r2.complete_multipart_upload": {`{"binding":"B","key":"k","uploadId":"x"}`},
	} {
		for _, args := range all {
			if _, _, err := s.Ops()[op](t.Context(), mocks.Caller{}, []byte(args), nil); err == nil {
				t.Errorf("%s %s is answered", op, args)
			}
		}
	}
	if text, err := read(t, s, "B", "k"); err != nil || text != "body" {
		t.Errorf("the object is now %q, %v", text, err)
	}
}
