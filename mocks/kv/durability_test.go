package kv_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/kv"
	"pymode-tui/runtime"

	"github.com/alicebob/miniredis/v2"
)

// op calls an op of the store as a worker would.
func op(ctx context.Context, s *kv.Store, name, args string, data []byte) (result, resultData []byte, err error) {
	return s.Ops()[name](ctx, mocks.Caller{CallerInfo: runtime.CallerInfo{Worker: "w"}}, []byte(args), data)
}

func put(tb testing.TB, s *kv.Store, key, value string) {
	tb.Helper()
	if _, _, err := op(tb.Context(), s, "kv.put", fmt.Sprintf(`{"binding": "KV", "key": %q}`, key), []byte(value)); err != nil {
		tb.Fatal(err)
	}
}

func get(tb testing.TB, s *kv.Store, key string) string {
	tb.Helper()
	value, _, err := s.Value(tb.Context(), "KV", key)
	if errors.Is(err, kv.ErrNoKey) {
		return ""
	}
	if err != nil {
		tb.Fatal(err)
	}
	return string(value)
}

// killed is the environment variable that makes the test binary a process that
// writes until it is killed.
const killed = "PYMODE_TEST_KV_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killed); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

func writeForever(dir string) {
	s, err := kv.New(kv.Config{Dir: dir})
	for i := 0; err == nil; i++ {
		_, _, err = op(context.Background(), s, "kv.put", fmt.Sprintf(`{"binding": "KV", "key": "k%d"}`, i), fmt.Append(nil, i))
		fmt.Println(i) // acknowledged
	}
	fmt.Println(err)
	os.Exit(1)
}

func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	acknowledged := 0
	for round := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killed+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		count := 0
		for lines.Scan() {
			var n int
			if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
				t.Fatalf("the process said %q", lines.Text())
			}
			acknowledged = max(acknowledged, n+1)
			if count++; count == 50+round*37 {
				_ = cmd.Process.Kill()
			}
		}
		_ = cmd.Wait()
		s := open(t, kv.Config{Dir: dir})
		for i := range acknowledged {
			if got, want := get(t, s, fmt.Sprintf("k%d", i)), fmt.Sprint(i); got != want {
				t.Fatalf("round %d: k%d is %q, want %q", round, i, got, want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged < 150 {
		t.Errorf("only %d writes in all", acknowledged)
	}
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, kv.Config{Dir: dir})
	run := evaluate(t, s)
	run(`env.KV.put("a", b"\x00\xff", metadata={"m": 1}, expiration_ttl=100); env.KV.put("gone", "x"); env.KV.delete("gone")`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	run = evaluate(t, open(t, kv.Config{Dir: dir}))
	const want = `[{"cacheStatus":null,"metadata":{"m":1},"value":"bytes:` + "\\u0000ÿ" + `"},[{"expiration":1893456100,"metadata":{"m":1},"name":"a"}]]`
	if got := run(`return env.KV.get_with_metadata("a", "bytes"), env.KV.list().keys`); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestExpiry(t *testing.T) {
	clock := now
	dir := t.TempDir()
	s := open(t, kv.Config{Dir: dir, Now: func() time.Time { return clock }})
	run := evaluate(t, s)
	run(`env.KV.put("ttl", "v", expiration_ttl=60); env.KV.put("at", "v", expiration=1893456120); env.KV.put("stays", "v")`)
	const look = `return env.KV.get(["ttl", "at", "stays"]), [k.name for k in env.KV.list().keys], env.KV.get("ttl")`
	for _, tt := range []struct {
		after time.Duration
		want  string
	}{
		{59 * time.Second, `[{"at":"v","stays":"v","ttl":"v"},["at","stays","ttl"],"v"]`},
		{60 * time.Second, `[{"at":"v","stays":"v","ttl":null},["at","stays"],null]`},
		{120 * time.Second, `[{"at":null,"stays":"v","ttl":null},["stays"],null]`},
	} {
		clock = now.Add(tt.after)
		if got := run(look); got != tt.want {
			t.Errorf("after %v: got %s, want %s", tt.after, got, tt.want)
		}
	}
}

// Two processes on one file see each other's writes.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, kv.Config{Dir: dir}), open(t, kv.Config{Dir: dir})
	for i := range 5 {
		key := fmt.Sprint("k", i)
		put(t, a, key, "a")
		if got := get(t, b, key); got != "a" {
			t.Fatalf("b reads %q after a's write", got)
		}
		put(t, b, key, "b")
		put(t, b, "other", key)
		put(t, a, "mine", key) // before a has seen what b wrote
		if got := get(t, a, key) + get(t, a, "other"); got != "b"+key {
			t.Fatalf("a reads %q after b's write", got)
		}
		if err := b.Remove(t.Context(), "KV", key); err != nil {
			t.Fatal(err)
		}
		if got := get(t, a, key); got != "" {
			t.Fatalf("a reads %q after b's delete", got)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		damage func(file []byte) []byte
		least  int // entries that must be saved, of 500
	}{
		{"no database", func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 4096) }, 0},
		{"torn in the middle", func(b []byte) []byte {
			clear(b[len(b)/2 : len(b)/2+3*4096])
			return b
		}, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, kv.Config{Dir: dir})
			for i := range 500 {
				put(t, s, fmt.Sprint("k", i), strings.Repeat("v", 500))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, "kv.sqlite")
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, tt.damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var notices []string
			s = open(t, kv.Config{Dir: dir, Notify: func(text string) { notices = append(notices, text) }})
			saved := 0
			for i := range 500 {
				if got := get(t, s, fmt.Sprint("k", i)); got == strings.Repeat("v", 500) {
					saved++
				} else if got != "" {
					t.Errorf("k%d is torn", i)
				}
			}
			if saved < tt.least {
				t.Errorf("%d entries were saved, want %d", saved, tt.least)
			}
			put(t, s, "new", "v")
			if len(notices) != 1 || !strings.Contains(notices[0], fmt.Sprintf("%d entries were taken over", saved)) {
				t.Errorf("%d saved, notices: %q", saved, notices)
			}
			if kept, _ := filepath.Glob(file + ".corrupt-*"); len(kept) == 0 {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestDiskFull(t *testing.T) {
	s := open(t, kv.Config{Dir: t.TempDir(), MaxBytes: 1 << 20})
	run := evaluate(t, s)
	got := run(`env.KV.put("small", "v"); env.KV.put("large", "x" * 2000000)`)
	if want := "KVError: KV PUT failed: 500 "; !strings.HasPrefix(got, want) || !strings.Contains(got, "full") {
		t.Errorf("got %q, want %q and that the disk is full", got, want)
	}
	if got := run(`return env.KV.get("small"), env.KV.get("large")`); got != `["v",null]` {
		t.Errorf("afterwards: %s", got)
	}
}

func TestRealRedis(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("secret")
	url := "redis://:secret@" + server.Addr()
	one := evaluate(t, open(t, kv.Config{URL: url, Project: "one"}))
	two := evaluate(t, open(t, kv.Config{URL: url, Project: "two"}))
	one(`env.KV.put("k", "v", metadata=[1], expiration_ttl=60)`)
	if got := one(`return env.KV.get_with_metadata("k").metadata, env.KV.list().keys[0].name`) + two(`return env.KV.get("k")`); got != `[[1],"k"]null` {
		t.Errorf("got %s", got)
	}
	if !strings.HasPrefix(server.Keys()[0], "pymode:{one/KV}:") {
		t.Errorf("keys: %q", server.Keys())
	}

	address := server.Addr()
	server.Close()
	got := one(`env.KV.get("k")`)
	if !strings.HasPrefix(got, "KVError: KV GET failed: 500 the Redis at "+address+" does not answer") || strings.Contains(got, "secret") {
		t.Errorf("without Redis: %s", got)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := one(`return env.KV.get("k")`); got != `"v"` {
		t.Errorf("after it came back: %s", got)
	}

	for _, bad := range []string{"localhost:6379", "http://x", "redis://:secret@host:port"} {
		if _, err := kv.New(kv.Config{URL: bad}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The imports of PyMode's own ABI, which Python calls through _pymode.
func TestABI(t *testing.T) {
	run := evaluate(t, open(t, kv.Config{}))
	for _, tt := range []struct{ name, code, want string }{
		{"put and get", `import _pymode; _pymode.kv_put("KV\0k".encode(), b"v"); return _pymode.kv_get("KV\0k".encode()), env.KV.get("k")`, `["bytes:v","v"]`},
		{"none", `import _pymode; return _pymode.kv_get("KV\0none".encode())`, "null"},
		{"delete", `import _pymode; _pymode.kv_delete("KV\0k".encode()); return _pymode.kv_get("KV\0k".encode())`, "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(tt.code); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// fill puts 100,000 entries.
func fill(b *testing.B, s *kv.Store) {
	b.Helper()
	for i := range 100 {
		var entries []string
		for j := range 1000 {
			entries = append(entries, fmt.Sprintf(`{"key": "user:%d", "length": 10}`, i*1000+j))
		}
		args := `{"binding": "KV", "entries": [` + strings.Join(entries, ",") + `]}`
		if _, _, err := op(b.Context(), s, "kv.put_multi", args, make([]byte, 10_000)); err != nil {
			b.Fatal(err)
		}
	}
}

// A page of a list, of many keys.
func BenchmarkList(b *testing.B) {
	s := open(b, kv.Config{})
	fill(b, s)
	for _, limit := range []string{"10", "1000"} {
		b.Run(limit, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := op(b.Context(), s, "kv.list", `{"binding": "KV", "prefix": "user:5", "limit": `+limit+`}`, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := open(b, kv.Config{Dir: dir})
	fill(b, s)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s := open(b, kv.Config{Dir: dir})
		if get(b, s, "user:99999") == "" {
			b.Fatal("not loaded")
		}
		b.StopTimer()
		_ = s.Close()
		b.StartTimer()
	}
}

// The time of one call through Python and back.
func BenchmarkCalls(b *testing.B) {
	run := evaluate(b, open(b, kv.Config{}))
	run(`env.KV.put_multi({f"k{i}": "v" * 100 for i in range(100)})`)
	for _, bench := range []struct{ name, code string }{
		{"get", `env.KV.get("k1")`},
		{"put", `env.KV.put("k1", "v")`},
		{"get_multi of 100", `env.KV.get_multi(names)`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			code := fmt.Sprintf(timed, bench.code)
			var p50 float64
			for b.Loop() {
				if _, err := fmt.Sscan(run(code), &p50); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(p50, "µs/call")
		})
	}
}

// timed gives the median time of 200 calls, in µs.
const timed = `
import time
names = [f"k{i}" for i in range(100)]
times = []
for _ in range(200):
    start = time.perf_counter()
    %s
    times.append(time.perf_counter() - start)
return sorted(times)[100] * 1e6`
