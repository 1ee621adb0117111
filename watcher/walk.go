package watcher

import (
	"io/fs"
	"os"
	"path"
	"time"

	"pymode-tui/project/ignore"
)

// walk watches dir and all below it and visits every file that is not ignored.
// A directory is watched before it is listed: what appears in between is seen
// twice, never not at all. Where the project is polled it only visits.
//
// The error is that the system has no more watches, or one about dir itself;
// directories below that can't be read, or are gone again, are left out.
func (w *Watcher) walk(dir string, visit func(rel string, entry fs.DirEntry)) error {
	if w.notifier != nil && !w.dirs[dir] {
		if err := w.notifier.Add(w.files.path(dir)); err != nil {
			return err
		}
		w.dirs[dir] = true
	}
	files, dirs, err := w.rules.ReadDir(dir)
	if w.rules.Ignored(dir, true) { // a virtual environment, as its content says
		w.unwatch(dir)
		return nil
	}
	for _, f := range files {
		visit(path.Join(dir, f.Name()), f)
	}
	for _, d := range dirs {
		if err := w.walk(path.Join(dir, d.Name()), visit); exhausted(err) {
			return err
		}
	}
	return err
}

// unwatch gives one directory's watch back.
func (w *Watcher) unwatch(dir string) {
	if w.dirs[dir] {
		_ = w.notifier.Remove(w.files.path(dir)) // fails only if it is gone
		delete(w.dirs, dir)
	}
}

// first takes the project as it is. It returns the files that are known by
// their stamp alone: all but those written just now, whose stamps prove nothing.
func (w *Watcher) first() (unproven []proof, err error) {
	visit := func(rel string, entry fs.DirEntry) {
		c, err := w.stamped(rel, entry)
		if err != nil {
			return
		}
		if !c.settled {
			if c, err = read(w.files.path(rel)); err != nil {
				c = content{}
			}
		}
		w.files.known[rel] = c
		if !c.hashed {
			unproven = append(unproven, proof{rel, c})
		}
	}
	err = w.walk(".", visit)
	if exhausted(err) {
		w.disconnect()
		w.backlog.notify(pollingNotice(err, w.options.PollInterval))
		unproven = nil
		err = w.walk(".", visit)
	}
	return unproven, err
}

// stamped takes the stamp of a directory's entry, following a symbolic link.
func (w *Watcher) stamped(rel string, entry fs.DirEntry) (content, error) {
	if entry.Type()&fs.ModeSymlink != 0 {
		return look(w.files.path(rel))
	}
	now := time.Now()
	info, err := entry.Info()
	if err != nil {
		return content{}, err
	}
	return contentOf(info, now)
}

// scan looks at the stamps of all files and notes those that may have changed.
func (w *Watcher) scan() {
	seen := make(map[string]bool, len(w.files.known))
	// What can't be listed is gone or will be seen by the next scan.
	_ = w.walk(".", func(rel string, entry fs.DirEntry) {
		c, err := w.stamped(rel, entry)
		if err != nil {
			return
		}
		seen[rel] = true
		if w.files.stale(rel, c.stamp) {
			w.touch(rel)
		}
	})
	for rel := range w.files.known {
		if !seen[rel] {
			w.touch(rel)
		}
	}
}

// finish ends the batch if its time has come or all of its files are written.
func (w *Watcher) finish() {
	if time.Now().Before(w.batch.end(w.options)) && !w.allWritten() {
		w.batch.timer.Reset(time.Until(w.batch.next(w.options)))
		return
	}
	kinds, first := w.compare(), w.batch.first
	w.batch.clear()
	w.backlog.add(kinds, first)
	for _, kind := range kinds {
		if kind == Removed && w.notifier != nil {
			w.checkRoot() // the last one to be removed may be the root
			break
		}
	}
}

// allWritten reports whether every file of the batch is complete.
func (w *Watcher) allWritten() bool {
	if len(w.batch.files) > fewFiles {
		return false
	}
	for rel := range w.batch.files {
		old, known := w.files.known[rel]
		info, err := os.Stat(w.files.path(rel))
		switch {
		case missing(err) && !known: // a temporary file
		case err != nil:
			return false
		case !info.Mode().IsRegular():
		case info.Size() == 0 && (!known || old.stamp.size > 0):
			return false
		case !written(w.files.path(rel)):
			return false
		}
	}
	return true
}

// compare compares every file of the batch with what it was. Files named
// .gitignore come first, since they say which of the others count.
func (w *Watcher) compare() map[string]Kind {
	kinds := map[string]Kind{}
	for rel := range w.batch.files {
		if path.Base(rel) != ignore.FileName {
			continue
		}
		if kind, ok := w.files.compare(rel); ok {
			kinds[rel] = kind
			w.reload(path.Dir(rel))
		}
	}
	for rel := range w.batch.files {
		if w.rules.Excluded(rel, false) {
			delete(w.files.known, rel)
			delete(kinds, rel)
			continue
		}
		if kind, ok := w.files.compare(rel); ok {
			kinds[rel] = kind
		}
	}
	return kinds
}

// reload brings a changed .gitignore of the directory dir into force: what it
// ignores now is forgotten, and what it no longer ignores is new.
func (w *Watcher) reload(dir string) {
	w.rules.Reload(dir)
	for at := range w.dirs {
		if at != "." && w.rules.Excluded(at, true) {
			w.unwatch(at)
		}
	}
	for rel := range w.files.known {
		if w.rules.Excluded(rel, false) {
			delete(w.files.known, rel)
		}
	}
	err := w.walk(dir, func(rel string, _ fs.DirEntry) {
		if _, known := w.files.known[rel]; !known {
			w.touch(rel)
		}
	})
	if exhausted(err) {
		w.poll(err)
	}
}

// proof is a file with what is known of it.
type proof struct {
	rel     string
	content content
}

// proveAll takes the digests that were left out at the start. It waits a
// little, since at the start of a console others need the processor more.
func (w *Watcher) proveAll(unproven []proof) {
	delay := time.NewTimer(proveDelay)
	defer delay.Stop()
	select {
	case <-w.stop:
		return
	case <-delay.C:
	}
	for _, p := range unproven {
		proven, ok := prove(w.files.path(p.rel), p.content)
		if !ok {
			continue
		}
		select {
		case <-w.stop:
			return
		case w.proven <- proof{p.rel, proven}:
		}
	}
}

// remember keeps a digest, unless the file was looked at meanwhile.
func (w *Watcher) remember(p proof) {
	if known, ok := w.files.known[p.rel]; ok && !known.hashed && known.stamp == p.content.stamp {
		w.files.known[p.rel] = p.content
	}
}
