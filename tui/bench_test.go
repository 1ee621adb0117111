package tui

import (
	"fmt"
	"strings"
	"testing"

	"pymode-tui/runtime"

	tea "charm.land/bubbletea/v2"
)

// benchConsole is a console of 200×60 with as much as it can hold: 10,000 lines of
// logs, as many host calls, a body of as many lines, and all requests.
func benchConsole(b *testing.B) *Model {
	b.Helper()
	m := New(b.Context(), Options{Workers: []WorkerInfo{{Name: testWorker}}, Addr: func() string { return "http://127.0.0.1:8787" }})
	calls := make([]runtime.Event, maxCallEntries)
	for i := range calls {
		calls[i] = runtime.Called{Worker: testWorker, ID: fmt.Sprint(i / 3), Call: runtime.Call{
			Op: "kv.get", Binding: "CACHE_KV", Detail: fmt.Sprintf("user:%d hit", i), Duration: 200,
		}}
	}
	m.Update(eventsMsg{events: calls})
	for i := range maxExchanges {
		m.Update(eventsMsg{events: request(i, "GET", fmt.Sprintf("/users/%d?page=%d", i, i*7), logs("loaded"))})
	}
	m.Update(eventsMsg{events: written("line %d of what a worker writes when it has much to say about itself", 0, maxLogs)})
	m.Update(eventsMsg{events: request(maxExchanges, "GET", "/report",
		answers(200, "application/json", "["+strings.Repeat("7,", 10_000)+"7]"))})
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 60})
	return m
}

func BenchmarkFrame(b *testing.B) {
	m := benchConsole(b)
	b.ReportAllocs()
	for b.Loop() {
		m.View()
	}
}

// BenchmarkBusyFrame is a frame with the events of a sixtieth of a second at
// 10,000 lines and 600 requests a second.
func BenchmarkBusyFrame(b *testing.B) {
	m := benchConsole(b)
	batch := written("line %d", 0, 10_000/60)
	for i := range 10 {
		batch = append(batch, request(maxExchanges+i, "GET", "/users")...)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Update(eventsMsg{events: batch})
		m.View()
	}
}

// BenchmarkNarrowedFrame has the logs pane look for one request's lines.
func BenchmarkNarrowedFrame(b *testing.B) {
	m := benchConsole(b)
	m.Update(tea.KeyPressMsg{Code: 'j', Text: "j"})
	b.ReportAllocs()
	for b.Loop() {
		m.Update(eventsMsg{})
		m.View()
	}
}

func BenchmarkResize(b *testing.B) {
	m := benchConsole(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Update(tea.WindowSizeMsg{Width: 120 + i%80, Height: 30 + i%30})
		m.View()
	}
}

// BenchmarkLargeBody opens a body of 10 MB.
func BenchmarkLargeBody(b *testing.B) {
	body := []byte(`[`)
	for len(body) < 10<<20 {
		body = append(body, `{"id":7,"name":"Ada Lovelace","roles":["admin","author"]},`...)
	}
	body[len(body)-1] = ']'
	x := &exchange{result: &runtime.Result{Body: body, Headers: []runtime.Header{{"Content-Type", "application/json"}}}}
	p := newDetailPane(&keymap{})
	b.ReportAllocs()
	for b.Loop() {
		p.made, p.bodies = detailCache{}, bodyCache{}
		p.show(subject{exchange: x})
		p.resize(80, 40)
	}
}

func BenchmarkCleanLine(b *testing.B) {
	for name, text := range map[string]string{
		"plain":   "2026-03-14 12:01:07 loaded user 7 from the cache in 0.2 ms",
		"colours": "\x1b[32minfo\x1b[0m loaded user \x1b[1m7\x1b[0m from the cache in 0.2 ms",
		"wide":    "ユーザー7をキャッシュから読み込みました",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cleanLine(text)
			}
		})
	}
}

func BenchmarkSparkline(b *testing.B) {
	samples := make([]sample, historySize)
	for i := range samples {
		samples[i] = sample{share: float64(i%7) / 7, role: gauge, first: i%10 == 0}
	}
	b.ReportAllocs()
	for b.Loop() {
		sparkline(samples, 1, 35)
	}
}

// BenchmarkSearchJSON looks through 10 MB of JSON: for a word, and for what goes over a
// name and its value.
func BenchmarkSearchJSON(b *testing.B) {
	body := newJSONBody([]byte("[" + strings.Repeat(`{"id":7,"name":"Ada Lovelace","roles":["admin","author"]},`, 10<<20/58) + "0]"))
	for name, needle := range map[string]string{"word": "charles", "member": `"name": "charles`} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if found := body.find(needle); found != nil {
					b.Fatal(found)
				}
			}
		})
	}
}
