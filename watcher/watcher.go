// Package watcher tells what changed in a project directory.
//
// Events of the file system, directory by directory, become paths that may have
// changed; paths that may have changed are collected until the project is
// quiet; then each is read and compared by content with what it was, and what
// differs is one [Change]. An event is only a reason to look: a save that
// changes nothing, a temporary file that is gone again, an editor's swap file
// or a chmod is no change. What is ignored is said by package project/ignore.
//
// # When the project is quiet
//
// A change is on its way as long as events come, and until [Options.Debounce]
// after the last one, but never longer than [Options.MaxWait] after the first.
// Most saves are over long before: on Linux the wait ends [settle] after the
// last event if every file in question has content and no process has it open
// for writing. An empty file is the first half of a save (truncate, then
// write), a missing one too (rename to a backup, then write anew), and both
// wait their full time, as do more than a few files at once. fsnotify has no
// event for "closed after writing", so the kernel is asked for a read lease,
// which it grants on files without writers only.
//
// What is left is a program that saves in two steps, closing the file in
// between with half of its content in it. That gives two changes.
//
// # What is compared
//
// At the start only sizes, times and inodes are taken; the digests follow in
// the background. An event for a file whose digest is not known counts as a
// change unless its inode says that it was not touched. Files over 8 MB are
// compared by size and time of modification.
package watcher

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"pymode-tui/project/ignore"
)

// Defaults of [Options].
const (
	DefaultDebounce     = 12 * time.Millisecond
	DefaultMaxWait      = 200 * time.Millisecond
	DefaultPollInterval = 200 * time.Millisecond
)

// settle is how long a project whose files are all completely written has to be
// quiet. It keeps the files of one "save all" together.
const settle = 2 * time.Millisecond

// Options adjust a [Watcher]. The zero value is what a console wants.
type Options struct {
	Debounce     time.Duration // quiet time that ends a change; 0 is DefaultDebounce
	MaxWait      time.Duration // the longest a change waits for quiet; 0 is DefaultMaxWait
	Poll         bool          // look for changes instead of being told: for network file systems
	PollInterval time.Duration // between two looks, where Poll is set or events can't be had; 0 is DefaultPollInterval
}

func (o Options) withDefaults() Options {
	if o.Debounce <= 0 {
		o.Debounce = DefaultDebounce
	}
	if o.MaxWait <= 0 {
		o.MaxWait = DefaultMaxWait
	}
	if o.PollInterval <= 0 {
		o.PollInterval = DefaultPollInterval
	}
	return o
}

// Watcher watches one project directory. Its state belongs to the goroutine of
// [Watcher.run], except before that is started.
type Watcher struct {
	options Options
	files   files
	rules   *ignore.Rules
	changes chan Change
	proven  chan proof

	notifier notifier        // nil where the project is polled
	dirs     map[string]bool // watched, relative to the root
	rootInfo fs.FileInfo     // of the watched root; nil while there is none
	batch    batch
	backlog  backlog
	look     *time.Timer // for what no event tells of

	stop    chan struct{}
	close   sync.Once
	running sync.WaitGroup
}

// New watches the directory root and all below it. The watch is in place when
// it returns: whatever is changed after that, or during it, is told. Load the
// project after New, not before.
//
// The error is that root is no directory that can be read; where the system has
// no more watches to give the project is polled, and the first Change says so.
func New(root string, options Options) (*Watcher, error) {
	return open(root, options, newSystem)
}

// open is New with any notifier.
func open(root string, options Options, connect func() (notifier, error)) (*Watcher, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, fmt.Errorf("watch: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("watch: %w", &fs.PathError{Op: "open", Path: root, Err: syscall.ENOTDIR})
	}
	w := &Watcher{
		options:  options.withDefaults(),
		files:    files{root: root, known: map[string]content{}},
		rules:    ignore.New(root),
		changes:  make(chan Change),
		proven:   make(chan proof),
		dirs:     map[string]bool{},
		rootInfo: info,
		batch:    newBatch(),
		look:     time.NewTimer(rootCheck),
		stop:     make(chan struct{}),
	}
	if !w.options.Poll {
		w.connect(connect)
	}
	unproven, err := w.first()
	w.look.Reset(w.lookAgain(0))
	if err != nil {
		w.disconnect()
		return nil, fmt.Errorf("watch: %w", err)
	}
	w.running.Go(w.run)
	w.running.Go(func() { w.proveAll(unproven) })
	return w, nil
}

// connect asks the system for events; without any the project is polled.
func (w *Watcher) connect(connect func() (notifier, error)) {
	n, err := connect()
	if err != nil {
		w.backlog.notify(pollingNotice(err, w.options.PollInterval))
		return
	}
	w.notifier = n
}

// disconnect gives the watches back. Closing can only fail to close a file
// descriptor, about which nobody can do anything.
func (w *Watcher) disconnect() {
	if w.notifier != nil {
		_ = w.notifier.Close()
		w.notifier = nil
	}
	clear(w.dirs)
}

// Changes returns the channel that changes come from. A receiver that is slow
// finds all that happened meanwhile in one Change. It is closed by
// [Watcher.Close].
func (w *Watcher) Changes() <-chan Change { return w.changes }

// Close ends the watch and waits until nothing of it runs. It may be called
// more than once and returns nil.
func (w *Watcher) Close() error {
	w.close.Do(func() { close(w.stop) })
	w.running.Wait()
	return nil
}
