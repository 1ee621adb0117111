package runtimetest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

// Packages installs pure Python packages ("redis==6.4.0"), with all that they
// require, and returns the directory. It is kept in the cache for the next run.
func Packages(tb testing.TB, requirements ...string) (dir string) {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(requirements, "\n"))))[:16]
	dir = filepath.Join(cache, "pymode-tui", "test-packages", key)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		tb.Fatal(err)
	}
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		tb.Fatal(err)
	}
	args := append([]string{"-m", "pip", "install", "--quiet", "--target", partial}, requirements...)
	if out, err := exec.CommandContext(tb.Context(), "python3", args...).CombinedOutput(); err != nil {
		tb.Fatalf("pip install %s: %v\n%s", strings.Join(requirements, " "), err, out)
	}
	if err := os.Rename(partial, dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}
