// Package image keeps the contents of a WebAssembly linear memory, so that an
// instance can start where another one stood.
//
// A [Draft] is a memory that an instance works in; [Draft.Freeze] makes an
// [Image] of it without copying a byte, since both are the same file. Instances
// of an image map that file copy-on-write ([Image.Memory]): they cost what they
// touch. [Image.Fork] starts a new draft with an image's contents, for the next
// layer: the base image is forked to import a worker. [Image.Save] and [Open]
// keep images on disk.
//
// [Memory.Reset] makes a used memory equal to its image again, by copying back
// the pages that were written to: cheaper than a new mapping, whose every first
// touch of a page is a fault.
//
//	NewDraft ─▶ instance boots ─▶ Freeze ─▶ base image ─▶ Fork ─▶ instance imports ─▶ Freeze ─▶ worker image
//	                                           │                                                  │
//	                                       Save, Open                                     Memory, for each request
//
// Where files can't be mapped, contents are copied instead; nothing else differs.
package image

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// PageSize is the size of a WebAssembly page in bytes; every image is a whole
// number of them.
const PageSize = 64 << 10

// Image is what a linear memory held. It never changes. It is safe for use by
// many goroutines.
type Image struct {
	backing
	size int64
	refs atomic.Int64 // one of the owner, one for each memory mapped from it

	original func() (mapping, error) // its contents, for resets; mapped when first asked for
	viewed   atomic.Bool
}

func newImage(b backing, size int64) *Image {
	i := &Image{backing: b, size: size}
	i.refs.Store(1)
	i.original = sync.OnceValues(func() (mapping, error) {
		i.viewed.Store(true)
		return i.view(size)
	})
	return i
}

// Size is the length of the image in bytes.
func (i *Image) Size() int64 { return i.size }

// Pages is the length of the image in WebAssembly pages.
func (i *Image) Pages() uint32 { return uint32(i.size / PageSize) }

// Memory returns a linear memory that starts as the image and can grow to limit
// bytes; a growth beyond fails in the guest as memory.grow does. The image stays
// open until the memory is freed.
func (i *Image) Memory(limit int64) (*Memory, error) {
	if limit < i.size {
		return nil, fmt.Errorf("image of %d bytes exceeds the memory limit of %d", i.size, limit)
	}
	if i.refs.Add(1) == 1 {
		i.refs.Add(-1)
		return nil, errors.New("image is closed")
	}
	m, err := i.private(i.size, limit)
	if err != nil {
		i.release()
		return nil, err
	}
	return &Memory{mapping: m, used: i.size, image: i, onFree: i.release}, nil
}

// Close lets the image go when the last memory mapped from it has been freed.
func (i *Image) Close() { i.release() }

func (i *Image) release() {
	if i.refs.Add(-1) > 0 {
		return
	}
	if i.viewed.Load() {
		if m, err := i.original(); err == nil {
			m.unmap()
		}
	}
	i.close()
}

// Draft is a linear memory whose contents are to become an image.
type Draft struct {
	backing
	size  int64 // what it starts with
	limit int64
}

// NewDraft returns an empty draft that can grow to limit bytes.
func NewDraft(limit int64) (*Draft, error) {
	b, err := newBacking(limit)
	if err != nil {
		return nil, fmt.Errorf("draft of an image: %w", err)
	}
	return &Draft{backing: b, limit: limit}, nil
}

// Fork returns a draft with the image's contents that can grow to limit bytes.
// It copies what is not zero: a few milliseconds for Python.
func (i *Image) Fork(limit int64) (*Draft, error) {
	if limit < i.size {
		return nil, fmt.Errorf("image of %d bytes exceeds the memory limit of %d", i.size, limit)
	}
	d, err := NewDraft(limit)
	if err != nil {
		return nil, err
	}
	if err := d.copyFrom(i.backing, i.size); err != nil {
		d.close()
		return nil, fmt.Errorf("fork an image: %w", err)
	}
	d.size = i.size
	return d, nil
}

// Memory returns the draft's linear memory. There is one for a draft.
func (d *Draft) Memory() (*Memory, error) {
	m, err := d.shared(d.limit)
	if err != nil {
		return nil, fmt.Errorf("map a draft: %w", err)
	}
	return &Memory{mapping: m, used: d.size}, nil
}

// Size is the length in bytes of what the draft started with.
func (d *Draft) Size() int64 { return d.size }

// Freeze makes an image of what the memory holds in its first size bytes, a
// whole number of pages. The memory must have been freed, the draft is used up.
func (d *Draft) Freeze(size int64) (*Image, error) {
	if size%PageSize != 0 || size <= 0 || size > d.limit {
		return nil, fmt.Errorf("freeze %d bytes of a draft of at most %d", size, d.limit)
	}
	if err := d.seal(size); err != nil {
		return nil, fmt.Errorf("freeze a draft: %w", err)
	}
	return newImage(d.backing, size), nil
}

// Discard lets go of a draft that becomes no image.
func (d *Draft) Discard() { d.close() }

// Memory is a linear memory as wazero wants it, mapped from an image or a draft.
type Memory struct {
	mapping mapping
	used    int64  // bytes that the instance has, of those reserved
	image   *Image // nil for a draft's
	onFree  func()
}

var _ experimental.LinearMemory = (*Memory)(nil)

// Reallocate implements [experimental.LinearMemory]: the whole limit is
// reserved, so that growing moves nothing.
func (m *Memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.mapping)) {
		return nil
	}
	m.used = max(m.used, int64(size))
	return m.mapping[:size]
}

// Free implements [experimental.LinearMemory].
func (m *Memory) Free() {
	m.mapping.unmap()
	m.mapping = nil
	if m.onFree != nil {
		m.onFree()
		m.onFree = nil
	}
}

// WithMemory returns a context in which wazero instantiates a module with m as
// its linear memory.
func WithMemory(ctx context.Context, m experimental.LinearMemory) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(_, _ uint64) experimental.LinearMemory { return m }))
}
