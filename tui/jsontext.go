package tui

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The text of JSON as it is shown, which is what a search looks through.

// unescaped is a string of JSON with the characters in place of `\u00e9` and the like,
// as Python's json.dumps writes all that is not ASCII. What is needed to tell where
// the string ends, and control characters, stay as they are.
func unescaped(text []byte) []byte {
	at := bytes.Index(text, []byte(`\u`))
	const longest = 1 << 20 // one that is longer is shown as it came
	if at < 0 || len(text) > longest {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			i++
			continue
		}
		r, n := escape(text[i:])
		if second, m := escape(text[i+n:]); n > 0 && m > 0 && utf16.IsSurrogate(r) {
			r, n = utf16.DecodeRune(r, second), n+m
		}
		if n == 0 || r < 0xa0 || utf16.IsSurrogate(r) || r == utf8.RuneError {
			out = append(out, text[i], text[i+1])
			i += 2
			continue
		}
		out = utf8.AppendRune(out, r)
		i += n
	}
	return out
}

// escape reads `\u00e9`, n bytes of it; n is 0 where none begins.
func escape(text []byte) (r rune, n int) {
	const length = len(`\u0000`)
	if len(text) < length || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	v, err := strconv.ParseUint(string(text[2:length]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(v), length
}

// find looks through what is shown. A word that can't go over more than a name or a
// value is looked for in the bytes as they came, unless there are escapes in them; for
// anything else the text of each line is made, some 100 ns each.
func (b *jsonBody) find(needle string) []int {
	if !strings.ContainsAny(needle, " \":,{}[]\\…") && bytes.IndexByte(b.body, '\\') < 0 {
		return findLines(b.body, needle, b.lineAt)
	}
	if needle == "" {
		return nil
	}
	var found []int
	var text []byte
	want := []byte(needle)
	for i := range b.rows {
		text = b.appendText(text[:0], i)
		for j, c := range text {
			if c >= 'A' && c <= 'Z' {
				text[j] = c + 'a' - 'A'
			}
		}
		if bytes.Contains(text, want) {
			if found = append(found, i); len(found) == maxHits {
				break
			}
		}
	}
	return found
}

// lineAt is the line that an offset of the body is on.
func (b *jsonBody) lineAt(offset int) int {
	i := sort.Search(len(b.rows), func(i int) bool {
		from := b.rows[i].valueFrom
		if b.rows[i].nameTo > 0 {
			from = b.rows[i].nameFrom
		}
		return int(from) > offset
	})
	return max(i-1, 0)
}

// appendText appends line i as it is shown when nothing is folded, without what stands
// before it.
func (b *jsonBody) appendText(text []byte, i int) []byte {
	r := &b.rows[i]
	if r.nameTo > 0 {
		text = append(text, unescaped(b.body[r.nameFrom:r.nameTo])...)
		text = append(text, ": "...)
	}
	first := b.body[r.valueFrom]
	switch {
	case first == '"':
		text = append(text, unescaped(b.body[r.valueFrom:r.valueTo])...)
	case r.valueTo-r.valueFrom > 1 && (first == '{' || first == '['):
		text = append(text, first, first+2)
	default:
		text = append(text, b.body[r.valueFrom:r.valueTo]...)
	}
	if r.comma {
		text = append(text, ',')
	}
	return text
}
