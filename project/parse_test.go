package project

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDevVars(t *testing.T) {
	tests := []struct {
		name string
		text string
		want map[string]string
	}{
		{"plain", "A=1\nB = two words \n", map[string]string{"A": "1", "B": "two words"}},
		{"no line end at the end", "A=1", map[string]string{"A": "1"}},
		{"comments and blanks", "# x\n\n  # y\nA=1 # z\n", map[string]string{"A": "1"}},
		{"export", "export A=1\nexport\tB=2\nexported=3", map[string]string{"A": "1", "B": "2", "exported": "3"}},
		{"empty", "A=\nB=''\nC= # x", map[string]string{"A": "", "B": "", "C": ""}},
		{"an equals sign in the value", "A=b=c==", map[string]string{"A": "b=c=="}},
		{"quotes", `A='1 # $x \n'` + "\n" + `B="1 # \n2"` + "\nC=`'\"`", map[string]string{"A": `1 # $x \n`, "B": "1 # \n2", "C": `'"`}},
		{"comment after quotes", "A='1' # x\nB=2", map[string]string{"A": "1", "B": "2"}},
		{"several lines", "A=\"-----BEGIN\nx\n-----END\"\nB=2", map[string]string{"A": "-----BEGIN\nx\n-----END", "B": "2"}},
		{"escaped quote", `A="say \"hi\""`, map[string]string{"A": `say \"hi\"`}},
		{"quotes inside", `A=it's`, map[string]string{"A": "it's"}},
		{"CRLF and a byte order mark", "\ufeffA=1\r\nB='2'\r\n", map[string]string{"A": "1", "B": "2"}},
		{"names", "a.b-c_D9=1", map[string]string{"a.b-c_D9": "1"}},
		{"nothing", "", map[string]string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			secrets, _, err := parseDevVars(".dev.vars", tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for name, secret := range secrets {
				got[name] = secret.Reveal()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("secrets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDevVarsErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no equals sign", "A=1\n\nB", ".dev.vars:3: expected NAME=value"},
		{"no name", "=1", ".dev.vars:1: expected NAME=value"},
		{"a space in the name", "A B=1", ".dev.vars:1: expected NAME=value"},
		{"no closing quote", "A=1\nB='x\ny\n", ".dev.vars:2: the value of B has no closing '"},
		{"text after the quote", "A='x\ny' z", ".dev.vars:2: the value of A goes on after its closing '"},
		{"line numbers after several lines", "A='x\n\ny'\nB", ".dev.vars:4: expected NAME=value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := parseDevVars(".dev.vars", tt.text)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// TestTOMLAndJSONAgree checks that both readers make the same of one document.
func TestTOMLAndJSONAgree(t *testing.T) {
	fromTOML, err := parseTOML("x.toml", []byte("\ufeffa.b = 1\n[c]\nd = [1.5, 'x', { e = true }]\n[[f]]\ng = 1\n[[f.h]]\ni = 2\n[[f]]\n[when]\nt = 2024-01-02T03:04:05Z\n"))
	if err != nil {
		t.Fatal(err)
	}
	fromJSON, err := parseJSON("x.json", []byte(`{"a": {"b": 1}, "c": {"d": [1.5, "x", {"e": true}]}, "f": [{"g": 1, "h": [{"i": 2}]}, {}], "when": {"t": "2024-01-02T03:04:05Z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	a, b := (&value{data: fromTOML}).plain(), (&value{data: fromJSON}).plain()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("TOML and JSON differ (-TOML +JSON):\n%s", diff)
	}
}

func TestTOMLPlaces(t *testing.T) {
	text := "a = 1\n\n[t]\n  b.c = 2\n[[l]]\nx = 1\n[[l]]\n  x = 2\n  y = [ 1,\n 'z', { w = 3 } ]\n[t.d]\n"
	root, err := parseTOML("x.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]place{}
	var note func(path string, v *value)
	note = func(path string, v *value) {
		places[path] = place{v.line, v.column}
		switch data := v.data.(type) {
		case *table:
			for _, name := range data.names {
				note(path+"."+name, data.values[name])
			}
		case []*value:
			for i, v := range data {
				note(path+"."+string(rune('0'+i)), v)
			}
		}
	}
	for _, name := range root.names {
		note(name, root.values[name])
	}
	want := map[string]place{
		"a": {1, 1}, "t": {3, 2}, "t.b": {4, 3}, "t.b.c": {4, 5}, "l": {5, 3}, "l.0": {5, 3}, "l.0.x": {6, 1}, "l.1": {7, 3}, "l.1.x": {8, 3},
		"l.1.y": {9, 3}, "l.1.y.0": {9, 9}, "l.1.y.1": {10, 2}, "l.1.y.2": {10, 7}, "l.1.y.2.w": {10, 9}, "t.d": {11, 4},
	}
	if diff := cmp.Diff(want, places, cmp.AllowUnexported(place{})); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// checkFuzzed checks what holds for whatever a config file says.
func checkFuzzed(t *testing.T, c *config, err error) {
	t.Helper()
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.File == "" || e.Message == "" || e.Line < 0 || e.Column < 0 {
			t.Fatalf("error %#v", err)
		}
		return
	}
	if _, err := json.Marshal(c.vars); err != nil {
		t.Fatalf("vars are no JSON: %v", err)
	}
	seen := map[string]bool{}
	for _, b := range c.bindings {
		if seen[b.Name] || !isIdentifier(b.Name) {
			t.Fatalf("binding %q", b.Name)
		}
		seen[b.Name] = true
	}
	p := &Project{Dir: "/x"}
	p.merge(c, c, "")
	for name := range p.Vars {
		for _, b := range p.Bindings {
			if b.Name == name {
				t.Fatalf("%s is a var and a binding", name)
			}
		}
	}
}

func FuzzPyproject(f *testing.F) {
	f.Add("[project]\nname = 'x'\ndependencies = ['a']\n[tool.pymode]\nmain = 'x.py'\n[tool.pymode.kv_namespaces]\nA = '1'\n[[tool.pymode.services]]\nbinding = 'S'")
	f.Add("[tool.pymode.vars]\na = [1, {b = nan}]\nd = 1979-05-27T07:32:00Z\n[tool.pymode.limits]\ncpu_ms = 9")
	f.Add("[[a.b]]\n[a.b.c]\n[[a.b]]\nc = [[1], [2]]\n\"\" = 1\n\"x\\u0000y\" = 2")
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseTOML("pyproject.toml", []byte(text))
		if err != nil {
			checkFuzzed(t, nil, err)
			return
		}
		c, _, err := readPyproject("pyproject.toml", root)
		checkFuzzed(t, c, err)
	})
}

func FuzzWrangler(f *testing.F) {
	f.Add(`{"name": "x", /* c */ "vars": {"A": [1, 2.5e300, null]}, "kv_namespaces": [{"binding": "K", "id": "1"}], "ai": {"binding": "AI"},}`)
	f.Add(`{"limits": {"cpu_ms": 50}, "services": [{"binding": "S", "service": "s", "entrypoint": "E"}], "queues": {}} // end`)
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseJSON("wrangler.jsonc", []byte(text))
		if err != nil {
			checkFuzzed(t, nil, err)
			return
		}
		c, err := readWrangler("wrangler.jsonc", root)
		checkFuzzed(t, c, err)
	})
}

func FuzzDevVars(f *testing.F) {
	f.Add("A=1\nexport B='x\ny' # z\nC=\"\\n\"\n")
	f.Add("A=`\\``\n=\n")
	f.Fuzz(func(t *testing.T, text string) {
		secrets, _, err := parseDevVars(".dev.vars", text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > 1+strings.Count(text, "\n") {
				t.Fatalf("error %#v in %q", err, text)
			}
			return
		}
		again, _, err := parseDevVars(".dev.vars", text+"\n\n# end\n")
		if err != nil || !maps.EqualFunc(secrets, again, Secret.Equal) {
			t.Fatalf("a comment at the end changes %q", text)
		}
	})
}
