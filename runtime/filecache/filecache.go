// Package filecache bounds folders of files that can be made again: those that were
// used the longest ago go first. The time of a use is the file's time of change.
package filecache

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// forgetful is how old a file's time may be before a use renews it.
const forgetful = time.Hour

// Used notes that a file was used.
func Used(path string) {
	now := time.Now()
	if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > forgetful {
		_ = os.Chtimes(path, now, now)
	}
}

// Prune removes the files below a folder that were used the longest ago, and leaves so
// many, and no more bytes. What a killed process has left half written goes with them.
// Folders whose names begin with a dot are left alone. Several processes may use the
// folder at once: one that has a file open keeps it.
func Prune(dir string, most int, bytes int64) {
	type used struct {
		path string
		size int64
		when time.Time
	}
	var files []used
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // gone meanwhile, say
			return nil
		case entry.IsDir() && path != dir && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		if info, err := entry.Info(); err == nil {
			files = append(files, used{path, info.Size(), info.ModTime()})
		}
		return nil
	})
	slices.SortFunc(files, func(a, b used) int { return cmp.Or(b.when.Compare(a.when), cmp.Compare(a.path, b.path)) })
	for i, file := range files {
		bytes -= file.size
		if i >= most || bytes < 0 {
			_ = os.Remove(file.path)
		}
	}
}
