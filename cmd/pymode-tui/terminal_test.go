//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pymode-tui/runtime/runtimetest"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// The real command in a real terminal: a pty with an emulator behind it, which answers
// what a terminal is asked.

// terminal is a command in a terminal.
type terminal struct {
	t     *testing.T
	pty   *os.File
	cmd   *exec.Cmd
	ended chan error // of the command
	state string     // its state directory

	reading  sync.WaitGroup
	mu       sync.Mutex
	emulator *vt.Emulator    // but for Read, guarded by mu
	sent     strings.Builder // all that the command wrote
}

// inTerminal runs a command, with names for what differs in its environment.
func inTerminal(t *testing.T, env []string, name string, args ...string) *terminal {
	t.Helper()
	runtimetest.Engine(t) // so that nothing has to be built
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, ended: make(chan error, 1), state: t.TempDir(), emulator: vt.NewEmulator(120, 40)}
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=", "XDG_STATE_HOME="+term.state, "XDG_CACHE_HOME="+cache)
	cmd.Env = append(cmd.Env, env...)
	// A terminal that has just become smaller is still told to scroll rows that it had,
	// which this emulator does not survive: margins beyond the screen are ignored.
	term.emulator.RegisterCsiHandler('r', func(params ansi.Params) bool {
		bottom, _, _ := params.Param(1, 0)
		return bottom > term.emulator.Height()
	})
	opened, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 120, Rows: 40})
	if err != nil {
		t.Fatal(err)
	}
	// A file that Close takes from under a Read: only then is the terminal gone.
	fd, err := syscall.Dup(int(opened.Fd()))
	if err := errors.Join(err, syscall.SetNonblock(fd, true), opened.Close()); err != nil {
		t.Fatal(err)
	}
	term.pty = os.NewFile(uintptr(fd), "pty")
	term.reading.Go(func() {
		buffer := make([]byte, 32<<10)
		for {
			n, err := term.pty.Read(buffer)
			term.mu.Lock()
			term.sent.Write(buffer[:n])
			_, _ = term.emulator.Write(buffer[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	term.reading.Go(func() { // what the terminal answers
		_, _ = io.Copy(term.pty, term.emulator)
	})
	go func() { term.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = term.pty.Close()
		if answers, ok := term.emulator.InputPipe().(io.Closer); ok { // its own Close races with Read
			_ = answers.Close()
		}
		term.reading.Wait()
	})
	return term
}

// control asks the kernel something about the terminal.
func (term *terminal) control(ask func(fd int) error) {
	term.t.Helper()
	conn, err := term.pty.SyscallConn()
	if err != nil {
		term.t.Fatal(err)
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = ask(int(fd)) })
	if err := errors.Join(err, failed); err != nil {
		term.t.Fatal(err)
	}
}

// resize gives the terminal another size.
func (term *terminal) resize(w, h int) {
	term.t.Helper()
	term.mu.Lock()
	term.emulator.Resize(w, h)
	term.mu.Unlock()
	term.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(w), Row: uint16(h)})
	})
}

// stop sends SIGTSTP to what runs in the foreground.
func (term *terminal) stop() {
	term.t.Helper()
	term.control(func(fd int) error {
		group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		if err != nil {
			return err
		}
		return syscall.Kill(group, syscall.SIGTSTP)
	})
}

// press types keys.
func (term *terminal) press(keys string) {
	term.t.Helper()
	if _, err := io.WriteString(term.pty, keys); err != nil {
		term.t.Fatal(err)
	}
}

// patience is how long a terminal is waited for, on a loaded machine.
const patience = 60 * time.Second

// until waits until something holds, what is named.
func (term *terminal) until(what string, holds func() bool) {
	term.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			term.t.Fatalf("never: %s. The screen is\n%s", what, term.screen())
		}
	}
}

// await waits until the screen has each text.
func (term *terminal) await(texts ...string) {
	term.t.Helper()
	for _, text := range texts {
		term.until(text, func() bool { return strings.Contains(term.screen(), text) })
	}
}

// console waits until it is there, and returns where it listens.
func (term *terminal) console() (url string) {
	term.t.Helper()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	term.until("an address", func() bool {
		url = address.FindString(term.screen())
		return url != ""
	})
	term.await("· ready")
	return url
}

// screen is what is seen, a line a row.
func (term *terminal) screen() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.emulator.String()
}

// other reports whether the screen is the one of programs that fill it.
func (term *terminal) other() bool {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.emulator.IsAltScreen()
}

// output is all that the command wrote.
func (term *terminal) output() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.sent.String()
}

// end waits until the command has ended, with exit code 0.
func (term *terminal) end() {
	term.t.Helper()
	select {
	case err := <-term.ended:
		if err != nil {
			term.t.Errorf("it ended with %v; the screen is\n%s", err, term.screen())
		}
	case <-time.After(patience):
		term.t.Fatalf("it does not end; the screen is\n%s", term.screen())
	}
}

// visit asks a worker.
func visit(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
}

// TestTerminalGoesAway hangs up. The console ends, and has saved how it was laid out
// and what was asked; with the editor open, which is left as well.
func TestTerminalGoesAway(t *testing.T) {
	for name, editing := range map[string]bool{"idle": false, "in the editor": true} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, hello)
			editor := filepath.Join(t.TempDir(), "editor")
			if err := os.WriteFile(editor, []byte("#!/bin/sh\necho editing\nexec sleep 1000\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			term := inTerminal(t, []string{"EDITOR=" + editor}, "pymode-tui", "--addr", ":0", dir)
			url := term.console()
			visit(t, url+"/hello/Ada")
			term.await("/hello/Ada", "Hello, Ada!")
			term.press("3z")
			term.await("[Logs]")
			if editing {
				term.press("n")
				term.await("editing")
			}
			if err := term.pty.Close(); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-term.ended:
				if err != nil {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(patience):
				t.Fatal("it outlives its terminal")
			}
			if err := syscall.Kill(-term.cmd.Process.Pid, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("something is left that it started: %v", err)
			}
			if text, err := os.ReadFile(filepath.Join(term.state, "pymode-tui", "layout.json")); err != nil || !strings.Contains(string(text), `"focus":"logs","zoom":true`) {
				t.Errorf("the layout is %q (%v)", text, err)
			}
			out, err := exec.CommandContext(t.Context(), "pymode-tui", "export", dir, filepath.Join(t.TempDir(), "all.har")).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "1 request") {
				t.Errorf("of what was captured: %s (%v)", out, err)
			}
		})
	}
}

// TestTerminalIsGivenBack: ctrl+z and SIGTSTP lead to the shell, whose terminal is as it
// was, and fg back, to a screen that is drawn anew and in the size that the terminal has now.
func TestTerminalIsGivenBack(t *testing.T) {
	dir := copied(t, hello)
	term := inTerminal(t, []string{"PS1=shell> ", "ENV="}, "sh", "-i")
	term.await("shell>")
	term.press("stty -g >before; pymode-tui --addr :0 " + dir + "\r")
	url := term.console()
	for round, stop := range []func(){func() { term.press("\x1a") }, term.stop, func() { term.press("\x1a") }, term.stop} {
		visit(t, url+"/hello/Ada")
		term.await("Hello, Ada!")
		stop()
		term.until("the shell's screen", func() bool {
			return !term.other() && strings.HasSuffix(strings.TrimSpace(term.screen()), "shell>")
		})
		term.press(fmt.Sprintf("stty -g >meanwhile; cmp before meanwhile && echo as before, %d; rm meanwhile\r", round))
		term.await(fmt.Sprintf("\nas before, %d", round))
		term.resize(100, 30)
		term.press("fg\r")
		term.until("the console's screen", term.other)
		term.console()
		term.await("Hello, Ada!")
		term.until("unbroken borders", func() bool { return framed(term.screen(), 100, 30) })
	}
	term.press("q")
	term.until("the shell's screen", func() bool { return !term.other() })
	term.press("stty -g >after; stty size; cmp before after && echo as before, at last; rm before after; exit 0\r")
	term.await("30 100", "\nas before, at last")
	term.end()
}

// TestNoShellToGoTo: where the console is what the terminal runs, nobody could take it
// on again, so ctrl+z does not stop it.
func TestNoShellToGoTo(t *testing.T) {
	term := inTerminal(t, nil, "pymode-tui", "--addr", ":0", copied(t, hello))
	url := term.console()
	term.press("\x1a")
	term.await("no shell has started this")
	visit(t, url+"/hello/Ada")
	term.await("Hello, Ada!")
	term.press("q")
	term.end()
}

// framed reports whether a screen is a console's: rows of one width between borders.
func framed(screen string, w, h int) bool {
	rows := strings.Split(strings.ReplaceAll(screen, "\r", ""), "\n")
	if len(rows) != h {
		return false
	}
	for i, row := range rows {
		cells := []rune(row)
		if len(cells) != w {
			return false
		}
		left, right := string(cells[0]), string(cells[w-1])
		switch {
		case i == 0 && (left != "┌" || right != "┐"):
			return false
		case i == h-1 && (left != "└" || right != "┘"):
			return false
		case i > 0 && i < h-1 && (!strings.Contains("│├", left) || !strings.Contains("│┤", right)):
			return false
		}
	}
	return true
}

// TestTerminalIsResizedInAFlood changes its size 50 times a second while a worker logs
// all it can.
func TestTerminalIsResizedInAFlood(t *testing.T) {
	dir := copied(t, hello)
	flood := "import time\ndef on_fetch(request, env):\n    end = time.time() + 4\n    n = 0\n    while time.time() < end:\n" +
		"        for _ in range(100):\n            n += 1\n            print('line', n, 'of a flood')\n        time.sleep(0.01)\n    return {'lines': n}\n"
	runtimetest.Write(t, filepath.Join(dir, "src", "entry.py"), flood)
	term := inTerminal(t, nil, "pymode-tui", "--addr", ":0", dir)
	url := term.console()
	var asking sync.WaitGroup
	asking.Go(func() { visit(t, url+"/flood") })
	term.await("of a flood")
	ticker := time.NewTicker(time.Second / 50)
	defer ticker.Stop()
	for i := range 150 {
		<-ticker.C
		w, h := 40+i*37%161, 10+i*13%51
		if i == 149 {
			w, h = 120, 40
		}
		term.resize(w, h)
	}
	asking.Wait()
	term.await(`"lines": `, "/flood")
	term.until("unbroken borders", func() bool { return framed(term.screen(), 120, 40) })
	term.press("q")
	term.end()
	if term.other() {
		t.Error("the screen is not given back")
	}
}

// TestTerminalOfManyKinds: what a terminal is called decides what it is sent.
func TestTerminalOfManyKinds(t *testing.T) {
	colour := regexp.MustCompile(`\x1b\[([0-9;]*;)?3[0-7]m`)
	dir := copied(t, hello)
	for name, env := range map[string][]string{
		"tmux": {"TERM=tmux-256color"}, "xterm": {"TERM=xterm"}, "screen over SSH": {"TERM=screen", "SSH_TTY=/dev/pts/9"},
		"linux": {"TERM=linux"}, "without colours": {"TERM=xterm-256color", "NO_COLOR=yes"},
	} {
		t.Run(name, func(t *testing.T) {
			term := inTerminal(t, env, "pymode-tui", "--addr", ":0", dir)
			visit(t, term.console()+"/hello/Ada")
			term.await("Hello, Ada!", "help ")
			term.until("unbroken borders", func() bool { return framed(term.screen(), 120, 40) })
			if got, want := colour.MatchString(term.output()), name != "without colours"; got != want {
				t.Errorf("colours: %v, want %v", got, want)
			}
			term.press("q")
			term.end()
			if term.other() {
				t.Error("the screen is not given back")
			}
		})
	}
	t.Run("dumb", func(t *testing.T) {
		term := inTerminal(t, []string{"TERM=dumb"}, "pymode-tui", "--addr", ":0", dir)
		term.await("listening on http://127.0.0.1:", "ready, generation 1")
		url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(term.screen())
		visit(t, url+"/hello/Ada")
		term.await("GET " + url + "/hello/Ada 200")
		if strings.Contains(term.output(), "\x1b") {
			t.Errorf("escape sequences to a terminal that knows none: %q", term.output())
		}
		term.press("\x03")
		select {
		case err := <-term.ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("it does not end")
		}
	})
}
