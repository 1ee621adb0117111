package image

import (
	"errors"
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
	// F_SEAL_WRITE also asks that nobody in the kernel holds a page at this
	// moment, and fails with EBUSY where page migration does: on a machine that
	// is short of memory. No writable mapping is left here, so that the seal
	// against those to come, and against write, says the same. Kernels before 5.1
	// do not know it.
	const fixed = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW
	_, err := unix.FcntlInt(b.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE|fixed)
	if errors.Is(err, unix.EINVAL) {
		_, err = unix.FcntlInt(b.file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|fixed)
	}
	return os.NewSyscallError("seal", err)
}
