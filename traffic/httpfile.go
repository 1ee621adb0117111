package traffic

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pymode-tui/runtime"
)

// errSkip marks a request that only another client could make.
var errSkip = errors.New("left out")

// ReadHTTPFile reads a .http or .rest file, in the dialects of VS Code's REST
// Client and of JetBrains' HTTP Client. What they have in common:
//
//	@host = http://localhost:8787
//	### create order
//	# @name create
//	POST {{host}}/orders
//	    ?dry=1
//	Content-Type: application/json
//
//	{"item": {{item}}}
//	###
//	PUT {{host}}/picture
//
//	< ./picture.png
//
// A request without a method is a GET; one with a path only goes to its Host
// header, or to localhost. Variables come from the environment env in
// http-client.env.json and http-client.private.env.json beside the file, then
// from the file; a public one comes before a private one of the same name, as
// with JetBrains. "{{$guid}}", "{{$timestamp}}" and "{{$randomInt 1 9}}" are made
// up. "< file" is a body from a file in the same directory or below, "<@ file" one
// with variables in it. Comments are such before the body only.
//
// Scripts ("> {% … %}") are left out, and so are requests that need an earlier
// answer, a prompt, or another protocol. An error is a [*FormatError] with file
// and line.
func ReadHTTPFile(path string, env string) ([]*Exchange, error) {
	exchanges, _, err := readHTTPFile(path, env)
	return exchanges, err
}

// readHTTPFile is ReadHTTPFile with warnings.
func readHTTPFile(path string, env string) ([]*Exchange, []Warning, error) {
	dir := filepath.Dir(path)
	f, err := openRegular(os.DirFS(dir), filepath.Base(path))
	if err != nil {
		return nil, nil, fmt.Errorf("reading requests: %w", err)
	}
	defer f.Close()
	text, err := readText(decodeText(f))
	if err != nil {
		return nil, nil, inFile(err, path)
	}
	files := newFolder(dir)
	variables, err := readEnvironment(dir, env)
	if err != nil {
		return nil, nil, err
	}
	exchanges, warnings, err := parseHTTPText(text, files, variables)
	if err != nil {
		return nil, nil, inFile(err, path)
	}
	return exchanges, warnings, nil
}

// parseHTTPText reads the text of a file.
func parseHTTPText(text string, files *folder, variables *variables) ([]*Exchange, []Warning, error) {
	p := &httpParser{files: files, variables: variables, left: maxTotal}
	blocks, err := p.blocks(text)
	if err != nil {
		return nil, nil, err
	}
	var exchanges []*Exchange
	for _, b := range blocks {
		e, err := p.exchange(b)
		switch {
		case errors.Is(err, errSkip):
			p.warnings.add(fmt.Sprintf("line %d", b.line), "%v", err)
			continue
		case err != nil:
			return nil, nil, err
		}
		if exchanges = append(exchanges, e); len(exchanges) > maxRequests {
			return nil, nil, &FormatError{Message: fmt.Sprintf("more than %d requests", maxRequests)}
		}
	}
	return exchanges, p.warnings.all(), nil
}

// httpParser reads one file.
type httpParser struct {
	files     *folder
	variables *variables
	warnings  warningList
	left      int // bytes that the requests may still have
}

// block is one request as it is written, before variables are put in.
type block struct {
	name    string
	line    int    // of the request line, from 1
	request string // method, target and version
	headers []textLine
	body    []piece
}

type textLine struct {
	number int // from 1
	text   string
}

// piece is a part of a body: lines, or what stands in a file.
type piece struct {
	line     int // from 1
	lines    []string
	file     string
	expanded bool   // the variables of a file are put in
	encoding string // of a file: "latin1"; "" for UTF-8, or bytes
}

// exchange makes the request of a block.
func (p *httpParser) exchange(b *block) (*Exchange, error) {
	at := func(err error) error {
		var broken *FormatError
		if errors.As(err, &broken) || errors.Is(err, errSkip) {
			return err
		}
		return &FormatError{Line: b.line, Message: err.Error()}
	}
	line, err := p.variables.expand(b.request, b.line, maxURL)
	if err != nil {
		return nil, err
	}
	r := &runtime.Request{}
	r.Method, r.URL = splitRequestLine(line)
	switch strings.ToUpper(r.Method) {
	case "GRPC", "WEBSOCKET", "WS", "RSOCKET", "GRAPHQL":
		return nil, fmt.Errorf("%w: %s is no method of HTTP", errSkip, r.Method)
	}
	for _, line := range b.headers {
		h, err := p.header(line)
		if err != nil {
			return nil, err
		}
		r.Headers = append(r.Headers, h)
	}
	if strings.EqualFold(r.Get("X-Request-Type"), "GraphQL") {
		return nil, fmt.Errorf("%w: a GraphQL body is made by the editor", errSkip)
	}
	if r.URL, err = absoluteTarget(r); err != nil {
		return nil, at(err)
	}
	if r.Body, err = p.body(b, r.Get("Content-Type")); err != nil {
		return nil, at(err)
	}
	if err := normalize(r); err != nil {
		return nil, at(err)
	}
	p.left -= len(r.Body) + len(r.URL)
	for _, h := range r.Headers {
		p.left -= len(h.Name()) + len(h.Value())
	}
	if p.left < 0 {
		return nil, at(fmt.Errorf("the requests are larger than %d MB", maxTotal>>20))
	}
	return &Exchange{Name: b.name, Source: "http", Request: r}, nil
}

// header reads a header line.
func (p *httpParser) header(line textLine) (h runtime.Header, err error) {
	text, err := p.variables.expand(line.text, line.number, maxHeader)
	if err != nil {
		return h, err
	}
	name, value, ok := strings.Cut(text, ":")
	h = runtime.Header{trimBlank(name), trimBlank(value)}
	if !ok {
		return h, &FormatError{
			Line: line.number, Message: shown(text) + " is no header",
			Advice: "an empty line comes before the body, and ### before the next request",
		}
	}
	if err := checkHeaders([]runtime.Header{h}); err != nil {
		return h, &FormatError{Line: line.number, Message: err.Error()}
	}
	if strings.EqualFold(h.Name(), "Authorization") {
		h[1] = encodeBasic(h.Value())
	}
	return h, nil
}

// encodeBasic encodes "Basic user:password" and "Basic user password", which
// both clients take.
func encodeBasic(value string) string {
	scheme, credentials, _ := strings.Cut(value, " ")
	credentials = trimBlank(credentials)
	if !strings.EqualFold(scheme, "Basic") || !strings.ContainsAny(credentials, ": ") {
		return value
	}
	if !strings.Contains(credentials, ":") {
		user, password, _ := strings.Cut(credentials, " ")
		credentials = user + ":" + trimBlank(password)
	}
	return basicAuth(credentials).Value()
}

// splitRequestLine is the method and the target of a request line; the method is
// "" where there is none.
func splitRequestLine(line string) (method, target string) {
	line = withoutVersion(trimBlank(strings.TrimSuffix(line, "\r")))
	at := strings.IndexAny(line, " \t")
	if at < 0 || !isMethod(line[:at]) {
		return "", line
	}
	return line[:at], trimBlank(line[at:])
}

// withoutVersion is a request line without the version at its end.
func withoutVersion(line string) string {
	if at := strings.LastIndexAny(line, " \t"); at >= 0 && isHTTPVersion(line[at+1:]) {
		return trimBlank(line[:at])
	}
	return line
}

func isHTTPVersion(s string) bool {
	version, ok := strings.CutPrefix(strings.ToUpper(s), "HTTP/")
	return ok && version != "" && strings.Trim(version, "0123456789.") == ""
}

// absoluteTarget is the request's URL, with the Host header's host where it
// is only a path.
func absoluteTarget(r *runtime.Request) (string, error) {
	if !strings.HasPrefix(r.URL, "/") || strings.HasPrefix(r.URL, "//") {
		return r.URL, nil
	}
	host := r.Get("Host")
	if host == "" {
		host = "localhost"
	}
	if strings.ContainsFunc(host, func(c rune) bool { return !isHostRune(c) }) {
		return "", fmt.Errorf("the Host header %s is no host", shown(host))
	}
	scheme := "http"
	if strings.HasSuffix(host, ":443") {
		scheme = "https"
	}
	return scheme + "://" + host + r.URL, nil
}

// trimBlank takes spaces and tabs off both ends.
func trimBlank(s string) string { return strings.Trim(s, " \t") }
