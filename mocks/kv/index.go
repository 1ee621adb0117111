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
		x.note(c.namespace, c.key, c.value != nil)
	}
}

// set notes whether keys are there.
func (x *keyIndex) set(namespace string, keys []string, there bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, key := range keys {
		x.note(namespace, key, there)
	}
}

func (x *keyIndex) note(namespace, key string, there bool) {
	keys := x.namespaces[namespace]
	if keys == nil {
		keys = &btree.Set[string]{}
		x.namespaces[namespace] = keys
	}
	if there {
		keys.Insert(key)
	} else {
		keys.Delete(key)
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
