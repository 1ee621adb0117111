package traffic

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescapeLiteral undoes backslashes outside of quotes.
func unescapeLiteral(s string) string {
	return unescapeBackslash(s, func(byte) bool { return true })
}

// unescapeDouble undoes backslashes in double quotes, where only some escape.
func unescapeDouble(s string) string {
	return unescapeBackslash(s, func(c byte) bool { return strings.IndexByte("$`\"\\\n", c) >= 0 })
}

func unescapeBackslash(s string, escapes func(byte) bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && escapes(s[i+1]) {
			i++
			if s[i] == '\n' {
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// unescapeANSI undoes the escapes of $'…', as bash's manual lists them under
// "ANSI-C Quoting". Browsers write UTF-16 in \u, so pairs of them are one
// character; what is none becomes U+FFFD.
func unescapeANSI(s string) string {
	const simple = "a\ab\be\x1bE\x1bf\fn\nr\rt\tv\v\\\\''\"\"??"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		c := s[i]
		if at := pairIndex(simple, c); at >= 0 {
			b.WriteByte(simple[at+1])
			continue
		}
		switch {
		case c == 'x':
			if n, size := digits(s[i+1:], 16, 2); size > 0 {
				b.WriteByte(byte(n))
				i += size
				continue
			}
		case c == 'u' || c == 'U':
			most := 4
			if c == 'U' {
				most = 8
			}
			if n, size := digits(s[i+1:], 16, most); size > 0 {
				i += size
				r := rune(min(n, utf8.MaxRune+1))
				if rest := s[i+1:]; utf16.IsSurrogate(r) && strings.HasPrefix(rest, `\u`) {
					low, size := digits(rest[2:], 16, 4)
					if pair := utf16.DecodeRune(r, rune(low)); pair != utf8.RuneError {
						r, i = pair, i+2+size
					}
				}
				b.WriteRune(r)
				continue
			}
		case c >= '0' && c <= '7':
			n, size := digits(s[i:], 8, 3)
			b.WriteByte(byte(n))
			i += size - 1
			continue
		case c == 'c' && i+1 < len(s):
			i++
			b.WriteByte(s[i] & 0x1f)
			continue
		}
		b.WriteByte('\\')
		b.WriteByte(c)
	}
	return b.String()
}

// pairIndex finds c at an even place of pairs.
func pairIndex(pairs string, c byte) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == c {
			return i
		}
	}
	return -1
}

// digits reads at most n digits of a base at the beginning of s.
func digits(s string, base, n int) (value uint64, size int) {
	for size < n && size < len(s) {
		if _, err := strconv.ParseUint(s[size:size+1], base, 8); err != nil {
			break
		}
		size++
	}
	value, _ = strconv.ParseUint(s[:size], base, 64)
	return value, size
}
