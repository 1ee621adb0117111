package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"pymode-tui/runtime"
	"pymode-tui/traffic"
)

// sentBook remembers when the last requests were sent, by which they are found
// among the captured ones.
type sentBook struct {
	mu  sync.Mutex
	at  map[string]time.Time // by the result's ID
	ids []string             // in order
}

// maxSent is how many requests a console can look back to.
const maxSent = 10_000

func (b *sentBook) add(id string, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at == nil {
		b.at = map[string]time.Time{}
	}
	if len(b.ids) == maxSent {
		delete(b.at, b.ids[0])
		b.ids = b.ids[1:]
	}
	b.at[id] = at
	b.ids = append(b.ids, id)
}

func (b *sentBook) when(id string) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at, ok := b.at[id]
	return at, ok
}

// Save implements [tui.Backend]. What was captured of the request has a recording,
// and can be replayed hermetically; what is not captured is saved without one.
func (s *session) Save(_ context.Context, worker string, req *runtime.Request, result *runtime.Result) (string, error) {
	v, err := s.running(worker)
	if err != nil {
		return "", err
	}
	e, err := v.captured(result.ID)
	if err != nil {
		return "", err
	}
	if e == nil {
		e = v.mask.Load().Exchange(&traffic.Exchange{Worker: worker, Source: sourceConsole, Request: req, Result: result})
	}
	file, err := saveAs(filepath.Join(v.project.Dir, requestsDir), e)
	return shown(file), err
}

// HAR implements [tui.Backend].
func (s *session) HAR(_ context.Context, e *traffic.Exchange) ([]byte, error) {
	v, err := s.running(e.Worker)
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	err = traffic.WriteHAR(&archive, []*traffic.Exchange{v.mask.Load().Exchange(e)}, nil)
	return archive.Bytes(), err
}

// captured is what was captured of the request with a result's ID; nil where that
// is nothing.
func (v *served) captured(id string) (*traffic.Exchange, error) {
	at, ok := v.sent.when(id)
	if v.capture == nil || !ok {
		return nil, nil
	}
	v.capture.Flush()
	store := v.capture.Store()
	if store == nil {
		return nil, nil
	}
	for _, entry := range store.Entries() {
		if entry.At.Equal(at) && entry.Worker == v.project.Name {
			return store.Get(entry.ID)
		}
	}
	return nil, nil
}

// maxAlike is how many requests of one method and path can be saved.
const maxAlike = 1000

// saveAs saves an exchange under its method and path. The same request replaces the
// one that was saved before; another one of that name gets a number.
func saveAs(dir string, e *traffic.Exchange) (string, error) {
	base := clipName(e.Request.Method + " " + pathOf(e))
	name := base
	for n := 2; n < maxAlike; n++ {
		file := traffic.FileOf(dir, name)
		before, err := traffic.ReadFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && sameRequest(before.Request, e.Request):
			return file, traffic.Save(dir, name, e)
		case err != nil:
			return "", err
		}
		name = fmt.Sprintf("%s %d", base, n)
	}
	return "", fmt.Errorf("%s holds %d requests of that name", shown(dir), maxAlike)
}

// clipName leaves room for a number in a file's name.
func clipName(name string) string {
	const most = 80
	return strings.ToValidUTF8(name[:min(len(name), most)], "")
}

// sameRequest reports whether a handler can't tell two requests apart but by
// headers and by where the console listened.
func sameRequest(a, b *runtime.Request) bool {
	target := func(r *runtime.Request) string { return strings.TrimPrefix(r.URL, origin(r.URL)) }
	return a.Method == b.Method && target(a) == target(b) && bytes.Equal(a.Body, b.Body)
}
