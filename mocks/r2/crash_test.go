package r2

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pymode-tui/mocks"
)

// putterDir names the variable that makes the test binary put until it is killed.
const putterDir = "R2_TEST_PUTTER_DIR"

// bodyOf is the body of the n-th put, of a size of its own.
func bodyOf(n int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("%06d ", n), 1+(n*7919)%20_000))
}

// keyOf lets puts replace each other: ten keys.
func keyOf(n int) string { return fmt.Sprintf("key %d", n%10) }

// putForever is the other process: it says each put that was acknowledged.
func putForever(dir string) {
	s, err := New(context.Background(), Config{Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	for n := range 1_000_000 {
		if err := s.ABIPut(context.Background(), mocks.Caller{}, "B", keyOf(n), bodyOf(n)); err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(n)
	}
}

// TestKilled kills a process that puts, many times, at random moments: what it
// acknowledged is there, whole, and nothing of what it did not is left over.
func TestKilled(t *testing.T) {
	puts := 0
	for round := 0; puts < 200 || round < 8; round++ {
		dir := t.TempDir()
		last := killAPutter(t, dir)
		puts += last + 1
		checkAfterKill(t, dir, last)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d puts were acknowledged", puts)
}

// killAPutter returns the number of the last put that was acknowledged.
func killAPutter(t *testing.T, dir string) (last int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), putterDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last = -1
	var deadline *time.Timer
	for lines.Scan() {
		if _, err := fmt.Sscan(lines.Text(), &last); err != nil {
			t.Fatalf("the putter: %s", lines.Text())
		}
		if deadline == nil {
			deadline = time.AfterFunc(time.Duration(20+rand.IntN(180))*time.Millisecond, func() { _ = cmd.Process.Kill() })
			defer deadline.Stop()
		}
	}
	if err := cmd.Wait(); err == nil || last < 0 {
		t.Fatalf("the putter was not killed: %v, last put %d", err, last)
	}
	return last
}

func checkAfterKill(t *testing.T, dir string, last int) {
	t.Helper()
	s := opened(t, Config{Dir: dir, Notify: func(text string) { t.Error(text) }})
	for n := max(0, last-9); n <= last; n++ {
		value, info, err := s.Read(t.Context(), "B", keyOf(n), 1<<30)
		if err != nil {
			t.Errorf("put %d was acknowledged: %v", n, err)
			continue
		}
		// The put after the last may have been committed before it was said.
		if string(value) != string(bodyOf(n)) && string(value) != string(bodyOf(n+10)) {
			t.Errorf("key %s has a body of %d bytes, %.20q…, want that of put %d", keyOf(n), len(value), value, n)
		}
		if sum := md5.Sum(value); hex.EncodeToString(sum[:]) != info.ETag {
			t.Errorf("the body of %s is torn", keyOf(n))
		}
	}
	infos, _, err := s.List(t.Context(), "B", "", "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if found := bodies(t, s, "B"); len(found) != len(infos) {
		t.Errorf("%d bodies for %d objects", len(found), len(infos))
	}
}

// bodies are the paths of a bucket's bodies, finished or not.
func bodies(tb testing.TB, s *Store, bucket string) []string {
	tb.Helper()
	var found []string
	for _, pattern := range []string{"bodies/??/*", "tmp/*"} {
		some, err := filepath.Glob(filepath.Join(s.areaDir(bucket), filepath.FromSlash(pattern)))
		if err != nil {
			tb.Fatal(err)
		}
		found = append(found, some...)
	}
	return found
}
