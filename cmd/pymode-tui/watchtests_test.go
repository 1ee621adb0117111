package main

import (
	"strings"
	"testing"
	"time"
)

const savedHello = `pymode exchange 1
== request ==
GET http://localhost/hello
== response ==
200
Content-Type: text/plain; charset=utf-8
== response body ==
hello
== end ==
`

// Saved requests with an answer are sent again after each save.
func TestSavedRequestsAreTests(t *testing.T) {
	other := strings.ReplaceAll(savedHello, "hello", "other")
	r := start(t, map[string]string{
		"entry.py":                "def on_fetch(request, env):\n    return request.path[1:]\n",
		"requests/hello.exchange": savedHello,
		"requests/other.exchange": other,
		"requests/bare.exchange":  "pymode exchange 1\n== request ==\nGET http://localhost/bare\n== end ==\n",
	}, false)
	r.expect(200, "")
	if strings.Contains(r.out.String(), "saved requests") {
		t.Errorf("sent before anything was saved:\n%s", r.out.String())
	}

	r.write("entry.py", "def on_fetch(request, env):\n    if request.path == '/hello':\n        print('asked')\n    return 'other'\n")
	r.eventually(": 1 same · 1 differs")
	r.eventually("different " + r.file("requests/hello.exchange") + "  GET http://localhost/hello")
	for _, text := range []string{"-hello", "+other", "+info: asked", "GET http://localhost/hello 200"} {
		if !strings.Contains(r.out.String(), text) {
			t.Errorf("no %q in\n%s", text, r.out.String())
		}
	}
	if strings.Contains(r.out.String(), "localhost/bare") {
		t.Errorf("a request without an answer is a test:\n%s", r.out.String())
	}

	// A saved file that changes is tested without an import.
	generation := r.workers[0].worker.Load().State().Generation
	r.write("entry.py", "def on_fetch(request, env):\n    return 'other'\n")
	r.eventually("saved requests in")
	r.until(func() bool { return strings.Count(r.out.String(), ": 1 same · 1 differs") == 2 })
	r.write("requests/hello.exchange", strings.ReplaceAll(savedHello, "\nhello\n", "\nother\n"))
	r.eventually(": 2 same\n")
	if now := r.workers[0].worker.Load().State().Generation; now != generation+1 {
		t.Errorf("generation %d after %d: a saved request is no code", now, generation)
	}

	// What is no request is told, and off is off.
	r.write("requests/hello.exchange", "nonsense")
	r.eventually("hello.exchange: line 1: want")
	r.Watch(false)
	before := strings.Count(r.out.String(), "saved requests")
	r.write("requests/hello.exchange", savedHello)
	time.Sleep(time.Second) // longer than the watcher waits for a change to end
	if strings.Count(r.out.String(), "saved requests") != before {
		t.Error("sent although it is off")
	}
}

// One that was recorded is answered from its recording, and changes nothing.
func TestRecordedTestsChangeNothing(t *testing.T) {
	r := start(t, map[string]string{
		"pyproject.toml": "[tool.pymode]\nmain = \"entry.py\"\n[tool.pymode.kv_namespaces]\nCACHE = \"cache\"\n",
		"entry.py": "import time\nasync def on_fetch(request, env):\n    n = int(await env.CACHE.get('n') or 0) + 1\n" +
			"    await env.CACHE.put('n', str(n))\n    return f'{n} {time.time()}'\n",
	}, true)
	_, first := r.get("/count")
	v := r.workers[0]
	result := r.captured(1)[0].Result
	for id := range v.sent.at {
		result.ID = id
	}
	if _, err := r.Save(t.Context(), v.project.Name, r.captured(1)[0].Request, result); err != nil {
		t.Fatal(err)
	}
	r.eventually(`"event":"tests"`)
	r.eventually(`"running":false,"total":1,"same":1,"different":0`)
	r.eventually(`"verdict":"same","details":[]`)
	if _, second := r.get("/count"); !strings.HasPrefix(first, "1 ") || !strings.HasPrefix(second, "2 ") {
		t.Errorf("answers %s and %s: the test has counted", first, second)
	}
	shown := func() int { return strings.Count(r.out.String(), `"event":"request",`) }
	r.until(func() bool { return shown() >= 2 })
	if shown() != 2 {
		t.Errorf("%d requests are shown: a test that is the same is none of them", shown())
	}
}
