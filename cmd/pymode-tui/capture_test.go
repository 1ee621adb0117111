package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
	"pymode-tui/traffic"
)

// captured are the exchanges that a session has kept, once there are count.
func (r *running) captured(count int) []*traffic.Exchange {
	r.t.Helper()
	capture := r.workers[0].capture
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		capture.Flush()
		if s := capture.Store(); s != nil && len(s.Entries()) >= count {
			break
		}
		if time.Now().After(end) {
			r.t.Fatalf("%d exchanges were not captured", count)
		}
	}
	var exchanges []*traffic.Exchange
	for _, entry := range capture.Store().Entries() {
		e, err := capture.Store().Get(entry.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		exchanges = append(exchanges, e)
	}
	return exchanges
}

func TestSessionCaptures(t *testing.T) {
	r := start(t, map[string]string{
		"entry.py":  "def on_fetch(request, env):\n    print('token is', env.TOKEN)\n    return 'hello ' + request.path\n",
		".dev.vars": "TOKEN=s3cr3t-value\n",
	}, false)
	if status, body := r.get("/a?t=s3cr3t-value"); status != 200 || body != "hello /a" {
		t.Fatalf("%d %s", status, body)
	}
	if err := r.Do(t.Context(), r.workers[0].project.Name, &runtime.Request{Method: "GET", URL: "http://localhost/b"}); err != nil {
		t.Fatal(err)
	}
	exchanges := r.captured(2)
	a, b := exchanges[0], exchanges[1]
	if a.Source != "gateway" || !strings.HasSuffix(a.Request.URL, "/a?t=[secret:TOKEN]") || string(a.Result.Body) != "hello /a" ||
		len(a.Result.Logs) != 1 || a.Result.Logs[0].Text != "token is [secret:TOKEN]" {
		t.Errorf("captured %+v with %+v", a.Request, a.Result)
	}
	if a.Recording == nil || len(a.Recording.Random) != 32 {
		t.Errorf("recording %+v", a.Recording)
	}
	if b.Source != "console" || b.Worker != r.workers[0].project.Name {
		t.Errorf("captured %+v", b)
	}
	err := filepath.WalkDir(filepath.Join(r.dir, ".pymode"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), "s3cr3t") {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoCapture(t *testing.T) {
	dir := runtimetest.Project(t, map[string]string{"entry.py": "def on_fetch(request, env):\n    return ''\n"})
	s, err := newSession([]string{dir}, &workerFlags{addr: ":0", cpuLimit: time.Second, memoryLimit: runtime.DefaultMemoryLimit, noCapture: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if s.workers[0].capture != nil {
		t.Error("requests are captured all the same")
	}
}

// A request is answered though it can't be captured, and that is said.
func TestCaptureThatFails(t *testing.T) {
	r := start(t, map[string]string{
		"entry.py":        "def on_fetch(request, env):\n    return 'answered'\n",
		".pymode/traffic": "this is no directory",
	}, false)
	for range 3 {
		r.expect(200, "answered")
	}
	r.eventually("not captured: ")
	r.eventually("not a directory")
}
