package tui

import (
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

func TestStatusLineIsATestRunners(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(ready(1)...).Events(request(1, "GET", "/pinned")...).Press("p").Events(ready(2, "src/users.py")...)
	run := traffic.TestRun{Worker: testWorker, Generation: 2, Running: true, Total: 8}
	c.Events(run).Status("gen 2 · ready · testing 8 ")

	of := func(generation int) func(*runtime.Request, *runtime.Result) {
		return func(_ *runtime.Request, r *runtime.Result) { r.Generation = generation }
	}
	c.Events(request(2, "GET", "/pinned", of(2))...).Status("gen 2 · ready · testing 8 · 1 same ")
	run.Running, run.Same = false, 8
	c.Events(run).Status("gen 2 · ready · 9 same ")

	// One differs: its request is shown, against what was saved.
	c.Events(request(3, "GET", "/users/7", of(2), answers(200, "application/json", `{"id":7,"name":"Grace"}`))...)
	want := &runtime.Result{Status: 200, Headers: []runtime.Header{{"Content-Type", "application/json"}}, Body: []byte(`{"id":7,"name":"Ada"}`)}
	c.Events(traffic.Tested{Worker: testWorker, ID: "3", File: "requests/get-users-7.exchange", Verdict: traffic.Different, Want: want})
	run.Same, run.Different = 7, 1
	c.Events(run).Status("gen 2 · ready · 8 same · 1 differs ")
	c.Press("1", "g").Requests().Contains("≠  2 GET /users/7")
	c.Press("d").Detail().Contains("requests/get-users-7.exchange → generation 2", `-  "name": "Ada"`, `+  "name": "Grace"`)
	run.Same, run.Different = 6, 2
	c.Events(run).Status("7 same · 2 differ ")

	// Sent again by hand, the pinned one is compared with nothing, and still counts.
	c.Events(request(4, "GET", "/pinned", of(2))...).Status("7 same · 2 differ ")

	c.Press("a").Press("a")
	if w := c.backend.watched; len(w) != 2 || w[0] || !w[1] {
		t.Errorf("watched %v", w)
	}
}

// A request that was forgotten, or of which nothing is known, is no reason to fail.
func TestTestedRequestThatIsGone(t *testing.T) {
	c := newConsole(t).Events(ready(1)...)
	c.Events(traffic.Tested{Worker: testWorker, ID: "9", Verdict: traffic.Different}, traffic.Tested{Worker: "other", Verdict: traffic.Failed})
	c.Requests().Lines("no requests yet")
}

// The sign has a column also where nothing is pinned.
func TestTestedRequestHasASign(t *testing.T) {
	c := newConsole(t).Events(ready(1)...).Events(request(1, "GET", "/a")...)
	c.Events(traffic.Tested{Worker: testWorker, ID: "1", File: "requests/a.exchange", Verdict: traffic.Different, Want: &runtime.Result{Status: 404}})
	c.Requests().Contains("≠  1 GET /a")
}

// Those that were not the same come first.
func TestPinsThatDifferComeFirst(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(ready(1)...)
	c.Events(request(1, "GET", "/a")...).Press("p").Events(request(2, "GET", "/b")...).Press("p").Events(ready(2)...)
	c.Events(request(3, "GET", "/b", answers(500, "text/plain", "no"), func(_ *runtime.Request, r *runtime.Result) { r.Generation = 2 })...)
	c.Status("1 differs").Events(ready(3)...)
	if sent := c.backend.done; len(sent) != 4 || sent[2].URL != "http://127.0.0.1:8787/b" {
		t.Errorf("sent %+v", sent)
	}
}
