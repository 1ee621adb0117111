package packages

import (
	"math"
	"os"
	"testing"
	"time"

	"pymode-tui/runtime/cpython"

	"github.com/google/go-cmp/cmp"
)

func TestCountedBy(t *testing.T) {
	for line, want := range map[string]float64{
		"[1/2] Compiling C object x.o": 0.475,
		"[12/12] x.c":                  0.95,
		"    Building [====>         ] 30/60: pyo3, serde": 0.3,
		"   Compiling serde v1.0.0":                        -1,
		"[3/2] more than there are":                        -1,
		"[0/0] ":                                           -1,
		"x [1/2] y":                                        -1,
		"[99999999999999999999/2] x":                       -1,
		"":                                                 -1,
	} {
		got, ok := countedBy(line)
		if !ok {
			got = -1
		}
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

// clocked is a meter with a clock that a test moves, and the last of its reports.
func clocked(jobs int) (m *meter, last *cpython.Progress, pass func(time.Duration)) {
	last = &cpython.Progress{}
	m = newMeter(func(p cpython.Progress) { *last = p }, jobs)
	now := time.Unix(1_800_000_000, 0)
	m.now = func() time.Time { return now }
	return m, last, func(d time.Duration) {
		now = now.Add(d)
		m.line("")
	}
}

// TestMeterByTheClock tells how long builds take of which it is remembered.
func TestMeterByTheClock(t *testing.T) {
	m, last, pass := clocked(2)
	long, short := m.add("build long", 100*time.Second, true), m.add("build short", 60*time.Second, true)
	long.begin()
	short.begin()
	check := func(step string, percent float64, left time.Duration) {
		t.Helper()
		if last.Step != step || int(last.Percent) != int(percent) || last.Remaining != left || last.Steps != 2 {
			t.Errorf("got %+v, want %s, %v %%, %s", *last, step, percent, left)
		}
	}
	check("build short", 0, 100*time.Second)
	pass(30 * time.Second)
	check("build short", 37.5, 70*time.Second) // 60 of 160; the long one decides
	short.end()
	check("build long", 56.25, 70*time.Second)
	pass(65 * time.Second)
	check("build long", 94.1, 5*time.Second)
	pass(1000 * time.Second) // later than ever: nearly done, and never done
	if last.Percent < 98 || last.Percent >= 100 || last.Remaining != 5*time.Second {
		t.Errorf("got %+v", *last)
	}
	long.end()
	check("build long", 100, 0)
}

// TestMeterByCounts follows what a build says where nothing is remembered.
func TestMeterByCounts(t *testing.T) {
	m, last, pass := clocked(1)
	g := m.add("build new", 20*time.Second, false)
	g.begin()
	pass(60 * time.Second)
	g.line("[20/100] x.c")
	if int(last.Percent) != 50 { // by the clock, before anything was counted: it does not go back
		t.Errorf("got %+v", *last)
	}
	// 19 % in 60 s: four minutes more.
	if last.Remaining < 90*time.Second || last.Remaining > 256*time.Second {
		t.Errorf("got %+v", *last)
	}
	g.line("[50/100] y.c")
	g.line("[49/100] z.c") // another ninja, of a part
	if g.counted != 0.475 || last.Line != "[49/100] z.c" {
		t.Errorf("counted %v, got %+v", g.counted, *last)
	}
}

func TestDurations(t *testing.T) {
	c := cache{t.TempDir()}
	s := &syncer{recipes: map[string]*recipe{"numpy": {Minutes: 4}}, durations: c.durations}
	check := func(name, want string) {
		t.Helper()
		if got := s.buildTitle(Package{Name: name, Version: "1"}); got != "build "+name+" 1"+want {
			t.Errorf("got %q, want %q behind it", got, want)
		}
	}
	check("numpy", ", about 4 min")
	check("new", "")
	for name, took := range map[string]time.Duration{"numpy": 187 * time.Second, "new": 31_400 * time.Millisecond, "quick": 700 * time.Millisecond} {
		if err := c.remember(name, took); err != nil {
			t.Fatal(err)
		}
	}
	check("numpy", ", about 3 min")
	check("new", ", about 30 s")
	check("quick", ", about 5 s")
	for _, damaged := range []string{"{", `{"numpy": -1}`, `{"numpy": 1e99}`, `{"numpy": "x"}`} {
		if err := os.WriteFile(c.durationsFile(), []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		check("numpy", ", about 4 min")
	}
}

// TestTailSplitsAtCarriageReturns: cargo draws its count over and over, which is
// shown and not kept.
func TestTailSplitsAtCarriageReturns(t *testing.T) {
	var shown []string
	output := &tail{line: func(line string) { shown = append(shown, line) }}
	for _, part := range []string{"   Compi", "ling a\n    Building [=>  ] 1/3: a\r", "    Building [==> ] 2/3: b\r\n", "warning: w\r\nend"} {
		if _, err := output.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	output.flush()
	if diff := cmp.Diff([]string{"   Compiling a", "warning: w", "end"}, output.lines); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if len(shown) != 5 {
		t.Errorf("shown: %q", shown)
	}
}
