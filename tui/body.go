package tui

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const (
	// maxShown is how much of a text is shown where all of it is laid out at once,
	// in bytes.
	maxShown = 128 << 10

	// maxSniffed is how much of a body is looked at to tell text from bytes.
	maxSniffed = 64 << 10
)

// source is what can be shown line by line: lines are clean, not wrapped, and made
// when they are asked for.
type source interface {
	size() int
	line(i int) line

	// find returns the lines in which a text stands, in order, at most maxHits.
	// The text is in small letters; ASCII letters of either case match.
	find(needle string) []int
}

// newBody reads a body: JSON to be folded, markup and scripts in colours, text as it
// is, and anything else as bytes.
func newBody(body []byte, contentType string, width int) source {
	if len(body) == 0 {
		return lineBody{styled(faint, "no body")}
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if looksJSON(body, media) {
		if b := newJSONBody(body); b != nil {
			return b
		}
	}
	if isBinary(body[:min(len(body), maxSniffed)], media) {
		return newHexBody(body, width)
	}
	text := newTextBody(body)
	if len(body) <= maxHighlighted {
		lines := make([]string, text.size())
		for i := range lines {
			for _, s := range text.line(i) {
				lines[i] += s.text
			}
		}
		if coloured := highlight(lines, media); len(coloured) == len(lines) {
			return lineBody(coloured)
		}
	}
	return text
}

// bodyReader is how a body becomes lines: newBody, or one that remembers.
type bodyReader func(body []byte, contentType string, width int) source

// bodyCache remembers the body that was read last, with what is folded in it: a
// screen that is resized does not read it again.
type bodyCache struct {
	body        []byte
	contentType string
	last        source
}

// read is a [bodyReader]. Bytes are laid out anew: how depends on the width.
func (c *bodyCache) read(body []byte, contentType string, width int) source {
	same := len(body) > 0 && len(body) == len(c.body) && &body[0] == &c.body[0] && contentType == c.contentType
	if _, bytes := c.last.(*hexBody); !same || bytes {
		*c = bodyCache{body, contentType, newBody(body, contentType, width)}
	}
	return c.last
}

// bodyHead is what is said above a body, nil for one that needs no words.
func bodyHead(body source, whole []byte) []line {
	if _, binary := body.(*hexBody); !binary {
		return nil
	}
	return []line{styled(faint, "binary, "+formatBytes(int64(len(whole)))), nil}
}

// bodyLines is the beginning of a body, where it is shown as a whole.
func bodyLines(body []byte, contentType string, width int) []line {
	const most = 4_000 // lines
	b := newBody(body, contentType, width)
	lines := bodyHead(b, body)
	bytesShown := 0
	for i := range min(b.size(), most) {
		l := b.line(i)
		for _, s := range l {
			bytesShown += len(s.text)
		}
		lines = append(lines, l)
		if more := b.size() - i - 1; bytesShown > maxShown && more > 0 || i == most-1 && more > 0 {
			return append(lines, styled(faint, "… "+plural(more, "more line")))
		}
	}
	return lines
}

// bounded cuts text that is about to be shown.
func bounded(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return s[:maxShown] + " …"
}

func looksJSON(body []byte, media string) bool {
	if media == "application/json" || strings.HasSuffix(media, "+json") {
		return true
	}
	start := bytes.TrimLeft(body[:min(len(body), maxSniffed)], " \t\r\n")
	return len(start) > 0 && (start[0] == '{' || start[0] == '[')
}

// isBinary says whether the beginning of a body is no text. One that claims to be
// text may have bad bytes, but no NUL.
func isBinary(start []byte, media string) bool {
	if len(start) == maxSniffed { // a character may go on after it
		for i := 0; i < utf8.UTFMax && !utf8.RuneStart(start[len(start)-1]); i++ {
			start = start[:len(start)-1]
		}
		start = start[:len(start)-1]
	}
	return bytes.IndexByte(start, 0) >= 0 || !strings.HasPrefix(media, "text/") && !utf8.Valid(start)
}
