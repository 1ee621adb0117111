// Package mocks is what answers a worker's host calls on this machine: KV on
// Redis, R2 on files, D1 on SQLite, HTTP and TCP on the real network, AI on an
// endpoint of the user's choice.
//
// "Mock" is the field's word for what stands in for the platform; nothing here
// invents an answer. A [Set] holds the parts of one worker. Each part has a
// package of its own, and behaves as the platform's documents and its local
// simulator do, to the error text.
//
//	guest ─▶ hostcall ─▶ runtime.Calls (a request's) ─▶ part "kv" ─▶ op "kv.get"
package mocks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
)

// Caller is on whose behalf an op runs.
type Caller struct {
	runtime.CallerInfo
	// OnClose adds what is to be done when the request is over.
	OnClose func(func())
}

// Target is what the worker's config binds to a name, by itself the name.
func (c Caller) Target(binding string) string {
	if target := c.Env[binding].Target; target != "" {
		return target
	}
	return binding
}

// Op answers one op of the general call: JSON and bytes in and out. An error's
// text is what the guest's exception is made of: "TypeError: Key name cannot be
// empty."
type Op func(ctx context.Context, caller Caller, args, data []byte) (result, resultData []byte, err error)

// Part is one of the services of a set.
type Part interface {
	// Ops are the part's ops by name. What is before the dot is the part's own
	// name: "kv.get".
	Ops() map[string]Op
	// Close writes down what has to be kept and lets go of the rest.
	Close() error
}

// Network opens the network for one request, whose connections are let go when
// it is over.
type Network interface {
	Open(ctx context.Context, caller Caller) RequestNetwork
}

// RequestNetwork is the network of one request, with the ops that go with its
// connections.
type RequestNetwork interface {
	hostcall.Network
	Ops() map[string]Op
}

// Set is what answers one worker's host calls. It implements [runtime.Bindings].
type Set struct {
	// Subrequests is how many calls to the network and to bindings one request
	// may make; 0 is without limit.
	Subrequests int

	network Network
	parts   map[string]*Provider
}

// New joins parts to a set. A network of nil is unavailable.
func New(network Network, parts ...Part) *Set {
	s := &Set{network: network, parts: map[string]*Provider{}}
	for _, p := range parts {
		for op := range p.Ops() {
			s.Provide(partOf(op), &Provider{part: p, ops: p.Ops()})
		}
	}
	return s
}

// Provide adds the part of the name, which is opened when it is first needed.
func (s *Set) Provide(name string, p *Provider) { s.parts[name] = p }

// partOf is the name of the part that an op is of.
func partOf(op string) string {
	name, _, _ := strings.Cut(op, ".")
	return name
}

// Open implements [runtime.Bindings].
func (s *Set) Open(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	c := &calls{set: s, subrequests: subrequests{limit: s.Subrequests, warn: info.Warn}}
	c.caller = Caller{CallerInfo: info, OnClose: func(f func()) { c.closers = append(c.closers, f) }}
	c.storage = &storage{set: s, caller: c.caller, count: &c.subrequests}
	c.network = unavailable{}
	if s.network != nil {
		c.network = s.network.Open(ctx, c.caller)
	}
	c.ops = c.network.Ops()
	return c
}

// unavailable is no network.
type unavailable struct{ hostcall.Unavailable }

// Ops implements [RequestNetwork].
func (unavailable) Ops() map[string]Op { return nil }

// calls is a set for one request.
type calls struct {
	*storage
	subrequests
	network RequestNetwork
	set     *Set
	caller  Caller
	ops     map[string]Op // of the network
	closers []func()
}

// Call implements [runtime.Calls].
func (c *calls) Call(ctx context.Context, op string, args, data []byte) (result, resultData []byte, err error) {
	if f, ok := c.ops[op]; ok {
		return f(ctx, c.caller, args, data)
	}
	provider, ok := c.set.parts[partOf(op)]
	if !ok {
		return nil, nil, fmt.Errorf("the host knows no call %q", op)
	}
	if err := c.subrequest(); err != nil {
		return nil, nil, err
	}
	f, err := provider.op(op)
	if err != nil {
		return nil, nil, err
	}
	return f(ctx, c.caller, args, data)
}

// HTTPFetch implements [hostcall.Network].
func (c *calls) HTTPFetch(ctx context.Context, method, url string, headers, body []byte) (status int, responseHeaders, responseBody []byte, err error) {
	if err := c.subrequest(); err != nil {
		return 0, nil, nil, err
	}
	return c.network.HTTPFetch(ctx, method, url, headers, body)
}

// TCPConnect implements [hostcall.Network].
func (c *calls) TCPConnect(ctx context.Context, host string, port int) (id int32, err error) {
	if err := c.subrequest(); err != nil {
		return 0, err
	}
	return c.network.TCPConnect(ctx, host, port)
}

// TCPSend implements [hostcall.Network].
func (c *calls) TCPSend(ctx context.Context, id int32, data []byte) (sent int, err error) {
	return c.network.TCPSend(ctx, id, data)
}

// TCPReceive implements [hostcall.Network].
func (c *calls) TCPReceive(ctx context.Context, id int32, buf []byte) (received int, err error) {
	return c.network.TCPReceive(ctx, id, buf)
}

// TCPClose implements [hostcall.Network].
func (c *calls) TCPClose(ctx context.Context, id int32) { c.network.TCPClose(ctx, id) }

// Close implements [runtime.Calls].
func (c *calls) Close() {
	for _, f := range slices.Backward(c.closers) {
		f()
	}
}
