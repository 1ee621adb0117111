package tui

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

func TestCleanLine(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "hello, world", "hello, world"},
		{"empty", "", ""},
		{"colours", "\x1b[1;31mred\x1b[0m", "red"},
		{"cursor movement", "a\x1b[2J\x1b[10;10Hb", "ab"},
		{"title, ended by BEL", "a\x1b]0;owned\x07b", "ab"},
		{"clipboard, ended by ST", "a\x1b]52;c;eA==\x1b\\b", "ab"},
		{"device control", "a\x1bP1$r\x1b\\b", "ab"},
		{"character set", "a\x1b(0b", "ab"},
		{"reset", "a\x1bcb", "ab"},
		{"sequence without an end", "a\x1b]0;b c", "a0;b c"},
		{"sequence cut by a newline", "\x1b]0;b\nc\x07", "0;b⏎c␇"},
		{"ESC at the end", "a\x1b", "a"},
		{"C1 introducer", "a\u009b31mb", "a�31mb"},
		{"controls", "a\x00\x08\x7fb", "a␀␈␡b"},
		{"line ends", "a\r\nb\nc\rd", "a⏎b⏎c⏎d"},
		{"Unicode line ends", "a\u2028b\u2029c\u0085d", "a⏎b⏎c⏎d"},
		{"tabs", "\ta\tbcd\te", "    a   bcd e"},
		{"tab after a wide character", "漢\ta", "漢  a"},
		{"bad bytes", "a\xff\xfe\xfdb\xc3", "a�b�"},
		{"U+FFFD itself", "a�b", "a�b"},
		{"direction", "a\u202eb\u202c\u2067c", "a�b��c"},
		{"invisible", "a\u200bb\ufeffc\u00add\U000e0041e", "abcde"},
		{"wide", "日本語", "日本語"},
		{"combining", "q\u0301", "q\u0301"},
		{"composed", "e\u0301", "é"},
		{"combining with nothing", "\u0301a", "a"},
		{"far too many marks", "e" + strings.Repeat("\u0301", 100) + "f", "é\u0301\u0301\u0301f"},
		{"joined emoji", "👨‍👩‍👧x", "👨👩👧x"},
		{"flag", "🇩🇪x", "DEx"},
		{"Hangul in parts", "\u1112\u1161\u11abx", "한x"},
		{"emoji with a skin", "👍🏽x", "👍x"},
		{"text made emoji", "❤\ufe0fx", "❤x"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cleanLine(test.in); got != test.want {
				t.Errorf("cleanLine(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
}

func TestCleanLineIsBounded(t *testing.T) {
	got := cleanLine(strings.Repeat("漢", 10<<20/3))
	if want := " … 10 MB more"; !strings.HasSuffix(got, want) || len(got) > maxLine+len(want) || !utf8.ValidString(got) {
		t.Errorf("%d bytes ending in %q", len(got), got[len(got)-20:])
	}
}

func TestCleanText(t *testing.T) {
	got := cleanText("one\r\n\ttwo\r\x1b[31mthree\n漢\n\xff\n\u0301\n")
	if want := "one|    two|three|漢|�||"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range hostile {
		f.Add(s[:min(len(s), 2_000)])
	}
	f.Fuzz(func(t *testing.T, in string) {
		line := cleanLine(in)
		checkClean(t, line)
		if again := cleanLine(line); len(line) <= maxLine && again != line {
			t.Errorf("cleaning %q again made %q of it", line, again)
		}
		for _, text := range cleanText(in) {
			checkClean(t, text)
			for _, row := range styled(plain, text).wrap(20, 2) {
				if w := row.width(); w > 20 {
					t.Errorf("row of %d cells", w)
				}
			}
		}
	})
}

func checkClean(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			t.Errorf("%q has %U", s, r)
		}
	}
	if g, w := ansi.StringWidth(s), ansi.StringWidthWc(s); g != w {
		t.Errorf("%q has %d cells by characters and %d by code points", s, g, w)
	}
}
