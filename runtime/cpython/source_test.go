package cpython

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testJob is a job without a recipe, for steps that need no others.
func testJob(t *testing.T, opts Options) *job {
	t.Helper()
	s := step{name: "test", title: "test", root: rootSteps}
	r := newGraph([]step{s})
	j, err := newJob(opts, r, s, t.TempDir(), filepath.Join(t.TempDir(), "log"), newMeter(r.steps, func(Progress) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.close() })
	return j
}

func sha256Hex(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestFetch(t *testing.T) {
	t.Setenv("PATH", "") // no apt
	const content, wrong = "the archive", "something else"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good":
			_, _ = w.Write([]byte(content))
		case "/wrong":
			_, _ = w.Write([]byte(wrong))
		case "/short":
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(content))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	given := t.TempDir()
	writeFile(t, filepath.Join(given, "thing.tar.gz"), content)
	writeFile(t, filepath.Join(given, "wrong", "thing.tar.gz"), wrong)

	tests := []struct {
		name   string
		paths  []string // on the server
		source string
		want   []string // in the error; nil where there is none
	}{
		{name: "first answer", paths: []string{"/good", "/missing"}},
		{name: "after one without it", paths: []string{"/missing", "/good"}},
		{name: "after another file", paths: []string{"/wrong", "/good"}},
		{name: "after half a file", paths: []string{"/short", "/good"}},
		{name: "nowhere", paths: []string{"/missing"}, want: []string{"can't get the source of thing", "404"}},
		{name: "another file only", paths: []string{"/wrong"}, want: []string{sha256Hex(content), sha256Hex(wrong), "/wrong"}},
		{name: "a folder with it", source: given},
		{name: "a folder without it", source: filepath.Dir(given), paths: []string{"/good"}},
		{
			name: "a folder with another file of its name", source: filepath.Join(given, "wrong"), paths: []string{"/good"},
			want: []string{sha256Hex(content), sha256Hex(wrong), filepath.Join(given, "wrong", "thing.tar.gz")},
		},
		{name: "no such folder", source: filepath.Join(given, "none"), paths: []string{"/good"}, want: []string{"none"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := archive{name: "thing.tar.gz", sha256: sha256Hex(content)}
			for _, path := range test.paths {
				a.urls = append(a.urls, server.URL+path)
			}
			s := source{title: "thing", archives: []archive{a}, debian: "thing"}
			j := testJob(t, Options{Source: test.source})
			err := s.fetch(t.Context(), j)
			if test.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				path, err := s.find(j.dir)
				if err != nil {
					t.Fatal(err)
				}
				if data, err := os.ReadFile(path); err != nil || string(data) != content {
					t.Errorf("fetched %q, %v", data, err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error is %q, want %q in it", err, part)
				}
			}
			if _, err := s.find(j.dir); err == nil {
				t.Error("the wrong archive was kept")
			}
			if strings.Contains(err.Error(), sha256Hex(wrong)) {
				var digest *DigestError
				if !errors.As(err, &digest) {
					t.Errorf("%v is no DigestError", err)
				}
			}
		})
	}
}

func TestGivenPythonArchive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "any-name.tar.xz")
	writeFile(t, file, "not Python")
	j := testJob(t, Options{Source: file})
	var digest *DigestError
	if err := pythonSource().fetch(t.Context(), j); !errors.As(err, &digest) {
		t.Errorf("error is %v, want a DigestError", err)
	} else if digest.File != file || digest.Got != sha256Hex("not Python") {
		t.Errorf("got %+v", digest)
	}
	if _, ok, err := zlibSource().given(file); ok || err != nil {
		t.Errorf("the Python archive passes for zlib's: %v, %v", ok, err)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	s := source{title: "thing", archives: []archive{{name: "thing", sha256: "00", urls: []string{server.URL}}}}
	if err := s.fetch(ctx, testJob(t, Options{})); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}
