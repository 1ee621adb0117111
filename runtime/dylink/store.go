package dylink

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"pymode-tui/runtime/skeleton"
	"pymode-tui/runtime/wasmbin"
)

// preparation is raised with each change of what prepare makes of a file: what is
// kept of others is not used then.
const preparation = "2"

// storeName is what a library is kept under.
func storeName(digest [32]byte) string { return preparation + "-" + hex.EncodeToString(digest[:]) }

// errNotKept says that a side module is not in the store.
var errNotKept = errors.New("the side module is not kept")

// keptLibrary is what is kept of a side module: the prepared one as a skeleton, and
// what of it the preparation has hidden or decided.
type keptLibrary struct {
	Imports [][2]string // the names that they had, by number
	Exports int         // how many of the exports are the file's own
	Extra   []string
	Mutable []string
	Code    skeleton.Code
}

// compile compiles a library that was prepared now, and keeps it.
func (s *Libraries) compile(ctx context.Context, l *library, prepared []byte) (err error) {
	if s.code != nil && s.store != nil {
		if compiled, code, err := s.code.Compile(ctx, prepared); err == nil {
			l.compiled = compiled
			s.keep(l, code)
			return nil
		}
	}
	l.compiled, err = s.runtime.CompileModule(ctx, prepared)
	return err
}

// keep puts a library into the store.
func (s *Libraries) keep(l *library, code skeleton.Code) {
	k := keptLibrary{Exports: l.exports, Extra: l.extra, Mutable: l.mutable, Code: code}
	for _, i := range l.module.Imports {
		k.Imports = append(k.Imports, [2]string{i.Module, i.Name})
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(k); err != nil {
		return
	}
	s.store.Put(storeName(l.digest), b.Bytes())
}

// kept returns the library of a file that was prepared already, by this process or
// another one, with its code.
func (s *Libraries) kept(ctx context.Context, digest [32]byte) (*library, error) {
	s.mu.Lock()
	l, ok := s.files[digest]
	s.mu.Unlock()
	if ok {
		return l, nil
	}
	if s.code == nil || s.store == nil {
		return nil, errNotKept
	}
	b, ok := s.store.Get(storeName(digest))
	if !ok {
		return nil, errNotKept
	}
	l, code, err := unpack(b)
	if err == nil {
		l.digest = digest
		l.compiled, err = s.code.Load(context.WithoutCancel(ctx), code)
	}
	if err != nil {
		return nil, fmt.Errorf("a kept side module: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.files[digest]; ok {
		return first, nil
	}
	s.files[digest] = l
	return l, nil
}

// unpack makes a library of what keep has written.
func unpack(b []byte) (*library, skeleton.Code, error) {
	var k keptLibrary
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&k); err != nil {
		return nil, k.Code, err
	}
	m, err := wasmbin.Parse(k.Code.Skeleton)
	if err != nil {
		return nil, k.Code, err
	}
	if len(m.Imports) != len(k.Imports) || k.Exports > len(m.Exports) {
		return nil, k.Code, errors.New("its parts do not fit")
	}
	named := *m
	named.Imports = slices.Clone(m.Imports)
	for i, name := range k.Imports {
		named.Imports[i].Module, named.Imports[i].Name = name[0], name[1]
	}
	l := &library{module: &named, exports: k.Exports, extra: k.Extra, mutable: k.Mutable}
	if l.description, err = readDescription(m); err != nil {
		return nil, k.Code, err
	}
	l.readExports(m.Exports[:k.Exports])
	if err := l.readElements(); err != nil {
		return nil, k.Code, err
	}
	l.placeExtra()
	l.measureArity()
	return l, k.Code, nil
}
