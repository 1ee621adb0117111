package gateway

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	gopsnet "github.com/shirou/gopsutil/v4/net"
	"github.com/shirou/gopsutil/v4/process"
)

// InUseError says that another process has the address.
type InUseError struct {
	Addr    string
	Process string // "node (pid 4711)", "" where it can't be known
}

// Error implements error.
func (e *InUseError) Error() string {
	if e.Process == "" {
		return fmt.Sprintf("listen on %s: the port is in use", e.Addr)
	}
	return fmt.Sprintf("listen on %s: the port is in use by %s", e.Addr, e.Process)
}

// Hint says what to do about it.
func (e *InUseError) Hint() string {
	return "choose another port with --addr, or --addr :0 for a free one"
}

func listenError(addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &InUseError{Addr: addr, Process: listeningProcess(addr)}
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// listeningProcess names who listens on addr's port.
func listeningProcess(addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	connections, err := gopsnet.Connections("tcp")
	if err != nil {
		return ""
	}
	for _, c := range connections {
		if c.Status != "LISTEN" || uint64(c.Laddr.Port) != port || c.Pid == 0 {
			continue
		}
		p, err := process.NewProcess(c.Pid)
		if err != nil {
			continue
		}
		name, err := p.Name()
		if err != nil {
			continue
		}
		return fmt.Sprintf("%s (pid %d)", name, c.Pid)
	}
	return ""
}
