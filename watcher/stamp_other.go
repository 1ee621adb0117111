//go:build !linux && !darwin && !freebsd && !netbsd

package watcher

import "io/fs"

// stampOf takes the stamp from what a stat call returned. The time of
// modification is the best clock there is here.
func stampOf(info fs.FileInfo) stamp {
	t := info.ModTime().UnixNano()
	return stamp{size: info.Size(), mtime: t, ctime: t}
}
