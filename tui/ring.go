package tui

// ring is a list that forgets its oldest items. Each item has a sequence
// number, counted from 0 and never reused, by which positions stay valid while
// items come and go.
type ring[T any] struct {
	items    []T
	start    int // index of the oldest item
	size     int
	capacity int
	first    int // sequence number of the oldest item

	weigh func(*T) int64 // bytes that an item holds, always the same; nil for none
	bytes int64          // of all items
}

func newRing[T any](capacity int) ring[T] { return ring[T]{capacity: capacity} }

// weighed makes an empty ring count the bytes that its items hold.
func (r ring[T]) weighed(weigh func(*T) int64) ring[T] {
	r.weigh = weigh
	return r
}

func (r *ring[T]) weight(item *T) int64 {
	if r.weigh == nil {
		return 0
	}
	return r.weigh(item)
}

// push appends an item and returns the one that had to go for it, if any.
func (r *ring[T]) push(item T) (evicted T, full bool) {
	if r.size == r.capacity {
		evicted, full = r.dropFirst(), true
	}
	if r.size == len(r.items) {
		grown := make([]T, min(max(2*r.size, 64), r.capacity))
		copy(grown[copy(grown, r.items[r.start:]):], r.items[:r.start])
		r.items, r.start = grown, 0
	}
	r.items[(r.start+r.size)%len(r.items)] = item
	r.size++
	r.bytes += r.weight(&item)
	return evicted, full
}

// dropFirst removes the oldest item of a ring that is not empty.
func (r *ring[T]) dropFirst() T {
	var zero T
	item := r.items[r.start]
	r.bytes -= r.weight(&item)
	r.items[r.start] = zero // let go of what it points to
	r.start = (r.start + 1) % len(r.items)
	r.size--
	r.first++
	return item
}

// at returns the item with a sequence number from first up to, not including, end.
func (r *ring[T]) at(seq int) *T { return &r.items[(r.start+seq-r.first)%len(r.items)] }

// end is the sequence number that the next item will have.
func (r *ring[T]) end() int { return r.first + r.size }

// last returns the newest item, or nil.
func (r *ring[T]) last() *T {
	if r.size == 0 {
		return nil
	}
	return r.at(r.end() - 1)
}

// clear removes all items. Sequence numbers go on.
func (r *ring[T]) clear() {
	r.first += r.size
	r.items, r.start, r.size, r.bytes = nil, 0, 0, 0
}
