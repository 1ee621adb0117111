package watcher

import "golang.org/x/sys/unix"

// written reports whether nobody has the file open for writing, so that what
// was being saved is saved. It is false where that can't be told.
//
// The kernel grants a read lease only on a file without writers, which answers
// the question; the lease itself is given back at once. It takes the file's
// owner (or CAP_LEASE) and a file system that has leases: ext4, xfs, btrfs,
// tmpfs and overlayfs do, network file systems don't.
func written(file string) bool {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		return false
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
	return err == nil
}
