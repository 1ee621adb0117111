package runtime

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/image"
)

// layer is the base image with what a worker imports from site-packages already
// imported: a reload then costs the import of the worker's own code only. It is
// thrown away when a file that it was made of has changed.
//
//	base image ─▶ packages ─▶ worker image ─▶ requests
type layer struct {
	names []string // of the modules, in the order of their import
	image *image.Image
	plan  *dylink.Plan // of their side modules; may be nil
	site  *projectFiles
	dir   string // site-packages
}

func (l *layer) close() {
	l.image.Close()
	l.site.close()
}

// fits reports whether the layer is good for a worker with these site-packages.
func (l *layer) fits(dir string) bool { return l.dir == dir && !l.site.stale() }

// layers holds the layer of a worker.
type layers struct {
	mu      sync.Mutex
	current *layer   // nil where there is none
	tried   []string // the modules of which no layer could be made
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

// addPackages makes the layer for what the last import has imported from
// site-packages, in the background.
func (w *Worker) addPackages(names []string) {
	if w.settings().SitePackages == "" || !w.layers.wants(names) {
		return
	}
	w.background.Go(func() {
		l := w.makeLayer(names)
		if w.ctx.Err() != nil && l != nil {
			l.close()
			return
		}
		w.layers.set(l, names)
		if l == nil {
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

// makeLayer imports modules in a fork of the base image; nil where one of them
// can't be imported by itself.
func (w *Worker) makeLayer(names []string) *layer {
	settings := w.settings()
	l := &layer{names: names, dir: settings.SitePackages}
	var err error
	if l.site, err = openProject(settings.SitePackages); err != nil {
		return nil
	}
	i := &importer{project: l.site} // which is closed with it
	if i.draft, err = w.engine.base.Fork(settings.MemoryLimit); err != nil {
		i.discard()
		return nil
	}
	memory, err := i.draft.Memory()
	if err == nil {
		i.instance, err = w.engine.instantiate(w.ctx, w.engine.guest, memory, w.engine.base.Pages(), emptyFiles{}, l.site, nil)
	}
	if err != nil {
		i.discard()
		return nil
	}
	ok := w.importPackages(i.instance, names)
	l.site.settle()
	size := int64(i.instance.module.Memory().Size())
	if i.instance.linker != nil {
		l.plan = i.instance.linker.Plan()
	}
	i.instance.close()
	if ok {
		l.image, err = i.draft.Freeze(size)
	}
	if !ok || err != nil {
		i.draft.Discard()
		l.site.close()
		return nil
	}
	return l
}

func (w *Worker) importPackages(in *instance, names []string) bool {
	document, err := json.Marshal(loadConfig{Root: guestApp, Path: []string{guestSite}, Packages: names})
	if err != nil {
		return false
	}
	x := newExecution(executionConfig{engine: w.engine, cpuLimit: w.settings().ImportLimit, wallLimit: w.settings().WallLimit})
	err = x.run(w.ctx, in, func(ctx context.Context) error {
		p, err := in.write(ctx, document)
		if err != nil {
			return err
		}
		return in.check(ctx, "pm_load", p, uint64(len(document)))
	})
	return err == nil && x.failure == nil
}
