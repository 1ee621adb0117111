package kv

import (
	"context"
	"errors"

	"pymode-tui/mocks"
	"pymode-tui/runtime/hostcall"
)

// The imports of PyMode's own ABI, which have no way to tell an error's text:
// a write that fails is recorded as failed, and the worker learns nothing.

// ABIGet is kv_get.
func (s *Store) ABIGet(ctx context.Context, caller mocks.Caller, binding, key string) (value []byte, err error) {
	values, err := s.ABIGetMulti(ctx, caller, binding, []string{key})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

// ABIGetMulti is kv_multi_get for the keys of one binding; nil is no value.
func (s *Store) ABIGetMulti(ctx context.Context, caller mocks.Caller, binding string, keys []string) ([][]byte, error) {
	for _, key := range keys {
		if err := checkKey(verbGet, key); err != nil {
			return nil, err
		}
	}
	entries, err := s.entries(ctx, caller.Target(binding), keys)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(keys))
	for i, e := range entries {
		if e != nil {
			values[i] = e.value
		}
	}
	if len(keys) == 1 {
		hostcall.RecordOf(ctx).Detail += hitOrMiss(entries[0])
	}
	return values, nil
}

// ABIPut is kv_put, and kv_multi_put for the pairs of one binding.
func (s *Store) ABIPut(ctx context.Context, caller mocks.Caller, binding string, pairs ...[2][]byte) error {
	changes := make([]change, len(pairs))
	var err error
	for i, pair := range pairs {
		a := putArgs{Key: string(pair[0])}
		if changes[i], err = s.changeOf(caller.Target(binding), &a, pair[1]); err != nil {
			return err
		}
	}
	return s.write(ctx, changes)
}

// ABIDelete is kv_delete.
func (s *Store) ABIDelete(ctx context.Context, caller mocks.Caller, binding, key string) error {
	if err := checkKey(verbDelete, key); err != nil {
		return err
	}
	return s.remove(ctx, caller.Target(binding), key)
}

// For a console: what a namespace holds, and changes by hand.

// Namespaces lists those that hold something, by name. In a Redis elsewhere they
// are not known.
func (s *Store) Namespaces(ctx context.Context) ([]string, error) {
	if s.journal == nil {
		return nil, nil
	}
	return s.journal.namespaces(ctx)
}

// Where says where the namespaces are: "local", or a Redis's host.
func (s *Store) Where() string {
	if s.journal == nil {
		return s.where
	}
	return "local"
}

// List returns a page of a namespace's keys.
func (s *Store) List(ctx context.Context, namespace, prefix, cursor string, limit int) (Page, error) {
	return s.page(ctx, namespace, prefix, cursor, limit)
}

// ErrNoKey is what [Store.Value] answers where there is no such key.
var ErrNoKey = errors.New("no such key")

// Value reads one entry.
func (s *Store) Value(ctx context.Context, namespace, key string) (value []byte, k Key, err error) {
	entries, err := s.entries(ctx, namespace, []string{key})
	if err != nil {
		return nil, k, err
	}
	if entries[0] == nil {
		return nil, k, ErrNoKey
	}
	e := entries[0]
	return e.value, Key{Name: key, Expiration: e.Expiration, Metadata: e.Metadata}, nil
}

// SetValue changes an entry's value, and leaves the rest of it as it is.
func (s *Store) SetValue(ctx context.Context, namespace, key string, value []byte) error {
	if err := checkKey(verbPut, key); err != nil {
		return err
	}
	if err := checkEntry(value, ""); err != nil {
		return err
	}
	c := change{namespace: namespace, key: key, value: value}
	_, k, err := s.Value(ctx, namespace, key)
	switch {
	case err == nil:
		c.Metadata, c.Expiration = k.Metadata, k.Expiration
	case !errors.Is(err, ErrNoKey):
		return err
	}
	return s.write(ctx, []change{c})
}

// Remove deletes an entry.
func (s *Store) Remove(ctx context.Context, namespace, key string) error {
	return s.remove(ctx, namespace, key)
}
