package watcher

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// limited is a system that has only so many watches to give.
type limited struct {
	notifier
	left atomic.Int32
}

func (l *limited) Add(dir string) error {
	if l.left.Add(-1) < 0 {
		return syscall.ENOSPC
	}
	return l.notifier.Add(dir)
}

// deaf is a system that loses every event and says so when told to.
type deaf struct {
	notifier
	errors chan error
}

func (d *deaf) Events() <-chan fsnotify.Event { return nil }
func (d *deaf) Errors() <-chan error          { return d.errors }

func TestNoWatchesLeft(t *testing.T) {
	const interval = 20 * time.Millisecond
	tests := []struct {
		name    string
		connect func() (notifier, error)
		hint    string
	}{
		{"no instance", func() (notifier, error) { return nil, syscall.EMFILE }, "fs.inotify.max_user_instances="},
		{"at the start", limitedTo(2), "fs.inotify.max_user_watches="},
		{"later", limitedTo(5), "fs.inotify.max_user_watches="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t, map[string]string{"a/x.py": "1", "b/c/x.py": "1"}).watchWith(Options{PollInterval: interval}, tt.connect)
			p.write("new/dir/x.py", "1")
			var notice string
			seen := map[string]Kind{}
			for notice == "" || len(seen) == 0 {
				c := p.next()
				notice += c.Notice
				for f, k := range c.Kinds {
					seen[f] = k
				}
			}
			if !strings.Contains(notice, tt.hint) || !strings.Contains(notice, interval.String()) {
				t.Errorf("notice %q does not say %q and %s", notice, tt.hint, interval)
			}
			if seen["new/dir/x.py"] != Created || len(seen) != 1 {
				t.Errorf("changes: %v", seen)
			}
			p.write("b/c/x.py", "2")
			p.remove("a")
			p.expect(map[string]Kind{"b/c/x.py": Modified, "a/x.py": Removed})
		})
	}
}

func limitedTo(n int32) func() (notifier, error) {
	return func() (notifier, error) {
		s, err := newSystem()
		l := &limited{notifier: s}
		l.left.Store(n)
		return l, err
	}
}

func TestLostEvents(t *testing.T) {
	overflow := make(chan error)
	p := newProject(t, map[string]string{"a/x.py": "1", "b/x.py": "1", "same.py": "1"}).watchWith(Options{}, func() (notifier, error) {
		s, err := newSystem()
		return &deaf{notifier: s, errors: overflow}, err
	})
	p.write("a/x.py", "2")
	p.write("new/dir/x.py", "1")
	p.write("same.py", "1")
	p.remove("b")
	overflow <- fsnotify.ErrEventOverflow
	p.expect(map[string]Kind{"a/x.py": Modified, "new/dir/x.py": Created, "b/x.py": Removed})
}
