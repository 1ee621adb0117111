package traffic

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pymode-tui/runtime"
)

// The bounds of one request, apart from its body.
const (
	maxMethod  = 32      // bytes
	maxURL     = 1 << 20 // bytes
	maxHeaders = 1000
	maxHeader  = 1 << 20 // bytes of a name and its value
)

// standardMethods are written in any case by people, and in capitals by HTTP.
var standardMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// normalize makes what a file says about a request into one that a worker can
// get: a method, an absolute URL without a fragment, headers that are ones, Host
// and Content-Length as they have to be, and none that belong to a connection.
// It changes nothing in a request that it has made.
func normalize(r *runtime.Request) error {
	if r.Method == "" {
		r.Method = "GET"
	}
	if len(r.Method) > maxMethod || !isMethod(r.Method) {
		return fmt.Errorf("%s is no HTTP method", shown(r.Method))
	}
	if upper := strings.ToUpper(r.Method); slices.Contains(standardMethods, upper) {
		r.Method = upper
	}
	if err := checkBody(len(r.Body)); err != nil {
		return err
	}
	if len(r.Headers) > maxHeaders {
		return fmt.Errorf("there are more than %d headers", maxHeaders)
	}
	u, err := parseURL(r.URL)
	if err != nil {
		return err
	}
	user := u.User
	u.User = nil
	r.URL = u.Scheme + "://" + u.Host + u.RequestURI()
	if err := checkHeaders(r.Headers); err != nil {
		return err
	}
	r.Headers = slices.DeleteFunc(r.Headers, func(h runtime.Header) bool { return ofConnection(h.Name()) })
	if user != nil && r.Get("Authorization") == "" {
		password, _ := user.Password()
		r.Headers = append(r.Headers, basicAuth(user.Username()+":"+password))
	}
	setHost(r, u.Host)
	setContentLength(r)
	return nil
}

// parseURL reads an absolute URL, or one of which only the scheme is missing.
// The query is escaped where it has to be.
func parseURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("the URL is longer than %d kB", maxURL>>10)
	}
	text := strings.TrimSpace(raw)
	if scheme, _, ok := strings.Cut(text, "://"); !ok || strings.ContainsAny(scheme, "/?#") {
		text = "http://" + strings.TrimPrefix(text, "//")
	}
	u, err := url.Parse(text)
	if err != nil {
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return nil, fmt.Errorf("the URL %s: %w", shown(raw), err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the URL %s is not of HTTP", shown(raw))
	case u.Hostname() == "", strings.ContainsFunc(u.Host, func(c rune) bool { return !isHostRune(c) }):
		return nil, fmt.Errorf("the URL %s has no usable host", shown(raw))
	}
	u.RawQuery = escapeQuery(u.RawQuery)
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// escapeQuery escapes what may not stand in a request line.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// checkHeaders trims the values and refuses what no request can have.
func checkHeaders(headers []runtime.Header) error {
	for i, h := range headers {
		name, value := h.Name(), strings.Trim(h.Value(), " \t")
		if !isToken(name) {
			return fmt.Errorf("%s is no header name", shown(name))
		}
		if len(name)+len(value) > maxHeader {
			return fmt.Errorf("the header %s is longer than %d kB", shown(name), maxHeader>>10)
		}
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return fmt.Errorf("the value of the header %s has a control character", shown(name))
		}
		headers[i] = runtime.Header{name, value}
	}
	return nil
}

// ofConnection says whether a header is about the connection that a request
// came by, which the next one does not share.
func ofConnection(name string) bool {
	switch strings.ToLower(name) {
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

// setHost leaves the first Host header that says something, or adds one at the
// beginning: a request has exactly one.
func setHost(r *runtime.Request, host string) {
	found := false
	r.Headers = slices.DeleteFunc(r.Headers, func(h runtime.Header) bool {
		if !strings.EqualFold(h.Name(), "Host") {
			return false
		}
		surplus := found || h.Value() == ""
		found = found || !surplus
		return surplus
	})
	if !found {
		r.Headers = slices.Insert(r.Headers, 0, runtime.Header{"Host", host})
	}
}

// setContentLength corrects the header where it is, adds it where there is a
// body, and removes it where there is none.
func setContentLength(r *runtime.Request) {
	isLength := func(h runtime.Header) bool { return strings.EqualFold(h.Name(), "Content-Length") }
	if len(r.Body) == 0 {
		r.Headers = slices.DeleteFunc(r.Headers, isLength)
		return
	}
	length := strconv.Itoa(len(r.Body))
	at := slices.IndexFunc(r.Headers, isLength)
	if at < 0 {
		r.Headers = append(r.Headers, runtime.Header{"Content-Length", length})
		return
	}
	r.Headers[at] = runtime.Header{r.Headers[at].Name(), length}
	rest := slices.DeleteFunc(r.Headers[at+1:], isLength)
	r.Headers = r.Headers[:at+1+len(rest)]
}

func hasHeader(r *runtime.Request, name string) bool {
	return slices.ContainsFunc(r.Headers, func(h runtime.Header) bool { return strings.EqualFold(h.Name(), name) })
}

// basicAuth is the header for "user:password".
func basicAuth(credentials string) runtime.Header {
	return runtime.Header{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))}
}

// isMethod says whether s may be a method: letters, digits, - and _.
func isMethod(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !isAlphanumeric(c) && c != '-' && c != '_'
	}) && s[0] != '-'
}

// isToken says whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !isAlphanumeric(c) && (c >= 0x80 || !strings.ContainsRune("!#$%&'*+-.^_`|~", c))
	})
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHostRune(c rune) bool {
	return isAlphanumeric(c) || c < 0x80 && strings.ContainsRune("-._~:[]", c)
}
