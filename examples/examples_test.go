// Package examples_test runs the examples that need more than a request.
package examples_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/gateway"
	"pymode-tui/mocks"
	"pymode-tui/mocks/workflows"
	"pymode-tui/packages"
	"pymode-tui/project"
	"pymode-tui/runtime"
	"pymode-tui/runtime/cpython"
	"pymode-tui/runtime/runtimetest"

	"github.com/google/go-cmp/cmp"
)

func example(t *testing.T, dir string, change func(*runtime.Config)) *runtime.Worker {
	t.Helper()
	return runtimetest.WorkerOf(t, dir, func(c *runtime.Config) {
		c.Path = []string{"src"}
		change(c)
	})
}

// install builds and installs an example's packages, as its lock file has them.
func install(t *testing.T, dir string) (site string, p *project.Project) {
	t.Helper()
	built, err := cpython.Build(t.Context(), cpython.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = project.Load(dir); err != nil {
		t.Fatal(err)
	}
	site = filepath.Join(t.TempDir(), "site-packages")
	_, err = packages.Sync(t.Context(), packages.Options{
		Dependencies: p.Dependencies, Lock: filepath.Join(dir, packages.LockFile), Site: site, Runtime: built, Frozen: true,
		Building: func(names []string) { t.Logf("building %s", strings.Join(names, "; ")) },
	})
	if err != nil {
		t.Fatalf("%v\n(README.md tells under Packages what building needs)", err)
	}
	return site, p
}

func TestWorkflow(t *testing.T) {
	s, err := workflows.New(t.Context(), workflows.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := example(t, "workflow", func(c *runtime.Config) { c.Bindings = mocks.New(nil, s) })
	for _, c := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"id":"first","input":{"item":"tea","count":2}}`, 200, `"result": "tea sent, 8 paid"`},
		{`{"id":"second","input":{"item":"ham"}}`, 500, "there is no ham"},
	} {
		r := w.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost/workflow/run", Body: []byte(c.body)})
		if r.Status != c.status || !strings.Contains(string(r.Body), c.want) {
			t.Errorf("%s: %d %s, want %d with %s", c.body, r.Status, r.Body, c.status, c.want)
		}
	}
}

// TestJinja2 installs the example's packages and lets it answer.
func TestJinja2(t *testing.T) {
	site, _ := install(t, "jinja2")
	w := example(t, "jinja2", func(c *runtime.Config) { c.SitePackages = site })
	for url, want := range map[string]string{
		"/?item=tea&item=<b>": "<li>tea</li>\n  <li>&lt;b&gt;</li>",
		"/":                   "<li>nothing yet</li>",
		"/escape?text=a%26b":  `"escaped": "a&amp;b"`,
	} {
		r := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://localhost" + url})
		if r.Status != 200 || !strings.Contains(string(r.Body), want) {
			t.Errorf("%s: %d %s, want %s", url, r.Status, r.Body, want)
		}
	}
}

// clientVersion is the release of the protocol's own Python client.
const clientVersion = "2.3.0"

// TestMCPClient lets the protocol's own Python client talk to the example, over
// HTTP, in each of the two ways in which it finds out the version.
func TestMCPClient(t *testing.T) {
	python := client(t)
	w := example(t, "mcp", func(c *runtime.Config) { c.Env["UNITS"] = runtime.Binding{Kind: "var", Value: "°C"} })
	g, err := gateway.Listen(gateway.Config{Addr: "127.0.0.1:0"}, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close(context.Background()) })
	for _, mode := range []string{"legacy", "auto"} {
		t.Run(mode, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "mcp_client.py"), "http://"+g.Addr()+"/mcp", mode)
			var errors strings.Builder
			cmd.Stderr = &errors
			output, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, output, errors.String())
			}
			var got map[string]any
			if err := json.Unmarshal(output, &got); err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			want := map[string]any{
				"version": "2025-11-25", "server": "weather 1.0",
				"tools": []any{"forecast: The weather of the next days.", "convert: A temperature in the other unit."},
				"forecast": map[string]any{
					"city": "Oslo", "days": []any{
						map[string]any{"temperature": "-2 °C", "sky": "snow"}, map[string]any{"temperature": "-1 °C", "sky": "snow"},
					},
				},
				"convert":   "212.0",
				"failed":    []any{true, "no weather for Paris: there are oslo, rome, quito"},
				"invalid":   []any{true, `days must be an integer, not "two"`},
				"resources": []any{"weather://cities"},
				"templates": []any{"weather://cities/{city}"},
				"cities":    `["oslo", "rome", "quito"]`,
				"sky":       "rain",
				"unknown":   float64(-32002),
				"prompts":   []any{"packing city days"},
				"prompt":    "I travel to Rome for 5 days. Look up the weather and tell me what to pack.",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// client installs the client, once, and gives the Python that has it.
func client(t *testing.T) (python string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "pymode-tui", "test-packages", "mcp-"+clientVersion)
	python = filepath.Join(dir, "bin", "python")
	done := filepath.Join(dir, "installed")
	if _, err := os.Stat(done); err == nil {
		return python
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{python, "-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check", "mcp==" + clientVersion},
	} {
		if output, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, output)
		}
	}
	if err := os.WriteFile(done, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return python
}

// TestPydantic builds pydantic-core and rpds-py, where no test or user did before,
// and posts orders.
func TestPydantic(t *testing.T) {
	site, _ := install(t, "pydantic")
	w := example(t, "pydantic", func(c *runtime.Config) { c.SitePackages = site })
	post := func(path, body string) (int, string) {
		r := w.Do(t.Context(), &runtime.Request{Method: "POST", URL: "http://localhost" + path, Body: []byte(body)})
		return r.Status, string(r.Body)
	}
	const items = `[{"sku": "TE-0001", "count": 100, "price": "99.90"}]`
	for _, c := range []struct {
		path, body string
		status     int
		want       []string
	}{
		{"/orders", `{"customer": "Ada", "delivery": "2026-12-01", "items": ` + items + `}`, 201, []string{`"total": "9990.00"`, `"payment": "card"`}},
		{"/orders", `{"customer": "Ada", "delivery": "2026-12-01", "payment": "invoice", "items": ` + items + `}`, 422, []string{"more than 1000 is not sold on invoice"}},
		{"/orders", `{"customer": "", "delivery": "soon", "items": [{"sku": "tea", "price": 0, "gift": 1}]}`, 422, []string{
			`"string_too_short"`, `"date_from_datetime_parsing"`, `"string_pattern_mismatch"`, `"greater_than"`, `"extra_forbidden"`,
		}},
		{"/orders", `{"customer"`, 422, []string{`"json_invalid"`}},
		{"/schema", `{"customer": "Ada", "delivery": "2026-12-01", "items": []}`, 422, []string{"$.items: [] should be non-empty"}},
		{"/schema", `{"customer": "Ada", "delivery": "2026-12-01", "items": ` + items + `}`, 200, []string{`"errors": []`}},
	} {
		status, body := post(c.path, c.body)
		if status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.path, c.body, status, body, c.status)
		}
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s %s: %s, want %s", c.path, c.body, body, want)
			}
		}
	}
	// As deep as natively, and refused beyond.
	guest := runtimetest.Evaluator(t, func(c *runtime.Config) { c.SitePackages = site })
	for depth, want := range map[string]string{"200": "200", "300": `"recursion_depth_exceeded"`} {
		got := guest(strings.ReplaceAll(`
from typing import Optional
from pydantic import BaseModel, ValidationError
Box = type("Box", (BaseModel,), {"__module__": __name__, "__annotations__": {"inner": Optional["Box"]}, "inner": None})
Box.model_rebuild(_types_namespace={"Box": Box})
data = None
for _ in range(DEPTH):
    data = {"inner": data}
try:
    box, depth = Box.model_validate(data), 0
except ValidationError as error:
    return error.errors()[0]["type"]
while box is not None:
    box, depth = box.inner, depth + 1
return depth
`, "DEPTH", depth))
		if got != want {
			t.Errorf("%s levels: %s, want %s", depth, got, want)
		}
	}
}

// TestPackages lets C compute in the guest, and compares it with Python.
func TestPackages(t *testing.T) {
	site, p := install(t, "packages")
	w := example(t, "packages", func(c *runtime.Config) { c.SitePackages = site })
	for _, name := range p.Dependencies {
		r := w.Do(t.Context(), &runtime.Request{Method: "GET", URL: "http://localhost/" + name})
		if r.Status != 200 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}
