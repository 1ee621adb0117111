package tui

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

func TestMessageDump(t *testing.T) {
	var out strings.Builder
	c := newConsole(t, func(o *Options) { o.Debug = &out })
	const secret = "s3cret"
	c.Events(request(1, "POST", "/login?token="+secret, logs("password "+secret), answers(200, "text/plain", secret), func(q *runtime.Request, r *runtime.Result) {
		q.Headers, q.Body = []runtime.Header{{"Authorization", secret}}, []byte(secret)
		r.Calls = []runtime.Call{{Op: "kv.get", Binding: "CACHE", Detail: secret}}
	})...)
	c.Press("j", "ctrl+d", "/").Type(secret).Press("enter", "q")
	c.Send(tea.PasteMsg{Content: secret})
	c.Send(failedMsg{"replay", errors.New(secret)})
	c.Events(written("line %d", 0, 5_000)...)
	c.Events(request(2, strings.Repeat("X", 5_000), "/"+strings.Repeat("\x1b[2J", 1_000))...)
	text := out.String()
	for _, want := range []string{
		"WindowSizeMsg 80×24", "eventsMsg 4 events, 0 lost: request-started POST /login?…, log 15 bytes, call kv.get CACHE, request 200, body of 6 bytes",
		`KeyPressMsg "j"`, `KeyPressMsg "ctrl+d"`, "KeyPressMsg a character", "PasteMsg 6 bytes", "eventsMsg 5000 events, 0 lost: log 6 bytes", "and 4992 more", "failedMsg replay",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the dump lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, secret) || strings.Contains(text, "\x1b") {
		t.Errorf("the dump has a secret, or an escape sequence:\n%s", text)
	}
	line := regexp.MustCompile(`^\+\d+\.\d{3}s \w+`)
	for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if !line.MatchString(l) || len(l) > maxDebugLine {
			t.Errorf("line %q", l)
		}
	}
}

// brokenWriter can't write.
type brokenWriter struct{ tried int }

func (w *brokenWriter) Write([]byte) (int, error) {
	w.tried++
	return 0, errors.New("disk full")
}

func TestMessageDumpThatCantBeWritten(t *testing.T) {
	w := &brokenWriter{}
	c := newConsole(t, func(o *Options) { o.Debug = w }).Events(story()...).Press("j", "k")
	c.Requests().Title("Requests 6")
	if w.tried != 1 {
		t.Errorf("tried %d times", w.tried)
	}
}
