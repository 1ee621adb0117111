// Package r2 is object storage as a worker's R2 bindings have it: on files of
// this machine, or in any S3 service by a URL.
//
//	guest ─▶ ops.go ─▶ bucket ─┬▶ files:  index.db (SQLite) + bodies/ab/<random name>
//	                           └▶ remote: an S3 bucket; large bodies pass through a file
//
// A body is written under a temporary name, synced and renamed; only then is the
// index row that names it committed. So what was acknowledged survives the
// process being killed at any moment, and half an object is never seen. Bodies
// that no row names are swept when a bucket is opened.
//
// Bodies above a few MB go between guest and host in pieces (handles.go), so that
// neither holds all of one. The checks that the platform makes in its JavaScript
// layer (TypeError, RangeError) are made by the guest's pymode/_r2.py; those of
// its storage service ("put: … (10020)") here.
package r2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"pymode-tui/mocks"
)

// Config says where objects are kept.
type Config struct {
	// Dir is the state folder; it is made where it is missing. With a URL it
	// still holds what is being uploaded.
	Dir string
	// URL is "" for files, or "s3://bucket?region=…&endpoint=…" with the
	// parameters of gocloud.dev/blob/s3blob. Credentials come from the
	// environment, as AWS's own tools find them.
	URL string
	// Prefix is put before the names of all buckets in the S3 service: one
	// project's objects are then not another's.
	Prefix string
	// Notify gets what the user should know, one sentence each. May be nil.
	Notify func(text string)
}

// Store is the buckets of all workers. It is a [mocks.Part], and safe for
// concurrent use.
type Store struct {
	config Config
	remote *service // nil for files
	create createFile

	mu      sync.Mutex
	buckets map[string]bucket // the opened ones
	closed  bool

	handles handles
}

// ErrClosed is the answer of a store after [Store.Close].
var ErrClosed = errors.New("object storage is closed")

// New opens object storage. Buckets are opened when they are first used.
func New(ctx context.Context, config Config) (*Store, error) {
	if config.Dir == "" {
		return nil, errors.New("object storage needs a folder")
	}
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("object storage: %w", err)
	}
	if config.Notify == nil {
		config.Notify = func(string) {}
	}
	s := &Store{
		config: config, create: createOnDisk,
		buckets: map[string]bucket{},
	}
	if config.URL != "" {
		remote, err := openService(ctx, config.URL, config.Prefix)
		if err != nil {
			return nil, fmt.Errorf("object storage: %w", err)
		}
		s.remote = remote
	}
	return s, nil
}

var _ mocks.Part = (*Store)(nil)

// Close implements [mocks.Part].
func (s *Store) Close() error {
	s.handles.closeAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, b := range s.buckets {
		errs = append(errs, b.close())
	}
	clear(s.buckets)
	if s.remote != nil {
		errs = append(errs, s.remote.close())
		s.remote = nil
	}
	return errors.Join(errs...)
}

// bucketFor returns the bucket of a caller's binding.
func (s *Store) bucketFor(caller mocks.Caller, binding string) (bucket, error) {
	return s.bucket(caller.Target(binding))
}

// bucket returns a bucket by its name, opening it if it is not open.
func (s *Store) bucket(name string) (bucket, error) {
	if name == "" {
		return nil, errors.New("a bucket needs a name")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if b, ok := s.buckets[name]; ok {
		return b, nil
	}
	a, err := openArea(s.areaDir(name), name, s.create, s.config.Notify)
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", name, err)
	}
	var b bucket = &files{a}
	if s.remote != nil {
		b = s.remote.bucket(name, a)
	}
	s.buckets[name] = b
	return b, nil
}

// Buckets lists the names of the buckets that are open or in the state folder,
// in order.
func (s *Store) Buckets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]bool{}
	for name := range s.buckets {
		names[name] = true
	}
	entries, err := os.ReadDir(s.config.Dir)
	if err != nil {
		s.config.Notify(fmt.Sprintf("object storage: %v", err))
	}
	for _, e := range entries {
		if name, ok := areaName(s.config.Dir, e); ok {
			names[name] = true
		}
	}
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.SortFunc(list, strings.Compare)
	return list
}
