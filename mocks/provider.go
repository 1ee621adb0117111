package mocks

import (
	"errors"
	"fmt"
	"sync"
)

// Provider is a part that is opened when it is first needed: a worker that has no
// database leaves none behind. It may belong to several sets. It is safe for use
// by many goroutines.
type Provider struct {
	open func() (Part, error)

	mu     sync.Mutex
	part   Part // nil before it is open
	ops    map[string]Op
	closed bool
}

// NewProvider returns a provider; where open fails, the next call tries again.
func NewProvider(open func() (Part, error)) *Provider { return &Provider{open: open} }

// errClosed is what a call gets that comes when the session is over.
var errClosed = errors.New("the worker is closed")

// Part opens the part, unless that is done.
func (p *Provider) Part() (Part, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if p.part == nil {
		part, err := p.open()
		if err != nil {
			return nil, err
		}
		p.part, p.ops = part, part.Ops()
	}
	return p.part, nil
}

// Opened returns the part where it is open already, nil otherwise.
func (p *Provider) Opened() Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.part
}

// op finds an op of the part's.
func (p *Provider) op(name string) (Op, error) {
	if _, err := p.Part(); err != nil {
		return nil, err
	}
	f, ok := p.ops[name]
	if !ok {
		return nil, fmt.Errorf("the host knows no call %q", name)
	}
	return f, nil
}

// Close closes the part, if it was opened; it can't be opened again.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.part == nil {
		return nil
	}
	part := p.part
	p.part = nil
	return part.Close()
}
