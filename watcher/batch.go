package watcher

import "time"

// fewFiles is up to how many files a batch is asked whether they are all
// written. More than that is no save in an editor, and more may come.
const fewFiles = 16

// batch collects the files that may have changed until the project is quiet.
type batch struct {
	files       map[string]bool
	first, last time.Time // when the first and the last event came
	timer       *time.Timer
}

func newBatch() batch {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return batch{files: map[string]bool{}, timer: timer}
}

// add notes that a file may have changed.
func (b *batch) add(rel string, o Options) {
	b.last = time.Now()
	if len(b.files) == 0 {
		b.first = b.last
	}
	b.files[rel] = true
	b.timer.Reset(time.Until(b.next(o)))
}

// end is when the batch is over, whether or not its files are written.
func (b *batch) end(o Options) time.Time {
	quiet, latest := b.last.Add(o.Debounce), b.first.Add(o.MaxWait)
	if latest.Before(quiet) {
		return latest
	}
	return quiet
}

// next is when to look at the batch the next time.
func (b *batch) next(o Options) time.Time {
	end := b.end(o)
	if len(b.files) > fewFiles {
		return end
	}
	soon := time.Now().Add(settle)
	if end.Before(soon) {
		return end
	}
	return soon
}

// clear starts the next batch.
func (b *batch) clear() {
	clear(b.files)
	b.timer.Stop()
}
