// Package mocks is what answers a worker's host calls on this machine: KV on
// Redis, R2 on files, D1 on SQLite, HTTP and TCP on the real network, AI on an
// endpoint of the user's choice.
//
// "Mock" is the field's word for what stands in for the platform; nothing here
// invents an answer. A [Set] holds the parts of one worker. Each part has a file
// or a package of its own, registers its ops with the set, and behaves as the
// platform's documents and its local simulator do, to the error text.
//
//	guest ─▶ hostcall ─▶ runtime.Calls (a request's) ─▶ Set.ops["kv.get"] ─▶ part
package mocks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pymode-tui/runtime"
	"pymode-tui/runtime/hostcall"
)

// Caller is on whose behalf an op runs.
type Caller struct {
	runtime.CallerInfo
	// OnClose adds what is to be done when the request is over.
	OnClose func(func())
}

// Op answers one op of the general call: JSON and bytes in and out. An error's
// text is what the guest's exception is made of: "TypeError: Key name cannot be
// empty."
type Op func(ctx context.Context, caller Caller, args, data []byte) (result, resultData []byte, err error)

// Part is one of the services of a set.
type Part interface {
	// Ops are the part's ops by name: "kv.get".
	Ops() map[string]Op
	// Close writes down what has to be kept and lets go of the rest.
	Close() error
}

// Set is what answers one worker's host calls. It implements [runtime.Bindings].
type Set struct {
	parts   []Part
	ops     map[string]Op
	abi     abi
	network Network
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

// New joins parts to a set. Of two parts with the same op the later counts. A
// part that is [KV], [R2] or [D1] answers the imports of PyMode's ABI as well. A
// network of nil is unavailable.
func New(network Network, parts ...Part) *Set {
	s := &Set{parts: parts, ops: map[string]Op{}, network: network}
	for _, p := range parts {
		for name, op := range p.Ops() {
			s.ops[name] = op
		}
		switch p := p.(type) {
		case KV:
			s.abi.kv = p
		case R2:
			s.abi.r2 = p
		case D1:
			s.abi.d1 = p
		}
	}
	return s
}

// Close closes the parts, the last first.
func (s *Set) Close() error {
	var errs []error
	for _, p := range slices.Backward(s.parts) {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// Open implements [runtime.Bindings].
func (s *Set) Open(ctx context.Context, info runtime.CallerInfo) runtime.Calls {
	c := &calls{set: s}
	c.caller = Caller{CallerInfo: info, OnClose: func(f func()) { c.closers = append(c.closers, f) }}
	c.Storage = &storage{abi: &s.abi, caller: c.caller}
	c.Network = hostcall.Unavailable{}
	if s.network != nil {
		network := s.network.Open(ctx, c.caller)
		c.Network, c.ops = network, network.Ops()
	}
	return c
}

// calls is a set for one request.
type calls struct {
	hostcall.Network
	hostcall.Storage
	set     *Set
	caller  Caller
	ops     map[string]Op // of the network
	closers []func()
}

// Call implements [runtime.Calls].
func (c *calls) Call(ctx context.Context, op string, args, data []byte) (result, resultData []byte, err error) {
	f, ok := c.set.ops[op]
	if !ok {
		f, ok = c.ops[op]
	}
	if !ok {
		return nil, nil, fmt.Errorf("the host knows no call %q", op)
	}
	return f(ctx, c.caller, args, data)
}

// Close implements [runtime.Calls].
func (c *calls) Close() {
	for _, f := range slices.Backward(c.closers) {
		f()
	}
}
