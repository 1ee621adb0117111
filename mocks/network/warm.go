package network

import (
	"context"
	"sync"
	"time"
)

const (
	maxWarm  = 16               // addresses with a connection at the ready
	warmTime = 30 * time.Second // how long one waits to be used
)

// warm keeps one connection at the ready for each address that was connected to
// lately: the next request that wants one does not wait for the handshake.
//
// They are new ones, not those that a request has used: what a finished request
// has left behind in the protocol on top (a login, half an answer) is nobody's to
// continue. A server that greets first is read ahead, as ever.
type warm struct {
	dial func(ctx context.Context, address string) (*connection, error)

	mu      sync.Mutex
	ready   map[string]*connection
	opening map[string]bool
	closed  bool
	ctx     context.Context // of the dials
	cancel  context.CancelFunc
	dialing sync.WaitGroup
}

func newWarm(dial func(context.Context, string) (*connection, error)) *warm {
	w := &warm{dial: dial, ready: map[string]*connection{}, opening: map[string]bool{}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	return w
}

// take returns the connection at the ready for an address, nil where there is
// none or its peer has closed it.
func (w *warm) take(address string) *connection {
	w.mu.Lock()
	c := w.ready[address]
	delete(w.ready, address)
	w.mu.Unlock()
	if c == nil {
		return nil
	}
	if c.failed() {
		c.end()
		return nil
	}
	return c
}

// prepare opens a connection for the next request, in the background.
func (w *warm) prepare(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.opening[address] || w.ready[address] != nil || len(w.ready)+len(w.opening) >= maxWarm {
		return
	}
	w.opening[address] = true
	w.dialing.Go(func() {
		c, err := w.dial(w.ctx, address)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.opening, address)
		switch {
		case err != nil: // the next request meets the same error, and reports it
		case w.closed:
			c.end()
		default:
			w.ready[address] = c
			time.AfterFunc(warmTime, func() { w.drop(address, c) })
		}
	})
}

// drop closes a connection that nobody has taken.
func (w *warm) drop(address string, c *connection) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ready[address] == c {
		delete(w.ready, address)
		c.end()
	}
}

func (w *warm) close() {
	w.cancel()
	w.mu.Lock()
	w.closed = true
	for _, c := range w.ready {
		c.end()
	}
	w.ready = map[string]*connection{}
	w.mu.Unlock()
	w.dialing.Wait()
}
