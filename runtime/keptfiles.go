package runtime

import (
	"cmp"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// keptFiles is a folder of the cache with checked files. The files that were not asked for the longest go when there are too
// many, or too large ones. Several processes may use it at once.
type keptFiles struct {
	dir    string
	prefix string // of the names: what the files were made for
	most   int    // files
	bytes  int64  // of them together, at most
}

// forgetful is how old a file's time may be before a use renews it.
const forgetful = time.Hour

func (k keptFiles) path(name string) string { return filepath.Join(k.dir, k.prefix+"-"+name) }

// Get implements [skeleton.Store].
func (k keptFiles) Get(name string) ([]byte, bool) {
	path := k.path(name)
	b, err := readChecked(path)
	if err != nil {
		return nil, false
	}
	touch(path)
	return b, true
}

// Put implements [skeleton.Store].
func (k keptFiles) Put(name string, data []byte) {
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return
	}
	if err := writeChecked(k.path(name), data); err != nil {
		return
	}
	prune(k.dir, k.most, k.bytes)
}

// touch notes that a file was used.
func touch(path string) {
	now := time.Now()
	if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > forgetful {
		_ = os.Chtimes(path, now, now)
	}
}

// prune removes the files of a folder that were used the longest ago, and leaves so
// many, and no more bytes. What a killed process has left half written goes with them.
func prune(dir string, most int, bytes int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	type used struct {
		path string
		size int64
		when time.Time
	}
	var files []used
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, used{filepath.Join(dir, entry.Name()), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b used) int { return cmp.Or(b.when.Compare(a.when), cmp.Compare(a.path, b.path)) })
	for i, file := range files {
		bytes -= file.size
		if i >= most || bytes < 0 {
			_ = os.Remove(file.path)
		}
	}
}

// kept is a folder of the cache for what is made with this engine's interpreter.
func (e *Engine) kept(dir string, most int, bytes int64) keptFiles {
	key := e.key()
	return keptFiles{filepath.Join(e.config.CacheDir, dir), hex.EncodeToString(key[:8]), most, bytes}
}
