package traffic

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// notices collects what the user is told.
type notices struct {
	mu    sync.Mutex
	texts []string
}

func (n *notices) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts = append(n.texts, text)
}

func (n *notices) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.texts, "\n")
}

func TestCapture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "traffic")
	var told notices
	c := NewCapture(func() (*Store, error) { return Open(dir, Limits{}) }, told.add)
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is there before anything was captured")
	}
	e := get("/?token=s3cr3t", at(0))
	c.Add(e, NewMasker(map[string]string{"TOKEN": "s3cr3t"}, nil))
	c.Flush()
	if got := urls(c.Store()); got != "?token=[secret:TOKEN]" {
		t.Errorf("entries %s", got)
	}
	if e.Request.URL != "http://localhost/?token=s3cr3t" || e.ID != "" {
		t.Errorf("the exchange itself was changed: %+v", e)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c.Add(e, nil) // a request that ends late
	c.Flush()
	if told.String() != "" {
		t.Errorf("told %q", told.String())
	}
}

// Whoever captures never waits: what can't be written is counted and told.
func TestCaptureTellsLosses(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	var told notices
	c := NewCapture(func() (*Store, error) { return nil, full }, told.add)
	for range 3 {
		c.Add(get("/", at(0)), nil)
	}
	c.Flush()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want := "1 request was not captured: the disk is full (--no-capture switches it off)\n" +
		"2 requests were not captured: the disk is full (--no-capture switches it off)"
	if told.String() != want {
		t.Errorf("told %q, want %q", told.String(), want)
	}
}

func TestCaptureDropsWhatIsTooMuch(t *testing.T) {
	var told notices
	release := make(chan struct{})
	dir := t.TempDir()
	c := NewCapture(func() (*Store, error) { <-release; return Open(dir, Limits{}) }, told.add)
	large := get("/", at(0))
	large.Result.Body = make([]byte, 1<<20)
	for range 2 * maxWaitingBytes >> 20 {
		c.Add(large, nil)
	}
	close(release)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	kept := len(open(t, dir, Limits{}).Entries())
	want := fmt.Sprintf("%d requests were not captured: they came faster than the disk takes them", 2*maxWaitingBytes>>20-kept)
	if kept == 0 || kept > maxWaitingBytes>>20 || told.String() != want {
		t.Errorf("%d were kept, told %q, want %q", kept, told.String(), want)
	}
}

// A process that is killed while it writes leaves whole exchanges only, and
// loses at most the one under way.
func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	for round := range 5 {
		writer := exec.CommandContext(t.Context(), os.Args[0])
		writer.Env = append(os.Environ(), writerEnv+"="+dir)
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 5+3*round && lines.Scan(); n++ {
			time.Sleep(time.Duration(round) * 100 * time.Microsecond)
		}
		_ = writer.Process.Kill()
		_ = writer.Wait()
	}
	s := open(t, dir, Limits{})
	if s.Damaged() != 0 || len(s.Entries()) < 5*5 {
		t.Errorf("%d exchanges, %d damaged", len(s.Entries()), s.Damaged())
	}
	for _, entry := range s.Entries() {
		if e, err := s.Get(entry.ID); err != nil || len(e.Result.Body) != 200_000 {
			t.Fatalf("%s: %v", entry.ID, err)
		}
	}
}

// What a request pays: taking it into the queue.
func BenchmarkCapture(b *testing.B) {
	dir := b.TempDir()
	c := NewCapture(func() (*Store, error) { return Open(dir, Limits{}) }, func(string) {})
	e := get("/users/7", at(0))
	for b.Loop() {
		c.Add(e, nil)
	}
	b.StopTimer()
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}
