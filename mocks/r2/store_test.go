package r2

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// TestBuckets: bindings of two workers mean what their configs say, and names of buckets
// are not names of files.
func TestBuckets(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	bindings := map[string]map[string]runtime.Binding{
		"w": {"B": {Kind: "r2", Target: "shared"}}, "v": {"C": {Kind: "r2", Target: "shared"}},
	}
	of := func(worker string) mocks.Caller {
		return mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: worker, Env: bindings[worker]}}
	}
	if err := s.ABIPut(t.Context(), of("w"), "B", "k", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		worker, binding string
		found           bool
	}{{"v", "C", true}, {"v", "B", false}, {"w", "C", false}, {"w", "shared", true}} {
		value, found, err := s.ABIGet(t.Context(), of(c.worker), c.binding, "k")
		if err != nil || found != c.found || found && string(value) != "1" {
			t.Errorf("%s of %s: %q, %v, %v", c.binding, c.worker, value, found, err)
		}
	}
	odd := []string{"../up", "a/b", "Shared", "..", ".", "ü", "con", strings.Repeat("long", 100), strings.Repeat("long", 100) + "er"}
	for _, bucket := range odd {
		write(t, s, bucket, "k", bucket)
	}
	s = reopen(t, s, nil)
	for _, bucket := range odd {
		if text, err := read(t, s, bucket, "k"); err != nil || text != bucket {
			t.Errorf("bucket %.20q has %q, %v", bucket, text, err)
		}
	}
	want := append(odd, "shared", "B", "C")
	slices.Sort(want)
	if got := s.Buckets(); !slices.Equal(got, want) {
		t.Errorf("buckets %q, want %q", got, want)
	}
	if entries, err := os.ReadDir(s.config.Dir); err != nil || len(entries) != len(want) {
		t.Errorf("%d folders, %v", len(entries), err)
	}
}

func TestBrowsing(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	guestOf(t, s, evaluator).eval(t, `B.put("a", "text", http_metadata={"contentType": "text/plain"}, custom_metadata={"x": "y"}); B.put("b", "b"); B.put("c", "c")`)
	infos, next, err := s.List(t.Context(), "B", "", "", 2)
	if err != nil || len(infos) != 2 || next == "" {
		t.Fatalf("%v, %q, %v", infos, next, err)
	}
	if o := infos[0]; o.Key != "a" || o.Size != 4 || o.ContentType != "text/plain" || o.Custom["x"] != "y" || o.Uploaded.IsZero() {
		t.Errorf("%+v", o)
	}
	infos, next, err = s.List(t.Context(), "B", "", next, 2)
	if err != nil || len(infos) != 1 || next != "" || infos[0].Key != "c" {
		t.Errorf("the second page: %v, %q, %v", infos, next, err)
	}
	value, info, err := s.Read(t.Context(), "B", "a", 2)
	if err != nil || string(value) != "te" || info.Size != 4 {
		t.Errorf("%q, %+v, %v", value, info, err)
	}
	if err := s.Delete(t.Context(), "B", "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Read(t.Context(), "B", "a", 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.List(t.Context(), "B", "", "", 2); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestRecords: what the console shows of a call.
func TestRecords(t *testing.T) {
	s := opened(t, Config{Dir: t.TempDir()})
	g := guestOf(t, s, evaluator)
	r := g.worker.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/", Body: []byte(
		`B.put("k", "1234"); B.get("k"); B.get("none"); B.list(prefix="k"); B.delete("k"); B.put("k", io.BytesIO(b"123")); B.put("k", "", only_if={"etagMatches": "x"})`)})
	var got []string
	for _, c := range r.Calls {
		got = append(got, c.Op+" "+c.Binding+" "+c.Detail)
	}
	want := []string{
		"r2.put B k (4 bytes)", "r2.get B k (hit, 4 bytes)", "r2.get B none (miss)", "r2.list B k* (1 objects, 0 prefixes)", "r2.delete B k",
		"r2.write_begin B k (3 bytes)", "r2.write B k (3 bytes at 0)", "r2.write_commit B k (3 bytes)", "r2.put B k (onlyIf does not hold)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// BenchmarkGet reads an object of 1 kB from Python; what one get takes there is
// reported beside what a request takes.
func BenchmarkGet(b *testing.B) {
	s := opened(b, Config{Dir: b.TempDir()})
	w := runtimetest.Worker(b, `
import time
def on_fetch(request, env):
    env.B.put("k", b"x" * 1000)
    times = []
    for _ in range(1000):
        start = time.perf_counter()
        env.B.get("k")
        times.append(time.perf_counter() - start)
    times.sort()
    start = time.perf_counter()
    for _ in range(20):
        env.B.put("k", b"x" * 1000)
    return {"p50": times[500] * 1e6, "p99": times[990] * 1e6, "put": (time.perf_counter() - start) / 20 * 1e6}
`, func(c *runtime.Config) {
		c.Env["B"] = runtime.Binding{Kind: "r2"}
		c.Bindings = mocks.New(nil, s)
	})
	var text string
	for b.Loop() {
		text = string(runtimetest.Get(b, w, "/").Body)
	}
	b.Log("µs:", text)
}
