package traffic

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"pymode-tui/runtime"

	"github.com/google/go-cmp/cmp"
)

func readHARFile(t *testing.T, name string) ([]*Exchange, []string) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "har", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	exchanges, warnings, err := ReadHAR(f)
	if err != nil {
		t.Fatal(err)
	}
	return exchanges, texts(warnings)
}

func TestReadHAR(t *testing.T) {
	tests := []struct {
		file, want string
		warnings   []string
	}{
		{
			file: "chrome.har",
			want: "POST http://localhost:8787/orders?dry=1\n" +
				"Host: localhost:8787\ncontent-type: application/json\ncontent-length: 15\n\n{\"item\":\"😀\"}\n" +
				"-> 201, 12500 µs\ncontent-type: image/png\n\n\x89PNG\n",
			warnings: []string{`entry 2 (wss://localhost:8787/live): left out: the URL "wss://localhost:8787/live" is not of HTTP`},
		},
		{
			file: "firefox.har",
			want: "POST http://localhost:8787/login\n" +
				"Host: localhost:8787\nContent-Type: application/x-www-form-urlencoded\nCookie: sid=1; theme=dark\nContent-Length: 19\n\n" +
				"user=Ada+%26+Co&x=1\n-> 302, 7000 µs\nLocation: /\nSet-Cookie: sid=2\n\n\n",
		},
		{
			file: "charles.har",
			want: "POST http://localhost:8787/upload\n" +
				"Host: localhost:8787\nX-Count: 7\nContent-Type: multipart/form-data; boundary=b1\nContent-Length: 166\n\n" +
				"--b1\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\n" +
				"--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1--\r\n\n" +
				"-> 200, 42000 µs\nX-Ok: true\n\nok\n",
		},
		{
			file: "mitmproxy.har",
			want: "PUT http://localhost:8787/k\n" +
				"Host: localhost:8787\naccept: */*\nContent-Type: application/octet-stream\nContent-Length: 2\n\n\x00\xff\n---\n" +
				"GET http://localhost:8787/bad\nHost: localhost:8787\n-> 200, 0 µs\n\n\n",
			warnings: []string{
				"entry 2 (http://localhost:8787/bad): has no list of headers",
				"entry 2 (http://localhost:8787/bad): a body is no base64 (illegal base64 data at input byte 0): left out",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			exchanges, warnings := readHARFile(t, test.file)
			checkText(t, dumps(exchanges), test.want)
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Errorf("warnings (-want +got)\n%s", diff)
			}
			if at := exchanges[0].At; !at.Equal(time.Date(2026, 11, 25, 12, 1, 7, at.Nanosecond(), time.UTC)) {
				t.Errorf("the time is %v", at)
			}
		})
	}
}

func TestReadHARIsLenient(t *testing.T) {
	const good = `{"request":{"url":"http://a/"}}`
	entries := func(s string) string { return `{"log":{"entries":[` + s + `]}}` }
	tests := []struct {
		name, in string
		n        int
		warning  string // a part of the only one, "" for none
	}{
		{"byte order mark", "\ufeff" + entries(good), 1, ""},
		{"utf-16", "\xff\xfe" + utf16Text(entries(good)), 1, ""},
		{"entries that are none", entries(`1,null,[],` + good), 1, "entry 3: is no object: left out"},
		{"no request", entries(`{},` + good), 1, "entry 1: has no request"},
		{"null everywhere", entries(`{"request":{"url":"http://a/","headers":null,"postData":null,"cookies":null},"response":null,"time":null}`), 1, "no list of headers"},
		{"unknown encoding", entries(`{"request":{"url":"http://a/","headers":[]},"response":{"status":200,"headers":[],"content":{"text":"x","encoding":"gzip"}}}`), 1, `encoding "gzip"`},
		{"not UTF-8", entries(`{"request":{"url":"http://a/","headers":[]},"response":{"status":200,"headers":[],"content":{"text":"` + "\xff" + `"}}}`), 1, "neither UTF-8"},
		{"header that is none", entries(`{"request":{"url":"http://a/","headers":[{"name":"a b","value":"1"}]}}`), 1, `"a b" is no header name`},
		{"text behind", entries(good) + "x", 1, "more text"},
		{"no time", entries(`{"startedDateTime":"yesterday","request":{"url":"http://a/"}}`), 1, `"yesterday" is no time`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			exchanges, warnings, err := ReadHAR(strings.NewReader(test.in))
			if err != nil {
				t.Fatal(err)
			}
			if len(exchanges) != test.n {
				t.Errorf("%d exchanges, want %d", len(exchanges), test.n)
			}
			if all := strings.Join(texts(warnings), "\n"); (all == "") != (test.warning == "") || !strings.Contains(all, test.warning) {
				t.Errorf("warnings %q, want %q", all, test.warning)
			}
		})
	}
}

func utf16Text(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}

func TestReadHARErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", "byte 0: the file ends too early"},
		{"not json", "<html>", "byte 0: no value of JSON"},
		{"other json", `{"a":[1]}`, `no "log" with "entries": not a HAR file`},
		{"a list", `[]`, `no "log" with "entries": not a HAR file`},
		{"log of a wrong type", `{"log":[]}`, `"log" is no object: not a HAR file`},
		{"broken off", `{"log":{"entries":[{"request":{"url":"http://a`, "byte 46: the file ends too early"},
		{"escape", `{"\q":1}`, `byte 4: the escape sequence \q does not exist`},
		{"no comma", `{"log":{"entries":[1 2]}}`, "byte 21: '2' where ']' or a comma should stand"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := ReadHAR(strings.NewReader(test.in)); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// endless repeats a text for ever.
func endless(text string) io.Reader { return &repeater{text: strings.Repeat(text, 4096)} }

type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func TestReadHAREndsWithHostileFiles(t *testing.T) {
	tests := []struct {
		name, head, repeated string
		size                 int64
		want                 string
	}{
		{"nested arrays", `{"log":`, "[", 1 << 30, "more than 100 arrays and objects in one another"},
		{"nested objects", "", `{"a":`, 1 << 30, "more than 100 arrays and objects in one another"},
		{"long number", `{"log":`, "1", 1 << 30, "a number of more than 64 digits"},
		{"empty entries", `{"log":{"entries":[`, "{},", 1 << 20, "the file ends too early"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			start := time.Now()
			in := io.MultiReader(strings.NewReader(test.head), io.LimitReader(endless(test.repeated), test.size))
			_, _, err := ReadHAR(in)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestReadHARCutsWarnings(t *testing.T) {
	_, warnings, err := ReadHAR(strings.NewReader(`{"log":{"entries":[1` + strings.Repeat(",1", 1999) + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != maxWarnings+1 || warnings[maxWarnings].Text != "1000 more warnings" {
		t.Errorf("%d warnings, the last %v", len(warnings), warnings[len(warnings)-1])
	}
}

// A body that is left out is not held either.
func TestReadHARLeavesOutHugeBodies(t *testing.T) {
	const entry = `{"log":{"entries":[{"request":{"url":"http://a/","headers":[]},"response":{"status":200,"headers":[],"content":{"text":"`
	in := io.MultiReader(strings.NewReader(entry), io.LimitReader(endless("x"), maxHARBody+1), strings.NewReader(`"}}}]}}`))
	exchanges, warnings, err := ReadHAR(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(exchanges) != 1 || exchanges[0].Result.Body != nil {
		t.Error("the body was kept")
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Text, "larger than 100 MB") {
		t.Errorf("warnings: %v", warnings)
	}
}

// All that is ever allocated for a file bounds what is held at a time.
func TestReadHARMemory(t *testing.T) {
	var file bytes.Buffer
	const entries, size = 40, 1 << 20
	file.WriteString(`{"log":{"entries":[`)
	for i := range entries {
		if i > 0 {
			file.WriteByte(',')
		}
		file.WriteString(`{"request":{"url":"http://a/","headers":[]},"response":{"status":200,"headers":[],"content":{"encoding":"base64","text":"`)
		file.WriteString(base64.StdEncoding.EncodeToString(make([]byte, size)))
		file.WriteString(`"}}}`)
	}
	file.WriteString(`]}}`)
	length := uint64(file.Len())
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	exchanges, _, err := ReadHAR(&file)
	goruntime.ReadMemStats(&after)
	if err != nil || len(exchanges) != entries {
		t.Fatal(len(exchanges), err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > length+length/2 {
		t.Errorf("%d bytes allocated for a file of %d", got, length)
	}
}

// Strings of all lengths around a chunk's come out whole, and one after the other.
func TestReadHARChunks(t *testing.T) {
	var file strings.Builder
	file.WriteString(`{"log":{"entries":[0`)
	sizes := []int{jsonChunk - 1, jsonChunk, jsonChunk + 1, 2 * jsonChunk, 5, 3*jsonChunk + 7}
	body := func(size int) string {
		return strings.Repeat("0123456789", size/10+1)[:size]
	}
	for _, size := range sizes {
		fmt.Fprintf(&file, `,{"request":{"url":"http://a/","headers":[],"postData":{"text":%q}}}`, body(size))
	}
	file.WriteString(`]}}`)
	exchanges, _, err := ReadHAR(strings.NewReader(file.String()))
	if err != nil || len(exchanges) != len(sizes) {
		t.Fatal(len(exchanges), err)
	}
	for i, size := range sizes {
		if string(exchanges[i].Request.Body) != body(size) {
			t.Errorf("a body of %d bytes came out with %d, or others", size, len(exchanges[i].Request.Body))
		}
	}
}

func TestWriteHARReadsBack(t *testing.T) {
	binary := make([]byte, 1000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range binary {
		binary[i] = byte(random.Uint32())
	}
	want := []*Exchange{
		{
			Source:  "har",
			At:      time.Date(2026, 11, 25, 12, 0, 0, 123456000, time.UTC),
			Request: &runtime.Request{Method: "POST", URL: "http://a:1/b?c=%20d&e", Headers: []runtime.Header{{"Host", "a:1"}, {"Cookie", "x=1; y=2"}, {"Content-Type", "text/plain"}, {"Content-Length", "11"}}, Body: []byte("<é>\u2028\"\\\n\x00")},
			Result:  &runtime.Result{Status: 200, Headers: []runtime.Header{{"Set-Cookie", "a=b"}, {"Set-Cookie", "c=d"}}, Body: binary, Metrics: runtime.Metrics{Wall: 1234}},
		},
		{
			Source: "har",
			At:     time.Unix(0, 0).UTC(),
			Request: &runtime.Request{
				Method: "PUT", URL: "http://a/", Body: binary,
				Headers: []runtime.Header{{"Host", "a"}, {"Content-Type", "x/y"}, {"Content-Length", "1000"}},
			},
		},
	}
	var b bytes.Buffer
	if err := WriteHAR(&b, append(want, &Exchange{}), nil); err != nil {
		t.Fatal(err)
	}
	got, warnings, err := ReadHAR(&b)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWriteHARMasks(t *testing.T) {
	e := &Exchange{
		Request: &runtime.Request{Method: "POST", URL: "http://a/?k=s3cret", Headers: []runtime.Header{{"Authorization", "s3cret"}, {"Cookie", "k=s3cret"}, {"Content-Type", "a/s3cret"}}, Body: []byte("s3cret\xff")},
		Result:  &runtime.Result{Status: 302, Headers: []runtime.Header{{"Location", "/s3cret"}, {"Set-Cookie", "a=s3cret"}, {"Content-Type", "a/s3cret"}}, Body: []byte("s3cret")},
	}
	var b bytes.Buffer
	if err := WriteHAR(&b, []*Exchange{e}, func(s string) string { return strings.ReplaceAll(s, "s3cret", "***") }); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "s3cret") || strings.Contains(b.String(), base64.StdEncoding.EncodeToString([]byte("s3cret"))[:6]) {
		t.Errorf("a secret in %s", b.String())
	}
}

func FuzzReadHAR(f *testing.F) {
	files, err := filepath.Glob("testdata/har/*.har")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		exchanges, _, err := ReadHAR(bytes.NewReader(in))
		if err != nil {
			return
		}
		for _, e := range exchanges {
			if e.At.IsZero() {
				e.At = time.Unix(0, 0).UTC()
			}
			e.At = e.At.Truncate(time.Microsecond)
		}
		var b bytes.Buffer
		if err := WriteHAR(&b, exchanges, nil); err != nil {
			t.Fatal(err)
		}
		again, warnings, err := ReadHAR(&b)
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%v %v", err, warnings)
		}
		if got, want := dumps(again), dumps(exchanges); got != want {
			t.Errorf("written and read: %q, want %q", got, want)
		}
	})
}
