package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pymode-tui/events"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNextDeliversBatches(t *testing.T) {
	var stream events.Stream[int]
	early := stream.Subscribe(10)
	stream.Publish(1, 2)
	late := stream.Subscribe(10)
	stream.Publish(3)
	stream.Publish()

	wantNext(t, early, []int{1, 2, 3}, 0)
	wantNext(t, late, []int{3}, 0)
	stream.Publish(4)
	wantNext(t, early, []int{4}, 0)
	wantNext(t, late, []int{4}, 0)
}

func TestFullRingDropsOldest(t *testing.T) {
	tests := []struct {
		capacity, publish int
		want              []int
		dropped           int
	}{
		{capacity: 3, publish: 2, want: []int{1, 2}},
		{capacity: 3, publish: 3, want: []int{1, 2, 3}},
		{capacity: 3, publish: 4, want: []int{2, 3, 4}, dropped: 1},
		{capacity: 3, publish: 6, want: []int{4, 5, 6}, dropped: 3},
		{capacity: 3, publish: 8, want: []int{6, 7, 8}, dropped: 5},
		{capacity: 1, publish: 5, want: []int{5}, dropped: 4},
		{capacity: 0, publish: 5, want: []int{5}, dropped: 4},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d of %d", test.publish, test.capacity), func(t *testing.T) {
			var stream events.Stream[int]
			sub := stream.Subscribe(test.capacity)
			for i := range test.publish {
				stream.Publish(i + 1)
			}
			if got := sub.Dropped(); got != test.dropped {
				t.Errorf("Dropped() = %d before delivery, want %d", got, test.dropped)
			}
			wantNext(t, sub, test.want, test.dropped)
			if got := sub.Dropped(); got != 0 {
				t.Errorf("Dropped() = %d after delivery, want 0", got)
			}
			stream.Publish(100)
			wantNext(t, sub, []int{100}, 0)
		})
	}
}

func TestSlowReaderDoesNotDisturbOthers(t *testing.T) {
	var stream events.Stream[int]
	slow, fast := stream.Subscribe(2), stream.Subscribe(2)
	for i := range 10 {
		stream.Publish(i)
		wantNext(t, fast, []int{i}, 0)
	}
	wantNext(t, slow, []int{8, 9}, 8)
}

func TestBatchIsTheCallersToKeep(t *testing.T) {
	var stream events.Stream[int]
	sub := stream.Subscribe(2)
	stream.Publish(1, 2)
	batch, _, _ := sub.Next(t.Context())
	stream.Publish(3, 4, 5)
	if want := []int{1, 2}; !slices.Equal(batch, want) {
		t.Errorf("batch became %v, want %v", batch, want)
	}
}

func TestNextWaits(t *testing.T) {
	var stream events.Stream[string]
	sub := stream.Subscribe(1)
	got := make(chan string)
	go func() {
		batch, _, _ := sub.Next(context.Background())
		got <- batch[0]
	}()
	stream.Publish("hello")
	if text := <-got; text != "hello" {
		t.Errorf("got %q", text)
	}
}

func TestNextEndsWithContext(t *testing.T) {
	var stream events.Stream[int]
	sub := stream.Subscribe(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := sub.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next: %v, want %v", err, context.Canceled)
	}
}

func TestCloseDeliversTheRest(t *testing.T) {
	closers := map[string]func(*events.Stream[int], *events.Subscription[int]){
		"stream":       func(s *events.Stream[int], _ *events.Subscription[int]) { s.Close(); s.Close() },
		"subscription": func(_ *events.Stream[int], s *events.Subscription[int]) { s.Close(); s.Close() },
	}
	for name, closeIt := range closers {
		t.Run(name, func(t *testing.T) {
			var stream events.Stream[int]
			sub := stream.Subscribe(3)
			stream.Publish(1)
			closeIt(&stream, sub)
			stream.Publish(2)
			wantNext(t, sub, []int{1}, 0)
			if _, _, err := sub.Next(t.Context()); !errors.Is(err, events.ErrClosed) {
				t.Errorf("Next: %v, want %v", err, events.ErrClosed)
			}
		})
	}
}

func TestCloseWakesAllWhoWait(t *testing.T) {
	var stream events.Stream[int]
	sub := stream.Subscribe(1)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if _, _, err := sub.Next(context.Background()); !errors.Is(err, events.ErrClosed) {
				t.Errorf("Next: %v, want %v", err, events.ErrClosed)
			}
		})
	}
	stream.Close()
	group.Wait()
}

func TestSubscribeToClosedStream(t *testing.T) {
	var stream events.Stream[int]
	stream.Close()
	if _, _, err := stream.Subscribe(1).Next(t.Context()); !errors.Is(err, events.ErrClosed) {
		t.Errorf("Next: %v, want %v", err, events.ErrClosed)
	}
}

// TestConcurrentPublishers checks that under concurrency nothing is lost
// unaccounted for, that each publisher's events stay in order, and that all
// subscribers see the same order.
func TestConcurrentPublishers(t *testing.T) {
	const publishers, each = 8, 2_000
	type event struct{ publisher, n int }
	var stream events.Stream[event]
	subs := []*events.Subscription[event]{
		stream.Subscribe(publishers * each),
		stream.Subscribe(publishers * each),
		stream.Subscribe(64), // drops
	}
	seen := make([][]event, len(subs))
	lost := make([]int, len(subs))
	var readers, writers sync.WaitGroup
	for i, sub := range subs {
		readers.Go(func() {
			for {
				batch, dropped, err := sub.Next(context.Background())
				if err != nil {
					return
				}
				seen[i] = append(seen[i], batch...)
				lost[i] += dropped
			}
		})
	}
	for p := range publishers {
		writers.Go(func() {
			for n := range each {
				stream.Publish(event{p, n})
			}
		})
	}
	writers.Wait()
	stream.Close()
	readers.Wait()

	for i := range subs {
		if got := len(seen[i]) + lost[i]; got != publishers*each {
			t.Errorf("subscriber %d: %d delivered and %d dropped, want %d in all", i, len(seen[i]), lost[i], publishers*each)
		}
		last := make(map[int]int)
		for _, e := range seen[i] {
			if before, ok := last[e.publisher]; ok && e.n <= before {
				t.Fatalf("subscriber %d: event %d of publisher %d came after %d", i, e.n, e.publisher, before)
			}
			last[e.publisher] = e.n
		}
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Error("two subscribers saw different orders")
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, subscribers := range []int{1, 3} {
		b.Run(fmt.Sprintf("subscribers=%d", subscribers), func(b *testing.B) {
			var stream events.Stream[any]
			var readers sync.WaitGroup
			for range subscribers {
				sub := stream.Subscribe(16_384)
				readers.Go(func() {
					for {
						if _, _, err := sub.Next(context.Background()); err != nil {
							return
						}
					}
				})
			}
			var event any = "a line that a worker wrote"
			b.ReportAllocs()
			for b.Loop() {
				stream.Publish(event)
			}
			stream.Close()
			readers.Wait()
		})
	}
}

// BenchmarkPublishUnread is the cost where nobody reads and every event drops one.
func BenchmarkPublishUnread(b *testing.B) {
	var stream events.Stream[any]
	stream.Subscribe(16_384)
	var event any = "a line that a worker wrote"
	b.ReportAllocs()
	for b.Loop() {
		stream.Publish(event)
	}
}

func wantNext(t *testing.T, sub *events.Subscription[int], want []int, dropped int) {
	t.Helper()
	got, n, err := sub.Next(t.Context())
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	if !slices.Equal(got, want) || n != dropped {
		t.Errorf("Next() = %v, %d dropped; want %v, %d dropped", got, n, want, dropped)
	}
}
