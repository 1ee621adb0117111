package tui

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// hexBody is bytes in hex, with the printable ones beside them.
type hexBody struct {
	body   []byte
	perRow int
	digits int // of an address
}

// newHexBody lays bytes out for a width: 16, 8 or 4 a row.
func newHexBody(body []byte, width int) *hexBody {
	b := &hexBody{body: body, perRow: 16, digits: max(len(fmt.Sprintf("%x", max(len(body)-1, 0))), 4)}
	for b.perRow > 4 && b.digits+1+b.perRow*4 > width {
		b.perRow /= 2
	}
	return b
}

func (b *hexBody) size() int { return (len(b.body) + b.perRow - 1) / b.perRow }

func (b *hexBody) line(i int) line {
	at := i * b.perRow
	row := b.body[at:min(at+b.perRow, len(b.body))]
	return line{
		{fmt.Sprintf("%0*x ", b.digits, at), faint},
		{pad(spaced(hex.EncodeToString(row)), b.perRow*3), plain},
		{printable(row), faint},
	}
}

// find finds text, or bytes that are written as hex: "89 50" or "8950".
func (b *hexBody) find(needle string) []int {
	lines := findLines(b.body, needle, func(at int) int { return at / b.perRow })
	if raw, err := hex.DecodeString(strings.ReplaceAll(needle, " ", "")); err == nil && len(raw) > 1 && len(lines) == 0 {
		for at := 0; len(lines) < maxHits; {
			found := bytes.Index(b.body[at:], raw)
			if found < 0 {
				break
			}
			at += found
			lines = append(lines, at/b.perRow)
			at += len(raw)
		}
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
