package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pymode-tui/gateway"
	"pymode-tui/project"
	"pymode-tui/traffic"
)

// shopServer is a deployment that redirects, sets a cookie, and tells what it was asked.
func shopServer(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/old", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", server.URL+"/new?a=1")
		w.Header().Set("Set-Cookie", "id=7; Domain=shop.example.com; Path=/")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/ask", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, err = io.WriteString(w, strings.Join([]string{r.Method, r.Host, r.Header.Get("Origin"), r.Header.Get("X-Token"), string(body)}, "|"))
		if err != nil {
			t.Error(err)
		}
	})
	return server
}

// recording is a capture of a deployment, and where its proxy listens.
func recording(t *testing.T, target string) (d *deployment, address string, out *strings.Builder) {
	u, err := deploymentURL(target)
	must(t, err)
	p := &project.Project{Name: "shop", Dir: t.TempDir()}
	out = &strings.Builder{}
	d = &deployment{
		target: u, project: p, mask: traffic.NewMasker(map[string]string{"TOKEN": "s3cr3t-value"}, nil), report: &captureReport{out: out},
		capture: traffic.NewCapture(func() (*traffic.Store, error) { return traffic.Open(p.Dir, traffic.Limits{}) }, func(text string) { t.Log(text) }),
	}
	t.Cleanup(func() {
		if err := d.capture.Close(); err != nil {
			t.Error(err)
		}
	})
	g, err := gateway.Listen(gateway.Config{Addr: "127.0.0.1:0"}, d)
	must(t, err)
	t.Cleanup(func() {
		if err := g.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return d, g.URL(), out
}

func roundTrip(t *testing.T, r *http.Request) (*http.Response, string) {
	response, err := http.DefaultTransport.RoundTrip(r)
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return response, string(body)
}

func TestDeploymentIsCaptured(t *testing.T) {
	server := shopServer(t)
	d, here, out := recording(t, server.URL)

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, here+"/ask?q=1", strings.NewReader("hello"))
	must(t, err)
	r.Header.Set("Origin", here)
	r.Header.Set("X-Token", "s3cr3t-value")
	_, body := roundTrip(t, r)
	equal(t, "POST|"+strings.TrimPrefix(server.URL, "http://")+"|"+server.URL+"|s3cr3t-value|hello", body) // its own host and origin, and the secret

	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, here+"/old", nil)
	must(t, err)
	response, _ := roundTrip(t, r)
	equal(t, here+"/new?a=1", response.Header.Get("Location")) // a redirect stays at the proxy
	equal(t, "id=7; Path=/", response.Header.Get("Set-Cookie"))

	d.capture.Flush()
	entries := d.capture.Store().Entries()
	equal(t, 2, len(entries))
	first, err := d.capture.Store().Get(entries[0].ID)
	must(t, err)
	equal(t, server.URL+"/ask?q=1", first.Request.URL)
	equal(t, "[secret:TOKEN]", first.Request.Get("X-Token"))
	contains(t, string(first.Result.Body), "|[secret:TOKEN]|hello")
	second, err := d.capture.Store().Get(entries[1].ID)
	must(t, err)
	equal(t, server.URL+"/new?a=1", second.Result.Get("Location")) // what is kept is what the deployment said
	contains(t, out.String(), "200 POST /ask")
}

func TestDeploymentThatIsDown(t *testing.T) {
	server := shopServer(t)
	d, here, out := recording(t, server.URL)
	server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here+"/ask", nil)
	must(t, err)
	response, body := roundTrip(t, r)
	equal(t, http.StatusBadGateway, response.StatusCode)
	contains(t, body, "does not answer")
	d.capture.Flush()
	if d.capture.Store() != nil {
		t.Error("there is nothing to keep, and a store was opened")
	}
	contains(t, out.String(), "502 GET /ask")
}

func TestDeploymentURL(t *testing.T) {
	for _, text := range []string{"", "shop.example.com", "ftp://shop", "https://shop/path", "https://u:p@shop", "https://shop?x=1", "://"} {
		_, err := deploymentURL(text)
		if code := exitCode(err); code != exitUsage {
			t.Errorf("%s: exit code %d for %v, want %d", text, code, err, exitUsage)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, want, got T) {
	t.Helper()
	if want != got {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q does not contain %q", text, part)
	}
}
