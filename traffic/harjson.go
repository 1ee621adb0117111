package traffic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// The bounds of a HAR file as JSON.
const (
	maxHAR      = 1 << 30 // bytes
	maxHARDepth = 100     // arrays and objects in one another
	jsonChunk   = 1 << 20 // bytes

	maxSpareChunks = 16
)

// jsonReader reads JSON of any length piece by piece. Unlike [encoding/json] it
// holds one string at a time, and none that is longer than the caller wants:
// a file's largest string may be most of the file. A long string is collected in
// chunks, since a buffer that grows is copied and leaves its former selves behind.
// A short one stands in a buffer that is used again: its bytes are good until the
// next one is read.
type jsonReader struct {
	in     *bufio.Reader
	at     int64 // bytes read
	depth  int
	buffer []byte   // a short string, or the last chunk of a long one
	chunks [][]byte // the others, all of them full
	spare  [][]byte // some chunks for the next one
}

func newJSONReader(r io.Reader) *jsonReader { return &jsonReader{in: bufio.NewReaderSize(r, 64<<10)} }

func (j *jsonReader) fail(format string, args ...any) error {
	return &FormatError{Message: fmt.Sprintf("byte %d: ", j.at) + fmt.Sprintf(format, args...), Advice: "export the file again: it is no whole HAR"}
}

// take reads one byte.
func (j *jsonReader) take() (byte, error) {
	c, err := j.in.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, j.fail("the file ends too early")
	}
	if err != nil {
		return 0, err
	}
	return c, j.advance(1)
}

func (j *jsonReader) advance(n int) error {
	j.at += int64(n)
	if j.at > maxHAR {
		return &FormatError{Message: fmt.Sprintf("larger than %d MB", maxHAR>>20)}
	}
	return nil
}

// peek skips white space and returns the byte behind it without taking it.
func (j *jsonReader) peek() (byte, error) {
	for {
		c, err := j.take()
		if err != nil {
			return 0, err
		}
		if c == ' ' || c == '\n' || c == '\r' || c == '\t' {
			continue
		}
		j.at--
		return c, j.in.UnreadByte()
	}
}

// end reports whether nothing but white space is left.
func (j *jsonReader) end() bool {
	for {
		c, err := j.in.ReadByte()
		if err != nil {
			return true
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
		if j.advance(1) != nil {
			return false
		}
	}
}

// expect takes the next byte that is no white space, which has to be want.
func (j *jsonReader) expect(want byte) error {
	c, err := j.peek()
	if err != nil {
		return err
	}
	if c != want {
		return j.fail("%q where %q should stand", c, want)
	}
	_, err = j.take()
	return err
}

// object calls member for each member, which has to read the value. The key is
// good until then. What is no object is skipped, and ok false.
func (j *jsonReader) object(member func(key []byte) error) (ok bool, err error) {
	return j.list('{', '}', func() error {
		if c, err := j.peek(); err != nil || c != '"' {
			return errors.Join(err, j.fail("a key should stand here"))
		}
		key, _, err := j.text(256)
		if err != nil {
			return err
		}
		if err := j.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array calls element for each element, which has to read it. What is no array
// is skipped, and ok false.
func (j *jsonReader) array(element func() error) (ok bool, err error) {
	return j.list('[', ']', element)
}

func (j *jsonReader) list(open, end byte, item func() error) (ok bool, err error) {
	c, err := j.peek()
	if err != nil {
		return false, err
	}
	if c != open {
		return false, j.skip()
	}
	if j.depth++; j.depth > maxHARDepth {
		return false, j.fail("more than %d arrays and objects in one another", maxHARDepth)
	}
	defer func() { j.depth-- }()
	if _, err := j.take(); err != nil {
		return false, err
	}
	if c, err := j.peek(); err != nil {
		return false, err
	} else if c == end {
		_, err := j.take()
		return true, err
	}
	for {
		if err := item(); err != nil {
			return false, err
		}
		c, err := j.peek()
		if err != nil {
			return false, err
		}
		switch c {
		case end:
			_, err := j.take()
			return true, err
		case ',':
			if _, err := j.take(); err != nil {
				return false, err
			}
		default:
			return false, j.fail("%q where %q or a comma should stand", c, end)
		}
	}
}

// skip reads a value of any kind and forgets it.
func (j *jsonReader) skip() error {
	c, err := j.peek()
	if err != nil {
		return err
	}
	switch c {
	case '{':
		_, err = j.object(func([]byte) error { return j.skip() })
	case '[':
		_, err = j.array(j.skip)
	case '"':
		_, _, err = j.text(0)
	default:
		_, err = j.literal()
	}
	return err
}

// scalar reads a string, or a number or a boolean as text; null is "". What is
// longer than limit bytes is cut, and whole false; so it is for an object or an
// array, which are skipped.
func (j *jsonReader) scalar(limit int) (b []byte, whole bool, err error) {
	c, err := j.peek()
	if err != nil {
		return nil, false, err
	}
	switch c {
	case '{', '[':
		return nil, false, j.skip()
	case '"':
		return j.text(limit)
	}
	b, err = j.literal()
	if string(b) == "null" {
		b = nil
	}
	return b, true, err
}

// literal reads a number, true, false or null.
func (j *jsonReader) literal() ([]byte, error) {
	j.buffer = j.buffer[:0]
	for {
		c, err := j.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !isAlphanumeric(rune(c)) && c != '-' && c != '+' && c != '.' {
			if err := j.in.UnreadByte(); err != nil {
				return nil, err
			}
			break
		}
		if err := j.advance(1); err != nil {
			return nil, err
		}
		if j.buffer = append(j.buffer, c); len(j.buffer) > 64 {
			return nil, j.fail("a number of more than 64 digits")
		}
	}
	switch string(j.buffer) {
	case "true", "false", "null":
		return j.buffer, nil
	}
	if _, err := strconv.ParseFloat(string(j.buffer), 64); err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, j.fail("no value of JSON")
	}
	return j.buffer, nil
}

// text reads a string, of which it keeps limit bytes at most. Control
// characters, which JSON wants escaped, are taken as they are.
func (j *jsonReader) text(limit int) (b []byte, whole bool, err error) {
	if err := j.expect('"'); err != nil {
		return nil, false, err
	}
	j.buffer, whole = j.buffer[:0], true
	room := limit
	keep := func(b []byte) {
		if len(b) > room {
			b, whole = b[:room], false
		}
		room -= len(b)
		j.keep(b)
	}
	for {
		if _, err := j.in.Peek(1); err != nil {
			_, err = j.take()
			return nil, false, err
		}
		ready, _ := j.in.Peek(j.in.Buffered())
		n := bytes.IndexAny(ready, `"\`)
		if n < 0 {
			n = len(ready)
		}
		keep(ready[:n])
		_, _ = j.in.Discard(n)
		if err := j.advance(n); err != nil {
			return nil, false, err
		}
		if n == len(ready) {
			continue
		}
		c, err := j.take()
		if err != nil {
			return nil, false, err
		}
		if c == '"' {
			return j.collect(), whole, nil
		}
		var char [utf8.UTFMax]byte
		r, err := j.escape()
		if err != nil {
			return nil, false, err
		}
		keep(char[:utf8.EncodeRune(char[:], r)])
	}
}

// keep adds a piece to the string that is being read.
func (j *jsonReader) keep(b []byte) {
	for len(j.buffer)+len(b) > jsonChunk {
		n := jsonChunk - len(j.buffer)
		j.chunks = append(j.chunks, append(j.buffer, b[:n]...))
		j.buffer, b = j.chunk(), b[n:]
	}
	j.buffer = append(j.buffer, b...)
}

// chunk is an empty one.
func (j *jsonReader) chunk() []byte {
	last := len(j.spare) - 1
	if last < 0 {
		return make([]byte, 0, jsonChunk)
	}
	chunk := j.spare[last]
	j.spare = j.spare[:last]
	return chunk[:0]
}

// collect is the string that was read: the buffer, or a copy of all chunks.
func (j *jsonReader) collect() []byte {
	if len(j.chunks) == 0 {
		return j.buffer
	}
	all := make([]byte, 0, len(j.chunks)*jsonChunk+len(j.buffer))
	for i, chunk := range j.chunks {
		all = append(all, chunk...)
		if j.chunks[i] = nil; len(j.spare) < maxSpareChunks {
			j.spare = append(j.spare, chunk)
		}
	}
	j.chunks = j.chunks[:0]
	return append(all, j.buffer...)
}

// escape reads what stands behind a backslash. Half a surrogate pair is U+FFFD.
func (j *jsonReader) escape() (rune, error) {
	c, err := j.take()
	if err != nil {
		return 0, err
	}
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
	default:
		return 0, j.fail("the escape sequence \\%c does not exist", c)
	}
	digits, _ := j.in.Peek(4)
	r, ok := hexRune(digits)
	if !ok {
		return 0, j.fail("\\u needs four hexadecimal digits")
	}
	_, _ = j.in.Discard(4)
	if err := j.advance(4); err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	next, _ := j.in.Peek(6)
	if len(next) == 6 && next[0] == '\\' && next[1] == 'u' {
		if low, ok := hexRune(next[2:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				_, _ = j.in.Discard(6)
				return pair, j.advance(6)
			}
		}
	}
	return utf8.RuneError, nil
}

func hexRune(digits []byte) (rune, bool) {
	n, err := strconv.ParseUint(string(digits), 16, 16)
	return rune(n), err == nil && len(digits) == 4 && digits[0] != '+' && digits[0] != '_'
}
