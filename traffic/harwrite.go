package traffic

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// The archive's objects, as far as they are written.
type (
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"` // ms
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		Query       []harPair `json:"queryString"`
		Post        *harPost  `json:"postData,omitempty"`
		HeadersSize int       `json:"headersSize"` // bytes; -1: not known
		BodySize    int       `json:"bodySize"`    // bytes
	}
	harPost struct {
		MimeType string `json:"mimeType"`
		Text     string `json:"text"`
		Encoding string `json:"encoding,omitempty"` // not of the specification: "base64" for a body that is no text
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int        `json:"bodySize"`
	}
	harContent struct {
		Size     int    `json:"size"`
		MimeType string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Encoding string `json:"encoding,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harTimings struct { // ms
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// WriteHAR writes an archive of HAR 1.2, entry by entry. Each URL, header value
// and body goes through mask, which takes secrets out; nil leaves them. A body
// that is no UTF-8 is written in base64. Exchanges without a request are left
// out; an answer that is not there has the status 0, as browsers write it.
func WriteHAR(w io.Writer, exchanges []*Exchange, mask func(string) string) error {
	if mask == nil {
		mask = func(s string) string { return s }
	}
	b := bufio.NewWriterSize(w, 64<<10)
	if _, err := b.WriteString(`{"log":{"version":"1.2","creator":{"name":"pymode-tui","version":"1"},"entries":[`); err != nil {
		return fmt.Errorf("writing HAR: %w", err)
	}
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	separator := "\n"
	for _, e := range exchanges {
		if e.Request == nil {
			continue
		}
		if _, err := b.WriteString(separator); err != nil {
			return fmt.Errorf("writing HAR: %w", err)
		}
		separator = ","
		if err := encoder.Encode(newHAREntry(e, mask)); err != nil {
			return fmt.Errorf("writing HAR: %w", err)
		}
	}
	if _, err := b.WriteString("]}}\n"); err != nil {
		return fmt.Errorf("writing HAR: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing HAR: %w", err)
	}
	return nil
}

func newHAREntry(e *Exchange, mask func(string) string) *harEntry {
	at := e.At
	if at.IsZero() {
		at = time.Unix(0, 0).UTC()
	}
	entry := &harEntry{
		Started:  at.Format("2006-01-02T15:04:05.000000Z07:00"),
		Request:  newHARRequest(e.Request, mask),
		Response: newHARResponse(e.Result, mask),
		Comment:  e.Name,
	}
	if e.Result != nil {
		entry.Time = float64(e.Result.Metrics.Wall) / 1000
		entry.Timings.Wait = entry.Time
	}
	return entry
}

func newHARRequest(r *runtime.Request, mask func(string) string) harRequest {
	target := mask(r.URL)
	out := harRequest{
		Method: r.Method, URL: target, HTTPVersion: "HTTP/1.1",
		Cookies: []harPair{}, Headers: harHeaders(r.Headers, mask), Query: harQuery(target),
		HeadersSize: -1, BodySize: len(r.Body),
	}
	for _, h := range out.Headers {
		if !strings.EqualFold(h.Name, "Cookie") {
			continue
		}
		if cookies, err := http.ParseCookie(h.Value); err == nil {
			for _, c := range cookies {
				out.Cookies = append(out.Cookies, harPair{c.Name, c.Value})
			}
		}
	}
	if len(r.Body) > 0 {
		text, encoding := harText(r.Body, mask)
		out.Post = &harPost{MimeType: mask(r.Get("Content-Type")), Text: text, Encoding: encoding}
	}
	return out
}

func newHARResponse(r *runtime.Result, mask func(string) string) harResponse {
	out := harResponse{
		HTTPVersion: "HTTP/1.1", Cookies: []harPair{}, Headers: []harPair{},
		Content: harContent{MimeType: "x-unknown"}, HeadersSize: -1, BodySize: -1,
	}
	if r == nil {
		return out
	}
	out.Status, out.StatusText = r.Status, http.StatusText(r.Status)
	out.Headers = harHeaders(r.Headers, mask)
	out.RedirectURL = mask(r.Get("Location"))
	out.BodySize = len(r.Body)
	out.Content.Size = len(r.Body)
	if t := r.Get("Content-Type"); t != "" {
		out.Content.MimeType = mask(t)
	}
	out.Content.Text, out.Content.Encoding = harText(r.Body, mask)
	for _, h := range out.Headers {
		if !strings.EqualFold(h.Name, "Set-Cookie") {
			continue
		}
		if c, err := http.ParseSetCookie(h.Value); err == nil {
			out.Cookies = append(out.Cookies, harPair{c.Name, c.Value})
		}
	}
	return out
}

func harHeaders(headers []runtime.Header, mask func(string) string) []harPair {
	pairs := make([]harPair, 0, len(headers))
	for _, h := range headers {
		pairs = append(pairs, harPair{h.Name(), mask(h.Value())})
	}
	return pairs
}

// harQuery is the query of a URL in pieces; what can't be unescaped is kept.
func harQuery(target string) []harPair {
	pairs := []harPair{}
	_, query, ok := strings.Cut(target, "?")
	if !ok || query == "" {
		return pairs
	}
	unescape := func(s string) string {
		if u, err := url.QueryUnescape(s); err == nil {
			return u
		}
		return s
	}
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, harPair{unescape(name), unescape(value)})
	}
	return pairs
}

// harText is a body as it stands in an archive, and its encoding: text that has
// control characters, each six bytes long in JSON, is no text.
func harText(body []byte, mask func(string) string) (text, encoding string) {
	text = mask(string(body))
	isControl := func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' }
	if utf8.ValidString(text) && !strings.ContainsFunc(text, isControl) {
		return text, ""
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), "base64"
}
