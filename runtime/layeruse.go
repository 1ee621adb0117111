package runtime

import (
	"strings"
	"time"
)

// cost is what an import costs that has used so much CPU time itself and has
// recorded these modules: in production, it imports those of the layer as well.
func (i *importer) cost(cpu time.Duration, book *importBook) (time.Duration, []Import) {
	if i.layer != nil {
		own := map[string]bool{}
		for _, m := range book.done {
			own[m.Name] = true
		}
		for _, m := range i.layer.imports {
			if !own[m.Name] {
				book.done = append(book.done, m)
				cpu += time.Duration(m.Self) * time.Microsecond
			}
		}
	}
	return cpu, book.sorted()
}

// tellModules tells of the side modules that come with a layer that was kept, once.
func (i *importer) tellModules(tell func(Module)) {
	if i.layer == nil || !i.layer.kept || i.layer.told.Swap(true) {
		return
	}
	for _, m := range i.layer.modules {
		m.Duration = 0 // they are there
		tell(m)
	}
}

// updateLayer brings the layer up to date with an import that went well.
//
// What is kept for the next process has to be what the code imports, no less and
// no more, and is therefore made of an import that began without a layer: one that
// began with it can't tell what it would have imported. Where such a one has more,
// or where lines of the code that import have changed, nothing stays kept.
func (w *Worker) updateLayer(g *generation, i *importer, x *execution) {
	l := &layer{modules: x.modules, lines: g.project.importLines()}
	for _, m := range g.imports {
		if !strings.HasPrefix(m.File, guestApp+"/") {
			l.imports = append(l.imports, m)
		}
	}
	if i.layer != nil && !g.settings.WholeImport {
		l.modules = append(i.layer.modules[:len(i.layer.modules):len(i.layer.modules)], l.modules...)
		if w.layers.wants(x.packages) || l.lines.digest != i.layer.lines.digest {
			w.engine.dropLayer(g.settings)
		}
	}
	w.addPackages(x.packages, l, i.layer == nil)
}
