package traffic

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What may wait to be written: beyond it exchanges are dropped, not waited for.
const (
	maxWaiting      = 4096
	maxWaitingBytes = 64 << 20
)

const (
	noticeEvery = 2 * time.Second  // losses are told
	syncEvery   = 30 * time.Second // the index is written
)

// Capture writes exchanges to a store in the background. What can't be written,
// or not in time, is counted and told; nobody waits for it.
type Capture struct {
	open   func() (*Store, error)
	notify func(text string)

	mu     sync.Mutex // of queue's end
	closed bool
	queue  chan captured
	bytes  atomic.Int64 // waiting
	slow   atomic.Int64 // dropped and not told yet

	done   chan struct{}
	store  atomic.Pointer[Store]
	failed int64 // not written and not told yet
	why    error // the last one's reason
	told   time.Time
}

type captured struct {
	exchange *Exchange
	mask     *Masker
	size     int64
	reached  chan struct{} // of Flush: closed when all before it are written
}

// NewCapture starts one. The store is opened by the first exchange, so that a
// console that gets none leaves no directory. Notify tells the user of losses;
// it is called on a goroutine of the capture's.
func NewCapture(open func() (*Store, error), notify func(text string)) *Capture {
	c := &Capture{open: open, notify: notify, queue: make(chan captured, maxWaiting), done: make(chan struct{})}
	go c.run()
	return c
}

// Add takes an exchange that nobody changes any more; mask takes out its
// secrets. It never blocks.
func (c *Capture) Add(e *Exchange, mask *Masker) {
	size := memorySize(e)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if c.bytes.Load()+size > maxWaitingBytes {
		c.slow.Add(1)
		return
	}
	c.bytes.Add(size)
	select {
	case c.queue <- captured{exchange: e, mask: mask, size: size}:
	default:
		c.bytes.Add(-size)
		c.slow.Add(1)
	}
}

// memorySize is about what an exchange keeps from being freed, in bytes.
func memorySize(e *Exchange) int64 {
	size := 1024
	if e.Request != nil {
		size += len(e.Request.Body) + len(e.Request.URL)
	}
	if r := e.Result; r != nil {
		size += len(r.Body) + 128*(len(r.Logs)+len(r.Calls))
		for _, l := range r.Logs {
			size += len(l.Text)
		}
	}
	for _, r := range e.Recording.all() {
		size += 8 * (len(r.Wall) + len(r.Mono))
		for _, call := range r.Calls {
			size += 256 + len(call.Args) + len(call.Data) + len(call.Result) + len(call.Body)
		}
	}
	return int64(size)
}

// all are a recording and those of its children.
func (r *Recording) all() []*Recording {
	if r == nil {
		return nil
	}
	list := []*Recording{r}
	for _, c := range r.Children {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

// Store is what is captured to; nil before the first exchange.
func (c *Capture) Store() *Store { return c.store.Load() }

// Flush waits until what was added before is written, or lost.
func (c *Capture) Flush() {
	reached := make(chan struct{})
	for !c.ask(reached) {
		time.Sleep(time.Millisecond)
	}
	select {
	case <-reached:
	case <-c.done:
	}
}

// ask puts a question into the queue; not ok where there is no room now. A
// closed capture is written out anyway.
func (c *Capture) ask(reached chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return true
	}
	select {
	case c.queue <- captured{reached: reached}:
		return true
	default:
		return false
	}
}

// Close writes what waits and the index.
func (c *Capture) Close() error {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	c.mu.Unlock()
	<-c.done
	c.tell(true)
	if s := c.store.Load(); s != nil {
		return s.Close()
	}
	return nil
}

func (c *Capture) run() {
	defer close(c.done)
	ticker := time.NewTicker(noticeEvery)
	defer ticker.Stop()
	synced := time.Now()
	for {
		select {
		case item, ok := <-c.queue:
			if !ok {
				return
			}
			if item.reached != nil {
				close(item.reached)
				continue
			}
			if err := c.write(item); err != nil {
				c.failed++
				c.why = err
			}
			c.bytes.Add(-item.size)
			c.tell(false)
		case <-ticker.C:
			c.tell(false)
			if s := c.store.Load(); s != nil && time.Since(synced) > syncEvery {
				synced = time.Now()
				_ = s.Sync() // the index only saves time
			}
		}
	}
}

func (c *Capture) write(item captured) error {
	s := c.store.Load()
	if s == nil {
		opened, err := c.open()
		if err != nil {
			return err
		}
		s = opened
		c.store.Store(s)
	}
	e := item.exchange
	if item.mask != nil {
		e = item.mask.Exchange(e)
	}
	return s.Add(e)
}

// tell says what was lost; not more often than noticeEvery, but at the end.
func (c *Capture) tell(end bool) {
	if c.failed == 0 && c.slow.Load() == 0 || !end && time.Since(c.told) < noticeEvery {
		return
	}
	c.told = time.Now()
	if c.failed > 0 {
		why := c.why.Error()
		if errors.Is(c.why, syscall.ENOSPC) {
			why = "the disk is full (--no-capture switches it off)"
		}
		c.notify(fmt.Sprintf("%s not captured: %s", counted(c.failed, "request was", "requests were"), why))
		c.failed = 0
	}
	if slow := c.slow.Swap(0); slow > 0 {
		c.notify(fmt.Sprintf("%s not captured: they came faster than the disk takes them", counted(slow, "request was", "requests were")))
	}
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
