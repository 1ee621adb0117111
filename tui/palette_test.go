package tui

import "testing"

func TestPalette(t *testing.T) {
	c := newConsole(t).Events(story()...).Press(":").Screen("─ Commands ─", "● next pane", "replay")
	c.Type("repl").Screen("› repl", "● replay").Press("enter")
	if len(c.backend.done) != 1 {
		t.Errorf("replayed %d times", len(c.backend.done))
	}
	c.Press(":").Type("nothing like it").Screen("no command matches").Press("enter")
	c.Press(":").Press("down", "down", "esc")
	c.Press(":").Type("zoom").Press("enter").Screen("[Requests 6]")
	c.Press(":").Type("quit").Press("enter")
	if !c.Ended {
		t.Error("quit did not quit")
	}
}

// Every key that a binding is named by can be pressed by the palette.
func TestKeyMessages(t *testing.T) {
	k := newKeymap()
	all := k.scopes()
	for _, s := range all {
		for _, b := range s.bindings {
			if name := b.Keys()[0]; keyMessage(name).String() != name {
				t.Errorf("%s is pressed as %s", name, keyMessage(name).String())
			}
		}
	}
}
