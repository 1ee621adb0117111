package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"pymode-tui/runtime/filecache"
	"pymode-tui/runtime/image"
	"pymode-tui/runtime/skeleton"

	"golang.org/x/sync/errgroup"
)

// What the cache keeps, at most.
const (
	maxKeptLayers   = 2 * 8 // files, two a layer
	maxLayerBytes   = 1 << 30
	maxKeptPrepared = 512 // files, one a side module
	maxPrepareBytes = 256 << 20
	maxKeptProbes   = 16 // files, one a version of wazero
	maxProbeBytes   = 1 << 20
	maxImages       = 256 // files, three an interpreter
	maxImageBytes   = 1 << 30
	maxCodeBytes    = 2 << 30
)

// keptLayer is what is kept of a layer beside its image.
type keptLayer struct {
	Names   []string    `json:"names"`
	Image   []byte      `json:"image"` // its key; none where no layer can be made of these names
	Plan    []byte      `json:"plan"`
	Imports []Import    `json:"imports"`
	Modules []Module    `json:"modules"`
	Code    []string    `json:"code"`       // files of the project that were imported
	Lines   []byte      `json:"code_lines"` // see importLines
	Files   []keptStamp `json:"files"`
	Missing []string    `json:"missing"`
}

// keptStamp is the stamp of a file or directory of site-packages.
type keptStamp struct {
	Name    string   `json:"name"`
	Size    int64    `json:"size"`
	ModTime int64    `json:"mtime_ns"`
	ID      [3]int64 `json:"id"`
	Content []byte   `json:"content"`
}

// layerKey names the layer of a worker: by what it is called, and by the packages
// that are installed, wherever they are.
func (e *Engine) layerKey(s *settings) (string, error) {
	dir, err := os.Open(s.SitePackages)
	if err != nil {
		return "", err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Stat()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %d %x", s.Name, s.Module, s.MemoryLimit, hash(dir, info))
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func (e *Engine) keptLayers() keptFiles { return e.kept("layers", maxKeptLayers, maxLayerBytes) }

// saveLayer keeps a layer for the next process. One without an image says that
// none can be made.
func (e *Engine) saveLayer(s *settings, l *layer) error {
	key, err := e.layerKey(s)
	if err != nil || e.memory {
		return err
	}
	k := keptLayer{Names: l.names, Imports: l.imports, Modules: l.modules, Code: l.lines.files, Lines: l.lines.digest[:]}
	if k.Plan, err = l.plan.Encode(); err != nil {
		return err
	}
	k.Files, k.Missing = l.site.inputs()
	files := e.keptLayers()
	if err := os.MkdirAll(files.dir, 0o755); err != nil {
		return err
	}
	if l.image != nil {
		// The image goes first. Should the other file not be its, by a crash or by
		// another process in between, then it has another key.
		var id [32]byte
		_, _ = rand.Read(id[:])
		k.Image = id[:]
		if err := l.image.Save(files.path(key+".img"), id); err != nil {
			return err
		}
	}
	return e.saveLayerRecord(key, k)
}

func (e *Engine) saveLayerRecord(key string, k keptLayer) error {
	b, err := json.Marshal(k)
	if err == nil {
		e.keptLayers().Put(key+".json", b)
	}
	return err
}

// dropLayer removes what is kept for a worker.
func (e *Engine) dropLayer(s *settings) {
	if key, err := e.layerKey(s); err == nil {
		_ = os.Remove(e.keptLayers().path(key + ".json"))
		_ = os.Remove(e.keptLayers().path(key + ".img"))
	}
}

var errNoLayer = errors.New("no layer is kept")

// openLayer opens the layer that is kept for a worker, where it is still true. One
// without an image says that none can be made of its names.
func (e *Engine) openLayer(ctx context.Context, s *settings) (_ *layer, err error) {
	key, err := e.layerKey(s)
	if err != nil {
		return nil, err
	}
	files := e.keptLayers()
	b, ok := files.Get(key + ".json")
	if !ok {
		return nil, errNoLayer
	}
	var k keptLayer
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, err
	}
	lines, err := readImportLines(s.Dir, k.Code)
	if err != nil || !bytes.Equal(lines.digest[:], k.Lines) {
		return nil, errNoLayer
	}
	l := &layer{names: k.Names, imports: k.Imports, modules: k.Modules, lines: lines, kept: true, dir: s.SitePackages}
	if l.site, err = openPackages(s.SitePackages); err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.Go(func() error {
		l.site.expect(k.Files, k.Missing)
		if l.site.stale() {
			return errNoLayer
		}
		return nil
	})
	if len(k.Image) > 0 {
		group.Go(func() (err error) {
			if len(k.Image) != sha256.Size {
				return image.ErrCorrupt
			}
			path := files.path(key + ".img")
			filecache.Used(path)
			l.image, err = image.Open(path, [32]byte(k.Image))
			return err
		})
		group.Go(func() (err error) {
			l.plan, err = e.libraries.DecodePlan(ctx, k.Plan)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		l.close()
		return nil, err
	}
	if l.image != nil && l.image.Size() > s.MemoryLimit {
		l.close()
		return nil, errNoLayer
	}
	if l.site.renewed { // so that the next start need not read the files
		k.Files, k.Missing = l.site.inputs()
		_ = e.saveLayerRecord(key, k)
	}
	return l, nil
}

// inputs are what the import has seen of the files.
func (p *projectFiles) inputs() (files []keptStamp, missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, s := range p.opened {
		files = append(files, keptStamp{name, s.size, s.modTime.UnixNano(), s.id, s.content[:]})
	}
	for name := range p.missing {
		missing = append(missing, name)
	}
	return files, missing
}

// expect takes what another process's import has seen.
func (p *projectFiles) expect(files []keptStamp, missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range files {
		s := stamp{size: f.Size, modTime: time.Unix(0, f.ModTime), id: f.ID}
		copy(s.content[:], f.Content)
		p.opened[f.Name] = s
	}
	for _, name := range missing {
		p.missing[name] = true
	}
	p.settle()
}

// aheadLayers are layers that are opened while the interpreter is compiled, by
// worker.
type aheadLayers struct {
	group  sync.WaitGroup
	mu     sync.Mutex
	opened map[string]*aheadLayer
}

type aheadLayer struct {
	done  chan struct{}
	layer *layer // nil where there is none
}

// open opens a layer in the background.
func (a *aheadLayers) open(ctx context.Context, e *Engine, s *settings) {
	o := &aheadLayer{done: make(chan struct{})}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.opened == nil {
		a.opened = map[string]*aheadLayer{}
	}
	a.opened[s.Name] = o
	a.group.Go(func() {
		defer close(o.done)
		if l, err := e.openLayer(ctx, s); err == nil {
			o.layer = l
		}
	})
}

// take gives a layer away; not ok where it was not asked for.
func (a *aheadLayers) take(s *settings) (l *layer, ok bool) {
	a.mu.Lock()
	o, ok := a.opened[s.Name]
	delete(a.opened, s.Name)
	a.mu.Unlock()
	if !ok {
		return nil, false
	}
	<-o.done
	return o.layer, true
}

// close lets go of what nobody took.
func (a *aheadLayers) close() {
	a.group.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.opened {
		if o.layer != nil {
			o.layer.close()
		}
	}
	a.opened = nil
}

var _ skeleton.Store = keptFiles{}
