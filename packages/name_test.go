package packages

import "testing"

func TestNormalize(t *testing.T) {
	for name, want := range map[string]string{
		"Jinja2": "jinja2", "ruamel.yaml.clib": "ruamel-yaml-clib", "typing_extensions": "typing-extensions", "a-._b": "a-b",
	} {
		if got := Normalize(name); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestRequirementName(t *testing.T) {
	for _, c := range []struct {
		requirement, name string
		ok                bool
	}{
		{"markupsafe", "markupsafe", true},
		{"Typing_Extensions >= 4, <5", "typing-extensions", true},
		{"httpx[http2]==0.28.*", "httpx", true},
		{"a (>=1.0)", "a", true},
		{`tomli>=1; python_version < "3.11"`, "tomli", true},
		{"flask @ https://example.org/flask.whl", "flask", true},
		{"numpy = 3", "numpy", false},
		{"two words", "two", false},
		{"", "", false},
		{"-e .", "", false},
		{"a>=", "a", false},
	} {
		name, ok := requirementName(c.requirement)
		if ok != c.ok || ok && name != c.name {
			t.Errorf("requirementName(%q) = %q, %v, want %q, %v", c.requirement, name, ok, c.name, c.ok)
		}
	}
}
