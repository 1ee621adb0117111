package network_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/network"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// run evaluates Python in a worker of the given network; X is the argument.
func run(t *testing.T, config network.Config, x, code string) string {
	t.Helper()
	n, err := network.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	entry := "X = " + fmt.Sprintf("%q", x) + "\nasync def on_fetch(request, env):\n"
	for line := range strings.Lines(code) {
		entry += "    " + line
	}
	w := runtimetest.Worker(t, entry+"\n", func(c *runtime.Config) { c.Bindings = mocks.New(n) })
	return string(runtimetest.Get(t, w, "/").Body)
}

func local() network.Config { return network.Config{Allow: []string{"127.0.0.1"}} }

func server(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func contains(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

const fetchError = "from pymode import http\ntry:\n    http.get(X)\nexcept OSError as e:\n    return str(e)\n"

func TestFetch(t *testing.T) {
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/echo", http.StatusSeeOther)
		case "/cookies":
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write([]byte("unpacked"))
			_ = z.Close()
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte{0, 255}, 5<<20))
		default:
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %x %s", r.Method, body, r.Header.Get("X-Test"))
		}
	})
	for _, tt := range []struct{ name, code, want string }{
		{"binary body", "from pymode import http\nreturn http.post(X, b'\\x00\\xff', {'X-Test': 'v'}).text()", "POST 00ff v"},
		{"redirect", "from pymode import http\nreturn http.post(X + '/moved', b'x').text()", "GET  "},
		{"repeated headers", "from pymode import http\nreturn str(http.get(X + '/cookies').headers.get_all('set-cookie'))", "['a=1', 'b=2']"},
		{"gzip", "from pymode import http\nreturn http.get(X + '/gzip').text()", "unpacked"},
		{"10 MB", "from pymode import http\nb = http.get(X + '/large').bytes()\nreturn f'{len(b)} {b[-2:]!r}'", `10485760 b'\x00\xff'`},
		{"urllib", "import urllib.request as u\nreturn u.urlopen(X + '/moved').read()", "GET  "},
		{"http.client", "import http.client as h\nc = h.HTTPConnection(X[7:])\nc.request('PUT', '/', b'\\x01')\nreturn c.getresponse().read()", "PUT 01 "},
	} {
		t.Run(tt.name, func(t *testing.T) { expect(t, run(t, local(), url, tt.code), tt.want) })
	}
}

func TestConnectionsAreKept(t *testing.T) {
	var addresses []string
	url := server(t, func(_ http.ResponseWriter, r *http.Request) { addresses = append(addresses, r.RemoteAddr) })
	run(t, local(), url, "from pymode import http\nhttp.get(X)\nhttp.get(X)")
	if len(addresses) != 2 || addresses[0] != addresses[1] {
		t.Errorf("two fetches came from %v, want one connection", addresses)
	}
}

func TestFetchFails(t *testing.T) {
	stalls := make(chan struct{})
	defer close(stalls)
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/stall":
			select {
			case <-stalls:
			case <-r.Context().Done():
			}
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
		case "/endless":
			for piece := make([]byte, 1<<20); ; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/away":
			http.Redirect(w, r, "http://localhost:1/", http.StatusFound)
		}
	})
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	quick := local()
	quick.Timeout = 200 * time.Millisecond
	for _, tt := range []struct {
		name   string
		config network.Config
		url    string
		want   string
	}{
		{"stall", quick, url + "/stall", "no whole response within 200ms"},
		{"cut off", local(), url + "/short", "unexpected EOF"},
		{"endless", local(), url + "/endless", "larger than 100 MB"},
		{"redirect loop", local(), url + "/loop", "more than 20 redirects"},
		{"redirect to a host not allowed", local(), url + "/away", "localhost is not among the hosts"},
		{"certificate", local(), secure.URL, "certificate"},
		{"scheme", local(), "ftp://127.0.0.1/", "http:// or https://"},
		{"refused", local(), "http://127.0.0.1:1/", "connection refused"},
		{"loopback by default", network.Config{}, url, "not a public address"},
		{"metadata by default", network.Config{}, "http://169.254.169.254/latest/", "not a public address"},
		{"mapped metadata", network.Config{}, "http://[::ffff:169.254.169.254]/", "not a public address"},
		{"not allowed", network.Config{Allow: []string{"api.example.com"}}, url, "--allow 127.0.0.1"},
		{"offline", network.Config{Offline: true}, url, "--offline"},
	} {
		t.Run(tt.name, func(t *testing.T) { contains(t, run(t, tt.config, tt.url, fetchError), tt.want) })
	}
}

// listen answers each connection by serve and returns the port.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

func TestTCP(t *testing.T) {
	echo := func(c net.Conn) { _, _ = io.Copy(c, c) }
	const connect = "import socket\ns = socket.create_connection(('127.0.0.1', int(X)))\n"
	t.Run("socket", func(t *testing.T) {
		code := connect + "d = bytes(range(256)) * 1000\ngot = b''\ns.sendall(d[:1000])\ns.sendall(d[1000:200000])\n" +
			"while len(got) < 200000:\n    got += s.recv(65536)\nreturn str(got == d[:200000])"
		expect(t, run(t, local(), listen(t, echo), code), "True")
	})
	t.Run("asyncio", func(t *testing.T) {
		code := "import asyncio\nr, w = await asyncio.open_connection('127.0.0.1', int(X))\nw.write(b'line\\n')\nawait w.drain()\n" +
			"line = await asyncio.wait_for(r.readline(), 5)\nw.close()\nreturn line"
		expect(t, run(t, local(), listen(t, echo), code), "line\n")
	})
	t.Run("end", func(t *testing.T) {
		expect(t, run(t, local(), listen(t, func(net.Conn) {}), connect+"return repr(s.recv(1))"), "b''")
	})
	t.Run("timeout", func(t *testing.T) {
		code := connect + "s.settimeout(0.05)\ntry:\n    s.recv(1)\nexcept TimeoutError as e:\n    return str(e)"
		expect(t, run(t, local(), listen(t, echo), code), "timed out")
	})
	t.Run("reset", func(t *testing.T) {
		reset := func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1)) // so that connect is over
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		code := connect + "s.send(b'x')\ntry:\n    s.recv(1)\nexcept ConnectionResetError:\n    return 'reset'"
		expect(t, run(t, local(), listen(t, reset), code), "reset")
	})
	t.Run("not allowed", func(t *testing.T) {
		code := "import socket\ntry:\n    socket.create_connection(('127.0.0.1', int(X)))\nexcept OSError:\n    return 'no'"
		expect(t, run(t, network.Config{}, listen(t, echo), code), "no")
	})
}

func TestRules(t *testing.T) {
	for _, bad := range []string{"", "http://x", "a b", "*x", "10.0.0.0/99"} {
		if _, err := network.ParseRules([]string{bad}); err == nil {
			t.Errorf("%q was taken for a host", bad)
		}
	}
}
