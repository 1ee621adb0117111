package runtime

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/image"
)

// layer is the base image with what a worker imports from site-packages already
// imported: a reload then costs the import of the worker's own code only. It is
// thrown away when a file that it was made of has changed. One that took long is
// kept in the cache, for the first import of the next process.
//
//	base image ─▶ packages ─▶ worker image ─▶ requests
type layer struct {
	names   []string // of the modules, in the order of their import
	image   *image.Image
	plan    *dylink.Plan // of their side modules; may be nil
	imports []Import     // what they cost when a worker imported them
	modules []Module     // the side modules that were loaded then
	kept    bool         // by another process
	told    atomic.Bool  // of the modules
	lines   importLines  // of the worker's code
	site    *projectFiles
	dir     string // site-packages
}

func (l *layer) close() {
	if l.image != nil {
		l.image.Close()
	}
	l.site.close()
}

// fits reports whether the layer is good for a worker with these site-packages.
func (l *layer) fits(dir string) bool { return l.dir == dir && !l.site.stale() }

// layers holds the layer of a worker.
type layers struct {
	mu      sync.Mutex
	opening sync.Once // what is kept on disk is looked for once
	current *layer    // nil where there is none
	tried   []string  // the modules of which no layer could be made
}

// get returns the layer if it is still good, and drops it if not.
func (s *layers) get(dir string) *layer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil && !s.current.fits(dir) {
		s.current.close()
		s.current, s.tried = nil, nil
	}
	return s.current
}

// fork starts a draft from the layer, or from the base where there is none.
func (s *layers) fork(base *image.Image, dir string, limit int64) (*layer, *image.Draft, error) {
	l := s.get(dir)
	s.mu.Lock() // a layer that is forked from is not closed
	defer s.mu.Unlock()
	if l == nil || l != s.current {
		draft, err := base.Fork(limit)
		return nil, draft, err
	}
	draft, err := l.image.Fork(limit)
	return l, draft, err
}

// wants reports whether a layer of these modules would save time that the
// current one does not.
func (s *layers) wants(names []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(names) == 0 || slices.Equal(names, s.tried) {
		return false
	}
	return s.current == nil || slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(s.current.names, name) })
}

func (s *layers) set(l *layer, names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		s.current.close()
	}
	s.current, s.tried = l, nil
	if l == nil {
		s.tried = names
	}
}

// openLayer looks for a layer that another process has kept, once.
func (w *Worker) openLayer() {
	w.layers.opening.Do(func() {
		s := w.settings()
		l, ok := w.engine.ahead.take(s)
		if !ok && s.SitePackages != "" && !s.WholeImport {
			l, _ = w.engine.openLayer(w.ctx, s) // an error means to make one
		}
		switch {
		case l == nil:
		case l.image == nil || l.dir != s.SitePackages:
			w.layers.set(nil, l.names)
			l.close()
		default:
			w.layers.set(l, nil)
		}
	})
}

// worthKeeping is how long the import of packages takes at least that an image of
// them is kept on disk for.
const worthKeeping = 50 * time.Millisecond

// afterClose is how long a worker that is closed goes on to make a layer: a command
// that asks for one answer would never leave one else.
const afterClose = 3 * time.Second

// addPackages makes the layer for modules that the last import has imported from
// site-packages, in the background. Known has what is known of them already. Keep
// says that the layer may be kept for other processes.
func (w *Worker) addPackages(names []string, known *layer, keep bool) {
	settings := w.settings()
	if settings.SitePackages == "" || settings.WholeImport || !w.layers.wants(names) {
		return
	}
	w.background.Go(func() {
		ctx, cancel := context.WithCancel(context.WithoutCancel(w.ctx))
		defer cancel()
		defer context.AfterFunc(w.ctx, func() { time.AfterFunc(afterClose, cancel) })()
		start := time.Now()
		made, silent := w.makeLayer(ctx, names)
		if made == nil {
			w.layers.set(nil, names)
			return
		}
		made.imports, made.modules, made.lines = known.imports, known.modules, known.lines
		if keep && silent && time.Since(start) >= worthKeeping {
			// A cache that can't be written costs time at the next start, nothing else.
			_ = w.engine.saveLayer(settings, made)
		}
		if made.image == nil {
			made.close()
			made = nil
		}
		if w.ctx.Err() != nil && made != nil {
			made.close()
			return
		}
		w.layers.set(made, names)
		if made == nil {
			return
		}
		select { // what was made ahead is of the base
		case i := <-w.importers:
			i.discard()
			w.prepare()
		default:
		}
	})
}

// makeLayer imports modules in a fork of the base image. The layer has no image
// where one of them can't be imported by itself; nil is for other reasons. Silent
// says that the import logged nothing that an import from the image would lack.
func (w *Worker) makeLayer(ctx context.Context, names []string) (_ *layer, silent bool) {
	settings := w.settings()
	l := &layer{names: names, dir: settings.SitePackages}
	var err error
	if l.site, err = openPackages(settings.SitePackages); err != nil {
		return nil, false
	}
	i := &importer{project: l.site} // which is closed with it
	if i.draft, err = w.engine.base.Fork(settings.MemoryLimit); err != nil {
		i.discard()
		return nil, false
	}
	memory, err := i.draft.Memory()
	if err == nil {
		i.instance, err = w.engine.instantiate(ctx, w.engine.guest, memory, w.engine.base.Pages(), emptyFiles{}, l.site, nil)
	}
	if err != nil {
		i.discard()
		return nil, false
	}
	ok, silent := w.importPackages(ctx, i.instance, names)
	l.site.settle()
	size := int64(i.instance.module.Memory().Size())
	if ok && i.instance.linker != nil {
		l.plan = i.instance.linker.Plan()
	}
	i.instance.close()
	if ok {
		l.image, err = i.draft.Freeze(size)
	}
	if l.image == nil {
		i.draft.Discard()
	}
	if err != nil || ctx.Err() != nil {
		l.close()
		return nil, false
	}
	return l, silent
}

func (w *Worker) importPackages(ctx context.Context, in *instance, names []string) (ok, silent bool) {
	document, err := json.Marshal(loadConfig{Root: guestApp, Path: []string{guestSite}, Packages: names})
	if err != nil {
		return false, false
	}
	x := newExecution(executionConfig{engine: w.engine, cpuLimit: w.settings().ImportLimit, wallLimit: w.settings().WallLimit})
	err = x.run(ctx, in, func(ctx context.Context) error {
		p, err := in.write(ctx, document)
		if err != nil {
			return err
		}
		return in.check(ctx, "pm_load", p, uint64(len(document)))
	})
	return err == nil && x.failure == nil, len(x.logs.entries) == 0
}
