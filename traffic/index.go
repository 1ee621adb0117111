package traffic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The index is a line an entry, tabs between the fields, sorted by ID. Before
// them stands a line a day directory, with its modification time when the
// entries were true of it; the last line says how many entries there are:
//
//	pymode index 1
//	day	2026-11-25	1764077534123456789
//	20261125T133214.123456789Z-0000	1764077534123456789	shop	gateway	GET	http://…	200	0	3100	412
//	end	1
//
// Creating, renaming and removing files changes a directory's time. A day whose
// time is another one by now is listed, and what is new in it is read.

const (
	indexName  = "index"
	indexMagic = "pymode index 1"
	// maxIndex is how large an index may be, in bytes.
	maxIndex = 1 << 30
	// racy is how close a change may be to the look at a directory's time
	// for another one to have the same time.
	racy = 50 * time.Millisecond
	// abandoned is the age at which a file that belongs to nothing is removed.
	abandoned = time.Hour
)

// load reads the index and brings it up to date with the files.
func (s *Store) load() error {
	names, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.readIndex() {
		s.entries, s.days, s.dirty = nil, map[string]time.Time{}, true
	}
	exists := map[string]bool{}
	for _, d := range names {
		if _, err := time.Parse(time.DateOnly, d.Name()); err == nil && d.IsDir() {
			exists[d.Name()] = true
		}
	}
	for day := range s.days {
		if !exists[day] {
			delete(s.days, day)
			s.keep(day, nil)
		}
	}
	for day := range exists {
		if err := s.reconcile(day); err != nil {
			return err
		}
	}
	for _, e := range s.entries {
		s.bytes += e.Bytes
	}
	return nil
}

// reconcile makes the entries of a day true again, where its directory changed.
func (s *Store) reconcile(day string) error {
	dir := filepath.Join(s.dir, day)
	now := time.Now()
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if at, ok := s.days[day]; ok && at.Equal(info.ModTime()) {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return err
	}
	found := make(map[string]bool, len(names))
	for _, name := range names {
		if id, ok := strings.CutSuffix(name, extension); ok && len(id) > len("20060102") && dayOf(id) == day {
			found[id] = true
		}
	}
	known := s.keep(day, found)
	added := false
	for id := range found {
		if known[id] {
			continue
		}
		entry, err := readEntry(filepath.Join(dir, id+extension), id)
		if err != nil {
			s.damaged++
			continue
		}
		s.entries, added = append(s.entries, entry), true
	}
	if added {
		slices.SortFunc(s.entries, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	}
	sweep(dir, names, found, now)
	s.dirty = true
	s.days[day] = time.Time{}
	if now.Sub(info.ModTime()) > racy {
		s.days[day] = info.ModTime()
	}
	return nil
}

// keep drops the entries of a day that are not found, and says which are left.
func (s *Store) keep(day string, found map[string]bool) (known map[string]bool) {
	known = map[string]bool{}
	s.entries = slices.DeleteFunc(s.entries, func(e Entry) bool {
		if dayOf(e.ID) != day {
			return false
		}
		known[e.ID] = found[e.ID]
		return !found[e.ID]
	})
	return known
}

// sweep removes what a process left behind that was killed while it wrote.
func sweep(dir string, names []string, found map[string]bool, now time.Time) {
	for _, name := range names {
		id := strings.TrimSuffix(name, extension)
		for _, suffix := range sideSuffixes() {
			id = strings.TrimSuffix(id, "."+suffix)
		}
		temporary := strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
		if found[id] || id == name && !temporary {
			continue
		}
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > abandoned {
			_ = os.Remove(path)
		}
	}
}

// readEntry reads what an entry shows of an exchange, without the files beside.
func readEntry(path, id string) (Entry, error) {
	text, err := readBounded(path, maxText)
	if err != nil {
		return Entry{}, err
	}
	size := int64(len(text))
	e, err := parse(text, func(_ string, n int64) ([]byte, error) {
		size += n
		return nil, nil
	})
	if err != nil {
		return Entry{}, err
	}
	e.ID = id
	return entryOf(e, size), nil
}

// readIndex reports whether there is one that makes sense.
func (s *Store) readIndex() bool {
	text, err := readBounded(filepath.Join(s.dir, indexName), maxIndex)
	if err != nil {
		return false
	}
	rest, ok := strings.CutPrefix(string(text), indexMagic+"\n")
	if !ok {
		return false
	}
	s.entries = make([]Entry, 0, strings.Count(rest, "\n"))
	names := map[string]string{} // one string for all entries of a worker
	for {
		line, after, ok := strings.Cut(rest, "\n")
		if !ok {
			return false // it breaks off
		}
		rest = after
		if day, ok := strings.CutPrefix(line, "day\t"); ok {
			name, at, _ := strings.Cut(day, "\t")
			ns, err := strconv.ParseInt(at, 10, 64)
			if err != nil {
				return false
			}
			s.days[name] = time.Time{}
			if ns != 0 {
				s.days[name] = time.Unix(0, ns)
			}
			continue
		}
		if count, ok := strings.CutPrefix(line, "end\t"); ok {
			return count == strconv.Itoa(len(s.entries)) && rest == ""
		}
		e, ok := parseEntry(line, names)
		if !ok || len(s.entries) > 0 && s.entries[len(s.entries)-1].ID >= e.ID {
			return false
		}
		s.entries = append(s.entries, e)
	}
}

// parseEntry reads a line of the index.
func parseEntry(line string, names map[string]string) (e Entry, ok bool) {
	var fields [10]string
	for n := range fields {
		var more bool
		fields[n], line, more = strings.Cut(line, "\t")
		if more != (n < len(fields)-1) {
			return e, false
		}
	}
	for n := 2; n <= 5; n++ {
		if !strings.HasPrefix(fields[n], `"`) {
			continue
		}
		text, err := strconv.Unquote(fields[n])
		if err != nil {
			return e, false
		}
		fields[n] = text
	}
	var numbers [5]int64
	for n, field := range [5]string{fields[1], fields[6], fields[7], fields[8], fields[9]} {
		var err error
		if numbers[n], err = strconv.ParseInt(field, 10, 64); err != nil {
			return e, false
		}
	}
	shared := func(s string) string {
		if known, ok := names[s]; ok {
			return known
		}
		names[s] = s
		return s
	}
	if len(fields[0]) < len("20060102T") {
		return e, false
	}
	return Entry{
		ID: fields[0], At: time.Unix(0, numbers[0]).UTC(), Worker: shared(fields[2]), Source: shared(fields[3]),
		Method: shared(fields[4]), URL: fields[5], Status: int(numbers[1]), Failed: numbers[2] != 0, Wall: numbers[3], Bytes: numbers[4],
	}, true
}

// writeIndex writes the index, after a look at what others have written.
func (s *Store) writeIndex() error {
	for day := range s.days {
		if err := s.reconcile(day); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("index of the captured traffic: %w", err)
		}
	}
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	fmt.Fprintln(w, indexMagic)
	for day, at := range s.days {
		ns := int64(0)
		if !at.IsZero() {
			ns = at.UnixNano()
		}
		fmt.Fprintf(w, "day\t%s\t%d\n", day, ns)
	}
	var line []byte
	for _, e := range s.entries {
		line = append(line[:0], e.ID...)
		line = strconv.AppendInt(append(line, '\t'), e.At.UnixNano(), 10)
		for _, text := range [4]string{e.Worker, e.Source, e.Method, e.URL} {
			line = append(append(line, '\t'), quoted(text)...)
		}
		failed := int64(0)
		if e.Failed {
			failed = 1
		}
		for _, n := range [4]int64{int64(e.Status), failed, e.Wall, e.Bytes} {
			line = strconv.AppendInt(append(line, '\t'), n, 10)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "end\t%d\n", len(s.entries))
	if err := w.Flush(); err != nil {
		return err
	}
	if err := WriteFile(filepath.Join(s.dir, indexName), b.Bytes()); err != nil {
		return fmt.Errorf("index of the captured traffic: %w", err)
	}
	s.dirty = false
	return nil
}
