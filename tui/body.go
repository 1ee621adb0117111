package tui

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxShown is how much of a body is shown, in bytes. It bounds the time
	// that a frame takes, whatever a worker answers.
	maxShown = 128 << 10

	// maxHex is how much of a binary body is shown, in bytes.
	maxHex = 256
)

// bodyLines lays out a body: JSON indented, text as it is, anything else as
// its size and a look at its beginning.
func bodyLines(body []byte, contentType string, width int) []line {
	if len(body) == 0 {
		return []line{styled(faint, "no body")}
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	if looksJSON(body, media) && len(body) <= maxShown && json.Valid(body) {
		return jsonLines(body)
	}
	shown, rest := body, 0
	if len(body) > maxShown {
		shown = body[:maxShown]
		for len(shown) > maxShown-utf8.UTFMax && !utf8.RuneStart(body[len(shown)]) {
			shown = shown[:len(shown)-1]
		}
		rest = len(body) - len(shown)
	}
	if isBinary(shown, media) {
		return binaryLines(body, media, width)
	}
	var lines []line
	for _, text := range cleanText(string(shown)) {
		lines = append(lines, styled(plain, text))
	}
	if rest > 0 {
		lines = append(lines, styled(faint, "… "+formatBytes(int64(rest))+" more"))
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
	start := bytes.TrimLeft(body, " \t\r\n")
	return len(start) > 0 && (start[0] == '{' || start[0] == '[')
}

// isBinary says whether a body is no text. One that claims to be text may have
// bad bytes, but no NUL.
func isBinary(body []byte, media string) bool {
	return bytes.IndexByte(body, 0) >= 0 || !strings.HasPrefix(media, "text/") && !utf8.Valid(body)
}

// binaryLines is "binary, 1.2 kB, image/png" and a hex dump of the beginning.
func binaryLines(body []byte, media string, width int) []line {
	text := "binary, " + formatBytes(int64(len(body)))
	if media != "" {
		text += ", " + cleanLine(media)
	}
	lines := []line{styled(bold, text), nil}
	perRow := 16
	for perRow > 4 && 5+perRow*4 > width {
		perRow /= 2
	}
	shown := body[:min(len(body), maxHex)]
	for at := 0; at < len(shown); at += perRow {
		row := shown[at:min(at+perRow, len(shown))]
		lines = append(lines, line{
			{fmt.Sprintf("%04x ", at), faint},
			{pad(spaced(hex.EncodeToString(row)), perRow*3), plain},
			{printable(row), faint},
		})
	}
	if rest := len(body) - len(shown); rest > 0 {
		lines = append(lines, styled(faint, "… "+formatBytes(int64(rest))+" more"))
	}
	return lines
}

// spaced puts a space after each byte of hex digits.
func spaced(digits string) string {
	var out strings.Builder
	for i := 0; i < len(digits); i += 2 {
		out.WriteString(digits[i:i+2] + " ")
	}
	return strings.TrimSuffix(out.String(), " ")
}

// printable shows bytes that are no printable ASCII as dots.
func printable(row []byte) string {
	out := bytes.Clone(row)
	for i, c := range out {
		if c < 0x20 || c > 0x7e {
			out[i] = '.'
		}
	}
	return string(out)
}

// jsonLines indents valid JSON, keeping the order of its members, and sets
// the members' names apart.
func jsonLines(body []byte) []line {
	var indented bytes.Buffer
	if json.Indent(&indented, bytes.TrimSpace(body), "", "  ") != nil {
		return []line{styled(plain, cleanLine(string(body)))}
	}
	var lines []line
	for text := range strings.SplitSeq(indented.String(), "\n") {
		lines = append(lines, jsonLine(text))
	}
	return lines
}

// jsonLine colours one line of indented JSON.
func jsonLine(text string) line {
	text = strings.Join(cleanText(text), " ")
	inner := strings.TrimLeft(text, " ")
	if !strings.HasPrefix(inner, `"`) {
		return styled(plain, text)
	}
	for i := 1; i < len(inner); i++ { // the end of the string
		switch inner[i] {
		case '\\':
			i++
		case '"':
			if !strings.HasPrefix(inner[i+1:], ":") {
				return styled(plain, text) // an element, not a member
			}
			indent := text[:len(text)-len(inner)]
			return line{{indent, plain}, {inner[:i+1], name}, {inner[i+1:], plain}}
		}
	}
	return styled(plain, text)
}
