//go:build unix

package tui

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"
)

// catchStops makes a SIGTSTP from elsewhere (`kill -TSTP`, say) what ctrl+z is, until
// ctx is done: the terminal is given back first.
func catchStops(ctx context.Context, send func(tea.Msg)) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTSTP)
	defer signal.Stop(signals)
	for {
		select {
		case <-signals:
			send(tea.SuspendMsg{})
		case <-ctx.Done():
			return
		}
	}
}

var errNoShell = errors.New("no shell has started this: nothing would take it on again")

// suspend stops the process group until it is continued, and says what came of it, for
// the console. Bubble Tea's own way is a SIGTSTP, which a Go program that has once caught
// it can't get to stop it.
func suspend(program *tea.Program) tea.Msg {
	if session, err := unix.Getsid(0); err == nil && session == os.Getpid() {
		return failedMsg{"stop", errNoShell}
	}
	if err := program.ReleaseTerminal(); err != nil {
		return nil
	}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	if syscall.Kill(0, syscall.SIGSTOP) == nil {
		<-continued // another thread may be the first to stop
	}
	signal.Stop(continued)
	if err := program.RestoreTerminal(); err != nil {
		return tea.QuitMsg{}
	}
	return tea.ResumeMsg{}
}
