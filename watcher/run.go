package watcher

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"pymode-tui/project/ignore"

	"github.com/fsnotify/fsnotify"
)

const (
	rootCheck  = time.Second           // between two looks whether the root is still the same directory
	rootReturn = 50 * time.Millisecond // between two looks whether a missing root is back
	proveDelay = 300 * time.Millisecond
	pollShare  = 20 // polling takes at most one part in so many of a processor
)

// run owns the watcher's state until Close.
func (w *Watcher) run() {
	defer close(w.changes)
	defer w.disconnect()
	defer w.look.Stop()
	defer w.batch.timer.Stop()
	for {
		var (
			out    chan Change
			change Change
			events <-chan fsnotify.Event
			errs   <-chan error
		)
		if !w.backlog.empty() {
			out, change = w.changes, w.backlog.change()
		}
		if w.notifier != nil {
			events, errs = w.notifier.Events(), w.notifier.Errors()
		}
		select {
		case <-w.stop:
			return
		case out <- change:
			w.backlog = backlog{}
		case event, ok := <-events:
			if !ok {
				w.poll(errors.New("the system stopped telling of changes"))
				continue
			}
			w.event(event)
		case <-errs: //nolint:errcheck // which error does not matter: events were lost: look at everything
			w.leave(".", true)
			w.enter(".")
		case <-w.batch.timer.C:
			w.finish()
		case <-w.look.C:
			w.lookAround()
		case p := <-w.proven:
			w.remember(p)
		}
	}
}

// lookAgain is the time until the next look without an event, where the last
// one took so long.
func (w *Watcher) lookAgain(took time.Duration) time.Duration {
	switch {
	case w.notifier == nil:
		return max(w.options.PollInterval, pollShare*took)
	case w.rootInfo == nil:
		return rootReturn
	}
	return rootCheck
}

// lookAround finds what no event tells of: everything where the project is
// polled, else whether the root is another directory now.
func (w *Watcher) lookAround() {
	began := time.Now()
	if w.notifier == nil {
		w.scan()
	} else {
		w.checkRoot()
	}
	w.look.Reset(w.lookAgain(time.Since(began)))
}

// event notes what an event may have changed.
func (w *Watcher) event(event fsnotify.Event) {
	if event.Op&^fsnotify.Chmod == 0 {
		return
	}
	rel, ok := w.relative(event.Name)
	if !ok {
		return
	}
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	if gone && rel != "." {
		w.rules.Forget(rel) // a virtual environment that is removed is no longer one
	}
	switch {
	case rel == ".":
		if gone {
			w.checkRoot()
		}
	case w.dirs[rel] && gone:
		w.leave(rel, true)
		if w.isDir(rel) && !w.rules.Ignored(rel, true) {
			w.enter(rel) // already another one
		}
	case w.dirs[rel] && !event.Has(fsnotify.Create):
		// Some systems tell that a directory's list of files was written.
	case event.Has(fsnotify.Create) && w.isDir(rel):
		w.touchKnown(rel) // in case it was a file
		if !w.rules.Ignored(rel, true) {
			w.enter(rel)
		}
	case path.Base(rel) == ignore.VenvFile && path.Dir(rel) != "." && !gone:
		w.leave(path.Dir(rel), false)
		w.rules.MarkVenv(path.Dir(rel))
	case !w.rules.Ignored(rel, false):
		w.touch(rel)
	}
}

// relative returns an event's path relative to the root, with slashes.
func (w *Watcher) relative(name string) (rel string, ok bool) {
	if name == w.files.root {
		return ".", true
	}
	rel, ok = strings.CutPrefix(name, strings.TrimSuffix(w.files.root, string(filepath.Separator))+string(filepath.Separator))
	return filepath.ToSlash(rel), ok
}

// isDir reports whether rel is a directory, and no link to one.
func (w *Watcher) isDir(rel string) bool {
	info, err := os.Lstat(w.files.path(rel))
	return err == nil && info.IsDir()
}

// touch notes that the file rel may have changed.
func (w *Watcher) touch(rel string) { w.batch.add(rel, w.options) }

// touchKnown notes it if rel is known as a file.
func (w *Watcher) touchKnown(rel string) {
	if _, known := w.files.known[rel]; known {
		w.touch(rel)
	}
}

// enter watches a directory that has appeared, and all below it. Any file in
// it may have been written before the watch was there, so all are looked at.
func (w *Watcher) enter(dir string) {
	err := w.walk(dir, func(rel string, _ fs.DirEntry) { w.touch(rel) })
	if exhausted(err) {
		w.poll(err)
	}
}

// leave stops watching a directory and all below it. What was known there may
// be gone; or, where gone is false, it is the project's no longer and forgotten.
func (w *Watcher) leave(dir string, gone bool) {
	for at := range w.dirs {
		if ignore.Contains(dir, at) {
			_ = w.notifier.Remove(w.files.path(at)) // the system may have done so
			delete(w.dirs, at)
		}
	}
	w.rules.Forget(dir)
	for rel := range w.files.known {
		switch {
		case !ignore.Contains(dir, rel):
		case gone:
			w.touch(rel)
		default:
			delete(w.files.known, rel)
		}
	}
	if gone {
		return
	}
	for rel := range w.batch.files {
		if ignore.Contains(dir, rel) {
			delete(w.batch.files, rel)
		}
	}
}

// checkRoot finds out whether the root is still the directory that is watched,
// and watches what is in its place. The system doesn't tell while a process
// holds on to a removed directory, and this process may be in it.
func (w *Watcher) checkRoot() {
	info, err := os.Stat(w.files.root)
	if err == nil && !info.IsDir() {
		err = errNoFile
	}
	if err == nil && w.rootInfo != nil && os.SameFile(info, w.rootInfo) && w.dirs["."] {
		return
	}
	if w.rootInfo != nil {
		w.leave(".", true)
		w.rootInfo = nil
		w.look.Reset(rootReturn)
	}
	if err == nil {
		w.rootInfo = info
		w.enter(".")
	}
}

// poll gives up events for looking at everything in intervals.
func (w *Watcher) poll(cause error) {
	w.disconnect()
	w.backlog.notify(pollingNotice(cause, w.options.PollInterval))
	w.look.Reset(w.lookAgain(0))
	w.scan()
}
