//go:build unix && !linux

package cpython

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// inOwnGroup makes a command the leader of a process group, which is killed as
// a whole when the command's context ends: make has children that have children.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// syncAll writes everything to the disk.
func syncAll(string) error {
	unix.Sync()
	return nil
}

// freeSpace is not told here.
func freeSpace(string) uint64 { return 0 }
