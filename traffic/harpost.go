package traffic

import (
	"errors"
	"mime"
	"net/url"
	"strings"

	"pymode-tui/runtime"
)

// pseudoHeaders are HTTP/2's, which some archives have among the headers.
type pseudoHeaders struct{ method, scheme, authority, path string }

func (p *pseudoHeaders) set(name, value string) {
	switch name {
	case ":method":
		p.method = value
	case ":scheme":
		p.scheme = value
	case ":authority":
		p.authority = value
	case ":path":
		p.path = value
	}
}

// apply fills in what the request itself does not say.
func (p *pseudoHeaders) apply(r *runtime.Request) {
	if r.Method == "" {
		r.Method = p.method
	}
	if r.URL == "" && p.authority != "" {
		scheme := p.scheme
		if scheme == "" {
			scheme = "https"
		}
		r.URL = scheme + "://" + p.authority + p.path
	}
	if p.authority != "" && !hasHeader(r, "Host") {
		r.Headers = append([]runtime.Header{{"Host", p.authority}}, r.Headers...)
	}
}

// postData is a body that was sent, or the fields that it was made of.
type postData struct {
	mimeType string
	body     []byte
	params   []postParam
}

type postParam struct{ name, value, fileName, contentType string }

// postData reads "postData".
func (h *harReader) postData() (p postData, err error) {
	var encoding string
	_, err = h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "mimeType":
			p.mimeType, err = h.string("mimeType", maxHeader)
		case "text":
			p.body, err = h.body()
		case "encoding", "_encoding": // not of the specification, but met
			encoding, err = h.string("encoding", 64)
		case "params":
			p.params, err = h.params()
		default:
			err = h.json.skip()
		}
		return err
	})
	p.body = h.decode(p.body, encoding, p.mimeType)
	return p, err
}

// params reads the fields of a form.
func (h *harReader) params() (params []postParam, err error) {
	_, err = h.json.array(func() error {
		var p postParam
		_, err := h.json.object(func(key []byte) (err error) {
			switch string(key) {
			case "name":
				p.name, err = h.string("name of a field", maxHeader)
			case "value":
				var b []byte
				b, err = h.body()
				p.value = string(b)
			case "fileName":
				p.fileName, err = h.string("fileName", maxHeader)
			case "contentType":
				p.contentType, err = h.string("contentType", maxHeader)
			default:
				err = h.json.skip()
			}
			return err
		})
		if len(params) >= maxHeaders {
			h.complain("has more than %d fields: the rest is left out", maxHeaders)
			return err
		}
		params = append(params, p)
		return err
	})
	return params, err
}

// apply makes it the body of r.
func (p *postData) apply(r *runtime.Request, complain func(string, ...any)) {
	contentType := r.Get("Content-Type")
	if contentType == "" && p.mimeType != "" {
		contentType = p.mimeType
		one := []runtime.Header{{"Content-Type", contentType}}
		if err := checkHeaders(one); err != nil {
			complain("left out: %v", err)
		} else {
			r.Headers = append(r.Headers, one...)
		}
	}
	r.Body = p.body
	if len(p.body) > 0 || len(p.params) == 0 {
		return
	}
	mediaType, fields, _ := mime.ParseMediaType(contentType)
	if mediaType != "multipart/form-data" {
		r.Body = []byte(encodeForm(p.params))
		return
	}
	body, err := encodeMultipart(p.params, fields["boundary"])
	if err != nil {
		complain("the form could not be put together again: %v", err)
		return
	}
	r.Body = body
	for _, field := range p.params {
		if field.fileName != "" && field.value == "" {
			complain("the archive lacks the content of the file %s", shown(field.fileName))
		}
	}
}

// encodeForm is application/x-www-form-urlencoded, in the order of the fields.
func encodeForm(params []postParam) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	return b.String()
}

// encodeMultipart is multipart/form-data with the given boundary.
func encodeMultipart(params []postParam, boundary string) ([]byte, error) {
	if boundary == "" {
		return nil, errors.New("the content type has no boundary")
	}
	parts := make([]formPart, len(params))
	for i, p := range params {
		parts[i] = formPart{name: p.name, fileName: p.fileName, contentType: p.contentType, content: []byte(p.value)}
	}
	return writeParts(parts, boundary)
}
