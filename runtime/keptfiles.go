package runtime

import (
	"encoding/hex"
	"os"
	"path/filepath"

	"pymode-tui/runtime/filecache"
)

// keptFiles is a folder of the cache with checked files. The files that were not asked for the longest go when there are too
// many, or too large ones. Several processes may use it at once.
type keptFiles struct {
	dir    string
	prefix string // of the names: what the files were made for
	most   int    // files
	bytes  int64  // of them together, at most
}

func (k keptFiles) path(name string) string { return filepath.Join(k.dir, k.prefix+"-"+name) }

// Get implements [skeleton.Store].
func (k keptFiles) Get(name string) ([]byte, bool) {
	path := k.path(name)
	b, err := readChecked(path)
	if err != nil {
		return nil, false
	}
	filecache.Used(path)
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
	filecache.Prune(k.dir, k.most, k.bytes)
}

// kept is a folder of the cache for what is made with this engine's interpreter.
func (e *Engine) kept(dir string, most int, bytes int64) keptFiles {
	key := e.key()
	return keptFiles{filepath.Join(e.config.CacheDir, dir), hex.EncodeToString(key[:8]), most, bytes}
}
