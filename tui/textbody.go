package tui

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

// textBody is text as an index of its lines: a body of 10 MB takes some
// milliseconds, and only lines that are on the screen are ever made.
type textBody struct {
	body   []byte
	starts []uint32 // of the lines; ones that are too long are several
}

func newTextBody(body []byte) *textBody {
	b := &textBody{body: body}
	for at := 0; at < len(body); {
		b.starts = append(b.starts, uint32(at))
		end := bytes.IndexByte(body[at:min(len(body), at+maxLine)], '\n')
		switch {
		case end >= 0:
			at += end + 1
		case at+maxLine >= len(body):
			at = len(body)
		default:
			at += maxLine
			for back := 0; back < utf8.UTFMax && at < len(body) && !utf8.RuneStart(body[at]); back++ {
				at--
			}
		}
	}
	return b
}

func (b *textBody) size() int { return len(b.starts) }

func (b *textBody) line(i int) line {
	to := len(b.body)
	if i+1 < len(b.starts) {
		to = int(b.starts[i+1])
	}
	text := bytes.TrimSuffix(bytes.TrimSuffix(b.body[b.starts[i]:to], []byte("\n")), []byte("\r"))
	return styled(plain, cleanLine(string(text)))
}

func (b *textBody) find(needle string) []int {
	return findLines(b.body, needle, func(at int) int {
		return sort.Search(len(b.starts), func(i int) bool { return int(b.starts[i]) > at }) - 1
	})
}

// lineBody is lines that are made already.
type lineBody []line

func (b lineBody) size() int { return len(b) }

func (b lineBody) line(i int) line { return b[i] }

func (b lineBody) find(needle string) []int {
	var found []int
	for i, l := range b {
		if len(l.mark(needle)) > len(l) || l.isWhole(needle) {
			found = append(found, i)
		}
	}
	return found[:min(len(found), maxHits)]
}

// isWhole reports whether a line is one span that is the needle itself.
func (l line) isWhole(needle string) bool {
	for _, s := range l {
		if string(lowerASCII([]byte(s.text))) == needle {
			return true
		}
	}
	return false
}
