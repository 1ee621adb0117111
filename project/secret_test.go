package project_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pymode-tui/project"
)

func TestSecretsAreNeverShown(t *testing.T) {
	const value = "hunter2"
	p := load(t, map[string]string{"entry.py": "", ".dev.vars": "TOKEN=" + value})
	if got := p.Secrets["TOKEN"].Reveal(); got != value {
		t.Fatalf("revealed %q", got)
	}
	hidden := struct{ p project.Project }{*p} // fmt calls no methods on unexported fields
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, p) + fmt.Sprintf(verb, *p) + fmt.Sprintf(verb, hidden) + fmt.Sprintf(verb, p.Secrets["TOKEN"])
	}
	if strings.Contains(shown, value) || strings.Contains(shown, fmt.Sprintf("%x", value)) {
		t.Errorf("a secret is shown in %s", shown)
	}
	if !strings.Contains(string(text), `"TOKEN":"[secret]"`) {
		t.Errorf("JSON %s does not say that there is a secret", text)
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	const value = "hunter2"
	for _, text := range []string{"TOKEN='" + value, "TOKEN='" + value + "' " + value, value, "A=1\n" + value + " = x y", `TOKEN="` + value + "\n"} {
		_, err := project.Load(write(t, map[string]string{"entry.py": "", ".dev.vars": text}))
		var e *project.Error
		if errors.As(err, &e) && strings.Contains(e.Error()+e.Hint, value) {
			t.Errorf("%q: error %q shows it", text, err)
		}
	}
}
