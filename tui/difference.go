package tui

import (
	"fmt"
	"strings"

	"pymode-tui/runtime"

	udiff "github.com/aymanbagabas/go-udiff"
)

// differenceLines compare an exchange with the answer to the same request of the
// generation before: what a client sees, what was logged, what was called.
func differenceLines(before, x *exchange, width int) []line {
	if before == nil || before.result == nil || x.result == nil {
		return []line{styled(faint, "nothing to compare with: pin the request (p), and save a file")}
	}
	between := fmt.Sprintf("generation %d → %d", before.generation, x.generation)
	if x.saved != "" {
		between = fmt.Sprintf("%s → generation %d", x.saved, x.generation)
	}
	head := line{
		{between, heading},
		{"   " + formatMicros(before.result.Metrics.Wall) + " → " + formatMicros(x.result.Metrics.Wall), plain},
	}
	if was, is := formatBytes(before.result.Metrics.MemoryPeak), formatBytes(x.result.Metrics.MemoryPeak); was != is {
		head = append(head, span{"   " + was + " → " + is, plain})
	}
	if x.saved != "" { // no times are saved
		head = head[:1]
	}
	lines := []line{head, nil}
	edits := udiff.Unified("before", "now", textOf(before.result, width), textOf(x.result, width))
	if edits == "" {
		return append(lines, styled(good, "the same answer, logs and host calls"))
	}
	for text := range strings.SplitSeq(strings.TrimSuffix(edits, "\n"), "\n") {
		switch {
		case strings.HasPrefix(text, "---"), strings.HasPrefix(text, "+++"), strings.HasPrefix(text, `\`):
		case strings.HasPrefix(text, "@@"):
			lines = append(lines, styled(faint, "⋯"))
		case strings.HasPrefix(text, "+"):
			lines = append(lines, styled(good, text))
		case strings.HasPrefix(text, "-"):
			lines = append(lines, styled(bad, text))
		default:
			lines = append(lines, styled(plain, text))
		}
	}
	return lines
}

// textOf is a result as text, without what changes by itself.
func textOf(r *runtime.Result, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d\n", r.Status)
	contentType := ""
	for _, h := range lasting(r.Headers) {
		fmt.Fprintf(&b, "%s: %s\n", cleanLine(h[0]), cleanLine(h[1]))
		if cleanHeaderName(h[0]) == "content-type" {
			contentType = h[1]
		}
	}
	b.WriteString("\n")
	for _, l := range bodyLines(r.Body, contentType, width) {
		for _, s := range l {
			b.WriteString(s.text)
		}
		b.WriteString("\n")
	}
	if len(r.Logs) > 0 {
		b.WriteString("\nlogs\n")
	}
	for _, l := range r.Logs {
		fmt.Fprintf(&b, "%s %s\n", cleanLevel(l.Level), cleanLine(l.Text))
	}
	if len(r.Calls) > 0 {
		b.WriteString("\nhost calls\n")
	}
	for _, c := range r.Calls {
		if silent(c.Op) {
			continue
		}
		fmt.Fprintf(&b, "%s %s %s\n", cleanLine(c.Op), cleanLine(c.Binding), cleanLine(c.Detail))
	}
	return b.String()
}
