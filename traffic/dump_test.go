package traffic

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
)

func texts(warnings []Warning) []string {
	var all []string
	for _, w := range warnings {
		all = append(all, w.String())
	}
	return all
}

// dump is a request, and its answer if there is one, as they would be sent.
func dump(e *Exchange) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", e.Request.Method, e.Request.URL)
	for _, h := range e.Request.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h.Name(), h.Value())
	}
	if len(e.Request.Body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", e.Request.Body)
	}
	if e.Result != nil {
		fmt.Fprintf(&b, "-> %d, %d µs\n", e.Result.Status, e.Result.Metrics.Wall)
		for _, h := range e.Result.Headers {
			fmt.Fprintf(&b, "%s: %s\n", h.Name(), h.Value())
		}
		fmt.Fprintf(&b, "\n%s\n", e.Result.Body)
	}
	return b.String()
}

func dumps(exchanges []*Exchange) string {
	var all []string
	for _, e := range exchanges {
		all = append(all, dump(e))
	}
	return strings.Join(all, "---\n")
}

func checkText(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// sortedDump is dump without what is lost on the way through a text: the order
// of Host, Content-Length and Accept-Encoding among the headers, the value of the
// last, and the answer.
func sortedDump(e *Exchange) string {
	r := *e.Request
	r.Headers = slices.Clone(r.Headers)
	r.Headers = slices.DeleteFunc(r.Headers, func(h runtime.Header) bool { return strings.EqualFold(h.Name(), "Accept-Encoding") })
	rank := func(h runtime.Header) int {
		switch strings.ToLower(h.Name()) {
		case "host":
			return 0
		case "content-length":
			return 2
		}
		return 1
	}
	slices.SortStableFunc(r.Headers, func(a, b runtime.Header) int { return rank(a) - rank(b) })
	for i, h := range r.Headers {
		if rank(h) != 1 {
			r.Headers[i] = runtime.Header{strings.ToLower(h.Name()), h.Value()}
		}
	}
	return dump(&Exchange{Request: &r})
}

// writeFiles makes a directory with files.
func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
