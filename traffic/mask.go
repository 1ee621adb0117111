package traffic

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pymode-tui/runtime"
	"pymode-tui/runtime/secret"
)

// Secrets don't get into files. The value of a secret NAME becomes
// "[secret:NAME]" wherever it stands ([secret.Mask]), and a replay puts the value
// back that NAME has then, into the request and into recorded answers. What no name
// is known of, the value of an Authorization header, becomes "[secret]" and can't
// be put back.

// masked is what stands in the place of a value that has no name.
const masked = secret.Unnamed

// secretHeaders carry secrets by their nature.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie"}

// Masker takes secrets out of exchanges and puts them back. It is safe for use
// by many goroutines.
type Masker struct {
	secrets *secret.Mask
	headers map[string]bool // canonical names, of which the value is masked
	names   map[string]bool // of query parameters, lower case
}

// NewMasker returns one for the secrets, by name, and for what else the project's
// config names: headers and query parameters.
func NewMasker(secrets map[string]string, names []string) *Masker {
	m := &Masker{secrets: secret.New(secrets), headers: map[string]bool{}, names: map[string]bool{}}
	for _, name := range slices.Concat(secretHeaders, names) {
		m.headers[http.CanonicalHeaderKey(name)] = true
	}
	for _, name := range names {
		m.names[strings.ToLower(name)] = true
	}
	return m
}

// Exchange is e without secrets; e itself is not changed.
func (m *Masker) Exchange(e *Exchange) *Exchange {
	out := *e
	if e.Request != nil {
		r := *e.Request
		r.URL, r.Headers, r.Body = m.url(r.URL), m.headerList(r.Headers), m.bytes(r.Body)
		out.Request = &r
	}
	out.Result = m.Result(e.Result)
	out.Recording = m.recording(e.Recording)
	return &out
}

// Result is r without secrets; r, which may be nil, is not changed.
func (m *Masker) Result(r *runtime.Result) *runtime.Result {
	if r == nil {
		return nil
	}
	out := *r
	out.Headers, out.Body = m.headerList(r.Headers), m.bytes(r.Body)
	out.Logs, out.Calls = slices.Clone(r.Logs), slices.Clone(r.Calls)
	for n := range out.Logs {
		out.Logs[n].Text = m.text(out.Logs[n].Text)
	}
	for n := range out.Calls {
		c := &out.Calls[n]
		c.Detail, c.Error = m.url(c.Detail), m.text(c.Error)
	}
	if r.Error != nil {
		f := *r.Error
		f.Message, f.Traceback = m.text(f.Message), slices.Clone(f.Traceback)
		for n := range f.Traceback {
			f.Traceback[n].Text = m.text(f.Traceback[n].Text)
		}
		out.Error = &f
	}
	return &out
}

// Reveal is the request with the secrets put back. Missing are the names that have
// no value here, and "" where a value has no name.
func (m *Masker) Reveal(r *runtime.Request) (out *runtime.Request, missing []string) {
	show := func(s string) string {
		shown, lacks := m.secrets.Show(s)
		missing = append(missing, lacks...)
		return shown
	}
	revealed := *r
	revealed.URL = show(r.URL)
	revealed.Headers = make([]runtime.Header, len(r.Headers))
	for n, h := range r.Headers {
		revealed.Headers[n] = runtime.Header{h.Name(), show(h.Value())}
	}
	var lacks []string
	revealed.Body, lacks = m.secrets.ShowBytes(r.Body)
	missing = append(missing, named(lacks)...)
	slices.Sort(missing)
	return &revealed, slices.Compact(missing)
}

// named leaves out that a value has no name: in a body it is a text like any other.
func named(missing []string) []string {
	return slices.DeleteFunc(missing, func(name string) bool { return name == "" })
}

// answered is a recorded call with the secrets put back that its result has.
func (m *Masker) answered(c RecordedCall) (out RecordedCall, missing []string) {
	if m == nil {
		return c, nil
	}
	var inResult, inBody, inError []string
	c.Result, inResult = m.secrets.ShowBytes(c.Result)
	c.Body, inBody = m.secrets.ShowBytes(c.Body)
	c.Error, inError = m.secrets.Show(c.Error)
	return c, slices.Concat(inResult, inBody, inError)
}

func (m *Masker) text(s string) string { return m.secrets.Hide(s) }

func (m *Masker) bytes(b []byte) []byte { return m.secrets.HideBytes(b) }

func (m *Masker) headerList(headers []runtime.Header) []runtime.Header {
	out := make([]runtime.Header, len(headers))
	for n, h := range headers {
		out[n] = runtime.Header{h.Name(), m.header(h.Name(), h.Value())}
	}
	return out
}

// header is a header's value as it may be kept.
func (m *Masker) header(name, value string) string {
	value = m.text(value)
	name = http.CanonicalHeaderKey(name)
	if !m.headers[name] {
		if name == "Referer" || name == "Location" {
			return m.url(value)
		}
		return value
	}
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		scheme, rest = "", value
	}
	if strings.HasPrefix(rest, "[secret:") && strings.IndexByte(rest, ']') == len(rest)-1 {
		return value // all of it is known by name
	}
	if ok && strings.HasSuffix(name, "Authorization") && len(scheme) <= len("negotiate") {
		return scheme + " " + masked
	}
	return masked
}

// url masks the values of the query parameters that the config names.
func (m *Masker) url(s string) string {
	s = m.text(s)
	begin := strings.IndexByte(s, '?')
	if len(m.names) == 0 || begin < 0 {
		return s
	}
	query, rest := s[begin+1:], ""
	if n := strings.IndexAny(query, "# "); n >= 0 {
		query, rest = query[:n], query[n:]
	}
	fields := strings.Split(query, "&")
	for n, field := range fields {
		name, value, ok := strings.Cut(field, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if ok && m.names[strings.ToLower(name)] && !strings.HasPrefix(value, "[secret:") {
			fields[n] = field[:strings.IndexByte(field, '=')+1] + masked
		}
	}
	return s[:begin+1] + strings.Join(fields, "&") + rest
}

func (m *Masker) recording(r *Recording) *Recording {
	if r == nil {
		return nil
	}
	out := *r
	out.Calls = make([]RecordedCall, len(r.Calls))
	for n, c := range r.Calls {
		out.Calls[n] = m.recorded(c)
	}
	out.Children = make([]*Recording, len(r.Children))
	for n, c := range r.Children {
		out.Children[n] = m.recording(c)
	}
	return &out
}

func (m *Masker) recorded(c RecordedCall) RecordedCall {
	c.Args, c.Data, c.Result, c.Body = m.bytes(c.Args), m.bytes(c.Data), m.bytes(c.Result), m.bytes(c.Body)
	c.Detail, c.Error = m.url(c.Detail), m.text(c.Error)
	if c.Op == opHTTPFetch {
		c.Args = m.fetchArgs(c.Args)
		c.Result = m.fetchResult(c.Result)
	}
	return c
}

// fetchArgs masks the headers of a fetch as those of a request.
func (m *Masker) fetchArgs(args []byte) []byte {
	var a fetchArgs
	if json.Unmarshal(args, &a) != nil {
		return args
	}
	a.URL, a.Headers = m.url(a.URL), m.headerJSON(a.Headers)
	return encodeArgs(a)
}

func (m *Masker) fetchResult(result []byte) []byte {
	var r fetchResult
	if json.Unmarshal(result, &r) != nil {
		return result
	}
	r.Headers = m.headerJSON(r.Headers)
	return encodeArgs(r)
}

func (m *Masker) headerJSON(headers string) string {
	var list []runtime.Header
	if json.Unmarshal([]byte(headers), &list) == nil {
		return string(encodeArgs(m.headerList(list)))
	}
	var object map[string]string
	if json.Unmarshal([]byte(headers), &object) != nil {
		return headers
	}
	for name, value := range object {
		object[name] = m.header(name, value)
	}
	return string(encodeArgs(object))
}
