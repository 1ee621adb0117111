package runtime

import (
	"context"
	"encoding/json"
	"sync"

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
	image    *image.Image // nil where the import failed
	failure  *Failure     // why the import failed

	ready chan *instance // mapped ahead

	mu      sync.Mutex
	users   int  // requests, and mappings ahead
	retired bool // no more requests will come
}

// mappedAhead is how many instances wait for a request.
const mappedAhead = 2

// take returns an instance for a request.
func (g *generation) take(ctx context.Context) (*instance, error) {
	select {
	case in := <-g.ready:
		return in, nil
	default:
		return g.mapInstance(ctx)
	}
}

// mapInstance maps one from the image.
func (g *generation) mapInstance(ctx context.Context) (*instance, error) {
	m, err := g.image.Memory(g.settings.MemoryLimit)
	if err != nil {
		return nil, err
	}
	return g.worker.engine.instantiate(context.WithoutCancel(ctx), g.worker.engine.guest, m, g.image.Pages(),
		g.project, g.worker.siteFiles())
}

// refill maps instances ahead, in the background.
func (g *generation) refill() {
	if g.image == nil || len(g.ready) == cap(g.ready) || !g.use() {
		return
	}
	g.worker.background.Go(func() {
		defer g.release()
		for len(g.ready) < cap(g.ready) && !g.isRetired() {
			in, err := g.mapInstance(context.Background())
			if err != nil {
				return // a request will meet the same error, and report it
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
