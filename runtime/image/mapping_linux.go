package image

import (
	"os"

	"golang.org/x/sys/unix"
)

const mapNoReserve = unix.MAP_NORESERVE

// anonymousFile returns a file in memory.
func anonymousFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("pymode-image", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), "pymode-image"), nil
}

// seal cuts the file to size and makes the kernel refuse every later change.
func (b backing) seal(size int64) error {
	if err := b.file.Truncate(b.offset + size); err != nil {
		return err
	}
	_, err := unix.FcntlInt(b.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW)
	return os.NewSyscallError("seal", err)
}
