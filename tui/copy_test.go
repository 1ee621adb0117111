package tui

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestCopy(t *testing.T) {
	c := newConsole(t).Resize(120, 40).Press("y").Footer("no request to copy")
	c.Events(story()...).Press("y").Footer("y c copy as curl · b copy body · h copy as HAR · esc leave")
	c.Press("y").Footer("copied GET /users/7 as curl")
	c.Press("y", "b").Footer("copied the body of the response, 21 B")
	c.Press("2", "l", "y", "b").Footer("the request has no body")
	c.Press("y", "h").Footer("copied GET /users/7 as HAR")
	if want := []string{"curl http://127.0.0.1:8787/users/7", `{"id":7,"name":"Ada"}`}; len(c.Copied) != 3 || !slices.Equal(c.Copied[:2], want) ||
		!strings.Contains(c.Copied[2], `"url":"http://127.0.0.1:8787/users/7"`) {
		t.Errorf("copied %q", c.Copied)
	}
	c.Press("y", "esc").Footer("→ l next tab") // left without copying
	c.Press("y", "q").Footer("→ l next tab")   // as with any other key
	if len(c.Copied) != 3 || c.Ended {
		t.Errorf("copied %q, quit %v", c.Copied, c.Ended)
	}
	c.backend.err = errors.New("shop is not running yet")
	c.Press("y", "h").Footer("copy failed: shop is not running yet")
}

func TestCopyWhatCantBe(t *testing.T) {
	c := newConsole(t).Events(ready(1)...).Events(request(1, "GET", "/logo.png", answers(200, "image/png", "\x89PNG"))...)
	c.Press("y", "b").Footer("the body of the response is no text: 4 B")
	c.Events(request(7, "PUT", "/", func(r *runtime.Request, _ *runtime.Result) { r.Body = make([]byte, 1<<20) })...)
	c.Press("y", "c").Footer("too large for the clipboard: 1.0 MB")
	c.Press("y", "h").Footer("too large for the clipboard: ")
	c.Events(request(8, "GET", "/")[0]) // it runs
	c.Press("y", "b").Footer("there is no answer yet to copy")
	if len(c.Copied) > 0 {
		t.Errorf("copied %q", c.Copied)
	}
}

func TestCopyByThePalette(t *testing.T) {
	c := newConsole(t).Events(story()...).Press(":").Type("copy body").Press("enter").Footer("copied the body of the response")
	if len(c.Copied) != 1 {
		t.Errorf("copied %q", c.Copied)
	}
}

func TestReplayOfWhatTheFilterShows(t *testing.T) {
	c := newConsole(t).Press("ctrl+r").Footer("no request to replay")
	c.Events(story()...)
	c.Press("/").Type("users").Press("enter", "ctrl+r")
	c.Press("/", "esc", "ctrl+r")
	var sent []string
	for _, r := range c.backend.done {
		sent = append(sent, strings.TrimPrefix(r.URL, "http://127.0.0.1:8787"))
	}
	want := []string{"/users/7", "/users/7", "/", "/users/7", "/orders?dry-run=1", "/logo.png", "/a/missing/page/with/a/rather/long/path?and=a&query=too", "/users/7"}
	if !slices.Equal(sent, want) {
		t.Errorf("sent %q, want %q", sent, want)
	}
}
