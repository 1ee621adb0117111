package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

func TestSessionSaves(t *testing.T) {
	r := start(t, map[string]string{
		"entry.py":  "def on_fetch(request, env):\n    return env.TOKEN + request.text()\n",
		".dev.vars": "TOKEN=s3cr3t-value\n",
	}, false)
	v := r.workers[0]
	<-v.opened
	send := func(body string) *runtime.Result {
		req := &runtime.Request{Method: "POST", URL: "http://localhost:1/orders?t=s3cr3t-value", Body: []byte(body)}
		result := v.send(t.Context(), req, sourceConsole)
		if result.Status != 200 {
			t.Fatalf("status %d: %s", result.Status, result.Body)
		}
		return result
	}
	save := func(result *runtime.Result, want string) *traffic.Exchange {
		t.Helper()
		file, err := r.Save(t.Context(), v.project.Name, &runtime.Request{Method: "POST", URL: "http://localhost:1/orders"}, result)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(file) != want {
			t.Errorf("saved as %s, want %s", file, want)
		}
		e, err := traffic.ReadFile(filepath.Join(r.dir, requestsDir, want))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	r.get("/") // waits for the import
	generation := v.worker.Load().State().Generation
	first, second := send("one"), send("two")
	e := save(first, "post-orders.exchange")
	if string(e.Result.Body) != "[secret:TOKEN]one" || !strings.HasSuffix(e.Request.URL, "?t=[secret:TOKEN]") || e.Recording == nil {
		t.Errorf("saved %+v, %+v, recording %v", e.Request, e.Result, e.Recording)
	}
	save(second, "post-orders-2.exchange")
	save(send("one"), "post-orders.exchange")
	// One that was not captured is saved as the console has it.
	e = save(&runtime.Result{ID: "none", Status: 200, Body: []byte("a s3cr3t-value")}, "post-orders-3.exchange")
	if string(e.Result.Body) != "a [secret:TOKEN]" || e.Recording != nil {
		t.Errorf("saved %+v", e.Result)
	}
	files, err := os.ReadDir(filepath.Join(r.dir, requestsDir))
	if err != nil || len(files) != 3 {
		t.Errorf("files %v, %v", files, err)
	}
	time.Sleep(time.Second) // longer than the watcher waits for a change to end
	if now := v.worker.Load().State().Generation; now != generation {
		t.Errorf("saving made generation %d of %d", now, generation)
	}
}

func TestSessionWritesHAR(t *testing.T) {
	r := start(t, map[string]string{"entry.py": "def on_fetch(request, env):\n    return ''\n", ".dev.vars": "TOKEN=s3cr3t-value\n"}, false)
	v := r.workers[0]
	<-v.opened
	archive, err := r.HAR(t.Context(), &traffic.Exchange{
		Worker:  v.project.Name,
		Request: &runtime.Request{Method: "GET", URL: "http://localhost/?t=s3cr3t-value", Headers: []runtime.Header{{"Authorization", "Bearer abcdef"}}},
		Result:  &runtime.Result{Status: 200, Headers: []runtime.Header{{"Set-Cookie", "session=abcdef"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := string(archive); strings.Contains(text, "s3cr3t") || strings.Contains(text, "abcdef") || !strings.Contains(text, "?t=[secret:TOKEN]") {
		t.Errorf("archive %s", text)
	}
	if _, err := r.HAR(t.Context(), &traffic.Exchange{Worker: "none"}); err == nil {
		t.Error("an archive of a worker that is not there")
	}
}

func TestSaveToADamagedFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "get-a.exchange")
	if err := os.WriteFile(file, []byte("someone's notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &traffic.Exchange{Request: &runtime.Request{Method: "GET", URL: "http://localhost/a"}}
	if _, err := saveAs(dir, e); err == nil || !strings.Contains(err.Error(), "get-a.exchange") {
		t.Errorf("saved over a file that is none of ours: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "someone's notes" {
		t.Errorf("%q, %v", text, err)
	}
}

// What the screen shows of a secret is its name, and a request sent again from
// there has its value. What the name is not known of is told.
func TestSecretsAreSentAgain(t *testing.T) {
	r := start(t, map[string]string{
		"entry.py":  "def on_fetch(request, env):\n    return 'same' if request.headers.get('x-token') == env.TOKEN else 'another'\n",
		".dev.vars": "TOKEN=s3cr3t value\n",
	}, true)
	v := r.workers[0]
	<-v.opened
	req := &runtime.Request{Method: "GET", URL: "http://localhost/?t=s3cr3t+value", Headers: []runtime.Header{{"X-Token", "s3cr3t value"}}}
	var shown *runtime.Request
	sub := r.stream.Subscribe(subscription)
	defer sub.Close()
	v.send(t.Context(), req, sourceGateway)
	for shown == nil {
		batch, _, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch {
			if done, ok := e.(runtime.RequestDone); ok {
				shown = done.Request
			}
		}
	}
	if shown.Headers[0].Value() != "[secret:TOKEN]" || shown.URL != "http://localhost/?t=[secret:TOKEN:url]" {
		t.Fatalf("shown %+v", shown)
	}
	if err := r.Do(t.Context(), v.project.Name, shown); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.captured(2) {
		if string(e.Result.Body) != "same" {
			t.Errorf("the answer to %+v was %q", e.Request, e.Result.Body)
		}
	}
	if err := r.Do(t.Context(), v.project.Name, &runtime.Request{Method: "GET", URL: "http://localhost/?[secret:NONE]"}); err != nil {
		t.Fatal(err)
	}
	r.eventually("NONE is not in .dev.vars: the worker gets [secret:NONE]")
	if strings.Contains(r.out.String(), "s3cr3t") {
		t.Errorf("the secret is in\n%s", r.out.String())
	}
}
