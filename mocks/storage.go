package mocks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pymode-tui/runtime/hostcall"
)

// KV is what the ABI's imports want of KV namespaces.
type KV interface {
	ABIGet(ctx context.Context, caller Caller, binding, key string) (value []byte, err error)
	ABIGetMulti(ctx context.Context, caller Caller, binding string, keys []string) (values [][]byte, err error)
	ABIPut(ctx context.Context, caller Caller, binding string, pairs ...[2][]byte) error
	ABIDelete(ctx context.Context, caller Caller, binding, key string) error
}

// R2 is what the ABI's imports want of buckets; a nil value is no object.
type R2 interface {
	ABIGet(ctx context.Context, caller Caller, binding, key string) (value []byte, found bool, err error)
	ABIPut(ctx context.Context, caller Caller, binding, key string, value []byte) error
}

// D1 is what the ABI's imports want of databases.
type D1 interface {
	ABIExec(ctx context.Context, caller Caller, sql, params []byte) (result []byte, err error)
	ABIBatch(ctx context.Context, caller Caller, queries []byte) (result []byte, err error)
}

// storage is the ABI's part of KV, R2 and D1 for one request. Its imports can't
// tell an error's text: what fails is in the record of the call.
type storage struct {
	set    *Set
	caller Caller
	count  *subrequests
}

// provided is the part of a name as what the ABI wants of it, and whether a call
// to it may be made.
func provided[T any](s *storage, name string) (part T, err error) {
	if err := s.count.subrequest(); err != nil {
		return part, err
	}
	provider, ok := s.set.parts[name]
	if !ok {
		return part, hostcall.ErrUnavailable
	}
	opened, err := provider.Part()
	if err != nil {
		return part, err
	}
	part, ok = opened.(T)
	if !ok {
		return part, hostcall.ErrUnavailable
	}
	return part, nil
}

// split takes a key of the ABI apart: BINDING\0key.
func split(ctx context.Context, key []byte) (binding, rest string) {
	name, tail, found := bytes.Cut(key, []byte{0})
	if !found {
		name, tail = nil, key
	}
	record := hostcall.RecordOf(ctx)
	record.Binding, record.Detail = string(name), string(tail)
	return string(name), string(tail)
}

// failed records an error that the import has no way to tell.
func failed(ctx context.Context, err error) {
	if err != nil {
		hostcall.RecordOf(ctx).Detail += "  failed: " + err.Error()
	}
}

// KVGet implements [hostcall.Storage].
func (s *storage) KVGet(ctx context.Context, key []byte) (value []byte, found bool) {
	binding, name := split(ctx, key)
	kv, err := provided[KV](s, "kv")
	if err == nil {
		value, err = kv.ABIGet(ctx, s.caller, binding, name)
	}
	failed(ctx, err)
	return value, value != nil
}

// KVPut implements [hostcall.Storage].
func (s *storage) KVPut(ctx context.Context, key, value []byte) {
	binding, name := split(ctx, key)
	kv, err := provided[KV](s, "kv")
	if err == nil {
		err = kv.ABIPut(ctx, s.caller, binding, [2][]byte{[]byte(name), value})
	}
	failed(ctx, err)
}

// KVDelete implements [hostcall.Storage].
func (s *storage) KVDelete(ctx context.Context, key []byte) {
	binding, name := split(ctx, key)
	kv, err := provided[KV](s, "kv")
	if err == nil {
		err = kv.ABIDelete(ctx, s.caller, binding, name)
	}
	failed(ctx, err)
}

// KVMultiGet implements [hostcall.Storage].
func (s *storage) KVMultiGet(ctx context.Context, document []byte) (values [][]byte, err error) {
	var keys []string
	if err := json.Unmarshal(document, &keys); err != nil {
		return nil, fmt.Errorf("keys: want a JSON list of strings: %w", err)
	}
	kv, err := provided[KV](s, "kv")
	if err != nil {
		return nil, err
	}
	values = make([][]byte, len(keys))
	of := map[string][]int{} // which keys are a binding's
	names := make([]string, len(keys))
	for i, key := range keys {
		binding, name, _ := strings.Cut(key, "\x00")
		of[binding], names[i] = append(of[binding], i), name
	}
	for binding, indices := range of {
		group := make([]string, len(indices))
		for i, index := range indices {
			group[i] = names[index]
		}
		found, err := kv.ABIGetMulti(ctx, s.caller, binding, group)
		if err != nil {
			return nil, err
		}
		for i, index := range indices {
			values[index] = found[i]
		}
		hostcall.RecordOf(ctx).Binding = binding
	}
	hostcall.RecordOf(ctx).Detail = fmt.Sprintf("%d keys", len(keys))
	return values, nil
}

// KVMultiPut implements [hostcall.Storage].
func (s *storage) KVMultiPut(ctx context.Context, pairs [][2][]byte) {
	kv, err := provided[KV](s, "kv")
	if err != nil {
		failed(ctx, err)
		return
	}
	of := map[string][][2][]byte{}
	for _, pair := range pairs {
		binding, name := split(ctx, pair[0])
		of[binding] = append(of[binding], [2][]byte{[]byte(name), pair[1]})
	}
	hostcall.RecordOf(ctx).Detail = fmt.Sprintf("%d keys", len(pairs))
	var errs []error
	for binding, group := range of {
		errs = append(errs, kv.ABIPut(ctx, s.caller, binding, group...))
	}
	failed(ctx, errors.Join(errs...))
}

// R2Get implements [hostcall.Storage].
func (s *storage) R2Get(ctx context.Context, key []byte) (value []byte, found bool) {
	binding, name := split(ctx, key)
	r2, err := provided[R2](s, "r2")
	if err == nil {
		value, found, err = r2.ABIGet(ctx, s.caller, binding, name)
	}
	failed(ctx, err)
	return value, found
}

// R2Put implements [hostcall.Storage].
func (s *storage) R2Put(ctx context.Context, key, value []byte) {
	binding, name := split(ctx, key)
	r2, err := provided[R2](s, "r2")
	if err == nil {
		err = r2.ABIPut(ctx, s.caller, binding, name, value)
	}
	failed(ctx, err)
}

// D1Exec implements [hostcall.Storage].
func (s *storage) D1Exec(ctx context.Context, sql, params []byte) (result []byte, err error) {
	d1, err := provided[D1](s, "d1")
	if err != nil {
		return nil, err
	}
	return d1.ABIExec(ctx, s.caller, sql, params)
}

// D1Batch implements [hostcall.Storage].
func (s *storage) D1Batch(ctx context.Context, queries []byte) (result []byte, err error) {
	d1, err := provided[D1](s, "d1")
	if err != nil {
		return nil, err
	}
	return d1.ABIBatch(ctx, s.caller, queries)
}

// Env implements [hostcall.Storage]. The runtime itself knows the environment.
func (s *storage) Env(context.Context, string) (value string, found bool) { return "", false }
