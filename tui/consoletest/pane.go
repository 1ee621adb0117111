package consoletest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// Pane drives one pane of a console. What a console as a whole can be told stays at
// hand, and goes on with that.
type Pane[C any] struct {
	*Driver[C]
	number int
}

// Requests is the pane of that name, as are the others.
func (d *Driver[C]) Requests() *Pane[C] { return d.Pane(requests) }

// Detail is the pane beside the requests.
func (d *Driver[C]) Detail() *Pane[C] { return d.Pane(detail) }

// Logs is the pane of what workers write.
func (d *Driver[C]) Logs() *Pane[C] { return d.Pane(logs) }

// Calls is the pane of host calls.
func (d *Driver[C]) Calls() *Pane[C] { return d.Pane(calls) }

// Bindings is the pane of what KV, R2 and D1 hold.
func (d *Driver[C]) Bindings() *Pane[C] { return d.Pane(bindings) }

// Pane is the pane of a number, from 0.
func (d *Driver[C]) Pane(number int) *Pane[C] { return &Pane[C]{d, number} }

func (p *Pane[C]) name() string {
	return [...]string{"requests", "detail", "logs", "host calls", "bindings", "budgets"}[p.number]
}

// Shown is the pane's lines, without blank ones at the end.
func (p *Pane[C]) Shown() []string {
	_, body := p.console.Pane(p.number)
	return p.cut(body)
}

// Focus presses the key that focuses the pane.
func (p *Pane[C]) Focus() *Pane[C] {
	p.tb.Helper()
	p.Driver.Press(string(rune('1' + p.number)))
	if now := p.console.Focused(); now != p.number {
		p.tb.Errorf("the focus is on pane %d, want %d", now, p.number)
	}
	return p
}

// Press presses keys, wherever the focus is.
func (p *Pane[C]) Press(keys ...string) *Pane[C] {
	p.tb.Helper()
	p.Driver.Press(keys...)
	return p
}

// compare checks the lines that part takes of all.
func (p *Pane[C]) compare(what string, want []string, part func([]string) []string) *Pane[C] {
	p.tb.Helper()
	p.expect(func() string {
		diff := cmp.Diff(want, part(p.Shown()))
		if diff == "" {
			return ""
		}
		return fmt.Sprintf("%s %s (-want +got):\n%s", what, p.name(), diff)
	})
	return p
}

// Lines checks all lines of the pane.
func (p *Pane[C]) Lines(want ...string) *Pane[C] {
	p.tb.Helper()
	return p.compare("the lines of", want, func(got []string) []string { return got })
}

// First checks the first lines of the pane.
func (p *Pane[C]) First(want ...string) *Pane[C] {
	p.tb.Helper()
	return p.compare("the beginning of", want, func(got []string) []string { return got[:min(len(want), len(got))] })
}

// Last checks the last lines of the pane.
func (p *Pane[C]) Last(want ...string) *Pane[C] {
	p.tb.Helper()
	return p.compare("the end of", want, func(got []string) []string { return got[max(len(got)-len(want), 0):] })
}

// Contains checks that each text is on a line of the pane.
func (p *Pane[C]) Contains(texts ...string) *Pane[C] {
	p.tb.Helper()
	p.expect(func() string { return missing(p.name(), strings.Join(p.Shown(), "\n"), texts) })
	return p
}

// Lacks checks that no text is in the pane.
func (p *Pane[C]) Lacks(texts ...string) *Pane[C] {
	p.tb.Helper()
	p.expect(func() string {
		have := strings.Join(p.Shown(), "\n")
		for _, text := range texts {
			if strings.Contains(have, text) {
				return fmt.Sprintf("%s: has %q:\n%s", p.name(), text, have)
			}
		}
		return ""
	})
	return p
}

// Title checks that the pane's title contains each text.
func (p *Pane[C]) Title(texts ...string) *Pane[C] {
	p.tb.Helper()
	p.expect(func() string {
		title, _ := p.console.Pane(p.number)
		return missing("title of "+p.name(), strings.Join(p.cut(title), ""), texts)
	})
	return p
}

// Marked checks that the row that begins with a mark, ○ or ●, contains each text.
func (p *Pane[C]) Marked(mark string, texts ...string) *Pane[C] {
	p.tb.Helper()
	return p.Row(func(l string) bool { return strings.HasPrefix(l, mark) }, "marked "+mark, texts...)
}

// Row checks that the first row that is meant contains each text.
func (p *Pane[C]) Row(meant func(string) bool, name string, texts ...string) *Pane[C] {
	p.tb.Helper()
	p.expect(func() string {
		lines := p.Shown()
		at := slices.IndexFunc(lines, meant)
		if at < 0 {
			return fmt.Sprintf("no row is %s:\n%s", name, strings.Join(lines, "\n"))
		}
		return missing("row "+name, lines[at], texts)
	})
	return p
}
