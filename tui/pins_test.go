package tui

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

func TestPinnedRequestsAreSentAgain(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Events(ready(1)...).Events(request(1, "GET", "/users/7", logs("loaded"))...).Events(request(2, "GET", "/other")...)
	c.Requests().Focus().Press("j", "p")
	c.Footer("pinned GET /users/7")
	c.Events(ready(2, "src/users.py")...)
	if len(c.backend.done) != 1 || c.backend.done[0].URL != "http://127.0.0.1:8787/users/7" {
		t.Fatalf("sent again: %+v", c.backend.done)
	}
	again := func(id, generation int, change ...func(*runtime.Request, *runtime.Result)) []runtime.Event {
		return request(id, "GET", "/users/7", append(change, func(_ *runtime.Request, r *runtime.Result) { r.Generation = generation })...)
	}
	c.Events(again(3, 2, logs("loaded"))...)
	c.Press("g").Requests().Contains("=  2 GET /users/7")
	c.Press("d").Detail().Title("[Diff]").Contains("generation 1 → 2", "the same answer, logs and host calls")
	c.Events(ready(3)...).Events(again(4, 3, answers(200, "application/json", `{"id":7,"name":"Grace"}`), logs("loaded", "twice"))...)
	c.Press("1", "g").Requests().Contains("≠  3 GET /users/7", "=  2 GET /users/7")
	c.Press("d").Detail().Contains(`-  "name": "Ada"`, `+  "name": "Grace"`, "+info twice").Lacks("+info loaded")

	c.Press("a").Footer("pinned and saved requests wait for r")
	sent := len(c.backend.done)
	c.Events(ready(4)...)
	if len(c.backend.done) != sent {
		t.Error("sent although auto-replay is off")
	}
	c.Press("a").Press("1", "p").Footer("unpinned GET /users/7")
	c.Events(ready(5)...)
	if len(c.backend.done) != sent {
		t.Error("sent although it is unpinned")
	}
}

func TestRequestIsSaved(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Press("S").Footer("no request to save")
	c.Events(ready(1)...).Events(request(1, "GET", "/users/7")...)
	c.Press("S").Footer("saved as requests/saved.exchange")
	if len(c.backend.saved) != 1 || c.backend.saved[0].ID != "1" {
		t.Fatalf("saved: %+v", c.backend.saved)
	}
	c.backend.err = errors.New("the disk is full")
	c.Press("S").Footer("save failed: the disk is full")
}

func TestNothingToPinOrCompare(t *testing.T) {
	c := newConsole(t).Press("p").Footer("no request to pin")
	c.Events(request(1, "GET", "/")...).Press("d").Detail().Title("[Response]") // no such tab
	c.Press("e").Footer("no traceback to edit at")
}

func TestRequestsAreWrittenInTheEditor(t *testing.T) {
	dir := t.TempDir()
	seen := filepath.Join(dir, "seen")
	write := func(script string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "ed"), []byte("#!/bin/sh\ncat \"$1\" > "+seen+"\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("EDITOR", filepath.Join(dir, "ed"))
	edit := func(c *console, key string) (text string) {
		t.Helper()
		c.model.options.Exec = func(cmd *exec.Cmd, done tea.ExecCallback) tea.Cmd {
			return func() tea.Msg { return done(cmd.Run()) }
		}
		c.Press(key)
		data, err := os.ReadFile(seen)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	c := newConsole(t).Resize(120, 40).Events(ready(1)...)

	write("exit 0\n")
	edit(c, "n")
	if len(c.backend.done) != 0 {
		t.Fatal("sent although nothing was written")
	}
	write("printf 'PUT http://127.0.0.1:8787/a\\nX-A: 1\\n\\nhello\\n' > \"$1\"\n")
	if text := edit(c, "n"); !strings.Contains(text, "POST http://127.0.0.1:8787/") {
		t.Errorf("the editor began with %q", text)
	}
	if r := c.backend.done; len(r) != 1 || r[0].Method != "PUT" || string(r[0].Body) != "hello" || r[0].Get("x-a") != "1" {
		t.Fatalf("sent %+v", r)
	}

	write("printf 'no request {{x}}\\n' > \"$1\"\n")
	edit(c, "n")
	c.Footer("n opens it again")
	if text := edit(c, "n"); !strings.Contains(text, "no request") {
		t.Errorf("the editor began with %q", text)
	}

	c.Events(request(1, "GET", "/users/7")...)
	write("sed -i 's|/users/7|/users/8|' \"$1\"\n")
	edit(c, "E")
	if r := c.backend.done; len(r) != 2 || r[1].URL != "http://127.0.0.1:8787/users/8" {
		t.Fatalf("sent %+v", r)
	}
}

func TestEditorOpensAtTheLine(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "vim")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("EDITOR", script)
	c := newConsole(t, func(o *Options) { o.Workers[0].Root = dir }).Events(request(1, "POST", "/", raises)...)
	cmd := c.model.editAt()
	if cmd == nil {
		t.Fatal("no editor")
	}
	if got := fmt.Sprintf("%T", cmd()); got != "tea.execMsg" {
		t.Errorf("the command is a %s", got)
	}
	outside := func(_ *runtime.Request, r *runtime.Result) {
		r.Error = &runtime.Failure{Message: "x", Traceback: []runtime.Frame{{File: "../../etc/passwd", Line: 1}}}
	}
	c.Events(request(2, "GET", "/", outside)...).Press("e").Footer("is not a file of the project")
}
