package r2

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// bucket is a bucket's objects, wherever they are. Keys are valid.
type bucket interface {
	// head returns the object of a key, nil where there is none.
	head(ctx context.Context, key string) (*object, error)
	// open is head with the body, which the caller closes.
	open(ctx context.Context, key string) (*object, body, error)
	// put makes c the object of a key, if the condition holds: nil where it
	// does not. o brings metadata, and an etag where it is not the MD5; the
	// result is complete. In any case c is used up.
	put(ctx context.Context, key string, c *content, o object, cond *condition) (*object, error)
	// remove deletes objects; those that are not there count as deleted.
	remove(ctx context.Context, keys []string) error
	list(ctx context.Context, q listQuery) (*listPage, error)
	// local is where uploads are gathered.
	local() *area
	close() error
}

// body is an object's bytes.
type body interface {
	io.ReaderAt
	io.Closer
}

// object is what is known of an object without its body.
type object struct {
	Key      string `json:"key"`
	Version  string `json:"version"` // 32 hex digits
	Size     int64  `json:"size"`    // bytes
	ETag     string `json:"etag"`    // of one part, the MD5 in hex; else "<md5>-<parts>"
	Uploaded int64  `json:"uploaded"`
	metadata
	serviceETag string // as an S3 service has it, with quotes
}

// metadata is what a put says of an object.
type metadata struct {
	HTTP         map[string]json.RawMessage `json:"httpMetadata"`
	Custom       map[string]string          `json:"customMetadata"`
	Checksums    map[string]string          `json:"checksums"` // hex by algorithm: "md5", "sha256"
	StorageClass string                     `json:"storageClass"`
}

// encode writes the metadata as the index has it.
func (m metadata) encode() (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	return string(b), nil
}

// decodeMetadata reads what encode wrote.
func decodeMetadata(text []byte) (m metadata, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("metadata: %w", err)
	}
	m.fill()
	return m, nil
}

// fill makes maps where there are none: the guest gets {}, never null.
func (m *metadata) fill() {
	if m.HTTP == nil {
		m.HTTP = map[string]json.RawMessage{}
	}
	if m.Custom == nil {
		m.Custom = map[string]string{}
	}
	if m.Checksums == nil {
		m.Checksums = map[string]string{}
	}
}

// content is a body that was received: held, if it came in one call, or on disk.
type content struct {
	data   []byte
	onDisk *spool // nil: data
	size   int64
	sums   map[string]string // hex by algorithm; "md5" is always there
}

// contentOf holds data, with its MD5 and the checksum of another algorithm, if
// one is named.
func contentOf(data []byte, algorithm string) *content {
	h := newHasher(algorithm)
	h.add(data)
	return &content{data: data, size: int64(len(data)), sums: h.sums()}
}

// discard deletes what is on disk.
func (c *content) discard() {
	if c.onDisk != nil {
		c.onDisk.discard()
	}
}
