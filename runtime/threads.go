package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// MaxThreads is how many children of one request may run at once.
const MaxThreads = 32

// threads are the child instances of one request: each starts from the image
// that the request started from, runs on an operating system thread of its own,
// and has budgets of its own. Its methods are called by the request's goroutine.
type threads struct {
	generation *generation
	parent     *execution
	id         string // of the request

	ctx      context.Context // of the children
	cancel   context.CancelFunc
	children map[int32]*child
	last     int32
	failure  error // of the last spawn or join
	running  sync.WaitGroup
}

func newThreads(ctx context.Context, g *generation, parent *execution, id string) *threads {
	t := &threads{generation: g, parent: parent, id: id, children: map[int32]*child{}}
	t.ctx, t.cancel = context.WithCancel(ctx)
	return t
}

// child is one of them.
type child struct {
	name   string
	done   chan struct{} // closed when it has ended; what follows is then set
	result *Result
	calls  []Call
	at     time.Duration // since the request began
}

var (
	errTooMany   = fmt.Errorf("a request may have %d children at once: join some before more are spawned", MaxThreads)
	errNested    = errors.New("a child can't have children of its own")
	errNoThreads = errors.New("children can be spawned by a request, not at import")
)

// Spawn implements [hostcall.Threads]. Code names what is run, for people; input
// is for the child's Python.
func (x *execution) Spawn(ctx context.Context, code, input []byte) (handle int32, err error) {
	x.hostCall(ctx, "thread.spawn", len(input), func(ctx context.Context) (int, error) {
		recordDetail(ctx, string(code))
		if x.threads == nil {
			return 0, errNoThreads
		}
		handle, err = x.threads.spawn(string(code), input)
		return 0, err
	})
	return handle, err
}

// Join implements [hostcall.Threads]: it waits for the child and gives what its
// Python returned.
func (x *execution) Join(ctx context.Context, handle int32) (result []byte, err error) {
	x.hostCall(ctx, "thread.join", 0, func(ctx context.Context) (int, error) {
		if x.threads == nil {
			return 0, errNoThreads
		}
		result, err = x.threads.join(ctx, handle)
		return len(result), err
	})
	return result, err
}

// spawn starts a child.
func (t *threads) spawn(name string, input []byte) (handle int32, err error) {
	defer func() { t.failure = err }()
	if t.generation == nil {
		return 0, errNested
	}
	active := 0
	for _, c := range t.children {
		if !isClosed(c.done) {
			active++
		}
	}
	if active >= MaxThreads {
		return 0, errTooMany
	}
	c := &child{name: name, done: make(chan struct{}), at: time.Since(t.parent.started), result: &Result{ID: t.id}}
	t.last++
	t.children[t.last] = c
	number := t.last
	t.running.Go(func() {
		defer close(c.done)
		t.run(c, number, input)
	})
	return number, nil
}

// run is a child's whole life.
func (t *threads) run(c *child, handle int32, input []byte) {
	g := t.generation
	fail := func(err error) { c.result.fail(&Failure{Kind: FailureProtocol, Message: err.Error()}, 503) }
	in, err := g.take(t.ctx)
	if err != nil {
		fail(err)
		return
	}
	document, err := threadDocument(input, g.env)
	if err != nil {
		fail(err)
		g.giveBack(in, true)
		return
	}
	parent := t.parent.executionConfig
	caller := parent.caller
	caller.Child = int(handle)
	x := newExecution(executionConfig{
		engine: parent.engine, cpuLimit: parent.cpuLimit, input: document, env: parent.env, bindings: parent.bindings, caller: caller,
		onLog:  func(l Log) { l.At += c.at.Microseconds(); parent.onLog(l) },
		onCall: func(call Call) { call.At += c.at.Microseconds(); parent.onCall(call) },
	})
	x.threads = &threads{} // says that a child has none
	var cost usage
	err = x.run(t.ctx, in, func(ctx context.Context) error {
		defer func() { cost = x.cost() }()
		return in.call(ctx, "_start")
	})
	c.result.Metrics.Wall, c.result.Metrics.CPU, c.result.Metrics.Memory = cost.wall.Microseconds(), cost.cpu.Microseconds(), cost.memory
	c.result.Logs, c.calls = x.logs.entries, x.callLog
	x.answer(err, c.result, g.settings)
	g.giveBack(in, err == nil)
}

// threadDocument is what a child reads: a request's document, marked as a
// child's, whose body is the input.
func threadDocument(input []byte, env json.RawMessage) (io.Reader, error) {
	request, err := requestDocument(&Request{Method: "GET", URL: "http://localhost/", Body: input}, env)
	if err != nil {
		return nil, err
	}
	opening := make([]byte, 1)
	if _, err := io.ReadFull(request, opening); err != nil {
		return nil, err
	}
	return io.MultiReader(strings.NewReader(`{"thread":true,`), request), nil
}

// join waits for a child and takes over what it has logged.
func (t *threads) join(ctx context.Context, handle int32) (result []byte, err error) {
	defer func() { t.failure = err }()
	c, ok := t.children[handle]
	if !ok {
		return nil, fmt.Errorf("there is no child %d, or it has been joined", handle)
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	delete(t.children, handle)
	t.adopt(c)
	m := c.result.Metrics
	recordDetail(ctx, fmt.Sprintf("%s  %.1f ms, %.1f ms of CPU time", c.name, float64(m.Wall)/1000, float64(m.CPU)/1000))
	if f := c.result.Error; f != nil {
		return nil, fmt.Errorf("%s: %s", c.name, f.Message)
	}
	return c.result.Body, nil
}

// adopt adds a child's logs and calls to the request's.
func (t *threads) adopt(c *child) {
	for _, l := range c.result.Logs {
		l.At += c.at.Microseconds()
		t.parent.logs.add(l)
	}
	for _, call := range c.calls {
		call.At += c.at.Microseconds()
		if len(t.parent.callLog) < maxCalls {
			t.parent.callLog = append(t.parent.callLog, call)
		}
	}
}

// lastError answers the op thread.error, since the imports can't tell a text.
func (t *threads) lastError() ([]byte, error) {
	text := errNoThreads.Error()
	if t != nil && t.failure != nil {
		text = t.failure.Error()
	}
	return json.Marshal(map[string]string{"text": text})
}

// end stops the children that nobody has joined, and waits for them.
func (t *threads) end() {
	t.cancel()
	t.running.Wait()
	for _, c := range t.children {
		t.adopt(c)
	}
}
