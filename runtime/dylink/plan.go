package dylink

import (
	"context"
	"fmt"

	"github.com/tetratelabs/wazero/api"
)

// Plan is what was loaded when an image was taken. It never changes, and is safe
// for use by many goroutines.
type Plan struct {
	libraries *Libraries
	state     state
	loaded    []loaded
}

// Plan returns the plan for an image of the instance as it is now; nil where
// nothing is loaded.
func (l *Linker) Plan() *Plan {
	if len(l.loaded) == 0 {
		return nil
	}
	p := &Plan{libraries: l.libraries, state: l.state.clone()}
	for _, m := range l.loaded {
		planned := *m
		planned.instance = nil
		for _, name := range m.lib.mutable {
			planned.values = append(planned.values, m.instance.ExportedGlobal(name).Get())
		}
		p.loaded = append(p.loaded, planned)
	}
	return p
}

// Len is how many side modules the plan has.
func (p *Plan) Len() int {
	if p == nil {
		return 0
	}
	return len(p.loaded)
}

// Restore links the modules of the plan into an instance whose memory is the
// image's.
func (p *Plan) Restore(ctx context.Context, main api.Module) (*Linker, error) {
	l := &Linker{libraries: p.libraries, main: main, state: p.state.clone(), loaded: make([]*loaded, 0, len(p.loaded))}
	for _, planned := range p.loaded {
		m := planned
		if err := l.instantiate(ctx, &m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path, err)
		}
		for i, name := range m.lib.mutable {
			if global, ok := m.instance.ExportedGlobal(name).(api.MutableGlobal); ok {
				global.Set(m.values[i])
			}
		}
		l.loaded = append(l.loaded, &m)
	}
	return l, nil
}
