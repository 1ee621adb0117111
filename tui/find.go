package tui

import (
	"bytes"
	"strings"
)

// Finding text in what is shown.

// findLines finds text in a body, without regard to the case of ASCII letters, and
// returns the lines that it is on, each once, at most maxHits. lineAt is the line of an
// offset.
func findLines(body []byte, needle string, lineAt func(int) int) []int {
	if needle == "" {
		return nil
	}
	low := lowerASCII(body)
	want := lowerASCII([]byte(needle))
	var lines []int
	for at := 0; len(lines) < maxHits; {
		found := bytes.Index(low[at:], want)
		if found < 0 {
			break
		}
		at += found
		if line := lineAt(at); len(lines) == 0 || lines[len(lines)-1] != line {
			lines = append(lines, line)
		}
		at += len(want)
	}
	return lines
}

// maxHits is how many lines a search finds.
const maxHits = 10_000

// lowerASCII is a copy with small letters, of the same length.
func lowerASCII(b []byte) []byte {
	low := make([]byte, len(b))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	return low
}

// mark sets the places apart at which a needle, in small letters, stands in a line.
func (l line) mark(needle string) line {
	if needle == "" {
		return l
	}
	var text strings.Builder
	for _, s := range l {
		text.WriteString(s.text)
	}
	low := string(lowerASCII([]byte(text.String())))
	var out line
	at := 0
	for {
		found := strings.Index(low[at:], needle)
		if found < 0 {
			return append(out, l.slice(at, len(low))...)
		}
		out = append(out, l.slice(at, at+found)...)
		for _, s := range l.slice(at+found, at+found+len(needle)) {
			out = append(out, span{s.text, match})
		}
		at += found + len(needle)
	}
}
