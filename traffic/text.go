package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"pymode-tui/runtime"
)

// The text form of an exchange. Sections follow a head of fields; a body's lines
// that begin with "== " or a backslash have one more backslash before them, and
// a body ends one newline before the next section:
//
//	pymode exchange 1
//	id: 20261125T133214.123456789Z-0000
//	name: create order
//	at: 2026-11-25T13:32:14.123456789Z
//	worker: shop
//	source: gateway
//	== request ==
//	POST http://127.0.0.1:8787/orders
//	Content-Type: application/json
//	== request body ==
//	{"item": 7}
//	== response ==
//	201
//	Content-Type: application/json
//	== response body file ==
//	ID.response.body 204800
//	== logs ==
//	info 1203 loaded user 7
//	== calls ==
//	{"op":"kv.get","binding":"CACHE",…}
//	== modules ==
//	== error ==
//	== metrics ==
//	{"generation":3,"cpu_us":812,…}
//	== recording ==
//	{"clock":"…","random":"…","wall":[…],"mono":[…]}
//	{"op":"kv.get",…,"args":"…","result":"…"}
//	== end ==
//
// What has control characters, or is no UTF-8, is quoted as Go does it. A body
// that is binary or larger than 64 kB, and a recording of that size, is a file
// beside, of which the section has the name and the size in bytes. Sections that
// would be empty are left out; one file without the last line is half-written.

const (
	magic     = "pymode exchange 1"
	extension = ".exchange"

	// maxInline is how large a body or a recording in the text may be, in bytes.
	maxInline = 64 << 10
	// maxText is how large the text may be, in bytes.
	maxText = 64 << 20
	// maxSide is how large a file beside may be, in bytes.
	maxSide = 256 << 20
)

const (
	sectionRequest       = "request"
	sectionRequestBody   = "request body"
	sectionRequestFile   = "request body file"
	sectionResponse      = "response"
	sectionResponseBody  = "response body"
	sectionResponseFile  = "response body file"
	sectionLogs          = "logs"
	sectionCalls         = "calls"
	sectionModules       = "modules"
	sectionError         = "error"
	sectionMetrics       = "metrics"
	sectionRecording     = "recording"
	sectionRecordingFile = "recording file"
	sectionEnd           = "end"
)

// side is a file beside the text.
type side struct {
	name string
	data []byte
}

// metrics is the line of the section of that name.
type metrics struct {
	Generation int   `json:"generation,omitempty"`
	Start      int64 `json:"start_us,omitempty"`
	Wall       int64 `json:"wall_us,omitempty"`
	CPU        int64 `json:"cpu_us,omitempty"`
	Host       int64 `json:"host_us,omitempty"`
	Memory     int64 `json:"memory_bytes,omitempty"`
	MemoryPeak int64 `json:"memory_peak_bytes,omitempty"`
}

// encode writes the exchange as text. base begins the names of the files beside.
func (e *Exchange) encode(base string) (text []byte, beside []side, err error) {
	w := &textWriter{base: base}
	w.line(magic)
	for _, f := range [][2]string{{"id", e.ID}, {"name", e.Name}, {"at", stamp(e.At)}, {"worker", e.Worker}, {"source", e.Source}} {
		if f[1] != "" {
			w.line(f[0] + ": " + quoted(f[1]))
		}
	}
	if r := e.Request; r != nil {
		w.section(sectionRequest)
		w.line(quotedWord(r.Method) + " " + quoted(r.URL))
		w.headers(r.Headers)
		w.body(sectionRequestBody, "request.body", r.Body)
	}
	if e.Result != nil {
		w.result(e.Result)
	}
	if e.Recording != nil {
		w.recording(e.Recording)
	}
	w.section(sectionEnd)
	return w.b.Bytes(), w.beside, w.err
}

type textWriter struct {
	b      bytes.Buffer
	base   string
	beside []side
	err    error // the first
}

func (w *textWriter) line(s string) {
	w.b.WriteString(s)
	w.b.WriteByte('\n')
}

func (w *textWriter) section(name string) { w.line("== " + name + " ==") }

func (w *textWriter) headers(headers []runtime.Header) {
	for _, h := range headers {
		w.line(quotedWord(h.Name()) + ": " + quoted(h.Value()))
	}
}

// json writes v as one line.
func (w *textWriter) json(v any) {
	encoder := json.NewEncoder(&w.b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil && w.err == nil {
		w.err = err
	}
}

// body writes a body into the text or, where that can't hold it, beside it.
func (w *textWriter) body(section, suffix string, body []byte) {
	switch {
	case len(body) == 0:
		return
	case len(body) > maxInline || !isText(body):
		name := w.base + "." + suffix
		w.section(section + " file")
		w.line(fmt.Sprintf("%s %d", name, len(body)))
		w.beside = append(w.beside, side{name, body})
		return
	}
	w.section(section)
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("== ")) || bytes.HasPrefix(line, []byte(`\`)) {
			w.b.WriteByte('\\')
		}
		w.b.Write(line)
		w.b.WriteByte('\n')
	}
}

func (w *textWriter) result(r *runtime.Result) {
	w.section(sectionResponse)
	w.line(strconv.Itoa(r.Status))
	w.headers(r.Headers)
	w.body(sectionResponseBody, "response.body", r.Body)
	if len(r.Logs) > 0 {
		w.section(sectionLogs)
		for _, l := range r.Logs {
			w.line(fmt.Sprintf("%s %d %s", quotedWord(l.Level), l.At, quoted(l.Text)))
		}
	}
	if len(r.Calls) > 0 {
		w.section(sectionCalls)
		for _, c := range r.Calls {
			w.json(c)
		}
	}
	if len(r.Modules) > 0 {
		w.section(sectionModules)
		for _, m := range r.Modules {
			w.json(m)
		}
	}
	if r.Error != nil {
		w.section(sectionError)
		w.json(r.Error)
	}
	m := metrics{r.Generation, r.Metrics.Start, r.Metrics.Wall, r.Metrics.CPU, r.Metrics.Host, r.Metrics.Memory, r.Metrics.MemoryPeak}
	if m != (metrics{}) {
		w.section(sectionMetrics)
		w.json(m)
	}
}

func (w *textWriter) recording(r *Recording) {
	lines := &textWriter{}
	lines.recorded(r, 0)
	if lines.err != nil && w.err == nil {
		w.err = lines.err
	}
	if lines.b.Len() <= maxInline {
		w.section(sectionRecording)
		w.b.Write(lines.b.Bytes())
		return
	}
	name := w.base + ".recording"
	w.section(sectionRecordingFile)
	w.line(fmt.Sprintf("%s %d", name, lines.b.Len()))
	w.beside = append(w.beside, side{name, lines.b.Bytes()})
}

// recordingHead is the first line of a recording, and of that of each child.
type recordingHead struct {
	Child      int     `json:"child,omitempty"` // from 1; 0 for the request itself
	Clock      string  `json:"clock"`
	Random     []byte  `json:"random"`
	Wall       []int64 `json:"wall,omitempty"`
	Start      int64   `json:"start,omitempty"`
	Mono       []int64 `json:"mono,omitempty"`
	Incomplete string  `json:"incomplete,omitempty"`
}

// recordedLine is a line of a recording: a call. What is no text is base64.
type recordedLine struct {
	Op      string `json:"op"`
	Binding string `json:"binding,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Args    string `json:"args,omitempty"`
	Args64  []byte `json:"args_base64,omitempty"`
	Data    string `json:"data,omitempty"`
	Data64  []byte `json:"data_base64,omitempty"`
	Result  string `json:"result,omitempty"`
	Res64   []byte `json:"result_base64,omitempty"`
	Body    string `json:"body,omitempty"`
	Body64  []byte `json:"body_base64,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (w *textWriter) recorded(r *Recording, child int) {
	w.json(recordingHead{child, stamp(r.Clock), r.Random, r.Wall, r.Start, r.Mono, r.Incomplete})
	for _, c := range r.Calls {
		l := recordedLine{Op: c.Op, Binding: c.Binding, Detail: c.Detail, Error: c.Error}
		for _, part := range []struct {
			data   []byte
			text   *string
			base64 *[]byte
		}{{c.Args, &l.Args, &l.Args64}, {c.Data, &l.Data, &l.Data64}, {c.Result, &l.Result, &l.Res64}, {c.Body, &l.Body, &l.Body64}} {
			if isText(part.data) {
				*part.text = string(part.data)
			} else {
				*part.base64 = part.data
			}
		}
		w.json(l)
	}
	for n, c := range r.Children {
		if c != nil && child == 0 {
			w.recorded(c, n+1)
		}
	}
}

// stamp is a time in the text, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// isText reports whether b can stand in a text file and be shown.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isPlain reports whether s stands in a line as it is.
func isPlain(s string) bool {
	return isText([]byte(s)) && !strings.ContainsAny(s, "\n\t") && !strings.HasPrefix(s, `"`) && strings.TrimSpace(s) == s
}

// quoted is the rest of a line.
func quoted(s string) string {
	if isPlain(s) {
		return s
	}
	return strconv.Quote(s)
}

// quotedWord is what a space or a colon ends.
func quotedWord(s string) string {
	if s != "" && isPlain(s) && !strings.ContainsAny(s, ": ") {
		return s
	}
	return strconv.Quote(s)
}
