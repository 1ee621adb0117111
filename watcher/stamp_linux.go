package watcher

import (
	"io/fs"
	"syscall"
)

// stampOf takes the stamp from what a stat call returned.
func stampOf(info fs.FileInfo) stamp {
	s := stamp{size: info.Size(), mtime: info.ModTime().UnixNano(), ctime: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.ctime, s.inode, s.device = sys.Ctim.Nano(), sys.Ino, uint64(sys.Dev) //nolint:unconvert // 32 bits on some architectures
	}
	return s
}
