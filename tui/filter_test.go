package tui

import (
	"strings"
	"testing"

	"pymode-tui/runtime"
)

func TestFilterWords(t *testing.T) {
	x := &exchange{
		needle: "post /orders 500 shop exception",
		request: &runtime.Request{
			Headers: []runtime.Header{{"X-Tenant", "Blue"}}, Body: []byte(strings.Repeat("x", 64<<10-3) + `{"City":"Paris","Tea":"\u65e5\u672c\u8336 \ud83d\ude00","Caf\u00c9":1}`),
		},
		result: &runtime.Result{
			Headers: []runtime.Header{{"ETag", "abc"}}, Body: []byte("\xffgone\x00"),
			Logs:    []runtime.Log{{Level: "warning", Text: "Retry 3"}},
			Calls:   []runtime.Call{{Op: "kv.get", Binding: "CACHE", Detail: "user:7"}},
			Metrics: runtime.Metrics{Wall: 250_000, CPU: 12_500, MemoryPeak: 60 << 20},
		},
	}
	running := &exchange{needle: "get /slow …"}
	for text, want := range map[string]bool{
		"": true, "  ": true, "orders": true, "ORDERS 500": true, "orders 404": false, "!404": true, "!orders": false, "!": true,
		"body:paris": true, "body:gone": true, "body:日本茶": true, "body:😀": true, "body:café": true, "body:茶茶": false, "body:rome": false, "!body:rome": true, "body:": true,
		"header:x-tenant": true, "header:blue": true, "header:etag:": true, "header:rome": false,
		"log:retry": true, "log:warning": true, "log:info": false, "call:cache": true, "call:user:7": true, "call:d1": false,
		"time>250": false, "time>0.2s": true, "time<250.5ms": true, "cpu>12ms": true, "cpu<12": false, "cpu>": true, "cpu>fast": true,
		"memory>59mb": true, "memory>60": false, "memory<61M": true, "orders body:paris cpu>10 !log:info": true,
		"other:word": false, "memory": false,
	} {
		f := newFilter(text)
		for range 2 { // the second time from what was kept
			if got := f.passes(x); got != want {
				t.Errorf("%q passes: %v, want %v", text, got, want)
			}
		}
	}
	if newFilter("cpu>0").passes(running) || newFilter("body:a").passes(running) || !newFilter("slow").passes(running) {
		t.Error("a request that runs passes a filter of what it has done, or not one of its path")
	}
	f := newFilter("body:later")
	if f.passes(running) {
		t.Error("there is no body yet")
	}
	running.result = &runtime.Result{Body: []byte("Later")}
	running.revision++
	if !f.passes(running) {
		t.Error("the answer that came since is not looked at")
	}
}

func TestFilterOfMoreThanWords(t *testing.T) {
	c := newConsole(t)
	c.Events(request(1, "GET", "/a", answers(200, "text/plain", "good morning"))...)
	c.Events(request(2, "GET", "/b", answers(200, "text/plain", "good night"))...)
	c.Press("/").Type("body:NIGHT").Press("enter")
	c.Requests().Title("Requests 1/2").First("/ body:NIGHT").Contains("/b")
	c.Events(request(3, "GET", "/c", answers(200, "text/plain", "night shift"))...)
	c.Requests().Title("Requests 2/3").Contains("/b", "/c").Lacks("/a")
}
