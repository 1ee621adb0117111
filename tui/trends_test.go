package tui

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

// costs is a request of a generation that took so many µs and bytes.
func costs(generation int, wall, memory int64) func(*runtime.Request, *runtime.Result) {
	return func(_ *runtime.Request, r *runtime.Result) {
		r.Generation, r.Metrics.Wall, r.Metrics.MemoryPeak = generation, wall, memory
	}
}

func TestGenerationsAreSetApart(t *testing.T) {
	var columns []sample
	for i, generation := range []int{1, 1, 1, 2, 2, 3} {
		columns = append(columns, sample{share: float64(generation) / 3, first: i == 0 || i == 3 || i == 5})
	}
	for w, want := range map[int]string{10: "▃▃▃│▆▆│█", 8: "▃▃▃│▆▆│█", 5: "▆▆│█", 4: "▆▆│█", 2: "█", 0: ""} {
		var got strings.Builder
		for _, s := range sparkline(columns, 1, w) {
			got.WriteString(s.text)
		}
		if got.String() != want {
			t.Errorf("%d columns: %q, want %q", w, got.String(), want)
		}
	}
}

func TestRegressionIsSeenAsItHappens(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(ready(13)...)
	for i := range 8 {
		c.Events(request(i, "GET", "/users/7", costs(13, 3_100, 22<<20))...)
	}
	c.Screen("┬ Time ", "p50 3.1 ms · p95 3.1 ms", "at most 3.1 ms")
	c.Events(ready(14, "src/users.py")...)
	for i := range 4 {
		c.Events(request(100+i, "GET", "/users/8", costs(14, 9_800, 40<<20))...)
	}
	if strings.Contains(strings.Join(c.Rows(), ""), "▲") {
		t.Error("four requests are enough for an alarm")
	}
	c.Events(request(104, "GET", "/users/9", costs(14, 9_800, 40<<20))...)
	c.Status("gen 14 · ready · ▲ p50 3.1 → 9.8 ms since gen 14")
	c.Screen("▃▃▃▃▃▃▃▃│█████", "│ ▲ p50 3.1 → 9.8 ms         │")
	c.Press("esc").Logs().Contains("note  ▲ GET /users/*: p50 3.1 → 9.8 ms since", "memory p50 22 → 40 MB")
	c.Resize(80, 24).Status("▲ p50 3.1 → 9.8 ms since gen 14", ":8787")
	c.Resize(80, 30).Screen("├ Time ", "▲ p50 3.1 → 9.8 ms", "┬ Memory ")
	c.Resize(160, 40).Screen("▲ memory p50 22 → 40 MB ", "│ ▲ p50 3.1 → 9.8 ms since gen 14     │")

	c.Events(ready(15, "src/users.py")...)
	for i := range 8 {
		c.Events(request(200+i, "GET", "/users/7", costs(15, 3_000, 22<<20))...)
	}
	if strings.Contains(strings.Join(c.Rows()[:1], ""), "▲") {
		t.Errorf("it was mended: %s", c.Rows()[0])
	}
}

// TestTheP95IsNotBelowTheMedian of few requests.
func TestTheP95IsNotBelowTheMedian(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(ready(1)...)
	for i, want := range []string{"p50 2.0 ms · p95 2.0 ms", "p50 9.0 ms · p95 9.0 ms", "p50 3.0 ms · p95 9.0 ms"} {
		c.Events(request(i, "GET", "/", costs(1, []int64{2_000, 9_000, 3_000}[i], 22<<20))...).Screen(want)
	}
}
