//go:build !unix

package cpython

import "os/exec"

// inOwnGroup does nothing where there are no process groups.
func inOwnGroup(*exec.Cmd) {}

// syncAll does nothing where a filesystem can't be synced as a whole.
func syncAll(string) error { return nil }

// freeSpace is not told here.
func freeSpace(string) uint64 { return 0 }
