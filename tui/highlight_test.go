package tui

import (
	"strings"
	"testing"
)

func TestHighlight(t *testing.T) {
	text := []string{"<!doctype html>", `<p class="a">Hi <b>you</b></p>`, "<!-- note -->"}
	lines := highlight(text, "text/html")
	if len(lines) != len(text) {
		t.Fatalf("%d lines of %d", len(lines), len(text))
	}
	roles := map[string]role{}
	for i, l := range lines {
		var whole strings.Builder
		for _, s := range l {
			whole.WriteString(s.text)
			roles[strings.TrimSpace(s.text)] = s.role
		}
		if whole.String() != text[i] {
			t.Errorf("line %d became %q", i, whole.String())
		}
	}
	for word, want := range map[string]role{"<p": name, "class": literal, `"a"`: good, "<!-- note -->": faint, "Hi": plain} {
		if got, ok := roles[word]; !ok || got != want {
			t.Errorf("%s has the role %d, want %d (there: %v)", word, got, want, ok)
		}
	}
	for _, media := range []string{"", "text/plain", "application/x-unheard-of"} {
		if highlight(text, media) != nil {
			t.Errorf("%q is highlighted", media)
		}
	}
	if highlight([]string{strings.Repeat("x", maxHighlighted+1)}, "text/html") != nil {
		t.Error("a large text is highlighted")
	}
	if got := highlight([]string{"", "a {}", ""}, "text/css"); len(got) != 3 {
		t.Errorf("%d lines of 3", len(got))
	}
}
