package main

import (
	"errors"
	"testing"
)

func TestStateHome(t *testing.T) {
	env := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	home := func() (string, error) { return "/home/ada", nil }
	none := func() (string, error) { return "", errors.New("no home") }
	for _, c := range []struct {
		system string
		env    map[string]string
		home   func() (string, error)
		want   string
	}{
		{"linux", nil, home, "/home/ada/.local/state"},
		{"linux", map[string]string{"XDG_STATE_HOME": "/state"}, home, "/state"},
		{"linux", map[string]string{"XDG_STATE_HOME": "relative"}, home, "/home/ada/.local/state"},
		{"linux", nil, none, ""},
		{"darwin", nil, home, "/home/ada/Library/Application Support"},
		{"windows", map[string]string{"LocalAppData": "C:/Users/ada/AppData/Local"}, none, "C:/Users/ada/AppData/Local"},
	} {
		if got := stateHome(c.system, env(c.env), c.home); got != c.want {
			t.Errorf("%s, %v: %q, want %q", c.system, c.env, got, c.want)
		}
	}
}
