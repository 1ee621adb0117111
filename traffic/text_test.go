package traffic

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pymode-tui/runtime"
)

// order is an exchange with something in every section.
func order() *Exchange {
	return &Exchange{
		Name: "create order", At: time.Date(2026, 11, 25, 13, 32, 14, 123456789, time.UTC), Worker: "shop", Source: "gateway",
		Request: &runtime.Request{
			Method: "POST", URL: "http://127.0.0.1:8787/orders?a=1",
			Headers: []runtime.Header{{"Host", "127.0.0.1:8787"}, {"X-Empty", ""}, {"X-Quoted", `"etag"`}, {"X-Odd", "a\x00b \xff"}, {"a b:", " c "}},
			Body:    []byte("{\"item\": 7}\n\n== end ==\n\\== response ==\n"),
		},
		Result: &runtime.Result{
			Status: 201, Headers: []runtime.Header{{"Content-Type", "application/json"}}, Body: []byte(`{"ok": true}`), Generation: 3,
			Metrics: runtime.Metrics{Start: 1, Wall: 2, CPU: 3, Host: 4, Memory: 5, MemoryPeak: 6},
			Logs:    []runtime.Log{{Level: "info", Text: "loaded user 7", At: 1203}, {Level: "odd level", Text: "two\nlines", At: 1}, {Level: "info"}},
			Calls:   []runtime.Call{{Op: "kv.get", Binding: "CACHE", Detail: "user:7  hit", At: 5, Duration: 7, BytesIn: 6, BytesOut: 10}},
			Modules: []runtime.Module{{Path: "a.so", Bytes: 3}},
			Error:   &runtime.Failure{Kind: runtime.FailureException, Message: "x", Traceback: []runtime.Frame{{File: "a.py", Line: 3}}},
		},
		Recording: &Recording{
			Clock: time.Date(2026, 11, 25, 13, 32, 14, 5, time.UTC), Random: []byte{1, 2}, Wall: []int64{1, 2}, Start: 9, Mono: []int64{3},
			Calls:    []RecordedCall{{Op: "kv.get", Binding: "CACHE", Args: []byte(`{"key":"<a>"}`), Data: []byte{0xff}, Result: []byte("1"), Body: []byte("ü"), Error: "no"}},
			Children: []*Recording{nil, {Clock: time.Date(2026, 11, 25, 13, 32, 15, 0, time.UTC), Random: []byte{3}, Calls: []RecordedCall{{Op: "kv.put"}}}},
		},
	}
}

// same are exchanges that mean the same: an absent list is an empty one.
func same(t *testing.T, want, got *Exchange) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the exchange is another one (-want +got):\n%s", diff)
	}
}

func TestTextOfAnExchange(t *testing.T) {
	e := &Exchange{
		Name: "create order", At: time.Date(2026, 11, 25, 13, 32, 14, 0, time.UTC), Worker: "shop", Source: "console",
		Request: &runtime.Request{Method: "POST", URL: "http://localhost/orders", Headers: []runtime.Header{{"Content-Type", "application/json"}}, Body: []byte(`{"item": 7}`)},
		Result:  &runtime.Result{Status: 201, Body: []byte("made\n"), Logs: []runtime.Log{{Level: "info", Text: "new order"}}, Metrics: runtime.Metrics{CPU: 812}},
	}
	text, beside, err := e.encode("create-order")
	if err != nil || len(beside) > 0 {
		t.Fatal(err, beside)
	}
	want := `pymode exchange 1
name: create order
at: 2026-11-25T13:32:14Z
worker: shop
source: console
== request ==
POST http://localhost/orders
Content-Type: application/json
== request body ==
{"item": 7}
== response ==
201
== response body ==
made

== logs ==
info 0 new order
== metrics ==
{"cpu_us":812}
== end ==
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestTextGivesTheExchangeBack(t *testing.T) {
	binary := order()
	binary.Request.Body, binary.Result.Body = []byte{0, 1, 0xff}, bytes.Repeat([]byte("a"), maxInline+1)
	large := order()
	large.Recording.Calls[0].Body = bytes.Repeat([]byte("b"), maxInline)
	windows := order()
	windows.Request.Body = []byte("a\r\nb")
	onlyRequest := &Exchange{Request: &runtime.Request{Method: "GET", URL: "http://localhost/"}}
	for name, e := range map[string]*Exchange{"all": order(), "binary bodies": binary, "large recording": large, "CRLF": windows, "only a request": onlyRequest} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.exchange")
			write(t, path, e)
			got, err := ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			same(t, e, got)
		})
	}
}

// write writes an exchange as it is, times included.
func write(t *testing.T, path string, e *Exchange) {
	t.Helper()
	text, beside, err := e.encode(strings.TrimSuffix(filepath.Base(path), extension))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(beside, side{filepath.Base(path), text}) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), s.name), s.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadDamagedText(t *testing.T) {
	text, _, err := order().encode("x")
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) - 1 { // a file that was cut off anywhere
		if _, err := parse(text[:n], nil); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d of %d bytes: error %v", n, len(text), err)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"another file":       {"HTTP/1.1 200 OK\n", `line 1: want "pymode exchange 1"`},
		"an unknown field":   {magic + "\ncolour: red\n", `line 2: no field is called "colour"`},
		"an unknown section": {magic + "\n== colours ==\n", `line 2: no section is called "colours"`},
		"no request":         {magic + "\n== end ==\n", "line 2: there is no request"},
		"a path as a body":   {magic + "\n== request ==\nGET /\n== request body file ==\n../../etc/passwd 1\n", "is not the name of a file beside"},
		"no status":          {magic + "\n== request ==\nGET /\n== response ==\nfine\n", `line 5: "fine" is no HTTP status`},
		"logs of nothing":    {magic + "\n== logs ==\n", "logs without a response before"},
		"two requests":       {magic + "\n== request ==\nGET /\n== request ==\n", `a second section "request"`},
	} {
		if _, err := parse([]byte(c.text), nil); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// What can be read is written in a form that reads the same.
func FuzzParse(f *testing.F) {
	text, _, err := order().encode("x")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(magic + "\r\n== request ==\r\nGET /\r\n== end ==\r\n"))
	nothing := func(string, int64) ([]byte, error) { return nil, nil }
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := parse(text, nothing)
		if err != nil {
			return
		}
		again, beside, err := e.encode("x")
		if err != nil {
			t.Fatal(err)
		}
		second, err := parse(again, func(name string, _ int64) ([]byte, error) {
			for _, s := range beside {
				if s.name == name {
					return s.data, nil
				}
			}
			return nil, os.ErrNotExist
		})
		if err != nil {
			t.Fatalf("%v in\n%s", err, again)
		}
		same(t, e, second)
	})
}
