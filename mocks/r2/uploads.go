package r2

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// part is one part of an upload.
type part struct {
	Number int64  `json:"partNumber"`
	ETag   string `json:"etag"`
	size   int64  // bytes
	body   string // its name
}

// begin makes an upload and returns its id.
func (a *area) begin(key string, m metadata) (id string, err error) {
	text, err := m.encode()
	if err != nil {
		return "", err
	}
	id = randomName()
	a.mu.Lock()
	defer a.mu.Unlock()
	return id, a.index.write(func() error {
		return a.index.run("INSERT INTO uploads (id, key, metadata, started) VALUES (?, ?, ?, ?)",
			nil, id, []byte(key), text, time.Now().UnixMilli())
	})
}

// upload reads an upload's metadata. It is called in a transaction.
func (a *area) upload(id, key string) (m metadata, err error) {
	found := false
	err = a.index.run("SELECT metadata FROM uploads WHERE id = ? AND key = ?", func(s *sqlite3.Stmt) error {
		found = true
		m, err = decodeMetadata(s.ColumnRawText(0))
		return err
	}, id, []byte(key))
	if err == nil && !found {
		err = errNoUpload()
	}
	return m, err
}

// addPart makes c a part of an upload, in place of one of the same number. In
// any case c is used up.
func (a *area) addPart(id, key string, number int64, c *content) (*part, error) {
	if number < 1 || number > maxPart {
		c.discard()
		return nil, errNoPart()
	}
	kept, err := a.keep(c)
	if err != nil {
		c.discard()
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var old string
	err = a.index.write(func() error {
		if _, err := a.upload(id, key); err != nil {
			return err
		}
		err := a.index.run("SELECT body FROM parts WHERE upload = ? AND number = ?",
			func(s *sqlite3.Stmt) error { old = s.ColumnText(0); return nil }, id, number)
		if err != nil {
			return err
		}
		return a.index.run("INSERT OR REPLACE INTO parts (upload, number, etag, size, body) VALUES (?, ?, ?, ?, ?)",
			nil, id, number, kept.sums["md5"], kept.size, kept.onDisk.name)
	})
	if err != nil {
		kept.discard()
		return nil, err
	}
	a.forget(old)
	return &part{Number: number, ETag: kept.sums["md5"]}, nil
}

// abort deletes an upload and its parts.
func (a *area) abort(id, key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var bodies []string
	err := a.index.write(func() error {
		if _, err := a.upload(id, key); err != nil {
			return err
		}
		return a.drop(id, &bodies)
	})
	if err != nil {
		return err
	}
	a.forget(bodies...)
	return nil
}

// drop deletes the rows of an upload, in a transaction, and collects the bodies.
func (a *area) drop(id string, bodies *[]string) error {
	err := a.index.run("DELETE FROM parts WHERE upload = ? RETURNING body",
		func(s *sqlite3.Stmt) error { *bodies = append(*bodies, s.ColumnText(0)); return nil }, id)
	if err != nil {
		return err
	}
	return a.index.run("DELETE FROM uploads WHERE id = ?", nil, id)
}

// uploadLife is how long an upload can be gone on with, as on the platform.
const uploadLife = 7 * 24 * time.Hour

// expire deletes the rows of uploads that were begun before a time.
func (a *area) expire(before time.Time) error {
	return a.index.write(func() error {
		ms := before.UnixMilli()
		err := a.index.run("DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE started < ?)", nil, ms)
		if err != nil {
			return err
		}
		return a.index.run("DELETE FROM uploads WHERE started < ?", nil, ms)
	})
}

// complete makes an object of the parts that are named. If it can't, the upload
// stays as it is.
func complete(ctx context.Context, b bucket, id, key string, named []part) (*object, error) {
	a := b.local()
	m, parts, err := a.gather(id, key, named)
	if err != nil {
		return nil, err
	}
	c, err := a.join(ctx, parts)
	if err != nil {
		return nil, err
	}
	// The parts of an upload have no checksum in common.
	m.Checksums = nil
	o, err := b.put(ctx, key, c, object{ETag: joinedETag(parts), metadata: m}, nil)
	if err != nil {
		return nil, err
	}
	// If this fails the object is there, and the upload can be aborted.
	return o, a.abort(id, key)
}

// gather finds the parts that are named, in their order.
func (a *area) gather(id, key string, named []part) (m metadata, parts []part, err error) {
	known := map[int64]part{}
	a.mu.RLock()
	defer a.mu.RUnlock()
	a.index.mu.Lock()
	defer a.index.mu.Unlock()
	if m, err = a.upload(id, key); err != nil {
		return m, nil, err
	}
	err = a.index.run("SELECT number, etag, size, body FROM parts WHERE upload = ?", func(s *sqlite3.Stmt) error {
		known[s.ColumnInt64(0)] = part{s.ColumnInt64(0), s.ColumnText(1), s.ColumnInt64(2), s.ColumnText(3)}
		return nil
	}, id)
	if err != nil {
		return m, nil, err
	}
	parts, err = chosen(known, named)
	return m, parts, err
}

// chosen looks the named parts up and checks their sizes.
func chosen(known map[int64]part, named []part) (parts []part, err error) {
	total := int64(0)
	for _, n := range named {
		p, ok := known[n.Number]
		if !ok || p.ETag != n.ETag {
			return nil, errNoPart()
		}
		parts = append(parts, p)
		total += p.size
	}
	if len(parts) == 0 {
		return nil, errNoPart()
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.Number, b.Number) })
	for i, p := range parts[:len(parts)-1] {
		if p.Number == parts[i+1].Number || p.size != parts[0].size && p.size >= minPart {
			return nil, errBadUpload() // all parts but the last are of one size
		}
		if p.size < minPart {
			return nil, errTooSmall()
		}
	}
	if total > maxObject {
		return nil, errTooLarge()
	}
	return parts, nil
}

// join writes the parts one after the other to a body of its own.
func (a *area) join(ctx context.Context, parts []part) (*content, error) {
	s, err := a.newSpool("")
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if err := a.append(ctx, s, p); err != nil {
			s.discard()
			return nil, err
		}
	}
	return s.finish()
}

func (a *area) append(ctx context.Context, s *spool, p part) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(a.bodyPath(p.body))
	if err != nil {
		return fmt.Errorf("part %d: %w", p.Number, err)
	}
	defer f.Close()
	n, err := io.Copy(s, f)
	if err == nil && n != p.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("part %d: %w", p.Number, err)
	}
	return nil
}

// joinedETag is the MD5 of the parts' MD5s, and their number.
func joinedETag(parts []part) string {
	h := md5.New()
	for _, p := range parts {
		sum, err := hex.DecodeString(p.ETag)
		if err != nil {
			sum = []byte(p.ETag)
		}
		h.Write(sum)
	}
	return fmt.Sprintf("%x-%d", h.Sum(nil), len(parts))
}
