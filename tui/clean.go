package tui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/text/unicode/norm"
)

// What a worker writes is hostile: escape sequences that move the cursor or
// retitle the window, control characters, text that runs right to left over
// its neighbours, invalid UTF-8, a line of 10 MB. All of it passes through
// cleanLine or cleanText before anything else sees it. What they return has
//
//   - no control characters, C1 ones and line separators included,
//   - no escape sequences: those are removed whole,
//   - only valid UTF-8, each bad run shown as one U+FFFD,
//   - no invisible or direction-changing characters,
//   - only characters that every terminal gives the same width.

const (
	tabWidth = 4

	// maxLine is how much of one line is kept, in bytes. More would not be
	// read on a screen, and 10,000 such lines still fit in memory.
	maxLine = 4 << 10

	// maxMarks is how many marks may combine with one character. No
	// language needs more; towers of them reach into the lines above.
	maxMarks = 4
)

// cleanLine makes s safe to show on one line; a line break becomes a "⏎".
// It keeps at most maxLine bytes and says how many it left out.
func cleanLine(s string) string {
	rest := 0
	if len(s) > maxLine {
		cut := maxLine
		for cut > maxLine-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s, rest = s[:cut], len(s)-cut
	}
	out := s
	if !isPlain(s) {
		out = clean(s, "⏎")
	}
	if rest > 0 {
		out += " … " + formatBytes(int64(rest)) + " more"
	}
	return out
}

// cleanText makes s safe to show on several lines, and splits it. Each line is
// bounded as in cleanLine only by what the caller passes.
func cleanText(s string) []string {
	if !isPlain(s) {
		s = clean(s, "\n")
	}
	return strings.Split(s, "\n")
}

// isPlain is the fast path: printable ASCII is clean already.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// clean does the work. It composes letters and their marks where Unicode has
// one character for both: on those there is no disagreement. lineBreak stands for each line break.
func clean(s, lineBreak string) string {
	c := cleaner{lineBreak: lineBreak}
	c.out.Grow(len(s))
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == ansi.ESC:
			size = escapeLength(s)
		case strings.HasPrefix(s, "\r\n"):
			size = 2
			c.newline()
		case r == utf8.RuneError && size == 1:
			size = badBytes(s)
			c.put('�', 1)
		default:
			c.character(r)
		}
		s = s[size:]
	}
	return settle(norm.NFC.String(c.out.String()))
}

// cleaner writes clean text, character by character.
type cleaner struct {
	out       strings.Builder
	lineBreak string
	column    int  // since the last line break, for tabs
	marks     int  // that combine with the last character
	combines  bool // the last character is one that a mark may combine with
}

// character writes what stands for one character.
func (c *cleaner) character(r rune) {
	switch {
	case r >= 0x20 && r < 0x7f:
		c.put(r, 1)
		c.combines = r != ' '
	case r == '\n', r == '\r', r == '\u0085', r == '\u2028', r == '\u2029':
		c.newline()
	case r == '\t':
		for {
			c.put(' ', 1)
			if c.column%tabWidth == 0 {
				break
			}
		}
	case r < 0x20:
		c.put('␀'+r, 1) // the control picture: visible, harmless
	case r == 0x7f:
		c.put('␡', 1)
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r):
		c.put('�', 1)
	case unicode.Is(unicode.Variation_Selector, r), r >= 0x1f3fb && r <= 0x1f3ff, unicode.Is(unicode.Cf, r):
		// Invisible, or it only says how the character before it looks,
		// and terminals disagree on what that does to its width. Joined
		// emoji become their parts.
	case r >= 0x1f1e6 && r <= 0x1f1ff: // half a flag: the letter that it means
		c.put('A'+r-0x1f1e6, 1)
	case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
		if c.combines && c.marks < maxMarks {
			c.out.WriteRune(r)
			c.marks++
		}
	default:
		c.put(r, ansi.StringWidthWc(string(r)))
		c.combines = r != utf8.RuneError
	}
}

func (c *cleaner) put(r rune, width int) {
	c.out.WriteRune(r)
	c.column += width
	c.marks, c.combines = 0, false
}

func (c *cleaner) newline() {
	c.out.WriteString(c.lineBreak)
	c.column, c.marks, c.combines = 0, 0, false
}

// badBytes is how many bytes at the beginning of s are no UTF-8.
func badBytes(s string) int {
	for n := 1; n < len(s); n++ {
		if r, size := utf8.DecodeRuneInString(s[n:]); r != utf8.RuneError || size > 1 {
			return n
		}
	}
	return len(s)
}

// escapeLength is the length of the escape sequence that s starts with. A
// sequence that never ends is only its introducer, so that it can't swallow
// the text behind it.
func escapeLength(s string) int {
	if len(s) == 1 {
		return 1
	}
	switch s[1] {
	case '[': // CSI: parameters and intermediates, then a final byte
		for i := 2; i < len(s); i++ {
			switch c := s[i]; {
			case c >= 0x40 && c <= 0x7e:
				return i + 1
			case c < 0x20 || c > 0x7e:
				return i
			}
		}
		return len(s)
	case ']', 'P', 'X', '^', '_': // strings: end with BEL or ST
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == ansi.BEL:
				return i + 1
			case s[i] == ansi.ESC && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] == '\n':
				return 2
			}
		}
		return 2
	}
	i := 1
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
		i++
	}
	return i
}

// settle takes characters apart on whose width terminals disagree: some count
// what is drawn, others code points. Taking one apart may join its neighbours,
// so it goes on until all agree; each time there is less of it.
func settle(s string) string {
	const patience = 16 // rounds; no text but a made-up one needs more than two
	for range patience {
		settled := settleOnce(s)
		if settled == s {
			return s
		}
		s = settled
	}
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		return '?'
	}, s)
}

func settleOnce(s string) string {
	var out strings.Builder
	out.Grow(len(s))
	for len(s) > 0 {
		if s[0] == '\n' || asciiNext(s) {
			out.WriteByte(s[0])
			s = s[1:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(s, ansi.GraphemeWidth)
		s = s[len(cluster):]
		if width >= 1 && width <= 2 && ansi.StringWidthWc(cluster) == width {
			out.WriteString(cluster)
			continue
		}
		var parts strings.Builder
		for _, r := range cluster {
			if w := ansi.StringWidth(string(r)); w >= 1 && w <= 2 && ansi.StringWidthWc(string(r)) == w {
				parts.WriteRune(r)
			}
		}
		kept := parts.String()
		if kept == cluster { // agreed alone, but not together
			_, size := utf8.DecodeRuneInString(kept)
			kept = kept[:size]
		}
		out.WriteString(kept)
	}
	return out.String()
}
