//go:build !linux

package runtime

import "time"

var processStart = time.Now()

// threadCPU stands in for the thread's CPU clock with wall time: host calls are
// taken off by the caller, and what remains is an upper bound.
func threadCPU() time.Duration { return time.Since(processStart) }
