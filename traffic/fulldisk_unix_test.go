//go:build unix

package traffic

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitedEnv has the directory of a store that this process is to capture to, while
// no file may become larger than limitedBytes.
const (
	limitedEnv   = "TRAFFIC_TEST_LIMITED"
	limitedBytes = 64 << 10
)

// captureLimited captures one exchange that fits and two that don't.
func captureLimited(dir string) {
	limit := syscall.Rlimit{Cur: limitedBytes, Max: limitedBytes}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		panic(err)
	}
	c := NewCapture(func() (*Store, error) { return Open(dir, Limits{}) }, func(text string) { fmt.Println(text) })
	for n, size := range []int{1000, 200_000, 2000, 300_000} {
		e := get("/", at(n))
		e.Result.Body = make([]byte, size)
		c.Add(e, nil)
		c.Flush()
	}
	if err := c.Close(); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// A write that ends in the middle, as on a full disk, leaves no half of an
// exchange, is told, and does not keep the next one from being captured.
func TestWriteEndsInTheMiddle(t *testing.T) {
	if dir := os.Getenv(limitedEnv); dir != "" {
		captureLimited(dir)
	}
	dir := t.TempDir()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWriteEndsInTheMiddle$")
	command.Env = append(os.Environ(), limitedEnv+"="+dir)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := string(out); strings.Count(text, "was not captured: ") != 2 || !strings.Contains(text, "file too large") {
		t.Errorf("told %q", text)
	}
	s := open(t, dir, Limits{})
	if len(s.Entries()) != 2 || s.Damaged() != 0 {
		t.Errorf("%d exchanges, %d damaged", len(s.Entries()), s.Damaged())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 || len(hidden) != 0 { // a text and a body each
		t.Errorf("files %v, %v", files, hidden)
	}
}
