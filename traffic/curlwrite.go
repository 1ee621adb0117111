package traffic

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// maxTyped is the longest body in bytes that is an argument of a command: Linux
// takes 128 kB.
const maxTyped = 100 << 10

// WriteCurl writes an exchange's request as a command for a POSIX shell that
// sends the same request again. A body that can't be typed goes through base64.
// It is "" where there is no request.
func WriteCurl(e *Exchange) string {
	r := e.Request
	if r == nil {
		return ""
	}
	args := []string{"curl"}
	switch {
	case r.Method == "HEAD" && len(r.Body) == 0:
		args = append(args, "--head")
	case r.Method == "GET" && len(r.Body) == 0, r.Method == "POST" && len(r.Body) > 0:
	default:
		args = append(args, "-X", shellQuote(r.Method))
	}
	if strings.ContainsAny(r.URL, "[]{}") {
		args = append(args, "--globoff")
	}
	if hasDotSegment(r.URL) {
		args = append(args, "--path-as-is")
	}
	args = append(args, shellQuote(r.URL))
	for _, h := range r.Headers {
		switch name := strings.ToLower(h.Name()); {
		case name == "host" && h.Value() == hostOf(r.URL), name == "content-length", ofConnection(name): // curl's own
		case name == "accept-encoding":
			args = append(args, "--compressed")
		default:
			args = append(args, "-H", shellQuote(headerArgument(h)))
		}
	}
	if len(r.Body) == 0 {
		return strings.Join(args, " ")
	}
	if !hasHeader(r, "Content-Type") {
		args = append(args, "-H", "'Content-Type:'") // curl would add that of a form
	}
	if isTyped(r.Body) {
		return strings.Join(append(args, "--data-raw", shellQuote(string(r.Body))), " ")
	}
	encoded := base64.StdEncoding.EncodeToString(r.Body)
	return "printf %s " + encoded + " | base64 -d | " + strings.Join(append(args, "--data-binary", "@-"), " ")
}

// hostOf is the host and port of a URL, or "".
func hostOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return ""
	}
	return u.Host
}

// hasDotSegment says whether a URL's path has a part that curl would resolve.
func hasDotSegment(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	parts := strings.Split(path, "/")
	return slices.Contains(parts, ".") || slices.Contains(parts, "..")
}

// headerArgument is a header as curl reads it: one without a value ends in a
// semicolon, since a colon would remove it.
func headerArgument(h runtime.Header) string {
	if h.Value() == "" {
		return h.Name() + ";"
	}
	return h.Name() + ": " + h.Value()
}

// isTyped says whether a body can stand in a command line as it is.
func isTyped(body []byte) bool {
	for _, c := range body {
		if c < 0x20 && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(body) <= maxTyped && utf8.Valid(body)
}

// shellQuote quotes a word where a shell would read it otherwise.
func shellQuote(s string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if s != "" && strings.Trim(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
