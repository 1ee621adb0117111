package traffic

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"

	"pymode-tui/runtime"
)

// formPart is a field of a multipart/form-data body.
type formPart struct {
	name, fileName, contentType string
	headers                     []runtime.Header
	content                     []byte
}

// writeParts makes a multipart/form-data body, of at most maxBody bytes.
func writeParts(parts []formPart, boundary string) ([]byte, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(boundary); err != nil {
		return nil, fmt.Errorf("the boundary %s: %w", shown(boundary), err)
	}
	for _, p := range parts {
		part, err := w.CreatePart(p.head())
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(p.content); err != nil {
			return nil, err
		}
		if err := checkBody(b.Len()); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// head is what stands above a part's content.
func (p *formPart) head() textproto.MIMEHeader {
	head := textproto.MIMEHeader{}
	disposition := `form-data; name="` + escapeField(p.name) + `"`
	if p.fileName != "" {
		disposition += `; filename="` + escapeField(p.fileName) + `"`
	}
	head.Set("Content-Disposition", disposition)
	if p.contentType != "" {
		head.Set("Content-Type", singleLine(p.contentType))
	}
	for _, h := range p.headers {
		if isToken(h.Name()) {
			head.Add(h.Name(), singleLine(h.Value()))
		}
	}
	return head
}

// escapeField escapes a field's name as browsers do.
func escapeField(s string) string {
	return strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(s)
}

// singleLine puts a space for each control character.
func singleLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
