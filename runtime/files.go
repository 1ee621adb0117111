package runtime

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Where the guest sees what the host has.
const (
	guestApp  = "/app"
	guestSite = "/site"
	guestLib  = "/usr/lib" // the standard library
)

// projectFiles is the project's directory as the guest sees it: read-only,
// never through a link to the outside (os.Root refuses), and without what would
// not be deployed. It remembers what the import has read.
type projectFiles struct {
	root  *os.Root
	files fs.FS

	whole    bool        // remembers what was listed and what was missing, too
	watching atomic.Bool // while the import goes on
	mu       sync.Mutex
	opened   map[string]stamp
	missing  map[string]bool // names; where whole
	renewed  bool            // a stamp was
}

// stamp tells one version of a file or directory from the next.
type stamp struct {
	size    int64
	modTime time.Time
	file    os.FileInfo // for os.SameFile: a rename over a file keeps size and time; nil in what another process noted
	id      [3]int64    // fileID, zero where it is not known
	content [32]byte    // SHA-256, of at most maxHashed bytes, or of a directory's names
}

func newStamp(info os.FileInfo, content [32]byte) stamp {
	return stamp{info.Size(), info.ModTime(), info, fileID(info), content}
}

// maxHashed bounds what is read of a file to tell its versions apart.
const maxHashed = 8 << 20

func hash(f *os.File, info os.FileInfo) [32]byte {
	h := sha256.New()
	if info.IsDir() {
		entries, _ := f.ReadDir(-1)
		names := make([]string, len(entries))
		for i, entry := range entries {
			names[i] = entry.Name()
		}
		slices.Sort(names)
		_, _ = io.WriteString(h, strings.Join(names, "\x00"))
	} else {
		_, _ = io.Copy(h, io.NewSectionReader(f, 0, maxHashed))
	}
	return [32]byte(h.Sum(nil))
}

func (s stamp) isOf(info os.FileInfo) bool {
	if info.Size() != s.size || !info.ModTime().Equal(s.modTime) {
		return false
	}
	if s.file != nil {
		return os.SameFile(info, s.file)
	}
	return s.id != [3]int64{} && s.id == fileID(info)
}

// openPackages opens site-packages for an image of what is imported from there.
func openPackages(dir string) (*projectFiles, error) {
	p, err := openProject(dir)
	if err == nil {
		p.whole, p.missing = true, map[string]bool{}
	}
	return p, err
}

func openProject(dir string) (*projectFiles, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	p := &projectFiles{root: root, files: root.FS(), opened: map[string]stamp{}}
	p.watching.Store(true)
	return p, nil
}

// hidden are names that the guest doesn't see: secrets, state, history.
var hidden = []string{".dev.vars", ".git", ".pymode", ".venv", "node_modules"}

// Open implements [fs.FS].
func (p *projectFiles) Open(name string) (fs.File, error) {
	for part := range strings.SplitSeq(name, "/") {
		if slices.Contains(hidden, part) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	f, err := p.files.Open(name)
	if err != nil {
		if p.whole && p.watching.Load() && errors.Is(err, fs.ErrNotExist) {
			p.mu.Lock()
			p.missing[name] = true
			p.mu.Unlock()
		}
		return nil, err
	}
	if p.watching.Load() {
		p.remember(name, f)
	}
	return f, nil
}

func (p *projectFiles) remember(name string, f fs.File) {
	file, ok := f.(*os.File)
	if !ok {
		return
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() && (!p.whole || !info.IsDir()) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, ok := p.opened[name]; ok && was.isOf(info) && p.whole {
		return
	}
	if info.IsDir() { // the guest lists the one that it has
		if file, err = p.root.Open(name); err != nil {
			return
		}
		defer func() { _ = file.Close() }()
	}
	p.opened[name] = newStamp(info, hash(file, info))
}

// settle ends the import: what is opened from now on is read live.
func (p *projectFiles) settle() { p.watching.Store(false) }

// stale reports whether a file that the import has read is another one by now.
// A file that was saved without a change is not.
func (p *projectFiles) stale() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, was := range p.opened {
		info, err := p.root.Stat(name)
		if err != nil {
			return true
		}
		if was.isOf(info) {
			continue
		}
		file, err := p.root.Open(name)
		if err != nil {
			return true
		}
		content := hash(file, info)
		_ = file.Close()
		if content != was.content {
			return true
		}
		p.opened[name] = newStamp(info, content)
		p.renewed = true
	}
	for name := range p.missing {
		if _, err := p.root.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

func (p *projectFiles) close() { _ = p.root.Close() }

// openFiles counts what an instance has open. wazero keeps its table of file
// descriptors; when all that was opened is closed, it is as it was.
type openFiles struct{ open atomic.Int64 }

// count returns the files such that what is open of them is counted.
func (o *openFiles) count(files fs.FS) fs.FS { return countedFiles{files, o} }

type countedFiles struct {
	files   fs.FS
	counter *openFiles
}

// Open implements [fs.FS].
func (c countedFiles) Open(name string) (fs.File, error) {
	f, err := c.files.Open(name)
	if err != nil {
		return nil, err
	}
	c.counter.open.Add(1)
	closing := &closeCounter{counter: c.counter}
	switch f := f.(type) {
	case *os.File:
		return &countedFile{f, closing}, nil
	case fs.ReadDirFile:
		return &countedDir{f, closing}, nil
	default:
		return &countedOther{f, closing}, nil
	}
}

// closeCounter takes one off for the first Close.
type closeCounter struct {
	counter *openFiles
	closed  atomic.Bool
}

func (c *closeCounter) closing() {
	if !c.closed.Swap(true) {
		c.counter.open.Add(-1)
	}
}

// A file keeps its other methods, by which wazero reads, seeks and lists.
type (
	countedFile struct {
		*os.File
		*closeCounter
	}
	countedDir struct {
		fs.ReadDirFile
		*closeCounter
	}
	countedOther struct {
		fs.File
		*closeCounter
	}
)

// Close implements [fs.File].
func (f *countedFile) Close() error {
	f.closing()
	return f.File.Close()
}

// Close implements [fs.File].
func (f *countedDir) Close() error {
	f.closing()
	return f.ReadDirFile.Close()
}

// Close implements [fs.File].
func (f *countedOther) Close() error {
	f.closing()
	return f.File.Close()
}

// emptyFiles is a directory without files: what stands for a project before
// there is one.
type emptyFiles struct{}

// Open implements [fs.FS].
func (emptyFiles) Open(name string) (fs.File, error) {
	if name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return emptyDir{}, nil
}

type emptyDir struct{}

func (emptyDir) Stat() (fs.FileInfo, error) { return emptyDir{}, nil }
func (emptyDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: ".", Err: fs.ErrInvalid}
}
func (emptyDir) Close() error                       { return nil }
func (emptyDir) ReadDir(int) ([]fs.DirEntry, error) { return nil, nil }
func (emptyDir) Name() string                       { return "." }
func (emptyDir) Size() int64                        { return 0 }
func (emptyDir) Mode() fs.FileMode                  { return fs.ModeDir | 0o555 }
func (emptyDir) ModTime() time.Time                 { return time.Time{} }
func (emptyDir) IsDir() bool                        { return true }
func (emptyDir) Sys() any                           { return nil }

// guestPath is where the guest sees a project's file.
func guestPath(name string) string { return path.Join(guestApp, name) }

// moved reports whether dir is another directory by now: deleted and made
// again, or gone.
func (p *projectFiles) moved(dir string) bool {
	was, err := p.root.Stat(".")
	if err != nil {
		return true
	}
	is, err := os.Stat(dir)
	return err != nil || !os.SameFile(was, is)
}
