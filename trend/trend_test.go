package trend

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ask adds n requests of a route, with times around wall (ms), and returns what
// they made certain.
func ask(t *Tracker, generation, n int, path string, wall float64) []Rise {
	var rises []Rise
	for i := range n {
		jitter := 1 + 0.04*float64(i%5-2)
		rises = append(rises, t.Add(Sample{
			Method: "GET", Path: path, Status: 200, Generation: generation,
			Wall: int64(wall * 1000 * jitter), Memory: 22 << 20,
		})...)
	}
	return rises
}

func TestRise(t *testing.T) {
	var tracker Tracker
	if got := ask(&tracker, 13, 10, "/users/7", 3.1); got != nil {
		t.Errorf("nothing to compare with, and got %v", got)
	}
	if got := ask(&tracker, 14, 4, "/users/8", 9.8); got != nil {
		t.Errorf("four samples, and got %v", got)
	}
	want := []Rise{{Measure: Time, Route: "GET /users/*", Generation: 14, Before: 3_224, After: 9_408}} // of the first five
	if diff := cmp.Diff(want, ask(&tracker, 14, 6, "/users/8?x=1", 9.8)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := ask(&tracker, 15, 20, "/users/7", 9.5); got != nil {
		t.Errorf("it is known since generation 14, and got %v", got)
	}
	if worst, ok := tracker.Worst(Time); !ok || worst.Generation != 14 || worst.Before != 3_224 || worst.After != 9_500 {
		t.Errorf("worst: %v, %v", worst, ok)
	}
	ask(&tracker, 16, 5, "/users/7", 3.2)
	if worst, ok := tracker.Worst(Time); ok {
		t.Errorf("mended in generation 16, and still: %v", worst)
	}
}

// TestColdRequestsHideNothing: two of eight requests were slow after the first reload.
func TestColdRequestsHideNothing(t *testing.T) {
	var tracker Tracker
	ask(&tracker, 1, 2, "/", 40)
	ask(&tracker, 1, 6, "/", 3)
	ask(&tracker, 2, 2, "/", 60)
	if rises := ask(&tracker, 2, 6, "/", 9); len(rises) != 1 || rises[0].Generation != 2 {
		t.Errorf("got %v", rises)
	}
}

func TestWhatIsNoRise(t *testing.T) {
	for name, add := range map[string]func(*Tracker){
		"another route": func(t *Tracker) { ask(t, 1, 50, "/cheap", 1); ask(t, 2, 50, "/dear", 50) },
		"under 1 ms":    func(t *Tracker) { ask(t, 1, 50, "/", 0.3); ask(t, 2, 50, "/", 1.2) },
		"under half":    func(t *Tracker) { ask(t, 1, 50, "/", 100); ask(t, 2, 50, "/", 140) },
		"faster":        func(t *Tracker) { ask(t, 1, 50, "/", 9); ask(t, 2, 50, "/", 3) },
		"slow at first": func(t *Tracker) { ask(t, 1, 50, "/", 3); ask(t, 2, 2, "/", 90); ask(t, 2, 5, "/", 3) },
		"errors": func(t *Tracker) {
			ask(t, 1, 50, "/", 3)
			for range 50 {
				t.Add(Sample{Method: "GET", Path: "/", Status: 500, Generation: 2, Wall: 90_000})
			}
		},
		"middles that overlap": func(t *Tracker) {
			for i := range 40 {
				t.Add(Sample{Method: "GET", Path: "/", Status: 200, Generation: 1, Wall: []int64{1_000, 1_000, 9_000}[i%3]})
				t.Add(Sample{Method: "GET", Path: "/", Status: 200, Generation: 2, Wall: []int64{1_000, 5_000, 9_000}[i%3]})
			}
		},
	} {
		var tracker Tracker
		add(&tracker)
		if rise, ok := tracker.Worst(Time); ok {
			t.Errorf("%s: %v", name, rise)
		}
	}
}

func TestMemory(t *testing.T) {
	var tracker Tracker
	for i := range 12 {
		tracker.Add(Sample{Method: "GET", Path: "/", Status: 200, Generation: 1 + i/6, Wall: 1, Memory: int64(20+20*(i/6)) << 20})
	}
	if rise, ok := tracker.Worst(Memory); !ok || rise.After != 40<<20 {
		t.Errorf("%v, %v", rise, ok)
	}
}

// TestNoiseRaisesNoAlarm reloads a worker of unchanged speed a thousand times, on a
// machine as noisy as a laptop under load.
func TestNoiseRaisesNoAlarm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2)) // the same each time
	var tracker Tracker
	alarms := 0
	for generation := 1; generation <= 1000; generation++ {
		for range 5 + rng.IntN(10) {
			wall := 3_000 * (1 + rng.ExpFloat64()*0.3)
			if rng.IntN(20) == 0 {
				wall *= 4
			}
			alarms += len(tracker.Add(Sample{Method: "GET", Path: "/", Status: 200, Generation: generation, Wall: int64(wall)}))
		}
	}
	if alarms > 2 {
		t.Errorf("%d alarms in 1000 generations that changed nothing", alarms)
	}
}

func TestStaysBounded(t *testing.T) {
	var tracker Tracker
	for i := range 2_000 {
		ask(&tracker, 1+i/10, 1, "/page-"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)), 1)
	}
	if len(tracker.routes) > keptRoutes || len(tracker.order) != len(tracker.routes) {
		t.Errorf("%d routes are kept", len(tracker.routes))
	}
	ask(&tracker, 1, 5, "/late", 1)
	for i := range 50 {
		ask(&tracker, 300+i, 200, "/late", 1)
	}
	for _, r := range tracker.routes {
		if len(r.periods) > keptPeriods {
			t.Errorf("%d periods are kept", len(r.periods))
		}
		for _, p := range r.periods {
			if len(p.samples[Time]) > keptSamples {
				t.Errorf("%d samples are kept", len(p.samples[Time]))
			}
		}
	}
}

func TestText(t *testing.T) {
	for want, rise := range map[string]Rise{
		"GET /users/*: p50 3.1 → 9.8 ms since generation 14": {Time, "GET /users/*", 14, 3_100, 9_800},
		"GET /: p50 0.9 → 212 ms since generation 2":         {Time, "GET /", 2, 900, 212_300},
		"POST /: memory p50 22 → 42 MB since generation 3":   {Memory, "POST /", 3, 22 << 20, 83 << 19},
		"GET /slow: p50 2.00 → 12.50 s since generation 4":   {Time, "GET /slow", 4, 2_000_000, 12_500_000},
		"GET /slower: p50 800 → 12500 ms since generation 5": {Time, "GET /slower", 5, 800_000, 12_500_000},
	} {
		if got := rise.Text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRoute(t *testing.T) {
	for path, want := range map[string]string{
		"/":                         "GET /",
		"/users/7?page=2":           "GET /users/*",
		"/v2/users":                 "GET /v2/users",
		"/o/2024-11-25/items":       "GET /o/*/items",
		"/f/0a1b2c3d-44aa-4f5e-bb0": "GET /f/*",
		"/file/app.1234567890ab.js": "GET /file/app.1234567890ab.js",
		"/a-page-without-numbers":   "GET /a-page-without-numbers",
	} {
		if got := Route("GET", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
