// Package hostcall is the import namespace "pymode" of python.wasm: it reads a
// guest's memory, calls a typed [Host], and writes the answer back.
//
// A guest is not trusted. Every pointer and length is checked against its
// memory before it is used; what lies outside is an error of the guest's, as if
// the call had failed. What a Host gets is a copy, so that a guest can't change
// it while it is used; the exception are buffers to receive into.
//
// A result that does not fit the guest's buffer is kept, its length returned,
// and handed out when the guest asks again with the same arguments and a buffer
// that is large enough: nothing is done twice.
//
// The namespace is instantiated once for a wazero runtime ([Instantiate]);
// which Host answers is said by the context of the call ([WithHost]).
package hostcall

import (
	"context"
	"errors"
)

// Stop is what the host wants of running code; see hostcalls.h.
type Stop int32

// What [Host.Yield] may return.
const (
	StopNone      Stop = 0
	StopInterrupt Stop = 1 // raise KeyboardInterrupt
	StopCPU       Stop = 2 // raise pymode.CPUTimeExceeded
)

// Host answers the imports for one instance. It is called on the goroutine that
// runs the guest, never concurrently.
type Host interface {
	// Yield is called by running code about once a millisecond. To end the
	// instance it panics.
	Yield(ctx context.Context) Stop
	// Call is the general call: JSON and bytes in, JSON and bytes out. The
	// guest sees an error as a Python exception with its text.
	Call(ctx context.Context, op string, args, data []byte) (result, resultData []byte, err error)
	// Log is console_log.
	Log(message string)

	Network
	Storage
	Threads
	Linker
	Descriptors
}

// Descriptors are the guest's open files, which wazero keeps; duplicates are made here.
type Descriptors interface {
	// DescriptorsShared says that an open file has so many more descriptors, or,
	// below zero, that so many of them were closed while it stays open.
	DescriptorsShared(change int)
}

// Network is TCP and HTTP.
type Network interface {
	TCPConnect(ctx context.Context, host string, port int) (id int32, err error)
	TCPSend(ctx context.Context, id int32, data []byte) (sent int, err error)
	// TCPReceive reads into buf, the guest's own memory: 0 at the end.
	TCPReceive(ctx context.Context, id int32, buf []byte) (received int, err error)
	TCPClose(ctx context.Context, id int32)
	// HTTPFetch takes and returns headers as JSON, [[name, value], …].
	HTTPFetch(ctx context.Context, method, url string, headers, body []byte) (status int, responseHeaders, responseBody []byte, err error)
}

// Storage is the ABI's part of KV, R2 and D1, and the environment. Keys begin
// with the binding's name and a NUL.
type Storage interface {
	KVGet(ctx context.Context, key []byte) (value []byte, found bool)
	KVPut(ctx context.Context, key, value []byte)
	KVDelete(ctx context.Context, key []byte)
	// KVMultiGet takes a JSON list of keys; a nil value is an absent one.
	KVMultiGet(ctx context.Context, keys []byte) (values [][]byte, err error)
	KVMultiPut(ctx context.Context, pairs [][2][]byte)
	R2Get(ctx context.Context, key []byte) (value []byte, found bool)
	R2Put(ctx context.Context, key, value []byte)
	D1Exec(ctx context.Context, sql, params []byte) (result []byte, err error)
	D1Batch(ctx context.Context, queries []byte) (result []byte, err error)
	Env(ctx context.Context, key string) (value string, found bool)
}

// Threads are child instances.
type Threads interface {
	Spawn(ctx context.Context, code, input []byte) (handle int32, err error)
	Join(ctx context.Context, handle int32) (result []byte, err error)
}

// Linker loads side modules. An error's text is what dl_error gives.
type Linker interface {
	Open(ctx context.Context, path string) (handle int32, err error)
	Symbol(ctx context.Context, handle int32, name string) (slot uint32, err error)
	CloseModule(ctx context.Context, handle int32)
}

// ErrUnavailable is what [Unavailable] answers.
var ErrUnavailable = errors.New("this binding is not connected")

// Unavailable answers for a host that offers no network, storage, threads or
// side modules: with errors. Hosts embed it for what they don't have.
type Unavailable struct{}

var _ interface {
	Network
	Storage
	Threads
	Linker
	Descriptors
} = Unavailable{}

// DescriptorsShared implements [Descriptors].
func (Unavailable) DescriptorsShared(int) {}

// TCPConnect implements [Network].
func (Unavailable) TCPConnect(context.Context, string, int) (int32, error) { return 0, ErrUnavailable }

// TCPSend implements [Network].
func (Unavailable) TCPSend(context.Context, int32, []byte) (int, error) { return 0, ErrUnavailable }

// TCPReceive implements [Network].
func (Unavailable) TCPReceive(context.Context, int32, []byte) (int, error) { return 0, ErrUnavailable }

// TCPClose implements [Network].
func (Unavailable) TCPClose(context.Context, int32) {}

// HTTPFetch implements [Network].
func (Unavailable) HTTPFetch(context.Context, string, string, []byte, []byte) (int, []byte, []byte, error) {
	return 0, nil, nil, ErrUnavailable
}

// KVGet implements [Storage].
func (Unavailable) KVGet(context.Context, []byte) ([]byte, bool) { return nil, false }

// KVPut implements [Storage].
func (Unavailable) KVPut(context.Context, []byte, []byte) {}

// KVDelete implements [Storage].
func (Unavailable) KVDelete(context.Context, []byte) {}

// KVMultiGet implements [Storage].
func (Unavailable) KVMultiGet(context.Context, []byte) ([][]byte, error) { return nil, ErrUnavailable }

// KVMultiPut implements [Storage].
func (Unavailable) KVMultiPut(context.Context, [][2][]byte) {}

// R2Get implements [Storage].
func (Unavailable) R2Get(context.Context, []byte) ([]byte, bool) { return nil, false }

// R2Put implements [Storage].
func (Unavailable) R2Put(context.Context, []byte, []byte) {}

// D1Exec implements [Storage].
func (Unavailable) D1Exec(context.Context, []byte, []byte) ([]byte, error) {
	return nil, ErrUnavailable
}

// D1Batch implements [Storage].
func (Unavailable) D1Batch(context.Context, []byte) ([]byte, error) { return nil, ErrUnavailable }

// Env implements [Storage].
func (Unavailable) Env(context.Context, string) (string, bool) { return "", false }

// Spawn implements [Threads].
func (Unavailable) Spawn(context.Context, []byte, []byte) (int32, error) { return 0, ErrUnavailable }

// Join implements [Threads].
func (Unavailable) Join(context.Context, int32) ([]byte, error) { return nil, ErrUnavailable }

// Open implements [Linker].
func (Unavailable) Open(context.Context, string) (int32, error) {
	return 0, errors.New("side modules can't be loaded by this host")
}

// Symbol implements [Linker].
func (Unavailable) Symbol(context.Context, int32, string) (uint32, error) { return 0, ErrUnavailable }

// CloseModule implements [Linker].
func (Unavailable) CloseModule(context.Context, int32) {}
