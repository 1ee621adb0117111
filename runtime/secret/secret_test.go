package secret_test

import (
	"strings"
	"testing"

	"pymode-tui/runtime/secret"

	"github.com/google/go-cmp/cmp"
)

func TestEachFormComesBack(t *testing.T) {
	value := "s3cr/t <\"ü😀\">+"
	m := secret.New(map[string]string{"TOKEN": value, "SHORT": "abc", "LONGER": value + "!"})
	for _, c := range []struct{ text, hidden string }{
		{value, "[secret:TOKEN]"},
		{"a " + value + "! b", "a [secret:LONGER] b"},
		{`{"a":"s3cr/t <\"ü😀\">+"}`, `{"a":"[secret:TOKEN:json]"}`},
		{`{"a":"s3cr/t <\"\u00fc\ud83d\ude00\">+"}`, `{"a":"[secret:TOKEN:ascii]"}`},
		{"/?t=s3cr%2Ft+%3C%22%C3%BC%F0%9F%98%80%22%3E%2B", "/?t=[secret:TOKEN:url]"},
		{"/s3cr%2Ft%20%3C%22%C3%BC%F0%9F%98%80%22%3E+", "/[secret:TOKEN:path]"},
		{"x czNjci90IDwiw7zwn5iAIj4r", "x [secret:TOKEN:base64]"},
		{"dXNlcjpzM2NyL3QgPCLDvPCfmIAiPis=", "dXNlcjp[secret:TOKEN:base64c]s="},
		{"abc is no secret", "abc is no secret"},
	} {
		if got := m.Hide(c.text); got != c.hidden {
			t.Errorf("hidden %q, want %q", got, c.hidden)
		}
		if got := string(m.HideBytes([]byte(c.text))); got != c.hidden {
			t.Errorf("hidden bytes %q, want %q", got, c.hidden)
		}
		if got, missing := m.Show(c.hidden); got != c.text || missing != nil {
			t.Errorf("shown %q, want %q; missing %q", got, c.text, missing)
		}
	}
	if got, missing := m.Show("[secret:SHORT]"); got != "abc" || missing != nil {
		t.Errorf("shown %q, missing %q: a user may write the mark of a short value", got, missing)
	}
}

func TestMissingNamesAreTold(t *testing.T) {
	m := secret.New(map[string]string{"TOKEN": "[secret:OTHER]"})
	for _, c := range []struct {
		text, shown string
		missing     []string
	}{
		{"a [secret:NONE] [secret:NONE:json] [secret:TOKEN]", "a [secret:NONE] [secret:NONE:json] [secret:OTHER]", []string{"NONE"}},
		{"[secret] [secret:A]", "[secret] [secret:A]", []string{"", "A"}},
		{"[secret:A:rot13] [secret: ] [secret:", "[secret:A:rot13] [secret: ] [secret:", nil},
		{"[secret:[secret:TOKEN]", "[secret:[secret:OTHER]", nil},
	} {
		shown, missing := m.Show(c.text)
		if shown != c.shown || !cmp.Equal(missing, c.missing) {
			t.Errorf("%q: shown %q, missing %q", c.text, shown, missing)
		}
	}
	var none *secret.Mask
	if text, missing := none.Show("[secret:A]"); text != "[secret:A]" || !cmp.Equal(missing, []string{"A"}) || none.Hide("x") != "x" {
		t.Errorf("without secrets: %q, %q", text, missing)
	}
}

func FuzzShow(f *testing.F) {
	f.Add("a [secret:TOKEN:json] [secret:[secret] s3cr3t", "s3cr3t \"")
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(value) < 4 || strings.Contains(text, "[secret") || strings.Contains("[secret:TOKEN:base64url]", value) {
			return
		}
		m := secret.New(map[string]string{"TOKEN": value})
		hidden := m.Hide(text)
		if shown, missing := m.Show(hidden); shown != text || missing != nil {
			t.Fatalf("%q → %q → %q, missing %q", text, hidden, shown, missing)
		}
	})
}
