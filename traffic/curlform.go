package traffic

import (
	"crypto/sha256"
	"fmt"
	"mime"
	"path"
	"strings"

	"pymode-tui/runtime"
)

// maxTypeParameters is how long a type with its parameters becomes, in bytes.
const maxTypeParameters = 1000

// formPart reads the value of -F: "name=content", "name=@file", "name=<file",
// each with ";type=", ";filename=" and ";headers=" behind; or of --form-string,
// which takes the content as it is.
func (s *curlState) formPart(text string, literal bool) (p formPart, err error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return p, fmt.Errorf("the field %s has no value", shown(text))
	}
	p.name = name
	if literal {
		p.content = []byte(value)
		return p, nil
	}
	kind := byte(0)
	if value != "" && (value[0] == '@' || value[0] == '<') {
		kind, value = value[0], value[1:]
	}
	content, rest := formWord(value)
	for rest != "" {
		key, more, _ := strings.Cut(rest, "=")
		var word string
		word, rest = formWord(more)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "type":
			p.contentType = word
			// A type may have parameters, which look like more of the field.
			for isTypeParameter(rest) && len(p.contentType) < maxTypeParameters {
				parameter, after, _ := strings.Cut(rest, ";")
				p.contentType, rest = p.contentType+";"+parameter, after
			}
		case "filename":
			p.fileName = word
		case "headers":
			if name, value, ok := strings.Cut(word, ":"); ok {
				p.headers = append(p.headers, runtime.Header{strings.TrimSpace(name), strings.TrimSpace(value)})
			}
		case "encoder":
			s.warn("the encoder of the field %s is ignored", shown(name))
		default:
			s.warn("%s in the field %s is ignored, as curl does", shown(key), shown(name))
		}
	}
	if kind == 0 {
		p.content = []byte(content)
		return p, nil
	}
	if p.content, err = s.file(content); err != nil || kind == '<' {
		return p, err
	}
	if p.fileName == "" {
		p.fileName = path.Base(strings.ReplaceAll(content, `\`, "/"))
	}
	if p.contentType == "" {
		p.contentType = typeOfFile(p.fileName)
	}
	return p, nil
}

// isTypeParameter says whether the text goes on with a parameter of a type, as "charset=utf-8".
func isTypeParameter(rest string) bool {
	key, _, ok := strings.Cut(rest, "=")
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "charset", "boundary":
		return ok
	}
	return false
}

// formWord takes a word that ends at a semicolon, or is quoted, off a text.
func formWord(text string) (word, rest string) {
	if !strings.HasPrefix(text, `"`) {
		word, rest, _ = strings.Cut(text, ";")
		return word, rest
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case text[i] == '"':
			_, rest, _ = strings.Cut(text[i+1:], ";")
			return b.String(), rest
		default:
			b.WriteByte(text[i])
		}
	}
	word, rest, _ = strings.Cut(text, ";") // a quote that is not closed is one
	return word, rest
}

// typeOfFile is the type that curl guesses from a name.
func typeOfFile(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".gif":
		return "image/gif"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain"
	case ".htm", ".html":
		return "text/html"
	case ".pdf":
		return "application/pdf"
	case ".xml":
		return "application/xml"
	}
	return "application/octet-stream"
}

// encodeParts is a multipart body and its type. The boundary comes from the
// content, so that the same command gives the same request, unless a header has one.
func encodeParts(parts []formPart, headers []runtime.Header) (body []byte, contentType string, err error) {
	boundary := boundaryOf(headers)
	if boundary == "" {
		digest := sha256.New()
		for _, p := range parts {
			fmt.Fprintf(digest, "%q %q %q %q %d\n", p.name, p.fileName, p.contentType, p.headers, len(p.content))
			_, _ = digest.Write(p.content)
		}
		boundary = fmt.Sprintf("------------------------%x", digest.Sum(nil)[:11])
	}
	if body, err = writeParts(parts, boundary); err != nil {
		return nil, "", err
	}
	return body, "multipart/form-data; boundary=" + boundary, nil
}

// boundaryOf is the boundary that a Content-Type header gives, or "".
func boundaryOf(headers []runtime.Header) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name(), "Content-Type") {
			if t, fields, err := mime.ParseMediaType(h.Value()); err == nil && strings.HasPrefix(t, "multipart/") {
				return fields["boundary"]
			}
		}
	}
	return ""
}
