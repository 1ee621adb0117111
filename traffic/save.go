package traffic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// Save keeps an exchange under a name in the directory dir, which is made where
// it is missing: requests/ of a project, meant to be committed. An exchange of
// that name is replaced, whole or not at all. Times, which would differ at every
// save, are left out; e must carry no secrets ([Masker.Exchange]).
func Save(dir, name string, e *Exchange) error {
	if slug(name) == "" {
		return fmt.Errorf("the name %q has no letter and no digit", name)
	}
	return SaveFile(FileOf(dir, name), name, e)
}

// FileOf is the file that [Save] keeps an exchange of that name in.
func FileOf(dir, name string) string { return filepath.Join(dir, slug(name)+extension) }

// SaveFile is Save to a file of any name that ends in .exchange.
func SaveFile(path, name string, e *Exchange) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	base := strings.TrimSuffix(filepath.Base(path), extension)
	text, beside, err := e.settled(name).encode(base)
	if err != nil {
		return fmt.Errorf("save %q: %w", name, err)
	}
	old, err := sidesOf(path)
	if err != nil {
		return fmt.Errorf("save %q: %w", name, err)
	}
	dir := filepath.Dir(path)
	for _, s := range beside {
		if err := WriteFile(filepath.Join(dir, s.name), s.data); err != nil {
			return fmt.Errorf("save %q: %w", name, err)
		}
		delete(old, s.name)
	}
	if err := WriteFile(path, text); err != nil {
		return fmt.Errorf("save %q: %w", name, err)
	}
	for name := range old { // what the exchange before had beside it
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// settled is e as it is saved: without what differs from one run to the next.
func (e *Exchange) settled(name string) *Exchange {
	out := *e
	out.ID, out.Name = "", name
	if e.Result == nil {
		return &out
	}
	r := *e.Result
	r.ID, r.Generation = "", 0
	r.Metrics.Start, r.Metrics.Wall, r.Metrics.Host = 0, 0, 0
	r.Logs, r.Calls, r.Modules = append(r.Logs[:0:0], r.Logs...), append(r.Calls[:0:0], r.Calls...), append(r.Modules[:0:0], r.Modules...)
	for n := range r.Logs {
		r.Logs[n].At = 0
	}
	for n := range r.Calls {
		r.Calls[n].At, r.Calls[n].Duration = 0, 0
	}
	for n := range r.Modules {
		r.Modules[n].Duration = 0
	}
	out.Result = &r
	return &out
}

// sidesOf are the names of the files that may be beside an exchange's, and are.
func sidesOf(path string) (map[string]bool, error) {
	names := map[string]bool{}
	base := strings.TrimSuffix(filepath.Base(path), extension)
	for _, suffix := range sideSuffixes() {
		name := base + "." + suffix
		switch _, err := os.Lstat(filepath.Join(filepath.Dir(path), name)); {
		case err == nil:
			names[name] = true
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	return names, nil
}

func sideSuffixes() []string { return []string{"request.body", "response.body", "recording"} }

// slug is a name as a file is called: "create order" is create-order.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 100 {
			break
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}

// WriteFile writes a file that is there whole, also after a power failure, or
// not at all.
func WriteFile(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Not every file system syncs directories; the rename is done all the same.
	_ = d.Sync()
	return nil
}
