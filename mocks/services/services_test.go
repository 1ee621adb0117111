package services_test

import (
	"fmt"
	"strings"
	"testing"

	"pymode-tui/mocks"
	"pymode-tui/mocks/services"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// town starts workers that know each other; each has a service binding of the
// name of each worker, in capitals.
func town(t *testing.T, entries map[string]string) map[string]*runtime.Worker {
	t.Helper()
	workers := map[string]*runtime.Worker{}
	set := mocks.New(nil, services.New(func(name string) (services.Worker, []string) {
		if w, ok := workers[name]; ok {
			return w, nil
		}
		return nil, []string{"a", "b"}
	}))
	for name, entry := range entries {
		workers[name] = runtimetest.Worker(t, entry, func(c *runtime.Config) {
			c.Name, c.Bindings = name, set
			c.Env["NOWHERE"] = runtime.Binding{Kind: "service", Target: "nowhere"}
			for other := range entries {
				c.Env[strings.ToUpper(other)] = runtime.Binding{Kind: "service", Target: other}
			}
		})
	}
	return workers
}

const compute = `
def on_fetch(request, env):
    from pymode.workers import Response
    headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-From", request.headers.get("x-test") or "")]
    return Response(request.bytes()[::-1] + request.path.encode(), 201, headers)
`

func TestFetch(t *testing.T) {
	workers := town(t, map[string]string{"compute": compute, "handler": `
from pymode.workers import Request
async def on_fetch(request, env):
    r = await env.COMPUTE.fetch("http://compute/path?q=1", method="POST", headers={"X-Test": "t"}, body=b"\x00\xff")
    again = env.COMPUTE.fetch(Request("/r", method="PUT", body="ab"))
    return [r.status, r.headers.get_all("set-cookie"), r.headers.get("x-from"), list(r.bytes()), again.text()]
`})
	result := runtimetest.Get(t, workers["handler"], "/")
	if got, want := string(result.Body), `[201, ["a=1", "b=2"], "t", [255, 0, 47, 112, 97, 116, 104], "ba/r"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	call := result.Calls[0]
	if got, want := fmt.Sprint(call.Op, call.Binding, call.Detail, call.BytesOut > 0), "service.fetchCOMPUTEPOST http://compute/path?q=1 → compute  201true"; got != want {
		t.Errorf("call %q, want %q", got, want)
	}
	if result.Metrics.CPU > result.Metrics.Wall-result.Metrics.Host+1000 {
		t.Errorf("the callee's time counts as the caller's: %+v", result.Metrics)
	}
}

func TestRefusals(t *testing.T) {
	const ask = "def on_fetch(request, env):\n    try:\n        return env.%s.fetch('http://x/').text()\n    except Exception as e:\n        return f'{type(e).__name__}: {e}'\n"
	workers := town(t, map[string]string{
		"a": fmt.Sprintf(ask, "B"), "b": fmt.Sprintf(ask, "A"), "c": fmt.Sprintf(ask, "C"), "d": fmt.Sprintf(ask, "NOWHERE"),
		"e": fmt.Sprintf(ask, "F"), "f": "def on_fetch(request, env):\n    return 1 / 0",
	})
	for _, tt := range []struct{ worker, want string }{
		{"a", "ServiceError: the workers call each other in a circle: a → b → a"},
		{"c", "ServiceError: the workers call each other in a circle: c → c"},
		{"d", `ServiceError: no worker named "nowhere" is running here (there is a, b): give its directory on the command line beside this one's`},
	} {
		if got := string(runtimetest.Get(t, workers[tt.worker], "/").Body); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.worker, got, tt.want)
		}
	}
	if got := string(runtimetest.Get(t, workers["e"], "/").Body); !strings.Contains(got, "ZeroDivisionError") {
		t.Errorf("a worker that fails answers %q", got)
	}
}

func TestDepth(t *testing.T) {
	entries := map[string]string{}
	for i := range services.MaxDepth + 2 {
		entries[fmt.Sprintf("w%d", i)] = fmt.Sprintf("def on_fetch(request, env):\n    try:\n        return env.W%d.fetch('http://x/').text()\n    except Exception as e:\n        return str(e)[:40]\n", i+1)
	}
	if got, want := string(runtimetest.Get(t, town(t, entries)["w0"], "/").Body), "more than 16 workers wait for one another"; !strings.HasPrefix(want, got) || got == "" {
		t.Errorf("got %q, want the start of %q", got, want)
	}
}

// The events of the inner request name the outer one.
func TestParent(t *testing.T) {
	events := make(chan runtime.Event, 100)
	outer := runtimetest.Worker(t, "def on_fetch(request, env):\n    return env.COMPUTE.fetch('http://x/').text()", func(c *runtime.Config) {
		c.Name = "outer"
		c.Env["COMPUTE"] = runtime.Binding{Kind: "service", Target: "inner"}
		inner := runtimetest.Worker(t, compute, func(c *runtime.Config) {
			c.Name = "inner"
			c.Observe = func(e runtime.Event) { events <- e }
		})
		c.Bindings = mocks.New(nil, services.New(func(string) (services.Worker, []string) { return inner, nil }))
	})
	id := runtimetest.Get(t, outer, "/").ID
	for e := range events {
		if done, ok := e.(runtime.RequestDone); ok {
			if p := done.Request.Parent; p == nil || p.Worker != "outer" || p.ID != id {
				t.Errorf("parent %+v, want outer %s", p, id)
			}
			return
		}
	}
}
