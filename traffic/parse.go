package traffic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pymode-tui/runtime"
)

// ErrDamaged is what a file answers that is not an exchange, or not a whole one.
var ErrDamaged = errors.New("not a whole exchange")

// IsExchange reports whether the path is named as a file of this package's is.
func IsExchange(path string) bool { return filepath.Ext(path) == extension }

// ReadFile reads an exchange and the files beside it. Where the text makes no
// sense the error is an [ErrDamaged] with the line.
func ReadFile(path string) (*Exchange, error) {
	text, err := readBounded(path, maxText)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	e, err := parse(text, func(name string, size int64) ([]byte, error) {
		data, err := readBounded(filepath.Join(dir, name), maxSide)
		if err == nil && int64(len(data)) != size {
			err = fmt.Errorf("%s has %d bytes, want %d: %w", name, len(data), size, ErrDamaged)
		}
		return data, err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s: is larger than %d MB", path, limit>>20)
	}
	return b, err
}

// parser reads the text form, of which text.go tells.
type parser struct {
	text   []byte // the rest
	number int    // of the line read last, from 1
	beside func(name string, size int64) ([]byte, error)
	e      *Exchange
}

func parse(text []byte, beside func(name string, size int64) ([]byte, error)) (*Exchange, error) {
	p := &parser{text: text, beside: beside, e: &Exchange{}}
	if err := p.run(); err != nil {
		var damaged *lineError
		if errors.As(err, &damaged) || p.number == 0 {
			return nil, err
		}
		return nil, fmt.Errorf("line %d: %w", p.number, err)
	}
	return p.e, nil
}

// lineError is text that makes no sense.
type lineError struct {
	line int
	text string
}

// Error implements error.
func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

// Is makes it an [ErrDamaged].
func (e *lineError) Is(target error) bool { return target == ErrDamaged }

func (p *parser) wrong(format string, args ...any) error {
	return &lineError{max(p.number, 1), fmt.Sprintf(format, args...)}
}

// next is the next line without its end; not ok where there is none.
func (p *parser) next() (line string, ok bool) {
	n := bytes.IndexByte(p.text, '\n')
	if n < 0 {
		return "", false
	}
	line, p.text = strings.TrimSuffix(string(p.text[:n]), "\r"), p.text[n+1:]
	p.number++
	return line, true
}

// peekSection is the name of the section that begins with the next line, "" for none.
func (p *parser) peekSection() string {
	n := bytes.IndexByte(p.text, '\n')
	if n < 0 {
		return ""
	}
	name, ok := strings.CutPrefix(strings.TrimSuffix(string(p.text[:n]), "\r"), "== ")
	if !ok || !strings.HasSuffix(name, " ==") {
		return ""
	}
	return strings.TrimSuffix(name, " ==")
}

// lines calls f for each line up to the next section.
func (p *parser) lines(f func(line string) error) error {
	for p.peekSection() == "" {
		line, ok := p.next()
		if !ok {
			return p.wrong("the file breaks off")
		}
		if err := f(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) run() error {
	if line, _ := p.next(); line != magic {
		return p.wrong("want %q", magic)
	}
	if err := p.lines(p.field); err != nil {
		return err
	}
	seen := map[string]bool{}
	for {
		name := p.peekSection()
		p.next()
		if seen[name] {
			return p.wrong("a second section %q", name)
		}
		seen[name] = true
		if name == sectionEnd {
			break
		}
		if err := p.section(name); err != nil {
			return err
		}
	}
	if p.e.Request == nil {
		return p.wrong("there is no request")
	}
	return nil
}

func (p *parser) field(line string) (err error) {
	name, value, err := p.pair(line, ": ")
	if err != nil {
		return err
	}
	switch name {
	case "id":
		p.e.ID = value
	case "name":
		p.e.Name = value
	case "at":
		if p.e.At, err = time.Parse(time.RFC3339Nano, value); err != nil {
			return p.wrong("at: want a time such as 2026-11-25T13:32:14Z")
		}
	case "worker":
		p.e.Worker = value
	case "source":
		p.e.Source = value
	default:
		return p.wrong("no field is called %.40q", name)
	}
	return nil
}

// pair reads a word and the rest of the line, each quoted or not.
func (p *parser) pair(line, between string) (word, rest string, err error) {
	if strings.HasPrefix(line, `"`) {
		prefix, err := strconv.QuotedPrefix(line)
		if err != nil {
			return "", "", p.wrong("a quote is not closed")
		}
		if word, err = strconv.Unquote(prefix); err != nil {
			return "", "", p.wrong("%v", err)
		}
		line = line[len(prefix):]
	} else if n := strings.Index(line, strings.TrimRight(between, " ")); between != " " && n >= 0 {
		word, line = line[:n], line[n:]
	} else if n := strings.IndexByte(line, ' '); between == " " && n >= 0 {
		word, line = line[:n], line[n:]
	}
	rest, ok := strings.CutPrefix(line, between)
	if !ok && between != " " { // "name:" with nothing after it
		rest, ok = strings.CutPrefix(line, strings.TrimRight(between, " "))
		ok = ok && rest == ""
	}
	if !ok || word == "" && !strings.HasPrefix(line, between) {
		return "", "", p.wrong("want a word, %q and the rest", between)
	}
	if rest, err = p.value(rest); err != nil {
		return "", "", err
	}
	return word, rest, nil
}

func (p *parser) value(s string) (string, error) {
	if !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	text, err := strconv.Unquote(s)
	if err != nil {
		return "", p.wrong("a quote is not closed")
	}
	return text, nil
}

func (p *parser) section(name string) (err error) {
	if p.e.Result == nil {
		switch name {
		case sectionResponseBody, sectionResponseFile, sectionLogs, sectionCalls, sectionModules, sectionError, sectionMetrics:
			return p.wrong("%s without a response before", name)
		}
	}
	if p.e.Request == nil && (name == sectionRequestBody || name == sectionRequestFile) {
		return p.wrong("%s without a request before", name)
	}
	switch name {
	case sectionRequest:
		return p.request()
	case sectionRequestBody:
		p.e.Request.Body, err = p.body()
	case sectionRequestFile:
		p.e.Request.Body, err = p.file()
	case sectionResponse:
		return p.response()
	case sectionResponseBody:
		p.e.Result.Body, err = p.body()
	case sectionResponseFile:
		p.e.Result.Body, err = p.file()
	case sectionLogs:
		return p.lines(p.log)
	case sectionCalls:
		return p.lines(func(line string) error { return appendJSON(p, line, &p.e.Result.Calls) })
	case sectionModules:
		return p.lines(func(line string) error { return appendJSON(p, line, &p.e.Result.Modules) })
	case sectionError:
		return p.lines(func(line string) error { return p.json(line, &p.e.Result.Error) })
	case sectionMetrics:
		return p.lines(p.metrics)
	case sectionRecording:
		return p.lines(p.recorded)
	case sectionRecordingFile:
		return p.recordingFile()
	default:
		return p.wrong("no section is called %.40q", name)
	}
	return err
}

func (p *parser) json(line string, v any) error {
	if err := json.Unmarshal([]byte(line), v); err != nil {
		return p.wrong("%v", err)
	}
	return nil
}

func appendJSON[T any](p *parser, line string, list *[]T) error {
	var v T
	if err := p.json(line, &v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

func (p *parser) request() (err error) {
	p.e.Request = &runtime.Request{}
	line, _ := p.next()
	if p.e.Request.Method, p.e.Request.URL, err = p.pair(line, " "); err != nil {
		return err
	}
	return p.headers(&p.e.Request.Headers)
}

func (p *parser) response() (err error) {
	p.e.Result = &runtime.Result{}
	line, _ := p.next()
	if p.e.Result.Status, err = strconv.Atoi(line); err != nil || p.e.Result.Status < 0 || p.e.Result.Status > 999 {
		return p.wrong("%.40q is no HTTP status", line)
	}
	return p.headers(&p.e.Result.Headers)
}

func (p *parser) headers(headers *[]runtime.Header) error {
	return p.lines(func(line string) error {
		name, value, err := p.pair(line, ": ")
		if err != nil {
			return err
		}
		*headers = append(*headers, runtime.Header{name, value})
		return nil
	})
}

// body reads the lines of a body.
func (p *parser) body() ([]byte, error) {
	var b bytes.Buffer
	first := true
	for p.peekSection() == "" {
		n := bytes.IndexByte(p.text, '\n')
		if n < 0 {
			return nil, p.wrong("the file breaks off")
		}
		line := p.text[:n]
		p.text = p.text[n+1:]
		p.number++
		if !first {
			b.WriteByte('\n')
		}
		first = false
		b.Write(bytes.TrimPrefix(line, []byte(`\`)))
	}
	return b.Bytes(), nil
}

// file reads what is beside.
func (p *parser) file() ([]byte, error) {
	line, _ := p.next()
	name, size, _ := strings.Cut(line, " ")
	n, err := strconv.ParseInt(size, 10, 64)
	if err != nil || n < 0 {
		return nil, p.wrong("want a name and a size in bytes")
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\:`) {
		return nil, p.wrong("%.80q is not the name of a file beside", name)
	}
	return p.beside(name, n)
}

func (p *parser) log(line string) error {
	level, rest, err := p.pairRaw(line)
	if err != nil {
		return err
	}
	at, text, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return p.wrong("want a level, a time in µs and a text")
	}
	if text, err = p.value(text); err != nil {
		return err
	}
	p.e.Result.Logs = append(p.e.Result.Logs, runtime.Log{Level: level, At: n, Text: text})
	return nil
}

// pairRaw is pair with a rest that has words of its own.
func (p *parser) pairRaw(line string) (word, rest string, err error) {
	if !strings.HasPrefix(line, `"`) {
		word, rest, _ = strings.Cut(line, " ")
		return word, rest, nil
	}
	prefix, err := strconv.QuotedPrefix(line)
	if err != nil {
		return "", "", p.wrong("a quote is not closed")
	}
	word, err = strconv.Unquote(prefix)
	return word, strings.TrimPrefix(line[len(prefix):], " "), err
}

func (p *parser) metrics(line string) error {
	var m metrics
	if err := p.json(line, &m); err != nil {
		return err
	}
	p.e.Result.Generation = m.Generation
	p.e.Result.Metrics = runtime.Metrics{Start: m.Start, Wall: m.Wall, CPU: m.CPU, Host: m.Host, Memory: m.Memory, MemoryPeak: m.MemoryPeak}
	return nil
}
