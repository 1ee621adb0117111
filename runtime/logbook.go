package runtime

import (
	"bytes"
	"fmt"
	"strings"
)

// What one execution may log: beyond it lines are counted, not kept.
const (
	maxLogLines = 10_000
	maxLogBytes = 4 << 20
	maxLine     = 64 << 10 // bytes; longer lines are cut into lines
)

// logBook keeps the log of one execution within bounds.
type logBook struct {
	entries []Log
	bytes   int
	dropped int
}

// add keeps l and reports whether there was room for it.
func (b *logBook) add(l Log) bool {
	if len(b.entries) >= maxLogLines || b.bytes+len(l.Text) > maxLogBytes {
		b.dropped++
		return false
	}
	b.bytes += len(l.Text)
	b.entries = append(b.entries, l)
	return true
}

// note is the line that says how many lines are missing; ok where there are any.
func (b *logBook) note(at int64) (l Log, ok bool) {
	if b.dropped == 0 {
		return Log{}, false
	}
	return Log{Level: "warning", At: at, Text: fmt.Sprintf("%d more log lines were dropped: a request keeps %d lines, %d MB",
		b.dropped, maxLogLines, maxLogBytes>>20)}, true
}

// lineSplitter cuts what is written into lines.
type lineSplitter struct {
	partial []byte
	emit    func(line string)
}

func (s *lineSplitter) write(p []byte) {
	for len(p) > 0 {
		n := bytes.IndexByte(p, '\n')
		if n < 0 {
			n = len(p)
		}
		n = min(n, maxLine-len(s.partial))
		s.partial = append(s.partial, p[:n]...)
		p = p[n:]
		switch {
		case len(p) > 0 && p[0] == '\n':
			p = p[1:]
			s.send()
		case len(s.partial) >= maxLine:
			s.send()
		}
	}
}

// flush emits a line that has no end yet.
func (s *lineSplitter) flush() {
	if len(s.partial) > 0 {
		s.send()
	}
}

func (s *lineSplitter) send() {
	s.emit(strings.ToValidUTF8(string(s.partial), "\ufffd"))
	s.partial = s.partial[:0]
}
