package r2

import (
	"errors"
	"sync"

	"pymode-tui/mocks"
)

// maxHandles is how many bodies one request can have open.
const maxHandles = 64

// handles are the bodies that requests read or write in pieces. What a request
// leaves open is closed when it ends. The zero value is ready.
type handles struct {
	mu       sync.Mutex
	open     map[string]*handle
	requests map[owner]int // how many each has open
}

// owner is a request, or a worker's import.
type owner struct{ worker, request string }

// handle is one open body: a reader or a writer.
type handle struct {
	owner  owner
	reader *reader
	writer *writer
}

// reader is an object's body, or the part of it that was asked for.
type reader struct {
	body    body
	binding string
	key     string
	part    slice
}

// writer is a body that is being received.
type writer struct {
	spool   *spool
	bucket  bucket
	action  string // "put" or "uploadPart"
	args    putArgs
	declare int64 // its length, bytes
}

// close lets go of the body; what was written and not committed is deleted.
func (h *handle) close() error {
	if h.reader != nil {
		return h.reader.body.Close()
	}
	h.writer.spool.discard()
	return nil
}

// add opens a handle, which is closed with the request.
func (hs *handles) add(caller mocks.Caller, h *handle) (id string, err error) {
	h.owner = owner{caller.Worker, caller.ID}
	id = randomName()
	hs.mu.Lock()
	if hs.open == nil {
		hs.open, hs.requests = map[string]*handle{}, map[owner]int{}
	}
	full := hs.requests[h.owner] >= maxHandles
	if !full {
		hs.open[id] = h
		hs.requests[h.owner]++
	}
	hs.mu.Unlock()
	if full {
		return "", errors.Join(errors.New("too many objects are open; close() those that were read"), h.close())
	}
	if caller.OnClose != nil {
		caller.OnClose(func() {
			if h := hs.take(caller, id); h != nil {
				_ = h.close() // the request is over: there is nobody to tell
			}
		})
	}
	return id, nil
}

// get returns a request's own handle, nil where it has none of that id.
func (hs *handles) get(caller mocks.Caller, id string) *handle {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.open[id]
	if h == nil || h.owner != (owner{caller.Worker, caller.ID}) {
		return nil
	}
	return h
}

// take is get, and the handle is no longer there.
func (hs *handles) take(caller mocks.Caller, id string) *handle {
	h := hs.get(caller, id)
	if h == nil {
		return nil
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.open[id] != h {
		return nil
	}
	delete(hs.open, id)
	if hs.requests[h.owner]--; hs.requests[h.owner] <= 0 {
		delete(hs.requests, h.owner)
	}
	return h
}

// closeAll lets go of everything.
func (hs *handles) closeAll() {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, h := range hs.open {
		_ = h.close() // bodies that nobody waits for any more
	}
	clear(hs.open)
	clear(hs.requests)
}
