package traffic

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// decodeText removes a byte order mark and turns UTF-16 and UTF-32 that have
// one into UTF-8.
func decodeText(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 4<<10)
	mark, _ := b.Peek(4)
	if bytes.HasPrefix(mark, []byte{0xff, 0xfe, 0, 0}) || bytes.HasPrefix(mark, []byte{0, 0, 0xfe, 0xff}) {
		return transform.NewReader(b, utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewDecoder())
	}
	return transform.NewReader(b, utf.BOMOverride(transform.Nop))
}

// readText reads a text that is at most maxSource bytes long.
func readText(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSource {
		return "", &FormatError{Message: fmt.Sprintf("larger than %d MB", maxSource>>20)}
	}
	if !utf8.Valid(b) {
		return "", &FormatError{Message: "not UTF-8", Advice: "save the file as UTF-8"}
	}
	return string(b), nil
}
