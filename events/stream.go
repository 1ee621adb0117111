// Package events carries what happens from those who cause it to those who
// show it.
//
// A [Stream] has one publishing side, which any number of goroutines may use,
// and any number of subscribers of equal rank: the console, the headless
// printer and the tests each hold a [Subscription] and see the same events in
// the same order. Publishing never waits for a reader. Each subscription has a
// bounded ring of its own; a reader that falls behind loses its oldest events,
// and its next batch says how many.
//
// Readers take batches, not single events, so that a burst of thousands of
// events costs one wake-up.
package events

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrClosed is what [Subscription.Next] returns when the stream or the
// subscription is closed and everything published before has been delivered.
var ErrClosed = errors.New("stream closed")

// Stream hands published events to all its subscribers. The zero value is
// ready for use. A Stream must not be copied, and starts no goroutines.
type Stream[T any] struct {
	mu     sync.Mutex // held while publishing, so that all subscribers see one order
	subs   []*Subscription[T]
	closed bool
}

// Publish appends events to every subscription, in order and without anything
// in between. It never blocks on a reader. Publishing on a closed stream does
// nothing.
func (s *Stream[T]) Publish(events ...T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for _, sub := range s.subs {
		sub.push(events)
	}
}

// Subscribe starts a subscription that holds up to capacity undelivered events;
// a capacity below 1 is 1. It sees what is published from now on. On a closed
// stream the subscription is closed as well.
func (s *Stream[T]) Subscribe(capacity int) *Subscription[T] {
	sub := &Subscription[T]{
		stream:   s,
		capacity: max(capacity, 1),
		wake:     make(chan struct{}, 1),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		sub.end()
		return sub
	}
	s.subs = append(s.subs, sub)
	return sub
}

// Close ends the stream: subscribers get what is still in their rings, then
// [ErrClosed]. Closing twice is harmless.
func (s *Stream[T]) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, sub := range s.subs {
		sub.end()
	}
	s.subs = nil
}

// Subscription is one reader of a stream. Its methods may be called from
// several goroutines, but each event is delivered only once.
type Subscription[T any] struct {
	stream   *Stream[T]
	capacity int
	wake     chan struct{} // holds a token when there may be something to deliver

	mu      sync.Mutex
	ring    []T // grows up to capacity, then wraps
	start   int // index of the oldest event
	dropped int // since the last delivery
	closed  bool
}

// Next waits for events and returns all that have arrived since the last call,
// oldest first, and how many were dropped before them because the ring was
// full. It returns ctx's error when ctx ends first, and [ErrClosed] when there
// will be no more events. The batch is the caller's to keep.
func (s *Subscription[T]) Next(ctx context.Context) (batch []T, dropped int, err error) {
	for {
		batch, dropped, closed := s.take()
		switch {
		case len(batch) > 0:
			return batch, dropped, nil
		case closed:
			return nil, 0, ErrClosed
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// Dropped returns how many events were dropped since the last delivery: what
// the next batch will report.
func (s *Subscription[T]) Dropped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Close ends the subscription. What is in its ring can still be read.
func (s *Subscription[T]) Close() {
	s.stream.mu.Lock()
	defer s.stream.mu.Unlock()
	s.stream.subs = slices.DeleteFunc(s.stream.subs, func(other *Subscription[T]) bool { return other == s })
	s.end()
}

func (s *Subscription[T]) push(events []T) {
	s.mu.Lock()
	for _, event := range events {
		if len(s.ring) < s.capacity {
			s.ring = append(s.ring, event)
			continue
		}
		s.ring[s.start] = event
		s.start = (s.start + 1) % s.capacity
		s.dropped++
	}
	s.mu.Unlock()
	s.signal()
}

// take empties the ring. The ring itself becomes the batch where it has not
// wrapped, so that the usual case copies nothing.
func (s *Subscription[T]) take() (batch []T, dropped int, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.start == 0 {
		batch = s.ring
	} else {
		batch = slices.Concat(s.ring[s.start:], s.ring[:s.start])
	}
	dropped, closed = s.dropped, s.closed
	s.ring, s.start, s.dropped = nil, 0, 0
	if closed {
		s.signal() // for another goroutine that waits in Next
	}
	return batch, dropped, closed
}

func (s *Subscription[T]) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription[T]) signal() {
	select {
	case s.wake <- struct{}{}:
	default: // a token is there already
	}
}
