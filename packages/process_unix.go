//go:build unix

package packages

import (
	"os/exec"
	"syscall"
)

// inOwnGroup makes a command the leader of a process group, which is killed as a
// whole when the command's context ends.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
