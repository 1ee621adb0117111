package watcher

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// notifier tells of events in directories, each of which is added by itself.
type notifier interface {
	Add(dir string) error
	Remove(dir string) error
	Events() <-chan fsnotify.Event
	Errors() <-chan error
	Close() error
}

// system is the operating system's notifier.
type system struct {
	*fsnotify.Watcher
	errors  chan error
	drained chan struct{}
}

func newSystem() (notifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	s := &system{Watcher: w, errors: make(chan error, 1), drained: make(chan struct{})}
	go s.drain()
	return s, nil
}

// drain takes errors at once and keeps one: fsnotify sends some of them with
// its lock held, and whoever adds a directory at that moment would wait forever.
// One overflow says as much as ten.
func (s *system) drain() {
	defer close(s.drained)
	for err := range s.Watcher.Errors {
		if !errors.Is(err, fsnotify.ErrEventOverflow) {
			continue // a watch that was gone before it was removed
		}
		select {
		case s.errors <- err:
		default:
		}
	}
}

func (s *system) Events() <-chan fsnotify.Event { return s.Watcher.Events }
func (s *system) Errors() <-chan error          { return s.errors }

func (s *system) Close() error {
	err := s.Watcher.Close()
	<-s.drained
	return err
}

// exhausted reports whether the system has no more watches to give.
func exhausted(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// pollingNotice says why changes are found by polling, and how to change that.
func pollingNotice(cause error, interval time.Duration) string {
	why, hint := cause.Error(), ""
	switch {
	case runtime.GOOS != "linux" && exhausted(cause):
		why, hint = "the system has no more files to open", "raise the limit with: ulimit -n 65536"
	case errors.Is(cause, syscall.ENOSPC):
		why, hint = limitHint("max_user_watches", "watches", 524288)
	case errors.Is(cause, syscall.EMFILE):
		why, hint = limitHint("max_user_instances", "instances", 1024)
	}
	text := fmt.Sprintf("%s: looking for changes every %s instead", why, interval)
	if hint != "" {
		text += "; " + hint
	}
	return text
}

// limitHint names one of inotify's limits and how to raise it.
func limitHint(limit, what string, enough int) (why, hint string) {
	why = "inotify has no more " + what
	if current, err := os.ReadFile(filepath.Join("/proc/sys/fs/inotify", limit)); err == nil {
		why += " (the limit is " + strings.TrimSpace(string(current)) + ")"
	}
	return why, fmt.Sprintf("raise the limit with: sudo sysctl fs.inotify.%s=%d", limit, enough)
}
