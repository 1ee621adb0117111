package tui

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pymode-tui/runtime"
)

// What the tabs of the detail pane say, as lines that are not yet wrapped.

func responseLines(x *exchange, width int, read bodyReader) ([]line, source) {
	if x.result == nil {
		return []line{
			{{"running", bold}, {" · " + formatMicros(x.cpu) + " CPU · " + formatBytes(x.memory), faint}},
		}, nil
	}
	r := x.result
	status := strconv.Itoa(r.Status)
	if text := http.StatusText(r.Status); text != "" {
		status += " " + text
	}
	contentType := r.Get("Content-Type")
	facts := formatBytes(int64(len(r.Body)))
	if media, _, _ := strings.Cut(contentType, ";"); media != "" {
		facts = cleanLine(media) + " · " + facts
	}
	lines := []line{{{"HTTP " + status, statusRole(x, bold)}, {" · " + facts, faint}}}
	if r.Error != nil {
		lines = append(lines, line{{failureTitle(r.Error.Kind) + ": ", bad}, {cleanLine(r.Error.Message), plain}})
	}
	lines = append(lines, headerLines(r.Headers)...)
	lines = append(lines, nil)
	body := read(r.Body, contentType, width)
	return append(lines, bodyHead(body, r.Body)...), body
}

func requestLines(x *exchange, width int, read bodyReader) ([]line, source) {
	lines := []line{{{x.method + " ", bold}, {x.path, plain}}}
	if x.request == nil {
		return lines, nil
	}
	lines = append(lines, line{{cleanLine(x.request.URL), faint}})
	lines = append(lines, headerLines(x.request.Headers)...)
	lines = append(lines, nil)
	contentType := x.request.Get("Content-Type")
	body := read(x.request.Body, contentType, width)
	return append(lines, bodyHead(body, x.request.Body)...), body
}

func headerLines(headers []runtime.Header) []line {
	lines := make([]line, 0, len(headers))
	for _, h := range headers {
		lines = append(lines, line{{cleanLine(h.Name()) + ": ", name}, {cleanLine(h.Value()), plain}})
	}
	return lines
}

func failureTitle(kind runtime.FailureKind) string {
	switch kind {
	case runtime.FailureException:
		return "the handler raised"
	case runtime.FailureCPU:
		return "stopped at the CPU limit"
	case runtime.FailureMemory:
		return "stopped at the memory limit"
	case runtime.FailureImport:
		return "the code could not be imported"
	case runtime.FailureProtocol:
		return "not a response"
	}
	return cleanLine(string(kind))
}

// failureLines is a failure with its traceback, the innermost frame first: that
// is where to look, and a small pane shows it without scrolling.
func failureLines(f *runtime.Failure) []line {
	lines := []line{styled(faint, failureTitle(f.Kind))}
	for _, text := range cleanText(bounded(f.Message)) {
		lines = append(lines, styled(bad, text))
	}
	for i := len(f.Traceback) - 1; i >= 0; i-- {
		frame := f.Traceback[i]
		where := cleanLine(frame.File)
		if frame.Line > 0 {
			where += ":" + strconv.Itoa(frame.Line)
		}
		head := line{{where, heading}}
		if frame.Function != "" {
			head = append(head, span{" in " + cleanLine(frame.Function), faint})
		}
		lines = append(lines, nil, head)
		if text := strings.TrimSpace(frame.Text); text != "" {
			lines = append(lines, line{{"    " + cleanLine(text), plain}})
		}
	}
	return lines
}

// timingLines is what a request cost.
func timingLines(x *exchange, width int) []line {
	cpu, memory := x.cpuMeter(), x.memoryMeter()
	if x.result == nil {
		return []line{styled(bold, "running"), cpu.line("CPU", width), memory.line("memory", width)}
	}
	m := x.result.Metrics
	fact := func(label, value, note string) line {
		return line{{pad(label, labelWidth), faint}, {pad(value, 8), plain}, {" " + note, faint}}
	}
	lines := []line{
		cpu.line("CPU", width),
		memory.line("memory", width),
		nil,
		fact("wall time", formatMicros(m.Wall), "of the handler"),
		fact("waited", formatMicros(m.Start), "for an instance"),
		fact("host calls", formatMicros(m.Host), plural(callCount(x.result), "call")),
	}
	if waterfall := waterfallLines(x.result, width); waterfall != nil {
		lines = append(append(lines, nil), waterfall...)
	}
	return lines
}

func withError(l line, message string) line {
	if message == "" {
		return l
	}
	return append(l, span{" failed: " + cleanLine(message), bad})
}

// The widths of the Timing tab.
const (
	labelWidth = 12
	barWidth   = 20
)

// meter is a gauge of a budget.
type meter struct {
	used, limit int64
	text        string
}

// share is how much of the budget is used, from 0 to 1.
func (m meter) share() float64 {
	if m.limit <= 0 {
		return 0
	}
	return min(max(float64(m.used)/float64(m.limit), 0), 1)
}

// line draws the gauge: "memory      ███░░░░░░░ 22 MB of 128 MB". From 80 % on it
// warns, in words as well.
func (m meter) line(label string, width int) line {
	fill, warning := gauge, ""
	switch share := m.share(); {
	case share >= 1:
		fill, warning = bad, "  limit reached"
	case share >= 0.8:
		fill, warning = caution, "  near the limit"
	}
	cells := min(barWidth, width-labelWidth-textWidth(m.text)-1-textWidth(warning))
	l := line{{pad(label, labelWidth), faint}}
	if cells >= 5 {
		l = append(l, bar(m.share(), cells, fill)...)
		l = append(l, span{" ", plain})
	}
	return append(l, span{m.text, plain}, span{warning, fill})
}

// bar is a bar of w cells. What is used is never drawn as nothing.
func bar(share float64, w int, fill role) line {
	filled := min(int(share*float64(w)+0.5), w)
	if share > 0 {
		filled = max(filled, 1)
	}
	return line{{strings.Repeat("█", filled), fill}, {strings.Repeat("░", w-filled), faint}}
}

func formatLimit(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

// pad makes clean text at least w cells wide.
func pad(s string, w int) string {
	return s + strings.Repeat(" ", max(w-textWidth(s), 0))
}
