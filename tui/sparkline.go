package tui

import "strings"

// bars are the eight heights of a column.
var bars = [...]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// sample is one column of a sparkline.
type sample struct {
	share float64 // of what a column of full height stands for, or of a limit
	role  role
	first bool // of a generation: a line is drawn before it
}

// sparkline draws columns, the last ones that fit in w cells. Full is the share that
// a column of full height stands for. Generations are set apart by a line.
func sparkline(columns []sample, full float64, w int) line {
	l := make(line, 0, len(columns)+8)
	for i, c := range columns {
		if c.first && i > 0 {
			l = append(l, span{"│", border})
		}
		height := 0
		if full > 0 {
			height = int(c.share / full * float64(len(bars)))
		}
		l = append(l, span{bars[min(max(height, 0), len(bars)-1)], c.role})
	}
	l = l[max(len(l)-max(w, 0), 0):]
	if len(l) > 0 && l[0].text == "│" { // with nothing before it
		l = l[1:]
	}
	return l
}

// chart draws columns as rows lines high, the last ones that fit in w cells, wider where
// there are few of them.
func chart(columns []sample, full float64, w, rows int) []line {
	const widest = 3 // cells of a column
	each := min(max(w/max(len(columns), 1), 1), widest)
	first := max(len(columns)-w/each, 0)
	lines := make([]line, rows)
	for i, c := range columns[first:] {
		height := 0
		if full > 0 {
			height = int(c.share / full * float64(rows*len(bars)))
		}
		for row := range lines {
			fill := min(height-(rows-1-row)*len(bars), len(bars)) // of this cell, in eighths
			text, role := " ", c.role
			switch {
			case fill > 0:
				text = bars[fill-1]
			case row == rows-1: // nothing is drawn as nothing
				text = bars[0]
			case c.first && i > 0:
				text, role = "╎", border
			}
			cell := strings.Repeat(text, each)
			if role == border {
				cell = text + strings.Repeat(" ", each-1)
			}
			lines[row] = append(lines[row], span{cell, role})
		}
	}
	return lines
}

// budgetRole is the colour of a share of a budget: amber from 80 % of the limit
// on, red where it was reached.
func budgetRole(share float64) role {
	switch {
	case share >= 1:
		return bad
	case share >= 0.8:
		return caution
	}
	return gauge
}
