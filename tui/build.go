package tui

import (
	"fmt"
	"strings"
)

// buildReason says why a person has to wait, and that it is only this once.
const buildReason = "Workers run in CPython, compiled from source to WebAssembly on this machine. " +
	"That takes a few minutes and happens once: the result is cached, and the next start takes no time."

// buildReasonShort is for screens on which buildReason does not fit.
const buildReasonShort = "This happens once; the result is cached."

// drawBuild draws the build of the runtime, which fills the screen as long as
// there is nothing else to see.
func drawBuild(c *canvas, area rect, s *session) {
	const widest = 64
	w := min(area.w-4, widest)
	if w < 1 {
		return
	}
	lines := []line{styled(bold, "Building the Python runtime"), nil}
	if p := s.progress; p != nil {
		percent := fmt.Sprintf(" %3.0f %%", p.Percent)
		lines = append(lines, append(bar(p.Percent/100, max(w-textWidth(percent), 1), gauge), span{percent, bold}))
		step := fmt.Sprintf("step %d of %d · %s", p.Number, p.Steps, cleanLine(p.Step))
		if p.Remaining > 0 {
			step += " · " + formatEstimate(p.Remaining) + " left"
		}
		lines = append(lines, styled(plain, step).wrap(w, 0)...)
		lines = append(lines, styled(faint, truncate(cleanLine(strings.TrimSpace(p.Line)), w)))
	} else {
		lines = append(lines, styled(faint, "starting"))
	}
	for _, text := range []string{buildReason, buildReasonShort} {
		if reason := styled(plain, text).wrap(w, 0); len(lines)+1+len(reason) <= area.h {
			lines = append(append(lines, nil), reason...)
			break
		}
	}
	x, y := area.x+(area.w-w)/2, area.y+max((area.h-len(lines))/2, 0)
	for i, l := range lines[:min(len(lines), area.h)] {
		c.putLine(x, y+i, w, l)
	}
}
