package tui

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/editor"
)

// What leaves the console for another program: the editor, the browser.

// editAt opens the user's editor at the innermost line of the traceback that the
// detail is about.
func (m *Model) editAt() tea.Cmd {
	w := m.worker()
	failure := m.detail.subject.failure
	if x := m.detail.subject.exchange; x != nil && x.result != nil {
		failure = x.result.Error
		w = m.session.worker(x.worker)
	}
	if failure == nil || len(failure.Traceback) == 0 {
		return m.say(faint, "no traceback to edit at")
	}
	if w == nil || w.root == "" {
		return m.say(faint, "the worker's directory is not known")
	}
	frame := failure.Traceback[len(failure.Traceback)-1]
	if !filepath.IsLocal(frame.File) { // the file's name is the worker's word
		return m.say(caution, frame.File+" is not a file of the project")
	}
	cmd, err := m.editorCommand(filepath.Join(w.root, frame.File), editor.LineNumber(frame.Line))
	if err != nil {
		return m.say(bad, "edit failed: "+err.Error())
	}
	return m.options.Exec(cmd, func(err error) tea.Msg {
		if err != nil {
			return failedMsg{"edit", err}
		}
		return nil
	})
}

// editorPatience is how long an editor may take to end after the console has.
const editorPatience = time.Second

// editorCommand is the user's editor. It ends with the console: one that reads from
// the terminal notices by itself that this went away, another would be waited for.
func (m *Model) editorCommand(path string, options ...editor.Option) (*exec.Cmd, error) {
	cmd, err := editor.CommandContext(m.ctx, "pymode-tui", path, options...)
	if err != nil {
		return nil, err
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGHUP) }
	cmd.WaitDelay = editorPatience
	return cmd, nil
}

// editText opens the user's editor with a text. What it was changed to comes to
// done, with the file that holds it meanwhile; unchanged, it is nothing.
func (m *Model) editText(pattern string, text []byte, done func(path string, now []byte) tea.Msg) tea.Cmd {
	file, err := os.CreateTemp("", pattern)
	if err != nil {
		return m.say(bad, "edit failed: "+err.Error())
	}
	path := file.Name()
	m.scratch = path
	_, err = file.Write(text)
	err = errors.Join(err, file.Close())
	var cmd *exec.Cmd
	if err == nil {
		cmd, err = m.editorCommand(path)
	}
	if err != nil {
		_ = os.Remove(path)
		return m.say(bad, "edit failed: "+err.Error())
	}
	return m.options.Exec(cmd, func(err error) tea.Msg {
		defer func() { _ = os.Remove(path) }()
		if err != nil {
			return failedMsg{"edit", err}
		}
		now, err := os.ReadFile(path)
		switch {
		case err != nil:
			return failedMsg{"edit", err}
		case bytes.Equal(now, text):
			return nil
		}
		return done(path, now)
	})
}

// browse opens the current request's URL, or where the workers listen, in the
// user's browser.
func (m *Model) browse() tea.Cmd {
	url := ""
	if m.options.Addr != nil {
		url = m.options.Addr()
	}
	if x := m.requests.current(); x != nil && x.request != nil && x.request.Method == "GET" {
		url = x.request.URL
	}
	if url == "" {
		return m.say(faint, "nothing listens yet")
	}
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	}
	ctx := m.ctx
	return tea.Batch(m.say(faint, "opening "+url), m.tasks.command(func() tea.Msg {
		if err := exec.CommandContext(ctx, name, args...).Run(); err != nil && ctx.Err() == nil {
			return failedMsg{"open " + name, err}
		}
		return nil
	}))
}
