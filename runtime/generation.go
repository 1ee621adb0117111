package runtime

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"pymode-tui/runtime/dylink"
	"pymode-tui/runtime/image"
)

// generation is one version of a worker's code, ready to serve: its image, and
// an instance mapped ahead.
type generation struct {
	number   int
	worker   *Worker
	settings *settings
	project  *projectFiles
	env      json.RawMessage
	image    *image.Image  // nil where the import failed
	plan     *dylink.Plan  // of the side modules that the import loaded; may be nil
	failure  *Failure      // why the import failed
	cpu      time.Duration // of the import
	imports  []Import      // what the modules cost, the most expensive first

	ready   chan *instance // mapped ahead, or back from a request
	lent    atomic.Int64   // instances that are to come back
	filling atomic.Bool    // an instance is being mapped ahead
	pattern atomic.Pointer[image.Pattern]
	served  atomic.Int64

	mu      sync.Mutex
	users   int  // requests, and mappings ahead
	retired bool // no more requests will come
}

// mappedAhead is how many instances are mapped before a request asks for them, and
// maxReady how many wait for one at most.
const (
	mappedAhead = 2
	maxReady    = 4
)

// take returns an instance for a request, which is to be given back.
func (g *generation) take(ctx context.Context) (in *instance, err error) {
	select {
	case in = <-g.ready:
	default:
		if in, err = g.mapInstance(ctx); err != nil {
			return nil, err
		}
	}
	g.lent.Add(1)
	return in, nil
}

// giveBack takes an instance back, in the background. Not reusable is one that did
// not end well.
func (g *generation) giveBack(in *instance, reusable bool) {
	if !g.use() {
		g.lent.Add(-1)
		in.close()
		return
	}
	g.worker.background.Go(func() {
		defer g.release()
		g.recycle(in, reusable)
		g.lent.Add(-1)
		g.refill()
	})
}

// mapInstance maps one from the image.
func (g *generation) mapInstance(ctx context.Context) (*instance, error) {
	m, err := g.image.Memory(g.settings.MemoryLimit)
	if err != nil {
		return nil, err
	}
	return g.worker.engine.instantiate(context.WithoutCancel(ctx), g.worker.engine.guest, m, g.image.Pages(),
		g.project, g.worker.siteFiles(), g.plan)
}

// lacks reports whether an instance should be mapped ahead: those that requests have
// come back, but one is to be there for a request that comes before.
func (g *generation) lacks() bool {
	ready := len(g.ready)
	return ready == 0 || int64(ready)+g.lent.Load() < mappedAhead
}

// refill maps instances ahead, in the background.
func (g *generation) refill() {
	if g.image == nil || !g.lacks() || !g.use() {
		return
	}
	g.worker.background.Go(func() {
		defer g.release()
		if g.filling.Swap(true) {
			return
		}
		defer g.filling.Store(false)
		for g.lacks() && !g.isRetired() {
			in, err := g.mapInstance(context.Background())
			if err != nil {
				return // a request will meet the same error, and report it
			}
			if p := g.pattern.Load(); p != nil {
				in.memory.Prefault(*p)
			}
			select {
			case g.ready <- in:
			default:
				in.close()
				return
			}
		}
	})
}

// recycle takes back an instance that has served a request. One that ended well
// is made equal to the image again and waits for the next request; it then has
// the pages at hand that requests touch.
func (g *generation) recycle(in *instance, endedWell bool) {
	const often, rare = 3, 64 // the first three requests, then one in 64
	if n := g.served.Add(1); n <= often || n%rare == 0 {
		if p := in.memory.Touched(); !p.IsEmpty() {
			g.pattern.Store(&p)
			g.worker.pattern.Store(&p) // a good guess for the next generation
		}
	}
	if endedWell && in.linked() == g.plan.Len() && in.files.open.Load() == 0 && !g.isRetired() && in.memory.Reset() {
		select {
		case g.ready <- in:
			return
		default: // there are enough
		}
	}
	in.close()
}

func (g *generation) isRetired() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.retired
}

// use counts a user; not ok once the generation is retired.
func (g *generation) use() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.retired {
		return false
	}
	g.users++
	return true
}

func (g *generation) release() {
	g.mu.Lock()
	g.users--
	last := g.retired && g.users == 0
	g.mu.Unlock()
	if last {
		g.close()
	}
}

// retire lets the generation go when its last request is done.
func (g *generation) retire() {
	g.mu.Lock()
	last := !g.retired && g.users == 0
	g.retired = true
	g.mu.Unlock()
	if last {
		g.close()
	}
}

func (g *generation) close() {
	for {
		select {
		case in := <-g.ready:
			in.close()
			continue
		default:
		}
		break
	}
	if g.image != nil {
		g.image.Close()
	}
	if g.project != nil {
		g.project.close()
	}
}
