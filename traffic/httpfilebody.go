package traffic

import (
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// body puts the pieces of a body together. Lines end with a newline, those of a
// multipart body with a carriage return before it, as its parsers want; the lines
// of a URL-encoded form are joined.
func (p *httpParser) body(b *block, contentType string) ([]byte, error) {
	style := styleOf(contentType)
	var body []byte
	for i, piece := range b.body {
		if i > 0 {
			body = append(body, style.newline()...)
		}
		var err error
		var part []byte
		if piece.file != "" {
			part, err = p.include(piece)
		} else {
			part, err = p.text(piece, style)
		}
		if err != nil {
			return nil, err
		}
		body = append(body, part...)
		if err := checkBody(len(body)); err != nil {
			return nil, &FormatError{Line: b.line, Message: err.Error()}
		}
	}
	return body, nil
}

// text is lines with variables put in.
func (p *httpParser) text(piece piece, style bodyStyle) ([]byte, error) {
	lines := piece.lines
	if style == styleForm {
		lines = make([]string, len(piece.lines))
		for i, line := range piece.lines {
			lines[i] = trimBlank(line)
		}
	}
	text, err := p.variables.expand(strings.Join(lines, style.newline()), piece.line, maxBody)
	return []byte(text), err
}

// include is what stands in a file.
func (p *httpParser) include(piece piece) ([]byte, error) {
	wrong := func(err error) error { return &FormatError{Line: piece.line, Message: err.Error()} }
	name, err := p.variables.expand(piece.file, piece.line, 4<<10)
	if err != nil {
		return nil, err
	}
	b, err := p.files.read(name)
	if err != nil {
		return nil, wrong(err)
	}
	if piece.encoding != "" {
		encoding, err := htmlindex.Get(piece.encoding)
		if err != nil {
			return nil, wrong(fmt.Errorf("the encoding %s is not known", shown(piece.encoding)))
		}
		if b, err = encoding.NewDecoder().Bytes(b); err != nil {
			return nil, wrong(fmt.Errorf("the file %s is not in %s: %w", shown(name), piece.encoding, err))
		}
	}
	if !piece.expanded {
		return b, nil
	}
	if !utf8.Valid(b) {
		return nil, wrong(fmt.Errorf("the file %s is not UTF-8", shown(name)))
	}
	// The line of an error is that of the inclusion.
	text, err := p.variables.expandAt(string(b), func(int) int { return piece.line }, maxBody)
	return []byte(text), err
}

// bodyStyle is how the lines of a body are joined.
type bodyStyle int

const (
	styleText bodyStyle = iota
	styleMultipart
	styleForm
)

func styleOf(contentType string) bodyStyle {
	t, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
	case strings.HasPrefix(t, "multipart/"):
		return styleMultipart
	case t == "application/x-www-form-urlencoded":
		return styleForm
	}
	return styleText
}

func (s bodyStyle) newline() string {
	switch s {
	case styleMultipart:
		return "\r\n"
	case styleForm:
		return ""
	}
	return "\n"
}
