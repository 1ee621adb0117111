package kv

import (
	"strings"
	"sync"

	"github.com/tidwall/btree"
)

// keyIndex has the keys of namespaces in byte order. The Redis of this process does
// without a sorted set for that: it would sort all of a namespace for each page of a
// list.
type keyIndex struct {
	mu         sync.RWMutex
	namespaces map[string]*btree.Set[string]
}

func newKeyIndex() *keyIndex { return &keyIndex{namespaces: map[string]*btree.Set[string]{}} }

// apply notes changes that Redis has been told of.
func (x *keyIndex) apply(changes []change) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range changes {
		keys := x.namespaces[c.namespace]
		if keys == nil {
			keys = &btree.Set[string]{}
			x.namespaces[c.namespace] = keys
		}
		if c.value == nil {
			keys.Delete(c.key)
		} else {
			keys.Insert(c.key)
		}
	}
}

// add and remove are for keys that are gone, or perhaps not.
func (x *keyIndex) add(namespace string, keys []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, key := range keys {
		x.namespaces[namespace].Insert(key)
	}
}

func (x *keyIndex) remove(namespace string, keys []string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, key := range keys {
		x.namespaces[namespace].Delete(key)
	}
}

// list returns up to limit keys that begin with prefix and come after the key after.
func (x *keyIndex) list(namespace, prefix, after string, limit int) (names []string) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	keys := x.namespaces[namespace]
	if keys == nil {
		return nil
	}
	keys.Ascend(max(prefix, after), func(key string) bool {
		if !strings.HasPrefix(key, prefix) || len(names) == limit {
			return false
		}
		if key != after {
			names = append(names, key)
		}
		return true
	})
	return names
}
