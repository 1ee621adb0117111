package tui

import "github.com/charmbracelet/x/ansi"

// role is what a piece of text is; the theme says how that looks.
type role uint8

const (
	plain role = iota
	faint
	bold
	heading     // of a section
	border      // box drawing
	borderFocus // box drawing around the focused pane
	title       // of a pane
	titleFocus  // of the focused pane
	tab         // a tab that is not chosen
	tabActive   // the tab that is
	selection   // the selected row
	good        // a state or status without trouble
	caution     // near a limit, redirected, warned
	bad         // failed
	name        // a JSON member, a header's name
	keycap      // a key in the footer and in the help
	literal     // a number in JSON or in a program
	match       // what a search has found
	gauge       // the filled part of a bar
	roles       // how many there are
)

// theme holds the SGR sequence of each role. Only the 16 ANSI colours are used, no
// backgrounds, and the terminal's own palette decides how they look. Cyan and yellow
// can hardly be read on white, and blue on black: which are taken depends on the
// background, where the terminal tells it; else it is taken to be dark. Whatever a
// colour says is also said by a word, a number or a mark.
type theme [roles]string

func newTheme(color, light bool) *theme {
	accent, warning, number := ansi.Cyan, ansi.Yellow, ansi.Magenta
	if light {
		accent, warning, number = ansi.Blue, ansi.Magenta, ansi.Cyan
	}
	paint := func(s ansi.Style, c ansi.BasicColor) string {
		if color {
			s = s.ForegroundColor(c)
		}
		return s.String()
	}
	none, strong, dim := ansi.Style{}, ansi.Style{}.Bold(), ansi.Style{}.Faint()
	t := &theme{
		faint:       dim.String(),
		bold:        strong.String(),
		heading:     strong.String(),
		border:      dim.String(),
		borderFocus: paint(none, accent),
		title:       none.String(),
		titleFocus:  paint(strong, accent),
		tab:         dim.String(),
		tabActive:   strong.String(),
		selection:   strong.String(),
		good:        paint(none, ansi.Green),
		caution:     paint(none, warning),
		bad:         paint(strong, ansi.Red),
		name:        paint(none, accent),
		keycap:      strong.String(),
		literal:     paint(none, number),
		match:       paint(strong.Underline(true), warning),
		gauge:       paint(none, ansi.Green),
	}
	for i, sgr := range t {
		if sgr == ansi.ResetStyle {
			t[i] = "" // plain text needs no sequence
		}
	}
	return t
}
