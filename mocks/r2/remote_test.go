package r2

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// s3Server is an S3 service in this process, with the bucket "all", which counts
// its requests.
func s3Server(tb testing.TB) (address string, requests func() int) {
	tb.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("all"); err != nil {
		tb.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	handler := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"} {
		tb.Setenv(name, value)
	}
	address = "s3://all?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(server.URL)
	return address, func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// TestSemanticsOnS3 runs the platform's table, and the listings, on an S3
// service: but for metadata and keys that S3 has no room for, nothing differs.
func TestSemanticsOnS3(t *testing.T) {
	address, requests := s3Server(t)
	g := guestOf(t, opened(t, Config{Dir: t.TempDir(), URL: address, Prefix: "project"}), evaluator)
	noRoom := `"R2Error: put: Your metadata headers exceed the maximum allowed metadata size. (10012): S3 services take 2048 bytes"`
	differs := map[string]string{
		"key of 1024 bytes": `~"R2Error: put: The specified object name is not valid. (10020): of the 1024 bytes that S3 services take`,
		"metadata of 8192":  noRoom, "narrow metadata counts once": noRoom,
	}
	for _, row := range append(semantics, listRows...) {
		if want, ok := differs[row.name]; ok {
			row.want = want
		}
		t.Run(row.name, func(t *testing.T) { same(t, g.eval(t, row.code), row.want) })
	}
	if requests() < len(semantics) {
		t.Errorf("the service got %d requests", requests())
	}
}

func TestObjectsOnS3AreKept(t *testing.T) {
	address, _ := s3Server(t)
	for _, prefix := range []string{"one", "two"} {
		s := opened(t, Config{Dir: t.TempDir(), URL: address, Prefix: prefix})
		if err := s.Write(t.Context(), "B", "k", strings.NewReader("of "+prefix)); err != nil {
			t.Fatal(err)
		}
	}
	s := opened(t, Config{Dir: t.TempDir(), URL: address, Prefix: "one"})
	value, info, err := s.Read(t.Context(), "B", "k", 100)
	if err != nil || string(value) != "of one" || info.Size != 6 {
		t.Errorf("%q, %+v, %v", value, info, err)
	}
	if err := s.Delete(t.Context(), "B", "k"); err != nil {
		t.Fatal(err)
	}
	infos, next, err := s.List(t.Context(), "B", "", "", 10)
	if err != nil || len(infos) != 0 || next != "" {
		t.Errorf("after the deletion: %v, %q, %v", infos, next, err)
	}
}

func TestS3ThatDoesNotAnswer(t *testing.T) {
	_, _ = s3Server(t)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	s := opened(t, Config{Dir: t.TempDir(), URL: "s3://all?region=us-east-1&use_path_style=true&endpoint=" + url.QueryEscape(down.URL)})
	g := guestOf(t, s, evaluator)
	same(t, g.eval(t, `B.put("k", "1")`), `~"R2Error: put: the S3 service: `)
	if found := bodies(t, s, "B"); len(found) != 0 {
		t.Errorf("left over: %v", found)
	}
}

// TestReplacedWhileRead: a reader never mixes two objects.
func TestReplacedWhileRead(t *testing.T) {
	address, _ := s3Server(t)
	g := guestOf(t, opened(t, Config{Dir: t.TempDir(), URL: address}), evaluator)
	for _, by := range []string{"abc", "ab", ""} {
		same(t, g.eval(t, `B.put("k", "old"); f = B.open("k"); B.put("k", "`+by+`"); f.read()`), `~"R2Error: get: the object's body: the object was replaced while it was read`)
	}
	same(t, g.eval(t, `B.put("k", "same"); f = B.open("k"); B.put("k", "same"); r = f.read()`), `"same"`)
}

func TestURLs(t *testing.T) {
	for _, address := range []string{"http://x.test/", "s3://", "gs://b", ":", "s3://b?nonsense=1"} {
		if s, err := New(t.Context(), Config{Dir: t.TempDir(), URL: address}); err == nil {
			t.Errorf("%s is taken", address)
			_ = s.Close()
		}
	}
}
