package tui

import (
	"strings"
	"time"
)

// logSource is the logs as a feed shows them, long lines wrapped.
type logSource struct {
	session *session
	zone    *time.Location
}

func newLogsPane(s *session, keys *keymap, zone *time.Location) *feed {
	return &feed{keys: keys, source: &logSource{session: s, zone: zone}}
}

func (p *logSource) bounds() (first, end int) { return p.session.logs.first, p.session.logs.end() }

func (p *logSource) clear() { p.session.logs.clear() }

func (p *logSource) shows(seq int, narrow *exchange) bool {
	e := p.session.logs.at(seq)
	return narrow == nil || e.kind == entryLine && e.id == narrow.id && e.worker == narrow.worker
}

func (p *logSource) title(narrow *exchange) line { return feedTitle("Logs", narrow) }

func (p *logSource) nothing(narrow *exchange) string {
	if narrow != nil {
		return "this request logged nothing"
	}
	return "nothing logged yet"
}

func (p *logSource) rows(seq, w int, _ *exchange) []line {
	e := p.session.logs.at(seq)
	const (
		timeWidth  = len("15:04:05 ")
		levelWidth = 6
		roomy      = 48 // columns from which wrapped rows are indented to the text
	)
	indent := 2
	if w >= roomy {
		indent = timeWidth + levelWidth
	}
	switch e.kind {
	case entryDivider:
		text := " " + truncate(e.text, w-6) + " "
		return []line{{{"──", border}, {text, heading}, {strings.Repeat("─", max(w-2-textWidth(text), 0)), border}}}
	case entryNotice:
		return line{{e.at.In(p.zone).Format(time.TimeOnly) + " ", faint}, {"note  ", caution}, {e.text, plain}}.wrap(w, indent)
	}
	role, text := levelRole(e.level), plain
	if e.level == "debug" {
		text = faint
	}
	level := e.level + strings.Repeat(" ", max(levelWidth-textWidth(e.level), 0))
	return line{{e.at.In(p.zone).Format(time.TimeOnly) + " ", faint}, {level, role}, {e.text, text}}.wrap(w, indent)
}

func levelRole(level string) role {
	switch level {
	case "warn":
		return caution
	case "error", "crit":
		return bad
	}
	return faint
}
