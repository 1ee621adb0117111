package traffic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Environment files, whatever is in them, give values that can be put in, or an
// error of one line.
func FuzzReadEnvironment(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"$shared": {"a": "1"}, "dev": {"host": "http://a", "n": 7, "t": true, "o": {}, "z": null}}`, `{"dev": {"key": "{{a}}"}}`},
		{"\ufeff{\r\n\"dev\": {\"a\": \"{{b}}\", \"b\": \"{{a}}\"}}", ""},
		{`{"dev": []}`, `{"dev": {"a": "\ud800"}`},
		{strings.Repeat(`{"a":`, 2000), "[1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, public, private string) {
		dir := t.TempDir()
		for name, text := range map[string]string{publicEnvironment: public, privateEnvironment: private} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"", "dev"} {
			v, err := readEnvironment(dir, name)
			if err != nil {
				checkErrorLine(t, err)
				continue
			}
			for key := range v.environment {
				value, err := v.expand("{{"+key+"}}", 1, maxVariable)
				if err != nil {
					checkErrorLine(t, err)
				} else if len(value) > maxVariable {
					t.Fatalf("%d bytes", len(value))
				}
			}
		}
	})
}

// checkErrorLine checks that an error can be shown in one line.
func checkErrorLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\r\x1b") || !utf8.ValidString(text) {
		t.Fatalf("the error is no line: %q", text)
	}
}
