package traffic

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func rules(t *testing.T, ignore ...string) *Rules {
	t.Helper()
	r, err := ParseRules(ignore)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func jsonResult(body string) *runtime.Result {
	return &runtime.Result{Status: 200, Headers: []runtime.Header{{"Content-Type", "application/json"}}, Body: []byte(body)}
}

// told is what a list of differences tells, a line each.
func told(differences []Difference) string {
	var lines []string
	for _, d := range differences {
		lines = append(lines, d.String())
	}
	return strings.Join(lines, "\n")
}

func TestCompareJSON(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		ignore          []string
		told            string
	}{
		{"spaces and order", `{"a":1,"b":[1,2]}`, `{ "b": [1, 2], "a": 1 }`, nil, ""},
		{"1.0 is 1", `{"a":1.0}`, `{"a":1}`, nil, ""},
		{"large integers", `[9007199254740993]`, `[9007199254740992]`, nil, "body [0]: 9007199254740992, want 9007199254740993"},
		{"a value", `{"user":{"id":1}}`, `{"user":{"id":2}}`, nil, "body user.id: 2, want 1"},
		{"a type", `{"id":1}`, `{"id":"1"}`, nil, `body id: "1", want 1`},
		{"null and nothing", `{"id":null}`, `{}`, nil, "body id: nothing, want null"},
		{"one in front", `[1,2,3]`, `[0,1,2,3]`, nil, "body [0]: 0, want nothing"},
		{"one less in the middle", `[{"a":1},{"a":2},{"a":3}]`, `[{"a":1},{"a":3}]`, nil, `body [1]: nothing, want {"a":2}`},
		{"an ignored place", `{"items":[{"id":1,"n":2}]}`, `{"items":[{"id":9,"n":2}]}`, []string{"body:items[*].id"}, ""},
		{"ignored everywhere", `{"a":{"b":{"at":1}},"at":2}`, `{"a":{"b":{"at":3}},"at":4}`, []string{"body:**.at"}, ""},
		{"an ignored element", `[1,2]`, `[1,3]`, []string{"body:[1]"}, ""},
		{"an ignored prefix of a name", `{"t_a":1,"u":1}`, `{"t_a":2,"u":2}`, []string{"body:t_*"}, "body u: 2, want 1"},
		{"the whole body", `{"a":1}`, `{"a":2}`, []string{"body"}, ""},
		{"no JSON after all", `{"a":1}`, `{"a":`, nil, "body:\n@@ -1 +1 @@\n-{\"a\":1}\n+{\"a\":"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := told(Compare(jsonResult(c.want), jsonResult(c.got), rules(t, c.ignore...))); got != c.told {
				t.Errorf("told %q, want %q", got, c.told)
			}
		})
	}
}

func TestCompareAspects(t *testing.T) {
	base := func() *runtime.Result {
		return &runtime.Result{
			Status: 200, Headers: []runtime.Header{{"X-A", "1"}, {"Date", "today"}}, Body: []byte("one\ntwo\n"),
			Logs:    []runtime.Log{{Level: "info", Text: "hello"}},
			Calls:   []runtime.Call{{Op: "d1.all", Binding: "DB", Detail: "SELECT 1  1 row 0.1 ms"}},
			Metrics: runtime.Metrics{CPU: 5_000, MemoryPeak: 30 << 20},
		}
	}
	for _, c := range []struct {
		name   string
		change func(*runtime.Result)
		ignore string
		told   string
	}{
		{"status", func(r *runtime.Result) { r.Status = 404 }, "status", "status: 404, want 200"},
		{"header", func(r *runtime.Result) { r.Headers[0][1] = "2" }, "header:x-*", "header X-A: 2, want 1"},
		{"another date", func(r *runtime.Result) { r.Headers[1][1] = "tomorrow" }, "", ""},
		{"case of a header's name", func(r *runtime.Result) { r.Headers[0][0] = "x-a" }, "", ""},
		{"text", func(r *runtime.Result) { r.Body = []byte("one\n2\n") }, "body", "body:\n@@ -1,2 +1,2 @@\n one\n-two\n+2"},
		{"binary", func(r *runtime.Result) { r.Body = []byte("one\x00") }, "body", "body at byte 3: 4 bytes, sha256 " +
			"82cf8cb1f8b69a2fa22f4a9fa5dd8b4b1b64ecdd3a1a2bd5a8a5bb4dbb5a5a5c"},
		{"logs", func(r *runtime.Result) { r.Logs[0].Text = "bye" }, "log:*e*", "logs:\n@@ -1 +1 @@\n-info: hello\n+info: bye"},
		{"a call's SQL", func(r *runtime.Result) { r.Calls[0].Detail = "SELECT 2  1 row 0.1 ms" }, "call:d1.*", "calls:\n@@ -1 +1 @@\n-d1.all DB SELECT 1  1 row …\n+d1.all DB SELECT 2  1 row …"},
		{"a call's duration", func(r *runtime.Result) { r.Calls[0].Detail = "SELECT 1  1 row 9.9 ms" }, "", ""},
		{"an error", func(r *runtime.Result) {
			r.Error = &runtime.Failure{Message: "KeyError: 'a'", Traceback: []runtime.Frame{{File: "e.py", Line: 3}}}
		}, "error", "error: KeyError: 'a' (e.py:3), want nothing"},
		{"CPU within the tolerance", func(r *runtime.Result) { r.Metrics.CPU = 19_000 }, "", ""},
		{"CPU", func(r *runtime.Result) { r.Metrics.CPU = 90_000 }, "cpu", "cpu: 90.0 ms, want 5.0 ms"},
		{"less CPU", func(r *runtime.Result) { r.Metrics.CPU = 1 }, "", ""},
		{"memory", func(r *runtime.Result) { r.Metrics.MemoryPeak = 60 << 20 }, "memory", "memory: 60.0 MB, want 30.0 MB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := base()
			c.change(got)
			found := told(Compare(base(), got, rules(t)))
			if c.name == "binary" { // the digests are long
				found, c.told = found[:strings.Index(found, " sha256")], "body at byte 3: 4 bytes,"
			}
			if found != c.told {
				t.Errorf("told %q, want %q", found, c.told)
			}
			if c.ignore == "" {
				return
			}
			if found := told(Compare(base(), got, rules(t, c.ignore))); found != "" {
				t.Errorf("told %q, though %q is ignored", found, c.ignore)
			}
		})
	}
}

func TestParseRulesRefuses(t *testing.T) {
	for _, rule := range []string{"colour", "header:", "colour:x", ""} {
		if _, err := ParseRules([]string{rule}); err == nil || !strings.Contains(err.Error(), "ignore") {
			t.Errorf("%q: error %v", rule, err)
		}
	}
}

// A body is a worker's, and may be made to keep the comparison busy.
func TestCompareHostileJSON(t *testing.T) {
	deep := func(inner string) string { return strings.Repeat("[0,", 5000) + inner + strings.Repeat("]", 5000) }
	differences := Compare(jsonResult(deep("1")), jsonResult(deep("1,2")), rules(t))
	if len(differences) != 1 || len(differences[0].Path) > 20_000 {
		t.Errorf("%d differences", len(differences))
	}
	many := Compare(jsonResult("["+strings.Repeat("1,", 9999)+"1]"), jsonResult("["+strings.Repeat("2,", 9999)+"2]"), rules(t))
	if len(many) != maxDifferences || many[maxDifferences-1].Got != "more differences than are shown" {
		t.Errorf("%d differences are told", len(many))
	}
}
