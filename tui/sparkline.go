package tui

// bars are the eight heights of a column.
var bars = [...]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}

// sparkline draws a column for each share of a limit, the last w of them. Full is
// the share that a column of full height stands for. Like gauges, columns are
// amber from 80 % of the limit on; those that reached it are red.
func sparkline(shares []float64, full float64, w int) line {
	shares = shares[max(len(shares)-max(w, 0), 0):]
	l := make(line, 0, len(shares))
	for _, share := range shares {
		height := 0
		if full > 0 {
			height = int(share / full * float64(len(bars)))
		}
		l = append(l, span{bars[min(max(height, 0), len(bars)-1)], budgetRole(share)})
	}
	return l
}

// budgetRole is the colour of a share of a budget.
func budgetRole(share float64) role {
	switch {
	case share >= 1:
		return bad
	case share >= 0.8:
		return caution
	}
	return gauge
}
