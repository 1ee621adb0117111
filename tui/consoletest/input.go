package consoletest

import tea "charm.land/bubbletea/v2"

// Keys are pressed one by one, also for text: what a console does with each is what a
// test is about.

// namedKeys are the keys that are no characters.
func namedKeys() map[string]tea.KeyPressMsg {
	return map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab},
		"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "backspace": {Code: tea.KeyBackspace},
		"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl},
		"ctrl+p": {Code: 'p', Mod: tea.ModCtrl}, "ctrl+r": {Code: 'r', Mod: tea.ModCtrl},
		"ctrl+left": {Code: tea.KeyLeft, Mod: tea.ModCtrl}, "ctrl+right": {Code: tea.KeyRight, Mod: tea.ModCtrl},
		"ctrl+up": {Code: tea.KeyUp, Mod: tea.ModCtrl}, "ctrl+down": {Code: tea.KeyDown, Mod: tea.ModCtrl},
		"space": {Code: tea.KeySpace, Text: " "},
	}
}

// Press presses keys, by the names that the console has for them.
func (d *Driver[C]) Press(keys ...string) C {
	d.tb.Helper()
	d.catchUp()
	for _, k := range keys {
		msg, named := namedKeys()[k]
		if !named {
			msg = tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
		}
		if got := msg.String(); got != k {
			d.tb.Fatalf("key %q reads as %q", k, got)
		}
		d.Send(msg)
	}
	return d.self
}

// Type presses the key of each character.
func (d *Driver[C]) Type(text string) C {
	d.tb.Helper()
	for _, r := range text {
		if r == ' ' {
			d.Press("space")
		} else {
			d.Press(string(r))
		}
	}
	return d.self
}

// Click presses the mouse's left button.
func (d *Driver[C]) Click(x, y int) C {
	d.tb.Helper()
	return d.Send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
}

// Drag presses the mouse's button at one place and lets it go at another.
func (d *Driver[C]) Drag(x, y, toX, toY int) C {
	d.tb.Helper()
	d.Click(x, y)
	d.Send(tea.MouseMotionMsg{X: (x + toX) / 2, Y: (y + toY) / 2, Button: tea.MouseLeft})
	d.Send(tea.MouseMotionMsg{X: toX, Y: toY, Button: tea.MouseLeft})
	return d.Send(tea.MouseReleaseMsg{X: toX, Y: toY, Button: tea.MouseLeft})
}

// Wheel turns the mouse's wheel by a step.
func (d *Driver[C]) Wheel(x, y int, button tea.MouseButton) C {
	d.tb.Helper()
	return d.Send(tea.MouseWheelMsg{X: x, Y: y, Button: button})
}
