package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"pymode-tui/mocks"
)

// ObjectInfo is what the console shows of an object.
type ObjectInfo struct {
	Key         string
	Size        int64 // bytes
	ETag        string
	ContentType string // "" where none was given
	Uploaded    time.Time
	Custom      map[string]string
}

// ErrNotFound says that there is no object of a key.
var ErrNotFound = errors.New("there is no such object")

func (o *object) info() ObjectInfo {
	var text string
	if err := json.Unmarshal(o.HTTP["contentType"], &text); err != nil {
		text = "" // there is none
	}
	return ObjectInfo{o.Key, o.Size, o.ETag, text, time.UnixMilli(o.Uploaded), o.Custom}
}

// List gives the objects of a bucket that begin with a prefix, limit of them (at
// most 1000) after a cursor. next is the cursor of the next page, "" at the end.
func (s *Store) List(ctx context.Context, bucket, prefix, cursor string, limit int) (infos []ObjectInfo, next string, err error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxListed)
	page, err := b.list(ctx, listQuery{
		Prefix: prefix, Cursor: cursor, Limit: &limit, Include: []string{"httpMetadata", "customMetadata"},
	})
	if err != nil {
		return nil, "", err
	}
	for _, o := range page.Objects {
		infos = append(infos, o.info())
	}
	return infos, page.Cursor, nil
}

// Read gives the first limit bytes of an object, [ErrNotFound] where there is none.
func (s *Store) Read(ctx context.Context, bucket, key string, limit int64) ([]byte, ObjectInfo, error) {
	b, err := s.bucket(bucket)
	if err != nil {
		return nil, ObjectInfo{}, err
	}
	o, content, err := b.open(ctx, key)
	if err != nil {
		return nil, ObjectInfo{}, err
	}
	if o == nil {
		return nil, ObjectInfo{}, fmt.Errorf("%s: %w", key, ErrNotFound)
	}
	defer content.Close()
	data := make([]byte, min(o.Size, max(limit, 0)))
	return data, o.info(), readFull(content, data, 0)
}

// Delete deletes an object; it need not be there.
func (s *Store) Delete(ctx context.Context, bucket, key string) error {
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	return b.remove(ctx, []string{key})
}

// Write makes what body gives the object of a key, without metadata.
func (s *Store) Write(ctx context.Context, bucket, key string, body io.Reader) error {
	if err := checkKey(key); err != nil {
		return err
	}
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	spool, err := b.local().newSpool("")
	if err != nil {
		return err
	}
	if _, err := io.Copy(spool, io.LimitReader(body, maxObject+1)); err != nil {
		spool.discard()
		return err
	}
	if spool.size > maxObject {
		spool.discard()
		return errTooLarge()
	}
	c, err := spool.finish()
	if err != nil {
		return err
	}
	_, err = b.put(ctx, key, c, object{}, nil)
	return err
}

// maxABI bounds what the ABI's r2_get gives, which has no pieces: bytes.
const maxABI = 64 << 20

// ABIGet answers r2_get of PyMode's own ABI. An object of more than 64 MiB is an
// error: the guest could not hold it.
func (s *Store) ABIGet(ctx context.Context, caller mocks.Caller, binding, key string) (value []byte, found bool, err error) {
	if err := checkKey(key); err != nil {
		return nil, false, failed("get", err)
	}
	b, err := s.bucketFor(caller, binding)
	if err != nil {
		return nil, false, failed("get", err)
	}
	o, content, err := b.open(ctx, key)
	if o == nil || err != nil {
		return nil, false, failed("get", err)
	}
	defer content.Close()
	if o.Size > maxABI {
		return nil, false, failed("get", fmt.Errorf("the object has %d bytes; r2_get gives at most %d", o.Size, maxABI))
	}
	value = make([]byte, o.Size)
	if err := readFull(content, value, 0); err != nil {
		return nil, false, failed("get", err)
	}
	return value, true, nil
}

// ABIPut answers r2_put of PyMode's own ABI.
func (s *Store) ABIPut(ctx context.Context, caller mocks.Caller, binding, key string, value []byte) error {
	if err := checkKey(key); err != nil {
		return failed("put", err)
	}
	b, err := s.bucketFor(caller, binding)
	if err != nil {
		return failed("put", err)
	}
	_, err = b.put(ctx, key, contentOf(value, ""), object{}, nil)
	return failed("put", err)
}
