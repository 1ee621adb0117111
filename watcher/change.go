package watcher

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Kind says what happened to a file between two changes.
type Kind int

// The kinds of change.
const (
	Modified Kind = iota // its content is another one
	Created              // it was not there before, or was ignored
	Removed              // it is gone
)

// String returns "modified", "created" or "removed".
func (k Kind) String() string {
	switch k {
	case Modified:
		return "modified"
	case Created:
		return "created"
	case Removed:
		return "removed"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Change is what happened in a project since the change before: one save, or a
// whole git checkout.
type Change struct {
	Files  []string        // what changed, relative to the root, separated by slashes, sorted; none in a mere notice
	Kinds  map[string]Kind // of each of Files
	First  time.Time       // when the first of it was seen; zero in a mere notice
	Notice string          // what the user should know about the watch, with what to do about it; usually ""
}

// backlog is what waits to be received. A receiver that is slow gets all that
// happened meanwhile as one change, as if it had happened at once.
type backlog struct {
	kinds  map[string]Kind
	first  time.Time
	notice string
	cached *Change // what change returns, until something is added
}

// add appends what was found later than all before.
func (b *backlog) add(kinds map[string]Kind, first time.Time) {
	if len(kinds) == 0 {
		return
	}
	b.cached = nil
	if b.kinds == nil {
		b.kinds = map[string]Kind{}
	}
	if b.first.IsZero() || first.Before(b.first) {
		b.first = first
	}
	for file, later := range kinds {
		earlier, seen := b.kinds[file]
		switch {
		case !seen:
			b.kinds[file] = later
		case earlier == Created && later == Removed:
			delete(b.kinds, file)
		case earlier == Created:
		case later == Created:
			b.kinds[file] = Modified
		default:
			b.kinds[file] = later
		}
	}
}

// notify appends a notice; the last one counts.
func (b *backlog) notify(notice string) {
	b.cached = nil
	b.notice = notice
}

// empty reports whether nothing waits.
func (b *backlog) empty() bool { return len(b.kinds) == 0 && b.notice == "" }

// change returns all that waits.
func (b *backlog) change() Change {
	if b.cached == nil {
		b.cached = &Change{
			Files:  slices.Sorted(maps.Keys(b.kinds)),
			Kinds:  maps.Clone(b.kinds),
			First:  b.first,
			Notice: b.notice,
		}
	}
	return *b.cached
}
