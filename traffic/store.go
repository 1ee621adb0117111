package traffic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits bound what a store keeps: the oldest exchanges go first.
type Limits struct {
	Count int   // exchanges, DefaultCount where 0
	Bytes int64 // on disk, DefaultBytes where 0
}

// What a store keeps by itself.
const (
	DefaultCount = 10_000
	DefaultBytes = 512 << 20
)

// Entry is what a list of exchanges shows of one.
type Entry struct {
	ID     string
	At     time.Time
	Worker string
	Source string
	Method string
	URL    string
	Status int   // 0 where there is no answer
	Failed bool  // the handler did not answer by itself
	Wall   int64 // µs
	Bytes  int64 // on disk, of all its files
}

// Store keeps captured exchanges in a directory, a file each, in a directory a
// day:
//
//	traffic/2026-11-25/20261125T133214.123456789Z-0000.exchange
//	traffic/2026-11-25/20261125T133214.123456789Z-0000.response.body
//	traffic/index
//
// The files are what counts; the index is made of them and only saves time. A
// file is written under another name and renamed, so that there are no halves,
// also after a kill. It is not synced: what a power failure damages is left out.
// A Store is safe for use by many goroutines, a directory by many stores.
type Store struct {
	dir    string
	limits Limits

	mu      sync.Mutex
	entries []Entry // in the order of IDs
	bytes   int64
	days    map[string]time.Time // times of the day directories that the entries are true of
	dirty   bool                 // the index on disk is older than entries
	damaged int
}

// Open opens the store in dir, which need not exist yet.
func Open(dir string, limits Limits) (*Store, error) {
	if limits.Count <= 0 {
		limits.Count = DefaultCount
	}
	if limits.Bytes <= 0 {
		limits.Bytes = DefaultBytes
	}
	s := &Store{dir: dir, limits: limits, days: map[string]time.Time{}}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("captured traffic: %w", err)
	}
	return s, nil
}

// Entries lists what is kept, the oldest first.
func (s *Store) Entries() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries)
}

// Damaged is how many files were found that are no whole exchanges.
func (s *Store) Damaged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged
}

// Get reads an exchange. The error is [fs.ErrNotExist] where there is none of that ID.
func (s *Store) Get(id string) (*Exchange, error) {
	path, err := s.path(id)
	if err != nil {
		return nil, err
	}
	return ReadFile(path)
}

// path is where the exchange of an ID is kept.
func (s *Store) path(id string) (string, error) {
	if len(id) < len("20060102T") || strings.ContainsAny(id, `/\:`) || strings.HasPrefix(id, ".") {
		return "", fmt.Errorf("%.60q is no exchange's ID: %w", id, fs.ErrNotExist)
	}
	return filepath.Join(s.dir, dayOf(id), id+extension), nil
}

// dayOf is the directory of an ID's day: its date.
func dayOf(id string) string { return id[:4] + "-" + id[4:6] + "-" + id[6:8] }

// idTime is the form of an ID, but for a number for those of the same nanosecond.
const idTime = "20060102T150405.000000000Z"

// Add keeps e, which must carry no secrets, and gives it its ID.
func (s *Store) Add(e *Exchange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(e); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	s.trim()
	return nil
}

func (s *Store) write(e *Exchange) error {
	day := e.At.UTC().Format("2006-01-02")
	dir := filepath.Join(s.dir, day)
	if _, known := s.days[day]; !known {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		s.days[day] = time.Time{}
	}
	temporary, id, err := reserve(dir, e.At.UTC().Format(idTime))
	if errors.Is(err, fs.ErrNotExist) { // removed under our hands
		if err = os.MkdirAll(dir, 0o700); err == nil {
			temporary, id, err = reserve(dir, e.At.UTC().Format(idTime))
		}
	}
	if err != nil {
		return err
	}
	written := []string{temporary.Name()}
	fail := func(err error) error {
		_ = temporary.Close()
		for _, name := range written {
			_ = os.Remove(name)
		}
		return err
	}
	e.ID = id
	text, beside, err := e.encode(id)
	if err != nil {
		return fail(err)
	}
	if len(text) > maxText {
		return fail(fmt.Errorf("the exchange is larger than %d MB", maxText>>20))
	}
	size := int64(len(text))
	for _, side := range beside { // complete before the text tells of them
		written = append(written, filepath.Join(dir, side.name))
		if err := os.WriteFile(filepath.Join(dir, side.name), side.data, 0o600); err != nil {
			return fail(err)
		}
		size += int64(len(side.data))
	}
	if _, err := temporary.Write(text); err != nil {
		return fail(err)
	}
	if err := temporary.Close(); err != nil {
		return fail(err)
	}
	if err := os.Rename(temporary.Name(), filepath.Join(dir, id+extension)); err != nil {
		return fail(err)
	}
	s.insert(entryOf(e, size))
	s.days[day] = time.Time{} // it has changed since
	s.dirty = true
	return nil
}

// reserve finds an ID that no exchange of the directory has, and opens the
// temporary file that keeps other processes from it.
func reserve(dir, at string) (f *os.File, id string, err error) {
	for n := range 0x10000 {
		id = fmt.Sprintf("%s-%04x", at, n)
		f, err = os.OpenFile(filepath.Join(dir, "."+id+".tmp"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if _, err := os.Lstat(filepath.Join(dir, id+extension)); errors.Is(err, fs.ErrNotExist) {
			return f, id, nil
		}
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	return nil, "", fmt.Errorf("too many exchanges at %s", at)
}

func entryOf(e *Exchange, size int64) Entry {
	entry := Entry{ID: e.ID, At: e.At, Worker: e.Worker, Source: e.Source, Bytes: size}
	if e.Request != nil {
		entry.Method, entry.URL = e.Request.Method, e.Request.URL
	}
	if e.Result != nil {
		entry.Status, entry.Failed, entry.Wall = e.Result.Status, e.Result.Error != nil, e.Result.Metrics.Wall
	}
	return entry
}

// insert puts an entry in its place, nearly always the end.
func (s *Store) insert(e Entry) {
	n := len(s.entries)
	if n > 0 && s.entries[n-1].ID >= e.ID {
		n, _ = slices.BinarySearchFunc(s.entries, e.ID, func(e Entry, id string) int { return strings.Compare(e.ID, id) })
	}
	s.entries = slices.Insert(s.entries, n, e)
	s.bytes += e.Bytes
}

// trim removes the oldest entries beyond the limits, and a tenth of the limit
// more, so that it is not done for every exchange.
func (s *Store) trim() {
	if len(s.entries) <= s.limits.Count && s.bytes <= s.limits.Bytes {
		return
	}
	n := 0
	for len(s.entries)-n > s.limits.Count*9/10 && n < len(s.entries)-1 || s.bytes > s.limits.Bytes*9/10 && n < len(s.entries)-1 {
		s.remove(s.entries[n])
		n++
	}
	s.entries = slices.Delete(s.entries, 0, n)
}

// remove removes an exchange's files. One that can't be removed is found again
// when the index is made anew.
func (s *Store) remove(e Entry) {
	day := dayOf(e.ID)
	base := filepath.Join(s.dir, day, e.ID)
	_ = os.Remove(base + extension)
	for _, suffix := range sideSuffixes() {
		_ = os.Remove(base + "." + suffix)
	}
	s.bytes -= e.Bytes
	s.days[day] = time.Time{}
	if _, err := os.Stat(filepath.Join(s.dir, day)); err == nil && os.Remove(filepath.Join(s.dir, day)) == nil {
		delete(s.days, day) // it was the last of its day
	}
}

// Close writes the index.
func (s *Store) Close() error { return s.Sync() }

// Sync writes the index where it is behind, so that the next one to open the
// store has less to read.
func (s *Store) Sync() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return nil
	}
	return s.writeIndex()
}
