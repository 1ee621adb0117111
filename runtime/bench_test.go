package runtime_test

import (
	"testing"

	"pymode-tui/runtime"
	"pymode-tui/runtime/runtimetest"
)

const helloWorker = `
from pymode.workers import Response
def on_fetch(request, env):
    return Response.json({"path": request.path, "query": request.query})
`

func BenchmarkInstance(b *testing.B) {
	w := runtimetest.Worker(b, helloWorker, nil)
	for b.Loop() {
		if _, err := w.MeasureInstance(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	w := runtimetest.Worker(b, helloWorker, nil)
	req := &runtime.Request{Method: "GET", URL: "http://localhost/?a=1", Headers: []runtime.Header{{"Host", "localhost"}}}
	var cpu, wall, start int64
	for b.Loop() {
		r := w.Do(b.Context(), req)
		if r.Status != 200 {
			b.Fatal(r.Error)
		}
		cpu += r.Metrics.CPU
		wall += r.Metrics.Wall
		start += r.Metrics.Start
	}
	b.ReportMetric(float64(cpu)/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(wall)/float64(b.N), "wall-µs/op")
	b.ReportMetric(float64(start)/float64(b.N), "start-µs/op")
}

func BenchmarkReload(b *testing.B) {
	w := runtimetest.Worker(b, helloWorker, nil)
	for b.Loop() {
		w.Reload(b.Context(), nil)
	}
}
