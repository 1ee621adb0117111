package tui

import (
	"testing"

	"pymode-tui/runtime"
)

func TestCallsStandUnderTheirRequest(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Calls().Title("Host calls", "follow").Last(
		"── GET /users/7 ──────────────────────",
		"kv.get    user:7 hit            0.2 ms",
		"d1.all    SELECT * FROM orders… 0.6 ms",
		"http.fetch https://example.org… 1.2 ms",
		"  connection refused",
	)
}

func TestCallsNarrowToARequest(t *testing.T) {
	c := newConsole(t).Events(story()...)
	c.Requests().Focus().Press("j") // the second request calls nothing
	c.Calls().Lines("this request called nothing")
	c.Requests().Press("k")
	c.Calls().Title("3 in 0.4 ms").First("kv.get    user:7 hit            0.2 ms")
	c.Press("esc")
	c.Calls().Title("Host calls ")
}

func TestCallsFollowAndClear(t *testing.T) {
	c := newConsole(t).Events(story()...)
	calls := c.Calls().Focus().Press("k", "k").Title("paused")
	c.Events(runtime.Called{Worker: testWorker, At: epoch, Call: runtime.Call{Op: "kv.get", Detail: "at import", Duration: 100}})
	calls.Title("1 new").Press("f").Title("follow").Last("kv.get    at import             0.1 ms")
	calls.Press("c").Lines("no host calls yet")
	c.Logs().Contains("loaded user 7") // the logs stay
}

func TestModulesAreCalls(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(runtime.Loaded{
		Worker: testWorker, At: epoch, Module: runtime.Module{Path: "markupsafe/_speedups.wasm", Bytes: 2_867, Duration: 1_400},
	})
	c.Calls().Contains("import", "dl.open", "markupsafe/_speedups.wasm", "1.4 ms")
}
