package traffic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// WriteHTTPFile writes the requests of exchanges as a .http file, which both
// REST Client and JetBrains' client read. What would mean something else in a
// body (a line that begins with ###, two braces, an empty line at the end) goes
// through a variable. A request that can't be written, because its body is
// binary, is a [*FormatError], and nothing is written then. Answers are not part of
// such a file.
func WriteHTTPFile(w io.Writer, exchanges []*Exchange) error {
	p := &httpPrinter{used: map[string]bool{}}
	for i, e := range exchanges {
		if e.Request == nil {
			continue
		}
		if err := p.print(e); err != nil {
			name := e.Name
			if name == "" {
				name = e.Request.Method + " " + e.Request.URL
			}
			return &FormatError{
				Message: fmt.Sprintf("request %d (%s): %v", i+1, strings.Trim(shown(name), `"`), err),
				Advice:  "write it as HAR",
			}
		}
	}
	if p.out.Len() > maxSource-maxHeader || bytes.Count(p.out.Bytes(), []byte("\n")) > maxLines-len(httpVariables) {
		return &FormatError{Message: "the requests are too large for one .http file", Advice: "write them as HAR"}
	}
	b := bufio.NewWriter(w)
	for _, v := range httpVariables {
		if p.used[v.name] {
			fmt.Fprintf(b, "@%s = %s\n", v.name, v.text)
		}
	}
	if _, err := p.out.WriteTo(b); err != nil {
		return fmt.Errorf("writing .http: %w", err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("writing .http: %w", err)
	}
	return nil
}

// The variables that a written file uses for what it can't say otherwise.
const (
	nothing     = "nothing"
	braces      = "braces"
	lineFeed    = "lf"
	carriageRet = "cr"
)

var httpVariables = []struct{ name, text string }{
	{nothing, ""}, {braces, "{{"}, {lineFeed, `\n`}, {carriageRet, `\r`},
}

// httpPrinter writes requests one after the other.
type httpPrinter struct {
	out  bytes.Buffer
	used map[string]bool
}

// variable is a reference to one of the variables.
func (p *httpPrinter) variable(name string) string {
	p.used[name] = true
	return "{{" + name + "}}"
}

// escape hides pairs of braces.
func (p *httpPrinter) escape(s string) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	return strings.ReplaceAll(s, "{{", p.variable(braces))
}

func (p *httpPrinter) print(e *Exchange) error {
	r := &runtime.Request{Method: e.Request.Method, URL: e.Request.URL, Headers: slices.Clone(e.Request.Headers), Body: e.Request.Body}
	if err := normalize(r); err != nil {
		return err
	}
	fmt.Fprintf(&p.out, "%s\n%s %s\n", strings.TrimSpace("### "+strings.TrimLeft(cleanName(e.Name), "# ")), r.Method, p.escape(r.URL))
	for i, h := range r.Headers {
		name, value := h.Name(), h.Value()
		if i == 0 && strings.EqualFold(name, "Host") && value == hostOf(r.URL) || strings.EqualFold(name, "Content-Length") {
			continue
		}
		if !utf8.ValidString(value) {
			return fmt.Errorf("the header %s is not UTF-8", shown(name))
		}
		if name[0] == '#' || name[0] == '&' {
			name = p.variable(nothing) + name
		}
		p.out.WriteString(strings.TrimRight(name+": "+p.escape(value), " ") + "\n")
	}
	if len(r.Body) > 0 {
		for _, c := range r.Body {
			if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
				return errors.New("the body is binary")
			}
		}
		if !utf8.Valid(r.Body) {
			return errors.New("the body is not UTF-8")
		}
		p.out.WriteString("\n" + p.body(string(r.Body), styleOf(r.Get("Content-Type"))) + "\n")
	}
	p.out.WriteString("\n")
	return nil
}

// body is the text of a body, so that reading it gives the same.
func (p *httpPrinter) body(text string, style bodyStyle) string {
	var lines []string
	switch style {
	case styleForm:
		lines = []string{text}
	default:
		lines = strings.Split(text, style.newline())
	}
	for i, line := range lines {
		line = p.escape(line)
		if strings.Contains(line, "\n") {
			line = strings.ReplaceAll(line, "\n", p.variable(lineFeed))
		}
		if strings.Contains(line, "\r") {
			line = strings.ReplaceAll(line, "\r", p.variable(carriageRet))
		}
		atEdge := i == 0 || i == len(lines)-1
		if atEdge && trimBlank(line) == "" || line != "" && strings.ContainsRune("#<> \t", rune(line[0])) && isSpecial(line, style) {
			line = p.variable(nothing) + line
		}
		if style == styleForm && line != trimBlank(line) {
			line += p.variable(nothing)
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// isSpecial says whether a line of a body would not be read as one.
func isSpecial(line string, style bodyStyle) bool {
	return strings.HasPrefix(line, "###") || line[0] == '<' || line[0] == '>' || scriptStart.MatchString(line) ||
		style == styleForm && line != trimBlank(line)
}
