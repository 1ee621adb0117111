package r2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// files is a bucket in its area alone.
type files struct{ *area }

var _ bucket = (*files)(nil)

func (f *files) local() *area { return f.area }

const selectObject = "SELECT key, version, etag, size, uploaded, metadata, body FROM objects "

// scanObject reads a row of selectObject.
func scanObject(s *sqlite3.Stmt) (o object, body string, err error) {
	m, err := decodeMetadata(s.ColumnRawText(5))
	return object{
		Key: string(s.ColumnRawBlob(0)), Version: s.ColumnText(1), ETag: s.ColumnText(2),
		Size: s.ColumnInt64(3), Uploaded: s.ColumnInt64(4), metadata: m,
	}, s.ColumnText(6), err
}

// find reads a key's row by run, which is read or, in a transaction, run.
func find(run func(string, func(*sqlite3.Stmt) error, ...any) error, key string) (found *object, body string, err error) {
	err = run(selectObject+"WHERE key = ?", func(s *sqlite3.Stmt) error {
		o, b, err := scanObject(s)
		found, body = &o, b
		return err
	}, []byte(key))
	return found, body, err
}

func (f *files) head(_ context.Context, key string) (*object, error) {
	o, _, err := find(f.index.read, key)
	return o, err
}

func (f *files) open(_ context.Context, key string) (*object, body, error) {
	// Another process may replace the object between the two steps; the row
	// that is then found names the new body.
	for tries := 0; ; tries++ {
		o, file, err := f.openOnce(key)
		if errors.Is(err, fs.ErrNotExist) && tries < 5 {
			continue
		}
		return o, file, err
	}
}

func (f *files) openOnce(key string) (*object, body, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	o, name, err := find(f.index.read, key)
	if o == nil || err != nil {
		return nil, nil, err
	}
	if len(name) != 32 {
		return nil, nil, fmt.Errorf("the index names a body %q", name)
	}
	file, err := os.Open(f.bodyPath(name))
	if err != nil {
		return nil, nil, fmt.Errorf("the object's body: %w", err)
	}
	return o, file, nil
}

func (f *files) put(_ context.Context, key string, c *content, o object, cond *condition) (*object, error) {
	kept, err := f.keep(c)
	if err != nil {
		c.discard()
		return nil, err
	}
	o = completed(o, key, kept)
	text, err := o.encode()
	if err != nil {
		kept.discard()
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var old string
	refused := false
	err = f.index.write(func() error {
		before, body, err := find(f.index.run, key)
		if err != nil {
			return err
		}
		if old = body; !cond.holds(before) {
			refused = true
			return nil
		}
		return f.index.run("INSERT OR REPLACE INTO objects (key, version, etag, size, uploaded, body, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)",
			nil, []byte(key), o.Version, o.ETag, o.Size, o.Uploaded, kept.onDisk.name, text)
	})
	if err != nil || refused {
		kept.discard()
		return nil, err
	}
	f.forget(old)
	return &o, nil
}

// completed fills in what a put says of an object.
func completed(o object, key string, c *content) object {
	o.fill()
	o.Key, o.Version, o.Size, o.Uploaded = key, randomName(), c.size, time.Now().UnixMilli()
	if o.ETag == "" {
		o.ETag, o.Checksums = c.sums["md5"], c.sums
	}
	return o
}

func (f *files) remove(_ context.Context, keys []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var bodies []string
	err := f.index.write(func() error {
		for _, key := range keys {
			err := f.index.run("DELETE FROM objects WHERE key = ? RETURNING body",
				func(s *sqlite3.Stmt) error { bodies = append(bodies, s.ColumnText(0)); return nil }, []byte(key))
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.forget(bodies...)
	return nil
}

func (f *files) list(_ context.Context, q listQuery) (*listPage, error) {
	page := newPager(q)
	for page.more() {
		// A statement that is left early leaves off where the page knows it.
		err := f.index.read(selectObject+"WHERE key >= ? ORDER BY key", func(s *sqlite3.Stmt) error {
			o, _, err := scanObject(s)
			if err != nil {
				return err
			}
			if !page.add(o) {
				return errStop
			}
			return nil
		}, []byte(page.from))
		if err != nil {
			return nil, err
		}
		page.exhausted()
	}
	return page.result(), nil
}
