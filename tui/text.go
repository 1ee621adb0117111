package tui

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// span is clean text of one role; line is what stands on one row. Text is kept
// apart from its style up to the canvas, so it can be measured and cut.
type span struct {
	text string
	role role
}

type line []span

// styled is a line of one span.
func styled(r role, text string) line { return line{{text, r}} }

func (l line) width() int {
	w := 0
	for _, s := range l {
		w += textWidth(s.text)
	}
	return w
}

// indent is how many spaces the line starts with.
func (l line) indent() int {
	if len(l) == 0 {
		return 0
	}
	return len(l[0].text) - len(strings.TrimLeft(l[0].text, " "))
}

// textWidth is the width of clean text in cells.
func textWidth(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

// asciiNext says whether the first character of s is ASCII with nothing that
// could combine with it.
func asciiNext(s string) bool {
	return s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf)
}

// truncate cuts clean text to w cells, ending in "…" where it was longer.
func truncate(s string, w int) string {
	if textWidth(s) <= w {
		return s
	}
	return ansi.Truncate(s, max(w, 0), "…")
}

// wrap breaks a line into rows of at most w cells: at a space, or anywhere in a
// word that is longer than a row. Rows after the first start with indent spaces.
func (l line) wrap(w, indent int) []line {
	w = max(w, 1)
	if indent >= w {
		indent = 0
	}
	if l.width() <= w {
		return []line{l}
	}
	var text strings.Builder
	for _, s := range l {
		text.WriteString(s.text)
	}
	var rows []line
	for i, r := range breaks(text.String(), w, indent) {
		row := l.slice(r.from, r.to)
		if i > 0 && indent > 0 {
			row = append(line{{strings.Repeat(" ", indent), plain}}, row...)
		}
		rows = append(rows, row)
	}
	return rows
}

// extent is a part of a text, from one offset up to, not including, another.
type extent struct{ from, to int }

// breaks says which part of s stands on which row. The first row has w cells,
// all others w less indent. Spaces at a break stand on no row.
func breaks(s string, w, indent int) []extent {
	var rows []extent
	var start, at, width int
	space := -1 // where the last space of the row is that it could break at
	room := w
	for at < len(s) {
		n, cells := 1, 1
		if !asciiNext(s[at:]) {
			var cluster string
			cluster, cells = ansi.FirstGraphemeCluster(s[at:], ansi.GraphemeWidth)
			n = len(cluster)
		}
		if width+cells <= room || at == start {
			if s[at] == ' ' && (space >= 0 || strings.Trim(s[start:at], " ") != "") {
				space = at
			}
			at, width = at+n, width+cells
			continue
		}
		end := at
		if s[at] != ' ' && space > start && fits(s[space+1:], w-indent) {
			end = space
		}
		rows = append(rows, extent{start, start + len(strings.TrimRight(s[start:end], " "))})
		for end < len(s) && s[end] == ' ' {
			end++
		}
		start, at, width, space, room = end, end, 0, -1, max(w-indent, 1)
	}
	if start < len(s) || len(rows) == 0 {
		rows = append(rows, extent{start, len(s)})
	}
	return rows
}

// fits says whether the first word of s has at most w cells. One that has more
// is broken wherever it stands.
func fits(s string, w int) bool {
	const most = utf8.UTFMax * (1 + maxMarks) // bytes of a cell
	word, _, _ := strings.Cut(s[:min(len(s), (w+1)*most)], " ")
	return textWidth(word) <= w
}

// slice returns the bytes from, up to not including to, of the line's text.
func (l line) slice(from, to int) line {
	var out line
	at := 0
	for _, s := range l {
		lo, hi := max(from-at, 0), min(to-at, len(s.text))
		if lo < hi {
			out = append(out, span{s.text[lo:hi], s.role})
		}
		at += len(s.text)
	}
	return out
}
