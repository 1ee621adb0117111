package runtime_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

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

// An instance with side modules, against one without.
func BenchmarkInstanceWithSideModules(b *testing.B) {
	for _, n := range []int{0, 1, 4, 14} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			modules := map[string][]byte{}
			entry := "def on_fetch(request, env):\n    return 'ok'\n"
			for i := range n {
				name := "parts" + strconv.Itoa(i)
				modules[name+".wasm"] = runtimetest.SideModule(b, strings.ReplaceAll(parts, "PyInit_parts", "PyInit_"+name), nil)
				entry = "import " + name + "\n" + entry
			}
			w := runtimetest.Worker(b, entry, func(c *runtime.Config) { c.SitePackages = site(b, modules) })
			if f := w.State().Error; f != nil {
				b.Fatal(f)
			}
			var took time.Duration
			for b.Loop() {
				d, err := w.MeasureInstance()
				if err != nil {
					b.Fatal(err)
				}
				took += d
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/instance")
		})
	}
}
