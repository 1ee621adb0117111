package tui

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
