package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// workerFunc is a worker that is a function.
type workerFunc func(req *runtime.Request) *runtime.Result

func (f workerFunc) Do(_ context.Context, req *runtime.Request) *runtime.Result { return f(req) }

// echo answers with what it was asked.
func echo(req *runtime.Request) *runtime.Result {
	r := &runtime.Result{Status: 200, Headers: []runtime.Header{{"x-method", req.Method}, {"x-url", req.URL}}, Body: req.Body}
	for _, h := range req.Headers {
		if strings.HasPrefix(h.Name(), "X-") {
			r.Headers = append(r.Headers, runtime.Header{"set-cookie", h.Name() + "=" + h.Value()})
		}
	}
	return r
}

func listen(t *testing.T, config Config, w workerFunc) *Gateway {
	t.Helper()
	if config.Addr == "" {
		config.Addr = "127.0.0.1:0"
	}
	g, err := Listen(config, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func do(t *testing.T, client *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func newRequest(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestAndResponse(t *testing.T) {
	g := listen(t, Config{}, echo)
	r := newRequest(t, "PURGE", g.URL()+"/a%20b?q=1&q=2", strings.NewReader("\x00\xff"))
	r.Header["X-Tag"] = []string{"one", "two"}
	res, body := do(t, http.DefaultClient, r)
	if res.StatusCode != 200 || body != "\x00\xff" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
	if got := res.Header.Get("X-Method") + " " + res.Header.Get("X-Url"); got != "PURGE "+g.URL()+"/a%20b?q=1&q=2" {
		t.Errorf("the worker saw %q", got)
	}
	if diff := cmp.Diff([]string{"X-Tag=one", "X-Tag=two"}, res.Header["Set-Cookie"]); diff != "" {
		t.Errorf("repeated headers (-want +got):\n%s", diff)
	}
}

func TestHTTP2WithoutTLS(t *testing.T) {
	g := listen(t, Config{}, echo)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	res, body := do(t, &http.Client{Transport: transport}, newRequest(t, "POST", g.URL()+"/", strings.NewReader("two")))
	if res.ProtoMajor != 2 || body != "two" {
		t.Errorf("got %s %q", res.Proto, body)
	}
}

func TestBodies(t *testing.T) {
	g := listen(t, Config{}, func(req *runtime.Request) *runtime.Result {
		return &runtime.Result{Status: 200, Body: fmt.Append(nil, len(req.Body))}
	})
	for _, c := range []struct {
		name   string
		size   int
		length int64 // -1: chunked
		status int
		body   string
	}{
		{"none", 0, 0, 200, "0"},
		{"declared", 1 << 20, 1 << 20, 200, "1048576"},
		{"chunked", 1 << 20, -1, 200, "1048576"},
		{"largest", MaxBody, MaxBody, 200, "104857600"},
		{"declared too large", MaxBody + 1, MaxBody + 1, 413, "pymode-tui: the request body is larger than 100 MB\n"},
		{"chunked too large", MaxBody + 1, -1, 413, "pymode-tui: the request body is larger than 100 MB\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, "POST", g.URL(), io.LimitReader(zeros{}, int64(c.size)))
			r.ContentLength = c.length
			r.Header.Set("Expect", "100-continue")
			res, body := do(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: 1e9}}, r)
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("got %d %q, want %d %q", res.StatusCode, body, c.status, c.body)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestResponsesWithoutBody(t *testing.T) {
	for _, c := range []struct {
		method string
		status int
		length string
	}{
		{"HEAD", 200, "4"},
		{"GET", 204, ""},
		{"GET", 304, ""},
	} {
		g := listen(t, Config{}, func(*runtime.Request) *runtime.Result {
			return &runtime.Result{Status: c.status, Headers: []runtime.Header{{"connection", "close"}, {"transfer-encoding", "chunked"}}, Body: []byte("body")}
		})
		res, body := do(t, http.DefaultClient, newRequest(t, c.method, g.URL(), nil))
		if res.StatusCode != c.status || body != "" || res.Header.Get("Content-Length") != c.length || len(res.TransferEncoding) > 0 {
			t.Errorf("%s: got %d %q, length %q", c.method, res.StatusCode, body, res.Header.Get("Content-Length"))
		}
	}
}

func TestAdmission(t *testing.T) {
	g := listen(t, Config{Hosts: []string{"dev.example"}}, echo)
	_, port, _ := net.SplitHostPort(g.Addr())
	for _, c := range []struct {
		name   string
		host   string
		header http.Header
		status int
	}{
		{"address", g.Addr(), nil, 200},
		{"localhost", "localhost:" + port, nil, 200},
		{"subdomain of localhost", "api.localhost:" + port, nil, 200},
		{"trailing dot, capitals", "LocalHost.:" + port, nil, 200},
		{"IPv6 loopback", "[::1]:" + port, nil, 200},
		{"allowed name", "dev.example", nil, 200},
		{"rebound name", "evil.example:" + port, nil, 403},
		{"name that ends like one", "notlocalhost", nil, 403},
		{"address of another machine", "192.168.0.7", nil, 403},
		{"own page", g.Addr(), http.Header{"Origin": {"http://localhost:5173"}}, 200},
		{"foreign page", g.Addr(), http.Header{"Origin": {"https://evil.example"}}, 403},
		{"sandboxed page", g.Addr(), http.Header{"Origin": {"null"}}, 403},
		{"foreign image", g.Addr(), http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}}, 403},
		{"foreign link", g.Addr(), http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}}, 200},
		{"escape sequence", "\x1b[31mevil", nil, 400}, // refused by net/http
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", g.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			var b bytes.Buffer
			fmt.Fprintf(&b, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", c.host)
			_ = c.header.Write(&b)
			b.WriteString("\r\n")
			if _, err := conn.Write(b.Bytes()); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != c.status {
				t.Errorf("got %d, want %d", res.StatusCode, c.status)
			}
		})
	}
}

func TestUpgradeIsRefused(t *testing.T) {
	g := listen(t, Config{}, echo)
	r := newRequest(t, "GET", g.URL(), nil)
	r.Header.Set("Connection", "keep-alive, Upgrade")
	r.Header.Set("Upgrade", "websocket")
	res, body := do(t, http.DefaultClient, r)
	if res.StatusCode != 501 || !strings.Contains(body, "WebSocket") {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
}

func TestPortInUse(t *testing.T) {
	g := listen(t, Config{}, echo)
	_, err := Listen(Config{Addr: g.Addr()}, workerFunc(echo))
	var inUse *InUseError
	if !errors.As(err, &inUse) {
		t.Fatalf("got %v", err)
	}
	if want := fmt.Sprintf("(pid %d)", os.Getpid()); inUse.Process != "" && !strings.Contains(inUse.Process, want) {
		t.Errorf("names %q, want %s", inUse.Process, want)
	}
}
