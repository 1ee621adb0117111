package traffic

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"mime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// maxHARBody is the longest string that can be a body of maxBody in base64.
const maxHARBody = maxBody/3*4 + 4

// ReadHAR reads an HTTP archive: HAR 1.2
// (http://www.softwareishard.com/blog/har-12-spec/) as browsers and proxies
// write it, which is with numbers in quotes, missing fields, fields of their own
// and HTTP/2's pseudo headers. It reads entry by entry and keeps little more than
// the bodies. Entries that are no HTTP request are left out, and what is wrong in
// an entry with it, each with a warning. An error is a [*FormatError] for a file
// that is no JSON, is larger than 1 GB, or deeper nested than any HAR is.
//
// Headers of an answer that describe its transfer (Content-Encoding,
// Content-Length, Transfer-Encoding) are left out: the archive has bodies as they
// were decoded.
func ReadHAR(r io.Reader) ([]*Exchange, []Warning, error) {
	h := &harReader{json: newJSONReader(decodeText(r))}
	found := false
	ok, err := h.json.object(func(key []byte) error {
		if string(key) != "log" {
			return h.json.skip()
		}
		ok, err := h.json.object(func(key []byte) error {
			if string(key) != "entries" {
				return h.json.skip()
			}
			ok, err := h.json.array(h.entry)
			found = found || ok
			return err
		})
		if err == nil && !ok {
			err = &FormatError{Message: `"log" is no object: not a HAR file`}
		}
		return err
	})
	switch {
	case err != nil:
		return nil, nil, err
	case !ok || !found:
		return nil, nil, &FormatError{Message: `no "log" with "entries": not a HAR file`}
	case !h.json.end():
		h.warnings.add("", "there is more text behind the end of the archive")
	}
	return h.exchanges, h.warnings.all(), nil
}

// harReader reads the entries of one archive.
type harReader struct {
	json      *jsonReader
	exchanges []*Exchange
	warnings  warningList
	entries   int
	complaint []string // about the entry that is being read
}

// complain notes a warning about the entry that is being read.
func (h *harReader) complain(format string, args ...any) {
	if len(h.complaint) < 20 {
		h.complaint = append(h.complaint, fmt.Sprintf(format, args...))
	}
}

// entry reads an element of "entries".
func (h *harReader) entry() error {
	h.entries++
	h.complaint = h.complaint[:0]
	e := &Exchange{Source: sourceHAR}
	var wall int64
	ok, err := h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "startedDateTime":
			e.At, err = h.time()
		case "time":
			var ms float64
			ms, err = h.number("time")
			wall = int64(min(max(ms, 0), math.MaxInt32) * 1000)
		case "request":
			e.Request, err = h.request()
		case "response":
			e.Result, err = h.response()
		default:
			err = h.json.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	where := fmt.Sprintf("entry %d", h.entries)
	if e.Request != nil && e.Request.URL != "" {
		where += " (" + strings.Trim(shown(e.Request.URL), `"`) + ")"
	}
	switch {
	case !ok:
		h.complain("is no object: left out")
	case e.Request == nil:
		h.complain("has no request: left out")
	case len(h.exchanges) >= maxRequests:
		h.complain("left out: there are more than %d", maxRequests)
	default:
		if err := normalize(e.Request); err != nil {
			h.complain("left out: %v", err)
			break
		}
		if e.Result != nil {
			e.Result.Metrics.Wall = wall
		}
		h.exchanges = append(h.exchanges, e)
	}
	for _, text := range h.complaint {
		h.warnings.add(where, "%s", text)
	}
	return nil
}

// request reads "request".
func (h *harReader) request() (*runtime.Request, error) {
	r := &runtime.Request{}
	var pseudo pseudoHeaders
	var cookies []string
	var posted postData
	ok, err := h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "method":
			r.Method, err = h.string("method", maxMethod+1)
		case "url":
			r.URL, err = h.string("url", maxURL)
		case "headers":
			r.Headers, pseudo, err = h.headers()
		case "cookies":
			cookies, err = h.cookies()
		case "postData":
			posted, err = h.postData()
		default:
			err = h.json.skip()
		}
		return err
	})
	if err != nil || !ok {
		return nil, err
	}
	pseudo.apply(r)
	if len(cookies) > 0 && !hasHeader(r, "Cookie") {
		r.Headers = append(r.Headers, runtime.Header{"Cookie", strings.Join(cookies, "; ")})
	}
	posted.apply(r, h.complain)
	return r, nil
}

// response reads "response"; nil where there was none, as for a request that the
// browser has blocked.
func (h *harReader) response() (*runtime.Result, error) {
	r := &runtime.Result{}
	ok, err := h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "status":
			var status float64
			status, err = h.number("status")
			r.Status = int(min(max(status, 0), 999))
		case "headers":
			r.Headers, _, err = h.headers()
		case "content":
			r.Body, err = h.content()
		default:
			err = h.json.skip()
		}
		return err
	})
	if err != nil || !ok || r.Status < 100 {
		return nil, err
	}
	r.Headers = slices.DeleteFunc(r.Headers, func(h runtime.Header) bool {
		switch strings.ToLower(h.Name()) {
		case "content-encoding", "content-length":
			return true
		}
		return ofConnection(h.Name())
	})
	return r, nil
}

// headers reads a list of headers, without those that no request can have, and
// HTTP/2's pseudo headers beside.
func (h *harReader) headers() (headers []runtime.Header, pseudo pseudoHeaders, err error) {
	ok, err := h.json.array(func() error {
		header, err := h.pair()
		name := strings.ToLower(header.Name())
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(name, ":"):
			pseudo.set(name, header.Value())
		case len(headers) >= maxHeaders:
			h.complain("has more than %d headers: the rest is left out", maxHeaders)
		default:
			one := []runtime.Header{{header.Name(), foldLines(header.Value())}}
			if err := checkHeaders(one); err != nil {
				h.complain("left out: %v", err)
			} else {
				headers = append(headers, one...)
			}
		}
		return nil
	})
	if err == nil && !ok {
		h.complain("has no list of headers")
	}
	return headers, pseudo, err
}

// foldLines puts a value of several lines, as old proxies write it, in one.
func foldLines(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == '\r' || c == '\n' }), ", ")
}

// pair reads an object with a name and a value.
func (h *harReader) pair() (header runtime.Header, err error) {
	_, err = h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "name":
			header[0], err = h.string("name of a header", maxHeader)
		case "value":
			header[1], err = h.string("value of a header", maxHeader)
		default:
			err = h.json.skip()
		}
		return err
	})
	return header, err
}

// cookies reads a list of cookies as "name=value".
func (h *harReader) cookies() (cookies []string, err error) {
	_, err = h.json.array(func() error {
		cookie, err := h.pair()
		if cookie.Name() != "" && len(cookies) < maxHeaders {
			cookies = append(cookies, cookie.Name()+"="+cookie.Value())
		}
		return err
	})
	return cookies, err
}

// content reads "content", a body that came back.
func (h *harReader) content() (body []byte, err error) {
	var encoding, mimeType string
	_, err = h.json.object(func(key []byte) (err error) {
		switch string(key) {
		case "text":
			body, err = h.body()
		case "encoding":
			encoding, err = h.string("encoding", 64)
		case "mimeType":
			mimeType, err = h.string("mimeType", maxHeader)
		default:
			err = h.json.skip()
		}
		return err
	})
	return h.decode(body, encoding, mimeType), err
}

// body reads a string of any length that is allowed, and copies it.
func (h *harReader) body() ([]byte, error) {
	b, whole, err := h.json.scalar(maxHARBody)
	if err == nil && !whole {
		h.complain("a body is larger than %d MB, or no text: left out", maxBody>>20)
		return nil, nil
	}
	if len(b) <= jsonChunk { // longer ones are copies already
		b = bytes.Clone(b)
	}
	return b, err
}

// decode undoes the encoding of a body in place, as far as it can.
func (h *harReader) decode(body []byte, encoding, mimeType string) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		decoded, err := decodeBase64(body)
		if err != nil {
			h.complain("a body is no base64 (%v): left out", err)
		}
		body = decoded
	case "", "utf-8", "utf8", "text", "plain":
		if !utf8.Valid(body) {
			h.complain("a body is neither UTF-8 nor in base64: kept as it is")
		} else if bytes.ContainsRune(body, utf8.RuneError) && !isTextual(mimeType) {
			h.complain("a binary body was written as text: bytes are lost")
		}
	default:
		h.complain("a body has the unknown encoding %s: kept as it is", shown(encoding))
	}
	if len(body) > maxBody {
		h.complain("a body is larger than %d MB: left out", maxBody>>20)
		return nil
	}
	return body
}

// decodeBase64 decodes any of the usual alphabets, in place, with or without padding.
func decodeBase64(b []byte) ([]byte, error) {
	trimmed := bytes.TrimRight(bytes.TrimSpace(b), "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(trimmed, "-_") {
		encoding = base64.RawURLEncoding
	}
	n, err := encoding.Decode(b, trimmed)
	if err != nil {
		return nil, err
	}
	return slices.Clip(b[:n]), nil
}

// isTextual says whether a media type is one of text, where that is known.
func isTextual(mediaType string) bool {
	t, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return true
	}
	kind, _, _ := strings.Cut(t, "/")
	return kind != "image" && kind != "audio" && kind != "video" && kind != "font" && t != "application/octet-stream"
}

// string reads a short text.
func (h *harReader) string(what string, limit int) (string, error) {
	b, whole, err := h.json.scalar(limit)
	if err == nil && !whole {
		h.complain("the %s is too long, or no text: left out", what)
		return "", nil
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), err
}

// number reads a number that may be in quotes.
func (h *harReader) number(what string) (float64, error) {
	s, err := h.string(what, 64)
	if err != nil || s == "" {
		return 0, err
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) {
		h.complain("the %s %s is no number", what, shown(s))
		return 0, nil
	}
	return n, nil
}

// time reads a time in the forms that are met.
func (h *harReader) time() (time.Time, error) {
	s, err := h.string("startedDateTime", 64)
	if err != nil || s == "" {
		return time.Time{}, err
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return t, nil
		}
	}
	h.complain("the startedDateTime %s is no time", shown(s))
	return time.Time{}, nil
}
