package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		full   float64
		w      int
		want   string
	}{
		{nil, 1, 5, ""},
		{[]float64{0, 0.13, 0.5, 0.99, 1, 7}, 1, 10, "▁▂▅███"},
		{[]float64{0.1, 0.2, 0.4}, 0.4, 10, "▃▅█"},
		{[]float64{0.1, 0.2, 0.4}, 0.4, 2, "▅█"}, // the newest
		{[]float64{0, 0}, 0, 10, "▁▁"},
		{[]float64{-1, 1}, 1, 0, ""},
	} {
		var got strings.Builder
		var columns []sample
		for _, share := range c.shares {
			columns = append(columns, sample{share: share})
		}
		for _, s := range sparkline(columns, c.full, c.w) {
			got.WriteString(s.text)
		}
		if got.String() != c.want {
			t.Errorf("%v of %v in %d: %q, want %q", c.shares, c.full, c.w, got.String(), c.want)
		}
	}
	for share, want := range map[float64]role{0.79: gauge, 0.8: caution, 0.99: caution, 1: bad} {
		if got := budgetRole(share); got != want {
			t.Errorf("a share of %v has the role %d, want %d", share, got, want)
		}
	}
}

func TestBudgetsNeedAHighScreen(t *testing.T) {
	c := newConsole(t).Resize(160, 30).Events(story()...)
	c.Screen("├ Imports 4 ", " 19.2 ms of 1 s ─┬ Time ", "┼ Memory ", "─┬ CPU ", "last 6", "at most 23 of 128 MB", "markupsafe._speedu…")
	for _, size := range [][2]int{{120, 29}, {79, 40}, {80, 24}} {
		c.Resize(size[0], size[1])
		for _, row := range c.Rows() {
			if strings.Contains(row, "Memory") || strings.Contains(row, "Imports") {
				t.Errorf("%v: %q", size, row)
			}
		}
	}
}

func TestStoppedRequestNamesItsLine(t *testing.T) {
	c := newConsole(t).Resize(200, 40).Events(story()...)
	c.Events(request(7, "GET", "/loop", exceeds(runtime.FailureCPU))...).Screen("stopped at src/entry.py:7  while True: pass")
	c.Events(request(8, "GET", "/", answers(200, "text/plain", "ok"))...).Screen("at most 30.0 s of 30 s")
	// One whose last wish was refused as a whole used up its memory as well.
	c.Events(request(9, "GET", "/large", exceeds(runtime.FailureMemory), func(_ *runtime.Request, r *runtime.Result) {
		r.Metrics.MemoryPeak, r.Metrics.CPU = 40<<20, 1000
	})...).Screen("▂▂▂▂▂│▂│█▂█", "stopped at src/entry.py:7")
	c.Press("esc").Events(request(10, "GET", "/", answers(200, "text/plain", "ok"))...).Screen("at most 128 of 128 MB")
}

func TestHistoryIsOfOneWorker(t *testing.T) {
	c := newConsole(t, func(o *Options) { o.Workers = append(o.Workers, WorkerInfo{Name: "other"}) }).Resize(120, 40)
	for i := range 120 {
		c.Events(request(i, "GET", fmt.Sprint("/", i))...)
	}
	c.Screen("last 100")
	w := c.model.session.worker("other")
	if n := len(c.model.session.history(w)); n != 0 {
		t.Errorf("%d requests of a worker that had none", n)
	}
	if all := c.model.session.history(c.model.session.worker(testWorker)); all[0].id != "20" || all[99].id != "119" {
		t.Errorf("the history is from %s to %s", all[0].id, all[99].id)
	}
}

func TestReloadSaysWhatItCost(t *testing.T) {
	c := newConsole(t).Events(ready(1)...).Events(ready(2, "a.py")...)
	c.Press("3", "z").Screen("generation 1 · CPU 19.2 ms", "generation 2: a.py · CPU 19.2 ms")
	c.Press("z").Resize(120, 40).Events(runtime.StateChanged{Worker: testWorker, State: runtime.StateImporting, Generation: 3})
	c.Events(runtime.StateChanged{Worker: testWorker, State: runtime.StateReady, Generation: 3, CPU: 850_000}).Screen("850 ms of 1 s !")
}

// The gauges show the limits that a worker has, which its configuration may change.
func TestGaugesFollowTheWorkersLimits(t *testing.T) {
	c := newConsole(t).Resize(120, 40)
	c.Events(runtime.StateChanged{
		Worker: testWorker, State: runtime.StateReady, Generation: 3,
		Limits: runtime.Limits{Memory: 64 << 20, CPU: 300_000_000},
	})
	c.Events(request(7, "GET", "/")...).Screen("23 of 64 MB", "2.2 ms of 300 s")
}

// TestBudgetsHaveAPane of their own, also where the strip has no room, and a click on
// the strip leads to it.
func TestBudgetsHaveAPane(t *testing.T) {
	c := newConsole(t).Events(story()...).Events(request(7, "GET", "/loop", exceeds(runtime.FailureCPU))...)
	c.Press("6").Screen("[Budgets]", "last 7 requests", "p50 3.1 ms", "128 of 128 MB", "30.0 s of 30 s", "stopped at src/entry.py:7", "4 imported · 19.2 ms of 1 s CPU")
	c.Press("G").Screen("markupsafe ", "0.4 ms")
	c.Resize(120, 40).Press("1").Click(60, 36).Screen("[Budgets]")
	newConsole(t).Press("6").Screen("no requests yet", "0 imported")
}

func TestChart(t *testing.T) {
	columns := []sample{{share: 0.5}, {share: 1, first: true}, {share: 0}}
	var rows []string
	for _, l := range chart(columns, 1, 6, 2) {
		text := ""
		for _, s := range l {
			text += s.text
		}
		rows = append(rows, text)
	}
	if want := []string{"  ██  ", "████▁▁"}; !slices.Equal(rows, want) {
		t.Errorf("%q, want %q", rows, want)
	}
}
