package watcher

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"
)

// BenchmarkSaveToChange measures from the end of a save to its Change.
func BenchmarkSaveToChange(b *testing.B) {
	saves := []struct {
		name string
		save func(p *project, text string)
	}{
		{"in-place", func(p *project, text string) { p.write("src/entry.py", text) }},
		{"atomic", func(p *project, text string) {
			p.write("src/entry.py.tmp", text)
			p.rename("src/entry.py.tmp", "src/entry.py")
		}},
		{"emptied", func(p *project, text string) { // waits for the whole debounce
			p.write("src/entry.py", text)
			p.next()
			p.write("src/entry.py", "")
		}},
	}
	for _, s := range saves {
		b.Run(s.name, func(b *testing.B) {
			p := newProject(b, map[string]string{"src/entry.py": "0", "src/util.py": "0", "pyproject.toml": ""}).watch(Options{})
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				s.save(p, "value = "+strconv.Itoa(n))
				saved := time.Now()
				p.next()
				took = append(took, time.Since(saved))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkNew measures the start in a project of 5,000 files in 250 directories.
func BenchmarkNew(b *testing.B) {
	p := newProject(b, nil)
	for d := range 250 {
		for f := range 20 {
			p.write(fmt.Sprintf("pkg%d/mod%d.py", d, f), "value = 1\n")
		}
	}
	time.Sleep(100 * time.Millisecond) // until the stamps prove the content, as in any project that is not brand-new
	for b.Loop() {
		w, err := New(p.root, Options{})
		p.must(err)
		p.must(w.Close())
	}
}
