package examples_test

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// TestCompute builds numpy, where no test or user did before, and computes.
func TestCompute(t *testing.T) {
	site, _ := install(t, "compute")
	computes(t, example(t, "compute", func(c *runtime.Config) { c.SitePackages = site }))
}

// TestComputeDeployed computes in the deployable binary, where numpy's modules are
// loaded by each other.
func TestComputeDeployed(t *testing.T) {
	site, _ := install(t, "compute")
	w := runtimetest.WorkerIn(t, runtimetest.EngineOf(t, runtimetest.Deployable(t)),
		runtime.Config{Name: "compute", Dir: "compute", Module: "entry", Path: []string{"src"}, SitePackages: site})
	computes(t, w)
}

// computes asks the example for all that it can do.
func computes(t *testing.T, w *runtime.Worker) {
	t.Helper()
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/multiply", `{"a": [[1, 2], [3, 4]], "b": [[0, 1], [1, 0]]}`, 200, `{"product": [[2.0, 1.0], [4.0, 3.0]]}`},
		{"POST", "/multiply", `{"a": [[1, 2]], "b": [[1, 2]]}`, 422, "mismatch"},
		{"POST", "/multiply", `{"a": [1], "b": [[1]]}`, 422, "a is no matrix"},
		{"POST", "/multiply", `{"a": "x"}`, 422, "could not convert string to float"},
		{"POST", "/solve", `{"a": [[2, 0], [0, 4]], "b": [[1], [1]]}`, 200, `{"solution": [[0.5], [0.25]]}`},
		{"POST", "/solve", `{"a": [[1, 1], [1, 1]], "b": [[1], [2]]}`, 422, "Singular matrix"},
		{"GET", "/random?n=200", "", 200, `{"n": 200, "trace": 200.0, "one": true}`},
		{"GET", "/primes?n=1000000", "", 200, `{"primes": 78498}`},
	} {
		r := w.Do(t.Context(), &runtime.Request{Method: c.method, URL: "http://localhost" + c.path, Body: []byte(c.body)})
		if r.Status != c.status || !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.path, c.body, r.Status, r.Body, c.status, c.want)
		}
		if limit := int64(60 << 20); r.Metrics.Memory > limit {
			t.Errorf("%s took %d bytes of memory, want at most %d", c.path, r.Metrics.Memory, limit)
		}
	}
}
