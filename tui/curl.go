package tui

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// curlCommand writes a request as a command for a POSIX shell that sends the
// same request again. A body that can't be typed goes through base64.
func curlCommand(r *runtime.Request) string {
	args := []string{"curl"}
	typed := isTyped(r.Body)
	switch {
	case r.Method == "HEAD":
		args = append(args, "--head")
	case r.Method == "GET" && len(r.Body) == 0, r.Method == "POST" && len(r.Body) > 0:
	default:
		args = append(args, "-X", shellQuote(r.Method))
	}
	if strings.ContainsAny(r.URL, "[]{}") {
		args = append(args, "--globoff")
	}
	args = append(args, shellQuote(r.URL))
	for _, h := range r.Headers {
		switch strings.ToLower(h.Name()) {
		case "host", "content-length", "connection": // curl's own
		case "accept-encoding":
			args = append(args, "--compressed")
		default:
			args = append(args, "-H", shellQuote(headerArgument(h)))
		}
	}
	if len(r.Body) == 0 {
		return strings.Join(args, " ")
	}
	if r.Get("Content-Type") == "" {
		args = append(args, "-H", "'Content-Type:'") // curl would add that of a form
	}
	if typed {
		return strings.Join(append(args, "--data-raw", shellQuote(string(r.Body))), " ")
	}
	encoded := base64.StdEncoding.EncodeToString(r.Body)
	return "printf %s " + encoded + " | base64 -d | " + strings.Join(append(args, "--data-binary", "@-"), " ")
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
	return utf8.Valid(body)
}

// shellQuote quotes a word where a shell would read it otherwise.
func shellQuote(s string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+"
	if s != "" && strings.Trim(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
