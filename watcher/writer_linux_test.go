package watcher

import (
	"os"
	"syscall"
	"testing"
	"time"
)

func TestWritten(t *testing.T) {
	p := newProject(t, map[string]string{"x.py": "1"})
	file := p.path("x.py")
	if !written(file) {
		t.Error("a closed file is not written")
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	p.must(err)
	if written(file) {
		t.Error("a file open for writing is written")
	}
	p.must(f.Close())
	reader, err := os.Open(file)
	p.must(err)
	defer reader.Close()
	if !written(file) {
		t.Error("a file that is being read is not written")
	}
	p.must(os.WriteFile(file, []byte("2"), 0o644)) // the lease must not be in the way
	if written(p.path("none")) {
		t.Error("a missing file is written")
	}
}

// Whatever the debounce, a save that is over is told.
func TestCompleteSaveDoesNotWait(t *testing.T) {
	never := Options{Debounce: time.Hour, MaxWait: time.Hour}
	tests := []struct {
		name string
		save func(p *project)
	}{
		{"in place", func(p *project) { p.write("x.py", "2") }},
		{"atomic", func(p *project) {
			p.write("x.py.tmp", "2")
			p.rename("x.py.tmp", "x.py")
		}},
		{"by way of a backup", func(p *project) {
			p.rename("x.py", "x.py~")
			p.write("x.py", "2")
			p.remove("x.py~")
		}},
		{"slowly", func(p *project) {
			f, err := os.Create(p.path("x.py"))
			p.must(err)
			for range 3 {
				_, err := f.WriteString("part")
				p.must(err)
				time.Sleep(2 * settle) // a slow writer
				select {
				case c := <-p.w.Changes():
					p.Errorf("told before the file is closed: %v", c.Files)
				default:
				}
			}
			p.must(f.Close())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t, map[string]string{"x.py": "1"}).watch(never)
			tt.save(p)
			p.expect(map[string]Kind{"x.py": Modified})
		})
	}
}

func TestPipeBlocksNothing(t *testing.T) {
	p := newProject(t, nil)
	p.must(syscall.Mkfifo(p.path("before"), 0o644))
	p.watch(Options{})
	p.must(syscall.Mkfifo(p.path("after"), 0o644))
	p.expectNothing()
}
