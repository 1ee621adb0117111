package tui

import (
	"slices"
	"time"

	"pymode-tui/trend"
)

// How requests change from one generation to the next.

// compare gives an answer to its worker's trend, and says in the logs what that
// makes certain.
func (s *session) compare(x *exchange, at time.Time) {
	m := x.result.Metrics
	for _, rise := range s.worker(x.worker).trend.Add(trend.Sample{
		Method: x.method, Path: x.path, Status: x.result.Status, Generation: x.generation, Wall: m.Wall, Memory: m.MemoryPeak,
	}) {
		s.logs.push(logEntry{kind: entryNotice, at: at, worker: x.worker, text: "▲ " + cleanLine(rise.Text())})
	}
}

// riseLine is "▲ p50 3.1 → 9.8 ms since gen 14", without the generation where that
// does not fit in width cells; nil where nothing rose. The line in the logs says it
// at length.
func riseLine(w *worker, m trend.Measure, width int) line {
	rise, ok := w.trend.Worst(m)
	if !ok {
		return nil
	}
	long := styled(caution, "▲ "+rise.Change()+" since gen "+formatCount(rise.Generation))
	if long.width() <= width {
		return long
	}
	return styled(caution, "▲ "+rise.Change())
}

// timeHistory is the columns of requests that were answered, what a column of full
// height stands for, and in words the median and where most of them are.
func timeHistory(history []*exchange) (columns []sample, full float64, words line, highest int64) {
	var walls []int64
	generation := 0
	for _, x := range history {
		if x.result == nil {
			continue
		}
		role := gauge
		if x.result.Status >= 500 {
			role = bad
		}
		walls = append(walls, x.result.Metrics.Wall)
		columns = append(columns, sample{share: float64(x.result.Metrics.Wall), role: role, first: x.generation != generation})
		generation = x.generation
	}
	if len(walls) == 0 {
		return nil, 0, nil, 0
	}
	slices.Sort(walls)
	last := len(walls) - 1
	p95 := walls[(len(walls)*95+99)/100-1] // the least that 95 of 100 are not above
	words = line{{"p50 ", faint}, {formatMicros(walls[len(walls)/2]), plain}, {" · p95 ", faint}, {formatMicros(p95), plain}}
	// One request that took a second would leave the others no height to differ by.
	const tallest = 4 // medians
	full = float64(min(walls[last], max(walls[len(walls)/2]*tallest, 1)))
	return columns, full, words, walls[last]
}

// timeLines draw the wall time of the last requests in w columns: their history,
// the median and where most of them are, and since when it is more than before.
func timeLines(w *worker, history []*exchange, width int) []line {
	columns, full, words, highest := timeHistory(history)
	if columns == nil {
		return []line{styled(faint, "no requests yet")}
	}
	rise := riseLine(w, trend.Time, width)
	if rise == nil {
		rise = styled(faint, "at most "+formatMicros(highest))
	}
	return []line{sparkline(columns, full, width), words, rise}
}
