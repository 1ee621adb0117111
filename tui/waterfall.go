package tui

import (
	"strings"

	"pymode-tui/runtime"
)

// waterfallLines draw when a request did what: the wait for an instance, the
// handler, and each host call, on one scale.
//
//	instance    ▇                            0.6 ms
//	handler      ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇   3.1 ms
//	kv.get          ▇                        0.2 ms  CACHE_KV user:7 hit
func waterfallLines(r *runtime.Result, width int) []line {
	const (
		label = 12
		took  = 9
	)
	whole := r.Metrics.Start + r.Metrics.Wall
	if whole <= 0 {
		return nil
	}
	cells := min(max(width-label-took-2, 8), 48)
	span1 := func(name string, role role, from, duration int64, detail line) line {
		start := int(from * int64(cells) / whole)
		length := max(int((duration*int64(cells)+whole/2)/whole), 1)
		start = min(max(start, 0), cells-1)
		length = min(length, cells-start)
		l := line{
			{pad(truncate(name, label-1), label), role},
			{strings.Repeat(" ", start), plain},
			{strings.Repeat("▇", length), gauge},
			{strings.Repeat(" ", cells-start-length), plain},
			{" " + pad(formatMicros(duration), took), plain},
		}
		return append(l, detail...)
	}
	start := r.Metrics.Start
	lines := []line{
		span1("instance", faint, 0, start, nil),
		span1("handler", faint, start, r.Metrics.Wall, nil),
	}
	for _, m := range r.Modules {
		lines = append(lines, withError(span1("dl.open", name, start, m.Duration, line{{cleanLine(m.Path), faint}}), m.Error))
	}
	const most = 200
	for i, call := range r.Calls {
		if silent(call.Op) {
			continue
		}
		if i == most {
			lines = append(lines, styled(faint, "… "+plural(len(r.Calls)-most, "more call")))
			break
		}
		var detail line
		if call.Binding != "" {
			detail = line{{cleanLine(call.Binding) + " ", faint}}
		}
		detail = append(detail, span{cleanLine(call.Detail), plain})
		if size := call.BytesIn + call.BytesOut; size > 0 {
			detail = append(detail, span{" " + formatBytes(size), faint})
		}
		lines = append(lines, withError(span1(cleanLine(call.Op), name, start+call.At, call.Duration, detail), call.Error))
	}
	return lines
}
