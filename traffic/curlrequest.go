package traffic

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"pymode-tui/runtime"
)

// maxURLs is how many URLs of one command share its options.
const maxURLs = 1000

// curlState is what the options of a command have said so far, up to --next.
type curlState struct {
	command  command
	files    *folder
	warnings *warningList

	urls       []string
	method     string
	headers    []runtime.Header
	implied    []runtime.Header // by options that stand for one
	removed    []string         // names of headers that curl is not to send
	cookies    []string
	data       []byte
	hasData    bool
	isJSON     bool
	query      []string // of --url-query
	form       []formPart
	upload     []byte
	hasUpload  bool
	uploadName string
	get, head  bool
	compressed bool
	globoff    bool
	pathAsIs   bool
}

// curlRequests makes the requests of one command: one for each URL.
func curlRequests(c command, files *folder, w *warningList) ([]*Exchange, error) {
	s := &curlState{command: c, files: files, warnings: w}
	var exchanges []*Exchange
	finish := func() error {
		more, err := s.requests()
		if exchanges = append(exchanges, more...); len(exchanges) > maxRequests {
			return fmt.Errorf("more than %d requests", maxRequests)
		}
		return err
	}
	err := curlOptions(c, w, func(option, value string) error {
		if option == "next" {
			if err := finish(); err != nil {
				return err
			}
			s = &curlState{command: c, files: files, warnings: w}
			return nil
		}
		return s.set(option, value)
	})
	if err == nil {
		err = finish()
	}
	return exchanges, err
}

func (s *curlState) warn(format string, args ...any) {
	s.warnings.add(fmt.Sprintf("line %d", s.command.line), format, args...)
}

// set applies one option.
func (s *curlState) set(option, value string) error {
	switch option {
	case "url":
		if s.urls = append(s.urls, value); len(s.urls) > maxURLs {
			return fmt.Errorf("more than %d URLs in a command", maxURLs)
		}
	case "request":
		s.method = value
	case "header":
		return s.header(value)
	case "user-agent":
		s.imply("User-Agent", value)
	case "referer":
		s.imply("Referer", strings.TrimSuffix(value, ";auto"))
	case "range":
		s.imply("Range", "bytes="+value)
	case "oauth2-bearer":
		s.imply("Authorization", "Bearer "+value)
	case "user":
		s.imply("Authorization", basicAuth(value).Value())
	case "cookie":
		if strings.Contains(value, "=") {
			s.cookies = append(s.cookies, value)
		} else if value != "" {
			s.warn("the cookies of the file %s are ignored", shown(value))
		}
	case "data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json":
		return s.addData(option, value)
	case "url-query":
		return s.urlQuery(value)
	case "form", "form-string":
		part, err := s.formPart(value, option == "form-string")
		if err != nil {
			return err
		}
		if s.form = append(s.form, part); len(s.form) > maxHeaders {
			return fmt.Errorf("more than %d fields", maxHeaders)
		}
	case "upload-file":
		b, err := s.file(value)
		if err != nil {
			return err
		}
		s.upload, s.hasUpload, s.uploadName = b, true, path.Base(strings.ReplaceAll(value, `\`, "/"))
	case "get":
		s.get = true
	case "head":
		s.head = true
	case "compressed":
		s.compressed = true
	case "globoff":
		s.globoff = true
	case "path-as-is":
		s.pathAsIs = true
	default:
		return fmt.Errorf("the option --%s can't be read: its request depends on more than the command", option)
	}
	return nil
}

// header reads -H: "Name: value", "Name;" for an empty value, "Name:" to have none.
func (s *curlState) header(text string) error {
	if strings.HasPrefix(text, "@") {
		b, err := s.file(text[1:])
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '@' {
				if err := s.header(line); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if len(s.headers) >= maxHeaders {
		return fmt.Errorf("more than %d headers", maxHeaders)
	}
	name, value, ok := strings.Cut(text, ":")
	if pseudo := strings.HasPrefix(text, ":"); pseudo {
		s.warn("the header %s is ignored: it belongs to HTTP/2", shown(text))
		return nil
	}
	switch value = strings.TrimSpace(value); {
	case ok && value != "":
		s.headers = append(s.headers, runtime.Header{strings.TrimSpace(name), value})
	case ok:
		s.removed = append(s.removed, strings.TrimSpace(name))
	case strings.HasSuffix(text, ";"):
		s.headers = append(s.headers, runtime.Header{strings.TrimSuffix(text, ";"), ""})
	default:
		s.warn("the header %s has no value: ignored, as curl does", shown(text))
	}
	return nil
}

// imply notes a header for which curl has an option; the last one counts, and a
// header of -H before it.
func (s *curlState) imply(name, value string) {
	s.implied = slices.DeleteFunc(s.implied, func(h runtime.Header) bool { return h.Name() == name })
	s.implied = append(s.implied, runtime.Header{name, value})
}

// file reads a file that the command names, or what is piped into it for "-".
func (s *curlState) file(name string) ([]byte, error) {
	if name != "-" && name != "." {
		return s.files.read(name)
	}
	if s.command.stdin == nil {
		return nil, errors.New("what is piped into the command is not known")
	}
	return s.command.stdin, nil
}

// requests makes a request for each URL.
func (s *curlState) requests() ([]*Exchange, error) {
	if len(s.urls) == 0 {
		return nil, &FormatError{Line: s.command.line, Message: "the command has no URL"}
	}
	body, contentType, err := s.body()
	if err != nil {
		return nil, err
	}
	var exchanges []*Exchange
	for _, target := range s.urls {
		r := &runtime.Request{Method: s.requestMethod(), URL: s.target(target), Headers: slices.Clone(s.headers), Body: body}
		s.addHeaders(r, contentType)
		if err := normalize(r); err != nil {
			return nil, err
		}
		exchanges = append(exchanges, &Exchange{Source: "curl", Request: r})
	}
	return exchanges, nil
}

// requestMethod is -X, or what the other options imply.
func (s *curlState) requestMethod() string {
	switch {
	case s.method != "":
		return s.method
	case s.head:
		return "HEAD"
	case s.hasUpload:
		return "PUT"
	case s.get:
		return "GET"
	case s.hasData, len(s.form) > 0:
		return "POST"
	}
	return "GET"
}

// addHeaders adds the headers that options stand for.
func (s *curlState) addHeaders(r *runtime.Request, contentType string) {
	add := func(name, value string) {
		removed := slices.ContainsFunc(s.removed, func(n string) bool { return strings.EqualFold(n, name) })
		if value != "" && !removed && !hasHeader(r, name) {
			r.Headers = append(r.Headers, runtime.Header{name, value})
		}
	}
	for _, h := range s.implied {
		add(h.Name(), h.Value())
	}
	add("Cookie", strings.Join(s.cookies, "; "))
	add("Content-Type", contentType)
	if s.isJSON {
		add("Accept", "application/json")
	}
	if s.compressed {
		add("Accept-Encoding", "deflate, gzip, br, zstd")
	}
}

// body is what is sent, with the type that curl gives it.
func (s *curlState) body() (body []byte, contentType string, err error) {
	if s.hasData && len(s.form) > 0 || s.hasUpload && (s.hasData || len(s.form) > 0) {
		return nil, "", errors.New("two of -d, -F and -T: curl sends one kind of body")
	}
	switch {
	case s.get || s.head && s.method == "" && s.hasData:
		return nil, "", nil
	case s.hasUpload:
		return s.upload, "", nil
	case len(s.form) > 0:
		return encodeParts(s.form, s.headers)
	case s.isJSON:
		return s.data, "application/json", nil
	case s.hasData:
		return s.data, "application/x-www-form-urlencoded", nil
	}
	return nil, "", nil
}

// target is a URL with the data that belong to its query. Browsers put a
// backslash before brackets, which curl would otherwise expand.
func (s *curlState) target(target string) string {
	if !s.globoff {
		plain := unescapeBackslash(target, func(c byte) bool { return strings.IndexByte("[]{}", c) >= 0 })
		if plain == target && strings.ContainsAny(withoutAddress(target), "[{") {
			s.warn("the brackets in the URL are kept: curl would send a request for each")
		}
		target = plain
	}
	u, err := parseURL(target)
	if err != nil {
		return target // it is refused later
	}
	if s.hasUpload && s.uploadName != "-" && s.uploadName != "." && (u.Path == "" || strings.HasSuffix(u.Path, "/")) {
		u.Path += s.uploadName
		u.RawPath = ""
	}
	if !s.pathAsIs {
		u = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}).ResolveReference(u)
	}
	query := slices.Clone(s.query)
	if s.get && len(s.data) > 0 {
		query = append(query, string(s.data))
	}
	if u.RawQuery != "" {
		query = append([]string{u.RawQuery}, query...)
	}
	u.RawQuery = escapeQuery(strings.Join(query, "&"))
	return u.String()
}

// withoutAddress is a URL without the host, which may be an IPv6 address.
func withoutAddress(target string) string {
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		return u.Path + u.RawQuery
	}
	return target
}

// addData reads one of the options for a body. Several are joined by &.
func (s *curlState) addData(option, value string) error {
	var b []byte
	var err error
	name, isFile := strings.CutPrefix(value, "@")
	switch {
	case option == "data-urlencode":
		var text string
		text, err = s.urlEncode(value)
		b = []byte(text)
	case option == "data-raw" || !isFile:
		b = []byte(value)
	default:
		b, err = s.file(name)
		if option == "data" || option == "data-ascii" {
			b = slices.DeleteFunc(slices.Clone(b), func(c byte) bool { return c == '\n' || c == '\r' || c == 0 })
		}
	}
	if err != nil {
		return err
	}
	if s.hasData && option != "json" {
		s.data = append(s.data, '&')
	}
	s.data, s.hasData = append(s.data, b...), true
	s.isJSON = s.isJSON || option == "json"
	return checkBody(len(s.data))
}

// urlQuery reads --url-query, which is as --data-urlencode, but for a + before
// what is escaped already.
func (s *curlState) urlQuery(value string) error {
	if plain, ok := strings.CutPrefix(value, "+"); ok {
		s.query = append(s.query, plain)
		return nil
	}
	text, err := s.urlEncode(value)
	s.query = append(s.query, text)
	return err
}

// urlEncode reads the value of --data-urlencode: "content", "=content",
// "name=content", "@file" or "name@file".
func (s *curlState) urlEncode(value string) (string, error) {
	at := strings.IndexAny(value, "=@")
	if at < 0 {
		return url.QueryEscape(value), nil
	}
	name, content := value[:at], value[at+1:]
	if value[at] == '@' {
		b, err := s.file(content)
		if err != nil {
			return "", err
		}
		content = string(b)
	}
	if name == "" {
		return url.QueryEscape(content), nil
	}
	return name + "=" + url.QueryEscape(content), nil
}
